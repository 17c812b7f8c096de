#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# vdsogen run: real programs on a generated page, their clock and their end.
# $CC compiles the programs.
# shellcheck source=tests/report.sh
. "$(dirname "$0")/report.sh"
subcommand=run
TZ=UTC
# The leak sanitizer does not work in a traced process.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
export TZ ASAN_OPTIONS

case $vdsogen in
/*) ;;
*) vdsogen=$(pwd)/$vdsogen ;;
esac
CC=${CC:-cc}
pids=
cleanup()
{
	# shellcheck disable=SC2086  # a list
	[ -z "$pids" ] || kill -9 $pids 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT

out() { if grep -qE -e "$1" "$tmp/out"; then pass; else fail "no '$1' on standard output"; fi; }
err() { if grep -qE -e "$1" "$tmp/err"; then pass; else fail "no '$1' on standard error"; fi; }
quiet() { if [ ! -s "$tmp/err" ]; then pass; else fail "there is text on standard error"; fi; }

# refuse STATUS TEXT ARGUMENT... : one line of error
refuse()
{
	refuse_status=$1 refuse_text=$2
	shift 2
	run "$refuse_status" "$@"
	is "$(grep -c '^vdsogen: ' "$tmp/err") $(wc -l <"$tmp/err" | tr -d ' ')" "1 1" "lines of error"
	err "$refuse_text"
}

"$vdsogen" run -- true 2>"$tmp/err"
if [ $? -eq 1 ] && grep -q 'ptrace' "$tmp/err"; then
	sed 's/^/SKIP: /' "$tmp/err"
	exit 77
fi

# ------------------------------------------------------------------ the command line
refuse 2 'no PROGRAM'
refuse 2 'unknown or ambiguous option' --nonesuch true
for factor in abc '' . 0 -1 1000.1 1.0000001 1e3 1.2.3 '2 '; do
	refuse 2 "--rate: '$factor'" --rate "$factor" true
done
for seconds in abc '' - . 1000000001 -1000000001 0.0000000001 1s; do
	refuse 2 "--offset: '$seconds'" --offset "$seconds" true
done
refuse 2 '--rate and --freeze' --rate 2 --freeze true
refuse 2 '--image' --image "$tmp/none" --guard true
refuse 1 'No such file' --image "$tmp/none" true
: >"$tmp/empty"
refuse 1 'empty: empty' --image "$tmp/empty" true
echo 'this is text' >"$tmp/text"
refuse 1 "$tmp/text: " --image "$tmp/text" true
case $(uname -m) in
x86_64) other=aarch64 ;;
*) other=x86_64 ;;
esac
"$vdsogen" build --arch $other -o "$tmp/other" || fail "build --arch $other"
refuse 1 "$other does not run on this machine" --image "$tmp/other" true
refuse 127 'nonesuch: No such file' -- "$tmp/nonesuch"
refuse 126 'text: Permission denied' -- "$tmp/text"
run 0 --help
out 'Usage: vdsogen run .*PROGRAM'

# ------------------------------------------------------------------ the end of a program
run 0 true
quiet
run 37 -- sh -c 'exit 37'
quiet
for signal in 9 11 15; do
	run $((128 + signal)) -- sh -c "kill -$signal \$\$"
done
# By that very signal, not by a status.
# shellcheck disable=SC2016  # not here
sh -c '"$0" run -- sh -c "kill -KILL \$\$"; kill -0 $$; exit 0' "$vdsogen" >/dev/null 2>"$tmp/err"
err Killed

# ------------------------------------------------------------------ the page is there
counted='^vdsogen: 0 clock calls reached the kernel$'
for how in '' --elsewhere; do
	# shellcheck disable=SC2086  # none or one
	run 0 --count $how -- date +%s
	err "$counted"
	# shellcheck disable=SC2086
	run 0 $how -- "$vdsogen" show --self --no-disassembly
	is "$(grep -c 'soname linux-vdso' "$tmp/out")" 1 "vDSOs shown ($how)"
done
run 0 -- "$vdsogen" show --self --no-disassembly
out 'libvdsogen layout'
out 'sequence count [0-9]*[02468]: readable'
run 0 -- grep -c 'memfd:vdso' /proc/self/maps
is "$(cat "$tmp/out")" 1 "mappings of the image"
run 0 -- sh -c 'ls /proc/self/fd | wc -l'
is "$(cat "$tmp/out")" "$(sh -c 'ls /proc/self/fd | wc -l' </dev/null 2>"$tmp/err")" "descriptors"

# Children, pipelines, vfork and exec, a background process that outlives its parent.
run 0 --count -- sh -c 'date; (sleep 0.1; date) | cat; for i in 1 2 3; do /bin/true; done; date'
err "$counted"
is "$(wc -l <"$tmp/out" | tr -d ' ')" 3 "dates"
run 5 --count -- sh -c '(sleep 0.3; date +%s) & exit 5'
out '^[0-9]+$'
err "$counted"

# Negative control: nothing can be found in this image, and every call is counted.
"$vdsogen" build --omit hash,gnu-hash -o "$tmp/unreadable" || fail "build --omit"
run 0 --count --image "$tmp/unreadable" -- date
err '^vdsogen: [1-9][0-9]* clock calls reached the kernel: .*clock_gettime\(realtime\)'

# ------------------------------------------------------------------ another clock
# shellcheck disable=SC2086  # $how is none or more
for how in '' --elsewhere "--image $tmp/unreadable"; do
	run 0 $how --offset 86400 -- date +%s
	ahead=$(($(cat "$tmp/out") - $(date +%s)))
	if [ $ahead -ge 86390 ] && [ $ahead -le 86401 ]; then pass; else fail "offset: $ahead"; fi
	run 0 $how --offset -86400.5 -- date +%s
	ahead=$(($(cat "$tmp/out") - $(date +%s)))
	if [ $ahead -ge -86411 ] && [ $ahead -le -86400 ]; then pass; else fail "offset: $ahead"; fi
	run 0 $how --freeze -- sh -c 'date +%s.%N; sleep 0.1; date +%s.%N'
	is "$(sort -u "$tmp/out" | wc -l | tr -d ' ')" 1 "times in a frozen program ($how)"
	run 0 $how --rate 100 -- sh -c 'date +%s; sleep 0.5; date +%s'
	passed=$(awk 'NR == 1 { first = $1 } END { print $1 - first }' "$tmp/out")
	if [ "$passed" -ge 49 ] && [ "$passed" -le 1500 ]; then pass; else fail "rate: $passed s"; fi
	run 0 $how --rate 0.01 -- sh -c 'date +%s%N; sleep 0.5; date +%s%N'
	passed=$(awk 'NR == 1 { first = $1 } END { print $1 - first }' "$tmp/out")
	if [ "$passed" -ge 5000000 ] && [ "$passed" -le 150000000 ]; then pass; else
		fail "rate: $passed ns"
	fi
done

# One timeline: the page and the system calls one after the other, in two threads.
cat >"$tmp/timeline.c" <<'END'
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static const clockid_t ids[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW,
	CLOCK_BOOTTIME, CLOCK_TAI, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE };
enum { IDS = sizeof ids / sizeof *ids };
static int by_call;
static __int128 get(clockid_t id, int call)
{
	struct timespec t = { 0 };
	if (call ? syscall(SYS_clock_gettime, id, &t) : clock_gettime(id, &t)) {
		printf("clock %d: error\n", id);
		exit(1);
	}
	return (__int128)t.tv_sec * 1000000000 + t.tv_nsec;
}
static void *reader(void *unused)
{
	__int128 last[IDS] = { 0 };
	(void)unused;
	for (int i = 0; i < 2000; i++)
		for (int c = 0; c < IDS; c++) {
			__int128 now = get(ids[c], by_call && i % 4 == 0);
			if (now < last[c]) {
				printf("clock %d went back by %ld ns in round %d\n", ids[c],
				       (long)(last[c] - now), i);
				exit(1);
			}
			last[c] = now;
		}
	return NULL;
}
int main(int argc, char **argv)
{
	pthread_t thread;
	struct timeval tv = { 0 };
	struct timespec t;
	time_t *nowhere = (time_t *)16;
	(void)argv;
	by_call = argc > 1;
	pthread_create(&thread, NULL, reader, NULL);
	reader(NULL);
	pthread_join(thread, NULL);
	if (!by_call)
		return 0;
	if (syscall(SYS_clock_gettime, 0, nowhere) != -1 || errno != EFAULT) {
		printf("no EFAULT\n");
		return 1;
	}
	if (syscall(SYS_gettimeofday, &tv, NULL) || syscall(SYS_clock_gettime, 2, &t)) {
		printf("gettimeofday or clock 2: error\n");
		return 1;
	}
	if (labs(tv.tv_sec - time(NULL)) > 60) {
		printf("gettimeofday and time differ\n");
		return 1;
	}
	return 0;
}
END
if $CC -O2 -pthread -o "$tmp/timeline" "$tmp/timeline.c" 2>"$tmp/err"; then
	for how in '' '--offset 1000000' '--rate 1000' '--rate 0.5 --elsewhere' --freeze \
		"--rate 3 --offset -5 --image $tmp/unreadable"; do
		# shellcheck disable=SC2086  # none or more
		run 0 $how -- "$tmp/timeline" calls
	done
	run 0 -- "$tmp/timeline"
else
	echo "note: no C compiler; the timeline is not tested"
fi

# ------------------------------------------------------------------ signals and jobs
wait_for() # COMMAND... : until it succeeds, 10 s at most
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			"$@" >/dev/null 2>&1 && return 0
			sleep 0.1
		done
	done
	fail "waited in vain for: $*"
	return 1
}
stopped() { grep -q '^State:.*stop' "/proc/$1/status"; }
runs() { grep -q '^State:.[RS]' "/proc/$1/status"; }
dead() { ! kill -0 "$1"; }
ended() { ! grep -q '^State:.[^Z]' "/proc/$1/status"; }

# A child that is stopped and continued while its new program gets the image goes on: a SIGSTOP
# that is delivered late must not discard the SIGCONT that came after it.
cat >"$tmp/pause.c" <<'END'
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int status, bad = 0;

	for (int i = 0; i < 600; i++) {
		pid_t pid = fork();

		if (!pid) {
			execl("/bin/true", "true", (char *)0);
			_exit(1);
		}
		usleep((unsigned int)i % 60 * 20);
		kill(pid, SIGSTOP);
		kill(pid, SIGCONT);
		bad += waitpid(pid, &status, 0) != pid || status != 0;
	}
	return bad != 0;
}
END
$CC -O1 -o "$tmp/pause" "$tmp/pause.c" || exit 99
timeout 60 "$vdsogen" run "$tmp/pause" >"$tmp/out" 2>"$tmp/err" </dev/null
is $? 0 "600 children stopped and continued at their start"

# shellcheck disable=SC2016  # not here
"$vdsogen" run -- sh -c 'trap "exit 7" TERM; echo $$ >"$0"; while :; do sleep 0.1; done' \
	"$tmp/pid" >"$tmp/out" 2>"$tmp/err" &
own=$! pids=$!
wait_for test -s "$tmp/pid"
kill -STOP "$(cat "$tmp/pid")"
wait_for stopped "$(cat "$tmp/pid")"
kill -CONT "$(cat "$tmp/pid")"
wait_for runs "$(cat "$tmp/pid")"
kill -TERM $own
wait_for ended $own || kill -KILL $own "$(cat "$tmp/pid")"
wait $own
is $? 7 "status after SIGTERM to the command"

rm "$tmp/pid"
# shellcheck disable=SC2016
"$vdsogen" run -- sh -c 'echo $$ >"$0"; exec sleep 100' "$tmp/pid" >"$tmp/out" 2>"$tmp/err" &
own=$! pids=$!
wait_for test -s "$tmp/pid"
kill -KILL $own
wait $own 2>/dev/null
wait_for dead "$(cat "$tmp/pid")"
pids=

# ------------------------------------------------------------------ randomness
if $CC -std=gnu11 -Wall -Wextra -I"$SRCDIR/include" -o "$tmp/random" "$SRCDIR/tests/run-random.c" \
	>"$tmp/err" 2>&1; then
	# shellcheck disable=SC2016  # not here
	run 0 --functions clock_gettime,getrandom -- sh -c '"$0"; s=$?; [ $s -ne 77 ] || echo skip; [ $s -eq 77 ] || exit $s' "$tmp/random"
	! grep -q skip "$tmp/out" || echo "note: this kernel has no MAP_DROPPABLE; getrandom not tested"
else
	fail "tests/run-random.c does not compile"
fi

# ------------------------------------------------------------------ what it cannot do
refuse 1 'traced' -- "$vdsogen" run -- true
cat >"$tmp/small.c" <<'END'
void _start(void)
{
	__asm__ volatile("int $0x80" : : "a"(1), "b"(7));
}
END
if [ "$(uname -m)" = x86_64 ] &&
   $CC -m32 -static -nostdlib -o "$tmp/small" "$tmp/small.c" 2>/dev/null &&
   { "$tmp/small"; [ $? -eq 7 ]; }; then
	refuse 1 'small: a 32-bit program' -- "$tmp/small"
	# shellcheck disable=SC2016  # not here
	run 7 -- sh -c '"$0"; "$0"' "$tmp/small"
	is "$(grep -c '32-bit' "$tmp/err")" 1 "warnings of 32-bit programs"
else
	echo "note: 32-bit programs cannot be made or run here; not tested"
fi

summary

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# vdsorun: programs in a virtual machine print and end as they do without. The command is
# $VDSORUN, by default ./vdsorun; $CC and $MUSL_CC compile the programs. `--build DIRECTORY` does no more
# than that; `--built DIRECTORY [PROGRAM...]` takes them from there, on a machine without a compiler,
# and runs no more than these: "execs" "signals lock".
# $RUNNER_KINDS: of glibc, musl, pie and dynamic, those that are wanted.
# $RUNNER_WITHOUT: scenarios of tests/runner/signals.c, programs, or `leaks`, that are left out.
# shellcheck disable=SC2012,SC2015,SC2016,SC3013  # numbers; pass() is true; other shells; here -ef is
# shellcheck source=tests/report.sh
. "$(dirname "$0")/report.sh"
: "${CC:=cc}" "${MUSL_CC:=musl-gcc}" "${RUNNER_KINDS:=glibc musl pie dynamic}"
TZ=UTC RUNNER_TEST=given
export TZ RUNNER_TEST
: "${RUNNER_SECONDS:=60}"	# a guest that does not end
shown=8 shows='differs out err'
task=${1-} programs=${2-}
# shellcheck source=tests/guest.sh
[ "$task" = --build ] || . "$(dirname "$0")/guest.sh"
cd "$tmp" || exit 99

# run STATUS ARGUMENT... : outputs go to out and err
run()
{
	want=$1
	shift
	: >differs
	timeout -k 5 "$RUNNER_SECONDS" "$VDSORUN" "$@" >out 2>err </dev/null
	status=$?
	if [ $status -eq "$want" ]; then pass; else fail "$*: status $status, not $want"; fi
}

# same PROGRAM ARGUMENT... : as it is without a machine; it is one file
same()
{
	case $1 in
	*/*) ;;
	*)
		program=$(in_path "$1")
		shift
		set -- "$program" "$@"
		;;
	esac
	timeout -k 5 "$RUNNER_SECONDS" "$@" >native 2>native.err </dev/null
	native=$?
	run $native "$@"
	if { diff native out && diff native.err err; } >differs; then
		pass
	else
		fail "$*: other output"
	fi
}

# The programs are not what a sanitizer or CFLAGS of the build are for.
kinds=
build() # KIND COMPILER FLAG...
{
	kind=$1
	shift
	case " $RUNNER_KINDS " in *" $kind "*) ;; *) return ;; esac
	if [ "$task" = --built ]; then
		cp "$programs"/*-"$kind" . 2>/dev/null && kinds="$kinds $kind"
		return
	fi
	command -v "$1" >/dev/null || { echo "$kind: not here, left out"; return; }
	for source in "$SRCDIR"/tests/runner/*.c; do
		program=$(basename "$source" .c)
		"$@" -O1 -pthread -o "$program-$kind" "$source" -lm 2>errors || {
			cat errors
			echo "$kind: $program cannot be built"
			exit 99
		}
	done
	kinds="$kinds $kind"
}
# shellcheck disable=SC2086  # a list
build glibc $CC -static
# shellcheck disable=SC2086
build musl $MUSL_CC -static
# shellcheck disable=SC2086
build pie $CC -static-pie
# shellcheck disable=SC2086
build dynamic $CC
[ -n "$kinds" ] || { cat errors 2>/dev/null; exit 99; }
if [ "$task" = --build ]; then
	cp ./*-* "$programs"
	exit
fi

first=${kinds# }
first=${first%% *}

# without NAME : whether it is not wanted
without()
{
	case " ${RUNNER_WITHOUT-} " in
	*" $1 "*) return 0 ;;
	esac
	return 1
}

if [ $# -gt 2 ]; then
	shift 2
	for kind in $kinds; do
		for program; do
			# shellcheck disable=SC2086  # its arguments are words
			same "./${program%% *}-$kind" ${program#"${program%% *}"} 2>/dev/null
		done
	done
	summary
	exit
fi

# ------------------------------------------------------------------ programs
for kind in $kinds; do
	same "./hello-$kind"
	same "./hello-$kind" 7 'two words' ''
	same "./memory-$kind"
	without mappings || same "./mappings-$kind"
	same "./mappings-$kind" shared 2>/dev/null
	same "./mappings-$kind" private 2>/dev/null
	for how in read-only unmapped null execute divide trap abort privileged; do
		same "./memory-$kind" $how 2>/dev/null
	done

	# One clock, and no exit for it: what a thousand readings more take.
	run 0 --stats "./clocks-$kind" 100000
	# But for readers that ask while the host is too busy to keep the page up to date.
	exits=$(sed -n 's/^ *\([0-9]*\) call clock_gettime$/\1/p' err)
	[ "${exits:-0}" -lt 1000 ] && pass || fail "clocks-$kind: $exits exits for the clock"
	now=$(date +%s)
	told=$(cat out)
	if [ $((now - ${told:-0})) -le 5 ] && [ $((now - ${told:-0})) -ge -5 ]; then
		pass
	else
		fail "clocks-$kind: the time is $told, not $now"
	fi

	# What the host answers is what the page says: one timeline, whoever is asked.
	run 0 "./clocks-$kind" 20000 turns

	# Nor is there one for who it is, but where that is not wanted; and no other answer.
	same "./identity-$kind"
	run 0 --stats "./identity-$kind"
	if grep -q ' call \(getpid\|gettid\|gete*[ug]id\)$' err; then
		fail "identity-$kind: exits"
	else
		pass
	fi
	run 0 --no-fast-paths --stats "./identity-$kind" 100
	cmp -s native out && grep -q ' 1[0-9][0-9] call getpid$' err && pass || fail "identity-$kind: no exits"
	run 0 --no-fast-paths --stats "./clocks-$kind" 100
	grep -q ' 1[0-9][0-9] call clock_gettime$' err && pass || fail "clocks-$kind: no exits"
	if [ -n "${RING0:-}" ]; then
		run 0 --stats "./identity-$kind"
		grep -q ' 1000[0-9][0-9] shim getpid$' err && pass || fail "identity-$kind: not counted"
	fi

	# Random bytes, which ring 0 gives out, where there is one that may: tests/machine.sh says.
	same "./random-$kind"
	run 0 --stats "./random-$kind" 4000
	exits=$(sed -n 's/ *\([0-9]*\) call getrandom$/\1/p' err)
	if [ -n "${RING0:-}" ]; then
		[ "${exits:-0}" -lt 400 ] && pass || fail "random-$kind: $exits exits"
		grep -q ' [0-9]* shim random$' err && pass || fail "random-$kind: not counted"
	fi
done

# ------------------------------------------------------------------ programs of others
for program in 'date +%Y' 'cat /proc/version' 'sort -r /etc/passwd' 'wc /etc/passwd' \
	'busybox ls /' 'busybox sha256sum /etc/passwd'; do
	# shellcheck disable=SC2086  # a list
	command -v ${program%% *} >/dev/null && same $program
done
if command -v bash >/dev/null; then
	# shellcheck disable=SC2016  # for that shell
	same bash -c 'a=(1 2 3); for i in "${a[@]}"; do printf "%s\n" $((i * 7)); done; exit 5'
fi

# ------------------------------------------------------------------ calls
# Once with each library: what they ask is theirs.
for kind in $kinds; do
	for table in files sockets poll proc; do
		case $kind in
		"$first" | musl) without "$table" || same "./$table-$kind" ;;
		esac
	done
done
run 0 "./proc-$first" memory
[ "$(grep -c '^mem.*: Permission denied$' out)" = 10 ] && pass || fail "a process' memory, through /proc"
# ------------------------------------------------------------------ threads and processes
# processes: those that run this runner
processes()
{
	for exe in /proc/[0-9]*/exe; do
		[ "$exe" -ef "$VDSORUN" ] && echo "${exe%/exe}"
	done 2>/dev/null | sort
}

# since FILE : those that are not in there
since() { processes | sort "$1" "$1" - | uniq -u; }

# gone_since FILE: no others than there were; what is killed may need a moment
gone_since()
{
	tries=0
	while [ $tries -lt 50 ] && [ -n "$(since "$1")" ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	[ $tries -lt 50 ]
}

# until_line TEXT FILE
until_line()
{
	tries=0
	while ! grep -sqx "$1" "$2" && [ $tries -lt $((RUNNER_SECONDS * 10)) ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	grep -sqx "$1" "$2"
}

processes >before
for kind in $kinds; do
	without threads || same "./threads-$kind"
	for how in main-first main-first-raw join-main last group fault cancel cancel-waiting; do
		same "./threads-$kind" $how 2>/dev/null
	done
	same "./forks-$kind"
	same "./forks-$kind" parent_ends
	without execs || same "./execs-$kind"
done
if gone_since before; then pass; else fail "processes are left"; fi

# A thousand processes, each another program; then descriptors and memory are what they were.
leaks()
{
	same "./forks-$first" many 1000
	mkfifo words
	# A sanitizer keeps for a while what is freed; here, it does not.
	ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=0:thread_local_quarantine_size_kb=0 \
		"$VDSORUN" "./threads-$first" hold <words >held 2>&1 &
	last=$!
	exec 7>words
	for round in 0 1 2; do
		until_line "round $round of .*" held || fail "no round $round"
		pid=$(sed -n "s/^round $round of //p" held)
		ls "/proc/$pid/fd" | wc -l >fds.$round
		sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status" >memory.$round
		wc -l <"/proc/$pid/maps" >maps.$round
		echo >&7
	done
	exec 7>&-
	wait $last
	# A thread that has ended, and is not gone yet, has its next one make a vCPU more.
	for round in 1 2; do
		if [ "$(cat fds.$round)" -le $(($(cat fds.0) + 4)) ] &&
			[ "$(cat maps.$round)" -le $(($(cat maps.0) + 64)) ] &&
			[ "$(cat memory.$round)" -le $(($(cat memory.0) + 4096)) ]; then
			pass
		else
			fail "left: $(cat fds.0 fds.$round) descriptors," \
				"$(cat maps.0 maps.$round) mappings, $(cat memory.0 memory.$round) KiB"
		fi
	done
}
without leaks || leaks

# A script, as a command.
printf '#!/bin/sh -e\nfor i in "$@"; do echo "$0 <$i>"; done; exit 3\n' >script
chmod +x script
same ./script one 'two words' ''
run 3 --argv0 other ./script
run 7 --argv0 'another name' "./hello-$first" 7
grep -q 'another name' out && pass || fail "--argv0"

# Another user, without a right to the machine's device, may become another program.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	same setpriv --reuid 65534 --regid 65534 --clear-groups sh -c 'id; exec id -u'
	same unshare -m -u -p -f --mount-proc sh -c 'hostname other; hostname; echo $$; ls /proc/1'
fi

# What ends a runner ends all of its threads, and nobody else.
"$VDSORUN" "./threads-$first" group-waits >threads 2>&1 &
pid=$!
until_line started threads || fail "no threads"
kill -9 $pid
wait $pid 2>/dev/null
if gone_since before; then pass; else fail "processes are left: $(since before)"; fi

# ------------------------------------------------------------------ signals
for kind in $kinds; do
	for scenario in $("./signals-$kind"); do
		without "$scenario" && continue
		case $kind:$scenario in
		*:end_from_outside) ;;
		"$first":*) same "./signals-$kind" "$scenario" 2>/dev/null ;;
		*:many | *:suspend) ;;	# once will do
		*) same "./signals-$kind" "$scenario" 2>/dev/null ;;
		esac
	done
	for scenario in $("./signals-many-$kind"); do
		same "./signals-many-$kind" "$scenario"
	done
done

# answers LINES : so many of a program in the background, some time
answers()
{
	tries=0
	while [ "$(wc -l <answers)" -lt "$1" ] && [ $tries -lt 200 ]; do
		sleep 0.05
		tries=$((tries + 1))
	done
	if [ "$(wc -l <answers)" -eq "$1" ]; then pass; else fail "$(wc -l <answers) answers, not $1"; fi
}

# outside COMMAND... : signals come from another process, and it stops and goes on
outside()
{
	: >answers	# the program may open it later than it is looked at
	"$@" end_from_outside >answers 2>err &
	pid=$!
	answers 1
	kill -USR1 $pid
	answers 2
	kill -STOP $pid
	kill -USR1 $pid
	tries=0
	until grep -q '^State:.*stopped' /proc/$pid/status || [ $tries -eq 200 ]; do
		sleep 0.05
		tries=$((tries + 1))
	done
	answers 2
	kill -CONT $pid
	answers 4
	kill -TERM $pid
	answers 5
	kill -9 $pid 2>/dev/null
	wait $pid
	echo "status $?" >>answers
}
for kind in $kinds; do
	outside "./signals-$kind"
	mv answers native
	outside "$VDSORUN" "./signals-$kind"
	cmp -s native answers && pass || fail "signals-$kind: others from outside"
done

# ------------------------------------------------------------------ attacks
case $(uname -m) in
x86_64)
	# code, tables, task, stack; what is above user code
	touched='0xffff800000000000 0xffff800000001000 0xffff800000002000 0xffff800000003000
0xffff800000004000 0xffff800000006000 0x7fffff7ff000 0x7fffff800000 0x7fffff801000
0x7ffffffff000 0x800000000000 0x100000'
	looked_at='0xffff800000000000 0xffff800000004000 0xffff800000006ff8 0x7fffff801000'
	ports='0x41 0x42 0x80 0x3f8'	# of calls, and others
	entered='0x7fffff7ff000 0xffff800000000000'
	;;
aarch64)
	# code, data, random bytes, what vCPUs share, the doorbell; what is above user code
	touched='0xffff000000000000 0xffff000000001000 0xffff000000002000 0xffff000000003000
0xffff000000004000 0xfffffffff000 0x1000000000000 0x100000'
	looked_at='0xffff000000000000 0xffff000000001000 0xffff000000002000 0xffff000000004000'
	ports=
	entered='0xffff000000000000 0xffff000000000400 0x1000000000000'
	;;
esac
for kind in $kinds; do
	run 0 "./attack-$kind"
	grep -qx unreachable out && pass || fail "attack-$kind: not to its end"
	for at in $touched; do
		run 139 "./attack-$kind" touch "$at"
	done
	for at in $looked_at; do
		run 139 "./attack-$kind" look "$at"
	done
	for port in $ports; do
		run 139 "./attack-$kind" out "$port"
	done
	for at in $entered; do
		run 139 "./attack-$kind" jump "$at"
	done
	run 139 "./attack-$kind" clock
done

# ------------------------------------------------------------------ the command
run 0 --help
run 2 --nonesuch
run 2
run 127 ./nonesuch
echo 'no program' >text
chmod +x text
run 126 ./text
grep -q 'text: ' err && pass || fail "the file is not named"
run 7 --trace "./hello-$first" 7
grep -q '^exit_group(0x7)' err && pass || fail "no exit_group() in the trace"
grep -q '^newfstatat(\|^fstat(\|^writev(0x1, .*) = ' err && pass || fail "no call in the trace"

# A program whose interpreter is in another root, and what it runs from there.
mkdir -p root/elsewhere/bin
interpreter=$(readelf -l hello-dynamic 2>/dev/null | sed -n 's/.*interpreter: \(.*\)]/\1/p')
if [ -n "$interpreter" ]; then
	cp "$interpreter" root/elsewhere/loader
	# shellcheck disable=SC2086  # a list
	$CC -O1 -pthread -Wl,--dynamic-linker=/elsewhere/loader -o root/elsewhere/bin/hello \
		"$SRCDIR/tests/runner/hello.c" -lm
	run 126 root/elsewhere/bin/hello 7
	run 7 --sysroot root root/elsewhere/bin/hello 7
	run 7 --sysroot root /bin/sh -c '/elsewhere/bin/hello 7'
	run 127 --sysroot root /bin/sh -c '/elsewhere/bin/nothing'
fi
run 2 --sysroot nonesuch "./hello-$first"

# Calls that are not there are named once.
run 0 --verbose "./missing-$first"
[ "$(grep -c 'system call 500 is not there' err)" = 1 ] && pass || fail "call 500: named otherwise"

# ------------------------------------------------------------------ what is left
"$VDSORUN" "./forever-$first" >forever 2>&1 &
pid=$!
until_line started forever && pass || fail "it did not start"
kill -9 $pid
wait $pid 2>/dev/null
if [ -d /proc/$pid ]; then fail "process $pid is still there"; else pass; fi

summary

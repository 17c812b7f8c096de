#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Public tests of system calls, under vdsorun: those of Go's own packages, of Python's own modules,
# and the stressors of stress-ng. A test that ends otherwise than without the runner, twice, is a
# failure unless tests/suites.known has it; what ends the runner is always one.
#
# suites.sh [--list | whole | PART ...]
#   PART  one of --list's: go:syscall; one test of it: go:syscall/TestExec; without one, a short
#         selection of what there is
#
# VDSORUN=env suites.sh shows what the script itself makes of tests that differ from run to run.
# shellcheck source=tests/report.sh
. "$(dirname "$0")/report.sh"
: "${SUITES_KNOWN:=$SRCDIR/tests/suites.known}"
driver=$SRCDIR/tests/suites.py

# The seconds after which a run of a part's tests ends, with the one that it is at.
: "${PART_SECONDS:=180}"
# How often a part goes on after a test that ended it.
again=12

# ------------------------------------------------------------------ what is run
short='go:syscall go:internal/poll python:test_posix python:test_fcntl python:test_select
python:test_epoll python:test_wait4 stress:short'
whole='go:syscall go:internal/poll go:os go:os/exec go:os/signal go:net go:sync go:runtime
go:time go:os/user go:path/filepath go:runtime/debug go:runtime/pprof go:sync/atomic
go:log/syslog go:net/http python:test_os python:test_posix python:test_signal
python:test_threadsignals python:test_thread python:test_threading python:test_subprocess
python:test_mmap python:test_fcntl python:test_select python:test_poll python:test_epoll
python:test_selectors python:test_socket python:test_pipes python:test_eintr python:test_wait3
python:test_wait4 python:test_fork1 python:test_popen python:test_shutil python:test_tempfile
python:test_time python:test_resource python:test_faulthandler python:test_pty
python:test_openpty python:test_io python:test_file python:test_fileio python:test_largefile
python:test_sqlite3 python:test_ctypes python:test_asyncio.test_unix_events
python:test_asyncio.test_subprocess python:test_asyncio.test_events python:test_asyncore
python:test_ssl python:test_posixpath python:test_pathlib python:test_cmd_line
python:test_random python:test_uuid python:test_queue stress:whole'

# Left out: what builds programs of its own for minutes, or looks at the debugger.
go_not='^TestGdb|^TestFakeTime$|^TestMemmoveOverflow$'
# Left out: what sets this machine's clock, or waits for a network that may not be there.
python_not='settime|NetworkConnection|VSOCK|CAN|BTSocket|RDS|TIPC|_with_timeout_stress'

# Left out: mutex, whose thread of real-time priority may keep its own process from going on;
# forkheavy, which fills the disk; what needs much else of the machine, or changes it for others.
stress_short='brk chmod clock close dup epoll eventfd exec fcntl fork futex getrandom itimer
kill mmap mprotect mremap pipe poll pthread seek sigq sigsegv sigsuspend sockpair switch timer
vfork wait'
stress_whole="$stress_short access affinity aio aiol alarm atomic bad-altstack cap chattr chdir
chown chroot clone context copy-file cpu daemon dekker dentry dev-shm dir dirdeep dirmany
dnotify dynlib enosys env exit-group fallocate far-branch fault fiemap fifo file-ioctl flock fp
fp-error fpunch fsize fstat full funccall funcret get getdent goto handle hdd hrtimers icache
inode-flags inotify io iomix ioprio kcmp landlock lease link list loadavg locka lockbus lockf
lockofd longjmp madvise malloc mcontend membarrier memfd mincore misaligned mknod mlock
mlockmany mmapaddr mmapfixed mmaphuge mmapmany mq msg msync msyncmany munmap nanosleep nice nop
null opcode open pagemove pageswap personality peterson pidfd ping-sock pipeherd pkey plugin
prctl prefetch priv-instr procfs ptrace pty qsort race-sched readahead regs remap rename
resched revio ring-pipe rlimit rmap rotate rseq schedpolicy seal seccomp secretmem sem sem-sysv
sendfile session set shm shm-sysv sigabrt sigchld sigfd sigfpe sigio signal signest sigpending
sigpipe sigrt sigtrap skiplist sleep sock sockabuse sockdiag sockfd sockmany spawn splice stack
stackmmap str symlink sync-file sysbadaddr syscall sysinfo tee timerfd tlb-shootdown tmpfs
touch tree tsc tun udp udp-flood unshare urandom userfaultfd usersyscall utime vdso vecmath
vforkmany vm vm-addr vm-rw vm-segv vm-splice wcs x86cpuid x86syscall xattr yield zero zombie"

# ------------------------------------------------------------------ each kind of suite
# There are three functions of each: KIND_ready PART says why not, if not; KIND_list PART prints
# the names of its tests; KIND_run PART LAUNCHER [ARGUMENT ...] runs those in $tmp/rest, writes
# $tmp/log and adds "begin NAME", "ok NAME", "FAIL NAME", "skip NAME" to $tmp/lines.

go_ready()
{
	command -v go >/dev/null || { echo "no go (Debian: apt-get install golang-go)"; return 1; }
	go_package=$(go list -f '{{.Dir}}' "$1" 2>/dev/null)
	if [ -z "$(find "$go_package/" -maxdepth 1 -name '*_test.go' 2>/dev/null)" ]; then
		echo "no tests of $1 (Debian: apt-get install golang-src)"
		return 1
	fi
	go_binary=$tmp/$(echo "$1" | tr / -).test
	[ ! -x "$go_binary" ] || return 0
	CGO_ENABLED=0 go test -c -tags timetzdata -o "$go_binary" "$1" >"$tmp/out" 2>&1 && return
	echo "cannot be built: $(head -n 1 "$tmp/out")"
	return 1
}

go_list() { "$go_binary" -test.list '^Test' | grep -vE "$go_not"; }

go_run()
{
	shift
	names=$(tr '\n' '|' <"$tmp/rest")
	(cd "$go_package" && exec "$@" "$go_binary" -test.short -test.v -test.run "^(${names%|})\$") \
		>"$tmp/log" 2>&1 </dev/null
	code=$?
	grep -aoE '(=== (RUN|CONT) +|--- (PASS|FAIL|SKIP): )Test[^ /]+( |$)' "$tmp/log" |
		sed 's/^=== [A-Z]* */begin /; s/^--- PASS:/ok/; s/^--- FAIL:/FAIL/; s/^--- SKIP:/skip/
			s/ $//' >>"$tmp/lines"
	return $code
}

python_ready()
{
	[ -z "${python-}" ] || return 0
	for python in /usr/bin/python3 python3; do
		python=$("$python" -c 'import sys, test.test_os; print(sys.executable)' 2>/dev/null) &&
			return
	done
	python=
	echo "no tests of Python (Debian: apt-get install libpython3.11-testsuite)"
	return 1
}

python_list() { "$python" "$driver" list "$1" | grep -vE "$python_not"; }

python_run()
{
	module=$1
	shift
	rm -rf "$tmp/work"
	mkdir "$tmp/work"
	(cd "$tmp/work" && exec "$@" "$python" "$driver" run "$module" "$tmp/rest" "$tmp/lines") \
		>"$tmp/log" 2>&1 </dev/null
}

stress_ready()
{
	command -v stress-ng >/dev/null && return
	echo "no stress-ng (Debian: apt-get install stress-ng)"
	return 1
}

stress_list()
{
	names=$stress_whole
	[ "$1" != short ] || names=$stress_short
	# shellcheck disable=SC2086  # a list
	printf '%s\n' $names
}

stress_run()
{
	shift
	: >"$tmp/log"
	while read -r name; do
		rm -rf "$tmp/work"
		mkdir "$tmp/work"
		echo "begin $name" >>"$tmp/lines"
		timeout -k 2 30 "$@" stress-ng --verify --temp-path "$tmp/work" --timeout 2 "--$name" 1 \
			"--$name-ops" 50 >"$tmp/log1" 2>&1 </dev/null
		code=$?
		cat "$tmp/log1" >>"$tmp/log"
		case $code in
		0) echo "ok $name" ;;
		3 | 4) echo "skip $name" ;;	# no such resource, not implemented
		124 | 1[2-9]?) echo "died $name $code" ;;
		*) echo "FAIL $name" ;;
		esac >>"$tmp/lines"
	done <"$tmp/rest"
}

# ------------------------------------------------------------------ a part
# What the runner itself has to say is of what it cannot do.
crashed() { grep -a '^vdsorun: ' "$tmp/log"; }

# left LINES : of the names on standard input those that have no outcome in that file
left()
{
	awk -v lines="$1" 'BEGIN { while ((getline <lines) > 0) if ($1 != "begin") done[$2] = 1 }
		!done[$1]'
}

# outcomes KIND PART LAUNCHER... <NAMES : into $tmp/lines, for each test one; "died" is one, too
outcomes()
{
	kind=$1 part=$2
	shift 2
	: >"$tmp/lines"
	cat >"$tmp/rest"
	runs=0
	while [ -s "$tmp/rest" ] && [ $runs -lt $again ]; do
		runs=$((runs + 1))
		: >"$tmp/died"
		"${kind}_run" "$part" timeout -k 5 "$PART_SECONDS" "$@"
		code=$?
		crashed >>"$tmp/crashes"
		[ -z "${SUITES_LOGS-}" ] || cat "$tmp/log" >>"$SUITES_LOGS/$kind-$(echo "$part" | tr / -).log"
		left "$tmp/lines" <"$tmp/rest" >"$tmp/still"
		# It ended before its last test: by the one that it was at.
		if [ -s "$tmp/still" ]; then
			at=$(sed -n 's/^begin //p' "$tmp/lines" | left "$tmp/lines" | tail -n 1)
			[ -n "$at" ] || at=$(head -n 1 "$tmp/still")
			echo "died $at $code" >>"$tmp/lines"
		fi
		left "$tmp/lines" <"$tmp/rest" >"$tmp/still"
		mv "$tmp/still" "$tmp/rest"
	done
	sed 's/^/unreached /' "$tmp/rest" >>"$tmp/lines"
	sed -i '/^begin /d' "$tmp/lines"
}

# differing FILE : names whose outcome is not one of the two that need no second look
differing() { awk '$1 != "ok" { print $2 }' "$1" | sort -u; }

# To be said once more at the end, among all that went well.
failed()
{
	fail "$@"
	echo "    $*" >>"$tmp/failed"
}

run_part() # KIND:PART [NAME]
{
	kind=${1%%:*} part=${1#*:}
	case $kind in go | python | stress) ;; *) echo "no such part: $1"; exit 2 ;; esac
	why=$("${kind}_ready" "$part") || { echo "$1: left out: $why"; return; }
	"${kind}_ready" "$part" >/dev/null	# once more, for what it sets
	"${kind}_list" "$part" >"$tmp/names" 2>"$tmp/err"
	[ -z "${2-}" ] || { grep -xF -e "$2" "$tmp/names" >"$tmp/one"; mv "$tmp/one" "$tmp/names"; }
	if grep -q '^not for this machine: ' "$tmp/err"; then
		echo "$1: left out: $(cat "$tmp/err")"
		return
	fi
	[ -s "$tmp/names" ] || { failed "$1: no tests"; return; }
	: >"$tmp/crashes"
	outcomes "$kind" "$part" "$VDSORUN" <"$tmp/names"
	cp "$tmp/lines" "$tmp/first"
	# Only of what was not right at once are there a second run and a native one.
	differing "$tmp/first" >"$tmp/doubtful"
	outcomes "$kind" "$part" "$VDSORUN" <"$tmp/doubtful"
	cp "$tmp/lines" "$tmp/second"
	differing "$tmp/second" >"$tmp/doubtful"
	cp "$tmp/crashes" "$tmp/crashes.runner"
	outcomes "$kind" "$part" env <"$tmp/doubtful"
	mv "$tmp/lines" "$tmp/native"
	: >"$tmp/out"
	sort -u "$tmp/crashes.runner" >"$tmp/err"
	[ ! -s "$tmp/err" ] || failed "$1: the runner failed"
	: >"$tmp/err"
	judge "$1"
}

# excused PART NAME OUTCOME : it is known; a signal that ends what runs the tests never is
excused()
{
	case $3 in
	'died 124' | 'died 137') ;;	# it took too long
	'died 1'[2-9]?) return 1 ;;
	esac
	case $1 in stress:*) key=stress/$2 ;; *) key=$1/$2 ;; esac
	grep -qE "^$key([[:space:]]|\$)" "$SUITES_KNOWN"
}

outcome() { awk -v name="$2" '$2 == name { print $1 ($3 ? " " $3 : ""); exit }' "$1"; }

# The outcomes of a part's tests: as natively, known, or failures.
judge() # PART
{
	wrong=0 known=0 unreached=0
	while read -r name; do
		here=$(outcome "$tmp/second" "$name") there=$(outcome "$tmp/native" "$name")
		if [ "$here" = "$there" ]; then
			continue
		elif excused "$1" "$name" "$here"; then
			known=$((known + 1))
		elif [ "$here" = unreached ]; then
			unreached=$((unreached + 1))
		else
			wrong=$((wrong + 1))
			failed "$1/$name: $here; natively ${there:-none}"
		fi
	done <"$tmp/doubtful"
	[ $unreached -eq 0 ] || failed "$1: $unreached tests not reached: $again others ended the runs"
	total=$(wc -l <"$tmp/names")
	retried=$(($(differing "$tmp/first" | wc -l) - $(wc -l <"$tmp/doubtful")))
	checks=$((checks + total - wrong - unreached))
	echo "$1: $total tests: $wrong failures, $known known, $retried right at the second try"
	# What is known and went well need not be known.
	while read -r entry why; do
		case $1 in stress:*) name=${entry#stress/} ;; *) name=${entry#"$1/"} ;; esac
		[ "$name" = "$entry" ] || ! grep -qxF -e "ok $name" "$tmp/first" ||
			echo "known, but right now: $entry ($why)"
	done <"$SUITES_KNOWN"
}

parts=${*:-$short}
case ${1-} in
--list)
	# shellcheck disable=SC2086  # a list
	printf '%s\n' $whole stress:short
	exit
	;;
whole) parts=$whole ;;
esac
# shellcheck source=tests/guest.sh
. "$(dirname "$0")/guest.sh"
# Root's tests may set many things, but neither this machine's clock nor its end.
guard='setpriv --bounding-set -sys_time,-sys_boot,-sys_module'
if [ -z "${SUITES_GUARDED-}" ] && $guard true 2>/dev/null; then
	rm -rf "$tmp"
	SUITES_GUARDED=yes exec $guard "$0" "$@"
fi
for one in $parts; do
	if "$0" --list | grep -qxF -e "$one"; then
		run_part "$one"
	else
		run_part "${one%/*}" "${one##*/}"
	fi
done
[ $checks -gt 0 ] || { echo "SKIP: none of them is here"; exit 77; }
[ ! -s "$tmp/failed" ] || { echo "failures:"; cat "$tmp/failed"; }
summary

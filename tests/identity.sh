#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# vdsogen run --identity: programs compare each identity function of their page
# with the system call, in all that can happen to processes (tests/identity), and
# count the system calls that the page makes. $CC and musl-gcc compile the
# programs, dynamic and static.
# shellcheck source=tests/report.sh
. "$(dirname "$0")/report.sh"
# The leak sanitizer does not work in a traced process.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
export ASAN_OPTIONS
: "${CC:=cc}"
shown=20

# The program as another user, too: all may look into the directory.
chmod 755 "$tmp"

if ! "$vdsogen" run --identity -- true 2>"$tmp/out"; then
	sed 's/^/SKIP: /' "$tmp/out"
	! grep -qE 'ptrace|seccomp' "$tmp/out" || exit 77
	echo "FAIL: vdsogen run --identity true"
	exit 1
fi

# ------------------------------------------------------------------ the programs
programs=

# program NAME COMMAND... : one more, if it can be built
program()
{
	name=$1
	shift
	if "$@" -std=gnu11 -O2 -Wall -Wextra -I"$SRCDIR/include" -pthread -o "$tmp/$name" \
		"$SRCDIR"/tests/identity/*.c >"$tmp/log" 2>&1; then
		programs="$programs $name"
	else
		echo "$name: left out: $(head -n 1 "$tmp/log")"
	fi
}

# shellcheck disable=SC2086  # CC may have options
program dynamic $CC
# shellcheck disable=SC2086
program static $CC -static
[ -n "$programs" ] || { cat "$tmp/log"; exit 99; }
if command -v musl-gcc >/dev/null; then
	# It does not look where the kernel's headers are.
	kernel="-idirafter /usr/include -idirafter /usr/include/$(uname -m)-linux-gnu"
	# shellcheck disable=SC2086  # options
	program musl-dynamic musl-gcc $kernel
	# shellcheck disable=SC2086
	program musl-static musl-gcc $kernel -static
else
	echo "musl-gcc: not here, its programs are left out (Debian: apt-get install musl-tools)"
fi

# ------------------------------------------------------------------ the scenarios
# try PROGRAM SCENARIO RUN-OPTION... : through $as, if that is set
as=
try()
{
	try_program=$1 try_scenario=$2
	shift 2
	# shellcheck disable=SC2086  # $as is a list
	timeout -k 5 60 $as "$vdsogen" run --identity "$@" -- "$tmp/$try_program" "$try_scenario" \
		>"$tmp/out" 2>&1 </dev/null
	try_status=$?
	if [ $try_status -eq 0 ] && [ ! -s "$tmp/out" ]; then pass; else
		fail "$as $try_program $try_scenario $*: status $try_status"
	fi
}

scenarios='start fork vfork threads users groups nice names namespaces exec orphans filter storm'
# Some go up from nice 0, to which only root can come down.
if [ "$(nice)" != 0 ] && ! { renice -n 0 -p $$ && [ "$(nice)" = 0 ]; } >/dev/null 2>&1; then
	echo "nice is $(nice): threads and nice not tried; run this at nice 0"
	scenarios=$(echo "$scenarios" | sed 's/ threads / /; s/ nice / /')
fi
# A user who is not root may not do all of it, and is told no more than root.
first=${programs# }
first=${first%% *}
for program in $programs; do
	for scenario in $scenarios; do
		try "$program" "$scenario"
	done
done
for scenario in $scenarios; do
	try "$first" "$scenario" --elsewhere --data after --slots
done
for scenario in start fork vfork exec; do
	try "$first" "$scenario" --guard --rate 2
	try "$first" "$scenario" --functions clock_gettime --omit gnu-hash
done

# What a process held is released when it has ended.
try "$first" many

# ------------------------------------------------------------------ by the user
if [ "$(id -u)" -eq 0 ]; then
	if command -v setpriv >/dev/null; then
		cp "$vdsogen" "$tmp/vdsogen" && vdsogen=$tmp/vdsogen
		as='setpriv --reuid=65534 --regid=65534 --clear-groups'
		for scenario in $scenarios; do
			try "$first" "$scenario"
		done
	else
		echo "setpriv: not here; not tried without root"
	fi
	# Names that the command has, too: in a namespace that the test may change.
	as='unshare --uts'
	if unshare --uts hostname ours-to-change 2>"$tmp/out"; then
		printf '#!/bin/sh\nhostname ours-to-change\nexec "$@"\n' >"$tmp/renamed"
		chmod +x "$tmp/renamed"
		as="unshare --uts $tmp/renamed"
		try "$first" names
	else
		echo "unshare --uts: refused; sethostname for all processes is not tried"
	fi
	as=
else
	echo "not root: setuid and its kin, sethostname and PID namespaces are not tried"
fi

# ------------------------------------------------------------------ counted
# The scenario compares twice, by two system calls for each function.
timeout 60 "$vdsogen" run --identity --count -- "$tmp/$first" start >"$tmp/out" 2>&1
if grep -q 'identity calls reached the kernel: 4 getpid, 4 getppid, 4 gettid, .* 4 uname$' \
	"$tmp/out"; then pass; else fail "--count"; fi

# ------------------------------------------------------------------ what is refused
# refuse TEXT ARGUMENT...
refuse()
{
	refuse_text=$1
	shift
	if "$vdsogen" run --identity "$@" >"$tmp/out" 2>&1; then
		fail "run --identity $*: status 0"
	elif [ "$(wc -l <"$tmp/out")" -eq 1 ] && grep -q "$refuse_text" "$tmp/out"; then
		pass
	else
		fail "run --identity $*: no '$refuse_text'"
	fi
}

identity=getpid,getppid,gettid,getpgid,getsid,getpriority,getuid,geteuid,getgid,getegid,uname
"$vdsogen" build -o "$tmp/image" || fail "build"
refuse 'no identity function.*--functions' --image "$tmp/image" true
"$vdsogen" build --functions $identity -o "$tmp/image" || fail "build"
refuse 'its clock block inside.*--data before' --image "$tmp/image" true
"$vdsogen" build --functions $identity --process after --data before -o "$tmp/image" || fail "build"
refuse 'its process block outside.*--process inside' --image "$tmp/image" true
refuse 'leave --process out' --process after true
refuse 'the image in' --image "$tmp/image" --process after true
"$vdsogen" build --functions $identity,clock_gettime --data before -o "$tmp/image" || fail "build"
try "$first" start --image "$tmp/image"
try "$first" fork --image "$tmp/image"

# ------------------------------------------------------------------ it can fail
# A page whose process block nobody fills is all system calls, and that is noticed.
if "$vdsogen" run --functions $identity -- "$tmp/$first" start >"$tmp/out" 2>&1; then
	fail "an empty process block is not noticed"
elif grep -q 'start: getpid makes a system call' "$tmp/out"; then
	pass
else
	fail "an empty process block"
fi

echo "programs:$programs"
summary

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# vdsogen run --identity: programs compare each identity function of their page
# with the system call, in all that can happen to processes (tests/identity), and
# count the system calls that the page makes. The command is $VDSOGEN; $CC and
# musl-gcc compile the programs, dynamic and static.
set -u
LC_ALL=C
# The leak sanitizer does not work in a traced process.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
export LC_ALL ASAN_OPTIONS
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${VDSOGEN:=$BUILDDIR/vdsogen}" "${CC:=cc}"

# The program as another user, too: all may look into the directory.
dir=$(mktemp -d) || exit 99
chmod 755 "$dir"
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM
checks=0 failures=0

pass() { checks=$((checks + 1)); }

fail()
{
	checks=$((checks + 1)) failures=$((failures + 1))
	echo "FAIL: $*"
	sed 's/^/    /' "$dir/out" 2>/dev/null | head -n 20
}

if ! "$VDSOGEN" run --identity -- true 2>"$dir/out"; then
	sed 's/^/SKIP: /' "$dir/out"
	! grep -qE 'ptrace|seccomp' "$dir/out" || exit 77
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
	if "$@" -std=gnu11 -O2 -Wall -Wextra -I"$SRCDIR/include" -pthread -o "$dir/$name" \
		"$SRCDIR"/tests/identity/*.c >"$dir/log" 2>&1; then
		programs="$programs $name"
	else
		echo "$name: left out: $(head -n 1 "$dir/log")"
	fi
}

# shellcheck disable=SC2086  # CC may have options
program dynamic $CC
# shellcheck disable=SC2086
program static $CC -static
[ -n "$programs" ] || { cat "$dir/log"; exit 99; }
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
	timeout -k 5 60 $as "$VDSOGEN" run --identity "$@" -- "$dir/$try_program" "$try_scenario" \
		>"$dir/out" 2>&1 </dev/null
	try_status=$?
	if [ $try_status -eq 0 ] && [ ! -s "$dir/out" ]; then pass; else
		fail "$as $try_program $try_scenario $*: status $try_status"
	fi
}

scenarios='start fork vfork threads users groups nice names namespaces exec orphans filter storm'
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
		cp "$VDSOGEN" "$dir/vdsogen" && VDSOGEN=$dir/vdsogen
		as='setpriv --reuid=65534 --regid=65534 --clear-groups'
		for scenario in $scenarios; do
			try "$first" "$scenario"
		done
	else
		echo "setpriv: not here; not tried without root"
	fi
	# Names that the command has, too: in a namespace that the test may change.
	as='unshare --uts'
	if unshare --uts hostname ours-to-change 2>"$dir/out"; then
		printf '#!/bin/sh\nhostname ours-to-change\nexec "$@"\n' >"$dir/renamed"
		chmod +x "$dir/renamed"
		as="unshare --uts $dir/renamed"
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
timeout 60 "$VDSOGEN" run --identity --count -- "$dir/$first" start >"$dir/out" 2>&1
if grep -q 'identity calls reached the kernel: 4 getpid, 4 getppid, 4 gettid, .* 4 uname$' \
	"$dir/out"; then pass; else fail "--count"; fi

# ------------------------------------------------------------------ what is refused
# refuse TEXT ARGUMENT...
refuse()
{
	refuse_text=$1
	shift
	if "$VDSOGEN" run --identity "$@" >"$dir/out" 2>&1; then
		fail "run --identity $*: status 0"
	elif [ "$(wc -l <"$dir/out")" -eq 1 ] && grep -q "$refuse_text" "$dir/out"; then
		pass
	else
		fail "run --identity $*: no '$refuse_text'"
	fi
}

identity=getpid,getppid,gettid,getpgid,getsid,getpriority,getuid,geteuid,getgid,getegid,uname
"$VDSOGEN" build -o "$dir/image" || fail "build"
refuse 'no identity function.*--functions' --image "$dir/image" true
"$VDSOGEN" build --functions $identity -o "$dir/image" || fail "build"
refuse 'its clock block inside.*--data before' --image "$dir/image" true
"$VDSOGEN" build --functions $identity --process after --data before -o "$dir/image" || fail "build"
refuse 'its process block outside.*--process inside' --image "$dir/image" true
refuse 'leave --process out' --process after true
refuse 'the image in' --image "$dir/image" --process after true
"$VDSOGEN" build --functions $identity,clock_gettime --data before -o "$dir/image" || fail "build"
try "$first" start --image "$dir/image"
try "$first" fork --image "$dir/image"

# ------------------------------------------------------------------ it can fail
# A page whose process block nobody fills is all system calls, and that is noticed.
if "$VDSOGEN" run --functions $identity -- "$dir/$first" start >"$dir/out" 2>&1; then
	fail "an empty process block is not noticed"
elif grep -q 'start: getpid makes a system call' "$dir/out"; then
	pass
else
	fail "an empty process block"
fi

echo "$checks checks, $failures failures:$programs"
[ $failures -eq 0 ]

# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# For the scripts tests/readers-*.sh, which begin with it: a directory, counting,
# what is installed, and programs run by the counting of vdsogen run.
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${VDSOGEN:=$BUILDDIR/vdsogen}" "${CC:=cc}"
LC_ALL=C
export LC_ALL
# shellcheck disable=SC2034  # for those scripts
here=$SRCDIR/tests/readers
CALLS=1000
# Of one reader, in seconds: it hangs.
LIMIT=120

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM
passed=0 failed=0 skipped=0

# pass READER WHAT, fail READER WHAT [FILE], skip READER REASON
pass() {
	echo "ok: $1: $2"
	passed=$((passed + 1))
}

fail() {
	echo "FAIL: $1: $2"
	[ ! -s "${3-}" ] || tail -n 15 "$3" | sed 's/^/	/'
	failed=$((failed + 1))
}

skip() {
	echo "SKIP: $1: $2"
	skipped=$((skipped + 1))
}

# has COMMAND PACKAGE READER : else it is skipped
has() {
	command -v "$1" >/dev/null && return
	skip "$3" "no $1 (Debian: apt-get install $2)"
	return 1
}

# version PACKAGE COMMAND... : of the package, else what the command says of itself
version() {
	dpkg-query -W -f '${Version}' "$1" 2>/dev/null && return
	shift
	"$@" 2>&1 | sed -n '1s/[^0-9]*\([0-9][0-9.]*\).*/\1/p'
}

# has_header HEADER COMPILER PACKAGE READER : likewise
has_header() {
	echo "#include <$1>" | "$2" -x c++ -fsyntax-only - 2>/dev/null && return
	skip "$4" "no <$1> (Debian: apt-get install $3)"
	return 1
}

# made READER COMMAND... : a program
made() {
	what=$1
	shift
	"$@" >"$dir/log" 2>&1 && return
	fail "$what" "cannot be built" "$dir/log"
	return 1
}

# Of each program NAME: $dir/NAME, and the version of its library in $dir/NAME.version.
programs=

# program NAME VERSION COMMAND... : one more
program() {
	name=$1 number=$2
	shift 2
	made "$name" "$@" || return 0
	echo "$number" >"$dir/$name.version"
	programs="$programs $name"
}

# What the clock calls of a program came to, in $came: "fast": none reached the kernel, "slow":
# all did, "dies" by a signal or a panic. Its time is in $dir/out, between $before and $after.

# came_to STATUS COUNT
came_to() {
	after=$(date +%s)
	came="exit status $1, ${2:-no} clock calls counted"
	if [ "$1" -gt 100 ] && [ "$1" != 124 ]; then
		came=dies
	elif [ "$1" != 0 ] || [ -z "$2" ]; then
		return 0
	elif [ "$2" = 0 ]; then
		came=fast
	elif [ "$2" -ge "$CALLS" ]; then
		came=slow
	fi
}

# outcome RUN-OPTION... -- COMMAND...
outcome() {
	before=$(date +%s) status=0
	{ timeout "$LIMIT" "$VDSOGEN" run --count "$@" </dev/null >"$dir/out" || status=$?; } 2>"$dir/err"
	came_to $status "$(sed -n 's/^vdsogen: \([0-9]*\) clock calls reached the kernel.*/\1/p' "$dir/err")"
}

# right_time : whether $dir/out has the time of day and, if any, CLOCK_MONOTONIC
right_time() {
	real='' mono=''	# Go does not tell the latter
	read -r real mono <"$dir/out" || :
	up=$(cut -d. -f1 /proc/uptime)
	[ "${real:-0}" -ge "$before" ] && [ "$real" -le "$after" ] &&
		{ [ -z "$mono" ] || { [ "$mono" -ge $((up - LIMIT)) ] && [ "$mono" -le $((up + 1)) ]; }; }
}

# expect READER WANTED WHAT : of the last outcome
expect() {
	if [ "$came" != "$2" ]; then
		fail "$1" "$3: $came instead of $2" "$dir/err"
	elif [ "$came" != dies ] && ! right_time; then
		fail "$1" "$3: the time '$(cat "$dir/out")' is not in $before..$after" "$dir/err"
	else
		pass "$1" "$3: $2"
	fi
}

# What each program makes of an image that lacks a part: lines of the part, and who is slow then
# and who dies, with commas; who is not named stays fast.
# losses PROGRAM-LIST COMMAND : COMMAND PART PROGRAM finds the outcome
losses() {
	while read -r part slow dies; do
		for name in $1; do
			wanted=fast
			case ",$slow," in *",$name,"*) wanted=slow ;; esac
			case ",$dies," in *",$name,"*) wanted=dies ;; esac
			"$2" "$part" "$name"
			expect "$name $(cat "$dir/$name.version")" "$wanted" "image $part"
		done
	done
}

summary() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] || exit 1
	[ "$passed" != 0 ] || { echo "SKIP: no reader is installed" && exit 77; }
	exit 0
}

# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# For scripts that count their checks: a directory for their files, and what they
# say; the command is $VDSOGEN. To be sourced. A command's outputs go to $tmp/out and $tmp/err.
set -u
LC_ALL=C
export LC_ALL
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
vdsogen=${VDSOGEN:-$BUILDDIR/vdsogen}

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM
checks=0 failures=0

pass() { checks=$((checks + 1)); }

# fail TEXT... : with $shown lines of each of the files in $shows, the outputs
shown=5 shows='out err'
fail()
{
	checks=$((checks + 1)) failures=$((failures + 1))
	echo "FAIL: $*"
	for output in $shows; do
		sed "s/^/    $output: /" "$tmp/$output" 2>/dev/null | head -n "$shown"
	done
}

is() { if [ "$1" = "$2" ]; then pass; else fail "$3: '$1', not '$2'"; fi; }

# in_path NAME : the file that it is. Where all is busybox, a shell, timeout and env run what they
# have of that name themselves, whatever is there.
in_path()
{
	(
		IFS=:
		for folder in $PATH; do
			[ -f "$folder/$1" ] && [ -x "$folder/$1" ] && echo "$folder/$1" && exit
		done
		echo "$1"
	)
}

# run STATUS ARGUMENT... : of vdsogen, of its $subcommand if that is set
subcommand=
run()
{
	want=$1
	shift
	"$vdsogen" ${subcommand:+"$subcommand"} "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
	[ $status -eq "$want" ] && pass && return
	fail "vdsogen ${subcommand:+$subcommand }$*: status $status, not $want"
}

# summary : the exit status of the script
summary()
{
	echo "$checks checks, $failures failures"
	[ $failures -eq 0 ]
}

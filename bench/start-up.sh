#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What it takes to start a program: `true` natively, in the least machine that KVM can make, by
# vdsorun and by qemu-x86_64, dynamic and static, as ratios to the native one of the same round.
# No ceiling: the figures are to be read.
#
# start-up.sh [ROUNDS]
set -eu
LC_ALL=C
export LC_ALL
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${VDSORUN:=$BUILDDIR/vdsorun}" "${CC:=cc}"
rounds=${1:-15}

skip()
{
	echo "SKIP: $*"
	exit 77
}
[ -x "$VDSORUN" ] || skip "the runner has no back end for this machine, and was not built"
{ [ -r /dev/kvm ] && [ -w /dev/kvm ]; } || skip "no /dev/kvm that can be used"
[ "$(uname -m)" = x86_64 ] || skip "$(uname -m): the least machine is one of x86_64"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM
for program in start-up start-up-guest; do
	# shellcheck disable=SC2086  # a list
	$CC -std=gnu11 -O2 -o "$dir/$program" "$SRCDIR/bench/$program.c"
done
echo 'int main(void) { return 0; }' >"$dir/true.c"
$CC -O2 -o "$dir/true" "$dir/true.c"
$CC -O2 -static -o "$dir/true-static" "$dir/true.c" 2>/dev/null || rm -f "$dir/true-static"

for true in "$dir/true" "$dir/true-static"; do
	[ -x "$true" ] || { echo "no static C library: left out"; continue; }
	set -- -- "$true" -- "$dir/start-up-guest" -- "$VDSORUN" "$true"
	if command -v qemu-x86_64 >/dev/null; then
		set -- "$@" -- qemu-x86_64 "$true"
	else
		echo "no qemu-x86_64 (Debian: apt-get install qemu-user): left out"
	fi
	timeout 300 "$dir/start-up" "$rounds" "$@"
done

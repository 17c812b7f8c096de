#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The runner in a machine whose KVM is as on hardware: tests/machine-boot.sh. `commands` is
# what runs there, `files` what it needs; a test that has to pass in both worlds is a line here.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${VDSORUN:=$BUILDDIR/vdsorun}" "${CC:=cc}"
export SRCDIR VDSORUN CC

if [ ! -x "$VDSORUN" ]; then
	echo "SKIP: the runner has no back end for this machine, and was not built"
	exit 77
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM
programs=$dir/programs
mkdir "$programs"
RUNNER_KINDS=glibc "$SRCDIR/tests/runner.sh" --build "$programs"
# An emulated processor has time for one kind, and not for what makes many exits.
without='threads files sockets poll execs leaks many suspend'
# What the kernel of the machine (6.1) does otherwise than the ones that the runner is like, or
# qemu otherwise than processors: flags of an alternate stack that nobody set, XRSTOR of bits
# that are reserved, and mremap() to more than there is.
without="$without frames end-bad-vectors mappings"

files="$VDSORUN $SRCDIR/tests/runner.sh $SRCDIR/tests/report.sh $SRCDIR/tests/guest.sh"
files="$files $programs /etc/passwd"
cat >"$dir/commands" <<END
"$SRCDIR/tests/runner.sh" --built "$programs"
END
# It is built where there is the library check.
if [ -x "$BUILDDIR/check_vm" ]; then
	files="$files $BUILDDIR/check_vm"
	echo "\"$BUILDDIR/check_vm\"" >>"$dir/commands"
fi

cat >"$dir/all" <<END
failed=0
while read -r command; do
	echo "\$command"
	eval "\$command" </dev/null || { echo "FAIL: status \$?"; failed=1; }
done <"$dir/commands"
exit \$failed
END
# shellcheck disable=SC2086  # a list
"$SRCDIR/tests/machine-boot.sh" $files "$dir/commands" "$dir/all" -- \
	env RING0=yes SRCDIR="$SRCDIR" VDSORUN="$VDSORUN" RUNNER_WITHOUT="$without" sh "$dir/all"

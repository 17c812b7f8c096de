#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The hot calls in the emulated arm64 machine, where a nanosecond is an instruction: qemu counts
# those of the program, of what answers it and of all below, up to the hypervisor. So the figures of
# bench/hot-guard.sh are the same each time, and its ceilings hold on any machine.
#
# It is a part of tests/machine-arm64.sh, which builds what $VDSORUN is.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${VDSORUN:?is the runner of arm64}"
: "${CC:=aarch64-linux-gnu-gcc}"
MACHINE_ARCH=aarch64
# All processors in one thread, one instruction a nanosecond, and waiting takes no time.
MACHINE_QEMU='-accel tcg,thread=single -icount shift=0,sleep=off'
MACHINE_CPUS=1
export SRCDIR MACHINE_ARCH MACHINE_QEMU MACHINE_CPUS CC

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM
mkdir "$dir/programs"
"$SRCDIR/bench/hot-guard.sh" --build "$dir/programs"
"$SRCDIR/tests/machine-boot.sh" "$VDSORUN" "$SRCDIR/bench/hot-guard.sh" "$dir/programs" -- \
	env SRCDIR="$SRCDIR" VDSORUN="$VDSORUN" GUARD_MS=5 \
	sh "$SRCDIR/bench/hot-guard.sh" --built "$dir/programs" 1

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The hot calls in the emulated arm64 machine, where a nanosecond is an instruction: qemu counts
# those of the program, of what answers it and of all below, up to the hypervisor. So the figures of
# bench/hot-guard.sh are the same each time, and a round is enough.
#
# It is a part of tests/machine-arm64.sh, which builds what $VDSORUN is.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${VDSORUN:?is the runner of arm64}"
: "${CC:=aarch64-linux-gnu-gcc}"
MACHINE_ARCH=aarch64
# All processors in one thread, one instruction a nanosecond, and waiting takes no time.
MACHINE_ACCEL=tcg,thread=single MACHINE_QEMU='-icount shift=0,sleep=off'
MACHINE_CPUS=1
# What the kernel 6.1 that is there takes for a call of its own is some 460 instructions, and 2540
# for a byte; the ones answered within, 32 and 127. Room for few more of them.
ceilings='getpid 0.085
clock_gettime 0.95
read-urandom1 0.055'
export SRCDIR MACHINE_ARCH MACHINE_ACCEL MACHINE_QEMU MACHINE_CPUS CC

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM
mkdir "$dir/programs"
"$SRCDIR/bench/hot-guard.sh" --build "$dir/programs"
"$SRCDIR/tests/machine-boot.sh" "$VDSORUN" "$SRCDIR/bench/hot-guard.sh" "$dir/programs" -- \
	env SRCDIR="$SRCDIR" VDSORUN="$VDSORUN" GUARD_MS=5 GUARD_CEILINGS="$ceilings" \
	sh "$SRCDIR/bench/hot-guard.sh" --built "$dir/programs" 1

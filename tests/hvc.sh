#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Fallbacks by HVC: a program for an emulated machine without an operating system
# (tests/hvc-aarch64.*) that is guest and hypervisor to itself.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
. "$SRCDIR/tests/cross.sh"
program='tests/hvc-aarch64.*'
sources=${sources#"$SRCDIR/tools/host.c"}	# there is no host
: "${FREESTANDING:=-ffreestanding -fno-stack-protector -mgeneral-regs-only}"
seconds=60	# it takes less than one
start=0x40200000	# in the memory of qemu's machine `virt`, behind what qemu puts there
emulator=qemu-system-aarch64

skip() {
	echo "SKIP: $*"
	exit 77
}

has_arch aarch64 || skip "the library has no aarch64"
[ "$machine" != aarch64 ] || cross=$CC
command -v "$cross" >/dev/null ||
	skip "no $cross (Debian: apt-get install gcc-aarch64-linux-gnu)"
command -v "$emulator" >/dev/null ||
	skip "no $emulator (Debian: apt-get install qemu-system-arm)"

# Memory is a device's while the MMU is off: everything aligned. No loops that call themselves.
# shellcheck disable=SC2086  # lists of words
compile "$dir/hvc" "$cross" -O2 $FREESTANDING -fno-pic -no-pie -static -nostdlib -mstrict-align \
	-fno-tree-loop-distribute-patterns -mno-outline-atomics \
	-Wl,--build-id=none -Wl,-Ttext-segment=$start

status=0
timeout "$seconds" "$emulator" -machine virt,virtualization=on -cpu max -m 64 -display none \
	-net none -serial none -monitor none -no-reboot -semihosting-config enable=on,target=native \
	-kernel "$dir/hvc" >"$dir/out" 2>&1 </dev/null || status=$?
[ "$status" != 124 ] || echo "FAIL: no end within $seconds s" >>"$dir/out"
cat "$dir/out"
exit "$status"

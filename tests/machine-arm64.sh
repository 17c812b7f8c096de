#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The runner on KVM/arm64: built for it, in a folder of its own, and tests/machine.sh in an emulated
# machine of that kind. On such a machine itself, without a second build. make check-arm64
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}" "${MAKE:=make}"
: "${MACHINE_KERNEL:=$SRCDIR/machine-arm64}"
MACHINE_ARCH=aarch64
: "${MACHINE_SECONDS:=2400}"
export SRCDIR BUILDDIR MACHINE_ARCH MACHINE_KERNEL MACHINE_SECONDS
[ "$(uname -m)" != aarch64 ] || exec "$SRCDIR/tests/machine.sh"

skip() {
	echo "SKIP: $*"
	exit 77
}

host=aarch64-linux-gnu
packages=$MACHINE_KERNEL/root/usr/lib/$host/pkgconfig
command -v $host-gcc >/dev/null || skip "no $host-gcc (Debian: apt-get install gcc-aarch64-linux-gnu)"
[ -d "$packages" ] ||
	skip "no kernel and programs for the machine (tests/machine-kernel.sh $MACHINE_KERNEL aarch64)"
[ -f "$BUILDDIR/Makefile" ] || skip "no Makefile: ./configure comes first"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM

# The sources may be built for this machine where they are: what is built is a copy, of what would
# be released. Neither a make that runs this nor what this machine's programs are built with is for
# that.
unset MAKEFLAGS MFLAGS MAKELEVEL CFLAGS LDFLAGS LIBELF
{
	"$MAKE" -s -C "$BUILDDIR" distdir distdir="$dir/source"
	mkdir "$dir/build"
	cd "$dir/build"
	PKG_CONFIG_LIBDIR=$packages PKG_CONFIG_SYSROOT_DIR=$MACHINE_KERNEL/root PKG_CONFIG=pkg-config \
		"$dir/source/configure" -q --disable-shared --enable-werror --enable-runner \
		--host=$host CC=$host-gcc
	"$MAKE" -s -j2 vdsorun check_gdb check_loop check_space check_vm check_kvm \
		check_hvf check_vm_hvf vdsorun_hvf vdsorun_macos
} >"$dir/log" 2>&1 || {
	cat "$dir/log"
	echo "FAIL: the runner for $host cannot be built"
	exit 1
}

BUILDDIR=$dir/build VDSORUN=$dir/build/vdsorun GOARCH=arm64
CC=$host-gcc MUSL_CC=aarch64-linux-musl-gcc
export BUILDDIR CC GOARCH MUSL_CC VDSORUN
failed=0
"$SRCDIR/tests/machine.sh" || failed=$?
"$SRCDIR/bench/hot-guard-machine.sh" || failed=$?
exit $failed

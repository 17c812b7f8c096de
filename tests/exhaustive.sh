#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The arithmetic of time (tests/exhaustive.c): both ends of each part and blocks in between, on
# this processor and for aarch64 under qemu-user if there is a cross-compiler. With "whole" as
# its argument all of it, on this processor: make check-exhaustive.
# EXHAUSTIVE_SEED chooses the blocks; the one that was used is printed.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${CC:=cc}" "${CFLAGS=-O2 -g}" "${ARCHS:=x86_64 aarch64}" "${EXHAUSTIVE_SEED:=$(date +%s)}"
cross=aarch64-linux-gnu-gcc
machine=$(uname -m)

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

sources=
for file in ${LIBRARY_SOURCES:-$(cd "$SRCDIR" && echo libvdsogen/*.c arch/*.c arch/*/*.c)}; do
	case $file in
	*.c) sources="$sources $SRCDIR/$file" ;;
	esac
done

# compile OUT COMPILER FLAG...
compile() {
	out=$1
	shift
	# shellcheck disable=SC2086
	"$@" -std=gnu11 -Wall -Wextra -I"$SRCDIR/include" -I"$SRCDIR/libvdsogen" \
		-I"$BUILDDIR/arch" -I"$SRCDIR/tools" -pthread -o "$out" \
		"$SRCDIR/tests/exhaustive.c" "$SRCDIR/tests/exec-page.c" \
		"$SRCDIR/tests/exec-trap.c" "$SRCDIR/tools/host.c" $sources
}

has() {
	case " $ARCHS " in
	*" $1 "*) ;;
	*) return 1 ;;
	esac
}

if has "$machine"; then
	# shellcheck disable=SC2086
	compile "$dir/native" $CC $CFLAGS ${LDFLAGS-}
fi

if [ "${1-}" = whole ]; then
	has "$machine" || { echo "SKIP: $machine: the library has no such architecture" && exit 77; }
	"$dir/native" whole
	exit
fi

echo "EXHAUSTIVE_SEED=$EXHAUSTIVE_SEED"
ran=0 result=0
# sample NAME BLOCKS COMMAND... : 77 if there is no memory to execute
sample() {
	name=$1 blocks=$2 status=0
	shift 2
	"$@" sample "$blocks" "$EXHAUSTIVE_SEED" >"$dir/out" 2>&1 || status=$?
	sed "s/^/$name: /" "$dir/out"
	case $status in
	0) ran=$((ran + 1)) ;;
	77) ;;
	*) echo "FAIL: $name: exit status $status" && result=1 ;;
	esac
}

if has "$machine"; then
	sample "$machine" 256 "$dir/native"
else
	echo "$machine: not run: the library has no such architecture"
fi
if ! has aarch64 || [ "$machine" = aarch64 ]; then
	:
elif ! command -v "$cross" >/dev/null; then
	echo "aarch64: not run: no $cross (Debian: apt-get install gcc-aarch64-linux-gnu)"
elif ! command -v qemu-aarch64 >/dev/null; then
	echo "aarch64: not run: no qemu-aarch64 (Debian: apt-get install qemu-user)"
else
	compile "$dir/aarch64" "$cross" -O2 -static
	sample aarch64 32 qemu-aarch64 "$dir/aarch64"
fi

[ "$result" = 0 ] || exit 1
[ "$ran" != 0 ] || exit 77

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Images run and are compared with the system calls (tests/exec*.c): on this
# processor, and for aarch64 under qemu-user if there is a cross-compiler.
# Each program is compiled from the library's sources: one command for both.
# An argument chooses one suite of tests/exec.c.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${CC:=cc}" "${CFLAGS=-O2 -g}"
cross=aarch64-linux-gnu-gcc

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
		"$SRCDIR"/tests/exec*.c "$SRCDIR/tools/host.c" $sources
}

# report NAME COMMAND... : 0, 1 or 77, for a program that may say 77 itself
report() {
	name=$1 result=0
	shift
	"$@" >"$dir/out" 2>&1 || result=$?
	sed "s/^/$name: /" "$dir/out"
	case $result in
	0 | 77) ;;
	*) echo "FAIL: $name: exit status $result" && result=1 ;;
	esac
	return $result
}

ran=0 failed=0
# count COMMAND... : one result among the others
count() {
	result=0
	"$@" || result=$?
	case $result in
	0) ran=$((ran + 1)) ;;
	77) ;;
	*) failed=$((failed + 1)) ;;
	esac
}

machine=$(uname -m)
case " ${ARCHS:-x86_64 aarch64} " in
*" $machine "*)
	# shellcheck disable=SC2086
	compile "$dir/native" $CC $CFLAGS ${LDFLAGS-}
	count report "$machine" "$dir/native" "$@"
	;;
*)
	echo "$machine: not run: the library has no such architecture"
	;;
esac

case " ${ARCHS:-x86_64 aarch64} " in
*" aarch64 "*)
	if [ "$machine" = aarch64 ]; then
		:
	elif ! command -v "$cross" >/dev/null; then
		echo "aarch64: not run: no $cross (Debian: apt-get install gcc-aarch64-linux-gnu)"
	elif ! command -v qemu-aarch64 >/dev/null; then
		echo "aarch64: not run: no qemu-aarch64 (Debian: apt-get install qemu-user)"
	else
		compile "$dir/aarch64" "$cross" -O2 -static
		count report aarch64 qemu-aarch64 "$dir/aarch64" "$@"
	fi
	;;
esac

[ "$failed" = 0 ] || exit 1
[ "$ran" != 0 ] || exit 77

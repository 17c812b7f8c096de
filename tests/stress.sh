#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Time never runs backwards between processors (tests/stress.c). All arguments
# go to the program: --reads N. For aarch64 it runs under qemu-user if there is
# a cross-compiler, with few reads: the emulator executes on this processor and
# in its memory order, so that shows that the program works there, no more.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${CC:=cc}" "${CFLAGS=-O2 -g}"
cross=aarch64-linux-gnu-gcc
EMULATED_READS=300000

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
		"$SRCDIR"/tests/stress*.c "$SRCDIR/tests/exec-page.c" "$SRCDIR/tests/exec-trap.c" \
		"$SRCDIR/tools/host.c" $sources
}

ran=0 failed=0

# count NAME COMMAND... : one result among the others
count() {
	name=$1 result=0
	shift
	echo "$name:"
	"$@" || result=$?
	case $result in
	0) ran=$((ran + 1)) ;;
	77) ;;
	*) echo "FAIL: $name: exit status $result" && failed=$((failed + 1)) ;;
	esac
}

machine=$(uname -m)
case " ${ARCHS:-x86_64 aarch64} " in
*" $machine "*)
	# shellcheck disable=SC2086
	compile "$dir/native" $CC $CFLAGS ${LDFLAGS-}
	count "$machine" "$dir/native" "$@"
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
		count "aarch64, emulated" qemu-aarch64 "$dir/aarch64" --reads "$EMULATED_READS"
	fi
	;;
esac

[ "$failed" = 0 ] || exit 1
[ "$ran" != 0 ] || exit 77

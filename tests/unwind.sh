#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# libgcc's unwinder finds its way out of a page, from every instruction that
# calls pass and every store that faults (tests/unwind.c). On this processor: a
# page of the program's own, and the one that vdsogen run gives it; for aarch64
# under qemu-user, through the page's rt_sigreturn, if there is a cross-compiler.
# An argument chooses one architecture.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${VDSOGEN:=$BUILDDIR/vdsogen}" "${CC:=cc}" "${CFLAGS=-O2 -g}"
cross=aarch64-linux-gnu-gcc
# A static program's libgcc asks a function of the program's, which tells it of the page.
static='-static -DWRAPPED -Wl,--wrap=_dl_find_object'
# The leak sanitizer does not work in a traced process.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
export ASAN_OPTIONS

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM

sources=
for file in ${LIBRARY_SOURCES:-$(cd "$SRCDIR" && echo libvdsogen/*.c arch/*.c arch/*/*.c)}; do
	case $file in
	*.c) sources="$sources $SRCDIR/$file" ;;
	esac
done

# compile OUT COMPILER FLAG... : <unwind.h> is the compiler's, not the library's
compile() {
	out=$1
	shift
	# shellcheck disable=SC2086
	"$@" -std=gnu11 -Wall -Wextra -I"$SRCDIR/include" -I"$SRCDIR/tools" \
		-iquote "$SRCDIR/libvdsogen" -iquote "$BUILDDIR/arch" -o "$out" \
		"$SRCDIR/tests/unwind.c" "$SRCDIR/tests/unwind-page.c" "$SRCDIR/tools/host.c" $sources
}

ran=0 failed=0
# report NAME COMMAND... : one result among the others
report() {
	name=$1 result=0
	shift
	"$@" >"$dir/out" 2>&1 || result=$?
	sed "s/^/$name: /" "$dir/out"
	case $result in
	0) ran=$((ran + 1)) ;;
	77) ;;
	*) echo "FAIL: $name: exit status $result" && failed=$((failed + 1)) ;;
	esac
}

# Programs of this machine, on a page of their own and on one from vdsogen run.
native() {
	# shellcheck disable=SC2086
	compile "$dir/dynamic" $CC $CFLAGS ${LDFLAGS-}
	programs=dynamic
	# shellcheck disable=SC2086
	if compile "$dir/static" $CC -O2 $static 2>"$dir/err"; then
		programs='dynamic static'
	else
		echo "$machine, static: not run: $CC makes no static program here"
	fi
	for program in $programs; do
		report "$machine, $program" "$dir/$program"
	done
	if ! "$VDSOGEN" run true 2>"$dir/err"; then
		echo "$machine, vdsogen run: not run: $(cat "$dir/err")"
		grep -q 'ptrace: not permitted' "$dir/err" || failed=$((failed + 1))
		return
	fi
	for program in $programs; do
		report "$machine, $program, vdsogen run" "$VDSOGEN" run "$dir/$program"
		grep -q 'that it was given' "$dir/out" ||
			report "the page was not given to $program" false
	done
}

machine=$(uname -m)
archs=${1:-${ARCHS:-x86_64 aarch64}}
case " $archs " in
*" $machine "*) native ;;
*) [ $# != 0 ] || echo "$machine: not run: the library has no such architecture" ;;
esac

case " $archs " in
*" aarch64 "*)
	if [ "$machine" = aarch64 ]; then
		:
	elif ! command -v "$cross" >/dev/null; then
		echo "aarch64: not run: no $cross (Debian: apt-get install gcc-aarch64-linux-gnu)"
	elif ! command -v qemu-aarch64 >/dev/null; then
		echo "aarch64: not run: no qemu-aarch64 (Debian: apt-get install qemu-user)"
	else
		# shellcheck disable=SC2086
		compile "$dir/aarch64" "$cross" -O2 $static
		report aarch64 qemu-aarch64 "$dir/aarch64"
	fi
	;;
esac

[ "$failed" = 0 ] || exit 1
[ "$ran" != 0 ] || { echo "SKIP: nothing could be run" && exit 77; }

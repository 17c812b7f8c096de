# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# For tests that are programs of the library's sources, run on this processor and
# for aarch64 under qemu-user. To be sourced, with SRCDIR and BUILDDIR set.
: "${CC:=cc}" "${CFLAGS=-O2 -g}" "${ARCHS:=x86_64 aarch64}"
cross=aarch64-linux-gnu-gcc
machine=$(uname -m)

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

sources=$SRCDIR/tools/host.c
for file in ${LIBRARY_SOURCES:-$(cd "$SRCDIR" && echo libvdsogen/*.c arch/*.c arch/*/*.c)}; do
	case $file in
	*.c) sources="$sources $SRCDIR/$file" ;;
	esac
done

# compile OUT COMPILER FLAG... : $program, files of the source tree, with the library in it.
# Headers of the library are no system headers: <unwind.h> is the compiler's.
compile() {
	out=$1
	shift
	# shellcheck disable=SC2086,SC2154  # lists of words; the script sets $program
	(cd "$SRCDIR" && ls $program) >"$dir/files"
	# shellcheck disable=SC2046,SC2086
	"$@" -std=gnu11 -Wall -Wextra -I"$SRCDIR/include" -I"$SRCDIR/tools" \
		-iquote "$SRCDIR/libvdsogen" -iquote "$BUILDDIR/arch" -pthread -o "$out" \
		$(sed "s:^:$SRCDIR/:" "$dir/files") $sources
}

# has_arch NAME : the library has it
has_arch() {
	case " $ARCHS " in
	*" $1 "*) ;;
	*) return 1 ;;
	esac
}

# for_this_machine : else says why not
for_this_machine() {
	has_arch "$machine" && return
	echo "$machine: not run: the library has no such architecture"
	return 1
}

# for_aarch64 : beside this machine; else says why not
for_aarch64() {
	has_arch aarch64 && [ "$machine" != aarch64 ] || return 1
	if ! command -v "$cross" >/dev/null; then
		echo "aarch64: not run: no $cross (Debian: apt-get install gcc-aarch64-linux-gnu)"
		return 1
	fi
	if ! command -v qemu-aarch64 >/dev/null; then
		echo "aarch64: not run: no qemu-aarch64 (Debian: apt-get install qemu-user)"
		return 1
	fi
}

ran=0 failed=0

# tally NAME STATUS : of a program that may say 77 itself
tally() {
	case $2 in
	0) ran=$((ran + 1)) ;;
	77) ;;
	*) echo "FAIL: $1: exit status $2" && failed=$((failed + 1)) ;;
	esac
}

# report NAME COMMAND... : what it says, with its name before it, and its result
report() {
	name=$1 status=0
	shift
	"$@" >"$dir/out" 2>&1 || status=$?
	sed "s/^/$name: /" "$dir/out"
	tally "$name" "$status"
}

# finish : the exit status of the script
finish() {
	[ "$failed" = 0 ] || exit 1
	[ "$ran" != 0 ] || { echo "SKIP: nothing could be run" && exit 77; }
	exit 0
}

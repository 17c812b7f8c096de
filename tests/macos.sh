#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Without a Mac: the library and the runner for macOS on arm64 compile without a warning, and what
# they call is there where it is linked. <elf.h>, which macOS has not, says what the system's says.
set -u
SRCDIR=${SRCDIR:-.} BUILDDIR=${BUILDDIR:-.} CC=${CC:-cc}
: "${CLANG:=clang}" "${MACOS_HEADERS:=$SRCDIR/macos-headers}"
: "${FREESTANDING=-ffreestanding -fno-stack-protector -mgeneral-regs-only}"
: "${MACOS_FILES:=$(cd "$SRCDIR" && find runner/*.c runner/aarch64 runner/macos tools/host.c -name '*.c' ! -name 'kvm*')}"
: "${LIBRARY_SOURCES:=$(cd "$SRCDIR" && ls libvdsogen/*.c arch/*.c arch/*/*.c)}"
oldest=11.0	# macOS, with Apple's first processors
failed=0

skip() {
	[ "$failed" = 0 ] || exit 1
	echo "SKIP: $*"
	exit 77
}

fail() {
	echo "FAIL: $*"
	failed=1
}

case $BUILDDIR in
/*) ;;
*) BUILDDIR=$(pwd)/$BUILDDIR ;;
esac
case $MACOS_HEADERS in
/*) ;;
*) MACOS_HEADERS=$(pwd)/$MACOS_HEADERS ;;
esac
cd "$SRCDIR" || exit 99
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

# A twin of the system's, for what the runner uses of it.
if [ -f /usr/include/elf.h ]; then
	values() { $CC "$@" -o "$tmp/elf" tests/macos/elf.c && "$tmp/elf"; }
	values >"$tmp/theirs" || fail "tests/macos/elf.c"
	values -Irunner/macos/include >"$tmp/ours" || fail "tests/macos/elf.c"
	diff "$tmp/ours" "$tmp/theirs" || fail "runner/macos/include/elf.h is not as <elf.h>"
fi

# What programs are told by number, against the headers of the Linux that they are for.
if command -v "${AARCH64_CC:=aarch64-linux-gnu-gcc}" >/dev/null; then
	for file in tests/macos/linux-*.c; do
		"$AARCH64_CC" -std=gnu11 -Wall -Wextra -Werror -fsyntax-only -iquote runner \
			-iquote runner/macos "$file" || fail "$file"
	done
fi

command -v "$CLANG" >/dev/null || skip "no $CLANG (Debian: apt-get install clang)"
[ -f "$MACOS_HEADERS/wanted" ] ||
	skip "no headers of macOS (tests/macos-headers.sh $MACOS_HEADERS)"

system=
while read -r folder; do
	system="$system -isystem $MACOS_HEADERS/$folder"
done <"$MACOS_HEADERS/order"

# compile SOURCE FLAG... : its object is added to $objects
objects=
compile() {
	source=$1 object=$tmp/$(echo "$1" | tr / -).o
	shift
	# shellcheck disable=SC2086  # lists
	"$CLANG" -target "arm64-apple-macos${oldest%.*}" -nostdlibinc $system -std=gnu11 -O2 -Wall -Wextra \
		-Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror -Iinclude "$@" \
		-c -o "$object" "$source" || fail "$source"
	objects="$objects $object"
}

for file in $LIBRARY_SOURCES; do
	case $file in
	*.c)
		# shellcheck disable=SC2086
		compile "$file" -Ilibvdsogen -I"$BUILDDIR/arch" $FREESTANDING
		;;
	esac
done
for file in $MACOS_FILES; do
	case $file in
	*.c)
		compile "$file" -isystem tests/hvf -Irunner/macos/include -iquote runner \
			-iquote runner/aarch64 -iquote tools -iquote .
		;;
	esac
done
# shellcheck disable=SC2086
echo "$(echo $objects | wc -w) files compile for macOS"
[ "$failed" = 0 ] || exit 1

for linker in ld64.lld ld64.lld-14 ''; do
	! command -v "$linker" >/dev/null || break
done
[ -n "$linker" ] || skip "not linked: no ld64.lld (Debian: apt-get install lld)"
# shellcheck disable=SC2086
"$linker" -arch arm64 -platform_version macos "$oldest" "$oldest" -fatal_warnings \
	-o "$tmp/vdsorun" $objects "$MACOS_HEADERS/libSystem.tbd" tests/hvf/Hypervisor.tbd ||
	fail "vdsorun is not linked for macOS"
exit $failed

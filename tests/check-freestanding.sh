#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What the library needs from outside is four functions; it keeps nothing, and
# uses neither floating point nor vector registers. Compiles it with every
# compiler that is here, and looks at the objects.
set -eu
SRCDIR=${SRCDIR:-.} BUILDDIR=${BUILDDIR:-.} CC=${CC:-cc}
FREESTANDING=${FREESTANDING:--ffreestanding -fno-stack-protector -mgeneral-regs-only}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

fail() {
	echo "FAIL: $*"
	failed=1
}

sources=
for file in ${LIBRARY_SOURCES:-$(cd "$SRCDIR" && echo libvdsogen/*.c arch/*.c arch/*/*.c)}; do
	case $file in
	*.c) sources="$sources $file" ;;
	esac
done

# Nothing that prints, allocates or aborts, by name.
for file in $sources; do
	# shellcheck disable=SC2016
	! sed 's/_Static_assert//g' "$SRCDIR/$file" |
		grep -nE '\b(assert|abort|exit|malloc|calloc|realloc|free|v?s?n?printf|fprintf|puts|errno)\b *\(' ||
		fail "$file calls one of those"
done

vector_register() { # DISASSEMBLY
	grep -E '%[xyz]mm[0-9]|%st\(|	[^	]*	.*\b[qvds][0-9]+(\.|,|$)' "$1" | head -n 3
}

# COMPILER NM OBJDUMP FLAG...
examine() {
	compiler=$1 nm=$2 objdump=$3
	shift 3
	rm -rf "$dir/o"
	mkdir "$dir/o"
	for file in $sources; do
		# shellcheck disable=SC2086
		$compiler -std=gnu11 -O2 -Wall -Wextra -Werror $FREESTANDING -nostdlib "$@" \
			-I"$SRCDIR/include" -I"$SRCDIR/libvdsogen" -I"$BUILDDIR/arch" \
			-c -o "$dir/o/$(basename "$file" .c).o" "$SRCDIR/$file" || {
			fail "$compiler $* $file"
			return 0
		}
	done
	$nm -A "$dir"/o/*.o >"$dir/nm"

	# Defined nowhere among them, and not one of the four.
	awk '$(NF-1) ~ /^[TRrVWt]$/ { defined[$NF] = 1 }
	     $(NF-1) == "U" { used[$NF] = 1 }
	     END { for (s in used) if (!(s in defined)) print s }' "$dir/nm" |
		grep -vxE 'memcpy|memmove|memset|memcmp' >"$dir/outside" || :
	[ ! -s "$dir/outside" ] || fail "$compiler $*: needs $(tr '\n' ' ' <"$dir/outside")"

	! grep -E ' [bBcCsSgG] ' "$dir/nm" || fail "$compiler $*: keeps static data"
	# Tables of addresses are constants, which PIC code has in .data.rel.ro.
	for object in "$dir"/o/*.o; do
		$objdump -h "$object" | awk '$2 ~ /^\.t?(data|bss)/ && $2 !~ /^\.data\.rel\.ro/ && $3 !~ /^0+$/' |
			grep . && fail "$compiler $*: $(basename "$object") has writable data"
	done

	$objdump -d "$dir"/o/*.o >"$dir/code"
	found=$(vector_register "$dir/code")
	[ -z "$found" ] || fail "$compiler $*: a vector register is used: $found"
	echo "$compiler${*:+ $*}: $(grep -c ' T ' "$dir/nm") functions, in good order"
}

command -v objdump >/dev/null || {
	echo "SKIP: no objdump"
	exit 77
}
examine "$CC" nm objdump
examine "$CC" nm objdump -fPIC
case $CC in
*clang*) ;;
*) ! command -v clang >/dev/null || examine clang nm objdump ;;
esac
cross=aarch64-linux-gnu-
if command -v ${cross}gcc >/dev/null && [ "$(uname -m)" != aarch64 ]; then
	examine ${cross}gcc ${cross}nm ${cross}objdump
fi
exit $failed

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# arch/NAME/NAME.lst against an independent assembler: each line's text, assembled, gives its bytes.
# Every instruction stands at a multiple of 16, so that neither its size nor its distances are in doubt.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${ARCHS:=x86_64 aarch64}"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# first TOOL... : the first one that exists
first() {
	for tool in "$@"; do
		command -v "$tool" >/dev/null && { echo "$tool"; return; }
	done
}

# assemble ARCH IN OUT: by clang, or by the GNU assembler of that architecture.
assemble() {
	as=$(first "$1-linux-gnu-as" as)
	case $1 in
	aarch64) flags=-march=armv8.6-a ;;
	*) flags= ;;
	esac
	if command -v clang >/dev/null; then
		# shellcheck disable=SC2086
		clang --target="$1-linux-gnu" $flags -c -x assembler -o "$3" "$2"
	elif [ "$as" = "$1-linux-gnu-as" ] || [ "$(uname -m)" = "$1" ]; then
		# shellcheck disable=SC2086
		"$as" $flags -o "$3" "$2"
	else
		return 77
	fi
}

passed=0 failed=0 skipped=0
for arch in $ARCHS; do
	list=$SRCDIR/arch/$arch/$arch.lst
	{
		[ "$arch" != x86_64 ] || echo '.intel_syntax noprefix'
		sed 's/^[0-9a-f]*  //; s/ \.+/ 1b+/; s/^/.balign 16, 0\n1:\n/' "$list"
		echo '.balign 16, 0'
		echo '.fill 512, 1, 0'
	} >"$dir/$arch.s"
	status=0
	assemble "$arch" "$dir/$arch.s" "$dir/$arch.o" || status=$?
	objcopy=$(first llvm-objcopy llvm-objcopy-14 "$arch-linux-gnu-objcopy")
	if [ "$status" = 77 ] || [ -z "$objcopy" ]; then
		echo "$arch: no assembler (clang or binutils for $arch)"
		skipped=$((skipped + 1))
		continue
	fi
	[ "$status" = 0 ] || exit 1
	"$objcopy" -O binary -j .text "$dir/$arch.o" "$dir/$arch.bin"
	od -An -v -tx1 -w16 "$dir/$arch.bin" | tr -d ' ' >"$dir/$arch.hex"
	wrong=$(paste "$dir/$arch.hex" "$list" | awk -F'\t' '$2 != "" {
		split($2, line, "  ")
		rest = substr($1, length(line[1]) + 1)
		gsub(/^(00|1f2003d5)*$/, "", rest)	# nothing but padding: zeros or nops
		if (substr($1, 1, length(line[1])) != line[1] || rest != "")
			print "assembler: " $1 "\n     file: " $2
	}')
	if [ -n "$wrong" ]; then
		printf '%s: %s\n%s\n' "$arch" "differs from the assembler" "$wrong"
		failed=$((failed + 1))
	else
		echo "$arch: $(wc -l <"$list") instructions as the assembler has them"
		passed=$((passed + 1))
	fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] || exit 1
[ "$passed" != 0 ] || exit 77

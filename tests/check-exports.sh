#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The shared library exports the functions of vdsogen.h and nothing else, and
# the header is good C of its own and good C++.
set -eu
SRCDIR=${SRCDIR:-.} BUILDDIR=${BUILDDIR:-.} CC=${CC:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() {
	echo "FAIL: $*"
	exit 1
}

header=$SRCDIR/include/vdsogen.h

# Functions that the header declares, from what the compiler sees of it.
$CC -E -P -std=gnu11 "$header" | tr '\n' ' ' | tr ';' '\n' |
	sed -n '/typedef/d; s/.*[ *]\(vdsogen_[a-z0-9_]*\)(.*/\1/p' | sort -u >"$dir/declared"
[ "$(wc -l <"$dir/declared")" -gt 5 ] || fail "found no functions in vdsogen.h"

for language in c c++; do
	command -v "$CC" >/dev/null || break
	if ! echo 'int main(void) { return 0; }' | $CC -x $language -fsyntax-only - 2>/dev/null; then
		echo "no compiler for $language: not tried"
		continue
	fi
	$CC -x $language -Wall -Wextra -pedantic -Werror -fsyntax-only "$header" ||
		fail "vdsogen.h by itself, as $language"
done

lib=$(find "$BUILDDIR/libvdsogen/.libs" -name 'libvdsogen.so' -o -name 'libvdsogen.dylib' | head -n 1)
if [ -z "$lib" ]; then
	echo "SKIP: no shared library (configured with --disable-shared)"
	exit 77
fi
# A sanitizer adds symbols of its own.
nm -D --defined-only "$lib" | awk '{ print $NF }' | sed 's/@.*//' |
	grep -vE '^(_init|_fini|_edata|_end|__bss_start|__(asan|odr_asan|ubsan)_.*)$' |
	sort -u >"$dir/exported"
diff "$dir/declared" "$dir/exported" >"$dir/diff" ||
	fail "declared (<) and exported (>) are not the same:
$(cat "$dir/diff")"
echo "$(wc -l <"$dir/exported") functions, all declared and all exported"

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# vdsogen.h is good C++, from 2011 on and with warnings that C need not care
# for; a program in C++ works with the library (tests/cplusplus.cc).
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${CC:=cc}" "${CFLAGS=-O2 -g}"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0 ran=0
warnings='-Wall -Wextra -Wpedantic -Wold-style-cast -Wcast-align -Wconversion -Wsign-conversion
	-Wzero-as-null-pointer-constant -Werror'

fail() {
	echo "FAIL: $*"
	failed=1
}

# The program is linked by the compiler that goes with the library's, for sanitizers.
linker=g++
! $CC --version | grep -q clang || linker=clang++
library=$BUILDDIR/libvdsogen/.libs
LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH

# run_program COMPILER STANDARD
run_program() {
	# shellcheck disable=SC2086
	$1 -std=$2 $CFLAGS $warnings -I"$SRCDIR/include" -o "$dir/program" \
		"$SRCDIR/tests/cplusplus.cc" -L"$library" ${LDFLAGS-} -lvdsogen ||
		{ fail "$1 -std=$2: tests/cplusplus.cc does not compile" && return; }
	"$dir/program" || fail "$1 -std=$2: exit status $?"
}

# The header, and each of its constants where C++ wants one: a macro is only looked at when used.
{
	echo '#include "vdsogen.h"'
	sed -n 's/^#define \(VDSOGEN_[A-Z0-9_]*\)[	 ].*/enum : unsigned long long { use_\1 = \1 };/p' \
		"$SRCDIR/include/vdsogen.h"
} >"$dir/header.cc"
[ "$(wc -l <"$dir/header.cc")" -gt 10 ] || fail "found no macros in vdsogen.h"

for compiler in g++ clang++; do
	command -v $compiler >/dev/null || continue
	for standard in c++11 c++17 c++20; do
		# shellcheck disable=SC2086
		$compiler -std=$standard $warnings -fsyntax-only -I"$SRCDIR/include" "$dir/header.cc" ||
			fail "$compiler -std=$standard: vdsogen.h by itself"
		[ $compiler != $linker ] || run_program $compiler $standard
		ran=$((ran + 1))
	done
done
if [ $ran = 0 ]; then
	echo "SKIP: no compiler for C++ (Debian: apt-get install g++)"
	exit 77
fi
echo "$ran times, vdsogen.h is good C++"
exit $failed

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# include/vdsogen-resolve.h is good C and C++ by itself, in every version that is said; needs nothing
# to link, whatever the compiler makes of its loops; and finds functions in real processes: on the
# running kernel's vDSO, on a generated one by `vdsogen run`, on aarch64's under qemu-user. The suite
# `check_vdsogen resolve` looks at images as data.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${VDSOGEN:=$BUILDDIR/vdsogen}"
. "$SRCDIR/tests/cross.sh"
warnings='-Wall -Wextra -pedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wcast-align
	-Wundef -Wstrict-aliasing=2 -Werror'
include=-I$SRCDIR/include
bare=$SRCDIR/tests/resolve-bare.c use=$SRCDIR/tests/resolve-use.c
levels='-O0 -O1 -O2 -O3 -Os'

fail() {
	echo "FAIL: $*"
	failed=$((failed + 1))
}

here() { command -v "$1" >/dev/null; }

# ------------------------------------------------------------------ by languages
# language COMPILER STANDARD... : compiles and runs resolve-use.c; -x by the standard's name
language() {
	compiler=$1
	shift
	here "${compiler%% *}" || return 0
	for standard; do
		case $standard in
		*++*) also='-x c++ -Wold-style-cast' ;;
		*) also='-x c -Wstrict-prototypes -Wmissing-prototypes' ;;
		esac
		# shellcheck disable=SC2086
		$compiler -std="$standard" -O2 $also $warnings $include -o "$dir/use" "$use" -ldl ||
			{ fail "$compiler -std=$standard" && continue; }
		report "$compiler -std=$standard" "$dir/use"
	done
}

language "$CC" c11 gnu11
for compiler in gcc clang musl-gcc; do
	language $compiler c11 gnu17
done
for compiler in g++ clang++; do
	language $compiler c++11 gnu++17 c++20
done

# ------------------------------------------------------------------ nothing to link
# run NAME COMMAND... : resolve-bare, which cannot print
run() {
	run_name=$1 run_status=0
	shift
	"$@" || run_status=$?
	echo "$run_name: $([ $run_status = 77 ] && echo no vDSO || echo "exit status $run_status")"
	tally "$run_name" $run_status
}

# alone COMPILER NM FLAG... : no level of optimization wants a function from outside
alone() {
	compiler=$1 nm=$2
	shift 2
	for level in $levels; do
		# shellcheck disable=SC2086
		$compiler -std=c11 $level -ffreestanding -fno-stack-protector "$@" $warnings \
			$include -c -o "$dir/bare.o" "$bare" ||
			{ fail "$compiler $* $level" && continue; }
		[ -z "$nm" ] || ! $nm -u "$dir/bare.o" | grep -v _GLOBAL_OFFSET_TABLE_ ||
			fail "$compiler $* $level: needs those"
	done
}

# bare OUT COMPILER FLAG... : the program; nobody relocates it, so it must not need that
bare() {
	out=$1
	shift
	# shellcheck disable=SC2086
	"$@" -std=c11 -O2 -ffreestanding -fno-stack-protector -fpie -static-pie -nostdlib $include \
		-o "$out" "$bare" || { fail "$*: resolve-bare does not link" && return; }
	! readelf -rW "$out" | grep R_ || fail "$*: has relocations"
}

case $machine in
x86_64 | aarch64)
	for compiler in gcc clang; do
		here $compiler || continue
		alone $compiler nm
		bare "$dir/bare" "$compiler"
		run "$compiler, no C library" "$dir/bare"
	done
	;;
*) echo "no C library: not run: resolve-bare.c does not know $machine" ;;
esac
# 32-bit programs have 32-bit images
if [ "$machine" = x86_64 ] && here gcc && echo 'int x;' | gcc -m32 -c -x c -o "$dir/m32.o" - 2>/dev/null; then
	alone gcc nm -m32
	bare "$dir/bare32" gcc -m32
	if "$dir/bare32" || [ $? -ne 126 ]; then
		run 'i386, no C library' "$dir/bare32"
	else
		echo 'i386: not run: this kernel has no 32-bit programs'
	fi
fi

# Compiled only: other word sizes, byte orders, and tables of names.
if here clang; then
	echo '#include <vdsogen-resolve.h>
	void *find(const void *vdso, const char *name);
	void *find(const void *vdso, const char *name) { return vdsogen_resolve_prefixed(vdso, name); }' \
		>"$dir/find.c"
	while read -r target own; do
		echo 'int x;' | clang --target="$target" -S -x c -o "$dir/x.s" - 2>/dev/null || continue
		# shellcheck disable=SC2086
		clang --target="$target" -std=c11 -O0 -ffreestanding $warnings $include -S \
			-o "$dir/find.s" "$dir/find.c" || { fail "$target" && continue; }
		for text in $own; do
			grep -q "\"$text\"" "$dir/find.s" || fail "$target has no $text"
		done
		echo "$target: compiles; $own"
	done <<-END
		x86_64-linux-gnu __vdso_ LINUX_2.6
		x86_64-linux-gnux32 __vdso_ LINUX_2.6
		i686-linux-gnu __vdso_ LINUX_2.6
		aarch64-linux-gnu __kernel_ LINUX_2.6.39
		aarch64_be-linux-gnu __kernel_ LINUX_2.6.39
		arm-linux-gnueabihf __vdso_ LINUX_2.6
		mips-linux-gnu __vdso_ LINUX_2.6
		mips64el-linux-gnuabi64 __vdso_ LINUX_2.6
		powerpc-linux-gnu __kernel_ LINUX_2.6.15
		powerpc64le-linux-gnu __kernel_ LINUX_2.6.15
		riscv32-linux-gnu __vdso_ LINUX_4.15
		riscv64-linux-gnu __vdso_ LINUX_4.15
		loongarch64-linux-gnu __vdso_ LINUX_5.10
		s390x-linux-gnu __kernel_ LINUX_2.6.29
		sparc64-linux-gnu __vdso_ LINUX_2.6
	END
fi

# ------------------------------------------------------------------ on a generated page
if [ -x "$VDSOGEN" ] && "$VDSOGEN" run -- true >/dev/null 2>&1; then
	[ ! -x "$dir/bare" ] || run 'generated page, no C library' "$VDSOGEN" run -- "$dir/bare"
	language "$CC" gnu11 >/dev/null
	report 'generated page' "$VDSOGEN" run -- "$dir/use"
fi
if for_aarch64; then
	program='tests/readers/loader.c'
	compile "$dir/loader" $cross -O1 -static
	alone $cross aarch64-linux-gnu-nm
	bare "$dir/bare64" "$cross"
	for omit in '' hash gnu-hash sections; do
		"$VDSOGEN" build --arch aarch64 ${omit:+--omit $omit} -o "$dir/page.so"
		run "aarch64${omit:+ without $omit}" \
			qemu-aarch64 "$dir/loader" started "$dir/page.so" "$dir/bare64"
	done
fi
finish

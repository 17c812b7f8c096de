#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A short run of each fuzz target, by libFuzzer where clang has it, else by the target's own main;
# with the address and undefined-behaviour sanitizers where the compiler has them.
# FUZZ_SECONDS (10) says how long; 0 runs each target once over its seeds.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${ARCHS:=x86_64 aarch64}" "${CC:=cc}" "${LIBELF:=-lelf}" "${FUZZ_SECONDS:=10}"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

include="-I$SRCDIR/include -I$SRCDIR/libvdsogen -I$dir"
sources="$SRCDIR/arch/archs.c"
for file in "$SRCDIR"/libvdsogen/*.c; do
	sources="$sources $file"
done
for arch in $ARCHS; do
	echo "ARCH($arch)"
	include="$include -I$SRCDIR/arch/$arch"
	for file in "$SRCDIR/arch/$arch"/*.c; do
		sources="$sources $file"
	done
done >"$dir/archs.def"

# what a target takes beside the library
more_of() {
	case $1 in
	fuzz_build | fuzz_check)
		for more_file in "$SRCDIR"/tools/check-*.c; do
			printf '%s ' "$more_file"
		done
		echo "-I$SRCDIR/tools $LIBELF"
		;;
	fuzz_elf)
		echo "$SRCDIR/runner/elf.c $SRCDIR/runner/error.c -iquote $SRCDIR/runner"
		;;
	fuzz_gdb)
		for more_file in breaks commands description packet signals watches; do
			printf '%s ' "$SRCDIR/runner/gdb-$more_file.c"
		done
		echo "$SRCDIR/runner/x86_64/gdb-registers.c -iquote $SRCDIR/runner" \
			"-iquote $SRCDIR/runner/x86_64"
		;;
	esac
}

# has COMPILER FLAGS... : for a target that does nothing
has() {
	"$@" -x c -o "$dir/nothing" - >"$dir/log" 2>&1 <<-'END'
	int LLVMFuzzerTestOneInput(const unsigned char *data, unsigned long size) { return 0; }
	#ifdef STANDALONE
	int main(void) { return 0; }
	#endif
	END
}

sanitize='-fsanitize=address,undefined -fno-sanitize-recover=all'
libfuzzer=yes compiler="clang $sanitize -fsanitize=fuzzer"
# shellcheck disable=SC2086  # a command
if ! has $compiler; then
	libfuzzer='' compiler="$CC -DSTANDALONE $sanitize"
	has $compiler || compiler="$CC -DSTANDALONE"
fi

# All of it in one program; what is not compiled is a failure.
compile() {
	# shellcheck disable=SC2046,SC2086
	$compiler -std=gnu11 -g -O1 $include -o "$dir/$target" \
		"$SRCDIR/tests/fuzz/$target.c" "$SRCDIR/tests/fuzz/corpus.c" $sources \
		$(more_of "$target") >"$dir/log" 2>&1 && return
	cat "$dir/log"
	echo "$target: '$compiler' does not compile it"
	exit 1
}

for file in "$SRCDIR"/tests/fuzz/fuzz_*.c; do
	target=$(basename "$file" .c)
	# its registers are those of this machine's runner
	[ "$target" != fuzz_gdb ] || [ "$(uname -m)" = x86_64 ] || continue
	compile
	if [ -z "$libfuzzer" ]; then
		echo "$target: its own main, $FUZZ_SECONDS seconds"
		"$dir/$target" "$FUZZ_SECONDS"
		continue
	fi
	echo "$target: libFuzzer, $FUZZ_SECONDS seconds"
	mkdir "$dir/corpus"
	(cd "$dir" && ./"$target" -max_total_time="$FUZZ_SECONDS" -max_len=8192 -seed=1 \
		-timeout=5 -print_final_stats=1 corpus) >"$dir/log" 2>&1 || {
		tail -n 40 "$dir/log"
		exit 1
	}
	grep -e number_of_executed_units -e 'cov:' "$dir/log" | tail -n 2
	rm -rf "$dir/corpus"
done

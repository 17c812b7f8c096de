#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Instructions that a call on an aarch64 page executes: exact, on any host, by
# qemu-aarch64 one at a time. The goal of a clock that reads the counter is 34
# instructions, 1 ISB, no DMB (Linux's vDSO: 40, 1, 2), and no other function of time
# has more barriers. Exits 1 if there is more.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
. "$SRCDIR/tests/cross.sh"
program=bench/count-aarch64.c
goal=34 isbs=1 dmbs=0

objdump=aarch64-linux-gnu-objdump
if [ "$machine" = aarch64 ]; then
	cross=$CC objdump=objdump
fi

skip() {
	echo "SKIP: $*"
	exit 77
}
has_arch aarch64 || skip "the library has no aarch64"
command -v "${cross%% *}" >/dev/null ||
	skip "no $cross (Debian: apt-get install gcc-aarch64-linux-gnu)"
command -v "$objdump" >/dev/null ||
	skip "no $objdump (Debian: apt-get install binutils-aarch64-linux-gnu)"
command -v qemu-aarch64 >/dev/null ||
	skip "no qemu-aarch64 (Debian: apt-get install qemu-user)"

# Where the image is mapped, so that the log can be limited to it: a free place for qemu-user.
# An offset in it has up to four digits.
page=10000000
case $(qemu-aarch64 --help) in
*one-insn-per-tb*) single=-one-insn-per-tb ;;
*) single=-singlestep ;;
esac

compile "$dir/count" "$cross" -O2 -static

size=$(qemu-aarch64 "$dir/count" size)
qemu-aarch64 $single -d exec,nochain -dfilter "0x$page+0x$size" -D "$dir/log" \
	"$dir/count" "$page" "$dir/page" >"$dir/calls" || {
	echo "FAIL: qemu-aarch64: exit status $?"
	exit 1
}

# "Trace 0: 0x7f... [flags/000000PC/...] ": the guest's address is between the first two slashes.
$objdump -D -b binary -m aarch64 "$dir/page" |
	sed -n 's/^ *\([0-9a-f]*\):[^a-z]*[0-9a-f]\{8\}[^a-z]*\([a-z][a-z0-9.]*\).*/\1 \2/p' >"$dir/words"
sed -n 's:^Trace [^[]*\[[0-9a-f]*/0*'"${page%????}"'\([0-9a-f]*\)/.*:\1:p' "$dir/log" >"$dir/trace"

awk -v goal=$goal -v isbs=$isbs -v dmbs=$dmbs '
	function value(hex,  i, n) {
		for (i = 1; i <= length(hex); i++)
			n = 16 * n + index("0123456789abcdef", substr(hex, i, 1)) - 1
		return n
	}
	function finish() {
		limit = kind[begun] == "counter" ? goal : n
		printf "%-32s %6d %5d %5d\n", text[begun], n, isb, dmb
		if (kind[begun] != "other" && (n > limit || isb > isbs || dmb > dmbs)) {
			printf "FAIL: %s: more than %d instructions, %d ISB or %d DMB\n", \
				text[begun], limit, isbs, dmbs
			bad = 1
		}
	}
	FILENAME ~ /calls$/ {
		split($0, field, ":")
		text[++calls] = field[1]
		kind[calls] = field[2]
		entry[calls] = field[3]
		next
	}
	FILENAME ~ /words$/ { word[value($1)] = $2; next }
	{
		at = value($1)
		if (at == entry[begun + 1]) {
			if (begun)
				finish()
			else
				printf "%-32s %6s %5s %5s\n", "executed", "all", "ISB", "DMB"
			begun++
			n = isb = dmb = 0
		}
		n++
		isb += word[at] == "isb"
		dmb += word[at] == "dmb"
	}
	END {
		if (begun)
			finish()
		if (!calls || begun != calls) {
			printf "FAIL: %d calls were made, %d were seen\n", calls, begun
			bad = 1
		}
		exit bad
	}' "$dir/calls" "$dir/words" "$dir/trace"

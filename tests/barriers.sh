#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The publisher's order as compiled: which barriers, stores of counts and steps stand in which
# function, in which order (libvdsogen/publish.c says why). On x86 most of a release is nothing,
# and no test that runs there would miss it: so the aarch64 code is looked at, too.
#
# Functions are kept apart (-fno-inline), so that a step is a call; a compiler may not take
# an access past a barrier, whether it inlines or not.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}" "${CC:=cc}"
: "${FREESTANDING=-ffreestanding -fno-stack-protector -mgeneral-regs-only}"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# FILE FUNCTION: what has to be there, in this order. Repetitions count as one. Calls that the
# line does not name are not looked at; barriers, in capitals, always are.
#	LOCK		compare-exchange, acquire and release
#	FULL		fence, sequentially consistent
#	STORE-RELEASE, LOAD-ACQUIRE, FENCE-RELEASE, FENCE-ACQUIRE
#	COUNTER		the caller's function is called
required='
publish	vg_close_lines		LOCK vg_store32 FULL
publish	store_coarse		store_rate vg_store64 FENCE-RELEASE vg_store64
publish	store_track	vg_store64 vg_store32 vg_store64 vg_store32 vg_store64 FENCE-RELEASE vg_store32
publish	store_seq		STORE-RELEASE
publish	open_other_lines	store_seq
publish	finish			store_line store_track store_seq
publish	vg_publish		store_line store_coarse open_other_lines finish
publish	vdsogen_clock_reset	vg_store32 FENCE-RELEASE vg_store32 FENCE-RELEASE vg_store64 vg_store32
publish	vdsogen_clock_recover	open_other_lines finish
publish	take_back		store_line store_coarse
publish	vg_load_seq		LOAD-ACQUIRE
clock	vg_load_seq		LOAD-ACQUIRE
clock	vdsogen_clock_start	vg_close_lines vg_publish
clock	vdsogen_clock_update	vg_load_seq vg_load_state vg_close_lines COUNTER vg_publish
clock	vdsogen_clock_read	vg_load_seq vg_load_line FENCE-ACQUIRE vg_load32
clock	vdsogen_clock_attention	LOCK
'

# What they are here; "-" is nothing that could be seen.
words_aarch64='FULL=DMB-ISH FENCE-RELEASE=DMB-ISH FENCE-ACQUIRE=DMB-ISHLD STORE-RELEASE=STLR
	LOAD-ACQUIRE=LDAR'
words_x86_64='FENCE-RELEASE=- FENCE-ACQUIRE=- STORE-RELEASE=- LOAD-ACQUIRE=-'

# Assembly to lines of FUNCTION EVENT.
# shellcheck disable=SC2016
events_aarch64='
	$1 == "ldaxr" { held = 1; next }
	$1 == "stlxr" && held { print name, "LOCK"; held = 0; next }
	$1 == "casal" { print name, "LOCK"; next }
	$1 ~ /^(dmb|dsb)$/ { print name, toupper($1 "-" $2); next }
	$1 ~ /^(stlr|ldapr|ldar|ldxr|stl?xr|cas|ldadd|ldset|ldclr|swp)/ { print name, toupper($1); next }
	$1 == "blr" || $1 == "br" { print name, "COUNTER"; next }
	$1 ~ /^(bl|b)$/ && $2 !~ /^\./ { print name, $2 }'
# shellcheck disable=SC2016
events_x86_64='
	$1 == "lock" { locked = 1; if (NF == 1) next }
	/cmpxchg/ { print name, locked ? "LOCK" : "UNLOCKED"; locked = 0; next }
	locked || $1 == "mfence" { print name, "FULL"; locked = 0; next }
	$1 ~ /^xchg/ && /\(/ { print name, "FULL"; next }
	$1 ~ /^(call|jmp)q?$/ && $2 ~ /^\*/ { print name, "COUNTER"; next }
	$1 ~ /^(call|jmp)q?$/ && $2 !~ /^\./ { sub(/@PLT/, "", $2); print name, $2 }'

examined='' failed=0
# examine ARCH COMPILER FLAG...
examine() {
	arch=$1
	shift
	for file in publish clock; do
		# shellcheck disable=SC2086
		"$@" -std=gnu11 -O2 -fno-inline $FREESTANDING -I"$SRCDIR/include" \
			-I"$SRCDIR/libvdsogen" -I"$BUILDDIR/arch" -S -o "$dir/$file.s" \
			"$SRCDIR/libvdsogen/$file.c"
	done
	case $arch in
	aarch64) words=$words_aarch64 program=$events_aarch64 ;;
	x86_64) words=$words_x86_64 program=$events_x86_64 ;;
	esac
	for file in publish clock; do
		# a copy that the compiler makes for itself has a suffix: store_seq.isra.0
		sed 's/\.\(isra\|constprop\|part\)\.[0-9]*//g; s/[#;].*//; s,//.*,,' "$dir/$file.s" |
			awk "/^[a-z_0-9]+:/ { name = \$1; sub(/:.*/, \"\", name); next } $program" |
			sed "s/^/$file /" >"$dir/$file.events"
	done
	echo "$required" | while read -r file function sequence; do
		[ -n "$file" ] || continue
		awk -v function_name="$function" -v sequence="$sequence" -v words="$words" '
			BEGIN {
				n = split(words, pair, " ")
				for (i = 1; i <= n; i++) {
					split(pair[i], to, "=")
					is[to[1]] = to[2]
				}
				n = split(sequence, word, " ")
				for (i = 1; i <= n; i++) {
					w = word[i] in is ? is[word[i]] : word[i]
					if (w == "-")
						continue
					named[w] = 1
					if (w != last)
						want = want " " w
					last = w
				}
				last = ""
			}
			$2 == function_name && ($3 in named || $3 ~ /^[A-Z]/) {
				if ($3 != last)
					got = got " " $3
				last = $3
			}
			END {
				if (got == want)
					exit
				print function_name ":" got ", not" want
				exit 1
			}' "$dir/$file.events" >>"$dir/wrong" || :
	done
	if [ -s "$dir/wrong" ]; then
		sed "s/^/FAIL: $arch, $1: /" "$dir/wrong"
		failed=1
	fi
	: >"$dir/wrong"
	examined="$examined $arch"
	echo "$arch, $1: $(echo "$required" | grep -c .) functions"
}

: >"$dir/wrong"
machine=$(uname -m)
cross=aarch64-linux-gnu-gcc
if [ "$machine" = x86_64 ] || [ "$machine" = aarch64 ]; then
	# shellcheck disable=SC2086
	examine "$machine" $CC
fi
if [ "$machine" != aarch64 ] && command -v $cross >/dev/null; then
	examine aarch64 $cross
fi
if command -v clang >/dev/null; then
	examine x86_64 clang --target=x86_64-linux-gnu
	examine aarch64 clang --target=aarch64-linux-gnu
fi
[ $failed = 0 ] || exit 1
case $examined in
*aarch64*) ;;
*)
	echo "SKIP: no $cross (Debian: apt-get install gcc-aarch64-linux-gnu)"
	exit 77
	;;
esac

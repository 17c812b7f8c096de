#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The publishers' order as compiled: which barriers, stores of counts and steps stand in which
# function, in which order (libvdsogen/publish.c, process.c and random.c say why). On x86 most of a
# release is nothing, and no test that runs there would miss it: so the aarch64 code is looked at,
# too.
#
# Functions are kept apart (-fno-inline), so that a step is a call; a compiler may not take
# an access past a barrier, whether it inlines or not.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}" "${CC:=cc}"
: "${FREESTANDING=-ffreestanding -fno-stack-protector -mgeneral-regs-only}"
# Loops stay loops, and nothing is there twice; clang calls it something else.
SIMPLE='-fno-unroll-loops -fno-reorder-blocks -Wno-ignored-optimization-argument'

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# FILE FUNCTION: what has to be there, in this order. Repetitions count as one. Calls that the
# line does not name are not looked at; barriers, in capitals, always are.
#	LOCK		compare-exchange, acquire and release
#	LOCK-ACQUIRE	compare-exchange, acquire
#	LOAD-LINKED LOCK-RELEASE	compare-exchange, release
#	FULL		fence, sequentially consistent
#	STORE-RELEASE, LOAD-ACQUIRE, FENCE-RELEASE, FENCE-ACQUIRE
#	COUNTER		the caller's function is called
required='
publish	vg_close_lines		LOCK vg_load_seq save_lines store_seq FULL
publish	save_lines		vg_load_line store_line
publish	store_coarse		store_rate vg_store64 FENCE-RELEASE vg_store64
publish	store_track	vg_store64 vg_store32 vg_store64 vg_store32 vg_store64 FENCE-RELEASE vg_store32
publish	store_seq		STORE-RELEASE
publish	open_lines		store_seq store_coarse store_seq store_track STORE-RELEASE
publish	vg_publish		store_line open_lines
publish	vdsogen_clock_reset	vg_store32 FENCE-RELEASE vg_store32 FENCE-RELEASE vg_store64
publish	vdsogen_clock_recover	vg_load_state open_lines
publish	take_back		vg_load_line store_line vg_store32
publish	vg_load_seq		LOAD-ACQUIRE
publish	vg_load_generation	LOAD-ACQUIRE
clock	vg_load_seq		LOAD-ACQUIRE
clock	vg_load_generation	LOAD-ACQUIRE
clock	begin	vg_load_generation vg_load_state vg_close_lines vg_store32 vg_store64 vg_publish
clock	vdsogen_clock_update	vg_load_generation vg_load_state vg_close_lines COUNTER vg_publish
clock	vdsogen_clock_read	vg_load_seq vg_load_line FENCE-ACQUIRE vg_load32
clock	vdsogen_clock_attention	LOCK
process	load_seq	LOAD-ACQUIRE
process	begin		load_seq LOCK-ACQUIRE FULL
process	end		STORE-RELEASE
process	vdsogen_process_change	begin store_fields end
process	vdsogen_process_set	load_seq FULL vg_store32 store_fields end
process	vdsogen_process_get	load_seq vg_load32 load_uts FENCE-ACQUIRE load_seq
random	new_generation		LOAD-LINKED LOCK-RELEASE
random	vdsogen_random_start	vg_store32 STORE-RELEASE new_generation STORE-RELEASE
random	vdsogen_random_reseed	new_generation
'

# What they are here; "-" is nothing that could be seen.
words_aarch64='FULL=DMB-ISH FENCE-RELEASE=DMB-ISH FENCE-ACQUIRE=DMB-ISHLD STORE-RELEASE=STLR
	LOAD-ACQUIRE=LDAR LOCK-ACQUIRE=STXR LOAD-LINKED=LDXR LOCK-RELEASE=STLXR'
words_x86_64='FENCE-RELEASE=- FENCE-ACQUIRE=- STORE-RELEASE=- LOAD-ACQUIRE=-
	LOCK-ACQUIRE=LOCK LOAD-LINKED=- LOCK-RELEASE=LOCK'

# Assembly to lines of FUNCTION EVENT, and what leads from one to another: "?LABEL" where it may
# jump, "!LABEL" where it does, "." where it ends.
# shellcheck disable=SC2016
flow='
	/^[a-z_0-9]+:/ { name = $1; sub(/:.*/, "", name); next }
	/^\.L[^ ]*:/ { print name, $1; next }
	/^[ \t]*(rep )?(retq?|ud2|brk)([ \t]|$)/ { print name, "."; next }
	$1 ~ /^(jmpq?|b)$/ && $2 ~ /^\./ { print name, "!" $2; next }
	$1 ~ /^(j|b\.?(eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)$|cbn?z|tbn?z)/ && $NF ~ /^\./ {
		print name, "?" $NF; next }'
# shellcheck disable=SC2016
events_aarch64='
	$1 == "ldaxr" { held = 1; next }
	$1 == "stlxr" && held { print name, "LOCK"; held = 0; next }
	$1 == "casal" { print name, "LOCK"; next }
	$1 ~ /^(dmb|dsb)$/ { print name, toupper($1 "-" $2); next }
	$1 ~ /^(stlr|ldapr|ldar|ldxr|stl?xr|cas|ldadd|ldset|ldclr|swp)/ { print name, toupper($1); next }
	$1 == "blr" || $1 == "br" { print name, "COUNTER"; next }
	$1 ~ /^(bl|b)$/ { print name, $2 }
	$1 == "b" { print name, "." }'
# shellcheck disable=SC2016
events_x86_64='
	$1 == "lock" { locked = 1; if (NF == 1) next }
	/cmpxchg/ { print name, locked ? "LOCK" : "UNLOCKED"; locked = 0; next }
	locked || $1 == "mfence" { print name, "FULL"; locked = 0; next }
	$1 ~ /^xchg/ && /\(/ { print name, "FULL"; next }
	$1 ~ /^(call|jmp)q?$/ && $2 ~ /^\*/ { print name, "COUNTER"; next }
	$1 ~ /^(call|jmp)q?$/ && $2 !~ /^\*/ { sub(/@PLT/, "", $2); print name, $2 }
	$1 ~ /^jmp/ { print name, "." }'

# FUNCTION EVENT in the order in which they happen, wherever the compiler has put them: what is
# jumped over comes before what is jumped to.
# shellcheck disable=SC2016
in_order='
	function walk(i) {
		if (i in been || !(i in event))
			return
		been[i] = 1
		if (event[i] ~ /^[?!]/)
			walk(at[substr(event[i], 2)])
		if (event[i] !~ /^(!|\.$)/)
			walk(i + 1)
		order[++steps] = i
	}
	function end_function() { # in reverse: a step stands behind all that it leads to
		walk(1)
		for (; steps; steps--)
			if (event[order[steps]] !~ /^[?!.]/)
				print name, event[order[steps]]
		split("", event); split("", been); split("", at)
		lines = 0
	}
	$1 != name { end_function(); name = $1 }
	{ event[++lines] = $2 }
	/:$/ { at[substr($2, 1, length($2) - 1)] = lines }
	END { end_function() }'

files='publish clock process random'
examined='' failed=0
# examine ARCH COMPILER FLAG...
examine() {
	arch=$1
	shift
	for file in $files; do
		# shellcheck disable=SC2086
		"$@" -std=gnu11 -O2 -fno-inline $SIMPLE $FREESTANDING -I"$SRCDIR/include" \
			-I"$SRCDIR/libvdsogen" -I"$BUILDDIR/arch" -S -o "$dir/$file.s" \
			"$SRCDIR/libvdsogen/$file.c"
	done
	case $arch in
	aarch64) words=$words_aarch64 program=$events_aarch64 ;;
	x86_64) words=$words_x86_64 program=$events_x86_64 ;;
	esac
	for file in $files; do
		# a copy that the compiler makes for itself has a suffix: store_seq.isra.0
		sed 's/\.\(isra\|constprop\|part\)\.[0-9]*//g; s/[#;].*//; s,//.*,,' "$dir/$file.s" |
			awk "$flow $program" | awk "$in_order" | sed "s/^/$file /" >"$dir/$file.events"
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

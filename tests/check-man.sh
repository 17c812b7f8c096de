#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every function of the public headers and every constant of vdsogen.h is in a manual page, no page
# documents or refers to what there is not, vdsorun's page has its options and what it has not,
# mandoc finds no fault, and the C programs of the EXAMPLES compile.
set -eu
SRCDIR=${SRCDIR:-.} CC=${CC:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
header=$SRCDIR/include/vdsogen.h
resolve=$SRCDIR/include/vdsogen-resolve.h
pages=$SRCDIR/man

fail() {
	echo "FAIL: $*"
	failed=1
}

tab=$(printf '\t')

# subset LIST-1 LIST-2 MESSAGE: what is in the first and not in the second.
subset() {
	for word in $(comm -23 "$1" "$2"); do
		fail "$word: $3"
	done
}

# Functions: declared; named in NAME; in a SYNOPSIS.
{
	$CC -E -P -std=gnu11 "$header" | tr '\n' ' ' | tr ';' '\n' |
		sed -n '/typedef/d; s/.*[ *]\(vdsogen_[a-z0-9_]*\)(.*/\1/p'
	# defined there; the callers' are all but vdsogen_elf_x
	sed -n 's/^static inline.*[ *]\(vdsogen_[a-z0-9_]*\)(.*/\1/p' "$resolve" | grep -v '^vdsogen_elf_'
} | sort -u >"$dir/declared"
sed -n '/^\.Sh NAME/,/^\.Sh LIB/s/^\.Nm \(vdsogen_[a-z0-9_]*\).*/\1/p' "$pages"/*.3 | sort -u >"$dir/named"
sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/s/^\.F[on] \(vdsogen_[a-z0-9_]*\).*/\1/p' "$pages"/*.3 |
	grep -vx 'vdsogen_counter_fn' | sort -u >"$dir/synopsis"
[ -s "$dir/declared" ] || fail "found no functions in vdsogen.h"
subset "$dir/declared" "$dir/named" "declared, but in the NAME of no page"
subset "$dir/declared" "$dir/synopsis" "declared, but in the SYNOPSIS of no page"
subset "$dir/named" "$dir/declared" "in the NAME of a page, but not declared"
subset "$dir/synopsis" "$dir/declared" "in the SYNOPSIS of a page, but not declared"

# The prototypes are the header's: a page's SYNOPSIS, declared after the header, must not conflict.
{
	echo '#include <vdsogen.h>'
	echo '#include <vdsogen-resolve.h>'
	for page in "$pages"/vdsogen_*.3; do
		awk '/^\.Sh DESC/ { on = 0 }
		     function text(s) { gsub(/"/, "", s); return s }
		     /^\.Sh SYNOPSIS/ { on = 1 }
		     !on || /typedef/ { next }
		     /^\.Ft / { type = text(substr($0, 5)) }
		     /^\.Fn vdsogen_counter_fn/ { next }
		     /^\.Fn / {
			name = $2
			rest = substr($0, index($0, $2) + length($2) + 1)
			n = split(rest, part, /"/)
			list = ""
			if (n == 1)
				list = rest
			else
				for (i = 2; i <= n; i += 2)
					list = list (list == "" ? "" : ", ") part[i]
			print type " " name "(" list ");"
		     }
		     /^\.Fo / { name = $2; list = "" }
		     /^\.Fa / { list = list (list == "" ? "" : ", ") text(substr($0, 5)) }
		     /^\.Fc/ { print type " " name "(" list ");" }' "$page"
	done
} >"$dir/prototypes.c"
$CC -std=gnu11 -I"$SRCDIR/include" -fsyntax-only "$dir/prototypes.c" ||
	fail "a SYNOPSIS is not what the headers declare"
[ "$(grep -c '(' "$dir/prototypes.c")" -eq "$(wc -l <"$dir/declared")" ] ||
	fail "not all prototypes were read: $(cat "$dir/prototypes.c")"

# Constants: all but those that only count.
sed -n "s/^#define \(VDSOGEN_[A-Z_0-9]*\)[ $tab].*/\1/p; s/^$tab\(VDSOGEN_[A-Z_0-9]*\)[ ,].*/\1/p; s/^$tab\(VDSOGEN_[A-Z_0-9]*\)\$/\1/p" \
	"$header" |
	grep -vxE 'VDSOGEN_(VERSION_.*|ERR_MAX|FUNCTIONS|CLOCK_IDS|COUNTERS|GETCPUS|FALLBACKS|FIELDS|LANDING_PADS|DATA|OPTIONS|LINES)' |
	sort -u >"$dir/constants"
grep -hv '^\.Dt' "$pages"/*.3 | grep -oE 'VDSOGEN_[A-Z_0-9]+' | sort -u >"$dir/written"
subset "$dir/constants" "$dir/written" "in vdsogen.h, but in no page"
grep -ohE 'VDSOGEN_[A-Z_0-9]+' "$header" | sort -u >"$dir/all"
echo VDSOGEN_ERR_ >>"$dir/all" # of VDSOGEN_ERR_x
sort -o "$dir/all" "$dir/all"
subset "$dir/written" "$dir/all" "in a page, but not in vdsogen.h"

# References to pages of ours lead somewhere.
# shellcheck disable=SC2013  # words without spaces
for reference in $(sed -n 's/^\.It Xr/.Xr/; s/^\.Xr \([^ ]*\) \([0-9]\).*/\1.\2/p' "$pages"/*.[13] | sort -u); do
	case $reference in
	vdsogen*.3 | libvdsogen.3)
		grep -q "^\.Nm ${reference%.3}\( ,\)\{0,1\}\$" "$pages"/*.3 || [ -f "$pages/$reference" ] ||
			fail "a page refers to $reference, which there is not"
		;;
	vdsogen*.1 | vdsorun.1)
		[ -f "$pages/$reference" ] || fail "a page refers to $reference, which there is not"
		;;
	esac
done

# vdsorun.1: each option, each system call that is not there and each reason for a system call that
# reads a clock has its line; the synopsis has the options of --help.
runner=$SRCDIR/runner
page=$pages/vdsorun.1
# options FILE : as they are written there
options() { grep -oE -- '--[a-z][a-z0-9-]+' "$1" | sort -u; }
sed -n 's/^\t\t{ "\([a-z0-9-]*\)", .*_argument, .*/--\1/p' "$runner/main.c" | sort -u >"$dir/taken"
sed -n '/^static const char usage/,/;$/p' "$runner/main.c" >"$dir/usage"
options "$dir/usage" >"$dir/helped"
sed '/^\.Fl/s/| -/| --/g; s/Fl -/--/g' "$page" >"$dir/page"
options "$dir/page" >"$dir/described"
sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/p' "$dir/page" >"$dir/synopsis-page"
options "$dir/synopsis-page" >"$dir/shown"
[ -s "$dir/taken" ] || fail "found no options in main.c"
subset "$dir/taken" "$dir/described" "an option of vdsorun, but not in its page"
subset "$dir/described" "$dir/taken" "in vdsorun's page, but no option of it"
subset "$dir/helped" "$dir/shown" "in vdsorun --help, but not in its synopsis"
subset "$dir/shown" "$dir/helped" "in vdsorun's synopsis, but not in --help"
grep -oE 'NONE\([a-z0-9_]+\)' "$runner/linux/calls.c" | sed 's/NONE(//; s/)//; /^number$/d' | sort -u >"$dir/none"
sed -n '/^\.Ss System calls that are not/,/^\.Ss Parts/s/^\.Fn \([a-z0-9_]*\).*/\1/p' "$page" | sort -u >"$dir/missing"
[ -s "$dir/none" ] || fail "found no system calls in calls.c that are not there"
subset "$dir/none" "$dir/missing" "not there, by runner/linux/calls.c, but not in vdsorun's page"
subset "$dir/missing" "$dir/none" "not there, by vdsorun's page, but not in runner/linux/calls.c"
sed -n '/^static const char \*const clock_names/,/^}/p' "$runner/stats.c" | grep -oE '"[a-z]+"' | tr -d '"' |
	sort -u >"$dir/reasons"
sed -n '/^\.It Ar count Cm clock/,/^\.It Ar count Cm shim/s/^\.It Cm \([a-z]*\)$/\1/p' "$page" | sort -u >"$dir/told"
[ -s "$dir/reasons" ] || fail "found no reasons in stats.c"
subset "$dir/reasons" "$dir/told" "a reason of --stats, but not in vdsorun's page"
subset "$dir/told" "$dir/reasons" "in vdsorun's page, but no reason of --stats"

# Programs: literal displays of EXAMPLES that begin with an #include.
awk -v dir="$dir" '
	/^\.Sh / { examples = /EXAMPLES/ }
	!examples { next }
	/^\.Ed/ { if (file) close(file); file = ""; next }
	/^\.Bd -literal/ { first = 1; next }
	first { first = 0; if (/^#include/) file = sprintf("%s/example-%d.c", dir, ++n) }
	file { gsub(/\\e/, "\\"); gsub(/\\&/, ""); print >file }' "$pages"/*.3
compiled=0
for example in "$dir"/example-*.c; do
	[ -f "$example" ] || break
	# The manual shows one for x86_64.
	! grep -q rdtsc "$example" || [ "$(uname -m)" = x86_64 ] || continue
	$CC -std=gnu11 -Wall -Wextra -Werror -I"$SRCDIR/include" -fsyntax-only "$example" ||
		fail "an example of the manual does not compile: $(cat "$example")"
	compiled=$((compiled + 1))
done
[ "$compiled" -gt 0 ] || fail "found no examples in the manual"

if ! command -v mandoc >/dev/null; then
	[ "$failed" = 0 ] || exit 1
	echo "SKIP: no mandoc; the rest is in order"
	exit 77
fi
for page in "$pages"/*.[13]; do
	mandoc -Tlint -Wwarning "$page" || fail "$page: mandoc complains"
done
echo "$(wc -l <"$dir/declared") functions, $(wc -l <"$dir/constants") constants, $compiled examples"
exit $failed

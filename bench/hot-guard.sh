#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Hot calls natively and under vdsorun, with its fast paths and without: bench/hot-guard.c, static
# and dynamic, with clock_gettime by the C library and by a pointer. The figures are ratios to the
# native call: medians over rounds in which each measurement is made once, and of the least of each.
#
# hot-guard.sh [ROUNDS]
# hot-guard.sh --build DIRECTORY		the programs alone
# hot-guard.sh --built DIRECTORY [ROUNDS]	what was built there
# Exits 1 if a call with the fast paths is above its ceiling by both of the figures: other work on
# the machine spoils either one or the other. And if more calls cost more exits than the random
# bytes need, which come by the page.
set -eu
LC_ALL=C
export LC_ALL
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${VDSORUN:=$BUILDDIR/vdsorun}" "${CC:=cc}"
case $CC in
*-gcc) objdump=${CC%gcc}objdump ;;	# of another machine
*) objdump=objdump ;;
esac
built=
case ${1-} in
--build | --built)
	[ $# -gt 1 ] || { echo "usage: $0 [--build DIRECTORY | --built DIRECTORY] [ROUNDS]" >&2 && exit 2; }
	built=$1 programs=$2
	shift 2
	;;
esac
rounds=${1:-7}
: "${GUARD_MS:=20}"	# of a measurement

# The clock takes as long as natively: it is the same kind of page. What the shim answers has a
# trap and a return on top of the call's own work; in a nested machine that is some ten times the
# native call, and an exit to the host two hundred times. $GUARD_CEILINGS: another machine's.
: "${GUARD_CEILINGS:=getpid 20
clock_gettime 1.5
read-urandom1 20}"
ceilings=$GUARD_CEILINGS

skip()
{
	echo "SKIP: $*"
	exit 77
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM
: "${programs:=$dir}"
if [ "$built" != --build ]; then
	[ -x "$VDSORUN" ] || skip "the runner has no back end for this machine, and was not built"
	{ [ -r /dev/kvm ] && [ -w /dev/kvm ]; } || skip "no /dev/kvm that can be used"
fi

# ------------------------------------------------------------------ the programs
build() # KIND FLAG...
{
	kind=$1
	shift
	# shellcheck disable=SC2086  # lists
	$CC -std=gnu11 -O2 "$@" -I "$SRCDIR/include" -o "$programs/$kind" "$SRCDIR/bench/hot-guard.c" || {
		echo "$kind: cannot be built, left out"
		return 0
	}
	kinds="$kinds $kind"
}

# calls KIND PATTERN : what its loop of clock_gettime calls
calls()
{
	"$objdump" -d --no-show-raw-insn --disassemble=loop_clock_gettime "$programs/$1" |
		grep -qE "(call|blr?)[a-z]*[[:space:]]+$2"
}

build_all()
{
	command -v "$objdump" >/dev/null || skip "no $objdump (Debian: apt-get install binutils)"
	for link in dynamic static; do
		flags=
		[ $link = dynamic ] || flags=-static
		# shellcheck disable=SC2086  # a list
		build libc-$link -DGUARD_USE_LIBC_CG $flags
		# shellcheck disable=SC2086
		build pointer-$link $flags
	done
	[ -n "$kinds" ] || exit 99
	for kind in $kinds; do
		case $kind in
		libc-dynamic) what='[0-9a-f]+ <clock_gettime@plt>' ;;
		libc-static) what='[0-9a-f]+ <(__)?clock_gettime[0-9a-z]*>' ;;
		pointer-*) what='(\*|x[0-9])' ;;
		esac
		calls "$kind" "$what" || {
			echo "FAIL: $kind: clock_gettime is called in another way than by '$what'"
			exit 1
		}
		other='<.*clock_gettime'
		case $kind in pointer-*) ! calls "$kind" "[0-9a-f]+ $other" || {
			echo "FAIL: $kind: calls the C library's clock_gettime"
			exit 1
		} ;; esac
	done
}

kinds=
if [ "$built" = --built ]; then
	kinds=$(cd "$programs" && echo *)
else
	build_all
	[ "$built" != --build ] || exit 0
fi

# ------------------------------------------------------------------ the measurements
columns='native fast'
if "$VDSORUN" --no-fast-paths /bin/true 2>/dev/null; then
	columns="$columns slow"
else
	echo "vdsorun has no --no-fast-paths: that column is left out"
fi

launch() # COLUMN COMMAND...
{
	column=$1
	shift
	case $column in
	native) timeout 60 "$@" ;;
	fast) timeout 60 "$VDSORUN" "$@" ;;
	slow) timeout 60 "$VDSORUN" --no-fast-paths "$@" ;;
	esac
}

round=0
while [ $round -lt "$rounds" ]; do
	round=$((round + 1))
	for kind in $kinds; do
		for column in $columns; do
			launch "$column" "$programs/$kind" "$GUARD_MS" >"$dir/out" || {
				echo "FAIL: $kind, $column: status $?"
				exit 1
			}
			# Every line is of the one form.
			form='^(getpid|clock_gettime|read-urandom1) {1,20} +[0-9]+\.[0-9] ns/op  last=[0-9]+$'
			[ "$(grep -cE "$form" "$dir/out")" = 3 ] || {
				echo "FAIL: $kind, $column: other lines:"
				cat "$dir/out"
				exit 1
			}
			sed "s/^/$round $kind $column /" "$dir/out" >>"$dir/all"
		done
	done
done

# ------------------------------------------------------------------ exits
# exits KIND CALL TIMES : of all kinds, but for those that come from outside
exits()
{
	"$VDSORUN" --stats "$programs/$1" "$2" "$3" 2>&1 >/dev/null |
		awk '$2 == "call" || $2 == "fault" { n += $1 } END { print n + 0 }'
}

# What a thousand calls more cost: nothing, but once more random bytes.
steady()
{
	for kind in $kinds; do
		for call in getpid clock_gettime read-urandom1; do
			some=$(exits "$kind" $call 1000)
			more=$(exits "$kind" $call 2000)
			most=$some
			[ $call != read-urandom1 ] || most=$((some + 1))
			[ "$some" -gt 0 ] && [ "$more" -ge "$some" ] && [ "$more" -le "$most" ] && continue
			echo "FAIL: $kind: $call: $some exits with 1000 calls, $more with 2000"
			exit 1
		done
	done
}

# ------------------------------------------------------------------ the table
# Where `syscall` stays in ring 3 there is no place for random bytes: they are the host's.
first=${kinds%% *}
if ! "$VDSORUN" --stats "$programs/$first" 1 2>&1 >/dev/null | grep -q ' shim '; then
	echo "system calls stay in ring 3 here: read-urandom1 is an exit, and has no ceiling"
	ceilings=$(echo "$ceilings" | sed 's/^\(read-urandom1\).*/\1 -/')
else
	steady
fi
echo "$ceilings" >"$dir/ceilings"
awk -v kinds="$kinds" -v ceilings="$dir/ceilings" '
function sort(a, n,	i, j, t)
{
	for (i = 2; i <= n; i++) {
		t = a[i]
		for (j = i - 1; j > 0 && a[j] > t; j--)
			a[j + 1] = a[j]
		a[j + 1] = t
	}
}
function least(kind, label, column,	r, v)
{
	v = ns[1, kind, column, label]
	for (r = 2; r <= rounds; r++)
		if (ns[r, kind, column, label] < v)
			v = ns[r, kind, column, label]
	return v
}
# The median; of ratios to the native one of the same round.
function median(kind, label, column, relative,	n, r, v)
{
	n = 0
	for (r = 1; r <= rounds; r++) {
		v = ns[r, kind, column, label]
		a[++n] = relative ? v / ns[r, kind, "native", label] : v
	}
	sort(a, n)
	return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
}
# Both figures of a column, which stay in of_medians and of_least.
function ratios(kind, label, column)
{
	of_medians = median(kind, label, column, 1)
	of_least = least(kind, label, column) / least(kind, label, "native")
	return sprintf("%.3f (%.3f)", of_medians, of_least)
}
{
	ns[$1, $2, $3, $4] = $5
	rounds = $1
	has[$3] = 1
}
END {
	while ((getline line <ceilings) > 0) {
		split(line, part, " ")
		labels[++count] = part[1]
		ceiling[part[1]] = part[2]
	}
	printf "%-16s %-14s %20s %20s %20s %8s\n", "build", "call", "native ns (least)",
		"runner/native", "no fast paths", "ceiling"
	split(kinds, kind, " ")
	for (i = 1; i in kind; i++)
		for (k = 1; k <= count; k++) {
			label = labels[k]
			native = sprintf("%.1f (%.1f)", median(kind[i], label, "native", 0),
				least(kind[i], label, "native"))
			slow = "slow" in has ? ratios(kind[i], label, "slow") : "-"
			fast = ratios(kind[i], label, "fast")
			above = ceiling[label] != "-" && of_medians > ceiling[label] + 0 &&
				of_least > ceiling[label] + 0
			failed += above
			printf "%-16s %-14s %20s %20s %20s %8s%s\n", kind[i], label, native, fast, slow,
				ceiling[label], above ? "  ABOVE" : ""
		}
	printf "%d rounds; %d of %d calls above their ceilings\n", rounds, failed, count * (i - 1)
	exit failed > 0
}' "$dir/all"

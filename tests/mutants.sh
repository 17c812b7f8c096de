#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Breaks a copy of the sources, one place at a time, and shows which test notices
# (tests/mutants.list says what and how). Takes minutes: make mutants.
#
# MUTANTS='name ...' in the environment, or arguments, choose; all is the default.
# Output, a line each:
#	killed   NAME  by TEST
#	SURVIVED NAME  ...      no test of its entry failed
#	known    NAME  ...      it survived, and its entry says why nothing can kill it
#	not run  NAME  ...      the tests that would kill it are skipped here
#	ERROR    NAME  ...      the entry is wrong, or a test fails with nothing broken
# mutants.log in the build tree has what the tests said.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}" "${CC:=cc}"
: "${MUTANTS:=$*}"
list=$SRCDIR/tests/mutants.list
log=$BUILDDIR/mutants.log

# A test may take so many times what it takes with nothing broken, and so many seconds.
SLOWER=3
MORE=10
# How often it is asked before a mutant has survived.
ROUNDS=3

LC_ALL=C
export LC_ALL
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM
tree=$dir/tree
out=$dir/out

# What the tests are told is the copy's, by their own defaults; make is not the caller's.
unset VDSOGEN LIBRARY_SOURCES ARCHS MAKEFLAGS MFLAGS MAKELEVEL 2>/dev/null || :
TMPDIR=$dir
export CC TMPDIR

die() {
	printf 'mutants: %s\n' "$*" >&2
	exit 1
}

# -----------------------------------------------------------------------------
# The list: a file for each word of each entry, $dir/list/NAME/WORD.
# -----------------------------------------------------------------------------
read_list() {
	mkdir "$dir/list"
	awk -v dir="$dir/list" '
		function bad(what) { print FILENAME ":" FNR ": " what; wrong = 1 }
		/^#/ || /^[ \t]*$/ { next }
		{ word = $1; value = $0; sub(/^[^ \t]+[ \t]*/, "", value) }
		word == "mutant" {
			name = value
			if (name !~ /^[a-z0-9-]+$/ || name in seen)
				bad("mutant \"" name "\": a name of its own, of a-z, 0-9 and -")
			seen[name] = 1
			system("mkdir -p " dir "/" name)
			print name > (dir "/names")
			next
		}
		name == "" || word !~ /^(file|sed|places|kill|timeout|known)$/ {
			bad("\"" word "\": not one of mutant, file, sed, places, kill, timeout, known")
			next
		}
		{ print value >> (dir "/" name "/" word); close(dir "/" name "/" word) }
		END { exit wrong }' "$list" >"$out" || die "$(cat "$out")"
}

# value NAME WORD DEFAULT
value() {
	if [ -f "$dir/list/$1/$2" ]; then cat "$dir/list/$1/$2"; else echo "${3-}"; fi
}

# -----------------------------------------------------------------------------
# The copy.
# -----------------------------------------------------------------------------
copy_tree() {
	mkdir "$tree"
	if git -C "$SRCDIR" rev-parse >/dev/null 2>&1; then
		git -C "$SRCDIR" ls-files >"$dir/files"
	else
		(cd "$SRCDIR" && find . -type f) >"$dir/files"
	fi
	tar -C "$SRCDIR" -cf - -T "$dir/files" | tar -C "$tree" -xf -
	(cd "$tree" && mkdir -p m4 && autoreconf -fi && ./configure -q --disable-shared) >"$out" 2>&1 ||
		die "the copy cannot be configured: $(tail -n 5 "$out")"
	SRCDIR=$tree BUILDDIR=$tree
	export SRCDIR BUILDDIR
}

# -----------------------------------------------------------------------------
# The tests: check:SUITE[:CASE], registry:SUITE, exec:ARCH[:SUITE], or NAME for tests/NAME.sh.
# -----------------------------------------------------------------------------
# build TEST : what it needs
build() {
	case $1 in
	check:*) goal=check_vdsogen ;;
	registry:*) goal=check_registry ;;
	exec:* | barriers) goal=arch/archs.def ;;
	*) goal=all ;;
	esac
	make -s -C "$tree" $goal >"$out" 2>&1
}

# run TEST SECONDS : its status; 124 if it took longer, or so long that it stopped itself
run() {
	status=0 limit=$2 rest=${1#*:} part=
	case $rest in
	*:*) part=${rest#*:} rest=${rest%%:*} ;;
	esac
	case $1 in
	check:*) set -- env ${part:+CK_RUN_CASE="$part"} ./check_vdsogen "$rest" ;;
	registry:*) set -- env CK_RUN_SUITE="$rest" ./check_registry ;;
	exec:*) set -- env ARCHS="$rest" tests/exec.sh ${part:+"$part"} ;;
	*) set -- tests/"$1".sh ;;
	esac
	(cd "$tree" && exec timeout -k 5 "$limit" "$@") >"$out" 2>&1 </dev/null || status=$?
	if [ $status != 0 ] && grep -qE 'Test timeout expired|Alarm clock' "$out"; then
		status=124
	fi
	return $status
}

# first_failure : of the test that wrote $out
first_failure() {
	grep -m 1 -E 'FAIL|:[FE]:|no suite|[Ee]rror' "$out" || tail -n 1 "$out"
}

# try TEST : whether it can kill: passes with nothing broken. $dir/tests/TEST has a
# limit in seconds, or why it cannot. Every test is asked once.
try() {
	result=$dir/tests/$1
	if [ ! -f "$result" ]; then
		mkdir -p "$dir/tests"
		status=0 start=$(date +%s)
		case $1 in
		check:* | registry:* | exec:*) ;;
		*) [ -x "$tree/tests/$1.sh" ] || status=2 ;;
		esac
		if [ $status != 0 ]; then
			echo "ERROR no test tests/$1.sh" >"$result"
		elif ! build "$1"; then
			echo "ERROR with nothing broken, $1 cannot be built: $(tail -n 1 "$out")" >"$result"
		else
			start=$(date +%s)
			run "$1" 600 || status=$?
			case $status in
			0) echo $((($(date +%s) - start + 1) * SLOWER + MORE)) >"$result" ;;
			77) echo "SKIP $1: $(tail -n 1 "$out")" >"$result" ;;
			*) echo "ERROR with nothing broken, $1 fails: $(first_failure)" >"$result" ;;
			esac
		fi
	fi
	cat "$result"
}

# -----------------------------------------------------------------------------
# One mutant.
# -----------------------------------------------------------------------------
# prepare NAME : the broken file, $dir/broken; 1 and $why if that is not one place, or no C
prepare() {
	file=$(value "$1" file) places=$(value "$1" places 1)
	[ -f "$tree/$file" ] || { why="no file '$file'" && return 1; }
	if ! sed -f "$dir/list/$1/sed" "$tree/$file" >"$dir/broken" 2>"$out"; then
		why=$(cat "$out") && return 1
	fi
	changed=$(diff "$tree/$file" "$dir/broken" | grep -c '^[0-9]' || :)
	if [ "$changed" != "$places" ]; then
		why="its sed expression changes $changed places of $file, not $places: has the code changed?"
		return 1
	fi
	# shellcheck disable=SC2086
	$CC -std=gnu11 -fsyntax-only -I"$tree/$(dirname "$file")" -I"$tree/include" \
		-I"$tree/libvdsogen" -x c "$dir/broken" >"$out" 2>&1 ||
		{ why="does not compile: $(grep -m 1 error "$out")" && return 1; }
}

apply() {
	cp "$tree/$file" "$dir/whole"
	cat "$dir/broken" >"$tree/$file"
}

mend() {
	cat "$dir/whole" >"$tree/$file"
}

# say KIND NAME TEXT
say() {
	printf '%-8s %s  %s\n' "$1" "$2" "$3"
	printf '\n=== %s %s  %s\n' "$1" "$2" "$3" >>"$log"
}

# attack NAME TEST SECONDS : 0 if the test kills it, 1 if not, 2 and $why if that cannot be said
attack() {
	status=0
	build "$2" || { why="$2 cannot be built with it: $(first_failure)" && return 2; }
	run "$2" "$3" || status=$?
	printf '\n--- %s, %s: status %s\n' "$1" "$2" $status >>"$log"
	tail -n 20 "$out" >>"$log"
	case $status in
	0 | 77) return 1 ;;
	124)
		[ ! -f "$dir/list/$1/timeout" ] || return 0
		why="$2 took more than $3 seconds, and the entry does not say \`timeout'" && return 2
		;;
	esac
}

killed=0 survived=0 known=0 errors=0 skipped=0

error() {
	errors=$((errors + 1))
	say ERROR "$1" "$2"
}

# fit NAME : puts the tests that can kill it in $ready, why others are skipped in $skips
fit() {
	ready='' skips=''
	for test in $(value "$1" kill); do
		limit=$(try "$test")
		case $limit in
		ERROR*) why=${limit#ERROR } && return 1 ;;
		SKIP*) skips=${limit#SKIP } ;;
		*) ready="$ready $test" ;;
		esac
	done
}

# hunt NAME : the first test that kills it is $by. A race may be missed: all are asked again.
hunt() {
	by='' round=0
	while [ $round -lt $ROUNDS ]; do
		round=$((round + 1))
		for test in $ready; do
			verdict=0
			attack "$1" "$test" "$(cat "$dir/tests/$test")" || verdict=$?
			case $verdict in
			0) by=$test && return 0 ;;
			2) return 1 ;;
			esac
		done
		[ ! -f "$dir/list/$1/known" ] || break
	done
}

judge() {
	if ! prepare "$1" || ! fit "$1"; then
		error "$1" "$why"
		return
	fi
	apply
	hunted=0
	hunt "$1" || hunted=$?
	mend
	if [ $hunted != 0 ]; then
		error "$1" "$why"
	elif [ -n "$by" ] && [ -f "$dir/list/$1/known" ]; then
		error "$1" "its entry says nothing kills it, but $by does"
	elif [ -n "$by" ]; then
		killed=$((killed + 1))
		say killed "$1" "by $by"
	elif [ -z "$ready" ]; then
		skipped=$((skipped + 1))
		say 'not run' "$1" "$skips"
	elif [ -f "$dir/list/$1/known" ]; then
		known=$((known + 1))
		say known "$1" "$(value "$1" known)"
	else
		survived=$((survived + 1))
		say SURVIVED "$1" "not noticed by$ready"
	fi
}

: >"$log"
read_list
names=$(cat "$dir/list/names")
for name in $MUTANTS; do
	[ -d "$dir/list/$name" ] || die "no mutant '$name' in tests/mutants.list"
done
copy_tree
for name in ${MUTANTS:-$names}; do
	judge "$name"
done
echo "$errors errors, $skipped not run, $known known to survive, $killed killed, $survived survived"
[ "$errors$survived" = 00 ]

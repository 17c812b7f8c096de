#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Programs of others under vdsorun: what they print, how they end and which files they leave is
# as it is without. Each case runs in a folder of its own, first natively, then by $VDSORUN.
#
# runner-programs.sh [--list | --twice] [--build DIRECTORY | --built DIRECTORY] [CASE ...]
#   --twice  natively both times: that a case has one outcome
#   --build  no more than the programs of $CC, $MUSL_CC and go, into there
#   --built  takes them from there, on a machine without a compiler
#   CASE     name or pattern: 'python-*'; without one, all
# shellcheck source=tests/report.sh
. "$(dirname "$0")/report.sh"
: "${CC:=cc}" "${MUSL_CC:=musl-gcc}"
cases=$SRCDIR/tests/runner/programs
shown=8

# How long a case may take, in seconds: many times what it takes, and a guest that hangs ends.
: "${CASE_SECONDS:=60}"

how=compared built=
case ${1-} in
--list | --twice) how=${1#--} && shift ;;
esac
made=$tmp/made	# files that cases are given
case ${1-} in
--build) how=build made=$2 && shift 2 ;;
--built) built=$2 && shift 2 ;;
esac
# shellcheck source=tests/guest.sh
[ "$how" != compared ] || . "$(dirname "$0")/guest.sh"

# What a case finds in its environment, and no more: the last is the runner's, where a sanitizer
# is built in.
guest_environment="PATH=$(getconf PATH) HOME=$tmp/work TMPDIR=$tmp/work LC_ALL=C TZ=UTC
PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 GOMAXPROCS=4 ASAN_OPTIONS=${ASAN_OPTIONS-}"

# ------------------------------------------------------------------ files that cases are given
make_files()
{
	mkdir -p "$made/folder/sub" "$made/empty"
	cd "$made" || exit 99
	awk 'BEGIN { for (i = 0; i < 2000; i++) print "w" (i * 7919 % 10007) " and " i % 97 }' >words
	sed 's/7 and/8 or/' words >words2
	awk 'BEGIN { for (i = 0; i < 500; i++) print i * 31 % 499, "k" i % 11, i / 7 }' >table
	awk 'BEGIN { for (i = 0; i < 20000; i++) printf "%c", i * i % 251 + 1 }' >bytes
	printf 'a\tb\tc\n        d\te\n' >./tabs
	printf 'a b\nb c\na d\nd c\n' >pairs
	printf 'scale=30\n4*a(1)\n2^100\nfor (i = 0; i < 5; i++) i * i\n' >sums.bc
	for i in 1 2 3 sub/4; do head -c ${i#sub/}000 bytes >folder/$i; done
	md5sum words bytes >sums.md5
	diff -u words words2 >words.patch
	gzip -n -k words
	bzip2 -k words 2>/dev/null
	xz -k words 2>/dev/null
	xz -k --format=lzma words 2>/dev/null
	find . -exec touch -h -d @1600000000 '{}' +
	tar -cf archive.tar folder words
	tar -czf archive.tar.gz folder words
	find folder words | busybox cpio -o -H newc >archive.cpio 2>/dev/null
	ar -rcD archive.a words bytes 2>/dev/null
	busybox uuencode bytes again >bytes.uu
	printf 'int one(void) { return 1; }\n' >one.c
	printf 'int two(void) { return 2; }\n' >two.c
	printf '%s\n' '#include <stdio.h>' '#include <math.h>' 'int one(void), two(void);' \
		'int main(int c, char **v) { printf("%s %d %.3f\n", v[c - 1], one() + two(),' \
		'	sin(c)); return 5; }' >three.c
	# shellcheck disable=SC2016  # for make
	printf '%s\n' 'program: one.o two.o three.o' '	$(CC) -o $@ $^ -lm' \
		'%.o: %.c' '	$(CC) -O2 -c -o $@ $<' >Makefile
	find . -exec touch -h -d @1600000000 '{}' +
	cd "$tmp" || exit 99
}

# ------------------------------------------------------------------ one run, two runs

# attempt WHERE [PREFIX] COMMAND... : out, err, status, and files of that run into folder WHERE
attempt()
{
	mkdir "$1"
	rm -rf "$tmp/work"
	cp -a "$made" "$tmp/work"
	into=$1
	shift
	# shellcheck disable=SC2086  # a list
	(cd "$tmp/work" && exec timeout -k 5 "$CASE_SECONDS" env -i $guest_environment "$@") \
		<"$made/words" >"$into/out" 2>"$into/err"
	echo "status $?" >"$into/status"
	# What was written: of each file its kind, rights, size and text; not of places, which move.
	(cd "$tmp/work" && find . ! -name . -printf '%P %y %m %l\n' | sort &&
		find . -type f -exec sha256sum '{}' + | sort -k 2) >"$into/files" 2>&1
}

# What is still at work in that folder: numbers of processes. Those told to end get a moment.
left_behind()
{
	tries=0
	while [ $tries -lt 20 ]; do
		left=$(find /proc -maxdepth 2 -name cwd -lname "$tmp/work*" 2>/dev/null | cut -d / -f 3)
		[ -n "$left" ] || return 1
		sleep 0.1
		tries=$((tries + 1))
	done
}

# The names of processes and addresses, which no run has twice.
normal='s/\b0x[0-9a-f]\{6,\}\b/ADDRESS/g; s/^[^ ]*: line \([0-9]*\): *[0-9]* /line \1: PID /'

# compare NAME COMMAND...
compare()
{
	name=$1
	shift
	case $1 in
	*/*) ;;
	*)
		program=$(in_path "$1")
		shift
		set -- "$program" "$@"
		;;
	esac
	rm -rf "$tmp/native" "$tmp/runner"
	attempt "$tmp/native" "$@"
	if [ "$how" = twice ]; then
		attempt "$tmp/runner" "$@"
	else
		attempt "$tmp/runner" "$VDSORUN" "$@"
	fi
	if left_behind; then
		cp "$tmp/runner/err" "$tmp/err"
		: >"$tmp/out"
		# shellcheck disable=SC2086  # a list
		fail "$name: processes are left:" $left
		# shellcheck disable=SC2086
		kill -9 $left
	fi
	differs=
	for part in status out err files; do
		sed -i "$normal" "$tmp/native/$part" "$tmp/runner/$part"
		cmp -s "$tmp/native/$part" "$tmp/runner/$part" || differs="$differs $part"
	done
	if grep -qxE 'status (124|127)' "$tmp/native/status"; then
		: >"$tmp/out"
		cp "$tmp/native/err" "$tmp/err"
		fail "$name: natively, $(cat "$tmp/native/status")"
	elif [ -z "$differs" ]; then
		pass
	else
		first=${differs# }
		diff -u -a "$tmp/native/${first%% *}" "$tmp/runner/${first%% *}" | sed 1,2d >"$tmp/out"
		cp "$tmp/runner/err" "$tmp/err"
		fail "$name: other$differs"
	fi
}

# ------------------------------------------------------------------ cases
patterns=$*

wanted() # NAME
{
	[ -n "$patterns" ] || return 0
	for pattern in $patterns; do
		# shellcheck disable=SC2254  # a pattern
		case $1 in $pattern) return 0 ;; esac
	done
	return 1
}

# has TOOL : it is there, or that is said, once
left_out=
has()
{
	case $1 in ./*) return 0 ;; esac	# built here
	command -v "$1" >/dev/null && return
	case " $left_out " in
	*" $1 "*) ;;
	*) left_out="$left_out $1" && echo "no $1: its cases are left out" ;;
	esac
	return 1
}

# try NAME COMMAND...
try()
{
	wanted "$1" && [ "$how" != build ] || return 0
	if [ "$how" = list ]; then
		echo "$1"
	elif has "$2"; then
		[ -d "$made" ] || make_files
		compare "$@"
	fi
}

# try_file NAME COMMAND... : a program of $cases, which its case finds beside the other files
try_file()
{
	wanted "$1" && [ "$how" != build ] || return 0
	[ "$how" = list ] || [ -d "$made" ] || make_files
	name=$1
	shift
	[ "$how" = list ] || cp "$cases/$name".* "$made"
	try "$name" "$@"
	rm -f "$made/$name".*
}

try_table() # GROUP
{
	while read -r name command; do
		case $name in '' | '#'*) continue ;; esac
		eval "try \"\$1-\$name\" $command"
	done <"$cases/$1.cases"
}

# The interpreter itself, not a script that finds it.
python=/usr/bin/python3
[ -x $python ] || python=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null) ||
	python=python3

try_table busybox
try_table coreutils
try_file sh-script sh sh-script.sh
for name in pipes jobs; do
	try_file bash-$name bash bash-$name.bash
done
for name in library threads processes sockets signals memory sqlite; do
	try_file python-$name "$python" python-$name.py
done
for name in text processes; do
	try_file perl-$name perl perl-$name.pl
done
# shellcheck disable=SC2094
try_file sqlite3 sqlite3 db '.read sqlite3.sql'

# Compilers: a program that they build, and that runs.
for compiler in gcc clang tcc; do
	wanted compile-$compiler && has $compiler &&
		try compile-$compiler sh -c \
			"$compiler -O1 -o program one.c two.c three.c -lm && ./program arg; echo \$?"
done
try compile-objects gcc -c -O2 -g0 one.c two.c three.c
try compile-make make -s -j2 CC=gcc program
try compile-binutils sh -c 'gcc -c one.c && ar rcD lib.a one.o && nm lib.a &&
	strip -o small one.o && objdump -d one.o && readelf -aW small'

# Programs built here, natively: what they are built from is not what is tried.
build() # NAME COMMAND... : into $made/NAME
{
	name=$1
	shift
	wanted "$name" || return 1
	[ "$how" != list ] || return 0
	[ "$how" = build ] || [ -d "$made" ] || make_files
	if [ -n "$built" ] && [ -f "$built/$name" ]; then
		cp "$built/$name" "$made"
		return
	fi
	has "$1" || return 1
	"$@" >"$tmp/out" 2>"$tmp/err" && return
	fail "$name: cannot be built"
	return 1
}
for form in static dynamic; do
	flags=
	[ $form = dynamic ] || flags=-static
	for library in musl glibc; do
		compiler=$CC
		[ $library = glibc ] || compiler=$MUSL_CC
		# shellcheck disable=SC2086  # lists
		build $library-$form $compiler -O1 $flags -pthread -o "$made/$library-$form" \
			"$cases/c-program.c" && try $library-$form ./$library-$form
	done
done
build go-program env CGO_ENABLED=0 GOFLAGS=-mod=mod GO111MODULE=off GOCACHE="$tmp/go" \
	go build -o "$made/go-program" "$cases/go-program.go" && try go-program ./go-program

case $how in list | build) exit $failures ;; esac
[ $checks -gt 0 ] || { echo "no such case: $patterns"; exit 2; }
summary

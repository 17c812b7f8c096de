#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# `make amalgamation`: the pair of files, with all architectures and with each,
# compiles by itself with every compiler that is here, exports the library's
# functions and nothing else, and works in a program without a C library
# (tests/amalgamation.c), where it builds what `vdsogen build` does. Then what
# tools/amalgamate.py makes of names that files share, and what it refuses.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${VDSOGEN:=$BUILDDIR/vdsogen}"
. "$SRCDIR/tests/cross.sh"
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
freestanding='-ffreestanding -std=gnu11 -Wall -Wextra -Werror'
# What kernels ask for besides.
strict='-Wshadow -Wstrict-prototypes -Wmissing-prototypes'

if ! command -v python3 >/dev/null; then
	echo "SKIP: no python3 (Debian: apt-get install python3)"
	exit 77
fi

fail() {
	echo "FAIL: $*"
	failed=$((failed + 1))
}

# amalgamation OUT [VARIABLE=VALUE...]
amalgamation() {
	out=$1
	shift
	make -s -C "$BUILDDIR" amalgamation AMALGAMATION_DIR="$out" "$@" >"$dir/log" 2>&1
}

# ------------------------------------------------------------------- the pair
# expect PAIR ARCH... : the functions that the header declares, but for other architectures
expect() {
	pair=$1
	shift
	$CC -E -P -std=gnu11 "$pair/vdsogen.h" | tr '\n;' ' \n' |
		sed -n '/typedef/d; s/.*[ *]\(vdsogen_[a-z0-9_]*\)(.*/\1/p' | sort -u >"$dir/declared"
	for arch in $ARCHS; do
		case " $* " in
		*" $arch "*) ;;
		*) sed -i "/^vdsogen_arch_$arch\$/d" "$dir/declared" ;;
		esac
	done
	cp "$dir/declared" "$pair.expected"
}

# examine PAIR COMPILER FLAG... : $pair.o, of which the symbols are as they should be
examine() {
	pair=$1
	shift
	what="${pair##*/}, $*"
	# shellcheck disable=SC2086
	if ! "$@" $freestanding $strict -c -o "$pair.o" "$pair/vdsogen.c" 2>"$dir/log"; then
		fail "$what: $(grep -m 5 error "$dir/log")"
		return 1
	fi
	nm "$pair.o" >"$dir/nm"
	sed -n 's/^[0-9a-f]* [A-Z] //p' "$dir/nm" | sort >"$dir/exported"
	diff "$pair.expected" "$dir/exported" >"$dir/log" ||
		fail "$what: what should be exported (<) and is (>): $(cat "$dir/log")"
	! sed -n 's/^ *U //p' "$dir/nm" | grep -vxE 'memcpy|memmove|memset|memcmp' >"$dir/log" ||
		fail "$what: needs $(cat "$dir/log")"
	echo "$what: $(wc -l <"$dir/exported") functions, and nothing else, are exported"
}

# run_program PAIR NAME ARCH LAUNCHER COMPILER FLAG... : with the object that was examined
run_program() {
	pair=$1 name=$2 arch=$3 launcher=$4
	shift 4
	# shellcheck disable=SC2086
	if ! "$@" $freestanding -fno-stack-protector -fno-pie -static -nostdlib -I"$pair" \
		-o "$dir/program" "$SRCDIR/tests/amalgamation.c" "$pair.o" 2>"$dir/log"; then
		fail "$name: the program cannot be built: $(grep -m 5 -E 'error|undefined' "$dir/log")"
		return 0
	fi
	status=0
	$launcher "$dir/program" >"$dir/image" || status=$?
	[ "$status" = 0 ] || fail "$name: exit status $status; tests/amalgamation.c has their names"
	"$VDSOGEN" build --arch "$arch" | cmp - "$dir/image" ||
		fail "$name: the image is not that of vdsogen build"
	ran=$((ran + 1))
}

# Lines, as $CC may have arguments.
other=clang
! $CC --version | grep -q clang || other=gcc
compilers=$CC
! command -v $other >/dev/null || compilers="$CC
$other"

# try PAIR LEVELS ARCH... : with each compiler, for each machine
try() {
	pair=$dir/$1 levels=$2
	shift 2
	amalgamation "$pair" AMALGAMATION_ARCHS="$*" || {
		fail "make amalgamation AMALGAMATION_ARCHS='$*': $(cat "$dir/log")"
		return 0
	}
	expect "$pair" "$@"
	IFS='
'
	for compiler in $compilers; do
		unset IFS
		for level in $levels; do
			# shellcheck disable=SC2086
			examine "$pair" $compiler $level || continue
			case " $* " in
			*" $machine "*)
				# shellcheck disable=SC2086
				run_program "$pair" "$compiler $level" "$machine" '' $compiler $level ;;
			esac
		done
	done
	[ "$cross_too" = yes ] || return 0
	for level in $levels; do
		if examine "$pair" $cross $level; then
			case " $* " in
			*' aarch64 '*) run_program "$pair" "$cross $level" aarch64 qemu-aarch64 $cross $level ;;
			esac
		fi
	done
	! command -v clang >/dev/null || examine "$pair" clang -O2 --target=aarch64-linux-gnu || :
}

cross_too=no
! for_aarch64 || cross_too=yes
# shellcheck disable=SC2086
try all '-O0 -O2' $ARCHS
for arch in $ARCHS; do
	try "$arch" -O2 "$arch"
done

# Hosted, the compiler's own string.h is there.
$CC -std=gnu11 -Wall -Wextra -Werror -O2 -c -o "$dir/hosted.o" "$dir/all/vdsogen.c" ||
	fail "$CC, hosted: does not compile"

# The same tree, the same bytes; no path in them.
amalgamation "$dir/again" || fail "make amalgamation: $(cat "$dir/log")"
diff -r "$dir/all" "$dir/again" || fail "two runs do not write the same"
! grep -nF -e "$dir" -e "$BUILDDIR" "$dir/all/vdsogen.c" || fail "it says where it was made"
! amalgamation "$dir/none" AMALGAMATION_ARCHS=pdp11 || fail "there is an architecture pdp11"
grep -q "no architecture 'pdp11'; there are: ." "$dir/log" || fail "pdp11: $(cat "$dir/log")"

# -------------------------------------------------------------- names in files
# small FILE... : of a tree that has no more; standard input replaces the last
small() {
	rm -rf "$dir/tree" "$dir/small"
	mkdir -p "$dir/tree/include" "$dir/tree/libvdsogen" "$dir/tree/arch/one" "$dir/tree/arch/two"
	cp "$SRCDIR/COPYING" "$dir/tree"
	cat >"$dir/tree/include/vdsogen.h" <<'END'
#define VDSOGEN_VERSION_MAJOR 1
#include <stddef.h>
struct public { int same; int other[3]; };
int vdsogen_a(const struct public *p);
int vdsogen_b(const struct public *p);
int vdsogen_one(void);
int vdsogen_two(void);
END
	cat >"$dir/tree/libvdsogen/common.h" <<'END'
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_H
#define COMMON_H
#include "vdsogen.h"
#define AT(member) offsetof(struct public, member)
#define AT_TOO(member) AT(member)
int vg_shared(int same);
#endif
END
	# Everything that two files can both have: functions, tags, constants, variables, macros.
	cat >"$dir/tree/libvdsogen/a.c" <<'END'
#include "common.h"
#define MACRO 1
enum kind { FIRST = 10, SECOND };
struct pair { int same, kind; int (*table[2])(int); };
static int table[] = { FIRST, SECOND }, more = 5, *pointer = &more;
static int same(const struct public *p) { return p->same; }
int vg_shared(int n) { return n + MACRO; }
int vdsogen_a(const struct public *p)
{
	struct pair pair = { .same = same(p), .kind = FIRST };

	return pair.same + pair.kind + table[1] + *pointer + (int)AT(same) + (int)AT_TOO(other[FIRST - 9]);
}
END
	cat >"$dir/tree/libvdsogen/b.c" <<'END'
#include "common.h"
#define MACRO(x) ((x) + 2)
enum kind { FIRST = 20, SECOND = MACRO(FIRST) };
struct pair { enum kind same; };
static const struct { int same, more; } table[] = { { FIRST, 7 } };
static int same(int (*function)(int), int n);
static int (*const pointer)(int) = vg_shared;
static int same(int (*function)(int), int n) { return function(n); }
int vdsogen_b(const struct public *p)
{
	struct pair pair = { .same = SECOND };

	return (int)pair.same + table->same + table[0].more + same(pointer, p->same);
}
END
	# An architecture's header belongs to the folder.
	for arch in one two; do
		cat >"$dir/tree/arch/$arch/insn.h" <<END
#ifndef ${arch}_H
#define ${arch}_H
#define NUMBER ${#arch}
enum reg { R0 = NUMBER, REG_$arch };
static inline int reg(void) { return R0; }
int helper_$arch(void);
#endif
END
		cat >"$dir/tree/arch/$arch/$arch.c" <<END
#include "insn.h"
#include "vdsogen.h"
int helper_$arch(void) { return NUMBER + R0 + reg(); }
int vdsogen_$arch(void) { return helper_$arch() ${2:-}; }
END
	done
	cat >"$dir/tree/$1"
}

# amalgamate FILE... : the small tree
amalgamate() {
	python3 "$SRCDIR/tools/amalgamate.py" --archs 'one two' --out "$dir/small" "$dir/tree" \
		libvdsogen/common.h libvdsogen/a.c libvdsogen/b.c arch/one/insn.h arch/two/insn.h \
		arch/one/one.c arch/two/two.c "$@" 2>"$dir/log"
}

small use.c <<'END'
#include "vdsogen.h"
int main(void)
{
	struct public p = { .same = 3 };

	return !(vdsogen_a(&p) == 3 + 10 + 11 + 5 + 0 + 8 && vdsogen_b(&p) == 22 + 20 + 7 + 4 &&
		 vdsogen_one() == 9 && vdsogen_two() == 9);
}
END
if amalgamate; then
	# shellcheck disable=SC2086
	{ $CC $freestanding $strict -I"$dir/small" -o "$dir/use" "$dir/tree/use.c" \
		"$dir/small/vdsogen.c" && "$dir/use"; } ||
		fail "names in small files: not what the files say"
	ran=$((ran + 1))
else
	fail "names in small files: $(cat "$dir/log")"
fi

# refuses FILE MESSAGE... : standard input is the file
refuses() {
	file=$1 message=$2
	shift 2
	small "$file"
	if amalgamate "$@"; then
		fail "'$message' was expected"
	else
		grep -qF "$message" "$dir/log" || fail "'$message' was expected: $(cat "$dir/log")"
	fi
}

refuses libvdsogen/c.c "libvdsogen/c.c:1: 'counter' is a variable that all files see" libvdsogen/c.c <<'END'
int counter;
END
refuses libvdsogen/c.c "libvdsogen/c.c:2: 'AT' is a macro of libvdsogen/common.h" libvdsogen/c.c <<'END'
#include "vdsogen.h"
static inline int AT(int n) { return n; }
END
refuses libvdsogen/c.c "libvdsogen/c.c:3: '}' closes nothing" libvdsogen/c.c <<'END'
#include "vdsogen.h"
static int f(void) {
} }
END
refuses libvdsogen/c.c 'includes "d.h", which is none of the files' libvdsogen/c.c <<'END'
#include "d.h"
END
refuses arch/one/insn.h 'arch/one/insn.h:1: a header without a guard' <<'END'
enum { R0 };
END
refuses libvdsogen/c.c "'FIRST' is used elsewhere, too; it might be what ## makes in 'PASTE'" libvdsogen/c.c <<'END'
#define PASTE(x) FI##x
enum { FIRST };
END
refuses libvdsogen/common.h "'vg_missing' is declared, and is in none of the files" <<'END'
#ifndef COMMON_H
#define COMMON_H
#include "vdsogen.h"
#define AT(member) offsetof(struct public, member)
#define AT_TOO(member) AT(member)
int vg_shared(int same);
int vg_missing(void);
#endif
END

finish

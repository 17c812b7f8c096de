#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Real programs on a generated page, and the page itself. Run by `make demo`;
# the exit status is 0 only if everything turned out as the text says.
set -eu
VDSOGEN=${VDSOGEN:-./vdsogen} SRCDIR=${SRCDIR:-.} BUILDDIR=${BUILDDIR:-.} CC=${CC:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
vdsogen() { "$VDSOGEN" "$@"; }

title() { printf '\n=== %s\n' "$*"; }
tell() { printf '    %s\n' "$@"; }
have() { command -v "$1" >/dev/null; }

wrong() {
	printf '!!! %s\n' "$*"
	failed=1
}

# on_page PROGRAM... : runs it with every clock call that reaches the kernel counted.
on_page() {
	printf '$ vdsogen run --count -- %s\n' "$*" | sed "s:$dir/::g"
	"$VDSOGEN" run --count -- "$@" 2>"$dir/errors" || wrong "exit status $?"
	cat "$dir/errors"
	grep -q '^vdsogen: 0 clock calls' "$dir/errors" || wrong "a clock call reached the kernel"
}

title "Programs on a generated page"
tell "'vdsogen run' starts a program with a page that libvdsogen made in place of the" \
	"kernel's vDSO. --count lets the kernel report every clock call that is made in spite of" \
	"the page: the last line of each run is a count, not a guess."

echo
tell "date: glibc, linked dynamically, as installed on this machine."
on_page date

if have python3; then
	echo
	tell "Python, in a loop:"
	on_page python3 -c 'import time
first = time.monotonic()
for _ in range(200000): now = time.time()
print("200000 times in %.3f s; it is %.6f" % (time.monotonic() - first, now))'
elif have perl; then
	echo
	tell "Perl, in a loop:"
	# shellcheck disable=SC2016  # Perl's variables
	on_page perl -MTime::HiRes=time -e 'my $now; $now = time for 1..200000; print "$now\n"'
fi

$CC -O2 -o "$dir/with-glibc" "$SRCDIR/tools/demo-clock.c"
echo
tell "A C program, dynamic glibc:"
on_page "$dir/with-glibc" 1000000

if have musl-gcc; then
	musl-gcc -O2 -static -o "$dir/with-musl" "$SRCDIR/tools/demo-clock.c"
	echo
	tell "The same, static musl, another C library with another way to read a vDSO:"
	on_page "$dir/with-musl" 1000000
else
	tell "(no musl-gcc here: no program with musl)"
fi

title "Is the count right?"
tell "To see it count: an image without hash tables, in which no C library can find anything." \
	"Now every call goes to the kernel."
vdsogen build --omit hash,gnu-hash -o "$dir/unreadable"
echo '$ vdsogen build --omit hash,gnu-hash -o unreadable'
echo '$ vdsogen run --count --image unreadable -- with-glibc 1000'
vdsogen run --count --image "$dir/unreadable" -- "$dir/with-glibc" 1000 2>&1 | tee "$dir/errors"
grep -q '^vdsogen: [1-9][0-9]* clock calls' "$dir/errors" || wrong "nothing was counted"

title "Another time"
tell "The page says what its publisher says: here, one day ahead."
echo '$ vdsogen run --offset 86400 -- date'
vdsogen run --offset 86400 -- date || wrong "exit status $?"

title "The page"
tell "All of it is one page of 4096 bytes. Below, from left: where a part begins, its bytes, its" \
	"name. To read it:" \
	"  .text             the code: one function after the other" \
	"  .dynsym, .dynstr  the functions' names, and where each begins" \
	"  .hash, .gnu.hash  two indexes of the names; musl uses the one, glibc the other" \
	"  .gnu.version...   the names' versions, which Go programs insist on" \
	"  .dynamic          where all of these are, for C libraries" \
	"  section headers   the same for debuggers" \
	"  .note             for whom the page was made, by what, and its identity" \
	"  clock block       what the clock's publisher writes while programs read"
echo '$ vdsogen build -o page; vdsogen show --no-disassembly page'
vdsogen build -o "$dir/page"
vdsogen show --no-disassembly "$dir/page" >"$dir/out" || wrong "exit status $?"
sed "/^Notes/,\$d; s:^$dir/::" "$dir/out"
tell "('vdsogen show' also lists the notes, the clock's data and the code.)"

# ----------------------------------------------------------------------------
cross=aarch64-linux-gnu-gcc
title "The same for aarch64"
if [ "$(uname -m)" = aarch64 ] || ! have $cross || ! have qemu-aarch64; then
	tell "(left out: for an x86_64 machine with $cross and qemu-aarch64)"
	exit $failed
fi
tell "Any machine builds for any architecture. This image was built here by 'vdsogen build" \
	"--arch aarch64'; a small aarch64 program maps it, starts its clock and asks it the time," \
	"under qemu-aarch64, whose -strace lists the system calls that are made."

sources=
for file in $LIBRARY_SOURCES; do
	case $file in
	*.c) sources="$sources $SRCDIR/$file" ;;
	esac
done
# shellcheck disable=SC2086  # a list of files
$cross -std=gnu11 -O2 -static -I"$SRCDIR/include" -I"$SRCDIR/libvdsogen" -I"$SRCDIR/tools" \
	-I"$BUILDDIR/arch" -o "$dir/demo-page" "$SRCDIR/tools/demo-page.c" "$SRCDIR/tools/host.c" $sources
vdsogen build --arch aarch64 -o "$dir/page-aarch64"
echo '$ vdsogen build --arch aarch64 -o page-aarch64'

clock_calls() { # CALLS: system calls about clocks that the program makes
	qemu-aarch64 -strace "$dir/demo-page" "$dir/page-aarch64" "$1" 2>"$dir/strace" >"$dir/out" ||
		wrong "demo-page: exit status $?"
	grep -cE '(clock_gettime|gettimeofday)' "$dir/strace" || :
}

without=$(clock_calls 0)
with=$(clock_calls 1000000)
echo '$ qemu-aarch64 -strace demo-page page-aarch64 1000000'
cat "$dir/out"
tell "System calls about clocks in that run: $with. In one that asks the page 0 times: $without" \
	"(these start the clock). So 1000000 questions to the page made $((with - without))."
[ "$with" -eq "$without" ] || wrong "the page made system calls"
exit $failed

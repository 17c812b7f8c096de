#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Time never runs backwards between processors (tests/stress.c). All arguments
# go to the program: --reads N. For aarch64 it runs under qemu-user if there is
# a cross-compiler, with few reads: the emulator executes on this processor and
# in its memory order, so that shows that the program works there, no more.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
. "$SRCDIR/tests/cross.sh"
program='tests/stress*.c tests/exec-page.c tests/exec-trap.c'
EMULATED_READS=300000

# It takes long: its lines are to be seen as they come.
watch() {
	name=$1 status=0
	shift
	echo "$name:"
	"$@" || status=$?
	tally "$name" "$status"
}

if for_this_machine; then
	# shellcheck disable=SC2086
	compile "$dir/native" $CC $CFLAGS ${LDFLAGS-}
	watch "$machine" "$dir/native" "$@"
fi
if for_aarch64; then
	compile "$dir/aarch64" "$cross" -O2 -static
	watch "aarch64, emulated" qemu-aarch64 "$dir/aarch64" --reads "$EMULATED_READS"
fi
finish

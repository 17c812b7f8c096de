#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The arithmetic of time (tests/exhaustive.c): both ends of each part and blocks in between, on
# this processor and for aarch64 under qemu-user if there is a cross-compiler. With "whole" as
# its argument all of it, on this processor: make check-exhaustive.
# EXHAUSTIVE_SEED chooses the blocks; the one that was used is printed.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${EXHAUSTIVE_SEED:=$(date +%s)}"
. "$SRCDIR/tests/cross.sh"
program='tests/exhaustive.c tests/exec-page.c tests/exec-trap.c'

if for_this_machine; then
	# shellcheck disable=SC2086
	compile "$dir/native" $CC $CFLAGS ${LDFLAGS-}
fi
if [ "${1-}" = whole ]; then
	[ -x "$dir/native" ] || finish
	"$dir/native" whole
	exit
fi

echo "EXHAUSTIVE_SEED=$EXHAUSTIVE_SEED"
if [ -x "$dir/native" ]; then
	report "$machine" "$dir/native" sample 256 "$EXHAUSTIVE_SEED"
fi
if for_aarch64; then
	compile "$dir/aarch64" "$cross" -O2 -static
	report aarch64 qemu-aarch64 "$dir/aarch64" sample 32 "$EXHAUSTIVE_SEED"
fi
finish

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Images run and are compared with the system calls (tests/exec*.c): on this
# processor, and for aarch64 under qemu-user if there is a cross-compiler.
# An argument chooses one suite of tests/exec.c.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
. "$SRCDIR/tests/cross.sh"
program='tests/exec*.c'

if for_this_machine; then
	# shellcheck disable=SC2086
	compile "$dir/native" $CC $CFLAGS ${LDFLAGS-}
	report "$machine" "$dir/native" "$@"
fi
if for_aarch64; then
	compile "$dir/aarch64" "$cross" -O2 -static
	report aarch64 qemu-aarch64 "$dir/aarch64" "$@"
fi
finish

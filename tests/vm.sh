#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Fallbacks that reach a hypervisor, in a virtual machine on KVM: tests/vm*.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
. "$SRCDIR/tests/cross.sh"
program='tests/vm-*.c'
seconds=120	# a guest that does not end

if [ "$machine" != x86_64 ] || ! has_arch x86_64; then
	echo "SKIP: a machine of x86_64, and the library with it, is needed for its hypercalls"
	exit 77
fi
# shellcheck disable=SC2086  # lists of words
compile "$dir/vm" $CC $CFLAGS ${LDFLAGS-}
report "$machine" timeout "$seconds" "$dir/vm"
finish

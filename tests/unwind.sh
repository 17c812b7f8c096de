#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# libgcc's unwinder finds its way out of a page, from every instruction that
# calls pass and every store that faults (tests/unwind.c). On this processor: a
# page of the program's own, and the one that vdsogen run gives it; for aarch64
# under qemu-user, through the page's rt_sigreturn, if there is a cross-compiler.
# An argument chooses one architecture.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${VDSOGEN:=$BUILDDIR/vdsogen}"
. "$SRCDIR/tests/cross.sh"
trap 'exit 99' HUP INT TERM
program='tests/unwind.c tests/unwind-page.c'
# A static program's libgcc asks a function of the program's, which tells it of the page.
static='-static -DWRAPPED -Wl,--wrap=_dl_find_object'
# The leak sanitizer does not work in a traced process.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
export ASAN_OPTIONS
[ $# = 0 ] || ARCHS=$1

# Programs of this machine, on a page of their own and on one from vdsogen run.
native() {
	# shellcheck disable=SC2086
	compile "$dir/dynamic" $CC $CFLAGS ${LDFLAGS-}
	kinds=dynamic
	# shellcheck disable=SC2086
	if compile "$dir/static" $CC -O2 $static 2>"$dir/err"; then
		kinds='dynamic static'
	else
		echo "$machine, static: not run: $CC makes no static program here"
	fi
	for kind in $kinds; do
		report "$machine, $kind" "$dir/$kind"
	done
	if ! "$VDSOGEN" run true 2>"$dir/err"; then
		echo "$machine, vdsogen run: not run: $(cat "$dir/err")"
		grep -q 'ptrace: not permitted' "$dir/err" || failed=$((failed + 1))
		return
	fi
	for kind in $kinds; do
		report "$machine, $kind, vdsogen run" "$VDSOGEN" run "$dir/$kind"
		grep -q 'that it was given' "$dir/out" ||
			report "the page was not given to $kind" false
	done
}

if for_this_machine; then
	native
fi
if for_aarch64; then
	# shellcheck disable=SC2086
	compile "$dir/aarch64" "$cross" -O2 $static
	report aarch64 qemu-aarch64 "$dir/aarch64"
fi
finish

# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154  # variables of report.sh
# For scripts whose programs run under vdsorun, the command $VDSORUN: it leaves where that cannot
# be. To be sourced, after report.sh.
: "${VDSORUN:=$BUILDDIR/vdsorun}"
if ! command -v "$VDSORUN" >/dev/null; then
	echo "SKIP: the runner has no back end for this machine, and was not built"
	exit 77
fi
if ! [ -r /dev/kvm ] || ! [ -w /dev/kvm ]; then
	"$VDSORUN" /bin/true >"$tmp/out" 2>"$tmp/err"
	is $? 1 "vdsorun without /dev/kvm: status"
	grep -q '/dev/kvm' "$tmp/err" || fail "vdsorun does not say that /dev/kvm is what it lacks"
	[ "$failures" -eq 0 ] || exit 1
	echo "SKIP: no /dev/kvm that can be used"
	exit 77
fi
# What ends a program ends the runner, and is not for a sanitizer to explain.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}handle_segv=0:handle_sigbus=0:handle_sigfpe=0
ASAN_OPTIONS=$ASAN_OPTIONS:handle_sigill=0:handle_abort=0
export ASAN_OPTIONS

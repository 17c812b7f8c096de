#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The order of the runner's table of descriptors: every interleaving of tests/spin/registry.pml
# is right, and none is without one of its rules.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${CC:=cc}"

if ! command -v spin >/dev/null; then
	echo "SKIP: spin is not here to go through the interleavings (package spin)"
	exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM
failed=0

# Words that break tests/spin/registry.pml; '' is the rule as it is.
for word in '' BY_DESCRIPTOR NO_HOLD NO_LOCK BIT_BEFORE_SLOT SLOT_BEFORE_BIT; do
	verdict=holds
	[ -z "$word" ] || verdict=breaks
	(
		cd "$dir"
		spin ${word:+-D"$word"} -a "$SRCDIR/tests/spin/registry.pml" >said
		$CC -O1 -w -DSAFETY -DVECTORSZ=2048 -o pan pan.c
		./pan -m100000 >said
	) || { echo "FAIL: spin: ${word:-registry}: $(cat "$dir/said")" && exit 1; }
	if grep -q 'errors: 0$' "$dir/said"; then said=holds; else said=breaks; fi
	if grep -qE 'out of memory|depth too small|aborted' "$dir/said"; then said='was not all seen'; fi
	if [ "$said" != $verdict ]; then
		echo "FAIL: spin: ${word:-registry}: $said, and not: $verdict"
		failed=1
	fi
done
exit $failed

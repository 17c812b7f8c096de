#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The memory order of the readers and the publisher: tests/litmus/verdicts against the published
# models of Armv8 and x86, by the checker beside it and, where there is one, by herd7.
set -eu
SRCDIR=${SRCDIR:-.}
cd "$SRCDIR/tests/litmus"
ran='' failed=0

# The list and the folder have the same files.
listed=$(sed '/^#/d; /^$/d; s/ .*//' verdicts | LC_ALL=C sort)
found=$(find . -name '*.litmus' | sed 's:^\./::' | LC_ALL=C sort)
if [ "$listed" != "$found" ]; then
	echo "FAIL: tests/litmus/verdicts and the files beside it are not the same:"
	printf '%s\n' "$listed" "$found" | LC_ALL=C sort | uniq -u
	failed=1
fi

# -B: the source folder may be read-only, or in a release.
if command -v python3 >/dev/null; then
	ran=litmus.py
	python3 -B litmus.py --list verdicts || failed=1
fi

# herd7 says "Observation NAME VERDICT"; that of every file has to be there.
if command -v herd7 >/dev/null; then
	ran="$ran herd7"
	# shellcheck disable=SC2086  # a list of names without spaces
	herd7 $listed | awk '
		FILENAME == "-" { if ($1 == "Observation") said[$2] = $3; next }
		/^#/ || !NF { next }
		{
			name = $1
			sub(/.*\//, "", name)
			sub(/\.litmus$/, "", name)
			if (said[name] != $2) {
				print "FAIL: herd7: " $1 ": " said[name] ", but the list says " $2
				failed = 1
			}
		}
		END { exit failed }' - verdicts || failed=1
fi

if [ -z "$ran" ] && [ $failed = 0 ]; then
	echo "SKIP: neither python3 nor herd7 is here to derive a verdict"
	exit 77
fi
exit $failed

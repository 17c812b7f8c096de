#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The macOS host's tables of errors and signals with macOS's numbers, without a Mac: Go's files
# for darwin/arm64 are the headers, and what the tables say is compared with Go's for linux/arm64.
# Then what no test here reaches is named: tests/macos/untested.
set -u
SRCDIR=${SRCDIR:-.} CC=${CC:-cc}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

echo "what only a Mac can try:"
sed '/^#/d; s/^/  /' "$SRCDIR/tests/macos/untested"

go=$(go env GOROOT 2>/dev/null)/src/syscall
if [ ! -f "$go/zerrors_darwin_arm64.go" ]; then
	echo "SKIP: no Go, whose numbers these are compared with (Debian: apt-get install golang-go)"
	exit 77
fi

# numbers SYSTEM PREFIX : "NAME NUMBER", in Go's way of writing them
numbers() {
	sed -n "s/^	\($2[A-Z0-9]*\) *= \(Errno\|Signal\)(\(0x[0-9a-f]*\))\$/\1 \3/p" \
		"$go/zerrors_$1_arm64.go"
}
headers=$tmp/include
mkdir "$headers"
numbers darwin E | sed 's/^/#define /' >"$headers/errno.h"
numbers darwin SIG | sed 's/^/#define /' >"$headers/signal.h"

cat >"$tmp/say.c" <<'END'
#include <stdio.h>
#include "errors.h"
#include "signal-numbers.h"
int main(void)
{
	for (int i = 1; i < ERRORS_MAX; i++)
		if (errors_known(i))
			printf("E %d %d\n", i, errors_to_linux(i));
	for (int i = 1; i < 32; i++)
		if (deliver_guest_number(i))
			printf("SIG %d %d\n", i, deliver_guest_number(i));
	return 0;
}
END
cd "$SRCDIR" || exit 99
# The guest's own header asks for the C library's.
sed '/kernel.h/d; /^#define linux_siginfo/d' runner/macos/linux-signal.h >"$tmp/linux-signal.h"
for file in errors signal-numbers; do
	cp "runner/macos/$file.c" "$tmp/"
	# shellcheck disable=SC2086  # CC may be more than a word
	$CC -std=gnu11 -D__APPLE__ -I"$headers" -iquote "$tmp" -iquote runner/macos -c \
		-o "$tmp/$file.o" "$tmp/$file.c" || exit 1
done
# shellcheck disable=SC2086
$CC -std=gnu11 -iquote runner/macos -o "$tmp/say" "$tmp/say.c" "$tmp/errors.o" \
	"$tmp/signal-numbers.o" runner/macos/translate.c || exit 1
"$tmp/say" | sort >"$tmp/ours"

# What both have by the same name; where Linux has one number for two names, so has the table.
for kind in E SIG; do
	numbers darwin "$kind" | sort >"$tmp/darwin"
	numbers linux "$kind" | sort >"$tmp/linux"
	join "$tmp/darwin" "$tmp/linux" | while read -r name darwin linux; do
		printf '%s %d %d %s\n' "$kind" "$darwin" "$linux" "$name"
	done
done >"$tmp/theirs"

failed=0
count=0
while read -r kind darwin linux name; do
	count=$((count + 1))
	told=$(awk -v k="$kind" -v d="$darwin" '$1 == k && $2 == d { print $3 }' "$tmp/ours")
	if [ "$told" != "$linux" ]; then
		echo "FAIL: $name is $darwin on macOS and $linux on Linux; the table says '$told'"
		failed=1
	fi
done <"$tmp/theirs"
echo "$count errors and signals are as Go has them"
[ "$count" -gt 100 ] || failed=1
exit $failed

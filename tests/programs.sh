#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Real programs on a generated page, by counting: of the clock calls of a
# dynamic and a static program of each C library and of a Go program, none
# reaches the kernel, and the times are right. Control: on an image whose
# symbols cannot be found, all of them do.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${VDSOGEN:=$BUILDDIR/vdsogen}" "${CC:=cc}"
CALLS=1000

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0

pass() { passed=$((passed + 1)); }

fail() {
	echo "FAIL: $*"
	[ ! -s "$dir/err" ] || sed 's/^/	/' "$dir/err"
	failed=$((failed + 1))
}

if ! "$VDSOGEN" run true 2>"$dir/err"; then
	cat "$dir/err"
	! grep -q 'ptrace: not permitted' "$dir/err" || exit 77
	echo "FAIL: vdsogen run true"
	exit 1
fi

# ------------------------------------------------------------------ the programs
# What each C library asks its vDSO for: a static program of glibc makes a
# system call for time() and gettimeofday() whatever the page. EXTRA is those two.
cat >"$dir/clocks.c" <<'END'
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static void backwards(const char *clock)
{
	fprintf(stderr, "%s went back\n", clock);
	exit(3);
}

int main(int argc, char **argv)
{
	struct timespec real = { 0 }, mono = { 0 }, then, boot;
	struct timeval day;
	time_t second = 0;
	int calls = argc > 1 ? atoi(argv[1]) : 0;

	for (int i = 0; i < calls; i++) {
		then = mono;
		if (clock_gettime(CLOCK_REALTIME, &real) || clock_gettime(CLOCK_MONOTONIC, &mono) ||
		    clock_gettime(CLOCK_BOOTTIME, &boot))
			return 2;
		if (mono.tv_sec < then.tv_sec ||
		    (mono.tv_sec == then.tv_sec && mono.tv_nsec < then.tv_nsec))
			backwards("CLOCK_MONOTONIC");
#ifdef EXTRA
		second = time(NULL);
		if (gettimeofday(&day, NULL) || day.tv_sec < second || day.tv_sec > real.tv_sec + 1)
			return 2;
#endif
	}
	(void)second, (void)day;
	printf("%lld %lld\n", (long long)real.tv_sec, (long long)mono.tv_sec);
	return 0;
}
END
cat >"$dir/clocks.go" <<'END'
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

func main() {
	calls, _ := strconv.Atoi(os.Args[1])
	start := time.Now()
	now := start
	for i := 0; i < calls; i++ {
		then := now
		now = time.Now()
		if now.Sub(then) < 0 {
			os.Exit(3)
		}
	}
	fmt.Println(now.Unix(), 0)
}
END
cat >"$dir/clocks.py" <<'END'
import sys, time
for i in range(int(sys.argv[1])):
    real = time.time()
    mono = time.monotonic()
    assert time.monotonic() >= mono
print(int(real), int(mono))
END

programs=

# program NAME COMMAND... : one more, if it can be built
program() {
	name=$1
	shift
	if "$@" >"$dir/log" 2>&1; then
		programs="$programs $name"
	else
		echo "$name: left out: $(head -n 1 "$dir/log")"
	fi
}

# has COMMAND PACKAGE : else says what would have to be installed
has() {
	command -v "$1" >/dev/null && return
	echo "$1: not here, its programs are left out (Debian: apt-get install $2)"
	return 1
}

# The programs are not what a sanitizer or CFLAGS of the build are for.
# shellcheck disable=SC2086  # CC may have options
program glibc-dynamic $CC -O1 -DEXTRA -o "$dir/glibc-dynamic" "$dir/clocks.c"
# shellcheck disable=SC2086
program glibc-static $CC -O1 -static -o "$dir/glibc-static" "$dir/clocks.c"
if has musl-gcc musl-tools; then
	program musl-dynamic musl-gcc -O1 -DEXTRA -o "$dir/musl-dynamic" "$dir/clocks.c"
	program musl-static musl-gcc -O1 -DEXTRA -static -o "$dir/musl-static" "$dir/clocks.c"
fi
if has go golang-go; then
	program go env GOCACHE="$dir/cache" GOTOOLCHAIN=local GOFLAGS=-p=2 CGO_ENABLED=0 \
		go build -o "$dir/go" "$dir/clocks.go"
fi
if has python3 python3; then
	printf '#!/bin/sh\nexec python3 "%s" "$@"\n' "$dir/clocks.py" >"$dir/python"
	program python chmod +x "$dir/python"
fi

# ------------------------------------------------------------------ running them
# counted NAME RUN-OPTION... : sets $count, $real and $mono
counted() {
	name=$1
	shift
	count='' real='' mono=''
	if ! "$VDSOGEN" run --count "$@" -- "$dir/$name" "$CALLS" >"$dir/out" 2>"$dir/err"; then
		fail "$name $*: exit status not 0"
		return 1
	fi
	count=$(sed -n 's/^vdsogen: \([0-9]*\) clock calls reached the kernel.*/\1/p' "$dir/err")
	read -r real mono <"$dir/out" || :
	if [ -z "$count" ] || [ -z "$mono" ]; then
		fail "$name $*: no count or no time"
		return 1
	fi
}

# plausible NAME BEFORE : the program's time is between BEFORE and now, in seconds
plausible() {
	if [ "$real" -ge "$2" ] && [ "$real" -le "$(date +%s)" ]; then
		pass
	else
		fail "$1: time $real, started at $2"
	fi
	up=$(cut -d. -f1 /proc/uptime)
	# Go does not tell
	if [ "$mono" = 0 ] || { [ "$mono" -ge $((up - 60)) ] && [ "$mono" -le $((up + 1)) ]; }; then
		pass
	else
		fail "$1: CLOCK_MONOTONIC at $mono, /proc/uptime at $up"
	fi
}

"$VDSOGEN" build -o "$dir/image"
"$VDSOGEN" build --omit hash,gnu-hash -o "$dir/blank"

for name in $programs; do
	for image in '' "$dir/image"; do
		before=$(date +%s)
		counted "$name" ${image:+--image "$image"} || continue
		if [ "$count" = 0 ]; then pass; else fail "$name: $count clock calls"; fi
		plausible "$name" "$before"
	done
	before=$(date +%s)
	counted "$name" --image "$dir/blank" || continue
	if [ "$count" -ge "$CALLS" ]; then pass; else fail "$name, without symbols: $count clock calls"; fi
	plausible "$name" "$before"
done

# One of the hash tables is enough, and sections nobody needs.
for omit in hash gnu-hash versions sections; do
	"$VDSOGEN" build --omit "$omit" -o "$dir/image"
	for name in $programs; do
		case $omit:$name in
		hash:musl-*) ;;		# knows DT_HASH alone (1.2.3)
		versions:go) ;;		# reads DT_VERDEF without asking whether it is there
		*)
			counted "$name" --image "$dir/image" || continue
			if [ "$count" = 0 ]; then pass; else fail "$name, no $omit: $count clock calls"; fi
			;;
		esac
	done
done

# Every layout.
for layout in --latch '--data before' '--data after' '--data before --distance 65536' \
	'--landing-pads off'; do
	for name in $programs; do
		before=$(date +%s)
		# shellcheck disable=SC2086  # options
		counted "$name" $layout || continue
		if [ "$count" = 0 ]; then pass; else fail "$name, $layout: $count clock calls"; fi
		plausible "$name" "$before"
	done
done

echo "$passed passed, $failed failed: $programs"
[ "$failed" = 0 ]

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Who reads a vDSO on aarch64, each on a generated page under qemu-user. That
# one has no vDSO to replace and no ptrace: tests/readers/loader.c starts the
# programs, and a trace of system calls shows which of them reached the kernel.
set -eu
# shellcheck source=tests/readers/common.sh
. "$(dirname "$0")/readers/common.sh"
cross=aarch64-linux-gnu-gcc root=/usr/aarch64-linux-gnu
musl=/usr/lib/aarch64-linux-musl/musl-gcc.specs

case " ${ARCHS:-x86_64 aarch64} " in
*' aarch64 '*) ;;
*)
	echo "SKIP: the library was built without aarch64"
	exit 77
	;;
esac
for need in "$cross gcc-aarch64-linux-gnu" "qemu-aarch64 qemu-user"; do
	if ! command -v "${need% *}" >/dev/null; then
		echo "SKIP: no ${need% *} (Debian: apt-get install ${need#* })"
		exit 77
	fi
done

"$VDSOGEN" build -a aarch64 -o "$dir/whole"
for part in hash gnu-hash hash,gnu-hash versions sections unwind; do
	"$VDSOGEN" build -a aarch64 --omit "$part" -o "$dir/without-$part"
done

sources=
for file in ${LIBRARY_SOURCES:-$(cd "$SRCDIR" && echo libvdsogen/*.c arch/*.c arch/*/*.c)}; do
	case $file in
	*.c) sources="$sources $SRCDIR/$file" ;;
	esac
done
# At an address of its own choice: programs have theirs.
# shellcheck disable=SC2086
$cross -std=gnu11 -O1 -Wall -Wextra -Werror -static-pie -fPIE -I"$SRCDIR/include" \
	-I"$SRCDIR/libvdsogen" -I"$BUILDDIR/arch" -I"$SRCDIR/tools" -o "$dir/loader" \
	"$here/loader.c" "$SRCDIR/tools/host.c" $sources

# load QEMU-OPTION... -- started|unstarted IMAGE COMMAND... : its output in $dir/out, of qemu in $dir/err
load() {
	options=
	while [ "$1" != -- ]; do
		options="$options $1"
		shift
	done
	shift
	status=0
	# shellcheck disable=SC2086
	{ timeout "$LIMIT" qemu-aarch64 -L $root $options "$dir/loader" "$@" </dev/null >"$dir/out" ||
		status=$?; } 2>"$dir/err"
}

# ------------------------------------------------------------------ libraries
# Go 1.19 has the hashes of another symbol's name in its table and does not find this one
# (golang/go, issue 62309): such a one is given the right hashes; its reader stays as it is.
build_go() {
	go_source=$(go env GOROOT)/src/runtime/vdso_linux_arm64.go
	number=$(go env GOVERSION)
	echo '{}' >"$dir/overlay"
	if grep -q '"__kernel_clock_gettime", 0xd35ec75, 0x6e43a318' "$go_source"; then
		sed 's/0xd35ec75, 0x6e43a318/0xb0cd725, 0xdfa941fd/' "$go_source" >"$dir/mended.go"
		printf '{"Replace": {"%s": "%s"}}\n' "$go_source" "$dir/mended.go" >"$dir/overlay"
		number="$number with the right hashes"
	fi
	program go "$number" env GOCACHE="$dir/cache" GOTOOLCHAIN=local CGO_ENABLED=0 \
		GOARCH=arm64 go build -overlay "$dir/overlay" -o "$dir/go" "$here/times.go"
}

number=$(version libc6-dev-arm64-cross echo)
program glibc-dynamic "$number" $cross -O1 -DWIDE -o "$dir/glibc-dynamic" "$here/times.c"
program glibc-static "$number" $cross -O1 -DWIDE -static -o "$dir/glibc-static" "$here/times.c"
if [ -e $musl ]; then
	number=$(version musl-dev:arm64 echo)
	program musl-dynamic "$number" $cross -specs $musl -O1 -DWIDE -o "$dir/musl-dynamic" \
		"$here/times.c"
	program musl-static "$number" $cross -specs $musl -O1 -DWIDE -static -o "$dir/musl-static" \
		"$here/times.c"
else
	skip musl "no $musl (Debian: dpkg --add-architecture arm64, apt-get install musl-dev:arm64)"
fi
if has go golang-go go; then
	build_go
fi

# The loader's own calls come before its sched_yield().
# shellcheck disable=SC2317  # losses calls it
run_without() {
	before=$(date +%s)
	load -strace -- started "$dir/$1" "$dir/$2" "$CALLS"
	came_to "$status" "$(awk '/sched_yield\(/ { on = 1 }
		on && /(clock_gettime|gettimeofday|clock_gettime64)\(/ { n++ }
		END { if (on) print n + 0 }' "$dir/err")"
}

losses "$programs" run_without <<'END'
whole                  -                                                           -
without-hash           musl-dynamic,musl-static                                    -
without-gnu-hash       -                                                           -
without-hash,gnu-hash  glibc-dynamic,glibc-static,musl-dynamic,musl-static,go      -
without-versions       -                                                           go
without-sections       -                                                           -
without-unwind         -                                                           -
END

# ------------------------------------------------------------------ unwinders
# Out of the handler of a timer's signal that has come in the page, and that returns through the
# page's rt_sigreturn: tests/readers/unwind.c. It comes between any two instructions if qemu does
# not translate more than one at a time.
for kind in dynamic static; do
	static=
	[ $kind = dynamic ] || static=-static
	for walk in libgcc backtrace; do
		name=$walk-$kind
		# shellcheck disable=SC2086  # may be none
		made "$name" $cross $static -std=gnu11 -O1 -Wall -Wextra -Werror -o "$dir/$name" \
			"$here/unwind.c" "$here/page.c" "$here/walk-$walk.c" || continue
		for clock in started unstarted; do
			load -singlestep -- $clock "$dir/whole" "$dir/$name" timer
			if [ $status = 0 ]; then
				pass "$name" "timer, clock $clock: $(tail -n 1 "$dir/out")"
			else
				fail "$name" "timer, clock $clock: exit status $status" "$dir/out"
			fi
		done
		load -- started "$dir/without-unwind" "$dir/$name" timer
		if [ $status = 1 ] && grep -q '^\([0-9]*\) backtraces, \1 bad' "$dir/out"; then
			pass "$name" "timer, image without unwind: every backtrace ends in the page"
		else
			fail "$name" "timer, image without unwind: exit status $status" "$dir/out"
		fi
	done
done

summary

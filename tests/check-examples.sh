#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Installs the library into a temporary place, builds the examples against it
# with pkg-config as the README says, and runs them.
set -eu
SRCDIR=${SRCDIR:-.} BUILDDIR=${BUILDDIR:-.} CC=${CC:-cc} CFLAGS=${CFLAGS:--O2 -g}
VDSOGEN=${VDSOGEN:-$(pwd)/vdsogen}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

fail() {
	echo "FAIL: $*"
	exit 1
}

if [ "$(uname -s)" != Linux ]; then
	echo "SKIP: the examples run on Linux"
	exit 77
fi

make -s -C "$BUILDDIR" DESTDIR="$dir/root" \
	install-libLTLIBRARIES install-includeHEADERS install-pkgconfigDATA >/dev/null 2>&1
pc=$(find "$dir/root" -name libvdsogen.pc)
[ -f "$pc" ] || fail "libvdsogen.pc was not installed"
libdir=$(dirname "$(dirname "$pc")")

# The tree was installed under $dir/root; pkg-config is told so.
unset PKG_CONFIG_PATH
PKG_CONFIG_SYSROOT_DIR=$dir/root
LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PKG_CONFIG_SYSROOT_DIR LD_LIBRARY_PATH
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1

cp "$SRCDIR"/examples/* "$dir"
chmod -R u+w "$dir"
cd "$dir"

# build TARGET...
build() {
	make -s CC="$CC" PKG_CONFIG_PATH="$(dirname "$pc")" CFLAGS="$CFLAGS -Wall -Wextra -Wshadow -Werror" LDFLAGS="${LDFLAGS-}" "$@" ||
		fail "make $* in examples/"
}

build 01-write-image 02-map-and-call 03-choose-functions 06-clone-page

./01-write-image "$dir/image" "$(uname -m)" || fail "01-write-image: exit status $?"
[ -s "$dir/image" ] || fail "01-write-image wrote nothing"
if ./01-write-image "$dir/none" pdp11; then
	fail "01-write-image took an architecture that there is not"
fi

./02-map-and-call >out || fail "02-map-and-call: exit status $?"
cat out
awk '$4 - $7 > 1 || $7 - $4 > 1 || $4 < 1e9 { bad = 1 } END { exit bad || NR != 3 }' out ||
	fail "02-map-and-call: the page and the system do not agree"

./03-choose-functions >out || fail "03-choose-functions: exit status $?"
for arch in ${ARCHS:-x86_64 aarch64}; do
	grep -q "^$arch:" out || fail "03-choose-functions says nothing of $arch"
done

# 05-resolve on this system's vDSO and on a generated one, with or without getpid in it.
build 05-resolve
resolve() {
	sh -c 'echo $$; exec "$@"' sh "$@" >out || fail "05-resolve: exit status $?"
	cat out
	awk -v now="$(date +%s)" '
		NR == 1 { pid = $1 }
		/^clock_gettime by/ { good += $NF > now - 60 && $NF < now + 60 }
		/^getpid by/ { good += $NF == pid }
		END { exit good != 2 }' out || fail "05-resolve: not this process, or not this time"
}
resolve ./05-resolve
if "$VDSOGEN" run -- true >/dev/null 2>&1; then
	"$VDSOGEN" run -- ./05-resolve >out || fail "05-resolve on a generated page: exit status $?"
	cat out
	grep -q '^clock_gettime by the vDSO' out || fail "05-resolve found no clock_gettime"
fi

./06-clone-page >out || fail "06-clone-page: exit status $?"
cat out
for line in 'first : pid 1000, parent 1, uid 0, on guest' 'second: pid 1001, parent 1000, uid 0, on guest' \
	'second: pid 1001, parent 1000, uid 65534, on guest'; do
	[ "$(grep -c "^$line, at " out)" -ge 1 ] || fail "06-clone-page does not say: $line"
done
[ "$(grep -c '^first : pid 1000, parent 1, uid 0, ' out)" = 2 ] ||
	fail "06-clone-page: the first process did not stay who it was"

case $CFLAGS in
*-fsanitize*)
	echo "04-freestanding left out: a sanitizer needs the C library"
	;;
*)
	if [ -f "$libdir/libvdsogen.a" ]; then
		build 04-freestanding
		./04-freestanding >out || fail "04-freestanding: exit status $?"
		cmp out image || fail "04-freestanding and 01-write-image disagree"
	else
		echo "04-freestanding left out: configured with --disable-static"
	fi
	;;
esac

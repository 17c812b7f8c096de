#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The Rust crate in bindings/rust: its tests and its example pass, in the source
# tree and with nothing but one pair of files of one architecture in it. All of
# that in copies: cargo writes beside what it builds.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${CC:=cc}" "${ARCHS:=x86_64 aarch64}"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL CFLAGS CARGO_BUILD_TARGET RUSTFLAGS
failed=0

if ! cargo --version >"$dir/log" 2>&1 || ! rustc --version >"$dir/log" 2>&1; then
	echo "SKIP: no cargo (Debian: apt-get install cargo): $(head -n 1 "$dir/log")"
	exit 77
fi
case " $ARCHS " in
*" $(uname -m) "*) ;;
*) echo "SKIP: the library has no architecture $(uname -m)" && exit 77 ;;
esac
CARGO_HOME=$dir/home CARGO_TARGET_DIR=$dir/target CARGO_TERM_COLOR=never
export CC CARGO_HOME CARGO_TARGET_DIR CARGO_TERM_COLOR
rustc --version

fail() {
	echo "FAIL: $*"
	tail -n 60 "$dir/log"
	failed=1
}

# run WHAT COMMAND... : in the crate
run() {
	what=$1
	shift
	if (cd "$crate" && "$@") >"$dir/log" 2>&1; then
		echo "ok: $what: $*"
	else
		fail "$what: $*"
	fi
}

# try_example WHAT FLAG... : page and system agree to a second, in each of three lines
try_example() {
	what=$1
	shift
	run "$what" cargo run --offline --example clock "$@"
	awk '/^the page says/ { lines++; if ($4 - $7 > 1 || $7 - $4 > 1 || $4 < 1e9) bad = 1 }
		END { exit bad || lines != 3 }' "$dir/log" || fail "$what: the page and the system do not agree"
}

# copy_crate TO
copy_crate() {
	mkdir -p "$1"
	cp -R "$SRCDIR/bindings/rust/." "$1"
	chmod -R u+w "$1"
	rm -rf "$1/target" "$1/amalgamation"
	crate=$1
}

copy_crate "$dir/tree/bindings/rust"
cp -R "$SRCDIR/include" "$SRCDIR/libvdsogen" "$SRCDIR/arch" "$dir/tree"
run 'source tree' cargo test --offline --all-features
grep -q '^running [1-9]' "$dir/log" || fail "no tests were run"
try_example 'source tree'
if cargo clippy --version >"$dir/log" 2>&1; then
	run 'source tree' cargo clippy --offline --all-targets --all-features -- -D warnings
fi

if ! command -v python3 >/dev/null; then
	echo "one pair of files: not tried: no python3"
	exit $failed
fi
# The crate names other architectures, too; who does not call them must not need them.
copy_crate "$dir/alone"
make -s -C "$BUILDDIR" amalgamation AMALGAMATION_DIR="$dir/alone/amalgamation" \
	AMALGAMATION_ARCHS="$(uname -m)" >"$dir/log" 2>&1 || fail "make amalgamation"
try_example 'one pair of files'
try_example 'one pair of files' --release
run 'one pair of files' cargo test --offline --test abi

# Without any sources it says what to do.
copy_crate "$dir/empty"
if (cd "$crate" && cargo build --offline) >"$dir/log" 2>&1; then
	fail "it was built of nothing"
else
	grep -q 'copy the folder that .make amalgamation. writes' "$dir/log" || fail "without sources"
fi
exit $failed

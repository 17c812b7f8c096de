#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# machine-kernel.sh DIRECTORY: fetches what tests/machine-boot.sh boots, Debian's kernel for
# virtual machines and its modules of KVM. Nothing of it is installed.
set -eu
package=linux-image-cloud-amd64	# depends on the newest
modules='virt/lib/irqbypass arch/x86/kvm/kvm arch/x86/kvm/kvm-amd'

fail() {
	echo "machine-kernel: $*" >&2
	exit 1
}

[ $# = 1 ] || { echo "usage: $0 DIRECTORY" >&2 && exit 2; }
into=$1
[ ! -f "$into/vmlinuz" ] || exit 0	# it was fetched
command -v apt-get >/dev/null || fail "no apt-get: this is not Debian"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
image=$(apt-cache depends --important "$package" 2>/dev/null | sed -n 's/.*Depends: *//p' | head -n 1)
[ -n "$image" ] || fail "apt-cache knows no $package: apt-get update makes the list"
(cd "$tmp" && apt-get download -q "$image" >log 2>&1) || {
	sed 's/^/machine-kernel: /' "$tmp/log" >&2
	fail "$image cannot be downloaded"
}
dpkg-deb -x "$tmp"/*.deb "$tmp/root"

rm -rf "$into.new"
mkdir -p "$into.new"
cp "$tmp"/root/boot/vmlinuz-* "$into.new/vmlinuz"
for module in $modules; do
	file=$(ls "$tmp"/root/lib/modules/*/kernel/"$module".ko*)
	cp "$file" "$into.new/"
	case $file in
	*.xz) xz -d "$into.new/${file##*/}" ;;	# as from Debian 13 on
	esac
done
mkdir -p "$(dirname "$into")"
rm -rf "$into"
mv "$into.new" "$into"
echo "machine-kernel: $image is in $into"

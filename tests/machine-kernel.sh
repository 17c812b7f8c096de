#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# machine-kernel.sh DIRECTORY [ARCHITECTURE]: fetches what tests/machine-boot.sh boots, Debian's
# kernel for virtual machines and its modules of KVM. For an architecture that is not this
# machine's, programs, too: `root` has them and what tests are built with, `root.cpio` what runs.
# Nothing of it is installed.
set -eu

fail() {
	echo "machine-kernel: $*" >&2
	exit 1
}

[ $# = 1 ] || [ $# = 2 ] || { echo "usage: $0 DIRECTORY [ARCHITECTURE]" >&2 && exit 2; }
into=$1
arch=${2:-$(uname -m)}

programs=
case $arch in
x86_64)
	debian=amd64
	modules='virt/lib/irqbypass arch/x86/kvm/kvm arch/x86/kvm/kvm-amd'
	;;
aarch64)
	debian=arm64
	modules=	# it has KVM built in
	;;
*) fail "$arch: no machine for it" ;;
esac
if [ "$arch" != "$(uname -m)" ]; then
	programs='busybox-static bash coreutils diffutils findutils perl-base sqlite3
python3-minimal python3.11-minimal libpython3.11-minimal libpython3.11-stdlib'
	# their libraries
	programs="$programs libc6 libc-bin libgcc-s1 musl libacl1 libattr1 libbz2-1.0 libcrypt1 libexpat1
libffi8 libgmp10 liblzma5 libpcre2-8-0 libreadline8 libselinux1 libsqlite3-0 libssl3 libtinfo6
libuuid1 zlib1g"
	# what tests and tools are linked with
	programs="$programs check libelf-dev libsubunit-dev zlib1g-dev"
fi
# One that fetched less is done again.
# shellcheck disable=SC2086  # a list
wanted=$(printf '%s\n' "linux-image-cloud-$debian" $programs)
[ ! -f "$into/vmlinuz" ] || [ "$wanted" != "$(cat "$into/wanted" 2>/dev/null)" ] || exit 0
command -v apt-get >/dev/null || fail "no apt-get: this is not Debian"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# fetch DIRECTORY PACKAGE... : unpacked there
fetch() {
	to=$1
	shift
	rm -f "$tmp"/*.deb
	(cd "$tmp" && apt-get download -q "$@" >log 2>&1) || {
		sed 's/^/machine-kernel: /' "$tmp/log" >&2
		fail "cannot be downloaded: $*"
	}
	for package in "$tmp"/*.deb; do
		dpkg-deb -x "$package" "$to"
	done
}

package=linux-image-cloud-$debian	# depends on the newest
[ "$debian" = "$(dpkg --print-architecture)" ] || package=$package:$debian
image=$(apt-cache depends --important "$package" 2>/dev/null | sed -n 's/.*Depends: *//p' | head -n 1)
[ -n "$image" ] || fail "apt-cache knows no $package: apt-get update makes the list" \
	"(of another architecture, after dpkg --add-architecture $debian)"
fetch "$tmp/kernel" "$image"

rm -rf "$into.new"
mkdir -p "$into.new"
cp "$tmp"/kernel/boot/vmlinuz-* "$into.new/vmlinuz"
for module in $modules; do
	file=$(ls "$tmp"/kernel/lib/modules/*/kernel/"$module".ko*)
	cp "$file" "$into.new/"
	case $file in
	*.xz) xz -d "$into.new/${file##*/}" ;;	# as from Debian 13 on
	esac
done
if [ -n "$programs" ]; then
	command -v cpio >/dev/null || fail "no cpio (Debian: apt-get install cpio)"
	root=$into.new/root
	# shellcheck disable=SC2046,SC2086  # lists
	fetch "$root" $(printf "%s:$debian " $programs)
	rm -rf "${root:?}/usr/share" "$root/usr/lib"/*/gconv
	# Compiled, as an installed one is: an emulated processor takes its time for that.
	python=$(cd "$root/usr/lib" && echo python3.*)
	"$python" -m compileall -q -s "$root" "$root/usr/lib/$python" 2>/dev/null || :
	(cd "$root" && find . ! -name '*.a' ! -path './usr/include*' | sort |
		cpio -o -H newc -R 0:0 --quiet) >"$into.new/root.cpio"
fi
printf '%s\n' "$wanted" >"$into.new/wanted"
mkdir -p "$(dirname "$into")"
rm -rf "$into"
mv "$into.new" "$into"
echo "machine-kernel: $image is in $into"

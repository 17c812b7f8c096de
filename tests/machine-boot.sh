#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# machine-boot.sh [FILE...] -- COMMAND [ARGUMENT...]
#
# Runs a command in an emulated machine whose processor has virtualization, so that /dev/kvm there
# is as on hardware: `syscall` enters ring 0, tables are nested. All that is there is busybox, its
# applets in /bin, and the files named: each where it is here, with the libraries it needs; a
# directory with all that is in it. The command starts in the directory that is the current one
# here. Its exit status is this script's.
#
# $MACHINE_ARCH is x86_64 or aarch64. One that is not this machine's has the programs and libraries
# that tests/machine-kernel.sh fetched beside the kernel. $MACHINE_KERNEL is where it put that.
# 77: something is missing.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}"
: "${MACHINE_ARCH:=$(uname -m)}"
: "${MACHINE_SECONDS:=1200}"	# a machine that does not end
: "${MACHINE_CPUS:=2}" "${MACHINE_MEMORY:=1024}"

skip() {
	echo "SKIP: $*"
	exit 77
}

# Not -accel kvm: what that has is what the machine is there to be without. $MACHINE_ACCEL: another
# way of tcg; $MACHINE_QEMU: more options.
case $MACHINE_ARCH in
x86_64)
	# One thread for all processors: with more, qemu 7.2 goes on with code that the kernel has
	# rewritten (a branch that KVM turns on with its first machine), and all of them take its
	# breakpoint for ever. The counter is the host's, but qemu does not say that its rate is
	# constant, and a busy host lets the kernel take it for unstable, which is another KVM: so it
	# is told. Addresses have 48 bits, as the runner's guests have.
	folder=machine emulator=qemu-system-x86_64 package=qemu-system-x86
	accel=tcg,thread=single
	options='-cpu max,-la57,+invtsc,x-force-features=on,check=off'
	serial='-serial stdio' console=ttyS0 output=ttyS1 told='tsc=reliable'
	;;
aarch64)
	accel=tcg,thread=multi
	# A version of signed pointers that costs an emulator nothing.
	folder=machine-arm64 emulator=qemu-system-aarch64 package=qemu-system-arm
	options='-M virt,virtualization=on,gic-version=3 -cpu max,pauth-impdef=on'
	serial='-chardev stdio,id=output -device pci-serial,chardev=output'
	console=ttyAMA0 output=ttyS0 told=
	;;
*) skip "$MACHINE_ARCH: there is no machine for it" ;;
esac
: "${MACHINE_KERNEL:=$SRCDIR/$folder}"
world=$MACHINE_KERNEL/root.cpio
command -v "$emulator" >/dev/null || skip "no $emulator (Debian: apt-get install $package)"
command -v cpio >/dev/null || skip "no cpio (Debian: apt-get install cpio)"
[ -f "$MACHINE_KERNEL/vmlinuz" ] ||
	skip "no kernel for the machine (tests/machine-kernel.sh $MACHINE_KERNEL $MACHINE_ARCH)"
busybox=
if [ "$MACHINE_ARCH" = "$(uname -m)" ]; then
	world=
	busybox=$(command -v busybox) || skip "no busybox (Debian: apt-get install busybox-static)"
elif [ ! -f "$world" ]; then
	skip "no programs of $MACHINE_ARCH (tests/machine-kernel.sh $MACHINE_KERNEL $MACHINE_ARCH)"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM
root=$work/root
mkdir -p "$root/machine" "$root$PWD"

libraries() { ldd "$1" 2>/dev/null | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^[ \t]*\(\/[^ ]*\) (.*/\1/p'; }

# add FILE : it, and where it is a program, its libraries, at the place they have here
add() {
	from=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
	mkdir -p "$root$(dirname "$from")"
	if [ -d "$from" ]; then
		cp -RL "$from/." "$root$from/"
		find "$from" -type f -perm -100 >"$work/programs"
	else
		cp -L "$from" "$root$from"
		echo "$from" >"$work/programs"
	fi
	[ -z "$world" ] || return 0	# it has them
	while read -r program; do
		for library in $(libraries "$program"); do
			[ -e "$root$library" ] || { mkdir -p "$root$(dirname "$library")" &&
				cp -L "$library" "$root$library"; }
		done
	done <"$work/programs"
}

quoted() {
	for word in "$@"; do
		printf "'%s' " "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")"
	done
}

if [ -n "$busybox" ]; then
	add "$busybox"
	mkdir -p "$root/bin"
	[ -e "$root/bin/busybox" ] || cp -L "$busybox" "$root/bin/busybox"
fi
cp "$SRCDIR/tests/machine-init" "$root/init"
chmod +x "$root/init"
cp "$MACHINE_KERNEL"/*.ko "$root/machine" 2>/dev/null || :
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	[ ! -e "$1" ] && echo "$0: $1: not here" >&2 && exit 2
	add "$1"
	shift
done
[ $# -gt 1 ] || { echo "usage: $0 [FILE...] -- COMMAND [ARGUMENT...]" >&2 && exit 2; }
shift
printf 'cd %s\n%s\necho $? >/machine/status\n' "$(quoted "$PWD")" "$(quoted "$@")" >"$root/machine/command"
# An archive of the kernel's may be several, one after the other.
[ -z "$world" ] || cp "$world" "$work/initrd"
(cd "$root" && find . | cpio -o -H newc --quiet) >>"$work/initrd"

# shellcheck disable=SC2086  # lists
timeout --foreground "$MACHINE_SECONDS" "$emulator" $options -accel "${MACHINE_ACCEL:-$accel}" \
	-smp "$MACHINE_CPUS" -m "$MACHINE_MEMORY" \
	-nodefaults -display none -no-reboot -serial "file:$work/console" $serial \
	-kernel "$MACHINE_KERNEL/vmlinuz" -initrd "$work/initrd" ${MACHINE_QEMU-} \
	-append "console=$console output=$output quiet loglevel=4 panic=-1 mitigations=off $told" </dev/null || :
status=$(tr -d '\r' <"$work/console" | sed -n 's/^machine: status //p')
if [ -z "$status" ]; then
	echo "FAIL: the machine did not get to its end within $MACHINE_SECONDS s; what its kernel says:"
	tail -n 30 "$work/console"
	exit 1
fi
exit "$status"

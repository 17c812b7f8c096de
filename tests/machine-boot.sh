#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# machine-boot.sh [FILE...] -- COMMAND [ARGUMENT...]
#
# Runs a command in an emulated x86_64 machine whose processor has virtualization, so that
# /dev/kvm there is as on hardware: `syscall` enters ring 0, tables are nested. All that
# is there is busybox, its applets in /bin, and the files named: each where it is here, with
# the libraries it needs; a directory with all that is in it. The command starts in the directory
# that is the current one here. Its exit status is this script's.
#
# $MACHINE_KERNEL is where tests/machine-kernel.sh put the kernel. 77: something is missing.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}"
: "${MACHINE_KERNEL:=$SRCDIR/machine}"
: "${MACHINE_SECONDS:=600}"	# a machine that does not end
: "${MACHINE_CPUS:=2}" "${MACHINE_MEMORY:=1024}"
emulator=qemu-system-x86_64

skip() {
	echo "SKIP: $*"
	exit 77
}

[ "$(uname -m)" = x86_64 ] || skip "programs of an x86_64 machine are needed"
command -v "$emulator" >/dev/null ||
	skip "no $emulator (Debian: apt-get install qemu-system-x86)"
command -v cpio >/dev/null || skip "no cpio (Debian: apt-get install cpio)"
busybox=$(command -v busybox) || skip "no busybox (Debian: apt-get install busybox-static)"
[ -f "$MACHINE_KERNEL/vmlinuz" ] ||
	skip "no kernel for the machine (tests/machine-kernel.sh $MACHINE_KERNEL)"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM
root=$work/root
mkdir -p "$root/bin" "$root/dev" "$root/machine" "$root/proc" "$root/sys" "$root/tmp" "$root$PWD"

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

add "$busybox"
[ -e "$root/bin/busybox" ] || cp -L "$busybox" "$root/bin/busybox"
cp "$SRCDIR/tests/machine-init" "$root/init"
chmod +x "$root/init"
cp "$MACHINE_KERNEL"/*.ko "$root/machine"
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	[ ! -e "$1" ] && echo "$0: $1: not here" >&2 && exit 2
	add "$1"
	shift
done
[ $# -gt 1 ] || { echo "usage: $0 [FILE...] -- COMMAND [ARGUMENT...]" >&2 && exit 2; }
shift
printf 'cd %s\n%s\necho $? >/machine/status\n' "$(quoted "$PWD")" "$(quoted "$@")" >"$root/machine/command"
(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/initrd"

# Not -accel kvm: what that has is what the machine is there to be without. One thread for all
# processors: with more, qemu 7.2 goes on with code that the kernel has rewritten (a branch that
# KVM turns on with its first machine), and all of them take its breakpoint for ever. The counter
# is the host's, but qemu does not say that its rate is constant. Addresses have 48 bits, as the
# runner's guests have. $MACHINE_QEMU: more options.
# shellcheck disable=SC2086  # a list
timeout --foreground "$MACHINE_SECONDS" "$emulator" -accel tcg,thread=single \
	-cpu max,-la57,+invtsc,x-force-features=on,check=off -smp "$MACHINE_CPUS" -m "$MACHINE_MEMORY" \
	-nodefaults -display none -no-reboot -serial "file:$work/console" -serial stdio \
	-kernel "$MACHINE_KERNEL/vmlinuz" -initrd "$work/initrd" ${MACHINE_QEMU-} \
	-append 'console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off' </dev/null || :
status=$(tr -d '\r' <"$work/console" | sed -n 's/^machine: status //p')
if [ -z "$status" ]; then
	echo "FAIL: the machine did not get to its end within $MACHINE_SECONDS s; what its kernel says:"
	tail -n 30 "$work/console"
	exit 1
fi
exit "$status"

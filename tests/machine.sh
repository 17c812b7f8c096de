#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The runner in a machine whose KVM is as on hardware: tests/machine-boot.sh. `commands` is
# what runs there, `files` what it needs; a test that has to pass in both worlds is a line here.
# $MACHINE_ARCH is what $VDSORUN and what $CC, $MUSL_CC and $GOARCH make is for; another machine's:
# tests/machine-arm64.sh.
set -eu
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${VDSORUN:=$BUILDDIR/vdsorun}" "${CC:=cc}" "${MACHINE_ARCH:=$(uname -m)}"
export SRCDIR VDSORUN CC MACHINE_ARCH

if [ ! -x "$VDSORUN" ]; then
	echo "SKIP: the runner has no back end for this machine, and was not built"
	exit 77
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM
files="$VDSORUN $SRCDIR/tests/report.sh $SRCDIR/tests/guest.sh /etc/passwd"
: >"$dir/commands"

# there FILE [ARGUMENT...] : a command; words of the shell there
there() {
	files="$files $1"
	echo "$*" >>"$dir/commands"
}

# What an emulated processor has no time for: it makes many exits.
without='threads files sockets poll execs leaks many suspend'
case $MACHINE_ARCH in
x86_64)
	# What the kernel of the machine (6.1) does otherwise than the ones that the runner is like,
	# or qemu otherwise than processors: flags of an alternate stack that nobody set, XRSTOR of
	# bits that are reserved, and mremap() to more than there is.
	without="$without frames end-bad-vectors mappings"
	kinds=glibc	# there is time for one
	suites=check_vm
	others=
	cases=
	;;
aarch64)
	without="$without mappings"	# as above
	kinds='glibc musl'	# others' programs are dynamic
	suites='check_vm check_kvm check_space check_loop check_gdb check_hvf check_vm_hvf'
	others='vdsorun_hvf vdsorun_macos'	# each exit of the first is slow
	cases="'bash-*' 'python-*' 'musl-*' 'glibc-*' go-program sh-script 'busybox-*'"
	;;
esac

# Of other back ends and hosts: a thread, a library, a language of each kind.
few="'busybox-sha*' busybox-pipes python-threads go-program glibc-dynamic musl-static"

# And what this host does by itself: processes and signals.
own="forks execs 'signals lock' 'signals-many inherited' 'signals-many waits' 'signals-many ping'"

seconds=120	# for what takes moments elsewhere

mkdir "$dir/programs" "$dir/others"
RUNNER_KINDS=$kinds "$SRCDIR/tests/runner.sh" --build "$dir/programs"
files="$files $dir/programs"
there "$SRCDIR/tests/runner.sh" --built "$dir/programs"
# They are built where there is the library check.
for suite in $suites; do
	[ ! -x "$BUILDDIR/$suite" ] || there "$BUILDDIR/$suite"
done
if [ -n "$cases" ]; then
	"$SRCDIR/tests/runner-programs.sh" --build "$dir/others"
	files="$files $SRCDIR/tests/runner $dir/others"
	there "$SRCDIR/tests/runner-programs.sh" --built "$dir/others" "$cases"
	for runner in $others; do
		[ -x "$BUILDDIR/$runner" ] || continue
		files="$files $BUILDDIR/$runner"
		echo "VDSORUN=$BUILDDIR/$runner $SRCDIR/tests/runner-programs.sh" \
			"--built $dir/others $few" >>"$dir/commands"
		[ "$runner" != vdsorun_macos ] ||
			echo "VDSORUN=$BUILDDIR/$runner $SRCDIR/tests/runner.sh" \
				"--built $dir/programs $own" >>"$dir/commands"
	done
fi

cat >"$dir/all" <<END
failed=0
while read -r command; do
	echo "\$(cut -d. -f1 /proc/uptime) s: \$command"
	eval "\$command" </dev/null || { echo "FAIL: status \$?"; failed=1; }
done <"$dir/commands"
exit \$failed
END
# shellcheck disable=SC2086  # a list
"$SRCDIR/tests/machine-boot.sh" $files "$dir/commands" "$dir/all" -- \
	env RING0=yes SRCDIR="$SRCDIR" VDSORUN="$VDSORUN" RUNNER_WITHOUT="$without" \
	RUNNER_SECONDS=$seconds CASE_SECONDS=$seconds CK_TIMEOUT_MULTIPLIER=20 \
	SPACE_STEPS=300 sh "$dir/all"

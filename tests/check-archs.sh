#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# An architecture is one folder and one line. The folders, the table and the
# architectures that were built in are the same; every folder has the same
# files; no file includes upward or sideways; no architecture has a raw
# instruction word outside its NAME-insn.h. The runner names a hypervisor in its
# back end only.
set -eu
SRCDIR=${SRCDIR:-.} BUILDDIR=${BUILDDIR:-.} VDSOGEN=${VDSOGEN:-./vdsogen}
cd "$SRCDIR"
failed=0

fail() {
	echo "FAIL: $*"
	failed=1
}

same() { # WHAT-1 LIST-1 WHAT-2 LIST-2
	[ "$2" = "$4" ] || fail "$1 ($2) and $3 ($4) are not the same"
}

words() { sort | tr '\n' ' '; }

folders=$(find arch -mindepth 1 -maxdepth 1 -type d ! -name '.*' | sed 's:arch/::' | words)
table=$(sed -n 's:^include arch/\(.*\)/arch\.am$:\1:p' arch/archs.am | words)
built=$(sed -n 's:^ARCH(\(.*\))$:\1:p' "$BUILDDIR/arch/archs.def" | words)
[ -n "$folders" ] || fail "no folder in arch/"
same "folders in arch/" "$folders" "lines in arch/archs.am" "$table"
same "folders in arch/" "$folders" "architectures built in" "$built"

# The same file names in each, with its own name in place of NAME.
files() {
	find "arch/$1" -maxdepth 1 -type f ! -name '*o' | sed "s:^arch/$1/::; s:^$1:NAME:" | words
}
first=${folders%% *}
for arch in $folders; do
	same "files of arch/$first" "$(files "$first")" "files of arch/$arch" "$(files "$arch")"

	# Linking one must not pull in the others, so only the table may name it.
	grep -q "^ARCHS += $arch\$" "arch/$arch/arch.am" || fail "arch/$arch/arch.am: no ARCHS += $arch"
	for other in $folders; do
		[ "$other" = "$arch" ] || ! grep -n "#include.*$other" "arch/$arch"/*.[ch] ||
			fail "arch/$arch includes a file of arch/$other"
	done
	# As the image's; __NAME__, the machine that the library itself runs on, is another matter.
	! grep -nE "(^|[^_])${arch}|${arch}[^_]" libvdsogen/*.c libvdsogen/*.h | grep -v "__${arch}__" |
		grep -vE '/\*|^[^:]*:[0-9]*:[ 	]*\*' || fail "libvdsogen/ names $arch"
	# Instruction words of four bytes, or bytes put by hand.
	! grep -nE '0x[0-9a-fA-F]{8}[^0-9a-fA-F]|vg_put(8|32)\(' "arch/$arch/$arch-time.c" ||
		fail "arch/$arch/$arch-time.c: a raw instruction word"
	# vdsogen knows it and builds for it.
	[ "$("$VDSOGEN" build --arch "$arch" | wc -c)" -gt 0 ] || fail "vdsogen build --arch $arch"
done

# Who may include what, by quotes: a list of files or folders that a folder must not see.
may_not() { # FOLDER PATTERN WHY
	[ -d "$1" ] || return 0
	! grep -rnE --include='*.[ch]' "#include \"($2)\"" "$1" || fail "$1: $3"
}
for folder in tools bench runner; do
	# one of its own may have the same name: the library's is not looked for
	inner=$(cd libvdsogen && for header in *.h; do
		[ -n "$(find "../$folder" -name "$header")" ] || echo "$header"
	done | sed 's/\./\\./g' | paste -s -d '|')
	may_not $folder "$inner" "includes a header that is the library's own"
done
may_not examples '[^"]*vdsogen\.h' 'includes <vdsogen.h> by quotes; an embedder does not'
may_not libvdsogen '[^"]*/[^"]*|archs\.def' 'includes upward'
# Behind the seam, runner/vm.h: a hypervisor's names, and how it tells of a processor.
! grep -rnE --include='*.[ch]' 'KVM_[A-Z]|"[^"]*kvm\.h"|<linux/kvm\.h>|/dev/kvm' runner | grep -v '^runner/kvm[^/]*:' ||
	fail "runner: a hypervisor is named outside of its back end"

exit $failed

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Images of every architecture and of many configurations, read by readelf (GNU, elfutils and LLVM)
# and judged by eu-elflint, whichever are installed. The command is $VDSOGEN, by default ./vdsogen.
set -u
LC_ALL=C
export LC_ALL
: "${VDSOGEN:=./vdsogen}" "${ARCHS:=x86_64 aarch64}"

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM
checks=0 failures=0

pass() { checks=$((checks + 1)); }

fail() {
	checks=$((checks + 1)) failures=$((failures + 1))
	echo "FAIL: $image: $*"
	sed 's/^/    /' "$tmp/complaints" 2>/dev/null | head -n 5
}

have() { command -v "$1" >/dev/null; }

# has TEXT FILE, has_not TEXT FILE: in a tool's output
has() { if grep -qF -e "$1" "$2"; then pass; else fail "no '$1'"; fi; }
has_not() { if grep -qF -e "$1" "$2"; then fail "there is '$1'"; else pass; fi; }

# Complaints that stay, each with its reason; the rest of the input is printed.
#   unable to print the GNU hash table histogram: the dynamic symbol table is empty
#	llvm-readelf, without section headers, counts the symbols by DT_HASH only
#   unknown object file note type 256 with owner name 'vdsogen'
#	the note by which images describe themselves: eu-elflint knows GNU's and a few more
#   no hash section present
#	true where both were omitted on purpose
excused() {
	set -- -e '^No errors$' -e "unknown object file note type 256 with owner name 'vdsogen' at"
	if omitted hash && omitted sections; then
		set -- "$@" -e 'GNU hash table histogram: the dynamic symbol table is empty'
	fi
	if omitted hash && omitted gnu-hash; then
		set -- "$@" -e 'no hash section present'
	fi
	grep -v "$@"
}

# quiet TOOL ARGUMENT...: it succeeds without a complaint
quiet() {
	status=0
	"$@" "$tmp/image" >"$tmp/out" 2>"$tmp/err" || status=$?
	{
		cat "$tmp/err"
		grep -iE 'warning|error|corrupt|invalid|bad |cannot|<unknown section' "$tmp/out"
	} | excused >"$tmp/complaints"
	if [ "$status" = 0 ] && [ ! -s "$tmp/complaints" ]; then
		pass
	else
		fail "$*: status $status"
	fi
}

lint() {
	eu-elflint --gnu-ld "$tmp/image" 2>&1 | excused >"$tmp/complaints"
	if [ ! -s "$tmp/complaints" ]; then pass; else fail 'eu-elflint --gnu-ld'; fi
}

# omitted PART: whether the configuration leaves it out
omitted() { case ,$omit, in *,"$1",*) true ;; *) false ;; esac; }

version() { case $1 in aarch64) echo LINUX_2.6.39 ;; *) echo LINUX_2.6 ;; esac; }

gnu() {
	quiet readelf -aW
	has 'OS: Linux, ABI: 2.6.39' "$tmp/out"
	has 'NT_GNU_BUILD_ID' "$tmp/out"
	has 'Library soname: [linux-vdso.so.1]' "$tmp/out"
	has 'DYN (Shared object file)' "$tmp/out"
	omitted gnu-hash || has '(GNU_HASH)' "$tmp/out"
	omitted hash || has '(HASH)' "$tmp/out"
	if omitted sections; then
		has 'There are no sections' "$tmp/out"
	elif omitted versions; then
		has 'No version information found' "$tmp/out"
	else
		has "Name: $(version "$arch")" "$tmp/out"
		has "$function@@$(version "$arch")" "$tmp/out"
		has_not '*invalid*' "$tmp/out"
	fi
	readelf -n "$tmp/image" >"$tmp/out" 2>/dev/null
	tags=$(grep -c NT_GNU_ABI_TAG "$tmp/out")
	if [ "$tags" = 1 ]; then pass; else fail "$tags ABI tags, not one"; fi
}

elfutils() {
	quiet eu-readelf -a
	has 'OS: Linux, ABI: 2.6.39' "$tmp/out"
	has 'GNU_BUILD_ID' "$tmp/out"
	omitted sections || has "$function" "$tmp/out"
}

llvm() {
	quiet llvm-readelf -aW
	has 'ABI: 2.6.39' "$tmp/out"
}

# judge OPTION...: builds, and has every tool look at it
judge() {
	image="$arch $*"
	if ! "$VDSOGEN" build --arch "$arch" --output "$tmp/image" "$@" 2>"$tmp/complaints"; then
		fail 'vdsogen build'
		return
	fi
	have readelf && gnu
	have llvm-readelf && llvm
	if have eu-readelf; then
		elfutils
		lint
	fi
}

have readelf || have eu-readelf || have llvm-readelf || {
	echo 'none of readelf, eu-readelf, llvm-readelf: install binutils'
	exit 77
}

for arch in $ARCHS; do
	omit=''
	function=clock_gettime
	judge
	judge --guard --counter self-fenced --getcpu zero
	for function in clock_gettime gettimeofday time clock_getres getcpu; do
		judge --functions $function
	done
	for function in getpid getppid gettid getpgid getsid getpriority getuid geteuid getgid \
			getegid uname getrandom; do
		judge --functions $function --slots
	done
	function=clock_gettime
	judge --slots --functions clock_gettime,gettimeofday,getpid,getpgid,getuid,uname,getrandom
	judge --slots --functions clock_gettime,getuid,getrandom --process before
	for omit in hash gnu-hash versions sections hash,versions gnu-hash,versions \
		    hash,gnu-hash,versions hash,sections gnu-hash,sections versions,sections \
		    hash,versions,sections gnu-hash,versions,sections; do
		judge --omit $omit
	done
done

echo "$((checks - failures)) passed, $failures failed"
[ "$failures" = 0 ]

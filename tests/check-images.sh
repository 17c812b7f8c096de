#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# vdsogen check: accepts good images for every reader, catches in each spoilt image of tests/images/
# the rule that it breaks, and does not crash on any byte turned over or any length.
# The command is $VDSOGEN, by default ./vdsogen.
set -u
LC_ALL=C PYTHONDONTWRITEBYTECODE=1
export LC_ALL PYTHONDONTWRITEBYTECODE
: "${VDSOGEN:=./vdsogen}" "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
: "${CC:=cc}" "${LIBELF:=-lelf}" "${ARCHS:=x86_64 aarch64}"
images=$SRCDIR/tests/images

command -v python3 >/dev/null || {
	echo 'SKIP: no python3, which makes the bad images: install python3'
	exit 77
}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM
failures=0

fail() {
	failures=$((failures + 1))
	echo "FAIL: $*"
	head -n 8 "$tmp/out" "$tmp/err" 2>/dev/null | sed 's/^/    /'
}

# check STATUS ARGUMENT...: its outputs go to $tmp/out and $tmp/err
check() {
	want=$1
	shift
	"$VDSOGEN" check "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
	[ $status -eq "$want" ] || fail "vdsogen check $*: status $status, not $want"
}

# says TEXT, complains TEXT: on standard output; alone on standard error
says() { grep -qF -e "$1" "$tmp/out" || fail "no '$1' on standard output"; }
complains() {
	{ grep -qF -e "$1" "$tmp/err" && [ "$(wc -l <"$tmp/err")" -eq 1 ] && [ ! -s "$tmp/out" ]; } ||
		fail "no '$1' alone on standard error"
}

# verdict READER WORD
verdict() {
	grep -q "^$2  $1 " "$tmp/out" || fail "$1 is not $2"
}

# ------------------------------------------------------------------ the command line
"$VDSOGEN" build --arch x86_64 -o "$tmp/good.so" || exit 99
check 2
complains 'check: give one of FILE, --pid N and --self'
check 2 --reader glibx "$tmp/good.so"
complains "--reader: 'glibx' is not one of: glibc-2.31, "
check 2 "$tmp/good.so" "$tmp/good.so"
complains 'one FILE at a time'
check 1 "$tmp/none"
complains 'No such file'
check 0 --reader go --reader musl-1.2.5 "$tmp/good.so"
[ "$(grep -c '^accepted' "$tmp/out")" = 2 ] || fail 'two readers chosen, and not two verdicts'
check 0 --verbose --reader go "$tmp/good.so"
says 'ok verdef: there is DT_VERDEF'
check 0 --json "$tmp/good.so"
python3 -m json.tool "$tmp/out" >/dev/null || fail '--json is not JSON'
"$VDSOGEN" build --arch x86_64 --omit versions -o "$tmp/unversioned.so"
check 1 "$tmp/unversioned.so"
verdict go rejected
verdict musl-1.2.5 accepted
verdict uclibc-ng degraded
says 'verdef: there is no DT_VERDEF; SIGSEGV before main (runtime/vdso_linux.go)'
check 0 --reader uclibc-ng "$tmp/unversioned.so"
check 1 "$0"
verdict glibc-2.36 rejected
"$VDSOGEN" build --arch aarch64 -o "$tmp/aarch64.so"
check 0 "$tmp/aarch64.so"
says 'not here  dietlibc'

# ------------------------------------------------------------------ each layout and each way to the host
# minds OPTIONS: who does not take the image as it is goes to $tmp/bad
minds() {
	# shellcheck disable=SC2086  # options
	"$VDSOGEN" build $1 -o "$tmp/layout.so" || fail "vdsogen build $1"
	"$VDSOGEN" check "$tmp/layout.so" >"$tmp/out" 2>"$tmp/err" </dev/null
	grep '^degraded\|^rejected' "$tmp/out" >"$tmp/bad"
	grep -q '^accepted' "$tmp/out" || fail "$1: nobody takes it"
}
accepted() {
	minds "$1"
	[ ! -s "$tmp/bad" ] || fail "$1: not every reader takes it"
}
time_functions=clock_gettime,gettimeofday,time,clock_getres,getcpu
identity=getpid,getppid,gettid,getpgid,getsid,getpriority,getuid,geteuid,getgid,getegid,uname
for arch in $ARCHS; do
	functions=$time_functions,$identity
	[ "$arch" = x86_64 ] || functions=$functions,rt_sigreturn
	"$VDSOGEN" build --arch "$arch" --functions getrandom -o "$tmp/layout.so" 2>/dev/null &&
		functions=$functions,getrandom
	for layout in '' --slots '--slots --guard --latch' '--process before' \
		'--process after --process-distance 524288' '--data before --process before' \
		'--data after --process after --slots' '--data before --process after' \
		'--landing-pads off --slots' '--landing-pads on --slots' \
		'--getcpu word --getcpu-at -8'; do
		accepted "--arch $arch --functions $functions $layout"
	done
	accepted "--arch $arch --slots"
	# not into the kernel: one reader looks for the instruction, others know rt_sigreturn by it
	for way in 'jump --fallback-at 4096' 'thread --fallback-at 8' \
		"$([ "$arch" = x86_64 ] && echo vmcall || echo 'hvc --fallback-at 1')"; do
		minds "--arch $arch --functions $functions --fallback $way"
		! grep -v '^rejected  rr \|^degraded  \(gdb\|libgcc\|[a-z-]*libunwind\)' "$tmp/bad" ||
			fail "$arch, --fallback $way: others than these mind"
		verdict rr rejected
		says 'trap: no function enters the kernel by itself'
		[ "$arch" != aarch64 ] || says 'sigreturn_code: the instructions of rt_sigreturn'
	done
done
accepted '--arch x86_64 --getcpu lsl'

# ------------------------------------------------------------------ images of others
# The running kernel's: real programs use it, so none of these may refuse it.
check 0 --self --reader glibc-2.36 --reader musl-1.2.5 --reader go --reader rustix-1
sleep 60 &
pid=$!
check 0 --pid $pid --reader glibc-2.36
kill $pid

# A generated one in the place of the kernel's is mapped from a file: three readers miss its name.
if "$VDSOGEN" run -- true >/dev/null 2>&1; then
	"$VDSOGEN" run -- "$VDSOGEN" check --self >"$tmp/out" 2>"$tmp/err"
	for reader in glibc-2.36 musl-1.2.5 go gdb-13 elfutils; do
		verdict $reader accepted
	done
	verdict perf degraded
	says 'mapping_name: the mapping is called '
fi

# foreign FILE FLAG...: by gcc and ld, for x86_64
foreign() {
	foreign_file=$1
	shift
	gcc -m64 -O2 -fPIC -fno-stack-protector -fcf-protection=none -falign-functions=16 -shared \
		-nostdlib -Wl,-soname,linux-vdso.so.1 -Wl,--build-id -Wl,--hash-style=both \
		-Wl,-z,noexecstack -Wl,--eh-frame-hdr "$@" -o "$foreign_file" "$images/foreign.c" \
		2>"$tmp/err"
}
if [ "$(gcc -dumpmachine 2>/dev/null | cut -d - -f 1)" = x86_64 ] &&
   foreign "$tmp/kernel.so" -Wl,-T,"$images/kernel.lds"; then
	check 0 "$tmp/kernel.so"
	grep -q '^degraded\|^rejected' "$tmp/out" && fail 'an image as kernels make it'
	# what a first try looks like
	foreign "$tmp/naive.so" || exit 99
	check 1 "$tmp/naive.so"
	verdict glibc-2.31 rejected
	verdict glibc-2.36 rejected
	verdict go rejected
	verdict abseil rejected
	verdict criu rejected
	verdict gdb-16 degraded
	says 'dynamic_readonly: p_flags of PT_DYNAMIC has PF_W: 0x6; relocates it in place'
	says 'load_one: there are'
	says 'dynamic_inside: p_vaddr of PT_DYNAMIC is'
else
	echo 'images of gcc and ld left out: no gcc and ld for x86_64 here'
fi

# ------------------------------------------------------------------ spoilt images
python3 "$images/check.py" "$VDSOGEN" "$SRCDIR/tools/check-rules.def" || failures=$((failures + 1))

# ------------------------------------------------------------------ every byte, every length
# in process; with sanitizers where the compiler has them
compile() {
	# shellcheck disable=SC2086
	$CC -std=gnu11 -g -O1 -DSTANDALONE "$@" -I"$SRCDIR/tools" -I"$SRCDIR/include" \
		-I"$SRCDIR/libvdsogen" "$SRCDIR"/tools/check-*.c $library $LIBELF 2>"$tmp/err"
}
if [ -f "$BUILDDIR/libvdsogen/.libs/libvdsogen.a" ]; then
	library=$BUILDDIR/libvdsogen/.libs/libvdsogen.a
	sanitize='-fsanitize=address,undefined -fno-sanitize-recover=all'
	fuzz=$SRCDIR/tests/fuzz
	# shellcheck disable=SC2086
	compile $sanitize -o "$tmp/every" "$fuzz/fuzz_check.c" "$fuzz/corpus.c" ||
		compile -o "$tmp/every" "$fuzz/fuzz_check.c" "$fuzz/corpus.c" ||
		fail 'fuzz_check does not compile'
	for arch in $ARCHS; do
		"$VDSOGEN" build --arch "$arch" -o "$tmp/good.so"
		timeout 600 "$tmp/every" --every "$tmp/good.so" >"$tmp/out" 2>"$tmp/err" ||
			fail "$arch: every byte and every length"
		sed "s/^/$arch: /" "$tmp/out"
	done
	# shellcheck disable=SC2086
	if compile $sanitize -o "$tmp/mapping" "$images/mapping.c" ||
	   compile -o "$tmp/mapping" "$images/mapping.c"; then
		"$tmp/mapping" "$tmp/good.so" || failures=$((failures + 1))
	else
		fail 'mapping.c does not compile'
	fi
else
	echo 'every byte and every length left out: no static library here'
fi

echo "$failures failed"
[ $failures -eq 0 ]

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Who reads a vDSO on aarch64, each on a generated page under qemu-user. That
# one has no vDSO to replace and no ptrace: tests/readers/loader.c starts the
# programs, and a trace of system calls shows which of them reached the kernel;
# debuggers go by qemu-user's own stub.
set -eu
# shellcheck source=tests/readers/common.sh
. "$(dirname "$0")/readers/common.sh"
cross=aarch64-linux-gnu-gcc
cross_root=/usr/aarch64-linux-gnu
root=$cross_root
musl=/usr/lib/aarch64-linux-musl/musl-gcc.specs

case " ${ARCHS:-x86_64 aarch64} " in
*' aarch64 '*) ;;
*)
	echo "SKIP: the library was built without aarch64"
	exit 77
	;;
esac
for need in "$cross gcc-aarch64-linux-gnu" "qemu-aarch64 qemu-user"; do
	if ! command -v "${need% *}" >/dev/null; then
		echo "SKIP: no ${need% *} (Debian: apt-get install ${need#* })"
		exit 77
	fi
done

"$VDSOGEN" build -a aarch64 -o "$dir/whole"
for part in hash gnu-hash hash,gnu-hash versions sections unwind; do
	"$VDSOGEN" build -a aarch64 --omit "$part" -o "$dir/without-$part"
done
"$VDSOGEN" build -a aarch64 --slots --functions "clock_gettime,gettimeofday,time,clock_getres,\
getcpu,rt_sigreturn,getpid,getppid,gettid,getpgid,getsid,getpriority,getuid,geteuid,getgid,\
getegid,uname,getrandom" -o "$dir/all"

sources=
for file in ${LIBRARY_SOURCES:-$(cd "$SRCDIR" && echo libvdsogen/*.c arch/*.c arch/*/*.c)}; do
	case $file in
	*.c) sources="$sources $SRCDIR/$file" ;;
	esac
done
# At an address of its own choice: programs have theirs.
# shellcheck disable=SC2086
$cross -std=gnu11 -O1 -Wall -Wextra -Werror -static-pie -fPIE -I"$SRCDIR/include" \
	-I"$SRCDIR/libvdsogen" -I"$BUILDDIR/arch" -I"$SRCDIR/tools" -o "$dir/loader" \
	"$here/loader.c" "$SRCDIR/tools/host.c" $sources

# load QEMU-OPTION... -- started|unstarted IMAGE COMMAND... : its output in $dir/out, of qemu in $dir/err
load() {
	options=
	while [ "$1" != -- ]; do
		options="$options $1"
		shift
	done
	shift
	status=0
	# shellcheck disable=SC2086
	{ timeout "$LIMIT" qemu-aarch64 -L $root $options "$dir/loader" "$@" </dev/null >"$dir/out" ||
		status=$?; } 2>"$dir/err"
}

# ------------------------------------------------------------------ libraries
# Go 1.19 has the hashes of another symbol's name in its table and does not find this one
# (golang/go, issue 62309): such a one is given the right hashes; its reader stays as it is.
build_go() {
	go_source=$(go env GOROOT)/src/runtime/vdso_linux_arm64.go
	number=$(go env GOVERSION)
	echo '{}' >"$dir/overlay"
	if grep -q '"__kernel_clock_gettime", 0xd35ec75, 0x6e43a318' "$go_source"; then
		sed 's/0xd35ec75, 0x6e43a318/0xb0cd725, 0xdfa941fd/' "$go_source" >"$dir/mended.go"
		printf '{"Replace": {"%s": "%s"}}\n' "$go_source" "$dir/mended.go" >"$dir/overlay"
		number="$number with the right hashes"
	fi
	program go "$number" env GOCACHE="$dir/cache" GOTOOLCHAIN=local CGO_ENABLED=0 \
		GOARCH=arm64 go build -overlay "$dir/overlay" -o "$dir/go" "$here/times.go"
}

number=$(version libc6-dev-arm64-cross echo)
program glibc-dynamic "$number" $cross -O1 -DWIDE -o "$dir/glibc-dynamic" "$here/times.c"
program glibc-static "$number" $cross -O1 -DWIDE -static -o "$dir/glibc-static" "$here/times.c"
if [ -e $musl ]; then
	number=$(version musl-dev:arm64 echo)
	program musl-dynamic "$number" $cross -specs $musl -O1 -DWIDE -o "$dir/musl-dynamic" \
		"$here/times.c"
	program musl-static "$number" $cross -specs $musl -O1 -DWIDE -static -o "$dir/musl-static" \
		"$here/times.c"
else
	skip musl "no $musl (Debian: dpkg --add-architecture arm64, apt-get install musl-dev:arm64)"
fi
if has go golang-go go; then
	build_go
fi

# The loader's own calls come before its sched_yield().
# shellcheck disable=SC2317  # losses calls it
run_without() {
	before=$(date +%s)
	load -strace -- started "$dir/$1" "$dir/$2" "$CALLS"
	came_to "$status" "$(awk '/sched_yield\(/ { on = 1 }
		on && /(clock_gettime|gettimeofday|clock_gettime64)\(/ { n++ }
		END { if (on) print n + 0 }' "$dir/err")"
}

losses "$programs" run_without <<'END'
whole                  -                                                           -
without-hash           musl-dynamic,musl-static                                    -
without-gnu-hash       -                                                           -
without-hash,gnu-hash  glibc-dynamic,glibc-static,musl-dynamic,musl-static,go      -
without-versions       -                                                           go
without-sections       -                                                           -
without-unwind         -                                                           -
END

# ------------------------------------------------------------------ unwinders
# Out of the handler of a timer's signal that has come in the page, and that returns through the
# page's rt_sigreturn: tests/readers/unwind.c. It comes between any two instructions if qemu does
# not translate more than one at a time.

# A static program without this option looks for its own unwind information in the file that the
# emulator runs, and that is the loader.
# shellcheck disable=SC2317  # made calls it
libunwind() {
	set -- "$@" -lunwind
	case " $* " in *' -static '*) set -- "$@" -llzma -Wl,--eh-frame-hdr ;; esac
	$cross "$@"
}

# unwinds NAME COMMAND...
unwinds() {
	name=$1
	shift
	made "$name" "$@" -std=gnu11 -O1 -Wall -Wextra -Werror -o "$dir/$name" "$here/unwind.c" \
		"$here/page.c" "$here/walk-${name%-*}.c" || return 0
	for page in whole all; do
		for clock in started unstarted; do
			load -singlestep -- $clock "$dir/$page" "$dir/$name" timer
			if [ $status = 0 ]; then
				pass "$name" "timer, $page, clock $clock: $(tail -n 1 "$dir/out")"
			else
				fail "$name" "timer, $page, clock $clock: exit status $status" "$dir/out"
			fi
		done
	done
	load -- started "$dir/without-unwind" "$dir/$name" timer
	if [ $status = 1 ] && grep -q '^\([0-9]*\) backtraces, \1 bad' "$dir/out"; then
		pass "$name" "timer, image without unwind: every backtrace ends in the page"
	else
		fail "$name" "timer, image without unwind: exit status $status" "$dir/out"
	fi
}

lacks_libunwind() {
	if ! echo '#include <libunwind.h>' | $cross -E - >/dev/null 2>&1; then
		why="no <libunwind.h> of arm64"
	elif [ "$($cross -print-file-name=libunwind.so)" = libunwind.so ]; then
		why="no libunwind.so of arm64"
	else
		return 1
	fi
}

for kind in dynamic static; do
	static=
	[ $kind = dynamic ] || static=-static
	# shellcheck disable=SC2086  # may be none
	{
		unwinds libgcc-$kind $cross $static
		unwinds backtrace-$kind $cross $static
		if lacks_libunwind; then
			skip libunwind-$kind "$why (Debian: dpkg --add-architecture arm64, apt-get install libunwind-dev:arm64)"
		else
			root=/	# where the library is, and the C library that it came with
			unwinds libunwind-$kind libunwind $static
			root=$cross_root
		fi
	}
done

# ------------------------------------------------------------------ gdb
# At a program that qemu's stub has stopped: tests/readers/target.c. Its symbols must come after
# the connection: the stub names the loader's bias, and gdb would move them by that. Nor does the
# stub list libraries; so gdb is told where the page is, from the program's own variables.

# gdb_at CLOCK IMAGE FUNCTION : its commands from standard input, where inner() begins, into
# $dir/out; what the program prints, into $dir/held
gdb_at() {
	{
		cat <<END_OF_COMMANDS
target remote $dir/stub
add-symbol-file $dir/target
tbreak inner
continue
set \$page = 'page.c'::base
set \$size = 'page.c'::size
add-symbol-file $2 -o \$page
END_OF_COMMANDS
		cat
	} >"$dir/commands"
	began=$(date +%s)
	rm -f "$dir/stub"
	timeout "$LIMIT" qemu-aarch64 -g "$dir/stub" "$dir/loader" "$1" "$2" "$dir/target" "$3" \
		</dev/null >"$dir/held" 2>"$dir/held.err" &
	emulator=$!
	until [ -S "$dir/stub" ] || ! kill -0 $emulator 2>/dev/null; do
		sleep 0.1
	done
	while :; do
		timeout "$LIMIT" gdb-multiarch -nx -batch -iex 'set debuginfod enabled off' \
			-iex 'set width 0' -x "$dir/commands" >"$dir/out" 2>&1 </dev/null || :
		grep -q 'Connection refused' "$dir/out" || break	# there, but not yet listening
		sleep 0.1
	done
	kill $emulator 2>/dev/null || :
	wait $emulator || :
}

# lines PATTERN : of $dir/out
lines() { grep -c -e "$1" "$dir/out" || :; }

# Where to break, as addresses in the image: behind what moves the stack pointer down, and behind
# system calls, where the stub does not stop after a step.
places() {
	${cross%gcc}objdump -d --no-show-raw-insn "$dir/whole" | awk -v name="<__kernel_$1@" '
		/^[0-9a-f]+ </ { on = index($2, name) == 1 }
		on && behind { sub(":", "", $1); print "0x" $1 }
		{ behind = on && ($2 == "svc" || $2 == "sub" && $3 == "sp,") }'
}

# gdb_function CLOCK FUNCTION COMMAND : by that from stop to stop
# shellcheck disable=SC2016  # a variable of gdb's
gdb_function() {
	gdb_at "$1" "$dir/whole" "$2" <<END_OF_COMMANDS
info address __kernel_$2
tbreak *__kernel_$2
continue
info symbol \$pc
disassemble
tbreak *\$x30
$(places "$2" | sed 's/.*/tbreak *($page + &)/')
while (unsigned long)\$pc - \$page < \$size
echo at\n
backtrace
$3
end
delete
continue
END_OF_COMMANDS
	now=$(cat "$dir/held")
	steps=$(lines '^at$') wanted=1
	[ "$3" = stepi ] || wanted=$(($(places "$2" | wc -l) + 1))
	if [ "$(lines 'exited normally')" != 1 ] || [ "${now:-0}" -lt "$began" ] ||
		[ "$now" -gt "$(date +%s)" ]; then
		fail "$reader" "$2, clock $1: afterwards, the time '$now'" "$dir/out"
	elif [ "$(lines "^Symbol \"__kernel_$2\" is at 0x")" != 1 ] ||
		[ "$(lines "^__kernel_$2 in section .text of $dir/whole")" != 1 ] ||
		[ "$(lines '<+0>:')" != 1 ] || [ "$(lines '>:[[:space:]]*ret$')" = 0 ]; then
		fail "$reader" "$2: symbols, disassembly" "$dir/out"
	# it may be there twice: a function calls its own fallback
	elif [ "$steps" -lt $wanted ] || [ "$(lines "^#0 .* in __kernel_$2 ()")" != "$steps" ] ||
		[ "$(lines '^#[12] .* in inner ')" != "$steps" ] ||
		[ "$(lines '^#[23] .* in outer ')" != "$steps" ] ||
		[ "$(lines '^#[34] .* in main ')" != "$steps" ]; then
		fail "$reader" "$2, clock $1, $3: not at each of $steps stops inner, outer, main" "$dir/out"
	else
		pass "$reader" "$2, clock $1, $3: symbols, disassembly, $steps stops, at each a backtrace to main"
	fi
}

# Its own way without unwind information are guesses from the instructions before: these do not
# see the stack pointer's way back.
gdb_loss() {
	gdb_at unstarted "$dir/without-unwind" time <<END_OF_COMMANDS
tbreak *__kernel_time
continue
while (unsigned long)\$pc - \$page < \$size
echo at\n
backtrace
stepi
end
delete
continue
END_OF_COMMANDS
	steps=$(lines '^at$')
	if [ "$steps" != 0 ] && [ "$(lines '^#3 .* in main ')" -lt "$steps" ]; then
		pass "$reader" "image without unwind: at some steps no backtrace to main"
	else
		fail "$reader" "image without unwind: not noticed in $steps steps" "$dir/out"
	fi
}

if has gdb-multiarch gdb-multiarch gdb; then
	reader="gdb $(version gdb-multiarch gdb-multiarch --version)"
	if made gdb $cross -std=gnu11 -O1 -g -Wall -Wextra -Werror -static -o "$dir/target" \
		"$here/target.c" "$here/page.c"; then
		for function in clock_gettime gettimeofday time clock_getres getcpu; do
			gdb_function started $function stepi
			gdb_function unstarted $function stepi
			gdb_function unstarted $function continue
		done
		gdb_loss
	fi
fi

summary

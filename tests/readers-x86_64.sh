#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Who reads a vDSO on x86_64, each on a generated page: libraries that look
# for its functions, unwinders, debuggers and other onlookers; and what each
# loses on images that lack a part, so that these tests are known to notice.
# tests/programs.sh has the C libraries, Go and Python.
set -eu
# shellcheck source=tests/readers/common.sh
. "$(dirname "$0")/readers/common.sh"

if [ "$(uname -m)" != x86_64 ]; then
	echo "SKIP: this machine is no x86_64"
	exit 77
fi
if ! "$VDSOGEN" run true 2>"$dir/err"; then
	cat "$dir/err"
	! grep -q 'ptrace: not permitted' "$dir/err" || { echo "SKIP: no ptrace" && exit 77; }
	echo "FAIL: vdsogen run true"
	exit 1
fi

image=$dir/whole
"$VDSOGEN" build -o "$image"
for omit in sections unwind; do
	"$VDSOGEN" build --omit "$omit" -o "$dir/no-$omit"
done
# Where most calls fall back.
"$VDSOGEN" build --clocks monotonic -o "$dir/one-clock"
# Other layouts.
"$VDSOGEN" build --data before -o "$dir/before"
"$VDSOGEN" build --data after -o "$dir/after"
"$VDSOGEN" build --latch --guard -o "$dir/latch"
"$VDSOGEN" build --slots --functions "clock_gettime,gettimeofday,time,clock_getres,getcpu,getpid,\
getppid,gettid,getpgid,getsid,getpriority,getuid,geteuid,getgid,getegid,uname,getrandom" -o "$dir/all"

# ------------------------------------------------------------------ libraries
# cargo insists on a Cargo.lock beside the manifest.
# shellcheck disable=SC2317  # program calls it
build_rustix() {
	mkdir -p "$dir/rust"
	cp "$here"/rustix/* "$dir/rust"
	(cd "$dir/rust" && CARGO_HOME="$dir/rust/home" CARGO_TARGET_DIR="$dir/rust/target" cargo build \
		--quiet --offline --config 'source.crates-io.replace-with = "debian"' \
		--config 'source.debian.directory = "/usr/share/cargo/registry"') &&
		cp "$dir/rust/target/debug/times" "$dir/rustix"
}

build_programs() {
	if has diet dietlibc-dev dietlibc; then
		program dietlibc "$(version dietlibc-dev diet -v)" \
			diet -Os gcc -DWIDE -o "$dir/dietlibc" "$here/times.c"
	fi
	if has g++ g++ abseil && has_header absl/base/config.h g++ libabsl-dev abseil; then
		# shellcheck disable=SC2046  # options
		program abseil "$(version libabsl-dev pkg-config --modversion absl_debugging_internal)" \
			g++ -std=c++14 -O1 -o "$dir/abseil" "$here/abseil.cc" \
			$(pkg-config --libs absl_debugging_internal 2>/dev/null || echo -labsl_debugging_internal)
	fi
	# Its packages are more than bootstrap installs for one reader.
	if ! has cargo 'cargo librust-rustix-dev' rustix; then
		:
	elif ! ls -d /usr/share/cargo/registry/rustix-[0-9]* >/dev/null 2>&1; then
		skip rustix "no /usr/share/cargo/registry/rustix-* (Debian: apt-get install librust-rustix-dev)"
	else
		program rustix "$(version librust-rustix-dev echo)" build_rustix
	fi
	if has musl-gcc musl-tools musl; then
		number=$(version musl-tools echo)
		program musl-dynamic "$number" musl-gcc -O1 -DWIDE -o "$dir/musl-dynamic" "$here/times.c"
		program musl-static "$number" \
			musl-gcc -O1 -DWIDE -static -o "$dir/musl-static" "$here/times.c"
	fi
	if has go golang-go go; then
		program go "$(go env GOVERSION)" env GOCACHE="$dir/cache" GOTOOLCHAIN=local CGO_ENABLED=0 \
			go build -o "$dir/go" "$here/times.go"
	fi
}

build_programs

# Built by vdsogen run, for this processor's getcpu: abseil asks for that, too.
# shellcheck disable=SC2317  # losses calls it
run_without() {
	case $1 in
	whole) outcome -- "$dir/$2" "$CALLS" ;;
	before | after) outcome --data "$1" -- "$dir/$2" "$CALLS" ;;
	latch) outcome --latch --guard -- "$dir/$2" "$CALLS" ;;
	without-*) outcome --omit "${1#without-}" -- "$dir/$2" "$CALLS" ;;
	esac
}

losses "$programs" run_without <<'END'
whole                  -                            -
before                 -                            -
after                  -                            -
latch                  -                            -
without-hash           musl-dynamic,musl-static     abseil,rustix
without-gnu-hash       -                            -
without-hash,gnu-hash  musl-dynamic,musl-static,go  abseil,rustix
without-versions       -                            abseil,go
without-sections       -                            dietlibc
without-unwind         -                            -
END

# ------------------------------------------------------------------ unwinders
# From inside the process, out of a signal handler: tests/readers/unwind.c.

# unwinds NAME COMMAND...
unwinds() {
	name=$1
	shift
	made "$name" "$@" -std=gnu11 -O1 -Wall -Wextra -Werror -o "$dir/$name" "$here/unwind.c" \
		"$here/page.c" "$here/walk-${name%-*}.c" || return 0
	for mode in '' timer; do
		how=${mode:-'every instruction'}
		for page in whole one-clock before after latch all; do
			if timeout "$LIMIT" "$VDSOGEN" run --image "$dir/$page" "$dir/$name" $mode \
				>"$dir/out" 2>&1; then
				pass "$name" "$how, $page: $(tail -n 1 "$dir/out")"
			else
				fail "$name" "$how, $page" "$dir/out"
			fi
		done
		if timeout "$LIMIT" "$VDSOGEN" run --image "$dir/no-unwind" "$dir/$name" $mode \
			>"$dir/out" 2>&1; then
			fail "$name" "$how, image without unwind: not noticed" "$dir/out"
		elif grep -q '^\([0-9]*\) backtraces, \1 bad' "$dir/out"; then
			pass "$name" "$how, image without unwind: every backtrace ends in the page"
		else
			fail "$name" "$how, image without unwind" "$dir/out"
		fi
	done
}

# It reads compressed sections: a static program has to be told.
# shellcheck disable=SC2317  # unwinds calls it
libunwind() {
	set -- "$@" -lunwind
	case " $* " in *' -static '*) set -- "$@" -llzma -lz ;; esac
	gcc "$@"
}

for kind in dynamic static; do
	static=
	[ $kind = dynamic ] || static=-static
	# shellcheck disable=SC2086  # may be none
	{
		unwinds libgcc-$kind gcc $static
		unwinds backtrace-$kind gcc $static
		if has_header libunwind.h gcc libunwind-dev libunwind-$kind; then
			unwinds libunwind-$kind libunwind $static
		fi
	}
done

# ------------------------------------------------------------------ onlookers
# Debuggers and others, at a process that is stopped in the page: tests/readers/hold.c.
mkfifo "$dir/pid"
sources=
for file in ${LIBRARY_SOURCES:-$(cd "$SRCDIR" && echo libvdsogen/*.c arch/*.c arch/*/*.c)}; do
	case $file in
	*.c) sources="$sources $SRCDIR/$file" ;;
	esac
done
# shellcheck disable=SC2086
gcc -std=gnu11 -O1 -w -I"$SRCDIR/include" -I"$SRCDIR/libvdsogen" -I"$BUILDDIR/arch" \
	-I"$SRCDIR/tools" -o "$dir/hold" "$here/hold.c" "$SRCDIR/tools/host.c" $sources
for kind in dynamic static; do
	static=
	[ $kind = dynamic ] || static=-static
	# shellcheck disable=SC2086
	gcc -std=gnu11 -O1 -g -Wall -Wextra -Werror $static -o "$dir/target-$kind" "$here/target.c" \
		"$here/page.c"
done

functions='clock_gettime gettimeofday time clock_getres getcpu'

# hold IMAGE STEPS TARGET FUNCTION : $pid is stopped there
hold() {
	began=$(date +%s)
	"$dir/hold" "$1" "$2" "$dir/target-$3" "$4" >"$dir/held" 2>"$dir/held.err" 3>"$dir/pid" &
	holder=$!
	pid=
	read -r pid <"$dir/pid" || :
	[ -n "$pid" ] && return
	wait "$holder" || :
	fail "$reader" "no process to look at" "$dir/held.err"
	return 1
}

# let_go : it goes on, and gets the right time
let_go() {
	kill -CONT "$pid" 2>/dev/null || :
	status=0
	wait "$holder" || status=$?
	now=$(cat "$dir/held")
	if [ "$status" = 0 ] && [ "${now:-0}" -ge "$began" ] && [ "$now" -le "$(date +%s)" ]; then
		return
	fi
	fail "$reader" "afterwards, the program ended with $status and the time '$now'" "$dir/held.err"
	return 1
}

# lines PATTERN : of $dir/out
lines() { grep -c -e "$1" "$dir/out" || :; }

# shows WHAT PATTERN... : $dir/out has a line of each
shows() {
	what=$1
	shift
	for pattern; do
		[ "$(lines "$pattern")" != 0 ] || { fail "$reader" "$what: no line '$pattern'" "$dir/out"; return; }
	done
	pass "$reader" "$what"
}

# gdb_at : its commands from standard input, at $pid, into $dir/out
gdb_at() {
	cat >"$dir/commands"
	timeout "$LIMIT" gdb -nx -batch -iex 'set debuginfod enabled off' -iex 'set width 0' \
		-ex 'handle SIGSTOP nostop noprint nopass' -p "$pid" -x "$dir/commands" >"$dir/out" 2>&1 || :
}

# Symbols, and a backtrace at every instruction on the way through.
gdb_function() {
	hold "$image" 0 dynamic "$1" || return 0
	gdb_at <<END_OF_COMMANDS
info address __vdso_$1
info symbol \$pc
disassemble
set \$page = (unsigned long)\$pc & ~0xfff
while (unsigned long)\$pc - \$page < 0x1000
echo at\n
backtrace
stepi
end
END_OF_COMMANDS
	let_go || return 0
	shows "$1: symbols, disassembly" "^Symbol \"__vdso_$1\" is at 0x" \
		"^$1 in section .text of system-supplied DSO" '<+0>:' '[[:space:]]ret'
	steps=$(lines '^at$')
	if [ "$steps" -gt 0 ] && [ "$(lines "^#0 .* in $1 ()")" = "$steps" ] &&
		[ "$(lines '^#1 .* in inner ')" = "$steps" ] &&
		[ "$(lines '^#2 .* in outer ')" = "$steps" ] &&
		[ "$(lines '^#3 .* in main ')" = "$steps" ]; then
		pass "$reader" "$1: $steps instructions, at each a backtrace to main"
	else
		fail "$reader" "$1: not at each of $steps instructions inner, outer, main" "$dir/out"
	fi
}

gdb_rest() {
	hold "$image" 0 dynamic clock_gettime || return 0
	gdb_at <<'END_OF_COMMANDS'
info sharedlibrary
break *__vdso_time
continue
backtrace
END_OF_COMMANDS
	let_go || return 0
	shows "breakpoint in the page" '^Breakpoint 1, 0x.* in time ()' '^#0 .* in time ()' '^#1 .* in main '
	# What gdb cannot find a file for, it lists as not read.
	if [ "$(lines linux-vdso)" = 0 ]; then
		pass "$reader" "no unresolved shared library"
	else
		fail "$reader" "an unresolved shared library" "$dir/out"
	fi
	hold "$dir/no-sections" 0 dynamic time || return 0
	echo 'info address __vdso_time' | gdb_at
	let_go || return 0
	shows "image without sections: no symbols" '^No symbol "__vdso_time" in current context'
	hold "$dir/no-unwind" 0 dynamic time || return 0
	echo 'backtrace' | gdb_at
	let_go || return 0
	shows "image without unwind: guesses" '^#0 .* in time ()'
}

lldb_at() {
	set -- --no-lldbinit --batch -p "$pid"
	while read -r command; do
		set -- "$@" -o "$command"
	done
	timeout "$LIMIT" "$lldb" "$@" >"$dir/out" 2>&1 </dev/null || :
}

lldb_all() {
	hold "$image" 0 dynamic gettimeofday || return 0
	lldb_at <<'END_OF_COMMANDS'
image lookup -n __vdso_time
disassemble -n __vdso_clock_gettime
thread step-inst
thread step-inst
bt
breakpoint set -n __vdso_clock_gettime
continue
detach
END_OF_COMMANDS
	let_go || return 0
	shows "symbols, disassembly" "Summary: \[vdso\]\`__vdso_time" '<+[0-9]*>:.* cmpl ' retq
	shows "backtrace to main" "frame #0: .* \[vdso\]\`__vdso_gettimeofday + " \
		"frame #1: .* target-dynamic\`inner" "frame #2: .* target-dynamic\`outer" \
		"frame #3: .* target-dynamic\`main"
	shows "breakpoint in the page" 'stop reason = breakpoint 1.1'
	hold "$dir/no-sections" 0 dynamic gettimeofday || return 0
	echo 'image lookup -n __vdso_time' | lldb_at
	let_go || return 0
	if [ "$(lines 'Summary:')" = 0 ]; then
		pass "$reader" "image without sections: no symbols"
	else
		fail "$reader" "image without sections: symbols" "$dir/out"
	fi
}

# eu_stack IMAGE STEPS TARGET FUNCTION
eu_stack() {
	hold "$@" || return 0
	timeout "$LIMIT" eu-stack -p "$pid" >"$dir/out" 2>&1 || :
	let_go
}

elfutils() {
	for kind in dynamic static; do
		for function in $functions; do
			for steps in 0 1 2; do
				eu_stack "$image" $steps $kind "$function" || return 0
				cat "$dir/out" >>"$dir/stacks"
			done
			mv "$dir/stacks" "$dir/out"
			if [ "$(lines "^#0 .* __vdso_$function")" = 3 ] && [ "$(lines '^#1 .* inner')" = 3 ] &&
				[ "$(lines '^#2 .* outer')" = 3 ] && [ "$(lines '^#3 .* main')" = 3 ]; then
				pass "$reader" "eu-stack: $function, three backtraces to main, $kind"
			else
				fail "$reader" "eu-stack: $function, $kind" "$dir/out"
			fi
		done
	done
	eu_stack "$image" 30 dynamic clock_gettime || return 0
	shows 'eu-stack: clock_gettime, instruction 30' '^#0 .* __vdso_clock_gettime' '^#3 .* main'
	eu_stack "$dir/no-sections" 0 dynamic time || return 0
	shows 'eu-stack: image without sections' '^#0 .* __vdso_time' '^#3 .* main'

	hold "$image" 0 dynamic time || return 0
	eu-unstrip -n --pid "$pid" >"$dir/out" 2>&1 || :
	let_go || return 0
	shows 'eu-unstrip: the build-id' "+0x[0-9a-f]* $(eu-readelf -n "$image" |
		sed -n 's/^ *Build ID: //p')@.*vdso"
}

libdw_loss() {
	eu_stack "$dir/no-unwind" 0 dynamic time || return 0
	if [ "$(lines '^#3 .* main')" = 0 ]; then
		pass "$reader" "image without unwind: no backtrace"
	else
		fail "$reader" "image without unwind: still a backtrace to main" "$dir/out"
	fi
}

# Attached only when the program already stands in the page: vdsogen run traces, too.
strace_counts() {
	hold "$image" 0 "$1" time || return 0
	: >"$dir/err"	# not the one before it
	strace -f -e trace=clock_gettime,gettimeofday,time -o "$dir/out" -p "$pid" 2>"$dir/err" &
	tracer=$!
	# strace says so once it is there
	until grep -q attached "$dir/err" || ! kill -0 $tracer 2>/dev/null; do
		sleep 0.1
	done
	let_go || return 0
	wait $tracer || :
	shows "$1 program: sees its end and the one call that the page does not answer" \
		'clock_gettime(CLOCK_PROCESS_CPUTIME_ID, ' '+++ exited with 0 +++'
	if [ "$(lines '[0-9] *\(clock_gettime\|gettimeofday\|time\)(')" = 1 ]; then
		pass "$reader" "$1 program: no other clock call"
	else
		fail "$reader" "$1 program: other clock calls" "$dir/out"
	fi
}

if has gdb gdb gdb; then
	reader="gdb $(version gdb gdb --version)"
	for function in $functions; do
		gdb_function "$function"
	done
	gdb_rest
fi
lldb=$(command -v lldb-14 || command -v lldb || echo lldb)
if has "$lldb" lldb-14 lldb; then
	reader="lldb $(version lldb-14 "$lldb" --version)"
	lldb_all
fi
if has eu-stack elfutils elfutils; then
	reader="elfutils $(version elfutils eu-stack --version)"
	elfutils
	libdw_loss
fi
if has strace strace strace; then
	reader="strace $(version strace strace --version)"
	strace_counts dynamic
	strace_counts static
fi

# ------------------------------------------------------------------ others
# The image that vdsogen run maps has no name that perf knows, so perf counts what happens in it
# under the memory file's name, and does not mistake it for its own vDSO.
perf_sees() {
	if ! perf record -q -e cpu-clock -o "$dir/perf.data" true >"$dir/out" 2>&1; then
		skip "$reader" "perf record: $(grep -m 1 . "$dir/out")"
		return
	fi
	perf record -q -e cpu-clock -o "$dir/perf.data" "$VDSOGEN" run --image "$image" \
		"$dir/times" 1000000 >"$dir/log" 2>&1
	perf report -q --stdio --comm times --sort dso -i "$dir/perf.data" >"$dir/out" 2>"$dir/err"
	shows 'samples in the page' '[0-9]%.*memfd:vdso'
	if [ "$(lines '\[vdso\]')" = 0 ]; then
		pass "$reader" "no sample in the kernel's vDSO"
	else
		fail "$reader" "samples in the kernel's vDSO" "$dir/out"
	fi
}

gcc -O1 -DWIDE -o "$dir/times" "$here/times.c"
if has perf linux-perf perf; then
	reader="perf $(version linux-perf perf --version)"
	perf_sees
fi
# It unmaps the page and hides its address from the program.
if has valgrind valgrind valgrind; then
	outcome --image "$image" -- valgrind -q --error-exitcode=9 "$dir/times" "$CALLS"
	expect "valgrind $(version valgrind valgrind --version)" slow "a program under it"
fi

summary

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# vdsorun --gdb: GDB debugs programs in the virtual machine. The command is $VDSORUN, by
# default ./vdsorun; $CC compiles the programs.
# shellcheck disable=SC2015,SC2016,SC2086  # pass() is true; for GDB; names without spaces
# shellcheck source=tests/report.sh
. "$(dirname "$0")/report.sh"
# shellcheck source=tests/guest.sh
. "$(dirname "$0")/guest.sh"
: "${CC:=cc}"
DEBUGINFOD_URLS=
export DEBUGINFOD_URLS
seconds=60	# for what does not end
shown=60 shows='said out err'

command -v gdb >/dev/null || { echo "SKIP: no gdb"; exit 77; }

cd "$tmp" || exit 99

# await FILE TEXT : until it is in there
await()
{
	tries=0
	until grep -q "$2" "$1" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || { fail "no '$2' in $1"; return 1; }
		sleep 0.1
	done
}

# start WHERE PROGRAM [ARGUMENT] : in $runner
start()
{
	rm -f out err socket
	timeout -k 1 $seconds "$VDSORUN" --gdb "$@" >out 2>err </dev/null &
	runner=$!
	await err 'waiting for a debugger'
}

# ended STATUS
ended()
{
	wait $runner 2>/dev/null
	status=$?
	if [ $status -eq "$1" ]; then pass; else fail "$name: vdsorun: status $status, not $1"; fi
}

# debug WHERE PROGRAM COMMAND... : what GDB says goes to said, its number to debugger
debug()
{
	where=$1 program=$2
	shift 2
	for command; do
		set -- "$@" -ex "$command"
		shift
	done
	timeout -k 1 $seconds sh -c 'echo $$ >debugger; exec gdb -nx -q -batch "$@"' sh \
		-ex 'set pagination off' -ex 'set confirm off' -ex "target remote $where" "$@" "$program" \
		>said 2>&1 </dev/null
}

# says PATTERN... : each of them
says()
{
	silent=
	for pattern; do
		grep -q "$pattern" said || silent="$silent '$pattern'"
	done
	if [ -z "$silent" ]; then pass; else fail "$name: GDB does not say$silent"; fi
}

cat >to-call <<'END'
while *(unsigned short *)$pc != 0x050f
	stepi
end
END

kinds=
build() # KIND COMPILER FLAG...
{
	kind=$1
	shift
	for program in debugged debugged-threads; do
		"$@" -g -O0 -pthread -o "$program-$kind" "$SRCDIR/tests/runner/$program.c" 2>errors ||
			{ echo "$kind: cannot be built, left out"; return; }
	done
	kinds="$kinds $kind"
}
build static $CC -static
build dynamic $CC
[ -n "$kinds" ] || { cat errors; exit 99; }

for kind in $kinds; do
	program=./debugged-$kind

	# ------------------------------------------------------------ a walk
	name="$kind, a walk"
	start ./socket $program
	debug ./socket $program 'info threads' 'break main' continue next next step next backtrace \
		'info registers rip' finish 'print pair' 'print twice(21)' 'set var chosen = 9' \
		'print chosen * 100' 'watch sum' continue continue continue 'delete 2' \
		'info auxv' 'break __vdso_clock_gettime' continue 'stepi' 'echo here\n' backtrace \
		'print $fs_base != 0' 'set $rbx = 0x123456789' 'print/x $rbx' \
		'print $xmm7.v4_int32[2] = 77' 'print $xmm7.v4_int32[2] + 1' 'set $xmm7.v4_int32[2] = 0' \
		delete continue
	ended 7
	says '^Breakpoint 1, main (argc=1' '^twice (value=1)' '^#0  twice (value=1)' '^#1 .* in main (' \
		'^rip  *0x.*<twice+' '^Value returned is \$1 = 2$' 'first = 41, second = 2.5' ' = 42$' \
		'^Old value = 2$' '^New value = 6$' '^New value = 12$' \
		' = 900$' 'AT_SYSINFO_EHDR ' 'AT_ENTRY ' '^Breakpoint 3, .* clock_gettime ()' \
		' = 1$' ' = 0x123456789$' ' = 78$' 'exited with code 07'
	if sed -n '/^here/,$p' said | grep -q '^#[123] .* in main ('; then
		pass
	else
		fail "$name: no way from the vDSO to main"
	fi
	grep -q '^sum 12 chosen 9$' out && pass || fail "$name: another output"

	# ------------------------------------------------------------ a step that is a system call
	name="$kind, a call"
	start ./socket $program
	debug ./socket $program 'break main' continue 'break write' continue 'source to-call' 'set var $call = $pc' stepi \
		'print $pc - $call' 'print $rax' delete continue
	ended 7
	says '^\$1 = 2$' '^\$2 = 16$'

	# ------------------------------------------------------------ threads
	name="$kind, threads"
	program=./debugged-threads-$kind
	start ./socket $program
	debug ./socket $program 'break count if counters[1] > 50' continue 'info threads' \
		'thread apply all backtrace' delete 'watch counters[2]' continue delete \
		'set scheduler-locking on' 'set var $others = counters[0] + counters[1]' finish next next next \
		'print counters[0] + counters[1] - $others' 'set scheduler-locking off' \
		'set var go_on = 0' 'break puts' continue 'info threads' continue
	ended 5
	says '^Thread [0-9]* hit Breakpoint 1, count (' '^[* ] 4  *Thread ' 'pthread_barrier_wait\|pthread_join\|futex' \
		'^#[0-9] .* main ()' '^Thread [0-9]* hit Hardware watchpoint 2: counters\[2\]' '^\$1 = 0$' \
		'^Thread 1 hit Breakpoint 3' 'exited with code 05'
	[ "$(grep -c '^#[0-9] .*counter=0x' said)" -ge 3 ] && pass || fail "$name: not all of them are shown"
	[ "$(cat out)" = "children 0
done" ] && pass || fail "$name: another output"
	program=./debugged-$kind

	# ------------------------------------------------------------ ends
	name="$kind, a crash"
	start ./socket $program crash
	debug ./socket $program continue backtrace 'print *(int *)16' continue
	ended 139
	says 'received signal SIGSEGV' '^#1 .* in main (' 'Cannot access memory at address 0x10' \
		'terminated with signal SIGSEGV'

	name="$kind, a crash that is passed over"
	start ./socket $program crash
	debug ./socket $program continue 'set var $pc = $pc + 10' 'return' 'signal 0'
	says 'received signal SIGSEGV' 'exited with code 07'
	ended 7

	name="$kind, kill"
	start ./socket $program
	debug ./socket $program 'break twice' continue kill
	ended 137
	says '^Breakpoint 1, twice'

	name="$kind, detach"
	start ./socket $program
	debug ./socket $program 'break twice' continue detach
	ended 7
	grep -q '^sum 12 chosen 3$' out && pass || fail "$name: another output"

	# ------------------------------------------------------------ GDB goes, and another comes
	name="$kind, an interrupted loop"
	start ./socket $program loop
	debug ./socket $program 'break twice' continue disconnect
	await out '^sum 12 chosen 3$'
	debug ./socket $program 'print chosen > 3' 'set var $old = chosen' 'stepi 20' 'print chosen > $old' \
		'signal SIGTERM'
	ended 143
	says '\$1 = 1$' '\$2 = 1$' 'terminated with signal SIGTERM'

	name="$kind, an interrupted call"
	start ./socket $program sleep
	debug ./socket $program disconnect
	await out '^sum 12 chosen 3$'
	debug ./socket $program backtrace kill
	ended 137
	says '^#[0-9] .*sleep' '^#[0-9] .* in main ('
done

# ------------------------------------------------------------------ ^C, and a port
first=${kinds# }
first=${first%% *}
name="^C at a port"
start 0 ./debugged-$first loop
port=$(sed -n 's/.*127\.0\.0\.1:\([0-9]*\)$/\1/p' err)
debug "127.0.0.1:$port" ./debugged-$first continue backtrace kill &
talk=$!
await out '^sum 12'
kill -INT "$(cat debugger)"
wait $talk
ended 137
says 'received signal SIGINT' '^#0 .* end (' '^#1 .* main ('

# ------------------------------------------------------------------ no place for one
for where in nowhere 65536 /nonesuch/socket -1; do
	name="--gdb $where"
	timeout $seconds "$VDSORUN" --gdb=$where ./debugged-$first >out 2>err
	status=$?
	if [ $status -eq 2 ] && grep -q "no debugger can come to '$where'" err; then
		pass
	else
		fail "$name: status $status"
	fi
done

summary

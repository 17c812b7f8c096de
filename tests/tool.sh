#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# vdsogen build and vdsogen show: what they write, and what they say of bad input.
# shellcheck source=tests/report.sh
. "$(dirname "$0")/report.sh"

# out TEXT, err TEXT: it is somewhere in that output
out() { if grep -qF -e "$1" "$tmp/out"; then pass; else fail "no '$1' on standard output"; fi; }
err() { if grep -qF -e "$1" "$tmp/err"; then pass; else fail "no '$1' on standard error"; fi; }

# matches REGEX: a line of standard output does
matches() { if grep -qE -e "$1" "$tmp/out"; then pass; else fail "no line like '$1'"; fi; }

# One line of error that begins with the command's name, and nothing on standard output.
complains()
{
	if [ "$(grep -c '^vdsogen: ' "$tmp/err")" = 1 ] && [ "$(wc -l <"$tmp/err")" -eq 1 ] &&
	   [ ! -s "$tmp/out" ]; then
		pass
	else
		fail "expected one line of error"
	fi
}

# refuse STATUS TEXT ARGUMENT...
refuse()
{
	refuse_status=$1 refuse_text=$2
	shift 2
	run "$refuse_status" "$@"
	complains
	err "$refuse_text"
}

# covers BYTES: the rows of the map follow one another without a hole, from 0 to BYTES
covers()
{
	end=$(awk '/^Map/ { on = 1; next } /^$/ { on = 0 } on && $1 ~ /^0x/ { print $1, $2 }' \
		"$tmp/out" | {
		end=0
		while read -r at bytes; do
			[ $((at)) -eq $end ] || break
			end=$((end + bytes))
		done
		echo $end
	})
	is "$end" "$1" "end of the map's rows"
}

# row REGEX: a row of the map has that name
row()
{
	if grep -qE "^  0x[0-9a-f]+ +[0-9]+  $1\$" "$tmp/out"; then pass; else fail "no row '$1'"; fi
}

size_of() { wc -c <"$1" | tr -d ' '; }


# ------------------------------------------------------------------ the command line
run 2
err 'Usage: vdsogen COMMAND'
run 0 --help
out 'build'
out 'show'
run 0 --version
out 'vdsogen '
refuse 2 "unknown command 'bild'" bild
refuse 2 "unknown option '--bild'" --bild
refuse 2 "unknown command 'bild'" help bild
for command in build show check; do
	run 0 $command --help
	out "Usage: vdsogen $command"
	cp "$tmp/out" "$tmp/help"
	run 0 help $command
	if cmp -s "$tmp/out" "$tmp/help"; then pass; else fail "help $command is not $command --help"; fi
done

# ------------------------------------------------------------------ build
run 0 build --help
archs=$(sed -n '/--arch/{n;s/[ ,][ ,]*/ /g;p;}' "$tmp/out")
is "$(echo "$archs" | grep -c x86_64)" 1 "x86_64 among the architectures of the help"

for arch in $archs; do
	image=$tmp/$arch.so
	run 0 build --arch "$arch" -o "$image"
	is $(($(size_of "$image") % 4096)) 0 "$arch: size modulo a page"
	run 0 build --arch "$arch"
	if cmp -s "$image" "$tmp/out"; then pass; else fail "$arch: the file and standard output differ"; fi
	run 0 show "$image"
	out "libvdsogen layout 2 for $arch"
	covers "$(size_of "$image")"
	row 'ELF header'
	row 'clock block'
	for text in .text .dynsym 'free' clock_gettime LINUX_2.6 'ABI tag: Linux' \
		    'kernel version 6.1.0' build-id 'never written' 'makes the same bytes' isassembly; do
		out "$text"
	done

	# the caller is found from anywhere in a function; who leaves that out has no caller
	for text in 'Unwinding' 'search table of 5 entries' '(common part)'; do
		out "$text"
	done
	for name in clock_gettime gettimeofday time clock_getres getcpu; do
		matches "^  0x[0-9a-f]+ +[0-9]+  [a-z_]*$name +CFA [rs]?sp(\\+8, rip at CFA-8)?\$"
	done
	run 0 build --arch "$arch" --omit unwind -o "$image"
	run 0 show --no-disassembly "$image"
	is "$(sed -n '/^Unwinding/{n;p;}' "$tmp/out")" '  none' "$arch: unwinding without information"

	# each function, clock, counter, getcpu that it has: alone, and told by show
	for word in clock_gettime gettimeofday time clock_getres getcpu; do
		run 0 build --arch "$arch" --functions $word -o "$image"
		run 0 show --no-disassembly "$image"
		out "--functions $word \\"
	done
	for word in realtime monotonic monotonic-raw realtime-coarse monotonic-coarse boottime tai; do
		run 0 build --arch "$arch" --clocks $word -o "$image"
		run 0 show --no-disassembly "$image"
		out "--clocks $word \\"
	done
	for word in fenced self-fenced unfenced; do
		run 0 build --arch "$arch" --counter $word -o "$image"
		run 0 show --no-disassembly "$image"
		out "--counter $word \\"
	done
	for word in fallback zero 'word --getcpu-at -64'; do
		# shellcheck disable=SC2086
		run 0 build --arch "$arch" --getcpu $word -o "$image"
		run 0 show --no-disassembly "$image"
		out "--getcpu ${word%% *} \\"
	done
	out '--getcpu-at -64 '
	out 'word of getcpu, 4 bytes, not shown: 64 bytes before the start of the image'
	for word in hash gnu-hash versions sections unwind; do
		run 0 build --arch "$arch" --omit $word -o "$image"
		run 0 show "$image"
		out "--omit $word \\"
		out _clock_gettime
	done
	run 0 build --arch "$arch" --functions time,getcpu --clocks tai,realtime --guard \
		--omit sections,hash,gnu-hash,versions --kernel-version 5.4.255 -o "$image"
	run 0 show --no-disassembly "$image"
	covers "$(size_of "$image")"
	row 'clock block'
	for text in '--functions time,getcpu ' '--clocks realtime,tai ' '--guard' \
		    '--omit hash,gnu-hash,versions,sections ' '--kernel-version 5.4.255' \
		    'kernel version 5.4.255' 'no section headers' '_time (code)'; do
		out "$text"
	done
done
run 0 build --arch x86_64 --getcpu rdpid
run 0 build --arch x86_64 --getcpu rdtscp
run 0 build --arch aarch64 --getcpu tpidrro
run 0 build --arch aarch64 --functions rt_sigreturn

# the configuration that show prints builds the image that it was printed for
comes_back()
{
	run 0 show "$1"
	words=$(sed -n '/^Configuration/,/^  This/{/^Configuration/d;/^  This/d;s/\\$//;s/vdsogen build//;p;}' \
		"$tmp/out")
	# shellcheck disable=SC2086
	"$vdsogen" build $words >"$tmp/again" 2>"$tmp/err"
	if cmp -s "$tmp/again" "$1"; then pass; else fail "show's configuration builds another image: $words"; fi
}
run 0 build --arch aarch64 --guard --counter unfenced --getcpu zero -o "$tmp/a.so"
comes_back "$tmp/a.so"

# ------------------------------------------------------------------ the way to the host
# asks 'OPTIONS' HOW: show says so, and the image is built again by its words
asks()
{
	# shellcheck disable=SC2086
	run 0 build $1 -o "$tmp/b.so"
	comes_back "$tmp/b.so"
	out "Entries: the host is asked by $2"
}
for arch in $archs; do
	asks "--arch $arch" 'a system call'
	matches '^  offset +bytes  trap +resume +function$'
	asks "--arch $arch --fallback jump --fallback-at 0x7f0011223344" 'a jump to 0x7f0011223344'
	matches '^  offset +bytes  jump +function$'
	matches '^  0x[0-9a-f]+ +[0-9]+  0x[0-9a-f]+  time$'
	out 'At a jump of clock_gettime'
	if grep -qE '<- (trap|resume)|libcapstone' "$tmp/out"; then
		grep -q libcapstone "$tmp/out" || fail "$arch: a trap where the functions jump"
	else
		out '<- jump to the host'
	fi
	asks "--arch $arch --fallback thread --fallback-at 40" \
		'a jump to the address at the thread pointer +40'
done
asks '--arch x86_64 --fallback thread --fallback-at -8' 'a jump to the address at the thread pointer -8'
asks '--arch x86_64 --fallback out --fallback-at 0xffff' 'OUT to port 0xffff'
asks '--arch x86_64 --fallback vmcall' VMCALL
asks '--arch x86_64 --fallback vmmcall' VMMCALL
asks '--arch aarch64 --fallback hvc --fallback-at 65535' 'HVC #65535'
asks '--arch x86_64 --getcpu lsl --getcpu-at 65535' 'a system call'
out '--getcpu-at 65535'

# a number that does not fit: which, and what there is room for
refuse 2 "--fallback: 'call' is not one of: syscall, hvc, " build --fallback call
refuse 2 "--fallback: x86_64 has no 'hvc'; it has: syscall, out, vmcall, vmmcall, jump, thread" \
	build --arch x86_64 --fallback hvc
refuse 2 "--fallback: aarch64 has no 'out'; it has: syscall, hvc, jump, thread" \
	build --arch aarch64 --fallback out
refuse 2 '--fallback-at: 0x10000: out takes a port, 0 to 65535' \
	build --arch x86_64 --fallback out --fallback-at 0x10000
refuse 2 '--fallback-at: 0x10000: hvc takes an immediate, 0 to 65535' \
	build --arch aarch64 --fallback hvc --fallback-at 65536
refuse 2 '--fallback-at: 0x0: jump takes an address that is not 0' build --fallback jump
refuse 2 '--fallback-at: 0x80000000: thread takes a distance' \
	build --arch x86_64 --fallback thread --fallback-at 0x80000000
refuse 2 'on aarch64 a multiple of 8 up to 32760' \
	build --arch aarch64 --fallback thread --fallback-at 12
refuse 2 '--fallback-at: 0x5: only --fallback hvc, out, jump and thread' build --fallback-at 5
refuse 2 "--fallback-at: 'x' is not a number of 64 bits" build --fallback-at x
refuse 2 "--fallback-at: '0x10000000000000000' is not a number of 64 bits" \
	build --fallback-at 0x10000000000000000
refuse 2 "--getcpu: x86_64 has no 'tpidrro'; it has: fallback, zero, rdpid, rdtscp, lsl, word" \
	build --arch x86_64 --getcpu tpidrro
refuse 2 '--getcpu-at: 65536: lsl takes a selector, 0 to 65535' \
	build --arch x86_64 --getcpu lsl --getcpu-at 65536
for at in 0 2 100 4092 524292 -3 -524292; do
	refuse 2 "--getcpu-at: $at: word takes a multiple of 4 that is outside" \
		build --getcpu word --getcpu-at $at
done
refuse 2 '--getcpu-at: 4: only --getcpu lsl and word' build --getcpu-at 4
refuse 2 "--getcpu-at: '4294967296' is not a number of 32 bits" build --getcpu-at 4294967296
refuse 2 '--distance: 4096: what is inside' build --distance 4096
refuse 2 '--process-distance: 8192: what is inside' build --process-distance 8192
refuse 2 '--process-distance: 4096: that is within the image' \
	build --functions clock_gettime,gettimeofday,uname --slots --guard --latch \
		--process after --process-distance 4096
refuse 2 "--process-distance: '100' is not a multiple of 4096" build --process-distance 100
refuse 2 "--process: 'here' is not one of: inside, before, after" build --process here

# ------------------------------------------------------------------ slots and blocks
# poke FILE OFFSET BYTES (printf's escapes)
poke()
{
	# shellcheck disable=SC2059
	printf "$3" | dd of="$1" bs=1 seek=$(($2)) conv=notrunc 2>/dev/null
}
# block NAME: where the map has it
block() { sed -n "s/^  \(0x[0-9a-f]*\) .*  $1\$/\1/p" "$tmp/out"; }
field() { matches "^    $1 +$2\$"; }

for arch in $archs; do
	image=$tmp/$arch.so
	run 0 build --arch "$arch" --slots --functions time,getpid,uname -o "$image"
	comes_back "$image"
	covers "$(size_of "$image")"
	row '\.slots'
	row 'process block'
	matches '^  0x000220  0x[0-9a-f]+  time$'
	matches '^  0x000260  0x[0-9a-f]+  getpid$'
	matches '^  0x000230  -ENOSYS   clock_getres$'
	matches '^  0x[0-9a-f]+ +288  \(slots\) +CFA '
	grep -q libcapstone "$tmp/out" || out '<slot of getpid>:'
	for name in pid ppid tid pgid sid nice uid euid gid egid names; do
		field $name 'unknown: the fallback answers'
	done
	field 'sequence count' '0: readable'
	field 'shared with' '0 vfork children'

	# struct vdsogen_process: seq, shown[11], shared, own[11], uts
	at=$(block 'process block')
	poke "$image" "$at" '\003'
	poke "$image" "$at + 4" '\322\004\000\000\002\000\000\000'
	poke "$image" "$at + 24" '\001'
	poke "$image" "$at + 44" '\001'
	poke "$image" "$at + 48" '\002\000\000\000\322\004\000\000'
	poke "$image" "$at + 68" '\145'
	poke "$image" "$at + 72" '\051'
	poke "$image" "$at + 96" 'Sys\033'
	poke "$image" "$at + 96 + 65" 'node'
	run 0 show --no-disassembly "$image"
	field 'sequence count' '3: a publisher is at work, or died at work'
	field pid 1233
	field ppid 1
	field sid '100, hidden: a vfork child shares the block'
	field nice 20
	out '      sysname        Sys\033'
	out '      nodename       node'
	field 'shared with' '2 vfork children'
	out 'makes the same bytes (data blocks apart)'
	poke "$image" "$at + 24" '\051'
	run 0 show --no-disassembly "$image"
	field nice -20

	# outside
	run 0 build --arch "$arch" --functions time,uname --process before --process-distance 65536 -o "$image"
	comes_back "$image"
	out 'process block, 512 bytes, not shown: 65536 bytes before the start of the image'
	row 'clock block'
	run 0 build --arch "$arch" --functions time,uname --data after --process after -o "$image"
	comes_back "$image"
	out 'clock block, 640 bytes, not shown: 4096 bytes behind the start of the image'
	out 'process block, 512 bytes, not shown: 4736 bytes behind the start of the image'
	# randomness, where the architecture has it
	if "$vdsogen" build --arch "$arch" --functions time,getrandom -o "$image" 2>/dev/null; then
		comes_back "$image"
		row 'random block'
		field ready 'no: the fallback answers'
		at=$(block 'random block')
		poke "$image" "$at" '\002\001\000\000\000\000\000\000\001'
		poke "$image" "$at + 12" '\003\000\000\000\050'
		run 0 show --no-disassembly "$image"
		field ready yes
		field generation 258
		field states 'mmap with prot 0x3, flags 0x28'
		out 'makes the same bytes (data blocks apart)'
	fi
	# without section headers
	run 0 build --arch "$arch" --slots --omit sections --functions time,uname -o "$image"
	comes_back "$image"
	covers "$(size_of "$image")"
	row slots
	row 'process block'
done

# bad words: the option, the word, what there is
refuse 2 "--arch: 'arm64' is not one of: x86_64, aarch64" build --arch arm64
refuse 2 "--functions: 'clock' is not one of: clock_gettime, " build --functions time,clock
refuse 2 "--functions: '' is not one of: clock_gettime, " build --functions time,
refuse 2 "--clocks: 'utc' is not one of: realtime, " build --clocks utc
refuse 2 "--counter: 'tsc' is not one of: fenced, self-fenced, unfenced" build --counter tsc
refuse 2 "--counter: '' is not one of: fenced, self-fenced, unfenced" build --counter ''
refuse 2 "--getcpu: 'x' is not one of: fallback, " build --getcpu x
refuse 2 "--omit: 'text' is not one of: hash, gnu-hash, versions, sections" build --omit text
refuse 2 "x86_64 has no 'rt_sigreturn'; it has: clock_gettime, " \
	build --arch x86_64 --functions rt_sigreturn
refuse 2 "x86_64 has no 'tpidrro'; it has: fallback, zero, " build --arch x86_64 --getcpu tpidrro
refuse 2 "aarch64 has no 'rdpid'; it has: fallback, zero, tpidrro, word" \
	build --arch aarch64 --getcpu rdpid
for version in '' 6 6.1 6.1.0.0 6.1.256 6.1.x -6.1.0 ' 6.1.0' 0.0.0 6..1 99999999999999999999.0.0; do
	refuse 2 "--kernel-version: '$version' is not a version" build --kernel-version "$version"
done
refuse 2 "unknown or ambiguous option '--bogus'" build --bogus
refuse 2 "unknown option '-z'" build -z
refuse 2 "--output needs an argument" build -o
refuse 2 "takes no argument" build --guard=1
refuse 2 "'page.so'" build page.so
refuse 2 "the name is empty" build -o ''

# files
refuse 1 "$tmp/none/a.so: No such file" build -o "$tmp/none/a.so"
refuse 1 "$tmp: Is a directory" build -o "$tmp"
# what is no regular file is written to, not replaced: a pipe, and never a device of
# the machine, which a fault would take away from everybody when run by root
mkfifo "$tmp/pipe"
timeout 10 cat "$tmp/pipe" >"$tmp/piped" &
pid=$!
run 0 build -o "$tmp/pipe"
if [ -p "$tmp/pipe" ]; then pass; else fail "build replaced a pipe"; fi
wait $pid
is "$(size_of "$tmp/piped")" 4096 "bytes through a pipe"
if [ -c /dev/full ]; then
	"$vdsogen" build >/dev/full 2>"$tmp/err"
	is $? 1 "status of build to a full device"
	err 'standard output: No space left'
	"$vdsogen" show --help >/dev/full 2>"$tmp/err"
	is $? 1 "status of help to a full device"
fi
echo old >"$tmp/old.so"
chmod 640 "$tmp/old.so"
ln -s old.so "$tmp/link.so"
run 0 build -o "$tmp/link.so"
if [ -L "$tmp/link.so" ]; then pass; else fail "build replaced a symbolic link"; fi
is "$(size_of "$tmp/old.so")" 4096 "size of the file behind the link"
is "$(ls -l "$tmp/old.so" | cut -c 1-10)" -rw-r----- "mode of an overwritten file"
(umask 027 && "$vdsogen" build -o "$tmp/new.so")
is "$(ls -l "$tmp/new.so" | cut -c 1-10)" -rw-r----- "mode of a new file"

# a limit on the size of files: the old file stays, nothing else is left
mkdir "$tmp/small"
echo old >"$tmp/small/a.so"
(ulimit -f 1 && "$vdsogen" build -o "$tmp/small/a.so") 2>"$tmp/err"
is $? 1 "status of build beyond the limit"
err 'a.so: File too large'
is "$(ls "$tmp/small")$(cat "$tmp/small/a.so")" a.soold "what a failed build leaves"

if command -v script >/dev/null 2>&1 && script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	script -qec "'$vdsogen' build" /dev/null >"$tmp/out" 2>&1 </dev/null
	is $? 2 "status of build to a terminal"
	out 'it is a terminal'
fi

# ------------------------------------------------------------------ show: others' images
run 0 show --self
out 'Map'
out 'Symbols'
cp "$tmp/out" "$tmp/self"
if grep -q 'not made by libvdsogen' "$tmp/self"; then
	out gettime
	out LINUX_
fi
sleep 60 &
pid=$!
run 0 show --pid $pid
kill $pid
sed '1,2d' "$tmp/self" >"$tmp/self2"
sed '1,2d' "$tmp/out" >"$tmp/out2"
if grep -q libvdsogen\ layout "$tmp/self" || cmp -s "$tmp/self2" "$tmp/out2"; then
	pass
else
	fail "a child's vDSO is not this process's"
fi

# ------------------------------------------------------------------ show: bad input
refuse 2 'one of FILE, --pid N and --self' show
refuse 2 'one of FILE, --pid N and --self' show --self "$tmp/a.so"
refuse 2 'one FILE at a time' show "$tmp/a.so" "$tmp/new.so"
for pid in 0 -1 x 1x ../self 99999999999; do
	refuse 2 "--pid: '$pid' is not the number" show --pid=$pid
done
refuse 1 'no such process' show --pid 4194305
refuse 1 "$tmp/none: No such file" show "$tmp/none"
refuse 1 "$tmp: Is a directory" show "$tmp"
refuse 1 'not an ELF file' show /dev/null
refuse 1 'not an ELF file' show "$0"
dd if=/dev/zero of="$tmp/large" bs=1 count=1 seek=16777216 2>/dev/null
refuse 1 'larger than 16 MiB' show "$tmp/large"

# cut at any length: refused, and the message says that it is incomplete
"$vdsogen" build -o "$tmp/whole.so"
for length in 1 3 4 5 15 16 17 63 64 65 119 120 121 231 232 500 1000 2000 3000 4000 4095; do
	head -c $length "$tmp/whole.so" >"$tmp/cut.so"
	run 1 show "$tmp/cut.so"
	complains
	if [ $length -ge 4 ]; then err truncated; else err 'not an ELF file'; fi
done

# put OFFSET BYTES (printf's escapes): a copy of the image with other bytes
put()
{
	cp "$tmp/whole.so" "$tmp/bad.so"
	# shellcheck disable=SC2059
	printf "$2" | dd of="$tmp/bad.so" bs=1 seek="$1" conv=notrunc 2>/dev/null
}
put 4 '\003'
refuse 1 'bad.so: damaged: its ELF class' show "$tmp/bad.so"
put 5 '\000'
refuse 1 'bad.so: damaged: its byte order' show "$tmp/bad.so"
put 16 '\002'
refuse 1 'not a shared object' show "$tmp/bad.so"
put 32 '\377\377\377\377\377\377\377\177'
refuse 1 'bad.so: truncated or damaged: the program header table' show "$tmp/bad.so"
put 54 '\001'
refuse 1 'program headers is wrong' show "$tmp/bad.so"
put 56 '\000'
refuse 1 'no program headers' show "$tmp/bad.so"
put 40 '\377\377\377\377\377\377\377\177'	# e_shoff lies: the rest is still told
run 0 show --no-disassembly "$tmp/bad.so"
out 'section headers are outside of the image'
out 'clock block'
put 58 '\001'				# e_shentsize
run 0 show --no-disassembly "$tmp/bad.so"
out 'left aside'

# unwind information is not trusted: what makes no sense is left aside, the rest is told
chapter() { sed -n '/^Unwinding/,/^$/p' "$tmp/out"; }
place() { awk -v name="$1" '$3 == name { print $1 }' "$tmp/map"; }
run 0 show "$tmp/whole.so"
cp "$tmp/out" "$tmp/map"
header=$(($(place .eh_frame_hdr))) frame=$(($(place .eh_frame)))
rows=$(chapter | grep -c ' CFA ')
for change in "$header \\002" "$((header + 1)) \\377" "$((header + 4)) \\377\\377\\377\\177"; do
	put "${change% *}" "${change#* }"
	run 0 show --no-disassembly "$tmp/bad.so"
	out 'leads nowhere'
	out '_clock_gettime'
done
put $((header + 8)) '\377\377\377\377'	# entries
run 0 show --no-disassembly "$tmp/bad.so"
out 'search table of 4294967295 entries, but there is room for 5 in its 40 bytes'
put $((header + 12)) '\377\377\377\177'
run 0 show --no-disassembly "$tmp/bad.so"
out 'not sorted'
put "$frame" '\377\377\377\377'	# the length of the first record
run 0 show --no-disassembly "$tmp/bad.so"
out 'and more, which is left aside'
put $((frame + 9)) 'e'			# its augmentation, which says how to read the others
run 0 show --no-disassembly "$tmp/bad.so"
is "$(chapter | grep -c 'makes no sense here')" 6 "records that hang on a damaged one"
put $((frame + 28)) '\377'		# the second record's way back to the first
run 0 show --no-disassembly "$tmp/bad.so"
is "$(chapter | grep -c 'makes no sense here')" 1 "damaged records"
is "$(chapter | grep -c ' CFA ')" $((rows - 1)) "records beside a damaged one"
at=$frame
while [ "$at" -lt $((frame + 64)) ]; do
	put "$at" '\377'
	run 0 show --no-disassembly "$tmp/bad.so"
	out 'Entries'
	at=$((at + 1))
done

# a name that would talk to the terminal
at=$(grep -abo linux-vdso "$tmp/whole.so" | head -n 1 | cut -d : -f 1)
put "$at" '\033[31m'
run 0 show "$tmp/bad.so"
out 'soname \033[31m'
if grep -q "$(printf '\033')" "$tmp/out"; then fail "show wrote an escape character"; else pass; fi

summary

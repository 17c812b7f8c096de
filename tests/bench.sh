#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# vdsogen bench: that it runs, measures all there is, and says it in JSON. No
# figure is judged here: that is `make bench`.
# shellcheck source=tests/report.sh
. "$(dirname "$0")/report.sh"
subcommand=bench

# has TEXT, lacks TEXT: somewhere on standard output
has() { if grep -qF -e "$1" "$tmp/out"; then pass; else fail "no '$1' on standard output"; fi; }
lacks() { if grep -qF -e "$1" "$tmp/out"; then fail "'$1' on standard output"; else pass; fi; }

# refuse TEXT ARGUMENT... : status 2 and one line of error with that text
refuse()
{
	text=$1
	shift
	run 2 "$@"
	if [ "$(wc -l <"$tmp/err")" -eq 1 ] && [ ! -s "$tmp/out" ] && grep -qF -e "$text" "$tmp/err"; then
		pass
	else
		fail "bench $*: expected one line of error with '$text'"
	fi
}

# ------------------------------------------------------------------ the command line
refuse "--setting: 'hot' is not one of: back-to-back, dependent, inside, data-cold, cold" \
	--setting hot
refuse "--function: 'rt_sigreturn' is not one of: clock_gettime, gettimeofday, time, " \
	--function rt_sigreturn
refuse "--function: 'getppid' is not one of: clock_gettime, gettimeofday, time, " \
	--function getppid
refuse "getcpu, getpid, gettid, getpriority, getuid, uname, getrandom" --function bogus
refuse "--function: '' is not one of: " --function ''
for rounds in 0 -1 x 1x 100001 99999999999999999999 ''; do
	refuse "--rounds: '$rounds' is not a number from 1 to 100000" --rounds="$rounds"
done
refuse "'5': bench takes no operand" 5
refuse "unknown or ambiguous option '--bogus'" --bogus
refuse '--rounds needs an argument' --rounds
refuse '--count measures no time' --count --goals
refuse '--count measures no time' --count --setting inside

# ------------------------------------------------------------------ where it can run
case $(uname -m) in
x86_64 | aarch64) ;;
*)
	echo "SKIP: $(uname -m): the library has no such architecture"
	exit 77
	;;
esac
"$vdsogen" bench --rounds 1 --setting dependent --function time >/dev/null 2>"$tmp/err" || {
	if grep -qE 'memory for the page|stay on one' "$tmp/err"; then
		echo "SKIP: $(cat "$tmp/err")"
		exit 77
	fi
	fail "a run of one row"
}

# ------------------------------------------------------------------ JSON
run 0 --rounds 5 --json
if ! command -v python3 >/dev/null; then
	echo "not checked: JSON: no python3 (Debian: apt-get install python3-minimal)"
elif python3 - "$tmp/out" <<'END'; then
import json, sys

o = json.load(open(sys.argv[1]))
bad = []

def check(good, what):
	if not good:
		bad.append(what)

def number(x):
	return isinstance(x, (int, float)) and not isinstance(x, bool) and x > 0

check(number(o["counter_hz"]) and o["rounds"] == 5, "counter_hz, rounds")
check(o["kernel"] and o["machine"]["processor"] and number(o["machine"]["processors"]), "machine")
settings = ["back-to-back", "dependent", "inside", "data-cold", "cold"]
check(o["settings"] == settings, "settings")
rows = {(r["setting"], r["function"], r["clock"] or r["bytes"]): r for r in o["results"]}
calls = [("clock_gettime", c) for c in ("realtime", "monotonic", "monotonic-raw",
	 "realtime-coarse", "monotonic-coarse", "boottime", "tai")]
calls += [("gettimeofday", None), ("time", None), ("clock_getres", "monotonic"), ("getcpu", None)]
identity = ["getpid", "gettid", "getpriority", "getuid", "uname"]
calls += [(f, None) for f in identity]
wanted = {(s, *c) for s in settings for c in calls}
cold_settings = ("data-cold", "cold")
wanted |= {(s, "getrandom", n) for s in settings if s not in cold_settings
	   for n in (1, 4, 16, 32, 96, 256, 4096)}
check(set(rows) == wanted, "rows: %s" % (set(rows) ^ wanted))
check(len(rows) == len(o["results"]), "a row is there twice")
for key, r in rows.items():
	ns = r["ns"]
	check(number(ns["page"]), "%s: ns" % (key,))
	check(number(ns["floor"]) != (key[1] == "getrandom"), "%s: ns of the floor" % (key,))
	check(key[1] not in identity or ns["kernel"] is None, "%s: of a kernel's vDSO" % (key,))
	cold = key[0] in cold_settings
	for other in ("kernel", "floor", "syscall"):
		ratio = r["page/" + other]
		if ns[other] is None:	# what there is not has no ratio
			check(ratio is None, "%s: a ratio to no %s" % (key, other))
			continue
		check(number(ns[other]), "%s: ns of the %s" % (key, other))
		check(all(map(number, ratio.values())), "%s: page/%s" % (key, other))
		check(ratio["p10"] <= ratio["median"] <= ratio["p90"], "%s: spread" % (key,))
	check(not cold or ns["syscall"] is None, "%s: a cold system call" % (key,))
	goal = r["goal"]
	if goal:
		check(goal["here"] >= goal["ratio"] > 0 and goal["margin"] > 1,
		      "%s: goal" % (key,))
		other = "page/syscall" if key[1] in identity else "page/kernel"
		check(goal["of"] == other, "%s: a goal of %s" % (key, goal["of"]))
		over = r[other]["median"] - goal["here"] * goal["margin"]
		check(goal["met"] == (over <= 0) or abs(over) < 1e-3, "%s: met" % (key,))
	check(not goal or key[1] in identity or ns["kernel"], "%s: a goal without a kernel's vDSO" % (key,))
hot = ("back-to-back", "getpid", None)
check(rows[hot]["goal"] if hot in rows else False, "no goal for getpid")
random = ("back-to-back", "getrandom", 32)
if random in rows and rows[random]["ns"]["kernel"]:
	check(rows[random]["goal"], "no goal for getrandom")
library = o["library"]
for builds in ("build_ns", "build_all_ns"):
	check(library[builds] and all(map(number, library[builds].values())), builds)
for what in ("update_ns", "read_ns", "process_set_ns", "process_change_ns", "process_fork_ns"):
	check(number(library[what]), what)
for what in bad:
	print(what)
sys.exit(bool(bad))
END
	pass
else
	fail "the JSON is not as it should be"
fi

# The kernel's vDSO is found and has a clock_gettime, unless the kernel gives none.
if grep -q ' \[vdso\]$' /proc/self/maps; then
	run 0 --rounds 3 --json --setting back-to-back --function clock_gettime
	lacks '"kernel": null'
fi

# ------------------------------------------------------------------ what is wanted
run 0 --rounds 3 --setting inside --setting data-cold --function time --function getcpu
has 'inside: '
has 'data-cold: '
lacks 'dependent: '
lacks 'back-to-back: '
is "$(grep -cE '^(time|getcpu) ' "$tmp/out")" 4 "rows of two functions in two settings"
lacks clock_gettime
has vdsogen_build
lacks '│'
run 0 --rounds 3 --setting back-to-back --setting cold --function getrandom --function uname
is "$(grep -cE '^(getrandom [0-9]+ bytes|uname) ' "$tmp/out")" 9 "rows of getrandom, never cold, and uname"
LC_ALL=C.UTF-8
run 0 --rounds 3 --setting back-to-back --function time
lacks '│'
run 0 --rounds 3 --setting back-to-back --function time --chart
has '│'
LC_ALL=C

# Whatever the goals' fate, it is said and the status follows it.
"$vdsogen" bench --rounds 3 --goals --setting back-to-back --function clock_gettime \
	>"$tmp/out" 2>"$tmp/err"
status=$?
has ' goals, '
if grep -q '^MISSED' "$tmp/out"; then is $status 1 "missed"; else is $status 0 "none missed"; fi

# Where the kernel has no such function, there is no ratio, and it says so.
"$vdsogen" bench --rounds 3 --goals --setting back-to-back --function getrandom --function getpid \
	>"$tmp/out" 2>"$tmp/err"
is "$(grep -cE '^(met|near|MISSED) .* getrandom (16|32|96) bytes .* goal 0.60 of the kernel' \
	"$tmp/out")" "$(grep -cE '^getrandom (16|32|96) bytes .*\[' "$tmp/out")" "goals of getrandom"
is "$(grep -cE '^(none|met|near|MISSED) .* getrandom ' "$tmp/out")" 3 "lines of getrandom's goals"
is "$(grep -cE '^(met|near|MISSED) .* getpid .* goal 0.02 of the syscall' "$tmp/out")" 1 \
	"goals of getpid"

# ------------------------------------------------------------------ instructions
"$vdsogen" bench --count --function time >"$tmp/out" 2>"$tmp/err"
status=$?
if [ $status -eq 1 ] && grep -q 'ptrace is not permitted' "$tmp/err"; then
	echo "not checked: --count: $(cat "$tmp/err")"
else
	is $status 0 "status of --count"
	is "$(grep -cE '^time +[1-9][0-9]* ' "$tmp/out")" 1 "rows of --count"
	run 0 --count
	is "$(grep -cE '^(getpid|uname|getrandom 32 bytes) +[1-9]' "$tmp/out")" 3 "more rows of --count"
	# A landing pad, a load, a test, a branch, a return; not the way there.
	is "$(awk '/^getpid / { print ($2 <= 10) }' "$tmp/out")" 1 "few instructions of getpid"
	# Two counts of the same are the same; the kernel's as long as it publishes nothing meanwhile,
	# which on a busy machine it does.
	run 0 --count --json --function clock_gettime --function getuid
	sed 's/"kernel".*//' "$tmp/out" >"$tmp/first"
	run 0 --count --json --function clock_gettime --function getuid
	sed 's/"kernel".*//' "$tmp/out" >"$tmp/second"
	if cmp -s "$tmp/first" "$tmp/second"; then pass; else fail "two counts differ"; fi
fi

summary

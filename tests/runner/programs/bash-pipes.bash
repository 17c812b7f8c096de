# SPDX-License-Identifier: BSD-2-Clause
# Pipes, subshells, command substitution, process substitution, here documents, redirections.
set -o pipefail
a=$(printf '%s\n' one two three | sort | tr '\n' ' ')
echo "[$a]"
(cd /; x=inner; echo "$x $(pwd)"; exit 3); echo "subshell: $? ${x-unset}"
{ echo to-out; echo to-err >&2; } 2>&1 | sed 's/^/| /'
false | true; echo "pipefail: $? ${PIPESTATUS[*]}"
cat <<HERE | wc -c
$(seq 1 200)
$((6 * 7)) ${a^^}
HERE
cat <<'HERE'
$not `expanded`
HERE
cat <<<"a string $(echo of $(echo two $(echo three)))"
diff <(seq 1 5) <(seq 2 6)
while read -r first rest; do total=$((total + first)); done < <(seq 1 100)
echo "total $total"
exec 5<>file; echo written >&5; exec 5>&-; cat file
seq 1 100000 | (read -r l; echo "first $l"; head -n 2 >/dev/null)
for i in {1..20}; do (echo "sub $i $((i * i))") ; done | sort -n -k 2 | tail -n 3
f() { local IFS=,; echo "$*"; return 9; }
f a b c; echo "status $?"
mapfile -t lines < <(printf 'x\ny\nz\n'); echo "${#lines[@]} ${lines[2]}"
declare -A map=([k]=v [l]=w); for k in k l; do echo "$k=${map[$k]}"; done
coproc CAT { cat; }; echo through >&"${CAT[1]}"; read -r back <&"${CAT[0]}"; echo "back $back"
eval "exec ${CAT[1]}>&-"; wait "$CAT_PID"; echo "coproc $?"
printf '%s\n' {a..c}{1..2} | paste -s -d ' '
yes | head -n 1000 | wc -l
command nonesuch-command 2>/dev/null; echo "not found $?"
exit 17

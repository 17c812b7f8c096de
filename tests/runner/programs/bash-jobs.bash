# SPDX-License-Identifier: BSD-2-Clause
# Background jobs, wait, traps, kill, exit statuses of signals.
trap 'echo "exit trap $?"' EXIT
trap 'echo usr1; count=$((count + 1))' USR1
kill -USR1 $$; kill -USR1 $$; echo "handled $count"
(sleep 0.1; exit 4) & first=$!
(exit 5) & second=$!
wait $second; echo "second $?"
wait $first; echo "first $?"
sh -c 'kill -TERM $$; sleep 100' & wait $! 2>/dev/null; echo "terminated $?"
sh -c 'kill -KILL $$; sleep 100' & wait $! 2>/dev/null; echo "killed $?"
trap 'echo interrupted' INT
(kill -INT $$); echo "after int"
# A trap ends a wait.
trap 'echo alarm' ALRM
(sleep 0.3; kill -ALRM $$) &
sleep 1 & slow=$!
wait $slow; echo "wait ended by a signal: $(($? > 128))"
wait; echo "all: $?"
for i in 1 2 3 4 5 6 7 8; do (sleep 0.5$i; exit $i) & done
sum=0; for job in $(jobs -p); do wait "$job"; sum=$((sum + $?)); done; echo "sum $sum"
trap '' TERM; (kill -TERM $BASHPID; echo ignored)
trap - TERM; (kill -TERM $BASHPID; echo not reached); echo "default $?"
(trap 'echo child trap; exit 8' HUP; kill -HUP $BASHPID; sleep 1); echo "child $?"
mkfifo fifo; (echo by fifo >fifo) & read -r line <fifo; wait; echo "$line"
(ulimit -n 20; ulimit -n)
bash -c 'kill -SEGV $$'; echo "segv $?"
exec bash -c 'echo "by exec $0"; exit 21' name

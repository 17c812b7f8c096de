/* SPDX-License-Identifier: BSD-2-Clause */
/* What a host does where a process becomes two, besides what process-fork.c does on all hosts. */
#ifndef PROCESS_FORK_H
#define PROCESS_FORK_H

#include "process.h"

/* Before any lock is taken; and in the parent, or where no child came to be, behind them all. */
void fork_prepare(struct process *process);
void fork_parent(struct process *process);
/* In the child, by the only thread it has: first, and when its machine is there. 0, or -errno. */
void fork_child(struct thread *thread);
int fork_child_end(struct process *process);
/* A descriptor of a child: its number, or -errno. */
int64_t fork_pidfd(pid_t child);

#endif

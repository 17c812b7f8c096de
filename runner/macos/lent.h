/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stack of who called vfork(). Its child has a copy of all memory here, and not the memory
 * itself; what it writes to that stack its parent is told before it goes on: C libraries have
 * the child say there why it could not become another program.
 */
#ifndef MACOS_LENT_H
#define MACOS_LENT_H

#include "../process.h"

struct lent;

/* In the child: from @sp on it is lent. @to: the pipe's end, which is closed with it. */
void lent_begin(struct process *process, guest_addr sp, int to);
/* Before the parent goes on: what has changed since, or since the last time. */
void lent_tell(struct process *process);
/* In a child of that child, which owes nobody anything. */
void lent_forget(struct process *process);

/* In the parent: waits, and writes what it is told. */
void lent_wait(const struct process *process, int from);

#endif

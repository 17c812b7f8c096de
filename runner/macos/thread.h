/* SPDX-License-Identifier: BSD-2-Clause */
/* What this host keeps of threads and processes, besides ../process.h. */
#ifndef MACOS_THREAD_H
#define MACOS_THREAD_H

#include <stdatomic.h>

#include "../process.h"
#include "pending.h"

enum { THREAD_NAME = 16 };	/* with its NUL: Linux include/linux/sched.h, TASK_COMM_LEN */

struct thread_host {
	pthread_t self;
	char name[THREAD_NAME];

	/* wait.c */
	pthread_mutex_t lock;
	pthread_cond_t woken;
	_Atomic bool waits;	/* in a call of the host's */
	_Atomic bool kicked;	/* and is to leave it */
	_Atomic uint64_t noted;	/* of a terminal, for the process: deliver.c */
	uint64_t open;		/* those of a terminal that the host may send to this thread */

	/* signals.c */
	struct pending pending;
	_Atomic uint64_t blocked;	/* thread->blocked, for others to see */
	_Atomic uint64_t awaited;	/* blocked ones that it waits for */
	bool handled_is_end;	/* what was interrupted is not made again behind a handler */
	bool repeats, repeated;	/* the next call, this call is the one that was interrupted */
	uint64_t deadline;	/* of that */
};

/* One for the whole process. */
struct process_host {
	struct pending pending;
	unsigned int tids;	/* of the last number given */
	int released_by;	/* in a child of vfork: what its parent waits for to be closed */
	struct lent *lent;	/* in such a child; NULL: nothing */
	bool begun;		/* signals of the host are taken */
};

/* A thread's number, that no other thread or process has. */
pid_t thread_number(struct process *process);

/* NULL: no memory. */
struct thread_host *thread_host_create(void);
void thread_host_free(struct thread_host *host);

/* In this thread of the host: for whom exec_open() looks up names. NULL: for the runner. */
void exec_look_up_for(struct thread *thread);

/* When a call begins. */
static inline void thread_begin_call(struct thread *thread)
{
	struct thread_host *host = thread->host;

	host->repeated = host->repeats;
	host->repeats = host->handled_is_end = false;
}

#endif

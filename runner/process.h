/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's process, which is a process of the host, and its threads, which are threads of
 * the host.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <pthread.h>
#include <sys/types.h>

#include "clock.h"
#include "signals.h"
#include "space.h"
#include "stats.h"

enum { CALLS_MAX = 512, CALLS_ARGUMENTS = 6 };

/* What all threads share. */
struct process {
	struct vm *vm;
	struct space *space;
	struct clock *clock;	/* NULL: no page */
	struct signals *signals;
	const char *path;	/* of its file, for /proc/self/exe */
	bool trace;		/* each system call goes to standard error */
	bool stats;		/* how often it left the machine, at its end */
	bool verbose;		/* names calls that are not there */
	bool slow;		/* every clock reading and every system call goes to the host */
	bool ended;		/* by exit_group, with this status, 0 to 255 */
	int status;
	struct gdb *gdb;	/* NULL: no debugger can come */
	struct stats counts;	/* of exits, if they are printed or not */
	struct {
		uint64_t closings;	/* of descriptors: begun and ended */
		uint32_t closers;	/* that have not ended */
	} random;
	char *const *options;	/* the runner's own, for what the program becomes; ends with NULL */
	struct exec *exec;	/* what it is about to become */
	struct process *lender;	/* of a child of vfork: memory and machine are its parent's */
	struct process_host *host;	/* what this host has besides; NULL: nothing */

	pthread_mutex_t lock;	/* of what follows, of the machine's vCPUs, and over a fork */
	struct thread *first;	/* all that have not ended */
	unsigned int threads;
};

/* For the host's thread that runs it alone. */
struct thread {
	struct process *process;
	struct vcpu *vcpu;
	struct gdb_thread *gdb;	/* what a debugger has of it */
	uint64_t blocked;	/* its signal mask: bit n - 1 is signal n */
	struct signals_thread signal;
	bool ended;		/* by exit, with this status */
	int status;
	struct thread *next;
	pid_t tid;		/* as the host has it */
	guest_addr clear_tid;	/* a word that is 0 when it has ended; 0: none */
	guest_addr robust_list;	/* of what others are told when it has ended */
	struct thread_host *host;	/* what this host has besides; NULL: nothing */
};

struct loop_end;

void process_begin(struct process *process, struct thread *thread);

/* What a new thread or process has of its own, and its parent not. */
struct process_start {
	bool has_thread_pointer;
	uint64_t thread_pointer;
	guest_addr stack;	/* 0: where its parent has it */
	guest_addr parent_tid, child_tid, clear_tid;	/* words to be written; 0: none */
	guest_addr pidfd;	/* likewise, of a process */
	int signal;		/* that its parent gets at its end */
	bool handlers_default;	/* what has a handler has none */
};

/* The number of the new one, or -errno. A process is where this returns twice, with 0 in it. */
int64_t process_clone(struct thread *thread, const struct process_start *start);
int64_t process_fork(struct thread *thread, const struct process_start *start);
/* Returns when the child has ended, or has become another program. */
int64_t process_vfork(struct thread *thread, const struct process_start *start);

/* Until the thread ends. With the last one, the process does. */
void process_run(struct thread *thread);

/* Of all threads; does not return. Memory and machine are the kernel's to clean up. */
void process_end(struct process *process, const struct loop_end *end);

#endif

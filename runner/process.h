/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's process, which is a process of the host, and its threads, which are threads of the host. */
#ifndef PROCESS_H
#define PROCESS_H

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
	bool ended;		/* by exit_group, with this status */
	int status;
	struct gdb *gdb;	/* NULL: no debugger can come */
	struct stats counts;	/* of exits, if they are printed or not */
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
};

struct loop_end;

/* Of all threads. The memory and the machine are the kernel's to clean up. */
_Noreturn void process_end(const struct process *process, const struct loop_end *end);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A debugger's stub (--gdb): GDB and others connect to a socket, stop the process, look at
 * it and change it. All threads stop together. A thread of the host's speaks with the
 * debugger; a guest's thread hands over its own registers, since only it may have its vCPU.
 */
#ifndef GDB_H
#define GDB_H

#include "process.h"

/*
 * Listens at a port of 127.0.0.1, or at a path that has a slash. The process stands still
 * until a debugger has come and lets it go.
 */
int gdb_create(struct process *process, const char *where, struct runner_error *error);

/* -------------------------------------------------------------------------
 * Each thread, by itself: what it has to do costs a branch where there is no debugger.
 */
void gdb_thread_add(struct thread *thread);
void gdb_thread_remove(struct thread *thread);
void gdb_before(struct thread *thread);
bool gdb_after(struct thread *thread, struct vm_exit *exit);

/* Before its first run and behind its last. */
static inline void gdb_thread_begin(struct thread *thread)
{
	if (thread->process->gdb)
		gdb_thread_add(thread);
}

static inline void gdb_thread_end(struct thread *thread)
{
	if (thread->gdb)
		gdb_thread_remove(thread);
}

/* Around each run. false: the debugger has dealt with this exit, which may have changed. */
static inline void gdb_before_run(struct thread *thread)
{
	if (thread->gdb)
		gdb_before(thread);
}

static inline bool gdb_after_run(struct thread *thread, struct vm_exit *exit)
{
	return !thread->gdb || gdb_after(thread, exit);
}

/* -------------------------------------------------------------------------
 * The process.
 */
/* Tells of its end, by a signal if that is not 0. */
void gdb_end(const struct process *process, int status, int signal);
/* In the child of a fork: it has no debugger, and no breakpoints in its memory. */
void gdb_forked(struct thread *thread);

#endif

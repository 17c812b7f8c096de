/* SPDX-License-Identifier: BSD-2-Clause */
/* Stops all threads of a process and lets them go. */
#ifndef GDB_THREADS_H
#define GDB_THREADS_H

#include "gdb-commands.h"
#include "process.h"

/* They stand still from the start. false: no memory. */
bool gdb_threads_create(struct gdb_target *target);

/* Readable when a thread has stopped the process. */
int gdb_threads_event(const struct gdb_target *target);
/* In the child of a fork, which has none of it. */
void gdb_threads_forked(struct gdb_target *target);

/* All of them stand still when this returns: for this reason, or because a debugger wants it. */
struct gdb_stop gdb_threads_halt(struct gdb_target *target);
/* They go on as gdb_thread_pace() has told each. */
void gdb_threads_resume(struct gdb_target *target);
/* They go on without a debugger. */
void gdb_threads_let_go(struct gdb_target *target);

bool gdb_threads_add(struct gdb_target *target, struct thread *thread);
void gdb_threads_remove(struct gdb_target *target, struct gdb_thread *self);
void gdb_threads_before(struct gdb_target *target, struct gdb_thread *self);
bool gdb_threads_after(struct gdb_target *target, struct gdb_thread *self, struct vm_exit *exit);
/* Waits until the process does not stand still, and keeps it so. false: nobody wants to know. */
bool gdb_threads_last(struct gdb_target *target);

#endif

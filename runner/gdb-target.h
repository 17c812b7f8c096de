/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process that stands still, as the commands of a debugger see it. What is behind it is
 * gdb-threads.c, or what a test puts in its place.
 */
#ifndef GDB_TARGET_H
#define GDB_TARGET_H

#include "gdb-breaks.h"
#include "gdb-files.h"
#include "gdb-registers.h"
#include "gdb-watches.h"

struct gdb_target {
	pid_t process;
	struct space *space;
	const char *path; /* of the program's file */
	uint8_t auxv[1024];
	size_t auxv_size;
	struct gdb_breaks breaks;
	struct gdb_watches watches;
	struct gdb_files files;
	struct gdb_threads *threads;
};

/* Its threads: 0 behind the last. */
pid_t gdb_thread_at(const struct gdb_target *target, size_t number);

/* Registers of a thread. NULL: no such thread, or those of one in a system call cannot be changed.
 */
const struct vm_registers *gdb_thread_read(const struct gdb_target *target, pid_t thread);
struct vm_registers *gdb_thread_change(struct gdb_target *target, pid_t thread);

/* What a thread does when the process goes on; `signal`, if not 0, comes to it first. */
enum gdb_pace { GDB_STAY, GDB_STEP, GDB_GO };
void gdb_thread_pace(struct gdb_target *target, pid_t thread, enum gdb_pace pace, int signal);

#endif

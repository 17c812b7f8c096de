/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of a debugger to a process that stands still: GDB's manual, appendix E. */
#ifndef GDB_COMMANDS_H
#define GDB_COMMANDS_H

#include "gdb-packet.h"
#include "gdb-target.h"

/* Why the process stands still. */
struct gdb_stop {
	pid_t thread;
	int signal;	    /* the host's number */
	bool breakpoint;    /* of the debugger's own */
	guest_addr watched; /* what has changed; 0: nothing of that kind */
};

struct gdb_session {
	struct gdb_target *target;
	struct gdb_stop stop;
	pid_t chosen;	    /* the thread that commands are about */
	pid_t chosen_to_go; /* that a plain `c` or `s` is about; 0: all */
	bool many;	    /* thread numbers have the process in front */
	bool plain;	    /* no acknowledgements from now on */
};

enum gdb_outcome {
	GDB_ANSWER, /* `answer` goes out */
	GDB_RESUME, /* the process goes on as threads were told; the answer is its next stop */
	GDB_DETACH, /* as GDB_ANSWER, then it goes on without a debugger */
	GDB_KILL,   /* as GDB_ANSWER, then it is killed */
};

/* A connection begins, the process having been stopped. */
void gdb_session_start(struct gdb_session *session, struct gdb_target *target,
		       const struct gdb_stop *stop);
/* One packet. */
enum gdb_outcome gdb_command(struct gdb_session *session, const uint8_t *data, size_t size,
			     struct gdb_answer *answer);
/* Tells of a stop, or of the end: its status, or the signal if that is not 0. */
void gdb_tell_stop(struct gdb_session *session, const struct gdb_stop *stop,
		   struct gdb_answer *answer);
void gdb_tell_end(const struct gdb_session *session, int status, int signal,
		  struct gdb_answer *answer);

#endif

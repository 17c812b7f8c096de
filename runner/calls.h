/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's system calls. The host is a Linux of the same processor: most go to it. */
#ifndef CALLS_H
#define CALLS_H

#include "process.h"

/* "write", or NULL for one that is not there. */
const char *calls_name(uint64_t number);
/* How many of its arguments mean something. */
unsigned int calls_arguments(uint64_t number);

/* Not results: the kernel has these numbers for this, too, and no program sees them. */
enum {
	CALLS_INTERRUPTED = -512,	/* by a signal: made again, or -EINTR, as its handler wishes */
	CALLS_AGAIN = -513,		/* not made: the program makes it again */
	CALLS_DONE = -514,		/* the registers are what they should be */
};

/* The result, or -errno, or one of these: what the guest gets. */
int64_t calls_do(struct thread *thread, uint64_t number, const uint64_t *argument);

#endif

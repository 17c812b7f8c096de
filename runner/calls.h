/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's system calls. The host is a Linux of the same processor: most go to it. */
#ifndef CALLS_H
#define CALLS_H

#include "clock.h"
#include "space.h"

enum { CALLS_MAX = 512, CALLS_ARGUMENTS = 6 };

/* One program that runs. */
struct program {
	struct vm *vm;
	struct space *space;
	struct vcpu *vcpu;
	struct clock *clock;	/* NULL: no page */
	const char *path;	/* of its file, for /proc/self/exe */
	bool verbose;		/* names calls that are not there */
	bool ended;		/* it called exit, with this status */
	int status;
	uint64_t asked[CALLS_MAX];	/* exits for each call; all others together are the last */
};

/* "write", or NULL for one that is not there. */
const char *calls_name(uint64_t number);
/* How many of its arguments mean something. */
unsigned int calls_arguments(uint64_t number);

/* The result, or -errno: what the guest gets. */
int64_t calls_do(struct program *program, uint64_t number, const uint64_t *argument);

#endif

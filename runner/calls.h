/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's system calls. The host is a Linux of the same processor: most go to it. */
#ifndef CALLS_H
#define CALLS_H

#include "process.h"

/* "write", or NULL for one that is not there. */
const char *calls_name(uint64_t number);
/* How many of its arguments mean something. */
unsigned int calls_arguments(uint64_t number);

/* The result, or -errno: what the guest gets. */
int64_t calls_do(struct thread *thread, uint64_t number, const uint64_t *argument);

#endif

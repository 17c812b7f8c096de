/* SPDX-License-Identifier: BSD-2-Clause */
/* What a program was started with, where it is on its stack: for /proc to show. */
#ifndef PROC_START_H
#define PROC_START_H

#include <stddef.h>
#include <stdint.h>

#include "space.h"

/* In this order; each ends where the next begins. */
struct proc_start {
	uint64_t arguments, environment, path; /* where their strings begin */
	uint64_t vector;
	size_t vector_size;
};

/* Before the first instruction: its stack pointer leads there. */
void proc_start_read(const struct space *space, uint64_t sp, struct proc_start *start);

#endif

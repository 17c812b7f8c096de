/* SPDX-License-Identifier: BSD-2-Clause */
/* What an unwinder under test provides (walk-*.c) to the program that tests it (unwind.c). */
#ifndef READERS_WALK_H
#define READERS_WALK_H

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

/* Registers that a function gives back as they were: x86_64's rbx, rbp, r12 to r15. */
#define WALK_SAVED 6

struct walk_frame {
	uintptr_t pc;
	uintptr_t sp;			/* 0: the unwinder does not tell */
	uintptr_t saved[WALK_SAVED];	/* likewise, all 0 */
};

/* The name and the version. */
const char *walk_name(void);

/* From the handler of a signal that has interrupted `context`: the number of frames. */
unsigned int walk(ucontext_t *context, struct walk_frame *frames, unsigned int max);

#endif

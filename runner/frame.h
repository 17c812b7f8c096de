/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a handler is called with, and what rt_sigreturn() takes back. How it looks in the
 * guest's memory is the processor's: NAME/frame.c.
 */
#ifndef FRAME_H
#define FRAME_H

#include <stdint.h>

#include "kernel.h"
#include "signals.h"

struct frame {
	const struct kernel_siginfo *info;
	const struct kernel_sigaction *action;
	uint64_t blocked;	/* what rt_sigreturn() gives back */
};

/* The thread's registers become its handler's. -EFAULT: it has no stack for that. */
int frame_push(struct thread *thread, const struct frame *frame);

/* Takes back registers, and the mask and the alternate stack for its caller. -EFAULT: it is none. */
int frame_pop(struct thread *thread, uint64_t *blocked, struct kernel_stack *alternate);

/* What frames from now on tell of a fault. */
void frame_note_fault(struct thread *thread, const struct vm_fault *fault);

/* The bytes that Linux wants an alternate stack to have. */
extern const uint64_t frame_stack_min;
/* The most that one takes of a stack: AT_MINSIGSTKSZ; 0: not known. */
uint64_t frame_needs(const struct vm *vm);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A system call of the host that may wait, with the guest's signal mask. A signal that
 * comes ends the wait and is taken; one that comes before the call is made keeps it from
 * being made, however late that is. A call that the kernel goes back to, to make it again
 * behind the handler, is one that has not been made. The instructions are the processor's:
 * window-NAME.c.
 */
#ifndef WINDOW_H
#define WINDOW_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct thread;

enum { WINDOW_WORDS = 7 };	/* the number, six arguments */

/* The result, -errno or CALLS_AGAIN. */
int64_t window_call(const struct thread *thread, long number, const long *argument);

/* -------------------------------------------------------------------------
 * The processor's.
 */

/* `blocked` is the mask meanwhile; before and after it is `all`. */
int64_t window_pass(const uint64_t *blocked, const long *words, const uint64_t *all);
/* In a handler: whether it came in the window, which then is left as if with that result. */
void window_leave(void *context, int64_t not_made);
/* Where the runner's handler returns to: rt_sigreturn(). */
extern const uint8_t window_restorer[];

#endif

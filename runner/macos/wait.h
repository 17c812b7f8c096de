/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting, which signals interrupt.
 *
 * A thread that makes a call of the host's that may wait says so before, then looks whether
 * there is a signal for it, and then makes the call. Who has a signal for it puts it to what
 * is pending, and then looks whether the thread waits: one of the two sees the other. If the
 * thread waits, it gets the kick, a signal of the host's whose handler does nothing but end
 * the call with EINTR. It may come before the call begins, and then end nothing: so it is
 * sent again each millisecond until the thread has said that it does not wait any more.
 */
#ifndef MACOS_WAIT_H
#define MACOS_WAIT_H

#include <stdint.h>

#include "thread.h"

#define WAIT_FOREVER UINT64_MAX

/*
 * Around one call of the host's. Between them the thread holds no lock and does nothing else;
 * the call may end with EINTR. A signal that is there already does not keep it from being
 * made, as on Linux: what there is to read is read, and who would wait is kicked.
 */
void wait_begin(struct thread *thread);
void wait_end(struct thread *thread);

/*
 * The same for a function that makes the call: its result, where errors are -errno, or
 * CALLS_INTERRUPTED. It is called again if nothing was there to interrupt it: so a timeout in
 * it should be a deadline.
 */
int64_t wait_call(struct thread *thread, int64_t (*call)(void *context), void *context);

/*
 * Of calls that Linux does not make again behind a handler, whatever its SA_RESTART says (poll,
 * select, epoll_wait, nanosleep, sockets with a timeout; signal(7)): around their result.
 */
int64_t wait_once(struct thread *thread, int64_t result);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t wait_now(void);
/*
 * When so many have passed; of a call that is made again without a handler having run, since
 * it was made first. WAIT_FOREVER stays that.
 */
uint64_t wait_deadline(struct thread *thread, uint64_t nanoseconds);
/* What is left of it: 0, or up to WAIT_FOREVER. */
uint64_t wait_left(uint64_t deadline);

/*
 * For what is waited for in the runner itself: until done() says so, with the thread's lock.
 * Who makes that true calls wait_wake() behind it. 0, -ETIMEDOUT, or CALLS_INTERRUPTED.
 */
int64_t wait_until(struct thread *thread, bool (*done)(void *context), void *context,
		   uint64_t deadline);
void wait_wake(struct thread_host *host);

/* For who has put a signal to what is pending: the thread is to look. It is not ending. */
void wait_interrupt(struct thread *thread);

/* Once in a process, before its first thread waits. */
void wait_catch_kicks(void);
/* In a child of fork(), which has no thread but this. */
void wait_forked(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that wait at words of the program's memory, of this process alone. */
#ifndef MACOS_FUTEXES_H
#define MACOS_FUTEXES_H

#include "thread.h"

enum { FUTEXES_ALL = 0x7fffffff };

/* The word as the host sees it, which other threads change. NULL: there is none. */
uint32_t *futexes_word(const struct thread *thread, guest_addr at, unsigned int prot);

/*
 * While the word is @value: 0 when woken with a bit of @bitset, -EAGAIN: it is another,
 * -ETIMEDOUT, CALLS_INTERRUPTED, or -EFAULT.
 *
 * Memory may be shared with other processes, whose waking is not heard of: `shared` has the
 * word looked at now and then, and a change is taken for it.
 */
int64_t futexes_wait(struct thread *thread, guest_addr at, uint32_t value, uint32_t bitset,
		     bool shared, uint64_t deadline);
/* How many were woken. */
int64_t futexes_wake(guest_addr at, unsigned int count, uint32_t bitset);
/* Others go on to wait at @to. NULL: whatever the word is; else -EAGAIN if it is another. */
int64_t futexes_requeue(const struct thread *thread, guest_addr at, unsigned int wake,
			unsigned int move, guest_addr to, const uint32_t *value);
/* FUTEX_WAKE_OP. */
int64_t futexes_wake_op(const struct thread *thread, guest_addr at, unsigned int wake,
			guest_addr other, unsigned int wake_other, uint32_t operation);

/* In a child of fork(): nobody waits. */
void futexes_forked(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words that name the thread that holds a lock: FUTEX_LOCK_PI and its like, futex(2). A program
 * takes and leaves such a lock without a call, unless somebody waits. What Linux does besides,
 * to lend the holder the priority of those who wait, is not done.
 */
#ifndef MACOS_FUTEX_LOCKS_H
#define MACOS_FUTEX_LOCKS_H

#include "thread.h"

/*
 * 0 when the lock is the thread's, with FUTEX_WORD_OWNER_DIED as it was; -EDEADLK: it was
 * before; -ETIMEDOUT, -EFAULT; CALLS_AGAIN for a signal, whatever its handler says.
 */
int64_t futex_lock(struct thread *thread, guest_addr at, uint64_t deadline);
/* Without waiting: -EAGAIN if it is another's. */
int64_t futex_try_lock(const struct thread *thread, guest_addr at);
/* -EPERM: it is not the thread's. One of those who wait takes it next. */
int64_t futex_unlock(const struct thread *thread, guest_addr at);

#endif

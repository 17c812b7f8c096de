/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who waits has set FUTEX_WORD_WAITERS, so that the holder leaves by a call; and whoever has
 * waited takes the lock with it set, as others may wait still: at worst, a call too many. A
 * holder of another process, or one that ended, wakes nobody here: the word is looked at now
 * and then, as all words in shared memory are.
 */
#include "futex-locks.h"

#include <errno.h>

#include "../calls.h"
#include "../futex.h"
#include "futexes.h"
#include "linux-futex.h"

static bool exchange(uint32_t *word, uint32_t *old, uint32_t new)
{
	return __atomic_compare_exchange_n(word, old, new, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

/* 0: it is the thread's; -EAGAIN: another's, with @add in *seen, the word. */
static int64_t try(const struct thread *thread, guest_addr at, uint32_t add, uint32_t *seen)
{
	uint32_t *word = futexes_word(thread, at, GUEST_WRITE);
	uint32_t old, new;

	if (!word)
		return -EFAULT;
	old = __atomic_load_n(word, __ATOMIC_SEQ_CST);
	do {
		if ((old & FUTEX_WORD_TID) == (uint32_t)thread->tid)
			return -EDEADLK;
		new = old | add;
		if (!(old & FUTEX_WORD_TID))
			new |= (uint32_t)thread->tid;
	} while (!exchange(word, &old, new));
	*seen = new;
	return old & FUTEX_WORD_TID ? -EAGAIN : 0;
}

int64_t futex_try_lock(const struct thread *thread, guest_addr at)
{
	uint32_t unused;

	return try(thread, at, 0, &unused);
}

int64_t futex_lock(struct thread *thread, guest_addr at, uint64_t deadline)
{
	uint32_t seen;
	int64_t result = try(thread, at, 0, &seen);

	while (result == -EAGAIN) {
		result = try(thread, at, FUTEX_WORD_WAITERS, &seen);
		if (result != -EAGAIN)
			break;
		result = futexes_wait(thread, at, seen, LINUX_FUTEX_BITSET_MATCH_ANY, true,
				      deadline);
		if (!result)
			result = -EAGAIN;
	}
	return result == CALLS_INTERRUPTED ? CALLS_AGAIN : result;
}

int64_t futex_unlock(const struct thread *thread, guest_addr at)
{
	uint32_t *word = futexes_word(thread, at, GUEST_WRITE);
	uint32_t old;

	if (!word)
		return -EFAULT;
	old = __atomic_load_n(word, __ATOMIC_SEQ_CST);
	do
		if ((old & FUTEX_WORD_TID) != (uint32_t)thread->tid)
			return -EPERM;
	while (!exchange(word, &old, 0));
	futexes_wake(at, 1, LINUX_FUTEX_BITSET_MATCH_ANY);
	return 0;
}

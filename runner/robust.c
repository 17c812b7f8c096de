/* SPDX-License-Identifier: BSD-2-Clause */
/* As Linux walks it: kernel/futex/core.c, Documentation/locking/robust-futexes.rst. */
#include "robust.h"

#include "futex.h"

enum { ROBUST_LIMIT = 2048 }; /* Linux's ROBUST_LIST_LIMIT: a list may be a ring */

#define IS_PI 1ull /* in a pointer to a lock, which is even */

/* struct robust_list_head, whose pointers are the guest's. */
struct head {
	uint64_t first;
	int64_t offset; /* from an entry to its lock's word */
	uint64_t pending;
};

/* false: the list ends here. */
static bool end_lock(const struct thread *thread, guest_addr at, bool pi, bool pending)
{
	const struct space *space = thread->process->space;
	uint32_t value, died;
	uint32_t *word;
	size_t follow;

	if (at.v % sizeof value || space_read(space, &value, at, sizeof value))
		return false;
	word = space_at(space, at, GUEST_WRITE, &follow);
	if (!word)
		return false;
	/* it was unlocked, and who waits was not woken yet */
	if (pending && !pi && !value) {
		futex_wake_one(thread->process, at);
		return true;
	}
	do {
		if ((value & FUTEX_WORD_TID) != (uint32_t)thread->tid)
			return true;
		died = (value & FUTEX_WORD_WAITERS) | FUTEX_WORD_OWNER_DIED;
	} while (!__atomic_compare_exchange_n(word, &value, died, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	if (!pi && value & FUTEX_WORD_WAITERS)
		futex_wake_one(thread->process, at);
	return true;
}

static bool end_entry(const struct thread *thread, const struct head *head, uint64_t entry,
		      bool pending)
{
	return end_lock(thread, guest_at((entry & ~IS_PI) + (uint64_t)head->offset), entry & IS_PI,
			pending);
}

static void walk(const struct thread *thread, const struct head *head, guest_addr end)
{
	const struct space *space = thread->process->space;
	uint64_t entry = head->first;

	for (int i = 0; i < ROBUST_LIMIT && (entry & ~IS_PI) != end.v; i++) {
		uint64_t next;
		int failed = space_read(space, &next, guest_at(entry & ~IS_PI), sizeof next);

		if ((entry & ~IS_PI) != (head->pending & ~IS_PI) &&
		    !end_entry(thread, head, entry, false))
			return;
		if (failed)
			return;
		entry = next;
	}
}

void robust_end(struct thread *thread)
{
	const guest_addr list = thread->robust_list;
	struct head head;

	thread->robust_list = guest_at(0);
	if (!list.v || space_read(thread->process->space, &head, list, sizeof head))
		return;
	walk(thread, &head, list);
	if (head.pending & ~IS_PI)
		end_entry(thread, &head, head.pending, true);
}

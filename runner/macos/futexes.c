/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One lock for all of them: it is held while a word is looked at and who waits is put in a
 * list, and while somebody is woken. So nobody goes to wait when the word has changed and
 * those that wait have been woken. Who wakes holds the lock until the other thread has been
 * told, and that one looks at what it was told with the lock: its waiter is there meanwhile.
 */
#include "futexes.h"

#include <errno.h>

#include "../calls.h"
#include "../futex.h"
#include "linux-futex.h"
#include "linux-time.h"
#include "wait.h"

#define LOOK_AGAIN (20 * LINUX_NSEC_PER_SEC / 1000)
enum { LISTS = 256, WORD = sizeof(uint32_t) };

struct waiter {
	struct waiter *next;
	uint64_t at;
	uint32_t bitset;
	bool woken;
	struct thread_host *host;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct waiter *lists[LISTS];

static struct waiter **list_of(uint64_t at)
{
	return &lists[at / WORD % LISTS];
}

/* At the end: who came first is woken first. */
static void put(struct waiter *waiter)
{
	struct waiter **to = list_of(waiter->at);

	while (*to)
		to = &(*to)->next;
	waiter->next = NULL;
	*to = waiter;
}

static void take_out(const struct waiter *waiter)
{
	struct waiter **from = list_of(waiter->at);

	while (*from != waiter)
		from = &(*from)->next;
	*from = waiter->next;
}

uint32_t *futexes_word(const struct thread *thread, guest_addr at, unsigned int prot)
{
	const struct space *space = thread->process->space;
	uint32_t unused;
	size_t follow;

	if (space_read(space, &unused, at, sizeof unused))
		return NULL;
	return space_at(space, at, prot, &follow);
}

static int look(const struct thread *thread, guest_addr at, uint32_t value)
{
	const uint32_t *word = futexes_word(thread, at, GUEST_READ);

	if (!word)
		return -EFAULT;
	return __atomic_load_n(word, __ATOMIC_SEQ_CST) == value ? 0 : -EAGAIN;
}

/* With the lock of its thread, which who wakes has, too. */
static bool is_woken(void *context)
{
	return __atomic_load_n(&((struct waiter *)context)->woken, __ATOMIC_SEQ_CST);
}

/* One turn: -ETIMEDOUT may be before the deadline, to look at the word again. */
static int64_t wait_some(struct thread *thread, struct waiter *waiter, bool shared,
			 uint64_t deadline)
{
	const uint64_t soon = shared ? wait_now() + LOOK_AGAIN : WAIT_FOREVER;

	return wait_until(thread, is_woken, waiter, soon < deadline ? soon : deadline);
}

int64_t futexes_wait(struct thread *thread, guest_addr at, uint32_t value, uint32_t bitset,
		     bool shared, uint64_t deadline)
{
	struct waiter waiter = { .at = at.v, .bitset = bitset, .host = thread->host };
	int64_t result;
	bool again;

	pthread_mutex_lock(&lock);
	result = look(thread, at, value);
	if (!result)
		put(&waiter);
	pthread_mutex_unlock(&lock);
	if (result)
		return result;
	do {
		result = wait_some(thread, &waiter, shared, deadline);
		again = result == -ETIMEDOUT && wait_left(deadline);
		if (again && look(thread, at, value)) {
			result = 0;
			again = false;
		}
	} while (again);
	pthread_mutex_lock(&lock);
	if (waiter.woken)
		result = 0;
	else
		take_out(&waiter);
	pthread_mutex_unlock(&lock);
	return result;
}

static unsigned int wake(guest_addr at, unsigned int count, uint32_t bitset)
{
	struct waiter **from = list_of(at.v);
	unsigned int woken = 0;

	while (*from && woken < count) {
		struct waiter *waiter = *from;

		if (waiter->at != at.v || !(waiter->bitset & bitset)) {
			from = &waiter->next;
			continue;
		}
		*from = waiter->next;
		__atomic_store_n(&waiter->woken, true, __ATOMIC_SEQ_CST);
		wait_wake(waiter->host);
		woken++;
	}
	return woken;
}

int64_t futexes_wake(guest_addr at, unsigned int count, uint32_t bitset)
{
	unsigned int woken;

	pthread_mutex_lock(&lock);
	woken = wake(at, count, bitset);
	pthread_mutex_unlock(&lock);
	return woken;
}

static unsigned int move(guest_addr at, unsigned int count, guest_addr to)
{
	struct waiter **from = list_of(at.v), *moved = NULL, **last = &moved;
	unsigned int done = 0;

	while (*from && done < count) {
		struct waiter *waiter = *from;

		if (waiter->at != at.v) {
			from = &waiter->next;
			continue;
		}
		*from = waiter->next;
		*last = waiter;
		last = &waiter->next;
		done++;
	}
	*last = NULL;
	while (moved) {
		struct waiter *waiter = moved;

		moved = waiter->next;
		waiter->at = to.v;
		put(waiter);
	}
	return done;
}

int64_t futexes_requeue(const struct thread *thread, guest_addr at, unsigned int wake_count,
			unsigned int move_count, guest_addr to, const uint32_t *value)
{
	int64_t result = 0;

	pthread_mutex_lock(&lock);
	if (value)
		result = look(thread, at, *value);
	if (!result) {
		result = wake(at, wake_count, LINUX_FUTEX_BITSET_MATCH_ANY);
		result += move(at, move_count, to);
	}
	pthread_mutex_unlock(&lock);
	return result;
}

/* -------------------------------------------------------------------------
 * FUTEX_WAKE_OP: futex(2).
 */
static bool operate(uint32_t operation, uint32_t argument, uint32_t old, uint32_t *new)
{
	switch (operation) {
	case LINUX_FUTEX_OP_SET:
		*new = argument;
		return true;
	case LINUX_FUTEX_OP_ADD:
		*new = old + argument;
		return true;
	case LINUX_FUTEX_OP_OR:
		*new = old | argument;
		return true;
	case LINUX_FUTEX_OP_ANDN:
		*new = old & ~argument;
		return true;
	case LINUX_FUTEX_OP_XOR:
		*new = old ^ argument;
		return true;
	default:
		return false;
	}
}

static bool compare(uint32_t comparison, int32_t old, int32_t with)
{
	switch (comparison) {
	case LINUX_FUTEX_OP_CMP_EQ:
		return old == with;
	case LINUX_FUTEX_OP_CMP_NE:
		return old != with;
	case LINUX_FUTEX_OP_CMP_LT:
		return old < with;
	case LINUX_FUTEX_OP_CMP_LE:
		return old <= with;
	case LINUX_FUTEX_OP_CMP_GT:
		return old > with;
	default:
		return old >= with;
	}
}

/* Of 12 bits, with their sign. */
static int32_t extend(uint32_t bits)
{
	const uint32_t sign = 0x800;

	return (int32_t)((bits & 0xfff) ^ sign) - (int32_t)sign;
}

/* 0 or 1: what the comparison says of the old value; or -errno. */
static int change(const struct thread *thread, guest_addr at, uint32_t encoded)
{
	const uint32_t operation = encoded >> 28 & 0xf, comparison = encoded >> 24 & 0xf;
	uint32_t *word = futexes_word(thread, at, GUEST_WRITE);
	uint32_t argument = (uint32_t)extend(encoded >> 12), old, new;

	if (operation & LINUX_FUTEX_OP_ARG_SHIFT)
		argument = 1u << (argument & 31);
	if (!word)
		return -EFAULT;
	old = __atomic_load_n(word, __ATOMIC_SEQ_CST);
	do
		if (!operate(operation & ~LINUX_FUTEX_OP_ARG_SHIFT, argument, old, &new) ||
		    comparison > LINUX_FUTEX_OP_CMP_GE)
			return -ENOSYS;
	while (!__atomic_compare_exchange_n(word, &old, new, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST));
	return compare(comparison, (int32_t)old, extend(encoded));
}

int64_t futexes_wake_op(const struct thread *thread, guest_addr at, unsigned int wake_count,
			guest_addr other, unsigned int wake_other, uint32_t operation)
{
	int64_t result;
	int true_or_failed;

	pthread_mutex_lock(&lock);
	result = true_or_failed = change(thread, other, operation);
	if (true_or_failed >= 0) {
		result = wake(at, wake_count, LINUX_FUTEX_BITSET_MATCH_ANY);
		if (true_or_failed)
			result += wake(other, wake_other, LINUX_FUTEX_BITSET_MATCH_ANY);
	}
	pthread_mutex_unlock(&lock);
	return result;
}

void futex_wake_one(const struct process *process, guest_addr at)
{
	(void)process;
	futexes_wake(at, 1, LINUX_FUTEX_BITSET_MATCH_ANY);
}

void futexes_forked(void)
{
	pthread_mutex_init(&lock, NULL);
	for (size_t i = 0; i < LISTS; i++)
		lists[i] = NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "passage.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fds.h"
#include "window.h"

enum { PARTS = IOV_MAX };

struct passage {
	struct thread *thread;
	const struct argument *is;
	uint64_t guest[CALLS_ARGUMENTS];
	long host[CALLS_ARGUMENTS];
	void *copy[CALLS_ARGUMENTS];	/* to be freed; of memory that is in pieces */
	size_t copied[CALLS_ARGUMENTS];	/* to be written back */
	uint64_t blocked, pair[2];	/* of SIGNALS and SIGNALS_PAIR */
	bool lends;
};

static int pass_string(struct passage *passage, int i)
{
	char *string = malloc(PATH_MAX);

	if (!string)
		return -ENOMEM;
	passage->copy[i] = string;
	passage->host[i] = (long)string;
	return space_read_string(passage->thread->process->space, string,
				 guest_at(passage->guest[i]), PATH_MAX);
}

/* How much of it can be used so: the host itself would find out where that ends. */
static size_t usable(const struct space *space, uint64_t at, size_t size, unsigned int prot)
{
	size_t good = 0;

	while (good < size) {
		size_t follow;

		if (!space_at(space, guest_at(at + good), prot, &follow))
			return good;
		good += follow;
	}
	return size;
}

static int pass_in_pieces(struct passage *passage, int i, size_t size)
{
	passage->copy[i] = malloc(size);
	if (!passage->copy[i])
		return -ENOMEM;
	passage->host[i] = (long)passage->copy[i];
	if (passage->is[i].prot & GUEST_WRITE)
		passage->copied[i] = size;
	return space_read(passage->thread->process->space, passage->copy[i],
			  guest_at(passage->guest[i]), size);
}

/* Where an argument counts, the host is told how much can be used, if that is some. */
static int pass_memory(struct passage *passage, int i)
{
	const struct argument *is = &passage->is[i];
	const struct space *space = passage->thread->process->space;
	uint64_t count = is->by ? passage->guest[is->by - 1] : 1;
	size_t size, good, follow;
	void *host;

	if (count > INT_MAX / is->size)
		count = INT_MAX / is->size;
	size = count * is->size;
	if (!size)
		return 0;	/* NULL will do */
	good = usable(space, passage->guest[i], size, is->prot);
	if (good < is->size)
		return -EFAULT;
	if (is->by) {
		count = good / is->size;
		size = count * is->size;
		passage->host[is->by - 1] = (long)count;
	}
	host = space_at(space, guest_at(passage->guest[i]), is->prot, &follow);
	if (follow < size)
		return pass_in_pieces(passage, i, size);
	passage->host[i] = (long)host;
	return 0;
}

static size_t sum(const struct iovec *part, int parts)
{
	size_t size = 0;

	while (parts-- > 0)
		size += part[parts].iov_len;
	return size;
}

/* One of the guest's may be several of the host's. What comes too late is a short count. */
static int pass_vector(struct passage *passage, int i)
{
	const struct space *space = passage->thread->process->space;
	uint64_t at = passage->guest[i], count = passage->guest[i + 1];
	struct iovec *part;
	int parts = 0;

	if (count > IOV_MAX)
		return -EINVAL;
	part = malloc(PARTS * sizeof *part);
	if (!part)
		return -ENOMEM;
	passage->copy[i] = part;
	for (; count > 0 && parts < PARTS; count--, at += sizeof *part) {
		struct iovec one;
		int more = space_read(space, &one, guest_at(at), sizeof one);

		if (!more)
			more = space_parts(space, guest_at((uintptr_t)one.iov_base), one.iov_len,
					   passage->is[i].prot, part + parts, PARTS - parts);
		if (more < 0 && parts == 0)
			return more;
		if (more < 0)
			break;
		parts += more;
		if (sum(part + parts - more, more) < one.iov_len)
			break;
	}
	passage->host[i] = (long)part;
	passage->host[i + 1] = parts;
	return 0;
}

/* Whole words of the kernel's. They are few, so a copy will do. */
static int pass_bits(struct passage *passage, int i)
{
	enum { WORD_BITS = 64, BITS_MAX = 1 << 20 };
	const uint64_t bits = passage->guest[0];

	if ((int)bits < 0 || bits > BITS_MAX)
		return (int)bits < 0 ? -EINVAL : -EBADF;
	return pass_in_pieces(passage, i, (bits + WORD_BITS - 1) / WORD_BITS * sizeof(uint64_t));
}

/* The host's own mask has nothing to do with it, so it always gets one. */
static int read_signals(struct passage *passage, uint64_t at, uint64_t size)
{
	passage->lends = true;
	passage->blocked = passage->thread->blocked;
	if (!at)
		return 0;
	if (size != sizeof passage->blocked)
		return -EINVAL;
	return space_read(passage->thread->process->space, &passage->blocked, guest_at(at), size);
}

static int pass_signals(struct passage *passage, int i)
{
	passage->host[i] = (long)&passage->blocked;
	passage->host[i + 1] = sizeof passage->blocked;
	return read_signals(passage, passage->guest[i], passage->guest[i + 1]);
}

static int pass_signals_pair(struct passage *passage, int i)
{
	uint64_t pair[2] = { 0 };

	if (passage->guest[i] && space_read(passage->thread->process->space, pair,
					    guest_at(passage->guest[i]), sizeof pair))
		return -EFAULT;
	passage->pair[0] = (uintptr_t)&passage->blocked;
	passage->pair[1] = sizeof passage->blocked;
	passage->host[i] = (long)passage->pair;
	return read_signals(passage, pair[0], pair[1]);
}

static int pass(struct passage *passage, int i)
{
	uint64_t value = passage->guest[i];

	switch ((enum kind)passage->is[i].kind) {
	case DESCRIPTOR:
		return fds_hidden(value) ? -EBADF : 0;
	case STRING:
		return value ? pass_string(passage, i) : 0;
	case MEMORY:
		passage->host[i] = 0;
		return value ? pass_memory(passage, i) : 0;
	case VECTOR:
		return pass_vector(passage, i);
	case BITS:
		return value ? pass_bits(passage, i) : 0;
	case SIGNALS:
		return pass_signals(passage, i);
	case SIGNALS_PAIR:
		return pass_signals_pair(passage, i);
	default:
		return 0;
	}
}

static void come_back(struct passage *passage)
{
	for (int i = 0; i < CALLS_ARGUMENTS; i++) {
		if (passage->copied[i])
			space_write(passage->thread->process->space, guest_at(passage->guest[i]),
				    passage->copy[i], passage->copied[i]);
		free(passage->copy[i]);
	}
}

/* -------------------------------------------------------------------------
 * The call.
 */
static int64_t ask(long number, const long *a)
{
	long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);

	return result == -1 ? -errno : result;
}

/* The host has the guest's mask until the call ends, and then all signals blocked again. */
static int64_t lend(struct passage *passage, long number)
{
	const uint64_t blocked = passage->blocked;
	int64_t result;

	passage->blocked |= signals_bit(SIGNALS_KICK);
	result = ask(number, passage->host);
	if (passage->thread->signal.taken.si_signo)
		signals_lend_blocked(passage->thread, blocked);
	return result;
}

static int64_t go(struct passage *passage, long number, bool waits)
{
	int64_t result = 0;

	memcpy(passage->host, passage->guest, sizeof passage->host);
	for (int i = 0; i < CALLS_ARGUMENTS && !result; i++)
		result = pass(passage, i);
	if (!result)
		result = passage->lends ? lend(passage, number) :
			 waits		? window_call(passage->thread, number, passage->host) :
					  ask(number, passage->host);
	come_back(passage);
	return result;
}

int64_t passage_ask(struct thread *thread, long number, const struct argument *is,
		    const uint64_t *argument)
{
	struct passage passage = { .thread = thread, .is = is };

	memcpy(passage.guest, argument, sizeof passage.guest);
	return go(&passage, number, false);
}

int64_t passage_wait(struct thread *thread, long number, const struct argument *is,
		     const uint64_t *argument)
{
	struct passage passage = { .thread = thread, .is = is };

	memcpy(passage.guest, argument, sizeof passage.guest);
	return go(&passage, number, true);
}

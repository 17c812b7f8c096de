/* SPDX-License-Identifier: BSD-2-Clause */
/* What takes a descriptor's number from it: the machine knows some of them. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/close_range.h>
#include <sys/syscall.h>

#include "calls-own.h"
#include "fds.h"
#include "random.h"

int64_t call_close(struct thread *thread, const uint64_t *a)
{
	static const struct argument is[CALLS_ARGUMENTS] = { FD };
	int64_t result;

	random_closing(thread->process, (unsigned int)a[0], (unsigned int)a[0]);
	result = passage_ask(thread, SYS_close, is, a);
	random_closed(thread->process);
	return result;
}

static int64_t dup_to(struct thread *thread, long number, const uint64_t *a)
{
	static const struct argument is[CALLS_ARGUMENTS] = { FD, FD, N };
	int64_t result;

	random_closing(thread->process, (unsigned int)a[1], (unsigned int)a[1]);
	result = passage_ask(thread, number, is, a);
	random_closed(thread->process);
	return result;
}

#ifdef SYS_dup2
int64_t call_dup2(struct thread *thread, const uint64_t *a)
{
	return dup_to(thread, SYS_dup2, a);
}
#endif

int64_t call_dup3(struct thread *thread, const uint64_t *a)
{
	return dup_to(thread, SYS_dup3, a);
}

int64_t call_close_range(struct thread *thread, const uint64_t *a)
{
	unsigned int first = (unsigned int)a[0], last = (unsigned int)a[1], flags = (unsigned int)a[2];
	int64_t result;

	/* to have a table of its own is nothing to a process with one thread */
	if (flags & CLOSE_RANGE_UNSHARE && thread->process->threads > 1)
		return -EINVAL;
	random_closing(thread->process, first, last);
	result = fds_close_range(first, last, flags & ~CLOSE_RANGE_UNSHARE);
	random_closed(thread->process);
	return result;
}

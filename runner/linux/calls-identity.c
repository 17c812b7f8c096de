/* SPDX-License-Identifier: BSD-2-Clause */
/* What changes a thread's identity, and tells the machine before the thread goes on. */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "calls-own.h"
#include "identity.h"

static int64_t change(struct thread *thread, long number, const uint64_t *a)
{
	static const struct argument numbers[CALLS_ARGUMENTS] = { N, N, N };
	int64_t result = passage_ask(thread, number, numbers, a);

	identity_tell(thread);
	return result;
}

#define CHANGES(call) \
	int64_t call_##call(struct thread *thread, const uint64_t *a) \
	{ \
		return change(thread, SYS_##call, a); \
	}

CHANGES(setuid)
CHANGES(setgid)
CHANGES(setreuid)
CHANGES(setregid)
CHANGES(setresuid)
CHANGES(setresgid)

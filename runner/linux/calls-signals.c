/* SPDX-License-Identifier: BSD-2-Clause */
/* To wait for a signal, with a mask that the host has only in the call. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "calls-own.h"

static int64_t suspend(struct thread *thread, uint64_t blocked)
{
	uint64_t host = blocked | signals_bit(SIGNALS_KICK);
	long result = syscall(SYS_rt_sigsuspend, &host, sizeof host);

	if (thread->signal.taken.signo)
		signals_lend_blocked(thread, blocked);
	return result ? -errno : 0;
}

int64_t call_rt_sigsuspend(struct thread *thread, const uint64_t *a)
{
	uint64_t blocked;
	int failed = calls_read_set(thread, &blocked, a[0], a[1]);

	return failed ? failed : suspend(thread, blocked);
}

int64_t call_pause(struct thread *thread, const uint64_t *a)
{
	(void)a;
	return suspend(thread, thread->blocked);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "signals.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the host does to a process, or what it ignores, it does when it may for a moment. */
void signals_take(struct thread *thread)
{
	uint64_t blocked = thread->blocked, before;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, &before, sizeof before);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
}

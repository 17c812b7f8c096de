/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls-own.h"
#include "kernel.h"

/*
 * To ignore a signal and not to is the host's; no handler can be called yet.
 */
int64_t call_rt_sigaction(struct thread *thread, const uint64_t *a)
{
	struct kernel_sigaction new = { 0 }, old;
	int failed = 0;

	if (a[1])
		failed = space_read(thread->process->space, &new, guest_at(a[1]), sizeof new);
	if (failed)
		return failed;
	if (new.handler > (uintptr_t)SIG_IGN || (int)a[0] == SIGRTMAX)
		return -ENOSYS;
	if (syscall(SYS_rt_sigaction, (int)a[0], a[1] ? &new : NULL, &old, a[3]))
		return -errno;
	return a[2] ? space_write(thread->process->space, guest_at(a[2]), &old, sizeof old) : 0;
}

int64_t call_rt_sigprocmask(struct thread *thread, const uint64_t *a)
{
	uint64_t old = thread->blocked, set;

	if (a[3] != sizeof set)
		return -EINVAL;
	if (a[1]) {
		if (space_read(thread->process->space, &set, guest_at(a[1]), sizeof set))
			return -EFAULT;
		switch ((int)a[0]) {
		case SIG_BLOCK:
			thread->blocked |= set;
			break;
		case SIG_UNBLOCK:
			thread->blocked &= ~set;
			break;
		case SIG_SETMASK:
			thread->blocked = set;
			break;
		default:
			return -EINVAL;
		}
	}
	return a[2] ? space_write(thread->process->space, guest_at(a[2]), &old, sizeof old) : 0;
}

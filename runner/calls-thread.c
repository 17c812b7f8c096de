/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "calls-own.h"

int64_t call_arch_prctl(struct thread *thread, const uint64_t *a)
{
	uint64_t base;

	switch (a[0]) {
	case ARCH_SET_FS:
		if (a[1] >= vm_user_range(thread->process->vm).end.v)
			return -EPERM;
		vcpu_set(thread->vcpu, VM_THREAD_POINTER, a[1]);
		return 0;
	case ARCH_GET_FS:
		base = vcpu_get(thread->vcpu, VM_THREAD_POINTER);
		return space_write(thread->process->space, guest_at(a[1]), &base, sizeof base);
	default:
		return -EINVAL;
	}
}

int64_t call_exit(struct thread *thread, const uint64_t *a)
{
	thread->ended = true;
	thread->status = (int)a[0] & 0xff;
	return 0;
}

/* Who says it first. */
int64_t call_exit_group(struct thread *thread, const uint64_t *a)
{
	struct process *process = thread->process;

	pthread_mutex_lock(&process->lock);
	if (!process->ended)
		process->status = (int)a[0] & 0xff;
	process->ended = true;
	pthread_mutex_unlock(&process->lock);
	return call_exit(thread, a);
}

int64_t call_set_tid_address(struct thread *thread, const uint64_t *a)
{
	thread->clear_tid = guest_at(a[0]);
	return thread->tid;
}

#define ROBUST_HEAD 24	/* sizeof(struct robust_list_head) */

int64_t call_set_robust_list(struct thread *thread, const uint64_t *a)
{
	if (a[1] != ROBUST_HEAD)
		return -EINVAL;
	thread->robust_list = guest_at(a[0]);
	return 0;
}

/* Of another process, nothing is known here. */
int64_t call_get_robust_list(struct thread *thread, const uint64_t *a)
{
	struct process *process = thread->process;
	const uint64_t size = ROBUST_HEAD;
	const struct thread *other = thread;
	guest_addr list = thread->robust_list;

	if (a[0]) {
		pthread_mutex_lock(&process->lock);
		for (other = process->first; other && other->tid != (pid_t)a[0]; other = other->next)
			;
		if (other)
			list = other->robust_list;
		pthread_mutex_unlock(&process->lock);
	}
	if (!other)
		return syscall(SYS_tgkill, (pid_t)a[0], (pid_t)a[0], 0) ? -ESRCH : -EPERM;
	if (space_write(process->space, guest_at(a[2]), &size, sizeof size))
		return -EFAULT;
	return space_write(process->space, guest_at(a[1]), &list, sizeof list);
}

/* The host's own, on the host's address of the word, which no other page of the guest has. */
int64_t call_futex(struct thread *thread, const uint64_t *a)
{
	struct argument is[CALLS_ARGUMENTS] = { OUT(uint32_t), N, N };

	switch ((int)a[1] & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		is[3] = (struct argument)IN(struct timespec);
		break;
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
		break;
	default:
		return -ENOSYS;
	}
	return passage_wait(thread, SYS_futex, is, a);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread's end and what it leaves behind. */
#include <errno.h>

#include "calls-both.h"

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

int64_t call_get_robust_list(struct thread *thread, const uint64_t *a)
{
	struct process *process = thread->process;
	const uint64_t size = ROBUST_HEAD;
	const struct thread *other = thread;
	guest_addr list = thread->robust_list;

	if (a[0]) {
		pthread_mutex_lock(&process->lock);
		other = process->first;
		while (other && other->tid != (pid_t)a[0])
			other = other->next;
		if (other)
			list = other->robust_list;
		pthread_mutex_unlock(&process->lock);
	}
	if (!other)
		return calls_robust_list_of((pid_t)a[0]);
	if (space_write(process->space, guest_at(a[2]), &size, sizeof size))
		return -EFAULT;
	return space_write(process->space, guest_at(a[1]), &list, sizeof list);
}

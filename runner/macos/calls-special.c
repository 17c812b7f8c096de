/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that make descriptors of ours, and what timers have besides. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../process-fork.h"
#include "calls-own.h"
#include "descriptors.h"
#include "linux-descriptors.h"
#include "linux-files.h"
#include "special.h"

enum { FLAGS = LINUX_O_CLOEXEC | LINUX_O_NONBLOCK };

/* Their flags are those of open(). */
static int64_t open_own(const struct descriptor_ops *ops, void *payload, unsigned int flags)
{
	if (!payload)
		return -errno;
	return descriptor_open_own(ops->class, payload,
				   flags & LINUX_O_NONBLOCK ? REGISTRY_NONBLOCK : 0,
				   flags & LINUX_O_CLOEXEC);
}

/* A descriptor of this kind: 0, or what is wrong with it. */
static int hold(uint64_t fd, const struct descriptor_ops *ops, struct registry_held *held)
{
	int error = descriptor_hold(fd, held);

	if (error)
		return error;
	if (held->class == ops->class)
		return 0;
	descriptor_let_go(held);
	return -EINVAL;
}

int64_t call_eventfd2(struct thread *thread, const uint64_t *a)
{
	unsigned int flags = (unsigned int)a[1];

	(void)thread;
	if (flags & ~(unsigned int)(FLAGS | LINUX_EFD_SEMAPHORE))
		return -EINVAL;
	return open_own(&eventfd_ops, event_create((unsigned int)a[0], flags & LINUX_EFD_SEMAPHORE),
			flags);
}

int64_t call_timerfd_create(struct thread *thread, const uint64_t *a)
{
	unsigned int flags = (unsigned int)a[1];

	(void)thread;
	if (flags & ~(unsigned int)FLAGS)
		return -EINVAL;
	return open_own(&timerfd_ops, timer_create_fd((int)a[0]), flags);
}

int64_t call_timerfd_settime(struct thread *thread, const uint64_t *a)
{
	struct linux_itimerspec new, old;
	struct registry_held held;
	int64_t result;

	if (calls_read(thread, &new, a[2], sizeof new))
		return -EFAULT;
	result = hold(a[0], &timerfd_ops, &held);
	if (result)
		return result;
	result = timer_set(held.payload, (unsigned int)a[1], &new, &old);
	descriptor_let_go(&held);
	return result ? result : calls_write_if(thread, a[3], &old, sizeof old);
}

int64_t call_timerfd_gettime(struct thread *thread, const uint64_t *a)
{
	struct linux_itimerspec now;
	struct registry_held held;
	int64_t result = hold(a[0], &timerfd_ops, &held);

	if (result)
		return result;
	timer_get(held.payload, &now);
	descriptor_let_go(&held);
	return calls_write(thread, a[1], &now, sizeof now);
}

int64_t call_signalfd4(struct thread *thread, const uint64_t *a)
{
	unsigned int flags = (unsigned int)a[3];
	struct registry_held held;
	uint64_t set;
	int64_t result;

	if (a[2] != sizeof set || flags & ~(unsigned int)FLAGS)
		return -EINVAL;
	if (calls_read(thread, &set, a[1], sizeof set))
		return -EFAULT;
	if ((int)a[0] == -1)
		return open_own(&signalfd_ops, signals_create_fd(set), flags);
	result = hold(a[0], &signalfd_ops, &held);
	if (result)
		return result;
	signals_set_fd(held.payload, set);
	descriptor_let_go(&held);
	return (int)a[0];
}

int64_t fork_pidfd(pid_t child)
{
	return open_own(&pidfd_ops, pidfd_create(child), LINUX_O_CLOEXEC);
}

int64_t call_pidfd_open(struct thread *thread, const uint64_t *a)
{
	unsigned int flags = (unsigned int)a[1];
	pid_t pid = (pid_t)a[0];

	(void)thread;
	if (pid <= 0 || flags & ~(unsigned int)LINUX_O_NONBLOCK)
		return -EINVAL;
	return open_own(&pidfd_ops, pidfd_create(pid), flags | LINUX_O_CLOEXEC);
}

/* -------------------------------------------------------------------------
 * pipe2()
 */
static int open_pipe(int host[2], unsigned int flags)
{
	int error = 0;

	if (pipe(host))
		return -errno;
	for (int i = 0; i < 2; i++) {
		host[i] = descriptors_host(host[i]);
		if (host[i] < 0)
			error = host[i];
		else if (flags & LINUX_O_NONBLOCK && fcntl(host[i], F_SETFL, O_NONBLOCK))
			error = -errno;
	}
	for (int i = 0; i < 2 && error; i++)
		if (host[i] >= 0)
			close(host[i]);
	return error;
}

int64_t call_pipe2(struct thread *thread, const uint64_t *a)
{
	unsigned int flags = (unsigned int)a[1];
	int host[2], fd[2], error;

	if (flags & ~(unsigned int)FLAGS)
		return -EINVAL;
	descriptors_opening();
	error = open_pipe(host, flags);
	if (!error) {
		fd[0] = descriptor_open(&file_class, host[0], flags & LINUX_O_CLOEXEC);
		fd[1] = descriptor_open(&file_class, host[1], flags & LINUX_O_CLOEXEC);
	}
	descriptors_opened();
	if (error)
		return error;
	if (fd[0] >= 0 && fd[1] >= 0 && !calls_write(thread, a[0], fd, sizeof fd))
		return 0;
	error = fd[0] < 0 ? fd[0] : fd[1] < 0 ? fd[1] : -EFAULT;
	for (int i = 0; i < 2; i++)
		if (fd[i] >= 0)
			registry_close(&descriptors, fd[i]);
	return error;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>

#include "calls-own.h"
#include "fds.h"

int64_t call_brk(struct thread *thread, const uint64_t *a)
{
	return (int64_t)space_brk(thread->process->space, guest_at(a[0]));
}

int64_t call_mmap(struct thread *thread, const uint64_t *a)
{
	int flags = (int)a[3];

	if (!(flags & MAP_ANONYMOUS) && fds_hidden(a[4]))
		return -EBADF;
	return space_mmap(thread->process->space, guest_at(a[0]), a[1], (int)a[2], flags, (int)a[4], a[5]);
}

int64_t call_munmap(struct thread *thread, const uint64_t *a)
{
	return space_munmap(thread->process->space, guest_at(a[0]), a[1]);
}

int64_t call_mprotect(struct thread *thread, const uint64_t *a)
{
	return space_mprotect(thread->process->space, guest_at(a[0]), a[1], (int)a[2]);
}

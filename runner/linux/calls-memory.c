/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>

#include "calls-own.h"
#include "fds.h"

int64_t call_mmap(struct thread *thread, const uint64_t *a)
{
	int flags = (int)a[3];

	if (!(flags & MAP_ANONYMOUS) && fds_hidden(a[4]))
		return -EBADF;
	return space_mmap(thread->process->space, guest_at(a[0]), a[1], (int)a[2], flags, (int)a[4], a[5]);
}

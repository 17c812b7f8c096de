/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that are the address space's: all but mmap(), since files are the host's. */
#include "calls-both.h"

int64_t call_brk(struct thread *thread, const uint64_t *a)
{
	return (int64_t)space_brk(thread->process->space, guest_at(a[0]));
}

int64_t call_munmap(struct thread *thread, const uint64_t *a)
{
	return space_munmap(thread->process->space, guest_at(a[0]), a[1]);
}

int64_t call_mprotect(struct thread *thread, const uint64_t *a)
{
	return space_mprotect(thread->process->space, guest_at(a[0]), a[1], (int)a[2]);
}

int64_t call_mremap(struct thread *thread, const uint64_t *a)
{
	return space_mremap(thread->process->space, guest_at(a[0]), a[1], a[2], (int)a[3],
			    guest_at(a[4]));
}

int64_t call_madvise(struct thread *thread, const uint64_t *a)
{
	return space_madvise(thread->process->space, guest_at(a[0]), a[1], (int)a[2]);
}

int64_t call_mincore(struct thread *thread, const uint64_t *a)
{
	return space_mincore(thread->process->space, guest_at(a[0]), a[1], guest_at(a[2]));
}

int64_t call_msync(struct thread *thread, const uint64_t *a)
{
	return space_msync(thread->process->space, guest_at(a[0]), a[1], (int)a[2]);
}

int64_t call_mlock(struct thread *thread, const uint64_t *a)
{
	return space_mlock(thread->process->space, guest_at(a[0]), a[1], 0);
}

int64_t call_mlock2(struct thread *thread, const uint64_t *a)
{
	return space_mlock(thread->process->space, guest_at(a[0]), a[1], (unsigned int)a[2]);
}

int64_t call_munlock(struct thread *thread, const uint64_t *a)
{
	return space_munlock(thread->process->space, guest_at(a[0]), a[1]);
}

int64_t call_mlockall(struct thread *thread, const uint64_t *a)
{
	return space_mlockall(thread->process->space, (int)a[0]);
}

int64_t call_munlockall(struct thread *thread, const uint64_t *a)
{
	(void)a;
	return space_munlockall(thread->process->space);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "../guest-memory.h"
#include "calls-own.h"
#include "descriptors.h"

int64_t call_brk(struct thread *thread, const uint64_t *a)
{
	return (int64_t)space_brk(thread->process->space, guest_at(a[0]));
}

static bool is_zeros(int host)
{
	struct stat st, zero;

	return !fstat(host, &st) && S_ISCHR(st.st_mode) && !stat("/dev/zero", &zero) &&
	       st.st_rdev == zero.st_rdev;
}

/* That device's memory is of no file (drivers/char/mem.c), which macOS's is not mapped for. */
static int64_t map_zeros(struct space *space, const uint64_t *a, int host)
{
	const int type = (int)a[3] & GUEST_MAP_TYPE, rights = fcntl(host, F_GETFL) & O_ACCMODE;
	const bool shared = type == GUEST_MAP_SHARED || type == GUEST_MAP_SHARED_VALIDATE;
	int flags = (int)a[3] | GUEST_MAP_ANONYMOUS;

	if (rights == O_WRONLY || (shared && (int)a[2] & GUEST_PROT_WRITE && rights == O_RDONLY))
		return -EACCES;
	if (type == GUEST_MAP_SHARED_VALIDATE)
		flags = (flags & ~GUEST_MAP_TYPE) | GUEST_MAP_SHARED;
	return space_mmap(space, guest_at(a[0]), a[1], (int)a[2], flags, -1, a[5]);
}

/* The host's mapping stays when the descriptor is let go. */
int64_t call_mmap(struct thread *thread, const uint64_t *a)
{
	struct space *space = thread->process->space;
	struct registry_held held;
	int64_t result;

	if ((int)a[3] & GUEST_MAP_ANONYMOUS)
		return space_mmap(space, guest_at(a[0]), a[1], (int)a[2], (int)a[3], -1, a[5]);
	result = descriptor_hold_host(a[4], &held);
	if (result < 0)
		return result;
	if (is_zeros(held.host))
		result = map_zeros(space, a, held.host);
	else
		result = space_mmap(space, guest_at(a[0]), a[1], (int)a[2], (int)a[3], held.host,
				    a[5]);
	descriptor_let_go(&held);
	return result;
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

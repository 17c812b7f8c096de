/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "../guest-memory.h"
#include "calls-own.h"
#include "descriptors.h"

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

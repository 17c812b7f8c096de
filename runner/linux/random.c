/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "random.h"

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { REFILL = 1024, ROOM_MAX = VM_PAGE };

void random_refill(struct thread *thread)
{
	uint8_t bytes[ROOM_MAX];
	size_t room = vcpu_random_room(thread->vcpu);

	if (room < REFILL || room > sizeof bytes)
		return;
	if (getrandom(bytes, room, GRND_NONBLOCK) == (ssize_t)room)
		vcpu_random_fill(thread->vcpu, bytes);
	explicit_bzero(bytes, sizeof bytes);
}

/* -------------------------------------------------------------------------
 * Descriptors. All atomics are sequentially consistent: who names one sets the bit and
 * looks for somebody who closes; who closes says so and clears the bit. One of the two
 * sees the other, and then the bit is clear. Who was already closing when the descriptor
 * was opened has not ended, or has counted its end.
 */
uint64_t random_opening(const struct process *process)
{
	return __atomic_load_n(&process->random.closings, __ATOMIC_SEQ_CST);
}

static bool is_quiet(const struct process *process, uint64_t since)
{
	return !__atomic_load_n(&process->random.closers, __ATOMIC_SEQ_CST) &&
	       __atomic_load_n(&process->random.closings, __ATOMIC_SEQ_CST) == since;
}

/* Linux Documentation/admin-guide/devices.txt: the character device 1, 9. */
static bool gives_random_bytes(int fd)
{
	struct stat stat;
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_ACCMODE) != O_WRONLY && !(flags & O_PATH) &&
	       !fstat(fd, &stat) && S_ISCHR(stat.st_mode) && stat.st_rdev == makedev(1, 9);
}

/* A child of vfork has descriptors of its own, and its parent's machine. */
void random_opened(struct process *process, int fd, uint64_t since)
{
	if (process->lender || fd < 0 || fd >= VM_RANDOM_FDS || !gives_random_bytes(fd) ||
	    !is_quiet(process, since))
		return;
	vm_random_fd(process->vm, (unsigned int)fd, true);
	if (!is_quiet(process, since))
		vm_random_fd(process->vm, (unsigned int)fd, false);
}

void random_closing(struct process *process, unsigned int first, unsigned int last)
{
	if (process->lender)
		return;
	__atomic_add_fetch(&process->random.closers, 1, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&process->random.closings, 1, __ATOMIC_SEQ_CST);
	for (unsigned int fd = first; fd <= last && fd < VM_RANDOM_FDS; fd++)
		vm_random_fd(process->vm, fd, false);
}

void random_closed(struct process *process)
{
	if (process->lender)
		return;
	__atomic_add_fetch(&process->random.closings, 1, __ATOMIC_SEQ_CST);
	__atomic_sub_fetch(&process->random.closers, 1, __ATOMIC_SEQ_CST);
}

/* Descriptors of a child of vfork are not those that the machine knows, nor are its children's. */
void random_forked(struct process *process)
{
	process->random.closers = 0;
	for (unsigned int fd = 0; process->lender && fd < VM_RANDOM_FDS; fd++)
		vm_random_fd(process->vm, fd, false);
}

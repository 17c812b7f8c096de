/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's flags are this host's: guest-numbers.c. */
#define _GNU_SOURCE
#include "host-memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "guest-memory.h"
#include "guest.h"

int host_renew_hole(void *at, size_t size)
{
	void *got = host_map_zeros(at, size, MAP_FIXED_NOREPLACE);

	if (got == at)
		return 0;
	if (got == MAP_FAILED)
		return -errno;
	munmap(got, size);	/* Linux before 4.17 does not know the flag */
	return -EEXIST;
}

/* -------------------------------------------------------------------------
 * Files.
 */
static bool forbids_code(int fd)
{
	struct statvfs about;

	return !fstatvfs(fd, &about) && about.f_flag & ST_NOEXEC;
}

int host_map(void *at, size_t size, const struct host_file *file, uint8_t *may)
{
	const int flags = (file->flags & (GUEST_MAP_TYPE | MAP_ANONYMOUS | MAP_SYNC)) | MAP_FIXED |
			  MAP_NORESERVE;
	const int both = PROT_READ | PROT_WRITE;

	if (!host_page_is_whole(at, size | file->offset))
		return -EINVAL;
	if (mmap(at, size, file->prot, flags, file->fd, (off_t)file->offset) == MAP_FAILED)
		return -errno;
	if (!(file->flags & MAP_ANONYMOUS) && forbids_code(file->fd))
		*may &= (uint8_t)~GUEST_EXEC;
	if ((file->prot & GUEST_PROT_ALL) == both || !mprotect(at, size, both))
		return 0;
	*may &= (uint8_t)~GUEST_WRITE;
	return mprotect(at, size, PROT_READ) ? -errno : 0;
}

int host_move(void *from, size_t size, void *to, size_t new_size, int flags)
{
	if (!host_page_is_whole(from, size) || !host_page_is_whole(to, 0))
		return -ENOMEM;
	return mremap(from, size, new_size, MREMAP_MAYMOVE | MREMAP_FIXED | flags, to) == MAP_FAILED
		       ? -errno
		       : 0;
}

/* -------------------------------------------------------------------------
 * What the program asks for.
 */
int host_advise_pages(void *at, size_t size, int advice, bool file)
{
	(void)file;
	return madvise(at, size, advice) ? -errno : 0;
}

int host_sync_pages(void *at, size_t size, int flags)
{
	return msync(at, size, flags) ? -errno : 0;
}

int host_resident_pages(void *at, size_t size, uint8_t *vector)
{
	return mincore(at, size, vector) ? -errno : 0;
}

int host_lock(void *at, size_t size, bool on_fault)
{
	return mlock2(at, size, on_fault ? MLOCK_ONFAULT : 0) ? -errno : 0;
}

/* Sanitizers have a munlock() that does nothing. */
int host_unlock(void *at, size_t size)
{
	return syscall(SYS_munlock, at, size) ? -errno : 0;
}

size_t host_copy(void *to, const void *from, size_t size)
{
	struct iovec there = { (void *)from, size }, here = { to, size };
	ssize_t copied = process_vm_readv(getpid(), &here, 1, &there, 1, 0);

	if (copied >= 0)
		return (size_t)copied;
	if (errno == EFAULT)
		return 0;
	/* a sandbox that forbids it: the file had better not end */
	memcpy(to, from, size);
	return size;
}

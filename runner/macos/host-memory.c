/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * With mmap() as POSIX has it, and little else: mappings do not move, and what is of a file
 * cannot be given back to it. Where this is tried it is Linux that has them.
 */
#define _GNU_SOURCE
#include "../host-memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach/mach.h>
#include <sys/mount.h>
#else
#include <sys/statvfs.h>
#include <sys/uio.h>
#endif

#include "../guest-memory.h"
#include "../guest.h"

/* Where it can, the host maps at the address that it is asked for. */
int host_renew_hole(void *at, size_t size)
{
	void *got = host_map_zeros(at, size, 0);

	if (got == at)
		return 0;
	if (got == MAP_FAILED)
		return -errno;
	munmap(got, size);
	return -EEXIST;
}

/* -------------------------------------------------------------------------
 * Files.
 */
#ifdef __APPLE__
static bool forbids_code(int fd)
{
	struct statfs about;

	return !fstatfs(fd, &about) && about.f_flags & MNT_NOEXEC;
}
#else
static bool forbids_code(int fd)
{
	struct statvfs about;

	return !fstatvfs(fd, &about) && about.f_flag & ST_NOEXEC;
}
#endif

/* The host runs none of it: that code may be in it is no matter of the host's. */
static int host_prot(int prot)
{
	return (prot & GUEST_PROT_READ ? PROT_READ : 0) | (prot & GUEST_PROT_WRITE ? PROT_WRITE : 0);
}

int host_map(void *at, size_t size, const struct host_file *file, uint8_t *may)
{
	const int type = file->flags & GUEST_MAP_TYPE, both = PROT_READ | PROT_WRITE;
	const bool anonymous = file->flags & GUEST_MAP_ANONYMOUS;
	const bool shared = type == GUEST_MAP_SHARED || type == GUEST_MAP_SHARED_VALIDATE;

	if (!host_page_is_whole(at, size | file->offset))
		return -EINVAL;
	if (file->flags & GUEST_MAP_SYNC)
		return -EOPNOTSUPP;
	if (!anonymous && forbids_code(file->fd)) {
		if (file->prot & GUEST_PROT_EXEC)
			return -EPERM;
		*may &= (uint8_t)~GUEST_EXEC;
	}
	if (mmap(at, size, host_prot(file->prot),
		 MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE) | (anonymous ? MAP_ANONYMOUS : 0),
		 anonymous ? -1 : file->fd, (off_t)file->offset) == MAP_FAILED)
		return -errno;
	if (host_prot(file->prot) == both || !mprotect(at, size, both))
		return 0;
	*may &= (uint8_t)~GUEST_WRITE;
	return mprotect(at, size, PROT_READ) ? -errno : 0;
}

int host_move(void *from, size_t size, void *to, size_t new_size, int flags)
{
	(void)from;
	(void)size;
	(void)to;
	(void)new_size;
	(void)flags;
	return -ENOMEM;
}

/* -------------------------------------------------------------------------
 * What the program asks for.
 */
static int touch(uint8_t *at, size_t size, bool write, bool file)
{
	uint8_t byte;

	for (size_t i = 0; i < size; i += (size_t)sysconf(_SC_PAGESIZE)) {
		if (host_copy(&byte, at + i, sizeof byte) < sizeof byte)
			return -EFAULT;
		if (write && !file)	/* what is of a file may end meanwhile */
			__atomic_fetch_or(&at[i], 0, __ATOMIC_RELAXED);
	}
	return 0;
}

int host_advise_pages(void *at, size_t size, int advice, bool file)
{
	switch (advice) {
	case GUEST_MADV_DONTNEED:
	case GUEST_MADV_DONTNEED_LOCKED:
		return file ? 0 : host_renew(at, size);
	case GUEST_MADV_POPULATE_READ:
	case GUEST_MADV_POPULATE_WRITE:
		return touch(at, size, advice == GUEST_MADV_POPULATE_WRITE, file);
	case GUEST_MADV_NORMAL:
		return madvise(at, size, MADV_NORMAL) ? -errno : 0;
	case GUEST_MADV_RANDOM:
		return madvise(at, size, MADV_RANDOM) ? -errno : 0;
	case GUEST_MADV_SEQUENTIAL:
		return madvise(at, size, MADV_SEQUENTIAL) ? -errno : 0;
	case GUEST_MADV_WILLNEED:
		return madvise(at, size, MADV_WILLNEED) ? -errno : 0;
	case GUEST_MADV_FREE:	/* the program may find its bytes, and others */
	case GUEST_MADV_COLD:
	case GUEST_MADV_PAGEOUT:
	case GUEST_MADV_HUGEPAGE:
	case GUEST_MADV_NOHUGEPAGE:
		return 0;
	default:
		return -EINVAL;
	}
}

int host_sync_pages(void *at, size_t size, int flags)
{
	const int how = (flags & GUEST_MS_SYNC ? MS_SYNC : MS_ASYNC) |
			(flags & GUEST_MS_INVALIDATE ? MS_INVALIDATE : 0);

	return msync(at, size, how) ? -errno : 0;
}

int host_resident_pages(void *at, size_t size, uint8_t *vector)
{
	const size_t pages = size / (size_t)sysconf(_SC_PAGESIZE);

	if (mincore(at, size, (void *)vector))
		return -errno;
	for (size_t i = 0; i < pages; i++)
		vector[i] &= 1;	/* macOS tells more */
	return 0;
}

/* Memory that is locked is there at once. */
int host_lock(void *at, size_t size, bool on_fault)
{
	return !on_fault && mlock(at, size) ? -errno : 0;
}

int host_unlock(void *at, size_t size)
{
	munlock(at, size);
	return 0;
}

/* -------------------------------------------------------------------------
 * The kernel copies, and has an error where this process would have a signal.
 */
#ifdef __APPLE__
static bool copy(void *to, const void *from, size_t size)
{
	vm_size_t done;

	return vm_read_overwrite(mach_task_self(), (vm_address_t)from, size, (vm_address_t)to,
				 &done) == KERN_SUCCESS;
}
#else
static bool copy(void *to, const void *from, size_t size)
{
	struct iovec there = { (void *)from, size }, here = { to, size };

	return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)size;
}
#endif

static size_t to_page_end(const void *at)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return page - (uintptr_t)at % page;
}

size_t host_copy(void *to, const void *from, size_t size)
{
	size_t done = 0;

	if (copy(to, from, size))
		return size;
	while (done < size) {
		uint8_t *here = (uint8_t *)to + done;
		const uint8_t *there = (const uint8_t *)from + done;
		size_t part = size - done;

		if (part > to_page_end(here))
			part = to_page_end(here);
		if (part > to_page_end(there))
			part = to_page_end(there);
		if (!copy(here, there, part))
			break;
		done += part;
	}
	return done;
}

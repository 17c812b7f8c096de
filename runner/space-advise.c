/* SPDX-License-Identifier: BSD-2-Clause */
/* madvise, mincore, msync, mlock: what the host does with the memory that areas have. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "space-own.h"

#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif

/* -------------------------------------------------------------------------
 * madvise.
 */
enum to_do {
	UNKNOWN,
	NOTHING,	/* it is right as it is */
	MEMORY,		/* the host's */
	LASTING,	/* the host's, which remembers it */
	FILES,		/* the host's, of files */
	FLAG,		/* the area remembers it */
	FORBIDDEN,
};

/* UNKNOWN: Linux has more, which a program must not rely on. */
static enum to_do to_do(int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_REMOVE:
		return FILES;
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
	case MADV_COLLAPSE:
		return MEMORY;
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_MERGEABLE:
	case MADV_UNMERGEABLE:
		return LASTING;
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
		return FLAG;
	case MADV_DONTDUMP:
	case MADV_DODUMP:
		return NOTHING;
	case MADV_HWPOISON:
	case MADV_SOFT_OFFLINE:
		return FORBIDDEN;
	default:
		return UNKNOWN;
	}
}

static struct area *cut_out(struct space *space, uint64_t start, uint64_t end)
{
	if (areas_make_room(&space->areas, SPACE_CHANGE))
		return NULL;
	areas_split(&space->areas, start);
	areas_split(&space->areas, end);
	return areas_at(&space->areas, start);
}

static int set_flag(struct space *space, struct area *area, uint64_t start, uint64_t end, int advice)
{
	if (advice == MADV_WIPEONFORK && area->mapping)
		return -EINVAL;
	area = cut_out(space, start, end);
	if (!area)
		return -ENOMEM;
	if (advice == MADV_DONTFORK)
		area->flags |= AREA_NOT_FORKED;
	else if (advice == MADV_DOFORK)
		area->flags &= (uint16_t)~AREA_NOT_FORKED;
	else if (advice == MADV_WIPEONFORK)
		area->flags |= AREA_WIPED;
	else
		area->flags &= (uint16_t)~AREA_WIPED;
	return 0;
}

/* A right that the program does not have, the host would. */
static bool may_populate(const struct area *area, int advice)
{
	if (advice == MADV_POPULATE_READ)
		return area->prot;
	return advice != MADV_POPULATE_WRITE || area->prot & GUEST_WRITE;
}

/* What is told of an area without memory is lost: it will be zeros, as they come. */
static int advise_host(struct space *space, struct area *area, uint64_t start, uint64_t end, int advice)
{
	if (!may_populate(area, advice))
		return -EINVAL;
	if (!area->physical)
		return advice == MADV_REMOVE ? -EINVAL : 0;
	if (to_do(advice) == FILES && !area->mapping)
		return advice == MADV_REMOVE ? -EINVAL : 0;
	if (to_do(advice) == LASTING && !area->mapping) {
		area = cut_out(space, start, end);
		if (!area)
			return -ENOMEM;
		area->flags |= AREA_CHANGED;
	}
	return madvise(space_host(space, area, start), end - start, advice) ? -errno : 0;
}

static int advise(struct space *space, uint64_t at, uint64_t size, int advice)
{
	const enum to_do what = to_do(advice);
	int failed;

	if (what == UNKNOWN || at % PAGE)
		return -EINVAL;
	if (what == FORBIDDEN)
		return -EPERM;
	if ((size && !page_up(size)) || at + page_up(size) < at)
		return -EINVAL;
	size = page_up(size);
	if (!size)
		return 0;
	if (space_is_sealed(space, at, at + size))
		return -EPERM;
	if (what == NOTHING)
		return space_is_whole(space, at, at + size) ? 0 : -ENOMEM;
	failed = space_each(space, at, at + size, SPACE_SKIP, what == FLAG ? set_flag : advise_host,
			    advice);
	areas_join(&space->areas, at, at + size);
	return failed;
}

int space_madvise(struct space *space, guest_addr at, uint64_t size, int advice)
{
	int failed;

	space_lock(space);
	failed = advise(space, at.v, size, advice);
	space_unlock(space);
	return failed;
}

/* -------------------------------------------------------------------------
 * msync.
 */
static int sync_area(struct space *space, struct area *area, uint64_t start, uint64_t end, int flags)
{
	if (!(area->flags & AREA_SHARED))
		return 0;
	return msync(space_host(space, area, start), end - start, flags) ? -errno : 0;
}

int space_msync(struct space *space, guest_addr at, uint64_t size, int flags)
{
	const int known = MS_ASYNC | MS_INVALIDATE | MS_SYNC;
	int failed;

	if (flags & ~known || at.v % PAGE || (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	if (at.v + page_up(size) < at.v)
		return -ENOMEM;
	space_lock(space);
	failed = space_each(space, at.v, at.v + page_up(size), SPACE_SKIP, sync_area, flags);
	space_unlock(space);
	return failed;
}

/* -------------------------------------------------------------------------
 * mincore: whether the host has the pages in memory.
 */
enum { VECTOR = 4096 };	/* bytes at once */

/* Of one area, so many of its pages as `vector` has room for; -ENOMEM: there is none. */
static int64_t look_at(const struct space *space, uint64_t at, uint64_t size, uint8_t *vector)
{
	const struct area *area = areas_at(&space->areas, at);

	if (!area || area->flags & AREA_SEALED)
		return -ENOMEM;
	if (size > area->end - at)
		size = area->end - at;
	if (size > VECTOR * PAGE)
		size = VECTOR * PAGE;
	if (!area->physical)
		memset(vector, 0, size / PAGE);
	else if (mincore(space_host(space, area, at), size, vector))
		return -errno;
	return (int64_t)size;
}

int space_mincore(struct space *space, guest_addr at, uint64_t size, guest_addr vector)
{
	uint8_t part[VECTOR];
	size_t follow;

	if (at.v % PAGE)
		return -EINVAL;
	if (at.v > space->high || size > space->high - at.v)
		return -ENOMEM;
	if (size && !space_at(space, vector, GUEST_WRITE, &follow))
		return -EFAULT;
	for (uint64_t left = page_up(size); left;) {
		int64_t done;

		space_lock(space);
		done = look_at(space, at.v, left, part);
		space_unlock(space);
		if (done < 0)
			return (int)done;
		if (space_write(space, vector, part, (uint64_t)done / PAGE))
			return -EFAULT;
		at.v += (uint64_t)done;
		vector.v += (uint64_t)done / PAGE;
		left -= (uint64_t)done;
	}
	return 0;
}

/* -------------------------------------------------------------------------
 * mlock. The host's limit is the program's.
 */
enum { UNLOCK = -1 };

static int lock_area(struct space *space, struct area *area, uint64_t start, uint64_t end, int flags)
{
	void *host;

	if (!area->physical || !area->prot)
		return flags == UNLOCK ? 0 : -ENOMEM;
	if (!area->mapping && !(area->flags & AREA_CHANGED)) {
		if (flags == UNLOCK)
			return 0;
		area = cut_out(space, start, end);
		if (!area)
			return -ENOMEM;
		area->flags |= AREA_CHANGED;
	}
	host = space_host(space, area, start);
	if (flags == UNLOCK)
		return munlock(host, end - start) ? -errno : 0;
	return mlock2(host, end - start, (unsigned int)flags) ? -errno : 0;
}

static int lock_range(struct space *space, uint64_t at, uint64_t size, int flags)
{
	uint64_t end = page_up(at + size);
	int failed;

	at = at / PAGE * PAGE;
	if (end < at)
		return -EINVAL;
	if (space_is_sealed(space, at, end))
		return -EPERM;
	failed = space_each(space, at, end, SPACE_STOP, lock_area, flags);
	areas_join(&space->areas, at, end);
	return failed;
}

int space_mlock(struct space *space, guest_addr at, uint64_t size, unsigned int flags)
{
	int failed;

	if (flags & ~(unsigned int)MLOCK_ONFAULT)
		return -EINVAL;
	space_lock(space);
	failed = lock_range(space, at.v, size, (int)flags);
	space_unlock(space);
	return failed;
}

int space_munlock(struct space *space, guest_addr at, uint64_t size)
{
	int failed;

	space_lock(space);
	failed = lock_range(space, at.v, size, UNLOCK);
	space_unlock(space);
	return failed;
}

/* Areas that cannot be locked are left out, as Linux leaves them. */
static int lock_all(struct space *space, int flags)
{
	const struct areas *areas = &space->areas;
	int failed = 0;

	for (size_t i = 0; i < areas->count && !failed; i++) {
		struct area *area = &areas->area[i];

		if (area->prot && !(area->flags & AREA_SEALED))
			failed = lock_area(space, area, area->start, area->end, flags);
	}
	return failed;
}

int space_mlockall(struct space *space, int flags)
{
	const int when = MCL_CURRENT | MCL_FUTURE, how = flags & MCL_ONFAULT ? MLOCK_ONFAULT : 0;
	int failed = 0;

	if (!(flags & when) || flags & ~(when | MCL_ONFAULT))
		return -EINVAL;
	space_lock(space);
	space->lock_future = flags & MCL_FUTURE;
	space->lock_flags = how;
	if (flags & MCL_CURRENT)
		failed = lock_all(space, how);
	space_unlock(space);
	return failed;
}

int space_munlockall(struct space *space)
{
	space_lock(space);
	space->lock_future = false;
	lock_all(space, UNLOCK);
	space_unlock(space);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* madvise, mincore, msync, mlock: what the host does with the memory that areas have. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "guest-memory.h"
#include "host-memory.h"
#include "space-own.h"

/* -------------------------------------------------------------------------
 * madvise.
 */
enum to_do {
	UNKNOWN,
	NOTHING, /* it is right as it is */
	MEMORY,	 /* the host's */
	LASTING, /* the host's, which remembers it */
	FILES,	 /* the host's, of files */
	FLAG,	 /* the area remembers it */
	FORBIDDEN,
};

/* UNKNOWN: Linux has more, which a program must not rely on. */
static enum to_do to_do(int advice)
{
	switch (advice) {
	case GUEST_MADV_NORMAL:
	case GUEST_MADV_RANDOM:
	case GUEST_MADV_SEQUENTIAL:
	case GUEST_MADV_REMOVE:
		return FILES;
	case GUEST_MADV_WILLNEED:
	case GUEST_MADV_DONTNEED:
	case GUEST_MADV_DONTNEED_LOCKED:
	case GUEST_MADV_FREE:
	case GUEST_MADV_COLD:
	case GUEST_MADV_PAGEOUT:
	case GUEST_MADV_POPULATE_READ:
	case GUEST_MADV_POPULATE_WRITE:
	case GUEST_MADV_COLLAPSE:
		return MEMORY;
	case GUEST_MADV_HUGEPAGE:
	case GUEST_MADV_NOHUGEPAGE:
	case GUEST_MADV_MERGEABLE:
	case GUEST_MADV_UNMERGEABLE:
		return LASTING;
	case GUEST_MADV_DONTFORK:
	case GUEST_MADV_DOFORK:
	case GUEST_MADV_WIPEONFORK:
	case GUEST_MADV_KEEPONFORK:
		return FLAG;
	case GUEST_MADV_DONTDUMP:
	case GUEST_MADV_DODUMP:
		return NOTHING;
	case GUEST_MADV_HWPOISON:
	case GUEST_MADV_SOFT_OFFLINE:
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

static int set_flag(struct space *space, struct area *area, uint64_t start, uint64_t end,
		    int advice)
{
	if (advice == GUEST_MADV_WIPEONFORK && area->mapping)
		return -EINVAL;
	area = cut_out(space, start, end);
	if (!area)
		return -ENOMEM;
	if (advice == GUEST_MADV_DONTFORK)
		area->flags |= AREA_NOT_FORKED;
	else if (advice == GUEST_MADV_DOFORK)
		area->flags &= (uint16_t)~AREA_NOT_FORKED;
	else if (advice == GUEST_MADV_WIPEONFORK)
		area->flags |= AREA_WIPED;
	else
		area->flags &= (uint16_t)~AREA_WIPED;
	return 0;
}

/* A right that the program does not have, the host would. */
static bool may_populate(const struct area *area, int advice)
{
	if (advice == GUEST_MADV_POPULATE_READ)
		return area->prot;
	return advice != GUEST_MADV_POPULATE_WRITE || area->prot & GUEST_WRITE;
}

static bool takes_away(int advice)
{
	return advice == GUEST_MADV_DONTNEED || advice == GUEST_MADV_FREE ||
	       advice == GUEST_MADV_COLD || advice == GUEST_MADV_PAGEOUT;
}

/* Other pages come in their place. */
static bool renews(int advice)
{
	return advice == GUEST_MADV_DONTNEED || advice == GUEST_MADV_DONTNEED_LOCKED || advice == GUEST_MADV_FREE ||
	       advice == GUEST_MADV_REMOVE;
}

/* What is told of an area without memory is lost: it will be zeros, as they come. */
static int advise_host(struct space *space, struct area *area, uint64_t start, uint64_t end,
		       int advice)
{
	int failed;

	if (!may_populate(area, advice) || (area->flags & AREA_LOCKED && takes_away(advice)))
		return -EINVAL;
	if (advice == GUEST_MADV_FREE && area->mapping)
		return -EINVAL;
	if (!area->physical)
		return advice == GUEST_MADV_REMOVE ? -EINVAL : 0;
	if (to_do(advice) == FILES && !area->mapping)
		return advice == GUEST_MADV_REMOVE ? -EINVAL : 0;
	if (to_do(advice) == LASTING && !area->mapping) {
		area = cut_out(space, start, end);
		if (!area)
			return -ENOMEM;
		area->flags |= AREA_CHANGED;
	}
	failed = host_advise(space_host(space, area, start), end - start, advice, area->mapping);
	if (!failed && renews(advice))
		frames_changed(space->frames, area->physical + (start - area->start), end - start);
	return failed;
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
static int sync_area(struct space *space, struct area *area, uint64_t start, uint64_t end,
		     int flags)
{
	if (flags & GUEST_MS_INVALIDATE && area->flags & AREA_LOCKED)
		return -EBUSY;
	if (!(area->flags & AREA_SHARED))
		return 0;
	return host_sync(space_host(space, area, start), end - start, flags);
}

int space_msync(struct space *space, guest_addr at, uint64_t size, int flags)
{
	const int known = GUEST_MS_ASYNC | GUEST_MS_INVALIDATE | GUEST_MS_SYNC;
	int failed;

	if (flags & ~known || at.v % PAGE || (flags & GUEST_MS_ASYNC && flags & GUEST_MS_SYNC))
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
enum { VECTOR = 4096 }; /* bytes at once */

/* Of one area, so many of its pages as `vector` has room for; -ENOMEM: there is none. */
static int64_t look_at(const struct space *space, uint64_t at, uint64_t size, uint8_t *vector)
{
	const struct area *area = areas_at(&space->areas, at);
	int failed = 0;

	if (!area || area->flags & AREA_SEALED)
		return -ENOMEM;
	if (size > area->end - at)
		size = area->end - at;
	if (size > VECTOR * PAGE)
		size = VECTOR * PAGE;
	if (!area->physical)
		memset(vector, 0, size / PAGE);
	else
		failed = host_resident(space_host(space, area, at), size, vector);
	return failed ? failed : (int64_t)size;
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
 * mlock: first all areas are locked, then they get their memory. The host's limit is the
 * program's.
 */
int space_keep(struct space *space, const struct area *area, uint64_t start, uint64_t end)
{
	if (!area->physical || !(area->flags & AREA_LOCKED))
		return 0;
	return host_lock(space_host(space, area, start), end - start,
			 area->flags & AREA_ON_FAULT || !area->prot);
}

static int lock_area(struct space *space, struct area *area, uint64_t start, uint64_t end,
		     int flags)
{
	int failed = 0;

	area = cut_out(space, start, end);
	if (!area)
		return -ENOMEM;
	if (area->physical)
		failed = host_lock(space_host(space, area, start), end - start, true);
	if (failed)
		return failed;
	area->flags &= (uint16_t)~AREA_ON_FAULT;
	area->flags |= (uint16_t)(flags | AREA_CHANGED);
	return 0;
}

static int fill_area(struct space *space, struct area *area, uint64_t start, uint64_t end,
		     int flags)
{
	if (flags & AREA_ON_FAULT)
		return 0;
	return area->prot ? space_keep(space, area, start, end) : -ENOMEM;
}

static int unlock_area(struct space *space, struct area *area, uint64_t start, uint64_t end,
		       int unused)
{
	(void)unused;
	if (!(area->flags & AREA_LOCKED))
		return 0;
	area = cut_out(space, start, end);
	if (!area)
		return -ENOMEM;
	area->flags &= (uint16_t) ~(AREA_LOCKED | AREA_ON_FAULT);
	return area->physical ? host_unlock(space_host(space, area, start), end - start) : 0;
}

static int for_range(struct space *space, uint64_t at, uint64_t size, space_fn *fn, int flags)
{
	const uint64_t start = at / PAGE * PAGE, end = page_up(at + size);
	int failed;

	if (at + size < at || end < start)
		return -EINVAL;
	if (space_is_sealed(space, start, end))
		return -EPERM;
	failed = space_each(space, start, end, SPACE_STOP, fn, flags);
	areas_join(&space->areas, start, end);
	return failed;
}

int space_mlock(struct space *space, guest_addr at, uint64_t size, unsigned int flags)
{
	const int how = AREA_LOCKED | (flags & GUEST_MLOCK_ONFAULT ? AREA_ON_FAULT : 0);
	int failed;

	if (flags & ~(unsigned int)GUEST_MLOCK_ONFAULT)
		return -EINVAL;
	space_lock(space);
	failed = for_range(space, at.v, size, lock_area, how);
	if (!failed)
		failed = for_range(space, at.v, size, fill_area, how);
	space_unlock(space);
	return failed;
}

int space_munlock(struct space *space, guest_addr at, uint64_t size)
{
	int failed;

	space_lock(space);
	failed = for_range(space, at.v, size, unlock_area, 0);
	space_unlock(space);
	return failed;
}

/* What cannot have memory is no error here. */
static int for_all(struct space *space, space_fn *fn, int flags)
{
	const struct areas *areas = &space->areas;
	int failed = 0;

	for (size_t i = 0; i < areas->count && !failed; i++) {
		struct area *area = &areas->area[i];

		if (!(area->flags & AREA_SEALED))
			failed = fn(space, area, area->start, area->end, flags);
	}
	areas_join(&space->areas, space->low, space->high);
	return failed;
}

int space_mlockall(struct space *space, int flags)
{
	const int when = GUEST_MCL_CURRENT | GUEST_MCL_FUTURE;
	const int how = AREA_LOCKED | (flags & GUEST_MCL_ONFAULT ? AREA_ON_FAULT : 0);
	int failed = 0;

	if (!(flags & when) || flags & ~(when | GUEST_MCL_ONFAULT))
		return -EINVAL;
	space_lock(space);
	space->lock_future = flags & GUEST_MCL_FUTURE ? (uint16_t)how : 0;
	if (flags & GUEST_MCL_CURRENT)
		failed = for_all(space, lock_area, how);
	if (!failed && flags & GUEST_MCL_CURRENT)
		for_all(space, fill_area, how);
	space_unlock(space);
	return failed;
}

int space_munlockall(struct space *space)
{
	space_lock(space);
	space->lock_future = 0;
	for_all(space, unlock_area, 0);
	space_unlock(space);
	return 0;
}

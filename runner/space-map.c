/* SPDX-License-Identifier: BSD-2-Clause */
/* brk, mmap, munmap, mprotect: the areas. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

#include "guest-memory.h"
#include "host-memory.h"
#include "space-own.h"

#define MAP_HUGE_SIZE ((unsigned int)GUEST_MAP_HUGE_MASK << GUEST_MAP_HUGE_SHIFT)

/* Linux's vm.max_map_count. The host has two for each that is mapped in the frames' place. */
enum { AREAS_MAX = 65530, MAPPED_MAX = AREAS_MAX / 2 - 1000 };
#define LOW_START 0x40000000ull /* MAP_32BIT */
#define LOW_END 0x80000000ull

/* -------------------------------------------------------------------------
 * The heap.
 */
static uint64_t set_break(struct space *space, uint64_t end)
{
	uint64_t old = page_up(space->break_end);
	uint64_t new = end > space->high ? 0 : page_up(end);
	struct area more = { .start = old,
			     .end = new,
			     .name = "[heap]",
			     .prot = GUEST_READ | GUEST_WRITE,
			     .may = GUEST_READ | GUEST_WRITE | GUEST_EXEC };

	if (new < space->break_start || new > space->high ||
	    areas_make_room(&space->areas, SPACE_CHANGE))
		return space->break_end;
	more.flags = space->lock_future;
	if (new > old && (!space_is_free(space, old, new) || space_put(space, more)))
		return space->break_end;
	if (new < old && space_is_sealed(space, new, old))
		return space->break_end;
	if (new < old)
		space_remove(space, new, old);
	return space->break_end = end;
}

/* The break as it is then. Its pages are the heap's, from the page behind the program on. */
uint64_t space_brk(struct space *space, guest_addr end)
{
	uint64_t result;

	space_lock(space);
	result = set_break(space, end.v);
	space_unlock(space);
	return result;
}

/* -------------------------------------------------------------------------
 * mmap: the host's mapping of a file, or of memory that is shared, in the frames' place.
 * The host may write there if it ever may: what the program may do, its own tables say.
 */
struct request {
	uint64_t at, size, offset;
	int prot, flags, fd;
};

static int type_of(const struct request *request)
{
	return request->flags & GUEST_MAP_TYPE;
}

static bool is_shared(const struct request *request)
{
	return type_of(request) == GUEST_MAP_SHARED || type_of(request) == GUEST_MAP_SHARED_VALIDATE;
}

/*
 * Pages of the host's around what is asked for, where those are larger: so any offset of a file
 * can be mapped. The program sees only its own; only that what is behind a file's end is zeros
 * up to the end of such a page.
 */
static int map_in_host(const struct space *space, const struct request *request, size_t skew,
		       struct area *area)
{
	const bool anonymous = request->flags & GUEST_MAP_ANONYMOUS;
	const struct host_file file = { request->prot, request->flags, request->fd,
					anonymous ? 0 : request->offset - skew };

	return host_map(space_host(space, area, area->start) - skew,
			host_page_up(skew + request->size), &file, &area->may);
}

static size_t count_mapped(const struct space *space)
{
	size_t mapped = 0;

	for (size_t i = 0; i < space->areas.count; i++)
		mapped += space->areas.area[i].mapping != 0;
	return mapped;
}

/* Before anything is changed: a file that cannot be mapped leaves what was there. */
static int map_memory(struct space *space, const struct request *request, struct area *area)
{
	const size_t skew = request->flags & GUEST_MAP_ANONYMOUS ?
				    0 : request->offset % host_page();
	int failed;

	if (space->areas.count >= MAPPED_MAX && count_mapped(space) >= MAPPED_MAX)
		return -ENOMEM;
	area->physical = frames_take_pages(space->frames, request->size, skew);
	if (!area->physical)
		return -ENOMEM;
	area->mapping = ++space->mappings;
	area->flags |= (is_shared(request) ? AREA_SHARED : 0) |
		       (request->flags & GUEST_MAP_ANONYMOUS ? 0 : AREA_FILE);
	failed = map_in_host(space, request, skew, area);
	if (failed)
		frames_give(space->frames, area->physical, request->size, FRAMES_MAPPED);
	else
		frames_changed(space->frames, area->physical, request->size);
	return failed;
}

/* -------------------------------------------------------------------------
 * mmap: what may be asked, in Linux's order (ksys_mmap_pgoff, do_mmap).
 */

/* Those that would say that a flag is not known; others leave it alone. */
static int check_type(const struct request *request)
{
	/* GUEST_MAP_FIXED_NOREPLACE is not among them, for Linux */
	const unsigned int known = GUEST_MAP_TYPE | GUEST_MAP_FIXED | GUEST_MAP_ANONYMOUS | GUEST_MAP_NORESERVE |
				   GUEST_MAP_STACK | GUEST_MAP_DENYWRITE | GUEST_MAP_EXECUTABLE | GUEST_MAP_POPULATE |
				   GUEST_MAP_LOCKED | GUEST_MAP_NONBLOCK | GUEST_MAP_GROWSDOWN | GUEST_MAP_HUGETLB |
				   MAP_HUGE_SIZE | GUEST_MAP_SYNC
#ifdef __x86_64__
				   | GUEST_MAP_32BIT
#endif
		;
	const bool anonymous = request->flags & GUEST_MAP_ANONYMOUS;

	switch (type_of(request)) {
	case GUEST_MAP_SHARED_VALIDATE:
		if (anonymous)
			return -EINVAL;
		return (unsigned int)request->flags & ~known ? -EOPNOTSUPP : 0;
	case GUEST_MAP_DROPPABLE:
		return anonymous ? 0 : -EINVAL;
	case GUEST_MAP_SHARED:
	case GUEST_MAP_PRIVATE:
		return 0;
	default:
		return -EINVAL;
	}
}

/* GROWSDOWN is for private memory; a file is asked for its own errors first. */
static int check_growth(const struct request *request)
{
	if (!(request->flags & GUEST_MAP_GROWSDOWN))
		return 0;
	return request->flags & GUEST_MAP_ANONYMOUS && !is_shared(request) ? 0 : -EINVAL;
}

/* There are none: no page of the host's that large is in one piece with others. */
static int check_huge(const struct request *request)
{
	const unsigned int bits = (unsigned int)request->flags >> GUEST_MAP_HUGE_SHIFT & GUEST_MAP_HUGE_MASK;
	const unsigned int sizes[] = { 0, 21, 30 };

	if (!(request->flags & GUEST_MAP_HUGETLB))
		return 0;
	if (!(request->flags & GUEST_MAP_ANONYMOUS))
		return -EINVAL;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		if (bits == sizes[i])
			return -ENOMEM;
	return -EINVAL;
}

static bool is_fixed(const struct request *request)
{
	return request->flags & (GUEST_MAP_FIXED | GUEST_MAP_FIXED_NOREPLACE);
}

static int check_place(const struct space *space, const struct request *request)
{
	const uint64_t end = request->at + request->size;

	if (request->size > space->high - request->at || request->at > space->high)
		return -ENOMEM;
	if (request->at % PAGE)
		return -EINVAL;
	if (request->at < space->low)
		return -EPERM;
	if (request->flags & GUEST_MAP_FIXED_NOREPLACE && !space_is_free(space, request->at, end))
		return -EEXIST;
	return space_is_sealed(space, request->at, end) ? -EPERM : 0;
}

static int find_place(const struct space *space, struct request *request)
{
	uint64_t low = space->low, high = space->high;

#ifdef __x86_64__
	if (request->flags & GUEST_MAP_32BIT) {
		low = LOW_START;
		high = LOW_END;
	}
#endif
	request->at = space_find_near(space, request->at, request->size, low, high);
	return request->at ? 0 : -ENOMEM;
}

#ifndef O_PATH	/* where the host has none, its descriptors are known before */
#define O_PATH 0
#endif

static bool is_open(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && !(flags & O_PATH);
}

static int check(const struct space *space, struct request *request)
{
	int failed;

	if (request->offset % PAGE)
		return -EINVAL;
	if (!(request->flags & GUEST_MAP_ANONYMOUS) && !is_open(request->fd))
		return -EBADF;
	failed = check_huge(request);
	if (failed)
		return failed;
	if (!request->size)
		return -EINVAL;
	request->size = page_up(request->size);
	if (!request->size)
		return -ENOMEM;
	if (request->size > space->high || space->areas.count >= AREAS_MAX)
		return -ENOMEM;
	failed = is_fixed(request) ? check_place(space, request) : find_place(space, request);
	return failed ? failed : check_type(request);
}

/* As far as it can be had at once. Only what GUEST_MAP_LOCKED asks for is told. */
static int prepare(struct space *space, const struct request *request)
{
	const struct area *area = areas_at(&space->areas, request->at);
	int failed = space_keep(space, area, request->at, request->at + request->size);

	if (request->flags & GUEST_MAP_POPULATE && area->prot)
		host_advise(space_host(space, area, request->at), request->size,
			    area->prot & GUEST_WRITE ? GUEST_MADV_POPULATE_WRITE :
						       GUEST_MADV_POPULATE_READ, area->mapping);
	if (!failed || !(request->flags & GUEST_MAP_LOCKED))
		return 0;
	return failed == -EPERM ? failed : -EAGAIN;
}

static int64_t do_mmap(struct space *space, struct request *request)
{
	const bool file = !(request->flags & GUEST_MAP_ANONYMOUS);
	int failed = check(space, request);
	struct area area = { .start = request->at,
			     .end = request->at + request->size,
			     .prot = (uint8_t)space_prot(request->prot),
			     .may = GUEST_READ | GUEST_WRITE | GUEST_EXEC };

	if (!failed && (file || is_shared(request)))
		failed = map_memory(space, request, &area);
	if (!failed && check_growth(request)) {
		space_give_memory(space, &area);
		return -EINVAL;
	}
	if (failed)
		return failed;
	if (request->flags & GUEST_MAP_GROWSDOWN)
		area.flags |= AREA_GROWS;
	if (type_of(request) == GUEST_MAP_DROPPABLE)
		area.flags |= AREA_WIPED;
	area.flags |= space->lock_future | (request->flags & GUEST_MAP_LOCKED ? AREA_LOCKED : 0);
	failed = space_put(space, area);
	if (failed)
		return failed;
	failed = prepare(space, request);
	if (failed)
		space_remove(space, request->at, request->at + request->size);
	return failed ? failed : (int64_t)request->at;
}

int64_t space_mmap(struct space *space, guest_addr near, uint64_t size, int prot, int flags, int fd,
		   uint64_t offset)
{
	struct request request = { near.v, size, offset, prot & GUEST_PROT_ALL, flags, fd };
	int64_t result;

	space_lock(space);
	result = do_mmap(space, &request);
	space_unlock(space);
	return result;
}

/* -------------------------------------------------------------------------
 * munmap.
 */
static int do_munmap(struct space *space, uint64_t at, uint64_t size)
{
	int failed;

	if (at % PAGE || at > space->high || size > space->high - at || !size)
		return -EINVAL;
	size = page_up(size);
	if (space_is_sealed(space, at, at + size))
		return -EPERM;
	failed = areas_make_room(&space->areas, SPACE_CHANGE);
	if (!failed)
		space_remove(space, at, at + size);
	return failed;
}

int space_munmap(struct space *space, guest_addr at, uint64_t size)
{
	int failed;

	space_lock(space);
	failed = do_munmap(space, at.v, size);
	space_unlock(space);
	return failed;
}

/* -------------------------------------------------------------------------
 * mprotect. Linux changes what comes before an error, then tells it.
 */
static int protect(struct space *space, struct area *old, uint64_t start, uint64_t end, int prot)
{
	struct runner_error error;
	struct area *area;

	if (prot & ~old->may & (GUEST_READ | GUEST_WRITE | GUEST_EXEC))
		return -EACCES;
	if (areas_make_room(&space->areas, SPACE_CHANGE))
		return -ENOMEM;
	areas_split(&space->areas, start);
	areas_split(&space->areas, end);
	area = areas_at(&space->areas, start);
	if (end - start >= SPACE_LAZY)
		area->flags |= AREA_LAZY;
	if (prot && !area->physical) {
		area->physical = frames_take(space->frames, end - start);
		if (!area->physical)
			return -ENOMEM;
	}
	if (area->prot == prot)
		return 0;
	if (area->flags & AREA_LAZY)
		vm_unmap(space->vm, guest_at(start), end - start);
	else if (area->physical && vm_map(space->vm, guest_at(start), area->physical, end - start,
					  (unsigned int)prot, &error))
		return -ENOMEM;
	area->prot = (uint8_t)prot;
	space_keep(space, area, start, end); /* Linux tells nobody, either */
	return 0;
}

/* To where the stack that is there, and only that, starts. */
static int to_its_start(const struct space *space, uint64_t *at, uint64_t *size)
{
	const struct area *area = areas_at(&space->areas, *at);

	if (!area)
		return -ENOMEM;
	if (!(area->flags & AREA_GROWS))
		return -EINVAL;
	*size += *at - area->start;
	*at = area->start;
	return 0;
}

static int do_mprotect(struct space *space, uint64_t at, uint64_t size, int prot)
{
	const int growth = prot & (GUEST_PROT_GROWSDOWN | GUEST_PROT_GROWSUP);
	int failed = 0;

	prot &= ~growth;
	if (growth == (GUEST_PROT_GROWSDOWN | GUEST_PROT_GROWSUP) || at % PAGE)
		return -EINVAL;
	if (!size)
		return 0;
	size = page_up(size);
	if (!size || at + size <= at)
		return -ENOMEM;
	if (prot & ~(GUEST_PROT_ALL | GUEST_PROT_SEM))
		return -EINVAL;
	if (growth)
		failed = growth == GUEST_PROT_GROWSUP ? -EINVAL : to_its_start(space, &at, &size);
	if (failed)
		return failed;
	if (!space_is_user(space, at, size))
		return -ENOMEM;
	if (space_is_sealed(space, at, at + size))
		return -EPERM;
	failed = space_each(space, at, at + size, SPACE_STOP, protect, (int)space_prot(prot));
	areas_join(&space->areas, at, at + size);
	return failed;
}

int space_mprotect(struct space *space, guest_addr at, uint64_t size, int prot)
{
	int failed;

	space_lock(space);
	failed = do_mprotect(space, at.v, size, prot);
	space_unlock(space);
	return failed;
}

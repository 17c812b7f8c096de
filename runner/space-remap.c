/* SPDX-License-Identifier: BSD-2-Clause */
/* mremap: what moves in the guest stays where it is in physical memory; nothing is copied. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "guest-memory.h"
#include "host-memory.h"
#include "space-own.h"

struct remap {
	uint64_t old, old_size, new, new_size;
	int flags;
};

static bool has_new_address(const struct remap *remap)
{
	return remap->flags & (GUEST_MREMAP_FIXED | GUEST_MREMAP_DONTUNMAP);
}

static uint64_t old_end(const struct remap *remap)
{
	return remap->old + remap->old_size;
}

/* -------------------------------------------------------------------------
 * What may be asked, in Linux's order (mm/mremap.c).
 */
static int check_numbers(const struct space *space, struct remap *remap)
{
	const int known = GUEST_MREMAP_MAYMOVE | GUEST_MREMAP_FIXED | GUEST_MREMAP_DONTUNMAP;

	if (remap->flags & ~known || remap->old % PAGE)
		return -EINVAL;
	remap->old_size = page_up(remap->old_size);
	remap->new_size = page_up(remap->new_size);
	if (!remap->new_size || remap->new_size > space->high)
		return -EINVAL;
	if (!has_new_address(remap))
		return 0;
	if (!(remap->flags & GUEST_MREMAP_MAYMOVE))
		return -EINVAL;
	if (remap->flags & GUEST_MREMAP_DONTUNMAP && remap->old_size != remap->new_size)
		return -EINVAL;
	if (remap->new % PAGE || remap->new > space->high - remap->new_size)
		return -EINVAL;
	if (remap->new < old_end(remap) && remap->old < remap->new + remap->new_size)
		return -EINVAL;
	return remap->flags & GUEST_MREMAP_FIXED && remap->new < space->low ? -EPERM : 0;
}

/* Whatever would be changed: the source, its tail, what is at the destination. */
static bool touches_sealed(const struct space *space, const struct remap *remap)
{
	return space_is_sealed(space, remap->old,
			       remap->old_size ? old_end(remap) : remap->old + PAGE) ||
	       (remap->flags & GUEST_MREMAP_FIXED &&
		space_is_sealed(space, remap->new, remap->new + remap->new_size));
}

/* All of the source is one area for the program, from `old` on. */
static int check_source(const struct space *space, const struct remap *remap)
{
	const struct areas *areas = &space->areas;
	uint64_t needed = remap->new_size < remap->old_size ? remap->new_size : remap->old_size;
	uint64_t end = remap->old + needed;
	size_t number = areas_search(areas, remap->old);

	if (number == areas->count || areas->area[number].start > remap->old)
		return -EFAULT;
	if (!remap->old_size)
		return areas->area[number].flags & AREA_SHARED ? 0 : -EINVAL;
	for (; areas->area[number].end < end; number++)
		if (number + 1 == areas->count ||
		    !areas_alike(&areas->area[number], &areas->area[number + 1]))
			return -EFAULT;
	return 0;
}

static int check(struct space *space, struct remap *remap)
{
	int failed = check_numbers(space, remap);

	if (failed)
		return failed;
	if (remap->old_size > space->high || !space_is_user(space, remap->old, remap->old_size))
		return space_is_sealed(space, remap->old, remap->old + PAGE) ? -EINVAL : -EFAULT;
	if (touches_sealed(space, remap))
		return -EINVAL;
	return check_source(space, remap);
}

/* -------------------------------------------------------------------------
 * Memory that the host has a mapping for, in other frames.
 */

/*
 * Frames for `size` bytes, with the host's mapping of the area moved there. The program does
 * not see the area meanwhile, and sees it afterwards where it is then.
 */
static int rehouse(struct space *space, struct area *area, uint64_t size, int flags)
{
	const uint64_t old_size = area->end - area->start;
	uint64_t physical = frames_take_pages(space->frames, size, 0);
	struct runner_error error;
	int failed;

	if (!physical)
		return -ENOMEM;
	if (area->prot)
		vm_unmap(space->vm, guest_at(area->start), old_size);
	failed = host_move(space_host(space, area, area->start), old_size,
			   frames_at(space->frames, physical), size, flags);
	if (failed) {
		frames_give(space->frames, physical, size, FRAMES_MAPPED);
	} else {
		if (flags & GUEST_MREMAP_DONTUNMAP)
			frames_changed(space->frames, area->physical, old_size);
		frames_changed(space->frames, physical, size);
		area->physical = physical;
		area->mapping = ++space->mappings;
	}
	if (area->prot && !(area->flags & AREA_LAZY)) /* its tables are there: it cannot fail */
		vm_map(space->vm, guest_at(area->start), area->physical, old_size, area->prot,
		       &error);
	return failed;
}

/* The area gets longer, with all of it in other frames. What follows it is free. */
static int grow_mapping(struct space *space, struct area *area, uint64_t more)
{
	const struct area old = *area;
	const uint64_t size = old.end - old.start;
	struct runner_error error;
	int failed = rehouse(space, area, size + more, 0);

	if (failed)
		return failed;
	frames_give_hole(space->frames, old.physical, size);
	if (area->prot && !(area->flags & AREA_LAZY) &&
	    vm_map(space->vm, guest_at(area->end), area->physical + size, more, area->prot,
		   &error)) {
		frames_give(space->frames, area->physical + size, more, FRAMES_MAPPED);
		return -ENOMEM;
	}
	area->end += more;
	area->flags |= AREA_FILE; /* shared memory without a file does not grow, either */
	return 0;
}

/* -------------------------------------------------------------------------
 * Pieces of the work. Nothing else is where they go.
 */

/* So that physical memory stays in one piece, if it can. */
static void take_following(struct space *space, const struct area *before, struct area *more)
{
	const uint64_t next = before->physical + (before->end - before->start);

	if (before->physical && frames_take_at(space->frames, next, more->end - more->start))
		more->physical = next;
}

static int grow(struct space *space, uint64_t end, uint64_t more)
{
	struct area *last = areas_at(&space->areas, end - 1), rest = *last;

	if (last->mapping)
		return grow_mapping(space, last, more);
	rest.start = end;
	rest.end = end + more;
	rest.physical = 0;
	if (rest.prot)
		take_following(space, last, &rest);
	return space_put(space, rest);
}

/* The areas from `from` on are, as they are, at `to`. */
static int show_at(struct space *space, uint64_t from, uint64_t end, uint64_t to)
{
	const struct areas *areas = &space->areas;
	struct runner_error error;

	for (size_t i = areas_search(areas, from); i < areas->count && areas->area[i].start < end;
	     i++) {
		const struct area *area = &areas->area[i];

		if (area->prot && !(area->flags & AREA_LAZY) &&
		    vm_map(space->vm, guest_at(area->start - from + to), area->physical,
			   area->end - area->start, area->prot, &error)) {
			vm_unmap(space->vm, guest_at(to), area->start - from);
			return -ENOMEM;
		}
	}
	return 0;
}

static int move(struct space *space, uint64_t from, uint64_t size, uint64_t to)
{
	struct areas *areas = &space->areas;
	int failed;

	areas_split(&space->areas, from);
	areas_split(&space->areas, from + size);
	failed = show_at(space, from, from + size, to);
	if (failed)
		return failed;
	for (;;) {
		size_t number = areas_search(areas, from);
		struct area area;

		if (number == areas->count || areas->area[number].start >= from + size)
			break;
		area = areas->area[number];
		if (area.prot)
			vm_unmap(space->vm, guest_at(area.start), area.end - area.start);
		areas_drop(areas, number);
		area.start += to - from;
		area.end += to - from;
		areas_insert(areas, area);
	}
	areas_join(areas, to, to + size);
	return 0;
}

/*
 * GUEST_MREMAP_DONTUNMAP: an area that moved leaves one behind, without what was in it. Of a
 * mapping of the host's, the pages move to other frames, and the old ones are as new.
 */
static int leave_behind(struct space *space, struct area *moved, uint64_t distance)
{
	const uint64_t size = moved->end - moved->start;
	struct area area = *moved;
	int failed = 0;

	if (area.mapping)
		failed = rehouse(space, moved, size, GUEST_MREMAP_DONTUNMAP);
	else
		area.physical = 0;
	if (failed)
		return failed;
	area.start -= distance;
	area.end -= distance;
	return space_put(space, area);
}

static int leave_all_behind(struct space *space, uint64_t at, uint64_t size, uint64_t distance)
{
	int failed = 0;

	for (uint64_t end = at + size; at < end && !failed;) {
		struct area *moved = areas_at(&space->areas, at);

		at = moved->end;
		failed = leave_behind(space, moved, distance);
	}
	return failed;
}

/* An old size of 0 is a second mapping of what is shared. */
static int duplicate(struct space *space, const struct remap *remap, uint64_t to)
{
	struct area area = *areas_at(&space->areas, remap->old);
	void *host = space_host(space, &area, remap->old);
	int failed;

	area.physical = frames_take_pages(space->frames, remap->new_size, 0);
	if (!area.physical)
		return -ENOMEM;
	failed = host_move(host, 0, frames_at(space->frames, area.physical), remap->new_size, 0);
	if (failed) {
		frames_give(space->frames, area.physical, remap->new_size, FRAMES_MAPPED);
		return failed;
	}
	frames_changed(space->frames, area.physical, remap->new_size);
	area.mapping = ++space->mappings;
	area.flags |= AREA_FILE; /* as in grow_mapping() */
	area.start = to;
	area.end = to + remap->new_size;
	return space_put(space, area);
}

/* -------------------------------------------------------------------------
 * The call.
 */
static int64_t move_and_grow(struct space *space, const struct remap *remap, uint64_t to)
{
	const uint64_t size = remap->old_size;
	int failed = move(space, remap->old, size, to);

	if (!failed && remap->flags & GUEST_MREMAP_DONTUNMAP)
		failed = leave_all_behind(space, to, size, to - remap->old);
	if (!failed && remap->new_size > size) {
		failed = grow(space, to + size, remap->new_size - size);
		if (failed)
			move(space, to, size, remap->old);
	}
	return failed ? failed : (int64_t)to;
}

static bool can_grow_here(const struct space *space, const struct remap *remap)
{
	return remap->old_size && space_is_user(space, remap->old, remap->new_size) &&
	       space_is_free(space, old_end(remap), remap->old + remap->new_size);
}

static int64_t go_elsewhere(struct space *space, const struct remap *remap)
{
	uint64_t to = remap->new;
	int failed;

	if (remap->flags & GUEST_MREMAP_FIXED)
		space_remove(space, to, to + remap->new_size);
	else
		to = space_find_near(space, remap->flags & GUEST_MREMAP_DONTUNMAP ? remap->new : 0,
				     remap->new_size, space->low, space->high);
	if (!to)
		return -ENOMEM;
	if (remap->old_size)
		return move_and_grow(space, remap, to);
	failed = duplicate(space, remap, to);
	return failed ? failed : (int64_t)to;
}

/* Splits at two places of the source, and two of the destination. */
enum { REMAP_CHANGE = 2 * SPACE_CHANGE };

static int64_t do_mremap(struct space *space, struct remap *remap)
{
	int failed = check(space, remap);

	if (!failed)
		failed = areas_make_room(&space->areas, REMAP_CHANGE);
	if (failed)
		return failed;
	if (remap->new_size < remap->old_size) {
		space_remove(space, remap->old + remap->new_size, old_end(remap));
		remap->old_size = remap->new_size;
	}
	if (has_new_address(remap))
		return go_elsewhere(space, remap);
	if (remap->new_size == remap->old_size)
		return (int64_t)remap->old;
	if (can_grow_here(space, remap)) {
		failed = grow(space, old_end(remap), remap->new_size - remap->old_size);
		return failed ? failed : (int64_t)remap->old;
	}
	return remap->flags & GUEST_MREMAP_MAYMOVE ? go_elsewhere(space, remap) : -ENOMEM;
}

int64_t space_mremap(struct space *space, guest_addr old, uint64_t old_size, uint64_t new_size,
		     int flags, guest_addr new)
{
	struct remap remap = { old.v, old_size, new.v, new_size, flags };
	int64_t result;

	space_lock(space);
	result = do_mremap(space, &remap);
	space_unlock(space);
	return result;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults that are no fault of the program's: pages that are shown when they are needed, and
 * stacks that grow. What is left of a fault says what Linux would say.
 */
#define _GNU_SOURCE
#include <sys/resource.h>

#include "guest-signals.h"
#include "space-own.h"

#define CHUNK ((uint64_t)2 << 20) /* is shown at once */
#define STACK_GUARD (256 * PAGE)  /* Linux's stack_guard_gap */

/* A file may have become shorter than what is mapped of it. */
static bool is_there(const struct space *space, const struct area *area, uint64_t at)
{
	uint8_t byte;

	return space_copy(area, &byte, space_host(space, area, at), sizeof byte) == sizeof byte;
}

/* -------------------------------------------------------------------------
 * A page that its area says is there.
 */
static bool show_some(struct space *space, const struct area *area, uint64_t at)
{
	uint64_t start = at / PAGE * PAGE, end = start + PAGE;
	struct runner_error error;

	if (!is_there(space, area, start))
		return false;
	if (area->flags & AREA_LAZY) {
		uint64_t low = at / CHUNK * CHUNK, high = low + CHUNK;

		low = low > area->start ? low : area->start;
		high = high < area->end ? high : area->end;
		if (is_there(space, area, high - PAGE)) { /* and so is what is in front of it */
			start = low;
			end = high;
		}
	}
	return !vm_map(space->vm, guest_at(start), area->physical + (start - area->start),
		       end - start, area->prot, &error);
}

/* -------------------------------------------------------------------------
 * Stacks.
 */
static bool may_be_as_large(uint64_t size)
{
	struct rlimit limit;

	return !getrlimit(RLIMIT_STACK, &limit) && size <= limit.rlim_cur;
}

static bool grow_down(struct space *space, uint64_t at)
{
	const struct areas *areas = &space->areas;
	size_t number = areas_search(areas, at);
	uint64_t start = at / PAGE * PAGE;
	struct area area;

	if (number == areas->count)
		return false;
	area = areas->area[number];
	if (!(area.flags & AREA_GROWS) || !area.prot || start < space->low ||
	    !may_be_as_large(area.end - start))
		return false;
	if (number && areas->area[number - 1].prot &&
	    start - areas->area[number - 1].end < STACK_GUARD)
		return false;
	area.end = area.start;
	area.start = start;
	area.physical -= area.end - start; /* in one piece with the rest, if it can be */
	if (!frames_take_at(space->frames, area.physical, area.end - start))
		area.physical = 0;
	return !space_put(space, area);
}

/* -------------------------------------------------------------------------
 * The host had no memory for a page, and which it was is not known. What files do not have
 * is hidden: the next run tells.
 */
static bool hide_end(struct space *space, struct area *area)
{
	uint64_t low = area->start / PAGE, high = area->end / PAGE - 1;

	if (is_there(space, area, high * PAGE))
		return false;
	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (is_there(space, area, middle * PAGE))
			low = middle + 1;
		else
			high = middle;
	}
	area->flags |= AREA_LAZY;
	return vm_unmap(space->vm, guest_at(low * PAGE), area->end - low * PAGE);
}

static bool hide_ends(struct space *space)
{
	bool hidden = false;

	for (size_t i = 0; i < space->areas.count; i++) {
		struct area *area = &space->areas.area[i];

		if (area->flags & AREA_FILE && area->prot && hide_end(space, area))
			hidden = true;
	}
	return hidden;
}

/* -------------------------------------------------------------------------
 * What another thread changed meanwhile is as it was for Linux, too: the run goes on.
 */

/*
 * A processor may remember for a while that less was allowed: SDM volume 3, 4.10.4.3. The
 * fault has made it forget. Mapped once more, so that what is not so cannot go on for ever.
 */
static bool was_forbidden(struct space *space, const struct area *area, uint64_t at,
			  unsigned int prot)
{
	uint64_t page = at / PAGE * PAGE;
	struct runner_error unused;

	return area->physical && prot && (area->prot & prot) == prot &&
	       !vm_map(space->vm, guest_at(page), area->physical + (page - area->start), PAGE,
		       area->prot, &unused);
}

static bool mend(struct space *space, struct vm_exit *exit)
{
	const uint64_t at = exit->fault.address.v;
	const struct area *area;

	if (exit->fault.signal == GUEST_SIGBUS)
		return exit->fault.code == GUEST_BUS_ADRERR && hide_ends(space);
	if (exit->fault.signal != GUEST_SIGSEGV)
		return false;
	area = areas_at(&space->areas, at);
	if (exit->fault.code == GUEST_SEGV_ACCERR)
		return area && was_forbidden(space, area, at, exit->fault.prot);
	if (exit->fault.code != GUEST_SEGV_MAPERR)
		return false;
	if (!area)
		return grow_down(space, at);
	if (!area->prot) {
		exit->fault.code = GUEST_SEGV_ACCERR;
		return false;
	}
	if (show_some(space, area, at))
		return true;
	exit->fault.signal = GUEST_SIGBUS;
	exit->fault.code = GUEST_BUS_ADRERR;
	return false;
}

bool space_fault(struct space *space, struct vm_exit *exit)
{
	bool mended;

	space_lock(space);
	mended = mend(space, exit);
	space_unlock(space);
	return mended;
}

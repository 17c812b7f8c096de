/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "space.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest-memory.h"
#include "host-memory.h"
#include "space-own.h"

/* -------------------------------------------------------------------------
 * The space and its lock: who looks shares it, who changes something has it alone.
 */
struct space *space_create(struct vm *vm)
{
	struct space *space = calloc(1, sizeof *space);
	struct guest_range user = vm_user_range(vm);

	if (!space)
		return NULL;
	space->vm = vm;
	space->low = user.start.v;
	space->high = user.end.v;
	space->lock = malloc(sizeof *space->lock);
	space->frames = frames_create(vm);
	if (!space->lock || !space->frames || pthread_rwlock_init(space->lock, NULL)) {
		if (space->frames)
			frames_destroy(space->frames);
		free(space->lock);
		free(space);
		return NULL;
	}
	return space;
}

void space_destroy(struct space *space)
{
	frames_destroy(space->frames);
	pthread_rwlock_destroy(space->lock);
	free(space->lock);
	free(space->areas.area);
	free(space);
}

void space_lock(struct space *space)
{
	pthread_rwlock_wrlock(space->lock);
}

void space_unlock(struct space *space)
{
	pthread_rwlock_unlock(space->lock);
}

static void look(const struct space *space)
{
	pthread_rwlock_rdlock(space->lock);
}

static void looked(const struct space *space)
{
	pthread_rwlock_unlock(space->lock);
}

/* The lock knows its owner by a number that the child does not have: it is made anew. */
void space_after_fork(struct space *space)
{
	pthread_rwlock_init(space->lock, NULL);
	space->lock_future = 0;
	for (size_t i = space->areas.count; i-- > 0;) {
		const struct area area = space->areas.area[i];

		space->areas.area[i].flags &= (uint16_t) ~(AREA_LOCKED | AREA_ON_FAULT);
		if (area.flags & AREA_NOT_FORKED)
			space_remove(space, area.start, area.end);
		else if (area.flags & AREA_WIPED && area.physical)
			host_advise(frames_at(space->frames, area.physical), area.end - area.start,
				    GUEST_MADV_DONTNEED, area.mapping);
	}
}

/* -------------------------------------------------------------------------
 * Ranges.
 */
bool space_is_user(const struct space *space, uint64_t start, uint64_t size)
{
	return start >= space->low && start <= space->high && size <= space->high - start;
}

bool space_is_free(const struct space *space, uint64_t start, uint64_t end)
{
	size_t number = areas_search(&space->areas, start);

	return number == space->areas.count || space->areas.area[number].start >= end;
}

bool space_is_sealed(const struct space *space, uint64_t start, uint64_t end)
{
	const struct areas *areas = &space->areas;

	for (size_t i = areas_search(areas, start); i < areas->count && areas->area[i].start < end;
	     i++)
		if (areas->area[i].flags & AREA_SEALED)
			return true;
	return false;
}

bool space_is_whole(const struct space *space, uint64_t start, uint64_t end)
{
	const struct areas *areas = &space->areas;

	for (size_t i = areas_search(areas, start); start < end; start = areas->area[i++].end)
		if (i == areas->count || areas->area[i].start > start)
			return false;
	return true;
}

/* From above down, as Linux does. */
static uint64_t find_room(const struct space *space, uint64_t size, uint64_t low, uint64_t high)
{
	const struct areas *areas = &space->areas;
	uint64_t end = high;

	for (size_t i = areas_search(areas, high - 1) + 1; i-- > 0;) {
		const struct area *area = &areas->area[i];

		if (i == areas->count || area->start >= end)
			continue;
		if (area->end <= end && end - area->end >= size)
			break;
		end = area->start;
	}
	return end >= low && end - low >= size ? end - size : 0;
}

#define NEAR_MIN 0x10000ull /* Linux's vm.mmap_min_addr */
#define ABOVE (1ull << 27)  /* the stack's, and what Linux has there */

uint64_t space_find_near(const struct space *space, uint64_t near, uint64_t size, uint64_t low,
			 uint64_t high)
{
	near = near / PAGE * PAGE;
	if (near && near < NEAR_MIN)
		near = NEAR_MIN;
	if (near && space_is_user(space, near, size) && near + size <= high &&
	    space_is_free(space, near, near + size))
		return near;
	return find_room(space, size, low, high == space->high ? high - ABOVE : high);
}

bool space_area(const struct space *space, size_t number, struct space_area *area)
{
	bool is_there;

	look(space);
	is_there = number < space->areas.count;
	if (is_there) {
		const struct area *a = &space->areas.area[number];

		*area = (struct space_area){ { guest_at(a->start), guest_at(a->end) },
					     a->prot,
					     a->flags & AREA_SEALED };
	}
	looked(space);
	return is_there;
}

unsigned int space_prot(int prot)
{
	return (prot & GUEST_PROT_READ ? GUEST_READ : 0) |
	       (prot & GUEST_PROT_WRITE ? GUEST_WRITE : 0) |
	       (prot & GUEST_PROT_EXEC ? GUEST_EXEC : 0);
}

/* -------------------------------------------------------------------------
 * Changes. The machine forgets a page before somebody else can have its memory.
 */
void space_give_memory(struct space *space, const struct area *area)
{
	enum frames_were were = FRAMES_PLAIN;

	if (!area->physical)
		return;
	if (area->mapping)
		were = FRAMES_MAPPED;
	else if (area->flags & (AREA_CHANGED | AREA_LOCKED))
		were = FRAMES_CHANGED;
	frames_give(space->frames, area->physical, area->end - area->start, were);
}

/* From the list alone: their memory is given back. */
static void drop(struct space *space, uint64_t start, uint64_t end)
{
	struct areas *areas = &space->areas;
	size_t number;

	areas_split(&space->areas, start);
	areas_split(&space->areas, end);
	number = areas_search(areas, start);
	while (number < areas->count && areas->area[number].start < end) {
		space_give_memory(space, &areas->area[number]);
		areas_drop(areas, number);
	}
}

/* What the program sees from `at` on ends before `end` or there. */
static uint64_t piece_end(const struct space *space, uint64_t at, uint64_t end)
{
	size_t number = areas_search(&space->areas, at);
	const struct area *area = &space->areas.area[number];
	uint64_t next = end;

	if (number < space->areas.count)
		next = area->start > at ? area->start : area->end;
	return next < end ? next : end;
}

static void hide(struct space *space, uint64_t start, uint64_t end)
{
	struct areas *areas = &space->areas;

	for (size_t i = areas_search(areas, start); i < areas->count && areas->area[i].start < end;
	     i++) {
		uint64_t from = areas->area[i].start > start ? areas->area[i].start : start;
		uint64_t to = areas->area[i].end < end ? areas->area[i].end : end;

		if (areas->area[i].prot)
			vm_unmap(space->vm, guest_at(from), to - from);
	}
}

/* Piece by piece: all that one vm_map() replaces is of one kind. */
static int show(struct space *space, const struct area *new)
{
	struct runner_error error;
	uint64_t next;

	if (!new->prot || new->flags & AREA_LAZY) {
		hide(space, new->start, new->end);
		return 0;
	}
	for (uint64_t at = new->start; at < new->end; at = next) {
		next = piece_end(space, at, new->end);
		if (vm_map(space->vm, guest_at(at), new->physical + (at - new->start), next - at,
			   new->prot, &error)) {
			/* what is behind is hidden by its area */
			vm_unmap(space->vm, guest_at(new->start), at - new->start);
			return -ENOMEM;
		}
	}
	return 0;
}

void space_remove(struct space *space, uint64_t start, uint64_t end)
{
	hide(space, start, end);
	drop(space, start, end);
}

int space_put(struct space *space, struct area area)
{
	int failed = areas_make_room(&space->areas, SPACE_CHANGE);

	if (!failed && area.prot && !area.physical) {
		area.physical = frames_take(space->frames, area.end - area.start);
		failed = area.physical ? 0 : -ENOMEM;
	}
	if (area.end - area.start >= SPACE_LAZY)
		area.flags |= AREA_LAZY;
	if (!failed) {
		failed = show(space, &area);
		if (failed)
			space_remove(space, area.start, area.end);
	}
	if (failed) {
		space_give_memory(space, &area);
		return failed;
	}
	drop(space, area.start, area.end);
	areas_insert(&space->areas, area);
	space_keep(space, &area, area.start, area.end);
	areas_join(&space->areas, area.start, area.end);
	return 0;
}

int space_each(struct space *space, uint64_t start, uint64_t end, enum space_hole holes,
	       space_fn *fn, int what)
{
	const struct areas *areas = &space->areas;
	int failed, missing = 0;

	while (start < end) {
		size_t number = areas_search(areas, start);
		const struct area *area = &areas->area[number];
		uint64_t next;

		if (number == areas->count || area->start >= end)
			return -ENOMEM;
		if (area->start > start) {
			if (holes == SPACE_STOP)
				return -ENOMEM;
			missing = -ENOMEM;
			start = area->start;
		}
		next = area->end < end ? area->end : end;
		failed = fn(space, areas_at(areas, start), start, next, what);
		if (failed)
			return failed;
		start = next;
	}
	return missing;
}

/* -------------------------------------------------------------------------
 * For the loader.
 */
static int make(struct space *space, struct area area)
{
	int failed;

	space_lock(space);
	failed = space_put(space, area);
	space_unlock(space);
	return failed;
}

int space_make(struct space *space, struct guest_range range, unsigned int prot, bool sealed)
{
	return make(space, (struct area){ .start = range.start.v,
					  .end = range.end.v,
					  .prot = (uint8_t)prot,
					  .may = GUEST_READ | GUEST_WRITE | GUEST_EXEC,
					  .flags = sealed ? AREA_SEALED : 0 });
}

int space_reserve(struct space *space, struct guest_range range, const char *name)
{
	return make(space, (struct area){ .start = range.start.v,
					  .end = range.end.v,
					  .flags = AREA_SEALED,
					  .name = name });
}

static int set_name(struct space *space, struct guest_range range, const char *name, uint16_t flags)
{
	struct areas *areas = &space->areas;
	int failed;

	space_lock(space);
	failed = areas_make_room(areas, SPACE_CHANGE);
	if (!failed) {
		areas_split(&space->areas, range.start.v);
		areas_split(&space->areas, range.end.v);
		for (size_t i = areas_search(areas, range.start.v);
		     i < areas->count && areas->area[i].start < range.end.v; i++) {
			areas->area[i].name = name;
			areas->area[i].flags |= flags;
		}
	}
	space_unlock(space);
	return failed;
}

int space_set_name(struct space *space, struct guest_range range, const char *name)
{
	return set_name(space, range, name, 0);
}

int space_set_stack(struct space *space, struct guest_range range)
{
	return set_name(space, range, "[stack]", AREA_GROWS);
}

void space_set_break(struct space *space, guest_addr start)
{
	space_lock(space);
	space->break_start = space->break_end = page_up(start.v);
	space_unlock(space);
}

/* -------------------------------------------------------------------------
 * The crossing.
 */
uint8_t *space_host(const struct space *space, const struct area *area, uint64_t at)
{
	return (uint8_t *)frames_at(space->frames, area->physical) + (at - area->start);
}

/* What may be executed or written can be read: the processors say so, or Linux does. */
static bool allows(unsigned int has, unsigned int wants)
{
	if (has)
		has |= GUEST_READ;
	return !(wants & ~has);
}

/* NULL: not for this. */
static uint8_t *reach(const struct space *space, uint64_t at, unsigned int prot, size_t *follow,
		      const struct area **result)
{
	const struct area *area = areas_at(&space->areas, at);

	*follow = 0;
	if (!area || !area->physical || !allows(area->prot, prot))
		return NULL;
	*follow = area->end - at;
	*result = area;
	return space_host(space, area, at);
}

void *space_at(const struct space *space, guest_addr at, unsigned int prot, size_t *follow)
{
	const struct area *area;
	void *host;

	look(space);
	host = reach(space, at.v, prot, follow, &area);
	looked(space);
	return host;
}

int space_parts(const struct space *space, guest_addr at, size_t size, unsigned int prot,
		struct iovec *part, int room)
{
	int parts = 0;

	look(space);
	while (size && parts < room) {
		const struct area *area;
		size_t follow;
		void *host = reach(space, at.v, prot, &follow, &area);

		if (!host) {
			if (!parts)
				parts = -EFAULT;
			break;
		}
		if (follow > size)
			follow = size;
		part[parts++] = (struct iovec){ host, follow };
		at.v += follow;
		size -= follow;
	}
	looked(space);
	return parts;
}

size_t space_copy(const struct area *area, void *to, const void *from, size_t size)
{
	if (area->flags & AREA_FILE)
		return host_copy(to, from, size);
	memcpy(to, from, size);
	return size;
}

enum way { TO_HOST, TO_GUEST };

static int transfer(const struct space *space, guest_addr guest, uint8_t *bytes, size_t size,
		    unsigned int prot, enum way way)
{
	int failed = 0;

	look(space);
	while (size && !failed) {
		const struct area *area;
		size_t follow, done;
		uint8_t *host = reach(space, guest.v, prot, &follow, &area);

		if (!host) {
			failed = -EFAULT;
			break;
		}
		if (follow > size)
			follow = size;
		done = way == TO_HOST ? space_copy(area, bytes, host, follow)
				      : space_copy(area, host, bytes, follow);
		if (done < follow)
			failed = -EFAULT;
		bytes += follow;
		guest.v += follow;
		size -= follow;
	}
	looked(space);
	return failed;
}

int space_read(const struct space *space, void *to, guest_addr from, size_t size)
{
	return transfer(space, from, to, size, GUEST_READ, TO_HOST);
}

int space_write(const struct space *space, guest_addr to, const void *from, size_t size)
{
	return transfer(space, to, (void *)from, size, GUEST_WRITE, TO_GUEST);
}

int space_fill(struct space *space, guest_addr to, const void *from, size_t size)
{
	return transfer(space, to, (void *)from, size, 0, TO_GUEST);
}

/* Up to a page's end at most: what is behind it, a short string does not need. */
int space_read_string(const struct space *space, char *to, guest_addr from, size_t room)
{
	int result = -ENAMETOOLONG;

	look(space);
	while (room && result == -ENAMETOOLONG) {
		size_t follow, page = PAGE - from.v % PAGE;
		const struct area *area;
		const uint8_t *host = reach(space, from.v, GUEST_READ, &follow, &area);

		follow = room < page ? room : page;
		if (!host || space_copy(area, to, host, follow) < follow)
			result = -EFAULT;
		else if (memchr(to, 0, follow))
			result = 0;
		to += follow;
		from.v += follow;
		room -= follow;
	}
	looked(space);
	return result;
}

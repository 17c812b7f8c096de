/* SPDX-License-Identifier: BSD-2-Clause */
#include "frames.h"

#include <stdlib.h>
#include <string.h>

#include "guest-memory.h"
#include "host-memory.h"

enum { SLABS = 64 };
#define SLAB ((size_t)256 << 20) /* or as much as is asked for at once */
enum { LARGER = 16 };		 /* after so many, they are twice as large */

struct hole {
	uint64_t start, end;
};

/* In the order of their addresses; they never touch. */
struct holes {
	struct hole *hole;
	size_t count, room;
};

struct frames {
	struct vm *vm;
	uint64_t next, end; /* physical addresses not used yet */
	struct slab {
		uint64_t physical;
		uint8_t *host;
		size_t size;
	} slab[SLABS];
	unsigned int slabs;
	struct holes free;	/* zeros */
	struct holes stale;	/* nobody's, but of pages of the host's that are somebody's */
};

struct frames *frames_create(struct vm *vm)
{
	struct frames *frames = calloc(1, sizeof *frames);

	if (!frames)
		return NULL;
	frames->vm = vm;
	vm_physical_range(vm, &frames->next, &frames->end);
	frames->next = host_page_up(frames->next);
	return frames;
}

void frames_destroy(struct frames *frames)
{
	for (unsigned int i = 0; i < frames->slabs; i++)
		host_unmap(frames->slab[i].host, frames->slab[i].size);
	free(frames->free.hole);
	free(frames->stale.hole);
	free(frames);
}

/* -------------------------------------------------------------------------
 * Lists of holes.
 */
static bool insert(struct holes *holes, size_t at, struct hole hole)
{
	if (holes->count == holes->room) {
		size_t room = holes->room ? 2 * holes->room : 64;
		struct hole *more = realloc(holes->hole, room * sizeof *more);

		if (!more)
			return false;
		holes->hole = more;
		holes->room = room;
	}
	memmove(&holes->hole[at + 1], &holes->hole[at],
		(holes->count++ - at) * sizeof holes->hole[0]);
	holes->hole[at] = hole;
	return true;
}

static void drop(struct holes *holes, size_t at)
{
	memmove(&holes->hole[at], &holes->hole[at + 1],
		(--holes->count - at) * sizeof holes->hole[0]);
}

/* The first that starts at `at` or behind it. */
static size_t search(const struct holes *holes, uint64_t at)
{
	size_t low = 0, high = holes->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (holes->hole[middle].start >= at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Joins its neighbours. Out of memory, it is lost until the end. */
static void add(struct holes *holes, uint64_t start, uint64_t end)
{
	size_t at = search(holes, start);

	if (start == end)
		return;
	if (at < holes->count && holes->hole[at].start == end) {
		end = holes->hole[at].end;
		drop(holes, at);
	}
	if (at > 0 && holes->hole[at - 1].end == start)
		holes->hole[at - 1].end = end;
	else
		insert(holes, at, (struct hole){ start, end });
}

/* If all of it is in one. */
static bool cut(struct holes *holes, uint64_t start, uint64_t end)
{
	size_t at = search(holes, start + 1);
	struct hole hole;

	if (at == 0)
		return false;
	hole = holes->hole[at - 1];
	if (hole.start > start || hole.end < end)
		return false;
	drop(holes, at - 1);
	add(holes, hole.start, start);
	add(holes, end, hole.end);
	return true;
}

/* -------------------------------------------------------------------------
 * More memory, and taking some.
 */
static bool grow(struct frames *frames, size_t size)
{
	struct runner_error unused;
	struct slab *slab = &frames->slab[frames->slabs];

	if (size < SLAB << frames->slabs / LARGER)
		size = SLAB << frames->slabs / LARGER;
	size = host_page_up(size);
	if (frames->slabs == SLABS || size > frames->end - frames->next)
		return false;
	slab->host = host_zeros(size);
	if (!slab->host)
		return false;
	if (vm_add_memory(frames->vm, frames->next, slab->host, size, &unused)) {
		host_unmap(slab->host, size);
		return false;
	}
	slab->physical = frames->next;
	slab->size = size;
	frames->slabs++;
	frames->next += size + host_page(); /* slabs do not touch: see frames_at() */
	add(&frames->free, slab->physical, slab->physical + size);
	return true;
}

/* A multiple of `alignment`. */
static uint64_t take(struct frames *frames, size_t size, uint64_t alignment)
{
	const struct holes *holes = &frames->free;

	for (size_t i = 0; i < holes->count; i++) {
		const uint64_t start = (holes->hole[i].start + alignment - 1) & ~(alignment - 1);

		if (start < holes->hole[i].end && holes->hole[i].end - start >= size)
			return cut(&frames->free, start, start + size) ? start : 0;
	}
	return 0;
}

static uint64_t take_or_grow(struct frames *frames, size_t size, uint64_t alignment)
{
	uint64_t physical = take(frames, size, alignment);

	if (!physical && grow(frames, size))
		physical = take(frames, size, alignment);
	return physical;
}

uint64_t frames_take(struct frames *frames, size_t size)
{
	return take_or_grow(frames, size, VM_PAGE);
}

uint64_t frames_take_pages(struct frames *frames, size_t size, size_t skew)
{
	const uint64_t whole = host_page_up(skew + size);
	const uint64_t start = take_or_grow(frames, whole, host_page());

	if (!start)
		return 0;
	add(&frames->stale, start, start + skew);
	add(&frames->stale, start + skew + size, start + whole);
	return start + skew;
}

static const struct slab *slab_of(const struct frames *frames, uint64_t physical)
{
	for (unsigned int i = 0; i < frames->slabs; i++)
		if (physical - frames->slab[i].physical < frames->slab[i].size)
			return &frames->slab[i];
	abort(); /* ours: it was never taken */
}

/* What is taken at once is in one slab, and so is what follows it as far as it was taken with it.
 */
void *frames_at(const struct frames *frames, uint64_t physical)
{
	const struct slab *slab = slab_of(frames, physical);

	return slab->host + (physical - slab->physical);
}

bool frames_take_at(struct frames *frames, uint64_t physical, size_t size)
{
	return cut(&frames->free, physical, physical + size);
}

/* -------------------------------------------------------------------------
 * Giving back.
 */
void frames_changed(struct frames *frames, uint64_t physical, size_t size)
{
	vm_memory_changed(frames->vm, physical, size);
}

/* The machine has to know before somebody else has them. */
static void add_changed(struct frames *frames, uint64_t start, uint64_t end)
{
	frames_changed(frames, start, end - start);
	add(&frames->free, start, end);
}

/* Whole pages of the host's. What it will not make zeros again is lost until the end. */
static void renew(struct frames *frames, uint64_t start, uint64_t end)
{
	if (start < end && !host_renew(frames_at(frames, start), end - start))
		add_changed(frames, start, end);
}

static void clear(struct frames *frames, uint64_t start, uint64_t end)
{
	if (start < end && !host_advise(frames_at(frames, start), end - start,
					GUEST_MADV_DONTNEED, false))
		add_changed(frames, start, end);
}

/* A page of the host's is new when all of it is nobody's. */
static void give_mapped(struct frames *frames, uint64_t start, uint64_t end)
{
	struct holes *stale = &frames->stale;
	struct hole hole;

	add(stale, start, end);
	hole = stale->hole[search(stale, start + 1) - 1];
	start = host_page_up(hole.start);
	end = host_page_down(hole.end);
	if (start < end && cut(stale, start, end))
		renew(frames, start, end);
}

static void give_changed(struct frames *frames, uint64_t start, uint64_t end)
{
	const uint64_t first = host_page_up(start), last = host_page_down(end);

	if (first >= last) {
		clear(frames, start, end);
		return;
	}
	clear(frames, start, first);
	renew(frames, first, last);
	clear(frames, last, end);
}

void frames_give(struct frames *frames, uint64_t physical, size_t size, enum frames_were were)
{
	switch (were) {
	case FRAMES_PLAIN:
		clear(frames, physical, physical + size);
		break;
	case FRAMES_CHANGED:
		give_changed(frames, physical, physical + size);
		break;
	case FRAMES_MAPPED:
		give_mapped(frames, physical, physical + size);
		break;
	}
}

/* Another thread may have mapped something there: then it is lost. */
void frames_give_hole(struct frames *frames, uint64_t physical, size_t size)
{
	if (!host_renew_hole(frames_at(frames, physical), size))
		add_changed(frames, physical, physical + size);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "frames.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { SLABS = 64 };
#define SLAB ((size_t)256 << 20) /* or as much as is asked for at once */
enum { LARGER = 16 };		 /* after so many, they are twice as large */

struct hole {
	uint64_t start, end;
};

/* Holes are in the order of their addresses, and never touch. */
struct frames {
	struct vm *vm;
	uint64_t next, end; /* physical addresses not used yet */
	struct slab {
		uint64_t physical;
		uint8_t *host;
		size_t size;
	} slab[SLABS];
	unsigned int slabs;
	struct hole *hole;
	size_t holes, room;
};

struct frames *frames_create(struct vm *vm)
{
	struct frames *frames = calloc(1, sizeof *frames);

	if (!frames)
		return NULL;
	frames->vm = vm;
	vm_physical_range(vm, &frames->next, &frames->end);
	return frames;
}

void frames_destroy(struct frames *frames)
{
	for (unsigned int i = 0; i < frames->slabs; i++)
		munmap(frames->slab[i].host, frames->slab[i].size);
	free(frames->hole);
	free(frames);
}

static bool insert(struct frames *frames, size_t at, struct hole hole)
{
	if (frames->holes == frames->room) {
		size_t room = frames->room ? 2 * frames->room : 64;
		struct hole *more = realloc(frames->hole, room * sizeof *more);

		if (!more)
			return false;
		frames->hole = more;
		frames->room = room;
	}
	memmove(&frames->hole[at + 1], &frames->hole[at],
		(frames->holes++ - at) * sizeof frames->hole[0]);
	frames->hole[at] = hole;
	return true;
}

static void drop(struct frames *frames, size_t at)
{
	memmove(&frames->hole[at], &frames->hole[at + 1],
		(--frames->holes - at) * sizeof frames->hole[0]);
}

/* The first that starts at `at` or behind it. */
static size_t search(const struct frames *frames, uint64_t at)
{
	size_t low = 0, high = frames->holes;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (frames->hole[middle].start >= at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Joins its neighbours. Out of memory, it is lost until the end. */
static void add(struct frames *frames, struct hole hole)
{
	size_t at = search(frames, hole.start);

	if (at < frames->holes && frames->hole[at].start == hole.end) {
		hole.end = frames->hole[at].end;
		drop(frames, at);
	}
	if (at > 0 && frames->hole[at - 1].end == hole.start)
		frames->hole[at - 1].end = hole.end;
	else
		insert(frames, at, hole);
}

static void *map_zeros(void *at, size_t size, int flags)
{
	return mmap(at, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
}

static bool grow(struct frames *frames, size_t size)
{
	struct runner_error unused;
	struct slab *slab = &frames->slab[frames->slabs];

	if (size < SLAB << frames->slabs / LARGER)
		size = SLAB << frames->slabs / LARGER;
	if (frames->slabs == SLABS || size > frames->end - frames->next)
		return false;
	slab->host = map_zeros(NULL, size, 0);
	if (slab->host == MAP_FAILED)
		return false;
	if (vm_add_memory(frames->vm, frames->next, slab->host, size, &unused)) {
		munmap(slab->host, size);
		return false;
	}
	slab->physical = frames->next;
	slab->size = size;
	frames->slabs++;
	frames->next += size + VM_PAGE; /* slabs do not touch: see frames_at() */
	add(frames, (struct hole){ slab->physical, slab->physical + size });
	return true;
}

static uint64_t take(struct frames *frames, size_t size)
{
	for (size_t i = 0; i < frames->holes; i++) {
		struct hole *hole = &frames->hole[i];
		uint64_t start = hole->start;

		if (hole->end - start < size)
			continue;
		hole->start += size;
		if (hole->start == hole->end)
			drop(frames, i);
		return start;
	}
	return 0;
}

uint64_t frames_take(struct frames *frames, size_t size)
{
	uint64_t physical = take(frames, size);

	if (!physical && grow(frames, size))
		physical = take(frames, size);
	return physical;
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
	size_t at = search(frames, physical + 1);
	struct hole hole;

	if (at == 0)
		return false;
	hole = frames->hole[at - 1];
	if (hole.start > physical || hole.end < physical + size)
		return false;
	drop(frames, at - 1);
	if (hole.start < physical)
		add(frames, (struct hole){ hole.start, physical });
	if (hole.end > physical + size)
		add(frames, (struct hole){ physical + size, hole.end });
	return true;
}

void frames_changed(struct frames *frames, uint64_t physical, size_t size)
{
	vm_memory_changed(frames->vm, physical, size);
}

/* The machine has to know before somebody else has them. */
static void add_changed(struct frames *frames, uint64_t physical, size_t size)
{
	frames_changed(frames, physical, size);
	add(frames, (struct hole){ physical, physical + size });
}

/* What the host will not make zeros again is lost until the end. */
void frames_give(struct frames *frames, uint64_t physical, size_t size, bool renew)
{
	void *host = frames_at(frames, physical);

	if (renew ? map_zeros(host, size, MAP_FIXED) == host : !madvise(host, size, MADV_DONTNEED))
		add_changed(frames, physical, size);
}

/* Another thread may have mapped something there: then it is lost, too. */
void frames_give_hole(struct frames *frames, uint64_t physical, size_t size)
{
	void *host = frames_at(frames, physical), *got = map_zeros(host, size, MAP_FIXED_NOREPLACE);

	if (got == host)
		add_changed(frames, physical, size);
	else if (got != MAP_FAILED)
		munmap(got, size);
}

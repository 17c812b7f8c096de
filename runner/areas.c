/* SPDX-License-Identifier: BSD-2-Clause */
#include "areas.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

size_t areas_search(const struct areas *areas, uint64_t at)
{
	size_t low = 0, high = areas->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (areas->area[middle].end > at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

struct area *areas_at(const struct areas *areas, uint64_t at)
{
	size_t number = areas_search(areas, at);

	return number < areas->count && areas->area[number].start <= at ? &areas->area[number]
									: NULL;
}

int areas_make_room(struct areas *areas, size_t more)
{
	size_t room = areas->room ? areas->room : 64;
	struct area *area;

	while (room < areas->count + more)
		room *= 2;
	if (room == areas->room)
		return 0;
	area = realloc(areas->area, room * sizeof *area);
	if (!area)
		return -ENOMEM;
	areas->area = area;
	areas->room = room;
	return 0;
}

static void insert_at(struct areas *areas, size_t number, struct area area)
{
	memmove(&areas->area[number + 1], &areas->area[number],
		(areas->count++ - number) * sizeof area);
	areas->area[number] = area;
}

void areas_insert(struct areas *areas, struct area area)
{
	insert_at(areas, areas_search(areas, area.start), area);
}

void areas_drop(struct areas *areas, size_t number)
{
	memmove(&areas->area[number], &areas->area[number + 1],
		(--areas->count - number) * sizeof areas->area[0]);
}

void areas_split(struct areas *areas, uint64_t at)
{
	size_t number = areas_search(areas, at);
	struct area *area = &areas->area[number], rest;

	if (number == areas->count || area->start >= at)
		return;
	rest = *area;
	rest.start = at;
	if (rest.physical)
		rest.physical += at - area->start;
	area->end = at;
	insert_at(areas, number + 1, rest);
}

bool areas_alike(const struct area *before, const struct area *area)
{
	return before->end == area->start && before->prot == area->prot &&
	       before->may == area->may && !((before->flags ^ area->flags) & ~AREA_INNER) &&
	       before->name == area->name && before->mapping == area->mapping;
}

/* One piece of physical memory, too; or none at all. */
static bool in_one_piece(const struct area *before, const struct area *area)
{
	if (!area->physical || !before->physical)
		return area->physical == before->physical;
	return before->physical + (before->end - before->start) == area->physical;
}

/* With the one before. */
static bool join(struct areas *areas, size_t number)
{
	struct area *area = &areas->area[number];

	if (number == 0 || area[-1].flags != area->flags || !areas_alike(area - 1, area) ||
	    !in_one_piece(area - 1, area))
		return false;
	area[-1].end = area->end;
	areas_drop(areas, number);
	return true;
}

void areas_join(struct areas *areas, uint64_t start, uint64_t end)
{
	size_t number = areas_search(areas, start ? start - 1 : 0);

	while (number < areas->count && areas->area[number].start <= end)
		if (!join(areas, number))
			number++;
}

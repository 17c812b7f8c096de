/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The areas as /proc/PID/maps shows them (Documentation/filesystems/proc.rst). What the host
 * has a mapping for, the host tells of: device, inode and name.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "host-memory.h"
#include "space-own.h"

enum { NAME_AT = 73 }; /* a name's column, if what is before it is not longer */

static void print(FILE *out, const struct space *space, const struct area *area, uint64_t end,
		  struct host_mappings *mappings)
{
	struct host_mapping host = { .name = "" };
	const char *name = area->name;
	int length;

	if (area->mapping)
		host = host_mapping_at(mappings, space_host(space, area, area->start));
	if (!name)
		name = host.name;
	length = fprintf(
		out, "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64 " %02x:%02x %" PRIu64 " ",
		area->start, end, area->prot & GUEST_READ ? 'r' : '-',
		area->prot & GUEST_WRITE ? 'w' : '-', area->prot & GUEST_EXEC ? 'x' : '-',
		area->flags & AREA_SHARED ? 's' : 'p', host.offset, host.major, host.minor,
		host.inode);
	fprintf(out, "%*s%s\n", *name && length < NAME_AT ? NAME_AT - length : 0, "", name);
}

static void print_all(FILE *out, const struct space *space, struct host_mappings *mappings)
{
	const struct areas *areas = &space->areas;

	for (size_t i = 0; i < areas->count;) {
		const struct area *area = &areas->area[i];

		/* what is in pieces for the host alone */
		do
			i++;
		while (i < areas->count && !area->mapping &&
		       areas_alike(&areas->area[i - 1], &areas->area[i]));
		print(out, space, area, areas->area[i - 1].end, mappings);
	}
}

int space_maps(const struct space *space, char **text, size_t *size)
{
	struct host_mappings *mappings;
	FILE *out = open_memstream(text, size);
	int failed;

	if (!out)
		return -ENOMEM;
	pthread_rwlock_rdlock(space->lock);
	failed = host_mappings_read(&mappings);
	if (!failed) {
		print_all(out, space, mappings);
		host_mappings_free(mappings);
	}
	pthread_rwlock_unlock(space->lock);
	if (fclose(out) && !failed)
		failed = -ENOMEM;
	if (failed)
		free(*text);
	return failed;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* By /proc/self/maps: Documentation/filesystems/proc.rst. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host-memory.h"

struct line {
	uint64_t start, end;
	struct host_mapping mapping;
	char *name;
};

struct host_mappings {
	struct line *line;
	size_t count, room;
};

void host_mappings_free(struct host_mappings *mappings)
{
	while (mappings->count)
		free(mappings->line[--mappings->count].name);
	free(mappings->line);
	free(mappings);
}

static bool add_line(struct host_mappings *mappings, const char *text)
{
	struct line line;
	int name = 0;

	if (sscanf(text, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %x:%x %" SCNu64 " %n",
		   &line.start, &line.end, &line.mapping.offset, &line.mapping.major,
		   &line.mapping.minor, &line.mapping.inode, &name) < 6)
		return true;
	if (mappings->count == mappings->room) {
		size_t room = mappings->room ? 2 * mappings->room : 64;
		struct line *more = realloc(mappings->line, room * sizeof *more);

		if (!more)
			return false;
		mappings->line = more;
		mappings->room = room;
	}
	line.mapping.name = line.name = strndup(text + name, strcspn(text + name, "\n"));
	if (line.name)
		mappings->line[mappings->count++] = line;
	return line.name;
}

static int read_lines(struct host_mappings *mappings)
{
	FILE *file = fopen("/proc/self/maps", "re");
	char *text = NULL;
	size_t room = 0;
	int failed = 0;

	if (!file)
		return -errno;
	while (!failed && getline(&text, &room, file) > 0)
		if (!add_line(mappings, text))
			failed = -ENOMEM;
	free(text);
	fclose(file);
	return failed;
}

int host_mappings_read(struct host_mappings **result)
{
	struct host_mappings *mappings = calloc(1, sizeof *mappings);
	int failed;

	if (!mappings)
		return -ENOMEM;
	failed = read_lines(mappings);
	if (failed)
		host_mappings_free(mappings);
	else
		*result = mappings;
	return failed;
}

static int compare(const void *key, const void *line)
{
	const uint64_t at = *(const uint64_t *)key;
	const struct line *one = line;

	return at < one->start ? -1 : at >= one->end;
}

struct host_mapping host_mapping_at(struct host_mappings *mappings, const void *at)
{
	const uint64_t address = (uintptr_t)at;
	const struct line *line = bsearch(&address, mappings->line, mappings->count, sizeof *line,
					  compare);
	struct host_mapping found = { .name = "" };

	if (line) {
		found = line->mapping;
		found.offset += address - line->start;
	}
	return found;
}

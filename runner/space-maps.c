/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The areas as /proc/PID/maps shows them (Documentation/filesystems/proc.rst). What the host
 * has a mapping for, the host's own file tells: device, inode and name.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "space-own.h"

/* -------------------------------------------------------------------------
 * The host's.
 */
struct line {
	uint64_t start, end, offset;
	unsigned int major, minor;
	uint64_t inode;
	char *name;
};

struct lines {
	struct line *line;
	size_t count, room;
};

static void free_lines(struct lines *lines)
{
	while (lines->count)
		free(lines->line[--lines->count].name);
	free(lines->line);
}

static bool add_line(struct lines *lines, const char *text)
{
	struct line line;
	int name = 0;

	if (sscanf(text, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %x:%x %" SCNu64 " %n",
		   &line.start, &line.end, &line.offset, &line.major, &line.minor, &line.inode,
		   &name) < 6)
		return true;
	if (lines->count == lines->room) {
		size_t room = lines->room ? 2 * lines->room : 64;
		struct line *more = realloc(lines->line, room * sizeof *more);

		if (!more)
			return false;
		lines->line = more;
		lines->room = room;
	}
	line.name = strndup(text + name, strcspn(text + name, "\n"));
	if (line.name)
		lines->line[lines->count++] = line;
	return line.name;
}

static int read_lines(struct lines *lines)
{
	FILE *file = fopen("/proc/self/maps", "re");
	char *text = NULL;
	size_t room = 0;
	int failed = 0;

	if (!file)
		return -errno;
	while (!failed && getline(&text, &room, file) > 0)
		if (!add_line(lines, text))
			failed = -ENOMEM;
	free(text);
	fclose(file);
	return failed;
}

static int compare(const void *key, const void *line)
{
	const uint64_t at = *(const uint64_t *)key;
	const struct line *one = line;

	return at < one->start ? -1 : at >= one->end;
}

/* -------------------------------------------------------------------------
 * The program's.
 */
enum { NAME_AT = 73 }; /* a name's column, if what is before it is not longer */

static void print(FILE *out, const struct space *space, const struct area *area, uint64_t end,
		  const struct lines *lines)
{
	static const struct line none = { .name = "" };
	const struct line *line = &none;
	const char *name = area->name;
	uint64_t offset = 0;
	int length;

	if (area->mapping) {
		const uint64_t host = (uintptr_t)space_host(space, area, area->start);

		line = bsearch(&host, lines->line, lines->count, sizeof *line, compare);
		if (!line)
			line = &none;
		offset = line->offset + (host - line->start);
	}
	if (!name)
		name = line->name;
	length = fprintf(
		out, "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64 " %02x:%02x %" PRIu64 " ",
		area->start, end, area->prot & GUEST_READ ? 'r' : '-',
		area->prot & GUEST_WRITE ? 'w' : '-', area->prot & GUEST_EXEC ? 'x' : '-',
		area->flags & AREA_SHARED ? 's' : 'p', offset, line->major, line->minor,
		line->inode);
	fprintf(out, "%*s%s\n", *name && length < NAME_AT ? NAME_AT - length : 0, "", name);
}

static void print_all(FILE *out, const struct space *space, const struct lines *lines)
{
	const struct areas *areas = &space->areas;

	for (size_t i = 0; i < areas->count;) {
		const struct area *area = &areas->area[i];

		/* what is in pieces for the host alone */
		do
			i++;
		while (i < areas->count && !area->mapping &&
		       areas_alike(&areas->area[i - 1], &areas->area[i]));
		print(out, space, area, areas->area[i - 1].end, lines);
	}
}

int space_maps(const struct space *space, char **text, size_t *size)
{
	struct lines lines = { 0 };
	FILE *out = open_memstream(text, size);
	int failed;

	if (!out)
		return -ENOMEM;
	pthread_rwlock_rdlock(space->lock);
	failed = read_lines(&lines);
	if (!failed)
		print_all(out, space, &lines);
	pthread_rwlock_unlock(space->lock);
	free_lines(&lines);
	if (fclose(out) && !failed)
		failed = -ENOMEM;
	if (failed)
		free(*text);
	return failed;
}

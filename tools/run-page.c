/* SPDX-License-Identifier: BSD-2-Clause */
/* The image of one address space. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "run-identity.h"

static struct page *pages;

/* A file of the image's size, mapped; false if one of its parts cannot be had. */
static bool make_file(struct page *page, size_t size)
{
	struct stat stat;
	void *memory;

	page->fd = memfd_create(IMAGE_NAME, MFD_CLOEXEC);
	if (page->fd < 0 || ftruncate(page->fd, (off_t)size) || fstat(page->fd, &stat))
		return false;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, page->fd, 0);
	if (memory == MAP_FAILED)
		return false;
	page->memory = memory;
	page->device = stat.st_dev;
	page->inode = stat.st_ino;
	return true;
}

struct page *page_new(const struct run *run)
{
	struct page *page = calloc(1, sizeof *page);

	if (!page)
		return NULL;
	if (!make_file(page, run->image.size)) {
		page_close(page);
		free(page);
		return NULL;
	}
	memcpy(page->memory, run->memory, run->image.size);
	page->block = (struct vdsogen_process *)(void *)(page->memory + run->process);
	page->size = run->image.size;
	page->next = pages;
	pages = page;
	return page;
}

void page_close(struct page *page)
{
	if (page->fd >= 0)
		close(page->fd);
	page->fd = -1;
}

/*
 * A child of whose birth nobody could tell, as its parent was killed, may still
 * have it mapped: nothing is known to it.
 */
void page_discard(struct page *page)
{
	static const struct vdsogen_identity unknown;
	struct page **link = &pages;

	while (*link != page)
		link = &(*link)->next;
	*link = page->next;
	vdsogen_process_set(page->block, &unknown);
	munmap(page->memory, page->size);
	page_close(page);
	free(page);
}

void page_enter(struct page *page, struct process *process)
{
	if (page->users++)
		vdsogen_process_vfork(page->block);
	else
		page->owner = process;
	process->page = page;
}

void page_leave(struct process *process)
{
	struct page *page = process->page;

	if (!page)
		return;
	process->page = NULL;
	if (page->owner == process)
		page->owner = NULL;
	else
		vdsogen_process_vfork_end(page->block);
	if (!--page->users)
		page_discard(page);
}

/* -------------------------------------------------------------------------
 * Finding it in a process.
 */
static struct page *page_of(dev_t device, ino_t inode)
{
	struct page *page = pages;

	while (page && (page->inode != inode || page->device != device))
		page = page->next;
	return page;
}

/* A line of /proc/PID/maps. */
struct mapping {
	uint64_t from, to, offset;
	char access[5];
	unsigned int major, minor;
	unsigned long inode;
	int name;		/* where it begins */
};

static bool parse_mapping(const char *line, struct mapping *m)
{
	return sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %lu %n", &m->from,
		      &m->to, m->access, &m->offset, &m->major, &m->minor, &m->inode,
		      &m->name) == 7;
}

static const char *const file_name = "/memfd:" IMAGE_NAME " ";

struct page *page_find(pid_t pid, uint64_t *at)
{
	struct page *found = NULL;
	char path[TRACEE_PATH_ROOM], line[512];
	struct mapping m;
	FILE *maps;

	*at = 0;
	snprintf(path, sizeof path, "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	while (maps && fgets(line, sizeof line, maps)) {
		struct page *page;

		if (!parse_mapping(line, &m) ||
		    strncmp(line + m.name, file_name, strlen(file_name)))
			continue;
		page = page_of(makedev(m.major, m.minor), m.inode);
		if (!page)
			continue;
		*at = !found && !m.offset && m.to - m.from == page->size &&
		      !strcmp(m.access, "r-xs") ? m.from : 0;
		found = page;
	}
	if (maps)
		fclose(maps);
	return found;
}

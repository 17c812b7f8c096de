/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "host-memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest-memory.h"
#include "vm.h"

static size_t page;

static size_t own_page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

void host_page_set(size_t size)
{
	page = size ? size : own_page();
}

size_t host_page(void)
{
	if (!page)
		page = own_page();
	return page;
}

void *host_map_zeros(void *at, size_t size, int flags)
{
	return mmap(at, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
}

/* The kernel's pages may be smaller than what a test wants. */
void *host_zeros(size_t size)
{
	const size_t spare = host_page() - (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *at = host_map_zeros(NULL, size + spare, 0), *start;

	if (at == MAP_FAILED)
		return NULL;
	start = (uint8_t *)host_page_up((uintptr_t)at);
	if (start > at)
		munmap(at, (size_t)(start - at));
	if (start < at + spare)
		munmap(start + size, (size_t)(at + spare - start));
	return start;
}

void host_unmap(void *at, size_t size)
{
	munmap(at, size);
}

int host_renew(void *at, size_t size)
{
	if (!host_page_is_whole(at, size))
		return -EINVAL;
	return host_map_zeros(at, size, MAP_FIXED) == at ? 0 : -errno;
}

/* -------------------------------------------------------------------------
 * Pages that are whole in a range, and those that it touches.
 */
struct pages {
	uint8_t *start, *end;
};

static struct pages pages_inside(void *at, size_t size)
{
	const uint64_t start = host_page_up((uintptr_t)at),
		       end = host_page_down((uintptr_t)at + size);

	return (struct pages){ (uint8_t *)start, (uint8_t *)(end > start ? end : start) };
}

static struct pages pages_touched(void *at, size_t size)
{
	return (struct pages){ (uint8_t *)host_page_down((uintptr_t)at),
			       (uint8_t *)host_page_up((uintptr_t)at + size) };
}

static size_t pages_size(struct pages pages)
{
	return (size_t)(pages.end - pages.start);
}

static bool is_whole(void *at, size_t size)
{
	return pages_size(pages_inside(at, size)) == size;
}

/* What is of the range, and not of whole pages in it. */
static void clear_ends(uint8_t *at, size_t size)
{
	const struct pages inside = pages_inside(at, size);
	uint8_t *const end = at + size;

	if (!pages_size(inside)) {
		memset(at, 0, size);
	} else {
		memset(at, 0, (size_t)(inside.start - at));
		memset(inside.end, 0, (size_t)(end - inside.end));
	}
}

/* -------------------------------------------------------------------------
 * What the program asks for.
 */
static bool takes_memory(int advice)
{
	return advice == GUEST_MADV_DONTNEED || advice == GUEST_MADV_DONTNEED_LOCKED ||
	       advice == GUEST_MADV_FREE || advice == GUEST_MADV_REMOVE;
}

int host_advise(void *at, size_t size, int advice, bool file)
{
	struct pages pages = pages_touched(at, size);

	if (takes_memory(advice) && !is_whole(at, size)) {
		if (advice == GUEST_MADV_REMOVE)
			return -EINVAL;
		if (!file && advice != GUEST_MADV_FREE)
			clear_ends(at, size);
		pages = pages_inside(at, size);
	}
	return pages_size(pages) ? host_advise_pages(pages.start, pages_size(pages), advice, file)
				 : 0;
}

int host_sync(void *at, size_t size, int flags)
{
	const struct pages pages = pages_touched(at, size);

	return host_sync_pages(pages.start, pages_size(pages), flags);
}

enum { RESIDENT = 4096 };	/* pages of the host's at once */

int host_resident(void *at, size_t size, uint8_t *vector)
{
	const size_t own = own_page();
	uint8_t own_vector[RESIDENT], *const start = at;

	for (size_t done = 0; done < size;) {
		const size_t skew = (uintptr_t)(start + done) % own;
		size_t part = size - done;
		int failed;

		if (part > RESIDENT * own - skew)
			part = RESIDENT * own - skew;
		failed = host_resident_pages(start + done - skew, (skew + part + own - 1) / own * own,
					     own_vector);
		if (failed)
			return failed;
		for (size_t i = 0; i < part; i += VM_PAGE)
			vector[(done + i) / VM_PAGE] = own_vector[(skew + i) / own];
		done += part;
	}
	return 0;
}

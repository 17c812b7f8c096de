/* SPDX-License-Identifier: BSD-2-Clause */
/* Intel SDM volume 3, 4.5: 4-level paging. A table has 512 entries, a page 4096 bytes. */
#include "pages.h"

#define PAGE_BITS 12
#define TABLE_BITS 9
#define LEVELS 4
#define PAGE ((uint64_t)1 << PAGE_BITS)
#define ENTRIES (1u << TABLE_BITS)

#define ENTRY_PRESENT 1ull
#define ENTRY_WRITE 2ull
#define ENTRY_USER 4ull
#define ENTRY_NX (1ull << 63)
#define ENTRY_RIGHTS (ENTRY_WRITE | ENTRY_USER)
#define ENTRY_ADDRESS (((1ull << 52) - 1) & ~(PAGE - 1))
/* What the page itself says decides. */
#define ENTRY_TABLE (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER)

uint64_t pages_take(struct pages *pages)
{
	if (pages->used == pages->size)
		return 0;
	pages->used += PAGE;
	return pages->physical + pages->used - PAGE;
}

void *pages_at(const struct pages *pages, uint64_t physical)
{
	return pages->host + (physical - pages->physical);
}

/* The processor may walk the tables meanwhile: each entry is written at once. */
static uint64_t load(const uint64_t *entry)
{
	return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

static void store(uint64_t *entry, uint64_t value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

/* The entry of the page at `at`, NULL if there is no table for it (and none to be had). */
static uint64_t *walk(struct pages *pages, uint64_t at, bool make)
{
	uint64_t table = pages->root;

	for (int level = LEVELS - 1;; level--) {
		uint64_t index = at >> (PAGE_BITS + level * TABLE_BITS) & (ENTRIES - 1);
		uint64_t *entry = (uint64_t *)pages_at(pages, table) + index;

		if (level == 0)
			return entry;
		if (!(load(entry) & ENTRY_PRESENT)) {
			uint64_t fresh = make ? pages_take(pages) : 0;

			if (!fresh)
				return NULL;
			store(entry, fresh | ENTRY_TABLE);
		}
		table = load(entry) & ENTRY_ADDRESS;
	}
}

uint64_t pages_next(const struct pages *pages, uint64_t at)
{
	const uint64_t end = PAGE << (LEVELS * TABLE_BITS);
	uint64_t table = pages->root;

	for (int level = LEVELS - 1; level > 0 && at < end;) {
		const unsigned int bits = (unsigned int)(PAGE_BITS + level * TABLE_BITS);
		const uint64_t *entry = (uint64_t *)pages_at(pages, table) + (at >> bits & (ENTRIES - 1));

		if (load(entry) & ENTRY_PRESENT) {
			table = load(entry) & ENTRY_ADDRESS;
			level--;
			continue;
		}
		at = ((at >> bits) + 1) << bits;
		table = pages->root;
		level = LEVELS - 1;
	}
	return at < end ? at : UINT64_MAX;
}

bool pages_prepare(struct pages *pages, uint64_t at, size_t size)
{
	const uint64_t span = PAGE << TABLE_BITS;	/* of the lowest table */
	uint64_t end = at + size;

	for (; at < end; at = (at / span + 1) * span)
		if (!walk(pages, at, true))
			return false;
	return true;
}

/* Rights are what an entry allows; one that forbids more or leads elsewhere is less. */
static bool lessens(uint64_t old, uint64_t new)
{
	if (!(old & ENTRY_PRESENT))
		return false;
	return !(new & ENTRY_PRESENT) || ((old ^ new) & ENTRY_ADDRESS) ||
	       (old & ~new & ENTRY_RIGHTS) || (new & ~old & ENTRY_NX);
}

static uint64_t replace(uint64_t *entry, uint64_t new)
{
	uint64_t old = load(entry);

	store(entry, new);
	return lessens(old, new) ? old & ENTRY_ADDRESS : 0;
}

uint64_t pages_set(struct pages *pages, uint64_t at, uint64_t physical, unsigned int flags)
{
	return replace(walk(pages, at, true),
		       physical | ENTRY_PRESENT | (flags & PAGE_WRITE ? ENTRY_WRITE : 0) |
			       (flags & PAGE_USER ? ENTRY_USER : 0) |
			       (flags & PAGE_EXEC ? 0 : ENTRY_NX));
}

uint64_t pages_clear(struct pages *pages, uint64_t at)
{
	uint64_t *entry = walk(pages, at, false);

	return entry ? replace(entry, 0) : 0;
}

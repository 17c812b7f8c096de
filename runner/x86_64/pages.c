/* SPDX-License-Identifier: BSD-2-Clause */
/* Intel SDM volume 3, 4.5: 4-level paging. */
#include "pages.h"

#define ENTRY_PRESENT TABLES_VALID
#define ENTRY_WRITE 2ull
#define ENTRY_USER 4ull
#define ENTRY_NX (1ull << 63)
#define ENTRY_RIGHTS (ENTRY_WRITE | ENTRY_USER)
#define ENTRY_ADDRESS (((1ull << 52) - 1) & ~(TABLES_PAGE - 1ull))
/* What the page itself says decides. */
#define ENTRY_TABLE (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER)

bool pages_create(struct pages *pages, uint8_t *host, uint64_t physical, size_t size)
{
	pages->tables = (struct tables){ .host = host, .physical = physical, .size = size,
					 .link = ENTRY_TABLE, .address = ENTRY_ADDRESS };
	pages->root = tables_take(&pages->tables);
	return pages->root;
}

bool pages_prepare(struct pages *pages, uint64_t at, size_t size)
{
	return tables_prepare(&pages->tables, pages->root, at, size);
}

uint64_t pages_next(const struct pages *pages, uint64_t at)
{
	return tables_next(&pages->tables, pages->root, at);
}

static uint64_t *entry_of(struct pages *pages, uint64_t at, bool make)
{
	return tables_entry(&pages->tables, pages->root, at, make);
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
	uint64_t old = tables_load(entry);

	tables_store(entry, new);
	return lessens(old, new) ? old & ENTRY_ADDRESS : 0;
}

uint64_t pages_set(struct pages *pages, uint64_t at, uint64_t physical, unsigned int flags)
{
	return replace(entry_of(pages, at, true),
		       physical | ENTRY_PRESENT | (flags & PAGE_WRITE ? ENTRY_WRITE : 0) |
			       (flags & PAGE_USER ? ENTRY_USER : 0) |
			       (flags & PAGE_EXEC ? 0 : ENTRY_NX));
}

uint64_t pages_clear(struct pages *pages, uint64_t at)
{
	uint64_t *entry = entry_of(pages, at, false);

	return entry ? replace(entry, 0) : 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables.h"

#define PAGE_BITS 12
#define TABLE_BITS 9
#define LEVELS 4
#define ENTRIES (1u << TABLE_BITS)

_Static_assert(TABLES_PAGE == 1 << PAGE_BITS, "a page");
_Static_assert(TABLES_PAGE == ENTRIES * sizeof(uint64_t), "a table is a page");
_Static_assert(TABLES_ADDRESS_BITS == PAGE_BITS + LEVELS * TABLE_BITS, "all that is walked");

uint64_t tables_take(struct tables *tables)
{
	if (tables->used == tables->size)
		return 0;
	tables->used += TABLES_PAGE;
	return tables->physical + tables->used - TABLES_PAGE;
}

void *tables_at(const struct tables *tables, uint64_t physical)
{
	return tables->host + (physical - tables->physical);
}

uint64_t tables_load(const uint64_t *entry)
{
	return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

void tables_store(uint64_t *entry, uint64_t value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static unsigned int bits_below(int level)
{
	return (unsigned int)(PAGE_BITS + level * TABLE_BITS);
}

static uint64_t *entry_of(const struct tables *tables, uint64_t table, uint64_t at, int level)
{
	return (uint64_t *)tables_at(tables, table) + (at >> bits_below(level) & (ENTRIES - 1));
}

uint64_t *tables_entry(struct tables *tables, uint64_t root, uint64_t at, bool make)
{
	uint64_t table = root;

	for (int level = LEVELS - 1; level > 0; level--) {
		uint64_t *entry = entry_of(tables, table, at, level);

		if (!(tables_load(entry) & TABLES_VALID)) {
			uint64_t fresh = make ? tables_take(tables) : 0;

			if (!fresh)
				return NULL;
			tables_store(entry, fresh | tables->link);
		}
		table = tables_load(entry) & tables->address;
	}
	return entry_of(tables, table, at, 0);
}

uint64_t tables_next(const struct tables *tables, uint64_t root, uint64_t at)
{
	const uint64_t end = (uint64_t)1 << TABLES_ADDRESS_BITS;
	uint64_t table = root;

	for (int level = LEVELS - 1; level > 0 && at < end;) {
		const uint64_t entry = tables_load(entry_of(tables, table, at, level));

		if (entry & TABLES_VALID) {
			table = entry & tables->address;
			level--;
			continue;
		}
		at = ((at >> bits_below(level)) + 1) << bits_below(level);
		table = root;
		level = LEVELS - 1;
	}
	return at < end ? at : UINT64_MAX;
}

bool tables_prepare(struct tables *tables, uint64_t root, uint64_t at, size_t size)
{
	const uint64_t span = (uint64_t)1 << bits_below(1);	/* of the lowest table */
	const uint64_t end = at + size;

	for (; at < end; at = (at / span + 1) * span)
		if (!tables_entry(tables, root, at, true))
			return false;
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arm Architecture Reference Manual (ARM DDI 0487), D8: VMSAv8-64 with a granule of 4 KiB and
 * addresses of 48 bits.
 *
 * A processor may keep what it has read of a valid entry until it is told to drop it, also one
 * that says less than the tables do now (D8.13). So every change of a valid entry ends in
 * uses.end(). One that leads elsewhere goes by way of no entry (D8.14.1, break-before-make): a
 * processor that has both may use a mixture. Who comes there meanwhile has a fault that is none,
 * and pages_allow() tells. To have a new entry where none was, nothing is to be dropped.
 */
#include "pages.h"

#include "../guest.h"

enum { PAGE = TABLES_PAGE };

/* D8.3: descriptors. MAIR_EL1 has the kinds of memory (shim.c). */
#define ENTRY_VALID TABLES_VALID
#define ENTRY_TABLE 3ull
#define ENTRY_PAGE 3ull
#define ENTRY_DEVICE (1ull << 2)	/* AttrIndx: 1; 0 is normal memory */
#define ENTRY_USER (1ull << 6)		/* AP[1] */
#define ENTRY_READ_ONLY (1ull << 7)	/* AP[2] */
#define ENTRY_INNER (3ull << 8)		/* SH */
#define ENTRY_ACCESSED (1ull << 10)	/* AF: without it, a fault */
#define ENTRY_NOT_GLOBAL (1ull << 11)
#define ENTRY_PXN (1ull << 53)
#define ENTRY_UXN (1ull << 54)
#define ENTRY_ADDRESS (((1ull << 48) - 1) & ~(PAGE - 1ull))

#define KERNEL_HALF (1ull << 63)

bool pages_create(struct pages *pages, uint8_t *host, uint64_t physical, size_t size,
		  const struct pages_uses *uses)
{
	*pages = (struct pages){
		.tables = { .host = host, .physical = physical, .size = size,
			    .link = ENTRY_TABLE, .address = ENTRY_ADDRESS },
		.uses = *uses,
	};
	pthread_mutex_init(&pages->lock, NULL);
	pages->user = tables_take(&pages->tables);
	pages->kernel = tables_take(&pages->tables);
	return pages->user && pages->kernel;
}

void pages_destroy(struct pages *pages)
{
	pthread_mutex_destroy(&pages->lock);
}

void pages_forked(struct pages *pages)
{
	pthread_mutex_init(&pages->lock, NULL);
}

/* What was stored is what every walk finds from here on: D8.2.6, only a DSB promises that. */
static void publish(void)
{
#if defined __aarch64__
	__asm__ volatile("dsb ishst" : : : "memory");
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* it is only compiled here, or emulated */
#endif
}

static uint64_t *entry_of(struct pages *pages, uint64_t at, bool make)
{
	return tables_entry(&pages->tables, at & KERNEL_HALF ? pages->kernel : pages->user, at,
			    make);
}

/* Nothing of user code's may be executed at EL1, and nothing of EL1's at EL0. */
static uint64_t make_entry(uint64_t physical, unsigned int flags)
{
	uint64_t entry = physical | ENTRY_PAGE | ENTRY_ACCESSED;

	if (flags & PAGE_DEVICE)
		entry |= ENTRY_DEVICE;
	else
		entry |= ENTRY_INNER;
	if (!(flags & PAGE_WRITE))
		entry |= ENTRY_READ_ONLY;
	if (!(flags & PAGE_USER))
		return entry | ENTRY_UXN | (flags & PAGE_EXEC ? 0 : ENTRY_PXN);
	return entry | ENTRY_USER | ENTRY_NOT_GLOBAL | ENTRY_PXN |
	       (flags & PAGE_EXEC ? 0 : ENTRY_UXN);
}

bool pages_add(struct pages *pages, uint64_t at, uint64_t physical, unsigned int flags)
{
	uint64_t *entry = entry_of(pages, at, true);

	if (entry)
		tables_store(entry, make_entry(physical, flags));
	publish();
	return entry;
}

/* -------------------------------------------------------------------------
 * User code's.
 */
static uint64_t next_page(const struct pages *pages, uint64_t at)
{
	return tables_next(&pages->tables, pages->user, at);
}

static void end_uses(struct pages *pages)
{
	publish();
	pages->uses.end(pages->uses.context);
}

/* A program reads what it may execute or write, as on most processors. */
static unsigned int user_flags(unsigned int prot)
{
	return PAGE_USER | (prot & GUEST_WRITE ? PAGE_WRITE : 0) |
	       (prot & GUEST_EXEC ? PAGE_EXEC : 0);
}

static bool is_code(uint64_t entry)
{
	return (entry & ENTRY_VALID) && !(entry & ENTRY_UXN);
}

/* Those that lead elsewhere are cleared. Returns whether there was one. */
static bool clear_others(struct pages *pages, uint64_t at, uint64_t physical, size_t size)
{
	bool any = false;

	for (size_t o = 0; o < size; o += PAGE) {
		uint64_t *entry = entry_of(pages, at + o, true), old = tables_load(entry);

		if ((old & ENTRY_VALID) && (old & ENTRY_ADDRESS) != physical + o) {
			tables_store(entry, 0);
			any = true;
		}
	}
	return any;
}

static void tell_code(struct pages *pages, uint64_t start, uint64_t end)
{
	if (start != end)
		pages->uses.begin_code(pages->uses.context, start, end - start);
}

/* Before anybody can execute it: pages that are not code, in runs. */
static void begin_code(struct pages *pages, uint64_t at, uint64_t physical, size_t size)
{
	size_t start = 0, end = 0;

	for (; end < size; end += PAGE) {
		if (!is_code(tables_load(entry_of(pages, at + end, true))))
			continue;
		tell_code(pages, physical + start, physical + end);
		start = end + PAGE;
	}
	if (start < end)
		tell_code(pages, physical + start, physical + end);
}

/* Returns whether there was an entry that says something else now. */
static bool set(struct pages *pages, uint64_t at, uint64_t physical, size_t size,
		unsigned int flags)
{
	bool changed = false;

	for (size_t o = 0; o < size; o += PAGE) {
		uint64_t *entry = entry_of(pages, at + o, true), old = tables_load(entry);
		uint64_t new = make_entry(physical + o, flags);

		changed |= (old & ENTRY_VALID) && old != new;
		tables_store(entry, new);
	}
	return changed;
}

bool pages_map(struct pages *pages, uint64_t at, uint64_t physical, size_t size,
	       unsigned int prot)
{
	bool good;

	pthread_mutex_lock(&pages->lock);
	good = tables_prepare(&pages->tables, pages->user, at, size);
	if (good) {
		if (clear_others(pages, at, physical, size))
			end_uses(pages);
		if (prot & GUEST_EXEC)
			begin_code(pages, at, physical, size);
		if (set(pages, at, physical, size, user_flags(prot)))
			end_uses(pages);
		publish();
	}
	pthread_mutex_unlock(&pages->lock);
	return good;
}

size_t pages_unmap(struct pages *pages, uint64_t at, size_t size)
{
	const uint64_t end = at + size;
	size_t there = 0;

	pthread_mutex_lock(&pages->lock);
	for (uint64_t next = next_page(pages, at); next < end; next = next_page(pages, next + PAGE)) {
		uint64_t *entry = entry_of(pages, next, false);

		there += tables_load(entry) & ENTRY_VALID;
		tables_store(entry, 0);
	}
	if (there)
		end_uses(pages);
	pthread_mutex_unlock(&pages->lock);
	return there;
}

bool pages_allow(struct pages *pages, uint64_t at, unsigned int prot)
{
	const uint64_t *entry;
	uint64_t value;

	if (at >> TABLES_ADDRESS_BITS)
		return false;
	pthread_mutex_lock(&pages->lock);
	entry = entry_of(pages, at, false);
	value = entry ? tables_load(entry) : 0;
	pthread_mutex_unlock(&pages->lock);
	return (value & ENTRY_VALID) && !(prot & GUEST_WRITE && value & ENTRY_READ_ONLY) &&
	       !(prot & GUEST_EXEC && value & ENTRY_UXN);
}

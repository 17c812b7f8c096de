/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's pages. Nobody flushes anything here: who changes an entry in use has to. One
 * thread at a time changes them. Sizes, in bytes, and addresses are multiples of VM_PAGE.
 */
#ifndef X86_64_PAGES_H
#define X86_64_PAGES_H

#include "../tables.h"

struct pages {
	struct tables tables;
	uint64_t root;		/* physical, of the top table: CR3 */
};

enum page_flags {
	PAGE_WRITE = 1 << 0,
	PAGE_USER = 1 << 1,
	PAGE_EXEC = 1 << 2,
};

/* In this memory, of zeros. false: no room in it. */
bool pages_create(struct pages *pages, uint8_t *host, uint64_t physical, size_t size);

/* Tables for all of these addresses; false: out of memory, and nothing is mapped. */
bool pages_prepare(struct pages *pages, uint64_t at, size_t size);

/* The first page from `at` on that a table is there for; UINT64_MAX: none. */
uint64_t pages_next(const struct pages *pages, uint64_t at);

/*
 * One page: of a prepared range; pages_clear() takes any. If an entry was there that now
 * allows less or leads elsewhere, its page, whose use by the processor is to end; else 0.
 */
uint64_t pages_set(struct pages *pages, uint64_t at, uint64_t physical, unsigned int flags);
uint64_t pages_clear(struct pages *pages, uint64_t at);

#endif

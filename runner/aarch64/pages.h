/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's pages: one table for user code (TTBR0), one for the shim (TTBR1). One thread at a
 * time changes them; a fault may be looked up by any. Sizes, in bytes, and addresses are
 * multiples of VM_PAGE.
 */
#ifndef AARCH64_PAGES_H
#define AARCH64_PAGES_H

#include <pthread.h>

#include "../tables.h"

/* What a back end does about entries that were in use. */
struct pages_uses {
	/* No processor goes on with an entry that has been replaced: TLBs are flushed. */
	void (*end)(void *context);
	/*
	 * These pages are to be executed, and were not: what the host or the guest has
	 * written to them is what processors fetch.
	 */
	void (*begin_code)(void *context, uint64_t physical, size_t size);
	void *context;
};

struct pages {
	struct tables tables;
	uint64_t user, kernel;	/* physical, of the top tables: TTBR0, TTBR1 */
	pthread_mutex_t lock;	/* held while entries change */
	struct pages_uses uses;
};

enum page_flags {
	PAGE_WRITE = 1 << 0,
	PAGE_USER = 1 << 1,
	PAGE_EXEC = 1 << 2,
	PAGE_DEVICE = 1 << 3,
};

/* In this memory, of zeros. false: no room in it. */
bool pages_create(struct pages *pages, uint8_t *host, uint64_t physical, size_t size,
		  const struct pages_uses *uses);
void pages_destroy(struct pages *pages);
/* In a child of fork(), where another thread may have had the lock. */
void pages_forked(struct pages *pages);

/* One page where none is; false: out of memory. */
bool pages_add(struct pages *pages, uint64_t at, uint64_t physical, unsigned int flags);

/*
 * User code's pages, as vm_map() and vm_unmap() have it: the old ones are not in use any more
 * when these return. `prot` is not 0. false: out of memory, and nothing is mapped.
 */
bool pages_map(struct pages *pages, uint64_t at, uint64_t physical, size_t size,
	       unsigned int prot);
size_t pages_unmap(struct pages *pages, uint64_t at, size_t size);

/*
 * Whether user code may use the page at `at` so, an enum guest_prot, by what the tables say
 * now. A fault that says otherwise came while they changed: once more.
 */
bool pages_allow(struct pages *pages, uint64_t at, unsigned int prot);

#endif

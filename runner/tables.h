/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables as x86_64 and aarch64 both have them, kept by the host in memory that the guest's
 * processor walks: four levels of 512 entries, pages of 4096 bytes, and an entry whose lowest
 * bit is clear is none (Intel SDM volume 3, 4.5; Arm ARM, D8.3). What else an entry says is
 * each processor's own, in NAME/pages.c. One thread at a time changes them.
 */
#ifndef TABLES_H
#define TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TABLES_PAGE = 4096, TABLES_ADDRESS_BITS = 48 };

#define TABLES_VALID 1ull

/* Memory for tables and whatever else the machine itself needs, taken page by page. */
struct tables {
	uint8_t *host;		/* zeros at first */
	uint64_t physical;	/* where it is for the guest */
	size_t size, used;
	uint64_t link;		/* the bits of an entry that leads to another table */
	uint64_t address;	/* the bits of any entry that say where it leads */
};

/* A page of zeros: its place in the guest's physical memory, or 0. */
uint64_t tables_take(struct tables *tables);
/* One that was taken. */
void *tables_at(const struct tables *tables, uint64_t physical);

/* The processor may walk the tables meanwhile: each entry is read and written at once. */
uint64_t tables_load(const uint64_t *entry);
void tables_store(uint64_t *entry, uint64_t value);

/*
 * Under the table at `root`: the entry of the page at `at`; NULL if there is no table for it,
 * and if `make`, if there is no memory for one.
 */
uint64_t *tables_entry(struct tables *tables, uint64_t root, uint64_t at, bool make);
/* The first page from `at` on that a table is there for; UINT64_MAX: none. */
uint64_t tables_next(const struct tables *tables, uint64_t root, uint64_t at);
/* Tables for all of these addresses; false: out of memory, and no page is mapped. */
bool tables_prepare(struct tables *tables, uint64_t root, uint64_t at, size_t size);

#endif

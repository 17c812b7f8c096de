/* SPDX-License-Identifier: BSD-2-Clause */
/* The areas of an address space: a list in order, of which no two have a page in common. */
#ifndef AREAS_H
#define AREAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum area_flags {
	AREA_SEALED = 1 << 0,	/* the program may not change it */
	AREA_SHARED = 1 << 1,	/* with other processes */
	AREA_FILE = 1 << 2,	/* its file may end before it does */
	AREA_CHANGED = 1 << 3,	/* the host was told how to treat its memory */
	AREA_NOT_FORKED = 1 << 4,
	AREA_WIPED = 1 << 5,	/* in a child */
	AREA_GROWS = 1 << 6,	/* down */
	AREA_LAZY = 1 << 7,	/* pages may be missing until they are used: see space_fault() */
	AREA_LOCKED = 1 << 8,
	AREA_ON_FAULT = 1 << 9,	/* when it is used */
	/* what the program cannot see */
	AREA_INNER = AREA_CHANGED | AREA_LAZY,
};

/*
 * Pages with one protection and, in physical memory, in one piece. PROT_NONE has no
 * memory until it has been usable once; 0 says so.
 */
struct area {
	uint64_t start, end;
	uint64_t physical;
	const char *name;	/* in space_maps(); NULL: as the host has it */
	uint32_t mapping;	/* which of the host's is in the frames' place; 0: none */
	uint16_t flags;
	uint8_t prot, may;	/* is allowed, can be: enum guest_prot */
};

struct areas {
	struct area *area;
	size_t count, room;
};

/* The first that ends behind `at`; the count, if none does. */
size_t areas_search(const struct areas *areas, uint64_t at);
/* The one that has `at`, or NULL. */
struct area *areas_at(const struct areas *areas, uint64_t at);

/* So that an operation that adds `more` cannot fail in its middle: 0 or -ENOMEM. */
int areas_make_room(struct areas *areas, size_t more);
/* Where there is none. Needs room for one. */
void areas_insert(struct areas *areas, struct area area);
void areas_drop(struct areas *areas, size_t number);
/* An area begins at `at` or none is there. Needs room for one. */
void areas_split(struct areas *areas, uint64_t at);
/* What nothing tells apart, from `start` to `end`, both included. */
void areas_join(struct areas *areas, uint64_t start, uint64_t end);

/* Whether the program cannot tell that there is an end between these two. */
bool areas_alike(const struct area *before, const struct area *area);

#endif

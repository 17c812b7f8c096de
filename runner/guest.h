/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest addresses: a type of their own, so that nobody follows one as a pointer. */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stdint.h>

/* As the guest's user code sees it. */
typedef struct {
	uint64_t v;
} guest_addr;

/* From @start up to @end, which is not part of it. */
struct guest_range {
	guest_addr start, end;
};

/* What a page may be used for; zero: nothing. */
enum guest_prot {
	GUEST_READ = 1,
	GUEST_WRITE = 2,
	GUEST_EXEC = 4,
};

static inline guest_addr guest_at(uint64_t v)
{
	return (guest_addr){ v };
}

/* An empty range overlaps nothing. */
static inline bool guest_overlap(struct guest_range a, struct guest_range b)
{
	uint64_t start = a.start.v > b.start.v ? a.start.v : b.start.v;
	uint64_t end = a.end.v < b.end.v ? a.end.v : b.end.v;

	return start < end;
}

#endif

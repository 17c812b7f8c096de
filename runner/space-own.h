/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files space*.c know of each other. All of it is for who has the lock. */
#ifndef SPACE_OWN_H
#define SPACE_OWN_H

#include <pthread.h>

#include "areas.h"
#include "frames.h"
#include "space.h"

#define PAGE ((uint64_t)VM_PAGE)

struct space {
	pthread_rwlock_t *lock;	/* not part of what `const` promises */
	struct vm *vm;
	struct frames *frames;
	uint64_t low, high;	/* of user code */
	uint64_t break_start, break_end;
	struct areas areas;
	uint32_t mappings;	/* there have been */
	uint16_t lock_future;	/* mlockall(): AREA_LOCKED ... of what is made */
};

/* The most that one change adds: two splits and an area. */
enum { SPACE_CHANGE = 3 };

/* -------------------------------------------------------------------------
 * Ranges that a system call names.
 */
static inline uint64_t page_up(uint64_t size)
{
	return (size + PAGE - 1) / PAGE * PAGE;
}

/* Also of an empty one. */
bool space_is_user(const struct space *space, uint64_t start, uint64_t size);
bool space_is_free(const struct space *space, uint64_t start, uint64_t end);
bool space_is_sealed(const struct space *space, uint64_t start, uint64_t end);
/* All of it is mapped, for whatever. */
bool space_is_whole(const struct space *space, uint64_t start, uint64_t end);
/* `near`, or so many bytes between `low` and `high`; 0: there are none. */
uint64_t space_find_near(const struct space *space, uint64_t near, uint64_t size, uint64_t low,
			 uint64_t high);

/* -------------------------------------------------------------------------
 * Changes.
 */

/* Needs room for two. */
void space_remove(struct space *space, uint64_t start, uint64_t end);

/*
 * The area is there, and not what was. It brings its memory, or gets some if it needs it
 * and there is none. -ENOMEM: it has not been made, and its memory is given back.
 */
int space_put(struct space *space, struct area area);

/* As space_remove() does with an area that is in no list any more. */
void space_give_memory(struct space *space, const struct area *area);

/*
 * Of the area's memory, or to it: how much there was. A file may end in front of its area.
 */
size_t space_copy(const struct area *area, void *to, const void *from, size_t size);

/* The host's mlock() of what is locked: 0 or -errno. */
int space_keep(struct space *space, const struct area *area, uint64_t start, uint64_t end);

/* From this size on, the program's pages come as it needs them. */
#define SPACE_LAZY ((uint64_t)16 << 20)

uint8_t *space_host(const struct space *space, const struct area *area, uint64_t at);
unsigned int space_prot(int prot);

/*
 * For each area from `start` to `end`, or the part of it that is there. An error ends it;
 * -ENOMEM, too, if something is missing: at once, or after all that is there.
 */
enum space_hole { SPACE_STOP, SPACE_SKIP };
typedef int space_fn(struct space *space, struct area *area, uint64_t start, uint64_t end,
		     int what);
int space_each(struct space *space, uint64_t start, uint64_t end, enum space_hole holes,
	       space_fn *fn, int what);

#endif

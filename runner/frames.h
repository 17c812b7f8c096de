/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's memory: pages of the host that have a physical address in the guest.
 * More is given to the machine as it is needed. Sizes, in bytes, and addresses are
 * multiples of VM_PAGE. Who changes something has the space's lock.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include "vm.h"

struct frames;

struct frames *frames_create(struct vm *vm);
void frames_destroy(struct frames *frames);

/* So many bytes of zeros, one after the other: a physical address, or 0. */
uint64_t frames_take(struct frames *frames, size_t size);
/*
 * For what host_map() or host_move() puts there: in pages of the host's that nobody else has,
 * `skew` bytes behind the start of one.
 */
uint64_t frames_take_pages(struct frames *frames, size_t size, size_t skew);
/* The ones from `physical` on, if nobody has them. */
bool frames_take_at(struct frames *frames, uint64_t physical, size_t size);
/* Of what was taken, also a part. What the host has there is not as it was where it ... */
enum frames_were {
	FRAMES_PLAIN,
	FRAMES_CHANGED,	/* was told how to treat it */
	FRAMES_MAPPED,	/* has a mapping of host_map() or host_move(): frames_take_pages() */
};
void frames_give(struct frames *frames, uint64_t physical, size_t size, enum frames_were were);
/*
 * Nothing is mapped there any more: somebody moved it away, and this thread did nothing since.
 * Whole pages of the host's.
 */
void frames_give_hole(struct frames *frames, uint64_t physical, size_t size);
/* The host's mapping of what was taken is another since: so the machine is told. */
void frames_changed(struct frames *frames, uint64_t physical, size_t size);
/* What is taken at `physical`, as the host sees it. */
void *frames_at(const struct frames *frames, uint64_t physical);

#endif

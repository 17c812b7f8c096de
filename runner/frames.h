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
/* The ones from `physical` on, if nobody has them. */
bool frames_take_at(struct frames *frames, uint64_t physical, size_t size);
/* Of what was taken, also a part. `renew`: the host's mapping there is not as it was. */
void frames_give(struct frames *frames, uint64_t physical, size_t size, bool renew);
/* Nothing is mapped there any more: somebody moved it away, and this thread did nothing since. */
void frames_give_hole(struct frames *frames, uint64_t physical, size_t size);
/* The host's mapping of what was taken is another since: so the machine is told. */
void frames_changed(struct frames *frames, uint64_t physical, size_t size);
/* What is taken at `physical`, as the host sees it. */
void *frames_at(const struct frames *frames, uint64_t physical);

#endif

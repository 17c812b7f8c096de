/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random bytes that the guest's side of the machine hands out without an exit. The host
 * fills the ring; who takes bytes, in the guest, is not trusted to be alive.
 *
 * The lock is one word, 1 while it is had: taken by an exchange with acquire, given back
 * by a store with release. It is held over reserving *and* copying out, and over filling.
 * head and tail count bytes for ever; their difference is how many there are, and a byte's
 * place is its count modulo the size. Who takes bytes adds to head, and leaves zeros behind;
 * the host adds to tail. Bytes that were taken and did not arrive are lost, not given again.
 */
#ifndef RING_H
#define RING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { RING_SIZE = 4096 };	/* a power of two: the counts may overflow */

/* Assembly has these offsets. */
struct ring {
	_Atomic uint32_t head, tail;
	uint8_t bytes[RING_SIZE];
	_Atomic uint32_t lock;
};

_Static_assert(offsetof(struct ring, tail) == 4, "head and tail are in one word of 64 bits");
_Static_assert(offsetof(struct ring, lock) == 8 + RING_SIZE, "nothing is between them");

/* `size` random bytes: 0, or -errno and none. */
typedef int ring_source(void *context, void *to, size_t size);

/* At exec, and in a child: empty, with nothing of what was in it; whoever had the lock is gone. */
void ring_reset(struct ring *ring);

/*
 * Full again, as far as nobody takes bytes meanwhile; how many bytes it has got. -EBUSY: the
 * lock did not come free, so its holder may be gone. -EIO: it counts more than it can hold.
 */
int ring_refill(struct ring *ring, ring_source *source, void *context);

#endif

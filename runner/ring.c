/* SPDX-License-Identifier: BSD-2-Clause */
#include "ring.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>

#include "wipe.h"

/* Looks at the lock: its holder copies at most RING_SIZE bytes, if its processor runs at all. */
enum { LOOKS = 10000 };

void ring_reset(struct ring *ring)
{
	wipe(ring->bytes, sizeof ring->bytes);
	atomic_store_explicit(&ring->head, 0, memory_order_relaxed);
	atomic_store_explicit(&ring->tail, 0, memory_order_relaxed);
	atomic_store_explicit(&ring->lock, 0, memory_order_release);
}

static bool lock(struct ring *ring)
{
	for (int i = 0; i < LOOKS; i++) {
		if (!atomic_exchange_explicit(&ring->lock, 1, memory_order_acquire))
			return true;
		sched_yield();
	}
	return false;
}

static void unlock(struct ring *ring)
{
	atomic_store_explicit(&ring->lock, 0, memory_order_release);
}

/* More than RING_SIZE: the counts are wrong. */
static uint32_t fill_of(const struct ring *ring)
{
	return atomic_load_explicit(&ring->tail, memory_order_relaxed) -
	       atomic_load_explicit(&ring->head, memory_order_relaxed);
}

/* With the lock: as much as there is room for now, which may be less than was made. */
static int put(struct ring *ring, const uint8_t *fresh, uint32_t size)
{
	uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	uint32_t fill = fill_of(ring);

	if (fill > RING_SIZE)
		return -EIO;
	if (size > RING_SIZE - fill)
		size = RING_SIZE - fill;
	for (uint32_t i = 0; i < size; i++)
		ring->bytes[(tail + i) % RING_SIZE] = fresh[i];
	atomic_store_explicit(&ring->tail, tail + size, memory_order_release);
	return (int)size;
}

/* The bytes are made without the lock, which takes its time, for the room that seems to be. */
int ring_refill(struct ring *ring, ring_source *source, void *context)
{
	uint8_t fresh[RING_SIZE];
	uint32_t fill = fill_of(ring);
	int got;

	/* What is read without the lock may be torn: put() says what is wrong. */
	uint32_t room = fill > RING_SIZE ? RING_SIZE : RING_SIZE - fill;

	if (!room)
		return 0;
	got = source(context, fresh, room);
	if (got < 0)
		return got;
	if (lock(ring)) {
		got = put(ring, fresh, room);
		unlock(ring);
	} else {
		got = -EBUSY;
	}
	wipe(fresh, sizeof fresh);
	return got;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tests open: payloads and descriptors of the host that tell what became of them, and
 * random bytes of which each eight are a number that comes but once.
 */
#ifndef THINGS_H
#define THINGS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "registry.h"

enum { THINGS = 1 << 20 };

/* For threads and children: Check's own takes a lock each time it is right. */
static inline void must(bool right)
{
	if (!right)
		abort();
}

struct thing {
	_Atomic int state;
	uint64_t generation;	/* what it was made for */
};
enum { THING_UNUSED, THING_ALIVE, THING_RELEASED };

/* A payload that was not given before. Their release() notes what it releases. */
struct thing *thing_create(uint64_t generation);
/* Undoes one that nobody took. */
void thing_undo(struct thing *thing);
bool thing_alive(const struct thing *thing);

/* Descriptors of the host are numbers that come but once, too. */
int thing_host(void);

extern const struct registry_class thing_class, thing_local_class, thing_random_class;
extern const struct registry_host thing_host_drops, thing_host_hands_on;
/* What the first one was told of a number, which is false in the beginning. */
bool thing_shown(unsigned int fd);

/* What is left, and what was cleaned up twice; starts again. */
struct thing_account {
	long payloads, hosts;	/* alive */
	long twice;		/* cleaned up when it was not alive */
};
struct thing_account thing_account(void);
/* Whatever a test did, nothing is left and nothing was cleaned up twice. */
void thing_end(struct registry *registry);

/* A ring_source; with a bit of the number in each half, so that no number is 0. */
int serial_source(void *context, void *to, size_t size);
/* Whether these eight bytes came for the first time. */
bool serial_once(const void *bytes);

#endif

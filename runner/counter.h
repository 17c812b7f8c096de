/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An eventfd, for a host that has none: a number that writes add to and reads take from.
 * Duplicates share it, as they share all that the registry has open: it is the payload, and
 * who uses it holds it there.
 *
 * Functions return 0 or -errno: of -EAGAIN, those that wait.
 */
#ifndef COUNTER_H
#define COUNTER_H

#include <stdbool.h>
#include <stdint.h>

#include "registry.h"

struct counter;

extern const struct registry_class counter_class;

/* NULL: no memory. A semaphore's reads take 1. */
struct counter *counter_create(unsigned int start, bool semaphore);
/* For who could not open it; later it is the class's to do. */
void counter_destroy(struct counter *counter);

/* At once. Read: all of it, or 1; -EAGAIN: it is 0. */
int counter_read(struct counter *counter, uint64_t *value);
/* -EAGAIN: it would be 2^64 - 1 or more. -EINVAL: the value is 2^64 - 1, which is never added. */
int counter_write(struct counter *counter, uint64_t value);

/* As it is now, and which kind it is: for who makes it again elsewhere. */
uint64_t counter_value(struct counter *counter, bool *semaphore);

/* What poll would say. */
enum counter_ready {
	COUNTER_READABLE = 1,	/* not 0 */
	COUNTER_WRITABLE = 2,	/* 1 can be added */
};
unsigned int counter_ready(struct counter *counter);

/*
 * Until there is something to read, or until so much can be added: 0. -EINTR: stop() says so,
 * which is asked with the counter's lock, at the beginning and after each counter_wake(); NULL
 * is never. Somebody else may have been faster: try again.
 */
typedef bool counter_stop(void *context);
int counter_wait_value(struct counter *counter, counter_stop *stop, void *context);
int counter_wait_room(struct counter *counter, uint64_t value, counter_stop *stop, void *context);
void counter_wake(struct counter *counter);

#endif

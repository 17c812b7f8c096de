/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest whose memory is the test's own: its addresses are the host's, but for the first page
 * and what flat_forbid() says. What descriptors ask of the rest of the runner is played here.
 */
#ifndef MACOS_TEST_FLAT_H
#define MACOS_TEST_FLAT_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>

#include "runner/macos/calls-own.h"
#include "runner/macos/descriptors.h"

extern struct thread *flat_thread;	/* who calls, where it is not another one */

/* With no descriptor open, but those of the host from 0 to 2 where they are. */
void flat_begin(void);
/* Nothing is left of the host's but those three. */
void flat_end(void);

/* One more that calls, in a thread of the host's. */
struct thread *flat_new_thread(void);

/* No byte from here on can be used, up to the end of its page. */
void flat_forbid(const void *from);

/* What is pending for a thread. */
void flat_send(struct thread *thread, int number, uint64_t value);
/* The last signal that a call has made for its thread; 0: none. */
int flat_signal(void);

/* Which descriptors the machine was told of: /dev/urandom. */
bool flat_random(unsigned int fd);

/* How many more descriptors the host has open than in the beginning. */
int flat_left(void);

#define ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer))
/* A call of the guest's: its result, or -errno of the host. */
#define CALL_BY(thread, name, ...) \
	call_##name(thread, (const uint64_t[CALLS_ARGUMENTS]){ __VA_ARGS__ })
#define CALL(name, ...) CALL_BY(flat_thread, name, __VA_ARGS__)

#endif

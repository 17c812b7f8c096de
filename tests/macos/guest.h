/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process with threads but without a machine: what signals, waiting and futexes ask of
 * one is played here. Its memory is an array.
 */
#ifndef MACOS_TEST_GUEST_H
#define MACOS_TEST_GUEST_H

#include "thread.h"

enum { GUEST_WORDS = 1 << 15 };
#define GUEST_MEMORY 0x10000ull
extern uint32_t guest_word[GUEST_WORDS];

extern struct process guest_process;

/* With one thread, which is the caller. */
struct thread *guest_begin(void);
/* One more, whose caller is to run it. */
struct thread *guest_thread(void);
void guest_thread_end(struct thread *thread);

/* How often a thread's vCPU was kicked; whether its lane is set. */
unsigned int guest_kicks(const struct thread *thread);
bool guest_lane(const struct thread *thread);
/* Called once, when it is about to be cleared: as if another thread came there. */
extern void (*guest_before_clear)(void);
/* What its last call got, or that it is made again. */
struct guest_result {
	uint64_t result;
	unsigned int repeats, frames;
	int signal;		/* of the last frame */
	uint64_t blocked;	/* that it gives back */
};
struct guest_result *guest_result(const struct thread *thread);

static inline uint64_t guest_word_at(unsigned int number)
{
	return GUEST_MEMORY + number * sizeof(uint32_t);
}

#endif

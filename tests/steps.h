/* SPDX-License-Identifier: BSD-2-Clause */
/* Every state that memory passes through while a child works on it, instruction by instruction. */
#ifndef STEPS_H
#define STEPS_H

#include <stddef.h>

/* Zeros, in memory that is shared with children. To be freed by munmap(). */
void *shared_block(size_t size);

struct steps {
	void (*act)(void *block);
	void *block;		/* a shared one */
	size_t size;
	void *states;		/* room for `room` states, each of `size` */
	unsigned int room;
};

/* How many different states there were, in their order; 0 if this system does not let us look. */
unsigned int take_steps(const struct steps *steps);

#endif

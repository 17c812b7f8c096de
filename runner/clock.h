/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's vDSO, and the thread that publishes the host's time to it. */
#ifndef CLOCK_H
#define CLOCK_H

#include <time.h>
#include <vdsogen.h>

#include "space.h"

struct clock;

/*
 * Maps the image; *at is what AT_SYSINFO_EHDR tells. `hz` is the frequency of the host's
 * counter; 0: to be found out, which may take 20 ms.
 */
int clock_create(struct clock **clock, struct vm *vm, struct space *space, uint64_t hz,
		 guest_addr *at, struct runner_error *error);
/* Readers ask, from now on. */
void clock_stop_readers(struct clock *clock);

/* Where handlers without a restorer of their own return to; 0: the image has no such function. */
guest_addr clock_sigreturn(const struct clock *clock);

/* What is there now; false: nothing to read clocks from. */
struct clock_view {
	struct guest_range image;
	const struct vdsogen_clock *block;
	uint64_t counter;	/* the guest's */
};
bool clock_view(const struct clock *clock, struct clock_view *view);
/*
 * Around fork(): nobody writes to the page. Then the parent unlocks; the child, which has a
 * page of its own now and no publisher, calls the other when its machine is there. If that has
 * not its parent's counter, the page answers nothing any more.
 */
void clock_lock(struct clock *clock);
void clock_unlock(struct clock *clock);
int clock_after_fork(struct clock *clock, const struct vm *vm, struct runner_error *error);

/* What was given or found; 0: nothing needed it. */
uint64_t clock_hz(const struct clock *clock);

/* What the guest reads there now: false if it would ask, or if it is another clock. */
bool clock_read(const struct clock *clock, int id, struct timespec *time);

/* What it reads as the clock's resolution: false likewise. */
bool clock_resolution(const struct clock *clock, int id, struct timespec *resolution);

#endif

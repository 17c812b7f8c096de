/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How often the guest left the machine, and why (--stats). Threads count together. What
 * the page answers leaves nothing to count; what asks in spite of it is classified.
 */
#ifndef STATS_H
#define STATS_H

#include <stdbool.h>
#include <stdint.h>
#include <vdsogen.h>

#include "guest.h"

enum { STATS_CALLS = 512, STATS_SIGNALS = 65 };

/*
 * Why a system call for the time came, by what the page is when it comes: the page does
 * not tell why it asked.
 */
enum stats_clock {
	STATS_CLOCK_DIRECT,	/* not from the page: the program made the call itself */
	STATS_CLOCK_NONE,	/* there is no page that a clock could be read from */
	STATS_CLOCK_ID,		/* of a clock that the page does not serve */
	STATS_CLOCK_UNSEEDED,	/* it was never started */
	STATS_CLOCK_ODD,	/* a publisher is at work */
	STATS_CLOCK_AGE,	/* the anchor is too old */
	STATS_CLOCK_ATTENTION,	/* the host wants to be asked */
	STATS_CLOCK_UNDERFLOW,	/* the counter is behind the anchor */
	STATS_CLOCK_RACE,	/* it would answer now: a publisher was at work then */
	STATS_CLOCK_REASONS
};

struct stats {
	bool timed;		/* processor time is measured, too */
	bool forked;		/* so its lines need its number */
	uint64_t call[STATS_CALLS];	/* all that are higher are the last */
	uint64_t fault[STATS_SIGNALS];
	uint64_t interruption, kick, off;
	uint64_t clock[STATS_CLOCK_REASONS];
	uint64_t machine;	/* nanoseconds of processor time of vcpu_run() */
	uint64_t start;		/* nanoseconds of all processor time, when counting began */
	int output;		/* standard error, which programs close: what to print to */
};

struct process;
struct thread;
struct vm_exit;

/* They will be printed. The processor's time counts from here on. */
void stats_begin(struct stats *stats);
/* In both processes behind a fork: the child has done nothing yet. */
void stats_forked(struct stats *stats, bool child);

/* vcpu_run(), counted. */
void stats_run(struct thread *thread, uint64_t blocked, struct vm_exit *exit);
/* A system call: how many there are of it now. */
uint64_t stats_call(struct thread *thread, uint64_t number, const uint64_t *argument);

/* In one piece, to what standard error was: vdsorun(1) says what the lines mean. */
void stats_print(const struct process *process);

/* Of a page whose image is all there. */
enum stats_clock stats_why(const struct vdsogen_clock *clock, int id, uint64_t counter);

#endif

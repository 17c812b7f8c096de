/* SPDX-License-Identifier: BSD-2-Clause */
/* The stress test's threads, and what they are told to do. */
#ifndef STRESS_H
#define STRESS_H

#include "exec.h"

extern char about[64];		/* what check_about() was told */
extern uint64_t hz;		/* of the counter */

struct setup {
	page_fn *clock;		/* what is read: the page's clock_gettime, or the counter itself */
	unsigned long reads;	/* by both readers */
	unsigned long steps;	/* not 0: enough after so many backward steps */
	unsigned int hz;	/* publications a second; 0: none */
	unsigned int delay;	/* ns after the publisher's reading of the counter */
	bool early;		/* which it does before it closes the lines */
};

struct result {
	unsigned long reads, fallbacks, steps, met;
	int64_t worst;
};

/* Where the readers are: the same for all that follows. False if there is one processor only. */
bool choose_processors(void);

/* Runs the threads and prints a line about what they saw. */
struct result run(const struct setup *setup);

/* The same with the clock_gettime of a new page, which is put into *setup. */
struct result run_page(uint32_t counter, struct setup *setup);

#endif

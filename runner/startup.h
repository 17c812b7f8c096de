/* SPDX-License-Identifier: BSD-2-Clause */
/* What the time goes to from the runner's start to the guest's first instruction (--startup-trace).
 */
#ifndef STARTUP_H
#define STARTUP_H

#include <stdbool.h>

/* Not asked for: a step costs a branch, and no clock is read. */
extern bool startup_traced;

/* The first step begins. All of this is for the first thread. */
void startup_begin(void);
/* All that came since the step before was this one; a name lasts as long as the program. */
void startup_mark(const char *step);
/* Prints the steps and their sum, to standard error, and traces no more. */
void startup_print(void);

static inline void startup_step(const char *step)
{
	if (startup_traced)
		startup_mark(step);
}

static inline void startup_end(void)
{
	if (startup_traced)
		startup_print();
}

#endif

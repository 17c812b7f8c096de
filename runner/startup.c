/* SPDX-License-Identifier: BSD-2-Clause */
#include "startup.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { STEPS = 64, NSEC_PER_USEC = 1000 };
#define NSEC_PER_SEC 1000000000ll

bool startup_traced;

static struct step {
	const char *name;
	uint64_t nsec;
} step[STEPS];
static unsigned int steps;
static uint64_t last;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)(time.tv_sec * NSEC_PER_SEC + time.tv_nsec);
}

void startup_begin(void)
{
	startup_traced = true;
	steps = 0;
	last = now();
}

/* Steps that find no room are part of the last one. */
void startup_mark(const char *name)
{
	uint64_t time = now();

	if (steps < STEPS)
		step[steps++] = (struct step){ .name = name };
	step[steps - 1].nsec += time - last;
	last = time;
}

/* Tenths of microseconds: a step can be shorter than one. */
static void print(uint64_t nsec, const char *name)
{
	const uint64_t tenth = NSEC_PER_USEC / 10;

	fprintf(stderr, "vdsorun: start: %7" PRIu64 ".%" PRIu64 " us %s\n", nsec / NSEC_PER_USEC,
		nsec % NSEC_PER_USEC / tenth, name);
}

void startup_print(void)
{
	uint64_t sum = 0;

	startup_traced = false;
	for (unsigned int i = 0; i < steps; i++) {
		print(step[i].nsec, step[i].name);
		sum += step[i].nsec;
	}
	print(sum, "in all");
}

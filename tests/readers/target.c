/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program to be looked at from outside. `target FUNCTION` calls that function
 * of the page once, on x86_64 right after a breakpoint instruction for hold.c;
 * then it makes some clock calls for who may be counting, and prints the time.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <time.h>

#include "page.h"

#define NOINLINE __attribute__((noinline, noclone))

enum { CALLS = 100 };

#if defined __x86_64__
#define PREFIX "__vdso_"
#define STOP() __asm__ volatile("int3")
#else
#define PREFIX "__kernel_"
#define STOP() ((void)0)
#endif

typedef long function(uintptr_t, uintptr_t);

static NOINLINE long inner(function *f, uintptr_t first, uintptr_t second)
{
	volatile long result;	/* no tail call */

	STOP();
	result = f(first, second);
	return result;
}

static NOINLINE long outer(function *f, uintptr_t first, uintptr_t second)
{
	volatile long result;

	result = inner(f, first, second);
	return result;
}

int main(int argc, char **argv)
{
	struct timespec now = { 0 }, cpu;
	struct timeval day;
	time_t second;
	char name[64];
	void *f;

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);	/* Yama allows only ancestors */
	snprintf(name, sizeof name, PREFIX "%s", argc > 1 ? argv[1] : "clock_gettime");
	f = page_find() ? page_symbol(name) : NULL;
	if (!f)
		return 2;
	/* a clock that is served and a place for its time, or two places: a number is none */
	if (name[sizeof PREFIX - 1] == 'c')
		outer((function *)f, CLOCK_MONOTONIC, (uintptr_t)&now);
	else
		outer((function *)f, (uintptr_t)&now, 0);
	for (int i = 0; i < CALLS; i++)
		if ((second = time(NULL)) < 0 || gettimeofday(&day, NULL) || day.tv_sec < second ||
		    clock_gettime(CLOCK_REALTIME, &now) || now.tv_sec < day.tv_sec)
			return 3;
	/* one that they can see: the page does not serve it */
	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu))
		return 3;
	printf("%lld\n", (long long)now.tv_sec);
	return 0;
}

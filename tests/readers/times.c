/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clock calls by a C library, some of each kind, and the time of the last of
 * them. time() and gettimeofday() only with WIDE: not every C library has them fast.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

int main(int argc, char **argv)
{
	struct timespec real = { 0 }, mono = { 0 }, before;
	struct timeval day = { 0 };
	time_t second = 0;
	int calls = argc > 1 ? atoi(argv[1]) : 0;

	for (int i = 0; i < calls; i++) {
		before = mono;
#ifdef WIDE
		second = time(NULL);
		if (gettimeofday(&day, NULL) || day.tv_sec < second)
			return 2;
#endif
		if (clock_gettime(CLOCK_REALTIME, &real) || clock_gettime(CLOCK_MONOTONIC, &mono))
			return 2;
		if (real.tv_sec < day.tv_sec || mono.tv_sec < before.tv_sec ||
		    (mono.tv_sec == before.tv_sec && mono.tv_nsec < before.tv_nsec))
			return 3;
	}
	(void)second;
	printf("%lld %lld\n", (long long)real.tv_sec, (long long)mono.tv_sec);
	return 0;
}

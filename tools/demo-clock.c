/* SPDX-License-Identifier: BSD-2-Clause */
/* A program that knows nothing of libvdsogen: asks the time N times, by every road of its libc. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

int main(int argc, char **argv)
{
	long calls = argc > 1 ? atol(argv[1]) : 1;
	struct timespec first, last;
	struct timeval day;
	time_t now = 0;

	clock_gettime(CLOCK_MONOTONIC, &first);
	for (long i = 0; i < calls; i++) {
		clock_gettime(CLOCK_REALTIME, &last);
		gettimeofday(&day, NULL);
		now = time(NULL);
	}
	clock_gettime(CLOCK_MONOTONIC, &last);
	printf("asked %ld times in %.3f s; it is %s", 3 * calls + 2,
	       (double)(last.tv_sec - first.tv_sec) + (double)(last.tv_nsec - first.tv_nsec) / 1e9,
	       ctime(&now));
	return 0;
}

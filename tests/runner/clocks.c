/* SPDX-License-Identifier: BSD-2-Clause */
/* So many readings of a clock, which never goes back, and is the right one. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
	long times = argc > 1 ? atol(argv[1]) : 1;
	struct timespec last = { 0 }, now;

	for (long i = 0; i < times; i++) {
		if (clock_gettime(CLOCK_MONOTONIC, &now))
			return 1;
		if (now.tv_sec < last.tv_sec ||
		    (now.tv_sec == last.tv_sec && now.tv_nsec < last.tv_nsec)) {
			puts("time ran backwards");
			return 1;
		}
		last = now;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	printf("%lld\n", (long long)now.tv_sec);
	return 0;
}

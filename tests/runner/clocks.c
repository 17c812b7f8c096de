/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * So many readings of a clock, which never goes back, and is the right one. With a second word,
 * of several clocks, by the page and by system calls in turn: both say the same time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* By a system call that no page answers, which is an exit, and by the page. */
static int take_turns(long times)
{
	static const clockid_t ids[] = { CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME,
					 CLOCK_MONOTONIC_RAW };
	const size_t count = sizeof ids / sizeof ids[0];
	struct timespec last[4] = { 0 }, now = { 0 };

	for (long i = 0; i < times; i++)
		for (size_t c = 0; c < count; c++) {
			if (i & 1 ? clock_gettime(ids[c], &now)
				  : syscall(SYS_clock_gettime, ids[c], &now))
				return 1;
			if (now.tv_sec < last[c].tv_sec ||
			    (now.tv_sec == last[c].tv_sec && now.tv_nsec < last[c].tv_nsec)) {
				printf("clock %d ran backwards by %s\n", (int)ids[c],
				       i & 1 ? "the page" : "a call");
				return 1;
			}
			last[c] = now;
		}
	return 0;
}

int main(int argc, char **argv)
{
	long times = argc > 1 ? atol(argv[1]) : 1;
	struct timespec last = { 0 }, now;

	if (argc > 2)
		return take_turns(times);
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

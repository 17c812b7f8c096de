/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What hot calls take, a line for each: getpid and a 1-byte read of /dev/urandom by the C
 * library; clock_gettime by the C library if built with GUARD_USE_LIBC_CG, else by a pointer into
 * the vDSO. bench/hot-guard.sh builds both, and looks which is which.
 *
 *	hot-guard [MILLISECONDS]	of each measurement
 *	hot-guard CALL TIMES		no measurement: makes that call so often
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <vdsogen-resolve.h>

enum { NS_PER_S = 1000000000, NS_PER_MS = 1000000, MS = 50, WARM_UP = 1000 };

/* Does it so many times; returns what the last had as its result. */
typedef long loop_fn(long times);

static int urandom;

static void fail(const char *what)
{
	fprintf(stderr, "hot-guard: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now(void)
{
	struct timespec time;

	if (clock_gettime(CLOCK_MONOTONIC, &time))
		fail("clock_gettime");
	return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

#ifdef GUARD_USE_LIBC_CG
static void find_clock_gettime(void)
{
}

#define CLOCK_GETTIME clock_gettime
#else
typedef int clock_gettime_fn(clockid_t, struct timespec *);
static clock_gettime_fn *by_pointer;

static void find_clock_gettime(void)
{
	by_pointer = (clock_gettime_fn *)vdsogen_resolve_prefixed(vdsogen_vdso(), "clock_gettime");
	if (!by_pointer) {
		errno = ENOENT;
		fail("clock_gettime of the vDSO");
	}
}

#define CLOCK_GETTIME by_pointer
#endif

/* The names are those that the script looks for. */
loop_fn loop_getpid, loop_clock_gettime, loop_read;

__attribute__((noinline)) long loop_getpid(long times)
{
	long last = 0;

	while (times--)
		last = getpid();
	return last;
}

__attribute__((noinline)) long loop_clock_gettime(long times)
{
	struct timespec time = { 0 };

	while (times--)
		if (CLOCK_GETTIME(CLOCK_MONOTONIC, &time))
			fail("clock_gettime");
	return time.tv_nsec;
}

__attribute__((noinline)) long loop_read(long times)
{
	unsigned char byte = 0;

	while (times--)
		if (read(urandom, &byte, 1) != 1)
			fail("/dev/urandom");
	return byte;
}

/* As often as it takes for the time of a measurement. */
static void measure(const char *label, loop_fn *loop, int64_t least)
{
	long times = WARM_UP, last;
	int64_t took;

	loop(WARM_UP);
	for (;; times *= 2) {
		took = -now();
		last = loop(times);
		took += now();
		if (took >= least)
			break;
	}
	printf("%-20s %10.1f ns/op  last=%ld\n", label, (double)took / (double)times, last);
}

static const struct call {
	const char *label;
	loop_fn *loop;
} calls[] = {
	{ "getpid", loop_getpid },
	{ "clock_gettime", loop_clock_gettime },
	{ "read-urandom1", loop_read },
};
enum { CALLS = sizeof calls / sizeof *calls };

static void make(const char *label, long times)
{
	for (const struct call *call = calls; call < calls + CALLS; call++)
		if (!strcmp(call->label, label)) {
			call->loop(times);
			return;
		}
	errno = ENOENT;
	fail(label);
}

int main(int argc, char **argv)
{
	long ms = argc > 1 ? strtol(argv[1], NULL, 10) : MS;

	find_clock_gettime();
	urandom = open("/dev/urandom", O_RDONLY);
	if (urandom < 0)
		fail("/dev/urandom");
	if (argc > 2) {
		make(argv[1], strtol(argv[2], NULL, 10));
		return 0;
	}
	for (const struct call *call = calls; call < calls + CALLS; call++)
		measure(call->label, call->loop, ms * NS_PER_MS);
	return 0;
}

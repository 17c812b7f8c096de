/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readings of clocks. Who asks although there is a page gets what the page would say, so
 * that no thread sees a clock go back when it changes from one to the other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "calls-own.h"

enum { NSEC_PER_USEC = 1000 };

static int read_clock(const struct thread *thread, clockid_t id, struct timespec *now)
{
	const struct clock *clock = thread->process->clock;

	if (clock && clock_read(clock, id, now))
		return 0;
	return clock_gettime(id, now) ? -errno : 0;
}

int64_t call_clock_gettime(struct thread *thread, const uint64_t *a)
{
	struct timespec now;
	int failed = read_clock(thread, (clockid_t)a[0], &now);

	return failed ? failed
		      : space_write(thread->process->space, guest_at(a[1]), &now, sizeof now);
}

int64_t call_clock_getres(struct thread *thread, const uint64_t *a)
{
	static const struct argument is[CALLS_ARGUMENTS] = { N, OUT(struct timespec) };
	const struct clock *clock = thread->process->clock;
	struct timespec resolution;

	if (!clock || !clock_resolution(clock, (clockid_t)a[0], &resolution))
		return passage_ask(thread, SYS_clock_getres, is, a);
	if (!a[1])
		return 0;
	return space_write(thread->process->space, guest_at(a[1]), &resolution, sizeof resolution);
}

int64_t call_gettimeofday(struct thread *thread, const uint64_t *a)
{
	static const struct timezone zone;
	struct timespec now;
	struct timeval time;
	int failed = read_clock(thread, CLOCK_REALTIME, &now);

	time = (struct timeval){ .tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / NSEC_PER_USEC };
	if (!failed && a[0])
		failed = space_write(thread->process->space, guest_at(a[0]), &time, sizeof time);
	if (!failed && a[1])
		failed = space_write(thread->process->space, guest_at(a[1]), &zone, sizeof zone);
	return failed;
}

#ifdef SYS_time
int64_t call_time(struct thread *thread, const uint64_t *a)
{
	struct timespec now;
	int failed = read_clock(thread, CLOCK_REALTIME, &now);

	if (!failed && a[0])
		failed = space_write(thread->process->space, guest_at(a[0]), &now.tv_sec,
				     sizeof now.tv_sec);
	return failed ? failed : now.tv_sec;
}
#endif

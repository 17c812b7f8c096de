/* SPDX-License-Identifier: BSD-2-Clause */
/* What vdsogen run publishes to the page: its clock, which also answers system calls, and randomness. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "host.h"
#include "run.h"

/* -------------------------------------------------------------------------
 * The publisher.
 */
static struct vdsogen_time add(struct vdsogen_time time, int64_t sec, uint64_t nsec)
{
	nsec += time.nsec;
	time.sec += sec + (int64_t)(nsec / NSEC_PER_SEC);
	time.nsec = (uint32_t)(nsec % NSEC_PER_SEC);
	return time;
}

/* from + (now - start) * rate */
static struct vdsogen_time scaled(const struct change *change, struct vdsogen_time from,
				  struct vdsogen_time start, struct vdsogen_time now)
{
	__int128 passed = (__int128)(now.sec - start.sec) * NSEC_PER_SEC + now.nsec - start.nsec;
	__int128 nsec = (passed > 0 ? passed : 0) * change->scale / change->unit;

	return add(from, (int64_t)(nsec / NSEC_PER_SEC), (uint64_t)(nsec % NSEC_PER_SEC));
}

/*
 * The host's clocks as the program is to see them. At another rate, REALTIME
 * goes with MONOTONIC: the nanoseconds between the host's readings of the two,
 * multiplied, would look like steps.
 */
static void sample(const struct run *run, struct vdsogen_sample *s)
{
	const struct change *c = &run->change;
	const struct vdsogen_sample *first = &run->first;
	struct vdsogen_time mono;

	host_sample(s);
	if (c->scale == c->unit) {
		s->realtime = add(s->realtime, c->offset_sec, c->offset_nsec);
		return;
	}
	mono = s->monotonic;
	s->monotonic = scaled(c, first->monotonic, first->monotonic, mono);
	s->boottime = scaled(c, first->boottime, first->boottime, s->boottime);
	s->raw = scaled(c, first->raw, first->raw, s->raw);
	s->realtime = scaled(c, add(first->realtime, c->offset_sec, c->offset_nsec),
			     first->monotonic, mono);
	s->tai_offset = first->tai_offset;
}

bool run_start_clock(struct run *run)
{
	struct vdsogen_sample s;
	int error;

	if (!host_counter_is_invariant())
		tool_error("run: warning: this processor's counter does not run at one rate; "
			   "times will be inaccurate");
	run->source = (struct vdsogen_source){
		.hz = host_counter_hz(), .scale = run->change.scale, .unit = run->change.unit,
		.res_coarse = host_res_coarse(),
	};
	host_sample(&run->first);
	sample(run, &s);
	error = vdsogen_clock_start(run->clock, &run->source, &s);
	/* Brings what the publisher needs into memory before readers could have to wait for it. */
	if (!error && !run->freeze) {
		sample(run, &s);
		error = vdsogen_clock_update(run->clock, &s, host_counter, NULL);
	}
	if (error)
		tool_error("run: the clock: %s", vdsogen_strerror(error));
	return !error;
}

/*
 * Randomness is the kernel's own: its calls seed the states. Whether it has been
 * seeded anew it does not tell, but it does so each minute: CRNG_RESEED_INTERVAL,
 * Linux drivers/char/random.c.
 */
enum { RESEED_SECONDS = 60 };

void run_start_random(struct run *run)
{
	unsigned char byte;

	if (run->random && getrandom(&byte, sizeof byte, GRND_NONBLOCK) == sizeof byte)
		vdsogen_random_start(run->random, 0, 0);
}

static void reseed(struct run *run, time_t *last)
{
	struct timespec now;

	if (!run->random)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec - *last < RESEED_SECONDS)
		return;
	vdsogen_random_reseed(run->random);
	*last = now.tv_sec;
}

enum { PERIOD_MIN = 1000000, PERIOD_MAX = 10000000 };

/*
 * As often as the kernel moves its coarse clocks. Readers wait while it
 * publishes, so it should not be kept from the processor then.
 */
static void *publish(void *arg)
{
	struct run *run = arg;
	const struct sched_param first = { .sched_priority = 1 };
	long period = (long)run->source.res_coarse;
	time_t reseeded = run->first.monotonic.sec;
	struct vdsogen_sample s;

	period = period < PERIOD_MIN ? PERIOD_MIN : period > PERIOD_MAX ? PERIOD_MAX : period;
	sched_setscheduler(0, SCHED_FIFO, &first);
	for (;;) {
		nanosleep(&(struct timespec){ .tv_nsec = period }, NULL);
		sample(run, &s);
		vdsogen_clock_update(run->clock, &s, host_counter, NULL);
		reseed(run, &reseeded);
	}
	return NULL;
}

bool run_start_publisher(struct run *run)
{
	sigset_t all, before;
	int error;

	if (run->freeze)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	error = pthread_create(&run->publisher, NULL, publish, run);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return !error || run_broken("thread");
}

/* -------------------------------------------------------------------------
 * Clock calls that reached the kernel are answered from the page, so that there
 * is one timeline also when a reader met the publisher at work. Clocks that the
 * page has not are the kernel's.
 */

/*
 * The time that the page has at this moment. It is too old to be read if the
 * publisher was stopped for longer than the age limit.
 */
static bool read_clock(const struct run *run, int id, struct vdsogen_time *time)
{
	struct vdsogen_sample s;
	int error;

	do {
		error = vdsogen_clock_read(run->clock, id, host_ordered_counter(), time);
		if (error == -VDSOGEN_ERR_STALE) {
			sample(run, &s);
			if (!vdsogen_clock_update(run->clock, &s, host_counter, NULL))
				error = -VDSOGEN_ERR_BUSY;	/* now it can be read */
		} else if (error == -VDSOGEN_ERR_BUSY) {
			sched_yield();
		}
	} while (error == -VDSOGEN_ERR_BUSY);
	return !error;
}

static bool read_time_of_day(const struct run *run, struct vdsogen_time *time)
{
	return read_clock(run, VDSOGEN_REALTIME, time) ||
	       read_clock(run, VDSOGEN_REALTIME_COARSE, time);
}

void run_answer(const struct run *run, pid_t tid, unsigned int function,
		const uint64_t argument[2])
{
	const uint64_t zone = run->clock->timezone;
	struct vdsogen_time time;
	int64_t words[2];
	long result = 0;

	switch (function) {
	case VDSOGEN_CLOCK_GETTIME:
		if (!read_clock(run, (int)argument[0], &time))
			return;
		words[0] = time.sec;
		words[1] = time.nsec;
		if (!tracee_write(tid, argument[1], words, sizeof words))
			result = -EFAULT;
		break;
	case VDSOGEN_GETTIMEOFDAY:
		if (!read_time_of_day(run, &time))
			return;
		words[0] = time.sec;
		words[1] = time.nsec / 1000;
		if ((argument[0] && !tracee_write(tid, argument[0], words, sizeof words)) ||
		    (argument[1] && !tracee_write(tid, argument[1], &zone, sizeof zone)))
			result = -EFAULT;
		break;
	case VDSOGEN_TIME:
		if (!read_clock(run, VDSOGEN_REALTIME_COARSE, &time) &&
		    !read_clock(run, VDSOGEN_REALTIME, &time))
			return;
		result = time.sec;
		if (argument[0] && !tracee_write(tid, argument[0], &time.sec, sizeof time.sec))
			result = -EFAULT;
		break;
	default:
		return;
	}
	tracee_answer(tid, result);
}

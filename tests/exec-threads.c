/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readers in threads while a publisher works without pause, its samples off
 * by turns, REALTIME stepped, attention set and cleared: no reading is torn,
 * and MONOTONIC never goes back, not from one thread to another either.
 * Fallbacks are answered as a host does it, by vdsogen_clock_read(), and are
 * on the same timeline.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "exec.h"
#include "host.h"

#define NSEC_PER_USEC 1000
#define DURATION 800000000		/* ns, for each configuration */
#define TOLERANCE 100000000		/* ns: a thread may be kept waiting between two readings */
#define ERROR_OF_SAMPLE 20000		/* ns, by turns ahead and behind */
#define STEP 100000			/* s: REALTIME is at one of two places so far apart */
#define UPDATES_PER_STEP 16
#define UPDATES_PER_ATTENTION 5
#define READINGS_PER_CHECK 64		/* of those against the system's clock */
#define READINGS_MIN 1000		/* else nothing was tested */

static struct page page;
static bool stop;
static int64_t latest, latest_coarse;	/* MONOTONIC seen by any thread, ns */
static unsigned long updates;

static int64_t nsec_of(const struct timespec *t)
{
	return (int64_t)t->tv_sec * NSEC_PER_SEC + t->tv_nsec;
}

static int64_t system_nsec(clockid_t id)
{
	struct timespec now = { 0 };

	ask(SYS_clock_gettime, (uintptr_t)id, (uintptr_t)&now, 0);
	return nsec_of(&now);
}

static bool stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

/* -------------------------------------------------------------------------
 * The host's side.
 */
static struct vdsogen_time host_read(int id)
{
	struct vdsogen_time time = { 0 };
	int error;

	do
		error = vdsogen_clock_read(page.clock, id, host_counter(NULL), &time);
	while (error == -VDSOGEN_ERR_BUSY);
	return time;
}

/* Runs in a signal handler. */
static long answer(long number, uintptr_t a, uintptr_t b, uintptr_t c)
{
	struct vdsogen_time time;

	if (number == SYS_clock_gettime) {
		time = host_read((int)a);
		*(struct timespec *)b = (struct timespec){ time.sec, time.nsec };
		return 0;
	}
	if (number == SYS_gettimeofday) {
		time = host_read(VDSOGEN_REALTIME);
		*(struct timeval *)a = (struct timeval){ time.sec, time.nsec / NSEC_PER_USEC };
		return 0;
	}
	return ask(number, a, b, c);
}

static void shift(struct vdsogen_time *time, int64_t nsec)
{
	int64_t sum = (int64_t)time->nsec + nsec + NSEC_PER_SEC;

	time->sec += sum / NSEC_PER_SEC - 1;
	time->nsec = (uint32_t)(sum % NSEC_PER_SEC);
}

static void *publish(void *unused)
{
	(void)unused;
	for (unsigned long i = 0; !stopped(); i++) {
		struct vdsogen_sample sample;
		int error;

		host_sample(&sample);
		shift(&sample.monotonic, i & 1 ? ERROR_OF_SAMPLE : -ERROR_OF_SAMPLE);
		shift(&sample.realtime, i & 1 ? ERROR_OF_SAMPLE : -ERROR_OF_SAMPLE);
		if (i / UPDATES_PER_STEP & 1)
			sample.realtime.sec += STEP;
		if (i % UPDATES_PER_ATTENTION == 0)
			vdsogen_clock_attention(page.clock, 1, 0);
		/* often, so that readers meet it at work */
		error = vdsogen_clock_update(page.clock, &sample, host_counter, NULL);
		CHECK(!error, "vdsogen_clock_update: %s", vdsogen_strerror(error));
		for (int j = 0; j < 50 && !error; j++)
			error = vdsogen_clock_update(page.clock, &sample, host_counter, NULL);
		vdsogen_clock_attention(page.clock, 0, 1);
		__atomic_fetch_add(&updates, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* -------------------------------------------------------------------------
 * The guest's side.
 */
static void raise_latest(int64_t *most, int64_t now)
{
	int64_t was = __atomic_load_n(most, __ATOMIC_RELAXED);

	while (was < now && !__atomic_compare_exchange_n(most, &was, now, true, __ATOMIC_ACQ_REL,
							 __ATOMIC_RELAXED))
		;
}

static void check_monotonic(page_fn *gettime, int id, int64_t *most, bool against_system)
{
	int64_t before = __atomic_load_n(most, __ATOMIC_ACQUIRE), now, low = 0;
	struct timespec t;

	if (against_system)
		low = system_nsec(id) - TOLERANCE;
	gettime((uintptr_t)id, (uintptr_t)&t, 0);
	now = nsec_of(&t);
	if (now < before)
		CHECK(false, "clock %d: %" PRId64 " after %" PRId64, id, now, before);
	if (t.tv_nsec < 0 || t.tv_nsec >= NSEC_PER_SEC)
		CHECK(false, "clock %d: %ld ns", id, t.tv_nsec);
	if (against_system)
		CHECK(low <= now && now <= system_nsec(id) + TOLERANCE,
		      "clock %d: %" PRId64 " is far from the system's %" PRId64, id, now, low);
	raise_latest(most, now);
}

/* At either of REALTIME's two places, and not between. */
static void check_real(page_fn *gettimeofday_, int64_t started)
{
	struct timeval t;
	int64_t now, end;

	gettimeofday_((uintptr_t)&t, 0, 0);
	end = system_nsec(CLOCK_REALTIME);
	now = (int64_t)t.tv_sec * NSEC_PER_SEC + t.tv_usec * NSEC_PER_USEC;
	if (now > end + (int64_t)STEP * NSEC_PER_SEC / 2)
		now -= (int64_t)STEP * NSEC_PER_SEC;
	if (t.tv_usec < 0 || t.tv_usec >= 1000000 || now < started - TOLERANCE ||
	    now > end + TOLERANCE)
		CHECK(false, "gettimeofday: %ld.%06ld is at neither place", (long)t.tv_sec,
		      (long)t.tv_usec);
}

static void *read_clocks(void *readings_)
{
	page_fn *gettime = page_function(&page, VDSOGEN_CLOCK_GETTIME);
	page_fn *gettimeofday_ = page_function(&page, VDSOGEN_GETTIMEOFDAY);
	int64_t started = system_nsec(CLOCK_REALTIME);
	unsigned long *readings = readings_;

	trap.count = 0;
	for (; !stopped(); ++*readings) {
		bool against_system = *readings % READINGS_PER_CHECK == 0;

		check_monotonic(gettime, VDSOGEN_MONOTONIC, &latest, against_system);
		/* as old as the publisher's last turn: not to be measured by the system's */
		check_monotonic(gettime, VDSOGEN_MONOTONIC_COARSE, &latest_coarse, false);
		check_real(gettimeofday_, started);
	}
	return NULL;
}

/* -------------------------------------------------------------------------
 * Both.
 */
static void run(uint32_t options, uint32_t counter)
{
	const struct vdsogen_config config = { .options = options, .counter = counter };
	const struct timespec duration = { .tv_nsec = DURATION };
	unsigned long readings[2] = { 0 };
	pthread_t readers[2], publisher;

	check_about("threads, options %#x, counter %u", options, counter);
	page_make(&page, &config, PAGE_COUNTS);
	page_start(&page);
	latest = latest_coarse = 0;
	updates = 0;
	stop = false;
	trap_answer_with(answer);
	pthread_create(&publisher, NULL, publish, NULL);
	for (int i = 0; i < 2; i++)
		pthread_create(&readers[i], NULL, read_clocks, &readings[i]);
	nanosleep(&duration, NULL);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(publisher, NULL);
	for (int i = 0; i < 2; i++) {
		pthread_join(readers[i], NULL);
		CHECK(readings[i] >= READINGS_MIN, "only %lu readings", readings[i]);
	}
	CHECK(updates > UPDATES_PER_STEP, "only %lu updates", updates);
	trap_answer_with(ask);
	page_free(&page);
}

void exec_threads(void)
{
	run(0, VDSOGEN_COUNTER_FENCED);
	run(VDSOGEN_LATCH, VDSOGEN_COUNTER_FENCED);
	run(VDSOGEN_GUARD, counter_works(VDSOGEN_COUNTER_SELF_FENCED) ?
	    VDSOGEN_COUNTER_SELF_FENCED : VDSOGEN_COUNTER_FENCED);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two readers, each on a processor of its own, hand each other the latest
 * MONOTONIC that any of them has read, through one shared word: load it, read
 * the clock, compare, store. A publisher changes the rate from one bound to
 * the other all the time; it shares a processor with either reader by turns,
 * so it is preempted anywhere, and between publications it reads too.
 * Fallbacks are answered as a host does it, on the same timeline.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "host.h"
#include "stress.h"

#define BATCH 1024		/* reads between two looks at what the others do */

#define PPM 500			/* the publisher's rates are so far above and below nominal */
#define PPM_APART 900		/* the least that two rates have to differ by */
#define ERROR_OF_SAMPLE 10000000	/* ns: for more than PPM us, steering goes to its bound */
#define TURNS_PER_SEC 50	/* the publisher changes its processor */
#define SLEEP_MIN 50000		/* ns: for less than this it does not sleep */
#define BEHIND_MAX 10000000	/* ns: what it makes up for, without a pause, after a preemption */
#define PUBLICATIONS_MIN 100

#define APART 128		/* bytes: two cache lines, for processors that fetch pairs */

/* -------------------------------------------------------------------------
 * What is shared while a configuration runs.
 */
struct reader {
	pthread_t thread;
	page_fn *clock;
	int64_t own;		/* the latest time that it stored itself */
	int64_t worst;		/* backward step, ns */
	unsigned long reads;	/* by the fast path */
	unsigned long fallbacks, steps;
	unsigned long met;	/* reads that came upon a time of another thread */
	int cpu;
} __attribute__((aligned(APART)));

enum { FIRST, SECOND, PUBLISHER, THREADS };
#define READERS PUBLISHER

static struct setup setup;
static struct page page;
static struct reader readers[THREADS];
static unsigned long publications;
static double slowest, fastest;	/* ns a tick */
static pthread_barrier_t begin;

static struct { int64_t nsec; } latest __attribute__((aligned(APART)));
static struct { bool stop; } end __attribute__((aligned(APART)));

static bool stopped(void)
{
	return __atomic_load_n(&end.stop, __ATOMIC_RELAXED);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK(!sched_setaffinity(0, sizeof set, &set), "cannot move to processor %d: %s", cpu,
	      strerror(errno));
}

/* The first and the last: where there are more than two, hardly the two halves of one core. */
bool choose_processors(void)
{
	cpu_set_t set;
	int first = -1, last = -1;

	CHECK(!sched_getaffinity(0, sizeof set, &set), "sched_getaffinity: %s", strerror(errno));
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set)) {
			first = first < 0 ? i : first;
			last = i;
		}
	readers[FIRST].cpu = first;
	readers[SECOND].cpu = last;
	return first != last;
}

static bool enough(void)
{
	unsigned long steps = 0;

	if (setup.hz && __atomic_load_n(&publications, __ATOMIC_RELAXED) < PUBLICATIONS_MIN)
		return false;
	for (int i = 0; i < THREADS; i++)
		steps += __atomic_load_n(&readers[i].steps, __ATOMIC_RELAXED);
	if (setup.steps && steps >= setup.steps)
		return true;
	for (int i = 0; i < READERS; i++)
		if (__atomic_load_n(&readers[i].reads, __ATOMIC_RELAXED) < setup.reads / READERS)
			return false;
	return true;
}

/* -------------------------------------------------------------------------
 * Reading.
 */
static void note_step(struct reader *reader, int64_t nsec)
{
	__atomic_store_n(&reader->steps, reader->steps + 1, __ATOMIC_RELAXED);
	if (nsec > reader->worst)
		reader->worst = nsec;
}

/*
 * Nothing stands between the load and the call, and nothing in the call
 * depends on what was loaded: if the counter can be read before the load is
 * done, it is. The acquire is what a caller on arm64 needs; on x86 it is none.
 */
static inline void read_once(struct reader *reader)
{
	struct timespec t;
	int64_t before = __atomic_load_n(&latest.nsec, __ATOMIC_ACQUIRE), now;

	reader->clock(VDSOGEN_MONOTONIC, (uintptr_t)&t, 0);
	now = (int64_t)t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
	reader->met += before != reader->own;
	if (now < before)
		note_step(reader, before - now);
	while (now > before)
		if (__atomic_compare_exchange_n(&latest.nsec, &before, now, true, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED)) {
			reader->own = now;
			break;
		}
}

static void count_reads(struct reader *reader, unsigned long reads)
{
	unsigned long fast = reader->reads + reads - (trap.count - reader->fallbacks);

	reader->fallbacks = trap.count;
	__atomic_store_n(&reader->reads, fast, __ATOMIC_RELAXED);
}

static void *read_clock(void *reader_)
{
	struct reader *reader = reader_;

	pin(reader->cpu);
	trap.count = 0;
	pthread_barrier_wait(&begin);
	while (!stopped()) {
		for (int i = 0; i < BATCH; i++)
			read_once(reader);
		count_reads(reader, BATCH);
		if (enough())
			__atomic_store_n(&end.stop, true, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* The host's answer to a fallback. In a signal handler. */
static long answer(long number, uintptr_t id, uintptr_t result, uintptr_t unused)
{
	struct vdsogen_time time;
	int error;

	if (number != SYS_clock_gettime)
		return ask(number, id, result, unused);
	while ((error = vdsogen_clock_read(page.clock, (int)id, host_ordered_counter(), &time)) ==
	       -VDSOGEN_ERR_BUSY)
		sched_yield();	/* the publisher may be waiting for this processor */
	if (error)
		return -EINVAL;
	*(struct timespec *)result = (struct timespec){ time.sec, time.nsec };
	return 0;
}

/* -------------------------------------------------------------------------
 * Publishing.
 */
static struct {
	uint64_t counter;
	struct vdsogen_time time;
} start;

static void sleep_for(uint64_t nsec)
{
	const struct timespec time = { (time_t)(nsec / NSEC_PER_SEC), (long)(nsec % NSEC_PER_SEC) };

	nanosleep(&time, NULL);
}

static uint64_t nsec_of_ticks(uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * NSEC_PER_SEC / hz);
}

/*
 * All clocks at the nominal rate, but by turns ahead and behind. The steps are
 * too large to be taken for a rate, so nominal is what is steered from.
 */
static void make_sample(struct vdsogen_sample *sample, bool ahead)
{
	uint64_t counter = host_ordered_counter(), nsec;

	nsec = start.time.nsec + nsec_of_ticks(counter - start.counter);
	nsec = ahead ? nsec + ERROR_OF_SAMPLE : nsec - ERROR_OF_SAMPLE;
	memset(sample, 0, sizeof *sample);
	sample->before = sample->after = counter;
	sample->monotonic.sec = start.time.sec + (int64_t)(nsec / NSEC_PER_SEC);
	sample->monotonic.nsec = (uint32_t)(nsec % NSEC_PER_SEC);
	sample->realtime = sample->boottime = sample->raw = sample->monotonic;
}

/* What an update asks for; preempted behind the reading, if there is to be a delay. */
static uint64_t read_counter(void *unused)
{
	uint64_t counter = host_counter(unused);

	if (setup.delay)
		sleep_for(setup.delay);
	return counter;
}

static uint64_t was_read(void *counter)
{
	return *(uint64_t *)counter;
}

static void publish_once(bool ahead)
{
	const struct vdsogen_line *line = &page.clock->line[0];
	struct vdsogen_sample sample;
	uint64_t counter;
	double rate;
	int error;

	make_sample(&sample, ahead);
	if (setup.early) {
		counter = read_counter(NULL);
		error = vdsogen_clock_update(page.clock, &sample, was_read, &counter);
	} else {
		error = vdsogen_clock_update(page.clock, &sample, read_counter, NULL);
	}
	CHECK(!error, "vdsogen_clock_update: %s", vdsogen_strerror(error));
	rate = line->mult_int + (double)line->mult / 0x1p64;
	if (rate < slowest || !publications)
		slowest = rate;
	if (rate > fastest)
		fastest = rate;
	__atomic_store_n(&publications, publications + 1, __ATOMIC_RELAXED);
}

/* Returns how many reads it made instead of sleeping. Too late: *counter becomes now. */
static unsigned long wait_until(uint64_t *counter, struct reader *reader)
{
	unsigned long reads = 0;
	uint64_t now;

	while (!stopped()) {
		now = host_ordered_counter();
		if ((int64_t)(*counter - now) <= 0)
			break;
		if (nsec_of_ticks(*counter - now) >= SLEEP_MIN) {
			sleep_for(nsec_of_ticks(*counter - now));
		} else {
			read_once(reader);
			reads++;
		}
	}
	now = host_ordered_counter();
	if ((int64_t)(now - *counter) > 0 && nsec_of_ticks(now - *counter) > BEHIND_MAX)
		*counter = now;
	return reads;
}

static void *publish(void *reader_)
{
	struct reader *reader = reader_;
	uint64_t period = hz / setup.hz, turn = setup.hz / TURNS_PER_SEC, next;

	prctl(PR_SET_TIMERSLACK, 1);
	trap.count = 0;
	pthread_barrier_wait(&begin);
	next = host_ordered_counter();
	for (unsigned long i = 0; !stopped(); i++) {
		if (i % turn == 0)
			pin(readers[i / turn % READERS].cpu);
		publish_once(i & 1);
		read_once(reader);
		next += period;
		count_reads(reader, 1 + wait_until(&next, reader));
	}
	return NULL;
}

/* -------------------------------------------------------------------------
 * One configuration.
 */
static void start_clock(void)
{
	int error;

	page.source.slew_ppm = PPM;
	page_start(&page);
	hz = page.source.hz;
	start.counter = host_ordered_counter();
	error = vdsogen_clock_read(page.clock, VDSOGEN_MONOTONIC, start.counter, &start.time);
	CHECK(!error, "vdsogen_clock_read: %s", vdsogen_strerror(error));
}

static void run_threads(void)
{
	int threads = setup.hz ? THREADS : READERS;

	for (int i = 0; i < THREADS; i++)
		readers[i] = (struct reader){ .clock = setup.clock, .cpu = readers[i].cpu };
	latest.nsec = 0;
	end.stop = false;
	publications = 0;
	fastest = slowest = 0;
	pthread_barrier_init(&begin, NULL, (unsigned int)threads);
	for (int i = 0; i < threads; i++) {
		int error = pthread_create(&readers[i].thread, NULL,
					   i == PUBLISHER ? publish : read_clock, &readers[i]);

		CHECK(!error, "no thread: %s", strerror(error));
	}
	for (int i = 0; i < threads; i++)
		pthread_join(readers[i].thread, NULL);
	pthread_barrier_destroy(&begin);
}

static double ppm_apart(void)
{
	return (fastest - slowest) / slowest * 1e6;
}

static struct result add_up(void)
{
	struct result result = { 0 };

	for (int i = 0; i < THREADS; i++) {
		result.reads += readers[i].reads;
		result.fallbacks += readers[i].fallbacks;
		result.steps += readers[i].steps;
		result.met += readers[i].met;
		if (readers[i].worst > result.worst)
			result.worst = readers[i].worst;
	}
	return result;
}

/* On a busy machine a publisher may hardly get to run: once more then. */
struct result run(const struct setup *with)
{
	enum { TRIES = 5 };
	struct result result;

	setup = *with;
	for (unsigned int i = 0; i < TRIES; i++) {
		run_threads();
		result = add_up();
		if (result.met && (!setup.hz || ppm_apart() >= PPM_APART))
			break;
	}
	printf("%s: %lu reads, %lu publications, %lu fallbacks, %lu backward steps, worst %" PRId64
	       " ns\n", about, result.reads, publications, result.fallbacks, result.steps,
	       result.worst);
	CHECK(result.met, "no reader ever saw a time of another: nothing was tested");
	if (setup.hz)
		CHECK(ppm_apart() >= PPM_APART,
		      "the rates are only %.0f ppm apart: nothing was tested", ppm_apart());
	return result;
}

struct result run_page(uint32_t counter, struct setup *with)
{
	const struct vdsogen_config config = { .counter = counter };
	struct result result;

	page_make(&page, &config, PAGE_COUNTS);
	start_clock();
	trap_answer_with(answer);
	with->clock = page_function(&page, VDSOGEN_CLOCK_GETTIME);
	result = run(with);
	page_free(&page);
	return result;
}


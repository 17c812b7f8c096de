/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arithmetic of time, for every value it can meet: run from end to end it
 * leaves no value of a part untried. The code under test is what the library
 * emits, called on a page whose lines are written by hand and stand still, and
 * beside it the library's own reader and publisher.
 *
 * What is expected is found by counting up and by multiplying back, never by
 * the division that is looked at.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "exec.h"
#include "host.h"

#define NSEC_PER_USEC 1000
#define USEC_PER_SEC (NSEC_PER_SEC / NSEC_PER_USEC)
#define WORKERS_MAX 1024
#define LINES_MAX 20		/* of failed checks */
#define STEPS 10		/* of progress, in a part */

typedef unsigned __int128 wide;

/* -------------------------------------------------------------------------
 * Checks. These are the slow way: the loops below come here when it is too late.
 */
static unsigned int failed;

bool check_that(bool good, const char *file, int line, const char *format, ...)
{
	char text[256];
	va_list args;

	(void)file, (void)line;
	if (good || __atomic_fetch_add(&failed, 1, __ATOMIC_RELAXED) >= LINES_MAX)
		return good;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	printf("FAIL: %s\n", text);
	return false;
}

/* -------------------------------------------------------------------------
 * Part 1: nanoseconds / 10^9, for every 64-bit number of nanoseconds.
 *
 * The quotient never falls while the dividend grows: it is made by shifts to
 * the right by constants and by the high half of a product with a constant,
 * and each of these keeps the order of two numbers. (So does a division
 * instruction, if the compiler takes one for the library's reader.) Such a
 * quotient is k on all of k 10^9 .. k 10^9 + 999999999 if it is k at both ends;
 * so the ends of all these intervals decide about all 2^64 values. What is
 * left over is the dividend less the quotient times 10^9, modulo 2^64: right
 * wherever the quotient is. Below 10^9 nothing is divided: the comparison that
 * says so is tried on either side, too.
 *
 * One value inside, here and there, is tried all the same.
 */
#define INTERVAL_LAST (UINT64_MAX / NSEC_PER_SEC)
#define INSIDE_EVERY 1024

static void fail_seconds(const char *what, uint64_t nsec, int64_t sec, int64_t rest)
{
	CHECK(false, "%s: %" PRIu64 " ns read as %" PRId64 " s and %" PRId64 " ns", what, nsec,
	      sec, rest);
}

/* One value, multiplied back. */
static bool check_second(const struct page *page, uint64_t nsec)
{
	struct vdsogen_base *base = &page->clock->line[1].base[0];
	struct timespec emitted;
	struct vdsogen_time host;

	base->nsec = nsec;
	page_function(page, VDSOGEN_CLOCK_GETTIME)(VDSOGEN_BOOTTIME, (uintptr_t)&emitted, 0);
	vdsogen_clock_read(page->clock, VDSOGEN_BOOTTIME, 0, &host);
	if ((wide)emitted.tv_sec * NSEC_PER_SEC + (uint64_t)emitted.tv_nsec != nsec ||
	    emitted.tv_nsec < 0 || emitted.tv_nsec >= NSEC_PER_SEC)
		fail_seconds("clock_gettime", nsec, emitted.tv_sec, emitted.tv_nsec);
	else if (host.sec != emitted.tv_sec || host.nsec != emitted.tv_nsec)
		fail_seconds("vdsogen_clock_read", nsec, host.sec, host.nsec);
	else
		return true;
	return false;
}

static bool check_seconds(const struct page *page, uint64_t from, uint64_t to)
{
	page_fn *gettime = page_function(page, VDSOGEN_CLOCK_GETTIME);
	struct vdsogen_base *base = page->clock->line[0].base;

	for (uint64_t k = from; k <= to; k++) {
		uint64_t low = k * NSEC_PER_SEC;
		uint64_t rest = k == INTERVAL_LAST ? UINT64_MAX - low : NSEC_PER_SEC - 1;
		struct timespec first, last;
		struct vdsogen_time host_first, host_last;

		base[0].nsec = low;
		base[1].nsec = low + rest;
		gettime(VDSOGEN_REALTIME, (uintptr_t)&first, 0);
		gettime(VDSOGEN_MONOTONIC, (uintptr_t)&last, 0);
		vdsogen_clock_read(page->clock, VDSOGEN_REALTIME, 0, &host_first);
		vdsogen_clock_read(page->clock, VDSOGEN_MONOTONIC, 0, &host_last);
		if ((uint64_t)first.tv_sec != k || first.tv_nsec)
			fail_seconds("clock_gettime", low, first.tv_sec, first.tv_nsec);
		else if ((uint64_t)last.tv_sec != k || (uint64_t)last.tv_nsec != rest)
			fail_seconds("clock_gettime", low + rest, last.tv_sec, last.tv_nsec);
		else if ((uint64_t)host_first.sec != k || host_first.nsec)
			fail_seconds("vdsogen_clock_read", low, host_first.sec, host_first.nsec);
		else if ((uint64_t)host_last.sec != k || host_last.nsec != rest)
			fail_seconds("vdsogen_clock_read", low + rest, host_last.sec,
				     host_last.nsec);
		else if (k % INSIDE_EVERY || check_second(page, low + k / INSIDE_EVERY % rest))
			continue;
		return false;
	}
	return true;
}

/* -------------------------------------------------------------------------
 * Part 2: nanoseconds / 1000, for every number of them in a second: one by one.
 */
static bool check_microseconds(const struct page *page, uint64_t from, uint64_t to)
{
	page_fn *gettimeofday = page_function(page, VDSOGEN_GETTIMEOFDAY);
	struct vdsogen_base *base = page->clock->line[0].base;

	for (uint64_t usec = from; usec <= to; usec++)
		for (uint64_t rest = 0; rest < NSEC_PER_USEC; rest++) {
			struct timeval now;

			base->nsec = usec * NSEC_PER_USEC + rest;
			gettimeofday((uintptr_t)&now, 0, 0);
			if ((uint64_t)now.tv_usec == usec && !now.tv_sec)
				continue;
			CHECK(false, "gettimeofday: %" PRIu64 " ns read as %" PRId64 " s and %"
			      PRId64 " us", base->nsec, (int64_t)now.tv_sec, (int64_t)now.tv_usec);
			return false;
		}
	return true;
}

/* -------------------------------------------------------------------------
 * Part 3: what a start publishes for every frequency.
 *
 * The rate q is 10^9 2^64 / hz rounded down if and only if q hz is at most
 * 10^9 2^64 and misses it by less than hz; likewise the age limit, rounded up.
 */
#define RATE_INT_MAX (NSEC_PER_SEC / VDSOGEN_HZ_MIN)

static bool rate_is_good(uint64_t hz, uint32_t high, uint64_t low)
{
	const wide second = (wide)NSEC_PER_SEC << 64;
	wide q = (wide)high << 64 | low;

	/* and with so few bits before the point the product does not overflow */
	return high <= RATE_INT_MAX && q * hz <= second && second - q * hz < hz;
}

static bool age_is_good(uint64_t hz, uint64_t max_age, uint64_t ticks)
{
	wide age = (wide)max_age * hz;

	if (ticks == UINT64_MAX)	/* "none" and "as many as that" are one */
		return !max_age || age > (wide)(UINT64_MAX - 1) * NSEC_PER_SEC;
	return (wide)ticks * NSEC_PER_SEC >= age && (wide)ticks * NSEC_PER_SEC - age < NSEC_PER_SEC;
}

static bool start_is_good(const struct vdsogen_clock *clock, const struct vdsogen_source *source)
{
	bool good = age_is_good(source->hz, source->max_age, clock->max_age);

	for (unsigned int i = 0; i < VDSOGEN_LINES - 1; i++)
		good &= clock->line[i].mult == clock->line[0].mult &&
			clock->line[i].mult_int == clock->line[0].mult_int;
	for (unsigned int i = 0; i < 2; i++)
		good &= clock->track[i].nominal == clock->line[0].mult &&
			clock->track[i].nominal_int == clock->line[0].mult_int;
	return good && rate_is_good(source->hz, clock->line[0].mult_int, clock->line[0].mult);
}

/* Of every length, none and too long ones among them. */
static uint64_t some_age(uint64_t hz)
{
	return hz * UINT64_C(0x9e3779b97f4a7c15) >> hz % 64;	/* 2^64 / golden ratio, odd */
}

static bool check_rates(const struct page *page, uint64_t from, uint64_t to)
{
	struct vdsogen_clock *clock = page->clock;
	const struct vdsogen_sample sample = { .realtime = { .sec = 1 } };

	for (uint64_t hz = from; hz <= to; hz++) {
		const struct vdsogen_source source = { .hz = hz, .max_age = some_age(hz) };
		int error;

		clock->line[0].seq = 0;		/* never started */
		error = vdsogen_clock_start(clock, &source, &sample);
		if (!error && start_is_good(clock, &source))
			continue;
		CHECK(false, "vdsogen_clock_start at %" PRIu64 " Hz: %s; rate %" PRIu32
		      ".%016" PRIx64 "; %" PRIu64 " ns are %" PRIu64 " ticks", hz,
		      vdsogen_strerror(error), clock->line[0].mult_int, clock->line[0].mult,
		      source.max_age, clock->max_age);
		return false;
	}
	return true;
}

/* -------------------------------------------------------------------------
 * The parts, and the blocks they are done in.
 */
static const struct part {
	const char *name, *of;
	uint64_t first, last;
	uint64_t block;		/* of a fraction of a second under an emulator */
	bool (*check)(const struct page *page, uint64_t from, uint64_t to);
} parts[] = {
	{ "seconds", "intervals of 10^9 ns", 0, INTERVAL_LAST, 1 << 16, check_seconds },
	{ "microseconds", "intervals of 1000 ns", 0, USEC_PER_SEC - 1, 1 << 7, check_microseconds },
	{ "rates", "frequencies", VDSOGEN_HZ_MIN, VDSOGEN_HZ_MAX, 1 << 16, check_rates },
};
#define PARTS (sizeof parts / sizeof *parts)

/* What the workers share. */
struct job {
	const struct part *part;
	uint64_t first, last;
	uint64_t blocks;	/* that the range has */
	uint64_t tries;		/* of these: all; or the first, the last and some in between */
	uint64_t seed;		/* of which */
	uint64_t next, done;	/* tries */
	uint64_t values;
};

/* Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014). */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static uint64_t block_of(const struct job *job, uint64_t try)
{
	if (job->tries == job->blocks)
		return try;
	if (try < 2)
		return try ? job->blocks - 1 : 0;
	return mix(job->seed + try) % job->blocks;
}

static void make_page(struct page *page)
{
	const struct vdsogen_config config = { .counter = VDSOGEN_COUNTER_UNFENCED };

	page_make(page, &config, PAGE_ASKS);
	page->clock->max_age = UINT64_MAX;
	for (unsigned int i = 0; i < VDSOGEN_LINES; i++)
		page->clock->line[i].seq = 2;	/* and all else 0: a line that stands still */
}

static void progress(struct job *job)
{
	uint64_t done = __atomic_add_fetch(&job->done, 1, __ATOMIC_RELAXED);

	if (job->tries == job->blocks && done < job->tries &&
	    done * STEPS / job->tries != (done - 1) * STEPS / job->tries)
		printf("%s: %" PRIu64 "/%d\n", job->part->name, done * STEPS / job->tries, STEPS);
}

static struct worker {
	pthread_t thread;
	struct job *job;
	struct page page;
} workers[WORKERS_MAX];

static void *work(void *worker_)
{
	struct worker *worker = worker_;
	struct job *job = worker->job;
	uint64_t try;

	while ((try = __atomic_fetch_add(&job->next, 1, __ATOMIC_RELAXED)) < job->tries &&
	       !__atomic_load_n(&failed, __ATOMIC_RELAXED)) {
		uint64_t from = job->first + block_of(job, try) * job->part->block;
		uint64_t to = from + (job->part->block - 1);

		if (to > job->last)
			to = job->last;
		if (!job->part->check(&worker->page, from, to))
			break;
		__atomic_fetch_add(&job->values, to - from + 1, __ATOMIC_RELAXED);
		progress(job);
	}
	return NULL;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / NSEC_PER_SEC;
}

/* Of a range, `tries` blocks; 0: all of them. */
static void run(const struct part *part, uint64_t first, uint64_t last, uint64_t tries,
		uint64_t seed)
{
	struct job job = { .part = part, .first = first, .last = last, .seed = seed };
	long processors = sysconf(_SC_NPROCESSORS_ONLN), started = 0;
	double start = now();

	job.blocks = (last - first) / part->block + 1;
	job.tries = tries && tries < job.blocks ? tries : job.blocks;
	for (long i = 0; i < processors && i < WORKERS_MAX; i++) {
		workers[i].job = &job;
		make_page(&workers[i].page);
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			break;
		started++;
	}
	CHECK(started > 0, "pthread_create: no thread could be started");
	for (long i = 0; i < started; i++) {
		pthread_join(workers[i].thread, NULL);
		page_free(&workers[i].page);
	}
	printf("%s: %" PRIu64 " of %" PRIu64 " %s, %.1f s on %ld processors\n", part->name,
	       job.values, last - first + 1, part->of, now() - start, started);
}

/* -------------------------------------------------------------------------
 * The command.
 */
static int usage(void)
{
	fprintf(stderr, "usage: exhaustive whole | sample BLOCKS SEED | PART FIRST LAST\n"
			"parts, and their whole ranges:\n");
	for (size_t i = 0; i < PARTS; i++)
		fprintf(stderr, "  %-12s %10" PRIu64 " %11" PRIu64 "  %s\n", parts[i].name,
			parts[i].first, parts[i].last, parts[i].of);
	return 2;
}

static uint64_t number(const char *text)
{
	return strtoull(text, NULL, 0);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	bool whole = argc == 2 && !strcmp(what, "whole");
	bool sample = argc == 4 && !strcmp(what, "sample");
	bool any = false;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < PARTS; i++) {
		const struct part *part = &parts[i];

		if (whole)
			run(part, part->first, part->last, 0, 0);
		else if (sample)
			run(part, part->first, part->last, number(argv[2]), number(argv[3]));
		else if (argc == 4 && !strcmp(what, part->name) && number(argv[2]) >= part->first &&
			 number(argv[3]) <= part->last && number(argv[2]) <= number(argv[3]))
			run(part, number(argv[2]), number(argv[3]), 0, 0);
		else
			continue;
		any = true;
	}
	return any ? failed != 0 : usage();
}

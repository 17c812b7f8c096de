/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines at a counter of our choice, to the bit: sums that just do and just do
 * not carry, the last tick before the clamp, seconds that wrap. Where reading
 * the counter can be made to trap, the signal puts a number in its place;
 * elsewhere the emitted code is tried where the counter makes no difference.
 * The library's own reader is told the counter, so it is tried everywhere.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <ucontext.h>

#include "exec.h"
#include "host.h"

typedef unsigned __int128 wide;

#define NSEC_PER_USEC 1000
#define COUNT(array) (sizeof (array) / sizeof *(array))

/* -------------------------------------------------------------------------
 * The counter.
 */
#ifdef __x86_64__
static const struct page *reading;
static uint64_t counter;	/* what is read there */
static struct sigaction before;

#define RDTSC_SIZE 2		/* SDM volume 2, RDTSC */

static void on_counter(int signal_number, siginfo_t *info, void *context_)
{
	greg_t *gregs = ((ucontext_t *)context_)->uc_mcontext.gregs;
	uintptr_t offset = (uintptr_t)gregs[REG_RIP] - (uintptr_t)reading->code;

	(void)info;
	if (offset >= reading->size) {	/* a crash: again, for whom it may concern */
		sigaction(signal_number, &before, NULL);
		return;
	}
	gregs[REG_RAX] = (uint32_t)counter;
	gregs[REG_RDX] = (greg_t)(counter >> 32);
	gregs[REG_RIP] += RDTSC_SIZE;
}

/* Until it is given back, nothing else in this thread may read the counter or a clock. */
static bool counter_take(const struct page *page)
{
	struct sigaction action = { .sa_sigaction = on_counter, .sa_flags = SA_SIGINFO };

	reading = page;
	sigaction(SIGSEGV, &action, &before);
	if (!prctl(PR_SET_TSC, PR_TSC_SIGSEGV))
		return true;
	sigaction(SIGSEGV, &before, NULL);
	return false;
}

static void counter_give_back(void)
{
	prctl(PR_SET_TSC, PR_TSC_ENABLE);
	sigaction(SIGSEGV, &before, NULL);
}

static void counter_set(uint64_t value)
{
	counter = value;
}
#else
static bool counter_take(const struct page *page)
{
	(void)page;
	return false;
}

static void counter_give_back(void)
{
}

static void counter_set(uint64_t value)
{
	(void)value;
}
#endif

/* -------------------------------------------------------------------------
 * The reference: struct vdsogen_clock's formula, modulo 2^64 ns.
 */
static uint64_t clamped(uint64_t ticks)
{
	return ticks >> 63 ? 0 : ticks;
}

/* Multiplied with pencil and paper: digits of 32 bits, two of them below the point. */
static uint64_t paper_nsec(const struct vdsogen_line *line, unsigned int base, uint64_t ticks)
{
	const uint64_t nsec = line->base[base].nsec;
	const uint32_t a[] = { (uint32_t)line->mult, (uint32_t)(line->mult >> 32), line->mult_int };
	const uint32_t b[] = { (uint32_t)ticks, (uint32_t)(ticks >> 32) };
	uint32_t sum[] = { (uint32_t)line->frac, (uint32_t)(line->frac >> 32),
			   (uint32_t)nsec, (uint32_t)(nsec >> 32) };

	for (size_t i = 0; i < COUNT(b); i++) {
		uint64_t carry = 0;

		for (size_t j = 0; i + j < COUNT(sum); j++) {
			carry += (j < COUNT(a) ? (uint64_t)a[j] * b[i] : 0) + sum[i + j];
			sum[i + j] = (uint32_t)carry;
			carry >>= 32;
		}
	}
	return (uint64_t)sum[3] << 32 | sum[2];
}

/* Multiplied back, not divided; `unit` is what the rest is counted in, in ns. */
static void check_time(const char *what, const struct vdsogen_line *line, unsigned int base,
		       uint64_t ticks, int64_t sec, int64_t rest, uint64_t unit)
{
	uint64_t seconds = (uint64_t)sec - line->base[base].sec;	/* these may wrap */
	uint64_t nsec = paper_nsec(line, base, clamped(ticks));
	wide from = (wide)seconds * NSEC_PER_SEC + (wide)(uint64_t)rest * unit;

	CHECK(rest >= 0 && (uint64_t)rest < NSEC_PER_SEC / unit &&
	      from <= nsec && nsec - from < unit,
	      "%s: %" PRId64 " s, %" PRId64 " of %" PRIu64 " ns; ticks %#" PRIx64 " rate %" PRIx32
	      ".%016" PRIx64 " frac %#" PRIx64 " base %#" PRIx64 " s %#" PRIx64 " ns", what, sec,
	      rest, unit, ticks, line->mult_int, line->mult, line->frac, line->base[base].sec,
	      line->base[base].nsec);
}

/* -------------------------------------------------------------------------
 * One line, by all that reads it: each function has its own copy of the code.
 */
static void check_emitted(const struct page *page, const struct vdsogen_line *line, uint64_t ticks)
{
	struct timespec time;
	struct timeval day;

	page_function(page, VDSOGEN_CLOCK_GETTIME)(VDSOGEN_REALTIME, (uintptr_t)&time, 0);
	check_time("clock_gettime(REALTIME)", line, 0, ticks, time.tv_sec, time.tv_nsec, 1);
	page_function(page, VDSOGEN_CLOCK_GETTIME)(VDSOGEN_TAI, (uintptr_t)&time, 0);
	check_time("clock_gettime(TAI)", line, 1, ticks, time.tv_sec, time.tv_nsec, 1);
	page_function(page, VDSOGEN_GETTIMEOFDAY)((uintptr_t)&day, 0, 0);
	check_time("gettimeofday", line, 0, ticks, day.tv_sec, day.tv_usec, NSEC_PER_USEC);
}

static void check_host(const struct page *page, const struct vdsogen_line *line, uint64_t ticks)
{
	struct vdsogen_time time;

	vdsogen_clock_read(page->clock, VDSOGEN_REALTIME, line->last + ticks, &time);
	check_time("vdsogen_clock_read(REALTIME)", line, 0, ticks, time.sec, time.nsec, 1);
	vdsogen_clock_read(page->clock, VDSOGEN_TAI, line->last + ticks, &time);
	check_time("vdsogen_clock_read(TAI)", line, 1, ticks, time.sec, time.nsec, 1);
}

/* With a counter that goes on: no rate, or behind the anchor and still so for long. */
static bool counter_does_not_matter(const struct vdsogen_line *line, uint64_t ticks)
{
	return (!line->mult_int && !line->mult) || ticks >> 62 == 2;
}

static void check_line(struct page *page, struct vdsogen_line *line, uint64_t ticks, bool chosen)
{
	if (!chosen)
		line->last = host_counter(NULL) - ticks;
	page->clock->line[0] = page->clock->line[1] = *line;
	check_host(page, line, ticks);
	counter_set(line->last + ticks);
	if (chosen || counter_does_not_matter(line, ticks))
		check_emitted(page, line, ticks);
}

/* -------------------------------------------------------------------------
 * Which lines.
 */
/* Hz: the bounds, what counters have, and primes beside them, which divide nothing. */
static const uint64_t frequencies[] = {
	1000000, 1000003, 19199981, 19200000, 19200007, 23999999, 24000000, 24000001, 53999989,
	54000000, 54000031, 62499971, 62500000, 62500001, 999999937, 1000000000, 1000000007,
	9999999967, 10000000000,
};
/* 2^-64 ns a tick, and whole ones: what no frequency gives. */
static const struct { uint64_t mult; uint32_t mult_int; } odd_rates[] = {
	{ 0, 0 }, { 1, 0 }, { UINT64_MAX, 0 }, { 0, 1 }, { UINT64_MAX, UINT32_MAX },
};
#define RATES (COUNT(frequencies) + COUNT(odd_rates))

static const uint64_t ticks_tried[] = {
	0, 1, 2, 999999, 1000000, 24000000, 999999999, 1000000000, UINT32_MAX,
	(uint64_t)UINT32_MAX + 1, (uint64_t)1 << 55, ((uint64_t)1 << 62) - 1, (uint64_t)1 << 62,
	INT64_MAX - 1, INT64_MAX, (uint64_t)INT64_MAX + 1, (uint64_t)INT64_MAX + 2, UINT64_MAX,
};
/* Anchors: the counter passes 2^32 and 2^64 after them. */
static const uint64_t anchors[] = { 0, UINT32_MAX, UINT64_MAX, INT64_MAX };
static const int64_t seconds[] = { 0, -1, INT64_MAX, INT64_MIN, INT64_MIN + 1 };

static struct vdsogen_line line_at(size_t rate)
{
	struct vdsogen_line line = { .seq = 2 };

	if (rate < COUNT(frequencies)) {
		wide q = ((wide)NSEC_PER_SEC << 64) / frequencies[rate];

		line.mult_int = (uint32_t)(q >> 64);
		line.mult = (uint64_t)q;
	} else {
		line.mult_int = odd_rates[rate - COUNT(frequencies)].mult_int;
		line.mult = odd_rates[rate - COUNT(frequencies)].mult;
	}
	return line;
}

/* Nanoseconds that make these sums with what the counter adds. */
static const uint64_t sums[] = { 0, 1, 999999999, 1000000000, 1000000001, INT64_MAX, UINT64_MAX };
static const uint64_t nsecs[] = { 0, 999999999, UINT64_MAX };

static void check_bases(struct page *page, struct vdsogen_line *line, uint64_t ticks, bool chosen)
{
	uint64_t added;

	memset(line->base, 0, sizeof line->base);
	added = paper_nsec(line, 0, clamped(ticks));
	for (size_t i = 0; i < COUNT(sums) + COUNT(nsecs); i++) {
		uint64_t nsec = i < COUNT(sums) ? sums[i] - added : nsecs[i - COUNT(sums)];
		uint64_t sec = (uint64_t)seconds[(i + ticks) % COUNT(seconds)];

		line->last = anchors[i % COUNT(anchors)];
		line->base[0] = (struct vdsogen_base){ .nsec = nsec, .sec = sec };
		line->base[1] = (struct vdsogen_base){ .nsec = nsec + 1, .sec = sec + 7 };
		check_line(page, line, ticks, chosen);
	}
}

static void check_fractions(struct page *page, struct vdsogen_line *line, uint64_t ticks,
			    bool chosen)
{
	/* from 2^64 - low on, frac carries */
	uint64_t low = clamped(ticks) * line->mult;
	const uint64_t fracs[] = { 0, 1, UINT64_MAX, UINT64_MAX - low, 0 - low, 1 - low };

	for (size_t i = 0; i < COUNT(fracs); i++) {
		line->frac = fracs[i];
		check_bases(page, line, ticks, chosen);
	}
}

/* The age limit: as old as that is not too old. */
static void check_age(struct page *page)
{
	struct vdsogen_line line = line_at(0);
	struct timespec time;

	page->clock->line[0] = line;
	for (size_t i = 0; i < COUNT(ticks_tried); i++)
		for (uint64_t older = 0; older < 2; older++) {
			uint64_t ticks = clamped(ticks_tried[i]) + older;
			bool stale = older && !(ticks >> 63);	/* else it was clamped */

			page->clock->max_age = clamped(ticks_tried[i]);
			counter_set(line.last + ticks);
			trap.count = 0;
			page_function(page, VDSOGEN_CLOCK_GETTIME)(VDSOGEN_MONOTONIC,
								   (uintptr_t)&time, 0);
			CHECK(trap.count == stale, "%" PRIu64 " ticks of %" PRIu64
			      ": %lu fallbacks", ticks, page->clock->max_age, trap.count);
		}
}

void exec_exact(void)
{
	const struct vdsogen_config config = { .options = VDSOGEN_GUARD };
	struct page page;
	bool chosen;

	check_about("exact");
	page_make(&page, &config, PAGE_COUNTS);
	page_start(&page);
	page.clock->max_age = UINT64_MAX;
	trap.count = 0;
	chosen = counter_take(&page);
	for (size_t rate = 0; rate < RATES; rate++)
		for (size_t t = 0; t < COUNT(ticks_tried); t++) {
			struct vdsogen_line line = line_at(rate);

			check_fractions(&page, &line, ticks_tried[t], chosen);
		}
	CHECK(trap.count == 0, "%lu fallbacks", trap.count);
	if (chosen) {
		check_age(&page);
		counter_give_back();
	} else {
		printf("exact: the counter cannot be chosen here: emitted code only where it does"
		       " not matter\n");
	}
	page_free(&page);
}

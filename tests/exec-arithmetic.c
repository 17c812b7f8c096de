/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines written by hand, at the boundaries of their fields, against a
 * reference in 128 bits. The counter is the machine's (exec-exact.c has its
 * own), but where it is read can be chosen: the answer lies between the
 * reference's for a counter read before and for one read after the call. Slow
 * lines make these two the same.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "exec.h"
#include "host.h"

#define RANDOM_LINES 20000
#define SEED 20240229u
#define NSEC_PER_USEC 1000
/* A counter that runs while the reference is computed must not carry the sum out of range. */
#define SLACK_TICKS ((uint64_t)1 << 40)

typedef unsigned __int128 wide;

struct point {
	int64_t sec;
	int64_t nsec;
};

/* -------------------------------------------------------------------------
 * The reference: struct vdsogen_clock's formula.
 */
/* False: more than 64 bits of nanoseconds, some 585 years from the anchor. */
static bool reference(const struct vdsogen_line *line, unsigned int base, uint64_t counter,
		      struct point *point)
{
	uint64_t ticks = (int64_t)(counter - line->last) < 0 ? 0 : counter - line->last;
	wide parts = (wide)ticks * line->mult + line->frac;
	wide nsec = (wide)ticks * line->mult_int + (uint64_t)(parts >> 64) + line->base[base].nsec;

	if (nsec >> 64)
		return false;
	point->sec = (int64_t)(line->base[base].sec + (uint64_t)(nsec / NSEC_PER_SEC));
	point->nsec = (int64_t)(nsec % NSEC_PER_SEC);
	return true;
}

static bool not_later(const struct point *a, const struct point *b)
{
	return a->sec != b->sec ? a->sec < b->sec : a->nsec <= b->nsec;
}

static bool between(const struct point *low, const struct point *p, const struct point *high)
{
	return not_later(low, p) && not_later(p, high);
}

/* -------------------------------------------------------------------------
 * One line, every function that reads it.
 */
static const struct { int id; unsigned int line, base; } readers[] = {
	{ VDSOGEN_REALTIME, 0, 0 }, { VDSOGEN_MONOTONIC, 0, 1 }, { VDSOGEN_BOOTTIME, 1, 0 },
	{ VDSOGEN_TAI, 1, 1 }, { VDSOGEN_MONOTONIC_RAW, 2, 0 },
};
#define READERS (sizeof readers / sizeof *readers)

static void report(const char *what, const struct vdsogen_line *line, uint64_t counter,
		   const struct point *low, const struct point *got, const struct point *high)
{
	CHECK(false, "%s: %" PRId64 ".%09" PRId64 " not in %" PRId64 ".%09" PRId64 "..%" PRId64
	      ".%09" PRId64 "; ticks %#" PRIx64 " rate %" PRIx32 ".%016" PRIx64 " frac %#" PRIx64,
	      what, got->sec, got->nsec, low->sec, low->nsec, high->sec, high->nsec,
	      counter - line->last, line->mult_int, line->mult, line->frac);
}

static void check_reading(const struct page *page, const struct vdsogen_line *line, size_t reader)
{
	struct point low, high, got, host;
	struct timespec now;
	struct vdsogen_time time;
	uint64_t before, after;
	int error;

	before = host_counter(NULL);
	page_function(page, VDSOGEN_CLOCK_GETTIME)((uintptr_t)readers[reader].id, (uintptr_t)&now,
						   0);
	after = host_counter(NULL);
	if (!reference(line, readers[reader].base, before, &low) ||
	    !reference(line, readers[reader].base, after + SLACK_TICKS, &high) ||
	    !reference(line, readers[reader].base, after, &high))
		return;
	got = (struct point){ now.tv_sec, now.tv_nsec };
	if (between(&low, &got, &high))
		CHECK(true, "in range");
	else
		report("clock_gettime", line, before, &low, &got, &high);

	error = vdsogen_clock_read(page->clock, readers[reader].id, before, &time);
	host = (struct point){ time.sec, time.nsec };
	if (error || host.sec != low.sec || host.nsec != low.nsec)
		report("vdsogen_clock_read", line, before, &low, &host, &low);
}

static void check_gettimeofday(const struct page *page, const struct vdsogen_line *line)
{
	struct point low, high, got;
	struct timeval now;
	uint64_t before, after;

	before = host_counter(NULL);
	page_function(page, VDSOGEN_GETTIMEOFDAY)((uintptr_t)&now, 0, 0);
	after = host_counter(NULL);
	if (!reference(line, 0, before, &low) || !reference(line, 0, after, &high))
		return;
	low.nsec = low.nsec / NSEC_PER_USEC * NSEC_PER_USEC;
	high.nsec = high.nsec / NSEC_PER_USEC * NSEC_PER_USEC;
	got = (struct point){ now.tv_sec, (int64_t)now.tv_usec * NSEC_PER_USEC };
	if (between(&low, &got, &high))
		CHECK(true, "in range");
	else
		report("gettimeofday", line, before, &low, &got, &high);
}

static void check_line(struct page *page, const struct vdsogen_line *line)
{
	bool latch = page->image.config.options & VDSOGEN_LATCH;

	for (unsigned int i = 0; i < VDSOGEN_LINES - 1; i++)
		if (latch)		/* its count is odd: what counts is the copy */
			page->clock->saved[i] = *line;
		else
			page->clock->line[i] = *line;
	for (size_t i = 0; i < READERS; i++)
		check_reading(page, line, i);
	check_gettimeofday(page, line);
}

/* -------------------------------------------------------------------------
 * Which lines.
 */
static const uint64_t nsecs[] = { 0, 1, 999, 1000, 999999000, 999999998, 999999999 };
static const uint64_t fracs[] = { 0, 1, (uint64_t)1 << 63, UINT64_MAX };
static const int64_t secs[] = { 0, 1, -1, INT32_MAX, (int64_t)1 << 40, -((int64_t)1 << 40) };
static const uint32_t mult_ints[] = { 0, 1, 41, 1000, UINT32_MAX };
static const uint64_t mults[] = {
	0, 1, 1 << 16, (uint64_t)1 << 32, (uint64_t)1 << 62, (uint64_t)1 << 63, UINT64_MAX,
};
/* How far the anchor is behind the counter; negative: ahead. */
static const int64_t ages[] = {
	0, 1, 1000, (int64_t)1 << 22, (int64_t)1 << 31, (int64_t)1 << 32, (int64_t)1 << 40,
	(int64_t)1 << 55, (int64_t)1 << 62, INT64_MAX - (int64_t)SLACK_TICKS,
	-1, -((int64_t)1 << 40), INT64_MIN + (int64_t)SLACK_TICKS,
};
#define COUNT(array) (sizeof (array) / sizeof *(array))

static struct vdsogen_line line_of(uint64_t nsec, uint64_t frac, int64_t sec, uint32_t mult_int,
				   uint64_t mult, int64_t age)
{
	const struct vdsogen_base base = { .nsec = nsec, .sec = (uint64_t)sec };
	/* the other base differs, so that taking the wrong one is seen */
	const struct vdsogen_base other = { .nsec = 999999999 - nsec, .sec = (uint64_t)sec + 7 };

	return (struct vdsogen_line){
		.seq = 2, .mult_int = mult_int, .mult = mult, .frac = frac,
		.last = host_counter(NULL) - (uint64_t)age, .base = { base, other },
	};
}

static void check_boundaries(struct page *page)
{
	for (size_t a = 0; a < COUNT(ages); a++)
	for (size_t i = 0; i < COUNT(mult_ints); i++)
	for (size_t m = 0; m < COUNT(mults); m++)
	for (size_t n = 0; n < COUNT(nsecs); n++)
	for (size_t f = 0; f < COUNT(fracs); f++) {
		struct vdsogen_line line = line_of(nsecs[n], fracs[f], secs[(n + m) % COUNT(secs)],
						   mult_ints[i], mults[m], ages[a]);

		check_line(page, &line);
	}
}

static uint64_t random64(uint64_t *state)
{
	uint64_t x = *state;	/* Marsaglia, "Xorshift RNGs" (2003), triple 13, 7, 17 */

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *state = x;
}

/* Of random length, so that small numbers come up as often as big ones. */
static uint64_t random_length(uint64_t *state)
{
	uint64_t x = random64(state);

	return x >> random64(state) % 64;
}

static void check_random(struct page *page)
{
	uint64_t state = SEED;

	for (unsigned int i = 0; i < RANDOM_LINES; i++) {
		int64_t age = (int64_t)(random_length(&state) >> 2);
		struct vdsogen_line line = line_of(
			random64(&state) % NSEC_PER_SEC, random64(&state),
			(int64_t)random_length(&state) >> 8, (uint32_t)(random_length(&state) >> 32),
			random_length(&state), random64(&state) % 8 ? age : -age);

		check_line(page, &line);
	}
}

/* The coarse clocks are their bases, and time() is the second of one, before 1970 as well. */
static void check_coarse(struct page *page)
{
	for (size_t s = 0; s < COUNT(secs); s++)
		for (size_t n = 0; n < COUNT(nsecs); n++) {
			struct vdsogen_line line = line_of(nsecs[n], 0, secs[s], 0, 0, 0);
			struct timespec now;

			page->clock->line[3] = line;
			for (unsigned int i = 0; i < 2; i++) {
				page_call(page, VDSOGEN_CLOCK_GETTIME, VDSOGEN_REALTIME_COARSE + i,
					  (uintptr_t)&now, 0);
				CHECK((uint64_t)now.tv_sec == line.base[i].sec &&
				      (uint64_t)now.tv_nsec == line.base[i].nsec,
				      "coarse clock %u: %ld.%09ld", i, (long)now.tv_sec,
				      now.tv_nsec);
			}
			if (secs[s])	/* 0 is "never started" */
				CHECK(page_call(page, VDSOGEN_TIME, 0, 0, 0) == secs[s],
				      "time() is not %" PRId64, secs[s]);
		}
}

static void check_latch(void)
{
	const struct vdsogen_config config = { .options = VDSOGEN_LATCH };
	struct page page;

	check_about("arithmetic of a latch");
	page_make(&page, &config, PAGE_COUNTS);
	page_start(&page);
	page.clock->max_age = UINT64_MAX;
	for (unsigned int i = 0; i < VDSOGEN_LINES - 1; i++)
		page.clock->line[i].seq = 3;
	trap.count = 0;
	check_random(&page);
	CHECK(trap.count == 0, "%lu fallbacks", trap.count);
	page_free(&page);
}

void exec_arithmetic(void)
{
	struct page page;

	check_latch();
	check_about("arithmetic");
	page_make(&page, NULL, PAGE_COUNTS);
	page_start(&page);
	trap.count = 0;
	check_boundaries(&page);
	check_random(&page);
	check_coarse(&page);
	CHECK(trap.count == 0, "%lu fallbacks", trap.count);
	page_free(&page);
}

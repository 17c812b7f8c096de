/* SPDX-License-Identifier: BSD-2-Clause */
/* The clock: arithmetic, steering, publishing, and what is left when a publisher dies. */
#include <check.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "bottle.h"
#include "steps.h"
#include "suites.h"
#include "threads.h"

/* -------------------------------------------------------------------------
 * Arithmetic.
 */
START_TEST(clock_division_is_exact)
{
	static const uint64_t edges[] = { 1, 2, 3, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX,
		UINT64_MAX - 1, UINT64_C(1) << 63, (UINT64_C(1) << 63) + 1, 1000000000,
		UINT64_C(0xffffffff00000000), UINT64_C(0x80000000ffffffff) };

	for (unsigned int i = 0; i < 100000; i++) {
		vg_u128 n = vg_wide(random64() >> random64() % 64, random64());
		uint64_t d = (random64() >> random64() % 64) | 1;
		uint64_t f = random64();

		if (i < COUNT(edges) * COUNT(edges) * COUNT(edges)) {
			n = vg_wide(edges[i % COUNT(edges)],
				    edges[i / COUNT(edges) % COUNT(edges)]);
			d = edges[i / COUNT(edges) / COUNT(edges)];
		}
		ck_assert(vg_divide(n, d) == n / d);
		/* of hosts without an instruction for it */
		ck_assert_uint_eq(vg_long_quotient(vg_high(n) % d, (uint64_t)n, d),
				  (uint64_t)(vg_wide(vg_high(n) % d, (uint64_t)n) / d));
		n &= vg_wide(UINT32_MAX, UINT64_MAX);
		/* n * f / 2^64 in two halves of f, which cannot overflow */
		ck_assert(vg_scaled(n, f) == (n * (f >> 32) + (n * (uint32_t)f >> 32)) >> 32);
	}
}
END_TEST

/*
 * (nsec * 2^64 + frac + ticks * (mult_int * 2^64 + mult)) / 2^64 modulo 2^64,
 * multiplied with pencil and paper: digits of 32 bits.
 */
static uint64_t paper_nsec(const struct vdsogen_line *line, uint64_t nsec, uint64_t ticks)
{
	uint32_t a[3] = { (uint32_t)line->mult, (uint32_t)(line->mult >> 32), line->mult_int };
	uint32_t b[2] = { (uint32_t)ticks, (uint32_t)(ticks >> 32) };
	uint32_t sum[6] = { (uint32_t)line->frac, (uint32_t)(line->frac >> 32),
			    (uint32_t)nsec, (uint32_t)(nsec >> 32) };

	for (unsigned int i = 0; i < 2; i++) {
		uint64_t carry = 0;

		for (unsigned int j = 0; i + j < 6; j++) {
			carry += (j < 3 ? (uint64_t)a[j] * b[i] : 0) + sum[i + j];
			sum[i + j] = (uint32_t)carry;
			carry >>= 32;
		}
	}
	return (uint64_t)sum[3] << 32 | sum[2];
}

static void check_line(const struct vdsogen_line *line, uint64_t counter)
{
	struct vdsogen_clock clock = { .line = { [0] = *line }, .max_age = UINT64_MAX };
	uint64_t ticks = counter - line->last;
	struct vdsogen_time time;

	clock.line[0].seq = 2;
	if (ticks >> 63)
		ticks = 0;
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t nsec = paper_nsec(line, line->base[i].nsec, ticks);

		ck_assert_int_eq(vdsogen_clock_read(&clock,
						    i ? VDSOGEN_MONOTONIC : VDSOGEN_REALTIME,
						    counter, &time),
				 0);
		ck_assert_int_eq(time.sec, (int64_t)(line->base[i].sec + nsec / SEC));
		ck_assert_uint_eq(time.nsec, nsec % SEC);
	}
}

static const uint64_t deltas[] = { 0, 1, 2, 999999999, UINT32_MAX, UINT64_C(1) << 32,
	UINT64_C(1) << 40, UINT64_C(1) << 62, (UINT64_C(1) << 63) - 1, UINT64_C(1) << 63, -1 };
static const uint64_t words[] = { 0, 1, UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX };
static const uint32_t ints[] = { 0, 1, 1000, UINT32_MAX };

START_TEST(clock_line_is_exact_at_boundaries)
{
	for (unsigned int i = 0; i < COUNT(words) * COUNT(words) * COUNT(ints); i++) {
		struct vdsogen_line line = {
			.mult = words[i % COUNT(words)],
			.frac = words[i / COUNT(words) % COUNT(words)],
			.mult_int = ints[i / COUNT(words) / COUNT(words)],
			.base = { { 999999999, 0 }, { 0, (uint64_t)-2 } },
		};

		for (unsigned int j = 0; j < COUNT(deltas); j++) {
			line.last = words[j % COUNT(words)];
			check_line(&line, line.last + deltas[j]);
		}
	}
}
END_TEST

START_TEST(clock_line_is_exact_at_random)
{
	for (unsigned int i = 0; i < 100000; i++) {
		uint64_t hz = (uint64_t)random_between(VDSOGEN_HZ_MIN, (int64_t)VDSOGEN_HZ_MAX);
		vg_u128 rate = ((vg_u128)SEC << 64) / hz;
		struct vdsogen_line line = {
			.mult_int = (uint32_t)vg_high(rate), .mult = (uint64_t)rate,
			.last = random64(), .frac = random64(),
			.base = { { random64() % SEC, random64() >> 30 },
				  { random64() % SEC, random64() >> 30 } },
		};

		check_line(&line, line.last + (random64() >> random64() % 64));
	}
}
END_TEST

START_TEST(clock_new_anchor_changes_no_answer)
{
	for (unsigned int i = 0; i < 10000; i++) {
		struct vdsogen_clock old = { .max_age = UINT64_MAX }, new;
		struct vdsogen_line *line = &old.line[0];

		line->seq = 2;
		line->mult_int = (uint32_t)random_between(0, 1000);
		line->mult = random64();
		line->frac = random64();
		line->last = random64();
		line->base[1] = (struct vdsogen_base){ random64() % SEC, 12345 };
		new = old;
		for (unsigned int j = 0; j < 10; j++) {
			uint64_t counter;

			vg_line_advance(&new.line[0], new.line[0].last + (random64() >> 20));
			counter = new.line[0].last + (random64() >> (20 + random64() % 44));
			ck_assert_int_eq(reading(&old, VDSOGEN_MONOTONIC, counter),
					 reading(&new, VDSOGEN_MONOTONIC, counter));
			/* the fraction too, or the next one would be lost */
			vg_line_advance(line, new.line[0].last);
			ck_assert_uint_eq(line->frac, new.line[0].frac);
		}
	}
}
END_TEST

/* ------------------------------------------------------------------------- */

START_TEST(clock_start_is_at_the_nominal_rate)
{
	static const struct { uint64_t hz; uint32_t scale, unit; } rates[] = {
		{ 24000000, 0, 0 }, { 62500000, 0, 0 }, { 2596122000, 0, 0 }, { GHZ, 0, 0 },
		{ VDSOGEN_HZ_MIN, 0, 0 }, { VDSOGEN_HZ_MAX, 0, 0 }, { GHZ, 2, 1 }, { GHZ, 1, 3 },
		{ 19200000, 7, 1000003 }, { VDSOGEN_HZ_MAX, UINT32_MAX, UINT32_MAX },
		{ VDSOGEN_HZ_MAX, UINT32_MAX, 1 }, { VDSOGEN_HZ_MAX, 1, UINT32_MAX },
		{ VDSOGEN_HZ_MIN, 1000000, 1 }, { VDSOGEN_HZ_MAX, 0, 1 },
	};

	for (unsigned int i = 0; i < COUNT(rates); i++) {
		struct vdsogen_clock clock = { .clocks = 0 };
		struct host host = new_host(rates[i].hz);
		struct vdsogen_sample sample = sampled(&host, 0, 0);
		struct vdsogen_source source = { .hz = rates[i].hz, .scale = rates[i].scale,
						 .unit = rates[i].unit };
		uint32_t unit = source.unit ? source.unit : 1;
		vg_u128 scale = source.unit ? source.scale : 1;
		vg_u128 rate = (scale * SEC << 64) / ((vg_u128)source.hz * unit);

		ck_assert_int_eq(vdsogen_clock_start(&clock, &source, &sample), 0);
		for (unsigned int j = 0; j < 3; j++) {
			ck_assert_uint_eq(clock.line[j].mult, (uint64_t)rate);
			ck_assert_uint_eq(clock.line[j].mult_int, vg_high(rate));
		}
		for (unsigned int j = 0; j < VDSOGEN_LINES; j++)
			ck_assert_uint_eq(clock.line[j].seq, 2);
		ck_assert_uint_eq(clock.line[3].mult | clock.line[3].mult_int, 0);
	}
}
END_TEST

START_TEST(clock_start_says_what_the_sample_says)
{
	struct vdsogen_clock clock = { .clocks = 0 };
	struct host host = new_host(GHZ);
	int64_t first = host_mono(&host);
	const int64_t ahead[] = { host.real,	       0, host.raw, host.real, 0, host.boot,
				  host.real + 37 * SEC };

	start(&clock, &host);
	for (unsigned int i = 0; i < CLOCK_IDS; i++) {
		int coarse = VG_COARSE_CLOCKS >> clock_ids[i] & 1;

		ck_assert_int_eq(reading(&clock, clock_ids[i], host.counter), first + ahead[i]);
		ck_assert_int_eq(reading(&clock, clock_ids[i], host.counter - 5), first + ahead[i]);
		ck_assert_int_eq(reading(&clock, clock_ids[i], host.counter + 5 * GHZ),
				 first + ahead[i] + (coarse ? 0 : 5 * SEC));
	}
	ck_assert_uint_eq(clock.res, 1);
	ck_assert_uint_eq(clock.res_coarse, 4000000);
	ck_assert_uint_eq(clock.timezone, 0);
	ck_assert_uint_eq(clock.max_age, UINT64_MAX);
}
END_TEST

START_TEST(clock_start_takes_the_source)
{
	struct vdsogen_clock clock = { .clocks = 1u << VDSOGEN_MONOTONIC | 1u << VDSOGEN_REALTIME };
	struct host host = new_host(62500000);
	struct vdsogen_sample sample = sampled(&host, 0, 0);
	struct vdsogen_source source = { .hz = 62500000, .res = 16, .res_coarse = 5,
		.minutes_west = -60, .dst = 1, .max_age = 33, .slew_ppm = 100000 };
	struct vdsogen_time time;

	ck_assert_int_eq(vdsogen_clock_start(&clock, &source, &sample), 0);
	ck_assert_uint_eq(clock.clocks, 1u << VDSOGEN_MONOTONIC | 1u << VDSOGEN_REALTIME);
	ck_assert_uint_eq(clock.res, 16);
	ck_assert_uint_eq(clock.res_coarse, 5);
	ck_assert_uint_eq(clock.timezone, UINT64_C(0x1ffffffc4));
	ck_assert_uint_eq(clock.max_age, 3);	/* 33 ns are 2.06 ticks of 16 ns */
	ck_assert_int_eq(vdsogen_clock_read(&clock, VDSOGEN_MONOTONIC, host.counter + 3, &time), 0);
	ck_assert_int_eq(vdsogen_clock_read(&clock, VDSOGEN_MONOTONIC, host.counter + 4, &time),
			 -VDSOGEN_ERR_STALE);
	ck_assert_int_eq(vdsogen_clock_read(&clock, VDSOGEN_MONOTONIC, host.counter - 4, &time), 0);
	/* the coarse clocks have no age; these two are not served */
	clock.clocks |= 1u << VDSOGEN_MONOTONIC_COARSE;
	ck_assert_int_eq(
		vdsogen_clock_read(&clock, VDSOGEN_MONOTONIC_COARSE, host.counter + 4, &time), 0);
	source.max_age = UINT64_MAX;
	source.hz = VDSOGEN_HZ_MAX;
	ck_assert_int_eq(vdsogen_clock_start(&clock, &source, &sample), 0);
	ck_assert_uint_eq(clock.max_age, UINT64_MAX);
}
END_TEST

/* -------------------------------------------------------------------------
 * Errors. Each leaves the block as it was.
 */
static void expect_start(int expected, struct vdsogen_source source, struct vdsogen_sample sample)
{
	struct vdsogen_clock clock = { .clocks = VG_CLOCKS }, before = clock;

	ck_assert_int_eq(vdsogen_clock_start(&clock, &source, &sample), -expected);
	ck_assert_mem_eq(&clock, &before, sizeof clock);
}

START_TEST(clock_bad_source_is_refused)
{
	struct host host = new_host(GHZ);
	struct vdsogen_sample good = sampled(&host, 0, 0);

	expect_start(VDSOGEN_ERR_FREQUENCY, (struct vdsogen_source){ .hz = 0 }, good);
	expect_start(VDSOGEN_ERR_FREQUENCY, (struct vdsogen_source){ .hz = VDSOGEN_HZ_MIN - 1 },
		     good);
	expect_start(VDSOGEN_ERR_FREQUENCY, (struct vdsogen_source){ .hz = VDSOGEN_HZ_MAX + 1 },
		     good);
	expect_start(VDSOGEN_ERR_VALUE, (struct vdsogen_source){ .hz = GHZ, .scale = 1 }, good);
	expect_start(VDSOGEN_ERR_VALUE, (struct vdsogen_source){ .hz = GHZ, .slew_ppm = 100001 },
		     good);
	/* more whole nanoseconds a tick than a word has, with room for the slew */
	expect_start(VDSOGEN_ERR_VALUE,
		     (struct vdsogen_source){ .hz = VDSOGEN_HZ_MIN, .scale = 3000000, .unit = 1 },
		     good);
}
END_TEST

static void spoil(struct vdsogen_sample *sample, unsigned int how)
{
	struct vdsogen_time *times[] = { &sample->realtime, &sample->monotonic, &sample->boottime,
					 &sample->raw };
	struct vdsogen_time *time = times[how % COUNT(times)];

	switch (how / COUNT(times)) {
	case 0: time->nsec = SEC; break;
	case 1: time->sec = INT64_MAX; break;
	case 2: time->sec = INT64_MIN; break;
	case 3: time->sec = ((int64_t)1 << 40) + 1; break;
	default: sample->before = sample->after + 1;
	}
}

START_TEST(clock_bad_sample_is_refused)
{
	struct vdsogen_clock clock = { .clocks = 0 }, before;
	struct host host = new_host(GHZ);

	start(&clock, &host);
	before = clock;
	for (unsigned int how = 0; how <= 16; how++) {
		struct vdsogen_sample sample = sampled(&host, 0, 0);

		spoil(&sample, how);
		expect_start(VDSOGEN_ERR_VALUE, (struct vdsogen_source){ .hz = GHZ }, sample);
		ck_assert_int_eq(vdsogen_clock_update(&clock, &sample, host_counter, &host),
				 -VDSOGEN_ERR_VALUE);
		ck_assert_mem_eq(&clock, &before, sizeof clock);
	}
}
END_TEST

START_TEST(clock_unserved_clocks_are_ignored)
{
	static const struct vdsogen_time bad = { INT64_MIN, UINT32_MAX };
	static const uint32_t masks[] = {
		1u << VDSOGEN_MONOTONIC, 1u << VDSOGEN_MONOTONIC_RAW, 1u << VDSOGEN_BOOTTIME,
		1u << VDSOGEN_REALTIME, 1u << VDSOGEN_MONOTONIC_COARSE, 1u << VDSOGEN_TAI,
		1u << VDSOGEN_REALTIME_COARSE | 1u << VDSOGEN_MONOTONIC,
	};

	for (unsigned int i = 0; i < COUNT(masks); i++) {
		struct vdsogen_clock clock = { .clocks = masks[i] };
		struct host host = new_host(GHZ);
		struct vdsogen_source source = { .hz = GHZ };
		struct vdsogen_sample sample = sampled(&host, 0, 0);
		struct vdsogen_time time;

		if (!(masks[i] & (1u << VDSOGEN_REALTIME | 1u << VDSOGEN_TAI |
				  1u << VDSOGEN_REALTIME_COARSE)))
			sample.realtime = bad;
		if (!(masks[i] & 1u << VDSOGEN_BOOTTIME))
			sample.boottime = bad;
		if (masks[i] == 1u << VDSOGEN_MONOTONIC_RAW)
			sample.monotonic = bad;
		else
			sample.raw = bad;
		ck_assert_int_eq(vdsogen_clock_start(&clock, &source, &sample), 0);
		ck_assert_int_eq(vdsogen_clock_update(&clock, &sample, host_counter, &host), 0);
		ck_assert_uint_eq(clock.clocks, masks[i]);
		for (int id = -8; id < 40; id++) {
			int served = id >= 0 && id < 32 && masks[i] >> id & 1;

			ck_assert_int_eq(vdsogen_clock_read(&clock, id, host.counter, &time),
					 served ? 0 : -VDSOGEN_ERR_CLOCK);
		}
	}
}
END_TEST

START_TEST(clock_wrong_state_is_told)
{
	static const int wrong_ids[] = { -1, 2, 3, 8, 9, 10, 12, 31, 32, 33, INT32_MAX, INT32_MIN };
	struct vdsogen_clock clock = { .clocks = 0 }, before = clock;
	struct host host = new_host(GHZ);
	struct vdsogen_sample sample = sampled(&host, 0, 0);
	struct vdsogen_time time = { 1, 2 };

	for (unsigned int i = 0; i < CLOCK_IDS; i++)
		ck_assert_int_eq(vdsogen_clock_read(&clock, clock_ids[i], 0, &time),
				 -VDSOGEN_ERR_UNSEEDED);
	for (unsigned int i = 0; i < COUNT(wrong_ids); i++)
		ck_assert_int_eq(vdsogen_clock_read(&clock, wrong_ids[i], 0, &time),
				 -VDSOGEN_ERR_CLOCK);
	ck_assert_int_eq(vdsogen_clock_update(&clock, &sample, host_counter, &host),
			 -VDSOGEN_ERR_UNSEEDED);
	ck_assert_mem_eq(&clock, &before, sizeof clock);
	ck_assert_int_eq(time.sec, 1);
	ck_assert_uint_eq(time.nsec, 2);
}
END_TEST

START_TEST(clock_misaligned_is_refused)
{
	struct vdsogen_clock room[2] = { { .clocks = 0 } }, before[2] = { { .clocks = 0 } };
	struct host host = new_host(GHZ);
	struct vdsogen_source source = { .hz = GHZ };
	struct vdsogen_sample sample = sampled(&host, 0, 0);
	struct vdsogen_time time;

	for (unsigned int by = 1; by < VDSOGEN_ALIGN; by++) {
		void *clock = (char *)room + by;

		ck_assert_int_eq(vdsogen_clock_start(clock, &source, &sample), -VDSOGEN_ERR_ALIGN);
		ck_assert_int_eq(vdsogen_clock_resume(clock, &source, &sample, 0),
				 -VDSOGEN_ERR_ALIGN);
		ck_assert_int_eq(vdsogen_clock_update(clock, &sample, host_counter, &host),
				 -VDSOGEN_ERR_ALIGN);
		ck_assert_int_eq(vdsogen_clock_read(clock, 1, 0, &time), -VDSOGEN_ERR_ALIGN);
		ck_assert_int_eq(vdsogen_clock_recover(clock), -VDSOGEN_ERR_ALIGN);
		vdsogen_clock_reset(clock);
	}
	ck_assert_mem_eq(room, before, sizeof room);
}
END_TEST

/* -------------------------------------------------------------------------
 * Steering.
 */
static void torment(struct host *host)
{
	switch (random64() % 16) {
	case 0: host->mono += Q64(random_between(-3 * SEC, 3 * SEC)); break;
	case 1: host->mono += Q64(random_between(-100000, 100000)); break;
	case 2: host->real += random_between(-3600 * SEC, 3600 * SEC); break;
	case 3: host->boot += random_between(-SEC, 100 * SEC); break;
	case 4: host->raw += random_between(-SEC, SEC); break;
	case 5: host->ppb = random_between(-900000, 900000); break;
	default: break;
	}
}

START_TEST(clock_never_goes_back)
{
	static const uint64_t freqs[] = { VDSOGEN_HZ_MIN, 24000000, 62500000, 2596122000,
					  VDSOGEN_HZ_MAX };

	for (unsigned int run = 0; run < 20; run++) {
		struct vdsogen_clock clock = { .clocks = 0 };
		struct host host = new_host(freqs[run % COUNT(freqs)]);
		struct vdsogen_source source = { .hz = host.hz,
						 .slew_ppm = run & 1 ? 100000 : 500 };
		struct vdsogen_sample sample = sampled(&host, 0, 0);
		struct highest highest = { { 0 } };

		ck_assert_int_eq(vdsogen_clock_start(&clock, &source, &sample), 0);
		for (unsigned int i = 0; i < 1000; i++) {
			uint64_t bracket = random64() % 4 ? random64() % 100 : random64() % host.hz;

			pass(&host, (int64_t)(random64() % SEC >> random64() % 30));
			torment(&host);
			host.counter += bracket;
			sample = sampled(&host, bracket, random_between(-20000, 20000));
			host.counter += bracket;
			pass_ticks(&host, random64() % 1000);
			check_steady(&clock, &highest, host.counter);
			ck_assert_int_eq(vdsogen_clock_update(&clock, &sample, host_counter, &host),
					 0);
			check_steady(&clock, &highest, host.counter);
			check_steady(&clock, &highest, ++host.counter);
			check_rates(&clock, host.hz, source.slew_ppm);
		}
	}
}
END_TEST

/*
 * A latch's readers of the old lines may go on up to the age limit: nowhere is
 * a new line behind, as long as that may be read as well.
 */
static void check_outlasted(const struct vdsogen_clock *old, const struct vdsogen_clock *new,
			    uint64_t counter)
{
	for (unsigned int i = 0; i < STEADY_IDS; i++) {
		unsigned int line = steady_ids[i] == VDSOGEN_MONOTONIC_RAW ? 2 : 0;
		uint64_t limit = old->line[line].last + old->max_age;
		uint64_t new_limit = new->line[line].last + new->max_age;

		if ((int64_t)(limit - new_limit) > 0)
			limit = new_limit;
		if ((int64_t)(limit - counter) <= 0)
			continue;
		for (unsigned int j = 0; j < 8; j++) {
			uint64_t at = j ? counter + random64() % (limit - counter) : limit;

			ck_assert_int_ge(reading(new, steady_ids[i], at),
					 reading(old, steady_ids[i], at));
		}
	}
}

/* A start that slows the clock down, with another limit. */
static void restart_slower(int64_t old_limit, int64_t new_limit)
{
	struct vdsogen_clock clock = { .options = VDSOGEN_LATCH }, old;
	struct host host = new_host(24000000);
	struct vdsogen_source source = { .hz = 24000000, .max_age = (uint64_t)old_limit };
	struct vdsogen_sample sample = sampled(&host, 0, 0);

	ck_assert_int_eq(vdsogen_clock_start(&clock, &source, &sample), 0);
	host.mono += Q64(SEC / 2);		/* as fast as it goes */
	pass(&host, SEC / 20);
	update(&clock, &host);
	host.mono -= Q64(SEC);
	pass(&host, SEC / 20);
	old = clock;
	sample = sampled(&host, 0, 0);
	source.max_age = (uint64_t)new_limit;
	ck_assert_int_eq(vdsogen_clock_start(&clock, &source, &sample), 0);
	check_outlasted(&old, &clock, host.counter);
	old.max_age = clock.max_age;
	check_outlasted(&old, &clock, host.counter);
}

START_TEST(clock_latch_outlasts_its_old_limit)
{
	restart_slower(SEC, SEC / 10);
	restart_slower(SEC / 10, SEC);
}
END_TEST

START_TEST(clock_latch_outlasts_its_old_lines)
{
	struct vdsogen_clock clock = { .options = VDSOGEN_LATCH }, old;
	struct host host = new_host(24000000);
	struct vdsogen_source source = { .hz = 24000000 };
	struct vdsogen_sample sample = sampled(&host, 0, 0);

	ck_assert_int_eq(vdsogen_clock_start(&clock, &source, &sample), 0);
	ck_assert_uint_eq(clock.max_age, source.hz);	/* a second, where none is given */
	for (unsigned int i = 0; i < 5000; i++) {
		pass(&host, (int64_t)(random64() % SEC >> random64() % 30));
		torment(&host);
		sample = sampled(&host, 0, random_between(-20000, 20000));
		old = clock;
		if (i % 16) {
			ck_assert_int_eq(vdsogen_clock_update(&clock, &sample, host_counter, &host),
					 0);
		} else {
			source.max_age = random64() % (2 * SEC);
			ck_assert_int_eq(vdsogen_clock_start(&clock, &source, &sample), 0);
		}
		check_outlasted(&old, &clock, host.counter);
		old.max_age = clock.max_age;	/* which they may meet as well */
		check_outlasted(&old, &clock, host.counter);
	}
}
END_TEST

/* Moving ahead as the rate falls does not drive the clock away from the host. */
START_TEST(clock_latch_follows_the_host)
{
	struct vdsogen_clock clock = { .options = VDSOGEN_LATCH };
	struct host host = new_host(2596122000);
	int64_t error;

	start(&clock, &host);
	for (unsigned int i = 0; i < 2000; i++) {
		if (i % 500 == 0)
			host.ppb = random_between(-300000, 300000);
		pass(&host, SEC / 10);
		error = mono(&clock, &host) - host_mono(&host);
		/* a rate of 600 ppm off for one interval, and what the clock jumps for it */
		ck_assert_int_le(llabs(error), 1000000);
		if (i % 500 > 400)
			ck_assert_int_le(llabs(error), 1000);
		update(&clock, &host);
	}
}
END_TEST

/* Nor does a rate that only trembles: as often as it changes, it jumps ahead. */
static void tremble(uint64_t max_age, int64_t interval, int64_t noise, int64_t most)
{
	struct vdsogen_clock clock = { .options = VDSOGEN_LATCH };
	struct host host = new_host(GHZ);
	struct vdsogen_source source = { .hz = GHZ, .max_age = max_age };
	struct vdsogen_sample sample = sampled(&host, 0, 0);

	host.ppb = 30000;
	ck_assert_int_eq(vdsogen_clock_start(&clock, &source, &sample), 0);
	for (unsigned int i = 0; i < 5000; i++) {
		pass(&host, interval);
		sample = sampled(&host, 0, random_between(-noise, noise));
		if (i > 1000)
			ck_assert_int_le(llabs(mono(&clock, &host) - host_mono(&host)), most);
		ck_assert_int_eq(vdsogen_clock_update(&clock, &sample, host_counter, &host), 0);
	}
}

START_TEST(clock_latch_does_not_climb_on_noise)
{
	tremble(10 * SEC, SEC, 100, 2000);
	tremble(SEC, SEC / 100, 1000, 20000);
	tremble(SEC, SEC / 10, 100, 2000);
	tremble(SEC / 10, SEC / 1000, 100, 4000);
}
END_TEST

START_TEST(clock_latch_needs_a_limit)
{
	struct vdsogen_clock clock = { .options = VDSOGEN_LATCH };
	struct host host = new_host(GHZ);
	struct vdsogen_source source = { .hz = GHZ, .max_age = (uint64_t)3600 * SEC };
	struct vdsogen_sample sample = sampled(&host, 0, 0);
	struct vdsogen_time time;
	uint64_t limit = host.counter + 3600 * GHZ;

	ck_assert_int_eq(vdsogen_clock_start(&clock, &source, &sample), 0);
	reading(&clock, VDSOGEN_MONOTONIC, limit);
	ck_assert_int_eq(vdsogen_clock_read(&clock, 1, limit + 1, &time), -VDSOGEN_ERR_STALE);
	source.max_age++;
	ck_assert_int_eq(vdsogen_clock_start(&clock, &source, &sample), -VDSOGEN_ERR_VALUE);
}
END_TEST

/* A counter that has gone back is no reason for a clock to. */
START_TEST(clock_survives_a_counter_that_goes_back)
{
	struct vdsogen_clock clock = { .clocks = 0 };
	struct host host = new_host(GHZ);
	struct highest highest = { { 0 } };

	start(&clock, &host);
	for (unsigned int i = 0; i < 1000; i++) {
		pass(&host, random_between(0, SEC / 10));
		update(&clock, &host);
		check_steady(&clock, &highest, host.counter);
		host.counter -= random64() % GHZ;
		check_steady(&clock, &highest, host.counter);
		update(&clock, &host);
		check_steady(&clock, &highest, host.counter);
	}
}
END_TEST

/* Host clocks off by so much, sampled so often with so much noise: the error after a while. */
static int64_t error_after(int64_t ppb, int64_t interval, int64_t noise, int64_t seconds)
{
	struct vdsogen_clock clock = { .clocks = 0 };
	struct host host = new_host(2596122000);
	int64_t worst = 0;

	host.ppb = ppb;
	start(&clock, &host);
	for (int64_t t = 0; t < seconds * SEC; t += interval) {
		struct vdsogen_sample sample;
		int64_t error;

		pass(&host, interval);
		sample = sampled(&host, 100, random_between(-noise, noise));
		error = mono(&clock, &host) - host_mono(&host);
		if (t > seconds * SEC / 2)
			worst = llabs(error) > worst ? llabs(error) : worst;
		ck_assert_int_eq(vdsogen_clock_update(&clock, &sample, host_counter, &host), 0);
		error = reading(&clock, VDSOGEN_MONOTONIC_RAW, host.counter) - host_mono(&host) -
			host.raw;
		if (t > seconds * SEC / 2)
			worst = llabs(error) > worst ? llabs(error) : worst;
	}
	return worst;
}

START_TEST(clock_converges_to_the_host)
{
	ck_assert_int_le(error_after(300000, SEC / 10, 0, 20), 10);
	ck_assert_int_le(error_after(-300000, SEC / 10, 100, 20), 1000);
	ck_assert_int_le(error_after(300000, SEC / 4, 100, 20), 1000);
	ck_assert_int_le(error_after(300000, SEC / 1000, 100, 20), 1000);
	ck_assert_int_le(error_after(-480000, SEC / 50, 100, 20), 1000);
	ck_assert_int_le(error_after(40000, 10 * SEC, 100, 1000), 4000);
}
END_TEST

/* An error is closed in a few seconds, and without swinging past. */
START_TEST(clock_closes_an_error)
{
	static const int64_t intervals[] = {
		SEC / 1000, SEC / 100, SEC / 10, SEC / 4, SEC, 10 * SEC
	};

	for (unsigned int i = 0; i < COUNT(intervals); i++) {
		struct vdsogen_clock clock = { .clocks = 0 };
		struct host host = new_host(24000000);
		int64_t error = 0, worst = 0;

		start(&clock, &host);
		for (int64_t t = 0; t < 10 * SEC; t += intervals[i]) {
			pass(&host, intervals[i]);
			update(&clock, &host);
		}
		host.mono += Q64(200000);
		for (int64_t t = 0; t < 20 * SEC || t < 40 * intervals[i]; t += intervals[i]) {
			pass(&host, intervals[i]);
			update(&clock, &host);
			error = host_mono(&host) - mono(&clock, &host);
			worst = error < worst ? error : worst;
			/* REALTIME goes with MONOTONIC: their distance is what it was */
			ck_assert_int_eq(real(&clock, &host),
					 mono(&clock, &host) + host.real);
		}
		/* seldom sampled, a step and a rate look alike for a while */
		ck_assert_int_ge(worst, intervals[i] <= SEC / 4 ? -1000 : -100000);
		ck_assert_msg(llabs(error) < 1000, "%lld ns at %lld", (long long)error,
			      (long long)intervals[i]);
	}
}
END_TEST

START_TEST(clock_closes_an_error_in_about_a_second)
{
	struct vdsogen_clock clock = { .clocks = 0 };
	struct host host = new_host(24000000);
	int64_t error;

	start(&clock, &host);
	for (unsigned int i = 0; i < 1100; i++) {
		if (i == 1000)
			host.mono += Q64(20000);
		pass(&host, SEC / 100);
		update(&clock, &host);
	}
	error = host_mono(&host) - mono(&clock, &host);
	ck_assert_int_gt(error, 4000);
	ck_assert_int_lt(error, 12000);
}
END_TEST

START_TEST(clock_ignores_wide_brackets)
{
	struct vdsogen_clock clock = { .clocks = 0 };
	struct host host = new_host(GHZ);

	start(&clock, &host);
	for (unsigned int i = 0; i < 200; i++) {
		struct vdsogen_sample sample;

		pass(&host, SEC / 100);
		/* every other sample was interrupted for 5 ms, its clocks read at the end */
		sample = sampled(&host, 100, 0);
		if (i & 1)
			sample = sampled(&host, 5000000, 2400000);
		pass(&host, 5000000);
		ck_assert_int_eq(vdsogen_clock_update(&clock, &sample, host_counter, &host), 0);
		ck_assert_int_le(llabs(mono(&clock, &host) -
				       host_mono(&host)), 10);
	}
}
END_TEST

/* |rate the track has learned / nominal - 1| < 1 ppm, for a host whose clocks are right */
static void check_learned(const struct vdsogen_clock *clock)
{
	for (unsigned int i = 0; i < 2; i++) {
		const struct vdsogen_track *track = &clock->track[i];
		vg_u128 nominal = vg_wide(track->nominal_int, track->nominal);
		vg_u128 rate = vg_wide(track->rate_int, track->rate), ppm = nominal / 1000000;

		ck_assert(rate < nominal + ppm && rate > nominal - ppm);
	}
}

START_TEST(clock_learns_no_rate_from_bad_samples)
{
	struct vdsogen_clock clock = { .clocks = 0 };
	struct host host = new_host(GHZ);
	struct vdsogen_source source = { .hz = GHZ };
	struct vdsogen_sample sample = sampled(&host, 50000, 24000), older;

	/* a start that was interrupted while it sampled */
	ck_assert_int_eq(vdsogen_clock_start(&clock, &source, &sample), 0);
	for (unsigned int i = 0; i < 3; i++) {
		pass(&host, SEC / 10);
		update(&clock, &host);
	}
	check_learned(&clock);
	/* a sample that was overtaken by a later one, and one from the same moment */
	older = sampled(&host, 0, 900);
	pass(&host, SEC / 10);
	update(&clock, &host);
	sample = sampled(&host, 0, 900);
	ck_assert_int_eq(vdsogen_clock_update(&clock, &sample, host_counter, &host), 0);
	ck_assert_int_eq(vdsogen_clock_update(&clock, &older, host_counter, &host), 0);
	check_learned(&clock);
	/* a step of the host's clock */
	host.mono += Q64(SEC / 10);
	pass(&host, SEC / 10);
	update(&clock, &host);
	pass(&host, SEC / 10);
	update(&clock, &host);
	check_learned(&clock);
}
END_TEST

START_TEST(clock_jumps_far_ahead_and_never_far_back)
{
	struct vdsogen_clock clock = { .clocks = 0 };
	struct host host = new_host(GHZ);
	int64_t before, after;

	start(&clock, &host);
	host.mono += Q64(3600 * SEC);	/* the counter stood still */
	update(&clock, &host);
	for (unsigned int i = 0; i < CLOCK_IDS; i++) {
		const int64_t ahead[] = { host.real, 0, host.raw, host.real, 0, host.boot,
					  host.real + 37 * SEC };

		ck_assert_int_eq(reading(&clock, clock_ids[i], host.counter),
				 host_mono(&host) + ahead[i]);
	}
	host.mono -= Q64(1800 * SEC);
	before = mono(&clock, &host);
	for (unsigned int i = 0; i < 100; i++) {
		pass(&host, SEC / 10);
		update(&clock, &host);
	}
	after = mono(&clock, &host);
	/* ten seconds passed, less 500 ppm of them */
	ck_assert_int_lt(llabs(after - before - 10 * SEC + 5000000), 100000);
}
END_TEST

static int64_t real_error(const struct vdsogen_clock *clock, const struct host *host)
{
	return reading(clock, VDSOGEN_REALTIME, host->counter) - host_mono(host) - host->real;
}

START_TEST(clock_steps_realtime)
{
	struct vdsogen_clock clock = { .clocks = 0 };
	struct host host = new_host(GHZ);
	struct highest highest = { { 0 } };
	static const int64_t steps[] = {
		-3600 * SEC, 50000000, -150000, 86400 * SEC, 20000, -20000
	};

	start(&clock, &host);
	for (unsigned int i = 0; i < COUNT(steps); i++) {
		pass(&host, SEC / 10);
		host.real += steps[i];
		update(&clock, &host);
		ck_assert_int_le(llabs(real_error(&clock, &host)), 1);
		check_steady(&clock, &highest, host.counter);
		ck_assert_int_eq(reading(&clock, VDSOGEN_REALTIME_COARSE, host.counter),
				 real(&clock, &host));
	}
	/* noise is no step */
	host.real += 5000;
	update(&clock, &host);
	ck_assert_int_le(llabs(real_error(&clock, &host) + 5000), 1);
	/* a leap second's announcement */
	host.tai = 38;
	update(&clock, &host);
	ck_assert_int_eq(reading(&clock, VDSOGEN_TAI, host.counter),
			 real(&clock, &host) + 38 * SEC);
}
END_TEST

static int64_t boot_error(const struct vdsogen_clock *clock, const struct host *host)
{
	return reading(clock, VDSOGEN_BOOTTIME, host->counter) - host_mono(host) - host->boot;
}

START_TEST(clock_boottime_grows_by_a_suspend)
{
	struct vdsogen_clock clock = { .clocks = 0 };
	struct host host = new_host(GHZ);

	start(&clock, &host);
	pass(&host, SEC / 10);
	host.boot += 500 * SEC;		/* suspended; the counter stood still */
	host.real += 500 * SEC;
	update(&clock, &host);
	ck_assert_int_le(llabs(boot_error(&clock, &host)), 1);
	ck_assert_int_le(llabs(real_error(&clock, &host)), 1);
	host.boot -= 100 * SEC;		/* it cannot shrink */
	update(&clock, &host);
	ck_assert_int_le(llabs(boot_error(&clock, &host) - 100 * SEC), 1);
}
END_TEST

/* The counter goes on in a suspend and MONOTONIC does not: only MONOTONIC is ahead. */
START_TEST(clock_suspend_with_a_running_counter)
{
	struct vdsogen_clock clock = { .clocks = 0 };
	struct host host = new_host(GHZ);

	start(&clock, &host);
	pass(&host, 500 * SEC);
	host.mono -= Q64(500 * SEC);
	host.boot += 500 * SEC;
	host.real += 500 * SEC;
	for (unsigned int i = 0; i < 100; i++) {
		pass(&host, SEC / 10);
		update(&clock, &host);
		ck_assert_int_le(llabs(boot_error(&clock, &host)), 60000);
		ck_assert_int_le(llabs(real_error(&clock, &host)), 60000);
	}
	ck_assert_int_gt(mono(&clock, &host), host_mono(&host) + 499 * SEC);
}
END_TEST

START_TEST(clock_frozen_stands_still)
{
	struct vdsogen_clock clock = { .clocks = 0 };
	struct host host = new_host(GHZ);
	struct vdsogen_source source = { .hz = GHZ, .scale = 0, .unit = 1 };
	struct vdsogen_sample sample = sampled(&host, 0, 0);
	int64_t first = host_mono(&host);

	ck_assert_int_eq(vdsogen_clock_start(&clock, &source, &sample), 0);
	for (unsigned int i = 0; i < 100; i++) {
		pass(&host, SEC);
		if (i >= 50)		/* even if the caller does not freeze its samples */
			sample.monotonic = sample.raw = time_of(host_mono(&host));
		sample.before = sample.after = host.counter;
		ck_assert_int_eq(vdsogen_clock_update(&clock, &sample, host_counter, &host), 0);
		pass(&host, SEC);
		ck_assert_int_eq(mono(&clock, &host), first);
		ck_assert_int_eq(reading(&clock, VDSOGEN_MONOTONIC_RAW, host.counter),
				 first + host.raw);
		ck_assert_int_eq(real(&clock, &host), first + host.real);
	}
}
END_TEST

START_TEST(clock_scaled_follows_the_scaled_host)
{
	static const struct {
		uint32_t scale, unit;
	} scales[] = { { 2, 1 }, { 1, 10 }, { 100, 1 } };

	for (unsigned int i = 0; i < COUNT(scales); i++) {
		struct vdsogen_clock clock = { .clocks = 0 };
		struct host host = new_host(24000000);
		struct vdsogen_source source = { .hz = 24000000, .scale = scales[i].scale,
						 .unit = scales[i].unit };
		struct vdsogen_sample sample;
		int64_t error = 0;

		/* a host whose clocks run `scale` times as fast */
		host.ppb = (int64_t)scales[i].scale * SEC / scales[i].unit - SEC + 50000;
		sample = sampled(&host, 0, 0);
		ck_assert_int_eq(vdsogen_clock_start(&clock, &source, &sample), 0);
		for (unsigned int j = 0; j < 300; j++) {
			pass(&host, SEC / 10);
			error = mono(&clock, &host) - host_mono(&host);
			update(&clock, &host);
		}
		ck_assert_int_le(llabs(error), 1000);
	}
}
END_TEST

START_TEST(clock_start_on_a_running_clock_does_not_go_back)
{
	struct vdsogen_clock clock = { .clocks = 0 }, old;
	struct host host = new_host(24000000);
	struct vdsogen_source source = { .hz = 24000000 };
	struct highest highest = { { 0 } };

	host.boot += SEC;
	start(&clock, &host);
	for (unsigned int i = 0; i < 200; i++) {
		struct vdsogen_sample sample;

		pass(&host, SEC / 7 + i);
		host.mono += Q64(random_between(-SEC, SEC / 2));
		check_steady(&clock, &highest, host.counter);
		old = clock;
		sample = sampled(&host, 0, 0);
		ck_assert_int_eq(vdsogen_clock_start(&clock, &source, &sample), 0);
		ck_assert_int_eq(real_error(&clock, &host), 0);
		check_steady(&clock, &highest, host.counter);
		/* to the fraction of a nanosecond: some counter would show it */
		for (unsigned int j = 0; j < 20; j++)
			ck_assert_int_ge(reading(&clock, VDSOGEN_BOOTTIME, host.counter + j),
					 reading(&old, VDSOGEN_BOOTTIME, host.counter + j));
	}
}
END_TEST

/* Adds to the monotonic clocks of a host what a guest is ahead of it. */
static struct vdsogen_sample moved(const struct host *host, int64_t ahead, int64_t raw_ahead)
{
	struct vdsogen_sample sample = sampled(host, 0, 0);

	sample.monotonic = time_of(nsec_of(&sample.monotonic) + ahead);
	sample.boottime = time_of(nsec_of(&sample.boottime) + ahead);
	sample.raw = time_of(nsec_of(&sample.raw) + raw_ahead);
	return sample;
}

/* To a host with another counter, another frequency and other origins, and on there. */
static void migrate(uint64_t hz, uint32_t options)
{
	struct vdsogen_clock clock = { .options = options };
	struct host here = new_host(2596122000), there = new_host(hz);
	struct vdsogen_source source = { .hz = hz };
	struct highest highest = { { 0 } };
	struct vdsogen_sample sample;
	int64_t ahead, raw_ahead, offset, error = 0;

	there.counter = hz / 7;				/* less than here */
	there.mono = Q64(50 * SEC);
	there.real = here.real + host_mono(&here) - 50 * SEC + 500 * SEC;
	there.ppb = -80000;
	here.ppb = 120000;
	start(&clock, &here);
	for (unsigned int i = 0; i < 100; i++) {
		pass(&here, SEC / 10);
		update(&clock, &here);
		check_steady(&clock, &highest, here.counter);
	}
	pass(&here, SEC / 3);				/* since the last update */
	check_steady(&clock, &highest, here.counter);
	ahead = mono(&clock, &here) - host_mono(&there);
	raw_ahead = reading(&clock, VDSOGEN_MONOTONIC_RAW, here.counter) - host_mono(&there) -
		    there.raw;
	sample = moved(&there, ahead, raw_ahead);
	ck_assert_int_eq(vdsogen_clock_resume(&clock, &source, &sample, here.counter), 0);
	check_steady(&clock, &highest, there.counter);
	ck_assert_int_le(mono(&clock, &there) - host_mono(&there) - ahead, 1);
	ck_assert_int_eq(real_error(&clock, &there), 0);
	offset = reading(&clock, VDSOGEN_BOOTTIME, there.counter) - mono(&clock, &there);
	ck_assert_int_ge(offset, there.boot);
	for (unsigned int i = 0; i < 300; i++) {
		pass(&there, SEC / 10);
		error = mono(&clock, &there) - host_mono(&there) - ahead;
		check_steady(&clock, &highest, there.counter);
		sample = moved(&there, ahead, raw_ahead);
		ck_assert_int_eq(vdsogen_clock_update(&clock, &sample, host_counter, &there), 0);
		check_steady(&clock, &highest, there.counter);
	}
	ck_assert_int_le(llabs(error), options ? 10000 : 1000);
}

START_TEST(clock_migrates_to_another_frequency)
{
	static const uint64_t freqs[] = { VDSOGEN_HZ_MIN, 24000000, 2596122000, VDSOGEN_HZ_MAX };

	for (unsigned int i = 0; i < COUNT(freqs); i++) {
		migrate(freqs[i], 0);
		migrate(freqs[i], VDSOGEN_LATCH);
	}
}
END_TEST

/* A snapshot is restored twice, later and with the counter put back: each guest goes on from it. */
START_TEST(clock_goes_on_from_a_snapshot)
{
	struct vdsogen_clock clock = { .clocks = 0 }, snapshot;
	struct vdsogen_source source = { .hz = 24000000 };
	struct host host = new_host(24000000);
	struct vdsogen_sample sample;
	uint64_t stopped;
	int64_t then, boot;

	start(&clock, &host);
	pass(&host, 3 * SEC);
	update(&clock, &host);
	pass(&host, SEC / 2);
	snapshot = clock;
	stopped = host.counter;
	then = mono(&clock, &host);
	for (unsigned int i = 1; i <= 2; i++) {
		pass(&host, 1000 * SEC);		/* on the shelf */
		host.counter = stopped + 1;
		sample = moved(&host, then - host_mono(&host), 0);
		sample.boottime = time_of(host_mono(&host) + host.boot);
		clock = snapshot;
		ck_assert_int_eq(vdsogen_clock_resume(&clock, &source, &sample, stopped), 0);
		ck_assert_int_ge(mono(&clock, &host), then);
		ck_assert_int_le(mono(&clock, &host), then + 1);
		ck_assert_int_eq(real(&clock, &host), host_mono(&host) + host.real);
		boot = reading(&clock, VDSOGEN_BOOTTIME, host.counter);
		ck_assert_int_eq(boot, host_mono(&host) + host.boot);
	}
	vdsogen_clock_reset(&clock);
	ck_assert_int_eq(vdsogen_clock_resume(&clock, &source, &sample, stopped),
			 -VDSOGEN_ERR_UNSEEDED);
}
END_TEST

/* -------------------------------------------------------------------------
 * Publishing.
 */
static struct vdsogen_clock *held;	/* the block whose lock the callback looks at */
static jmp_buf out;

static uint64_t look_at_the_lock(void *arg)
{
	struct host *host = arg;
	struct vdsogen_source source = { .hz = GHZ };
	struct vdsogen_sample sample = sampled(host, 0, 0);
	struct vdsogen_clock before = *held;
	struct vdsogen_time time;

	for (unsigned int i = 0; i < VDSOGEN_LINES; i++)
		ck_assert_uint_eq(held->line[i].seq, held->line[0].seq | 1);
	ck_assert_int_eq(vdsogen_clock_start(held, &source, &sample), -VDSOGEN_ERR_BUSY);
	ck_assert_int_eq(vdsogen_clock_update(held, &sample, host_counter, host),
			 -VDSOGEN_ERR_BUSY);
	for (unsigned int i = 0; i < CLOCK_IDS; i++)
		ck_assert_int_eq(vdsogen_clock_read(held, clock_ids[i], 0, &time),
				 -VDSOGEN_ERR_BUSY);
	ck_assert_mem_eq(held, &before, sizeof before);
	return host->counter;
}

START_TEST(clock_is_locked_before_the_counter_is_read)
{
	struct vdsogen_clock clock = { .clocks = 0 };
	struct host host = new_host(GHZ);
	struct vdsogen_sample sample;

	held = &clock;
	start(&clock, &host);
	pass(&host, SEC);
	sample = sampled(&host, 0, 0);
	ck_assert_int_eq(vdsogen_clock_update(&clock, &sample, look_at_the_lock, &host), 0);
	ck_assert_uint_eq(clock.line[0].seq, 4);
}
END_TEST

static void set_counts(struct vdsogen_clock *clock, uint32_t seq)
{
	for (unsigned int i = 0; i < VDSOGEN_LINES; i++)
		clock->line[i].seq = seq;
	clock->generation = seq;
}

START_TEST(clock_counts_wrap_past_0)
{
	struct vdsogen_clock clock = { .clocks = 0 };
	struct host host = new_host(GHZ);
	struct vdsogen_sample sample = sampled(&host, 0, 0);
	static const uint32_t counts[] = { UINT32_C(0xfffffffe), 2, 4 };

	held = &clock;
	start(&clock, &host);
	set_counts(&clock, UINT32_C(0xfffffffc));
	for (unsigned int i = 0; i < COUNT(counts); i++) {
		ck_assert_int_eq(vdsogen_clock_update(&clock, &sample, look_at_the_lock, &host), 0);
		for (unsigned int j = 0; j < VDSOGEN_LINES; j++)
			ck_assert_uint_eq(clock.line[j].seq, counts[i]);
		ck_assert_uint_eq(clock.generation, counts[i]);
		mono(&clock, &host);
	}
}
END_TEST

static uint64_t jump_out(void *arg)
{
	(void)arg;
	longjmp(out, 1);
}

static void die_in_callback(struct vdsogen_clock *clock, const struct vdsogen_sample *sample)
{
	if (!setjmp(out))
		vdsogen_clock_update(clock, sample, jump_out, NULL);
	ck_assert_uint_eq(clock->generation & 1, 1);
}

START_TEST(clock_recovers_from_a_publisher_dead_in_its_callback)
{
	struct vdsogen_clock clock = { .clocks = 0 };
	struct host host = new_host(GHZ);
	struct vdsogen_sample sample = sampled(&host, 0, 0);
	int64_t before;

	start(&clock, &host);
	before = mono(&clock, &host);
	ck_assert_int_eq(vdsogen_clock_recover(&clock), 0);
	for (unsigned int i = 0; i < 3; i++) {
		die_in_callback(&clock, &sample);
		ck_assert_int_eq(vdsogen_clock_update(&clock, &sample, host_counter, &host),
				 -VDSOGEN_ERR_BUSY);
		ck_assert_int_eq(vdsogen_clock_recover(&clock), 1);
		ck_assert_int_eq(vdsogen_clock_recover(&clock), 0);
		ck_assert_int_eq(mono(&clock, &host), before);
	}
	pass(&host, SEC);
	update(&clock, &host);
	ck_assert_int_eq(mono(&clock, &host), before + SEC);
}
END_TEST

/* What is taken for the host's rate after a recovery holds the bounds, too. */
START_TEST(clock_recovery_keeps_rates_in_bounds)
{
	struct vdsogen_clock clock = { .clocks = 0 };
	struct host host = new_host(GHZ);
	struct vdsogen_sample sample;

	host.ppb = 490000;
	start(&clock, &host);
	for (unsigned int i = 0; i < 100; i++) {
		if (i == 50)
			host.mono += Q64(SEC / 2);	/* far behind: at the fastest rate */
		pass(&host, SEC / 10);
		if (i > 60) {
			sample = sampled(&host, 0, 0);
			die_in_callback(&clock, &sample);
			ck_assert_int_eq(vdsogen_clock_recover(&clock), 1);
		}
		update(&clock, &host);
		check_rates(&clock, GHZ, 500);
	}
}
END_TEST

/* Lines without their counts. */
static int same_lines(const struct vdsogen_clock *a, const struct vdsogen_clock *b)
{
	for (unsigned int i = 0; i < VDSOGEN_LINES; i++) {
		struct vdsogen_line x = a->line[i], y = b->line[i];

		x.seq = y.seq = 0;
		if (memcmp(&x, &y, sizeof x) != 0)
			return 0;
	}
	return 1;
}

/* At rest: even counts all alike, the coarse line as line 0. */
static void check_at_rest(const struct vdsogen_clock *clock)
{
	uint32_t seq = clock->line[0].seq;

	ck_assert_uint_eq(seq & 1, 0);
	ck_assert_uint_eq(clock->generation & 1, 0);
	for (unsigned int i = 1; i < VDSOGEN_LINES; i++)
		ck_assert_uint_eq(clock->line[i].seq, seq);
	if (!seq)
		return;
	ck_assert_uint_eq(clock->generation, seq);
	ck_assert_mem_eq(clock->line[3].base, clock->line[0].base, sizeof clock->line[0].base);
	ck_assert_uint_eq(clock->line[3].last, clock->line[0].last);
}

static void check_mended(struct vdsogen_clock *mid, const struct vdsogen_clock *lines)
{
	ck_assert_int_eq(vdsogen_clock_recover(mid), 1);
	check_at_rest(mid);
	ck_assert(same_lines(mid, lines));
	ck_assert_int_eq(vdsogen_clock_recover(mid), 0);
}

/* Mid-states by hand: the lines' counts are old up to a line, then new. */
static void set_mid_counts(struct vdsogen_clock *mid, unsigned int lines, uint32_t first,
			   uint32_t rest)
{
	mid->generation = 3;
	for (unsigned int i = 0; i < VDSOGEN_LINES; i++)
		mid->line[i].seq = i < lines ? first : rest;
}

START_TEST(clock_recovers_from_made_up_states)
{
	struct vdsogen_clock old = { .clocks = 0 }, new, mid;
	struct host host = new_host(GHZ);

	start(&old, &host);
	new = old;
	pass(&host, 3 * SEC / 2);
	host.mono += 12345678;
	update(&new, &host);
	mid = old;				/* locked; `saved` half written */
	set_mid_counts(&mid, 0, 3, 2);
	memset(mid.saved, 1, sizeof mid.saved[0]);
	check_mended(&mid, &old);
	for (unsigned int closed = 1; closed <= VDSOGEN_LINES; closed++) {
		mid = old;
		memcpy(mid.saved, old.line, sizeof mid.saved);
		set_mid_counts(&mid, closed, 3, 2);
		check_mended(&mid, &old);
	}
	for (unsigned int fields = 0; fields < VDSOGEN_LINES; fields++) {
		mid = old;
		memcpy(mid.saved, old.line, sizeof mid.saved);
		memcpy(mid.line, new.line, fields * sizeof *mid.line);
		set_mid_counts(&mid, VDSOGEN_LINES, 3, 3);
		check_mended(&mid, &old);
	}
	for (unsigned int opened = 1; opened <= VDSOGEN_LINES; opened++) {
		mid = new;
		memcpy(mid.track, old.track, sizeof mid.track);
		if (opened < VDSOGEN_LINES)
			mid.line[3] = old.line[3];
		set_mid_counts(&mid, opened, 4, 3);
		check_mended(&mid, &new);
	}
}
END_TEST

/*
 * Death at every instruction: a child does the deed one step at a time, and
 * each state its memory passes through is recovered from.
 */
struct deed {
	const char *name;
	void (*prepare)(struct vdsogen_clock *, struct host *);
	void (*act)(struct vdsogen_clock *, struct host *);
};

#define STATES_MAX 1000
static struct vdsogen_clock states[STATES_MAX];

static struct {
	const struct deed *deed;
	struct host *host;
} watched;

static void act_watched(void *clock)
{
	watched.deed->act(clock, watched.host);
}

/* Every state of the block, which children share; 0 if this system does not let us look. */
static unsigned int watch(const struct deed *deed, struct vdsogen_clock *clock, struct host *host)
{
	const struct steps steps = { act_watched, clock, sizeof *clock, states, STATES_MAX };

	watched.deed = deed;
	watched.host = host;
	return take_steps(&steps);
}

static void prepare_nothing(struct vdsogen_clock *clock, struct host *host)
{
	(void)clock;
	(void)host;
}

static void prepare_running(struct vdsogen_clock *clock, struct host *host)
{
	start(clock, host);
	for (unsigned int i = 0; i < 20; i++) {
		pass(host, SEC / 10);
		host->ppb = 1000 * i;
		update(clock, host);
	}
	pass(host, SEC / 10 + 13);
	host->mono += Q64(12345);
}

static void prepare_latch(struct vdsogen_clock *clock, struct host *host)
{
	clock->options = VDSOGEN_LATCH;
	prepare_running(clock, host);
}

static void prepare_latch_to_set(struct vdsogen_clock *clock, struct host *host)
{
	prepare_latch(clock, host);
	host->real += SEC;
}

static void prepare_reset(struct vdsogen_clock *clock, struct host *host)
{
	prepare_running(clock, host);
	vdsogen_clock_reset(clock);
}

static void prepare_next_second(struct vdsogen_clock *clock, struct host *host)
{
	prepare_running(clock, host);
	pass(host, SEC);
}

static void prepare_old_lines(struct vdsogen_clock *clock, struct host *host)
{
	prepare_running(clock, host);
	memcpy(clock->saved, clock->line, sizeof clock->saved);
	for (unsigned int i = 0; i < VDSOGEN_LINES; i++)
		clock->line[i].seq++;
	clock->generation++;
	clock->line[0].base[1].sec += 1000;
	clock->line[1].mult += 1000;
}

static void prepare_new_lines(struct vdsogen_clock *clock, struct host *host)
{
	prepare_running(clock, host);
	for (unsigned int i = 0; i < VDSOGEN_LINES; i++)
		clock->line[i].seq += 1 + (i == 0);
	clock->generation++;
	memset(clock->saved, 0, sizeof clock->saved);
	clock->track[0].samples = 0;
}

static void act_start(struct vdsogen_clock *clock, struct host *host)
{
	struct vdsogen_source source = { .hz = host->hz / 2 };
	struct vdsogen_sample sample = sampled(host, 0, 0);

	vdsogen_clock_start(clock, &source, &sample);
}

static void act_update(struct vdsogen_clock *clock, struct host *host)
{
	struct vdsogen_sample sample = sampled(host, 0, 0);

	vdsogen_clock_update(clock, &sample, host_counter, host);
}

static void act_recover(struct vdsogen_clock *clock, struct host *host)
{
	(void)host;
	vdsogen_clock_recover(clock);
}

static void act_reset(struct vdsogen_clock *clock, struct host *host)
{
	(void)host;
	vdsogen_clock_reset(clock);
}

static const struct deed deeds[] = {
	{ "update", prepare_running, act_update },
	{ "update in the next second", prepare_next_second, act_update },
	{ "first start", prepare_nothing, act_start },
	{ "start", prepare_running, act_start },
	{ "start after a reset", prepare_reset, act_start },
	{ "recovery of the old lines", prepare_old_lines, act_recover },
	{ "recovery of the new lines", prepare_new_lines, act_recover },
	{ "reset", prepare_running, act_reset },
	{ "update of a latch", prepare_latch, act_update },
	{ "update of a latch that sets REALTIME", prepare_latch_to_set, act_update },
	{ "start of a running latch", prepare_latch, act_start },
};

/* Nobody waits for a latch's publisher, wherever it is. */
static void check_latch(const struct vdsogen_clock *mid, const struct vdsogen_clock *old,
			const struct vdsogen_clock *new, uint64_t counter)
{
	if (!(mid->options & VDSOGEN_LATCH))
		return;
	for (unsigned int i = 0; i < CLOCK_IDS; i++) {
		int64_t nsec = reading(mid, clock_ids[i], counter);

		ck_assert(nsec == reading(old, clock_ids[i], counter) ||
			  nsec == reading(new, clock_ids[i], counter));
	}
	check_coarse(mid, counter);
	/* time() */
	ck_assert_int_le((int64_t)mid->line[3].base[0].sec * SEC,
			 reading(mid, VDSOGEN_REALTIME, counter));
}

/* What readers found while the block was as in `mid` stays said. */
static void check_not_taken_back(const struct vdsogen_clock *mid, const struct vdsogen_clock *now,
				 uint64_t counter)
{
	struct vdsogen_time time;

	for (unsigned int i = 0; i < STEADY_IDS; i++)
		if (!vdsogen_clock_read(mid, steady_ids[i], counter, &time))
			ck_assert_int_ge(reading(now, steady_ids[i], counter), nsec_of(&time));
}

static int same_nominal(const struct vdsogen_clock *a, const struct vdsogen_clock *b)
{
	return a->track[0].nominal == b->track[0].nominal &&
	       a->track[0].nominal_int == b->track[0].nominal_int;
}

/* `mid` was left by a dead child; `old` and `new` are before and after. */
static void check_recovery(const struct vdsogen_clock *mid, const struct vdsogen_clock *old,
			   const struct vdsogen_clock *new, struct host host)
{
	struct vdsogen_clock clock = *mid;
	struct highest highest = { { 0 } };
	int taken_back;

	ck_assert_int_ge(vdsogen_clock_recover(&clock), mid->generation & 1);
	ck_assert_int_eq(vdsogen_clock_recover(&clock), 0);
	check_at_rest(&clock);
	if (!clock.line[0].seq) {
		ck_assert_uint_eq(clock.line[3].base[0].sec, 0);	/* time() asks, too */
		ck_assert(!old->line[0].seq || !new->line[0].seq || old->generation & 1);
		return;
	}
	taken_back = same_lines(&clock, old);
	ck_assert(taken_back || same_lines(&clock, new));
	ck_assert(same_nominal(&clock, taken_back ? old : new));
	/* time() has no count: what it has said stays said */
	if (old->line[0].seq)
		ck_assert_uint_ge(clock.line[3].base[0].sec, mid->line[3].base[0].sec);
	check_not_taken_back(mid, &clock, host.counter);
	/* and life goes on */
	if (!(old->generation & 1) && old->line[0].seq && new->line[0].seq)
		check_steady(old, &highest, host.counter);
	check_steady(&clock, &highest, host.counter);
	pass(&host, SEC / 10);
	check_steady(&clock, &highest, host.counter);
	update(&clock, &host);
	check_steady(&clock, &highest, host.counter);
	check_at_rest(&clock);
}

START_TEST(clock_recovers_from_death_at_every_instruction)
{
	const struct deed *deed = &deeds[_i];
	struct vdsogen_clock *clock = shared_block(sizeof *clock);
	struct vdsogen_clock old, new;
	struct host host = new_host(2596122000);
	unsigned int count;

	deed->prepare(clock, &host);
	old = *clock;
	count = watch(deed, clock, &host);
	if (!count) {
		munmap(clock, sizeof *clock);
		return;		/* no single steps here: the made-up states must do */
	}
	ck_assert_msg(count > 3, "%s: %u states", deed->name, count);
	new = *clock;
	if (old.generation & 1)		/* a recovery: what it must come to */
		old = new;
	for (unsigned int i = 0; i < count; i++) {
		check_latch(&states[i], &old, &new, host.counter);
		check_recovery(&states[i], &old, &new, host);
	}
	munmap(clock, sizeof *clock);
}
END_TEST

/* No count is given twice, wherever a reset dies: a reader may still hold it. */
START_TEST(clock_reset_that_dies_forgets_no_count)
{
	const struct deed deed = { "reset of a publication half open", prepare_nothing, act_reset };
	struct vdsogen_clock *clock = shared_block(sizeof *clock);
	struct host host = new_host(GHZ);
	unsigned int count;
	uint32_t highest;

	prepare_running(clock, &host);
	for (unsigned int i = 0; i < VDSOGEN_LINES; i++)
		clock->line[i].seq += 1 + (i == 3);
	highest = clock->line[3].seq;
	count = watch(&deed, clock, &host);
	for (unsigned int i = 0; i < count; i++) {
		struct vdsogen_clock mid = states[i];

		vdsogen_clock_reset(&mid);
		start(&mid, &host);
		ck_assert_uint_gt(mid.line[0].seq, highest);
	}
	munmap(clock, sizeof *clock);
}
END_TEST

START_TEST(clock_reset_is_never_started)
{
	struct vdsogen_clock clock = { .clocks = 0 };
	struct host host = new_host(GHZ);
	struct vdsogen_sample sample = sampled(&host, 0, 0);
	struct vdsogen_time time;
	uint32_t seq;

	/* at rest, copied while a publisher was at work, and when it had opened one line */
	for (unsigned int i = 0; i < 3; i++) {
		start(&clock, &host);
		if (i)
			die_in_callback(&clock, &sample);
		clock.line[3].seq += i == 2;
		clock.attention = 5;
		seq = clock.line[3].seq;
		vdsogen_clock_reset(&clock);
		ck_assert_int_eq(vdsogen_clock_recover(&clock), 0);
		for (unsigned int j = 0; j < VDSOGEN_LINES; j++)
			ck_assert_uint_eq(clock.line[j].seq, 0);
		ck_assert_uint_eq(clock.line[3].base[0].sec, 0);
		ck_assert_uint_eq(clock.res | clock.res_coarse, 0);
		ck_assert_uint_eq(clock.attention, 5);
		ck_assert_int_eq(vdsogen_clock_read(&clock, 1, 0, &time), -VDSOGEN_ERR_UNSEEDED);
		ck_assert_int_eq(vdsogen_clock_update(&clock, &sample, host_counter, &host),
				 -VDSOGEN_ERR_UNSEEDED);
		/* earlier times are allowed now, earlier counts are not */
		host.mono -= Q64(10 * SEC);
		start(&clock, &host);
		ck_assert_uint_gt(clock.line[0].seq, seq);
		ck_assert_int_eq(mono(&clock, &host), host_mono(&host));
		check_at_rest(&clock);
	}
}
END_TEST

START_TEST(clock_attention_sets_and_clears)
{
	struct vdsogen_clock clock = { .clocks = 0 };
	struct host host = new_host(GHZ);

	start(&clock, &host);
	ck_assert_uint_eq(vdsogen_clock_attention(&clock, 5, 0), 0);
	ck_assert_uint_eq(vdsogen_clock_attention(&clock, 2, 1), 5);
	ck_assert_uint_eq(vdsogen_clock_attention(&clock, 8, 8), 6);
	ck_assert_uint_eq(clock.attention, 6);
	update(&clock, &host);
	mono(&clock, &host);
	start(&clock, &host);
	ck_assert_uint_eq(vdsogen_clock_attention(&clock, 0, 0), 6);
	ck_assert_uint_eq(vdsogen_clock_attention(&clock, 0, UINT32_MAX), 6);
	ck_assert_uint_eq(clock.attention, 0);
}
END_TEST

/* -------------------------------------------------------------------------
 * Threads, and the real counter.
 */
static int64_t wall_nsec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SEC + now.tv_nsec;
}

static uint64_t real_counter(void *arg)
{
	(void)arg;
#if defined(__x86_64__)
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
#elif defined(__aarch64__)
	uint64_t counter;

	__asm__ volatile("dsb ish; isb; mrs %0, cntvct_el0" : "=r"(counter) : : "memory");
	return counter;
#else
	return (uint64_t)wall_nsec();
#endif
}

/* REALTIME is the one or the other ahead of MONOTONIC: a torn one is neither. */
#define NEAR (1000 * SEC)
#define AFAR (2000 * SEC + SEC / 2)
#define TORN (SEC / 10)
#define RACE_NSEC (3 * SEC / 2)

static struct {
	struct vdsogen_clock clock;
	/* the highest that readers had; the count is told before what was read at it */
	_Atomic uint64_t time, counter;
	_Atomic int done;
	_Atomic long reads;
} race;

static void race_raise(_Atomic uint64_t *highest, uint64_t value)
{
	uint64_t before = *highest;

	while (before < value &&
	       !__atomic_compare_exchange_n((uint64_t *)highest, &before, value, 0,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

/*
 * Not below what readers had: processors of some machines are a few ticks apart, which is their
 * own affair.
 */
static uint64_t race_counter(void *arg)
{
	uint64_t counter;

	do
		counter = real_counter(arg);
	while (counter < race.counter);
	return counter;
}

static const char *race_once(void)
{
	uint64_t before = race.time, known = race.counter, counter = real_counter(NULL);
	struct vdsogen_time time;
	int64_t seen, real;

	if (counter < known)
		return NULL;
	race_raise(&race.counter, counter);
	if (vdsogen_clock_read(&race.clock, VDSOGEN_MONOTONIC, counter, &time))
		return NULL;
	seen = nsec_of(&time);
	if ((uint64_t)seen < before)
		return "MONOTONIC went back";
	race_raise(&race.time, (uint64_t)seen);
	if (vdsogen_clock_read(&race.clock, VDSOGEN_REALTIME, counter, &time))
		return NULL;
	real = nsec_of(&time) - seen;
	/* past an anchor that came meanwhile, both are those of the anchor */
	if (vdsogen_clock_read(&race.clock, VDSOGEN_MONOTONIC, counter, &time) ||
	    nsec_of(&time) != seen)
		return NULL;
	if (llabs(real - NEAR) > TORN && llabs(real - AFAR) > TORN)
		return "REALTIME is torn";
	race.reads++;
	return NULL;
}

static void *race_reader(void *arg)
{
	const char *fault = NULL;

	(void)arg;
	while (!race.done && !fault)
		fault = race_once();
	race.done = 1;
	return (void *)fault;
}

static void race_publish(uint64_t random)
{
	struct vdsogen_sample sample;
	int64_t nsec;

	sample.before = sample.after = race_counter(NULL);
	ck_assert_int_eq(vdsogen_clock_read(&race.clock, VDSOGEN_MONOTONIC, sample.after,
					    &sample.monotonic), 0);
	nsec = nsec_of(&sample.monotonic) + (int64_t)(random % 100000000) - 50000000;
	sample.monotonic = sample.boottime = sample.raw = time_of(nsec);
	sample.realtime = time_of(nsec + (random >> 40 & 1 ? NEAR : AFAR));
	sample.tai_offset = 0;
	ck_assert_int_eq(vdsogen_clock_update(&race.clock, &sample, race_counter, NULL), 0);
}

START_TEST(clock_readers_and_publisher_race)
{
	struct vdsogen_source source = { .hz = GHZ, .slew_ppm = 100000 };
	struct vdsogen_sample sample = { .monotonic = { 100, 0 }, .realtime = { 1100, 0 } };
	pthread_t reader[2];
	int64_t end;
	void *fault;

	sample.before = sample.after = real_counter(NULL);
	ck_assert_int_eq(vdsogen_clock_start(&race.clock, &source, &sample), 0);
	for (unsigned int i = 0; i < COUNT(reader); i++)
		ck_assert_int_eq(pthread_create(&reader[i], NULL, race_reader, NULL), 0);
	for (end = wall_nsec() + RACE_NSEC; !race.done && wall_nsec() < end;)
		for (unsigned int i = 0; i < 100; i++)
			race_publish(random64());
	race.done = 1;
	for (unsigned int i = 0; i < COUNT(reader); i++) {
		pthread_join(reader[i], &fault);
		ck_assert_msg(!fault, "%s", (const char *)fault);
	}
	ck_assert_int_gt(race.reads, 1000);
	ck_assert_uint_gt(race.clock.line[0].seq, 1000);
}
END_TEST

/* Two at once: each publication takes two counts, and none is taken twice. */
#define PUBLICATIONS 100000

static struct vdsogen_clock contended;

static unsigned long publish_often(void)
{
	struct host host = new_host(GHZ);
	struct vdsogen_sample sample = sampled(&host, 0, 0);
	unsigned long successes = 0;

	for (unsigned int i = 0; i < PUBLICATIONS; i++)
		successes += !vdsogen_clock_update(&contended, &sample, host_counter, &host);
	return successes;
}

START_TEST(clock_has_one_publisher_at_a_time)
{
	struct host host = new_host(GHZ);
	unsigned long successes;

	start(&contended, &host);
	successes = do_at_once(2, publish_often);
	ck_assert_uint_eq(contended.line[0].seq, 2 + 2 * successes);
	check_at_rest(&contended);
}
END_TEST

static TCase *arithmetic(void)
{
	TCase *tc = tcase_create("arithmetic");

	tcase_add_test(tc, clock_division_is_exact);
	tcase_add_test(tc, clock_line_is_exact_at_boundaries);
	tcase_add_test(tc, clock_line_is_exact_at_random);
	tcase_add_test(tc, clock_new_anchor_changes_no_answer);
	return tc;
}

static TCase *starting(void)
{
	TCase *tc = tcase_create("starting");

	tcase_add_test(tc, clock_start_is_at_the_nominal_rate);
	tcase_add_test(tc, clock_start_says_what_the_sample_says);
	tcase_add_test(tc, clock_start_takes_the_source);
	tcase_add_test(tc, clock_start_on_a_running_clock_does_not_go_back);
	tcase_add_test(tc, clock_migrates_to_another_frequency);
	tcase_add_test(tc, clock_goes_on_from_a_snapshot);
	tcase_add_test(tc, clock_bad_source_is_refused);
	tcase_add_test(tc, clock_bad_sample_is_refused);
	tcase_add_test(tc, clock_unserved_clocks_are_ignored);
	tcase_add_test(tc, clock_wrong_state_is_told);
	tcase_add_test(tc, clock_misaligned_is_refused);
	return tc;
}

static TCase *steering(void)
{
	TCase *tc = tcase_create("steering");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, clock_never_goes_back);
	tcase_add_test(tc, clock_survives_a_counter_that_goes_back);
	tcase_add_test(tc, clock_latch_outlasts_its_old_lines);
	tcase_add_test(tc, clock_latch_outlasts_its_old_limit);
	tcase_add_test(tc, clock_latch_follows_the_host);
	tcase_add_test(tc, clock_latch_does_not_climb_on_noise);
	tcase_add_test(tc, clock_latch_needs_a_limit);
	tcase_add_test(tc, clock_converges_to_the_host);
	tcase_add_test(tc, clock_closes_an_error);
	tcase_add_test(tc, clock_closes_an_error_in_about_a_second);
	tcase_add_test(tc, clock_ignores_wide_brackets);
	tcase_add_test(tc, clock_learns_no_rate_from_bad_samples);
	tcase_add_test(tc, clock_jumps_far_ahead_and_never_far_back);
	tcase_add_test(tc, clock_steps_realtime);
	tcase_add_test(tc, clock_boottime_grows_by_a_suspend);
	tcase_add_test(tc, clock_suspend_with_a_running_counter);
	tcase_add_test(tc, clock_frozen_stands_still);
	tcase_add_test(tc, clock_scaled_follows_the_scaled_host);
	return tc;
}

static TCase *publishing(void)
{
	TCase *tc = tcase_create("publishing");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, clock_is_locked_before_the_counter_is_read);
	tcase_add_test(tc, clock_counts_wrap_past_0);
	tcase_add_test(tc, clock_recovers_from_a_publisher_dead_in_its_callback);
	tcase_add_test(tc, clock_recovery_keeps_rates_in_bounds);
	tcase_add_test(tc, clock_recovers_from_made_up_states);
	tcase_add_loop_test(tc, clock_recovers_from_death_at_every_instruction, 0, COUNT(deeds));
	tcase_add_test(tc, clock_reset_that_dies_forgets_no_count);
	tcase_add_test(tc, clock_reset_is_never_started);
	tcase_add_test(tc, clock_attention_sets_and_clears);
	tcase_add_test(tc, clock_has_one_publisher_at_a_time);
	tcase_add_test(tc, clock_readers_and_publisher_race);
	return tc;
}

Suite *clock_suite(void)
{
	Suite *s = suite_create("clock");

	suite_add_tcase(s, arithmetic());
	suite_add_tcase(s, starting());
	suite_add_tcase(s, steering());
	suite_add_tcase(s, publishing());
	return s;
}

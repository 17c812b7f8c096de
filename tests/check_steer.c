/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Steering: how well the clock keeps to a host whose own clocks NTP steers.
 *
 * The host's rate changes as NTP and the kernel change it; its samples are
 * late by anything within their brackets, sometimes interrupted, sometimes
 * lost. The environment's SEED begins another sequence of all that, and
 * VERBOSE=1 prints the errors.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "bottle.h"
#include "suites.h"

#define PPM 1000		/* ppb */
#define USEC INT64_C(1000)
#define MSEC INT64_C(1000000)
#define TICK (4 * MSEC)		/* of the host's kernel: the rate changes only then */
#define DITHER 30		/* ppb: the kernel's rate is a bit too high or too low */

/* -------------------------------------------------------------------------
 * What NTP makes of the host's rate.
 */
enum manner {
	STEADY,			/* nothing */
	PLL,			/* what ntpd's loop does each second about an offset it was told */
	RAMP,			/* goes on changing, up and down */
	WARMTH,			/* nothing, but the oscillator wanders with the room's */
	ADJTIME,		/* a slew, now and then */
	CHANGES,		/* anything, at any moment */
	MANNERS
};

/* Rates in ppb. */
#define NOMINAL (200 * PPM)	/* a counter is off by so much at most */
#define PLL_POLL 16		/* s between offsets, */
#define PLL_OFFSET (200 * USEC)	/* of so much at most, */
#define PLL_PART 64		/* of which each second makes up for a part */
#define RAMP_RATE (3 * PPM)	/* a second */
#define RAMP_END (100 * PPM)
#define WARMTH_STEP 2		/* a tick */
#define WARMTH_MAX (20 * PPM)
#define SLEW (500 * PPM)
#define CHANGE_MAX (250 * PPM)
#define CHANGE_MEAN 5		/* s between slews and changes */

struct ntp {
	enum manner manner;
	int64_t tick;		/* ns */
	uint64_t ticks;
	int64_t base;		/* the counter's part of the rate */
	int64_t change;		/* and NTP's */
	int64_t offset;		/* PLL: to be made up for, ns */
	int64_t direction;	/* RAMP */
	int64_t drift;		/* WARMTH: of the base */
};

static int now_and_then(const struct ntp *ntp)
{
	return random_between(0, CHANGE_MEAN * SEC / ntp->tick - 1) == 0;
}

static void pll_second(struct ntp *ntp, int64_t second)
{
	if (second % PLL_POLL == 0)
		ntp->offset += random_between(-PLL_OFFSET, PLL_OFFSET);
	ntp->change = ntp->offset / PLL_PART;
	ntp->offset -= ntp->change;
}

static void ramp_tick(struct ntp *ntp)
{
	if (llabs(ntp->change) >= RAMP_END || !ntp->direction)
		ntp->direction = ntp->change > 0 ? -1 : 1;
	ntp->change += ntp->direction * RAMP_RATE / (SEC / ntp->tick);
}

static void warmth_tick(struct ntp *ntp)
{
	int64_t step = random_between(-WARMTH_STEP, WARMTH_STEP);

	if (llabs(ntp->drift + step) > WARMTH_MAX)
		step = -step;
	ntp->drift += step;
	ntp->base += step;
}

/* The rate from the kernel's next tick on. */
static int64_t next_rate(struct ntp *ntp)
{
	ntp->ticks++;
	switch (ntp->manner) {
	case PLL:
		if (ntp->ticks % (uint64_t)(SEC / ntp->tick) == 0)
			pll_second(ntp, (int64_t)ntp->ticks / (SEC / ntp->tick));
		break;
	case RAMP:
		ramp_tick(ntp);
		break;
	case WARMTH:
		warmth_tick(ntp);
		break;
	case ADJTIME:
		if (now_and_then(ntp))
			ntp->change = ntp->change ? 0 : random64() & 1 ? SLEW : -SLEW;
		break;
	case CHANGES:
		if (now_and_then(ntp))
			ntp->change = random_between(-CHANGE_MAX, CHANGE_MAX);
		break;
	default:
		break;
	}
	return ntp->base + ntp->change + (ntp->ticks & 1 ? DITHER : -DITHER);
}

/* -------------------------------------------------------------------------
 * How the host samples.
 */
struct sampling {
	const char *name;
	int64_t from, to;	/* ns: the brackets, short ones as often as long ones */
};

static const struct sampling tight = { "tight", 20, 200 }, mixed = { "mixed", 20, 2000 },
			     loose = { "loose", 1000, 2000 };

/* In rough times, */
#define INTERRUPTED 50		/* one in so many brackets is interrupted, */
#define INTERRUPTION_MIN (100 * USEC)
#define INTERRUPTION_MAX (10 * MSEC)
#define LOST 50			/* one in so many samples is never taken, */
#define JITTER 5		/* and intervals are off by this part. */
#define UPDATE_MAX (2 * USEC)	/* from the sample to the counter of the new anchors */

/* How far a clock was off, whenever it was looked at. */
#define BUCKET 10	/* ns */

struct errors {
	int64_t worst;
	unsigned int count, bucket[4096];	/* the last one: and all above */
};

struct sim {
	struct host host;
	struct vdsogen_clock clock;
	struct ntp ntp;
	const struct sampling *sampling;
	int64_t interval;	/* ns between samples */
	int rough;
	uint32_t slew_ppm;
	int64_t distance;	/* REALTIME - MONOTONIC */
	int64_t to_tick;	/* ns to the kernel's next tick */
	uint64_t rest;		/* of a tick of the counter, 1 / hz ns */
	vg_i128 raw;		/* MONOTONIC_RAW, Q64 ns: NTP has no hand in it */
	int64_t last[CLOCK_IDS]; /* answers */
	int stepped;		/* the host's REALTIME was; the next update steps the guest's */
	int waiting;		/* MONOTONIC is, and REALTIME need not */
	unsigned int unchanged;	/* updates since the host's rate changed at once */
	struct errors mono, settled, raw_errors;
};

#define AT_ONCE (20 * PPM)	/* no PLL's change */
#define SETTLED 5		/* updates */

static void pass_part(struct sim *sim, int64_t nsec)
{
	uint64_t part = (uint64_t)nsec * sim->host.hz + sim->rest, ticks = part / SEC;
	struct host raw = sim->host;

	sim->rest = part % SEC;
	pass_ticks(&sim->host, ticks);
	raw.mono = sim->raw;
	raw.ppb = sim->ntp.base;
	pass_ticks(&raw, ticks);
	sim->raw = raw.mono;
	sim->host.raw = (int64_t)(sim->raw >> 64) - host_mono(&sim->host);
}

static void kernel_tick(struct sim *sim)
{
	int64_t change = sim->ntp.change;

	sim->to_tick = sim->ntp.tick;
	sim->host.ppb = next_rate(&sim->ntp);
	if (llabs(sim->ntp.change - change) > AT_ONCE)
		sim->unchanged = 0;
}

static void let_pass(struct sim *sim, int64_t nsec)
{
	while (nsec >= sim->to_tick) {
		nsec -= sim->to_tick;
		pass_part(sim, sim->to_tick);
		kernel_tick(sim);
	}
	pass_part(sim, nsec);
	sim->to_tick -= nsec;
}

/* Short ones as often as long ones: evenly over the octaves. */
static int64_t any_bracket(const struct sampling *sampling)
{
	int octaves = 0;
	int64_t low;

	while (sampling->from << (octaves + 1) <= sampling->to)
		octaves++;
	low = sampling->from << random_between(0, octaves - 1);
	return random_between(low, 2 * low);
}

#define GAPS 5	/* before, between and after four clocks */

static void any_gaps(int64_t gap[GAPS], int64_t bracket)
{
	int64_t at[GAPS] = { 0 };

	for (unsigned int i = 1; i < GAPS; i++) { /* sorted */
		unsigned int j = i;

		for (at[i] = random_between(0, bracket); at[j] < at[j - 1]; j--) {
			int64_t later = at[j - 1];

			at[j - 1] = at[j];
			at[j] = later;
		}
	}
	for (unsigned int i = 1; i < GAPS; i++)
		gap[i - 1] = at[i] - at[i - 1];
	gap[GAPS - 1] = bracket - at[GAPS - 1];
}

/* Four clocks read one after another, somewhere within the bracket. */
static struct vdsogen_sample take_sample(struct sim *sim)
{
	unsigned int interrupted = (unsigned int)random_between(0, GAPS * INTERRUPTED - 1);
	struct vdsogen_sample sample, at[GAPS];
	uint64_t before = sim->host.counter;
	int64_t gap[GAPS];

	any_gaps(gap, any_bracket(sim->sampling));
	for (unsigned int i = 0; i < GAPS; i++) {
		let_pass(sim, gap[i]);
		if (sim->rough && i == interrupted)
			let_pass(sim, random_between(INTERRUPTION_MIN, INTERRUPTION_MAX));
		at[i] = sampled(&sim->host, 0, 0);
	}
	sample = at[0];
	sample.before = before;
	sample.after = sim->host.counter;
	sample.monotonic = at[1].monotonic;
	sample.boottime = at[2].boottime;
	sample.raw = at[3].raw;
	return sample;
}

/* -------------------------------------------------------------------------
 * Looking at the clock.
 */
static void count_error(struct errors *errors, int64_t error)
{
	unsigned int bucket = (unsigned int)(llabs(error) / BUCKET);

	if (llabs(error) > errors->worst)
		errors->worst = llabs(error);
	if (bucket > COUNT(errors->bucket) - 1)
		bucket = COUNT(errors->bucket) - 1;
	errors->bucket[bucket]++;
	errors->count++;
}

/* 99 % are below. */
static int64_t percentile(const struct errors *errors)
{
	unsigned int above = 0, bucket = COUNT(errors->bucket);

	while (bucket > 1 && above <= errors->count / 100)
		above += errors->bucket[--bucket];
	return (bucket + 1) * BUCKET;
}

static void look(struct sim *sim)
{
	struct vdsogen_clock *clock = &sim->clock;
	uint64_t counter = sim->host.counter;
	int64_t error = mono(clock, &sim->host) - host_mono(&sim->host);

	for (unsigned int i = 0; i < CLOCK_IDS; i++) {
		int64_t nsec = reading(clock, clock_ids[i], counter);

		if (nsec < sim->last[i])
			ck_abort_msg("clock %d went back by %lld ns", clock_ids[i],
				     (long long)(sim->last[i] - nsec));
		sim->last[i] = nsec;
	}
	if (sim->waiting)
		sim->distance = real(clock, &sim->host) - mono(clock, &sim->host);
	if (real(clock, &sim->host) != mono(clock, &sim->host) + sim->distance)
		ck_abort_msg("REALTIME has moved away from MONOTONIC");
	count_error(&sim->mono, error);
	if (sim->unchanged >= SETTLED)
		count_error(&sim->settled, error);
	count_error(&sim->raw_errors, reading(clock, VDSOGEN_MONOTONIC_RAW, counter) -
					      (int64_t)(sim->raw >> 64));
}

/* -------------------------------------------------------------------------
 * Running it.
 */
static struct sim new_sim(uint64_t hz, enum manner manner, const struct sampling *sampling,
			  int64_t interval)
{
	return (struct sim){ .host = new_host(hz), .sampling = sampling, .interval = interval,
			     .ntp = { .manner = manner, .tick = TICK,
				      .base = random_between(-NOMINAL, NOMINAL) },
			     .slew_ppm = 500 };
}

static void start_sim(struct sim *sim)
{
	struct vdsogen_source source = { .hz = sim->host.hz, .slew_ppm = sim->slew_ppm };
	struct vdsogen_sample sample;

	sim->to_tick = sim->ntp.tick;
	sim->host.ppb = next_rate(&sim->ntp);
	sim->raw = sim->host.mono + Q64(sim->host.raw);
	sim->distance = sim->host.real;
	sample = sampled(&sim->host, 0, 0);
	ck_assert_int_eq(vdsogen_clock_start(&sim->clock, &source, &sample), 0);
}

/* At the new anchor, the old line and the new one are one: to the 2^-64 ns. */
static void check_joint(const struct vdsogen_clock *old, const struct vdsogen_clock *new)
{
	for (unsigned int i = 0; i < VDSOGEN_LINES - 1; i++) {
		struct vdsogen_line line = old->line[i];
		const struct vdsogen_line *next = &new->line[i];

		vg_line_advance(&line, next->last);
		if (line.frac != next->frac)
			ck_abort_msg("line %u has lost a fraction of a nanosecond", i);
	}
}

/* REALTIME and what hangs on it may be anywhere. */
static void take_step(struct sim *sim)
{
	sim->stepped = 0;
	sim->distance = real(&sim->clock, &sim->host) - mono(&sim->clock, &sim->host);
	for (unsigned int i = 0; i < CLOCK_IDS; i++)
		if (clock_ids[i] == VDSOGEN_REALTIME || clock_ids[i] == VDSOGEN_TAI ||
		    clock_ids[i] == VDSOGEN_REALTIME_COARSE)
			sim->last[i] = INT64_MIN;
}

static void publish(struct sim *sim)
{
	struct vdsogen_sample sample = take_sample(sim);
	struct vdsogen_clock old = sim->clock;

	let_pass(sim, random_between(0, UPDATE_MAX));
	look(sim);
	if (vdsogen_clock_update(&sim->clock, &sample, host_counter, &sim->host))
		ck_abort_msg("an update was refused");
	if (sim->stepped)
		take_step(sim);
	look(sim);
	check_joint(&old, &sim->clock);
	check_rates(&sim->clock, sim->host.hz, sim->slew_ppm);
	sim->unchanged++;
}

static void run_update(struct sim *sim)
{
	int64_t interval = sim->interval, part;

	if (sim->rough) {
		interval += random_between(-interval / JITTER, interval / JITTER);
		if (random64() % LOST == 0)
			interval *= 2;
	}
	part = random_between(0, interval);
	let_pass(sim, part);
	look(sim);
	let_pass(sim, interval - part);
	look(sim);
	publish(sim);
}

static void run_for(struct sim *sim, int64_t nsec)
{
	for (; nsec > 0; nsec -= sim->interval)
		run_update(sim);
}

/* The rate is learned before errors are counted. */
#define LEARNING (3 * SEC)

static void run_counted(struct sim *sim, int64_t nsec)
{
	start_sim(sim);
	run_for(sim, LEARNING);
	sim->mono = sim->settled = sim->raw_errors = (struct errors){ 0 };
	run_for(sim, nsec);
}

static const char *const manners[MANNERS] = {
	"steady", "pll", "ramp", "warmth", "adjtime", "changes"
};

static void say(const struct sim *sim)
{
	if (!getenv("VERBOSE"))
		return;
	printf("%-8s %-5s %-5s %4lld Hz, counter %5lld MHz: worst %6lld ns, 99 %% %5lld ns; "
	       "settled %5lld, %5lld; raw %5lld\n", manners[sim->ntp.manner],
	       sim->sampling->name, sim->rough ? "rough" : "calm",
	       (long long)(SEC / sim->interval), (long long)(sim->host.hz / 1000000),
	       (long long)sim->mono.worst, (long long)percentile(&sim->mono),
	       (long long)sim->settled.worst, (long long)percentile(&sim->settled),
	       (long long)sim->raw_errors.worst);
}

static void expect(const struct sim *sim, const char *what, int64_t error, int64_t most)
{
	say(sim);
	ck_assert_msg(error <= most, "%s %s, %s brackets, %lld Hz, counter %lld MHz: "
		      "%lld ns off, more than %lld", what, manners[sim->ntp.manner],
		      sim->sampling->name, (long long)(SEC / sim->interval),
		      (long long)(sim->host.hz / 1000000), (long long)error, (long long)most);
}

/* -------------------------------------------------------------------------
 * How good it is.
 */
static const uint64_t freqs[] = { 24000000, 54000000, GHZ, 2596122000, VDSOGEN_HZ_MAX };
static const struct sampling *const samplings[] = { &tight, &mixed, &loose };
static const int64_t intervals[] = { SEC / 10, SEC / 4, SEC / 100, SEC / 1000 };

#define COUNTED (100 * SEC)
#define ROUGHLY 3	/* times as much once in a hundred in rough times */

/* 1 us at 10 Hz; seldom sampled, more; and what a wide bracket cannot tell. */
static int64_t goal(const struct sim *sim)
{
	int64_t most = USEC;

	if (sim->interval > SEC / 10)
		most = most * sim->interval / (SEC / 10);
	return sim->sampling == &loose ? most + sim->sampling->to : most;
}

/* NTP as it is: PLL, drift, and a counter off by up to 200 ppm. */
START_TEST(steer_holds_a_microsecond)
{
	for (unsigned int i = 0; i < ADJTIME * COUNT(samplings) * 2; i++) {
		struct sim sim = new_sim(freqs[(i + (unsigned int)_i) % COUNT(freqs)], i % ADJTIME,
					 samplings[i / ADJTIME % COUNT(samplings)], intervals[_i]);

		sim.rough = i >= ADJTIME * COUNT(samplings);
		run_counted(&sim, sim.interval < SEC / 100 ? COUNTED / 10 : COUNTED);
		if (sim.rough) {
			expect(&sim, "99 %:", percentile(&sim.mono), goal(&sim));
			expect(&sim, "rough:", sim.mono.worst, ROUGHLY * goal(&sim));
		} else {
			expect(&sim, "calm:", sim.mono.worst, goal(&sim));
		}
		/* its rate does not change: a microsecond and the noise, at any interval */
		expect(&sim, "raw:", sim.raw_errors.worst, USEC + sim.sampling->to);
	}
}
END_TEST

/* The error that a change of the rate makes until the next sample, and after so many more. */
#define CHANGE (500 * PPM)

START_TEST(steer_follows_a_change_of_rate)
{
	for (unsigned int i = 0; i < 2 * COUNT(freqs); i++) {
		struct sim sim = new_sim(freqs[i / 2], STEADY, samplings[i & 1], SEC / 10);
		int64_t most = CHANGE * (sim.interval / MSEC) / 1000;

		sim.slew_ppm = 1000;
		run_counted(&sim, 20 * SEC);
		let_pass(&sim, random_between(0, TICK));
		sim.ntp.base += i & 2 ? CHANGE : -CHANGE;
		sim.mono = sim.settled = (struct errors){ 0 };
		sim.unchanged = 0;
		run_for(&sim, SEC / 10 * SETTLED);
		expect(&sim, "after a change:", sim.mono.worst, most + most / 10 + USEC);
		run_for(&sim, 10 * SEC);
		expect(&sim, "settled:", sim.settled.worst, USEC);
	}
}
END_TEST

/*
 * NTP as it never is: rates change at once, beyond what slew_ppm allows, too.
 * run_update() sees that no clock goes back and no rate is out of its bounds.
 */
START_TEST(steer_never_goes_back)
{
	for (unsigned int i = 0; i < COUNT(freqs) * COUNT(samplings) * 2; i++) {
		struct sim sim = new_sim(freqs[i % COUNT(freqs)], i & 1 ? ADJTIME : CHANGES,
					 samplings[i % COUNT(samplings)], intervals[_i]);

		sim.slew_ppm = i & 2 ? 500 : 1000;
		sim.rough = 1;
		run_counted(&sim, sim.interval < SEC / 100 ? COUNTED / 20 : COUNTED / 2);
		say(&sim);
		/* the peace after it: 200 ppm are within the bound again */
		sim.ntp.manner = STEADY;
		sim.ntp.change = 0;
		run_for(&sim, 20 * SEC);
		sim.mono = (struct errors){ 0 };
		run_for(&sim, 5 * SEC);
		expect(&sim, "later:", sim.mono.worst, ROUGHLY * goal(&sim));
	}
}
END_TEST

/* -------------------------------------------------------------------------
 * What is no rate.
 */

/* The host's REALTIME is set. The guest's answers may go anywhere, once. */
static void set_realtime(struct sim *sim, int64_t by)
{
	sim->host.real += by;
	sim->stepped = 1;
	publish(sim);
}

START_TEST(steer_steps_realtime_alone)
{
	static const int64_t steps[] = { 3600 * SEC, -3600 * SEC, 30 * USEC, -30 * USEC, -SEC };

	for (unsigned int i = 0; i < COUNT(steps); i++) {
		struct sim sim = new_sim(freqs[i % COUNT(freqs)], PLL, &tight, SEC / 10);

		run_counted(&sim, 10 * SEC);
		set_realtime(&sim, steps[i]);
		ck_assert_int_le(llabs(sim.distance - sim.host.real), sim.sampling->to);
		run_for(&sim, 10 * SEC);	/* and never again */
		/* MONOTONIC has seen nothing of it */
		expect(&sim, "stepped:", sim.mono.worst, USEC);
		/* what may be noise is none */
		sim.host.real += 5 * USEC;
		run_for(&sim, SEC);
	}
}
END_TEST

START_TEST(steer_takes_a_leap_second)
{
	struct sim sim = new_sim(GHZ, PLL, &tight, SEC / 10);
	int64_t tai;

	run_counted(&sim, 10 * SEC);
	tai = reading(&sim.clock, VDSOGEN_TAI, sim.host.counter) -
	      mono(&sim.clock, &sim.host);
	sim.host.tai++;
	set_realtime(&sim, -SEC);
	run_for(&sim, 10 * SEC);
	expect(&sim, "leap:", sim.mono.worst, USEC);
	/* TAI does not leap */
	ck_assert_int_le(llabs(reading(&sim.clock, VDSOGEN_TAI, sim.host.counter) -
			       mono(&sim.clock, &sim.host) - tai), sim.sampling->to);
}
END_TEST

static int64_t boot_error(const struct sim *sim)
{
	return reading(&sim->clock, VDSOGEN_BOOTTIME, sim->host.counter) -
	       host_mono(&sim->host) - sim->host.boot;
}

/* Counter and MONOTONIC stand still, the clocks of the wall go on. */
START_TEST(steer_survives_a_suspend)
{
	struct sim sim = new_sim(54000000, PLL, &tight, SEC / 10);

	run_counted(&sim, 10 * SEC);
	sim.host.boot += 1000 * SEC;
	set_realtime(&sim, 1000 * SEC);
	run_for(&sim, 10 * SEC);
	expect(&sim, "resumed:", sim.mono.worst, USEC);
	ck_assert_int_le(llabs(boot_error(&sim)), USEC + sim.sampling->to);
	ck_assert_int_le(llabs(sim.distance - sim.host.real), sim.sampling->to);
}
END_TEST

static int64_t real_error(const struct sim *sim)
{
	return real(&sim->clock, &sim->host) - host_mono(&sim->host) - sim->host.real;
}

/* The counter has gone on, MONOTONIC has not: it is ahead, and waits. REALTIME is right. */
#define SLEPT (5 * MSEC)
#define STEP_LEAST (10 * USEC)	/* of REALTIME */

START_TEST(steer_waits_for_a_host_that_slept)
{
	struct sim sim = new_sim(GHZ, STEADY, &tight, SEC / 10);
	const int64_t slewed = sim.interval * sim.slew_ppm / 1000000;

	sim.ntp.base = 0;
	run_counted(&sim, 10 * SEC);
	sim.host.counter += (uint64_t)SLEPT * sim.host.hz / SEC;
	sim.host.boot += SLEPT;
	sim.host.real += SLEPT;
	sim.waiting = 1;
	for (int64_t t = 0; t < 2 * SLEPT * 1000000 / sim.slew_ppm; t += sim.interval) {
		run_update(&sim);
		ck_assert_int_le(llabs(real_error(&sim)), slewed + STEP_LEAST + USEC);
		ck_assert_int_le(llabs(boot_error(&sim)), slewed + STEP_LEAST + USEC);
	}
	sim.waiting = 0;
	sim.mono = (struct errors){ 0 };
	run_for(&sim, SEC);
	expect(&sim, "waited:", sim.mono.worst, USEC);
}
END_TEST

/* The counter stood still, MONOTONIC did not: a guest that was paused. */
START_TEST(steer_jumps_over_a_pause)
{
	struct sim sim = new_sim(2596122000, PLL, &tight, SEC / 10);

	run_counted(&sim, 10 * SEC);
	sim.host.mono += Q64(5 * SEC);
	sim.raw += Q64(5 * SEC);
	run_update(&sim);
	sim.mono = sim.raw_errors = (struct errors){ 0 };
	run_for(&sim, 10 * SEC);
	expect(&sim, "jumped:", sim.mono.worst, USEC);
	expect(&sim, "raw jumped:", sim.raw_errors.worst, USEC);
}
END_TEST

/* Interrupted while it sampled, after a pause: where the host is now is past where it was. */
START_TEST(steer_jumps_no_farther_than_is_certain)
{
	struct sim sim = new_sim(GHZ, STEADY, &tight, SEC / 10);
	struct vdsogen_sample sample;
	int64_t jump;

	run_counted(&sim, SEC);
	sim.host.mono += Q64(5 * SEC);
	sample = sampled(&sim.host, INTERRUPTION_MAX, INTERRUPTION_MAX / 2);
	ck_assert_int_eq(vdsogen_clock_update(&sim.clock, &sample, host_counter, &sim.host), 0);
	jump = mono(&sim.clock, &sim.host) - host_mono(&sim.host);
	ck_assert_int_le(jump, USEC);
	ck_assert_int_ge(jump, -INTERRUPTION_MAX);
}
END_TEST

/* A start that was late in its bracket is an error of the time, not of the rate. */
START_TEST(steer_learns_no_rate_from_a_late_start)
{
	const int64_t bracket = 8 * USEC, late = bracket / 2;
	struct sim sim = new_sim(GHZ, STEADY, &tight, SEC / 100);
	struct vdsogen_source source = { .hz = sim.host.hz };
	struct vdsogen_sample sample;

	sim.ntp.base = 0;
	start_sim(&sim);
	vdsogen_clock_reset(&sim.clock);
	for (unsigned int i = 0; i < CLOCK_IDS; i++)
		sim.last[i] = INT64_MIN;
	sample = sampled(&sim.host, (uint64_t)bracket, late);
	ck_assert_int_eq(vdsogen_clock_start(&sim.clock, &source, &sample), 0);
	/* 4 us in the first 10 ms are no 400 ppm; in the 100 ms in which they are closed, 40 */
	sim.slew_ppm = 30;
	for (unsigned int i = 0; i < 100; i++)
		run_update(&sim);
	expect(&sim, "started late:", sim.mono.worst, late + late / 8);
}
END_TEST

/* -------------------------------------------------------------------------
 * A day.
 */
#define HOURS 24

START_TEST(steer_lasts_a_day)
{
	struct sim sim = new_sim(24000000, WARMTH, &tight, SEC / 10);

	sim.ntp.tick = SEC / 10;
	run_counted(&sim, (int64_t)HOURS * 3600 * SEC);
	expect(&sim, "a day:", sim.mono.worst, USEC);
	ck_assert_int_eq(sim.distance, sim.host.real);
}
END_TEST

/* ------------------------------------------------------------------------- */
static void seed(void)
{
	const char *text = getenv("SEED");

	seed_random(text ? strtoull(text, NULL, 0) : 1);
}

Suite *steer_suite(void)
{
	Suite *s = suite_create("steer");
	TCase *tc = tcase_create("steer");

	suite_add_tcase(s, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, seed, NULL);
	tcase_add_loop_test(tc, steer_holds_a_microsecond, 0, COUNT(intervals));
	tcase_add_test(tc, steer_follows_a_change_of_rate);
	tcase_add_loop_test(tc, steer_never_goes_back, 0, COUNT(intervals));
	tcase_add_test(tc, steer_steps_realtime_alone);
	tcase_add_test(tc, steer_takes_a_leap_second);
	tcase_add_test(tc, steer_survives_a_suspend);
	tcase_add_test(tc, steer_waits_for_a_host_that_slept);
	tcase_add_test(tc, steer_jumps_over_a_pause);
	tcase_add_test(tc, steer_jumps_no_farther_than_is_certain);
	tcase_add_test(tc, steer_learns_no_rate_from_a_late_start);
	tcase_add_test(tc, steer_lasts_a_day);
	return s;
}

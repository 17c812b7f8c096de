/* SPDX-License-Identifier: BSD-2-Clause */
#include <check.h>

#include "bottle.h"

const int clock_ids[CLOCK_IDS] = {
	VDSOGEN_REALTIME, VDSOGEN_MONOTONIC, VDSOGEN_MONOTONIC_RAW, VDSOGEN_REALTIME_COARSE,
	VDSOGEN_MONOTONIC_COARSE, VDSOGEN_BOOTTIME, VDSOGEN_TAI
};
const int steady_ids[STEADY_IDS] = {
	VDSOGEN_MONOTONIC, VDSOGEN_MONOTONIC_RAW, VDSOGEN_MONOTONIC_COARSE, VDSOGEN_BOOTTIME
};

#define SEED 88172645463325252u

static uint64_t random_state = SEED;

void seed_random(uint64_t seed)
{
	random_state = seed * SEED;
	if (!random_state)	/* it would stay 0 */
		random_state = SEED;
}

uint64_t random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * UINT64_C(2685821657736338717);
}

int64_t random_between(int64_t low, int64_t high)
{
	return low + (int64_t)(random64() % (uint64_t)(high - low + 1));
}

struct vdsogen_time time_of(int64_t nsec)
{
	int64_t sec = nsec / SEC - (nsec % SEC < 0);

	return (struct vdsogen_time){ .sec = sec, .nsec = (uint32_t)(nsec - sec * SEC) };
}

int64_t nsec_of(const struct vdsogen_time *time)
{
	return time->sec * SEC + time->nsec;
}

struct host new_host(uint64_t hz)
{
	return (struct host){ .hz = hz, .counter = 5 * hz, .mono = Q64(1000 * SEC),
			      .real = 1700000000 * SEC, .boot = 77 * SEC, .raw = -SEC, .tai = 37 };
}

void pass_ticks(struct host *host, uint64_t ticks)
{
	vg_i128 rate = (vg_i128)(((vg_u128)SEC << 64) / host->hz);

	host->counter += ticks;
	host->mono += (vg_i128)ticks * rate + (vg_i128)ticks * (rate / SEC) * host->ppb;
}

void pass(struct host *host, int64_t nsec)
{
	pass_ticks(host, (uint64_t)((vg_u128)nsec * host->hz / SEC));
}

int64_t host_mono(const struct host *host)
{
	return (int64_t)(host->mono >> 64);
}

struct vdsogen_sample sampled(const struct host *host, uint64_t bracket, int64_t late)
{
	int64_t mono = host_mono(host) + late;

	return (struct vdsogen_sample){
		.before = host->counter - bracket / 2, .after = host->counter + (bracket + 1) / 2,
		.realtime = time_of(mono + host->real), .monotonic = time_of(mono),
		.boottime = time_of(mono + host->boot), .raw = time_of(mono + host->raw),
		.tai_offset = (int32_t)host->tai,
	};
}

uint64_t host_counter(void *host)
{
	return ((struct host *)host)->counter;
}

int64_t reading(const struct vdsogen_clock *clock, int id, uint64_t counter)
{
	struct vdsogen_time time;
	int error = vdsogen_clock_read(clock, id, counter, &time);

	/* an assertion that holds is a write to a file; here they are many */
	if (error)
		ck_abort_msg("clock %d: %s", id, vdsogen_strerror(error));
	if (time.nsec >= SEC)
		ck_abort_msg("clock %d: %u ns", id, time.nsec);
	return nsec_of(&time);
}

int64_t mono(const struct vdsogen_clock *clock, const struct host *host)
{
	return reading(clock, VDSOGEN_MONOTONIC, host->counter);
}

int64_t real(const struct vdsogen_clock *clock, const struct host *host)
{
	return reading(clock, VDSOGEN_REALTIME, host->counter);
}

void start(struct vdsogen_clock *clock, struct host *host)
{
	struct vdsogen_source source = { .hz = host->hz };
	struct vdsogen_sample sample = sampled(host, 0, 0);

	ck_assert_int_eq(vdsogen_clock_start(clock, &source, &sample), 0);
}

void update(struct vdsogen_clock *clock, struct host *host)
{
	struct vdsogen_sample sample = sampled(host, 0, 0);

	ck_assert_int_eq(vdsogen_clock_update(clock, &sample, host_counter, host), 0);
}

void check_coarse(const struct vdsogen_clock *clock, uint64_t counter)
{
	ck_assert_int_le(reading(clock, VDSOGEN_MONOTONIC_COARSE, counter),
			 reading(clock, VDSOGEN_MONOTONIC, counter));
	ck_assert_int_le(reading(clock, VDSOGEN_REALTIME_COARSE, counter),
			 reading(clock, VDSOGEN_REALTIME, counter));
}

void check_steady(const struct vdsogen_clock *clock, struct highest *highest, uint64_t counter)
{
	for (unsigned int i = 0; i < STEADY_IDS; i++) {
		int64_t nsec = reading(clock, steady_ids[i], counter);

		ck_assert_msg(nsec >= highest->nsec[i], "clock %d went back by %lld ns",
			      steady_ids[i], (long long)(highest->nsec[i] - nsec));
		highest->nsec[i] = nsec;
	}
	check_coarse(clock, counter);
	ck_assert_int_eq(reading(clock, VDSOGEN_TAI, counter),
			 reading(clock, VDSOGEN_REALTIME, counter) + 37 * SEC);
}

void check_rates(const struct vdsogen_clock *clock, uint64_t hz, uint32_t slew_ppm)
{
	vg_u128 nominal = ((vg_u128)SEC << 64) / hz,
		bound = nominal / 1000000 * 2 * slew_ppm + 2000000;

	for (unsigned int i = 0; i < 3; i++) {
		vg_u128 rate = vg_wide(clock->line[i].mult_int, clock->line[i].mult);

		if (rate > nominal + bound || rate < nominal - bound)
			ck_abort_msg("line %u: more than twice %u ppm", i, slew_ppm);
	}
}

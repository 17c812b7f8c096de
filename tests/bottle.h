/* SPDX-License-Identifier: BSD-2-Clause */
/* A host in a bottle: its clocks, its samples, and what its guest's clock must not do. */
#ifndef BOTTLE_H
#define BOTTLE_H

#include <endian.h>

#include "vdsogen.h"
#include "wide.h"

#define SEC INT64_C(1000000000)
#define GHZ UINT64_C(1000000000)
#define Q64(nsec) ((vg_i128)(nsec) * ((vg_i128)1 << 64))

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* From and to the byte order of process and random blocks. */
static inline uint32_t le32(uint32_t v)
{
	return htole32(v);
}

static inline uint64_t le64(uint64_t v)
{
	return htole64(v);
}

/* All clocks, and those that never go back. */
#define CLOCK_IDS 7
#define STEADY_IDS 4
extern const int clock_ids[CLOCK_IDS];
extern const int steady_ids[STEADY_IDS];

/* Its clocks are straight lines over the counter. */
struct host {
	uint64_t hz;
	uint64_t counter;
	int64_t ppb;		/* how much faster its clocks are than hz says */
	vg_i128 mono;		/* Q64 ns */
	int64_t real, boot, raw; /* ns ahead of MONOTONIC */
	int64_t tai;
};

/* The latest answer of each steady clock. */
struct highest {
	int64_t nsec[STEADY_IDS];
};

/* A sequence that is the same in every run, unless it is told where to begin. */
void seed_random(uint64_t seed);
uint64_t random64(void);
int64_t random_between(int64_t low, int64_t high);

struct vdsogen_time time_of(int64_t nsec);
int64_t nsec_of(const struct vdsogen_time *time);

struct host new_host(uint64_t hz);
void pass_ticks(struct host *host, uint64_t ticks);
void pass(struct host *host, int64_t nsec);
int64_t host_mono(const struct host *host);
/* All clocks at this moment, `late` ns too late, in a bracket of so many ticks. */
struct vdsogen_sample sampled(const struct host *host, uint64_t bracket, int64_t late);
/* A vdsogen_counter_fn. */
uint64_t host_counter(void *host);

/* What the guest reads. */
int64_t reading(const struct vdsogen_clock *clock, int id, uint64_t counter);
int64_t mono(const struct vdsogen_clock *clock, const struct host *host);
int64_t real(const struct vdsogen_clock *clock, const struct host *host);

/* With a sample that took no time. */
void start(struct vdsogen_clock *clock, struct host *host);
void update(struct vdsogen_clock *clock, struct host *host);

/* No steady clock is behind what it said before; no coarse clock is ahead of its fine one. */
void check_steady(const struct vdsogen_clock *clock, struct highest *highest, uint64_t counter);
/* No coarse clock is ahead of its fine one. */
void check_coarse(const struct vdsogen_clock *clock, uint64_t counter);
/* |rate / nominal - 1| <= 2 slew */
void check_rates(const struct vdsogen_clock *clock, uint64_t hz, uint32_t slew_ppm);

#endif

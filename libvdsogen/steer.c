/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Steering the lines toward the host's clocks.
 *
 * A track is where a host clock is thought to be at the last sample, how
 * doubtful that is, and the clock's rate. A sample moves both by as much as
 * its bracket is the less doubtful of the two. A line's rate is the track's
 * rate and a correction that closes the line's error. Each is bounded by
 * slew_ppm, so the rate stays within twice that of nominal and above 0.
 */
#include "block.h"

/* Closing an error, in ns. One that no rate explains is a step of the host's: no hurry. */
#define QUICK ((uint64_t)VG_NSEC_PER_SEC / 10)
#define CLOSE ((uint64_t)VG_NSEC_PER_SEC)
#define CLOSE_INTERVALS 4	/* but no more than this part of a step at once */
#define STEP_INTERVAL ((int64_t)VG_NSEC_PER_SEC / 100) /* in a shorter one, rates explain as much */
#define LATCH_CHANGES 2	/* of a latch's rates within its age limit */
#define JUMP ((int64_t)VG_NSEC_PER_SEC) /* farther ahead, the host is not slewed to */
#define NOISE 10000		/* what may be the sampling and not the clock, ns */
#define FAR ((int64_t)1 << 31)	/* seconds; differences are not told apart beyond */

/* Weighing a sample, in ns. */
#define GRAIN 32		/* what no bracket tells: roundings, the kernel's own steering */
#define WANDER_LOG2 11		/* 2^11 ns make a doubt of 1 ns, squared: 220 ns in 0.1 s */
#define DOUBT_MAX ((uint64_t)1 << 30) /* its square fits, four times */
#define RATE_INTERVAL ((uint64_t)VG_NSEC_PER_SEC / 500) /* a shorter one teaches no more */
#define SELDOM ((uint64_t)VG_NSEC_PER_SEC * 3 / 10) /* longer ones tell no rate from a step */

/* -------------------------------------------------------------------------
 * Differences of times.
 */

/* `to` - `from` in ns; not more than FAR. */
static int64_t between(struct vdsogen_base from, struct vdsogen_base to)
{
	int64_t sec = (int64_t)(to.sec - from.sec);

	if (sec > FAR)
		sec = FAR;
	if (sec < -FAR)
		sec = -FAR;
	return sec * VG_NSEC_PER_SEC + (int64_t)to.nsec - (int64_t)from.nsec;
}

static struct vdsogen_base moved(struct vdsogen_base base, int64_t nsec)
{
	int64_t sec = nsec / VG_NSEC_PER_SEC;

	nsec -= sec * VG_NSEC_PER_SEC;
	if (nsec < 0) {
		nsec += VG_NSEC_PER_SEC;
		sec--;
	}
	base.sec += (uint64_t)sec;
	return vg_base_add(base, (uint64_t)nsec);
}

static int outside(int64_t nsec, int64_t limit)
{
	return nsec > limit || nsec < -limit;
}

/* Q64 nanoseconds in so many ticks; not more than FAR. */
static vg_i128 along(vg_u128 rate, uint64_t ticks)
{
	const uint64_t bound = (uint64_t)FAR * VG_NSEC_PER_SEC;
	vg_u128 part = (vg_u128)ticks * (uint64_t)rate;
	vg_u128 nsec = (vg_u128)ticks * vg_high(rate) + vg_high(part);

	return (vg_i128)(nsec < bound ? vg_wide((uint64_t)nsec, (uint64_t)part)
				      : vg_wide(bound, 0));
}

static vg_i128 signed_along(vg_u128 rate, uint64_t ticks)
{
	return (int64_t)ticks < 0 ? -along(rate, -ticks) : along(rate, ticks);
}

static vg_u128 magnitude(vg_i128 n)
{
	return n < 0 ? -(vg_u128)n : (vg_u128)n;
}

/* Whole ns, rounded down. */
static int64_t whole(vg_i128 n)
{
	return (int64_t)(n >> 64);
}

/* Q64 ns of ns, as a fraction of 2^64 and below 1. */
static uint64_t ratio(vg_u128 part, uint64_t all)
{
	return vg_high(part) < all ? vg_quotient(vg_high(part), (uint64_t)part, all) : UINT64_MAX;
}

/* -------------------------------------------------------------------------
 * One track and its line.
 */

/* The sample in the terms of one track. */
struct reading {
	uint64_t counter;
	int64_t bracket;	/* how long the clocks were read, ns */
	struct vdsogen_base time;
};

static struct reading reading_of(const struct vg_track *track, const struct vdsogen_sample *sample,
				 const struct vdsogen_time *time)
{
	return (struct reading){
		.counter = vg_middle(sample),
		.bracket = whole(along(track->nominal, sample->after - sample->before)),
		.time = vg_base_of(time),
	};
}

/* slew_ppm as a fraction of 2^64. */
static uint64_t slew(const struct vg_track *track)
{
	return track->slew_ppm * (UINT64_MAX / 1000000);
}

/* `rate`, so much faster that `rest` is made up for in `over` ns. */
static vg_u128 corrected(const struct vg_track *track, vg_u128 rate, vg_i128 rest, uint64_t over)
{
	vg_u128 most = vg_scaled(track->nominal, slew(track));
	vg_u128 change = vg_scaled(track->nominal, ratio(magnitude(rest), over));

	if (change > most)
		change = most;
	return rest < 0 ? rate - change : rate + change;
}

static vg_u128 bounded(const struct vg_track *track, vg_u128 rate)
{
	vg_u128 most = vg_scaled(track->nominal, slew(track));

	if (rate > track->nominal + most)
		return track->nominal + most;
	if (rate < track->nominal - most)
		return track->nominal - most;
	return rate;
}

/* The part of `rest` that a doubt of so many ns cannot explain. */
static vg_i128 beyond(vg_i128 rest, int64_t doubt)
{
	vg_i128 most = vg_q64(doubt);

	if (rest > most)
		return rest - most;
	return rest < -most ? rest + most : 0;
}

/* part / all as a fraction of 2^64, for a part below all. */
static uint64_t share(uint64_t part, uint64_t all)
{
	return ratio(vg_wide(part, 0), all);
}

/* n * fraction / 2^64, rounded toward 0. */
static vg_i128 portion(vg_i128 n, uint64_t fraction)
{
	vg_u128 size = vg_scaled(magnitude(n), fraction);

	return n < 0 ? -(vg_i128)size : (vg_i128)size;
}

static uint64_t squared(uint64_t nsec)
{
	return nsec < DOUBT_MAX ? nsec * nsec : DOUBT_MAX * DOUBT_MAX;
}

/* By how much a sample can be wrong, ns. */
static int64_t doubt_of(const struct reading *reading)
{
	return reading->bracket / 2 + GRAIN;
}

/* The host is thought to be there at this counter, and may be off by the root of `doubt`. */
static void think(struct vg_track *track, uint64_t counter, struct vdsogen_base time,
		  uint64_t doubt)
{
	track->counter = counter;
	track->time = time;
	track->doubt = doubt;
	if (track->samples < VG_STARTING - 1)
		track->samples++;
}

/* It is where the sample says, whatever was thought; its rate is what it was. */
static void believe(struct vg_track *track, const struct reading *reading)
{
	think(track, reading->counter, reading->time, squared((uint64_t)doubt_of(reading)));
}

/*
 * The track was wrong by so much after an interval, unless it is the sample.
 * This is Kalman's filter with its gains by rule: doubts are squares, as
 * variances are; the rate's gain follows from the time's (Benedict and
 * Bordner), less what was in doubt already before the interval. An error that
 * the bracket cannot explain is the track's for sure: it is learned at once.
 */
static void weigh(struct vg_track *track, const struct reading *reading, vg_i128 wrong,
		  uint64_t interval)
{
	vg_i128 sure = beyond(wrong, doubt_of(reading)), part, change;
	uint64_t theirs = squared((uint64_t)doubt_of(reading));
	uint64_t least = squared(vg_high(magnitude(sure)));
	uint64_t ours = track->doubt + (interval >> WANDER_LOG2);
	uint64_t old = track->doubt > theirs ? track->doubt - theirs : 0, gain;

	if (ours < least)
		ours = least;
	gain = share(ours, ours + theirs);
	part = portion(wrong, gain);
	change = portion(portion(part, share(ours, ours + 2 * theirs)), share(ours - old, ours));
	if (interval > SELDOM)
		change /= 2;
	if (interval < RATE_INTERVAL)
		interval = RATE_INTERVAL;
	track->rate = bounded(track, corrected(track, track->rate, change, interval));
	think(track, reading->counter, moved(reading->time, -whole(wrong - part)),
	      vg_high((vg_u128)theirs * gain));
}

static void learn(struct vg_track *track, const struct reading *reading)
{
	uint64_t ticks = reading->counter - track->counter;
	int64_t host = between(track->time, reading->time);
	int64_t interval = whole(signed_along(track->nominal, ticks));
	int64_t bound = NOISE + reading->bracket;

	if (interval > 0)
		bound += (int64_t)vg_scaled((vg_u128)interval, slew(track));
	/* More than the bound is no rate but a step of the host's clock. */
	if (!track->samples || outside(host - interval, bound))
		believe(track, reading);
	else if (interval > 0)
		weigh(track, reading, vg_q64(host) - along(track->rate, ticks), (uint64_t)interval);
}

/* What the line has added to its bases at this counter, before `last` too. Q64. */
static vg_i128 elapsed(const struct vdsogen_line *line, uint64_t counter)
{
	return signed_along(vg_line_rate(line), counter - line->last) + line->frac;
}

/* How far the host is thought to be ahead of a base of the line. Q64. */
static vg_i128 error_of(const struct vdsogen_line *line, unsigned int base,
			const struct vg_track *track)
{
	return vg_q64(between(line->base[base], track->time)) - elapsed(line, track->counter);
}

/* The line's next rate: the host's, and what closes the error; slowly enough for a latch. */
static void steer(struct vg_track *track, vg_i128 error, int64_t interval, int64_t latch_age)
{
	int64_t longer = interval > STEP_INTERVAL ? interval : STEP_INTERVAL;
	uint64_t over = QUICK;

	if (outside(whole(error), (int64_t)vg_scaled((vg_u128)longer, slew(track)))) {
		over = CLOSE;
		longer *= CLOSE_INTERVALS;
	}
	if (longer < latch_age * CLOSE_INTERVALS)
		longer = latch_age * CLOSE_INTERVALS;
	if (over < (uint64_t)longer)
		over = (uint64_t)longer;
	track->steered = corrected(track, track->rate, error, over);
}

/* Follows one host clock. Returns by how many ns its line has to jump ahead. */
static int64_t follow(struct vg_state *state, unsigned int number, unsigned int base,
		      const struct reading *reading)
{
	struct vg_track *track = &state->track[number];
	const struct vdsogen_line *line = &state->line[VG_TRACK_LINE(number)];
	int64_t age = whole(along(track->nominal, state->latch_age));
	vg_i128 error;
	int64_t jump;

	if (!track->nominal || state->held)
		return 0;	/* stands still, whatever the host does; or goes on as it does */
	learn(track, reading);
	error = error_of(line, base, track);
	/* no farther than is certain: there is no way back */
	jump = whole(beyond(error, reading->bracket / 2));
	if (jump <= JUMP)
		jump = 0;
	error -= vg_q64(jump);
	steer(track, error, whole(elapsed(line, reading->counter)), age);
	return jump;
}

/* -------------------------------------------------------------------------
 * The clocks of all lines.
 */
static void jump_ahead(struct vdsogen_line *line, int64_t nsec)
{
	for (unsigned int i = 0; i < VG_BASES; i++)
		line->base[i] = moved(line->base[i], nsec);
}

/*
 * REALTIME keeps its distance to MONOTONIC unless the host's has changed;
 * then it goes to where the host's REALTIME is. Not to where the distance
 * would put it: that is wrong while MONOTONIC is far ahead, as it is where the
 * counter went on in a suspend and the host's MONOTONIC did not.
 */
static void step_real(struct vdsogen_line lines[2], const struct vdsogen_sample *sample,
		      const struct reading *mono)
{
	int64_t limit = NOISE + mono->bracket;
	int64_t passed = whole(elapsed(&lines[0], mono->counter));
	int64_t distance = between(lines[0].base[VG_REAL], vg_base_of(&sample->realtime)) -
			   between(lines[0].base[VG_MONO], mono->time);
	int64_t error = between(lines[0].base[VG_REAL], vg_base_of(&sample->realtime)) - passed;

	if (outside(distance, limit) && outside(error, limit))
		lines[0].base[VG_REAL] = moved(vg_base_of(&sample->realtime), -passed);
	lines[1].base[VG_TAI] = lines[0].base[VG_REAL];
	lines[1].base[VG_TAI].sec += (uint64_t)(int64_t)sample->tai_offset;
}

/* BOOTTIME's distance to MONOTONIC grows by a suspend, and never past the host's BOOTTIME. */
static void grow_boot(struct vdsogen_line lines[2], const struct vdsogen_sample *sample,
		      const struct reading *mono)
{
	int64_t ahead = between(lines[1].base[VG_BOOT], vg_base_of(&sample->boottime));
	int64_t growth = ahead - between(lines[0].base[VG_MONO], mono->time);
	int64_t error = ahead - whole(elapsed(&lines[1], mono->counter));

	if (growth > error)
		growth = error;
	if (growth > NOISE + mono->bracket)
		lines[1].base[VG_BOOT] = moved(lines[1].base[VG_BOOT], growth);
}

/*
 * A latch jumps ahead as its rate falls, by what the change makes in its age
 * limit. So rates that only tremble, up and down, would drive it ahead. They
 * change seldom, by what samples far apart have taught.
 */
static int is_held(const struct vg_state *state, uint64_t counter)
{
	return state->latch_age && counter - state->steered < state->latch_age / LATCH_CHANGES;
}

/* All that a sample changes, still at the old anchors. */
void vg_take_sample(struct vg_state *state, const struct vdsogen_sample *sample, uint32_t clocks)
{
	struct vdsogen_line *line = state->line;
	struct reading reading;
	int64_t jump;

	state->held = is_held(state, vg_middle(sample));
	for (unsigned int i = 0; i < VG_TRACKS; i++)
		state->track[i].steered = vg_line_rate(&line[VG_TRACK_LINE(i)]);
	if (clocks & VG_MONOTONIC_CLOCKS) {
		reading = reading_of(&state->track[0], sample, &sample->monotonic);
		jump = follow(state, 0, VG_MONO, &reading);
		jump_ahead(&line[0], jump);
		jump_ahead(&line[1], jump);
		if (clocks & VG_REAL_CLOCKS)
			step_real(line, sample, &reading);
		if (clocks & VG_BIT(VDSOGEN_BOOTTIME))
			grow_boot(line, sample, &reading);
	}
	if (clocks & VG_BIT(VDSOGEN_MONOTONIC_RAW)) {
		reading = reading_of(&state->track[1], sample, &sample->raw);
		jump = follow(state, 1, VG_RAW, &reading);
		jump_ahead(&line[VG_RAW_LINE], jump);
	}
}

/*
 * A line of a latch is moved ahead, so that it is not behind the old one at
 * any counter up to the old one's age limit: by what it loses until then.
 */
void vg_outlast(struct vdsogen_line *line, const struct vdsogen_line *old, uint64_t age)
{
	struct vdsogen_line loss = *line;

	if (vg_line_rate(old) <= vg_line_rate(line))
		return;
	vg_set_line_rate(&loss, vg_line_rate(old) - vg_line_rate(line));
	vg_line_advance(&loss, old->last + age);
	line->frac = loss.frac;
	for (unsigned int i = 0; i < VG_BASES; i++)
		line->base[i] = loss.base[i];
}

/* All clocks go on from where they are at this counter, at their new rates. */
void vg_move_anchors(struct vg_state *state, uint64_t counter)
{
	for (unsigned int i = 0; i < VG_LINES_STEERED; i++) {
		struct vdsogen_line old = state->line[i];

		vg_line_advance(&state->line[i], counter);
		vg_set_line_rate(&state->line[i], state->track[i == VG_RAW_LINE].steered);
		if (state->latch_age)
			vg_outlast(&state->line[i], &old, state->latch_age);
	}
	if (!state->held)
		state->steered = counter;
}

void vg_first_tracks(struct vg_state *state, const struct vdsogen_sample *sample)
{
	struct reading reading;

	reading = reading_of(&state->track[0], sample, &sample->monotonic);
	if (reading.bracket > NOISE)
		return;		/* the tracks had better begin at another sample */
	believe(&state->track[0], &reading);
	reading = reading_of(&state->track[1], sample, &sample->raw);
	believe(&state->track[1], &reading);
}

/* What the lines tell about their tracks; they begin anew. */
void vg_mend_tracks(struct vg_state *state)
{
	for (unsigned int i = 0; i < VG_TRACKS; i++) {
		struct vg_track *track = &state->track[i];

		track->rate = vg_line_rate(&state->line[VG_TRACK_LINE(i)]);
		if (track->samples == VG_STARTING)
			track->nominal = track->rate;
		track->rate = bounded(track, track->rate);
		track->samples = 0;
		track->doubt = 0;
	}
}

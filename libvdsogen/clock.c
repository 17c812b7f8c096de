/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls on a clock block: start, update, read, attention. The order in
 * which readers see a publication is argued in publish.c.
 */
#include "block.h"
#include "env.h"

/* Defaults and bounds. */
#define SLEW_PPM 500u
#define SLEW_PPM_MAX 100000u
#define RES 1u
#define RES_COARSE 4000000u
#define LATCH_AGE VG_NSEC_PER_SEC
#define LATCH_AGE_MAX ((uint64_t)3600 * VG_NSEC_PER_SEC)
#define SEC_BOUND ((int64_t)1 << 40)	/* of a sample: some 35 000 years */
#define RATE_INT_MAX (UINT32_MAX / 2)	/* whole ns a tick: room for the slew */

/* -------------------------------------------------------------------------
 * What comes from the caller.
 */

/* A block that is not of an image says nothing: all clocks. */
static uint32_t served(const struct vdsogen_clock *clock)
{
	uint32_t clocks = vg_load32(&clock->clocks) & VG_CLOCKS;

	return clocks ? clocks : VG_CLOCKS;
}

static int good_time(const struct vdsogen_time *time)
{
	return time->nsec < VG_NSEC_PER_SEC && time->sec >= -SEC_BOUND && time->sec <= SEC_BOUND;
}

/* Clocks that are not served are not looked at: they may be anything. */
static int good_sample(const struct vdsogen_sample *sample, uint32_t clocks)
{
	if ((int64_t)(sample->after - sample->before) < 0)
		return 0;
	if (clocks & VG_REAL_CLOCKS && !good_time(&sample->realtime))
		return 0;
	if (clocks & VG_BIT(VDSOGEN_BOOTTIME) && !good_time(&sample->boottime))
		return 0;
	if (clocks & VG_BIT(VDSOGEN_MONOTONIC_RAW) && !good_time(&sample->raw))
		return 0;
	return !(clocks & VG_MONOTONIC_CLOCKS) || good_time(&sample->monotonic);
}

int vdsogen_clock_init(struct vdsogen_clock *clock, const struct vdsogen_image *image)
{
	if (vg_misaligned(clock))
		return -VDSOGEN_ERR_ALIGN;
	memset(clock, 0, sizeof *clock);
	vg_store32(&clock->clocks, image->config.clocks);
	vg_store32(&clock->options, image->config.options & VDSOGEN_LATCH);
	vg_store64(&clock->max_age, UINT64_MAX);
	return 0;
}

/* -------------------------------------------------------------------------
 * Starting.
 */

/* The source with its defaults filled in and its rate, Q64. */
static int check_source(struct vdsogen_source *source, int latch, vg_u128 *nominal)
{
	if (source->hz < VDSOGEN_HZ_MIN || source->hz > VDSOGEN_HZ_MAX)
		return -VDSOGEN_ERR_FREQUENCY;
	if (!source->scale && !source->unit)
		source->scale = source->unit = 1;
	if (!source->unit || source->slew_ppm > SLEW_PPM_MAX)
		return -VDSOGEN_ERR_VALUE;
	if (!source->slew_ppm)
		source->slew_ppm = SLEW_PPM;
	if (!source->res)
		source->res = RES;
	if (!source->res_coarse)
		source->res_coarse = RES_COARSE;
	if (!source->max_age && latch)
		source->max_age = LATCH_AGE;
	if (source->max_age > LATCH_AGE_MAX && latch)
		return -VDSOGEN_ERR_VALUE;
	/* 62 bits before the point; rounded down twice is rounded down once */
	*nominal = vg_wide((uint64_t)source->scale * VG_NSEC_PER_SEC, 0);
	*nominal = vg_divide(vg_divide(*nominal, source->hz), source->unit);
	return vg_high(*nominal) > RATE_INT_MAX ? -VDSOGEN_ERR_VALUE : 0;
}

/* The age limit in ticks, rounded up; "none" is more than any age. */
static uint64_t age_limit(const struct vdsogen_source *source)
{
	vg_u128 ticks = (vg_u128)source->max_age * source->hz + (VG_NSEC_PER_SEC - 1);

	ticks = vg_divide(ticks, VG_NSEC_PER_SEC);
	return !source->max_age || vg_high(ticks) ? UINT64_MAX : (uint64_t)ticks;
}

/* struct timezone: two ints of 32 bits. */
static uint64_t timezone_of(const struct vdsogen_source *source)
{
	return (uint64_t)(uint32_t)source->dst << 32 | (uint32_t)source->minutes_west;
}

static void first_lines(struct vg_state *state, const struct vdsogen_sample *sample,
			uint32_t clocks)
{
	struct vdsogen_line *line = state->line;

	for (unsigned int i = 0; i < VG_LINES_STEERED; i++) {
		line[i].last = vg_middle(sample);
		vg_set_line_rate(&line[i], state->track[0].nominal);
	}
	if (clocks & VG_MONOTONIC_CLOCKS)
		line[0].base[VG_MONO] = vg_base_of(&sample->monotonic);
	if (clocks & VG_REAL_CLOCKS) {
		line[0].base[VG_REAL] = line[1].base[VG_TAI] = vg_base_of(&sample->realtime);
		line[1].base[VG_TAI].sec += (uint64_t)(int64_t)sample->tai_offset;
	}
	if (clocks & VG_BIT(VDSOGEN_BOOTTIME))
		line[1].base[VG_BOOT] = vg_base_of(&sample->boottime);
	if (clocks & VG_BIT(VDSOGEN_MONOTONIC_RAW))
		line[VG_RAW_LINE].base[VG_RAW] = vg_base_of(&sample->raw);
}

/* A base of a new line is not behind that of the line before it. Both at one counter. */
static void keep_up(struct vdsogen_line *line, const struct vdsogen_line *old, unsigned int base)
{
	int64_t sec = (int64_t)(old->base[base].sec - line->base[base].sec);
	int64_t nsec = (int64_t)(old->base[base].nsec - line->base[base].nsec);

	if (sec > 0 || (sec == 0 && nsec >= 0))
		line->base[base] = vg_base_add(old->base[base], old->frac > line->frac);
}

/*
 * From `after` on, the new lines are not behind what the old ones say at the
 * counter `stopped`.
 */
static void go_on(struct vg_state *state, const struct vg_state *old, uint64_t after,
		  uint64_t stopped)
{
	struct vg_state then = *old;

	for (unsigned int i = 0; i < VG_LINES_STEERED; i++) {
		vg_line_advance(&state->line[i], after);
		vg_line_advance(&then.line[i], stopped);
	}
	keep_up(&state->line[0], &then.line[0], VG_MONO);
	keep_up(&state->line[1], &then.line[1], VG_BOOT);
	keep_up(&state->line[VG_RAW_LINE], &then.line[VG_RAW_LINE], VG_RAW);
}

/* A latch's old readers may meet the old age limit or the new one. */
static void outlast(struct vg_state *state, const struct vg_state *old, uint64_t age)
{
	if (!old->latch_age)
		return;
	if (age < old->latch_age)
		age = old->latch_age;
	for (unsigned int i = 0; i < VG_LINES_STEERED; i++)
		vg_outlast(&state->line[i], &old->line[i], age);
}

/* A start, from scratch or on a running clock; `stopped`: where that stood still, or NULL. */
static int begin(struct vdsogen_clock *clock, const struct vdsogen_source *source,
		 const struct vdsogen_sample *sample, const uint64_t *stopped)
{
	struct vdsogen_source full = *source;
	struct vg_state state = { 0 }, old;
	uint32_t clocks, seen, odd;
	vg_u128 nominal;
	int error;

	error = check_source(&full, vg_is_latch(clock), &nominal);
	if (error)
		return error;
	clocks = served(clock);
	if (!good_sample(sample, clocks))
		return -VDSOGEN_ERR_VALUE;
	seen = vg_load_generation(clock);
	if (seen & 1)
		return -VDSOGEN_ERR_BUSY;

	for (unsigned int i = 0; i < VG_TRACKS; i++) {
		state.track[i].nominal = state.track[i].rate = nominal;
		state.track[i].slew_ppm = full.slew_ppm;
	}
	first_lines(&state, sample, clocks);
	state.steered = sample->after;
	vg_first_tracks(&state, sample);
	if (vg_load_seq(&clock->line[0])) {
		vg_load_state(&old, clock);
		go_on(&state, &old, sample->after, stopped ? *stopped : sample->after);
		if (!stopped)
			outlast(&state, &old, age_limit(&full));
	}
	error = vg_close_lines(clock, seen, &odd);
	if (error)
		return error;
	for (unsigned int i = 0; i < VG_TRACKS; i++) {
		vg_store32(&clock->track[i].samples, VG_STARTING);
		vg_store32(&clock->track[i].slew_ppm, full.slew_ppm);
	}
	vg_store64(&clock->max_age, age_limit(&full));
	vg_store64(&clock->res, full.res);
	vg_store64(&clock->res_coarse, full.res_coarse);
	vg_store64(&clock->timezone, timezone_of(&full));
	vg_publish(clock, &state, odd);
	return 0;
}

/*
 * sample->after is the last counter that is known here: what readers have seen
 * until now is at most what the old lines say there, plus what the old rate is
 * above nominal in the time since.
 */
int vdsogen_clock_start(struct vdsogen_clock *clock, const struct vdsogen_source *source,
			const struct vdsogen_sample *sample)
{
	if (vg_misaligned(clock))
		return -VDSOGEN_ERR_ALIGN;
	return begin(clock, source, sample, NULL);
}

int vdsogen_clock_resume(struct vdsogen_clock *clock, const struct vdsogen_source *source,
			 const struct vdsogen_sample *sample, uint64_t stopped)
{
	if (vg_misaligned(clock))
		return -VDSOGEN_ERR_ALIGN;
	if (!vg_load_seq(&clock->line[0]))
		return -VDSOGEN_ERR_UNSEEDED;
	return begin(clock, source, sample, &stopped);
}

/* -------------------------------------------------------------------------
 * Updating.
 */

/*
 * Everything that can be is computed before the lines are closed: the next
 * publisher changes the generation, and then the exchange fails.
 */
int vdsogen_clock_update(struct vdsogen_clock *clock, const struct vdsogen_sample *sample,
			 vdsogen_counter_fn *now, void *arg)
{
	struct vg_state state;
	uint32_t clocks, seen, odd;
	int error;

	if (vg_misaligned(clock))
		return -VDSOGEN_ERR_ALIGN;
	clocks = served(clock);
	if (!good_sample(sample, clocks))
		return -VDSOGEN_ERR_VALUE;
	seen = vg_load_generation(clock);
	if (seen & 1)
		return -VDSOGEN_ERR_BUSY;
	if (!vg_load_seq(&clock->line[0]))
		return -VDSOGEN_ERR_UNSEEDED;
	vg_load_state(&state, clock);
	vg_take_sample(&state, sample, clocks);
	error = vg_close_lines(clock, seen, &odd);
	if (error)
		return error;
	vg_move_anchors(&state, now(arg));
	vg_publish(clock, &state, odd);
	return 0;
}

/* -------------------------------------------------------------------------
 * Reading.
 */
#define LINE_UNITS (sizeof(struct vdsogen_line) / sizeof(struct vdsogen_base))
#define BASE_UNIT (offsetof(struct vdsogen_line, base) / sizeof(struct vdsogen_base))

/* Where the readers of a line find it at this count. */
static const struct vdsogen_line *readable(const struct vdsogen_clock *clock, unsigned int number,
					   uint32_t seq)
{
	if (!(seq & 1))
		return &clock->line[number];
	if (!vg_is_latch(clock))
		return NULL;
	return &clock->saved[number == VG_COARSE_LINE ? 0 : number];
}

/* The coarse clocks are the bases alone. */
static struct vdsogen_base time_of(const struct vdsogen_line *line, unsigned int base,
				   uint64_t ticks)
{
	uint64_t frac;

	return vg_base_add(line->base[base], vg_line_nsec(line, ticks, &frac));
}

int vdsogen_clock_read(const struct vdsogen_clock *clock, int clock_id, uint64_t counter,
		       struct vdsogen_time *time)
{
	unsigned int unit = vg_base_unit((unsigned int)clock_id);
	unsigned int number = unit / LINE_UNITS;
	bool coarse = number == VG_COARSE_LINE;
	const struct vdsogen_line *from;
	struct vdsogen_line line;
	struct vdsogen_base base;
	uint64_t ticks, max_age;
	uint32_t seq;

	if (vg_misaligned(clock))
		return -VDSOGEN_ERR_ALIGN;
	if (!unit || !(served(clock) & VG_BIT(clock_id)))
		return -VDSOGEN_ERR_CLOCK;
	for (unsigned int tries = 0; tries < 1u << VG_TRIES_LOG2; tries++) {
		seq = vg_load_seq(&clock->line[number]);
		if (!seq)
			return -VDSOGEN_ERR_UNSEEDED;
		from = readable(clock, number, seq);
		if (!from)
			continue;
		vg_load_line(&line, from);
		max_age = vg_load64(&clock->max_age);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (vg_load32(&clock->line[number].seq) != seq)
			continue;
		ticks = coarse ? 0 : vg_line_ticks(&line, counter);
		if (ticks > max_age)
			return -VDSOGEN_ERR_STALE;
		base = time_of(&line, unit % LINE_UNITS - BASE_UNIT, ticks);
		time->sec = (int64_t)base.sec;
		time->nsec = (uint32_t)base.nsec;
		return 0;
	}
	return -VDSOGEN_ERR_BUSY;
}

/* -------------------------------------------------------------------------
 * Attention.
 */
VG_INLINE_ATOMICS
uint32_t vdsogen_clock_attention(struct vdsogen_clock *clock, uint32_t set, uint32_t clear)
{
	uint32_t was = __atomic_load_n(&clock->attention, __ATOMIC_RELAXED);

	while (!__atomic_compare_exchange_n(&clock->attention, &was,
					    VG_LE32((VG_LE32(was) | set) & ~clear), 1,
					    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
	return VG_LE32(was);
}

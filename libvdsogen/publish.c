/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Publishing to the clock block, reset, and recovery from a publisher that died.
 *
 * `generation` is the publishers' lock: odd while one works. At rest it is the
 * count of every line, and line 3 is line 0's bases; before the first start the
 * lines' counts are 0. The order of a publication, and what each step prevents:
 *
 *  1. `generation` goes from even to odd by compare-exchange: two publishers
 *     cannot both win, and what the loser computed from is not used.
 *  2. `saved` becomes a copy of lines 0..2: the last whole set.
 *  3. The lines' counts go to the same odd value, by release stores: not seen
 *     before `saved`. From here on readers wait; those of a latch go on with
 *     `saved`. Counts of 0 stay: their readers take the fallback at once.
 *  4. A full fence (x86: a locked instruction or MFENCE; arm64: DMB ISH), and
 *     only then the caller's reading of the counter, which waits until the odd
 *     counts are seen (a DMB orders no MRS; vdsogen_counter_fn says what does).
 *     A reader whose recheck still saw the old count has read its counter
 *     before that, so the new line begins where no reader of the old line has
 *     been. Were the counter read first, a publisher that lost its processor
 *     in between would let readers follow the old line past the new anchor,
 *     and a smaller rate would take time back. The fence also keeps the fields
 *     behind the odd counts; a release store of the odd count would not.
 *  5. The fields of lines 0..2, relaxed: no reader accepts them, and each is
 *     one aligned word.
 *  6. The counts of lines 0..2 become even by release stores: they are not
 *     seen before the fields.
 *  7. The coarse line and its count, in the same way. It comes after line 0,
 *     so that no reader finds a coarse clock, or time(), which has no count,
 *     ahead of a high-resolution one.
 *  8. The tracks, and `generation` even by a release store: the next publisher
 *     finds all of it whole. (So does it see the even counts before it writes
 *     `saved`: no reader accepts that half written.)
 *
 * So a publisher that died is known by the odd `generation`, and line 0's count
 * tells how far it came: as before, nothing was touched; odd, `saved` is whole;
 * the next even one, the lines are.
 *
 * The readers of a latch are not stopped at step 3, and may follow the old line
 * beyond the new anchor, until it is older than max_age. vg_move_anchors()
 * makes the new line one that is not behind the old one so long.
 */
#include "block.h"

/* -------------------------------------------------------------------------
 * Lines and tracks, in and out of the block.
 */
static void store_rate(struct vdsogen_line *to, const struct vdsogen_line *from)
{
	vg_store32(&to->mult_int, from->mult_int);
	vg_store64(&to->last, from->last);
	vg_store64(&to->mult, from->mult);
	vg_store64(&to->frac, from->frac);
}

static void store_line(struct vdsogen_line *to, const struct vdsogen_line *from)
{
	store_rate(to, from);
	for (unsigned int i = 0; i < VG_BASES; i++) {
		vg_store64(&to->base[i].nsec, from->base[i].nsec);
		vg_store64(&to->base[i].sec, from->base[i].sec);
	}
}

/*
 * The coarse clocks are line 0's bases, without the fraction: never ahead of
 * the high-resolution clocks at any counter, and never behind an earlier one.
 */
static void store_coarse(struct vdsogen_line *to, const struct vdsogen_line *line0)
{
	struct vdsogen_line still = { .last = line0->last };

	store_rate(to, &still);
	vg_store64(&to->base[VG_MONO].nsec, line0->base[VG_MONO].nsec);
	vg_store64(&to->base[VG_MONO].sec, line0->base[VG_MONO].sec);
	vg_store64(&to->base[VG_REAL].nsec, line0->base[VG_REAL].nsec);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	vg_store64(&to->base[VG_REAL].sec, line0->base[VG_REAL].sec);
}

static void load_track(struct vg_track *to, const struct vdsogen_track *from)
{
	to->nominal = vg_wide(vg_load32(&from->nominal_int), vg_load64(&from->nominal));
	to->rate = vg_wide(vg_load32(&from->rate_int), vg_load64(&from->rate));
	to->slew_ppm = vg_load32(&from->slew_ppm);
	to->samples = vg_load32(&from->samples);
	to->counter = vg_load64(&from->counter);
	to->time.nsec = vg_load64(&from->nsec);
	to->time.sec = vg_load64(&from->sec);
	to->doubt = vg_load64(&from->doubt);
}

/* `samples` last: it takes the mark of a start away. */
static void store_track(struct vdsogen_track *to, const struct vg_track *from)
{
	vg_store64(&to->nominal, (uint64_t)from->nominal);
	vg_store32(&to->nominal_int, (uint32_t)vg_high(from->nominal));
	vg_store64(&to->rate, (uint64_t)from->rate);
	vg_store32(&to->rate_int, (uint32_t)vg_high(from->rate));
	vg_store32(&to->slew_ppm, from->slew_ppm);
	vg_store64(&to->counter, from->counter);
	vg_store64(&to->nsec, from->time.nsec);
	vg_store64(&to->sec, from->time.sec);
	vg_store64(&to->doubt, from->doubt);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	vg_store32(&to->samples, from->samples);
}

void vg_load_state(struct vg_state *state, const struct vdsogen_clock *clock)
{
	state->latch_age = vg_is_latch(clock) ? vg_load64(&clock->max_age) : 0;
	state->steered = vg_load64(&clock->steered);
	state->held = 0;
	for (unsigned int i = 0; i < VG_LINES_STEERED; i++)
		vg_load_line(&state->line[i], &clock->line[i]);
	for (unsigned int i = 0; i < VG_TRACKS; i++)
		load_track(&state->track[i], &clock->track[i]);
}

/* -------------------------------------------------------------------------
 * The sequence counts. They only grow.
 */
static void store_seq(struct vdsogen_line *line, uint32_t seq)
{
	__atomic_store_n(&line->seq, VG_LE32(seq), __ATOMIC_RELEASE);
}

/* The even count after an odd one; 0 is not one, it says: never started. */
static uint32_t even_after(uint32_t odd)
{
	return odd == UINT32_MAX ? 2 : odd + 1;
}

static void save_lines(struct vdsogen_clock *clock)
{
	struct vdsogen_line line;

	for (unsigned int i = 0; i < VG_LINES_STEERED; i++) {
		vg_load_line(&line, &clock->line[i]);
		store_line(&clock->saved[i], &line);
	}
}

/* Steps 1 to 4, from the generation `seen`, which is even. On success *odd is the lock's. */
VG_INLINE_ATOMICS int vg_close_lines(struct vdsogen_clock *clock, uint32_t seen, uint32_t *odd)
{
	uint32_t expected = VG_LE32(seen);

	*odd = seen | 1;
	if (!__atomic_compare_exchange_n(&clock->generation, &expected, VG_LE32(*odd), 0,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return -VDSOGEN_ERR_BUSY;
	if (vg_load_seq(&clock->line[0])) {
		save_lines(clock);
		for (unsigned int i = 0; i < VDSOGEN_LINES; i++)
			store_seq(&clock->line[i], *odd);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return 0;
}

/* Steps 6 to 8, where the fields of lines 0..2 are whole. */
static void open_lines(struct vdsogen_clock *clock, const struct vg_state *state, uint32_t even)
{
	for (unsigned int i = 0; i < VG_LINES_STEERED; i++)
		store_seq(&clock->line[i], even);
	store_coarse(&clock->line[VG_COARSE_LINE], &state->line[0]);
	store_seq(&clock->line[VG_COARSE_LINE], even);
	for (unsigned int i = 0; i < VG_TRACKS; i++)
		store_track(&clock->track[i], &state->track[i]);
	vg_store64(&clock->steered, state->steered);
	__atomic_store_n(&clock->generation, VG_LE32(even), __ATOMIC_RELEASE);
}

/* Steps 5 to 8. */
void vg_publish(struct vdsogen_clock *clock, const struct vg_state *state, uint32_t odd)
{
	for (unsigned int i = 0; i < VG_LINES_STEERED; i++)
		store_line(&clock->line[i], &state->line[i]);
	open_lines(clock, state, even_after(odd));
}

/* -------------------------------------------------------------------------
 * Reset, and recovery from a publisher that died.
 */

/*
 * The counts go first: time() has no count, and 0 sends it to the fallback.
 * The block may have been copied while a publisher was at work, so the highest
 * count is looked for.
 */
void vdsogen_clock_reset(struct vdsogen_clock *clock)
{
	uint32_t highest;

	if (vg_misaligned(clock))
		return;
	highest = vg_load32(&clock->generation);
	for (unsigned int i = 0; i < VDSOGEN_LINES; i++) {
		uint32_t seq = vg_load32(&clock->line[i].seq);

		if ((int32_t)(seq - highest) > 0)
			highest = seq;
	}
	vg_store32(&clock->generation, highest & 1 ? even_after(highest) : highest);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	for (unsigned int i = 0; i < VDSOGEN_LINES; i++)
		vg_store32(&clock->line[i].seq, 0);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	vg_store64(&clock->line[VG_COARSE_LINE].base[VG_REAL].sec, 0);
	vg_store64(&clock->res, 0);
	vg_store64(&clock->res_coarse, 0);
}

/* Whether nothing is left that vdsogen_clock_reset() makes 0. */
static int is_reset(const struct vdsogen_clock *clock)
{
	for (unsigned int i = 0; i < VDSOGEN_LINES; i++)
		if (vg_load_seq(&clock->line[i]))
			return 0;
	return !vg_load64(&clock->line[VG_COARSE_LINE].base[VG_REAL].sec) &&
	       !vg_load64(&clock->res) && !vg_load64(&clock->res_coarse);
}

/* Back to the lines before. The tracks' nominal rates are still those. */
static void take_back(struct vdsogen_clock *clock)
{
	struct vdsogen_line line;

	for (unsigned int i = 0; i < VG_LINES_STEERED; i++) {
		vg_load_line(&line, &clock->saved[i]);
		store_line(&clock->line[i], &line);
	}
	for (unsigned int i = 0; i < VG_TRACKS; i++)
		vg_store32(&clock->track[i].samples, 0);
}

/* Each step can be repeated, so a recovery that dies can be recovered from. */
int vdsogen_clock_recover(struct vdsogen_clock *clock)
{
	struct vg_state state;
	uint32_t seq, generation;

	if (vg_misaligned(clock))
		return -VDSOGEN_ERR_ALIGN;
	generation = vg_load_generation(clock);
	seq = vg_load_seq(&clock->line[0]);
	if (!seq && (generation & 1 || !is_reset(clock))) {
		vdsogen_clock_reset(clock);	/* a reset or a first start died half way */
		return 1;
	}
	if (!(generation & 1))
		return 0;
	if (seq == generation)
		take_back(clock);
	else if (seq != even_after(generation)) {
		vg_store32(&clock->generation, generation - 1);	/* it had only just begun */
		return 1;
	}
	vg_load_state(&state, clock);
	vg_mend_tracks(&state);
	open_lines(clock, &state, even_after(generation));
	return 1;
}

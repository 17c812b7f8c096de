/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Publishing to the clock block, reset, and recovery from a publisher that died.
 *
 * Line 0's sequence count is also the publishers' lock. At rest
 * all lines have the same even count, `saved` equals lines 0..2 and line 3 is
 * line 0's bases. The order of a publication, and what each step prevents:
 *
 *  1. Line 0's count goes from even to odd by compare-exchange: two publishers
 *     cannot both win, and what the loser computed from is not used.
 *  2. The other lines' counts go to the same odd value: no line of the new set
 *     is read beside one of the old.
 *  3. A full fence (x86: a locked instruction or MFENCE; arm64: DMB ISH), and
 *     only then the caller's reading of the counter, which waits until the odd
 *     counts are seen (a DMB orders no MRS; vdsogen_counter_fn says what does). A reader whose
 *     recheck still saw the old count has read its counter before that, so
 *     the new line begins where no reader of the old line has been. Were the
 *     counter read first, a publisher that lost its processor in between would
 *     let readers follow the old line past the new anchor, and a smaller rate
 *     would take time back. The fence also keeps the fields behind the odd
 *     counts; a release store of the odd count would not.
 *  4. The fields, relaxed: no reader accepts them, and each is one aligned
 *     word. The coarse second is last, behind a release fence: time() reads it
 *     without the count, so from there on there is no way back.
 *  5. The counts of lines 3, 2, 1 become even by release stores: they are not
 *     seen before the fields. One even count means that all fields of all
 *     lines are whole.
 *  6. `saved` and the tracks follow while line 0 is still locked, so the next
 *     publisher finds them whole.
 *  7. Line 0's count becomes even, by a release store.
 *
 * So a publisher that died is known by line 0's odd count, and recovery can
 * tell whether it died before step 5 (or the coarse second), when `saved` has
 * the lines as they were, or after, when the lines themselves are whole.
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
	to->averaged = vg_load64(&from->averaged);
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
	vg_store64(&to->averaged, from->averaged);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	vg_store32(&to->samples, from->samples);
}

void vg_load_state(struct vg_state *state, const struct vdsogen_clock *clock)
{
	for (unsigned int i = 0; i < VG_LINES_STEERED; i++)
		vg_load_line(&state->line[i], &clock->line[i]);
	for (unsigned int i = 0; i < VG_TRACKS; i++)
		load_track(&state->track[i], &clock->track[i]);
}

/* -------------------------------------------------------------------------
 * The sequence counts. They only grow; `generation` is the highest one.
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

/* Steps 1 to 3, from the count `seen`, 0 or even. On success *odd is the lock's. */
VG_INLINE_ATOMICS int vg_close_lines(struct vdsogen_clock *clock, uint32_t seen, uint32_t *odd)
{
	uint32_t expected = VG_LE32(seen);

	*odd = (seen ? seen : vg_load32(&clock->generation)) | 1;
	if (!__atomic_compare_exchange_n(&clock->line[0].seq, &expected, VG_LE32(*odd), 0,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return -VDSOGEN_ERR_BUSY;
	for (unsigned int i = 1; i < VDSOGEN_LINES; i++)
		vg_store32(&clock->line[i].seq, *odd);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return 0;
}

/* Step 5. */
static void open_other_lines(struct vdsogen_clock *clock, uint32_t even)
{
	for (unsigned int i = VDSOGEN_LINES - 1; i > 0; i--)
		store_seq(&clock->line[i], even);
}

/* Steps 6 and 7. */
static void finish(struct vdsogen_clock *clock, const struct vg_state *state, uint32_t even)
{
	for (unsigned int i = 0; i < VG_LINES_STEERED; i++)
		store_line(&clock->saved[i], &state->line[i]);
	for (unsigned int i = 0; i < VG_TRACKS; i++)
		store_track(&clock->track[i], &state->track[i]);
	vg_store32(&clock->saved[0].seq, even);
	vg_store32(&clock->generation, even);
	store_seq(&clock->line[0], even);
}

/* Steps 4 to 7. */
void vg_publish(struct vdsogen_clock *clock, const struct vg_state *state, uint32_t odd)
{
	uint32_t even = even_after(odd);

	for (unsigned int i = 0; i < VG_LINES_STEERED; i++)
		store_line(&clock->line[i], &state->line[i]);
	store_coarse(&clock->line[VG_COARSE_LINE], &state->line[0]);
	open_other_lines(clock, even);
	finish(clock, state, even);
}

/* -------------------------------------------------------------------------
 * Reset, and recovery from a publisher that died.
 */

/* The counts go first: time() has no count, and 0 sends it to the fallback. */
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
	vg_store32(&clock->saved[0].seq, 0);
}

/* Whether the fields that a dead publisher left are a whole set. */
static int fields_are_whole(const struct vdsogen_clock *clock, uint32_t even)
{
	const struct vdsogen_line *coarse = &clock->line[VG_COARSE_LINE];

	for (unsigned int i = 1; i < VDSOGEN_LINES; i++)
		if (vg_load_seq(&clock->line[i]) == even)
			return 1;
	return vg_load32(&clock->saved[0].seq) &&
	       vg_load64(&coarse->base[VG_REAL].sec) !=
		       vg_load64(&clock->saved[0].base[VG_REAL].sec);
}

/* Back to the lines before. The tracks' nominal rates are still those. */
static void take_back(struct vdsogen_clock *clock)
{
	struct vdsogen_line line;

	for (unsigned int i = 0; i < VG_LINES_STEERED; i++) {
		vg_load_line(&line, &clock->saved[i]);
		store_line(&clock->line[i], &line);
	}
	vg_load_line(&line, &clock->saved[0]);
	store_coarse(&clock->line[VG_COARSE_LINE], &line);
	for (unsigned int i = 0; i < VG_TRACKS; i++)
		vg_store32(&clock->track[i].samples, 0);
}

/* Whether nothing is left that vdsogen_clock_reset() makes 0. */
static int is_reset(const struct vdsogen_clock *clock)
{
	for (unsigned int i = 0; i < VDSOGEN_LINES; i++)
		if (vg_load_seq(&clock->line[i]))
			return 0;
	return !vg_load64(&clock->line[VG_COARSE_LINE].base[VG_REAL].sec) &&
	       !vg_load64(&clock->res) && !vg_load64(&clock->res_coarse) &&
	       !vg_load32(&clock->saved[0].seq);
}

/* Each step can be repeated, so a recovery that dies can be recovered from. */
int vdsogen_clock_recover(struct vdsogen_clock *clock)
{
	struct vg_state state;
	uint32_t seq, even;

	if (vg_misaligned(clock))
		return -VDSOGEN_ERR_ALIGN;
	seq = vg_load_seq(&clock->line[0]);
	if (!seq && !is_reset(clock)) {
		vdsogen_clock_reset(clock);	/* it died half way */
		return 1;
	}
	if (!(seq & 1))
		return 0;
	even = even_after(seq);
	if (!fields_are_whole(clock, even)) {
		if (!vg_load32(&clock->saved[0].seq)) {
			vdsogen_clock_reset(clock);
			return 1;
		}
		take_back(clock);
	}
	open_other_lines(clock, even);
	vg_load_state(&state, clock);
	vg_mend_tracks(&state);
	finish(clock, &state, even);
	return 1;
}

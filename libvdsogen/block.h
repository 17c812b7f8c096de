/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the clock share: a private copy of the block, and the
 * steps between loading it and publishing it.
 */
#ifndef VG_BLOCK_H
#define VG_BLOCK_H

#include "wide.h"

#define VG_LINES_STEERED (VDSOGEN_LINES - 1)	/* all but the coarse one */
#define VG_RAW_LINE 2
#define VG_TRACKS 2
#define VG_BASES 2

/* Which base of a line is whose: the table is in struct vdsogen_clock's comment. */
enum { VG_REAL = 0, VG_MONO = 1, VG_BOOT = 0, VG_TAI = 1, VG_RAW = 0 };

/* What lines 0, 1 and 3 are for; all of it hangs on MONOTONIC. */
#define VG_BIT(id) (1u << (id))
#define VG_REAL_CLOCKS \
	(VG_BIT(VDSOGEN_REALTIME) | VG_BIT(VDSOGEN_TAI) | VG_BIT(VDSOGEN_REALTIME_COARSE))
#define VG_MONOTONIC_CLOCKS (VG_CLOCKS & ~VG_BIT(VDSOGEN_MONOTONIC_RAW))

/* A track whose nominal rate is the line's: a start is or was at work. */
#define VG_STARTING UINT32_MAX

/* A private copy of the block, in the host's byte order. Rates are Q64. */
struct vg_track {
	vg_u128 nominal, rate;
	vg_u128 steered;	/* the line's, from the next anchor on; not in the block */
	uint32_t slew_ppm;
	uint32_t samples;	/* 0: no last one */
	uint64_t counter;	/* the last one's */
	struct vdsogen_base time;	/* the host's at it, estimated */
	uint64_t doubt;		/* how far `time` may be off, ns squared */
};

struct vg_state {
	uint64_t latch_age;	/* ticks that the old lines may be read for; 0: not a latch */
	uint64_t steered;	/* counter when the rates last changed */
	int held;		/* the rates stay this time */
	struct vdsogen_line line[VG_LINES_STEERED];
	struct vg_track track[VG_TRACKS];
};

/* The line that a track steers; line 1 goes with line 0. */
#define VG_TRACK_LINE(track) ((track) ? VG_RAW_LINE : 0)

/*
 * aarch64 compilers may call their run-time library for a compare-exchange,
 * to choose an instruction at run time. There need not be such a library.
 */
#ifdef __aarch64__
#define VG_INLINE_ATOMICS __attribute__((target("no-outline-atomics"), noinline))
#else
#define VG_INLINE_ATOMICS
#endif

/* No block of data can be there. */
static inline int vg_misaligned(const void *block)
{
	return !block || (uintptr_t)block % VDSOGEN_ALIGN;
}

static inline int vg_is_latch(const struct vdsogen_clock *clock)
{
	return !!(vg_load32(&clock->options) & VDSOGEN_LATCH);
}

static inline uint32_t vg_load_seq(const struct vdsogen_line *line)
{
	return VG_LE32(__atomic_load_n(&line->seq, __ATOMIC_ACQUIRE));
}

static inline uint32_t vg_load_generation(const struct vdsogen_clock *clock)
{
	return VG_LE32(__atomic_load_n(&clock->generation, __ATOMIC_ACQUIRE));
}

static inline void vg_load_line(struct vdsogen_line *to, const struct vdsogen_line *from)
{
	to->mult_int = vg_load32(&from->mult_int);
	to->last = vg_load64(&from->last);
	to->mult = vg_load64(&from->mult);
	to->frac = vg_load64(&from->frac);
	for (unsigned int i = 0; i < VG_BASES; i++) {
		to->base[i].nsec = vg_load64(&from->base[i].nsec);
		to->base[i].sec = vg_load64(&from->base[i].sec);
	}
}

static inline vg_u128 vg_line_rate(const struct vdsogen_line *line)
{
	return vg_wide(line->mult_int, line->mult);
}

static inline void vg_set_line_rate(struct vdsogen_line *line, vg_u128 rate)
{
	line->mult_int = (uint32_t)vg_high(rate);
	line->mult = (uint64_t)rate;
}

/* The clocks were read somewhere between the two counters: half way, at a guess. */
static inline uint64_t vg_middle(const struct vdsogen_sample *sample)
{
	return sample->before + (sample->after - sample->before) / 2;
}

static inline struct vdsogen_base vg_base_of(const struct vdsogen_time *time)
{
	return (struct vdsogen_base){ .nsec = time->nsec, .sec = (uint64_t)time->sec };
}

/*
 * publish.c: the first to close the lines from the generation `seen` may
 * publish, and *odd is its lock. The counter of the new anchors is read in
 * between.
 */
void vg_load_state(struct vg_state *state, const struct vdsogen_clock *clock);
int vg_close_lines(struct vdsogen_clock *clock, uint32_t seen, uint32_t *odd);
void vg_publish(struct vdsogen_clock *clock, const struct vg_state *state, uint32_t odd);

/* steer.c: what samples make of a state. Nothing there touches the block. */
void vg_first_tracks(struct vg_state *state, const struct vdsogen_sample *sample);
void vg_take_sample(struct vg_state *state, const struct vdsogen_sample *sample, uint32_t clocks);
void vg_move_anchors(struct vg_state *state, uint64_t counter);
void vg_outlast(struct vdsogen_line *line, const struct vdsogen_line *old, uint64_t age);
void vg_mend_tracks(struct vg_state *state);

#endif

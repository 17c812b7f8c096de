/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers of 128 bits, little-endian words in shared memory, and the one
 * place that computes a time from a line.
 *
 * A "Q64" is a number of nanoseconds (or nanoseconds a tick) times 2^64.
 */
#ifndef VG_WIDE_H
#define VG_WIDE_H

#include "arch.h"

typedef unsigned __int128 vg_u128;
typedef __int128 vg_i128;

static inline vg_u128 vg_wide(uint64_t high, uint64_t low)
{
	return (vg_u128)high << 64 | low;
}

/* Not by a shift: of a negative number it has no meaning in C. */
static inline vg_i128 vg_q64(int64_t nsec)
{
	return nsec * ((vg_i128)1 << 64);
}

static inline uint64_t vg_high(vg_u128 n)
{
	return (uint64_t)(n >> 64);
}

/*
 * One digit of a long division in digits of 2^32: (*rest * 2^32 + next) / d,
 * where d has its top bit set and *rest is below d. A digit guessed from the
 * upper half of d is never too small and at most 2 too big (Knuth, The Art of
 * Computer Programming 2, 4.3.1, theorem B).
 */
static inline uint64_t vg_digit(uint64_t *rest, uint32_t next, uint64_t d)
{
	vg_u128 n = (vg_u128)*rest << 32 | next;
	uint64_t digit = *rest / (d >> 32);

	while ((vg_u128)digit * d > n)
		digit--;
	*rest = (uint64_t)(n - (vg_u128)digit * d);
	return digit;
}

/*
 * (high * 2^64 + low) / d for high < d, so that the quotient has 64 bits.
 * The compiler's own 128-bit division, and in places its shift by a variable,
 * are calls into a run-time library that a freestanding program need not have.
 */
static inline uint64_t vg_long_quotient(uint64_t high, uint64_t low, uint64_t d)
{
	int shift = __builtin_clzll(d);
	uint64_t rest = high << shift | low >> 1 >> (63 - shift);
	uint64_t upper;

	low <<= shift;
	d <<= shift;
	upper = vg_digit(&rest, (uint32_t)(low >> 32), d);
	return upper << 32 | vg_digit(&rest, (uint32_t)low, d);
}

/* The same; x86_64 has an instruction for it, and a publisher divides often. */
static inline uint64_t vg_quotient(uint64_t high, uint64_t low, uint64_t d)
{
#ifdef __x86_64__
	__asm__("divq %2" : "+a"(low), "+d"(high) : "r"(d) : "cc");
	return low;
#else
	return vg_long_quotient(high, low, d);
#endif
}

/* n / d, rounded down. */
static inline vg_u128 vg_divide(vg_u128 n, uint64_t d)
{
	uint64_t high = vg_high(n);

	return vg_wide(high / d, vg_quotient(high % d, (uint64_t)n, d));
}

/* n * fraction / 2^64, rounded down. */
static inline vg_u128 vg_scaled(vg_u128 n, uint64_t fraction)
{
	return (vg_u128)vg_high(n) * fraction + vg_high((vg_u128)(uint64_t)n * fraction);
}

/* -------------------------------------------------------------------------
 * Words shared with the guest: little-endian, and never torn.
 */
static inline uint32_t vg_load32(const uint32_t *from)
{
	return VG_LE32(__atomic_load_n(from, __ATOMIC_RELAXED));
}

static inline uint64_t vg_load64(const uint64_t *from)
{
	return VG_LE64(__atomic_load_n(from, __ATOMIC_RELAXED));
}

static inline void vg_store32(uint32_t *to, uint32_t v)
{
	__atomic_store_n(to, VG_LE32(v), __ATOMIC_RELAXED);
}

static inline void vg_store64(uint64_t *to, uint64_t v)
{
	__atomic_store_n(to, VG_LE64(v), __ATOMIC_RELAXED);
}

/* -------------------------------------------------------------------------
 * Time along a line. Lines here are private copies in the host's byte order.
 */

/* A counter before `last` counts as `last`: the trampolines test the sign. */
static inline uint64_t vg_line_ticks(const struct vdsogen_line *line, uint64_t counter)
{
	uint64_t ticks = counter - line->last;

	return (int64_t)ticks < 0 ? 0 : ticks;
}

/*
 * What the counter adds to the bases, in nanoseconds modulo 2^64 (584 years);
 * *frac is what is left over. Bit for bit what the trampolines compute.
 */
static inline uint64_t vg_line_nsec(const struct vdsogen_line *line, uint64_t ticks, uint64_t *frac)
{
	vg_u128 low = (vg_u128)ticks * line->mult + line->frac;

	*frac = (uint64_t)low;
	return ticks * line->mult_int + vg_high(low);
}

static inline struct vdsogen_base vg_base_add(struct vdsogen_base base, uint64_t nsec)
{
	nsec += base.nsec;
	base.sec += nsec / VG_NSEC_PER_SEC;
	base.nsec = nsec % VG_NSEC_PER_SEC;
	return base;
}

/* Moves the anchor; at the same rate, no answer from there on changes by a bit. */
static inline void vg_line_advance(struct vdsogen_line *line, uint64_t counter)
{
	uint64_t nsec = vg_line_nsec(line, vg_line_ticks(line, counter), &line->frac);

	for (unsigned int i = 0; i < 2; i++)
		line->base[i] = vg_base_add(line->base[i], nsec);
	line->last = counter;
}

#endif

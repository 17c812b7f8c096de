/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the flow analysis knows of a register: some of its bits, where they came
 * from, and whether it is exactly one of a few things.
 */
#ifndef FLOW_VALUE_H
#define FLOW_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/* Where a value came from. Up to FROM_SEC, of the try that is under way. */
enum {
	FROM_SEQ = 1 << 0, FROM_RECHECK = 1 << 1, FROM_COUNTER = 1 << 2, FROM_MULT_INT = 1 << 3,
	FROM_LAST = 1 << 4, FROM_MULT = 1 << 5, FROM_FRAC = 1 << 6, FROM_NSEC = 1 << 7,
	FROM_SEC = 1 << 8, FROM_EARLIER_TRY = 1 << 9, FROM_ATTENTION = 1 << 10,
	FROM_AGE = 1 << 11, FROM_ELSEWHERE = 1 << 12,
	FROM_CALLER = 1 << 13,	/* what happened to be in a register */
	FROM_KEY = 1 << 14, FROM_BATCH = 1 << 15	/* getrandom's: nobody may learn it */
};
#define FROM_BASE (FROM_NSEC | FROM_SEC)
#define FROM_RATE (FROM_MULT_INT | FROM_LAST | FROM_MULT | FROM_FRAC)
#define FROM_LINE (FROM_RATE | FROM_BASE)
#define FROM_SECRET (FROM_KEY | FROM_BATCH)
#define FROM_TRY (FROM_SEQ | FROM_RECHECK | FROM_COUNTER | FROM_LINE)

enum flow_is {
	IS_ANYTHING, IS_SEQ, IS_RECHECK, IS_COUNTER, IS_RESULT, IS_COARSE_SECOND,
	/* x86's counter before its halves are together: edx, eax, edx << 32 */
	IS_COUNTER_HIGH, IS_COUNTER_LOW, IS_COUNTER_TOP,
	IS_THREAD, IS_TARGET	/* the thread pointer; what is loaded from there, to jump to */
};

struct value {
	uint64_t bits, known;	/* bits that are not known are 0 */
	uint32_t from;		/* everything that had a say in it */
	uint32_t chain;		/* what a load behind it, by its address, has to wait for */
	uint64_t is;
};

static inline struct value value_of(uint64_t bits)
{
	return (struct value){ .bits = bits, .known = UINT64_MAX };
}

static inline struct value value_from(uint32_t from, enum flow_is is)
{
	return (struct value){ .from = from, .chain = from, .is = is };
}

static inline uint64_t value_mask(unsigned int size)
{
	return size >= sizeof(uint64_t) ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;
}

static inline bool value_known(struct value v, uint64_t mask)
{
	return (v.known & mask) == mask;
}

/* The lowest `size` bytes, zero-extended. A sequence count loses nothing in 32 bits. */
static inline struct value value_low(struct value v, unsigned int size)
{
	uint64_t mask = value_mask(size);

	v.bits &= mask;
	v.known |= ~mask;
	if (size < sizeof(uint32_t) || (size < sizeof(uint64_t) &&
	    (v.is == IS_COUNTER || v.is == IS_COUNTER_TOP || v.is == IS_COARSE_SECOND)))
		v.is = IS_ANYTHING;
	return v;
}

/* A new value made of two: nothing is known of it but whence it came. */
static inline struct value value_mix(struct value a, struct value b)
{
	return (struct value){ .from = a.from | b.from, .chain = a.chain | b.chain };
}

static inline struct value value_with(struct value mixed, uint64_t bits, uint64_t known)
{
	mixed.bits = bits & known;
	mixed.known = known;
	return mixed;
}

static inline struct value value_not(struct value a)
{
	return value_with(value_mix(a, a), ~a.bits, a.known);
}

static inline struct value value_and(struct value a, struct value b)
{
	uint64_t zero = (a.known & ~a.bits) | (b.known & ~b.bits);

	return value_with(value_mix(a, b), a.bits & b.bits, zero | (a.known & b.known));
}

static inline struct value value_or(struct value a, struct value b)
{
	struct value v = value_not(value_and(value_not(a), value_not(b)));

	if ((a.is == IS_COUNTER_LOW && b.is == IS_COUNTER_TOP) ||
	    (a.is == IS_COUNTER_TOP && b.is == IS_COUNTER_LOW))
		v.is = IS_COUNTER;
	return v;
}

static inline struct value value_xor(struct value a, struct value b)
{
	return value_with(value_mix(a, b), a.bits ^ b.bits, a.known & b.known);
}

/* The low bits of sums and products depend on the low bits alone. */
static inline uint64_t value_known_low(struct value a, struct value b)
{
	uint64_t unknown = ~(a.known & b.known);

	return (unknown & -unknown) - 1;
}

static inline struct value value_add(struct value a, struct value b, unsigned int carry)
{
	return value_with(value_mix(a, b), a.bits + b.bits + carry, value_known_low(a, b));
}

static inline struct value value_sub(struct value a, struct value b)
{
	return value_with(value_mix(a, b), a.bits - b.bits, value_known_low(a, b));
}

static inline struct value value_mul(struct value a, struct value b)
{
	return value_with(value_mix(a, b), a.bits * b.bits, value_known_low(a, b));
}

static inline struct value value_mul_high(struct value a, struct value b)
{
	bool known = value_known(a, UINT64_MAX) && value_known(b, UINT64_MAX);

	return value_with(value_mix(a, b), (uint64_t)((unsigned __int128)a.bits * b.bits >> 64),
			  known ? UINT64_MAX : 0);
}

static inline struct value value_shl(struct value a, unsigned int by)
{
	struct value v = value_with(value_mix(a, a), a.bits << by,
				    a.known << by | ((UINT64_C(1) << by) - 1));

	if (a.is == IS_COUNTER_HIGH && by == 8 * sizeof(uint32_t))
		v.is = IS_COUNTER_TOP;
	return v;
}

static inline struct value value_shr(struct value a, unsigned int by)
{
	return value_with(value_mix(a, a), a.bits >> by, ~(~a.known >> by));
}

/* Arithmetic shift: of what is not all known, nothing is. */
static inline struct value value_sar(struct value a, unsigned int by)
{
	return value_with(value_mix(a, a), (uint64_t)((int64_t)a.bits >> by),
			  value_known(a, UINT64_MAX) ? UINT64_MAX : 0);
}

/* One or the other, by `why`. No load waits for what was only picked (Arm ARM, B2.3.2). */
static inline struct value value_pick(struct value a, struct value b, uint32_t why)
{
	struct value v = value_with(value_mix(a, b), a.bits,
				    a.known & b.known & ~(a.bits ^ b.bits));

	v.from |= why;
	v.chain = 0;
	return v;
}

#endif

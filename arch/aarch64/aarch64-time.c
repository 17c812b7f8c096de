/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The aarch64 trampolines.
 *
 * Memory order. Loads may be done in any order that no dependency, barrier or
 * acquire forbids (Arm ARM, B2.3).
 *   - FENCED: the branches on the sequence count and the ISB behind them keep
 *     the counter and all loads of the line after the count was loaded. MRS is
 *     no memory access: no DMB orders it, only the ISB does.
 *   - SELF_FENCED: CNTVCTSS_EL0 is not read ahead (FEAT_ECV), and the count is
 *     a load-acquire, so the loads of the line come after it. UNFENCED the same
 *     without the promise for the counter.
 *   - The recheck's address depends on the result, which depends on the counter
 *     and on every word of the line that was used, and on the seconds: so it is
 *     loaded after all of them, without a DMB. The clamp is a BIC, not a CSEL:
 *     a dependency through a conditional select orders no load (a "pick"
 *     dependency).
 *   - No way out of the retry loop is decided by data of the line before the
 *     recheck has said that the data belong together.
 *
 * Registers: x0-x15 only (AAPCS64 6.1.1: x0-x17 are scratch). Nothing
 * callee-saved, x18 left alone; no stack but in time(). While a line is read:
 *
 *	x3	the line		w2	its sequence count
 *	x9	the counter
 *	x4	the clock's base	x11	nanoseconds	x12	seconds
 *	w0	the clock id, and above its four bits the number of tries
 */
#include "aarch64-code.h"
#include "aarch64-insn.h"

/* System call numbers: Linux include/uapi/asm-generic/unistd.h. */
enum {
	SYS_CLOCK_GETTIME = 113, SYS_CLOCK_GETRES = 114, SYS_GETCPU = 168,
	SYS_GETTIMEOFDAY = 169
};

#define LOG2_LINE 6
_Static_assert(sizeof(struct vdsogen_line) == 1 << LOG2_LINE && VDSOGEN_ALIGN % (1 << LOG2_LINE) == 0,
	       "a base's line is where its address has these bits zero");

/* The constants: 10^9 - 1, then for each clock id how far its base is from PLACES. */
#define NSEC_MAX 0
#define PLACES sizeof(uint32_t)
/* Bases are even. An odd place is no high-resolution clock's; NOT_SERVED is no clock's. */
#define NOT_HRES 1
#define NOT_SERVED NOT_HRES

/* A function that reads one high-resolution line: where things are, and where to go. */
struct reader {
	struct vg_asm *a;
	const struct vdsogen_config *config;
	enum a64_reg base;	/* the clock's base is at [base, base_offset] */
	size_t base_offset;
	enum a64_reg tries;
	vg_label again;
	vg_label slow, unread;	/* to the fallback: with the counter, and without it */
};

static bool is_latch(const struct reader *r)
{
	return r->config->options & VDSOGEN_LATCH;
}

/* Load w2 = seq; odd: a publisher is at work; zero: never started. */
static void open_line(const struct reader *r, bool acquire, vg_label busy, vg_label slow)
{
	struct vg_asm *a = r->a;

	if (acquire)
		a64_ldar(a, A64_W, X2, X3);	/* has no offset: seq is at 0 */
	else
		a64_ldr(a, A64_W, X2, X3, VG_LINE(seq));
	if (!is_latch(r))
		a64_tbnz(a, X2, 0, busy);
	a64_cbz(a, A64_W, X2, slow);
}
_Static_assert(VG_LINE(seq) == 0, "ldar has no offset");

/* A latch at an odd count: x6 = the line's copy, x11 = the clock's base in it. */
static void find_copy(const struct reader *r, unsigned int distance)
{
	struct vg_asm *a = r->a;

	a64_ubfx(a, A64_W, X6, X2, 0, 1);
	a64_mov_imm(a, A64_W, X11, distance);
	a64_madd(a, X6, X6, X11, XZR);
	a64_add(a, A64_X, X11, r->base, X6, 0);
	a64_add(a, A64_X, X6, X3, X6, 0);
}

/* x13 depends on all that was loaded, and is zero: the recheck's address. */
static void recheck(struct vg_asm *a)
{
	a64_eor(a, X13, X11, X12);
	a64_and(a, X13, X13, XZR);
	a64_ldr_reg(a, X14, X3, X13);
	a64_cmp(a, A64_W, X14, X2);
}

/* Too many tries: the fallback; else from the top. Falls through when they are used up. */
static void try_again(struct vg_asm *a, enum a64_reg tries, vg_label again)
{
	a64_yield(a);
	a64_add_imm(a, A64_W, tries, tries, VG_ONE_TRY);
	a64_tbz(a, tries, VG_ALL_TRIES_BIT, again);
}

static void read_counter(struct vg_asm *a, uint32_t form)
{
	if (form == VDSOGEN_COUNTER_FENCED)
		a64_isb(a);
	a64_mrs(a, X9, form == VDSOGEN_COUNTER_SELF_FENCED ? A64_CNTVCTSS_EL0 : A64_CNTVCT_EL0);
}

/*
 * In: x3 the line. Out: x11 nanoseconds below 10^9, x12 seconds. The caller
 * puts its hot part behind this, then the cold part.
 */
struct cold {
	vg_label busy, aged, carry, split;
};

static void read_line(const struct reader *r, struct cold *cold)
{
	struct vg_asm *a = r->a;

	*cold = (struct cold){ vg_new(a), vg_new(a), vg_new(a), vg_new(a) };
	vg_bind(a, r->again);
	open_line(r, r->config->counter != VDSOGEN_COUNTER_FENCED, cold->busy, r->unread);
	read_counter(a, r->config->counter);
	if (is_latch(r))
		find_copy(r, VG_TO_SAVED);
	a64_ldp(a, X7, X8, is_latch(r) ? X6 : X3, VG_LINE(last));
	a64_ldr(a, A64_X, X10, is_latch(r) ? X6 : X3, VG_LINE(frac));
	a64_ldr(a, A64_W, X6, is_latch(r) ? X6 : X3, VG_LINE(mult_int));
	a64_ldp(a, X11, X12, is_latch(r) ? X11 : r->base, r->base_offset);
	a64_sub(a, X7, X9, X7);
	a64_bic_asr(a, X7, X7, X7, 63);		/* never extrapolate backwards */
	if (vg_has_age_limit(r->config)) {
		a64_adr(a, X5, VG_CLOCK, VG_BLOCK(max_age));
		a64_ldr(a, A64_X, X5, X5, 0);
		a64_cmp(a, A64_X, X7, X5);
		a64_b_cond(a, A64_HI, cold->aged);
	}
	a64_madd(a, X11, X7, X6, X11);		/* whole nanoseconds a tick */
	a64_madd(a, X6, X7, X8, XZR);		/* and their 2^-64 parts */
	a64_umulh(a, X8, X7, X8);
	a64_adds(a, X6, X6, X10);
	a64_adc(a, X11, X11, X8);
	recheck(a);
	a64_b_cond(a, A64_NE, cold->busy);
	a64_ldr_literal(a, X10, VG_CONSTANTS);	/* NSEC_MAX */
	a64_cmp(a, A64_X, X11, X10);
	a64_b_cond(a, A64_HI, cold->carry);
	vg_bind(a, cold->split);
}
_Static_assert(VG_LINE(mult) == VG_LINE(last) + 8 && VG_BASE(sec) == VG_BASE(nsec) + 8, "loaded as pairs");

static void read_line_cold(const struct reader *r, const struct cold *cold)
{
	struct vg_asm *a = r->a;

	vg_bind(a, cold->carry);		/* x11 / 10^9 by its reciprocal */
	a64_lsr_imm(a, A64_X, X6, X11, VG_SEC_PRESHIFT);
	a64_mov_imm(a, A64_X, X7, VG_SEC_RECIPROCAL);
	a64_umulh(a, X6, X6, X7);
	a64_lsr_imm(a, A64_X, X6, X6, VG_SEC_POSTSHIFT);
	a64_add(a, A64_X, X12, X12, X6, 0);
	a64_add_imm(a, A64_X, X10, X10, 1);	/* 10^9 */
	a64_msub(a, X11, X6, X10, X11);
	a64_b(a, cold->split);

	if (vg_has_age_limit(r->config)) {
		vg_bind(a, cold->aged);		/* but of this line's anchor? */
		a64_mov(a, X11, X7);
		recheck(a);
		a64_b_cond(a, A64_EQ, r->slow);
	}
	vg_bind(a, cold->busy);
	try_again(a, r->tries, r->again);
	vg_bind(a, r->unread);
	a64_movz(a, A64_X, X9, 0, 0);		/* no counter that is of use to the host */
}

/* The coarse clocks: a copy under the sequence count. Ends in `store`. */
static void read_coarse(const struct reader *r, vg_label store)
{
	struct vg_asm *a = r->a;
	vg_label again = vg_new(a), busy = vg_new(a);

	vg_bind(a, again);
	open_line(r, true, busy, r->unread);
	if (is_latch(r))
		find_copy(r, VG_COARSE_TO_SAVED);
	a64_ldp(a, X11, X12, is_latch(r) ? X11 : r->base, r->base_offset);
	recheck(a);
	a64_b_cond(a, A64_EQ, store);
	vg_bind(a, busy);
	try_again(a, r->tries, again);
	a64_b(a, r->unread);
}

/*
 * What the places count from: themselves, or a block outside of the image, which
 * may be out of a half-word's reach.
 */
static bool places_count_from_clock(const struct vdsogen_config *config)
{
	return config->data != VDSOGEN_DATA_INSIDE;
}

/*
 * What lies before the functions. It never changes, so a reader finds all that
 * does change of REALTIME and MONOTONIC in one cache line.
 */
void a64_constants(const struct vg_code *code)
{
	static const struct vg_reach reach = { .bits = 16 };
	uint32_t served = code->config->clocks;
	uint32_t origin = places_count_from_clock(code->config) ?
			  vg_where(code->a, VG_CLOCK) :
			  vg_where(code->a, VG_CONSTANTS) + (uint32_t)PLACES;
	struct vg_asm *a = code->a;

	a64_word(a, VG_NSEC_PER_SEC - 1);
	for (unsigned int id = 0; id <= VG_ID_MAX; id++) {
		int32_t base = (int32_t)(vg_base_unit(id) * sizeof(struct vdsogen_base));
		uint32_t place = vg_distance(a, VG_CLOCK, base, origin, &reach);

		if (!(served >> id & 1))
			place = NOT_SERVED;
		else if (VG_COARSE_CLOCKS >> id & 1)
			place |= NOT_HRES;
		a64_half_word(a, place);
	}
	if (code->config->functions >> VDSOGEN_GETRANDOM & 1)
		a64_random_constants(code);
}

/* int clock_gettime(clockid_t w0, struct timespec *x1) */
void a64_clock_gettime(const struct vg_code *code)
{
	struct vg_asm *a = code->a;
	vg_label coarse = vg_new(a), store = vg_new(a), unserved = vg_new(a), ask = vg_new(a);
	struct reader r = { .a = a, .config = code->config, .tries = X0,
			    .base = X4, .base_offset = 0,
			    .again = vg_new(a), .slow = vg_new(a), .unread = vg_new(a) };
	struct cold cold;

	a64_heed_attention(code, unserved);
	a64_cmp_imm(a, A64_W, X0, VG_ID_MAX);
	a64_b_cond(a, A64_HI, unserved);
	a64_adr(a, X3, VG_CONSTANTS, PLACES);
	a64_ldrsh_uxtw(a, X5, X3, X0);
	if (places_count_from_clock(code->config))
		a64_adr(a, X3, VG_CLOCK, 0);
	a64_tbnz(a, X5, 0, coarse);
	a64_add(a, A64_X, X4, X3, X5, 0);
	a64_align_down(a, X3, X4, LOG2_LINE);
	read_line(&r, &cold);
	vg_bind(a, store);
	a64_stp(a, X12, X11, X1, VG_TS_SEC);
	a64_movz(a, A64_W, X0, 0, 0);
	a64_ret(a);

	read_line_cold(&r, &cold);
	vg_bind(a, r.slow);
	a64_ubfx(a, A64_W, X0, X0, 0, VG_UNIT_BITS);
	a64_b(a, ask);
	vg_bind(a, unserved);
	a64_movz(a, A64_X, X9, 0, 0);
	vg_bind(a, ask);
	a64_fallback(code, SYS_CLOCK_GETTIME);

	vg_bind(a, coarse);
	a64_sub_imm(a, A64_X, X5, X5, NOT_HRES);
	a64_cbz(a, A64_X, X5, unserved);
	a64_add(a, A64_X, X4, X3, X5, 0);
	a64_align_down(a, X3, X4, LOG2_LINE);
	read_coarse(&r, store);
}
_Static_assert(NOT_SERVED == NOT_HRES, "0 once NOT_HRES is off");

/* int gettimeofday(struct timeval *x0, struct timezone *x1) */
void a64_gettimeofday(const struct vg_code *code)
{
	struct vg_asm *a = code->a;
	vg_label zone = vg_new(a), done = vg_new(a);
	struct reader r = { .a = a, .config = code->config, .tries = X15,
			    .base = X3, .base_offset = VG_LINE(base[0]),
			    .again = vg_new(a), .slow = vg_new(a), .unread = vg_new(a) };
	struct cold cold;

	if (!(code->config->clocks >> VDSOGEN_REALTIME & 1)) {
		a64_movz(a, A64_X, X9, 0, 0);
		a64_fallback(code, SYS_GETTIMEOFDAY);
		return;
	}
	a64_heed_attention(code, r.unread);
	a64_adr(a, X3, VG_CLOCK, VG_BLOCK(line[0]));
	a64_ldr(a, A64_W, X2, X3, VG_LINE(seq));
	a64_cbz(a, A64_W, X2, r.unread);	/* the zone is not known either */
	a64_cbz(a, A64_X, X0, zone);
	a64_movz(a, A64_W, X15, 0, 0);
	read_line(&r, &cold);
	a64_mov_imm(a, A64_W, X10, VG_USEC_RECIPROCAL);
	a64_madd(a, X11, X11, X10, XZR);
	a64_lsr_imm(a, A64_X, X11, X11, VG_USEC_SHIFT);
	a64_stp(a, X12, X11, X0, VG_TS_SEC);
	vg_bind(a, zone);
	a64_cbz(a, A64_X, X1, done);
	a64_adr(a, X5, VG_CLOCK, VG_BLOCK(timezone));
	a64_ldr(a, A64_X, X5, X5, 0);
	a64_str(a, A64_X, X5, X1, 0);
	vg_bind(a, done);
	a64_movz(a, A64_W, X0, 0, 0);
	a64_ret(a);

	read_line_cold(&r, &cold);
	vg_bind(a, r.slow);
	a64_fallback(code, SYS_GETTIMEOFDAY);
}

/*
 * time_t time(time_t *x0): the coarse second, one load; 0 before the first
 * start. Linux has no such system call on this architecture, so the fallback
 * asks for the coarse clock, into a struct timespec on the stack.
 */
void a64_time(const struct vg_code *code)
{
	struct vg_asm *a = code->a;
	vg_label slow = vg_new(a), store = vg_new(a), done = vg_new(a), ask = vg_new(a);
	const unsigned int timespec = 16, frame = timespec + 16;

	a64_mov(a, X7, X0);
	if (code->config->clocks >> VDSOGEN_REALTIME & 1) {
		a64_heed_attention(code, slow);
		a64_adr(a, X6, VG_CLOCK, VG_BLOCK(line[VG_COARSE_LINE].base[0].sec));
		a64_ldar(a, A64_X, X0, X6);	/* what is read later is not older */
		a64_cbnz(a, A64_X, X0, store);
	}
	vg_bind(a, slow);
	a64_stp_push(a, X30, X7, SP, frame);
	vg_push_link(code, frame);
	a64_movz(a, A64_W, X0, VDSOGEN_REALTIME_COARSE, 0);
	a64_add_imm(a, A64_X, X1, SP, frame - timespec);
	a64_bl(a, ask);
	a64_ldr(a, A64_X, X6, SP, frame - timespec + VG_TS_SEC);
	a64_ldp_pop(a, X30, X7, SP, frame);
	vg_pop(code);
	a64_cbnz(a, A64_W, X0, done);		/* an error goes to the caller */
	a64_mov(a, X0, X6);
	vg_bind(a, store);
	a64_cbz(a, A64_X, X7, done);
	a64_str(a, A64_X, X0, X7, 0);
	vg_bind(a, done);
	a64_ret(a);
	vg_bind(a, ask);
	a64_fallback(code, SYS_CLOCK_GETTIME);
}

/* int clock_getres(clockid_t w0, struct timespec *x1) */
void a64_clock_getres(const struct vg_code *code)
{
	struct vg_asm *a = code->a;
	vg_label slow = vg_new(a), found = vg_new(a), done = vg_new(a);

	a64_heed_attention(code, slow);
	a64_cmp_imm(a, A64_W, X0, VG_ID_MAX);
	a64_b_cond(a, A64_HI, slow);
	a64_adr(a, X3, VG_CLOCK, VG_BLOCK(res));
	a64_ldp(a, X5, X6, X3, 0);
	a64_mov_imm(a, A64_W, X7, code->config->clocks & VG_HRES_CLOCKS);
	a64_lsr(a, A64_W, X7, X7, X0);
	a64_tbnz(a, X7, 0, found);
	a64_mov(a, X5, X6);
	a64_mov_imm(a, A64_W, X7, code->config->clocks & VG_COARSE_CLOCKS);
	a64_lsr(a, A64_W, X7, X7, X0);
	a64_tbz(a, X7, 0, slow);
	vg_bind(a, found);
	a64_cbz(a, A64_X, X5, slow);		/* not published */
	a64_cbz(a, A64_X, X1, done);
	a64_stp(a, XZR, X5, X1, VG_TS_SEC);
	vg_bind(a, done);
	a64_movz(a, A64_W, X0, 0, 0);
	a64_ret(a);
	vg_bind(a, slow);
	a64_fallback(code, SYS_CLOCK_GETRES);
}
_Static_assert(VG_BLOCK(res_coarse) == VG_BLOCK(res) + 8, "loaded as a pair");

static void load_cpu_word(struct vg_asm *a)
{
	a64_adr(a, X5, VG_CPU_WORD, 0);
	a64_ldr(a, A64_W, X5, X5, 0);
}

/* int getcpu(unsigned *x0, unsigned *x1, void *ignored) */
void a64_getcpu(const struct vg_code *code)
{
	struct vg_asm *a = code->a;
	vg_label slow = vg_new(a), node = vg_new(a), done = vg_new(a);
	uint32_t form = code->config->getcpu;

	if (form != VDSOGEN_GETCPU_FALLBACK) {
		a64_heed_attention(code, slow);
		if (form == VDSOGEN_GETCPU_TPIDRRO)
			a64_mrs(a, X5, A64_TPIDRRO_EL0);
		else if (form == VDSOGEN_GETCPU_WORD)
			load_cpu_word(a);
		else
			a64_movz(a, A64_X, X5, 0, 0);
		a64_cbz(a, A64_X, X0, node);
		a64_ubfx(a, A64_W, X6, X5, 0, VG_CPU_BITS);
		a64_str(a, A64_W, X6, X0, 0);
		vg_bind(a, node);
		a64_cbz(a, A64_X, X1, done);
		a64_lsr_imm(a, A64_W, X6, X5, VG_CPU_BITS);
		a64_str(a, A64_W, X6, X1, 0);
		vg_bind(a, done);
		a64_movz(a, A64_W, X0, 0, 0);
		a64_ret(a);
	}
	vg_bind(a, slow);
	a64_fallback(code, SYS_GETCPU);
}

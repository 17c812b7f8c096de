/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The x86_64 trampolines.
 *
 * Memory order. x86 is TSO: loads are seen in program order, so is every
 * store of the publisher; what is left is the counter, which is no memory
 * access.
 *   - The sequence count is loaded before the fence and the counter is read
 *     after it, so the counter is not older than the line (LFENCE: SDM volume
 *     2, "does not execute until all prior instructions have completed
 *     locally"; RDTSCP waits likewise). With a bare RDTSC the counter can be
 *     read before an earlier load that saw another processor's later time.
 *   - Nothing orders a later load behind RDTSC. The recheck's address depends
 *     on the counter's value, so it cannot be loaded before it; a publisher
 *     that reads its counter after it closed the lines then has one that is
 *     not smaller, and the new line starts where no reader of the old has been.
 *   - No way out of the retry loop is decided by data of the line before the
 *     recheck has said that the data belong together.
 *
 * Registers: arguments rdi, rsi, (rdx); scratch rax, rcx, rdx, r8-r11 (psABI
 * x86-64, 3.2.1). No stack, nothing callee-saved. While a line is read:
 *
 *	r8	the line		r9d	its sequence count
 *	r10	the counter; 0 before it was read
 *	r11	the clock's base	rcx	whole nanoseconds, then seconds
 *	edi	the clock id, and above its four bits the number of tries
 *
 * In a latch, r8 and r11 are moved to the line's copy while the count is odd,
 * and back before the recheck.
 */
#include "x86_64-code.h"
#include "x86_64-insn.h"

/* System call numbers: Linux arch/x86/entry/syscalls/syscall_64.tbl. */
enum {
	SYS_GETTIMEOFDAY = 96, SYS_TIME = 201, SYS_CLOCK_GETTIME = 228, SYS_CLOCK_GETRES = 229,
	SYS_GETCPU = 309
};


/* A function that reads one high-resolution line: where things are, and where to go. */
struct reader {
	struct vg_asm *a;
	const struct vdsogen_config *config;
	struct x64_rm nsec, sec; /* the clock's base */
	enum x64_reg tries;
	vg_label again, slow;
};

static void read_counter(struct vg_asm *a, uint32_t form)
{
	if (form == VDSOGEN_COUNTER_FENCED)
		x64_lfence(a);
	if (form == VDSOGEN_COUNTER_SELF_FENCED)
		x64_rdtscp(a);	/* clobbers rcx as well */
	else
		x64_rdtsc(a);
	x64_shl(a, X64_64, RDX, 32);
	x64_alu(a, X64_OR, X64_64, RAX, x64_r(RDX));
}

static bool is_latch(const struct reader *r)
{
	return r->config->options & VDSOGEN_LATCH;
}

/* Load r9d = seq; odd: a publisher is at work; zero: never started. */
static void open_line(const struct reader *r, vg_label busy, vg_label slow)
{
	struct vg_asm *a = r->a;

	x64_mov(a, X64_32, R9, x64_mem(R8, VG_LINE(seq)));
	if (!is_latch(r)) {
		x64_test_byte(a, R9, 1);
		x64_jcc_short(a, X64_NE, busy);
	}
	x64_test(a, X64_32, R9, R9);
	x64_jcc(a, X64_E, slow);
}

/* rax = distance while the count is odd, else 0. */
static void odd_distance(struct vg_asm *a, int distance)
{
	x64_mov(a, X64_32, RAX, x64_r(R9));
	x64_alu_imm(a, X64_AND, X64_32, x64_r(RAX), 1);
	x64_imul_imm(a, RAX, x64_r(RAX), distance);
}

/* A latch at an odd count: to the line's copy, and from there back. */
static void move_to_copy(const struct reader *r, int distance)
{
	if (!is_latch(r))
		return;
	odd_distance(r->a, distance);
	x64_alu(r->a, X64_ADD, X64_64, R8, x64_r(RAX));
	if (r->nsec.reg != R8)
		x64_alu(r->a, X64_ADD, X64_64, r->nsec.reg, x64_r(RAX));
}

/* Too many tries: the fallback; else from the top. Falls through when they are used up. */
static void try_again(struct vg_asm *a, enum x64_reg tries, vg_label again)
{
	x64_pause(a);
	x64_alu_imm(a, X64_ADD, X64_32, x64_r(tries), VG_ONE_TRY);
	x64_test_imm(a, tries, 1u << VG_ALL_TRIES_BIT);
	x64_jcc(a, X64_E, again);
}

/*
 * In: r8 the line, `nsec` and `sec` its base. Out: rdx nanoseconds below 10^9,
 * rcx seconds. The caller puts its hot part behind this, then the cold parts:
 * read_line_again() and read_line_rare().
 */
struct cold {
	vg_label busy, behind, clamped, aged, slow_counter, gone, carry, split;
};

/* A latch has too much code between. */
static void jump_to_cold(const struct reader *r, enum x64_cond cond, vg_label cold)
{
	if (is_latch(r))
		x64_jcc(r->a, cond, cold);
	else
		x64_jcc_short(r->a, cond, cold);
}

/* rdx = nsec + (frac + rax * mult) / 2^64 */
static void go_along(const struct reader *r)
{
	struct vg_asm *a = r->a;

	x64_mul(a, x64_mem(R8, VG_LINE(mult)));
	x64_alu(a, X64_ADD, X64_64, RAX, x64_mem(R8, VG_LINE(frac)));
	x64_alu(a, X64_ADC, X64_64, RDX, r->nsec);
}

static void read_line(const struct reader *r, struct cold *cold)
{
	struct vg_asm *a = r->a;

	*cold = (struct cold){ vg_new(a), vg_new(a), vg_new(a), vg_new(a), vg_new(a), vg_new(a),
			       vg_new(a), vg_new(a) };
	vg_bind(a, r->again);
	open_line(r, cold->busy, r->slow);
	move_to_copy(r, VG_TO_SAVED);
	read_counter(a, r->config->counter);
	x64_mov(a, X64_64, R10, x64_r(RAX));
	x64_alu(a, X64_SUB, X64_64, RAX, x64_mem(R8, VG_LINE(last)));
	jump_to_cold(r, X64_S, cold->behind);		/* never extrapolate backwards */
	vg_bind(a, cold->clamped);
	if (vg_has_age_limit(r->config)) {
		x64_alu(a, X64_CMP, X64_64, RAX, x64_at(VG_CLOCK, VG_BLOCK(max_age)));
		jump_to_cold(r, X64_A, cold->aged);
	}
	x64_alu_imm(a, X64_CMP, X64_32, x64_mem(R8, VG_LINE(mult_int)), 0);
	x64_jcc(a, X64_NE, cold->slow_counter);
	go_along(r);
	vg_bind(a, cold->gone);
	x64_mov(a, X64_64, RCX, r->sec);
	move_to_copy(r, -(int)VG_TO_SAVED);
	x64_mov(a, X64_32, RAX, x64_r(R10));		/* the recheck's address */
	x64_alu_imm(a, X64_AND, X64_32, x64_r(RAX), 0);	/* depends on the counter */
	x64_alu(a, X64_CMP, X64_32, R9, x64_sib(R8, RAX, VG_LINE(seq)));
	x64_jcc_short(a, X64_NE, cold->busy);
	x64_alu_imm(a, X64_CMP, X64_64, x64_r(RDX), VG_NSEC_PER_SEC - 1);
	x64_jcc_short(a, X64_A, cold->carry);
	vg_bind(a, cold->split);
}

/* Near enough for short jumps; falls through when the tries are used up. */
static void read_line_again(const struct reader *r, const struct cold *cold)
{
	struct vg_asm *a = r->a;

	vg_bind(a, cold->behind);
	x64_alu(a, X64_XOR, X64_32, RAX, x64_r(RAX));
	x64_jmp_short(a, cold->clamped);

	if (vg_has_age_limit(r->config)) {
		vg_bind(a, cold->aged);			/* but of this line's anchor? */
		move_to_copy(r, -(int)VG_TO_SAVED);
		x64_alu(a, X64_CMP, X64_32, R9, x64_mem(R8, VG_LINE(seq)));
		x64_jcc_short(a, X64_E, r->slow);
	}
	vg_bind(a, cold->busy);
	try_again(a, r->tries, r->again);
}

/*
 * Once in a second of updates, or on a page that nobody updates: rdx / 10^9 by
 * its reciprocal. And a counter below 1 GHz, with whole nanoseconds a tick.
 */
static void read_line_rare(const struct reader *r, const struct cold *cold)
{
	struct vg_asm *a = r->a;

	vg_bind(a, cold->carry);
	x64_mov(a, X64_64, R8, x64_r(RDX));
	x64_mov(a, X64_64, RAX, x64_r(RDX));
	x64_shr(a, X64_64, RAX, VG_SEC_PRESHIFT);
	x64_mov_imm64(a, RDX, VG_SEC_RECIPROCAL);
	x64_mul(a, x64_r(RDX));
	x64_shr(a, X64_64, RDX, VG_SEC_POSTSHIFT);
	x64_alu(a, X64_ADD, X64_64, RCX, x64_r(RDX));
	x64_imul_imm(a, RDX, x64_r(RDX), VG_NSEC_PER_SEC);
	x64_alu(a, X64_SUB, X64_64, R8, x64_r(RDX));
	x64_mov(a, X64_64, RDX, x64_r(R8));
	x64_jmp(a, cold->split);

	vg_bind(a, cold->slow_counter);
	x64_mov(a, X64_32, RCX, x64_mem(R8, VG_LINE(mult_int)));
	x64_imul(a, RCX, x64_r(RAX));
	go_along(r);
	x64_alu(a, X64_ADD, X64_64, RDX, x64_r(RCX));
	x64_jmp(a, cold->gone);
}

/* The coarse clocks: a copy under the sequence count. Ends in `store`. */
static void read_coarse(const struct reader *r, vg_label store)
{
	struct vg_asm *a = r->a;
	vg_label again = vg_new(a), busy = vg_new(a);

	vg_bind(a, again);
	open_line(r, busy, r->slow);
	if (is_latch(r)) {
		odd_distance(a, VG_COARSE_TO_SAVED);
		x64_lea(a, RCX, x64_sib(r->nsec.reg, RAX, 0));
		x64_mov(a, X64_64, RDX, x64_mem(RCX, VG_BASE(nsec)));
		x64_mov(a, X64_64, RCX, x64_mem(RCX, VG_BASE(sec)));
	} else {
		x64_mov(a, X64_64, RDX, r->nsec);
		x64_mov(a, X64_64, RCX, r->sec);
	}
	x64_alu(a, X64_CMP, X64_32, R9, x64_mem(R8, VG_LINE(seq)));
	x64_jcc(a, X64_E, store);
	vg_bind(a, busy);
	try_again(a, r->tries, again);
	x64_jmp(a, r->slow);
}

/* edi is neither 0 nor 1: look its base up, or fall back. eax is the line's offset. */
static void find_base(const struct vg_code *code, vg_label unserved)
{
	struct vg_asm *a = code->a;

	x64_alu_imm(a, X64_CMP, X64_32, x64_r(RDI), VG_ID_MAX);
	x64_jcc(a, X64_A, unserved);
	x64_lea(a, RCX, x64_sib(RDI, RDI, 0));
	x64_alu(a, X64_ADD, X64_32, RCX, x64_r(RCX));	/* id * VG_UNIT_BITS */
	x64_mov_imm64(a, RAX, vg_unit_table(code->config->clocks));
	x64_shr_cl(a, X64_64, RAX);
	x64_alu_imm(a, X64_AND, X64_32, x64_r(RAX), (1 << VG_UNIT_BITS) - 1);
	x64_jcc(a, X64_E, unserved);
	x64_shl(a, X64_32, RAX, 4);			/* in bytes */
	x64_lea(a, R8, x64_at(VG_CLOCK, 0));
	x64_lea(a, R11, x64_sib(R8, RAX, 0));
	x64_alu_imm(a, X64_AND, X64_32, x64_r(RAX), -(int)sizeof(struct vdsogen_line));
	x64_alu(a, X64_ADD, X64_64, R8, x64_r(RAX));
}
_Static_assert(VG_UNIT_BITS == 4 && sizeof(struct vdsogen_base) == 1 << 4, "find_base's shifts");

/* edi is one of the coarse clocks, or else. They are fast: a look-up would be half of it. */
static void find_coarse_base(struct vg_asm *a, vg_label not_coarse)
{
	x64_lea(a, RCX, x64_mem(RDI, -VDSOGEN_REALTIME_COARSE));
	x64_alu_imm(a, X64_CMP, X64_32, x64_r(RCX), 1);
	x64_jcc_short(a, X64_A, not_coarse);
	x64_shl(a, X64_32, RCX, 4);
	x64_lea(a, R8, x64_at(VG_CLOCK, VG_BLOCK(line[VG_COARSE_LINE])));
	x64_lea(a, R11, x64_sib(R8, RCX, VG_LINE(base)));
}
_Static_assert(VDSOGEN_MONOTONIC_COARSE == VDSOGEN_REALTIME_COARSE + 1, "find_coarse_base's test");

/* int clock_gettime(clockid_t edi, struct timespec *rsi) */
void x64_clock_gettime(const struct vg_code *code)
{
	struct vg_asm *a = code->a;
	const uint32_t both = 1u << VDSOGEN_REALTIME | 1u << VDSOGEN_MONOTONIC;
	vg_label other = vg_new(a), rest = vg_new(a), store = vg_new(a), unserved = vg_new(a);
	struct reader r = { .a = a, .config = code->config, .tries = RDI,
			    .nsec = x64_mem(R11, VG_BASE(nsec)), .sec = x64_mem(R11, VG_BASE(sec)),
			    .again = vg_new(a), .slow = vg_new(a) };
	struct cold cold;
	bool direct = (code->config->clocks & both) == both;
	bool coarse_direct = (code->config->clocks & VG_COARSE_CLOCKS) == VG_COARSE_CLOCKS;

	x64_alu(a, X64_XOR, X64_32, R10, x64_r(R10));
	x64_heed_attention(code, unserved);
	if (direct) {
		x64_alu_imm(a, X64_CMP, X64_32, x64_r(RDI), VDSOGEN_MONOTONIC);
		x64_jcc(a, X64_A, other);
		x64_mov(a, X64_32, RAX, x64_r(RDI));
		x64_shl(a, X64_32, RAX, 4);
		x64_lea(a, R8, x64_at(VG_CLOCK, VG_BLOCK(line[0])));
		x64_lea(a, R11, x64_sib(R8, RAX, VG_LINE(base)));
	} else {
		x64_jmp(a, other);
	}
	read_line(&r, &cold);
	vg_bind(a, store);
	x64_store(a, X64_64, x64_mem(RSI, VG_TS_SEC), RCX);
	x64_store(a, X64_64, x64_mem(RSI, VG_TS_NSEC), RDX);
	x64_alu(a, X64_XOR, X64_32, RAX, x64_r(RAX));
	x64_ret(a);

	read_line_again(&r, &cold);
	vg_bind(a, r.slow);
	x64_alu_imm(a, X64_AND, X64_32, x64_r(RDI), VG_ID_MAX);
	vg_bind(a, unserved);
	x64_fallback(code, SYS_CLOCK_GETTIME);
	read_line_rare(&r, &cold);

	vg_bind(a, other);
	if (coarse_direct) {
		find_coarse_base(a, rest);
		read_coarse(&r, store);
		vg_bind(a, rest);
		find_base(code, unserved);
		x64_jmp(a, r.again);
	} else {
		find_base(code, unserved);
		x64_alu_imm(a, X64_CMP, X64_32, x64_r(RAX), VG_BLOCK(line[VG_COARSE_LINE]));
		x64_jcc(a, X64_B, r.again);
		read_coarse(&r, store);
	}
}

_Static_assert(VG_USEC_RECIPROCAL <= INT32_MAX && VG_NSEC_PER_SEC <= INT32_MAX,
	       "imul's constants are signed");

/* int gettimeofday(struct timeval *rdi, struct timezone *rsi) */
void x64_gettimeofday(const struct vg_code *code)
{
	struct vg_asm *a = code->a;
	vg_label no_time = vg_new(a), zone = vg_new(a), done = vg_new(a);
	struct reader r = { .a = a, .config = code->config, .tries = R11,
			    .nsec = x64_mem(R8, VG_LINE(base[0].nsec)),
			    .sec = x64_mem(R8, VG_LINE(base[0].sec)),
			    .again = vg_new(a), .slow = vg_new(a) };
	struct cold cold;

	x64_alu(a, X64_XOR, X64_32, R10, x64_r(R10));
	if (!(code->config->clocks >> VDSOGEN_REALTIME & 1)) {
		x64_fallback(code, SYS_GETTIMEOFDAY);
		return;
	}
	x64_heed_attention(code, r.slow);
	x64_lea(a, R8, x64_at(VG_CLOCK, VG_BLOCK(line[0])));
	x64_alu_imm(a, X64_CMP, X64_32, x64_mem(R8, VG_LINE(seq)), 0);
	x64_jcc(a, X64_E, r.slow);		/* the zone is not known either */
	x64_test(a, X64_64, RDI, RDI);
	x64_jcc(a, X64_E, no_time);
	x64_alu(a, X64_XOR, X64_32, R11, x64_r(R11));
	read_line(&r, &cold);
	x64_imul_imm(a, RDX, x64_r(RDX), VG_USEC_RECIPROCAL);
	x64_shr(a, X64_64, RDX, VG_USEC_SHIFT);
	x64_store(a, X64_64, x64_mem(RDI, VG_TS_SEC), RCX);
	x64_store(a, X64_64, x64_mem(RDI, VG_TS_NSEC), RDX);
	vg_bind(a, no_time);
	x64_test(a, X64_64, RSI, RSI);
	x64_jcc_short(a, X64_NE, zone);
	vg_bind(a, done);
	x64_alu(a, X64_XOR, X64_32, RAX, x64_r(RAX));
	x64_ret(a);

	read_line_again(&r, &cold);
	vg_bind(a, r.slow);
	x64_fallback(code, SYS_GETTIMEOFDAY);
	vg_bind(a, zone);
	x64_mov(a, X64_64, RAX, x64_at(VG_CLOCK, VG_BLOCK(timezone)));
	x64_store(a, X64_64, x64_mem(RSI, 0), RAX);
	x64_jmp(a, done);
	read_line_rare(&r, &cold);
}

/* time_t time(time_t *rdi): the coarse second, one load; 0 before the first start */
void x64_time(const struct vg_code *code)
{
	struct vg_asm *a = code->a;
	vg_label slow = vg_new(a), done = vg_new(a);

	if (code->config->clocks >> VDSOGEN_REALTIME & 1) {
		x64_heed_attention(code, slow);
		x64_mov(a, X64_64, RAX, x64_at(VG_CLOCK, VG_BLOCK(line[VG_COARSE_LINE].base[0].sec)));
		x64_test(a, X64_64, RAX, RAX);
		x64_jcc_short(a, X64_E, slow);
		x64_test(a, X64_64, RDI, RDI);
		x64_jcc_short(a, X64_E, done);
		x64_store(a, X64_64, x64_mem(RDI, 0), RAX);
		vg_bind(a, done);
		x64_ret(a);
	}
	vg_bind(a, slow);
	x64_fallback(code, SYS_TIME);
}

/* int clock_getres(clockid_t edi, struct timespec *rsi) */
void x64_clock_getres(const struct vg_code *code)
{
	struct vg_asm *a = code->a;
	vg_label slow = vg_new(a), coarse = vg_new(a), found = vg_new(a), done = vg_new(a);

	x64_heed_attention(code, slow);
	x64_alu_imm(a, X64_CMP, X64_32, x64_r(RDI), VG_ID_MAX);
	x64_jcc_short(a, X64_A, slow);
	x64_mov_imm(a, RCX, code->config->clocks & VG_HRES_CLOCKS);
	x64_bt(a, RCX, RDI);
	x64_jcc_short(a, X64_AE, coarse);
	x64_mov(a, X64_64, RAX, x64_at(VG_CLOCK, VG_BLOCK(res)));
	vg_bind(a, found);
	x64_test(a, X64_64, RAX, RAX);
	x64_jcc_short(a, X64_E, slow);			/* not published */
	x64_test(a, X64_64, RSI, RSI);
	x64_jcc_short(a, X64_E, done);
	x64_store_imm(a, X64_64, x64_mem(RSI, VG_TS_SEC), 0);
	x64_store(a, X64_64, x64_mem(RSI, VG_TS_NSEC), RAX);
	vg_bind(a, done);
	x64_alu(a, X64_XOR, X64_32, RAX, x64_r(RAX));
	x64_ret(a);

	vg_bind(a, coarse);
	x64_mov(a, X64_64, RAX, x64_at(VG_CLOCK, VG_BLOCK(res_coarse)));
	x64_mov_imm(a, RCX, code->config->clocks & VG_COARSE_CLOCKS);
	x64_bt(a, RCX, RDI);
	x64_jcc_short(a, X64_B, found);
	vg_bind(a, slow);
	x64_fallback(code, SYS_CLOCK_GETRES);
}

/* eax holds cpu and node as IA32_TSC_AUX does, or 0 */
static void store_cpu_and_node(struct vg_asm *a)
{
	vg_label node = vg_new(a), done = vg_new(a);

	x64_test(a, X64_64, RDI, RDI);
	x64_jcc_short(a, X64_E, node);
	x64_mov(a, X64_32, RCX, x64_r(RAX));
	x64_alu_imm(a, X64_AND, X64_32, x64_r(RCX), (1 << VG_CPU_BITS) - 1);
	x64_store(a, X64_32, x64_mem(RDI, 0), RCX);
	vg_bind(a, node);
	x64_test(a, X64_64, RSI, RSI);
	x64_jcc_short(a, X64_E, done);
	x64_shr(a, X64_32, RAX, VG_CPU_BITS);
	x64_store(a, X64_32, x64_mem(RSI, 0), RAX);
	vg_bind(a, done);
	x64_alu(a, X64_XOR, X64_32, RAX, x64_r(RAX));
	x64_ret(a);
}

/* Linux fills a segment's limit as it fills IA32_TSC_AUX. No such segment: ZF is clear. */
static void load_segment_limit(const struct vg_code *code, vg_label slow)
{
	x64_mov_imm(code->a, RAX, (uint32_t)code->config->getcpu_at);
	x64_lsl(code->a, RAX, RAX);
	x64_jcc(code->a, X64_NE, slow);
}

/* int getcpu(unsigned *rdi, unsigned *rsi, void *ignored) */
void x64_getcpu(const struct vg_code *code)
{
	struct vg_asm *a = code->a;
	vg_label slow = vg_new(a);
	uint32_t form = code->config->getcpu;

	if (form != VDSOGEN_GETCPU_FALLBACK) {
		x64_heed_attention(code, slow);
		if (form == VDSOGEN_GETCPU_RDPID)
			x64_rdpid(a, RAX);
		else if (form == VDSOGEN_GETCPU_RDTSCP)
			x64_rdtscp(a);
		if (form == VDSOGEN_GETCPU_RDTSCP)
			x64_mov(a, X64_32, RAX, x64_r(RCX));
		else if (form == VDSOGEN_GETCPU_ZERO)
			x64_alu(a, X64_XOR, X64_32, RAX, x64_r(RAX));
		else if (form == VDSOGEN_GETCPU_WORD)
			x64_mov(a, X64_32, RAX, x64_at(VG_CPU_WORD, 0));
		else if (form == VDSOGEN_GETCPU_LSL)
			load_segment_limit(code, slow);
		store_cpu_and_node(a);
	}
	vg_bind(a, slow);
	x64_fallback(code, SYS_GETCPU);
}

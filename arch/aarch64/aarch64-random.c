/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * getrandom: ChaCha20 with fast key erasure on the caller's own state, as Linux
 * has it (lib/vdso/getrandom.c); its output and its states are Linux's.
 *
 * Memory order (Arm ARM, B2.3).
 *   - `ready` is a load-acquire: who sees a start sees its generation, too.
 *   - The generation is loaded before the host is asked for a key, by a DMB
 *     ISHLD on the way there: a branch alone would not keep the host's loads
 *     behind it, and a fallback that jumps is no exception that could. So the key
 *     comes from a generator no older than the generation that the state names.
 *   - The last look at both generations comes after every load of the batch and of
 *     the key, by a DMB ISHLD: the state's memory may be taken away and be zeros
 *     at any time, and output of zeros must not pass for good.
 *   - What the state is told is for this thread and its signal handlers, and for
 *     the child of a fork, which see its stores in the order of the program.
 *
 * Registers: x0-x15 (AAPCS64 6.1.1), v0-v7 and v16-v23 (6.1.2: v8-v15 are in part
 * the caller's). The stack holds general registers while the host is asked for a
 * key, and no key; vectors that held one are zeroed right behind a refill.
 *
 *	x0 x1 w2 x3	buffer, length, flags and state, as they were
 *	x4	the state's size, 0 once the call has started over
 *	x5	the block		x6	what the call returns
 *	x7	where output goes	x9	how much of it is left
 *	x10	the block counter	x11-x15	anything
 */
#include "aarch64-code.h"
#include "aarch64-insn.h"

enum { SYS_GETRANDOM = 278 };	/* Linux include/uapi/asm-generic/unistd.h */

enum {
	VECTOR = A64_VECTOR, WORD = sizeof(uint32_t),
	LOG2_BYTE = 0, LOG2_DOUBLE = 3,
	LOG2_PAGE = 12,
	BATCH = sizeof((struct vg_random_state *)0)->batch,
	KEY_SIZE = sizeof((struct vg_random_state *)0)->key
};
_Static_assert(VG_RANDOM_PAGE == 1 << LOG2_PAGE, "a state lies in one");

/* Two blocks side by side: a vector for each row of the matrix (RFC 8439, 2.3). */
enum { ROWS = 4, BLOCKS = 2, DOUBLE_ROUNDS = 10 };
#define ROW(block, row) ((enum a64_vector)(V0 + ROWS * (block) + (row)))
/* What they start from. The first row is constant, the last one is the block's number. */
#define FIRST V16
#define KEY V17
#define KEY2 V18
#define NUMBER(block) ((enum a64_vector)(V19 + (block)))
#define SCRATCH(block) ((enum a64_vector)(V21 + (block)))
#define BY_ONE_BYTE V23		/* a TBL that rotates words left by 8 */
_Static_assert(VG_CHACHA_BLOCK == ROWS * VECTOR, "four vectors make a block");

/* At A64_RANDOM_CONSTANTS: FIRST, then BY_ONE_BYTE. */
void a64_random_constants(const struct vg_code *code)
{
	static const char first[] = "expand 32-byte k";

	vg_align(code->a, VECTOR);
	if (code->a->at != vg_where(code->a, VG_CONSTANTS) + A64_RANDOM_CONSTANTS)
		vg_fail(code->a, -VDSOGEN_ERR_INTERNAL);
	vg_bytes(code->a, first, VECTOR);
	for (unsigned int i = 0; i < VECTOR; i++)	/* the byte below it in the same word */
		vg_put8(code->a, (uint8_t)(i - i % WORD + (i + WORD - 1) % WORD));
}

/* x += y; z = (z ^ x) <<< by; the same for both blocks */
static void add_xor_rotate(struct vg_asm *a, unsigned int x, unsigned int y, unsigned int z,
			   unsigned int by)
{
	for (unsigned int b = 0; b < BLOCKS; b++)
		a64_add_4s(a, ROW(b, x), ROW(b, x), ROW(b, y));
	for (unsigned int b = 0; b < BLOCKS; b++)
		a64_eor_16b(a, SCRATCH(b), ROW(b, z), ROW(b, x));
	for (unsigned int b = 0; b < BLOCKS; b++) {
		if (by == 16)
			a64_rev32_8h(a, ROW(b, z), SCRATCH(b));
		else if (by == 8)
			a64_tbl_16b(a, ROW(b, z), SCRATCH(b), BY_ONE_BYTE);
		else
			a64_shl_4s(a, ROW(b, z), SCRATCH(b), by);
	}
	for (unsigned int b = 0; by % 8 && b < BLOCKS; b++)
		a64_sri_4s(a, ROW(b, z), SCRATCH(b), 32 - by);
}

/* The quarter rounds of all four columns. */
static void round_of_columns(struct vg_asm *a)
{
	add_xor_rotate(a, 0, 1, 3, 16);
	add_xor_rotate(a, 2, 3, 1, 12);
	add_xor_rotate(a, 0, 1, 3, 8);
	add_xor_rotate(a, 2, 3, 1, 7);
}

/*
 * Turns rows against each other, which makes columns of the diagonals (by 1), or back
 * (by 3). Row 1 stays: it is ready last, and the next round begins with it.
 */
static void turn_rows(struct vg_asm *a, unsigned int by)
{
	for (unsigned int row = 0; row < ROWS; row++) {
		unsigned int words = (row + ROWS - 1) * by % ROWS;

		for (unsigned int b = 0; words && b < BLOCKS; b++)
			a64_ext_16b(a, ROW(b, row), ROW(b, row), ROW(b, row),
				    words * WORD);
	}
}

/* Blocks x10 and x10 + 1, from the key in KEY and KEY2. */
static void two_blocks(struct vg_asm *a)
{
	vg_label next = vg_new(a);

	a64_add_imm(a, A64_X, X11, X10, 1);
	a64_fmov(a, NUMBER(0), X10);
	a64_fmov(a, NUMBER(1), X11);
	for (unsigned int b = 0; b < BLOCKS; b++) {
		a64_mov_16b(a, ROW(b, 0), FIRST);
		a64_mov_16b(a, ROW(b, 1), KEY);
		a64_mov_16b(a, ROW(b, 2), KEY2);
		a64_mov_16b(a, ROW(b, 3), NUMBER(b));
	}
	a64_movz(a, A64_W, X11, DOUBLE_ROUNDS, 0);
	vg_bind(a, next);
	round_of_columns(a);
	turn_rows(a, 1);
	round_of_columns(a);
	turn_rows(a, 3);
	a64_subs_imm(a, A64_W, X11, X11, 1);
	a64_b_cond(a, A64_NE, next);
	for (unsigned int b = 0; b < BLOCKS; b++) {
		a64_add_4s(a, ROW(b, 0), ROW(b, 0), FIRST);
		a64_add_4s(a, ROW(b, 1), ROW(b, 1), KEY);
		a64_add_4s(a, ROW(b, 2), ROW(b, 2), KEY2);
		a64_add_4s(a, ROW(b, 3), ROW(b, 3), NUMBER(b));
	}
}

static void store_block(struct vg_asm *a, unsigned int block, enum a64_reg to, size_t offset)
{
	a64_stp_q(a, ROW(block, 0), ROW(block, 1), to, offset);
	a64_stp_q(a, ROW(block, 2), ROW(block, 3), to, offset + 2 * VECTOR);
}

static void give_block(struct vg_asm *a, unsigned int block)
{
	store_block(a, block, X7, 0);
	a64_add_imm(a, A64_X, X7, X7, VG_CHACHA_BLOCK);
	a64_sub_imm(a, A64_X, X9, X9, VG_CHACHA_BLOCK);
	a64_add_imm(a, A64_X, X10, X10, 1);
}

/*
 * The batch is used up. Whole blocks go to the buffer while there is room for
 * them; two more are the next batch and the key that replaces this one.
 */
static void refill(struct vg_asm *a)
{
	vg_label next = vg_new(a), last = vg_new(a);

	a64_adr(a, X11, VG_CONSTANTS, A64_RANDOM_CONSTANTS);
	a64_ldp_q(a, FIRST, BY_ONE_BYTE, X11, 0);
	a64_ldp_q(a, KEY, KEY2, X3, VG_STATE(key));
	vg_bind(a, next);
	two_blocks(a);
	a64_cmp_imm(a, A64_X, X9, VG_CHACHA_BLOCK);
	a64_b_cond(a, A64_LO, last);
	give_block(a, 0);
	a64_cmp_imm(a, A64_X, X9, VG_CHACHA_BLOCK);
	a64_b_cond(a, A64_LO, next);
	give_block(a, 1);
	a64_b(a, next);
	vg_bind(a, last);
	for (unsigned int b = 0; b < BLOCKS; b++)
		store_block(a, b, X3, VG_STATE(batch) + b * VG_CHACHA_BLOCK);
	a64_add_imm(a, A64_X, X10, X10, BLOCKS);
	a64_str_part(a, LOG2_BYTE, XZR, X3, VG_STATE(pos));
	for (unsigned int b = 0; b < BLOCKS; b++) {
		for (unsigned int row = 0; row < ROWS; row++)
			a64_movi_zero(a, ROW(b, row));
		a64_movi_zero(a, SCRATCH(b));
	}
	a64_movi_zero(a, KEY);
	a64_movi_zero(a, KEY2);
}
_Static_assert(VG_STATE(key) == VG_STATE(batch) + BATCH, "written as one");

/* The next 1 << log2 bytes of the batch at x12, and zeros in their place. */
static void move_part(struct vg_asm *a, unsigned int log2)
{
	a64_ldr_part(a, log2, X14, X12, 0);
	a64_str_part_post(a, log2, XZR, X12, 1u << log2);
	a64_str_part_post(a, log2, X14, X7, 1u << log2);
}

/* x7 and x9: as much as the batch has, or as is left. */
static void serve_from_batch(struct vg_asm *a)
{
	vg_label vectors = vg_new(a), parts = vg_new(a), done = vg_new(a);

	a64_ldr_part(a, LOG2_BYTE, X11, X3, VG_STATE(pos));
	a64_movz(a, A64_W, X13, BATCH, 0);
	a64_sub(a, X13, X13, X11);
	a64_cmp(a, A64_X, X13, X9);
	a64_csel(a, A64_X, X13, X13, X9, A64_LS);
	a64_cbz(a, A64_X, X13, done);
	a64_add(a, A64_X, X12, X3, X11, 0);
	a64_add(a, A64_W, X11, X11, X13, 0);
	a64_str_part(a, LOG2_BYTE, X11, X3, VG_STATE(pos));
	a64_sub(a, X9, X9, X13);
	a64_subs_imm(a, A64_X, X13, X13, VECTOR);
	a64_b_cond(a, A64_LO, parts);
	a64_movi_zero(a, V1);
	vg_bind(a, vectors);
	a64_ldr_q(a, V0, X12, 0);
	a64_str_q_post(a, V1, X12, VECTOR);
	a64_str_q_post(a, V0, X7, VECTOR);
	a64_subs_imm(a, A64_X, X13, X13, VECTOR);
	a64_b_cond(a, A64_HS, vectors);
	vg_bind(a, parts);			/* x13 is lower by VECTOR: the same below that bit */
	for (unsigned int log2 = LOG2_DOUBLE + 1; log2--;) {
		vg_label skip = vg_new(a);

		a64_tbz(a, X13, log2, skip);
		move_part(a, log2);
		vg_bind(a, skip);
	}
	vg_bind(a, done);
}
_Static_assert(VG_STATE(batch) == 0, "x12 is x3 and the position");

/* A state is in one page, or it might be half zeros one day. */
static void refuse_straddling(struct vg_asm *a, vg_label fault)
{
	a64_ubfx(a, A64_X, X11, X3, 0, LOG2_PAGE);
	a64_cmp_imm(a, A64_X, X11, VG_RANDOM_PAGE - sizeof(struct vg_random_state));
	a64_b_cond(a, A64_HI, fault);
}

static void load_block(struct vg_asm *a)
{
	a64_adr(a, X5, VG_RANDOM, 0);
}
_Static_assert(VG_RND(generation) == 0, "loaded without an offset");

/*
 * The host's key for the generation x15. The state says so before the host is
 * asked: if this process forks in between, both ask, and neither takes the other's.
 */
static void fetch_key(const struct vg_code *code, vg_label ask, vg_label failed)
{
	struct vg_asm *a = code->a;
	const unsigned int pair = 16, frame = 4 * pair;

	a64_str(a, A64_X, X15, X3, VG_STATE(generation));
	a64_dmb_ishld(a);
	a64_stp_push(a, X30, X0, SP, frame);
	vg_push_link(code, frame);
	a64_stp(a, X1, X2, SP, pair);
	a64_stp(a, X3, X4, SP, 2 * pair);
	a64_stp(a, X6, X10, SP, 3 * pair);
	a64_add_imm(a, A64_X, X0, X3, VG_STATE(key));
	a64_movz(a, A64_W, X1, KEY_SIZE, 0);
	a64_movz(a, A64_W, X2, 0, 0);
	a64_bl(a, ask);
	a64_mov(a, X11, X0);
	a64_ldp(a, X1, X2, SP, pair);
	a64_ldp(a, X3, X4, SP, 2 * pair);
	a64_ldp(a, X6, X10, SP, 3 * pair);
	a64_ldp_pop(a, X30, X0, SP, frame);
	vg_pop(code);
	a64_cmp_imm(a, A64_X, X11, KEY_SIZE);
	a64_b_cond(a, A64_NE, failed);
	load_block(a);
	a64_movz(a, A64_W, X11, BATCH, 0);
	a64_str_part(a, LOG2_BYTE, X11, X3, VG_STATE(pos));
}

/*
 * No state has this size. If it is all ones and there is no buffer: what a state is
 * like, into the struct vg_random_params at x3. Attention does not change that: the
 * system call would succeed, too, and fill in nothing.
 */
static void answer_query(const struct vg_code *code, vg_label ask, vg_label fault)
{
	struct vg_asm *a = code->a;
	vg_label no_query = vg_new(a), none = vg_new(a);

	a64_cmn_imm(a, A64_X, X4, 1);
	a64_b_cond(a, A64_NE, no_query);
	a64_cbnz(a, A64_X, X0, no_query);
	a64_cbnz(a, A64_X, X1, no_query);
	a64_cbnz(a, A64_W, X2, no_query);
	a64_adr(a, X11, VG_RANDOM, VG_RND(flags));
	a64_ldar(a, A64_W, X11, X11);
	a64_cbz(a, A64_W, X11, none);		/* never started */
	load_block(a);
	a64_ldr(a, A64_W, X12, X5, VG_RND(prot));
	a64_movz(a, A64_W, X13, sizeof(struct vg_random_state), 0);
	a64_str(a, A64_W, X13, X3, VG_PARAMS(size));
	a64_str(a, A64_W, X12, X3, VG_PARAMS(prot));
	a64_str(a, A64_W, X11, X3, VG_PARAMS(flags));
	a64_str(a, A64_W, XZR, X3, VG_PARAMS(reserved));
	for (size_t at = VG_PARAMS(reserved[1]); at < sizeof(struct vg_random_params); at += VECTOR)
		a64_stp(a, XZR, XZR, X3, at);
	a64_ret(a);				/* x0 is 0 */
	vg_bind(a, none);
	a64_movn(a, A64_X, X0, VG_ENOSYS - 1, 0);
	a64_ret(a);
	vg_bind(a, no_query);
	a64_heed_attention(code, ask);
	refuse_straddling(a, fault);
	a64_b(a, ask);
	vg_bind(a, fault);
	a64_movn(a, A64_X, X0, VG_EFAULT - 1, 0);
	a64_ret(a);
}

/* What is left to the host: odd arguments, no generator yet, a call in the midst of another. */
static void check_call(const struct vg_code *code, vg_label fault, vg_label nothing, vg_label ask)
{
	struct vg_asm *a = code->a;

	a64_heed_attention(code, ask);
	refuse_straddling(a, fault);
	a64_cmp_imm(a, A64_W, X2, VG_RANDOM_FLAGS);
	a64_b_cond(a, A64_HI, ask);
	a64_adr(a, X11, VG_RANDOM, VG_RND(ready));
	a64_ldar(a, A64_W, X11, X11);
	a64_cbz(a, A64_W, X11, ask);
	a64_cbz(a, A64_X, X1, nothing);
	a64_ldr_part(a, LOG2_BYTE, X11, X3, VG_STATE(in_use));
	a64_cbnz(a, A64_W, X11, ask);
}
_Static_assert((VG_RANDOM_FLAGS & (VG_RANDOM_FLAGS + 1)) == 0, "other flags make it higher");

/* Branches, with both generations in x14 and x15, if they differ. */
static void compare_generations(struct vg_asm *a, vg_label differ)
{
	a64_ldr(a, A64_X, X14, X3, VG_STATE(generation));
	a64_ldr(a, A64_X, X15, X5, VG_RND(generation));
	a64_cmp(a, A64_X, X14, X15);
	a64_b_cond(a, A64_NE, differ);
}

/* ssize_t getrandom(void *x0, size_t x1, unsigned int w2, void *x3, size_t x4) */
void a64_getrandom(const struct vg_code *code)
{
	struct vg_asm *a = code->a;
	vg_label other_size = vg_new(a), fault = vg_new(a), nothing = vg_new(a), ask = vg_new(a),
		 again = vg_new(a), stale = vg_new(a), fetched = vg_new(a), serve = vg_new(a),
		 more = vg_new(a), changed = vg_new(a), failed = vg_new(a), leave = vg_new(a);

	a64_cmp_imm(a, A64_X, X4, sizeof(struct vg_random_state));
	a64_b_cond(a, A64_NE, other_size);
	check_call(code, fault, nothing, ask);
	a64_movz(a, A64_W, X11, 1, 0);
	a64_str_part(a, LOG2_BYTE, X11, X3, VG_STATE(in_use));
	load_block(a);
	a64_mov_imm(a, A64_W, X6, VG_RANDOM_MAX);
	a64_cmp(a, A64_X, X1, X6);
	a64_csel(a, A64_X, X6, X1, X6, A64_LS);
	a64_movz(a, A64_W, X10, 0, 0);
	vg_bind(a, again);
	compare_generations(a, stale);
	vg_bind(a, fetched);
	a64_mov(a, X7, X0);
	a64_mov(a, X9, X6);
	vg_bind(a, serve);
	serve_from_batch(a);
	a64_cbnz(a, A64_X, X9, more);
	a64_dmb_ishld(a);
	compare_generations(a, changed);
	a64_str_part(a, LOG2_BYTE, XZR, X3, VG_STATE(in_use));
	a64_mov(a, X0, X6);
	a64_ret(a);

	vg_bind(a, more);
	refill(a);
	a64_b(a, serve);

	vg_bind(a, changed);
	a64_cbz(a, A64_X, X4, leave);
	a64_movz(a, A64_W, X4, 0, 0);
	a64_b(a, again);
	vg_bind(a, stale);
	fetch_key(code, ask, failed);
	a64_b(a, fetched);
	vg_bind(a, failed);
	a64_str(a, A64_X, XZR, X3, VG_STATE(generation));
	vg_bind(a, leave);
	a64_str_part(a, LOG2_BYTE, XZR, X3, VG_STATE(in_use));
	a64_b(a, ask);

	vg_bind(a, nothing);
	a64_movz(a, A64_W, X0, 0, 0);
	a64_ret(a);
	vg_bind(a, other_size);
	answer_query(code, ask, fault);
	vg_bind(a, ask);
	a64_fallback(code, SYS_GETRANDOM);
}

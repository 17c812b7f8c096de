/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * getrandom: the protocol is Linux's (lib/vdso/getrandom.c), so that a state and the
 * output are the same after each of its calls and ours. ChaCha20: RFC 8439, 2.3,
 * with a block counter of 64 bits and a nonce of 0.
 *
 * Memory order. x86 is TSO: the generation is loaded, and stored to the state,
 * before the host is asked for the key, and loaded again after the key was last
 * used. The state's own generation is loaded then, too: if the state was wiped
 * meanwhile, it is 0.
 *
 * Registers: arguments rdi, rsi, rdx, rcx, r8; scratch rax, rcx, rdx, rsi, rdi, r8-r11
 * and all of xmm0-15 (psABI x86-64, 3.2.1 and figure 3.4: no vector register is
 * preserved). rdi, rsi and the flags stay what the caller gave, for the fallback.
 *
 *	rcx	the key in the state
 *	edx	the flags; above their bits, how often the call started over
 *	r8	where output goes next		r9	how much is missing
 *	rax, r10, r11	scratch
 *	xmm13	the next block's counter, 0 at first
 *
 * While blocks are made:
 *
 *	xmm0-3, xmm4-7	the rows of two blocks	xmm8, xmm9	scratch
 *	xmm10-12	rows 0 to 2 at the start	xmm14	the second block's counter
 *	xmm15		1
 *
 * A key is only ever in the state and in vector registers, which are zero when the
 * function returns; nothing is spilled.
 */
#include "x86_64-code.h"
#include "x86_64-insn.h"

/* System call number: Linux arch/x86/entry/syscalls/syscall_64.tbl. */
enum { SYS_GETRANDOM = 318 };

enum {
	BATCH = sizeof ((struct vg_random_state *)0)->batch,
	KEY = sizeof ((struct vg_random_state *)0)->key,
	WORD = 8, ROW = 16, ROWS = 4,
	ROUNDS = 20,
	STARTED_OVER = VG_RANDOM_FLAGS + 1	/* counts in edx */
};

#define COUNTER XMM13
#define COUNTER_2 XMM14
#define ONE XMM15

/* From its key all of a state is within reach of short offsets. */
static struct x64_rm state_at(size_t offset)
{
	return x64_mem(RCX, offset - VG_STATE(key));
}

/* Where the parts of the function are. */
struct parts {
	struct vg_asm *a;
	vg_label query, start, free, again, seeded, more, empty, blocks, changed, reseed, failed, give_up;
	vg_label fault, nothing, ask;
};

/* -------------------------------------------------------------------------
 * The query, and what is refused.
 */

/* In: r8 is -1. */
static void answer_query(const struct parts *p)
{
	const size_t reserved = VG_PARAMS(reserved), end = sizeof(struct vg_random_params);
	struct vg_asm *a = p->a;
	vg_label known = vg_new(a);

	vg_bind(a, p->query);
	x64_mov(a, X64_32, RAX, x64_r(RDX));
	x64_alu(a, X64_OR, X64_64, RAX, x64_r(RDI));
	x64_alu(a, X64_OR, X64_64, RAX, x64_r(RSI));
	x64_jcc_short(a, X64_NE, p->start);
	x64_mov(a, X64_32, RAX, x64_at(VG_RANDOM, VG_RND(flags)));
	x64_test(a, X64_32, RAX, RAX);
	x64_jcc_short(a, X64_NE, known);
	x64_alu_imm(a, X64_SUB, X64_64, x64_r(RAX), VG_ENOSYS);	/* never started: do without */
	x64_ret(a);

	vg_bind(a, known);
	x64_store_imm(a, X64_32, x64_mem(RCX, VG_PARAMS(size)), sizeof(struct vg_random_state));
	x64_store(a, X64_32, x64_mem(RCX, VG_PARAMS(flags)), RAX);
	x64_mov(a, X64_32, RAX, x64_at(VG_RANDOM, VG_RND(prot)));
	x64_store(a, X64_32, x64_mem(RCX, VG_PARAMS(prot)), RAX);
	x64_zero_xmm(a, XMM0);
	for (size_t at = reserved; at < end - ROW; at += ROW)
		x64_movups_store(a, x64_mem(RCX, at), XMM0);
	x64_movups_store(a, x64_mem(RCX, end - ROW), XMM0);
	vg_bind(a, p->nothing);
	x64_alu(a, X64_XOR, X64_32, RAX, x64_r(RAX));
	x64_ret(a);

	vg_bind(a, p->fault);
	x64_store_imm(a, X64_64, x64_r(RAX), -VG_EFAULT);
	x64_ret(a);
}

/*
 * A query is answered whatever the attention word says: the host knows no such
 * call, and its 0 would tell that the answer is there.
 */
static void check_arguments(const struct vg_code *code, const struct parts *p)
{
	struct vg_asm *a = code->a;

	x64_alu_imm(a, X64_CMP, X64_64, x64_r(R8), -1);
	x64_jcc_short(a, X64_E, p->query);
	vg_bind(a, p->start);
	x64_heed_attention(code, p->ask);
	x64_mov(a, X64_32, RAX, x64_r(RCX));
	x64_alu_imm(a, X64_AND, X64_32, x64_r(RAX), VG_RANDOM_PAGE - 1);
	x64_alu_imm(a, X64_CMP, X64_32, x64_r(RAX),
		    VG_RANDOM_PAGE - (int)sizeof(struct vg_random_state));
	x64_jcc_short(a, X64_A, p->fault);
	x64_alu_imm(a, X64_CMP, X64_32, x64_r(RDX), VG_RANDOM_FLAGS);
	x64_jcc_short(a, X64_A, p->ask);
	x64_alu_imm(a, X64_CMP, X64_64, x64_r(R8), sizeof(struct vg_random_state));
	x64_jcc_short(a, X64_NE, p->ask);
	x64_alu_imm(a, X64_CMP, X64_32, x64_at(VG_RANDOM, VG_RND(ready)), 0);
	x64_jcc_short(a, X64_E, p->ask);
	x64_test(a, X64_64, RSI, RSI);
	x64_jcc_short(a, X64_E, p->nothing);
	x64_cmp_byte_imm(a, x64_mem(RCX, VG_STATE(in_use)), 0);
	x64_jcc(a, X64_E, p->free);
}

/* -------------------------------------------------------------------------
 * Two blocks of ChaCha20, step by step next to each other.
 */
enum { BLOCKS = 2 };

static enum x64_xmm row(unsigned int block, unsigned int row)
{
	return (enum x64_xmm)(block * ROWS + row);
}

/* to op= from, in both blocks */
static void both(struct vg_asm *a, enum x64_sse2 op, unsigned int to, unsigned int from)
{
	for (unsigned int b = 0; b < BLOCKS; b++)
		x64_sse2(a, op, row(b, to), row(b, from));
}

/* A swap of each word's halves. */
static void rotate_16(struct vg_asm *a, unsigned int r)
{
	const uint8_t swap = 1 | 0 << 2 | 3 << 4 | 2 << 6;

	for (unsigned int b = 0; b < BLOCKS; b++)
		x64_pshuflw(a, row(b, r), row(b, r), swap);
	for (unsigned int b = 0; b < BLOCKS; b++)
		x64_pshufhw(a, row(b, r), row(b, r), swap);
}

static void rotate(struct vg_asm *a, unsigned int r, unsigned int by)
{
	const enum x64_xmm scratch = XMM8;

	for (unsigned int b = 0; b < BLOCKS; b++)
		x64_movaps(a, scratch + b, row(b, r));
	for (unsigned int b = 0; b < BLOCKS; b++)
		x64_pslld(a, row(b, r), by);
	for (unsigned int b = 0; b < BLOCKS; b++)
		x64_psrld(a, scratch + b, 32 - by);
	for (unsigned int b = 0; b < BLOCKS; b++)
		x64_sse2(a, X64_POR, row(b, r), scratch + b);
}

/* RFC 8439, 2.1: the quarter rounds of all four columns */
static void quarter_rounds(struct vg_asm *a)
{
	both(a, X64_PADDD, 0, 1);
	both(a, X64_PXOR, 3, 0);
	rotate_16(a, 3);
	both(a, X64_PADDD, 2, 3);
	both(a, X64_PXOR, 1, 2);
	rotate(a, 1, 12);
	both(a, X64_PADDD, 0, 1);
	both(a, X64_PXOR, 3, 0);
	rotate(a, 3, 8);
	both(a, X64_PADDD, 2, 3);
	both(a, X64_PXOR, 1, 2);
	rotate(a, 1, 7);
}

/* A row's words by so many places to the left. */
static void turn(struct vg_asm *a, unsigned int r, unsigned int left)
{
	unsigned int order = 0;

	for (unsigned int word = 0; word < ROWS; word++)
		order |= (left + word) % ROWS << 2 * word;
	for (unsigned int b = 0; b < BLOCKS; b++)
		x64_pshufd(a, row(b, r), row(b, r), (uint8_t)order);
}

/*
 * Rounds of the columns and of the diagonals by turns. In between the other rows
 * are turned against row 1, which the next round waits for. Clobbers eax.
 */
static void rounds(struct vg_asm *a)
{
	vg_label next = vg_new(a), back = vg_new(a);

	x64_mov_imm(a, RAX, ROUNDS);
	vg_bind(a, next);
	quarter_rounds(a);
	turn(a, 3, 2);
	x64_alu_imm(a, X64_SUB, X64_32, x64_r(RAX), 1);
	x64_test_byte(a, RAX, 1);
	x64_jcc_short(a, X64_E, back);
	turn(a, 0, 3);
	turn(a, 2, 1);
	x64_jmp(a, next);
	vg_bind(a, back);
	turn(a, 0, 1);
	turn(a, 2, 3);
	x64_test(a, X64_32, RAX, RAX);
	x64_jcc(a, X64_NE, next);
}
_Static_assert(ROUNDS % 2 == 0, "the last round is one of the diagonals");

static const enum x64_xmm initial[BLOCKS * ROWS] = {
	XMM10, XMM11, XMM12, COUNTER, XMM10, XMM11, XMM12, COUNTER_2
};

static void two_blocks(struct vg_asm *a)
{
	x64_movaps(a, COUNTER_2, COUNTER);
	x64_sse2(a, X64_PADDQ, COUNTER_2, ONE);
	for (unsigned int i = 0; i < BLOCKS * ROWS; i++)
		x64_movaps(a, (enum x64_xmm)i, initial[i]);
	rounds(a);
	for (unsigned int i = 0; i < BLOCKS * ROWS; i++)
		x64_sse2(a, X64_PADDD, (enum x64_xmm)i, initial[i]);
}

static void store_block(struct vg_asm *a, unsigned int block)
{
	for (unsigned int r = 0; r < ROWS; r++)
		x64_movups_store(a, x64_mem(R11, block * VG_CHACHA_BLOCK + r * ROW), row(block, r));
}

static uint64_t eight_bytes(const char *text)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < WORD; i++)
		v |= (uint64_t)(uint8_t)text[i] << 8 * i;
	return v;
}

/* RFC 8439, 2.3: the constants; the key; and the step of the counter */
static void load_rows(struct vg_asm *a)
{
	static const char constants[] = "expand 32-byte k";

	x64_mov_imm64(a, RAX, eight_bytes(constants));
	x64_movq_xmm(a, XMM10, RAX);
	x64_mov_imm64(a, RAX, eight_bytes(constants + WORD));
	x64_movq_xmm(a, XMM11, RAX);
	x64_sse2(a, X64_PUNPCKLQDQ, XMM10, XMM11);
	x64_movups(a, XMM11, state_at(VG_STATE(key)));
	x64_movups(a, XMM12, state_at(VG_STATE(key) + ROW));
	x64_mov_imm(a, RAX, 1);
	x64_movq_xmm(a, ONE, RAX);
}

/* All that depends on the key. */
static void forget_rows(struct vg_asm *a)
{
	for (enum x64_xmm x = XMM0; x <= XMM12; x++)
		if (x != XMM10)
			x64_zero_xmm(a, x);
}

static void one_block_served(struct vg_asm *a)
{
	x64_alu_imm(a, X64_ADD, X64_64, x64_r(R8), VG_CHACHA_BLOCK);
	x64_alu_imm(a, X64_SUB, X64_64, x64_r(R9), VG_CHACHA_BLOCK);
}

/*
 * The batch is empty and output is missing: whole blocks go to the caller as long
 * as one is wanted, the last one without its second half if need be; then two to the
 * state, a batch and a key. r10 is where it is, r11 where blocks go.
 */
static void make_blocks(const struct parts *p)
{
	struct vg_asm *a = p->a;
	vg_label second = vg_new(a);

	vg_bind(a, p->empty);
	load_rows(a);
	x64_lea(a, R10, state_at(VG_STATE(batch)));
	vg_bind(a, p->blocks);
	x64_mov(a, X64_64, R11, x64_r(R10));
	x64_alu_imm(a, X64_CMP, X64_64, x64_r(R9), VG_CHACHA_BLOCK);
	x64_cmov(a, X64_AE, X64_64, R11, x64_r(R8));
	two_blocks(a);
	store_block(a, 0);
	x64_movaps(a, COUNTER, COUNTER_2);
	x64_alu(a, X64_CMP, X64_64, R10, x64_r(R11));
	x64_jcc_short(a, X64_E, second);
	one_block_served(a);
	x64_alu_imm(a, X64_CMP, X64_64, x64_r(R9), VG_CHACHA_BLOCK);
	x64_jcc(a, X64_B, p->blocks);
	one_block_served(a);
	vg_bind(a, second);
	store_block(a, 1);
	x64_sse2(a, X64_PADDQ, COUNTER, ONE);
	x64_alu(a, X64_CMP, X64_64, R10, x64_r(R11));
	x64_jcc(a, X64_NE, p->blocks);
	x64_store_byte_imm(a, state_at(VG_STATE(pos)), 0);
	forget_rows(a);
	x64_jmp(a, p->more);
}

/* -------------------------------------------------------------------------
 * What is left of the batch.
 */

/* r8 and r11 are behind what was copied. Clobbers r10. */
static void go_on(struct vg_asm *a, int by)
{
	x64_alu_imm(a, X64_ADD, X64_64, x64_r(R8), by);
	x64_alu_imm(a, X64_ADD, X64_64, x64_r(R11), by);
}

static void move_word(struct vg_asm *a, enum x64_size size, int bytes)
{
	vg_label none = vg_new(a);

	x64_test_byte(a, RAX, (uint8_t)bytes);
	x64_jcc_short(a, X64_E, none);
	x64_mov(a, size, R10, x64_mem(R11, 0));
	x64_store(a, size, x64_mem(R8, 0), R10);
	x64_alu(a, X64_XOR, X64_32, R10, x64_r(R10));
	x64_store(a, size, x64_mem(R11, 0), R10);
	go_on(a, bytes);
	vg_bind(a, none);
}

/* eax bytes from r11 to r8; zeros stay behind. */
static void move_out(struct vg_asm *a)
{
	vg_label rows = vg_new(a), tail = vg_new(a), bytes = vg_new(a), done = vg_new(a);

	x64_alu_imm(a, X64_SUB, X64_32, x64_r(RAX), ROW);
	x64_jcc_short(a, X64_B, tail);
	x64_zero_xmm(a, XMM1);
	vg_bind(a, rows);
	x64_movups(a, XMM0, x64_mem(R11, 0));
	x64_movups_store(a, x64_mem(R8, 0), XMM0);
	x64_movups_store(a, x64_mem(R11, 0), XMM1);
	go_on(a, ROW);
	x64_alu_imm(a, X64_SUB, X64_32, x64_r(RAX), ROW);
	x64_jcc_short(a, X64_AE, rows);
	x64_zero_xmm(a, XMM0);
	vg_bind(a, tail);
	move_word(a, X64_64, WORD);
	move_word(a, X64_32, WORD / 2);
	x64_alu_imm(a, X64_AND, X64_32, x64_r(RAX), WORD / 2 - 1);
	x64_jcc_short(a, X64_E, done);
	vg_bind(a, bytes);
	x64_load_byte(a, R10, x64_mem(R11, 0));
	x64_store_byte(a, x64_mem(R8, 0), R10);
	x64_store_byte_imm(a, x64_mem(R11, 0), 0);
	go_on(a, 1);
	x64_alu_imm(a, X64_SUB, X64_32, x64_r(RAX), 1);
	x64_jcc_short(a, X64_NE, bytes);
	vg_bind(a, done);
}

static void serve_batch(const struct parts *p)
{
	struct vg_asm *a = p->a;

	vg_bind(a, p->more);
	x64_load_byte(a, R10, state_at(VG_STATE(pos)));
	x64_lea(a, R11, x64_sib(RCX, R10, VG_STATE(batch) - VG_STATE(key)));
	x64_mov_imm(a, RAX, BATCH);
	x64_alu(a, X64_SUB, X64_32, RAX, x64_r(R10));
	x64_alu(a, X64_CMP, X64_64, RAX, x64_r(R9));
	x64_cmov(a, X64_A, X64_64, RAX, x64_r(R9));
	x64_alu(a, X64_ADD, X64_32, R10, x64_r(RAX));
	x64_store_byte(a, state_at(VG_STATE(pos)), R10);
	x64_alu(a, X64_SUB, X64_64, R9, x64_r(RAX));
	move_out(a);
	x64_test(a, X64_64, R9, R9);
	x64_jcc_short(a, X64_NE, p->empty);
}

/* -------------------------------------------------------------------------
 * The generation.
 */

/* rax is the block's generation, and the flags say whether it is the state's. */
static void compare_generation(struct vg_asm *a)
{
	x64_mov(a, X64_64, RAX, x64_at(VG_RANDOM, VG_RND(generation)));
	x64_alu(a, X64_CMP, X64_64, RAX, state_at(VG_STATE(generation)));
}

static void return_served(const struct parts *p)
{
	struct vg_asm *a = p->a;

	compare_generation(a);
	x64_jcc_short(a, X64_NE, p->changed);
	x64_store_byte_imm(a, state_at(VG_STATE(in_use)), 0);
	x64_mov(a, X64_64, RAX, x64_r(R8));
	x64_alu(a, X64_SUB, X64_64, RAX, x64_r(RDI));
	x64_ret(a);

	vg_bind(a, p->changed);
	x64_alu_imm(a, X64_ADD, X64_32, x64_r(RDX), STARTED_OVER);
	x64_test_byte(a, RDX, 2 * STARTED_OVER);
	x64_jcc(a, X64_E, p->again);
	x64_jmp(a, p->give_up);
}

/* What lives on across the call of the host; with the return address a multiple of 16 bytes. */
static const struct { enum x64_reg reg; uint8_t at; } kept[] = {
	{ RDI, 0 }, { RSI, 8 }, { RDX, 16 }, { RCX, 24 }, { R10, 32 }
};
enum { KEPT = sizeof kept / sizeof *kept, FRAME = KEPT * WORD };
_Static_assert((FRAME + WORD) % 16 == 0, "psABI x86-64, 3.2.2: the stack at a call");

/* rax is the block's generation, known to the state before the key is: a fork in between shows. */
static void fetch_key(const struct vg_code *code, const struct parts *p)
{
	struct vg_asm *a = code->a;

	vg_bind(a, p->reseed);
	x64_store(a, X64_64, state_at(VG_STATE(generation)), RAX);
	x64_movq_reg(a, R10, COUNTER);
	x64_alu_imm(a, X64_SUB, X64_64, x64_r(RSP), FRAME);
	vg_push(code, FRAME);
	for (unsigned int i = 0; i < KEPT; i++)
		x64_store(a, X64_64, x64_mem(RSP, kept[i].at), kept[i].reg);
	x64_mov(a, X64_64, RDI, x64_r(RCX));
	x64_mov_imm(a, RSI, KEY);
	x64_alu(a, X64_XOR, X64_32, RDX, x64_r(RDX));
	x64_call(a, p->ask);
	for (unsigned int i = 0; i < KEPT; i++)
		x64_mov(a, X64_64, kept[i].reg, x64_mem(RSP, kept[i].at));
	x64_alu_imm(a, X64_ADD, X64_64, x64_r(RSP), FRAME);
	vg_pop(code);
	x64_movq_xmm(a, COUNTER, R10);
	x64_alu_imm(a, X64_CMP, X64_64, x64_r(RAX), KEY);
	x64_jcc_short(a, X64_NE, p->failed);
	x64_store_byte_imm(a, state_at(VG_STATE(pos)), BATCH);
	x64_jmp(a, p->seeded);
}

/* No key, or the generation changed twice: the host is asked for the output itself. */
static void give_up(const struct parts *p)
{
	struct vg_asm *a = p->a;

	vg_bind(a, p->failed);
	x64_store_imm(a, X64_64, state_at(VG_STATE(generation)), 0);
	vg_bind(a, p->give_up);
	x64_store_byte_imm(a, state_at(VG_STATE(in_use)), 0);
	x64_alu_imm(a, X64_AND, X64_32, x64_r(RDX), VG_RANDOM_FLAGS);
	x64_jmp(a, p->ask);
}

/* ssize_t getrandom(void *rdi, size_t rsi, unsigned edx, void *rcx, size_t r8) */
void x64_getrandom(const struct vg_code *code)
{
	struct vg_asm *a = code->a;
	const struct parts p = {
		.a = a, .query = vg_new(a), .start = vg_new(a), .free = vg_new(a), .again = vg_new(a),
		.seeded = vg_new(a), .more = vg_new(a), .empty = vg_new(a), .blocks = vg_new(a),
		.changed = vg_new(a), .reseed = vg_new(a), .failed = vg_new(a),
		.give_up = vg_new(a), .fault = vg_new(a), .nothing = vg_new(a), .ask = vg_new(a),
	};

	check_arguments(code, &p);
	vg_bind(a, p.ask);
	x64_fallback(code, SYS_GETRANDOM);
	answer_query(&p);

	vg_bind(a, p.free);
	x64_alu_imm(a, X64_ADD, X64_64, x64_r(RCX), VG_STATE(key));
	x64_store_byte_imm(a, state_at(VG_STATE(in_use)), 1);
	x64_zero_xmm(a, COUNTER);
	vg_bind(a, p.again);
	compare_generation(a);
	x64_jcc(a, X64_NE, p.reseed);
	vg_bind(a, p.seeded);
	x64_mov(a, X64_64, R8, x64_r(RDI));
	x64_mov_imm(a, R9, VG_RANDOM_MAX);
	x64_alu(a, X64_CMP, X64_64, R9, x64_r(RSI));
	x64_cmov(a, X64_A, X64_64, R9, x64_r(RSI));
	serve_batch(&p);
	return_served(&p);
	make_blocks(&p);
	fetch_key(code, &p);
	give_up(&p);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The A64 instructions that the trampolines use, and no others.
 *
 * Base words and fields: Arm Architecture Reference Manual (DDI 0487),
 * chapter C4.1, by the class named above each group.
 */
#ifndef AARCH64_INSN_H
#define AARCH64_INSN_H

#include "asm.h"
#include "vdsogen.h"

enum a64_reg {
	X0, X1, X2, X3, X4, X5, X6, X7, X8, X9, X10, X11, X12, X13, X14, X15,
	X16, X17, X30 = 30,
	SP = 31, XZR = 31	/* which of the two depends on the instruction */
};

/* Without those whose low halves are the caller's: AAPCS64, 6.1.2. */
enum a64_vector {
	V0, V1, V2, V3, V4, V5, V6, V7,
	V16 = 16, V17, V18, V19, V20, V21, V22, V23, V24, V25, V26, V27, V28, V29, V30, V31
};

enum a64_size { A64_W, A64_X };

enum a64_cond { A64_EQ, A64_NE, A64_HS, A64_LO, A64_MI, A64_PL, A64_VS, A64_VC, A64_HI, A64_LS };

/* System registers as MRS has them: op0 op1 CRn CRm op2 (C5.2, D13). */
#define A64_SYSREG(op0, op1, crn, crm, op2) \
	((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
#define A64_CNTVCT_EL0 A64_SYSREG(3, 3, 14, 0, 2)
#define A64_CNTVCTSS_EL0 A64_SYSREG(3, 3, 14, 0, 6)
#define A64_TPIDR_EL0 A64_SYSREG(3, 3, 13, 0, 2)
#define A64_TPIDRRO_EL0 A64_SYSREG(3, 3, 13, 0, 3)

/* A value that must fit its field, unsigned. Never masked: too large is an error. */
static inline uint32_t a64_field(struct vg_asm *a, uint64_t v, unsigned int bits, unsigned int at)
{
	if (!vg_fits_unsigned(v, bits)) {
		vg_fail(a, -VDSOGEN_ERR_INTERNAL);
		return 0;
	}
	return (uint32_t)v << at;
}

/* An offset that is stored in units of 1 << scale bytes. */
static inline uint32_t a64_scaled(struct vg_asm *a, uint64_t v, unsigned int scale,
				  unsigned int bits, unsigned int at)
{
	if (v & ((1u << scale) - 1))
		vg_fail(a, -VDSOGEN_ERR_INTERNAL);
	return a64_field(a, v >> scale, bits, at);
}

/* The operand shapes: d destination, n and m sources, in their usual places. */
static inline void a64_dn(struct vg_asm *a, uint32_t op, unsigned int d, unsigned int n)
{
	vg_put32(a, op | n << 5 | d);
}

static inline void a64_dnm(struct vg_asm *a, uint32_t op, unsigned int d, unsigned int n,
			   unsigned int m)
{
	a64_dn(a, op | m << 16, d, n);
}

static inline uint32_t a64_sf(enum a64_size size)
{
	return (uint32_t)size << 31;
}

/* Data in the code. */
static inline void a64_word(struct vg_asm *a, uint32_t v)
{
	vg_put32(a, v);
}

static inline void a64_half_word(struct vg_asm *a, uint32_t v)
{
	if (!vg_fits_unsigned(v, 16))
		vg_fail(a, -VDSOGEN_ERR_INTERNAL);
	vg_put16(a, (uint16_t)v);
}

/* C4.1.92 Data processing, immediate */

static inline void a64_adr(struct vg_asm *a, enum a64_reg d, vg_label to, size_t addend)
{
	static const struct vg_reach reach = { .bits = 21 };
	uint32_t distance = vg_distance(a, to, (int32_t)addend, a->at, &reach);

	vg_put32(a, 0x10000000 | (distance & 3) << 29 | distance >> 2 << 5 | d);
}

static inline void a64_add_imm(struct vg_asm *a, enum a64_size size, enum a64_reg d, enum a64_reg n,
			       uint32_t imm)
{
	a64_dn(a, 0x11000000 | a64_sf(size) | a64_field(a, imm, 12, 10), d, n);
}

static inline void a64_sub_imm(struct vg_asm *a, enum a64_size size, enum a64_reg d, enum a64_reg n,
			       uint32_t imm)
{
	a64_dn(a, 0x51000000 | a64_sf(size) | a64_field(a, imm, 12, 10), d, n);
}

static inline void a64_subs_imm(struct vg_asm *a, enum a64_size size, enum a64_reg d, enum a64_reg n,
				uint32_t imm)
{
	a64_dn(a, 0x71000000 | a64_sf(size) | a64_field(a, imm, 12, 10), d, n);
}

static inline void a64_cmp_imm(struct vg_asm *a, enum a64_size size, enum a64_reg n, uint32_t imm)
{
	a64_subs_imm(a, size, XZR, n, imm);
}

static inline void a64_cmn_imm(struct vg_asm *a, enum a64_size size, enum a64_reg n, uint32_t imm)
{
	a64_dn(a, 0x31000000 | a64_sf(size) | a64_field(a, imm, 12, 10), XZR, n);
}

/* the complement: d = ~(imm << 16 * half) */
static inline void a64_movn(struct vg_asm *a, enum a64_size size, enum a64_reg d, uint32_t imm,
			    unsigned int half)
{
	vg_put32(a, 0x12800000 | a64_sf(size) | a64_field(a, half, 2, 21) |
		    a64_field(a, imm, 16, 5) | d);
}

static inline void a64_movz(struct vg_asm *a, enum a64_size size, enum a64_reg d, uint32_t imm,
			    unsigned int half)
{
	vg_put32(a, 0x52800000 | a64_sf(size) | a64_field(a, half, 2, 21) |
		    a64_field(a, imm, 16, 5) | d);
}

static inline void a64_movk(struct vg_asm *a, enum a64_size size, enum a64_reg d, uint32_t imm,
			    unsigned int half)
{
	vg_put32(a, 0x72800000 | a64_sf(size) | a64_field(a, half, 2, 21) |
		    a64_field(a, imm, 16, 5) | d);
}

/* and xd, xn, #-(1 << zeros) */
static inline void a64_align_down(struct vg_asm *a, enum a64_reg d, enum a64_reg n,
				  unsigned int zeros)
{
	/* 64 - zeros ones, rotated left by `zeros` */
	a64_dn(a, 0x92400000 | a64_field(a, 64 - zeros, 6, 16) | a64_field(a, 63 - zeros, 6, 10), d, n);
}

/* UBFM and its alias UBFX: bits at..at+width-1 of n */
static inline void a64_ubfx(struct vg_asm *a, enum a64_size size, enum a64_reg d, enum a64_reg n,
			    unsigned int at, unsigned int width)
{
	uint32_t n_bit = size == A64_X ? 1u << 22 : 0;

	a64_dn(a, 0x53000000 | a64_sf(size) | n_bit | a64_field(a, at, size == A64_X ? 6 : 5, 16) |
		  a64_field(a, at + width - 1, size == A64_X ? 6 : 5, 10), d, n);
}

static inline void a64_lsr_imm(struct vg_asm *a, enum a64_size size, enum a64_reg d, enum a64_reg n,
			       unsigned int by)
{
	a64_ubfx(a, size, d, n, by, (size == A64_X ? 64 : 32) - by);
}

/* C4.1.93 Branches, exception generating and system instructions */

static inline void a64_b(struct vg_asm *a, vg_label to)
{
	static const struct vg_reach reach = { .bits = 26, .scale = 2 };

	vg_put32(a, 0x14000000 | vg_distance(a, to, 0, a->at, &reach));
}

static inline void a64_bl(struct vg_asm *a, vg_label to)
{
	static const struct vg_reach reach = { .bits = 26, .scale = 2 };

	vg_put32(a, 0x94000000 | vg_distance(a, to, 0, a->at, &reach));
}

static inline void a64_br(struct vg_asm *a, enum a64_reg n)
{
	a64_dn(a, 0xd61f0000, 0, n);
}

static inline uint32_t a64_imm19(struct vg_asm *a, vg_label to)
{
	static const struct vg_reach reach = { .bits = 19, .scale = 2 };

	return vg_distance(a, to, 0, a->at, &reach) << 5;
}

static inline void a64_b_cond(struct vg_asm *a, enum a64_cond cond, vg_label to)
{
	vg_put32(a, 0x54000000 | a64_imm19(a, to) | cond);
}

static inline void a64_cbz(struct vg_asm *a, enum a64_size size, enum a64_reg t, vg_label to)
{
	vg_put32(a, 0x34000000 | a64_sf(size) | a64_imm19(a, to) | t);
}

static inline void a64_cbnz(struct vg_asm *a, enum a64_size size, enum a64_reg t, vg_label to)
{
	vg_put32(a, 0x35000000 | a64_sf(size) | a64_imm19(a, to) | t);
}

/* Bit 0..31 of t. */
static inline uint32_t a64_tb(struct vg_asm *a, enum a64_reg t, unsigned int bit, vg_label to)
{
	static const struct vg_reach reach = { .bits = 14, .scale = 2 };

	return a64_field(a, bit, 5, 19) | vg_distance(a, to, 0, a->at, &reach) << 5 | t;
}

static inline void a64_tbz(struct vg_asm *a, enum a64_reg t, unsigned int bit, vg_label to)
{
	vg_put32(a, 0x36000000 | a64_tb(a, t, bit, to));
}

static inline void a64_tbnz(struct vg_asm *a, enum a64_reg t, unsigned int bit, vg_label to)
{
	vg_put32(a, 0x37000000 | a64_tb(a, t, bit, to));
}

static inline void a64_svc(struct vg_asm *a)
{
	vg_put32(a, 0xd4000001);
}

static inline void a64_hvc(struct vg_asm *a, uint32_t imm)
{
	vg_put32(a, 0xd4000002 | a64_field(a, imm, 16, 5));
}

static inline void a64_ret(struct vg_asm *a)
{
	vg_put32(a, 0xd65f03c0);
}

static inline void a64_nop(struct vg_asm *a)
{
	vg_put32(a, 0xd503201f);
}

/* a landing pad for calls */
static inline void a64_bti_c(struct vg_asm *a)
{
	vg_put32(a, 0xd503245f);
}

static inline void a64_yield(struct vg_asm *a)
{
	vg_put32(a, 0xd503203f);
}

static inline void a64_isb(struct vg_asm *a)
{
	vg_put32(a, 0xd5033fdf);
}

static inline void a64_dmb_ishld(struct vg_asm *a)
{
	vg_put32(a, 0xd50339bf);
}

static inline void a64_mrs(struct vg_asm *a, enum a64_reg t, uint32_t sysreg)
{
	/* op0 is 2 or 3 and shares its upper bit with the base word */
	vg_put32(a, 0xd5200000 | a64_field(a, sysreg, 16, 5) | t);
}

/* C4.1.95 Data processing, register */

static inline void a64_add(struct vg_asm *a, enum a64_size size, enum a64_reg d, enum a64_reg n,
			   enum a64_reg m, unsigned int lsl)
{
	a64_dnm(a, 0x0b000000 | a64_sf(size) | a64_field(a, lsl, size == A64_X ? 6 : 5, 10), d, n, m);
}

static inline void a64_adds(struct vg_asm *a, enum a64_reg d, enum a64_reg n, enum a64_reg m)
{
	a64_dnm(a, 0xab000000, d, n, m);
}

static inline void a64_adc(struct vg_asm *a, enum a64_reg d, enum a64_reg n, enum a64_reg m)
{
	a64_dnm(a, 0x9a000000, d, n, m);
}

static inline void a64_sub(struct vg_asm *a, enum a64_reg d, enum a64_reg n, enum a64_reg m)
{
	a64_dnm(a, 0xcb000000, d, n, m);
}

static inline void a64_cmp(struct vg_asm *a, enum a64_size size, enum a64_reg n, enum a64_reg m)
{
	a64_dnm(a, 0x6b000000 | a64_sf(size), XZR, n, m);
}

static inline void a64_and(struct vg_asm *a, enum a64_reg d, enum a64_reg n, enum a64_reg m)
{
	a64_dnm(a, 0x8a000000, d, n, m);
}

/* bic d, n, m, asr #by */
static inline void a64_bic_asr(struct vg_asm *a, enum a64_reg d, enum a64_reg n, enum a64_reg m,
			       unsigned int by)
{
	a64_dnm(a, 0x8aa00000 | a64_field(a, by, 6, 10), d, n, m);
}

static inline void a64_eor(struct vg_asm *a, enum a64_reg d, enum a64_reg n, enum a64_reg m)
{
	a64_dnm(a, 0xca000000, d, n, m);
}

static inline void a64_mov(struct vg_asm *a, enum a64_reg d, enum a64_reg m)
{
	a64_dnm(a, 0xaa000000, d, XZR, m);
}

static inline void a64_lsr(struct vg_asm *a, enum a64_size size, enum a64_reg d, enum a64_reg n,
			   enum a64_reg m)
{
	a64_dnm(a, 0x1ac02400 | a64_sf(size), d, n, m);
}

/* d = cond ? n : m */
static inline void a64_csel(struct vg_asm *a, enum a64_size size, enum a64_reg d, enum a64_reg n,
			    enum a64_reg m, enum a64_cond cond)
{
	a64_dnm(a, 0x1a800000 | a64_sf(size) | (uint32_t)cond << 12, d, n, m);
}

/* madd d = n * m + add; msub d = sub - n * m */
static inline void a64_madd(struct vg_asm *a, enum a64_reg d, enum a64_reg n, enum a64_reg m,
			    enum a64_reg add)
{
	a64_dnm(a, 0x9b000000 | (uint32_t)add << 10, d, n, m);
}

static inline void a64_msub(struct vg_asm *a, enum a64_reg d, enum a64_reg n, enum a64_reg m,
			    enum a64_reg sub)
{
	a64_dnm(a, 0x9b008000 | (uint32_t)sub << 10, d, n, m);
}

static inline void a64_umulh(struct vg_asm *a, enum a64_reg d, enum a64_reg n, enum a64_reg m)
{
	a64_dnm(a, 0x9bc07c00, d, n, m);
}

/* C4.1.94 Loads and stores */

static inline void a64_ldr(struct vg_asm *a, enum a64_size size, enum a64_reg t, enum a64_reg n,
			   size_t offset)
{
	unsigned int scale = size == A64_X ? 3 : 2;

	a64_dn(a, 0xb9400000 | (uint32_t)size << 30 | a64_scaled(a, offset, scale, 12, 10), t, n);
}

static inline void a64_str(struct vg_asm *a, enum a64_size size, enum a64_reg t, enum a64_reg n,
			   size_t offset)
{
	unsigned int scale = size == A64_X ? 3 : 2;

	a64_dn(a, 0xb9000000 | (uint32_t)size << 30 | a64_scaled(a, offset, scale, 12, 10), t, n);
}

/* ldr wt, label */
static inline void a64_ldr_literal(struct vg_asm *a, enum a64_reg t, vg_label from)
{
	vg_put32(a, 0x18000000 | a64_imm19(a, from) | t);
}

/* ldrsh xt, [xn, wm, uxtw #1] */
static inline void a64_ldrsh_uxtw(struct vg_asm *a, enum a64_reg t, enum a64_reg n, enum a64_reg m)
{
	a64_dnm(a, 0x78a05800, t, n, m);
}

/* ldr wt, [xn, xm] */
static inline void a64_ldr_reg(struct vg_asm *a, enum a64_reg t, enum a64_reg n, enum a64_reg m)
{
	a64_dnm(a, 0xb8606800, t, n, m);
}

/* ldr and str xt, [xn, xm] */
static inline void a64_ldr_x_reg(struct vg_asm *a, enum a64_reg t, enum a64_reg n, enum a64_reg m)
{
	a64_dnm(a, 0xf8606800, t, n, m);
}

static inline void a64_str_x_reg(struct vg_asm *a, enum a64_reg t, enum a64_reg n, enum a64_reg m)
{
	a64_dnm(a, 0xf8206800, t, n, m);
}

static inline void a64_ldar(struct vg_asm *a, enum a64_size size, enum a64_reg t, enum a64_reg n)
{
	a64_dn(a, 0x88dffc00 | (uint32_t)size << 30, t, n);
}

static inline void a64_ldp(struct vg_asm *a, enum a64_reg t, enum a64_reg t2, enum a64_reg n,
			   size_t offset)
{
	/* seven signed bits; the trampolines have no negative ones */
	a64_dn(a, 0xa9400000 | a64_scaled(a, offset, 3, 6, 15) | (uint32_t)t2 << 10, t, n);
}

static inline void a64_stp(struct vg_asm *a, enum a64_reg t, enum a64_reg t2, enum a64_reg n,
			   size_t offset)
{
	a64_dn(a, 0xa9000000 | a64_scaled(a, offset, 3, 6, 15) | (uint32_t)t2 << 10, t, n);
}

/* stp t, t2, [n, #-down]! and ldp t, t2, [n], #up */
static inline void a64_stp_push(struct vg_asm *a, enum a64_reg t, enum a64_reg t2, enum a64_reg n,
				size_t down)
{
	/* seven signed bits: 128 - down / 8 */
	a64_dn(a, 0xa9a00000 | a64_field(a, (64 - a64_scaled(a, down, 3, 6, 0)), 6, 15) |
		  (uint32_t)t2 << 10, t, n);
}

static inline void a64_ldp_pop(struct vg_asm *a, enum a64_reg t, enum a64_reg t2, enum a64_reg n,
			       size_t up)
{
	a64_dn(a, 0xa8c00000 | a64_scaled(a, up, 3, 6, 15) | (uint32_t)t2 << 10, t, n);
}

/* 1 << log2 bytes of a general register: 0 ldrb and strb, 1 ldrh, 2 ldr wt, 3 ldr xt */
static inline void a64_ldr_part(struct vg_asm *a, unsigned int log2, enum a64_reg t,
				enum a64_reg n, size_t offset)
{
	a64_dn(a, 0x39400000 | a64_field(a, log2, 2, 30) | a64_scaled(a, offset, log2, 12, 10), t, n);
}

static inline void a64_str_part(struct vg_asm *a, unsigned int log2, enum a64_reg t,
				enum a64_reg n, size_t offset)
{
	a64_dn(a, 0x39000000 | a64_field(a, log2, 2, 30) | a64_scaled(a, offset, log2, 12, 10), t, n);
}

/* nine signed bits; the trampolines have no negative ones */
static inline uint32_t a64_imm9(struct vg_asm *a, size_t up)
{
	return a64_field(a, up, 8, 12);
}

/* str t, [n], #up */
static inline void a64_str_part_post(struct vg_asm *a, unsigned int log2, enum a64_reg t,
				     enum a64_reg n, size_t up)
{
	a64_dn(a, 0x38000400 | a64_field(a, log2, 2, 30) | a64_imm9(a, up), t, n);
}

static inline void a64_ldr_q(struct vg_asm *a, enum a64_vector t, enum a64_reg n, size_t offset)
{
	a64_dn(a, 0x3dc00000 | a64_scaled(a, offset, 4, 12, 10), t, n);
}

/* str qt, [n], #up */
static inline void a64_str_q_post(struct vg_asm *a, enum a64_vector t, enum a64_reg n, size_t up)
{
	a64_dn(a, 0x3c800400 | a64_imm9(a, up), t, n);
}

static inline void a64_ldp_q(struct vg_asm *a, enum a64_vector t, enum a64_vector t2,
			     enum a64_reg n, size_t offset)
{
	a64_dn(a, 0xad400000 | a64_scaled(a, offset, 4, 6, 15) | (uint32_t)t2 << 10, t, n);
}

static inline void a64_stp_q(struct vg_asm *a, enum a64_vector t, enum a64_vector t2,
			     enum a64_reg n, size_t offset)
{
	a64_dn(a, 0xad000000 | a64_scaled(a, offset, 4, 6, 15) | (uint32_t)t2 << 10, t, n);
}

/* C4.1.96 Data processing, scalar floating-point and Advanced SIMD */

/* movi vd.2d, #0 */
static inline void a64_movi_zero(struct vg_asm *a, enum a64_vector d)
{
	vg_put32(a, 0x6f00e400 | d);
}

/* fmov dd, xn: the upper half is zero */
static inline void a64_fmov(struct vg_asm *a, enum a64_vector d, enum a64_reg n)
{
	a64_dn(a, 0x9e670000, d, n);
}

/* mov vd.16b, vm.16b */
static inline void a64_mov_16b(struct vg_asm *a, enum a64_vector d, enum a64_vector m)
{
	a64_dnm(a, 0x4ea01c00, d, m, m);
}

static inline void a64_eor_16b(struct vg_asm *a, enum a64_vector d, enum a64_vector n,
			       enum a64_vector m)
{
	a64_dnm(a, 0x6e201c00, d, n, m);
}

static inline void a64_add_4s(struct vg_asm *a, enum a64_vector d, enum a64_vector n,
			      enum a64_vector m)
{
	a64_dnm(a, 0x4ea08400, d, n, m);
}

/* the half-words of each word, exchanged */
static inline void a64_rev32_8h(struct vg_asm *a, enum a64_vector d, enum a64_vector n)
{
	a64_dn(a, 0x6e600800, d, n);
}

/* Shifts by 0..31, or right by 1..32: immh:immb is 32 + left, 64 - right. */
static inline void a64_shl_4s(struct vg_asm *a, enum a64_vector d, enum a64_vector n,
			      unsigned int by)
{
	a64_dn(a, 0x4f205400 | a64_field(a, by, 5, 16), d, n);
}

/* shift right and insert: the bits above stay */
static inline void a64_sri_4s(struct vg_asm *a, enum a64_vector d, enum a64_vector n,
			      unsigned int by)
{
	a64_dn(a, 0x6f204400 | a64_field(a, 32 - by, 5, 16), d, n);
}

/* d: bytes of n, each chosen by its number in m */
static inline void a64_tbl_16b(struct vg_asm *a, enum a64_vector d, enum a64_vector n,
			       enum a64_vector m)
{
	a64_dnm(a, 0x4e000000, d, n, m);
}

/* d: bytes from, from + 1, ... of n and then m */
static inline void a64_ext_16b(struct vg_asm *a, enum a64_vector d, enum a64_vector n,
			       enum a64_vector m, unsigned int from)
{
	a64_dnm(a, 0x6e000000 | a64_field(a, from, 4, 11), d, n, m);
}

/* movz, then movk for every half-word that is not zero */
static inline void a64_mov_imm(struct vg_asm *a, enum a64_size size, enum a64_reg d, uint64_t imm)
{
	bool first = true;

	if (size == A64_W && !vg_fits_unsigned(imm, 32))
		vg_fail(a, -VDSOGEN_ERR_INTERNAL);
	for (unsigned int half = 0; half < (size == A64_X ? 4 : 2); half++) {
		uint32_t part = (uint32_t)(imm >> 16 * half & 0xffff);

		if (!part)
			continue;
		(first ? a64_movz : a64_movk)(a, size, d, part, half);
		first = false;
	}
	if (first)
		a64_movz(a, size, d, 0, 0);
}

#endif

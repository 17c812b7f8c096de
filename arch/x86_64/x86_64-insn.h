/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The x86_64 instructions that the trampolines use, and no others.
 *
 * Opcodes and encodings: Intel SDM volume 2, chapter 2 (formats, REX, ModRM)
 * and the instruction pages of chapters 3 to 5. "/n" is the opcode extension
 * in ModRM.reg.
 */
#ifndef X86_64_INSN_H
#define X86_64_INSN_H

#include "asm.h"
#include "vdsogen.h"

/* Operands are constants nearly everywhere: inlined, an instruction is a store or two. */
#define X64_INLINE static inline __attribute__((always_inline))

enum x64_reg { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

/* Operand size of an instruction: 32 bits zero-extend into the register. */
enum x64_size { X64_32, X64_64 };

/* Condition codes, as the low four bits of Jcc (SDM volume 1, appendix B). */
enum x64_cond {
	X64_B = 0x2, X64_AE = 0x3, X64_E = 0x4, X64_NE = 0x5, X64_BE = 0x6, X64_A = 0x7,
	X64_S = 0x8, X64_NS = 0x9
};

/* The eight operations that share one set of forms (SDM volume 2, appendix A, group 1). */
enum x64_alu { X64_ADD, X64_OR, X64_ADC, X64_SBB, X64_AND, X64_SUB, X64_XOR, X64_CMP };

/* What ModRM.rm and what follows it can say. */
struct x64_rm {
	enum { X64_REG, X64_MEM, X64_RIP } kind;
	enum x64_reg reg;	/* the register, or the base */
	enum x64_reg index;	/* unscaled; RSP: none */
	int32_t disp;
	vg_label label;		/* X64_RIP: disp counts from it */
};

X64_INLINE struct x64_rm x64_r(enum x64_reg reg)
{
	return (struct x64_rm){ .kind = X64_REG, .reg = reg };
}

X64_INLINE struct x64_rm x64_mem(enum x64_reg base, size_t disp)
{
	return (struct x64_rm){ .kind = X64_MEM, .reg = base, .index = RSP,
				.disp = (int32_t)disp };
}

X64_INLINE struct x64_rm x64_sib(enum x64_reg base, enum x64_reg index, size_t disp)
{
	return (struct x64_rm){ .kind = X64_MEM, .reg = base, .index = index,
				.disp = (int32_t)disp };
}

X64_INLINE struct x64_rm x64_at(vg_label label, size_t disp)
{
	return (struct x64_rm){ .kind = X64_RIP, .label = label, .disp = (int32_t)disp };
}

/* The first bytes of an instruction, eight at most: the first is the lowest. */
struct x64_bytes {
	uint64_t v;
	unsigned int size;
};

X64_INLINE void x64_byte(struct x64_bytes *b, unsigned int byte)
{
	b->v |= (uint64_t)byte << 8 * b->size++;
}

/* Opcodes carry their escape bytes: 0x0fa2 is 0f a2, 0xf30fc7 is f3 0f c7. */
X64_INLINE void x64_opcode(struct x64_bytes *b, uint32_t op)
{
	if (op > 0xffff)
		x64_byte(b, op >> 16);
	if (op > 0xff)
		x64_byte(b, op >> 8 & 0xff);
	x64_byte(b, op & 0xff);
}

X64_INLINE void x64_rex(struct x64_bytes *b, enum x64_size size, unsigned int reg,
			unsigned int index, unsigned int base)
{
	unsigned int wrxb = (unsigned int)size << 3 | reg >> 3 << 2 | index >> 3 << 1 | base >> 3;

	if (wrxb)
		x64_byte(b, 0x40 | wrxb);
}

X64_INLINE void x64_modrm(struct x64_bytes *b, unsigned int mod, unsigned int reg,
			  unsigned int rm)
{
	x64_byte(b, mod << 6 | (reg & 7) << 3 | (rm & 7));
}

X64_INLINE void x64_put(struct vg_asm *a, const struct x64_bytes *b)
{
	vg_put_some(a, b->v, b->size);
}

/* [rip + disp32] counts from the end of the instruction, `after` bytes behind the field. */
X64_INLINE void x64_rip(struct vg_asm *a, struct x64_bytes *b, unsigned int reg,
			struct x64_rm m, unsigned int after)
{
	static const struct vg_reach rel32 = { .bits = 32 };

	x64_modrm(b, 0, reg, 5);
	x64_put(a, b);
	vg_put32(a, vg_distance(a, m.label, m.disp, a->at + 4 + after, &rel32));
}

X64_INLINE void x64_base(struct vg_asm *a, struct x64_bytes *b, unsigned int reg,
			 struct x64_rm m)
{
	bool sib = m.index != RSP || (m.reg & 7) == RSP;
	unsigned int mod = m.disp == 0 && (m.reg & 7) != RBP ? 0 : vg_fits_signed(m.disp, 8) ? 1 : 2;

	x64_modrm(b, mod, reg, sib ? RSP : m.reg);
	if (sib)
		x64_modrm(b, 0, m.index, m.reg); /* the SIB byte has the same shape: scale 1 */
	if (mod == 1)
		x64_byte(b, (uint8_t)m.disp);
	x64_put(a, b);
	if (mod == 2)
		vg_put32(a, (uint32_t)m.disp);
}

/* op reg, rm: the one place that knows how an instruction is put together. */
X64_INLINE void x64_op(struct vg_asm *a, uint32_t op, enum x64_size size, unsigned int reg,
		       struct x64_rm rm, unsigned int after)
{
	struct x64_bytes b = { 0 };

	x64_rex(&b, size, reg, rm.kind == X64_MEM ? rm.index : 0, rm.kind == X64_RIP ? 0 : rm.reg);
	x64_opcode(&b, op);
	if (rm.kind == X64_RIP) {
		x64_rip(a, &b, reg, rm, after);
	} else if (rm.kind == X64_MEM) {
		x64_base(a, &b, reg, rm);
	} else {
		x64_modrm(&b, 3, reg, rm.reg);
		x64_put(a, &b);
	}
}

X64_INLINE void x64_imm8(struct vg_asm *a, int32_t v)
{
	if (!vg_fits_signed(v, 8))
		vg_fail(a, -VDSOGEN_ERR_INTERNAL);
	vg_put8(a, (uint8_t)v);
}

/*
 * Instructions that take a register and an rm have two opcodes: bit 1 says that
 * the rm is the source. Between two registers both would do; assemblers choose
 * the one without it.
 */
X64_INLINE void x64_load_op(struct vg_asm *a, uint32_t op, enum x64_size size, enum x64_reg reg,
			    struct x64_rm rm)
{
	if (rm.kind == X64_REG)
		x64_op(a, op, size, rm.reg, x64_r(reg), 0);
	else
		x64_op(a, op | 0x02, size, reg, rm, 0);
}

/* add, or, ... cmp: reg op= rm */
X64_INLINE void x64_alu(struct vg_asm *a, enum x64_alu op, enum x64_size size, enum x64_reg reg,
			struct x64_rm rm)
{
	x64_load_op(a, (uint32_t)op << 3 | 0x01, size, reg, rm);
}

/* rm op= imm: 83 /n ib when it fits in eight bits, else 81 /n id */
X64_INLINE void x64_alu_imm(struct vg_asm *a, enum x64_alu op, enum x64_size size,
			    struct x64_rm rm, int32_t imm)
{
	bool narrow = vg_fits_signed(imm, 8);

	x64_op(a, narrow ? 0x83 : 0x81, size, op, rm, narrow ? 1 : 4);
	if (narrow)
		vg_put8(a, (uint8_t)imm);
	else
		vg_put32(a, (uint32_t)imm);
}

X64_INLINE void x64_mov(struct vg_asm *a, enum x64_size size, enum x64_reg reg, struct x64_rm rm)
{
	x64_load_op(a, 0x89, size, reg, rm);
}

X64_INLINE void x64_store(struct vg_asm *a, enum x64_size size, struct x64_rm rm,
			  enum x64_reg reg)
{
	x64_op(a, 0x89, size, reg, rm, 0);
}

/* mov r32, imm32, which zero-extends; mov r/m64, imm32 sign-extends: c7 /0 */
X64_INLINE void x64_mov_imm(struct vg_asm *a, enum x64_reg reg, uint32_t imm)
{
	struct x64_bytes b = { 0 };

	x64_rex(&b, X64_32, 0, 0, reg);
	x64_byte(&b, 0xb8 | (reg & 7));
	x64_put(a, &b);
	vg_put32(a, imm);
}

X64_INLINE void x64_mov_imm64(struct vg_asm *a, enum x64_reg reg, uint64_t imm)
{
	struct x64_bytes b = { 0 };

	x64_rex(&b, X64_64, 0, 0, reg);
	x64_byte(&b, 0xb8 | (reg & 7));
	x64_put(a, &b);
	vg_put64(a, imm);
}

X64_INLINE void x64_store_imm(struct vg_asm *a, enum x64_size size, struct x64_rm rm, int32_t imm)
{
	x64_op(a, 0xc7, size, 0, rm, 4);
	vg_put32(a, (uint32_t)imm);
}

X64_INLINE void x64_lea(struct vg_asm *a, enum x64_reg reg, struct x64_rm rm)
{
	x64_op(a, 0x8d, X64_64, reg, rm, 0);
}

/* cmovcc reg, rm: 0f 40+cc /r */
X64_INLINE void x64_cmov(struct vg_asm *a, enum x64_cond cond, enum x64_size size,
			 enum x64_reg reg, struct x64_rm rm)
{
	x64_op(a, 0x0f40 | cond, size, reg, rm, 0);
}

/*
 * Bytes in memory: movzx reg32, m8: 0f b6 /r; mov m8, reg: 88 /r, where 4 to 7 would
 * need a REX, see x64_test_byte; mov m8, imm8: c6 /0 ib; cmp m8, imm8: 80 /7 ib
 */
X64_INLINE void x64_load_byte(struct vg_asm *a, enum x64_reg reg, struct x64_rm m)
{
	x64_op(a, 0x0fb6, X64_32, reg, m, 0);
}

X64_INLINE void x64_store_byte(struct vg_asm *a, struct x64_rm m, enum x64_reg reg)
{
	if (reg >= RSP && reg <= RDI)
		vg_fail(a, -VDSOGEN_ERR_INTERNAL);
	x64_op(a, 0x88, X64_32, reg, m, 0);
}

X64_INLINE void x64_store_byte_imm(struct vg_asm *a, struct x64_rm m, uint8_t imm)
{
	x64_op(a, 0xc6, X64_32, 0, m, 1);
	vg_put8(a, imm);
}

X64_INLINE void x64_cmp_byte_imm(struct vg_asm *a, struct x64_rm m, uint8_t imm)
{
	x64_op(a, 0x80, X64_32, X64_CMP, m, 1);
	vg_put8(a, imm);
}

/* c1 /4 ib, c1 /5 ib */
X64_INLINE void x64_shl(struct vg_asm *a, enum x64_size size, enum x64_reg reg, unsigned int by)
{
	x64_op(a, 0xc1, size, 4, x64_r(reg), 1);
	x64_imm8(a, (int32_t)by);
}

X64_INLINE void x64_shr(struct vg_asm *a, enum x64_size size, enum x64_reg reg, unsigned int by)
{
	x64_op(a, 0xc1, size, 5, x64_r(reg), 1);
	x64_imm8(a, (int32_t)by);
}

/* shr reg, cl: d3 /5 */
X64_INLINE void x64_shr_cl(struct vg_asm *a, enum x64_size size, enum x64_reg reg)
{
	x64_op(a, 0xd3, size, 5, x64_r(reg), 0);
}

/* mul rm: rdx:rax = rax * rm: f7 /4 */
X64_INLINE void x64_mul(struct vg_asm *a, struct x64_rm rm)
{
	x64_op(a, 0xf7, X64_64, 4, rm, 0);
}

X64_INLINE void x64_imul(struct vg_asm *a, enum x64_reg reg, struct x64_rm rm)
{
	x64_op(a, 0x0faf, X64_64, reg, rm, 0);
}

/* imul reg, rm, imm32 (sign-extended): 69 /r id */
X64_INLINE void x64_imul_imm(struct vg_asm *a, enum x64_reg reg, struct x64_rm rm, int32_t imm)
{
	x64_op(a, 0x69, X64_64, reg, rm, 4);
	vg_put32(a, (uint32_t)imm);
}

X64_INLINE void x64_test(struct vg_asm *a, enum x64_size size, enum x64_reg reg, enum x64_reg with)
{
	x64_op(a, 0x85, size, with, x64_r(reg), 0);
}

/* test reg's low byte, imm8: f6 /0 ib. Without a REX, 4 to 7 would be ah to bh. */
X64_INLINE void x64_test_byte(struct vg_asm *a, enum x64_reg reg, uint8_t imm)
{
	if (reg >= RSP && reg <= RDI)
		vg_put8(a, 0x40);
	x64_op(a, 0xf6, X64_32, 0, x64_r(reg), 1);
	vg_put8(a, imm);
}

/* f7 /0 id */
X64_INLINE void x64_test_imm(struct vg_asm *a, enum x64_reg reg, uint32_t imm)
{
	x64_op(a, 0xf7, X64_32, 0, x64_r(reg), 4);
	vg_put32(a, imm);
}

/* bt reg, bit: the carry flag is that bit of reg (bit modulo 32): 0f a3 /r */
X64_INLINE void x64_bt(struct vg_asm *a, enum x64_reg reg, enum x64_reg bit)
{
	x64_op(a, 0x0fa3, X64_32, bit, x64_r(reg), 0);
}

/* An opcode by itself. */
X64_INLINE void x64_plain(struct vg_asm *a, uint32_t op)
{
	struct x64_bytes b = { 0 };

	x64_opcode(&b, op);
	x64_put(a, &b);
}

/* Jumps: the short forms reach 127 bytes, and say so when that is not enough. */
X64_INLINE void x64_rel8(struct vg_asm *a, vg_label to)
{
	static const struct vg_reach rel8 = { .bits = 8 };

	vg_put8(a, (uint8_t)vg_distance(a, to, 0, a->at + 1, &rel8));
}

X64_INLINE void x64_rel32(struct vg_asm *a, vg_label to)
{
	static const struct vg_reach rel32 = { .bits = 32 };

	vg_put32(a, vg_distance(a, to, 0, a->at + 4, &rel32));
}

X64_INLINE void x64_jcc(struct vg_asm *a, enum x64_cond cond, vg_label to)
{
	x64_plain(a, 0x0f80 | cond);
	x64_rel32(a, to);
}

X64_INLINE void x64_jcc_short(struct vg_asm *a, enum x64_cond cond, vg_label to)
{
	x64_plain(a, 0x70 | cond);
	x64_rel8(a, to);
}

X64_INLINE void x64_jmp(struct vg_asm *a, vg_label to)
{
	x64_plain(a, 0xe9);
	x64_rel32(a, to);
}

X64_INLINE void x64_call(struct vg_asm *a, vg_label to)
{
	x64_plain(a, 0xe8);
	x64_rel32(a, to);
}

X64_INLINE void x64_jmp_short(struct vg_asm *a, vg_label to)
{
	x64_plain(a, 0xeb);
	x64_rel8(a, to);
}

/* Instructions without operands: the opcode and, where there is one, a fixed ModRM byte. */
X64_INLINE void x64_ret(struct vg_asm *a)
{
	x64_plain(a, 0xc3);
}

X64_INLINE void x64_int3(struct vg_asm *a)
{
	x64_plain(a, 0xcc);
}

X64_INLINE void x64_syscall(struct vg_asm *a)
{
	x64_plain(a, 0x0f05);
}

X64_INLINE void x64_pause(struct vg_asm *a)
{
	x64_plain(a, 0xf390);
}

X64_INLINE void x64_rdtsc(struct vg_asm *a)
{
	x64_plain(a, 0x0f31);
}

/* 0f 01 c1, and AMD's (APM volume 3) 0f 01 d9 */
X64_INLINE void x64_vmcall(struct vg_asm *a)
{
	x64_plain(a, 0x0f01c1);
}

X64_INLINE void x64_vmmcall(struct vg_asm *a)
{
	x64_plain(a, 0x0f01d9);
}

/* out dx, eax */
X64_INLINE void x64_out(struct vg_asm *a)
{
	x64_plain(a, 0xef);
}

/* lsl r32, r32: ZF says whether there is such a segment */
X64_INLINE void x64_lsl(struct vg_asm *a, enum x64_reg reg, enum x64_reg selector)
{
	x64_op(a, 0x0f03, X64_32, reg, x64_r(selector), 0);
}

/* ff /4 */
X64_INLINE void x64_jmp_reg(struct vg_asm *a, enum x64_reg reg)
{
	x64_op(a, 0xff, X64_32, 4, x64_r(reg), 0);
}

/* jmp qword ptr fs:[disp32]: no base, no index (SDM volume 2, table 2-3) */
X64_INLINE void x64_jmp_fs(struct vg_asm *a, uint32_t disp)
{
	struct x64_bytes b = { 0 };

	x64_byte(&b, 0x64);
	x64_byte(&b, 0xff);
	x64_modrm(&b, 0, 4, RSP);
	x64_modrm(&b, 0, RSP, RBP);
	x64_put(a, &b);
	vg_put32(a, disp);
}

/* 0f 01 f9 */
X64_INLINE void x64_rdtscp(struct vg_asm *a)
{
	x64_plain(a, 0x0f01f9);
}

/* f3 0f 1e /7 with a register form: ModRM fa */
X64_INLINE void x64_endbr64(struct vg_asm *a)
{
	vg_put8(a, 0xf3);
	x64_plain(a, 0x0f1efa);
}

/* 0f ae /5 with a register form: ModRM e8 */
X64_INLINE void x64_lfence(struct vg_asm *a)
{
	x64_plain(a, 0x0faee8);
}

/* f3 0f c7 /7. A REX would stand behind f3, so only the low registers. */
X64_INLINE void x64_rdpid(struct vg_asm *a, enum x64_reg reg)
{
	if (reg > RDI)
		vg_fail(a, -VDSOGEN_ERR_INTERNAL);
	x64_op(a, 0xf30fc7, X64_32, 7, x64_r(reg), 0);
}

/*
 * SSE2. The mandatory prefix stands before a REX (SDM volume 2, 2.1.2); an xmm
 * register's number goes where a general register's does.
 */
enum x64_xmm {
	XMM0, XMM1, XMM2, XMM3, XMM4, XMM5, XMM6, XMM7,
	XMM8, XMM9, XMM10, XMM11, XMM12, XMM13, XMM14, XMM15
};

X64_INLINE struct x64_rm x64_x(enum x64_xmm xmm)
{
	return x64_r((enum x64_reg)xmm);
}

X64_INLINE void x64_sse(struct vg_asm *a, uint8_t prefix, uint32_t op, enum x64_size size,
			unsigned int reg, struct x64_rm rm, unsigned int after)
{
	vg_put8(a, prefix);
	x64_op(a, op, size, reg, rm, after);
}

/* op xmm, xmm by 66 0f op /r: the low byte of the opcode tells them apart */
enum x64_sse2 {
	X64_PUNPCKLQDQ = 0x6c, X64_PADDQ = 0xd4, X64_POR = 0xeb,
	X64_PXOR = 0xef, X64_PADDD = 0xfe
};

X64_INLINE void x64_sse2(struct vg_asm *a, enum x64_sse2 op, enum x64_xmm xmm, enum x64_xmm with)
{
	x64_sse(a, 0x66, 0x0f00 | op, X64_32, xmm, x64_x(with), 0);
}

/* 0f 28 /r; memory without alignment: 0f 10 /r, 0f 11 /r. A byte shorter than movdqa, movdqu. */
X64_INLINE void x64_movaps(struct vg_asm *a, enum x64_xmm xmm, enum x64_xmm from)
{
	x64_op(a, 0x0f28, X64_32, xmm, x64_x(from), 0);
}

X64_INLINE void x64_movups(struct vg_asm *a, enum x64_xmm xmm, struct x64_rm m)
{
	x64_op(a, 0x0f10, X64_32, xmm, m, 0);
}

X64_INLINE void x64_movups_store(struct vg_asm *a, struct x64_rm m, enum x64_xmm xmm)
{
	x64_op(a, 0x0f11, X64_32, xmm, m, 0);
}

/* xorps xmm, xmm: 0f 57 /r */
X64_INLINE void x64_zero_xmm(struct vg_asm *a, enum x64_xmm xmm)
{
	x64_op(a, 0x0f57, X64_32, xmm, x64_x(xmm), 0);
}

/* movq xmm, r64 (the upper half is zero then): 66 REX.W 0f 6e /r; movq r64, xmm: ... 7e /r */
X64_INLINE void x64_movq_xmm(struct vg_asm *a, enum x64_xmm xmm, enum x64_reg reg)
{
	x64_sse(a, 0x66, 0x0f6e, X64_64, xmm, x64_r(reg), 0);
}

X64_INLINE void x64_movq_reg(struct vg_asm *a, enum x64_reg reg, enum x64_xmm xmm)
{
	x64_sse(a, 0x66, 0x0f7e, X64_64, xmm, x64_r(reg), 0);
}

/* 66 0f 70 /r ib; of the low and the high half's words: f2, f3 */
X64_INLINE void x64_pshufd(struct vg_asm *a, enum x64_xmm xmm, enum x64_xmm from, uint8_t order)
{
	x64_sse(a, 0x66, 0x0f70, X64_32, xmm, x64_x(from), 1);
	vg_put8(a, order);
}

X64_INLINE void x64_pshuflw(struct vg_asm *a, enum x64_xmm xmm, enum x64_xmm from, uint8_t order)
{
	x64_sse(a, 0xf2, 0x0f70, X64_32, xmm, x64_x(from), 1);
	vg_put8(a, order);
}

X64_INLINE void x64_pshufhw(struct vg_asm *a, enum x64_xmm xmm, enum x64_xmm from, uint8_t order)
{
	x64_sse(a, 0xf3, 0x0f70, X64_32, xmm, x64_x(from), 1);
	vg_put8(a, order);
}

/* 66 0f 72 /6 ib, /2 ib: each of the four words by itself */
X64_INLINE void x64_pslld(struct vg_asm *a, enum x64_xmm xmm, unsigned int by)
{
	x64_sse(a, 0x66, 0x0f72, X64_32, 6, x64_x(xmm), 1);
	x64_imm8(a, (int32_t)by);
}

X64_INLINE void x64_psrld(struct vg_asm *a, enum x64_xmm xmm, unsigned int by)
{
	x64_sse(a, 0x66, 0x0f72, X64_32, 2, x64_x(xmm), 1);
	x64_imm8(a, (int32_t)by);
}

#endif

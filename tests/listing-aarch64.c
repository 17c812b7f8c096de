/* SPDX-License-Identifier: BSD-2-Clause */
/* Every form of every A64 instruction that the emitters can make. */
#include "aarch64-insn.h"
#include "listing.h"

void listing_aarch64(struct listing *l)
{
	/* data processing, immediate */
	I("adr x3, .+64", a64_adr(a, X3, NEAR, 0));
	I("adr x5, .+67", a64_adr(a, X5, NEAR, 3));
	I("adr x5, .+513", a64_adr(a, X5, FAR, 1));
	I("add w0, w0, #16", a64_add_imm(a, A64_W, X0, X0, 16));
	I("add x1, sp, #0", a64_add_imm(a, A64_X, X1, SP, 0));
	I("add x10, x10, #4095", a64_add_imm(a, A64_X, X10, X10, 4095));
	I("sub sp, sp, #16", a64_sub_imm(a, A64_X, SP, SP, 16));
	I("sub w4, w5, #32", a64_sub_imm(a, A64_W, X4, X5, 32));
	I("cmp w0, #15", a64_cmp_imm(a, A64_W, X0, 15));
	I("cmp x7, #1", a64_cmp_imm(a, A64_X, X7, 1));
	I("subs w5, w5, #1", a64_subs_imm(a, A64_W, X5, X5, 1));
	I("subs x13, x13, #16", a64_subs_imm(a, A64_X, X13, X13, 16));
	I("cmn x4, #1", a64_cmn_imm(a, A64_X, X4, 1));
	I("cmn w4, #4095", a64_cmn_imm(a, A64_W, X4, 4095));
	I("movn x0, #37", a64_movn(a, A64_X, X0, 37, 0));
	I("movn w11, #65534, lsl #16", a64_movn(a, A64_W, X11, 65534, 1));
	I("movz w8, #113", a64_movz(a, A64_W, X8, 113, 0));
	I("movz x9, #0", a64_movz(a, A64_X, X9, 0, 0));
	I("movz x5, #65535, lsl #48", a64_movz(a, A64_X, X5, 65535, 3));
	I("movk w10, #15258, lsl #16", a64_movk(a, A64_W, X10, 15258, 1));
	I("movk x7, #68, lsl #48", a64_movk(a, A64_X, X7, 68, 3));
	I("and x3, x4, #-64", a64_align_down(a, X3, X4, 6));
	I("and x9, x10, #-2", a64_align_down(a, X9, X10, 1));
	I("ubfx w0, w0, #0, #4", a64_ubfx(a, A64_W, X0, X0, 0, 4));
	I("ubfx x5, x6, #12, #20", a64_ubfx(a, A64_X, X5, X6, 12, 20));
	I("lsr x6, x11, #9", a64_lsr_imm(a, A64_X, X6, X11, 9));
	I("lsr w6, w5, #12", a64_lsr_imm(a, A64_W, X6, X5, 12));

	/* branches and the system */
	I("b .+512", a64_b(a, FAR));
	I("bl .+64", a64_bl(a, NEAR));
	I("bl .+512", a64_bl(a, FAR));
	I("br x16", a64_br(a, X16));
	I("b.eq .+64", a64_b_cond(a, A64_EQ, NEAR));
	I("b.ne .+64", a64_b_cond(a, A64_NE, NEAR));
	I("b.lo .+64", a64_b_cond(a, A64_LO, NEAR));
	I("b.hs .+64", a64_b_cond(a, A64_HS, NEAR));
	I("b.hi .+512", a64_b_cond(a, A64_HI, FAR));
	I("cbz w2, .+64", a64_cbz(a, A64_W, X2, NEAR));
	I("cbz x0, .+512", a64_cbz(a, A64_X, X0, FAR));
	I("cbnz w5, .+64", a64_cbnz(a, A64_W, X5, NEAR));
	I("cbnz x0, .+64", a64_cbnz(a, A64_X, X0, NEAR));
	I("tbz w0, #7, .+64", a64_tbz(a, X0, 7, NEAR));
	I("tbnz w2, #0, .+512", a64_tbnz(a, X2, 0, FAR));
	I("tbnz w2, #31, .+64", a64_tbnz(a, X2, 31, NEAR));
	I("svc #0", a64_svc(a));
	I("hvc #0", a64_hvc(a, 0));
	I("hvc #65535", a64_hvc(a, 65535));
	I("ret", a64_ret(a));
	I("nop", a64_nop(a));
	I("bti c", a64_bti_c(a));
	I("yield", a64_yield(a));
	I("isb", a64_isb(a));
	I("dmb ishld", a64_dmb_ishld(a));
	I("mrs x9, cntvct_el0", a64_mrs(a, X9, A64_CNTVCT_EL0));
	I("mrs x9, cntvctss_el0", a64_mrs(a, X9, A64_CNTVCTSS_EL0));
	I("mrs x5, tpidrro_el0", a64_mrs(a, X5, A64_TPIDRRO_EL0));
	I("mrs x16, tpidr_el0", a64_mrs(a, X16, A64_TPIDR_EL0));

	/* data processing, register */
	I("add x12, x12, x6", a64_add(a, A64_X, X12, X12, X6, 0));
	I("add x3, x3, x6, lsl #6", a64_add(a, A64_X, X3, X3, X6, 6));
	I("add w6, wzr, w0, lsl #2", a64_add(a, A64_W, X6, XZR, X0, 2));
	I("adds x6, x6, x10", a64_adds(a, X6, X6, X10));
	I("adc x11, x11, x8", a64_adc(a, X11, X11, X8));
	I("sub x7, x9, x7", a64_sub(a, X7, X9, X7));
	I("cmp w14, w2", a64_cmp(a, A64_W, X14, X2));
	I("cmp x11, x10", a64_cmp(a, A64_X, X11, X10));
	I("and x13, x13, xzr", a64_and(a, X13, X13, XZR));
	I("bic x7, x7, x7, asr #63", a64_bic_asr(a, X7, X7, X7, 63));
	I("eor x13, x11, x12", a64_eor(a, X13, X11, X12));
	I("mov x5, x6", a64_mov(a, X5, X6));
	I("lsr x5, x5, x6", a64_lsr(a, A64_X, X5, X5, X6));
	I("lsr w7, w7, w0", a64_lsr(a, A64_W, X7, X7, X0));
	I("csel x6, x1, x6, ls", a64_csel(a, A64_X, X6, X1, X6, A64_LS));
	I("csel w13, w9, w15, ne", a64_csel(a, A64_W, X13, X9, X15, A64_NE));
	I("madd x11, x7, x6, x11", a64_madd(a, X11, X7, X6, X11));
	I("mul x6, x7, x8", a64_madd(a, X6, X7, X8, XZR));
	I("msub x11, x6, x10, x11", a64_msub(a, X11, X6, X10, X11));
	I("umulh x8, x7, x8", a64_umulh(a, X8, X7, X8));

	/* loads and stores */
	I("ldr w2, [x3]", a64_ldr(a, A64_W, X2, X3, 0));
	I("ldr w6, [x3, #4]", a64_ldr(a, A64_W, X6, X3, 4));
	I("ldr x10, [x3, #24]", a64_ldr(a, A64_X, X10, X3, 24));
	I("ldr x6, [sp, #32760]", a64_ldr(a, A64_X, X6, SP, 32760));
	I("str x5, [x1]", a64_str(a, A64_X, X5, X1, 0));
	I("str w6, [x0, #4]", a64_str(a, A64_W, X6, X0, 4));
	I("ldr w10, .+64", a64_ldr_literal(a, X10, NEAR));
	I("ldrsh x5, [x3, w0, uxtw #1]", a64_ldrsh_uxtw(a, X5, X3, X0));
	I("ldr w14, [x3, x13]", a64_ldr_reg(a, X14, X3, X13));
	I("ldr x7, [x4, x6]", a64_ldr_x_reg(a, X7, X4, X6));
	I("str x7, [x0, x6]", a64_str_x_reg(a, X7, X0, X6));
	I("ldar w2, [x3]", a64_ldar(a, A64_W, X2, X3));
	I("ldar x0, [x6]", a64_ldar(a, A64_X, X0, X6));
	I("ldp x7, x8, [x3, #8]", a64_ldp(a, X7, X8, X3, 8));
	I("ldp x11, x12, [x4, #504]", a64_ldp(a, X11, X12, X4, 504));
	I("stp x12, x11, [x1]", a64_stp(a, X12, X11, X1, 0));
	I("stp xzr, x5, [x1, #16]", a64_stp(a, XZR, X5, X1, 16));
	I("stp x30, x7, [sp, #-32]!", a64_stp_push(a, X30, X7, SP, 32));
	I("stp x30, x0, [sp, #-64]!", a64_stp_push(a, X30, X0, SP, 64));
	I("stp x30, x1, [sp, #-504]!", a64_stp_push(a, X30, X1, SP, 504));
	I("stp x2, x30, [x3, #-8]!", a64_stp_push(a, X2, X30, X3, 8));
	I("ldp x30, x7, [sp], #32", a64_ldp_pop(a, X30, X7, SP, 32));
	I("ldp x30, x0, [sp], #504", a64_ldp_pop(a, X30, X0, SP, 504));
	I("ldrb w11, [x3, #136]", a64_ldr_part(a, 0, X11, X3, 136));
	I("ldrb w14, [x12, #4095]", a64_ldr_part(a, 0, X14, X12, 4095));
	I("ldrh w14, [x12, #2]", a64_ldr_part(a, 1, X14, X12, 2));
	I("ldr w14, [x12]", a64_ldr_part(a, 2, X14, X12, 0));
	I("ldr x14, [x12, #8]", a64_ldr_part(a, 3, X14, X12, 8));
	I("strb wzr, [x3, #137]", a64_str_part(a, 0, XZR, X3, 137));
	I("strh w14, [x7]", a64_str_part(a, 1, X14, X7, 0));
	I("str w14, [x7, #4]", a64_str_part(a, 2, X14, X7, 4));
	I("str x14, [x7, #32760]", a64_str_part(a, 3, X14, X7, 32760));
	I("strb wzr, [x12], #1", a64_str_part_post(a, 0, XZR, X12, 1));
	I("strh w14, [x7], #2", a64_str_part_post(a, 1, X14, X7, 2));
	I("str w14, [x7], #4", a64_str_part_post(a, 2, X14, X7, 4));
	I("str xzr, [x12], #255", a64_str_part_post(a, 3, XZR, X12, 255));
	I("ldr q0, [x12]", a64_ldr_q(a, V0, X12, 0));
	I("ldr q31, [sp, #65520]", a64_ldr_q(a, V31, SP, 65520));
	I("str q1, [x12], #16", a64_str_q_post(a, V1, X12, 16));
	I("str q31, [x7], #255", a64_str_q_post(a, V31, X7, 255));
	I("ldp q16, q23, [x11]", a64_ldp_q(a, V16, V23, X11, 0));
	I("ldp q17, q18, [x3, #1008]", a64_ldp_q(a, V17, V18, X3, 1008));
	I("stp q6, q7, [x3, #96]", a64_stp_q(a, V6, V7, X3, 96));

	/* vectors */
	I("movi v0.2d, #0", a64_movi_zero(a, V0));
	I("movi v31.2d, #0", a64_movi_zero(a, V31));
	I("fmov d19, x10", a64_fmov(a, V19, X10));
	I("mov v4.16b, v16.16b", a64_mov_16b(a, V4, V16));
	I("eor v21.16b, v3.16b, v31.16b", a64_eor_16b(a, V21, V3, V31));
	I("add v0.4s, v0.4s, v17.4s", a64_add_4s(a, V0, V0, V17));
	I("rev32 v3.8h, v7.8h", a64_rev32_8h(a, V3, V7));
	I("shl v1.4s, v21.4s, #12", a64_shl_4s(a, V1, V21, 12));
	I("shl v1.4s, v21.4s, #0", a64_shl_4s(a, V1, V21, 0));
	I("shl v31.4s, v2.4s, #31", a64_shl_4s(a, V31, V2, 31));
	I("sri v1.4s, v21.4s, #20", a64_sri_4s(a, V1, V21, 20));
	I("sri v1.4s, v21.4s, #1", a64_sri_4s(a, V1, V21, 1));
	I("sri v31.4s, v2.4s, #32", a64_sri_4s(a, V31, V2, 32));
	I("tbl v3.16b, { v7.16b }, v23.16b", a64_tbl_16b(a, V3, V7, V23));
	I("ext v1.16b, v1.16b, v2.16b, #4", a64_ext_16b(a, V1, V1, V2, 4));
	I("ext v31.16b, v7.16b, v0.16b, #15", a64_ext_16b(a, V31, V7, V0, 15));
}

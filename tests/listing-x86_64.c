/* SPDX-License-Identifier: BSD-2-Clause */
/* Every form of every x86_64 instruction that the emitters can make. */
#include "listing.h"
#include "x86_64-insn.h"

void x64_range_checks(struct vg_asm *a, unsigned int which);

void listing_x86_64(struct listing *l)
{
	/* one memory operand of every shape */
	I("mov r9d, dword ptr [r8]", x64_mov(a, X64_32, R9, x64_mem(R8, 0)));
	I("mov rcx, qword ptr [r11 + 8]", x64_mov(a, X64_64, RCX, x64_mem(R11, 8)));
	I("mov eax, dword ptr [rdi + 512]", x64_mov(a, X64_32, RAX, x64_mem(RDI, 512)));
	I("mov rax, qword ptr [rsp]", x64_mov(a, X64_64, RAX, x64_mem(RSP, 0)));
	I("mov rax, qword ptr [r12 + 8]", x64_mov(a, X64_64, RAX, x64_mem(R12, 8)));
	I("mov rax, qword ptr [rbp]", x64_mov(a, X64_64, RAX, x64_mem(RBP, 0)));
	I("mov rax, qword ptr [r13]", x64_mov(a, X64_64, RAX, x64_mem(R13, 0)));
	I("mov rax, qword ptr [r8 + 127]", x64_mov(a, X64_64, RAX, x64_mem(R8, 127)));
	I("mov rax, qword ptr [r8 + 128]", x64_mov(a, X64_64, RAX, x64_mem(R8, 128)));
	I("mov rax, qword ptr [r8 - 128]", x64_mov(a, X64_64, RAX, x64_mem(R8, -128)));
	I("mov rax, qword ptr [rip + 57]", x64_mov(a, X64_64, RAX, x64_at(NEAR, 0)));
	I("mov r10, qword ptr [rip + 65]", x64_mov(a, X64_64, R10, x64_at(NEAR, 8)));
	I("lea r11, [r8 + rax + 32]", x64_lea(a, R11, x64_sib(R8, RAX, 32)));
	I("lea rcx, [rdi + rdi]", x64_lea(a, RCX, x64_sib(RDI, RDI, 0)));
	I("lea rax, [r9 + r10]", x64_lea(a, RAX, x64_sib(R9, R10, 0)));
	I("lea r8, [rip + 57]", x64_lea(a, R8, x64_at(NEAR, 0)));

	/* moves */
	I("mov eax, edi", x64_mov(a, X64_32, RAX, x64_r(RDI)));
	I("mov r10, rax", x64_mov(a, X64_64, R10, x64_r(RAX)));
	I("mov rax, r10", x64_mov(a, X64_64, RAX, x64_r(R10)));
	I("mov qword ptr [rsi], rcx", x64_store(a, X64_64, x64_mem(RSI, 0), RCX));
	I("mov qword ptr [rsi + 8], rdx", x64_store(a, X64_64, x64_mem(RSI, 8), RDX));
	I("mov dword ptr [rdi], ecx", x64_store(a, X64_32, x64_mem(RDI, 0), RCX));
	I("mov qword ptr [rsi], 0", x64_store_imm(a, X64_64, x64_mem(RSI, 0), 0));
	I("mov rax, -14", x64_store_imm(a, X64_64, x64_r(RAX), -14));
	I("mov eax, 228", x64_mov_imm(a, RAX, 228));
	I("mov r9d, 4294967295", x64_mov_imm(a, R9, UINT32_MAX));
	I("movabs rdx, 19342813113834067", x64_mov_imm64(a, RDX, VG_SEC_RECIPROCAL));
	I("movabs r10, 1311768467463790320", x64_mov_imm64(a, R10, 0x123456789abcdef0));

	I("cmova r9, rsi", x64_cmov(a, X64_A, X64_64, R9, x64_r(RSI)));
	I("cmovae r11, r8", x64_cmov(a, X64_AE, X64_64, R11, x64_r(R8)));
	I("cmovb ecx, dword ptr [rdi + 8]", x64_cmov(a, X64_B, X64_32, RCX, x64_mem(RDI, 8)));

	/* bytes in memory */
	I("movzx r10d, byte ptr [r11]", x64_load_byte(a, R10, x64_mem(R11, 0)));
	I("movzx edi, byte ptr [rcx + 40]", x64_load_byte(a, RDI, x64_mem(RCX, 40)));
	I("mov byte ptr [r8], r10b", x64_store_byte(a, x64_mem(R8, 0), R10));
	I("mov byte ptr [rcx + 136], bl", x64_store_byte(a, x64_mem(RCX, 136), RBX));
	I("mov byte ptr [r11], 0", x64_store_byte_imm(a, x64_mem(R11, 0), 0));
	I("mov byte ptr [rcx + 40], 96", x64_store_byte_imm(a, x64_mem(RCX, 40), 96));
	I("cmp byte ptr [rcx + 137], 0", x64_cmp_byte_imm(a, x64_mem(RCX, 137), 0));

	/* the eight operations */
	I("add rdx, rcx", x64_alu(a, X64_ADD, X64_64, RDX, x64_r(RCX)));
	I("or rax, rdx", x64_alu(a, X64_OR, X64_64, RAX, x64_r(RDX)));
	I("adc rdx, qword ptr [r11]", x64_alu(a, X64_ADC, X64_64, RDX, x64_mem(R11, 0)));
	I("sbb rdx, qword ptr [r11]", x64_alu(a, X64_SBB, X64_64, RDX, x64_mem(R11, 0)));
	I("and eax, ecx", x64_alu(a, X64_AND, X64_32, RAX, x64_r(RCX)));
	I("sub rax, qword ptr [r8 + 8]", x64_alu(a, X64_SUB, X64_64, RAX, x64_mem(R8, 8)));
	I("xor r10d, r10d", x64_alu(a, X64_XOR, X64_32, R10, x64_r(R10)));
	I("cmp r9d, dword ptr [r8 + rax]", x64_alu(a, X64_CMP, X64_32, R9, x64_sib(R8, RAX, 0)));
	I("cmp rax, qword ptr [rip + 57]", x64_alu(a, X64_CMP, X64_64, RAX, x64_at(NEAR, 0)));
	I("add edi, 16", x64_alu_imm(a, X64_ADD, X64_32, x64_r(RDI), 16));
	I("and eax, -64", x64_alu_imm(a, X64_AND, X64_32, x64_r(RAX), -64));
	I("cmp ecx, 192", x64_alu_imm(a, X64_CMP, X64_32, x64_r(RCX), 192));
	I("cmp rdx, 999999999", x64_alu_imm(a, X64_CMP, X64_64, x64_r(RDX), VG_NSEC_PER_SEC - 1));
	I("cmp dword ptr [r8], 0", x64_alu_imm(a, X64_CMP, X64_32, x64_mem(R8, 0), 0));
	I("cmp dword ptr [rip + 57], 0", x64_alu_imm(a, X64_CMP, X64_32, x64_at(NEAR, 0), 0));
	I("cmp dword ptr [rip + 54], 1000", x64_alu_imm(a, X64_CMP, X64_32, x64_at(NEAR, 0), 1000));

	/* shifts, products, tests */
	I("shl rdx, 32", x64_shl(a, X64_64, RDX, 32));
	I("shl eax, 4", x64_shl(a, X64_32, RAX, 4));
	I("shr rdx, 38", x64_shr(a, X64_64, RDX, 38));
	I("shr r9d, 12", x64_shr(a, X64_32, R9, 12));
	I("shr rax, cl", x64_shr_cl(a, X64_64, RAX));
	I("mul qword ptr [r8 + 16]", x64_mul(a, x64_mem(R8, 16)));
	I("mul rdx", x64_mul(a, x64_r(RDX)));
	I("imul rcx, rax", x64_imul(a, RCX, x64_r(RAX)));
	I("imul rdx, rdx, 1000000000", x64_imul_imm(a, RDX, x64_r(RDX), VG_NSEC_PER_SEC));
	I("test rdi, rdi", x64_test(a, X64_64, RDI, RDI));
	I("test r9d, r9d", x64_test(a, X64_32, R9, R9));
	I("test r9b, 1", x64_test_byte(a, R9, 1));
	I("test dil, 128", x64_test_byte(a, RDI, 128));
	I("test cl, 128", x64_test_byte(a, RCX, 128));
	I("test edi, 2048", x64_test_imm(a, RDI, 2048));
	I("test r11d, 2048", x64_test_imm(a, R11, 2048));
	I("bt ecx, edi", x64_bt(a, RCX, RDI));

	/* jumps */
	I("jb .+64", x64_jcc_short(a, X64_B, NEAR));
	I("jae .+64", x64_jcc_short(a, X64_AE, NEAR));
	I("je .+64", x64_jcc_short(a, X64_E, NEAR));
	I("jne .+64", x64_jcc_short(a, X64_NE, NEAR));
	I("ja .+64", x64_jcc_short(a, X64_A, NEAR));
	I("js .+64", x64_jcc_short(a, X64_S, NEAR));
	I("jb .+512", x64_jcc(a, X64_B, FAR));
	I("je .+512", x64_jcc(a, X64_E, FAR));
	I("jne .+512", x64_jcc(a, X64_NE, FAR));
	I("ja .+512", x64_jcc(a, X64_A, FAR));
	I("jmp .+64", x64_jmp_short(a, NEAR));
	I("jmp .+512", x64_jmp(a, FAR));
	I("call .+512", x64_call(a, FAR));
	I("jmp r11", x64_jmp_reg(a, R11));
	I("jmp rcx", x64_jmp_reg(a, RCX));
	I("jmp qword ptr fs:[-64]", x64_jmp_fs(a, (uint32_t)-64));
	I("jmp qword ptr fs:[4096]", x64_jmp_fs(a, 4096));

	/* no operands */
	I("ret", x64_ret(a));
	I("int3", x64_int3(a));
	I("syscall", x64_syscall(a));
	I("pause", x64_pause(a));
	I("endbr64", x64_endbr64(a));
	I("lfence", x64_lfence(a));
	I("rdtsc", x64_rdtsc(a));
	I("rdtscp", x64_rdtscp(a));
	I("rdpid rax", x64_rdpid(a, RAX));
	I("vmcall", x64_vmcall(a));
	I("vmmcall", x64_vmmcall(a));
	I("out dx, eax", x64_out(a));
	I("lsl eax, eax", x64_lsl(a, RAX, RAX));
	I("lsl r9d, r10d", x64_lsl(a, R9, R10));

	/* vectors */
	I("movaps xmm14, xmm13", x64_movaps(a, XMM14, XMM13));
	I("movaps xmm0, xmm10", x64_movaps(a, XMM0, XMM10));
	I("movups xmm12, xmmword ptr [rcx + 16]", x64_movups(a, XMM12, x64_mem(RCX, 16)));
	I("movups xmmword ptr [r11 + 112], xmm7", x64_movups_store(a, x64_mem(R11, 112), XMM7));
	I("movups xmmword ptr [r8], xmm9", x64_movups_store(a, x64_mem(R8, 0), XMM9));
	I("xorps xmm1, xmm1", x64_zero_xmm(a, XMM1));
	I("xorps xmm13, xmm13", x64_zero_xmm(a, XMM13));
	I("movq xmm10, rax", x64_movq_xmm(a, XMM10, RAX));
	I("movq xmm1, r10", x64_movq_xmm(a, XMM1, R10));
	I("movq r10, xmm13", x64_movq_reg(a, R10, XMM13));
	I("punpcklqdq xmm10, xmm11", x64_sse2(a, X64_PUNPCKLQDQ, XMM10, XMM11));
	I("paddq xmm14, xmm15", x64_sse2(a, X64_PADDQ, XMM14, XMM15));
	I("paddd xmm0, xmm1", x64_sse2(a, X64_PADDD, XMM0, XMM1));
	I("pxor xmm3, xmm8", x64_sse2(a, X64_PXOR, XMM3, XMM8));
	I("por xmm9, xmm7", x64_sse2(a, X64_POR, XMM9, XMM7));
	I("pshufd xmm0, xmm4, 147", x64_pshufd(a, XMM0, XMM4, 147));
	I("pshufd xmm9, xmm12, 57", x64_pshufd(a, XMM9, XMM12, 57));
	I("pshuflw xmm3, xmm3, 177", x64_pshuflw(a, XMM3, XMM3, 177));
	I("pshufhw xmm7, xmm8, 177", x64_pshufhw(a, XMM7, XMM8, 177));
	I("pslld xmm1, 12", x64_pslld(a, XMM1, 12));
	I("psrld xmm8, 20", x64_psrld(a, XMM8, 20));
}

/* What must be refused; here, because the two encoders' register names collide. */
void x64_range_checks(struct vg_asm *a, unsigned int which)
{
	switch (which) {
	case 0: x64_shl(a, X64_64, RAX, 128); break;
	case 1: x64_shr(a, X64_64, RAX, 200); break;
	case 2: x64_rdpid(a, R8); break;
	case 3: x64_store_byte(a, x64_mem(RCX, 0), RSI); break;
	case 4: x64_psrld(a, XMM0, 128); break;
	}
}

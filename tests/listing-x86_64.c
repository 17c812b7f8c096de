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
	I("mov eax, 228", x64_mov_imm(a, RAX, 228));
	I("mov r9d, 4294967295", x64_mov_imm(a, R9, UINT32_MAX));
	I("movabs rdx, 19342813113834067", x64_mov_imm64(a, RDX, VG_SEC_RECIPROCAL));
	I("movabs r10, 1311768467463790320", x64_mov_imm64(a, R10, 0x123456789abcdef0));

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
}

/* What must be refused; here, because the two encoders' register names collide. */
void x64_range_checks(struct vg_asm *a, unsigned int which)
{
	switch (which) {
	case 0: x64_shl(a, X64_64, RAX, 128); break;
	case 1: x64_shr(a, X64_64, RAX, 200); break;
	case 2: x64_rdpid(a, R8); break;
	}
}

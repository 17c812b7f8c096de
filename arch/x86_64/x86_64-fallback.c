/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The x86_64 functions' way to the host. The number is in eax and the arguments
 * in rdi, rsi, rdx, where the C ABI and the system call's agree for three; the
 * fourth, r10 there and rcx here, no function passes on. r10 holds the counter.
 */
#include "x86_64-code.h"
#include "x86_64-insn.h"

bool x64_thread_fits(uint64_t at)
{
	return vg_fits_signed((int64_t)at, 32);
}

void x64_fallback(const struct vg_code *code, uint32_t nr)
{
	const struct vdsogen_config *c = code->config;
	struct vg_asm *a = code->a;

	x64_mov_imm(a, RAX, nr);
	if (c->fallback == VDSOGEN_FALLBACK_OUT) {
		x64_mov(a, X64_64, R8, x64_r(RDX));
		x64_mov_imm(a, RDX, (uint32_t)c->fallback_at);
	} else if (c->fallback == VDSOGEN_FALLBACK_JUMP) {
		x64_mov_imm64(a, R11, c->fallback_at);
	}
	vg_trap(code);
	switch (c->fallback) {
	case VDSOGEN_FALLBACK_SYSCALL: x64_syscall(a); break;
	case VDSOGEN_FALLBACK_OUT: x64_out(a); break;
	case VDSOGEN_FALLBACK_VMCALL: x64_vmcall(a); break;
	case VDSOGEN_FALLBACK_VMMCALL: x64_vmmcall(a); break;
	case VDSOGEN_FALLBACK_JUMP: x64_jmp_reg(a, R11); break;
	case VDSOGEN_FALLBACK_THREAD: x64_jmp_fs(a, (uint32_t)c->fallback_at); break;
	default: vg_fail(a, -VDSOGEN_ERR_INTERNAL);
	}
	vg_resume(code);
	if (!vg_fallback_jumps(c))
		x64_ret(a);
}

void x64_heed_attention(const struct vg_code *code, vg_label slow)
{
	if (code->config->options & VDSOGEN_GUARD) {
		x64_alu_imm(code->a, X64_CMP, X64_32, x64_at(VG_CLOCK, VG_BLOCK(attention)), 0);
		x64_jcc(code->a, X64_NE, slow);
	}
}

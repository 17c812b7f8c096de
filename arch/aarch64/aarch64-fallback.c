/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The aarch64 functions' way to the host. The number is in w8 and the arguments
 * are where C has them, which is where a system call has them, too.
 */
#include "aarch64-code.h"
#include "aarch64-insn.h"

enum { SYS_RT_SIGRETURN = 139 };	/* Linux include/uapi/asm-generic/unistd.h */

/* What ldr has room for: 12 bits of 8 bytes each. */
#define THREAD_MAX (((1 << 12) - 1) * 8)

bool a64_thread_fits(uint64_t at)
{
	return at <= THREAD_MAX && at % 8 == 0;
}

/* One instruction; what it needs is loaded before. x16 is for such jumps: AAPCS64 6.1.1. */
static void ask(const struct vg_code *code)
{
	const struct vdsogen_config *c = code->config;
	struct vg_asm *a = code->a;

	if (c->fallback == VDSOGEN_FALLBACK_JUMP) {
		a64_mov_imm(a, A64_X, X16, c->fallback_at);
	} else if (c->fallback == VDSOGEN_FALLBACK_THREAD) {
		a64_mrs(a, X16, A64_TPIDR_EL0);
		a64_ldr(a, A64_X, X16, X16, (size_t)c->fallback_at);
	}
	vg_trap(code);
	switch (c->fallback) {
	case VDSOGEN_FALLBACK_SYSCALL: a64_svc(a); break;
	case VDSOGEN_FALLBACK_HVC: a64_hvc(a, (uint32_t)c->fallback_at); break;
	case VDSOGEN_FALLBACK_JUMP:
	case VDSOGEN_FALLBACK_THREAD: a64_br(a, X16); break;
	default: vg_fail(a, -VDSOGEN_ERR_INTERNAL);
	}
	vg_resume(code);
}

void a64_fallback(const struct vg_code *code, uint32_t nr)
{
	a64_movz(code->a, A64_W, X8, nr, 0);
	ask(code);
	if (!vg_fallback_jumps(code->config))
		a64_ret(code->a);
}

void a64_heed_attention(const struct vg_code *code, vg_label slow)
{
	struct vg_asm *a = code->a;

	if (code->config->options & VDSOGEN_GUARD) {
		a64_adr(a, X5, VG_CLOCK, VG_BLOCK(attention));
		a64_ldar(a, A64_W, X5, X5);
		a64_cbnz(a, A64_W, X5, slow);
	}
}

/*
 * Where signal handlers return to. Unwinders know these two words by heart
 * (libgcc config/aarch64/linux-unwind.h): mov x8, #139 and svc #0, and nothing
 * before, between or behind them. The padding before it is a nop which no
 * unwind information may cover: a return address is looked up one byte early.
 */
void a64_rt_sigreturn(const struct vg_code *code)
{
	a64_movz(code->a, A64_X, X8, SYS_RT_SIGRETURN, 0);
	ask(code);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "aarch64-code.h"
#include "aarch64-insn.h"

#define EM_AARCH64 183	/* ELF for the Arm 64-bit Architecture (AAELF64), 5.1 */

/* At least one: rt_sigreturn needs a nop before it (aarch64-fallback.c says why). */
static void pad(struct vg_asm *a, uint32_t align)
{
	do
		a64_nop(a);
	while (a->at & (align - 1));
}

/* Runtimes reach a slot by an indirect call: with or without landing pads elsewhere. */
static void slot(struct vg_asm *a, vg_label function)
{
	a64_bti_c(a);
	a64_b(a, function);
}

static void no_slot(struct vg_asm *a)
{
	a64_bti_c(a);
	a64_movn(a, A64_X, X0, VG_ENOSYS - 1, 0);
	a64_ret(a);
}

static const struct vdsogen_arch aarch64 = {
	.name = "aarch64",
	.version = "LINUX_2.6.39",	/* Linux arch/arm64/kernel/vdso/vdso.lds.S */
	.prefix = "__kernel_",
	.machine = EM_AARCH64,
	.counter_register = X9,
	.code_align = 16,
	/* DWARF for the Arm 64-bit Architecture (AADWARF64), 4.1: sp is 31 */
	.unwind = { .stack_pointer = 31, .return_address = 30, .pushed = 0, .unit = 4 },
	.abi_version = 2 << 16 | 6 << 8 | 39,
	/* AAELF64, 6.2: GNU_PROPERTY_AARCH64_FEATURE_1_AND, BTI */
	.property = 0xc0000000,
	.property_bits = 1 << 0,
	.landing_pads = VDSOGEN_LANDING_PADS_OFF,
	.landing_pad = a64_bti_c,
	.counters = 1u << VDSOGEN_COUNTER_FENCED | 1u << VDSOGEN_COUNTER_SELF_FENCED |
		    1u << VDSOGEN_COUNTER_UNFENCED,
	.getcpus = 1u << VDSOGEN_GETCPU_FALLBACK | 1u << VDSOGEN_GETCPU_ZERO |
		   1u << VDSOGEN_GETCPU_TPIDRRO | 1u << VDSOGEN_GETCPU_WORD,
	.fallbacks = 1u << VDSOGEN_FALLBACK_SYSCALL | 1u << VDSOGEN_FALLBACK_HVC |
		     1u << VDSOGEN_FALLBACK_JUMP | 1u << VDSOGEN_FALLBACK_THREAD,
	.thread_fits = a64_thread_fits,
	.emit = {
		[VDSOGEN_CLOCK_GETTIME] = a64_clock_gettime,
		[VDSOGEN_GETTIMEOFDAY] = a64_gettimeofday,
		[VDSOGEN_TIME] = a64_time,
		[VDSOGEN_CLOCK_GETRES] = a64_clock_getres,
		[VDSOGEN_GETCPU] = a64_getcpu,
		[VDSOGEN_RT_SIGRETURN] = a64_rt_sigreturn,
		[VDSOGEN_GETPID] = a64_identity,
		[VDSOGEN_GETPPID] = a64_identity,
		[VDSOGEN_GETTID] = a64_identity,
		[VDSOGEN_GETPGID] = a64_identity,
		[VDSOGEN_GETSID] = a64_identity,
		[VDSOGEN_GETPRIORITY] = a64_identity,
		[VDSOGEN_GETUID] = a64_credential,
		[VDSOGEN_GETEUID] = a64_credential,
		[VDSOGEN_GETGID] = a64_credential,
		[VDSOGEN_GETEGID] = a64_credential,
		[VDSOGEN_UNAME] = a64_uname,
		[VDSOGEN_GETRANDOM] = a64_getrandom,
	},
	.constants = a64_constants,
	.slot = slot,
	.no_slot = no_slot,
	.pad = pad,
};

const struct vdsogen_arch *vdsogen_arch_aarch64(void)
{
	return &aarch64;
}

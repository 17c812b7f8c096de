/* SPDX-License-Identifier: BSD-2-Clause */
#include "x86_64-code.h"
#include "x86_64-insn.h"

#define EM_X86_64 62	/* psABI x86-64, 4.1 */

/* What is jumped to by mistake between functions must stop. */
static void pad(struct vg_asm *a, uint32_t align)
{
	while (a->at & (align - 1))
		x64_int3(a);
}

/* Runtimes reach a slot by an indirect call: with or without landing pads elsewhere. */
static void slot(struct vg_asm *a, vg_label function)
{
	x64_endbr64(a);
	x64_jmp(a, function);
}

static void no_slot(struct vg_asm *a)
{
	x64_endbr64(a);
	x64_mov_imm64(a, RAX, -(uint64_t)VG_ENOSYS);
	x64_ret(a);
}

static const struct vdsogen_arch x86_64 = {
	.name = "x86_64",
	.version = "LINUX_2.6",	/* Linux arch/x86/entry/vdso/vdso.lds.S */
	.prefix = "__vdso_",
	/* Linux has a bare name for each function of its own */
	.bare_names = VDSOGEN_DEFAULT_FUNCTIONS | 1u << VDSOGEN_GETRANDOM,
	.machine = EM_X86_64,
	.counter_register = R10,
	.code_align = 16,
	/* psABI x86-64, figure 3.36: rsp is 7, the return address 16 */
	.unwind = { .stack_pointer = 7, .return_address = 16, .pushed = 8, .unit = 1 },
	.abi_version = 2 << 16 | 6 << 8 | 39,
	/* psABI x86-64, "Program property": GNU_PROPERTY_X86_FEATURE_1_AND, IBT | SHSTK */
	.property = 0xc0000002,
	.property_bits = 1 << 0 | 1 << 1,
	.landing_pads = VDSOGEN_LANDING_PADS_ON,
	.landing_pad = x64_endbr64,
	.counters = 1u << VDSOGEN_COUNTER_FENCED | 1u << VDSOGEN_COUNTER_SELF_FENCED |
		    1u << VDSOGEN_COUNTER_UNFENCED,
	.getcpus = 1u << VDSOGEN_GETCPU_FALLBACK | 1u << VDSOGEN_GETCPU_ZERO |
		   1u << VDSOGEN_GETCPU_RDPID | 1u << VDSOGEN_GETCPU_RDTSCP |
		   1u << VDSOGEN_GETCPU_LSL | 1u << VDSOGEN_GETCPU_WORD,
	.fallbacks = 1u << VDSOGEN_FALLBACK_SYSCALL | 1u << VDSOGEN_FALLBACK_OUT |
		     1u << VDSOGEN_FALLBACK_VMCALL | 1u << VDSOGEN_FALLBACK_VMMCALL |
		     1u << VDSOGEN_FALLBACK_JUMP | 1u << VDSOGEN_FALLBACK_THREAD,
	.thread_fits = x64_thread_fits,
	.emit = {
		[VDSOGEN_CLOCK_GETTIME] = x64_clock_gettime,
		[VDSOGEN_GETTIMEOFDAY] = x64_gettimeofday,
		[VDSOGEN_TIME] = x64_time,
		[VDSOGEN_CLOCK_GETRES] = x64_clock_getres,
		[VDSOGEN_GETCPU] = x64_getcpu,
		[VDSOGEN_GETPID] = x64_identity,
		[VDSOGEN_GETPPID] = x64_identity,
		[VDSOGEN_GETTID] = x64_identity,
		[VDSOGEN_GETPGID] = x64_identity,
		[VDSOGEN_GETSID] = x64_identity,
		[VDSOGEN_GETPRIORITY] = x64_identity,
		[VDSOGEN_GETUID] = x64_credential,
		[VDSOGEN_GETEUID] = x64_credential,
		[VDSOGEN_GETGID] = x64_credential,
		[VDSOGEN_GETEGID] = x64_credential,
		[VDSOGEN_UNAME] = x64_uname,
		[VDSOGEN_GETRANDOM] = x64_getrandom,
	},
	.slot = slot,
	.no_slot = no_slot,
	.pad = pad,
};

const struct vdsogen_arch *vdsogen_arch_x86_64(void)
{
	return &x86_64;
}

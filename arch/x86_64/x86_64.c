/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch.h"
#include "x86_64-insn.h"
#include "x86_64-time.h"

#define EM_X86_64 62	/* psABI x86-64, 4.1 */

/* What is jumped to by mistake between functions must stop. */
static void pad(struct vg_asm *a, uint32_t align)
{
	while (a->at & (align - 1))
		x64_int3(a);
}

static const struct vdsogen_arch x86_64 = {
	.name = "x86_64",
	.version = "LINUX_2.6",	/* Linux arch/x86/entry/vdso/vdso.lds.S */
	.prefix = "__vdso_",
	.bare_names = true,
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
		   1u << VDSOGEN_GETCPU_RDPID | 1u << VDSOGEN_GETCPU_RDTSCP,
	.emit = {
		[VDSOGEN_CLOCK_GETTIME] = x64_clock_gettime,
		[VDSOGEN_GETTIMEOFDAY] = x64_gettimeofday,
		[VDSOGEN_TIME] = x64_time,
		[VDSOGEN_CLOCK_GETRES] = x64_clock_getres,
		[VDSOGEN_GETCPU] = x64_getcpu,
	},
	.pad = pad,
};

const struct vdsogen_arch *vdsogen_arch_x86_64(void)
{
	return &x86_64;
}

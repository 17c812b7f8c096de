/* SPDX-License-Identifier: BSD-2-Clause */
/* User code's registers on aarch64, in the order in which a signal frame has them. */
#ifndef AARCH64_REGISTERS_H
#define AARCH64_REGISTERS_H

#include <stdint.h>

/*
 * Linux arch/arm64/include/uapi/asm/sigcontext.h: struct sigcontext from `regs` on, and from
 * `fpsr` on struct fpsimd_context.
 */
struct vm_registers {
	uint64_t regs[31], sp, pc, pstate;
	uint64_t tpidr;
	uint32_t fpsr, fpcr;
	unsigned __int128 v[32];
};

/* Of `pstate`, what user code may set: Arm ARM, C5.2.19 "SPSR_EL1" for AArch64. */
#define PSTATE_CONDITIONS 0xf0000000ull	/* N, Z, C, V */
#define PSTATE_TCO (1ull << 25)		/* tags are not checked */
#define PSTATE_DIT (1ull << 24)		/* timing is independent of data */
#define PSTATE_SS (1ull << 21)		/* of a debugger: one step */
#define PSTATE_SSBS (1ull << 12)	/* loads may pass stores in speculation */
#define PSTATE_BTYPE (3ull << 10)	/* what kind of branch came here */
#define PSTATE_DAIF (15ull << 6)	/* exceptions that are masked */
#define PSTATE_MODE 0x1full		/* 0: EL0, of 64 bits */

#endif

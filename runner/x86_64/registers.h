/* SPDX-License-Identifier: BSD-2-Clause */
/* User code's registers on x86_64, in the order in which a signal frame has them. */
#ifndef X86_64_REGISTERS_H
#define X86_64_REGISTERS_H

#include <stdint.h>

/* As XSAVE writes it, in its standard form: Intel SDM volume 1, 13.4. */
enum { VECTORS_MAX = 4096 };

/* Linux arch/x86/include/uapi/asm/sigcontext.h begins like this. */
struct vm_registers {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
	uint64_t fs_base, gs_base;
	uint8_t vectors[VECTORS_MAX] __attribute__((aligned(64)));
};

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* check_vm's guest code on x86_64. */
#include "runner/x86_64/registers.h"

__asm__(".pushsection .rodata\n"
	"guest_code:\n"
	"guest_load:	mov (%rdi), %rsi\n	mov $1, %eax\n	syscall\n	jmp guest_load\n"
	"guest_store:	mov %rsi, (%rdi)\n	mov $2, %eax\n	syscall\n	jmp guest_store\n"
	"guest_call:	mov $3, %eax\n	syscall\n	mov %rax, %rdi\n	mov $4, %eax\n"
	"	syscall\n	jmp guest_call\n"
	"guest_loop:	incq (%rdi)\n	jmp guest_loop\n"
	/* a call that the machine may answer, one that the host does, and a fault */
	"guest_storm:	mov $39, %eax\n	syscall\n"
	"guest_storm_asked:	mov %rax, %rsi\n	mov $5, %eax\n	syscall\n"
	"guest_storm_told:	mov (%rdx), %r8\n	jmp guest_storm\n"
	"guest_storm_end:\n"
	"guest_steps:	nop\n	incq (%rdi)\n	mov $5, %eax\n	syscall\n	nop\n	jmp guest_steps\n"
	/* the call of that number; the next says whether all registers but rax are as they were */
	"guest_any:	mov %r8, %rax\n"
	"	movq %rdi, %xmm1\n	movq %rsi, %xmm2\n	movq %rdx, %xmm3\n	movq %r8, %xmm4\n"
	"	movq %r9, %xmm5\n"
	"	.irp n, 10, 12, 13, 14, 15\n"
	"	mov $0x100 + \\n, %r\\n\n"
	"	.endr\n"
	"	mov $0x120, %ebx\n	mov $0x121, %ebp\n"
	"	syscall\n"
	"	.irp n, 10, 12, 13, 14, 15\n"
	"	cmp $0x100 + \\n, %r\\n\n	jne 1f\n"
	"	.endr\n"
	"	cmp $0x120, %rbx\n	jne 1f\n	cmp $0x121, %rbp\n	jne 1f\n"
	"	movq %xmm1, %r10\n	cmp %r10, %rdi\n	jne 1f\n"
	"	movq %xmm2, %r10\n	cmp %r10, %rsi\n	jne 1f\n"
	"	movq %xmm3, %r10\n	cmp %r10, %rdx\n	jne 1f\n"
	"	movq %xmm4, %r10\n	cmp %r10, %r8\n	jne 1f\n"
	"	movq %xmm5, %r10\n	cmp %r10, %r9\n	jne 1f\n"
	"	mov %rax, %rsi\n	mov $6, %eax\n	syscall\n"
	"1:	mov $7, %eax\n	syscall\n"
	/* the counter only goes on; rdi counts that */
	"guest_counter:	xor %r9, %r9\n"
	"2:	lfence\n	rdtsc\n	shl $32, %rdx\n	or %rdx, %rax\n	cmp %r9, %rax\n	jb 3f\n"
	"	mov %rax, %r9\n	incq (%rdi)\n	jmp 2b\n"
	"3:	mov $8, %eax\n	syscall\n"
	"guest_read_counter:	lfence\n	rdtsc\n	shl $32, %rdx\n	or %rdx, %rax\n"
	"	mov %rax, %rsi\n	mov $9, %eax\n	syscall\n"
	"guest_code_end:\n"
	".popsection\n");

/* Where each step of guest_steps ends; that which stores, and the call. */
static const uint64_t steps_at[] = { 0, 1, 4, 9, 11, 12 };
enum { STEP_FIRST = 1, STEP_STORED = 2, STEP_CALL = 4 };

static void processor(void)
{
}

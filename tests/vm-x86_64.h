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
	"guest_code_end:\n"
	".popsection\n");

/* Where each step of guest_steps ends; that which stores, and the call. */
static const uint64_t steps_at[] = { 0, 1, 4, 9, 11, 12 };
enum { STEP_FIRST = 1, STEP_STORED = 2, STEP_CALL = 4 };

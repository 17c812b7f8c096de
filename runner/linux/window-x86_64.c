/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "window.h"

#include <asm/unistd.h>
#include <errno.h>
#include <ucontext.h>

#define TEXT_(macro) #macro
#define TEXT(macro) TEXT_(macro)
#define SET_MASK 2
_Static_assert(SET_MASK == SIG_SETMASK, "rt_sigprocmask");

/*
 * From window_open, where signals can come in, to window_made, the call is not made. One that
 * is to be made again has window_ask as its place, too: arch/x86/kernel/signal.c,
 * handle_signal().
 */
extern const uint8_t window_open[], window_ask[], window_made[];

__asm__(".pushsection .text\n"
	".balign 16\n"
	".globl window_pass\n"
	".type window_pass, @function\n"
	"window_pass:\n"
	"	push %rbx\n"
	"	push %r12\n"
	"	mov %rsi, %rbx\n"
	"	mov %rdx, %r12\n"
	"	mov %rdi, %rsi\n"
	"	mov $" TEXT(SET_MASK) ", %edi\n"
	"	xor %edx, %edx\n"
	"	mov $8, %r10d\n"
	"	mov $" TEXT(__NR_rt_sigprocmask) ", %eax\n"
	"	syscall\n"
	"window_open:\n"
	"	mov (%rbx), %rax\n"
	"	mov 8(%rbx), %rdi\n"
	"	mov 16(%rbx), %rsi\n"
	"	mov 24(%rbx), %rdx\n"
	"	mov 32(%rbx), %r10\n"
	"	mov 40(%rbx), %r8\n"
	"	mov 48(%rbx), %r9\n"
	"window_ask:\n"
	"	syscall\n"
	"window_made:\n"
	"	mov %rax, %rbx\n"
	"	mov $" TEXT(SET_MASK) ", %edi\n"
	"	mov %r12, %rsi\n"
	"	xor %edx, %edx\n"
	"	mov $8, %r10d\n"
	"	mov $" TEXT(__NR_rt_sigprocmask) ", %eax\n"
	"	syscall\n"
	"	mov %rbx, %rax\n"
	"	pop %r12\n"
	"	pop %rbx\n"
	"	ret\n"
	".size window_pass, . - window_pass\n"
	".globl window_restorer\n"
	"window_restorer:\n"
	"	mov $" TEXT(__NR_rt_sigreturn) ", %eax\n"
	"	syscall\n"
	".popsection\n");

void window_leave(void *context, int64_t not_made)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	const uintptr_t pc = (uintptr_t)registers[REG_RIP];

	if (pc < (uintptr_t)window_open || pc >= (uintptr_t)window_made)
		return;
	if (pc == (uintptr_t)window_ask && registers[REG_RAX] == __NR_restart_syscall)
		registers[REG_RAX] = -EINTR;	/* it was stopped; some of its time is over */
	else
		registers[REG_RAX] = not_made;
	registers[REG_RIP] = (greg_t)(uintptr_t)window_made;
}

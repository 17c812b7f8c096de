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
 * is to be made again has window_ask as its place, too: arch/arm64/kernel/signal.c, do_signal().
 * The labels are global, as the compiler may go by way of the GOT, where one that is not has no
 * entry.
 */
extern const uint8_t window_open[], window_ask[], window_made[];

__asm__(".pushsection .text\n"
	".balign 16\n"
	".globl window_pass\n"
	".type window_pass, %function\n"
	"window_pass:\n"
	"	stp x29, x30, [sp, #-32]!\n"
	"	mov x29, sp\n"
	"	stp x19, x20, [sp, #16]\n"
	"	mov x19, x1\n"
	"	mov x20, x2\n"
	"	mov x1, x0\n"
	"	mov x0, #" TEXT(SET_MASK) "\n"
	"	mov x2, xzr\n"
	"	mov x3, #8\n"
	"	mov x8, #" TEXT(__NR_rt_sigprocmask) "\n"
	"	svc #0\n"
	".globl window_open\n"
	"window_open:\n"
	"	ldp x8, x0, [x19]\n"
	"	ldp x1, x2, [x19, #16]\n"
	"	ldp x3, x4, [x19, #32]\n"
	"	ldr x5, [x19, #48]\n"
	".globl window_ask\n"
	"window_ask:\n"
	"	svc #0\n"
	".globl window_made\n"
	"window_made:\n"
	"	mov x19, x0\n"
	"	mov x0, #" TEXT(SET_MASK) "\n"
	"	mov x1, x20\n"
	"	mov x2, xzr\n"
	"	mov x3, #8\n"
	"	mov x8, #" TEXT(__NR_rt_sigprocmask) "\n"
	"	svc #0\n"
	"	mov x0, x19\n"
	"	ldp x19, x20, [sp, #16]\n"
	"	ldp x29, x30, [sp], #32\n"
	"	ret\n"
	".size window_pass, . - window_pass\n"
	".globl window_restorer\n"
	"window_restorer:\n"
	"	mov x8, #" TEXT(__NR_rt_sigreturn) "\n"
	"	svc #0\n"
	".popsection\n");

void window_leave(void *context, int64_t not_made)
{
	enum { RESULT = 0, NUMBER = 8 };
	mcontext_t *registers = &((ucontext_t *)context)->uc_mcontext;
	unsigned long long *x = registers->regs;
	int64_t result = not_made;

	if (registers->pc < (uintptr_t)window_open || registers->pc >= (uintptr_t)window_made)
		return;
	if (registers->pc == (uintptr_t)window_ask && x[NUMBER] == __NR_restart_syscall)
		result = -EINTR;	/* it was stopped; some of its time is over */
	x[RESULT] = (unsigned long long)result;
	registers->pc = (uintptr_t)window_made;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts fallbacks: an undefined instruction takes the place of each system
 * call instruction, and the signal it raises does the call. Works wherever
 * signals do, under an emulator too, and checks the image's own description
 * of where it traps and where it resumes.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "exec.h"

_Thread_local struct trap trap;

static const struct page *watched;
static trap_answer_fn *answer = ask;

#if defined __x86_64__
static const uint8_t call_insn[] = { 0x0f, 0x05 };	/* syscall */
static const uint8_t trap_insn[] = { 0x0f, 0x0b };	/* ud2 */

#define PC(context) ((context)->uc_mcontext.gregs[REG_RIP])
#define NUMBER(context) ((context)->uc_mcontext.gregs[REG_RAX])
#define VALUE(context) ((context)->uc_mcontext.gregs[REG_RAX])
#define ARG0(context) ((context)->uc_mcontext.gregs[REG_RDI])
#define ARG1(context) ((context)->uc_mcontext.gregs[REG_RSI])
#define ARG2(context) ((context)->uc_mcontext.gregs[REG_RDX])

/* By hardware number. */
static uint64_t register_of(const ucontext_t *context, uint32_t number)
{
	static const int greg[] = {
		REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
		REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
	};

	return (uint64_t)context->uc_mcontext.gregs[greg[number % 16]];
}

/* What the kernel clobbers: psABI x86-64, A.2.1. */
static void clobber(ucontext_t *context)
{
	context->uc_mcontext.gregs[REG_RCX] = -1;
	context->uc_mcontext.gregs[REG_R11] = -1;
}
#elif defined __aarch64__
static const uint8_t call_insn[] = { 0x01, 0x00, 0x00, 0xd4 };	/* svc #0 */
static const uint8_t trap_insn[] = { 0x00, 0x00, 0x00, 0x00 };	/* udf #0 */

#define PC(context) ((context)->uc_mcontext.pc)
#define NUMBER(context) ((context)->uc_mcontext.regs[8])
#define VALUE(context) ((context)->uc_mcontext.regs[0])
#define ARG0(context) ((context)->uc_mcontext.regs[0])
#define ARG1(context) ((context)->uc_mcontext.regs[1])
#define ARG2(context) ((context)->uc_mcontext.regs[2])

static uint64_t register_of(const ucontext_t *context, uint32_t number)
{
	return context->uc_mcontext.regs[number % 31];
}

static void clobber(ucontext_t *context)
{
	(void)context;
}
#endif

/* Which function's fallback is at this offset; VDSOGEN_FUNCTIONS: none. */
static unsigned int function_at(uintptr_t offset)
{
	unsigned int i = 0;

	while (i < VDSOGEN_FUNCTIONS &&
	       !(watched->image.function[i].at && watched->image.function[i].trap == offset))
		i++;
	return i;
}

static void on_trap(int signal_number, siginfo_t *info, void *context_)
{
	static const char message[] = "FAIL: an undefined instruction that is no fallback\n";
	ucontext_t *context = context_;
	unsigned int function = VDSOGEN_FUNCTIONS;

	(void)info;
	if (watched && watched->counts)
		function = function_at((uintptr_t)PC(context) - (uintptr_t)watched->code);
	if (function == VDSOGEN_FUNCTIONS) {
		if (write(STDOUT_FILENO, message, sizeof message - 1) < 0)
			_exit(2);
		signal(signal_number, SIG_DFL);
		return;
	}
	trap.count++;
	trap.function = function;
	trap.number = (long)NUMBER(context);
	trap.pc = (uintptr_t)PC(context) - (uintptr_t)watched->code;
	trap.counter = register_of(context, watched->image.counter_register);
	VALUE(context) = (__typeof__(VALUE(context)))answer(trap.number, (uintptr_t)ARG0(context),
							    (uintptr_t)ARG1(context),
							    (uintptr_t)ARG2(context));
	clobber(context);
	PC(context) = (__typeof__(PC(context)))((uintptr_t)watched->code +
						watched->image.function[function].resume);
}

void trap_answer_with(trap_answer_fn *fn)
{
	answer = fn;
}

void trap_watch(const struct page *page)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	watched = page;
	sigaction(SIGILL, &action, NULL);
}

void trap_patch(const struct page *page)
{
	for (unsigned int i = 0; i < VDSOGEN_FUNCTIONS; i++) {
		const struct vdsogen_entry *entry = &page->image.function[i];

		if (!entry->at)
			continue;
		CHECK(!memcmp(page->data + entry->trap, call_insn, sizeof call_insn),
		      "%s: no system call instruction at its trap", vdsogen_function_name(i));
		CHECK(entry->resume == entry->trap + sizeof call_insn,
		      "%s: does not resume behind its trap", vdsogen_function_name(i));
		memcpy(page->data + entry->trap, trap_insn, sizeof trap_insn);
	}
}

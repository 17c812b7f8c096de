/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libunwind: on x86_64 from the interrupted instruction itself, on aarch64 from
 * the handler, by way of the page's rt_sigreturn, as others there.
 */
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <stdio.h>
#include <string.h>

#include "walk.h"

const char *walk_name(void)
{
	static char name[64];

	snprintf(name, sizeof name, "unw_step() of libunwind %d.%d", UNW_VERSION_MAJOR,
		 UNW_VERSION_MINOR);
	return name;
}

#if defined __x86_64__
static void saved_of(unw_cursor_t *cursor, uintptr_t saved[WALK_SAVED])
{
	static const int numbers[WALK_SAVED] = { UNW_X86_64_RBX, UNW_X86_64_RBP, UNW_X86_64_R12,
						 UNW_X86_64_R13, UNW_X86_64_R14, UNW_X86_64_R15 };
	unw_word_t word;

	for (unsigned int i = 0; i < WALK_SAVED; i++) {
		unw_get_reg(cursor, numbers[i], &word);
		saved[i] = word;
	}
}

static bool knows(unw_cursor_t *cursor)
{
	(void)cursor;
	return true;
}
#else
static void saved_of(unw_cursor_t *cursor, uintptr_t saved[WALK_SAVED])
{
	(void)cursor;
	memset(saved, 0, WALK_SAVED * sizeof *saved);
}

/* Where nothing tells the way, libunwind goes on by guesses, often rightly: not for this test. */
static bool knows(unw_cursor_t *cursor)
{
	unw_proc_info_t info;

	return unw_is_signal_frame(cursor) > 0 ||
	       (!unw_get_proc_info(cursor, &info) && info.end_ip - info.start_ip > 1);
}
#endif

unsigned int walk(ucontext_t *context, struct walk_frame *frames, unsigned int max)
{
	unsigned int count = 0;
	unw_cursor_t cursor;
	unw_word_t word;

#if defined __x86_64__
	if (unw_init_local2(&cursor, context, UNW_INIT_SIGNAL_FRAME))
		return 0;
#else
	unw_context_t here;

	(void)context;
	if (unw_getcontext(&here) || unw_init_local(&cursor, &here))
		return 0;
#endif
	do {
		struct walk_frame *frame = &frames[count++];

		unw_get_reg(&cursor, UNW_REG_IP, &word);
		frame->pc = word;
		unw_get_reg(&cursor, UNW_REG_SP, &word);
		frame->sp = word;
		saved_of(&cursor, frame->saved);
	} while (count < max && knows(&cursor) && unw_step(&cursor) > 0);
	return count;
}

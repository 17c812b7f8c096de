/* SPDX-License-Identifier: BSD-2-Clause */
/* libunwind, from the interrupted instruction itself. */
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <stdio.h>

#include "walk.h"

const char *walk_name(void)
{
	static char name[64];

	snprintf(name, sizeof name, "unw_step() of libunwind %d.%d", UNW_VERSION_MAJOR,
		 UNW_VERSION_MINOR);
	return name;
}

unsigned int walk(ucontext_t *context, struct walk_frame *frames, unsigned int max)
{
	static const int numbers[WALK_SAVED] = { UNW_X86_64_RBX, UNW_X86_64_RBP, UNW_X86_64_R12,
						 UNW_X86_64_R13, UNW_X86_64_R14, UNW_X86_64_R15 };
	unsigned int count = 0;
	unw_cursor_t cursor;
	unw_word_t word;

	if (unw_init_local2(&cursor, context, UNW_INIT_SIGNAL_FRAME))
		return 0;
	do {
		struct walk_frame *frame = &frames[count++];

		unw_get_reg(&cursor, UNW_REG_IP, &word);
		frame->pc = word;
		unw_get_reg(&cursor, UNW_REG_SP, &word);
		frame->sp = word;
		for (unsigned int i = 0; i < WALK_SAVED; i++) {
			unw_get_reg(&cursor, numbers[i], &word);
			frame->saved[i] = word;
		}
	} while (count < max && unw_step(&cursor) > 0);
	return count;
}

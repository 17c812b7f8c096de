/* SPDX-License-Identifier: BSD-2-Clause */
/* libgcc's unwinder, the one of C++ exceptions. */
#include <string.h>
#include <unwind.h>

#include "walk.h"

struct list {
	struct walk_frame *frames;
	unsigned int count, max;
};

const char *walk_name(void)
{
	return "_Unwind_Backtrace() of libgcc " __VERSION__;
}

static _Unwind_Reason_Code add(struct _Unwind_Context *context, void *arg)
{
	struct list *list = arg;
	struct walk_frame *frame = &list->frames[list->count];

	if (list->count == list->max)
		return _URC_END_OF_STACK;
	memset(frame, 0, sizeof *frame);
	frame->pc = _Unwind_GetIP(context);
	frame->sp = _Unwind_GetCFA(context);
#if defined __x86_64__
	static const int numbers[WALK_SAVED] = { 3, 6, 12, 13, 14, 15 };	/* DWARF's */

	for (unsigned int i = 0; i < WALK_SAVED; i++)
		frame->saved[i] = _Unwind_GetGR(context, numbers[i]);
#endif
	list->count++;
	return _URC_NO_REASON;
}

unsigned int walk(ucontext_t *context, struct walk_frame *frames, unsigned int max)
{
	struct list list = { frames, 0, max };

	(void)context;
	_Unwind_Backtrace(add, &list);
	return list.count;
}

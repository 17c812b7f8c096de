/* SPDX-License-Identifier: BSD-2-Clause */
/* backtrace(3), which uses libgcc. */
#include <execinfo.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <string.h>

#include "walk.h"

enum { ROOM = 64 };

const char *walk_name(void)
{
	static char name[64];

	snprintf(name, sizeof name, "backtrace() of glibc %s", gnu_get_libc_version());
	return name;
}

unsigned int walk(ucontext_t *context, struct walk_frame *frames, unsigned int max)
{
	void *pcs[ROOM];
	int count = backtrace(pcs, max < ROOM ? (int)max : ROOM);

	(void)context;
	memset(frames, 0, (unsigned int)count * sizeof *frames);
	for (int i = 0; i < count; i++)
		frames[i].pc = (uintptr_t)pcs[i];
	return (unsigned int)count;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls, each with a function call_NAME() in calls-SUBJECT.c, here or one folder up.
 * Which there are is calls-list.h. Arguments are as the processor has them: 64 bits, of which
 * a call that Linux declares with an int looks at the low half alone.
 *
 * A result is the program's, or an error: -errno as the host has it, which calls_do() makes
 * Linux's; ERRORS_LINUX() for one that the host has not; or one of CALLS_*.
 */
#ifndef MACOS_CALLS_OWN_H
#define MACOS_CALLS_OWN_H

#include "../calls-both.h"
#include "errors.h"

#define CALL(name, arguments) call_fn call_##name;
#define NONE(name, arguments)
#include "calls-list.h"
#undef CALL
#undef NONE

/* The program's memory: 0 or -EFAULT. */
static inline int calls_read(const struct thread *thread, void *to, uint64_t from, size_t size)
{
	return space_read(thread->process->space, to, guest_at(from), size);
}

static inline int calls_write(const struct thread *thread, uint64_t to, const void *from,
			      size_t size)
{
	return space_write(thread->process->space, guest_at(to), from, size);
}

/* Where a pointer of 0 says that nothing is wanted. */
static inline int calls_write_if(const struct thread *thread, uint64_t to, const void *from,
				 size_t size)
{
	return to ? calls_write(thread, to, from, size) : 0;
}

/*
 * With --verbose: `what` is not there; once for each number, which may be of anything
 * (an ioctl, a flag) as long as it is no other's.
 */
void calls_miss(const struct thread *thread, const char *what, uint64_t number);

#endif

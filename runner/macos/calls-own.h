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

/*
 * With --verbose: `what` is not there; once for each number, which may be of anything
 * (an ioctl, a flag) as long as it is no other's.
 */
void calls_miss(const struct thread *thread, const char *what, uint64_t number);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Readings of Linux's clocks, in nanoseconds. */
#ifndef MACOS_CLOCKS_H
#define MACOS_CLOCKS_H

#include "linux-time.h"
#include "thread.h"

/* As the page has it, if there is one: 0, or -EINVAL: there is no such clock. */
int clocks_read(const struct thread *thread, int clock, uint64_t *now);

/*
 * A time of Linux's, as nanoseconds: false, if it is none. More than 64 bits hold is as much
 * as they do.
 */
bool clocks_nanoseconds(const struct linux_timespec *time, uint64_t *nanoseconds);
struct linux_timespec clocks_timespec(uint64_t nanoseconds);

#endif

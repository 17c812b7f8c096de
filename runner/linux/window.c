/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "window.h"

#include <string.h>

#include "calls.h"

int64_t window_call(const struct thread *thread, long number, const long *argument)
{
	static const uint64_t all = UINT64_MAX;
	uint64_t blocked = thread->blocked | signals_bit(SIGNALS_KICK);
	long words[WINDOW_WORDS] = { number };

	memcpy(words + 1, argument, sizeof words - sizeof words[0]);
	return window_pass(&blocked, words, &all);
}

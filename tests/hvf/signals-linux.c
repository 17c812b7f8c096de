/* SPDX-License-Identifier: BSD-2-Clause */
/* In place of runner/hvf-signals.c, with the double and a Linux host: its signals are the guest's. */
#define _GNU_SOURCE
#include "double.h"
#include "runner/hvf.h"

#include <sys/syscall.h>
#include <unistd.h>

static __thread uint64_t ends_for;

void hvf_signals_begin(uint64_t blocked)
{
	ends_for = ~(blocked | 1ull << (SIGRTMAX - 1));
	double_run_with(&blocked);
}

bool hvf_signals_wait(void)
{
	uint64_t pending = 0;

	syscall(SYS_rt_sigpending, &pending, sizeof pending);
	return pending & ends_for;
}

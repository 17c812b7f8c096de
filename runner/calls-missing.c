/* SPDX-License-Identifier: BSD-2-Clause */
#include "calls-both.h"

#include <stdio.h>

void calls_name_missing(const struct thread *thread, uint64_t number, uint64_t times)
{
	const char *name = calls_name(number);

	if (!thread->process->verbose || times != 1)
		return;
	if (name)
		fprintf(stderr, "vdsorun: system call %s is not there\n", name);
	else
		fprintf(stderr, "vdsorun: system call %llu is not there\n",
			(unsigned long long)number);
}

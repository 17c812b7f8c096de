/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "process.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "calls.h"
#include "loop.h"

static void print_stats(const struct process *process)
{
	uint64_t all = 0;

	for (unsigned int i = 0; i < CALLS_MAX; i++)
		all += process->asked[i];
	fprintf(stderr, "vdsorun: %" PRIu64 " exits for system calls\n", all);
	for (unsigned int i = 0; i < CALLS_MAX; i++) {
		const char *name = calls_name(i);

		if (process->asked[i] && name)
			fprintf(stderr, "%8" PRIu64 " %s\n", process->asked[i], name);
		else if (process->asked[i])
			fprintf(stderr, "%8" PRIu64 " call %u, which is not there\n", process->asked[i], i);
	}
}

/* The same end for whoever waits for this process, and no core of the runner's. */
static void die(int signal_number)
{
	const struct rlimit none = { 0 };
	sigset_t one;

	setrlimit(RLIMIT_CORE, &none);
	signal(signal_number, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, signal_number);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	raise(signal_number);
}

void process_end(const struct process *process, const struct loop_end *end)
{
	if (process->stats)
		print_stats(process);
	if (end->failed)
		fprintf(stderr, "vdsorun: %s: %s\n", process->path, end->text);
	if (end->signal)
		die(end->signal);
	_exit(end->failed || end->signal ? EXIT_FAILURE : process->status);
}

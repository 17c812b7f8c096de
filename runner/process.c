/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gdb.h"
#include "loop.h"

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
		stats_print(process);
	gdb_end(process, end->failed ? EXIT_FAILURE : process->status, end->signal);
	if (end->failed)
		fprintf(stderr, "vdsorun: %s: %s\n", process->path, end->text);
	if (end->signal)
		die(end->signal);
	_exit(end->failed || end->signal ? EXIT_FAILURE : process->status);
}

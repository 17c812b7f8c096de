/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls that stop: those the image could not answer, and the program's own. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "run.h"

static const struct {
	int number;
	unsigned int function;
} calls[] = {
	{ SYS_clock_gettime, VDSOGEN_CLOCK_GETTIME },
	{ SYS_gettimeofday, VDSOGEN_GETTIMEOFDAY },
#ifdef SYS_time
	{ SYS_time, VDSOGEN_TIME },
#endif
	{ SYS_clock_getres, VDSOGEN_CLOCK_GETRES },
	{ SYS_getcpu, VDSOGEN_GETCPU },
	{ SYS_getpid, VDSOGEN_GETPID },
	{ SYS_getppid, VDSOGEN_GETPPID },
	{ SYS_gettid, VDSOGEN_GETTID },
	{ SYS_getpgid, VDSOGEN_GETPGID },
	{ SYS_getsid, VDSOGEN_GETSID },
	{ SYS_getpriority, VDSOGEN_GETPRIORITY },
	{ SYS_getuid, VDSOGEN_GETUID },
	{ SYS_geteuid, VDSOGEN_GETEUID },
	{ SYS_getgid, VDSOGEN_GETGID },
	{ SYS_getegid, VDSOGEN_GETEGID },
	{ SYS_uname, VDSOGEN_UNAME },
};

enum { CALLS = sizeof calls / sizeof *calls };

/* What has no clock of a name. */
enum { NO_CLOCK = VDSOGEN_CLOCK_IDS };

static bool is_identity(unsigned int function)
{
	return VDSOGEN_IDENTITY_FUNCTIONS >> function & 1;
}

static unsigned int function_of(long number)
{
	for (unsigned int i = 0; i < CALLS; i++)
		if (calls[i].number == number)
			return calls[i].function;
	return VDSOGEN_FUNCTIONS;
}

/* Whether it stops: to be answered, or only to be counted. */
static bool is_caught(const struct run *run, unsigned int function)
{
	if (is_identity(function))
		return run->identity && run->count;
	return run->count || function <= VDSOGEN_TIME;
}

/* In the child. */
int run_filter_calls(const struct run *run)
{
	int numbers[CALLS + RUN_CHANGE_CALLS];
	size_t count = run->identity ? run_change_calls(numbers) : 0;

	for (unsigned int i = 0; i < CALLS; i++)
		if (is_caught(run, calls[i].function))
			numbers[count++] = calls[i].number;
	return tracee_filter(numbers, count);
}

/* Of another process: that no page knows. */
static bool is_of_another(unsigned int function, const struct tracee_call *call)
{
	if (function == VDSOGEN_GETPGID || function == VDSOGEN_GETSID)
		return (int)call->argument[0];
	return function == VDSOGEN_GETPRIORITY &&
	       ((int)call->argument[0] != PRIO_PROCESS || (int)call->argument[1]);
}

void run_call(struct run *run, pid_t tid)
{
	struct tracee_call call;
	unsigned int function, id = NO_CLOCK;

	if (!tracee_get_call(tid, &call))
		return;
	function = function_of(call.number);
	if (function == VDSOGEN_FUNCTIONS || is_of_another(function, &call))
		return;
	if ((function == VDSOGEN_CLOCK_GETTIME || function == VDSOGEN_CLOCK_GETRES) &&
	    (uint32_t)call.argument[0] < VDSOGEN_CLOCK_IDS)
		id = (uint32_t)call.argument[0];
	run->calls[function][id]++;
	run_answer(run, tid, function, call.argument);
}

/* -------------------------------------------------------------------------
 * How many there were.
 */
static void print_one(const struct run *run, unsigned int function, const char **before)
{
	for (unsigned int id = 0; id <= NO_CLOCK; id++) {
		const char *clock = tool_clock_name(id);

		if (!run->calls[function][id])
			continue;
		fprintf(stderr, "%s %" PRIu64 " %s", *before, run->calls[function][id],
			vdsogen_function_name(function));
		if (function == VDSOGEN_CLOCK_GETTIME || function == VDSOGEN_CLOCK_GETRES)
			fprintf(stderr, "(%s)", clock && *clock ? clock : "another clock");
		*before = ",";
	}
}

static void print_count(const struct run *run, const char *kind, bool identity)
{
	uint64_t sum = 0;
	const char *before = ":";

	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++)
		for (unsigned int id = 0; id <= NO_CLOCK; id++)
			sum += is_identity(f) == identity ? run->calls[f][id] : 0;
	fprintf(stderr, "vdsogen: %" PRIu64 " %s calls reached the kernel", sum, kind);
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++)
		if (is_identity(f) == identity)
			print_one(run, f, &before);
	putc('\n', stderr);
}

void run_print_count(const struct run *run)
{
	print_count(run, "clock", false);
	if (run->identity)
		print_count(run, "identity", true);
}

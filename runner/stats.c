/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "fds.h"
#include "guest-signals.h"
#include "process.h"

_Static_assert((int)STATS_CALLS == (int)CALLS_MAX, "a counter for each call");

#define NSEC_PER_SEC 1000000000ll
#define NSEC_PER_USEC 1000

/* -------------------------------------------------------------------------
 * Counting.
 */
static uint64_t count(uint64_t *counter, uint64_t more)
{
	return __atomic_add_fetch(counter, more, __ATOMIC_RELAXED);
}

static uint64_t counted(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* Of the processor, so that a program that waits is none of the host's work. */
static uint64_t processor_time(clockid_t whose)
{
	struct timespec time;

	clock_gettime(whose, &time);
	return (uint64_t)(time.tv_sec * NSEC_PER_SEC + time.tv_nsec);
}

void stats_begin(struct stats *stats)
{
	stats->timed = true;
	stats->output = fds_hide(dup(STDERR_FILENO));
	stats->start = processor_time(CLOCK_PROCESS_CPUTIME_ID);
}

void stats_forked(struct stats *stats, bool child)
{
	if (child)
		*stats = (struct stats){ .timed = stats->timed, .output = stats->output };
	stats->forked = true;
}

static void count_exit(struct stats *stats, const struct vm_exit *exit)
{
	switch (exit->why) {
	case VM_CALL:	/* counted by its number */
		break;
	case VM_FAULT:
		count(&stats->fault[(unsigned int)exit->fault.signal % STATS_SIGNALS], 1);
		break;
	case VM_INTERRUPTED:
		count(exit->kicked ? &stats->kick : &stats->interruption, 1);
		break;
	case VM_OFF:
		count(&stats->off, 1);
		break;
	}
}

void stats_run(struct thread *thread, uint64_t blocked, struct vm_exit *exit)
{
	struct stats *stats = &thread->process->counts;
	uint64_t before = stats->timed ? processor_time(CLOCK_THREAD_CPUTIME_ID) : 0;

	vcpu_run(thread->vcpu, blocked, exit);
	if (stats->timed)
		count(&stats->machine, processor_time(CLOCK_THREAD_CPUTIME_ID) - before);
	count_exit(stats, exit);
}

/* -------------------------------------------------------------------------
 * The clock.
 */
/* The line of a clock: include/vdsogen.h, struct vdsogen_clock. The coarse ones do not count. */
static const struct vdsogen_line *line_of(const struct vdsogen_clock *clock, int id)
{
	switch (id) {
	case VDSOGEN_REALTIME:
	case VDSOGEN_MONOTONIC:
		return &clock->line[0];
	case VDSOGEN_BOOTTIME:
	case VDSOGEN_TAI:
		return &clock->line[1];
	case VDSOGEN_MONOTONIC_RAW:
		return &clock->line[2];
	default:
		return NULL;
	}
}

enum stats_clock stats_why(const struct vdsogen_clock *clock, int id, uint64_t counter)
{
	const struct vdsogen_line *line = line_of(clock, id);
	struct vdsogen_time time;

	switch (vdsogen_clock_read(clock, id, counter, &time)) {
	case -VDSOGEN_ERR_CLOCK:
		return STATS_CLOCK_ID;
	case -VDSOGEN_ERR_UNSEEDED:
		return STATS_CLOCK_UNSEEDED;
	case -VDSOGEN_ERR_BUSY:
		return STATS_CLOCK_ODD;
	case -VDSOGEN_ERR_STALE:
		return STATS_CLOCK_AGE;
	default:
		break;
	}
	if (__atomic_load_n(&clock->attention, __ATOMIC_RELAXED))
		return STATS_CLOCK_ATTENTION;
	if (line && (int64_t)(counter - __atomic_load_n(&line->last, __ATOMIC_RELAXED)) < 0)
		return STATS_CLOCK_UNDERFLOW;
	return STATS_CLOCK_RACE;
}

/* The clock that such a call asks for; false: it is another call. */
static bool asked_clock(uint64_t number, const uint64_t *argument, int *id)
{
	const char *name = calls_name(number);

	if (!name)
		return false;
	if (!strcmp(name, "clock_gettime") || !strcmp(name, "clock_getres"))
		*id = (int)argument[0];
	else if (!strcmp(name, "gettimeofday") || !strcmp(name, "time"))
		*id = VDSOGEN_REALTIME;
	else
		return false;
	return true;
}

static enum stats_clock why(const struct thread *thread, int id)
{
	struct clock_view view;
	uint64_t pc = vcpu_get(thread->vcpu, VM_PC);

	if (!thread->process->clock || !clock_view(thread->process->clock, &view))
		return STATS_CLOCK_NONE;
	if (pc < view.image.start.v || pc >= view.image.end.v)
		return STATS_CLOCK_DIRECT;
	return stats_why(view.block, id, view.counter);
}

uint64_t stats_call(struct thread *thread, uint64_t number, const uint64_t *argument)
{
	struct stats *stats = &thread->process->counts;
	int id;

	if (stats->timed && asked_clock(number, argument, &id))
		count(&stats->clock[why(thread, id)], 1);
	return count(&stats->call[number < STATS_CALLS ? number : STATS_CALLS - 1], 1);
}

/* -------------------------------------------------------------------------
 * Printing: "[PID: ]COUNT KIND NAME".
 */
static const char *const clock_names[] = {
	[STATS_CLOCK_DIRECT] = "direct", [STATS_CLOCK_NONE] = "none", [STATS_CLOCK_ID] = "id",
	[STATS_CLOCK_UNSEEDED] = "unseeded", [STATS_CLOCK_ODD] = "odd", [STATS_CLOCK_AGE] = "age",
	[STATS_CLOCK_ATTENTION] = "attention", [STATS_CLOCK_UNDERFLOW] = "underflow",
	[STATS_CLOCK_RACE] = "race",
};
_Static_assert(sizeof clock_names / sizeof *clock_names == STATS_CLOCK_REASONS, "a name for each");

/* What a processor can tell: enough for the faults of one. */
static const char *const signal_names[STATS_SIGNALS] = {
	[GUEST_SIGBUS] = "SIGBUS", [GUEST_SIGFPE] = "SIGFPE", [GUEST_SIGILL] = "SIGILL",
	[GUEST_SIGSEGV] = "SIGSEGV", [GUEST_SIGTRAP] = "SIGTRAP",
};

struct print {
	FILE *to;
	bool forked;
};

static void print(const struct print *print, uint64_t number, const char *kind, const char *name)
{
	if (print->forked)
		fprintf(print->to, "%d: ", getpid());
	fprintf(print->to, "%8" PRIu64 " %s %s\n", number, kind, name);
}

/* A list with what there was of it: calls and signals that have no name have a number. */
static void print_list(const struct print *to, const char *kind, const uint64_t *counter,
		       unsigned int counters, const char *(*name_of)(uint64_t))
{
	for (unsigned int i = 0; i < counters; i++) {
		const char *name = name_of(i);
		char number[16];

		snprintf(number, sizeof number, "%u", i);
		if (counted(&counter[i]))
			print(to, counted(&counter[i]), kind, name ? name : number);
	}
}

static const char *signal_name(uint64_t number)
{
	return signal_names[number];
}

static const char *clock_name(uint64_t number)
{
	return clock_names[number];
}

static uint64_t sum(const uint64_t *counter, unsigned int counters)
{
	uint64_t all = 0;

	for (unsigned int i = 0; i < counters; i++)
		all += counted(&counter[i]);
	return all;
}

static void print_exits(const struct print *to, const struct stats *stats)
{
	const uint64_t calls = sum(stats->call, STATS_CALLS),
		       faults = sum(stats->fault, STATS_SIGNALS);
	const uint64_t interruptions = counted(&stats->interruption), kicks = counted(&stats->kick);

	print(to, calls + faults + interruptions + kicks + counted(&stats->off), "exit", "all");
	print(to, calls, "exit", "call");
	print(to, faults, "exit", "fault");
	print(to, interruptions, "exit", "interruption");
	print(to, kicks, "exit", "kick");
}

/* What is not the machine's is the host's: who publishes the clock, too. */
static void print_times(const struct print *to, const struct stats *stats)
{
	const uint64_t all = processor_time(CLOCK_PROCESS_CPUTIME_ID) - stats->start;
	const uint64_t machine = counted(&stats->machine);

	print(to, machine / NSEC_PER_USEC, "usec", "machine");
	print(to, (all > machine ? all - machine : 0) / NSEC_PER_USEC, "usec", "host");
}

static void print_answers(const struct print *to, struct vm *vm)
{
	const char *name;
	uint64_t count;

	for (unsigned int i = 0; vm_answered(vm, i, &name, &count); i++)
		if (count)
			print(to, count, "shim", name);
}

static void print_all(const struct print *to, const struct process *process)
{
	const struct stats *stats = &process->counts;

	print_exits(to, stats);
	print_list(to, "call", stats->call, STATS_CALLS, calls_name);
	print_list(to, "fault", stats->fault, STATS_SIGNALS, signal_name);
	print_list(to, "clock", stats->clock, STATS_CLOCK_REASONS, clock_name);
	print_answers(to, process->vm);
	if (stats->timed)
		print_times(to, stats);
}

/* Several processes may write at a time. */
void stats_print(const struct process *process)
{
	struct print to = { .forked = process->counts.forked };
	char *text = NULL;
	size_t size;

	to.to = open_memstream(&text, &size);
	if (!to.to)
		return;
	print_all(&to, process);
	if (!fclose(to.to) && write(process->counts.output, text, size) < 0)
		perror("vdsorun: --stats");
	free(text);
}

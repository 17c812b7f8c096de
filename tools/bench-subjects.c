/* SPDX-License-Identifier: BSD-2-Clause */
/* The subjects of vdsogen bench: functions with arguments, floors and system calls. */
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

/* -------------------------------------------------------------------------
 * System calls.
 */
#define SYSTEM_CALL(name)                                 \
	static long call_##name(long a, long b, long c)   \
	{                                                 \
		return syscall(SYS_##name, a, b, c);      \
	}

SYSTEM_CALL(clock_gettime)
SYSTEM_CALL(gettimeofday)
SYSTEM_CALL(clock_getres)
SYSTEM_CALL(getcpu)
#ifdef SYS_time
SYSTEM_CALL(time)
#else
#define call_time NULL
#endif

/* -------------------------------------------------------------------------
 * The rows.
 */
static const struct form {
	enum bench_place place;
	unsigned int answer;	/* word of the result that depends on the counter */
	bench_fn *system_call;
} forms[VDSOGEN_FUNCTIONS] = {
	[VDSOGEN_CLOCK_GETTIME] = { BENCH_SECOND, 1, call_clock_gettime },
	[VDSOGEN_GETTIMEOFDAY] = { BENCH_FIRST, 1, call_gettimeofday },
	[VDSOGEN_TIME] = { BENCH_RETURNED, 0, call_time },
	[VDSOGEN_CLOCK_GETRES] = { BENCH_SECOND, 1, call_clock_getres },
	[VDSOGEN_GETCPU] = { BENCH_FIRST, 0, call_getcpu },
};

static enum bench_kind kind_of(enum vdsogen_function function, unsigned int clock)
{
	if (function == VDSOGEN_GETTIMEOFDAY)
		return BENCH_TIMEOFDAY;
	if (function != VDSOGEN_CLOCK_GETTIME)
		return BENCH_PLAIN;
	return clock == VDSOGEN_REALTIME_COARSE || clock == VDSOGEN_MONOTONIC_COARSE ?
	       BENCH_COARSE : BENCH_CLOCK;
}

static bench_fn *page_function(const struct bench *b, enum vdsogen_function function)
{
	const struct vdsogen_entry *entry = &b->image.function[function];

	return entry->at ? (bench_fn *)(uintptr_t)(b->code + entry->at) : NULL;
}

static void add(struct bench *b, enum vdsogen_function function, unsigned int clock,
		bench_fn *kernel)
{
	const struct form *form = &forms[function];
	struct bench_subject *s = &b->subject[b->subjects];

	if (b->subjects == BENCH_SUBJECTS_MAX || !page_function(b, function))
		return;
	b->subjects++;
	s->function = function;
	s->clock = clock;
	s->kind = kind_of(function, clock);
	if (clock != BENCH_NO_CLOCK)
		s->argument[0] = (long)clock;
	s->argument[2] = (long)(b->code + b->image.clock);	/* the floor's; others ignore it */
	if (form->place != BENCH_RETURNED) {
		s->argument[form->place == BENCH_SECOND] = (long)b->result;
		s->answer = (const volatile uint32_t *)&b->result[form->answer];
	}
	s->call[BENCH_PAGE] = page_function(b, function);
	s->call[BENCH_KERNEL] = kernel;
	s->call[BENCH_FLOOR] = bench_floor(s->kind, form->place);
	s->cold_floor = bench_cold_floor(s->kind, form->place);
	s->call[BENCH_SYSTEM_CALL] = form->system_call;
}

bool bench_make_subjects(struct bench *b, bench_fn *const kernel[VDSOGEN_FUNCTIONS])
{
	if (!bench_make_places(b))
		return false;
	for (unsigned int clock = 0; clock < VDSOGEN_CLOCK_IDS; clock++)
		if (b->image.config.clocks >> clock & 1)
			add(b, VDSOGEN_CLOCK_GETTIME, clock, kernel[VDSOGEN_CLOCK_GETTIME]);
	add(b, VDSOGEN_GETTIMEOFDAY, BENCH_NO_CLOCK, kernel[VDSOGEN_GETTIMEOFDAY]);
	add(b, VDSOGEN_TIME, BENCH_NO_CLOCK, kernel[VDSOGEN_TIME]);
	add(b, VDSOGEN_CLOCK_GETRES, VDSOGEN_MONOTONIC, kernel[VDSOGEN_CLOCK_GETRES]);
	add(b, VDSOGEN_GETCPU, BENCH_NO_CLOCK, kernel[VDSOGEN_GETCPU]);
	return true;
}

const char *bench_subject_name(const struct bench_subject *s)
{
	enum { BUFFERS = 4 };
	static char name[BUFFERS][64];
	static unsigned int next;
	char *to = name[next++ % BUFFERS];

	snprintf(to, sizeof name[0], "%s%s%s", vdsogen_function_name(s->function),
		 s->clock == BENCH_NO_CLOCK ? "" : " ",
		 s->clock == BENCH_NO_CLOCK ? "" : tool_clock_name(s->clock));
	return to;
}

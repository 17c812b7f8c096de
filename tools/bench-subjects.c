/* SPDX-License-Identifier: BSD-2-Clause */
/* The subjects of vdsogen bench: functions with arguments, floors and system calls. */
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

/* -------------------------------------------------------------------------
 * System calls.
 */
#define UNUSED __attribute__((unused))
#define SYSTEM_CALL(name)                                                                 \
	static long call_##name(long a, long b, long c, long d UNUSED, long e UNUSED)     \
	{                                                                                 \
		return syscall(SYS_##name, a, b, c);                                      \
	}

SYSTEM_CALL(clock_gettime)
SYSTEM_CALL(gettimeofday)
SYSTEM_CALL(clock_getres)
SYSTEM_CALL(getcpu)
SYSTEM_CALL(getpid)
SYSTEM_CALL(gettid)
SYSTEM_CALL(getuid)
SYSTEM_CALL(getpriority)
SYSTEM_CALL(uname)
SYSTEM_CALL(getrandom)
#ifdef SYS_time
SYSTEM_CALL(time)
#else
#define call_time NULL
#endif

/* -------------------------------------------------------------------------
 * The rows.
 */
static const struct form {
	bool measured;
	enum bench_place place;
	unsigned int answer;	/* word of the result that depends on the counter */
	bench_fn *system_call;
} forms[VDSOGEN_FUNCTIONS] = {
	[VDSOGEN_CLOCK_GETTIME] = { true, BENCH_SECOND, 1, call_clock_gettime },
	[VDSOGEN_GETTIMEOFDAY] = { true, BENCH_FIRST, 1, call_gettimeofday },
	[VDSOGEN_TIME] = { true, BENCH_RETURNED, 0, call_time },
	[VDSOGEN_CLOCK_GETRES] = { true, BENCH_SECOND, 1, call_clock_getres },
	[VDSOGEN_GETCPU] = { true, BENCH_FIRST, 0, call_getcpu },
	[VDSOGEN_GETPID] = { true, BENCH_RETURNED, 0, call_getpid },
	[VDSOGEN_GETTID] = { true, BENCH_RETURNED, 0, call_gettid },
	[VDSOGEN_GETPRIORITY] = { true, BENCH_RETURNED, 0, call_getpriority },
	[VDSOGEN_GETUID] = { true, BENCH_RETURNED, 0, call_getuid },
	[VDSOGEN_UNAME] = { true, BENCH_FIRST, 0, call_uname },
	[VDSOGEN_GETRANDOM] = { true, BENCH_FIRST, 0, call_getrandom },
};

bool bench_is_measured(unsigned int function)
{
	return function < VDSOGEN_FUNCTIONS && forms[function].measured;
}

static enum bench_kind kind_of_clock(unsigned int clock)
{
	return clock == VDSOGEN_REALTIME_COARSE || clock == VDSOGEN_MONOTONIC_COARSE ?
	       BENCH_COARSE : BENCH_CLOCK;
}

static enum bench_kind kind_of_random(unsigned int bytes)
{
	enum { KEY_MIN = 16, KEYS_MAX = 96 };

	return bytes >= KEY_MIN && bytes <= KEYS_MAX ? BENCH_RANDOM : BENCH_OTHER_RANDOM;
}

static bench_fn *page_function(const struct bench *b, enum vdsogen_function function)
{
	const struct vdsogen_entry *entry = &b->image.function[function];

	return entry->at ? (bench_fn *)(uintptr_t)(b->code + entry->at) : NULL;
}

/* A row without its result's place; NULL: the page has no such function. */
static struct bench_subject *add(struct bench *b, enum vdsogen_function function,
				 enum bench_kind kind, bench_fn *kernel)
{
	const struct form *form = &forms[function];
	struct bench_subject *s = &b->subject[b->subjects];

	if (b->subjects == BENCH_SUBJECTS_MAX || !page_function(b, function))
		return NULL;
	b->subjects++;
	s->function = function;
	s->clock = BENCH_NO_CLOCK;
	s->kind = kind;
	s->period = 1;
	s->call[BENCH_PAGE] = page_function(b, function);
	s->call[BENCH_KERNEL] = kernel;
	s->call[BENCH_FLOOR] = bench_floor(kind, form->place);
	s->cold_floor = bench_cold_floor(kind, form->place);
	s->call[BENCH_SYSTEM_CALL] = form->system_call;
	return s;
}

static void set_arguments(struct bench_subject *s, const long argument[BENCH_ARGUMENTS])
{
	for (unsigned int v = 0; v < BENCH_VARIANTS; v++)
		memcpy(s->argument[v], argument, sizeof s->argument[v]);
}

/* The third argument is the floor's, its data; the functions ignore it. */
static void add_time(struct bench *b, enum vdsogen_function function, unsigned int clock,
		     bench_fn *kernel)
{
	enum bench_kind kind = function == VDSOGEN_CLOCK_GETTIME ? kind_of_clock(clock) :
			       function == VDSOGEN_GETTIMEOFDAY ? BENCH_TIMEOFDAY : BENCH_PLAIN;
	const struct form *form = &forms[function];
	long argument[BENCH_ARGUMENTS] = { 0, 0, (long)(b->code + b->image.clock), 0, 0 };
	struct bench_subject *s = add(b, function, kind, kernel);

	if (!s)
		return;
	s->clock = clock;
	if (clock != BENCH_NO_CLOCK)
		argument[0] = (long)clock;
	if (form->place != BENCH_RETURNED) {
		argument[form->place == BENCH_SECOND] = (long)b->result;
		s->answer = (const volatile uint32_t *)&b->result[form->answer];
	}
	set_arguments(s, argument);
}

/* Their arguments are zeros: getpriority(PRIO_PROCESS, 0). The floor's data again. */
static void add_identity(struct bench *b, enum vdsogen_function function)
{
	const char *process = b->code + b->image.process;
	struct bench_subject *s = add(b, function, BENCH_IDENTITY, NULL);

	if (s)
		set_arguments(s, (const long[BENCH_ARGUMENTS]){ 0, 0, (long)process, 0, 0 });
}

static void add_uname(struct bench *b)
{
	const char *names = b->code + b->image.process + offsetof(struct vdsogen_process, uts);
	struct bench_subject *s = add(b, VDSOGEN_UNAME, BENCH_NAMES, NULL);

	if (!s)
		return;
	set_arguments(s, (const long[BENCH_ARGUMENTS]){ (long)b->buffer, 0, (long)names, 0, 0 });
	s->answer = (const volatile uint32_t *)(const void *)b->buffer;
}

static void add_random(struct bench *b, const struct bench_state states[BENCH_VARIANTS],
		       bench_fn *kernel)
{
	/* a batch is 96 bytes; of what is missing then, whole blocks do not go through it */
	static const struct {
		unsigned int bytes, period;
	} rows[] = { { 1, 96 }, { 4, 24 }, { 16, 6 }, { 32, 3 }, { 96, 1 }, { 256, 2 }, { 4096, 0 } };

	for (unsigned int i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bench_subject *s = add(b, VDSOGEN_GETRANDOM, kind_of_random(rows[i].bytes),
					      kernel);

		if (!s)
			return;
		s->bytes = rows[i].bytes;
		s->period = rows[i].period;
		if (s->bytes >= sizeof *s->answer)	/* a load of more than was stored waits for long */
			s->answer = (const volatile uint32_t *)(const void *)b->buffer;
		for (unsigned int v = 0; v < BENCH_VARIANTS; v++) {
			const struct bench_state *state = &states[v];

			memcpy(s->argument[v], (const long[BENCH_ARGUMENTS]){
				(long)b->buffer, s->bytes, 0, (long)state->state, (long)state->size
			}, sizeof s->argument[v]);
		}
	}
}

/* The kernel takes part if it has the function and says how states are to be mapped. */
static void add_randoms(struct bench *b, bench_fn *kernel)
{
	struct bench_state states[BENCH_VARIANTS] = { { NULL, 0 } };

	if (!page_function(b, VDSOGEN_GETRANDOM))
		return;
	states[BENCH_PAGE] = bench_page_state(b, page_function(b, VDSOGEN_GETRANDOM));
	if (kernel)
		states[BENCH_KERNEL] = bench_kernel_state(b, kernel);
	if (states[BENCH_PAGE].size)
		add_random(b, states, states[BENCH_KERNEL].size ? kernel : NULL);
}

bool bench_make_subjects(struct bench *b, bench_fn *const kernel[VDSOGEN_FUNCTIONS])
{
	if (!bench_make_places(b))
		return false;
	for (unsigned int clock = 0; clock < VDSOGEN_CLOCK_IDS; clock++)
		if (b->image.config.clocks >> clock & 1)
			add_time(b, VDSOGEN_CLOCK_GETTIME, clock, kernel[VDSOGEN_CLOCK_GETTIME]);
	add_time(b, VDSOGEN_GETTIMEOFDAY, BENCH_NO_CLOCK, kernel[VDSOGEN_GETTIMEOFDAY]);
	add_time(b, VDSOGEN_TIME, BENCH_NO_CLOCK, kernel[VDSOGEN_TIME]);
	add_time(b, VDSOGEN_CLOCK_GETRES, VDSOGEN_MONOTONIC, kernel[VDSOGEN_CLOCK_GETRES]);
	add_time(b, VDSOGEN_GETCPU, BENCH_NO_CLOCK, kernel[VDSOGEN_GETCPU]);
	add_identity(b, VDSOGEN_GETPID);
	add_identity(b, VDSOGEN_GETTID);
	add_identity(b, VDSOGEN_GETPRIORITY);
	add_identity(b, VDSOGEN_GETUID);
	add_uname(b);
	add_randoms(b, kernel[VDSOGEN_GETRANDOM]);
	return true;
}

const char *bench_subject_name(const struct bench_subject *s)
{
	enum { BUFFERS = 4 };
	static char name[BUFFERS][64];
	static unsigned int next;
	char *to = name[next++ % BUFFERS];

	const char *function = vdsogen_function_name(s->function);

	if (s->bytes)
		snprintf(to, sizeof name[0], "%s %u bytes", function, s->bytes);
	else if (s->clock != BENCH_NO_CLOCK)
		snprintf(to, sizeof name[0], "%s %s", function, tool_clock_name(s->clock));
	else
		snprintf(to, sizeof name[0], "%s", function);
	return to;
}

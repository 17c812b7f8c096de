/* SPDX-License-Identifier: BSD-2-Clause */
/* The loops of vdsogen bench: batches of calls in each setting. */
#include "bench.h"
#include "host.h"

const char *bench_setting_name(unsigned int setting)
{
	static const char *const names[BENCH_SETTINGS] = {
		[BENCH_BACK_TO_BACK] = "back-to-back",
		[BENCH_DEPENDENT] = "dependent",
		[BENCH_INSIDE] = "inside",
		[BENCH_DATA_COLD] = "data-cold",
		[BENCH_COLD] = "cold",
	};

	return setting < BENCH_SETTINGS ? names[setting] : NULL;
}

bool bench_is_cold(enum bench_setting setting)
{
	return setting == BENCH_DATA_COLD || setting == BENCH_COLD;
}

/* No cold getrandom: most of its calls touch the caller's own memory only, and each sixth another. */
bool bench_has(const struct bench_subject *subject, enum bench_setting setting)
{
	return !subject->bytes || !bench_is_cold(setting);
}

/* -------------------------------------------------------------------------
 * Loops. All variants of a setting go through the same one, by a pointer.
 * Where a loop lies is a matter of a cycle or two a call: always in the same place of a line.
 */
#define LOOP __attribute__((aligned(64))) static uint64_t

/* A copy on the loop's stack or in registers: the subject's own could be an alias of what is read. */
struct arguments {
	long a, b, c, d, e;
};

static inline __attribute__((always_inline)) struct arguments
arguments(const struct bench_batch *batch)
{
	const long *a = batch->argument;

	return (struct arguments){ a[0], a[1], a[2], a[3], a[4] };
}

LOOP back_to_back(const struct bench_batch *batch)
{
	struct arguments is = arguments(batch);
	uint64_t start = host_ordered_counter();

	for (unsigned int i = 0; i < batch->calls; i++)
		batch->call(is.a, is.b, is.c, is.d, is.e);
	return host_ordered_counter() - start;
}

/* The first argument is always the same, but that is known only with the result. */
LOOP dependent(const struct bench_batch *batch)
{
	const volatile uint32_t *answer = batch->subject->answer;
	struct arguments is = arguments(batch);
	long zero = 0;
	uint64_t start;

	__asm__("" : "+r"(zero));	/* the compiler is not to know */
	start = host_ordered_counter();
	for (unsigned int i = 0; i < batch->calls; i++) {
		long result = batch->call(is.a, is.b, is.c, is.d, is.e);

		is.a += (answer ? *answer ^ result : result) & zero;
	}
	return host_ordered_counter() - start;
}

/* Other work: a chain of arithmetic and one of loads from the nearest cache. */
struct work {
	uint64_t number, index;
};

static inline __attribute__((always_inline)) void work(struct work *w, const uint64_t *table,
						       unsigned int steps)
{
	const uint64_t factor = 0x9e3779b97f4a7c15;	/* any odd number with many bits set */

	for (unsigned int i = 0; i < steps; i++) {
		w->number = w->number * factor + i;
		w->index = table[w->index];
	}
}

LOOP inside(const struct bench_batch *batch)
{
	struct arguments is = arguments(batch);
	const uint64_t *table = batch->bench->table;
	unsigned int steps = batch->bench->steps;
	struct work w = { 0, 0 };
	uint64_t start = host_ordered_counter();

	for (unsigned int i = 0; i < batch->calls; i++) {
		work(&w, table, steps);
		batch->call(is.a, is.b, is.c, is.d, is.e);
	}
	__asm__ volatile("" : : "r"(w.number), "r"(w.index));
	return host_ordered_counter() - start;
}

LOOP work_alone(const struct bench_batch *batch)
{
	const uint64_t *table = batch->bench->table;
	unsigned int steps = batch->bench->steps;
	struct work w = { 0, 0 };
	uint64_t start = host_ordered_counter();

	for (unsigned int i = 0; i < batch->calls; i++) {
		work(&w, table, steps);
		__asm__ volatile("" : "+r"(w.number), "+r"(w.index));
	}
	return host_ordered_counter() - start;
}

/* -------------------------------------------------------------------------
 * Batches.
 */
typedef uint64_t loop_fn(const struct bench_batch *batch);

/* The loop's stack begins at bench->stack in some page, wherever main()'s is. */
static __attribute__((noinline)) double timed(loop_fn *loop, const struct bench_batch *batch)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	volatile char *skipped = __builtin_alloca((here - batch->bench->stack) % VDSOGEN_PAGE + 1);
	uint64_t ticks;

	*skipped = 0;
	ticks = loop(batch);
	*skipped = 0;
	return (double)ticks / batch->calls;
}

double bench_ticks(enum bench_setting setting, const struct bench_batch *batch)
{
	static loop_fn *const loops[BENCH_SETTINGS] = {
		[BENCH_BACK_TO_BACK] = back_to_back,
		[BENCH_DEPENDENT] = dependent,
		[BENCH_INSIDE] = inside,
	};

	if (bench_is_cold(setting))
		return bench_cold_call(batch, setting == BENCH_COLD);
	return timed(batch->call ? loops[setting] : work_alone, batch);
}

/* So many calls that the steps of the counter do not matter, nor does an interrupt come often. */
#define BATCH_NS 8000.0
#define CALLS_MIN 16
#define CALLS_MAX 8192

void bench_choose_calls(enum bench_setting setting, struct bench_batch *batch)
{
	double ticks, calls;

	batch->calls = CALLS_MIN;
	bench_ticks(setting, batch);	/* the first time is slow */
	ticks = bench_ticks(setting, batch);
	calls = BATCH_NS * (double)batch->bench->hz / 1e9 / (ticks > 0 ? ticks : 1);
	batch->calls = calls < CALLS_MIN ? CALLS_MIN : calls > CALLS_MAX ? CALLS_MAX :
		       (unsigned int)calls;
}

/* -------------------------------------------------------------------------
 * The amount of other work.
 */
#define WORK_NS 18.0	/* a little less than a good clock_gettime */
#define STEPS_MAX 64

void bench_prepare(struct bench *b)
{
	enum { WARM = 200, TRIES = 9 };
	struct bench_batch batch = { .bench = b, .subject = &b->subject[0], .calls = 1000 };
	double ticks[TRIES], enough = WORK_NS * (double)b->hz / 1e9;

	for (unsigned int i = 0; i < WARM; i++)
		timed(work_alone, &batch);
	for (b->steps = 1; b->steps < STEPS_MAX; b->steps++) {
		for (unsigned int i = 0; i < TRIES; i++)
			ticks[i] = timed(work_alone, &batch);
		if (bench_quantile(ticks, TRIES, 50) >= enough)
			break;
	}
}

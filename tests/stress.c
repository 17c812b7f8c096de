/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time never runs backwards between processors.
 *
 * A test that finds nothing has to show that it could: without the fence
 * before the counter, and with a publisher that reads the counter before it
 * closes the lines, the same loop must see steps.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "stress.h"

#define NSEC_PER_USEC 1000
#define SKIPPED 77
#define READS 60000000		/* of each ordered form of the counter, unless told otherwise */
#define READS_MIN 30000		/* less is no test */
#define RATES 3			/* publications at so many rates share these reads */

#define STEPS_ENOUGH 20		/* backward steps: one proves the point, this many is no chance */
#define DELAY_MIN 100000	/* ns between reading the counter and publishing */
#define DELAY_MAX 10000000
#define DELAY_FACTOR 10
#define DELAY_HZ 2000

/* -------------------------------------------------------------------------
 * Checks, for the page's files too: the first that fails is the last.
 */
char about[64] = "stress";
uint64_t hz;
static unsigned int failed;

void check_about(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(about, sizeof about, format, args);
	va_end(args);
}

bool check_that(bool good, const char *file, int line, const char *format, ...)
{
	va_list args;

	if (good)
		return true;
	printf("FAIL: %s:%d: %s: ", file, line, about);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	exit(1);
}

/* One that leaves the other configurations to be run. */
static void expect(bool good, const char *what)
{
	if (!good) {
		printf("FAIL: %s: %s\n", about, what);
		failed++;
	}
}

/* -------------------------------------------------------------------------
 * The counter itself, as a clock: what the processor does without a page.
 */
static uint64_t bare_counter(void)
{
#if defined __x86_64__
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
#elif defined __aarch64__
	uint64_t counter;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(counter));
	return counter;
#else
#error "no counter known for this architecture: add it here"
#endif
}

static long as_time(uint64_t counter, uintptr_t result)
{
	uint64_t sec = counter / hz, rest = counter % hz * NSEC_PER_SEC / hz;

	*(struct timespec *)result = (struct timespec){ (time_t)sec, (long)rest };
	return 0;
}

static long ordered_clock(uintptr_t id, uintptr_t result, uintptr_t unused)
{
	(void)id, (void)unused;
	return as_time(host_ordered_counter(), result);
}

static long bare_clock(uintptr_t id, uintptr_t result, uintptr_t unused)
{
	(void)id, (void)unused;
	return as_time(bare_counter(), result);
}

/* -------------------------------------------------------------------------
 * What is tested.
 */
static void test_order(uint32_t counter, const char *name, unsigned long reads)
{
	static const unsigned int rate[RATES] = { 1000, 10000, 100000 };

	if (!counter_works(counter)) {
		printf("%s: not run: this processor has no such counter\n", name);
		return;
	}
	for (int i = 0; i < RATES; i++) {
		struct setup with = { .reads = reads / RATES, .hz = rate[i] };

		check_about("%s, %u kHz", name, rate[i] / 1000);
		expect(!run_page(counter, &with).steps, "time ran backwards");
	}
}

/* Reads of the counter alone: false where the processors' counters are not in step. */
static bool counters_agree(unsigned long reads)
{
	const struct setup with = { .clock = ordered_clock, .reads = reads };

	check_about("ordered counter, no page");
	return !run(&with).steps;
}

/*
 * Whether a processor reads its counter ahead of an earlier load is its own
 * affair. If it does so when there is no page, it has to with one.
 */
static bool bare_counter_steps(unsigned long reads)
{
	const struct setup with = { .clock = bare_clock, .reads = reads, .steps = STEPS_ENOUGH };

	check_about("bare counter, no page");
	return run(&with).steps >= STEPS_ENOUGH;
}

static void test_unfenced(unsigned long reads)
{
	struct setup with = { .hz = 1000, .reads = reads, .steps = STEPS_ENOUGH };

	if (!bare_counter_steps(reads)) {
		printf("SKIP: unfenced: not shown on this processor: without a page its bare "
		       "counter does not step back either\n");
		return;
	}
	check_about("unfenced, 1 kHz");
	expect(run_page(VDSOGEN_COUNTER_UNFENCED, &with).steps,
	       "the bare counter steps back and this does not: the test does not bite");
}

/*
 * A publisher that loses its processor between reading the counter and
 * publishing. If the lines are open then, the old ones are followed past the
 * new anchor, and when the rate falls, time goes back by the delay times the
 * difference. Publishing itself takes time, which hides that much of it: the
 * delay grows until steps are seen.
 */
static void test_publisher(unsigned long reads)
{
	struct setup with = { .hz = DELAY_HZ, .reads = reads };
	unsigned long steps = 0;

	with.early = true;
	with.steps = STEPS_ENOUGH;
	for (with.delay = DELAY_MIN; ; with.delay *= DELAY_FACTOR) {
		check_about("counter read before closing, %u us", with.delay / NSEC_PER_USEC);
		steps = run_page(VDSOGEN_COUNTER_FENCED, &with).steps;
		if (steps >= STEPS_ENOUGH || with.delay >= DELAY_MAX)
			break;
	}
	expect(steps, "time did not run backwards: the test does not bite");
	with.early = false;
	with.steps = 0;
	check_about("counter read after closing, %u us", with.delay / NSEC_PER_USEC);
	expect(!run_page(VDSOGEN_COUNTER_FENCED, &with).steps, "time ran backwards");
}

int main(int argc, char **argv)
{
	unsigned long reads = READS;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && !strcmp(argv[1], "--reads"))
		reads = strtoul(argv[2], NULL, 10);
	else if (argc > 1)
		reads = 0;
	if (reads < READS_MIN) {
		fprintf(stderr, "usage: stress [--reads N], N %d or more\n", READS_MIN);
		return 2;
	}
	if (!choose_processors()) {
		printf("SKIP: only one processor to run on\n");
		return SKIPPED;
	}
	hz = host_counter_hz();
	if (!counters_agree(reads / RATES)) {
		printf("SKIP: the counters of the first and the last processor are not in step\n");
		return SKIPPED;
	}
	test_order(VDSOGEN_COUNTER_FENCED, "fenced", reads);
	test_order(VDSOGEN_COUNTER_SELF_FENCED, "self-fenced", reads);
	test_publisher(reads / RATES);
	test_unfenced(reads);
	return failed ? 1 : 0;
}

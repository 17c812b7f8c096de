/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readers beside a writer that changes every word of every line without pause.
 * The n-th line says n in its seconds, and its nanoseconds follow from n, so a
 * reading made of two lines shows.
 */
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "exec.h"
#include "host.h"

#define DURATION 400000000	/* ns */
#define READINGS_MIN 1000
#define NSEC_PER_USEC 1000
#define COARSE_LINE 3
#define FELL_BACK INT64_MIN	/* in the seconds */

static struct page page;
static bool stop;
static unsigned int first_line;	/* the coarse line alone, or all */

static bool stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

/* -------------------------------------------------------------------------
 * The n-th line. It runs so slowly that the counter at which it is read does
 * not matter: a nanosecond in 2^61 ticks and more, and half a one to spare.
 */
#define AGE_LOG2(n) ((n) & 1 ? 61 : 62)
#define OFFSET(n) ((n) * 40503 % 4096)		/* ns that the rate adds up to */

static uint64_t anchor_nsec(uint64_t n, unsigned int base)
{
	return (n * 2654435761u + base) % 999000000;
}

static int64_t nsec_of_line(uint64_t n, unsigned int base, bool coarse)
{
	return (int64_t)(anchor_nsec(n, base) + (coarse ? 0 : OFFSET(n)));
}

#define STORE(to, value) __atomic_store_n(&(to), (value), __ATOMIC_RELAXED)

static void save_line(unsigned int i)
{
	const struct vdsogen_line *line = &page.clock->line[i];
	struct vdsogen_line *saved = &page.clock->saved[i];

	STORE(saved->mult, line->mult);
	STORE(saved->last, line->last);
	STORE(saved->frac, line->frac);
	for (unsigned int j = 0; j < 2; j++) {
		STORE(saved->base[j].nsec, line->base[j].nsec);
		STORE(saved->base[j].sec, line->base[j].sec);
	}
}

static void write_line(unsigned int i, uint64_t n, uint64_t counter)
{
	struct vdsogen_line *line = &page.clock->line[i];
	const unsigned int age = AGE_LOG2(n);
	uint32_t seq = line->seq;

	if (page.image.config.options & VDSOGEN_LATCH && i != COARSE_LINE)
		save_line(i);
	__atomic_store_n(&line->seq, seq | 1, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	STORE(line->mult, OFFSET(n) << (64 - age));
	STORE(line->last, counter - ((uint64_t)1 << age));
	STORE(line->frac, (uint64_t)1 << 63);
	for (unsigned int j = 0; j < 2; j++) {
		STORE(line->base[j].nsec, anchor_nsec(n, j));
		STORE(line->base[j].sec, n);
	}
	/* 0 means "never written": skipped when the count comes round */
	__atomic_store_n(&line->seq, (seq | 1) == UINT32_MAX ? 2 : (seq | 1) + 1,
			 __ATOMIC_RELEASE);
}

static void *write_lines(void *counter)
{
	for (uint64_t n = 1; !stopped(); n++)
		for (unsigned int i = first_line; i < VDSOGEN_LINES; i++)
			write_line(i, n, *(uint64_t *)counter);
	return NULL;
}

/* -------------------------------------------------------------------------
 * Reading it.
 */
/* Too many tries: right, but nothing to check. */
static long answer(long number, uintptr_t a, uintptr_t b, uintptr_t c)
{
	(void)c;
	if (number == SYS_clock_gettime)
		((struct timespec *)b)->tv_sec = FELL_BACK;
	else
		((struct timeval *)a)->tv_sec = FELL_BACK;
	return 0;
}

static const struct { int id; unsigned int line, base; } readers[] = {
	{ VDSOGEN_REALTIME, 0, 0 }, { VDSOGEN_MONOTONIC, 0, 1 }, { VDSOGEN_BOOTTIME, 1, 0 },
	{ VDSOGEN_TAI, 1, 1 }, { VDSOGEN_MONOTONIC_RAW, 2, 0 },
	{ VDSOGEN_REALTIME_COARSE, COARSE_LINE, 0 }, { VDSOGEN_MONOTONIC_COARSE, COARSE_LINE, 1 },
};
#define READERS (sizeof readers / sizeof *readers)

static unsigned int read_all(void)
{
	unsigned int answered = 0;
	struct timeval day;

	for (size_t i = 0; i < READERS; i++) {
		struct timespec now;
		int64_t nsec;

		if (readers[i].line < first_line)
			continue;
		page_function(&page, VDSOGEN_CLOCK_GETTIME)((uintptr_t)readers[i].id,
							    (uintptr_t)&now, 0);
		if (now.tv_sec == FELL_BACK)
			continue;
		answered++;
		nsec = nsec_of_line((uint64_t)now.tv_sec, readers[i].base,
				    readers[i].line == COARSE_LINE);
		if (now.tv_nsec != nsec)
			CHECK(false, "clock %d, line %ld: %ld ns, not %ld", readers[i].id,
			      (long)now.tv_sec, now.tv_nsec, (long)nsec);
	}
	page_function(&page, VDSOGEN_GETTIMEOFDAY)((uintptr_t)&day, 0, 0);
	if (day.tv_sec != FELL_BACK &&
	    day.tv_usec != nsec_of_line((uint64_t)day.tv_sec, 0, false) / NSEC_PER_USEC)
		CHECK(false, "gettimeofday, line %ld: %ld us", (long)day.tv_sec,
		      (long)day.tv_usec);
	return answered;
}

static void run(uint32_t options, unsigned int first)
{
	const struct vdsogen_config config = { .options = options };
	uint64_t counter = host_counter(NULL), end = counter;
	unsigned long answered = 0;
	pthread_t writer;

	check_about("torn readings, options %#x, lines from %u", options, first);
	first_line = first;
	page_make(&page, &config, PAGE_COUNTS);
	page_start(&page);
	for (unsigned int i = 0; i < VDSOGEN_LINES; i++) {
		page.clock->line[i].mult_int = 0;
		write_line(i, 1, counter);
	}
	page.clock->max_age = UINT64_MAX;
	trap_answer_with(answer);
	stop = false;
	pthread_create(&writer, NULL, write_lines, &counter);
	end += page.source.hz / NSEC_PER_USEC * (DURATION / (NSEC_PER_SEC / NSEC_PER_USEC));
	while (host_counter(NULL) < end)
		answered += read_all();
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(writer, NULL);
	CHECK(answered >= READINGS_MIN, "only %lu readings", answered);
	trap_answer_with(ask);
	page_free(&page);
}

void exec_torn(void)
{
	run(0, 0);
	run(VDSOGEN_GUARD, 0);
	run(VDSOGEN_LATCH, 0);
	run(0, COARSE_LINE);	/* its readings are short */
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The floors of vdsogen bench: what an answer cannot be had without. The
 * result's place is the first argument or the second, as it is the function's.
 */
#include "bench.h"
#include "host.h"

/* Each in lines of its own, so that it can be flushed alone. */
#define FLOOR_ALIGN __attribute__((aligned(64)))

static void store_two(long place, uint64_t first, uint64_t second)
{
	volatile uint64_t *words = (volatile uint64_t *)place;

	words[0] = first;
	words[1] = second;
}

FLOOR_ALIGN static long counter_to_first(long a, long b, long c)
{
	uint64_t counter = host_ordered_counter();

	(void)c;
	store_two(a, counter, counter);
	return b;
}

FLOOR_ALIGN static long counter_to_second(long a, long b, long c)
{
	uint64_t counter = host_ordered_counter();

	(void)c;
	store_two(b, counter, counter);
	return a;
}

FLOOR_ALIGN static long call_to_first(long a, long b, long c)
{
	store_two(a, (uint64_t)b, (uint64_t)c);
	return b;
}

FLOOR_ALIGN static long call_to_second(long a, long b, long c)
{
	store_two(b, (uint64_t)a, (uint64_t)c);
	return a;
}

FLOOR_ALIGN static long call_alone(long a, long b, long c)
{
	(void)b;
	(void)c;
	return a;
}

/*
 * With cold data: an answer takes at least one line of it from memory, the
 * third argument's, and the counter is read after it has come.
 */
static uint64_t load(long line)
{
	return *(const volatile uint64_t *)line;
}

FLOOR_ALIGN static long line_and_counter_to_first(long a, long b, long c)
{
	uint64_t data = load(c);

	store_two(a, host_ordered_counter(), data);
	return b;
}

FLOOR_ALIGN static long line_and_counter_to_second(long a, long b, long c)
{
	uint64_t data = load(c);

	store_two(b, host_ordered_counter(), data);
	return a;
}

FLOOR_ALIGN static long line_to_second(long a, long b, long c)
{
	store_two(b, (uint64_t)a, load(c));
	return a;
}

FLOOR_ALIGN static long line_alone(long a, long b, long c)
{
	(void)a;
	(void)b;
	return (long)load(c);
}

static bool reads_counter(enum bench_kind kind)
{
	return kind == BENCH_CLOCK || kind == BENCH_TIMEOFDAY;
}

bench_fn *bench_floor(enum bench_kind kind, enum bench_place place)
{
	if (reads_counter(kind))
		return place == BENCH_FIRST ? counter_to_first : counter_to_second;
	return place == BENCH_FIRST ? call_to_first : place == BENCH_SECOND ? call_to_second : call_alone;
}

/* getcpu, the only other one with its result first, reads no data. */
bench_fn *bench_cold_floor(enum bench_kind kind, enum bench_place place)
{
	if (reads_counter(kind))
		return place == BENCH_FIRST ? line_and_counter_to_first : line_and_counter_to_second;
	return place == BENCH_FIRST ? call_to_first : place == BENCH_SECOND ? line_to_second : line_alone;
}

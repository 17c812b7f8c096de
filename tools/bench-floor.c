/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The floors of vdsogen bench: what an answer cannot be had without. The
 * result's place is the first argument or the second, as it is the function's.
 */
#include <string.h>

#include "bench.h"
#include "host.h"

/* Each in lines of its own, so that it can be flushed alone. Few use all of their arguments. */
#define UNUSED __attribute__((unused))
#define FLOOR(name)                                                                         \
	__attribute__((aligned(64))) static long name(long a UNUSED, long b UNUSED,         \
						      long c UNUSED, long d UNUSED, long e UNUSED)

static void store_two(long place, uint64_t first, uint64_t second)
{
	volatile uint64_t *words = (volatile uint64_t *)place;

	words[0] = first;
	words[1] = second;
}

FLOOR(counter_to_first)
{
	uint64_t counter = host_ordered_counter();

	store_two(a, counter, counter);
	return b;
}

FLOOR(counter_to_second)
{
	uint64_t counter = host_ordered_counter();

	store_two(b, counter, counter);
	return a;
}

FLOOR(call_to_first)
{
	store_two(a, (uint64_t)b, (uint64_t)c);
	return b;
}

FLOOR(call_to_second)
{
	store_two(b, (uint64_t)a, (uint64_t)c);
	return a;
}

FLOOR(call_alone)
{
	return a;
}

/* The third argument is where the names are. */
FLOOR(names_to_first)
{
	memcpy((void *)a, (const void *)c, sizeof(struct vdsogen_utsname));
	return b;
}

/*
 * With cold data: an answer takes at least one line of it from memory, the
 * third argument's, and the counter is read after it has come.
 */
static uint64_t load(long line)
{
	return *(const volatile uint64_t *)line;
}

FLOOR(line_and_counter_to_first)
{
	uint64_t data = load(c);

	store_two(a, host_ordered_counter(), data);
	return b;
}

FLOOR(line_and_counter_to_second)
{
	uint64_t data = load(c);

	store_two(b, host_ordered_counter(), data);
	return a;
}

FLOOR(line_to_second)
{
	store_two(b, (uint64_t)a, load(c));
	return a;
}

FLOOR(line_alone)
{
	return (long)load(c);
}

static bool reads_counter(enum bench_kind kind)
{
	return kind == BENCH_CLOCK || kind == BENCH_TIMEOFDAY;
}

/* How little work random bytes could be is not known. */
static bool has_floor(enum bench_kind kind)
{
	return kind != BENCH_RANDOM && kind != BENCH_OTHER_RANDOM;
}

bench_fn *bench_floor(enum bench_kind kind, enum bench_place place)
{
	if (!has_floor(kind))
		return NULL;
	if (reads_counter(kind))
		return place == BENCH_FIRST ? counter_to_first : counter_to_second;
	if (kind == BENCH_NAMES)
		return names_to_first;
	return place == BENCH_FIRST ? call_to_first : place == BENCH_SECOND ? call_to_second : call_alone;
}

/* getcpu, the only other one with its result first, reads no data. */
bench_fn *bench_cold_floor(enum bench_kind kind, enum bench_place place)
{
	if (!has_floor(kind))
		return NULL;
	if (reads_counter(kind))
		return place == BENCH_FIRST ? line_and_counter_to_first : line_and_counter_to_second;
	if (kind == BENCH_NAMES)
		return names_to_first;
	return place == BENCH_FIRST ? call_to_first : place == BENCH_SECOND ? line_to_second : line_alone;
}

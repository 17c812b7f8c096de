/* SPDX-License-Identifier: BSD-2-Clause */
/* Every function, clock id and NULL combination against the system call. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "exec.h"

#define TOLERANCE 1000000	/* ns between the page and the system */
#define USEC_PER_SEC 1000000
#define POISON 0xa5
#define CLOCK_ID_GARBAGE 0xdead00000000u /* clockid_t has 32 bits; the register has more */

#define COARSE (1u << VDSOGEN_REALTIME_COARSE | 1u << VDSOGEN_MONOTONIC_COARSE)

static int64_t nsec_of(const struct timespec *t)
{
	return (int64_t)t->tv_sec * NSEC_PER_SEC + t->tv_nsec;
}

static bool has(uint32_t clocks, int id)
{
	return id >= 0 && id < VDSOGEN_CLOCK_IDS && clocks >> id & 1;
}

static bool untouched(const void *memory, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (((const uint8_t *)memory)[i] != POISON)
			return false;
	return true;
}

/* UNSEEDED is right for a page that was not started. */
static void freshen(struct page *page)
{
	int error = page->still ? 0 : page_update(page);

	CHECK(!error || error == -VDSOGEN_ERR_UNSEEDED, "vdsogen_clock_update: %s",
	      vdsogen_strerror(error));
	trap.count = 0;
}

static void check_traps(const struct page *page, bool fast, const char *function, int id)
{
	if (page->counts)
		CHECK(trap.count == !fast, "%s(%d): %lu fallbacks, %d expected", function, id,
		      trap.count, !fast);
	trap.count = 0;
}

/* -------------------------------------------------------------------------
 * clock_gettime
 */
/* A served coarse clock stands where the last publication put it: after its floor. */
static int64_t not_before(const struct page *page, int id, bool fast, const struct timespec *asked)
{
	if (fast && has(COARSE, id))
		return nsec_of(&page->floor[id == VDSOGEN_MONOTONIC_COARSE]);
	return nsec_of(asked);
}

static int64_t not_after(int id, bool fast)
{
	struct timespec now = { 0 };

	if (fast && has(COARSE, id))
		id = id == VDSOGEN_REALTIME_COARSE ? CLOCK_REALTIME : CLOCK_MONOTONIC;
	ask(SYS_clock_gettime, (uintptr_t)id, (uintptr_t)&now, 0);
	return nsec_of(&now);
}

static void check_gettime(struct page *page, int id, bool fast)
{
	struct timespec asked = { 0 }, got;
	int64_t low, high;
	long want, value;

	memset(&got, POISON, sizeof got);
	freshen(page);
	want = ask(SYS_clock_gettime, (uintptr_t)id, (uintptr_t)&asked, 0);
	value = page_call(page, VDSOGEN_CLOCK_GETTIME, CLOCK_ID_GARBAGE | (uint32_t)id,
			  (uintptr_t)&got, 0);
	CHECK((int)value == want, "clock_gettime(%d) = %ld, the system call %ld", id, value, want);
	check_traps(page, fast, "clock_gettime", id);
	if (want) {
		CHECK(untouched(&got, sizeof got), "clock_gettime(%d) fails but writes", id);
		return;
	}
	high = not_after(id, fast) + TOLERANCE;
	low = not_before(page, id, fast, &asked) - TOLERANCE;
	CHECK(got.tv_nsec >= 0 && got.tv_nsec < NSEC_PER_SEC, "clock_gettime(%d): %ld ns", id,
	      got.tv_nsec);
	CHECK(low <= nsec_of(&got) && nsec_of(&got) <= high,
	      "clock_gettime(%d): %" PRId64 ", the system before it %" PRId64 ", after it %" PRId64,
	      id, nsec_of(&got), low, high);
}

/* The fallback gives the system's error; a served clock would fault (exec-faults.c). */
static void check_gettime_null(struct page *page, int id, bool fast)
{
	long want, value;

	if (fast)
		return;
	freshen(page);
	want = ask(SYS_clock_gettime, (uintptr_t)id, 0, 0);
	value = page_call(page, VDSOGEN_CLOCK_GETTIME, (uint32_t)id, 0, 0);
	CHECK((int)value == want, "clock_gettime(%d, NULL) = %ld, the system call %ld", id, value,
	      want);
	check_traps(page, fast, "clock_gettime", id);
}

/* -------------------------------------------------------------------------
 * clock_getres
 */
static void check_getres(struct page *page, int id, bool fast, bool null)
{
	struct timespec asked, got;
	long want, value;

	memset(&asked, POISON, sizeof asked);
	memset(&got, POISON, sizeof got);
	freshen(page);
	want = ask(SYS_clock_getres, (uintptr_t)id, null ? 0 : (uintptr_t)&asked, 0);
	value = page_call(page, VDSOGEN_CLOCK_GETRES, CLOCK_ID_GARBAGE | (uint32_t)id,
			  null ? 0 : (uintptr_t)&got, 0);
	check_traps(page, fast, "clock_getres", id);
	CHECK((int)value == want, "clock_getres(%d) = %ld, the system call %ld", id, value, want);
	CHECK(!memcmp(&asked, &got, sizeof got),
	      "clock_getres(%d): %ld.%09ld, the system call %ld.%09ld", id, (long)got.tv_sec,
	      got.tv_nsec, (long)asked.tv_sec, asked.tv_nsec);
}

/* -------------------------------------------------------------------------
 * gettimeofday and time
 */
static void check_gettimeofday(struct page *page, bool with_time, bool with_zone, bool fast)
{
	struct timeval before = { 0 }, after = { 0 }, got;
	int zone[2], want_zone[2] = { 0 };
	int64_t low, high, now;
	long value;

	memset(&got, POISON, sizeof got);
	memset(zone, POISON, sizeof zone);
	freshen(page);
	ask(SYS_gettimeofday, (uintptr_t)&before, (uintptr_t)want_zone, 0);
	value = page_call(page, VDSOGEN_GETTIMEOFDAY, with_time ? (uintptr_t)&got : 0,
			  with_zone ? (uintptr_t)zone : 0, 0);
	ask(SYS_gettimeofday, (uintptr_t)&after, 0, 0);
	check_traps(page, fast, "gettimeofday", with_time << 1 | with_zone);
	CHECK(value == 0, "gettimeofday(%d, %d) = %ld", with_time, with_zone, value);
	if (with_zone)
		CHECK(!memcmp(zone, want_zone, sizeof zone), "gettimeofday: zone %d %d, not %d %d",
		      zone[0], zone[1], want_zone[0], want_zone[1]);
	if (!with_time)
		return;
	low = (int64_t)before.tv_sec * USEC_PER_SEC + before.tv_usec - TOLERANCE / 1000;
	high = (int64_t)after.tv_sec * USEC_PER_SEC + after.tv_usec + TOLERANCE / 1000;
	now = (int64_t)got.tv_sec * USEC_PER_SEC + got.tv_usec;
	CHECK(got.tv_usec >= 0 && got.tv_usec < USEC_PER_SEC, "gettimeofday: %ld us",
	      (long)got.tv_usec);
	CHECK(low <= now && now <= high, "gettimeofday: %" PRId64 " not in %" PRId64 "..%" PRId64,
	      now, low, high);
}

static void check_time(struct page *page, bool with_pointer, bool fast)
{
	struct timespec coarse = { 0 };
	int64_t seconds = 0;
	long value, low, high;

	freshen(page);
	ask(SYS_clock_gettime, CLOCK_REALTIME_COARSE, (uintptr_t)&coarse, 0);
	value = page_call(page, VDSOGEN_TIME, with_pointer ? (uintptr_t)&seconds : 0, 0, 0);
	check_traps(page, fast, "time", with_pointer);
	low = fast ? page->floor[0].tv_sec : coarse.tv_sec;
	high = (long)((not_after(CLOCK_REALTIME, false) + TOLERANCE) / NSEC_PER_SEC);
	CHECK(low <= value && value <= high, "time() = %ld, not in %ld..%ld", value, low, high);
	if (with_pointer)
		CHECK(seconds == value, "time() = %ld, but stores %" PRId64, value, seconds);
}

/* -------------------------------------------------------------------------
 * getcpu
 */
static void check_getcpu(struct page *page, bool with_cpu, bool with_node, bool fast)
{
	const unsigned int poison = POISON * 0x01010101u;
	unsigned int cpu = poison, node = poison, want_cpu = 0, want_node = 0;
	long value, want;

	want = ask(SYS_getcpu, (uintptr_t)&want_cpu, (uintptr_t)&want_node, 0);
	if (page->image.config.getcpu == VDSOGEN_GETCPU_ZERO ||
	    page->image.config.getcpu == VDSOGEN_GETCPU_TPIDRRO)
		want_cpu = want_node = 0;
	freshen(page);
	/* the third argument is not used since Linux 2.6.24, whatever it points to */
	value = page_call(page, VDSOGEN_GETCPU, with_cpu ? (uintptr_t)&cpu : 0,
			  with_node ? (uintptr_t)&node : 0, 1);
	check_traps(page, fast, "getcpu", with_cpu << 1 | with_node);
	CHECK((int)value == want, "getcpu = %ld, the system call %ld", value, want);
	CHECK(cpu == (with_cpu ? want_cpu : poison), "getcpu: cpu %u, not %u", cpu, want_cpu);
	CHECK(node == (with_node ? want_node : poison), "getcpu: node %u, not %u", node, want_node);
}

/* -------------------------------------------------------------------------
 * All of them
 */
struct expect expect_all(const struct page *page)
{
	const struct vdsogen_config *config = &page->image.config;
	bool real = config->clocks >> VDSOGEN_REALTIME & 1;

	return (struct expect){
		.clocks = config->clocks, .res = config->clocks,
		.gettimeofday = real, .zone = real, .time = real,
		.getcpu = config->getcpu != VDSOGEN_GETCPU_FALLBACK,
	};
}

static void check_clock_id(struct page *page, const struct expect *expect, int id)
{
	uint32_t functions = page->image.config.functions;

	if (functions >> VDSOGEN_CLOCK_GETTIME & 1) {
		check_gettime(page, id, has(expect->clocks, id));
		check_gettime_null(page, id, has(expect->clocks, id));
	}
	if (functions >> VDSOGEN_CLOCK_GETRES & 1) {
		check_getres(page, id, has(expect->res, id), false);
		check_getres(page, id, has(expect->res, id), true);
	}
}

void check_calls(struct page *page, const struct expect *expect)
{
	static const int odd_ids[] = { INT_MIN, INT_MIN + 1, -1024, 31, 32, 33, 64, 256, 65536,
				       INT_MAX - 1, INT_MAX };
	uint32_t functions = page->image.config.functions;

	for (int id = -8; id <= 16; id++)
		check_clock_id(page, expect, id);
	for (size_t i = 0; i < sizeof odd_ids / sizeof *odd_ids; i++)
		check_clock_id(page, expect, odd_ids[i]);
	for (unsigned int i = 0; i < 4; i++) {
		bool first = i >> 1 & 1, second = i & 1;

		if (functions >> VDSOGEN_GETTIMEOFDAY & 1)
			check_gettimeofday(page, first, second,
					   first ? expect->gettimeofday : expect->zone);
		if (functions >> VDSOGEN_GETCPU & 1)
			check_getcpu(page, first, second, expect->getcpu);
	}
	if (functions >> VDSOGEN_TIME & 1) {
		check_time(page, false, expect->time);
		check_time(page, true, expect->time);
	}
}

/* -------------------------------------------------------------------------
 * The configurations. Each page once as it is, once with its fallbacks counted.
 */
static void check_config(const struct vdsogen_config *config)
{
	for (int counts = PAGE_ASKS; counts <= PAGE_COUNTS; counts++) {
		struct page page;
		struct expect expect;

		check_about("functions %#x clocks %#x counter %u getcpu %u options %#x %s",
			    config->functions, config->clocks, config->counter, config->getcpu,
			    config->options, counts ? "counted" : "asked");
		page_make(&page, config, (enum page_traps)counts);
		page_start(&page);
		expect = expect_all(&page);
		check_calls(&page, &expect);
		page_free(&page);
	}
}

/* getcpu is compared on one processor, so that the thread cannot move in between. */
static void stay_on_this_cpu(cpu_set_t *before)
{
	cpu_set_t one;
	int cpu = sched_getcpu();

	sched_getaffinity(0, sizeof *before, before);
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	CHECK(!sched_setaffinity(0, sizeof one, &one), "cannot stay on processor %d", cpu);
}

void exec_calls(void)
{
	static const uint32_t options[] = { 0, VDSOGEN_GUARD };
	cpu_set_t before;

	stay_on_this_cpu(&before);
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		for (uint32_t counter = 0; counter < VDSOGEN_COUNTERS; counter++)
			if (counter_works(counter))
				check_config(&(struct vdsogen_config){
					.counter = counter, .options = options[i] });
		for (uint32_t getcpu = 0; getcpu < VDSOGEN_GETCPUS; getcpu++)
			if (getcpu_works(getcpu))
				check_config(&(struct vdsogen_config){
					.getcpu = getcpu, .options = options[i] });
	}
	for (unsigned int id = 0; id < VDSOGEN_CLOCK_IDS; id++)
		if (has(ALL_CLOCKS, (int)id))
			check_config(&(struct vdsogen_config){ .clocks = 1u << id });
	for (unsigned int function = 0; function < VDSOGEN_RT_SIGRETURN; function++)
		check_config(&(struct vdsogen_config){ .functions = 1u << function });
	sched_setaffinity(0, sizeof before, &before);
}

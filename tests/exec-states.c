/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fast path answers depends on the block's state: each reason for a
 * fallback is brought about, and the answers are right nevertheless.
 */
#include <string.h>

#include "exec.h"
#include "host.h"

/* Sequence counts. */
#define NEVER_WRITTEN 0
#define AT_WORK 3

#define SOME_BIT 0x80000000u

/* Which line a clock is in: struct vdsogen_clock's comment. */
static const uint32_t line_clocks[VDSOGEN_LINES] = {
	1u << VDSOGEN_REALTIME | 1u << VDSOGEN_MONOTONIC,
	1u << VDSOGEN_BOOTTIME | 1u << VDSOGEN_TAI,
	1u << VDSOGEN_MONOTONIC_RAW,
	1u << VDSOGEN_REALTIME_COARSE | 1u << VDSOGEN_MONOTONIC_COARSE,
};
#define COARSE_LINE 3

static const struct expect nothing;

/* Never started, started, reset, started again. */
static void check_seeding(const struct vdsogen_config *config, enum page_traps traps)
{
	struct page page;
	struct expect all;

	page_make(&page, config, traps);
	all = expect_all(&page);
	for (int round = 0; round < 2; round++) {
		struct expect unseeded = { .getcpu = all.getcpu };

		check_about("options %#x, unseeded, round %d", config->options, round);
		check_calls(&page, &unseeded);
		page_start(&page);
		check_about("options %#x, started, round %d", config->options, round);
		check_calls(&page, &all);
		vdsogen_clock_reset(page.clock);
	}
	page_free(&page);
}

/* The attention word: everything comes to the host, if the image was built to heed it. */
static void check_attention(uint32_t options)
{
	const struct vdsogen_config config = { .options = options, .getcpu = VDSOGEN_GETCPU_ZERO };
	struct expect all, now;
	struct page page;

	page_make(&page, &config, PAGE_COUNTS);
	page_start(&page);
	all = expect_all(&page);
	now = options & VDSOGEN_GUARD ? nothing : all;
	check_about("options %#x, attention", options);
	vdsogen_clock_attention(page.clock, SOME_BIT, 0);
	/* getcpu's other answer is the system's */
	page.image.config.getcpu = now.getcpu ? config.getcpu : VDSOGEN_GETCPU_FALLBACK;
	check_calls(&page, &now);
	check_about("options %#x, attention cleared", options);
	vdsogen_clock_attention(page.clock, 0, SOME_BIT);
	page.image.config.getcpu = config.getcpu;
	check_calls(&page, &all);
	page_free(&page);
}

/* QEMU's counter stands still for a microsecond at a time. */
static void wait_for_counter(const struct page *page)
{
	uint64_t enough = host_counter(NULL) + page->source.hz / 100000;

	while (host_counter(NULL) < enough)
		;
}

/* One nanosecond of age is always over. The coarse clocks have no age. */
static void check_age(uint32_t options)
{
	const struct vdsogen_config config = { .options = options };
	struct expect expect;
	struct page page;

	check_about("options %#x, age limit of 1 ns", options);
	page_make(&page, &config, PAGE_COUNTS);
	page.source.max_age = 1;
	page_start(&page);
	page.still = true;
	wait_for_counter(&page);
	expect = expect_all(&page);
	if (options) {		/* all that is tried here have a limit */
		expect.clocks = line_clocks[COARSE_LINE];
		expect.gettimeofday = false;
	}
	check_calls(&page, &expect);
	page_free(&page);
}

/* The limit itself is young enough: `last` lies ahead, so the age is 0. */
static void check_age_limit(void)
{
	const struct vdsogen_config config = { .options = VDSOGEN_GUARD };
	struct timespec now;
	struct page page;
	uint64_t ahead;

	check_about("age limit of 0 ticks");
	page_make(&page, &config, PAGE_COUNTS);
	page_start(&page);
	ahead = host_counter(NULL) + 3600 * page.source.hz;
	page.clock->max_age = 0;
	page.clock->line[0].last = ahead;
	trap.count = 0;
	page_call(&page, VDSOGEN_CLOCK_GETTIME, VDSOGEN_MONOTONIC, (uintptr_t)&now, 0);
	CHECK(trap.count == 0, "an age of 0 is over the limit of 0");
	page.clock->line[0].last = ahead - 7200 * page.source.hz;
	page_call(&page, VDSOGEN_CLOCK_GETTIME, VDSOGEN_MONOTONIC, (uintptr_t)&now, 0);
	CHECK(trap.count == 1, "an age of an hour is not over the limit of 0");
	page_free(&page);
}

/* A publisher that died at work, or a line never written: only its own clocks wait. */
static void check_line_closed(unsigned int line, uint32_t seq)
{
	struct expect expect;
	struct page page;

	check_about("line %u, sequence count %u", line, seq);
	page_make(&page, NULL, PAGE_COUNTS);
	page_start(&page);
	page.clock->line[line].seq = seq;
	page.still = true;
	expect = expect_all(&page);
	expect.clocks &= ~line_clocks[line];
	if (line == 0) {
		expect.gettimeofday = false;
		expect.zone = seq != NEVER_WRITTEN;
	}
	check_calls(&page, &expect);
	page_free(&page);
}

/* A latch's readers do not wait: at an odd count they read the copy, which is whole. */
static void check_latch_at_work(uint32_t options)
{
	const struct vdsogen_config config = { .options = VDSOGEN_LATCH | options };
	struct expect all;
	struct page page;

	check_about("latch, options %#x, at work", options);
	page_make(&page, &config, PAGE_COUNTS);
	page_start(&page);
	all = expect_all(&page);
	page.still = true;
	memcpy(page.clock->saved, page.clock->line, sizeof page.clock->saved);
	for (unsigned int i = 0; i < COARSE_LINE; i++)
		page.clock->saved[i].seq = NEVER_WRITTEN;	/* the count is the line's */
	for (unsigned int i = 0; i < VDSOGEN_LINES; i++) {
		uint64_t second = page.clock->line[i].base[0].sec;

		memset(&page.clock->line[i], 0xff, sizeof page.clock->line[i]);
		page.clock->line[i].seq = AT_WORK;
		page.clock->line[i].base[0].sec = second;	/* time() has no count */
		check_calls(&page, &all);
	}
	for (unsigned int i = 0; i < VDSOGEN_LINES; i++)
		page.clock->line[i].seq = NEVER_WRITTEN;
	check_calls(&page, &(struct expect){ .res = all.res, .time = all.time,
					     .getcpu = all.getcpu });
	page_free(&page);
}

/* No counter has been read: someone wants the guest, or the clock is not served. */
static void check_counter_not_read(uint32_t clocks)
{
	const struct vdsogen_config config = { .options = VDSOGEN_GUARD, .clocks = clocks };
	struct timespec now;
	struct page page;

	check_about("counter register, clocks %#x", clocks);
	page_make(&page, &config, PAGE_COUNTS);
	page_start(&page);
	if (!clocks)
		vdsogen_clock_attention(page.clock, SOME_BIT, 0);
	trap.count = 0;
	page_call(&page, VDSOGEN_CLOCK_GETTIME, VDSOGEN_REALTIME, (uintptr_t)&now, 0);
	CHECK(!trap.counter, "clock_gettime: %llx", (unsigned long long)trap.counter);
	page_call(&page, VDSOGEN_GETTIMEOFDAY, (uintptr_t)&now, 0, 0);
	CHECK(!trap.counter, "gettimeofday: %llx", (unsigned long long)trap.counter);
	CHECK(trap.count == 2, "%lu fallbacks of 2", trap.count);
	page_free(&page);
}

/* At a trap the image's counter register holds the counter that was read, or 0. */
static void check_counter_register(void)
{
	const struct vdsogen_config config = { .options = VDSOGEN_GUARD };
	static const unsigned int functions[] = { VDSOGEN_CLOCK_GETTIME, VDSOGEN_GETTIMEOFDAY };
	struct page page;

	check_about("counter register");
	page_make(&page, &config, PAGE_COUNTS);
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
		uint64_t before, after;
		struct timespec now;
		uintptr_t args[2] = { VDSOGEN_MONOTONIC, (uintptr_t)&now };

		if (functions[i] == VDSOGEN_GETTIMEOFDAY) {
			args[0] = (uintptr_t)&now;
			args[1] = 0;
		}
		vdsogen_clock_reset(page.clock);
		trap.counter = 1;
		page_call(&page, functions[i], args[0], args[1], 0);
		CHECK(trap.counter == 0, "%s: %llx without a reading",
		      vdsogen_function_name(functions[i]), (unsigned long long)trap.counter);
		page.source.max_age = 1;
		page_start(&page);
		wait_for_counter(&page);
		before = host_counter(NULL);
		page_call(&page, functions[i], args[0], args[1], 0);
		after = host_counter(NULL);
		CHECK(before <= trap.counter && trap.counter <= after,
		      "%s: %llx, not the counter that was read",
		      vdsogen_function_name(functions[i]), (unsigned long long)trap.counter);
	}
	page_free(&page);
}

void exec_states(void)
{
	static const uint32_t options[] = { 0, VDSOGEN_GUARD, VDSOGEN_LATCH };

	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		const struct vdsogen_config config = { .options = options[i] };

		check_seeding(&config, PAGE_ASKS);
		check_seeding(&config, PAGE_COUNTS);
		check_attention(options[i]);
		check_age(options[i]);
	}
	check_age_limit();
	for (unsigned int line = 0; line < VDSOGEN_LINES; line++) {
		check_line_closed(line, NEVER_WRITTEN);
		check_line_closed(line, AT_WORK);
	}
	check_latch_at_work(0);
	check_latch_at_work(VDSOGEN_GUARD);
	check_counter_register();
	check_counter_not_read(0);
	check_counter_not_read(1u << VDSOGEN_MONOTONIC);
}

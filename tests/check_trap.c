/* SPDX-License-Identifier: BSD-2-Clause */
/* What a host makes of a trap: whose fallback it is, and whether its counter may be believed. */
#include <check.h>
#include <stdbool.h>
#include <string.h>

#include "suites.h"
#include "vdsogen.h"

#define ROOM (8 * VDSOGEN_PAGE)
#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ALL (-1)	/* of the architectures: `arch` in the tables below */
#define X86_64 62
#define AARCH64 183

static _Alignas(VDSOGEN_PAGE) unsigned char buffer[ROOM];

static struct vdsogen_image build(int arch, const struct vdsogen_config *config)
{
	size_t size = sizeof buffer;
	struct vdsogen_image image;

	ck_assert_int_eq(vdsogen_build(vdsogen_arch_at((unsigned int)arch), config, buffer, &size), 0);
	ck_assert_int_eq(vdsogen_open(buffer, size, &image), 0);
	return image;
}

/* -------------------------------------------------------------------------
 * Every form of the fallback, with what it is told at most and at least.
 */
#define THREAD_MAX_A64 (((1 << 12) - 1) * 8)	/* ldr's offset: 12 bits of 8 bytes each */

static const struct form {
	int machine;
	uint32_t fallback;
	uint64_t at;
	bool good;
} forms[] = {
	{ ALL, VDSOGEN_FALLBACK_SYSCALL, 0, true },
	{ ALL, VDSOGEN_FALLBACK_SYSCALL, 1, false },
	{ ALL, VDSOGEN_FALLBACK_SYSCALL, UINT64_MAX, false },
	{ ALL, VDSOGEN_FALLBACK_JUMP, 0, false },
	{ ALL, VDSOGEN_FALLBACK_JUMP, 1, true },
	{ ALL, VDSOGEN_FALLBACK_JUMP, 0x10000, true },
	{ ALL, VDSOGEN_FALLBACK_JUMP, UINT32_MAX, true },
	{ ALL, VDSOGEN_FALLBACK_JUMP, 1ull << 32, true },
	{ ALL, VDSOGEN_FALLBACK_JUMP, 0x123456789abcdef0, true },
	{ ALL, VDSOGEN_FALLBACK_JUMP, UINT64_MAX, true },
	{ ALL, VDSOGEN_FALLBACKS, 0, false },
	{ ALL, 32, 0, false },
	{ ALL, UINT32_MAX, 0, false },

	{ X86_64, VDSOGEN_FALLBACK_HVC, 0, false },
	{ X86_64, VDSOGEN_FALLBACK_OUT, 0, true },
	{ X86_64, VDSOGEN_FALLBACK_OUT, UINT16_MAX, true },
	{ X86_64, VDSOGEN_FALLBACK_OUT, UINT16_MAX + 1, false },
	{ X86_64, VDSOGEN_FALLBACK_OUT, 1ull << 32, false },
	{ X86_64, VDSOGEN_FALLBACK_OUT, UINT64_MAX, false },
	{ X86_64, VDSOGEN_FALLBACK_VMCALL, 0, true },
	{ X86_64, VDSOGEN_FALLBACK_VMCALL, 1, false },
	{ X86_64, VDSOGEN_FALLBACK_VMMCALL, 0, true },
	{ X86_64, VDSOGEN_FALLBACK_VMMCALL, 1ull << 32, false },
	{ X86_64, VDSOGEN_FALLBACK_THREAD, 0, true },
	{ X86_64, VDSOGEN_FALLBACK_THREAD, 1, true },
	{ X86_64, VDSOGEN_FALLBACK_THREAD, INT32_MAX, true },
	{ X86_64, VDSOGEN_FALLBACK_THREAD, 1ull << 31, false },
	{ X86_64, VDSOGEN_FALLBACK_THREAD, UINT32_MAX, false },
	{ X86_64, VDSOGEN_FALLBACK_THREAD, (uint64_t)-8, true },
	{ X86_64, VDSOGEN_FALLBACK_THREAD, (uint64_t)INT32_MIN, true },
	{ X86_64, VDSOGEN_FALLBACK_THREAD, (uint64_t)INT32_MIN - 1, false },
	{ X86_64, VDSOGEN_FALLBACK_THREAD, INT64_MAX, false },

	{ AARCH64, VDSOGEN_FALLBACK_OUT, 0, false },
	{ AARCH64, VDSOGEN_FALLBACK_VMCALL, 0, false },
	{ AARCH64, VDSOGEN_FALLBACK_VMMCALL, 0, false },
	{ AARCH64, VDSOGEN_FALLBACK_HVC, 0, true },
	{ AARCH64, VDSOGEN_FALLBACK_HVC, 1, true },
	{ AARCH64, VDSOGEN_FALLBACK_HVC, UINT16_MAX, true },
	{ AARCH64, VDSOGEN_FALLBACK_HVC, UINT16_MAX + 1, false },
	{ AARCH64, VDSOGEN_FALLBACK_HVC, 1ull << 32, false },
	{ AARCH64, VDSOGEN_FALLBACK_THREAD, 0, true },
	{ AARCH64, VDSOGEN_FALLBACK_THREAD, 8, true },
	{ AARCH64, VDSOGEN_FALLBACK_THREAD, 4, false },
	{ AARCH64, VDSOGEN_FALLBACK_THREAD, THREAD_MAX_A64 - 1, false },
	{ AARCH64, VDSOGEN_FALLBACK_THREAD, THREAD_MAX_A64, true },
	{ AARCH64, VDSOGEN_FALLBACK_THREAD, THREAD_MAX_A64 + 8, false },
	{ AARCH64, VDSOGEN_FALLBACK_THREAD, (uint64_t)-8, false },
	{ AARCH64, VDSOGEN_FALLBACK_THREAD, 1ull << 32, false },
};

static int machine_of(int arch)
{
	return build(arch, NULL).machine;
}

static bool is_of(const struct form *form, int arch)
{
	return form->machine == ALL || form->machine == machine_of(arch);
}

START_TEST(trap_values_that_fit_and_that_do_not)
{
	for (size_t i = 0; i < COUNT(forms); i++) {
		const struct vdsogen_config config = { .fallback = forms[i].fallback,
						       .fallback_at = forms[i].at };
		struct vdsogen_image image;
		size_t size = 1;
		int error;

		if (!is_of(&forms[i], _i))
			continue;
		error = vdsogen_build(vdsogen_arch_at((unsigned int)_i), &config, NULL, &size);
		ck_assert_msg(error == (forms[i].good ? 0 : -VDSOGEN_ERR_OPTION),
			      "fallback %u at %#llx: %s", forms[i].fallback,
			      (unsigned long long)forms[i].at, vdsogen_strerror(error));
		ck_assert_int_eq(size == 1, !forms[i].good);
		if (error)
			continue;
		image = build(_i, &config);
		ck_assert_uint_eq(image.config.fallback, forms[i].fallback);
		ck_assert_uint_eq(image.config.fallback_at, forms[i].at);
	}
}
END_TEST

/* -------------------------------------------------------------------------
 * Whose fallback is it?
 */
/* VDSOGEN_FUNCTIONS: nobody's. */
static unsigned int at(const struct vdsogen_image *image, uint64_t pc)
{
	unsigned int function = VDSOGEN_FUNCTIONS;
	int error = vdsogen_fallback_at(image, pc, &function);

	ck_assert_int_eq(error, function == VDSOGEN_FUNCTIONS ? -VDSOGEN_ERR_NOSYMBOL : 0);
	return function;
}

static bool jumps(const struct vdsogen_image *image)
{
	return image->config.fallback == VDSOGEN_FALLBACK_JUMP ||
	       image->config.fallback == VDSOGEN_FALLBACK_THREAD;
}

/* By the description alone: the trap, and what follows it if that comes back. */
static unsigned int described(const struct vdsogen_image *image, uint64_t pc)
{
	unsigned int found = VDSOGEN_FUNCTIONS;

	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		const struct vdsogen_entry *e = &image->function[f];

		if (!(image->config.functions >> f & 1) ||
		    (pc != e->trap && (pc != e->resume || jumps(image))))
			continue;
		ck_assert_msg(found == VDSOGEN_FUNCTIONS, "%s and %s trap at one place",
			      vdsogen_function_name(found), vdsogen_function_name(f));
		found = f;
	}
	return found;
}

/* Every offset, not only those where something is. */
static void check_places(const struct vdsogen_image *image)
{
	for (uint64_t pc = 0; pc <= image->size + 1; pc++)
		ck_assert_uint_eq(at(image, pc), described(image, pc));
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		const struct vdsogen_entry *e = &image->function[f];

		ck_assert_int_eq(!!e->at, image->config.functions >> f & 1);
		if (!e->at)
			continue;
		ck_assert_uint_eq(at(image, e->trap), f);
		ck_assert_uint_eq(at(image, e->resume), jumps(image) ? VDSOGEN_FUNCTIONS : f);
		ck_assert_uint_eq(at(image, e->trap + (1ull << 32)), VDSOGEN_FUNCTIONS);
		ck_assert_uint_eq(at(image, e->resume | 1ull << 63), VDSOGEN_FUNCTIONS);
	}
	ck_assert_uint_eq(at(image, UINT64_MAX), VDSOGEN_FUNCTIONS);
}

START_TEST(trap_every_form_of_image_tells_its_traps)
{
	static const struct vdsogen_config images[] = {
		{ .landing_pads = VDSOGEN_LANDING_PADS_OFF },
		{ .landing_pads = VDSOGEN_LANDING_PADS_ON, .options = VDSOGEN_GUARD | VDSOGEN_SLOTS },
		{ .data = VDSOGEN_DATA_BEFORE, .process = VDSOGEN_DATA_AFTER,
		  .options = VDSOGEN_OMIT_SECTIONS | VDSOGEN_OMIT_UNWIND },
		{ .options = VDSOGEN_LATCH, .clocks = 1u << VDSOGEN_MONOTONIC },
	};

	for (size_t i = 0; i < COUNT(forms); i++)
		for (size_t j = 0; j < COUNT(images) && forms[i].good && is_of(&forms[i], _i); j++) {
			struct vdsogen_config config = images[j];
			struct vdsogen_image image;

			config.functions = vdsogen_arch_functions(vdsogen_arch_at((unsigned int)_i));
			config.fallback = forms[i].fallback;
			config.fallback_at = forms[i].at;
			image = build(_i, &config);
			check_places(&image);
		}
}
END_TEST

/* An absent function traps nowhere: not at offset 0 either, which its entry says. */
START_TEST(trap_absent_functions_have_none)
{
	uint32_t functions = vdsogen_arch_functions(vdsogen_arch_at((unsigned int)_i));

	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++)
		if (functions >> f & 1) {
			const struct vdsogen_config config = { .functions = 1u << f };
			struct vdsogen_image image = build(_i, &config);

			check_places(&image);
		}
}
END_TEST

/* -------------------------------------------------------------------------
 * May its counter anchor a clock?
 */
#define NOW 1000000
#define WINDOW 1000

static const struct question {
	const char *what;
	unsigned int function;
	int32_t clock_id;
	uint64_t counter, now, window;
	bool trusted;
} questions[] = {
	{ "realtime", VDSOGEN_CLOCK_GETTIME, VDSOGEN_REALTIME, NOW - 1, NOW, WINDOW, true },
	{ "monotonic", VDSOGEN_CLOCK_GETTIME, VDSOGEN_MONOTONIC, NOW - 1, NOW, WINDOW, true },
	{ "raw", VDSOGEN_CLOCK_GETTIME, VDSOGEN_MONOTONIC_RAW, NOW - 1, NOW, WINDOW, true },
	{ "boottime", VDSOGEN_CLOCK_GETTIME, VDSOGEN_BOOTTIME, NOW - 1, NOW, WINDOW, true },
	{ "TAI", VDSOGEN_CLOCK_GETTIME, VDSOGEN_TAI, NOW - 1, NOW, WINDOW, true },
	{ "gettimeofday", VDSOGEN_GETTIMEOFDAY, 0, NOW - 1, NOW, WINDOW, true },
	{ "gettimeofday has no clock id", VDSOGEN_GETTIMEOFDAY, -6, NOW - 1, NOW, WINDOW, true },

	{ "realtime coarse", VDSOGEN_CLOCK_GETTIME, VDSOGEN_REALTIME_COARSE, NOW - 1, NOW, WINDOW,
	  false },
	{ "monotonic coarse", VDSOGEN_CLOCK_GETTIME, VDSOGEN_MONOTONIC_COARSE, NOW - 1, NOW,
	  WINDOW, false },
	{ "process CPU", VDSOGEN_CLOCK_GETTIME, 2, NOW - 1, NOW, WINDOW, false },
	{ "thread CPU", VDSOGEN_CLOCK_GETTIME, 3, NOW - 1, NOW, WINDOW, false },
	{ "another process's CPU", VDSOGEN_CLOCK_GETTIME, -6, NOW - 1, NOW, WINDOW, false },
	{ "realtime alarm", VDSOGEN_CLOCK_GETTIME, 8, NOW - 1, NOW, WINDOW, false },
	{ "past the last clock", VDSOGEN_CLOCK_GETTIME, VDSOGEN_CLOCK_IDS, NOW - 1, NOW, WINDOW,
	  false },
	{ "a shift by 32 is one by 0", VDSOGEN_CLOCK_GETTIME, 32, NOW - 1, NOW, WINDOW, false },
	{ "INT32_MIN", VDSOGEN_CLOCK_GETTIME, INT32_MIN, NOW - 1, NOW, WINDOW, false },
	{ "INT32_MAX", VDSOGEN_CLOCK_GETTIME, INT32_MAX, NOW - 1, NOW, WINDOW, false },
	{ "clock_getres", VDSOGEN_CLOCK_GETRES, VDSOGEN_REALTIME, NOW - 1, NOW, WINDOW, false },
	{ "time", VDSOGEN_TIME, VDSOGEN_REALTIME, NOW - 1, NOW, WINDOW, false },
	{ "getcpu", VDSOGEN_GETCPU, VDSOGEN_REALTIME, NOW - 1, NOW, WINDOW, false },
	{ "getpid", VDSOGEN_GETPID, VDSOGEN_REALTIME, NOW - 1, NOW, WINDOW, false },
	{ "uname", VDSOGEN_UNAME, VDSOGEN_REALTIME, NOW - 1, NOW, WINDOW, false },

	{ "none was read", VDSOGEN_CLOCK_GETTIME, 0, 0, NOW, WINDOW, false },
	{ "none was read, of any age", VDSOGEN_CLOCK_GETTIME, 0, 0, NOW, UINT64_MAX, false },
	{ "none was read, at the start", VDSOGEN_CLOCK_GETTIME, 0, 0, 0, WINDOW, false },
	{ "just now", VDSOGEN_CLOCK_GETTIME, 0, NOW, NOW, WINDOW, true },
	{ "just now, without a window", VDSOGEN_CLOCK_GETTIME, 0, NOW, NOW, 0, true },
	{ "one tick early", VDSOGEN_CLOCK_GETTIME, 0, NOW + 1, NOW, WINDOW, false },
	{ "one tick early, of any age", VDSOGEN_CLOCK_GETTIME, 0, NOW + 1, NOW, UINT64_MAX, false },
	{ "the window's edge", VDSOGEN_CLOCK_GETTIME, 0, NOW - WINDOW, NOW, WINDOW, true },
	{ "past the window's edge", VDSOGEN_CLOCK_GETTIME, 0, NOW - WINDOW - 1, NOW, WINDOW,
	  false },
	{ "past no window", VDSOGEN_CLOCK_GETTIME, 0, NOW - 1, NOW, 0, false },
	{ "the first tick", VDSOGEN_CLOCK_GETTIME, 0, 1, 1, WINDOW, true },
	{ "a window that goes below 0", VDSOGEN_CLOCK_GETTIME, 0, 1, 2, WINDOW, true },
	{ "before 0", VDSOGEN_CLOCK_GETTIME, 0, UINT64_MAX, 1, WINDOW, false },
	{ "before 0, of any age", VDSOGEN_CLOCK_GETTIME, 0, UINT64_MAX, 1, UINT64_MAX, false },
	{ "the last tick", VDSOGEN_CLOCK_GETTIME, 0, UINT64_MAX, UINT64_MAX, 0, true },
	{ "near the last tick", VDSOGEN_CLOCK_GETTIME, 0, UINT64_MAX - WINDOW, UINT64_MAX, WINDOW,
	  true },
	{ "nearly near it", VDSOGEN_CLOCK_GETTIME, 0, UINT64_MAX - WINDOW - 1, UINT64_MAX, WINDOW,
	  false },
	{ "of any age", VDSOGEN_CLOCK_GETTIME, 0, 1, UINT64_MAX, UINT64_MAX, true },
	{ "just too old", VDSOGEN_CLOCK_GETTIME, 0, 1, UINT64_MAX, UINT64_MAX - 2, false },
	{ "half way round", VDSOGEN_CLOCK_GETTIME, 0, 1ull << 63, (1ull << 63) - 1, WINDOW, false },
};

static int ask(const struct vdsogen_image *image, const struct question *q, uint64_t pc)
{
	const struct vdsogen_trap trap = { .pc = pc, .clock_id = q->clock_id,
					   .counter = q->counter, .now = q->now,
					   .window = q->window };

	return vdsogen_may_anchor(image, &trap);
}

static struct vdsogen_image build_all(int arch, uint32_t clocks)
{
	const struct vdsogen_config config = {
		.functions = vdsogen_arch_functions(vdsogen_arch_at((unsigned int)arch)),
		.clocks = clocks,
	};

	return build(arch, &config);
}

START_TEST(trap_what_may_anchor_and_what_not)
{
	struct vdsogen_image image = build_all(_i, 0);

	for (size_t i = 0; i < COUNT(questions); i++) {
		const struct question *q = &questions[i];
		const struct vdsogen_entry *e = &image.function[q->function];
		int want = q->trusted ? 0 : -VDSOGEN_ERR_UNTRUSTED;

		ck_assert_msg(ask(&image, q, e->trap) == want, "%s, at the trap", q->what);
		ck_assert_msg(ask(&image, q, e->resume) == want, "%s, behind it", q->what);
	}
}
END_TEST

/* A system call made anywhere else, whatever its registers: requirement C11's trust gate. */
START_TEST(trap_no_other_place_may_anchor)
{
	struct vdsogen_image image = build_all(_i, 0);
	struct question q = questions[0];

	for (uint64_t pc = 0; pc <= image.size; pc++) {
		unsigned int f = described(&image, pc);
		bool reads = f == VDSOGEN_CLOCK_GETTIME || f == VDSOGEN_GETTIMEOFDAY;

		ck_assert_int_eq(ask(&image, &q, pc), reads ? 0 : -VDSOGEN_ERR_UNTRUSTED);
	}
	ck_assert_int_eq(ask(&image, &q, (uintptr_t)buffer + image.function[0].trap),
			 -VDSOGEN_ERR_UNTRUSTED);
	ck_assert_int_eq(ask(&image, &q, UINT64_MAX), -VDSOGEN_ERR_UNTRUSTED);
}
END_TEST

/* Of a clock that the image does not serve, the counter was not read. */
START_TEST(trap_only_served_clocks_may_anchor)
{
	static const uint32_t hres = 1u << VDSOGEN_REALTIME | 1u << VDSOGEN_MONOTONIC |
				     1u << VDSOGEN_MONOTONIC_RAW | 1u << VDSOGEN_BOOTTIME |
				     1u << VDSOGEN_TAI;
	static const uint32_t coarse = 1u << VDSOGEN_REALTIME_COARSE |
				       1u << VDSOGEN_MONOTONIC_COARSE;
	struct question q = questions[0];

	for (uint32_t clocks = hres | coarse; clocks; clocks = (clocks - 1) & (hres | coarse)) {
		struct vdsogen_image image = build_all(_i, clocks);

		for (q.clock_id = 0; q.clock_id < VDSOGEN_CLOCK_IDS; q.clock_id++)
			ck_assert_int_eq(ask(&image, &q, image.function[VDSOGEN_CLOCK_GETTIME].trap),
					 clocks & hres & 1u << q.clock_id ? 0 :
					 -VDSOGEN_ERR_UNTRUSTED);
		ck_assert_int_eq(ask(&image, &q, image.function[VDSOGEN_GETTIMEOFDAY].resume),
				 clocks & 1u << VDSOGEN_REALTIME ? 0 : -VDSOGEN_ERR_UNTRUSTED);
	}
}
END_TEST

Suite *trap_suite(void)
{
	Suite *s = suite_create("trap");
	TCase *tc = tcase_create("trap");
	int archs = 0;

	while (vdsogen_arch_at((unsigned int)archs))
		archs++;
	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, trap_values_that_fit_and_that_do_not, 0, archs);
	tcase_add_loop_test(tc, trap_every_form_of_image_tells_its_traps, 0, archs);
	tcase_add_loop_test(tc, trap_absent_functions_have_none, 0, archs);
	tcase_add_loop_test(tc, trap_what_may_anchor_and_what_not, 0, archs);
	tcase_add_loop_test(tc, trap_no_other_place_may_anchor, 0, archs);
	tcase_add_loop_test(tc, trap_only_served_clocks_may_anchor, 0, archs);
	return s;
}

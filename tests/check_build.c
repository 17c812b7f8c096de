/* SPDX-License-Identifier: BSD-2-Clause */
/* vdsogen_build(): its contract with the caller. What is in the image: check_image.c. */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "vdsogen.h"

#define CANARY 0xa5
#define ROOM (8 * VDSOGEN_PAGE)
#define NO_BIT 31	/* nothing of ours has that number */

static _Alignas(VDSOGEN_PAGE) unsigned char buffer[ROOM], other[ROOM];

static const struct vdsogen_arch *arch_of(int i)
{
	const struct vdsogen_arch *arch = vdsogen_arch_at((unsigned int)i);

	ck_assert_ptr_nonnull(arch);
	return arch;
}

static bool is_all(const unsigned char *bytes, size_t size, unsigned char value)
{
	return !size || (bytes[0] == value && !memcmp(bytes, bytes + 1, size - 1));
}

static bool is_aarch64(const struct vdsogen_arch *arch)
{
	return !strcmp(vdsogen_arch_name(arch), "aarch64");
}

/* A build that must fail with `error`, whose text holds `hint`, and touch nothing. */
static void refuse(const struct vdsogen_arch *arch, const struct vdsogen_config *config,
		   void *buf, size_t room, int error, const char *hint)
{
	size_t size = room;

	memset(buffer, CANARY, sizeof buffer);
	ck_assert_int_eq(vdsogen_build(arch, config, buf, &size), -error);
	ck_assert_msg(is_all(buffer, sizeof buffer, CANARY), "%s: buffer touched",
		      vdsogen_strerror(error));
	ck_assert_ptr_nonnull(strstr(vdsogen_strerror(-error), hint));
	if (error != VDSOGEN_ERR_NOSPACE)
		ck_assert_uint_eq(size, room);
}

static size_t build(const struct vdsogen_arch *arch, const struct vdsogen_config *config, void *buf)
{
	size_t size = ROOM;

	ck_assert_int_eq(vdsogen_build(arch, config, buf, &size), 0);
	ck_assert_uint_gt(size, 0);
	ck_assert_uint_le(size, ROOM);
	ck_assert_uint_eq(size % VDSOGEN_PAGE, 0);
	return size;
}

START_TEST(build_short_buffer_reports_size)
{
	const struct vdsogen_arch *arch = arch_of(_i);
	size_t need = build(arch, NULL, buffer);

	memset(buffer, CANARY, sizeof buffer);
	for (size_t room = 0; room < need; room++) {
		size_t size = room;

		ck_assert_int_eq(vdsogen_build(arch, NULL, buffer, &size), -VDSOGEN_ERR_NOSPACE);
		ck_assert_uint_eq(size, need);
		ck_assert_msg(is_all(buffer, sizeof buffer, CANARY), "touched at room %zu", room);
	}
	refuse(arch, NULL, buffer, need - 1, VDSOGEN_ERR_NOSPACE, "too small");
}
END_TEST

START_TEST(build_exact_room_is_enough_and_not_exceeded)
{
	const struct vdsogen_arch *arch = arch_of(_i);
	size_t need = 0, size;

	ck_assert_int_eq(vdsogen_build(arch, NULL, NULL, &need), 0);
	memset(buffer, CANARY, sizeof buffer);
	size = need;
	ck_assert_int_eq(vdsogen_build(arch, NULL, buffer, &size), 0);
	ck_assert_uint_eq(size, need);
	ck_assert(is_all(buffer + need, sizeof buffer - need, CANARY));
}
END_TEST

START_TEST(build_null_buffer_asks_for_the_size)
{
	const struct vdsogen_arch *arch = arch_of(_i);
	const size_t rooms[] = { 0, 1, VDSOGEN_PAGE, SIZE_MAX };
	size_t need = build(arch, NULL, buffer);

	for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
		size_t size = rooms[i];

		ck_assert_int_eq(vdsogen_build(arch, NULL, NULL, &size), 0);
		ck_assert_uint_eq(size, need);
	}
}
END_TEST

START_TEST(build_is_deterministic)
{
	const struct vdsogen_arch *arch = arch_of(_i);
	size_t size = build(arch, NULL, buffer);

	memset(other, CANARY, sizeof other);
	for (size_t at = 0; at <= VDSOGEN_PAGE; at += VDSOGEN_ALIGN) {
		ck_assert_uint_eq(build(arch, NULL, other + at), size);
		ck_assert_mem_eq(buffer, other + at, size);
	}
}
END_TEST

START_TEST(build_without_config_is_with_zero_config)
{
	const struct vdsogen_arch *arch = arch_of(_i);
	const struct vdsogen_config zero = { 0 };
	size_t size = build(arch, NULL, buffer);

	ck_assert_uint_eq(build(arch, &zero, other), size);
	ck_assert_mem_eq(buffer, other, size);
}
END_TEST

START_TEST(build_leaves_the_config_alone)
{
	const struct vdsogen_config zero = { 0 };
	struct vdsogen_config config = zero;

	build(arch_of(_i), &config, buffer);
	ck_assert_mem_eq(&config, &zero, sizeof zero);
}
END_TEST

START_TEST(build_without_arch_is_refused)
{
	refuse(NULL, NULL, buffer, ROOM, VDSOGEN_ERR_ARCH, "architecture");
	refuse(NULL, NULL, NULL, 0, VDSOGEN_ERR_ARCH, "vdsogen_arch_at");
}
END_TEST

START_TEST(build_unaligned_buffer_is_refused)
{
	for (size_t at = 1; at < VDSOGEN_ALIGN; at++)
		refuse(arch_of(_i), NULL, buffer + at, ROOM - at, VDSOGEN_ERR_ALIGN, "64");
}
END_TEST

START_TEST(build_unknown_function_is_refused)
{
	struct vdsogen_config config = { .functions = 1u << VDSOGEN_FUNCTIONS };

	refuse(arch_of(_i), &config, buffer, ROOM, VDSOGEN_ERR_FUNCTION, "function");
	config.functions = 1u << NO_BIT | 1;
	refuse(arch_of(_i), &config, buffer, ROOM, VDSOGEN_ERR_FUNCTION, "function");
}
END_TEST

START_TEST(build_function_of_another_arch_is_refused)
{
	struct vdsogen_config config = { .functions = 1u << VDSOGEN_RT_SIGRETURN };

	if (is_aarch64(arch_of(_i)))
		build(arch_of(_i), &config, buffer);
	else
		refuse(arch_of(_i), &config, buffer, ROOM, VDSOGEN_ERR_FUNCTION, "functions to 0");
}
END_TEST

START_TEST(build_unknown_clock_is_refused)
{
	const uint32_t good = 1u << VDSOGEN_REALTIME | 1u << VDSOGEN_MONOTONIC |
			      1u << VDSOGEN_MONOTONIC_RAW | 1u << VDSOGEN_REALTIME_COARSE |
			      1u << VDSOGEN_MONOTONIC_COARSE | 1u << VDSOGEN_BOOTTIME |
			      1u << VDSOGEN_TAI;

	for (unsigned int id = 0; id < 32; id++) {
		struct vdsogen_config config = { .clocks = 1u << id };

		if (good >> id & 1)
			build(arch_of(_i), &config, buffer);
		else
			refuse(arch_of(_i), &config, buffer, ROOM, VDSOGEN_ERR_CLOCK, "clock");
	}
}
END_TEST

START_TEST(build_unknown_option_is_refused)
{
	const struct vdsogen_config bad[] = {
		{ .options = VDSOGEN_OPTIONS + 1 },
		{ .options = 1u << NO_BIT },
		{ .counter = VDSOGEN_COUNTERS },
		{ .counter = UINT32_MAX },
		{ .getcpu = VDSOGEN_GETCPUS },
		{ .landing_pads = VDSOGEN_LANDING_PADS },
		{ .data = VDSOGEN_DATA },
		{ .distance = VDSOGEN_PAGE },
		{ .data = VDSOGEN_DATA_BEFORE, .distance = VDSOGEN_PAGE + 1 },
		{ .data = VDSOGEN_DATA_BEFORE, .distance = VDSOGEN_DISTANCE_MAX + VDSOGEN_PAGE },
		{ .data = VDSOGEN_DATA_AFTER, .distance = UINT32_MAX - VDSOGEN_PAGE + 1 },
		{ .getcpu = UINT32_MAX },
		{ .kernel_version = 1u << 24 },
		{ .getcpu = 32 },
		{ .counter = 32 },
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		refuse(arch_of(_i), &bad[i], buffer, ROOM, VDSOGEN_ERR_OPTION, "option");
}
END_TEST

START_TEST(build_getcpu_of_another_arch_is_refused)
{
	const bool aarch64 = is_aarch64(arch_of(_i));

	for (uint32_t g = 0; g < VDSOGEN_GETCPUS; g++) {
		struct vdsogen_config config = {
			.getcpu = g, .getcpu_at = g == VDSOGEN_GETCPU_WORD ? -4 : 0
		};
		bool has = g == VDSOGEN_GETCPU_FALLBACK || g == VDSOGEN_GETCPU_ZERO ||
			   g == VDSOGEN_GETCPU_WORD || (g == VDSOGEN_GETCPU_TPIDRRO) == aarch64;

		if (has)
			build(arch_of(_i), &config, buffer);
		else
			refuse(arch_of(_i), &config, buffer, ROOM, VDSOGEN_ERR_OPTION,
			       "architecture");
	}
}
END_TEST

/* Every word of three pages around a block that starts the second. */
START_TEST(build_getcpu_word_is_beside_the_data)
{
	const int32_t end = sizeof(struct vdsogen_clock) + sizeof(struct vdsogen_random) +
			    sizeof(struct vdsogen_process);
	struct vdsogen_config config = {
		.getcpu = VDSOGEN_GETCPU_WORD, .functions = vdsogen_arch_functions(arch_of(_i)),
		.data = VDSOGEN_DATA_BEFORE, .distance = 2 * VDSOGEN_PAGE,
		.process = VDSOGEN_DATA_BEFORE, .process_distance = 2 * VDSOGEN_PAGE,
	};

	for (int32_t at = -3 * VDSOGEN_PAGE; at < 0; at += (int32_t)sizeof(uint32_t)) {
		int32_t in_page = at + 2 * VDSOGEN_PAGE;

		config.getcpu_at = at;
		if (in_page < 0 || in_page >= end)
			build(arch_of(_i), &config, buffer);
		else
			refuse(arch_of(_i), &config, buffer, ROOM, VDSOGEN_ERR_OPTION, "option");
	}
}
END_TEST

START_TEST(build_every_option_set_builds)
{
	for (uint32_t options = 0; options <= VDSOGEN_OPTIONS; options++)
		for (uint32_t counter = 0; counter < VDSOGEN_COUNTERS; counter++) {
			struct vdsogen_config config = { .options = options, .counter = counter };

			build(arch_of(_i), &config, buffer);
		}
}
END_TEST

START_TEST(build_every_single_function_builds)
{
	const struct vdsogen_arch *arch = arch_of(_i);
	unsigned int built = 0;

	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		struct vdsogen_config config = { .functions = 1u << f };
		struct vdsogen_image image;

		if (!(vdsogen_arch_functions(arch) >> f & 1))
			continue;
		ck_assert_int_eq(vdsogen_open(buffer, build(arch, &config, buffer), &image), 0);
		for (unsigned int g = 0; g < VDSOGEN_FUNCTIONS; g++)
			ck_assert_int_eq(!!image.function[g].at, f == g);
		built++;
	}
	ck_assert_uint_ge(built, VDSOGEN_FUNCTIONS - 2);
}
END_TEST

/* A fixed sequence, so that a failure can be repeated: xorshift32, Marsaglia 2003. */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

START_TEST(build_random_configurations_build_or_are_refused_whole)
{
	const struct vdsogen_arch *arch = arch_of(_i);
	uint32_t state = 20240229;
	unsigned int built = 0;

	for (unsigned int n = 0; n < 3000; n++) {
		struct vdsogen_config config = {
			.functions = next_random(&state) % (1u << VDSOGEN_FUNCTIONS) &
				     (next_random(&state) % 3 ? VDSOGEN_DEFAULT_FUNCTIONS : ~0u),
			.clocks = next_random(&state) & (next_random(&state) % 3 ? 0x8f3 : 0xfff),
			.counter = next_random(&state) % (VDSOGEN_COUNTERS + 1),
			.getcpu = next_random(&state) % (VDSOGEN_GETCPUS + 1),
			.options = next_random(&state) % (VDSOGEN_OPTIONS + 8),
			.kernel_version = next_random(&state) >> (next_random(&state) % 4 ? 8 : 7),
		};
		struct vdsogen_image image;
		size_t size = ROOM;
		int error;

		memset(buffer, CANARY, sizeof buffer);
		error = vdsogen_build(arch, &config, buffer, &size);
		if (error) {
			ck_assert(is_all(buffer, sizeof buffer, CANARY));
			ck_assert_int_ne(error, -VDSOGEN_ERR_INTERNAL);
			continue;
		}
		built++;
		ck_assert(is_all(buffer + size, sizeof buffer - size, CANARY));
		ck_assert_int_eq(vdsogen_open(buffer, size, &image), 0);
	}
	ck_assert_uint_gt(built, 100);
}
END_TEST

START_TEST(build_config_changes_the_build_id)
{
	struct vdsogen_config config = { .kernel_version = 5 << 16 };
	size_t size = build(arch_of(_i), NULL, buffer);

	ck_assert_uint_eq(build(arch_of(_i), &config, other), size);
	ck_assert_msg(memcmp(buffer, other, size), "two configurations, one image");
}
END_TEST

START_TEST(build_every_error_has_its_text)
{
	for (int e = 0; e < VDSOGEN_ERR_MAX; e++) {
		const char *text = vdsogen_strerror(e);

		ck_assert_ptr_nonnull(text);
		ck_assert_str_ne(text, "");
		ck_assert_str_eq(text, vdsogen_strerror(-e));
		for (int f = 0; f < e; f++)
			ck_assert_str_ne(text, vdsogen_strerror(f));
	}
	ck_assert_str_eq(vdsogen_strerror(VDSOGEN_ERR_MAX), vdsogen_strerror(INT32_MIN));
	ck_assert_str_eq(vdsogen_strerror(VDSOGEN_ERR_MAX), vdsogen_strerror(INT32_MAX));
}
END_TEST

Suite *build_suite(void)
{
	Suite *suite = suite_create("build");
	TCase *tc = tcase_create("build");
	int archs = 0;

	while (vdsogen_arch_at((unsigned int)archs))
		archs++;
	tcase_add_loop_test(tc, build_short_buffer_reports_size, 0, archs);
	tcase_add_loop_test(tc, build_exact_room_is_enough_and_not_exceeded, 0, archs);
	tcase_add_loop_test(tc, build_null_buffer_asks_for_the_size, 0, archs);
	tcase_add_loop_test(tc, build_is_deterministic, 0, archs);
	tcase_add_loop_test(tc, build_without_config_is_with_zero_config, 0, archs);
	tcase_add_loop_test(tc, build_leaves_the_config_alone, 0, archs);
	tcase_add_test(tc, build_without_arch_is_refused);
	tcase_add_loop_test(tc, build_unaligned_buffer_is_refused, 0, archs);
	tcase_add_loop_test(tc, build_unknown_function_is_refused, 0, archs);
	tcase_add_loop_test(tc, build_function_of_another_arch_is_refused, 0, archs);
	tcase_add_loop_test(tc, build_unknown_clock_is_refused, 0, archs);
	tcase_add_loop_test(tc, build_unknown_option_is_refused, 0, archs);
	tcase_add_loop_test(tc, build_getcpu_of_another_arch_is_refused, 0, archs);
	tcase_add_loop_test(tc, build_getcpu_word_is_beside_the_data, 0, archs);
	tcase_add_loop_test(tc, build_every_option_set_builds, 0, archs);
	tcase_add_loop_test(tc, build_every_single_function_builds, 0, archs);
	tcase_add_loop_test(tc, build_random_configurations_build_or_are_refused_whole, 0, archs);
	tcase_add_loop_test(tc, build_config_changes_the_build_id, 0, archs);
	tcase_add_test(tc, build_every_error_has_its_text);
	suite_add_tcase(suite, tc);
	return suite;
}

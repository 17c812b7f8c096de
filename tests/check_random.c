/* SPDX-License-Identifier: BSD-2-Clause */
/* What the emitted getrandom is told of the host's generator. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bottle.h"
#include "steps.h"
#include "suites.h"
#include "threads.h"

/* Linux include/uapi/asm-generic/mman-common.h, include/uapi/linux/mman.h. */
enum { READ = 1, WRITE = 2, DROPPABLE = 8, ANONYMOUS = 0x20 };

START_TEST(random_start_begins)
{
	struct vdsogen_random random = { .generation = 0 };

	ck_assert_int_eq(vdsogen_random_start(&random, 0, 0), 0);
	ck_assert_uint_eq(le32(random.ready), 1);
	ck_assert_uint_eq(le64(random.generation), 1);
	ck_assert_uint_eq(le32(random.prot), READ | WRITE);
	ck_assert_uint_eq(le32(random.flags), DROPPABLE | ANONYMOUS);
	for (unsigned int i = 0; i < COUNT(random.reserved); i++)
		ck_assert_uint_eq(random.reserved[i], 0);
}
END_TEST

START_TEST(random_start_takes_prot_and_flags)
{
	static const uint32_t values[][2] = { { READ, 0 }, { 0, ANONYMOUS }, { READ | WRITE, 2 },
					      { UINT32_MAX, UINT32_MAX } };

	for (unsigned int i = 0; i < COUNT(values); i++) {
		struct vdsogen_random random = { .generation = 0 };

		ck_assert_int_eq(vdsogen_random_start(&random, values[i][0], values[i][1]), 0);
		ck_assert_uint_eq(le32(random.prot), values[i][0] ? values[i][0] : READ | WRITE);
		ck_assert_uint_eq(le32(random.flags),
				  values[i][1] ? values[i][1] : DROPPABLE | ANONYMOUS);
		/* once more, with others */
		ck_assert_int_eq(vdsogen_random_start(&random, 0, 0), 0);
		ck_assert_uint_eq(le32(random.prot), READ | WRITE);
		ck_assert_uint_eq(le32(random.flags), DROPPABLE | ANONYMOUS);
		ck_assert_uint_eq(le64(random.generation), 2);
	}
}
END_TEST

START_TEST(random_reseed_makes_keys_old)
{
	struct vdsogen_random random = { .generation = 0 }, before;

	/* before the start: nobody reads it, and it is not forgotten */
	ck_assert_int_eq(vdsogen_random_reseed(&random), 0);
	ck_assert_uint_eq(random.ready, 0);
	ck_assert_int_eq(vdsogen_random_start(&random, 0, 0), 0);
	for (uint64_t generation = 3; generation < 100; generation++) {
		before = random;
		ck_assert_int_eq(vdsogen_random_reseed(&random), 0);
		ck_assert_uint_eq(le64(random.generation), generation);
		before.generation = random.generation;
		ck_assert_mem_eq(&random, &before, sizeof random);
	}
}
END_TEST

START_TEST(random_keys_are_old_after_a_stop)
{
	struct vdsogen_random random = { .generation = 0 };

	for (uint64_t generation = 1; generation < 5; generation++) {
		ck_assert_int_eq(vdsogen_random_start(&random, 0, 0), 0);
		ck_assert_uint_eq(le32(random.ready), 1);
		ck_assert_uint_eq(le64(random.generation), generation);
		for (unsigned int i = 0; i < 2; i++) {
			ck_assert_int_eq(vdsogen_random_stop(&random), 0);
			ck_assert_uint_eq(random.ready, 0);
			ck_assert_uint_eq(le64(random.generation), generation);
		}
	}
}
END_TEST

/* A fresh state has generation 0: it must not pass for one with a key. */
START_TEST(random_generation_is_never_0)
{
	struct vdsogen_random random = { .generation = le64(UINT64_MAX - 1) };

	ck_assert_int_eq(vdsogen_random_start(&random, 0, 0), 0);
	ck_assert_uint_eq(le64(random.generation), UINT64_MAX);
	ck_assert_int_eq(vdsogen_random_reseed(&random), 0);
	ck_assert_uint_eq(le64(random.generation), 1);
	/* a carry from the lower half */
	random.generation = le64(UINT32_MAX);
	ck_assert_int_eq(vdsogen_random_reseed(&random), 0);
	ck_assert_uint_eq(le64(random.generation), UINT64_C(1) << 32);
	random.generation = le64(UINT64_MAX);
	ck_assert_int_eq(vdsogen_random_start(&random, 0, 0), 0);
	ck_assert_uint_eq(le64(random.generation), 1);
}
END_TEST

START_TEST(random_misaligned_is_refused)
{
	struct vdsogen_random room[2] = { { .generation = 0 } }, before[2] = { { .generation = 0 } };

	for (unsigned int by = 0; by < VDSOGEN_ALIGN; by++) {
		struct vdsogen_random *bad = by ? (void *)((char *)room + by) : NULL;

		ck_assert_int_eq(vdsogen_random_start(bad, 0, 0), -VDSOGEN_ERR_ALIGN);
		ck_assert_int_eq(vdsogen_random_reseed(bad), -VDSOGEN_ERR_ALIGN);
		ck_assert_int_eq(vdsogen_random_stop(bad), -VDSOGEN_ERR_ALIGN);
	}
	ck_assert_mem_eq(room, before, sizeof room);
}
END_TEST

/* Readers begin when everything is in its place, whatever was there. */
static void act_start(void *block)
{
	vdsogen_random_start(block, READ, ANONYMOUS);
}

static void act_reseed(void *block)
{
	vdsogen_random_reseed(block);
}

#define STATES_MAX 20

START_TEST(random_is_ready_last)
{
	static struct vdsogen_random states[STATES_MAX];
	struct vdsogen_random *random = shared_block(sizeof *random);
	struct steps steps = { act_start, random, sizeof *random, states, STATES_MAX };
	unsigned int count;

	count = take_steps(&steps);
	for (unsigned int i = 0; i < count; i++) {
		ck_assert_int_eq(states[i].ready != 0, i == count - 1);
		if (states[i].ready)
			ck_assert(states[i].generation && states[i].prot && states[i].flags);
	}
	steps.act = act_reseed;
	count = count ? take_steps(&steps) : 0;
	ck_assert(!count || count == 2);
	munmap(random, sizeof *random);
}
END_TEST

#define RESEEDS 300000
#define RESEEDERS 3

static struct vdsogen_random contended;

static unsigned long reseed_often(void)
{
	unsigned long reseeds = 0;

	for (unsigned int i = 0; i < RESEEDS; i++)
		reseeds += !vdsogen_random_reseed(&contended);
	return reseeds;
}

START_TEST(random_no_reseed_is_lost)
{
	ck_assert_int_eq(vdsogen_random_start(&contended, 0, 0), 0);
	ck_assert_uint_eq(do_at_once(RESEEDERS, reseed_often), RESEEDERS * RESEEDS);
	ck_assert_uint_eq(le64(contended.generation), 1 + RESEEDERS * RESEEDS);
}
END_TEST

Suite *random_suite(void)
{
	Suite *s = suite_create("random");
	TCase *tc = tcase_create("random");

	tcase_add_test(tc, random_start_begins);
	tcase_add_test(tc, random_start_takes_prot_and_flags);
	tcase_add_test(tc, random_reseed_makes_keys_old);
	tcase_add_test(tc, random_keys_are_old_after_a_stop);
	tcase_add_test(tc, random_generation_is_never_0);
	tcase_add_test(tc, random_misaligned_is_refused);
	tcase_add_test(tc, random_is_ready_last);
	tcase_add_test(tc, random_no_reseed_is_lost);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The assembler: bytes, labels, distances, and errors that stick. */
#include <check.h>
#include <string.h>

#include "asm.h"
#include "suites.h"
#include "vdsogen.h"

enum { AHEAD, BEHIND, FIXED };

static const struct vg_reach rel8 = { .bits = 8 };
static const struct vg_reach words19 = { .bits = 19, .scale = 2 };

/* One byte of distance to a label `gap` bytes ahead, then one back over the same gap. */
static void there_and_back(struct vg_asm *a, uint32_t gap)
{
	vg_bind(a, BEHIND);
	vg_put8(a, (uint8_t)vg_distance(a, AHEAD, 0, a->at + 1, &rel8));
	vg_zero(a, gap);
	vg_bind(a, AHEAD);
	vg_put8(a, (uint8_t)vg_distance(a, BEHIND, 0, a->at + 1, &rel8));
}

static int assemble(struct vg_asm *a, uint8_t *out, uint32_t room, uint32_t gap)
{
	vg_begin(a, FIXED);
	there_and_back(a, gap);
	vg_again(a, out, room);
	there_and_back(a, gap);
	return a->error;
}

START_TEST(asm_bytes_are_little_endian)
{
	static const uint8_t expected[] = { 1, 3, 2, 7, 6, 5, 4, 15, 14, 13, 12, 11, 10, 9, 8,
					    'o', 'k', 'o', 'k', 0 };
	uint8_t out[sizeof expected];
	struct vg_asm a;

	vg_begin(&a, 0);
	vg_again(&a, out, sizeof out);
	vg_put8(&a, 0x01);
	vg_put16(&a, 0x0203);
	vg_put32(&a, 0x04050607);
	vg_put64(&a, 0x08090a0b0c0d0e0f);
	vg_bytes(&a, "ok", 2);
	vg_bytes(&a, "ok", sizeof "ok");
	ck_assert_int_eq(a.error, 0);
	ck_assert_uint_eq(a.at, sizeof expected);
	ck_assert_mem_eq(out, expected, sizeof expected);
}
END_TEST

START_TEST(asm_first_pass_counts_and_writes_nothing)
{
	struct vg_asm a;

	vg_begin(&a, FIXED);
	there_and_back(&a, 10);
	ck_assert_int_eq(a.error, 0);
	ck_assert_uint_eq(a.at, 12);
	ck_assert_uint_eq(vg_where(&a, AHEAD), 11);
	ck_assert_uint_eq(vg_where(&a, BEHIND), 0);
}
END_TEST

START_TEST(asm_labels_ahead_and_behind_are_reached)
{
	struct vg_asm a;
	uint8_t out[12];

	ck_assert_int_eq(assemble(&a, out, sizeof out, 10), 0);
	ck_assert_uint_eq(out[0], 10);
	ck_assert_uint_eq(out[11], (uint8_t)-12);
}
END_TEST

START_TEST(asm_distance_out_of_reach_is_an_error)
{
	struct vg_asm a;
	uint8_t out[300];

	/* back: -(gap + 2) >= -128, ahead: gap <= 127 */
	ck_assert_int_eq(assemble(&a, out, sizeof out, 126), 0);
	ck_assert_int_eq(assemble(&a, out, sizeof out, 127), -VDSOGEN_ERR_INTERNAL);
	ck_assert_int_eq(assemble(&a, out, sizeof out, 128), -VDSOGEN_ERR_INTERNAL);
}
END_TEST

START_TEST(asm_distance_must_be_whole_units)
{
	struct vg_asm a;
	uint8_t out[8] = { 0 };

	vg_begin(&a, FIXED);
	vg_zero(&a, 6);
	vg_bind(&a, AHEAD);
	vg_again(&a, out, sizeof out);
	ck_assert_uint_eq(vg_distance(&a, AHEAD, 2, 0, &words19), 2);
	ck_assert_uint_eq(vg_distance(&a, AHEAD, -2, 8, &words19), (1u << 19) - 1);
	ck_assert_int_eq(a.error, 0);
	vg_distance(&a, AHEAD, 0, 0, &words19);
	ck_assert_int_eq(a.error, -VDSOGEN_ERR_INTERNAL);
}
END_TEST

START_TEST(asm_unbound_label_is_an_error)
{
	struct vg_asm a;
	uint8_t out[8];

	vg_begin(&a, FIXED);
	vg_again(&a, out, sizeof out);
	vg_distance(&a, AHEAD, 0, 0, &rel8);
	ck_assert_int_eq(a.error, -VDSOGEN_ERR_INTERNAL);
}
END_TEST

START_TEST(asm_label_bound_twice_or_moved_is_an_error)
{
	struct vg_asm a;
	uint8_t out[8];

	vg_begin(&a, FIXED);
	vg_bind(&a, AHEAD);
	vg_bind(&a, AHEAD);
	ck_assert_int_eq(a.error, -VDSOGEN_ERR_INTERNAL);

	vg_begin(&a, FIXED);
	vg_zero(&a, 1);
	vg_bind(&a, AHEAD);
	vg_again(&a, out, sizeof out);
	vg_bind(&a, AHEAD);
	ck_assert_int_eq(a.error, -VDSOGEN_ERR_INTERNAL);
}
END_TEST

START_TEST(asm_running_out_of_labels_is_an_error)
{
	struct vg_asm a;

	vg_begin(&a, FIXED);
	for (int i = FIXED; i < VG_LABELS; i++)
		vg_new(&a);
	ck_assert_int_eq(a.error, 0);
	vg_new(&a);
	ck_assert_int_eq(a.error, -VDSOGEN_ERR_INTERNAL);
}
END_TEST

START_TEST(asm_writes_nothing_past_its_room)
{
	uint8_t out[16];
	struct vg_asm a;

	for (uint32_t room = 0; room < 12; room++) {
		memset(out, 0xaa, sizeof out);
		ck_assert_int_eq(assemble(&a, out, room, 10), -VDSOGEN_ERR_INTERNAL);
		ck_assert_uint_eq(a.at, 12);
		for (size_t i = room; i < sizeof out; i++)
			ck_assert_uint_eq(out[i], 0xaa);
	}
}
END_TEST

START_TEST(asm_first_error_sticks)
{
	struct vg_asm a;

	vg_begin(&a, 0);
	vg_fail(&a, -VDSOGEN_ERR_NOSPACE);
	vg_fail(&a, -VDSOGEN_ERR_INTERNAL);
	ck_assert_int_eq(a.error, -VDSOGEN_ERR_NOSPACE);
}
END_TEST

START_TEST(asm_fits_at_the_edges)
{
	ck_assert(vg_fits_signed(127, 8) && !vg_fits_signed(128, 8));
	ck_assert(vg_fits_signed(-128, 8) && !vg_fits_signed(-129, 8));
	ck_assert(vg_fits_unsigned(255, 8) && !vg_fits_unsigned(256, 8));
	ck_assert(vg_fits_unsigned(UINT64_MAX, 64));
}
END_TEST

Suite *asm_suite(void)
{
	Suite *s = suite_create("asm");
	TCase *t = tcase_create("asm");

	tcase_add_test(t, asm_bytes_are_little_endian);
	tcase_add_test(t, asm_first_pass_counts_and_writes_nothing);
	tcase_add_test(t, asm_labels_ahead_and_behind_are_reached);
	tcase_add_test(t, asm_distance_out_of_reach_is_an_error);
	tcase_add_test(t, asm_distance_must_be_whole_units);
	tcase_add_test(t, asm_unbound_label_is_an_error);
	tcase_add_test(t, asm_label_bound_twice_or_moved_is_an_error);
	tcase_add_test(t, asm_running_out_of_labels_is_an_error);
	tcase_add_test(t, asm_writes_nothing_past_its_room);
	tcase_add_test(t, asm_first_error_sticks);
	tcase_add_test(t, asm_fits_at_the_edges);
	suite_add_tcase(s, t);
	return s;
}

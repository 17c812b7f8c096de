/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors and signals: where the host is a Linux, what a table says is what it is given. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "errors.h"
#include "linux-signal.h"
#include "signal-numbers.h"
#include "suites.h"
#include "translate.h"

/* Of a Linux whose C library has a name for it. */
START_TEST(errors_are_linux_own)
{
	int known = 0;

	for (int i = 1; i < ERRORS_MAX; i++) {
		if (!errors_known(i))
			continue;
		known++;
		ck_assert_int_eq(errors_to_linux(i), i);
	}
	ck_assert_int_gt(known, 90);
	for (int i = 1; i <= ERANGE; i++)
		ck_assert_msg(errors_known(i), "%s", strerrorname_np(i));
}
END_TEST

START_TEST(errors_unknown_are_eio)
{
	ck_assert_int_eq(errors_to_linux(0), LINUX_EIO);
	ck_assert_int_eq(errors_to_linux(ERRORS_MAX), LINUX_EIO);
	ck_assert_int_eq(errors_to_linux(-1), LINUX_EIO);
}
END_TEST

static const struct {
	int64_t result, told;
} results[] = {
	{ 0, 0 },
	{ 7, 7 },
	{ -EINTR, -LINUX_EINTR },
	{ -ENAMETOOLONG, -LINUX_ENAMETOOLONG },
	{ -(ERRORS_MAX - 1), -LINUX_EIO },
	/* CALLS_INTERRUPTED and its like are no errors, nor are addresses */
	{ -512, -512 },
	{ -514, -514 },
	{ INT64_MIN, INT64_MIN },
	{ 0x7fffffffe000, 0x7fffffffe000 },
	/* what the host has not */
	{ ERRORS_LINUX(LINUX_ELIBBAD), -LINUX_ELIBBAD },
	{ ERRORS_LINUX(LINUX_EPERM), -LINUX_EPERM },
};

START_TEST(errors_become_results)
{
	ck_assert_int_eq(errors_result(results[_i].result), results[_i].told);
}
END_TEST

START_TEST(signals_are_linux_own)
{
	const int without[] = { LINUX_SIGSTKFLT, LINUX_SIGPWR };
	int known = 0;

	for (int i = 1; i < LINUX_SIGRTMIN; i++) {
		const int host = deliver_host_number(i);

		if (host) {
			ck_assert_int_eq(host, i);
			ck_assert_int_eq(deliver_guest_number(host), i);
			known++;
		}
	}
	ck_assert_int_eq(known, LINUX_SIGRTMIN - 1 - (int)COUNT(without));
	for (size_t i = 0; i < COUNT(without); i++)
		ck_assert_int_eq(deliver_host_number(without[i]), 0);
	ck_assert_int_eq(deliver_host_number(LINUX_SIGRTMIN), 0);
	ck_assert_int_eq(deliver_guest_number(SIGRTMIN), 0);
}
END_TEST

/* -------------------------------------------------------------------------
 * translate.h itself.
 */
enum { GUEST_ONE = 1, GUEST_TWO = 2, GUEST_BOTH = 3, GUEST_NOTHING = 8 };
enum { HOST_ONE = 0x10, HOST_TWO = 0x20, HOST_BOTH = 0x40 };
TRANSLATE(values, { 5, 50 }, { 6, 60 }, { 7, 60 });
TRANSLATE(flags, { GUEST_BOTH, HOST_BOTH }, { GUEST_ONE, HOST_ONE }, { GUEST_TWO, HOST_TWO },
	  { GUEST_NOTHING, 0 });

START_TEST(values_have_pairs)
{
	int64_t other = -1;

	ck_assert(translate_to_host(&values, 7, &other));
	ck_assert_int_eq(other, 60);
	ck_assert(translate_to_guest(&values, 60, &other));
	ck_assert_int_eq(other, 6);
	ck_assert(!translate_to_host(&values, 50, &other));
	ck_assert(!translate_to_guest(&values, 5, &other));
	ck_assert_int_eq(other, 6);
}
END_TEST

static const struct {
	uint64_t guest, host, unknown;
} sets[] = {
	{ 0, 0, 0 },
	{ GUEST_ONE, HOST_ONE, 0 },
	{ GUEST_ONE | GUEST_TWO, HOST_BOTH, 0 },
	{ GUEST_TWO | GUEST_NOTHING, HOST_TWO, 0 },
	{ GUEST_TWO | 0x100, HOST_TWO, 0x100 },
	{ 0x8000000000000004, 0, 0x8000000000000004 },
};

START_TEST(flags_have_pairs)
{
	uint64_t unknown = 1;

	ck_assert_uint_eq(translate_flags_to_host(&flags, sets[_i].guest, &unknown), sets[_i].host);
	ck_assert_uint_eq(unknown, sets[_i].unknown);
	ck_assert_uint_eq(translate_flags_to_host(&flags, sets[_i].guest, NULL), sets[_i].host);
}
END_TEST

START_TEST(flags_come_back)
{
	uint64_t unknown = 1;

	ck_assert_uint_eq(translate_flags_to_guest(&flags, HOST_BOTH | HOST_TWO, &unknown),
			  GUEST_BOTH | GUEST_TWO);
	ck_assert_uint_eq(unknown, 0);
	ck_assert_uint_eq(translate_flags_to_guest(&flags, HOST_ONE | 1, &unknown), GUEST_ONE);
	ck_assert_uint_eq(unknown, 1);
}
END_TEST

Suite *tables_suite(void)
{
	Suite *suite = suite_create("tables");
	TCase *tc = tcase_create("tables");

	tcase_add_test(tc, errors_are_linux_own);
	tcase_add_test(tc, errors_unknown_are_eio);
	tcase_add_loop_test(tc, errors_become_results, 0, COUNT(results));
	tcase_add_test(tc, signals_are_linux_own);
	tcase_add_test(tc, values_have_pairs);
	tcase_add_loop_test(tc, flags_have_pairs, 0, COUNT(sets));
	tcase_add_test(tc, flags_come_back);
	suite_add_tcase(suite, tc);
	return suite;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What waits to be taken, in which order, and how often. */
#include <errno.h>

#include "pending.h"
#include "suites.h"
#include "threads.h"

#define BIT(number) (1ull << ((number) - 1))

static struct pending pending;

static int add(int number, uint64_t value)
{
	struct linux_siginfo info = { .signo = number, .code = LINUX_SI_QUEUE };

	info.value = value;
	return pending_add(&pending, &info);
}

/* The number, or 0; its value is `value`. */
static int take(uint64_t set, uint64_t *value)
{
	struct linux_siginfo info;

	if (!pending_take(&pending, set, &info))
		return 0;
	*value = info.value;
	return info.signo;
}

static void set_up(void)
{
	pending_begin(&pending);
}

static void tear_down(void)
{
	pending_end(&pending);
}

START_TEST(standard_ones_are_there_once)
{
	uint64_t value = 0;

	ck_assert_int_eq(add(LINUX_SIGUSR1, 1), 0);
	ck_assert_int_eq(add(LINUX_SIGUSR1, 2), 0);
	ck_assert_int_eq(take(UINT64_MAX, &value), LINUX_SIGUSR1);
	ck_assert_uint_eq(value, 1);
	ck_assert_int_eq(take(UINT64_MAX, &value), 0);
}
END_TEST

START_TEST(real_time_ones_queue)
{
	uint64_t value;

	for (uint64_t i = 0; i < 3; i++) {
		ck_assert_int_eq(add(LINUX_SIGRTMIN + 1, 10 + i), 0);
		ck_assert_int_eq(add(LINUX_SIGRTMIN, i), 0);
	}
	for (uint64_t i = 0; i < 6; i++) {
		ck_assert_int_eq(take(UINT64_MAX, &value), LINUX_SIGRTMIN + (i < 3 ? 0 : 1));
		ck_assert_uint_eq(value, i < 3 ? i : 7 + i);
	}
	ck_assert_int_eq(take(UINT64_MAX, &value), 0);
	/* and the list goes on from its end */
	ck_assert_int_eq(add(LINUX_SIGRTMAX, 5), 0);
	ck_assert_int_eq(take(BIT(LINUX_SIGRTMAX), &value), LINUX_SIGRTMAX);
}
END_TEST

START_TEST(the_queue_has_an_end)
{
	uint64_t value;
	int failed = 0, count = 0;

	while (!failed) {
		failed = add(LINUX_SIGRTMIN, 0);
		count++;
		ck_assert_int_lt(count, 1 << 20);
	}
	ck_assert_int_eq(failed, -EAGAIN);
	ck_assert_int_eq(add(LINUX_SIGTERM, 0), 0);
	ck_assert_int_eq(take(UINT64_MAX, &value), LINUX_SIGTERM);
	ck_assert_int_eq(take(UINT64_MAX, &value), LINUX_SIGRTMIN);
	ck_assert_int_eq(add(LINUX_SIGRTMIN, 0), 0);
}
END_TEST

START_TEST(faults_come_first)
{
	uint64_t value;

	add(LINUX_SIGHUP, 0);
	add(LINUX_SIGSEGV, 0);
	add(LINUX_SIGINT, 0);
	ck_assert_int_eq(take(~BIT(LINUX_SIGHUP), &value), LINUX_SIGSEGV);
	ck_assert_int_eq(take(~BIT(LINUX_SIGHUP), &value), LINUX_SIGINT);
	ck_assert_int_eq(take(~BIT(LINUX_SIGHUP), &value), 0);
	ck_assert_int_eq(take(UINT64_MAX, &value), LINUX_SIGHUP);
}
END_TEST

START_TEST(dropped_ones_are_gone)
{
	uint64_t value;

	add(LINUX_SIGHUP, 0);
	add(LINUX_SIGRTMIN, 0);
	add(LINUX_SIGRTMIN, 0);
	pending_drop(&pending, BIT(LINUX_SIGRTMIN));
	ck_assert_uint_eq(atomic_load(&pending.set), BIT(LINUX_SIGHUP));
	pending_forget(&pending);
	ck_assert_int_eq(take(UINT64_MAX, &value), 0);
}
END_TEST

START_TEST(what_was_saved_is_pending_again)
{
	struct pending other;
	FILE *file = tmpfile();
	uint64_t value;

	ck_assert_ptr_nonnull(file);
	add(LINUX_SIGHUP, 1);
	add(LINUX_SIGRTMIN, 2);
	add(LINUX_SIGRTMIN, 3);
	pending_save(&pending, file);
	fputc('x', file);
	ck_assert_int_eq(take(BIT(LINUX_SIGHUP), &value), LINUX_SIGHUP);	/* it still was */
	pending_drop(&pending, UINT64_MAX);
	rewind(file);
	ck_assert_int_eq(pending_restore(&pending, file), 0);
	ck_assert_int_eq(fgetc(file), 'x');	/* what follows is there */
	for (uint64_t i = 1; i <= 3; i++) {
		ck_assert_int_eq(take(UINT64_MAX, &value), i < 2 ? LINUX_SIGHUP : LINUX_SIGRTMIN);
		ck_assert_uint_eq(value, i);
	}
	ck_assert_int_eq(take(UINT64_MAX, &value), 0);
	pending_begin(&other);
	ck_assert_int_eq(pending_restore(&other, file), -EIO);
	pending_end(&other);
	fclose(file);
}
END_TEST

enum { THREADS = 4, ROUNDS = 20000 };

static unsigned long add_many(void)
{
	unsigned long added = 0;

	for (int i = 0; i < ROUNDS; i++)
		added += !add(LINUX_SIGRTMIN + i % 4, 0);
	return added;
}

static unsigned long take_many(void)
{
	unsigned long taken = 0;
	uint64_t value;

	for (int i = 0; i < ROUNDS; i++)
		taken += take(UINT64_MAX, &value) != 0;
	return taken;
}

static unsigned long add_and_take(void)
{
	static _Atomic unsigned int turn;
	static _Atomic unsigned long balance;

	if (atomic_fetch_add(&turn, 1) % 2)
		atomic_fetch_add(&balance, add_many());
	else
		atomic_fetch_sub(&balance, take_many());
	return atomic_load(&balance);
}

/* Each that was added is taken once. */
START_TEST(none_is_lost_among_threads)
{
	unsigned long left = 0, balance;
	uint64_t value;

	do_at_once(THREADS, add_and_take);
	balance = add_and_take();	/* a taker */
	while (take(UINT64_MAX, &value))
		left++;
	ck_assert_uint_eq(left, balance);
	ck_assert_uint_eq(atomic_load(&pending.set), 0);
}
END_TEST

Suite *pending_suite(void)
{
	Suite *suite = suite_create("pending signals");
	TCase *tc = tcase_create("pending");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, standard_ones_are_there_once);
	tcase_add_test(tc, real_time_ones_queue);
	tcase_add_test(tc, the_queue_has_an_end);
	tcase_add_test(tc, faults_come_first);
	tcase_add_test(tc, dropped_ones_are_gone);
	tcase_add_test(tc, what_was_saved_is_pending_again);
	tcase_add_test(tc, none_is_lost_among_threads);
	suite_add_tcase(suite, tc);
	return suite;
}

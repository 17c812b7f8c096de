/* SPDX-License-Identifier: BSD-2-Clause */
/* The runner's own descriptors: out of the guest's way, whatever limit it has. */
#define _GNU_SOURCE
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fds.h"
#include "runner-suites.h"

enum { SMALL = 64, MANY = 1024 };

/* The hard limit stays: a limit that can be raised for a moment. */
static void set_limit(rlim_t limit)
{
	struct rlimit now;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &now), 0);
	now.rlim_cur = limit;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
}

static rlim_t limit_now(void)
{
	struct rlimit now;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &now), 0);
	return now.rlim_cur;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

static bool can_be_raised(void)
{
	struct rlimit now;

	return !getrlimit(RLIMIT_NOFILE, &now) && now.rlim_max >= SMALL + 2 * MANY;
}

START_TEST(test_hidden_above_the_limit)
{
	int fd, hidden;

	set_limit(SMALL);
	fd = open("/dev/null", O_RDONLY);
	hidden = fds_hide(fd);
	ck_assert(!is_open(fd) && is_open(hidden));
	ck_assert(!can_be_raised() || hidden >= SMALL);
	ck_assert_int_eq(fcntl(hidden, F_GETFD), FD_CLOEXEC);
	ck_assert(fds_hidden((uint64_t)hidden) && !fds_hidden((uint64_t)fd));
	ck_assert(fds_hidden(1ull << 32 | (uint64_t)hidden));	/* the low half counts */
	ck_assert(!fds_hidden((uint64_t)hidden + 1) && !fds_hidden((uint64_t)-1));
	ck_assert_uint_eq(limit_now(), SMALL);
	fds_close(hidden);
	ck_assert(!is_open(hidden) && !fds_hidden((uint64_t)hidden));
}
END_TEST

START_TEST(test_room_for_all_of_them)
{
	int before = -1;

	if (!can_be_raised())
		return;
	set_limit(SMALL);
	for (int i = 0; i < MANY; i++) {
		int hidden = fds_hide(open("/dev/null", O_RDONLY));

		ck_assert_int_gt(hidden, before);
		before = hidden;
	}
	ck_assert_uint_eq(limit_now(), SMALL);
}
END_TEST

START_TEST(test_hiding_nothing)
{
	ck_assert_int_eq(fds_hide(-1), -1);
	errno = 0;
	ck_assert_int_eq(fds_hide(open("/nonexistent", O_RDONLY)), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

/* The guest has all that it may have; the runner still opens what it needs. */
START_TEST(test_opening_beyond_the_limit)
{
	int fd;

	if (!can_be_raised())
		return;
	set_limit(SMALL);
	while (dup(STDIN_FILENO) >= 0 || open("/dev/null", O_RDONLY) >= 0)
		;
	ck_assert_int_eq(open("/dev/null", O_RDONLY), -1);
	fds_begin();
	fds_begin();
	fds_end();
	fd = open("/dev/null", O_RDONLY);
	ck_assert_int_ge(fd, SMALL);
	fd = fds_hide(fd);
	fds_end();
	ck_assert(fds_hidden((uint64_t)fd));
	ck_assert_int_eq(open("/dev/null", O_RDONLY), -1);
	ck_assert_uint_eq(limit_now(), SMALL);
	set_limit(2 * SMALL);	/* sanitizers look around at the end */
}
END_TEST

START_TEST(test_own_limit)
{
	struct rlimit now, half;

	ck_assert_int_eq(fds_limit(NULL, &now), 0);
	ck_assert_uint_eq(now.rlim_cur, limit_now());
	half = now;
	half.rlim_cur = SMALL;
	ck_assert_int_eq(fds_limit(&half, &now), 0);
	ck_assert_uint_eq(limit_now(), SMALL);
	half.rlim_cur = half.rlim_max;
	half.rlim_max = half.rlim_cur - 1;
	ck_assert_int_eq(fds_limit(&half, NULL), -1);
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

START_TEST(test_child_goes_on)
{
	int status;
	pid_t child;

	set_limit(SMALL);
	fds_begin();
	child = fork();
	if (!child) {
		fds_again();
		fds_end();
		if (limit_now() != SMALL)
			_exit(1);
		fds_begin();	/* the lock is the child's */
		if (limit_now() == SMALL)
			_exit(2);
		fds_end();
		_exit(limit_now() == SMALL ? 0 : 3);
	}
	fds_end();
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(limit_now(), SMALL);
}
END_TEST

START_TEST(test_closing_the_others)
{
	int hidden[3], low, between;

	set_limit(SMALL);
	for (int i = 0; i < 3; i++)
		hidden[i] = fds_hide(open("/dev/null", O_RDONLY));
	low = dup(STDIN_FILENO);
	if (low < 0)
		low = open("/dev/null", O_RDONLY);
	fds_close(hidden[1]);
	between = hidden[1];
	ck_assert(!can_be_raised() || dup2(low, between) == -1);	/* the limit */
	ck_assert_int_eq(fds_close_range((unsigned int)low, ~0u, 0), 0);
	ck_assert(!is_open(low) && is_open(hidden[0]) && is_open(hidden[2]));
	ck_assert_int_eq(fds_close_range((unsigned int)hidden[0], (unsigned int)hidden[2], 0), 0);
	ck_assert_int_eq(fds_close_range((unsigned int)hidden[2], (unsigned int)hidden[2], 0), 0);
	ck_assert_int_eq(fds_close_range(0, (unsigned int)low - 1, ~0u), -EINVAL);
	ck_assert_int_eq(fds_close_range(2, 1, 0), -EINVAL);
	ck_assert(is_open(hidden[0]) && is_open(hidden[2]));
}
END_TEST

Suite *fds_suite(void)
{
	Suite *suite = suite_create("fds");
	TCase *all = tcase_create("fds");

	tcase_add_test(all, test_hidden_above_the_limit);
	tcase_add_test(all, test_room_for_all_of_them);
	tcase_add_test(all, test_hiding_nothing);
	tcase_add_test(all, test_opening_beyond_the_limit);
	tcase_add_test(all, test_own_limit);
	tcase_add_test(all, test_child_goes_on);
	tcase_add_test(all, test_closing_the_others);
	suite_add_tcase(suite, all);
	return suite;
}

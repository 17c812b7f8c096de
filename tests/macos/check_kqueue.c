/* SPDX-License-Identifier: BSD-2-Clause */
/* The double of kqueue, by what kqueue(2) says of it. */
#define _GNU_SOURCE
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/event.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptor-suites.h"

static int queue, end[2];

static void begin(void)
{
	queue = kqueue();
	ck_assert_int_ge(queue, 0);
	ck_assert_int_eq(pipe(end), 0);
}

static void finish(void)
{
	close(queue);
	close(end[0]);
	close(end[1]);
}

static int change(uintptr_t ident, int filter, unsigned int flags, unsigned int fflags,
		  intptr_t data)
{
	struct kevent one;

	EV_SET(&one, ident, filter, flags, fflags, data, (void *)0x1234);
	return kevent(queue, &one, 1, NULL, 0, NULL) ? -errno : 0;
}

static int collect(struct kevent *event, int room)
{
	static const struct timespec at_once;

	return kevent(queue, NULL, 0, event, room, &at_once);
}

static bool is_readable(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	return poll(&one, 1, 0) > 0;
}

static void put(const char *bytes)
{
	ck_assert_int_eq(write(end[1], bytes, strlen(bytes)), (ssize_t)strlen(bytes));
}

START_TEST(reading_is_told_with_how_much)
{
	struct kevent event;

	ck_assert_int_eq(change((uintptr_t)end[0], EVFILT_READ, EV_ADD, 0, 0), 0);
	ck_assert_int_eq(collect(&event, 1), 0);
	put("abc");
	ck_assert(is_readable(queue));
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(collect(&event, 1), 1);
		ck_assert_int_eq(event.ident, end[0]);
		ck_assert_int_eq(event.filter, EVFILT_READ);
		ck_assert_int_eq(event.data, 3);
		ck_assert_ptr_eq(event.udata, (void *)0x1234);
		ck_assert(!(event.flags & EV_EOF));
	}
}
END_TEST

START_TEST(clear_tells_of_each_change_once)
{
	struct kevent event;

	ck_assert_int_eq(change((uintptr_t)end[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0), 0);
	for (int i = 0; i < 2; i++) {
		put("x");
		ck_assert_int_eq(collect(&event, 1), 1);
		ck_assert_int_eq(event.data, i + 1);
		ck_assert_int_eq(collect(&event, 1), 0);
		ck_assert(!is_readable(queue));
	}
}
END_TEST

START_TEST(what_is_ready_is_told_when_added)
{
	struct kevent event;

	put("x");
	ck_assert_int_eq(change((uintptr_t)end[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0), 0);
	ck_assert_int_eq(collect(&event, 1), 1);
}
END_TEST

START_TEST(filters_are_apart)
{
	struct kevent event[4];
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(change((uintptr_t)pair[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0), 0);
	ck_assert_int_eq(change((uintptr_t)pair[0], EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, 0), 0);
	ck_assert_int_eq(collect(event, 4), 1);
	ck_assert_int_eq(event[0].filter, EVFILT_WRITE);
	ck_assert_int_eq(write(pair[1], "x", 1), 1);
	ck_assert_int_eq(collect(event, 4), 1);
	ck_assert_int_eq(event[0].filter, EVFILT_READ);
	ck_assert_int_eq(change((uintptr_t)pair[0], EVFILT_READ, EV_DELETE, 0, 0), 0);
	ck_assert_int_eq(change((uintptr_t)pair[0], EVFILT_READ, EV_DELETE, 0, 0), -ENOENT);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

START_TEST(ends_are_told)
{
	struct kevent event;

	put("x");
	ck_assert_int_eq(change((uintptr_t)end[0], EVFILT_READ, EV_ADD, 0, 0), 0);
	close(end[1]);
	ck_assert_int_eq(collect(&event, 1), 1);
	ck_assert(event.flags & EV_EOF);
	ck_assert_int_eq(event.data, 1);
	ck_assert_int_eq(pipe(end), 0);
	ck_assert_int_eq(change((uintptr_t)end[1], EVFILT_WRITE, EV_ADD, 0, 0), 0);
	close(end[0]);
	/* the first one's end is still told, unless it had its number */
	ck_assert_int_ge(collect(&event, 1), 1);
}
END_TEST

START_TEST(one_shot_is_one)
{
	struct kevent event;

	put("x");
	ck_assert_int_eq(change((uintptr_t)end[0], EVFILT_READ, EV_ADD | EV_ONESHOT, 0, 0), 0);
	ck_assert_int_eq(collect(&event, 1), 1);
	ck_assert_int_eq(collect(&event, 1), 0);
	ck_assert_int_eq(change((uintptr_t)end[0], EVFILT_READ, EV_DELETE, 0, 0), -ENOENT);
}
END_TEST

START_TEST(disabled_ones_wait)
{
	struct kevent event;

	put("x");
	ck_assert_int_eq(change((uintptr_t)end[0], EVFILT_READ, EV_ADD | EV_DISABLE, 0, 0), 0);
	ck_assert_int_eq(collect(&event, 1), 0);
	ck_assert_int_eq(change((uintptr_t)end[0], EVFILT_READ, EV_ENABLE, 0, 0), 0);
	ck_assert_int_eq(collect(&event, 1), 1);
	ck_assert_int_eq(change((uintptr_t)end[0], EVFILT_READ, EV_DISABLE, 0, 0), 0);
	ck_assert_int_eq(collect(&event, 1), 0);
	ck_assert_int_eq(change((uintptr_t)end[0], EVFILT_READ, EV_DELETE, 0, 0), 0);
	ck_assert_int_eq(change((uintptr_t)end[0], EVFILT_READ, EV_ADD | EV_DISPATCH, 0, 0), 0);
	ck_assert_int_eq(collect(&event, 1), 1);
	ck_assert_int_eq(collect(&event, 1), 0);
	ck_assert_int_eq(change((uintptr_t)end[0], EVFILT_READ, EV_ENABLE, 0, 0), 0);
	ck_assert_int_eq(collect(&event, 1), 1);
}
END_TEST

START_TEST(user_events_are_triggered)
{
	struct kevent event;

	ck_assert_int_eq(change(7, EVFILT_USER, 0, NOTE_TRIGGER, 0), -ENOENT);
	ck_assert_int_eq(change(7, EVFILT_USER, EV_ADD, NOTE_FFCOPY | 5, 0), 0);
	ck_assert_int_eq(collect(&event, 1), 0);
	ck_assert_int_eq(change(7, EVFILT_USER, 0, NOTE_TRIGGER | NOTE_FFOR | 2, 0), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(collect(&event, 1), 1);
		ck_assert_int_eq(event.ident, 7);
		ck_assert_uint_eq(event.fflags, 7);
	}
	ck_assert_int_eq(change(7, EVFILT_USER, EV_DELETE, 0, 0), 0);
	ck_assert_int_eq(change(7, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0), 0);
	ck_assert_int_eq(change(7, EVFILT_USER, 0, NOTE_TRIGGER, 0), 0);
	ck_assert_int_eq(collect(&event, 1), 1);
	ck_assert_int_eq(collect(&event, 1), 0);
}
END_TEST

START_TEST(timers_come_again_or_once)
{
	struct kevent event;

	ck_assert_int_eq(change(1, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_NSECONDS, 1), 0);
	ck_assert_int_eq(kevent(queue, NULL, 0, &event, 1, NULL), 1);
	ck_assert_int_eq(event.data, 1);
	ck_assert_int_eq(change(1, EVFILT_TIMER, EV_DELETE, 0, 0), -ENOENT);
	ck_assert_int_eq(change(1, EVFILT_TIMER, EV_ADD, NOTE_USECONDS, 100), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(kevent(queue, NULL, 0, &event, 1, NULL), 1);
	ck_assert_int_ge(event.data, 1);
}
END_TEST

START_TEST(processes_end)
{
	struct kevent event;
	int wake[2], status;
	pid_t pid;
	char byte;

	ck_assert_int_eq(pipe(wake), 0);
	pid = fork();
	if (!pid)
		_exit(read(wake[0], &byte, 1) != 1);
	ck_assert_int_eq(change((uintptr_t)pid, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0), 0);
	ck_assert_int_eq(collect(&event, 1), 0);
	ck_assert_int_eq(write(wake[1], "", 1), 1);
	ck_assert_int_eq(kevent(queue, NULL, 0, &event, 1, NULL), 1);
	ck_assert_int_eq(event.ident, pid);
	ck_assert(event.fflags & NOTE_EXIT);
	ck_assert_int_eq(change((uintptr_t)pid, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0), -ESRCH);
	waitpid(pid, &status, 0);
	close(wake[0]);
	close(wake[1]);
}
END_TEST

START_TEST(errors_are_told_in_their_place)
{
	struct kevent in[2], out[2];

	EV_SET(&in[0], 9, EVFILT_USER, EV_DELETE | EV_RECEIPT, 0, 0, NULL);
	EV_SET(&in[1], 9, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, NULL);
	ck_assert_int_eq(kevent(queue, in, 2, out, 2, NULL), 2);
	ck_assert(out[0].flags & EV_ERROR);
	ck_assert_int_eq(out[0].data, ENOENT);
	ck_assert(out[1].flags & EV_ERROR);
	ck_assert_int_eq(out[1].data, 0);
	ck_assert_int_eq(change(1 << 20, EVFILT_READ, EV_ADD, 0, 0), -EBADF);
	ck_assert_int_eq(kevent(end[0], NULL, 0, NULL, 0, NULL), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

START_TEST(what_is_closed_is_gone)
{
	struct kevent event;
	int copy = dup(end[0]);

	ck_assert_int_eq(change((uintptr_t)end[0], EVFILT_READ, EV_ADD, 0, 0), 0);
	put("x");
	close(end[0]);
	ck_assert_int_eq(collect(&event, 1), 0);
	end[0] = copy;
}
END_TEST

START_TEST(files_are_ready_and_devices_are_not_taken)
{
	struct kevent event;
	int null = open("/dev/null", O_RDONLY), file = open("/proc/self/exe", O_RDONLY);

	ck_assert_int_eq(change((uintptr_t)null, EVFILT_READ, EV_ADD, 0, 0), -EINVAL);
	ck_assert_int_eq(change((uintptr_t)file, EVFILT_READ, EV_ADD, 0, 0), 0);
	ck_assert_int_eq(collect(&event, 1), 1);
	close(null);
	close(file);
}
END_TEST

START_TEST(queues_are_in_queues)
{
	struct kevent event;
	int inner = kqueue(), outer = queue;

	queue = inner;
	ck_assert_int_eq(change(1, EVFILT_USER, EV_ADD, 0, 0), 0);
	queue = outer;
	ck_assert_int_eq(change((uintptr_t)inner, EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0), 0);
	ck_assert_int_eq(collect(&event, 1), 0);
	queue = inner;
	ck_assert_int_eq(change(1, EVFILT_USER, 0, NOTE_TRIGGER, 0), 0);
	queue = outer;
	ck_assert_int_eq(collect(&event, 1), 1);
	ck_assert_int_eq(event.ident, inner);
	ck_assert_int_eq(collect(&event, 1), 0);
	ck_assert(is_readable(inner));
	close(inner);
}
END_TEST

START_TEST(a_child_has_none)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(fcntl(queue, F_GETFD) >= 0);
	waitpid(pid, &status, 0);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

Suite *kqueue_suite(void)
{
	Suite *suite = suite_create("kqueue");
	TCase *tc = tcase_create("double");

	tcase_add_checked_fixture(tc, begin, finish);
	tcase_add_test(tc, reading_is_told_with_how_much);
	tcase_add_test(tc, clear_tells_of_each_change_once);
	tcase_add_test(tc, what_is_ready_is_told_when_added);
	tcase_add_test(tc, filters_are_apart);
	tcase_add_test(tc, ends_are_told);
	tcase_add_test(tc, one_shot_is_one);
	tcase_add_test(tc, disabled_ones_wait);
	tcase_add_test(tc, user_events_are_triggered);
	tcase_add_test(tc, timers_come_again_or_once);
	tcase_add_test(tc, processes_end);
	tcase_add_test(tc, errors_are_told_in_their_place);
	tcase_add_test(tc, what_is_closed_is_gone);
	tcase_add_test(tc, files_are_ready_and_devices_are_not_taken);
	tcase_add_test(tc, queues_are_in_queues);
	tcase_add_test(tc, a_child_has_none);
	suite_add_tcase(suite, tc);
	return suite;
}

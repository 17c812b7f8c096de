/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll over kqueue, against Linux's: the same things happen to both, and the same events
 * come of it. What the two are told of are the same pipes and sockets of the host; what is
 * ours (eventfd) is Linux's own on the other side.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptor-suites.h"
#include "flat.h"
#include "runner/macos/linux-descriptors.h"
#include "runner/macos/linux-signal.h"

/* One thing that is watched: what it is to Linux, and to the guest. */
struct thing {
	int host, guest;
	int other;		/* the other end, of the host; -1: an eventfd, or it is closed */
	bool is_event;
};

static int theirs, ours;	/* the sets */

/* The guest's own descriptor of what the host has open. */
static int give(int host)
{
	int fd = descriptor_open(NULL, descriptors_host(dup(host)), false);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void begin(void)
{
	flat_begin();
	theirs = epoll_create1(0);
	ours = (int)CALL(epoll_create1, 0);
	ck_assert_int_ge(ours, 0);
}

static void end(void)
{
	close(theirs);
	flat_end();
}

/* What both say of a change is the same. */
static int change(int operation, const struct thing *thing, uint32_t events, uint64_t data)
{
	struct epoll_event their_event = { events, { .u64 = data } };
	struct linux_epoll_event our_event = { events, data };
	int failed = epoll_ctl(theirs, operation, thing->host, &their_event) ? -errno : 0;

	ck_assert_int_eq(CALL(epoll_ctl, (uint64_t)ours, (uint64_t)operation,
			      (uint64_t)thing->guest, ADDRESS(&our_event)),
			 failed);
	return failed;
}

enum { ROOM = 64 };

static int by_data(const void *a, const void *b)
{
	const struct linux_epoll_event *x = a, *y = b;

	return x->data < y->data ? -1 : x->data > y->data;
}

static int64_t collect_ours(struct linux_epoll_event *event, int milliseconds)
{
	int64_t n = CALL(epoll_pwait, (uint64_t)ours, ADDRESS(event), ROOM, (uint64_t)milliseconds);

	ck_assert_int_ge(n, 0);
	qsort(event, (size_t)n, sizeof *event, by_data);
	return n;
}

static int collect_theirs(struct linux_epoll_event *event)
{
	struct epoll_event now[ROOM];
	int n = epoll_wait(theirs, now, ROOM, 0);

	for (int i = 0; i < n; i++)
		event[i] = (struct linux_epoll_event){ now[i].events, now[i].data.u64 };
	qsort(event, (size_t)n, sizeof *event, by_data);
	return n;
}

/* As words, for messages. */
static const char *say(const struct linux_epoll_event *event, int64_t n, char *to, size_t room)
{
	size_t at = 0;

	to[0] = 0;
	for (int64_t i = 0; i < n && at < room; i++)
		at += (size_t)snprintf(to + at, room - at, " %#llx:%#x",
				       (unsigned long long)event[i].data, event[i].events);
	return to;
}

static int collect(const char *when)
{
	struct linux_epoll_event right[ROOM], is[ROOM];
	char right_text[256], is_text[256];
	int n = collect_theirs(right);
	int64_t ours_n = collect_ours(is, 0);

	say(right, n, right_text, sizeof right_text);
	say(is, ours_n, is_text, sizeof is_text);
	ck_assert_msg(!strcmp(right_text, is_text), "%s: %s instead of %s", when, is_text,
		      right_text);
	return n;
}

static struct thing socket_thing(int type)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, pair), 0);
	return (struct thing){ pair[0], give(pair[0]), pair[1], false };
}

static struct thing pipe_thing(bool reads)
{
	int pair[2];

	ck_assert_int_eq(pipe2(pair, O_NONBLOCK), 0);
	return (struct thing){ pair[!reads], give(pair[!reads]), pair[reads], false };
}

static struct thing event_thing(void)
{
	struct thing thing = { eventfd(0, EFD_NONBLOCK), -1, -1, true };

	thing.guest = (int)CALL(eventfd2, 0, 04000);
	ck_assert_int_ge(thing.guest, 0);
	return thing;
}

static void close_thing(struct thing *thing)
{
	if (thing->host >= 0) {
		close(thing->host);
		ck_assert_int_eq(CALL(close, (uint64_t)thing->guest), 0);
	}
	if (thing->other >= 0)
		close(thing->other);
	thing->host = thing->other = -1;
}

/* -------------------------------------------------------------------------
 * At random.
 */
enum { THINGS = 8 };

static struct thing make(unsigned int kind)
{
	switch (kind % 5) {
	case 0:
		return pipe_thing(true);
	case 1:
		return pipe_thing(false);
	case 2:
		return socket_thing(SOCK_STREAM);
	case 3:
		return socket_thing(SOCK_DGRAM);
	default:
		return event_thing();
	}
}

static unsigned int seed;

static unsigned int dice(unsigned int sides)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % sides;
}

/* EPOLLPRI is apart: Linux takes all that comes through a socket for an edge of that, too. */
static uint32_t random_events(void)
{
	static const uint32_t some[] = { EPOLLIN, EPOLLOUT, EPOLLRDHUP };
	uint32_t events = 0;

	for (size_t i = 0; i < sizeof some / sizeof some[0]; i++)
		if (dice(2))
			events |= some[i];
	if (!dice(3))
		events |= EPOLLET;
	if (!dice(4))
		events |= EPOLLONESHOT;
	return events;
}

/* Reads or writes of what the host has are seen by both. */
static void touch_host(struct thing *thing)
{
	char bytes[4096] = { 0 };
	ssize_t n;

	switch (dice(5)) {
	case 0:
		n = write(thing->other, bytes, dice(64) + 1);
		break;
	case 1:
		n = read(thing->host, bytes, dice(64) + 1);
		break;
	case 2:
		n = read(thing->host, bytes, sizeof bytes);
		break;
	case 3:
		n = write(thing->host, bytes, sizeof bytes);
		break;
	default:
		n = read(thing->other, bytes, sizeof bytes);
	}
	(void)n;
}

static void touch_event(struct thing *thing)
{
	static const uint64_t values[] = { 1, 5, UINT64_MAX - 1 };
	uint64_t value = values[dice(3)], got = 0;
	int64_t right;

	if (dice(2)) {
		right = write(thing->host, &value, sizeof value);
		right = right < 0 ? -errno : right;
		ck_assert_int_eq(CALL(write, (uint64_t)thing->guest, ADDRESS(&value), sizeof value),
				 right);
	} else {
		right = read(thing->host, &value, sizeof value);
		right = right < 0 ? -errno : right;
		ck_assert_int_eq(CALL(read, (uint64_t)thing->guest, ADDRESS(&got), sizeof got),
				 right);
		if (right > 0)
			ck_assert_uint_eq(got, value);
	}
}

static void step(struct thing *things)
{
	unsigned int i = dice(THINGS), what = dice(16);
	struct thing *thing = &things[i];

	if (what < 3) {
		change(EPOLL_CTL_ADD, thing, random_events(), i);
	} else if (what < 5) {
		change(EPOLL_CTL_MOD, thing, random_events(), i | dice(2) << 8);
	} else if (what == 5) {
		change(EPOLL_CTL_DEL, thing, 0, 0);
	} else if (what == 6 && !dice(4)) {
		close_thing(thing);
		*thing = make(dice(5));
	} else if (what == 7 && thing->other >= 0 && !dice(4)) {
		close(thing->other);
		thing->other = -1;
	} else if (what == 8 && thing->other >= 0 && !dice(3)) {
		shutdown(thing->other, SHUT_WR);
	} else if (thing->is_event) {
		touch_event(thing);
	} else {
		touch_host(thing);
	}
}

/*
 * They are looked at after each step: bytes that come and go between two looks are an edge for
 * Linux, which then tells of the other direction, and none for a kqueue, which looks again.
 */
START_TEST(a_random_life_has_the_same_events)
{
	struct thing things[THINGS];
	enum { STEPS = 3000 };
	int events = 0;

	seed = (unsigned int)_i * 7919 + 1;
	for (unsigned int i = 0; i < THINGS; i++)
		things[i] = make(i);
	for (int i = 0; i < STEPS; i++) {
		char when[64];

		step(things);
		snprintf(when, sizeof when, "seed %d, step %d", _i, i);
		events += collect(when);
	}
	ck_assert_int_gt(events, STEPS / 100);
	for (int i = 0; i < THINGS; i++)
		close_thing(&things[i]);
}
END_TEST

/* -------------------------------------------------------------------------
 * One by one.
 */
START_TEST(what_cannot_be_polled_is_refused)
{
	int file = open("/proc/self/exe", O_RDONLY), folder = open("/", O_RDONLY);
	int null = open("/dev/null", O_RDWR), random = open("/dev/urandom", O_RDONLY);
	int waits = open("/dev/random", O_RDONLY);
	const int hosts[] = { file, folder, null, random, waits };

	for (int i = 0; i < 5; i++) {
		struct thing thing = { hosts[i], give(hosts[i]), -1, false };

		ck_assert_int_eq(change(EPOLL_CTL_ADD, &thing, EPOLLIN, 1), i == 4 ? 0 : -EPERM);
		if (i == 4)
			ck_assert_int_eq(collect("random bytes"), 1);
		close_thing(&thing);
	}
}
END_TEST

START_TEST(sets_refuse_what_is_wrong)
{
	struct thing thing = pipe_thing(true), self = { theirs, ours, -1, false };
	struct thing nobody = { 1000, 1000, -1, false };
	struct linux_epoll_event event;

	ck_assert_int_eq(change(EPOLL_CTL_ADD, &self, EPOLLIN, 1), -EINVAL);
	ck_assert_int_eq(change(EPOLL_CTL_ADD, &nobody, EPOLLIN, 1), -EBADF);
	ck_assert_int_eq(change(EPOLL_CTL_DEL, &thing, EPOLLIN, 1), -ENOENT);
	ck_assert_int_eq(change(EPOLL_CTL_MOD, &thing, EPOLLIN, 1), -ENOENT);
	ck_assert_int_eq(change(4, &thing, EPOLLIN, 1), -EINVAL);
	ck_assert_int_eq(change(EPOLL_CTL_ADD, &thing, EPOLLIN, 1), 0);
	ck_assert_int_eq(change(EPOLL_CTL_ADD, &thing, EPOLLIN, 1), -EEXIST);
	ck_assert_int_eq(CALL(epoll_ctl, (uint64_t)thing.guest, EPOLL_CTL_ADD, (uint64_t)ours,
			      ADDRESS(&event)),
			 -EINVAL);
	ck_assert_int_eq(CALL(epoll_pwait, (uint64_t)thing.guest, ADDRESS(&event), 1, 0), -EINVAL);
	ck_assert_int_eq(CALL(epoll_pwait, (uint64_t)ours, ADDRESS(&event), 0, 0), -EINVAL);
	ck_assert_int_eq(CALL(epoll_create1, 1), -EINVAL);
	close_thing(&thing);
}
END_TEST

/* A duplicate keeps an entry alive, under the number that was closed: epoll(7), questions. */
START_TEST(entries_live_as_long_as_what_they_are_of)
{
	struct thing thing = pipe_thing(true), again;
	int host = dup(thing.host), guest = (int)CALL(dup, (uint64_t)thing.guest);

	change(EPOLL_CTL_ADD, &thing, EPOLLIN, 1);
	close(thing.host);
	CALL(close, (uint64_t)thing.guest);
	ck_assert_int_eq(write(thing.other, "x", 1), 1);
	ck_assert_int_eq(collect("closed, with a duplicate"), 1);
	again = (struct thing){ host, guest, -1, false };
	ck_assert_int_eq(change(EPOLL_CTL_ADD, &again, EPOLLIN, 2), 0);
	ck_assert_int_eq(collect("two entries for one pipe"), 2);
	thing.host = -1;
	close_thing(&again);
	ck_assert_int_eq(collect("all closed"), 0);
	close_thing(&thing);
}
END_TEST

START_TEST(duplicates_are_entries_of_their_own)
{
	struct thing thing = event_thing();
	struct thing copy = { dup(thing.host), (int)CALL(dup, (uint64_t)thing.guest), -1, true };
	uint64_t one = 1;

	change(EPOLL_CTL_ADD, &thing, EPOLLIN | EPOLLET, 1);
	change(EPOLL_CTL_ADD, &copy, EPOLLIN | EPOLLOUT, 2);
	collect("before");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(write(thing.host, &one, sizeof one), 8);
		ck_assert_int_eq(CALL(write, (uint64_t)copy.guest, ADDRESS(&one), 8), 8);
		ck_assert_int_eq(collect("written"), 2);
		ck_assert_int_eq(collect("and looked at again"), 1);
	}
	close_thing(&thing);
	ck_assert_int_eq(collect("one is closed"), 1);
	close_thing(&copy);
}
END_TEST

START_TEST(sets_are_in_sets)
{
	struct thing thing = pipe_thing(true), event = event_thing();
	struct thing inner = { theirs, ours, -1, false };
	uint64_t one = 1;

	change(EPOLL_CTL_ADD, &thing, EPOLLIN, 1);
	change(EPOLL_CTL_ADD, &event, EPOLLIN, 2);
	theirs = epoll_create1(0);
	ours = (int)CALL(epoll_create1, 0);
	ck_assert_int_eq(change(EPOLL_CTL_ADD, &inner, EPOLLIN, 3), 0);
	ck_assert_int_eq(collect("nothing"), 0);
	ck_assert_int_eq(write(thing.other, "x", 1), 1);
	ck_assert_int_eq(collect("a pipe in a set in a set"), 1);
	ck_assert_int_eq(read(thing.host, &one, 1), 1);
	ck_assert_int_eq(collect("it is empty again"), 0);
	one = 1;
	ck_assert_int_eq(write(event.host, &one, sizeof one), 8);
	ck_assert_int_eq(CALL(write, (uint64_t)event.guest, ADDRESS(&one), 8), 8);
	ck_assert_int_eq(collect("an eventfd there"), 1);
	/* a loop is refused */
	{
		struct thing outer = { theirs, ours, -1, false };
		int their_outer = theirs, our_outer = ours;

		theirs = inner.host;
		ours = inner.guest;
		ck_assert_int_eq(change(EPOLL_CTL_ADD, &outer, EPOLLIN, 4), -ELOOP);
		theirs = their_outer;
		ours = our_outer;
	}
	close_thing(&thing);
	close_thing(&event);
	close_thing(&inner);
	ck_assert_int_eq(collect("the inner set is closed"), 0);
}
END_TEST

/* The deepest that Linux allows is allowed, and no deeper. */
START_TEST(sets_are_not_too_deep)
{
	int sets[7] = { theirs };

	for (int i = 0; i < 6; i++) {
		struct thing inner = { theirs, ours, -1, false };

		theirs = epoll_create1(0);
		ours = (int)CALL(epoll_create1, 0);
		change(EPOLL_CTL_ADD, &inner, EPOLLIN, 1);
		sets[i + 1] = theirs;
	}
	for (int i = 0; i < 6; i++)
		close(sets[i]);
	for (int fd = 3; fd < 64; fd++)
		CALL(close, (uint64_t)fd);
}
END_TEST

static void connect_pair(int pair[2])
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof address;
	int listening = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(listening, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(listening, 1), 0);
	ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&address, &size), 0);
	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(pair[0], (struct sockaddr *)&address, size), 0);
	pair[1] = accept(listening, NULL, NULL);
	ck_assert_int_ge(pair[1], 0);
	close(listening);
}

START_TEST(urgent_bytes_are_told)
{
	struct thing thing;
	int pair[2];

	connect_pair(pair);
	thing = (struct thing){ pair[0], give(pair[0]), pair[1], false };
	change(EPOLL_CTL_ADD, &thing, EPOLLPRI, 9);
	ck_assert_int_eq(collect("nothing"), 0);
	ck_assert_int_eq(send(pair[1], "a", 1, 0), 1);
	ck_assert_int_eq(collect("a byte"), 0);
	ck_assert_int_eq(send(pair[1], "b", 1, MSG_OOB), 1);
	ck_assert_int_eq(collect("an urgent one"), 1);
	close_thing(&thing);
}
END_TEST

static void *write_later(void *fd)
{
	const uint64_t one = 1;

	usleep(20000);
	CALL_BY(flat_new_thread(), write, (uint64_t)*(int *)fd, ADDRESS(&one), sizeof one);
	return NULL;
}

START_TEST(waiting_ends_with_an_event)
{
	struct thing thing = event_thing();
	struct linux_epoll_event event;
	pthread_t writer;

	change(EPOLL_CTL_ADD, &thing, EPOLLIN, 77);
	ck_assert_int_eq(collect_ours(&event, 10), 0);
	pthread_create(&writer, NULL, write_later, &thing.guest);
	ck_assert_int_eq(collect_ours(&event, -1), 1);
	ck_assert_uint_eq(event.data, 77);
	pthread_join(writer, NULL);
	close_thing(&thing);
}
END_TEST

/* Another is added, or changed, while somebody waits. */
static void *add_later(void *unused)
{
	struct linux_epoll_event event = { EPOLLOUT, 5 };
	int fd = (int)CALL(eventfd2, 0, 0);

	(void)unused;
	usleep(20000);
	CALL_BY(flat_new_thread(), epoll_ctl, (uint64_t)ours, EPOLL_CTL_ADD, (uint64_t)fd,
		ADDRESS(&event));
	return NULL;
}

START_TEST(waiting_sees_what_is_added)
{
	struct linux_epoll_event event;
	pthread_t adder;

	pthread_create(&adder, NULL, add_later, NULL);
	ck_assert_int_eq(collect_ours(&event, -1), 1);
	ck_assert_uint_eq(event.data, 5);
	pthread_join(adder, NULL);
}
END_TEST

/* One that is ready already, and was told once, is told again by a change alone. */
static void *change_later(void *fd)
{
	struct linux_epoll_event event = { EPOLLIN, 6 };

	usleep(20000);
	CALL_BY(flat_new_thread(), epoll_ctl, (uint64_t)ours, EPOLL_CTL_MOD, (uint64_t)*(int *)fd,
		ADDRESS(&event));
	return NULL;
}

START_TEST(waiting_sees_what_is_changed)
{
	struct linux_epoll_event event = { EPOLLIN | EPOLLONESHOT, 5 };
	int fd = (int)CALL(eventfd2, 1, 0);
	pthread_t changer;

	CALL(epoll_ctl, (uint64_t)ours, EPOLL_CTL_ADD, (uint64_t)fd, ADDRESS(&event));
	ck_assert_int_eq(collect_ours(&event, -1), 1);
	ck_assert_int_eq(collect_ours(&event, 10), 0);
	pthread_create(&changer, NULL, change_later, &fd);
	ck_assert_int_eq(collect_ours(&event, -1), 1);
	ck_assert_uint_eq(event.data, 6);
	pthread_join(changer, NULL);
}
END_TEST

static void *send_later(void *to)
{
	usleep(20000);
	flat_send(to, LINUX_SIGUSR1, 0);
	return NULL;
}

/* A child has no kqueue: its sets are made again, without what it does not have. */
START_TEST(a_child_has_its_sets)
{
	struct thing thing = pipe_thing(true), event = event_thing();
	struct linux_epoll_event told, signal_event = { EPOLLIN, 3 };
	uint64_t one = 1, mask = 1 << (LINUX_SIGUSR1 - 1);
	uint64_t signals = (uint64_t)CALL(signalfd4, (uint64_t)-1, ADDRESS(&mask), 8, 0);
	int status;
	pid_t pid;

	change(EPOLL_CTL_ADD, &thing, EPOLLIN, 1);
	change(EPOLL_CTL_ADD, &event, EPOLLIN, 2);
	CALL(write, (uint64_t)event.guest, ADDRESS(&one), sizeof one);
	ck_assert_int_eq(write(event.host, &one, sizeof one), 8);
	CALL(epoll_ctl, (uint64_t)ours, EPOLL_CTL_ADD, signals, ADDRESS(&signal_event));
	descriptors_fork_begin();
	pid = fork();
	if (!pid) {
		pthread_t sender;

		descriptors_fork_child();
		if (collect_ours(&told, 0))
			_exit(1);
		pthread_create(&sender, NULL, send_later, flat_thread);
		if (collect_ours(&told, 5000) != 1 || told.data != 3)
			_exit(5);
		pthread_join(sender, NULL);
		CALL(close, signals);
		if (write(thing.other, "x", 1) != 1)
			_exit(2);
		if (collect_ours(&told, 1000) != 1 || told.data != 1)
			_exit(3);
		if (CALL(eventfd2, 0, 0) != event.guest)
			_exit(4);	/* its number is free */
		_exit(0);
	}
	descriptors_fork_parent();
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	ck_assert_int_eq(collect("the parent's are as they were"), 2);
	close_thing(&thing);
	close_thing(&event);
}
END_TEST

Suite *epoll_suite(void)
{
	Suite *suite = suite_create("epoll");
	TCase *tc = tcase_create("as Linux");
	enum { LIVES = 20 };

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_loop_test(tc, a_random_life_has_the_same_events, 0, LIVES);
	tcase_add_test(tc, what_cannot_be_polled_is_refused);
	tcase_add_test(tc, sets_refuse_what_is_wrong);
	tcase_add_test(tc, entries_live_as_long_as_what_they_are_of);
	tcase_add_test(tc, duplicates_are_entries_of_their_own);
	tcase_add_test(tc, sets_are_in_sets);
	tcase_add_test(tc, sets_are_not_too_deep);
	tcase_add_test(tc, urgent_bytes_are_told);
	tcase_add_test(tc, waiting_ends_with_an_event);
	tcase_add_test(tc, waiting_sees_what_is_added);
	tcase_add_test(tc, waiting_sees_what_is_changed);
	tcase_add_test(tc, a_child_has_its_sets);
	suite_add_tcase(suite, tc);
	return suite;
}

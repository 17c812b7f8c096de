/* SPDX-License-Identifier: BSD-2-Clause */
/* The eventfd of our own, beside the kernel's where there is one. */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#ifdef __linux__
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#endif

#include "counter.h"
#include "registry-suites.h"

#define MAX (UINT64_MAX - 1)

START_TEST(counter_reads_all_or_one)
{
	struct counter *all = counter_create(3, false), *one = counter_create(3, true);
	bool semaphore;
	uint64_t value;

	ck_assert_uint_eq(counter_value(all, &semaphore), 3);
	ck_assert(!semaphore);
	ck_assert_int_eq(counter_read(all, &value), 0);
	ck_assert_uint_eq(value, 3);
	counter_value(one, &semaphore);
	ck_assert(semaphore);
	ck_assert_int_eq(counter_read(all, &value), -EAGAIN);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(counter_read(one, &value), 0);
		ck_assert_uint_eq(value, 1);
	}
	ck_assert_int_eq(counter_read(one, &value), -EAGAIN);
	counter_destroy(all);
	counter_destroy(one);
}
END_TEST

START_TEST(counter_does_not_overflow)
{
	struct counter *counter = counter_create(0, false);
	uint64_t value;

	ck_assert_int_eq(counter_write(counter, UINT64_MAX), -EINVAL);
	ck_assert_int_eq(counter_wait_room(counter, UINT64_MAX, NULL, NULL), -EINVAL);
	ck_assert_uint_eq(counter_ready(counter), COUNTER_WRITABLE);
	ck_assert_int_eq(counter_write(counter, MAX - 1), 0);
	ck_assert_uint_eq(counter_ready(counter), COUNTER_READABLE | COUNTER_WRITABLE);
	ck_assert_int_eq(counter_write(counter, 2), -EAGAIN);
	ck_assert_int_eq(counter_write(counter, 1), 0);
	ck_assert_uint_eq(counter_ready(counter), COUNTER_READABLE);
	ck_assert_int_eq(counter_write(counter, 0), 0);
	ck_assert_int_eq(counter_read(counter, &value), 0);
	ck_assert_uint_eq(value, MAX);
	counter_destroy(counter);
}
END_TEST

#ifdef __linux__
enum { STEPS = 20000 };

static uint64_t some_value(void)
{
	static const uint64_t values[] = { 0, 1, 2, MAX / 2, MAX - 2, MAX - 1, MAX, UINT64_MAX };

	return values[(unsigned int)rand() % (sizeof values / sizeof *values)];
}

static int kernel_ready(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN | POLLOUT };

	ck_assert_int_ge(poll(&poller, 1, 0), 0);
	return (poller.revents & POLLIN ? COUNTER_READABLE : 0) |
	       (poller.revents & POLLOUT ? COUNTER_WRITABLE : 0);
}

/* Every result of a long series is the kernel's. */
START_TEST(counter_does_as_the_kernel)
{
	bool semaphore = _i;
	int fd = eventfd(2, EFD_NONBLOCK | EFD_CLOEXEC | (semaphore ? EFD_SEMAPHORE : 0));
	struct counter *counter = counter_create(2, semaphore);

	ck_assert_int_ge(fd, 0);
	srand(1);
	for (int i = 0; i < STEPS; i++) {
		uint64_t value = some_value(), ours = 0, theirs = 0;

		if (rand() % 2) {
			int wrote = write(fd, &value, sizeof value) < 0 ? -errno : 0;

			ck_assert_int_eq(counter_write(counter, value), wrote);
		} else {
			int got = read(fd, &theirs, sizeof theirs) < 0 ? -errno : 0;

			ck_assert_int_eq(counter_read(counter, &ours), got);
			ck_assert_uint_eq(ours, theirs);
		}
		ck_assert_int_eq(counter_ready(counter), kernel_ready(fd));
	}
	counter_destroy(counter);
	close(fd);
}
END_TEST
#endif

/* ------------------------------------------------------------ duplicates -- */

static const struct registry_host host;

START_TEST(counter_is_the_duplicates)
{
	static struct registry registry;
	static struct registry_bits bits;
	struct registry_new new = {
		.class = &counter_class, .host = -1, .flags = REGISTRY_READ | REGISTRY_WRITE,
		.payload = counter_create(0, false),
	};
	struct registry_held held;
	uint64_t value;

	ck_assert_int_eq(registry_init(&registry, &host, &bits), 0);
	ck_assert_int_eq(registry_open(&registry, &new, NULL), 0);
	ck_assert_int_eq(registry_dup(&registry, 0, 0, false), 1);
	ck_assert_int_eq(registry_hold(&registry, 0, &held), 0);
	ck_assert_int_eq(counter_write(held.payload, 5), 0);
	registry_let_go(&registry, &held);
	ck_assert_int_eq(registry_close(&registry, 0), 0);
	ck_assert_int_eq(registry_hold(&registry, 1, &held), 0);
	ck_assert_uint_eq(counter_ready(held.payload), COUNTER_READABLE | COUNTER_WRITABLE);
	ck_assert_int_eq(counter_read(held.payload, &value), 0);
	ck_assert_uint_eq(value, 5);
	registry_let_go(&registry, &held);
	registry_end(&registry);
}
END_TEST

/* --------------------------------------------------------------- waiting -- */

struct waiter {
	struct counter *counter;
	uint64_t room;		/* 0: for a value */
	_Atomic bool asked, stopped, enough;
	int result;
};

static bool stop(void *context)
{
	struct waiter *waiter = context;

	atomic_store(&waiter->asked, true);
	return atomic_load(&waiter->stopped);
}

static void *wait_for_it(void *context)
{
	struct waiter *waiter = context;

	waiter->result = waiter->room ?
		counter_wait_room(waiter->counter, waiter->room, stop, waiter) :
		counter_wait_value(waiter->counter, stop, waiter);
	atomic_store(&waiter->enough, true);
	return NULL;
}

static pthread_t begin(struct waiter *waiter)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_it, waiter), 0);
	while (!atomic_load(&waiter->asked) && !atomic_load(&waiter->enough))
		sched_yield();
	return thread;
}

START_TEST(counter_waits_for_a_value)
{
	struct waiter waiter = { .counter = counter_create(0, false) };
	pthread_t thread = begin(&waiter);

	ck_assert_int_eq(counter_write(waiter.counter, 0), 0);
	ck_assert(!atomic_load(&waiter.enough));
	ck_assert_int_eq(counter_write(waiter.counter, 1), 0);
	pthread_join(thread, NULL);
	ck_assert_int_eq(waiter.result, 0);
	counter_destroy(waiter.counter);
}
END_TEST

/* That 1 can be added is not enough. */
START_TEST(counter_waits_for_room)
{
	struct waiter waiter = { .counter = counter_create(0, true), .room = MAX };
	uint64_t value;
	pthread_t thread;

	ck_assert_int_eq(counter_write(waiter.counter, 2), 0);
	thread = begin(&waiter);
	ck_assert_int_eq(counter_read(waiter.counter, &value), 0);
	ck_assert(!atomic_load(&waiter.enough));
	ck_assert_int_eq(counter_read(waiter.counter, &value), 0);
	pthread_join(thread, NULL);
	ck_assert_int_eq(waiter.result, 0);
	counter_destroy(waiter.counter);
}
END_TEST

START_TEST(counter_waiting_can_be_stopped)
{
	struct waiter waiter = { .counter = counter_create(0, false) };
	pthread_t thread = begin(&waiter);

	counter_wake(waiter.counter);
	ck_assert(!atomic_load(&waiter.enough));
	atomic_store(&waiter.stopped, true);
	counter_wake(waiter.counter);
	pthread_join(thread, NULL);
	ck_assert_int_eq(waiter.result, -EINTR);
	counter_destroy(waiter.counter);
}
END_TEST

Suite *counter_suite(void)
{
	Suite *suite = suite_create("counter");
	TCase *tc = tcase_create("counter");

	tcase_add_test(tc, counter_reads_all_or_one);
	tcase_add_test(tc, counter_does_not_overflow);
#ifdef __linux__
	tcase_add_loop_test(tc, counter_does_as_the_kernel, 0, 2);
#endif
	tcase_add_test(tc, counter_is_the_duplicates);
	tcase_add_test(tc, counter_waits_for_a_value);
	tcase_add_test(tc, counter_waits_for_room);
	tcase_add_test(tc, counter_waiting_can_be_stopped);
	suite_add_tcase(suite, tc);
	return suite;
}

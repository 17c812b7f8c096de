/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring of random bytes, with guests of our own that take from it. */
#include <check.h>
#include <errno.h>
#include <sched.h>

#include "registry-suites.h"
#include "ring.h"
#include "things.h"
#include "threads.h"

static struct ring ring;

/* What the guest's side does, as ring.h says: how many bytes there were, at most `size`. */
static uint32_t take(uint8_t *to, uint32_t size)
{
	uint32_t head, fill;

	while (atomic_exchange_explicit(&ring.lock, 1, memory_order_acquire))
		sched_yield();
	head = atomic_load_explicit(&ring.head, memory_order_relaxed);
	fill = atomic_load_explicit(&ring.tail, memory_order_acquire) - head;
	if (size > fill)
		size = fill;
	for (uint32_t i = 0; i < size; i++) {
		to[i] = ring.bytes[(head + i) % RING_SIZE];
		ring.bytes[(head + i) % RING_SIZE] = 0;
	}
	atomic_store_explicit(&ring.head, head + size, memory_order_relaxed);
	atomic_store_explicit(&ring.lock, 0, memory_order_release);
	return size;
}

static void expect_once(const uint8_t *bytes, uint32_t size)
{
	for (uint32_t i = 0; i < size; i += 8)
		ck_assert(serial_once(bytes + i));
}

static uint32_t fill(void)
{
	return atomic_load(&ring.tail) - atomic_load(&ring.head);
}

START_TEST(ring_is_filled)
{
	uint8_t bytes[RING_SIZE];

	ck_assert_int_eq(ring_refill(&ring, serial_source, NULL), RING_SIZE);
	ck_assert_int_eq(ring_refill(&ring, serial_source, NULL), 0);
	ck_assert_uint_eq(take(bytes, 16), 16);
	expect_once(bytes, 16);
	ck_assert_int_eq(ring_refill(&ring, serial_source, NULL), 16);
	ck_assert_uint_eq(take(bytes, sizeof bytes), RING_SIZE);
	expect_once(bytes, RING_SIZE);
	ck_assert_uint_eq(take(bytes, 1), 0);
}
END_TEST

/* Counts go round, places too. */
START_TEST(ring_goes_round)
{
	uint8_t bytes[RING_SIZE];

	atomic_store(&ring.head, -24u);
	atomic_store(&ring.tail, -24u);
	for (int i = 0; i < 3000; i++) {
		uint32_t size = 8 * (1 + (uint32_t)i % 200);

		ck_assert_int_ge(ring_refill(&ring, serial_source, NULL), 0);
		ck_assert_uint_eq(fill(), RING_SIZE);
		ck_assert_uint_eq(take(bytes, size), size);
		expect_once(bytes, size);
	}
}
END_TEST

START_TEST(ring_reset_leaves_nothing)
{
	static const uint8_t zeros[RING_SIZE];

	ring_refill(&ring, serial_source, NULL);
	atomic_store(&ring.lock, 1);
	ring_reset(&ring);
	ck_assert_mem_eq(ring.bytes, zeros, RING_SIZE);
	ck_assert_uint_eq(fill(), 0);
	ck_assert_int_eq(ring_refill(&ring, serial_source, NULL), RING_SIZE);
}
END_TEST

/* A guest that died with the lock costs a refill, not the host. */
START_TEST(ring_does_not_wait_for_ever)
{
	atomic_store(&ring.lock, 1);
	ck_assert_int_eq(ring_refill(&ring, serial_source, NULL), -EBUSY);
	ck_assert_uint_eq(fill(), 0);
}
END_TEST

START_TEST(ring_counts_are_looked_at)
{
	atomic_store(&ring.tail, RING_SIZE + 1);
	ck_assert_int_eq(ring_refill(&ring, serial_source, NULL), -EIO);
	atomic_store(&ring.head, RING_SIZE + 2);
	ck_assert_int_eq(ring_refill(&ring, serial_source, NULL), -EIO);
}
END_TEST

static int broken_source(void *context, void *to, size_t size)
{
	(void)context;
	(void)to;
	(void)size;
	return -ENODEV;
}

START_TEST(ring_without_a_source_stays_empty)
{
	ck_assert_int_eq(ring_refill(&ring, broken_source, NULL), -ENODEV);
	ck_assert_uint_eq(fill(), 0);
}
END_TEST

/* While it makes bytes, somebody else fills the ring: it is not locked, and not overrun. */
static int slow_source(void *context, void *to, size_t size)
{
	(void)context;
	ck_assert_int_eq(ring_refill(&ring, serial_source, NULL), RING_SIZE);
	return serial_source(NULL, to, size);
}

START_TEST(ring_looks_again_with_the_lock)
{
	uint8_t bytes[RING_SIZE];

	ck_assert_int_eq(ring_refill(&ring, slow_source, NULL), 0);
	ck_assert_uint_eq(fill(), RING_SIZE);
	ck_assert_uint_eq(take(bytes, sizeof bytes), RING_SIZE);
	expect_once(bytes, RING_SIZE);
}
END_TEST

/* ------------------------------------------------------------ many guests -- */

enum { GUESTS = 4, READS = 16384 };

/* What it has taken came once, whoever fills the ring or takes from it. */
static unsigned long guest(void)
{
	uint8_t bytes[24];

	for (uint32_t taken = 0; taken < READS;) {
		uint32_t got = take(bytes, 8 * (1 + taken % 3));

		for (uint32_t at = 0; at < got; at += 8)
			if (!serial_once(bytes + at))
				return 0;
		taken += got / 8;
		if (!got || taken % 7 == 0)
			ring_refill(&ring, serial_source, NULL);
	}
	return 1;
}

START_TEST(ring_gives_no_byte_twice)
{
	ck_assert_uint_eq(do_at_once(GUESTS, guest), GUESTS);
}
END_TEST

Suite *ring_suite(void)
{
	Suite *suite = suite_create("ring");
	TCase *tc = tcase_create("ring");

	tcase_add_test(tc, ring_is_filled);
	tcase_add_test(tc, ring_goes_round);
	tcase_add_test(tc, ring_reset_leaves_nothing);
	tcase_add_test(tc, ring_does_not_wait_for_ever);
	tcase_add_test(tc, ring_counts_are_looked_at);
	tcase_add_test(tc, ring_without_a_source_stays_empty);
	tcase_add_test(tc, ring_looks_again_with_the_lock);
	tcase_add_test(tc, ring_gives_no_byte_twice);
	suite_add_tcase(suite, tc);
	return suite;
}

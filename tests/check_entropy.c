/* SPDX-License-Identifier: BSD-2-Clause */
/* Random bytes for the guest: what arrives, what stays behind, what waits for what. */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "entropy.h"
#include "registry-suites.h"
#include "things.h"

#define COUNT(array) (sizeof (array) / sizeof *(array))

enum { ROOM = 3 * ENTROPY_CACHE };
#define BASE 0x10000u	/* of the guest's memory, which has nothing else */

static struct registry registry;
static struct registry_bits bits;
static struct entropy entropy;
static struct ring ring;
static uint8_t memory[ROOM];

static size_t cross(void *context, guest_addr to, const void *from, size_t size)
{
	size_t room = to.v >= BASE && to.v < BASE + ROOM ? BASE + ROOM - to.v : 0;

	(void)context;
	if (size > room)
		size = room;
	if (size)
		memcpy(memory + (to.v - BASE), from, size);
	return size;
}

static const struct entropy_memory guest = { .write = cross };

/* Nothing is left of what was open. */
static void expect_wiped(int fd)
{
	static const uint8_t zeros[ENTROPY_CACHE];

	ck_assert_uint_eq(entropy.cache[fd].left, 0);
	ck_assert_mem_eq(entropy.bytes[fd], zeros, sizeof zeros);
}

static void begin(void)
{
	ck_assert_int_eq(registry_init(&registry, &thing_host_drops, &bits), 0);
	ck_assert_int_eq(entropy_init(&entropy, serial_source, NULL, &ring), 0);
}

static void end(void)
{
	registry_end(&registry);
	for (int fd = 0; fd < REGISTRY_SIZE; fd++)
		expect_wiped(fd);
}

static int open_random(unsigned int flags)
{
	const struct registry_new new = {
		.class = &entropy_class, .host = -1, .flags = flags, .payload = &entropy,
	};

	return registry_open(&registry, &new, NULL);
}

static int64_t read_parts(int fd, const struct entropy_part *part, size_t parts)
{
	struct registry_held held;
	int64_t result;

	ck_assert_int_eq(registry_hold(&registry, fd, &held), 0);
	result = entropy_readv(&held, part, parts, &guest);
	registry_let_go(&registry, &held);
	return result;
}

static int64_t read_at(int fd, uint64_t at, uint64_t size)
{
	struct entropy_part part = { { at }, size };

	return read_parts(fd, &part, 1);
}

static void expect_once(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i += 8)
		ck_assert(serial_once(bytes + i));
}

/* ----------------------------------------------------------------- reads -- */

START_TEST(entropy_reads_are_of_every_size)
{
	int fd = open_random(REGISTRY_READ);

	for (size_t size = 0; size <= ROOM; size += size < 64 ? 8 : 712) {
		ck_assert_int_eq(read_at(fd, BASE, size), (int64_t)size);
		expect_once(memory, size);
	}
}
END_TEST

/* One call of the source for a cache's worth of small reads. */
static unsigned int calls;

static int counting_source(void *context, void *to, size_t size)
{
	calls++;
	return serial_source(context, to, size);
}

START_TEST(entropy_small_reads_come_from_the_cache)
{
	int fd = open_random(REGISTRY_READ), other = open_random(REGISTRY_READ);

	entropy.source = counting_source;
	for (int i = 0; i < ENTROPY_CACHE / 8; i++)
		ck_assert_int_eq(read_at(fd, BASE, 8), 8);
	ck_assert_uint_eq(calls, 1);
	ck_assert_int_eq(read_at(fd, BASE, 8), 8);
	ck_assert_uint_eq(calls, 2);
	ck_assert_int_eq(read_at(other, BASE, 8), 8);
	ck_assert_uint_eq(calls, 3);
}
END_TEST

START_TEST(entropy_needs_reading_rights)
{
	ck_assert_int_eq(read_at(open_random(REGISTRY_WRITE), BASE, 8), -EBADF);
	ck_assert_int_eq(read_at(open_random(0), BASE, 8), -EBADF);
	ck_assert_int_eq(read_at(open_random(REGISTRY_READ | REGISTRY_WRITE), BASE, 8), 8);
}
END_TEST

START_TEST(entropy_is_of_its_class)
{
	const struct registry_new new = {
		.class = &thing_class, .host = -1, .flags = REGISTRY_READ,
	};

	ck_assert_int_eq(read_at(registry_open(&registry, &new, NULL), BASE, 8), -EBADF);
}
END_TEST

static const struct {
	struct entropy_part part[3];
	size_t parts;
	int64_t result;
} readvs[] = {
	{ .parts = 0, .result = 0 },
	{ .part = { { { BASE }, 0 }, { { BASE }, 0 } }, .parts = 2, .result = 0 },
	{ .part = { { { BASE }, 8 }, { { BASE + 8 }, 16 }, { { BASE + 24 }, 8 } },
	  .parts = 3, .result = 32 },
	{ .part = { { { BASE }, 16 }, { { 0 }, 0 }, { { BASE + 16 }, 8 } },
	  .parts = 3, .result = 24 },
	/* The memory ends in the second. */
	{ .part = { { { BASE }, 16 }, { { BASE + ROOM - 8 }, 16 }, { { BASE + 16 }, 8 } },
	  .parts = 3, .result = 24 },
	{ .part = { { { BASE }, 16 }, { { 0 }, 16 }, { { BASE + 16 }, 8 } },
	  .parts = 3, .result = 16 },
	{ .part = { { { 0 }, 16 }, { { BASE }, 16 } }, .parts = 2, .result = -EFAULT },
	{ .part = { { { BASE }, 2 * ROOM } }, .parts = 1, .result = ROOM },
	{ .part = { { { BASE }, INT64_MAX }, { { BASE }, 1 } }, .parts = 2, .result = -EINVAL },
	{ .part = { { { BASE }, UINT64_MAX } }, .parts = 1, .result = -EINVAL },
};

START_TEST(entropy_fills_the_parts)
{
	int fd = open_random(REGISTRY_READ);

	ring.head += 100;	/* a guest has taken some */
	ck_assert_int_eq(read_parts(fd, readvs[_i].part, readvs[_i].parts), readvs[_i].result);
	/* All parts but the one where the memory ends are one after the other. */
	if (readvs[_i].result > 0)
		expect_once(memory, (size_t)readvs[_i].result -
				    (readvs[_i].part[1].at.v == BASE + ROOM - 8 ? 8 : 0));
	if (readvs[_i].result != -EINVAL)
		ck_assert_uint_eq(ring.tail - ring.head, RING_SIZE);
}
END_TEST

START_TEST(entropy_has_a_limit_of_parts)
{
	static const struct entropy_part part[ENTROPY_PARTS + 1];
	int fd = open_random(REGISTRY_READ);

	ck_assert_int_eq(read_parts(fd, part, ENTROPY_PARTS), 0);
	ck_assert_int_eq(read_parts(fd, part, ENTROPY_PARTS + 1), -EINVAL);
}
END_TEST

/* All that Linux reads at once, into memory that takes everything. */
static uint64_t swallowed;

static size_t swallow(void *context, guest_addr to, const void *from, size_t size)
{
	(void)context;
	(void)to;
	(void)from;
	swallowed += size;
	return size;
}

static int zero_source(void *context, void *to, size_t size)
{
	(void)context;
	memset(to, 0, size < 8 ? size : 8);
	return 0;
}

START_TEST(entropy_reads_less_than_two_gigabytes)
{
	const struct entropy_memory all = { .write = swallow };

	entropy.source = zero_source;
	ck_assert_int_eq(entropy_getrandom(&entropy, guest_at(BASE), 1ull << 32, 0, &all),
			 0x7ffff000);
	ck_assert_uint_eq(swallowed, 0x7ffff000);
}
END_TEST

static int broken_source(void *context, void *to, size_t size)
{
	(void)context;
	(void)to;
	(void)size;
	return -EIO;
}

START_TEST(entropy_source_may_fail)
{
	int fd = open_random(REGISTRY_READ);

	ck_assert_int_eq(read_at(fd, BASE, 8), 8);
	entropy.source = broken_source;
	ck_assert_int_eq(read_at(fd, BASE, ENTROPY_CACHE), -EIO);
	ck_assert_int_eq(read_at(fd, BASE, ENTROPY_CACHE - 16), ENTROPY_CACHE - 16);
	ck_assert_int_eq(read_at(fd, BASE, 16), -EIO);
}
END_TEST

/* ------------------------------------------------------------- getrandom -- */

static const struct {
	unsigned int flags;
	int64_t result;
} flags[] = {
	{ 0, 8 },
	{ ENTROPY_NONBLOCK, 8 },
	{ ENTROPY_RANDOM, 8 },
	{ ENTROPY_INSECURE, 8 },
	{ ENTROPY_NONBLOCK | ENTROPY_RANDOM, 8 },
	{ ENTROPY_NONBLOCK | ENTROPY_INSECURE, 8 },
	{ ENTROPY_RANDOM | ENTROPY_INSECURE, -EINVAL },
	{ ENTROPY_RANDOM | ENTROPY_INSECURE | ENTROPY_NONBLOCK, -EINVAL },
	{ 8, -EINVAL },
	{ 9, -EINVAL },
	{ 1u << 31, -EINVAL },
	{ -1u, -EINVAL },
};

START_TEST(entropy_getrandom_looks_at_flags)
{
	ring.head += 100;
	ck_assert_int_eq(entropy_getrandom(&entropy, guest_at(BASE), 8, flags[_i].flags, &guest),
			 flags[_i].result);
	ck_assert_uint_eq(ring.tail - ring.head, RING_SIZE - (flags[_i].result < 0 ? 100 : 0));
}
END_TEST

START_TEST(entropy_getrandom_is_short_where_memory_ends)
{
	ck_assert_int_eq(entropy_getrandom(&entropy, guest_at(BASE), 0, 0, &guest), 0);
	ck_assert_int_eq(entropy_getrandom(&entropy, guest_at(0), 0, 0, &guest), 0);
	ck_assert_int_eq(entropy_getrandom(&entropy, guest_at(0), 8, 0, &guest), -EFAULT);
	ck_assert_int_eq(entropy_getrandom(&entropy, guest_at(BASE + ROOM - 8), 16, 0, &guest), 8);
}
END_TEST

/* ---------------------------------------------------------------- caches -- */

START_TEST(entropy_is_wiped_at_close)
{
	int fd = open_random(REGISTRY_READ);

	ck_assert_int_eq(read_at(fd, BASE, 8), 8);
	ck_assert_uint_eq(entropy.cache[fd].left, ENTROPY_CACHE - 8);
	registry_close(&registry, fd);
	expect_wiped(fd);
}
END_TEST

START_TEST(entropy_is_wiped_where_a_duplicate_goes)
{
	int fd = open_random(REGISTRY_READ), target = open_random(REGISTRY_READ);

	read_at(fd, BASE, 8);
	read_at(target, BASE, 8);
	registry_dup2(&registry, fd, target);
	expect_wiped(target);
	ck_assert_uint_eq(entropy.cache[fd].left, ENTROPY_CACHE - 8);
	ck_assert_int_eq(read_at(target, BASE, 16), 16);
	expect_once(memory, 16);
	ck_assert_uint_eq(entropy.cache[target].left, ENTROPY_CACHE - 16);
}
END_TEST

START_TEST(entropy_is_wiped_in_a_child)
{
	uint8_t before[RING_SIZE];
	int fd = open_random(REGISTRY_READ);

	read_at(fd, BASE, 8);
	memcpy(before, ring.bytes, sizeof before);
	/* Another thread was in the middle of both. */
	pthread_mutex_lock(&entropy.cache[fd].lock);
	atomic_store(&ring.lock, 1);
	ck_assert_int_eq(entropy_renew(&entropy), 0);
	expect_wiped(fd);
	for (size_t i = 0; i < sizeof before; i += 8)
		ck_assert(memcmp(before + i, ring.bytes + i, 8) != 0);
	ck_assert_uint_eq(ring.tail - ring.head, RING_SIZE);
	ck_assert_int_eq(read_at(fd, BASE, 8), 8);
}
END_TEST

START_TEST(entropy_leaves_zeros_behind)
{
	static const uint8_t zeros[ENTROPY_CACHE];
	int fd = open_random(REGISTRY_READ);
	size_t left;

	for (size_t size = 8; size < 800; size += 8) {
		read_at(fd, BASE, size);
		left = entropy.cache[fd].left;
		ck_assert_mem_eq(entropy.bytes[fd] + left, zeros, ENTROPY_CACHE - left);
	}
}
END_TEST

/* While one read makes bytes, all that is done by the same thread would wait for a lock. */
static int inner = -1, outer = -1;
static bool in_between;

static int reading_source(void *context, void *to, size_t size)
{
	if (!in_between) {
		in_between = true;
		ck_assert_int_eq(read_at(inner, BASE + 64, 8), 8);
		ck_assert_int_eq(read_at(outer, BASE + 64, 8), 8);
	}
	return serial_source(context, to, size);
}

START_TEST(entropy_descriptors_do_not_wait)
{
	outer = open_random(REGISTRY_READ);
	inner = open_random(REGISTRY_READ);
	entropy.source = reading_source;
	ck_assert_int_eq(read_at(outer, BASE, 8), 8);
	ck_assert(in_between);
	expect_once(memory, 8);
}
END_TEST

/* The number goes to another in the middle of a read, which ends well and leaves nothing. */
static int closing_source(void *context, void *to, size_t size)
{
	if (!in_between) {
		in_between = true;
		ck_assert_int_eq(registry_close(&registry, outer), 0);
		if (inner >= 0)
			ck_assert_int_eq(open_random(REGISTRY_READ), outer);
	}
	return serial_source(context, to, size);
}

START_TEST(entropy_late_read_fills_no_cache)
{
	inner = _i ? 0 : -1;	/* opened again, or not */
	outer = open_random(REGISTRY_READ);
	entropy.source = closing_source;
	ck_assert_int_eq(read_at(outer, BASE, 8), 8);
	ck_assert(in_between);
	expect_once(memory, 8);
	expect_wiped(outer);
}
END_TEST

Suite *entropy_suite(void)
{
	Suite *suite = suite_create("entropy");
	TCase *tc = tcase_create("entropy");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, entropy_reads_are_of_every_size);
	tcase_add_test(tc, entropy_small_reads_come_from_the_cache);
	tcase_add_test(tc, entropy_needs_reading_rights);
	tcase_add_test(tc, entropy_is_of_its_class);
	tcase_add_loop_test(tc, entropy_fills_the_parts, 0, COUNT(readvs));
	tcase_add_test(tc, entropy_has_a_limit_of_parts);
	tcase_add_test(tc, entropy_reads_less_than_two_gigabytes);
	tcase_add_test(tc, entropy_source_may_fail);
	tcase_add_loop_test(tc, entropy_getrandom_looks_at_flags, 0, COUNT(flags));
	tcase_add_test(tc, entropy_getrandom_is_short_where_memory_ends);
	tcase_add_test(tc, entropy_is_wiped_at_close);
	tcase_add_test(tc, entropy_is_wiped_where_a_duplicate_goes);
	tcase_add_test(tc, entropy_is_wiped_in_a_child);
	tcase_add_test(tc, entropy_leaves_zeros_behind);
	tcase_add_test(tc, entropy_descriptors_do_not_wait);
	tcase_add_loop_test(tc, entropy_late_read_fills_no_cache, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}

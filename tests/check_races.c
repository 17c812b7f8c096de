/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that open, close, duplicate and use the same few numbers at once. What has to hold
 * is looked at by each of them; what is left over, at the end.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counter.h"
#include "entropy.h"
#include "registry-suites.h"
#include "things.h"
#include "threads.h"

enum { THREADS = 4, NUMBERS = 4 };

static unsigned long rounds = 20000;	/* REGISTRY_ROUNDS; up to 400000: see THINGS */

static struct registry registry;
static struct registry_bits bits;
static struct entropy entropy;

/* Others go on meanwhile. */
static int slow_source(void *context, void *to, size_t size)
{
	sched_yield();
	return serial_source(context, to, size);
}

static void begin(void)
{
	if (getenv("REGISTRY_ROUNDS"))
		rounds = strtoul(getenv("REGISTRY_ROUNDS"), NULL, 10);
	ck_assert_int_eq(registry_init(&registry, &thing_host_drops, &bits), 0);
	ck_assert_int_eq(entropy_init(&entropy, slow_source, NULL, NULL), 0);
}

static void end(void)
{
	thing_end(&registry);
}

/* Of each thread its own: no order is between them but the registry's. */
static unsigned int any(unsigned int *seed, unsigned int below)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 16) % below;
}

static unsigned int new_seed(void)
{
	static _Atomic unsigned int seeds;

	return 7919 * (1 + atomic_fetch_add(&seeds, 1));
}

/* ----------------------------------------------------------- publication -- */

/* What is there was made for what is there, and is not gone. */
static bool is_right(int fd)
{
	struct registry_held held;
	bool right = true;

	if (registry_hold(&registry, fd, &held))
		return true;
	if (held.payload) {
		const struct thing *thing = held.payload;

		right = thing->generation == held.generation && thing_alive(thing);
	}
	registry_let_go(&registry, &held);
	return right;
}

/* Makes a payload for what it saw a while ago: its number is closed and opened meanwhile. */
static bool publish(int fd)
{
	struct registry_held held;
	struct thing *thing;

	if (registry_hold(&registry, fd, &held))
		return true;
	registry_let_go(&registry, &held);
	thing = thing_create(held.generation);
	sched_yield();
	if (registry_attach(&registry, fd, held.generation, thing))
		thing_undo(thing);
	return is_right(fd);
}

static unsigned long publish_or_reopen(void)
{
	/* The host's descriptor comes again too: it is none. */
	const struct registry_new new = { .class = &thing_class, .host = -1 };
	unsigned int seed = new_seed();

	for (unsigned long i = 0; i < rounds; i++) {
		int fd = (int)any(&seed, NUMBERS);

		if (any(&seed, 2)) {
			registry_close(&registry, fd);
			registry_open(&registry, &new, NULL);
		} else if (!publish(fd)) {
			return 0;
		}
	}
	return 1;
}

START_TEST(races_publication)
{
	ck_assert_uint_eq(do_at_once(THREADS, publish_or_reopen), THREADS);
}
END_TEST

/* ------------------------------------------------------------ duplicates -- */

static bool use(int fd)
{
	struct registry_held held;
	bool alive;

	if (registry_hold(&registry, fd, &held))
		return true;
	sched_yield();
	alive = thing_alive(held.payload);
	registry_let_go(&registry, &held);
	return alive;
}

static unsigned long duplicate_or_close(void)
{
	unsigned int seed = new_seed();

	for (unsigned long i = 0; i < rounds; i++) {
		int fd = (int)any(&seed, NUMBERS), to = (int)any(&seed, 2 * NUMBERS);
		struct registry_new new = {
			.class = any(&seed, 2) ? &thing_random_class : &thing_class,
			.flags = REGISTRY_READ,
		};

		switch (any(&seed, 6)) {
		case 0:
			new.host = thing_host();
			new.payload = thing_create(0);
			must(registry_open(&registry, &new, NULL) >= 0);
			break;
		case 1:
			registry_dup(&registry, fd, 0, false);
			break;
		case 2:
			registry_dup2(&registry, fd, to);
			break;
		case 3:
			if (!use(fd))
				return 0;
			break;
		default:
			registry_close(&registry, any(&seed, 3) ? fd : to);
			break;
		}
	}
	return 1;
}

static bool no_bits(void)
{
	for (unsigned int fd = 0; fd < REGISTRY_SIZE; fd++)
		if (registry_random(&bits, fd))
			return false;
	return true;
}

/* Numbers that nobody closes must not fill the table before the rounds are over. */
static unsigned long duplicate_and_sweep(void)
{
	unsigned long done = 0, all = rounds;
	const unsigned long sweep = 500;

	while (done < all) {
		rounds = all < sweep ? all : sweep;
		if (do_at_once(THREADS, duplicate_or_close) != THREADS)
			return 0;
		for (int fd = 0; fd < REGISTRY_SIZE; fd++)
			registry_close(&registry, fd);
		if (!no_bits())
			return 0;
		done += sweep;
	}
	rounds = all;
	return 1;
}

START_TEST(races_duplicates)
{
	ck_assert_uint_eq(duplicate_and_sweep(), 1);
}
END_TEST

/* An eventfd's duplicates: what is added is read, whoever closes what. */
static _Atomic uint64_t added, taken;

static void drain(struct counter *counter)
{
	uint64_t value;

	if (!counter_read(counter, &value))
		atomic_fetch_add(&taken, value);
}

static unsigned long count_by_duplicates(void)
{
	unsigned int seed = new_seed();

	for (unsigned long i = 0; i < rounds; i++) {
		int fd = (int)any(&seed, NUMBERS);
		struct registry_held held;

		if (fd && any(&seed, 2))
			registry_dup2(&registry, 0, fd);
		else if (fd && any(&seed, 2))
			registry_close(&registry, fd);
		if (registry_hold(&registry, fd, &held))
			continue;
		if (any(&seed, 2)) {
			if (!counter_write(held.payload, i))
				atomic_fetch_add(&added, i);
		} else {
			drain(held.payload);
		}
		registry_let_go(&registry, &held);
	}
	return 1;
}

START_TEST(races_counter)
{
	const struct registry_new new = {
		.class = &counter_class, .host = -1, .payload = counter_create(0, false),
	};
	struct registry_held held;

	ck_assert_int_eq(registry_open(&registry, &new, NULL), 0);
	ck_assert_uint_eq(do_at_once(THREADS, count_by_duplicates), THREADS);
	ck_assert_int_eq(registry_hold(&registry, 0, &held), 0);
	drain(held.payload);
	registry_let_go(&registry, &held);
	ck_assert_uint_eq(atomic_load(&added), atomic_load(&taken));
}
END_TEST

/* ------------------------------------------------------------------ bits -- */

/* A number is the thread's that opened it until it closes it: so its bit is known. */
static bool open_and_look(unsigned int *seed)
{
	static const unsigned int flags[] = { REGISTRY_READ, REGISTRY_WRITE };
	bool random = any(seed, 2), readable = any(seed, 2);
	const struct registry_new new = {
		.class = random ? &thing_random_class : &thing_class,
		.host = -1,
		.flags = flags[!readable],
	};
	int fd = registry_open(&registry, &new, NULL);
	bool right;

	must(fd >= 0);
	right = registry_random(&bits, (unsigned int)fd) == (random && readable);
	registry_close(&registry, fd);
	return right;
}

static unsigned long open_and_look_often(void)
{
	unsigned int seed = new_seed();

	for (unsigned long i = 0; i < rounds; i++)
		if (!open_and_look(&seed))
			return 0;
	return 1;
}

START_TEST(races_bits)
{
	ck_assert_uint_eq(do_at_once(THREADS, open_and_look_often), THREADS);
	ck_assert(no_bits());
}
END_TEST

/* ---------------------------------------------------------------- caches -- */

struct out {
	uint8_t bytes[64];
};

static size_t cross(void *context, guest_addr to, const void *from, size_t size)
{
	struct out *out = context;

	memcpy(out->bytes + to.v, from, size);
	return size;
}

static bool read_once(int fd, uint64_t size)
{
	struct out out;
	const struct entropy_memory guest = { .write = cross, .context = &out };
	const struct entropy_part part = { { 0 }, size };
	struct registry_held held;
	bool once = true;

	if (registry_hold(&registry, fd, &held))
		return true;
	once = entropy_readv(&held, &part, 1, &guest) == (int64_t)size;
	registry_let_go(&registry, &held);
	for (uint64_t at = 0; at < size; at += 8)
		once &= serial_once(out.bytes + at);
	return once;
}

static const struct registry_new new_random = {
	.class = &entropy_class, .host = -1, .flags = REGISTRY_READ, .payload = &entropy,
};

/* Many readers of one descriptor. */
static unsigned long read_often(void)
{
	unsigned int seed = new_seed();

	for (unsigned long i = 0; i < rounds; i++)
		if (!read_once(0, 8 * (1 + any(&seed, 8))))
			return 0;
	return 1;
}

START_TEST(races_readers)
{
	ck_assert_int_eq(registry_open(&registry, &new_random, NULL), 0);
	ck_assert_uint_eq(do_at_once(THREADS, read_often), THREADS);
}
END_TEST

static _Atomic int readers;

/* The first thread closes and opens a number, the others read from it. */
static bool reopen(void)
{
	static const uint8_t zeros[ENTROPY_CACHE];
	bool wiped;
	int fd = registry_open(&registry, &new_random, NULL);

	sched_yield();
	registry_close(&registry, fd);
	sched_yield();
	pthread_mutex_lock(&entropy.cache[fd].lock);
	wiped = !entropy.cache[fd].left && !memcmp(entropy.bytes[fd], zeros, sizeof zeros);
	pthread_mutex_unlock(&entropy.cache[fd].lock);
	return wiped && !fd;
}

static unsigned long read_or_reopen(void)
{
	bool first = !atomic_fetch_add(&readers, 1);
	unsigned int seed = new_seed();

	for (unsigned long i = 0; i < rounds / 4; i++)
		if (first ? !reopen() : !read_once(0, 8 * (1 + any(&seed, 8))))
			return 0;
	return 1;
}

START_TEST(races_caches)
{
	ck_assert_uint_eq(do_at_once(THREADS, read_or_reopen), THREADS);
}
END_TEST

/* ------------------------------------------------------------------ fork -- */

static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;	/* not at a fork */
static _Atomic bool forked;
static _Atomic int forkers;

/* As the child of a process whose other threads are in the middle of everything. */
static bool child_is_right(void)
{
	struct registry_new new = { .class = &thing_local_class, .host = -1 };
	struct registry_held held;

	alarm(20);
	if (entropy_renew(&entropy))
		return false;
	registry_fork_child(&registry);
	if (!registry_hold(&registry, 0, &held))
		return false;
	if (registry_open(&registry, &new, NULL) != 0)
		return false;
	if (!read_once(1, 64) || !registry_hold(&registry, 2, &held))
		return false;
	registry_end(&registry);
	return !thing_account().hosts && !thing_account().twice;
}

static bool fork_once(void)
{
	int status;
	pid_t pid;

	pthread_mutex_lock(&opening);
	registry_fork_begin(&registry);
	pid = fork();
	if (pid == 0)
		_exit(!child_is_right());
	registry_fork_parent(&registry);
	pthread_mutex_unlock(&opening);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* 0 is local, 1 is random, 2 local with a descriptor of the host that comes and goes. */
static void be_busy(unsigned int *seed)
{
	struct registry_new new = { .class = &thing_local_class };

	switch (any(seed, 3)) {
	case 0:
		read_once(1, 8);
		break;
	case 1:
		pthread_mutex_lock(&opening);
		new.host = thing_host();
		must(registry_open(&registry, &new, NULL) >= 0);
		pthread_mutex_unlock(&opening);
		break;
	default:
		use(0);
		for (int fd = 2; fd < REGISTRY_SIZE; fd++)
			registry_close(&registry, fd);
		break;
	}
}

static unsigned long fork_or_be_busy(void)
{
	bool first = !atomic_fetch_add(&forkers, 1), right = true;
	unsigned int seed = new_seed();

	if (first) {
		for (int i = 0; i < 50; i++)
			right &= fork_once();
		atomic_store(&forked, true);
	}
	while (!atomic_load(&forked))
		be_busy(&seed);
	return right;
}

START_TEST(races_fork)
{
	struct registry_new local = {
		.class = &thing_local_class, .host = thing_host(), .payload = thing_create(0),
	};

	ck_assert_int_eq(registry_open(&registry, &local, NULL), 0);
	ck_assert_int_eq(registry_open(&registry, &new_random, NULL), 1);
	ck_assert_uint_eq(do_at_once(THREADS, fork_or_be_busy), THREADS);
}
END_TEST

Suite *races_suite(void)
{
	Suite *suite = suite_create("races");
	TCase *tc = tcase_create("races");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, races_publication);
	tcase_add_test(tc, races_duplicates);
	tcase_add_test(tc, races_counter);
	tcase_add_test(tc, races_bits);
	tcase_add_test(tc, races_readers);
	tcase_add_test(tc, races_caches);
	tcase_add_test(tc, races_fork);
	suite_add_tcase(suite, tc);
	return suite;
}

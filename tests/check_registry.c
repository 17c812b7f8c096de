/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of descriptors, by one thread; main() of this program's suites. */
#define _GNU_SOURCE
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#ifdef __linux__
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#include "registry-suites.h"
#include "registry.h"
#include "things.h"

#define COUNT(array) (sizeof (array) / sizeof *(array))

static struct registry registry;
static struct registry_bits bits;

static void begin(void)
{
	ck_assert_int_eq(registry_init(&registry, &thing_host_drops, &bits), 0);
}

static void end(void)
{
	thing_end(&registry);
}

static int open_one(const struct registry_class *class, unsigned int flags, bool cloexec,
		    uint64_t *generation)
{
	const struct registry_new new = {
		.class = class,
		.host = thing_host(),
		.flags = flags,
		.payload = thing_create(0),
		.cloexec = cloexec,
	};

	return registry_open(&registry, &new, generation);
}

static int open_thing(void)
{
	return open_one(&thing_class, REGISTRY_READ | REGISTRY_WRITE, false, NULL);
}

static int open_bare(int host, uint64_t *generation)
{
	const struct registry_new new = { .class = &thing_class, .host = host };

	return registry_open(&registry, &new, generation);
}

static bool is_open(int fd)
{
	struct registry_held held;

	if (registry_hold(&registry, fd, &held))
		return false;
	registry_let_go(&registry, &held);
	return true;
}

static void *payload_of(int fd)
{
	struct registry_held held;

	ck_assert_int_eq(registry_hold(&registry, fd, &held), 0);
	registry_let_go(&registry, &held);
	return held.payload;
}

/* ------------------------------------------------------------- beginning -- */

START_TEST(registry_used_before_init_aborts)
{
	static struct registry early;

	registry_close(&early, 0);
}
END_TEST

START_TEST(registry_begins_once)
{
	ck_assert_int_eq(registry_init(&registry, &thing_host_drops, &bits), -EBUSY);
}
END_TEST

START_TEST(registry_begins_empty)
{
	struct registry_held held;

	for (int fd = -1; fd <= REGISTRY_SIZE; fd++) {
		ck_assert_int_eq(registry_hold(&registry, fd, &held), -EBADF);
		ck_assert_int_eq(registry_close(&registry, fd), -EBADF);
		ck_assert(!registry_random(&bits, (unsigned int)fd));
	}
}
END_TEST

/* --------------------------------------------------------------- numbers -- */

START_TEST(registry_gives_the_lowest_number)
{
	for (int fd = 0; fd < 5; fd++)
		ck_assert_int_eq(open_thing(), fd);
	ck_assert_int_eq(registry_close(&registry, 3), 0);
	ck_assert_int_eq(registry_close(&registry, 1), 0);
	ck_assert_int_eq(registry_close(&registry, 1), -EBADF);
	ck_assert_int_eq(open_thing(), 1);
	ck_assert_int_eq(registry_dup(&registry, 0, 0, false), 3);
	ck_assert_int_eq(open_thing(), 5);
}
END_TEST

START_TEST(registry_full_leaves_all_to_the_caller)
{
	const struct registry_new new = {
		.class = &thing_class, .host = thing_host(), .payload = thing_create(0),
	};
	struct thing_account account;

	for (int fd = 0; fd < REGISTRY_SIZE; fd++)
		ck_assert_int_eq(open_bare(-1, NULL), fd);
	ck_assert_int_eq(registry_open(&registry, &new, NULL), -EMFILE);
	ck_assert_int_eq(registry_dup(&registry, 0, 0, false), -EMFILE);
	account = thing_account();
	ck_assert_int_eq(account.payloads, 1);
	ck_assert_int_eq(account.hosts, 1);
	registry_close(&registry, 700);
	ck_assert_int_eq(registry_open(&registry, &new, NULL), 700);
}
END_TEST

START_TEST(registry_limit_is_for_new_numbers)
{
	for (int fd = 0; fd < 8; fd++)
		open_thing();
	registry_set_limit(&registry, 4);
	ck_assert(is_open(7));
	ck_assert_int_eq(open_bare(-1, NULL), -EMFILE);
	ck_assert_int_eq(registry_dup(&registry, 7, 4, false), -EINVAL);
	ck_assert_int_eq(registry_dup2(&registry, 7, 4), -EBADF);
	ck_assert_int_eq(registry_dup2(&registry, 7, 7), 7);
	ck_assert_int_eq(registry_dup2(&registry, 7, 3), 3);
	registry_set_limit(&registry, UINT64_MAX);
	ck_assert_int_eq(registry_dup(&registry, 7, REGISTRY_SIZE - 1, false), REGISTRY_SIZE - 1);
}
END_TEST

START_TEST(registry_opens_at_a_number)
{
	const struct registry_new new = { .class = &thing_class, .host = -1 };

	ck_assert_int_eq(registry_open_at(&registry, &new, 9, NULL), 9);
	ck_assert_int_eq(registry_open_at(&registry, &new, 9, NULL), -EBUSY);
	ck_assert_int_eq(registry_open_at(&registry, &new, -1, NULL), -EBADF);
	ck_assert_int_eq(registry_open_at(&registry, &new, REGISTRY_SIZE, NULL), -EBADF);
	ck_assert_int_eq(open_bare(-1, NULL), 0);
}
END_TEST

/* ------------------------------------------------------------ duplicates -- */

/* With 0 and 1 open. */
static const struct {
	int version, fd, to, result;
} dups[] = {
	{ 1, 0, 0, 2 },
	{ 1, 0, 7, 7 },
	{ 1, 2, 0, -EBADF },
	{ 1, -1, 0, -EBADF },
	{ 1, 2, -1, -EBADF },
	{ 1, 0, -1, -EINVAL },
	{ 1, 0, REGISTRY_SIZE, -EINVAL },
	{ 1, 0, REGISTRY_SIZE - 1, REGISTRY_SIZE - 1 },
	{ 2, 0, 1, 1 },
	{ 2, 0, 9, 9 },
	{ 2, 0, 0, 0 },
	{ 2, 5, 5, -EBADF },
	{ 2, 5, 0, -EBADF },
	{ 2, 0, -1, -EBADF },
	{ 2, 0, REGISTRY_SIZE, -EBADF },
	{ 2, REGISTRY_SIZE, 0, -EBADF },
	{ 3, 0, 1, 1 },
	{ 3, 0, 0, -EINVAL },
	{ 3, 5, 5, -EINVAL },
	{ 3, 5, 0, -EBADF },
	{ 3, 0, REGISTRY_SIZE, -EBADF },
};

START_TEST(registry_duplicates_as_linux_does)
{
	int version = dups[_i].version, fd = dups[_i].fd, to = dups[_i].to, result;
	void *first, *second;

	open_thing();
	open_thing();
	first = payload_of(0);
	second = payload_of(1);
	result = version == 1 ? registry_dup(&registry, fd, to, false) :
		 version == 2 ? registry_dup2(&registry, fd, to) :
				registry_dup3(&registry, fd, to, false);
	ck_assert_int_eq(result, dups[_i].result);
	ck_assert_ptr_eq(payload_of(0), first);
	if (result >= 0)
		ck_assert_ptr_eq(payload_of(result), first);
	else
		ck_assert_ptr_eq(payload_of(1), second);
	ck_assert_int_eq(thing_alive(second), result != 1);
}
END_TEST

START_TEST(registry_last_duplicate_cleans_up)
{
	struct thing *thing;
	int fd = open_thing();

	thing = payload_of(fd);
	ck_assert_int_eq(registry_dup(&registry, fd, 0, false), 1);
	ck_assert_int_eq(registry_dup2(&registry, 1, 5), 5);
	ck_assert_int_eq(registry_dup2(&registry, 5, 1), 1);
	ck_assert_int_eq(registry_close(&registry, 0), 0);
	ck_assert_int_eq(registry_close(&registry, 5), 0);
	ck_assert(thing_alive(thing));
	ck_assert_int_eq(registry_close(&registry, 1), 0);
	ck_assert(!thing_alive(thing));
}
END_TEST

START_TEST(registry_call_keeps_what_it_holds)
{
	struct registry_held held;
	struct thing *thing;
	int fd = open_thing();

	thing = payload_of(fd);
	ck_assert_int_eq(registry_hold(&registry, fd, &held), 0);
	ck_assert_int_eq(registry_close(&registry, fd), 0);
	ck_assert(!is_open(fd));
	ck_assert(thing_alive(thing));
	ck_assert_int_eq(thing_account().hosts, 1);
	registry_let_go(&registry, &held);
	ck_assert(!thing_alive(thing));
	ck_assert_int_eq(thing_account().hosts, 0);
}
END_TEST

START_TEST(registry_flags_are_shared_but_cloexec)
{
	struct registry_held held;
	int fd = open_thing(), dup = registry_dup(&registry, fd, 0, true);

	registry_set_nonblock(&registry, fd, true);
	ck_assert_int_eq(registry_hold(&registry, dup, &held), 0);
	ck_assert_uint_eq(held.flags, REGISTRY_READ | REGISTRY_WRITE | REGISTRY_NONBLOCK);
	ck_assert(held.cloexec);
	registry_let_go(&registry, &held);
	registry_set_nonblock(&registry, dup, false);
	ck_assert_int_eq(registry_hold(&registry, fd, &held), 0);
	ck_assert_uint_eq(held.flags, REGISTRY_READ | REGISTRY_WRITE);
	ck_assert(!held.cloexec);
	registry_let_go(&registry, &held);
	ck_assert_int_eq(registry_set_nonblock(&registry, 9, true), -EBADF);
	ck_assert_int_eq(registry_set_cloexec(&registry, 9, true), -EBADF);
}
END_TEST

#ifdef __linux__
/* Beside the kernel's own table, with the same limit, and what this process has open in both. */
enum { LIMIT = 24, STEPS = 10000 };

static bool of_test[LIMIT];	/* the numbers that the steps may close */

static const struct registry_class other_class = { .name = "of the test's own process" };

static void begin_beside_kernel(void)
{
	const struct registry_new new = { .class = &other_class, .host = -1 };
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = LIMIT;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	registry_set_limit(&registry, LIMIT);
	for (int fd = 0; fd < LIMIT; fd++) {
		of_test[fd] = fcntl(fd, F_GETFD) < 0;
		if (!of_test[fd])
			ck_assert_int_eq(registry_open_at(&registry, &new, fd, NULL), fd);
	}
}

static int result_of(int result)
{
	return result < 0 ? -errno : result;
}

/* -3 to 26. */
static int some_number(void)
{
	return rand() % (LIMIT + 6) - 3;
}

static int open_both(bool cloexec)
{
	struct thing *thing = thing_create(0);
	const struct registry_new new = {
		.class = &thing_class, .host = -1, .payload = thing, .cloexec = cloexec,
	};
	int fd = registry_open(&registry, &new, NULL);
	int kernel = result_of(memfd_create("registry", cloexec ? MFD_CLOEXEC : 0));
	struct stat file;

	ck_assert_int_eq(fd, kernel);
	if (fd < 0)
		thing_undo(thing);
	else if (!fstat(fd, &file))
		thing->generation = file.st_ino;
	return fd;
}

static void step_both(void)
{
	int fd = some_number(), to = some_number();
	bool cloexec = rand() % 2, ours = to < 0 || to >= LIMIT || of_test[to];

	switch (rand() % 6) {
	case 0:
		open_both(cloexec);
		break;
	case 1:
		ck_assert_int_eq(registry_dup(&registry, fd, to, cloexec),
				 result_of(fcntl(fd, cloexec ? F_DUPFD_CLOEXEC : F_DUPFD, to)));
		break;
	case 2:
		if (ours)
			ck_assert_int_eq(registry_dup2(&registry, fd, to), result_of(dup2(fd, to)));
		break;
	case 3:
		if (ours)
			ck_assert_int_eq(registry_dup3(&registry, fd, to, cloexec),
					 result_of(dup3(fd, to, cloexec ? O_CLOEXEC : 0)));
		break;
	case 4:
		if (ours)
			ck_assert_int_eq(registry_set_cloexec(&registry, to, cloexec),
					 result_of(fcntl(to, F_SETFD, cloexec ? FD_CLOEXEC : 0)));
		break;
	default:
		if (ours)
			ck_assert_int_eq(registry_close(&registry, to), result_of(close(to)));
		break;
	}
}

static void expect_same(int fd)
{
	struct registry_held held;
	struct stat file;

	if (registry_hold(&registry, fd, &held)) {
		ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
		return;
	}
	ck_assert_int_eq(fcntl(fd, F_GETFD), held.cloexec ? FD_CLOEXEC : 0);
	ck_assert_int_eq(fstat(fd, &file), 0);
	ck_assert(!held.payload || ((struct thing *)held.payload)->generation == file.st_ino);
	registry_let_go(&registry, &held);
}

START_TEST(registry_does_as_the_kernel)
{
	begin_beside_kernel();
	srand(1);
	for (int i = 0; i < STEPS; i++) {
		step_both();
		for (int fd = 0; fd < LIMIT; fd++)
			if (of_test[fd])
				expect_same(fd);
	}
}
END_TEST
#endif

/* ----------------------------------------------------------- publication -- */

START_TEST(registry_attaches_to_the_generation)
{
	uint64_t old, now;
	struct thing *thing = thing_create(0);
	int host = thing_host();
	int fd = open_bare(host, &old);

	/* The same class, the same descriptor of the host, the same number. */
	ck_assert_int_eq(registry_close(&registry, fd), 0);
	ck_assert_int_eq(registry_attach(&registry, fd, old, thing), -ESTALE);
	ck_assert_int_eq(open_bare(-1, &now), fd);
	ck_assert_uint_ne(old, now);
	ck_assert_int_eq(registry_attach(&registry, fd, old, thing), -ESTALE);
	ck_assert_ptr_null(payload_of(fd));
	ck_assert_int_eq(registry_attach(&registry, fd, now, thing), 0);
	ck_assert_ptr_eq(payload_of(fd), thing);
	thing = thing_create(0);
	ck_assert_int_eq(registry_attach(&registry, fd, now, thing), -EEXIST);
	thing_undo(thing);
	ck_assert_int_eq(registry_attach(&registry, -1, now, thing), -ESTALE);
	ck_assert_int_eq(registry_attach(&registry, REGISTRY_SIZE, now, thing), -ESTALE);
}
END_TEST

START_TEST(registry_generation_never_comes_again)
{
	uint64_t last = 0, now;

	for (int i = 0; i < 1000; i++) {
		int fd = open_bare(-1, &now);

		ck_assert_uint_gt(now, last);
		registry_dup2(&registry, fd, 1);
		last = now;
		registry_close(&registry, fd);
	}
}
END_TEST

/* A release() that uses the registry: no lock is held. */
static int closed_by_release = -1;

static void close_another(void *payload)
{
	(void)payload;
	closed_by_release = registry_close(&registry, 1);
}

START_TEST(registry_cleans_up_without_its_lock)
{
	const struct registry_class class = { .name = "calls back", .release = close_another };
	const struct registry_new new = { .class = &class, .host = -1, .payload = &registry };

	ck_assert_int_eq(registry_open(&registry, &new, NULL), 0);
	open_thing();
	ck_assert_int_eq(registry_close(&registry, 0), 0);
	ck_assert_int_eq(closed_by_release, 0);
}
END_TEST

/* ------------------------------------------------------------------ bits -- */

static const struct {
	const struct registry_class *class;
	unsigned int flags;
	bool shown;
} shows[] = {
	{ &thing_random_class, REGISTRY_READ, true },
	{ &thing_random_class, REGISTRY_READ | REGISTRY_WRITE, true },
	{ &thing_random_class, REGISTRY_READ | REGISTRY_NONBLOCK, true },
	{ &thing_random_class, REGISTRY_WRITE, false },
	{ &thing_random_class, 0, false },
	{ &thing_class, REGISTRY_READ, false },
};

static void expect_bits(uint64_t first)
{
	for (unsigned int fd = 0; fd < REGISTRY_SIZE; fd++) {
		ck_assert_int_eq(registry_random(&bits, fd), fd < 64 && (first >> fd & 1));
		ck_assert_int_eq(thing_shown(fd), registry_random(&bits, fd));
	}
}

START_TEST(registry_shows_readable_random_ones)
{
	bool shown = shows[_i].shown;

	open_thing();
	ck_assert_int_eq(open_one(shows[_i].class, shows[_i].flags, true, NULL), 1);
	expect_bits(shown ? 2 : 0);
	ck_assert_int_eq(registry_dup(&registry, 1, 63, false), 63);
	expect_bits(shown ? 2 | 1ull << 63 : 0);
	registry_dup2(&registry, 0, 63);
	expect_bits(shown ? 2 : 0);
	registry_dup2(&registry, 1, 0);
	expect_bits(shown ? 3 : 0);
	registry_exec(&registry);
	expect_bits(shown ? 1 : 0);
	registry_close(&registry, 0);
	expect_bits(0);
}
END_TEST

/* -------------------------------------------------------------- exec, fork -- */

START_TEST(registry_exec_closes_what_is_to_be_closed)
{
	for (int fd = 0; fd < 10; fd++)
		open_one(&thing_class, REGISTRY_READ, fd % 2, NULL);
	registry_set_cloexec(&registry, 1, false);
	registry_set_cloexec(&registry, 0, true);
	registry_dup3(&registry, 3, 20, false);
	registry_dup3(&registry, 2, 21, true);
	registry_exec(&registry);
	for (int fd = 0; fd < REGISTRY_SIZE; fd++)
		ck_assert_int_eq(is_open(fd), fd == 1 || fd == 20 || (fd && fd < 10 && !(fd % 2)));
	ck_assert_int_eq(thing_account().payloads, 6);	/* 1, 2, 3 as 20, 4, 6, 8 */
}
END_TEST

static void fork_here(void)
{
	registry_fork_begin(&registry);
	registry_fork_child(&registry);
}

START_TEST(registry_child_has_nothing_local)
{
	struct registry_held held;

	for (int fd = 0; fd < 6; fd++)
		open_one(fd % 2 ? &thing_class : &thing_local_class, REGISTRY_READ, false, NULL);
	for (int fd = 0; fd < 6; fd++) {
		ck_assert_int_eq(registry_inherited(&registry, fd, &held), fd % 2 ? 0 : -EBADF);
		if (fd % 2)
			registry_let_go(&registry, &held);
	}
	ck_assert_int_eq(registry_inherited(&registry, 6, &held), -EBADF);
	fork_here();
	for (int fd = 0; fd < 6; fd++)
		ck_assert_int_eq(is_open(fd), fd % 2);
	ck_assert_int_eq(thing_account().payloads, 3);
	ck_assert_int_eq(thing_account().hosts, 3);
	ck_assert_int_eq(open_one(&thing_local_class, 0, false, NULL), 0);
	ck_assert_int_eq(open_one(&thing_local_class, 0, false, NULL), 2);
}
END_TEST

/* What other threads hold at a fork, nobody holds in the child. */
START_TEST(registry_child_forgets_calls)
{
	struct registry_held closed, kept;
	struct thing *thing;

	open_thing();
	open_thing();
	registry_hold(&registry, 0, &closed);
	registry_hold(&registry, 1, &kept);
	registry_close(&registry, 0);
	thing = payload_of(1);
	ck_assert_int_eq(thing_account().hosts, 2);
	fork_here();
	ck_assert_int_eq(thing_account().hosts, 1);
	ck_assert(thing_alive(thing));
	registry_close(&registry, 1);
	ck_assert(!thing_alive(thing));
}
END_TEST

START_TEST(registry_host_hands_on_all)
{
	struct registry_held held;

	end();
	ck_assert_int_eq(registry_init(&registry, &thing_host_hands_on, &bits), 0);
	ck_assert_int_eq(open_one(&thing_local_class, 0, false, NULL), 0);
	ck_assert_int_eq(registry_inherited(&registry, 0, &held), 0);
	registry_let_go(&registry, &held);
	fork_here();
	ck_assert(is_open(0));
}
END_TEST

START_TEST(registry_parent_goes_on)
{
	ck_assert_int_eq(open_one(&thing_local_class, 0, false, NULL), 0);
	registry_fork_begin(&registry);
	registry_fork_parent(&registry);
	ck_assert(is_open(0));
}
END_TEST

Suite *registry_suite(void)
{
	Suite *suite = suite_create("registry");
	TCase *early = tcase_create("early"), *tc = tcase_create("registry");

	tcase_add_test_raise_signal(early, registry_used_before_init_aborts, SIGABRT);
	suite_add_tcase(suite, early);
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, registry_begins_once);
	tcase_add_test(tc, registry_begins_empty);
	tcase_add_test(tc, registry_gives_the_lowest_number);
	tcase_add_test(tc, registry_full_leaves_all_to_the_caller);
	tcase_add_test(tc, registry_limit_is_for_new_numbers);
	tcase_add_test(tc, registry_opens_at_a_number);
	tcase_add_loop_test(tc, registry_duplicates_as_linux_does, 0, COUNT(dups));
#ifdef __linux__
	tcase_add_test(tc, registry_does_as_the_kernel);
#endif
	tcase_add_test(tc, registry_last_duplicate_cleans_up);
	tcase_add_test(tc, registry_call_keeps_what_it_holds);
	tcase_add_test(tc, registry_flags_are_shared_but_cloexec);
	tcase_add_test(tc, registry_attaches_to_the_generation);
	tcase_add_test(tc, registry_generation_never_comes_again);
	tcase_add_test(tc, registry_cleans_up_without_its_lock);
	tcase_add_loop_test(tc, registry_shows_readable_random_ones, 0, COUNT(shows));
	tcase_add_test(tc, registry_exec_closes_what_is_to_be_closed);
	tcase_add_test(tc, registry_child_has_nothing_local);
	tcase_add_test(tc, registry_child_forgets_calls);
	tcase_add_test(tc, registry_host_hands_on_all);
	tcase_add_test(tc, registry_parent_goes_on);
	suite_add_tcase(suite, tc);
	return suite;
}

/* Seconds for one test: enough for a busy machine, and the end of a lock that is not free. */
#define TIMEOUT "60"

int main(void)
{
	SRunner *runner;
	int failed;

	setenv("CK_DEFAULT_TIMEOUT", TIMEOUT, 0);
	runner = srunner_create(registry_suite());
	srunner_add_suite(runner, ring_suite());
	srunner_add_suite(runner, entropy_suite());
	srunner_add_suite(runner, counter_suite());
	srunner_add_suite(runner, races_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

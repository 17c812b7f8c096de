/* SPDX-License-Identifier: BSD-2-Clause */
/* Waits that signals end, and words that threads wait at. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "calls.h"
#include "darwin.h"
#include "deliver.h"
#include "futex-locks.h"
#include "futex.h"
#include "futexes.h"
#include "linux-futex.h"
#include "linux-time.h"
#include "suites.h"
#include "tests/macos/guest.h"
#include "threads.h"
#include "wait.h"

#define MS (LINUX_NSEC_PER_SEC / 1000)
#define ALL LINUX_FUTEX_BITSET_MATCH_ANY

static struct thread *first;

static void set_up(void)
{
	static const struct kernel_sigaction handler = { .handler = 0x1000 };

	first = guest_begin();
	signals_act(first, LINUX_SIGUSR1, &handler, NULL);
	signals_act(first, LINUX_SIGUSR2, &handler, NULL);
}

/* -------------------------------------------------------------------------
 * Calls of the host's.
 */
static int ends[2];

static int64_t read_nothing(void *context)
{
	uint8_t byte;

	++*(_Atomic unsigned int *)context;
	return read(ends[0], &byte, 1) < 0 ? -errno : 1;
}

/* As on Linux: what is there to read is read, whatever signal there is. */
START_TEST(a_signal_that_is_there_ends_waiting)
{
	_Atomic unsigned int calls = 0;

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	deliver_to_self(first, LINUX_SIGUSR1);
	ck_assert_int_eq(wait_call(first, read_nothing, &calls), 1);
	ck_assert_int_eq(wait_call(first, read_nothing, &calls), CALLS_INTERRUPTED);
	ck_assert_uint_eq(calls, 2);
}
END_TEST

struct waiting {
	_Atomic unsigned int calls, taken, sent;
	_Atomic bool begun, called, ended;
	_Atomic int64_t last;
	struct thread *thread;
	unsigned int rounds;
	int64_t (*call)(struct waiting *waiting);
};

static int64_t wait_in_host(struct waiting *waiting)
{
	return wait_call(waiting->thread, read_nothing, &waiting->calls);
}

static bool never(void *unused)
{
	(void)unused;
	return false;
}

static int64_t wait_in_runner(struct waiting *waiting)
{
	waiting->calls++;
	return wait_until(waiting->thread, never, NULL, WAIT_FOREVER);
}

static int64_t wait_at_word(struct waiting *waiting)
{
	waiting->calls++;
	return futexes_wait(waiting->thread, guest_at(GUEST_MEMORY), 0, ALL, false, WAIT_FOREVER);
}

static void *take_rounds(void *context)
{
	struct waiting *waiting = context;

	signals_block_all();
	waiting->thread = guest_thread();
	waiting->begun = true;
	while (waiting->taken < waiting->rounds) {
		struct linux_siginfo info;

		waiting->last = waiting->call(waiting);
		while (deliver_take(waiting->thread, UINT64_MAX, &info))
			waiting->taken++;
	}
	guest_thread_end(waiting->thread);
	waiting->ended = true;
	return NULL;
}

static pthread_t begin(struct waiting *waiting)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, take_rounds, waiting), 0);
	while (!waiting->begun)
		sched_yield();
	return thread;
}

static void send_to(struct thread *thread)
{
	const struct linux_siginfo info = { .signo = LINUX_SIGUSR1 };

	pthread_mutex_lock(&guest_process.lock);
	deliver_to_thread(thread, &info);
	pthread_mutex_unlock(&guest_process.lock);
}

/*
 * Waits that no signal of the program's is for go on. Between kicks is a pause: one that comes
 * whenever the last one's handler ends leaves a thread no time for anything else.
 */
START_TEST(a_kick_alone_ends_nothing)
{
	struct waiting waiting = { .rounds = 1, .call = wait_in_host };
	const struct timespec pause = { .tv_nsec = MS };
	pthread_t thread;

	ck_assert_int_eq(pipe(ends), 0);
	thread = begin(&waiting);
	while (waiting.calls < 3) {
		pthread_kill(thread, darwin_kick());
		nanosleep(&pause, NULL);
	}
	ck_assert(!waiting.ended);
	send_to(waiting.thread);
	pthread_join(thread, NULL);
	ck_assert_int_eq(waiting.last, CALLS_INTERRUPTED);
}
END_TEST

/* The kick comes when the call has not begun: nothing is there for it to end. */
static int64_t read_late(void *context)
{
	struct waiting *waiting = context;
	const struct timespec pause = { .tv_nsec = 10 * MS };

	waiting->called = true;
	while (!atomic_load(&waiting->thread->host->kicked))
		sched_yield();
	nanosleep(&pause, NULL);	/* it may be what ends this */
	if (waiting->calls++)
		return -ECANCELED;
	return read_nothing(&waiting->calls);
}

static int64_t wait_late(struct waiting *waiting)
{
	return wait_call(waiting->thread, read_late, waiting);
}

START_TEST(kicks_come_again)
{
	struct waiting waiting = { .rounds = 1, .call = wait_late };
	pthread_t thread;

	ck_assert_int_eq(pipe(ends), 0);
	thread = begin(&waiting);
	while (!waiting.called)
		sched_yield();
	send_to(waiting.thread);
	pthread_join(thread, NULL);
	ck_assert_int_eq(waiting.last, CALLS_INTERRUPTED);
}
END_TEST

static int64_t (*const ways[])(struct waiting *waiting) = {
	wait_in_host, wait_in_runner, wait_at_word,
};

/*
 * At any moment of the wait's beginning. If one were lost, nobody would go on. Pauses of the
 * sender's are of all lengths that a beginning takes.
 */
START_TEST(no_signal_is_lost)
{
	enum { ROUNDS = 3000, PAUSES = 400 };
	struct waiting waiting = { .rounds = ROUNDS, .call = ways[_i] };
	pthread_t thread;

	ck_assert_int_eq(pipe(ends), 0);
	thread = begin(&waiting);
	for (unsigned int i = 1; i <= ROUNDS; i++) {
		for (volatile unsigned int pause = 0; pause < i % PAUSES; pause++)
			;
		send_to(waiting.thread);
		while (waiting.taken < i)
			sched_yield();
	}
	pthread_join(thread, NULL);
	ck_assert_uint_eq(waiting.taken, ROUNDS);
}
END_TEST

START_TEST(deadlines_pass)
{
	const uint64_t before = wait_now();

	ck_assert_int_eq(wait_until(first, never, NULL, before + 20 * MS), -ETIMEDOUT);
	ck_assert_uint_ge(wait_now(), before + 20 * MS);
	ck_assert_uint_eq(wait_left(before), 0);
	ck_assert_uint_eq(wait_left(WAIT_FOREVER), WAIT_FOREVER);
	ck_assert_uint_gt(wait_deadline(first, WAIT_FOREVER - 1), wait_now());
	ck_assert_uint_eq(wait_deadline(first, WAIT_FOREVER), WAIT_FOREVER);
}
END_TEST

/* What is made again without a handler ends when it would have. */
START_TEST(deadlines_stay_when_repeated)
{
	uint64_t deadline;

	thread_begin_call(first);
	deadline = wait_deadline(first, 50 * MS);
	first->host->repeats = true;
	thread_begin_call(first);
	ck_assert_uint_eq(wait_deadline(first, 50 * MS), deadline);
	thread_begin_call(first);
	ck_assert_uint_ne(wait_deadline(first, 50 * MS), deadline);
}
END_TEST

/* -------------------------------------------------------------------------
 * Words.
 */
START_TEST(another_value_does_not_wait)
{
	guest_word[0] = 1;
	ck_assert_int_eq(futexes_wait(first, guest_at(GUEST_MEMORY), 0, ALL, false, WAIT_FOREVER),
			 -EAGAIN);
	ck_assert_int_eq(futexes_wait(first, guest_at(0), 0, ALL, false, WAIT_FOREVER), -EFAULT);
	ck_assert_int_eq(futexes_wait(first, guest_at(GUEST_MEMORY), 1, ALL, false,
				      wait_now() + MS), -ETIMEDOUT);
	ck_assert_int_eq(futexes_wake(guest_at(GUEST_MEMORY), 1, ALL), 0);
}
END_TEST

struct sleeper {
	pthread_t pthread;
	unsigned int word;
	uint32_t bitset;
	bool shared;
	_Atomic bool woken;
	_Atomic int64_t result;
};

static void *sleep_at(void *context)
{
	struct sleeper *sleeper = context;
	struct thread *thread;

	signals_block_all();
	thread = guest_thread();
	sleeper->result = futexes_wait(thread, guest_at(guest_word_at(sleeper->word)), 0,
				       sleeper->bitset, sleeper->shared, WAIT_FOREVER);
	sleeper->woken = true;
	guest_thread_end(thread);
	return NULL;
}

/* When a look at who waits finds it: they are moved to where they are. */
static void begin_sleeper(struct sleeper *sleeper, unsigned int before)
{
	const guest_addr at = guest_at(guest_word_at(sleeper->word));

	pthread_create(&sleeper->pthread, NULL, sleep_at, sleeper);
	while (futexes_requeue(first, at, 0, FUTEXES_ALL, at, NULL) <= before)
		sched_yield();
}

static unsigned int count_woken(const struct sleeper *sleeper, unsigned int count)
{
	unsigned int woken = 0;

	for (unsigned int i = 0; i < count; i++)
		woken += sleeper[i].woken;
	return woken;
}

static void join_all(struct sleeper *sleeper, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		pthread_join(sleeper[i].pthread, NULL);
		ck_assert_int_eq(sleeper[i].result, 0);
	}
}

enum { SLEEPERS = 4 };

START_TEST(as_many_are_woken_as_asked)
{
	struct sleeper sleeper[SLEEPERS] = { 0 };

	for (unsigned int i = 0; i < SLEEPERS; i++) {
		sleeper[i].bitset = ALL;
		begin_sleeper(&sleeper[i], i);
	}
	ck_assert_int_eq(futexes_wake(guest_at(guest_word_at(1)), FUTEXES_ALL, ALL), 0);
	ck_assert_int_eq(futexes_wake(guest_at(GUEST_MEMORY), 3, ALL), 3);
	pthread_join(sleeper[0].pthread, NULL);
	pthread_join(sleeper[1].pthread, NULL);
	pthread_join(sleeper[2].pthread, NULL);
	ck_assert(!sleeper[3].woken);
	ck_assert_int_eq(futexes_wake(guest_at(GUEST_MEMORY), 3, ALL), 1);
	pthread_join(sleeper[3].pthread, NULL);
}
END_TEST

START_TEST(bits_choose)
{
	struct sleeper sleeper[2] = { { .bitset = 1 }, { .bitset = 2 } };

	begin_sleeper(&sleeper[0], 0);
	begin_sleeper(&sleeper[1], 1);
	ck_assert_int_eq(futexes_wake(guest_at(GUEST_MEMORY), FUTEXES_ALL, 4), 0);
	ck_assert_int_eq(futexes_wake(guest_at(GUEST_MEMORY), FUTEXES_ALL, 2), 1);
	pthread_join(sleeper[1].pthread, NULL);
	ck_assert_uint_eq(count_woken(sleeper, 2), 1);
	ck_assert_int_eq(futexes_wake(guest_at(GUEST_MEMORY), FUTEXES_ALL, 3), 1);
	pthread_join(sleeper[0].pthread, NULL);
}
END_TEST

START_TEST(others_are_moved)
{
	const guest_addr from = guest_at(GUEST_MEMORY), to = guest_at(guest_word_at(9));
	struct sleeper sleeper[SLEEPERS] = { 0 };
	const uint32_t other = 5, right = 0;

	for (unsigned int i = 0; i < SLEEPERS; i++) {
		sleeper[i].bitset = ALL;
		begin_sleeper(&sleeper[i], i);
	}
	ck_assert_int_eq(futexes_requeue(first, from, 1, FUTEXES_ALL, to, &other), -EAGAIN);
	ck_assert_int_eq(futexes_requeue(first, from, 1, 2, to, &right), 3);
	pthread_join(sleeper[0].pthread, NULL);
	ck_assert_int_eq(futexes_wake(to, FUTEXES_ALL, ALL), 2);
	ck_assert_int_eq(futexes_wake(from, FUTEXES_ALL, ALL), 1);
	pthread_join(sleeper[1].pthread, NULL);
	pthread_join(sleeper[2].pthread, NULL);
	pthread_join(sleeper[3].pthread, NULL);
}
END_TEST

#define OPERATION(op, argument, cmp, with) \
	((uint32_t)(op) << 28 | (uint32_t)(cmp) << 24 | ((uint32_t)(argument) & 0xfff) << 12 | \
	 ((uint32_t)(with) & 0xfff))

static const struct {
	uint32_t operation, old, new;
	int64_t result;	/* one waits at the first word, one at the other */
} operations[] = {
	{ OPERATION(LINUX_FUTEX_OP_SET, 7, LINUX_FUTEX_OP_CMP_EQ, 0), 0, 7, 2 },
	{ OPERATION(LINUX_FUTEX_OP_ADD, -1, LINUX_FUTEX_OP_CMP_GT, 1), 0, UINT32_MAX, 1 },
	{ OPERATION(LINUX_FUTEX_OP_OR, 6, LINUX_FUTEX_OP_CMP_LE, 0), 0, 6, 2 },
	{ OPERATION(LINUX_FUTEX_OP_XOR, 5, LINUX_FUTEX_OP_CMP_LT, -1), 0, 5, 1 },
	{ OPERATION(LINUX_FUTEX_OP_SET | LINUX_FUTEX_OP_ARG_SHIFT, 4, LINUX_FUTEX_OP_CMP_GE, -5),
	  0, 16, 2 },
	{ OPERATION(LINUX_FUTEX_OP_ANDN, 1, LINUX_FUTEX_OP_CMP_NE, 0), 0, 0, 1 },
	{ OPERATION(7, 1, LINUX_FUTEX_OP_CMP_NE, 0), 0, 0, -ENOSYS },
	{ OPERATION(LINUX_FUTEX_OP_SET, 1, 6, 0), 0, 0, -ENOSYS },
};

START_TEST(operations_wake_twice)
{
	const guest_addr one = guest_at(GUEST_MEMORY), two = guest_at(guest_word_at(1));
	struct sleeper sleeper[2] = { { .bitset = ALL }, { .bitset = ALL, .word = 1 } };

	begin_sleeper(&sleeper[0], 0);
	begin_sleeper(&sleeper[1], 0);
	guest_word[1] = operations[_i].old;
	ck_assert_int_eq(futexes_wake_op(first, one, FUTEXES_ALL, two, FUTEXES_ALL,
					 operations[_i].operation), operations[_i].result);
	ck_assert_uint_eq(guest_word[1], operations[_i].new);
	futexes_wake(one, FUTEXES_ALL, ALL);
	futexes_wake(two, FUTEXES_ALL, ALL);
	join_all(sleeper, 2);
}
END_TEST

/* Another process changes a word, and nobody here is told. */
START_TEST(shared_words_are_looked_at)
{
	struct sleeper sleeper = { .bitset = ALL, .shared = true };

	begin_sleeper(&sleeper, 0);
	__atomic_store_n(&guest_word[0], 1, __ATOMIC_SEQ_CST);
	join_all(&sleeper, 1);
}
END_TEST

/* A lock as C libraries make one: 0 free, 1 held, 2 held and waited for. */
static void lock(struct thread *thread)
{
	uint32_t *word = &guest_word[0], free = 0;

	if (__atomic_compare_exchange_n(word, &free, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	while (__atomic_exchange_n(word, 2, __ATOMIC_SEQ_CST))
		futexes_wait(thread, guest_at(GUEST_MEMORY), 2, ALL, false, WAIT_FOREVER);
}

static void unlock(struct thread *thread)
{
	(void)thread;
	if (__atomic_exchange_n(&guest_word[0], 0, __ATOMIC_SEQ_CST) == 2)
		futexes_wake(guest_at(GUEST_MEMORY), 1, ALL);
}

/* The same with the holder's number in it. */
static void lock_owned(struct thread *thread)
{
	uint32_t free = 0;

	if (!__atomic_compare_exchange_n(&guest_word[0], &free, (uint32_t)thread->tid, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		ck_assert_int_eq(futex_lock(thread, guest_at(GUEST_MEMORY), WAIT_FOREVER), 0);
}

static void unlock_owned(struct thread *thread)
{
	uint32_t own = (uint32_t)thread->tid;

	if (!__atomic_compare_exchange_n(&guest_word[0], &own, 0, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		ck_assert_int_eq(futex_unlock(thread, guest_at(GUEST_MEMORY)), 0);
}

static const struct lock {
	void (*lock)(struct thread *thread);
	void (*unlock)(struct thread *thread);
} locks[] = { { lock, unlock }, { lock_owned, unlock_owned } }, *locked;
static unsigned long locked_sum;

static unsigned long work(void)
{
	enum { LAPS = 20000 };
	struct thread *thread;

	signals_block_all();
	thread = guest_thread();
	for (int i = 0; i < LAPS; i++) {
		locked->lock(thread);
		locked_sum++;
		if (i % 64 == 0)
			sched_yield();
		locked->unlock(thread);
	}
	guest_thread_end(thread);
	return LAPS;
}

START_TEST(locks_lock)
{
	locked = &locks[_i];
	ck_assert_uint_eq(do_at_once(SLEEPERS, work), locked_sum);
	ck_assert_uint_eq(guest_word[0], 0);
}
END_TEST

START_TEST(owned_words_say_who_has_them)
{
	const guest_addr at = guest_at(GUEST_MEMORY);
	const uint32_t own = (uint32_t)first->tid, other = own + 1;

	ck_assert_int_eq(futex_try_lock(first, at), 0);
	ck_assert_uint_eq(guest_word[0], own);
	ck_assert_int_eq(futex_lock(first, at, WAIT_FOREVER), -EDEADLK);
	ck_assert_int_eq(futex_try_lock(first, at), -EDEADLK);
	ck_assert_int_eq(futex_unlock(first, at), 0);
	ck_assert_uint_eq(guest_word[0], 0);
	ck_assert_int_eq(futex_unlock(first, at), -EPERM);

	guest_word[0] = other;
	ck_assert_int_eq(futex_try_lock(first, at), -EAGAIN);
	ck_assert_uint_eq(guest_word[0], other);
	ck_assert_int_eq(futex_lock(first, at, wait_now() + MS), -ETIMEDOUT);
	ck_assert_uint_eq(guest_word[0], other | FUTEX_WORD_WAITERS);
	ck_assert_int_eq(futex_unlock(first, at), -EPERM);

	guest_word[0] = FUTEX_WORD_OWNER_DIED;
	ck_assert_int_eq(futex_lock(first, at, WAIT_FOREVER), 0);
	ck_assert_uint_eq(guest_word[0], own | FUTEX_WORD_OWNER_DIED);
	ck_assert_int_eq(futex_lock(first, guest_at(0), WAIT_FOREVER), -EFAULT);
	ck_assert_int_eq(futex_unlock(first, guest_at(0)), -EFAULT);
}
END_TEST

/* A handler runs, and the lock is asked for again, whether it has SA_RESTART or not. */
START_TEST(signals_do_not_end_asking_for_a_lock)
{
	guest_word[0] = (uint32_t)first->tid + 1;
	deliver_to_self(first, LINUX_SIGUSR1);
	ck_assert_int_eq(futex_lock(first, guest_at(GUEST_MEMORY), WAIT_FOREVER), CALLS_AGAIN);
}
END_TEST

Suite *waiting_suite(void)
{
	Suite *suite = suite_create("waiting");
	TCase *tc = tcase_create("waiting");

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, a_signal_that_is_there_ends_waiting);
	tcase_add_test(tc, a_kick_alone_ends_nothing);
	tcase_add_test(tc, kicks_come_again);
	tcase_add_loop_test(tc, no_signal_is_lost, 0, COUNT(ways));
	tcase_add_test(tc, deadlines_pass);
	tcase_add_test(tc, deadlines_stay_when_repeated);
	tcase_add_test(tc, another_value_does_not_wait);
	tcase_add_test(tc, as_many_are_woken_as_asked);
	tcase_add_test(tc, bits_choose);
	tcase_add_test(tc, others_are_moved);
	tcase_add_loop_test(tc, operations_wake_twice, 0, COUNT(operations));
	tcase_add_test(tc, shared_words_are_looked_at);
	tcase_add_loop_test(tc, locks_lock, 0, COUNT(locks));
	tcase_add_test(tc, owned_words_say_who_has_them);
	tcase_add_test(tc, signals_do_not_end_asking_for_a_lock);
	suite_add_tcase(suite, tc);
	return suite;
}

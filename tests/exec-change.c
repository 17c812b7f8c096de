/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readers of credentials and names beside a publisher that changes them again
 * and again. The n-th identity says n in every credential and has one letter in
 * all of its names, so a torn answer shows, and so does one that is older than
 * what a thread has seen before: by any function, or told by the publisher.
 * Fallbacks wait for the publisher, as a host's do, and tell the same truth.
 *
 * Under QEMU on x86 an aarch64 page runs with x86's order of loads and stores:
 * what is missing in the order of instructions shows there, a missing barrier
 * does not. For that there is tests/litmus/. One word without its recheck is such
 * a case: x86's order alone keeps it right, so only uname shows the recheck here.
 */
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>

#include "exec.h"

#define DURATION 400000000u	/* ns */
#define READERS 2
#define ANSWERS_MIN 1000	/* by the page itself; else nothing was tested */
#define LETTERS 26
#define CALLS (2 * (VDSOGEN_UNAME - VDSOGEN_GETUID + 1)) /* of a round */
#define PAUSES 64		/* between two changes: 0 to so many loads */

static struct page page;
static bool stop;

static bool stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

/* -------------------------------------------------------------------------
 * The host: what is true, under a lock that a signal handler may take.
 */
static bool locked;
static uint32_t truth;
static uint32_t begun, done;	/* the last identity that may be seen, and that must be */

static void lock(void)
{
	while (__atomic_test_and_set(&locked, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void unlock(void)
{
	__atomic_clear(&locked, __ATOMIC_RELEASE);
}

static char letter_of(uint32_t n)
{
	return (char)('a' + n % LETTERS);
}

static void name_all(struct vdsogen_utsname *uts, uint32_t n)
{
	char *names = (char *)uts;

	memset(uts, letter_of(n), sizeof *uts);
	for (size_t i = VDSOGEN_UTS_SIZE; i <= sizeof *uts; i += VDSOGEN_UTS_SIZE)
		names[i - 1] = 0;
}

static struct vdsogen_identity identity_of(uint32_t n)
{
	struct vdsogen_identity identity = { .uid = n, .euid = n, .gid = n, .egid = n };

	identity.known = 1u << VDSOGEN_UID | 1u << VDSOGEN_EUID | 1u << VDSOGEN_GID |
			 1u << VDSOGEN_EGID | 1u << VDSOGEN_UTSNAME;
	name_all(&identity.uts, n);
	return identity;
}

/* Runs in a signal handler, of a thread that does not publish. */
static long answer(long number, uintptr_t a, uintptr_t b, uintptr_t c)
{
	uint32_t n;

	(void)b;
	(void)c;
	lock();
	n = truth;
	unlock();
	if (number != SYS_uname)
		return n;
	name_all((struct vdsogen_utsname *)a, n);
	return 0;
}

static void publish_one(uint32_t n)
{
	const struct vdsogen_identity identity = identity_of(n);
	int error;

	__atomic_store_n(&begun, n, __ATOMIC_SEQ_CST);
	lock();
	truth = n;
	error = vdsogen_process_change(page.process, identity.known, &identity);
	unlock();
	__atomic_store_n(&done, n, __ATOMIC_SEQ_CST);
	CHECK(!error, "vdsogen_process_change: %s", vdsogen_strerror(error));
}

static void *publish(void *unused)
{
	for (uint32_t n = 2; !stopped(); n++) {
		publish_one(n);
		for (uint32_t pause = n % PAUSES; pause; pause--)
			(void)stopped();
	}
	return unused;
}

/* -------------------------------------------------------------------------
 * The guest
 */
struct reader {
	pthread_t thread;
	uint32_t seen;		/* the newest identity */
	unsigned long answers;	/* not by the host */
};

/* An answer begun after that one was complete. */
static void check_order(struct reader *reader, unsigned int function, uint32_t n, uint32_t low)
{
	uint32_t high = __atomic_load_n(&begun, __ATOMIC_SEQ_CST);

	if (n < reader->seen || n < low || n > high)
		CHECK(false, "%s: identity %u after %u was seen, of %u to %u",
		      vdsogen_function_name(function), n, reader->seen, low, high);
	reader->seen = n;
}

static void read_credential(struct reader *reader, unsigned int function)
{
	uint32_t low = __atomic_load_n(&done, __ATOMIC_SEQ_CST);

	check_order(reader, function, (uint32_t)page_function(&page, function)(0, 0, 0), low);
}

/* The newest identity of that letter that is not beyond `high`. */
static uint32_t identity_named(char letter, uint32_t high)
{
	return high - (uint32_t)(letter_of(high) - letter + LETTERS) % LETTERS;
}

static void read_names(struct reader *reader)
{
	uint32_t low = __atomic_load_n(&done, __ATOMIC_SEQ_CST), high;
	struct vdsogen_utsname got, want;
	size_t torn = 0;

	memset(&got, 0, sizeof got);
	page_function(&page, VDSOGEN_UNAME)((uintptr_t)&got, 0, 0);
	high = __atomic_load_n(&begun, __ATOMIC_SEQ_CST);
	name_all(&want, (uint32_t)(got.sysname[0] - 'a'));
	while (torn < sizeof got && ((char *)&got)[torn] == ((char *)&want)[torn])
		torn++;
	if (torn < sizeof got)
		CHECK(false, "uname: torn: '%c' at 0, '%c' at %zu", got.sysname[0],
		      ((char *)&got)[torn], torn);
	if (low < reader->seen)
		low = reader->seen;
	if (high - low < LETTERS)	/* else each letter is good */
		check_order(reader, VDSOGEN_UNAME, identity_named(got.sysname[0], high), low);
}

static void *read_identity(void *reader_)
{
	struct reader *reader = reader_;
	unsigned long calls = 0;

	trap.count = 0;
	for (; !stopped(); calls += CALLS) {
		read_names(reader);
		for (unsigned int f = VDSOGEN_GETUID; f <= VDSOGEN_GETEGID; f++)
			read_credential(reader, f);
		read_names(reader);
		/* the other way round: who is published last is not read last */
		for (unsigned int f = VDSOGEN_GETEGID; f >= VDSOGEN_GETUID; f--)
			read_credential(reader, f);
	}
	reader->answers = calls - trap.count;
	return NULL;
}

static void wait_for(uint32_t nsec)
{
	const struct timespec duration = { .tv_nsec = nsec };

	nanosleep(&duration, NULL);
}

static void run(uint32_t options)
{
	const struct vdsogen_config config = {
		.functions = VDSOGEN_IDENTITY_FUNCTIONS, .options = options,
	};
	struct reader readers[READERS] = { { .answers = 0 } };
	pthread_t publisher;

	check_about("changes, options %#x", options);
	page_make(&page, &config, PAGE_COUNTS);
	begun = 1;
	publish_one(1);
	trap_answer_with(answer);
	stop = false;
	pthread_create(&publisher, NULL, publish, NULL);
	for (int i = 0; i < READERS; i++)
		pthread_create(&readers[i].thread, NULL, read_identity, &readers[i]);
	wait_for(DURATION);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(publisher, NULL);
	for (int i = 0; i < READERS; i++) {
		pthread_join(readers[i].thread, NULL);
		CHECK(readers[i].answers >= ANSWERS_MIN, "only %lu answers", readers[i].answers);
	}
	CHECK(done > LETTERS, "only %u changes", done);
	trap_answer_with(ask);
	page_free(&page);
}

void exec_change(void)
{
	run(0);
	run(VDSOGEN_GUARD);
}

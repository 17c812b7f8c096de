/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads share a page, and may differ in what they are. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "identity.h"

enum { THREADS = 4 };

static pthread_barrier_t barrier;
static void (*differ)(void);

static void *run(void *arg)
{
	expect("a thread", ALL & ~BIT(GETTID), BIT(GETTID));
	pthread_barrier_wait(&barrier);
	if (arg)
		differ();
	compare("a thread, differing");
	pthread_barrier_wait(&barrier);
	compare("a thread beside one that differs");
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void test_differing(const char *where, void (*how)(void), unsigned int slow)
{
	pthread_t thread[THREADS];
	pid_t pid = begin_child();

	if (pid) {
		wait_for(where, pid);
		return;
	}
	count_calls();
	differ = how;
	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (long i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, run, i == 1 ? &differ : NULL);
	pthread_barrier_wait(&barrier);
	compare(where);
	pthread_barrier_wait(&barrier);
	expect(where, ALL & ~BIT(GETTID) & ~slow, BIT(GETTID) | slow);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	compare(where);
	finish();
}

static void in_nothing(void)
{
}

/* The system call is one thread's; the C library's function would be all threads'. */
static void in_user(void)
{
	syscall(SYS_setresuid, 1000, 1001, 1002);
}

static void in_group(void)
{
	syscall(SYS_setresgid, 1000, 1001, 1002);
}

static void in_nice(void)
{
	syscall(SYS_setpriority, PRIO_PROCESS, 0, 7);
}

static void in_names(void)
{
	personality(UNAME26);
}

static void in_group_of_processes(void)
{
	setpgid(0, 0);
}

/* -------------------------------------------------------------------------
 * A thread made by one that is not as the others.
 */
static void *look(void *where)
{
	compare(where);
	return NULL;
}

static void *make_thread(void *unused)
{
	pthread_t thread;

	(void)unused;
	in_nice();
	pthread_create(&thread, NULL, look, "thread of one that differs");
	pthread_join(thread, NULL);
	return NULL;
}

static void test_inherited(void)
{
	pthread_t thread;
	pid_t pid = begin_child();

	if (!pid) {
		pthread_create(&thread, NULL, make_thread, NULL);
		pthread_join(thread, NULL);
		compare("after threads that differ");
		finish();
	}
	wait_for("thread of one that differs", pid);
}

/* The kernel resets the nice of a new thread, too. */
static void test_reset(void)
{
	const struct sched_param none = { 0 };
	pthread_t thread;
	pid_t pid = begin_child();

	if (!pid) {
		setpriority(PRIO_PROCESS, 0, -5);
		syscall(SYS_sched_setscheduler, 0, SCHED_OTHER | SCHED_RESET_ON_FORK, &none);
		pthread_create(&thread, NULL, look, "thread with its nice reset");
		pthread_join(thread, NULL);
		compare("beside a thread with its nice reset");
		finish();
	}
	wait_for("thread with its nice reset", pid);
}

/* -------------------------------------------------------------------------
 * The first thread ends before the others.
 */
static void *survive(void *unused)
{
	pid_t pid;

	(void)unused;
	await_first_thread();
	compare("after the first thread's end");
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 3);
	if (is_root() && syscall(SYS_setresuid, 1234, 0, 0))
		failed("after the first thread's end", "setresuid failed");
	expect("after the first thread's end, changed", ALL & ~BIT(GETTID), BIT(GETTID));
	pid = begin_child();
	if (!pid) {
		/* Without root, nobody can put another page under its filter. */
		expect("child after the first thread's end", is_root() ? ALL : 0, 0);
		finish();
	}
	wait_for("child after the first thread's end", pid);
	exit(failures());
}

static void test_leader(void)
{
	pthread_t other;
	pid_t pid = begin_child();

	if (!pid) {
		pthread_create(&other, NULL, survive, NULL);
		end_first_thread();
	}
	wait_for("end of the first thread", pid);
}

void test_threads(void)
{
	test_differing("threads", in_nothing, 0);
	test_differing("threads that differ in nice", in_nice, BIT(GETPRIORITY));
	test_differing("threads that differ in personality", in_names, BIT(UNAME));
	test_differing("threads in a new process group", in_group_of_processes, 0);
	if (is_root()) {
		test_differing("threads that differ in user", in_user, BIT(GETUID) | BIT(GETEUID));
		test_differing("threads that differ in group", in_group, BIT(GETGID) | BIT(GETEGID));
		test_reset();
	}
	test_inherited();
	test_leader();
	compare("at the end");
}

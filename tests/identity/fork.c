/* SPDX-License-Identifier: BSD-2-Clause */
/* fork, clone without CLONE_VM: each process has its own page before it runs. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "identity.h"

/* fork() may ask for the pid itself; so as its first doing. */
static void test_first_doing(void)
{
	pid_t pid = begin_child();

	if (!pid) {
		long page = by_page(GETPID), kernel = syscall(SYS_getpid);

		if (page != kernel)
			failed("fork, at once", "the page says %ld, the kernel %ld", page, kernel);
		compare("child of fork");
		expect("child of fork", ALL, 0);
		finish();
	}
	compare("parent of fork");
	wait_for("fork", pid);
	compare("parent of fork, afterwards");
}

static void test_generations(int left)
{
	pid_t pid = begin_child();

	if (pid) {
		compare("generations");
		wait_for("generations", pid);
		return;
	}
	compare("generations");
	if (left)
		test_generations(left - 1);
	expect("generations", ALL, 0);
	finish();
}

/* Two at once, by the page alone: their pids and their parent's differ. */
static void test_two(void)
{
	pid_t *said = mmap(NULL, sizeof *said * 2, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[2];

	for (int i = 0; i < 2; i++) {
		pids[i] = begin_child();
		if (!pids[i]) {
			__atomic_store_n(&said[i], (pid_t)by_page(GETPID), __ATOMIC_SEQ_CST);
			while (!__atomic_load_n(&said[!i], __ATOMIC_SEQ_CST))
				sched_yield();
			expect("two at once", ALL, 0);
			finish();
		}
	}
	for (int i = 0; i < 2; i++) {
		wait_for("two at once", pids[i]);
		if (said[i] != pids[i])
			failed("two at once", "%d says that it is %d", pids[i], said[i]);
	}
	munmap(said, sizeof *said * 2);
}

/* As glibc's fork() does not: flags, no stack, so a copy. */
static pid_t raw_clone(unsigned long flags)
{
	return (pid_t)syscall(SYS_clone, flags, 0, 0, 0, 0);
}

static void test_flags(const char *where, unsigned long flags)
{
	pid_t pid = raw_clone(flags);

	if (pid < 0) {
		failed(where, "clone failed");
		return;
	}
	if (!pid) {
		expect(where, ALL, 0);
		finish();
	}
	compare(where);
	if (!(flags & CLONE_PARENT))
		wait_for(where, pid);
}

static void *fork_in_thread(void *unused)
{
	pid_t pid = begin_child();

	(void)unused;
	if (!pid) {
		/* The only thread, with a tid that is known again. */
		expect("child of a thread", ALL, 0);
		finish();
	}
	compare("thread that forks");
	wait_for("child of a thread", pid);
	return NULL;
}

static void test_from_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, fork_in_thread, NULL);
	pthread_join(thread, NULL);
}

/* Copied, but with the nice reset. */
static void test_reset(void)
{
	const struct sched_param none = { 0 };
	pid_t pid = begin_child();

	if (pid) {
		wait_for("reset on fork", pid);
		return;
	}
	if (setpriority(PRIO_PROCESS, 0, -5))
		finish();
	syscall(SYS_sched_setscheduler, 0, SCHED_OTHER | SCHED_RESET_ON_FORK, &none);
	compare("reset on fork");
	pid = begin_child();
	if (!pid) {
		if (by_call(GETPRIORITY) != 20)
			failed("reset on fork", "nice is not reset");
		expect("reset on fork, child", ALL, 0);
		finish();
	}
	wait_for("reset on fork", pid);
	finish();
}

void test_fork(void)
{
	for (int i = 0; i < 20; i++)
		test_first_doing();
	test_generations(5);
	test_two();
	test_flags("clone", SIGCHLD);
	test_flags("clone without a signal", 0);
	test_flags("clone with CLONE_VFORK alone", CLONE_VFORK | SIGCHLD);
	test_flags("clone with CLONE_FILES", CLONE_FILES | CLONE_FS | SIGCHLD);
	test_flags("clone with CLONE_PARENT", CLONE_PARENT | SIGCHLD);
	test_from_thread();
	test_reset();
	expect("at the end", ALL & ~BIT(GETTID), 0);
}

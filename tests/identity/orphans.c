/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes whose parent ends have another one. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "identity.h"

/* How the parent ends. */
static void by_exit(void)
{
	_exit(0);
}

static void by_signal(void)
{
	raise(SIGKILL);
}

static void *end_others(void *unused)
{
	(void)unused;
	syscall(SYS_exit_group, 0);
	return NULL;
}

static void by_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, end_others, NULL);
	for (;;)
		pause();
}

static void watch_parent(pid_t parent, bool fast)
{
	while (syscall(SYS_getppid) == parent)
		compare("its parent is about to end");
	compare("its parent has ended");
	if (fast)
		expect_soon("its parent has ended", ALL);
}

/* What an orphan has found, by a pipe: who waits for it need not be who began it. */
static _Noreturn void report(const int done[2])
{
	char result = failures() ? 'x' : '.';

	_exit(write(done[1], &result, 1) != 1);
}

/* Of the orphan that `pid`, a child, leaves behind. */
static void take_report(const char *where, pid_t pid, const int done[2])
{
	char result;

	close(done[1]);
	waitpid(pid, NULL, 0);
	if (read(done[0], &result, 1) != 1 || result != '.')
		failed(where, "an orphan has failed");
	close(done[0]);
}

/* This process adopts. */
static void test_end(const char *where, void (*end)(void), bool fast)
{
	int ready[2], done[2];
	char byte;
	pid_t pid;

	if (pipe(ready) || pipe(done))
		return failed(where, "%s", strerror(errno));
	pid = begin_child();
	if (!pid) {
		pid_t parent = getpid();

		if (!begin_child()) {
			if (write(ready[1], "", 1) != 1)
				failed(where, "%s", strerror(errno));
			watch_parent(parent, fast);
			report(done);
		}
		if (read(ready[0], &byte, 1) != 1)
			failed(where, "no word from the child");
		end();
	}
	take_report(where, pid, done);
	close(ready[0]);
	close(ready[1]);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void test_all(const char *where)
{
	for (int i = 0; i < 5; i++) {
		test_end(where, by_exit, true);
		test_end(where, by_signal, true);
		test_end(where, by_thread, true);
	}
}

/* The parent ends after a pause in microseconds; the orphan has a page of its own. */
static void test_orphan(const char *where, useconds_t pause, void (*live)(pid_t parent))
{
	int done[2];
	pid_t pid;

	if (pipe(done))
		return failed(where, "%s", strerror(errno));
	pid = begin_child();
	if (!pid) {
		pid_t parent = getpid();

		if (begin_child()) {
			if (pause)
				usleep(pause);
			_exit(0);
		}
		live(parent);
		report(done);
	}
	take_report(where, pid, done);
}

static void be_daemon(pid_t parent)
{
	watch_parent(parent, true);
}

/* A signal when the parent ends: at that moment, it has ended. */
static volatile bool told;

static void on_death(int number)
{
	(void)number;
	compare("told by a signal that its parent has ended");
	told = true;
}

static void await_signal(pid_t parent)
{
	(void)parent;
	signal(SIGUSR1, on_death);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	while (!told)
		compare("waiting for its parent's end");
}

static void test_signal(void)
{
	enum { PAUSE = 20000 };

	test_orphan("signal of the parent's end", PAUSE, await_signal);
}

void test_orphans(void)
{
	test_all("orphans");
	test_signal();
	for (int i = 0; i < 30; i++)
		test_orphan("daemon", 0, be_daemon);	/* as they begin: at once */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	test_all("orphans of a subreaper");
	test_signal();
	compare("at the end");
}

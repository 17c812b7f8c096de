/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes that share memory: children of vfork and of clone with CLONE_VM. One
 * page is everybody's then, so nobody may be told anything by it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "identity.h"

extern char **environ;

static volatile bool alive, go_on, rounds_done;

/* In the parent, beside the child. */
static void *watch(void *unused)
{
	(void)unused;
	while (!alive && !rounds_done)
		sched_yield();
	while (!rounds_done) {
		compare("a thread beside a child of vfork");
		if (alive)
			go_on = true;
		sched_yield();
	}
	compare("a thread after a child of vfork");
	return NULL;
}

/* What it becomes must not be its parent's. Only system calls: the memory is the parent's. */
static void change_all(void)
{
	syscall(SYS_setsid);
	syscall(SYS_setpriority, PRIO_PROCESS, 0, 5);
	if (is_root()) {
		syscall(SYS_setresgid, 1234, 1235, 1236);
		syscall(SYS_setresuid, 1234, 1235, 0);
	}
}

enum how { EXEC, EXIT };

static void vfork_once(enum how how)
{
	pid_t pid;

	go_on = false;
	pid = vfork();
	if (!pid) {
		expect("child of vfork", 0, ALL);
		change_all();
		expect("child of vfork, changed", 0, ALL);
		alive = true;
		while (!go_on)
			syscall(SYS_sched_yield);
		compare("child of vfork, late");
		if (how == EXIT)
			_exit(0);
		if (is_root()) {
			syscall(SYS_setresuid, 0, 0, 0);
			syscall(SYS_setresgid, 0, 0, 0);
		}
		execl(own_path, own_path, "start", (char *)NULL);
		_exit(1);
	}
	alive = false;
	compare("parent of vfork");
	wait_for("vfork", pid);
	expect_soon("parent of vfork, afterwards", ALL & ~BIT(GETTID));
}

static void test_vforks(void)
{
	pthread_t thread;

	rounds_done = false;
	pthread_create(&thread, NULL, watch, NULL);
	for (int i = 0; i < 4; i++)
		vfork_once(i % 2 ? EXIT : EXEC);
	rounds_done = true;
	pthread_join(thread, NULL);
}

static void test_spawn(void)
{
	char *const argv[] = { (char *)own_path, (char *)"start", NULL };
	pid_t pid;

	for (int i = 0; i < 5; i++) {
		int error = posix_spawn(&pid, own_path, NULL, NULL, argv, environ);

		if (error) {
			failed("posix_spawn", "%s", strerror(error));
			return;
		}
		compare("parent of posix_spawn");
		wait_for("posix_spawn", pid);
		expect_soon("parent of posix_spawn, afterwards", ALL & ~BIT(GETTID));
	}
}

/* -------------------------------------------------------------------------
 * Without CLONE_VFORK: both run.
 */
static volatile int stage;

static void await(int wanted)
{
	while (stage < wanted)
		sched_yield();
}

static int sharing_child(void *unused)
{
	(void)unused;
	expect("child of clone(CLONE_VM)", 0, ALL);
	change_all();
	expect("child of clone(CLONE_VM), changed", 0, ALL);
	stage = 1;
	await(2);
	compare("child of clone(CLONE_VM), late");
	return 0;
}

/* A fork of one that shares memory does not share it. */
static int forking_child(void *unused)
{
	pid_t pid;

	(void)unused;
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		expect("fork of one that shares memory", is_root() ? ALL : 0, 0);
		_exit(failures());
	}
	compare("one that shares memory and forks");
	wait_for("fork of one that shares memory", pid);
	stage = 1;
	await(2);
	return 0;
}

static void clone_once(int (*function)(void *), int flags)
{
	enum { STACK = 1 << 18 };
	static char stack[STACK] __attribute__((aligned(16)));
	pid_t pid;

	stage = 0;
	pid = clone(function, stack + STACK, flags, NULL);
	if (pid < 0) {
		failed("clone(CLONE_VM)", "it failed");
		return;
	}
	await(1);
	expect("parent of clone(CLONE_VM)", 0, ALL);
	stage = 2;
	wait_for("clone(CLONE_VM)", pid);
	expect_soon("parent of clone(CLONE_VM), afterwards", ALL & ~BIT(GETTID));
}

void test_vfork(void)
{
	count_calls();
	test_vforks();
	test_spawn();
	clone_once(sharing_child, CLONE_VM | SIGCHLD);
	clone_once(sharing_child, CLONE_VM);
	clone_once(forking_child, CLONE_VM | SIGCHLD);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Another program in the same process, and so in another page. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "identity.h"

static void exec_start(void)
{
	exec_again("start");
}

static void *exec_in_thread(void *unused)
{
	(void)unused;
	compare("thread before exec");
	exec_again("start");
}

static void *sleep_on(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

/* Its tid becomes the process's pid. */
static void exec_from_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, sleep_on, NULL);
	pthread_create(&thread, NULL, exec_in_thread, NULL);
	pthread_join(thread, NULL);
}

static void *exec_after_leader(void *unused)
{
	(void)unused;
	await_first_thread();
	exec_again("start");
}

static void exec_without_leader(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, exec_after_leader, NULL);
	end_first_thread();
}

/* What exec keeps has been changed before it. */
static void exec_changed(void)
{
	setsid();
	setpriority(PRIO_PROCESS, 0, 3);
	exec_again("start");
}

static void exec_threads_differ(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, sleep_on, NULL);
	syscall(SYS_setpriority, PRIO_PROCESS, 0, 8);
	exec_again("start");
}

static void exec_as_group(void)
{
	if (setresgid(5, 0, 6))
		failed("setresgid", "%s", strerror(errno));
	exec_again("start");
}

/* The memory is another one by then: the parent's page is the parent's again. */
static void exec_from_vfork(void)
{
	pid_t pid = vfork();

	if (!pid) {
		syscall(SYS_setpriority, PRIO_PROCESS, 0, 4);
		execl(own_path, own_path, "start", (char *)NULL);
		_exit(1);
	}
	compare("parent of exec by vfork");
	wait_for("exec by vfork", pid);
	compare("parent of exec by vfork, afterwards");
}

static void exec_fails(void)
{
	execl("/nonexistent/program", "program", (char *)NULL);
	expect("after exec that failed", ALL, 0);
}

void test_exec(void)
{
	in_child("exec", exec_start);
	in_child("exec by a thread", exec_from_thread);
	in_child("exec without the first thread", exec_without_leader);
	in_child("exec of one that changed", exec_changed);
	in_child("exec of threads that differ", exec_threads_differ);
	in_child("exec by vfork", exec_from_vfork);
	in_child("exec that fails", exec_fails);
	if (is_root())
		in_child("exec as another group", exec_as_group);
	compare("at the end");
	exec_again("start");
}

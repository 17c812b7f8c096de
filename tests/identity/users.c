/* SPDX-License-Identifier: BSD-2-Clause */
/* setuid and its kin, by root. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "identity.h"

/* Without root, what must be refused must change nothing. */
static void must(int result, const char *call)
{
	if (result && is_root())
		failed(call, "%s", strerror(errno));
	expect(call, ALL & ~BIT(GETTID), 0);
}

static void change_back_and_forth(void)
{
	must(setegid(100), "setegid");
	must(seteuid(1000), "seteuid");
	must(seteuid(0), "seteuid back");
	must(setreuid(1000, 0), "setreuid");
	must(setregid(101, 102), "setregid");
	must(setresuid(3, 0, 5), "setresuid");
	must(setresgid(103, 104, 105), "setresgid");
	must(setresuid((uid_t)-1, (uid_t)-1, 6), "setresuid of nothing seen");
	setfsuid(7);
	must(0, "setfsuid");
	must(setgid(9), "setgid");
	must(setuid(8), "setuid");
	if (!setuid(0) && by_call(GETEUID))
		failed("setuid", "a success that is none");
	must(0, "setuid refused");
}

/* The C library makes the call in each thread. */
static volatile bool done;

static void *look(void *unused)
{
	(void)unused;
	while (!done)
		compare("thread beside setuid");
	return NULL;
}

static void change_in_threads(void)
{
	pthread_t thread[2];

	count_calls();
	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, look, NULL);
	change_back_and_forth();
	done = true;
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	compare("after setuid in threads");
}

/* What forks as another user: the page is the same, or unknown; exec keeps the kernel's. */
static void fork_as_another(void)
{
	pid_t pid;

	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		failed("nobody", "%s", strerror(errno));
	compare("nobody");
	pid = begin_child();
	if (!pid) {
		compare("child of nobody");
		setsid();
		compare("child of nobody, changed");
		finish();
	}
	compare("nobody who forks");
	wait_for("child of nobody", pid);
	compare("nobody, alone again");
	pid = vfork();
	if (!pid) {
		compare("vfork child of nobody");
		_exit(0);
	}
	wait_for("vfork child of nobody", pid);
	compare("nobody, at the end");
}

static void fork_with_effective(void)
{
	pid_t pid;

	if (seteuid(1000))
		failed("seteuid", "%s", strerror(errno));
	pid = begin_child();
	if (!pid) {
		compare("child with another euid");
		if (seteuid(0))
			failed("seteuid", "%s", strerror(errno));
		compare("child, root again");
		finish();
	}
	compare("parent with another euid");
	wait_for("child with another euid", pid);
}

void test_users(void)
{
	compare("users");
	in_child("users", change_back_and_forth);
	in_child("users in threads", change_in_threads);
	if (!is_root())
		return;
	in_child("as another user", fork_as_another);
	in_child("with another effective user", fork_with_effective);
	expect("users, at the end", ALL, 0);
}

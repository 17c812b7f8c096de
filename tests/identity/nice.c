/* SPDX-License-Identifier: BSD-2-Clause */
/* nice, of the process itself and of others. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "identity.h"

/* Linux include/uapi/linux/sched/types.h, its first version. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static void change(void)
{
	struct attributes attributes = { .size = sizeof attributes, .nice = 9 };

	for (int nice = 0; nice < 4; nice++)
		expect_after(setpriority(PRIO_PROCESS, 0, nice), "setpriority");
	errno = 0;
	expect_after(nice(2) == -1 && errno ? -1 : 0, "nice");
	expect_after(setpriority(PRIO_PROCESS, (id_t)getpid(), 6), "setpriority by number");
	expect_after(setpgid(0, 0), "setpgid");
	expect_after(setpriority(PRIO_PGRP, 0, 7), "setpriority of a group");
	expect_after((int)syscall(SYS_sched_setattr, 0, &attributes, 0), "sched_setattr");
	expect_after(setpriority(PRIO_PROCESS, 0, 100), "setpriority beyond the range");
	if (by_call(GETPRIORITY) != 1)
		failed("setpriority", "nice is not 19");
	if (!is_root())
		return;
	for (int nice = -20; nice < 20; nice++)
		expect_after(setpriority(PRIO_PROCESS, 0, nice), "setpriority in all of the range");
}

/* Of all processes of a user that nobody else is. */
static void change_user(void)
{
	pid_t pid;
	int word;

	if (setresuid(0, 54321, 0) || setresuid(54321, 0, 0))
		return failed("setresuid", "%s", strerror(errno));
	pid = begin_waiting(&word);
	if (!pid) {
		compare("child of a user");
		await_word(word);
		if (by_call(GETPRIORITY) != 20 - 4)
			failed("setpriority of a user", "nothing has changed");
		expect("child after setpriority of its user", ALL, 0);
		finish();
	}
	if (setpriority(PRIO_USER, 54321, 4))
		failed("setpriority of a user", "%s", strerror(errno));
	compare("after setpriority of a user");
	give_word(word);
	wait_for("setpriority of a user", pid);
}

static void change_child(void)
{
	int word;
	pid_t pid = begin_waiting(&word);

	if (!pid) {
		await_word(word);
		if (by_call(GETPRIORITY) != 20 - 11)
			failed("setpriority of a child", "nothing has changed");
		expect("child after its parent's setpriority", ALL, 0);
		finish();
	}
	if (setpriority(PRIO_PROCESS, (id_t)pid, 11))
		failed("setpriority of a child", "%s", strerror(errno));
	compare("after setpriority of a child");
	give_word(word);
	wait_for("setpriority of a child", pid);
}

void test_nice(void)
{
	in_child("nice", change);
	change_child();
	if (is_root())
		in_child("nice of a user", change_user);
	expect("nice, at the end", ALL, 0);
}

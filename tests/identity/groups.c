/* SPDX-License-Identifier: BSD-2-Clause */
/* setpgid, also of a child, and setsid. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "identity.h"

static void change(void)
{
	pid_t parents = getpgid(getppid());

	expect_after(setpgid(0, 0), "setpgid");
	expect_after(setpgid(0, parents), "setpgid back");
	expect_after(setpgid(getpid(), getpid()), "setpgid by number");
	if (!setpgid(1, 1))
		failed("setpgid", "of process 1");
	expect_after(0, "setpgid refused");
}

/* Told that its parent has changed it. */
static void changed_by_parent(int word)
{
	compare("child before its parent's setpgid");
	await_word(word);
	if (by_call(GETPGID) != by_call(GETPID))
		failed("setpgid by the parent", "nothing has changed");
	expect("child after its parent's setpgid", ALL, 0);
	expect_after(setpgid(0, getpgid(getppid())), "setpgid after the parent's");
	expect_after(setsid(), "setsid");
	if (by_call(GETSID) != by_call(GETPID))
		failed("setsid", "nothing has changed");
}

static void test_by_parent(void)
{
	int word;
	pid_t pid = begin_waiting(&word);

	if (!pid) {
		changed_by_parent(word);
		finish();
	}
	if (setpgid(pid, pid))
		failed("setpgid of a child", "%s", strerror(errno));
	compare("after setpgid of a child");
	give_word(word);
	wait_for("setpgid by the parent", pid);
}

void test_groups(void)
{
	in_child("setpgid", change);
	for (int i = 0; i < 10; i++)
		test_by_parent();
	expect("groups, at the end", ALL, 0);
}

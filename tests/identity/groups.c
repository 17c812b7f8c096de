/* SPDX-License-Identifier: BSD-2-Clause */
/* setpgid, also of a child, and setsid. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "identity.h"

static void must(int result, const char *call)
{
	if (result < 0)
		failed(call, "%s", strerror(errno));
	expect(call, ALL, 0);
}

static void change(void)
{
	pid_t parents = getpgid(getppid());

	must(setpgid(0, 0), "setpgid");
	must(setpgid(0, parents), "setpgid back");
	must(setpgid(getpid(), getpid()), "setpgid by number");
	if (!setpgid(1, 1))
		failed("setpgid", "of process 1");
	must(0, "setpgid refused");
}

/* Told by a pipe that its parent has changed it. */
static void changed_by_parent(int pipe)
{
	char byte;

	compare("child before its parent's setpgid");
	if (read(pipe, &byte, 1) != 1)
		failed("pipe", "no word from the parent");
	if (by_call(GETPGID) != by_call(GETPID))
		failed("setpgid by the parent", "nothing has changed");
	expect("child after its parent's setpgid", ALL, 0);
	must(setpgid(0, getpgid(getppid())), "setpgid after the parent's");
	must(setsid(), "setsid");
	if (by_call(GETSID) != by_call(GETPID))
		failed("setsid", "nothing has changed");
}

static void test_by_parent(void)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		return failed("pipe", "%s", strerror(errno));
	pid = begin_child();
	if (!pid) {
		close(fds[1]);
		changed_by_parent(fds[0]);
		finish();
	}
	close(fds[0]);
	if (setpgid(pid, pid))
		failed("setpgid of a child", "%s", strerror(errno));
	compare("after setpgid of a child");
	if (write(fds[1], "", 1) != 1)
		failed("pipe", "%s", strerror(errno));
	close(fds[1]);
	wait_for("setpgid by the parent", pid);
}

void test_groups(void)
{
	pid_t pid = begin_child();

	if (!pid) {
		change();
		finish();
	}
	wait_for("setpgid", pid);
	for (int i = 0; i < 10; i++)
		test_by_parent();
	expect("groups, at the end", ALL, 0);
}

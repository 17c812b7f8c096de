/* SPDX-License-Identifier: BSD-2-Clause */
/* uname: personalities, other UTS namespaces; and user and PID namespaces. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "identity.h"

static void compare_forked(void)
{
	compare("fork of a process like this");
}

static void change_personality(void)
{
	unsigned int before = (unsigned int)personality(~0u);

	personality(before | UNAME26);
	compare("personality UNAME26");
	personality(PER_LINUX32);
	compare("personality LINUX32");
	in_child("fork with a personality", compare_forked);
	personality(before);
	expect("personality as it was", ALL, 0);
}

static void must(int result, const char *call)
{
	if (result)
		failed(call, "%s", strerror(errno));
	compare(call);
}

static void set_names(const char *host, const char *domain)
{
	struct utsname names;

	must(sethostname(host, strlen(host)), "sethostname");
	must(setdomainname(domain, strlen(domain)), "setdomainname");
	if (!uname(&names) && (strcmp(names.nodename, host) || strcmp(names.domainname, domain)))
		failed("sethostname", "nothing has changed");
}

static void set_here(void)
{
	set_names("one", "example.org");
}

/* Two processes that have the names in common. */
static void change_names(void)
{
	int ours = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);

	must(unshare(CLONE_NEWUTS), "unshare(CLONE_NEWUTS)");
	set_names("a-host", "a-domain");
	set_names("", "");
	in_child("names", set_here);
	compare("names changed by a child");
	if (ours >= 0) {
		must(setns(ours, CLONE_NEWUTS), "setns");
		expect("names of before", ALL, 0);
	}
}

/*
 * In the namespace of vdsogen run itself: the test has one of its own, by unshare.
 */
static void change_names_of_all(void)
{
	int word;
	pid_t pid = begin_waiting(&word);

	if (!pid) {
		compare("before another process's sethostname");
		await_word(word);
		expect("after another process's sethostname", ALL, 0);
		finish();
	}
	set_names("all-hosts", "all-domains");
	give_word(word);
	wait_for("another process's sethostname", pid);
	expect("after sethostname", ALL, 0);
}

void test_names(void)
{
	struct utsname names;

	compare("names");
	in_child("personality", change_personality);
	if (!is_root())
		return;
	in_child("names", change_names);
	if (!uname(&names) && !strcmp(names.nodename, "ours-to-change"))
		in_child("names of all", change_names_of_all);
	expect("names, at the end", ALL, 0);
}

/* ------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		failed(path, "%s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void enter_user(void)
{
	char map[64];
	uid_t uid = geteuid();

	if (unshare(CLONE_NEWUSER))
		return;		/* not everybody may */
	compare("new user namespace");
	snprintf(map, sizeof map, "77 %u 1", uid);
	write_file("/proc/self/uid_map", map);
	if (by_call(GETUID) != 77)
		failed("user namespace", "uid is not 77");
	compare("user namespace with a map");
	if (setuid(77))
		failed("user namespace", "setuid: %s", strerror(errno));
	compare("user namespace, changed");
	in_child("fork in a user namespace", compare_forked);
}

static void be_first(void)
{
	pid_t pid;

	if (by_call(GETPID) != 1)
		failed("PID namespace", "pid is not 1");
	compare("PID namespace");
	setsid();
	compare("PID namespace, after setsid");
	setpgid(0, 0);
	in_child("fork in a PID namespace", compare_forked);
	pid = vfork();
	if (!pid) {
		compare("PID namespace, vfork");
		_exit(0);
	}
	wait_for("PID namespace, vfork", pid);
	compare("PID namespace, at the end");
}

static void enter_pid(void)
{
	if (unshare(CLONE_NEWPID))
		return failed("unshare(CLONE_NEWPID)", "%s", strerror(errno));
	compare("before a PID namespace");
	in_child("PID namespace", be_first);
	compare("beside a PID namespace");
}

void test_namespaces(void)
{
	compare("namespaces");
	in_child("user namespace", enter_user);
	if (is_root())
		in_child("PID namespace", enter_pid);
}

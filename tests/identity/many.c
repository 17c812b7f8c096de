/* SPDX-License-Identifier: BSD-2-Clause */
/* What a process had is released with it; processes that do all at once. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "identity.h"

/* -------------------------------------------------------------------------
 * vdsogen run is the parent.
 */
struct held {
	long descriptors, mappings;
};

static void count_held(struct held *held)
{
	char path[64], line[512];
	DIR *directory;
	FILE *maps;

	*held = (struct held){ 0, 0 };
	snprintf(path, sizeof path, "/proc/%ld/fd", syscall(SYS_getppid));
	directory = opendir(path);
	while (directory && readdir(directory))
		held->descriptors++;
	if (directory)
		closedir(directory);
	snprintf(path, sizeof path, "/proc/%ld/maps", syscall(SYS_getppid));
	maps = fopen(path, "re");
	while (maps && fgets(line, sizeof line, maps))
		held->mappings += !!strstr(line, "memfd:");
	if (maps)
		fclose(maps);
	if (!held->descriptors || !held->mappings)
		failed("many", "nothing seen in %s", path);
}

static int forks_wanted(void)
{
	const char *forks = getenv("IDENTITY_FORKS");

	return forks ? atoi(forks) : 10000;
}

/* Each way to begin and to end. */
static void begin_one(int i)
{
	pid_t pid = i % 8 == 3 ? vfork() : fork();

	if (!pid) {
		if (i % 50 == 7) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(1);
		}
		if (i % 50 == 9)
			raise(SIGKILL);
		_exit(by_page(GETPID) != by_call(GETPID));
	}
	if (pid < 0)
		failed("many", "fork: %s", strerror(errno));
	else if (i % 16 == 5)
		kill(pid, SIGKILL);
}

static void reap(int least)
{
	int status;

	while (least-- > 0 && wait(&status) > 0)
		if (status && WTERMSIG(status) != SIGKILL)
			failed("many", "a child ended by status 0x%x", status);
}

void test_many(void)
{
	enum { AT_ONCE = 10 };
	struct held before, after;

	compare("many");
	count_held(&before);
	for (int i = 0; i < forks_wanted(); i++) {
		begin_one(i);
		if (i % AT_ONCE == AT_ONCE - 1)
			reap(AT_ONCE);
	}
	reap(AT_ONCE);
	/* The last one's end may reach its parent first. */
	for (int i = 0; i < 100; i++) {
		count_held(&after);
		if (after.descriptors == before.descriptors && after.mappings == before.mappings)
			break;
		usleep(10000);
	}
	if (after.descriptors != before.descriptors)
		failed("many", "%ld descriptors of vdsogen run before, %ld after",
		       before.descriptors, after.descriptors);
	if (after.mappings != before.mappings)
		failed("many", "%ld images in vdsogen run before, %ld after", before.mappings,
		       after.mappings);
	expect("many, at the end", ALL, 0);
}

/* -------------------------------------------------------------------------
 * Threads that fork while others change.
 */
enum { ROUNDS = 40 };

static volatile bool done;

static void *change(void *unused)
{
	(void)unused;
	for (int i = 0; !done; i++) {
		syscall(SYS_setpriority, PRIO_PROCESS, 0, i % 3);
		if (is_root()) {
			syscall(SYS_setresuid, -1, i % 2 * 1000, 0);
			syscall(SYS_setresgid, i % 3, -1, 0);
		}
		compare("storm, one that changes");
	}
	return NULL;
}

static void *fork_on(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = begin_child();

		if (!pid) {
			compare("storm, child");
			setpgid(0, 0);
			compare("storm, child in a group of its own");
			if (i % 4 == 1)
				exec_again("compare");
			if (i % 4 == 2 && !vfork()) {
				compare("storm, vfork");
				_exit(0);
			}
			finish();
		}
		if (i % 4 != 1)
			setpgid(pid, pid);
		compare("storm, parent");
		wait_for("storm", pid);
	}
	return NULL;
}

void test_storm(void)
{
	pthread_t changing, forking[2];

	pthread_create(&changing, NULL, change, NULL);
	for (int i = 0; i < 2; i++)
		pthread_create(&forking[i], NULL, fork_on, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(forking[i], NULL);
	done = true;
	pthread_join(changing, NULL);
	compare("storm, at the end");
}

/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "../exec-host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../fds.h"
#include "../platform.h"
#include "darwin.h"
#include "deliver.h"
#include "descriptors.h"
#include "lent.h"
#include "names.h"
#include "thread.h"

static char *runner;
static __thread struct thread *looking;

void exec_learn_runner(void)
{
	runner = darwin_runner();
}

void exec_look_up_for(struct thread *thread)
{
	looking = thread;
}

/* -------------------------------------------------------------------------
 * Files.
 */

/* What a host that is about to run it would ask: of the name that is about to be opened. */
static int check_rights(int folder, const char *name, bool link)
{
	struct stat st;

	if (fstatat(folder, name, &st, link ? AT_SYMLINK_NOFOLLOW : 0))
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return faccessat(folder, name, X_OK, AT_EACCESS) ? -errno : 0;
}

/* Of what is open: another may have the name since. */
static int check_file(int fd)
{
	struct statvfs fs;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || !(st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)))
		return -EACCES;
#ifdef ST_NOEXEC
	if (!fstatvfs(fd, &fs) && fs.f_flag & ST_NOEXEC)
		return -EACCES;
#else
	(void)fs;
#endif
	return 0;
}

/* One that is more than a name goes on as it is. */
static int open_itself(const struct registry_held *held)
{
	char *path;
	int fd;

	if (held->host < 0)
		return -1;
	if (held->class != &path_class)
		return fcntl(held->host, F_DUPFD_CLOEXEC, 0);
	path = platform_path(held->host);
	fd = path ? open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC) : -1;
	free(path);
	return fd;
}

static int open_place(const struct place *place, int flags)
{
	const bool link = flags & EXEC_NO_LINK;
	int fd, failed;

	if (place->kind == PLACE_SYNTHETIC)
		return -EACCES;
	if (place->kind == PLACE_ITSELF) {
		fd = open_itself(&place->held);
		if (fd < 0)
			return -EACCES;
	} else {
		failed = check_rights(place->folder, place->name, link);
		if (failed)
			return failed;
		fd = openat(place->folder, place->name,
			    O_RDONLY | O_NOCTTY | O_CLOEXEC | (link ? O_NOFOLLOW : 0));
		if (fd < 0)
			return -errno;
	}
	failed = check_file(fd);
	if (!failed)
		return fd;
	close(fd);
	return failed;
}

int exec_open_file(int folder, const char *name, int flags)
{
	const unsigned int how = (flags & EXEC_NO_LINK ? PLACE_LINK : 0) |
				 (flags & EXEC_EMPTY_PATH ? PLACE_EMPTY : 0);
	const int64_t from = folder == AT_FDCWD ? LINUX_AT_FDCWD : folder;
	struct place place;
	int fd;

	fd = place_find_name(looking, (uint64_t)from, name, how, &place);
	if (fd)
		return fd;
	fd = open_place(&place, flags);
	place_end(&place);
	return fd;
}

bool exec_is_own(const char *name)
{
	char number[sizeof "/proc//exe" + EXEC_NUMBER];

	snprintf(number, sizeof number, "/proc/%d/exe", getpid());
	return !strcmp(name, "/proc/self/exe") || !strcmp(name, "/proc/thread-self/exe") ||
	       !strcmp(name, number);
}

bool exec_is_lost(int folder, const char *name)
{
	struct registry_held held;
	bool lost;

	if (folder == AT_FDCWD || *name == '/' || descriptor_hold((uint64_t)folder, &held))
		return false;
	lost = held.cloexec;
	descriptor_let_go(&held);
	return lost;
}

/* -------------------------------------------------------------------------
 * The runner once more. What other threads do to descriptors after this is lost with them.
 */
int fds_take_over(int table)
{
	int failed;

	if (table < 0)
		return descriptors_begin();
	failed = deliver_restore(table);
	return failed ? failed : descriptors_restore(table);
}

static int hand_over(struct exec_command *command, struct exec *exec, const struct thread *thread,
		     int table)
{
	struct process *process = thread->process;
	int failed;

	failed = deliver_save(thread, table);
	if (!failed)
		failed = descriptors_save(table);
	if (failed)
		return failed;
	exec_put_number(command, "--descriptors", table);
	exec_put_number(command, "--program", exec->program);
	exec_put_program(command, exec);
	lent_tell(process);
	deliver_hand_over(process);
	fcntl(exec->program, F_SETFD, 0);
	fcntl(table, F_SETFD, 0);
	execve(runner, (char *const *)command->word, (char *const *)exec->environment);
	failed = -errno;
	fcntl(exec->program, F_SETFD, FD_CLOEXEC);
	deliver_take_back(process);
	descriptors_keep();
	return failed;
}

int exec_become(struct exec *exec, const struct thread *thread)
{
	struct process *process = thread->process;
	struct exec_command command;
	int table, failed = exec_begin_command(&command, exec, thread);

	if (failed)
		return failed;
	table = platform_file("", 0);
	if (table < 0)
		return -errno;
	pthread_mutex_lock(&process->lock); /* a fork now would give them away */
	failed = hand_over(&command, exec, thread, table);
	pthread_mutex_unlock(&process->lock);
	close(table);
	return failed;
}

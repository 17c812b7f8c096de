/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "exec-host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fds.h"
#include "sysroot.h"

static int runner = -1;

void exec_learn_runner(void)
{
	runner = fds_hide(open("/proc/self/exe", O_PATH | O_CLOEXEC));
}

/* -------------------------------------------------------------------------
 * Files.
 */

/* What a host that is about to run it would ask: of the descriptor of a path. */
static int check_rights(int path)
{
	struct stat st;
	struct statvfs fs;

	if (fstat(path, &st))
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	if (syscall(SYS_faccessat2, path, "", X_OK, AT_EMPTY_PATH | AT_EACCESS))
		return -errno;
	return !fstatvfs(path, &fs) && fs.f_flag & ST_NOEXEC ? -EACCES : 0;
}

static int open_path(int path)
{
	char name[sizeof "/proc/self/fd/" + EXEC_NUMBER];

	snprintf(name, sizeof name, "/proc/self/fd/%d", path);
	return open(name, O_RDONLY | O_NOCTTY | O_CLOEXEC);
}

int exec_open_file(int folder, const char *name, int flags)
{
	char room[PATH_MAX];
	int path, fd = -1, failed;

	name = sysroot_find(name, room);
	if (!*name && !(flags & EXEC_EMPTY_PATH))
		return -ENOENT;
	if (*name)
		path = openat(folder, name,
			      O_PATH | O_CLOEXEC | (flags & EXEC_NO_LINK ? O_NOFOLLOW : 0));
	else if (folder == AT_FDCWD)
		return -EACCES;
	else
		path = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	if (path < 0)
		return -errno;
	failed = check_rights(path);
	if (!failed) {
		fd = open_path(path);
		failed = fd < 0 ? -errno : 0;
	}
	close(path);
	return failed ? failed : fd;
}

/* The runner's own name for the program that it runs is not what the host says. */
bool exec_is_own(const char *name)
{
	char number[sizeof "/proc//exe" + EXEC_NUMBER];

	snprintf(number, sizeof number, "/proc/%d/exe", getpid());
	return !strcmp(name, "/proc/self/exe") || !strcmp(name, "/proc/thread-self/exe") ||
	       !strcmp(name, number);
}

/* Its name will lead nowhere when its interpreter looks. */
bool exec_is_lost(int folder, const char *name)
{
	return folder != AT_FDCWD && *name != '/' && fcntl(folder, F_GETFD) & FD_CLOEXEC;
}

/* -------------------------------------------------------------------------
 * The runner once more.
 */
int exec_become(struct exec *exec, const struct thread *thread)
{
	struct process *process = thread->process;
	const int device = vm_device(process->vm);
	struct exec_command command;
	int failed = exec_begin_command(&command, exec, thread);

	if (failed)
		return failed;
	exec_put_number(&command, "--program", exec->program);
	if (device >= 0)
		exec_put_number(&command, "--device", device);
	exec_put_program(&command, exec);
	pthread_mutex_lock(&process->lock); /* a fork now would give them away */
	fcntl(exec->program, F_SETFD, 0);
	fcntl(device, F_SETFD, 0);
	syscall(SYS_execveat, runner, "", command.word, exec->environment, AT_EMPTY_PATH);
	failed = -errno;
	fcntl(device, F_SETFD, FD_CLOEXEC);
	fcntl(exec->program, F_SETFD, FD_CLOEXEC);
	pthread_mutex_unlock(&process->lock);
	return failed;
}

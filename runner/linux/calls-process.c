/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes: what they have of their own, and what they become. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls-own.h"
#include "exec.h"
#include "fds.h"

/* Linux include/uapi/linux/prctl.h: the C library may be older. */
enum { COMM_SIZE = 16 };

/* -------------------------------------------------------------------------
 * Namespaces.
 */

/*
 * What each thread may have of its own on the host, a thread here may. Descriptors stay shared
 * with the runner's other threads, and so does time.
 */
int64_t call_unshare(struct thread *thread, const uint64_t *a)
{
	const uint64_t threads = CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_VM;
	const uint64_t own = CLONE_FS | CLONE_SYSVSEM | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
			     CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWPID;
	/* one alone has nobody to share with */
	const uint64_t flags = thread->process->threads == 1 ? a[0] & ~threads : a[0];

	if (flags & ~own)
		return -EPERM;
	return unshare((int)flags) ? -errno : 0;
}

int64_t call_setns(struct thread *thread, const uint64_t *a)
{
	(void)thread;
	(void)a;
	return -EPERM;
}

/* -------------------------------------------------------------------------
 * execve().
 */
static int64_t do_exec(struct thread *thread, struct exec *exec, int folder, const uint64_t *a,
		       int flags)
{
	struct process *process = thread->process;
	const struct space *space = process->space;
	char name[PATH_MAX];
	int failed = space_read_string(space, name, guest_at(a[0]), sizeof name);

	if (!failed)
		failed = exec_read_arguments(exec, space, guest_at(a[1]), guest_at(a[2]));
	if (failed)
		return failed;
	fds_begin();
	failed = exec_open(exec, folder, name, flags, process->path);
	if (!failed)
		failed = exec_check(exec, process->vm);
	fds_end();
	return failed ? failed : exec_become(exec, thread);
}

/* Where this is a child of vfork, and does not come back, its parent frees what is left. */
static int64_t exec_from(struct thread *thread, int folder, const uint64_t *a, int flags)
{
	struct exec *exec = exec_create();
	int64_t result;

	if (!exec)
		return -ENOMEM;
	thread->process->exec = exec;
	result = do_exec(thread, exec, folder, a, flags);
	if (exec->program >= 0)
		close(exec->program);
	thread->process->exec = NULL;
	exec_free(exec);
	return result;
}

int64_t call_execve(struct thread *thread, const uint64_t *a)
{
	return exec_from(thread, AT_FDCWD, a, 0);
}

int64_t call_execveat(struct thread *thread, const uint64_t *a)
{
	const int flags = (int)a[4];

	if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	return fds_hidden(a[0]) ? -EBADF : exec_from(thread, (int)a[0], a + 1, flags);
}

/* -------------------------------------------------------------------------
 * What a process is told of itself, and may ask for.
 */
int64_t call_prctl(struct thread *thread, const uint64_t *a)
{
	static const struct {
		int number;
		struct argument is;
	} known[] = {
		{ PR_SET_PDEATHSIG, N }, { PR_GET_PDEATHSIG, OUT(int) },
		{ PR_SET_NAME, IN(char[COMM_SIZE]) }, { PR_GET_NAME, OUT(char[COMM_SIZE]) },
		{ PR_SET_DUMPABLE, N }, { PR_GET_DUMPABLE, N },
		{ PR_SET_KEEPCAPS, N }, { PR_GET_KEEPCAPS, N },
		{ PR_SET_TIMERSLACK, N }, { PR_GET_TIMERSLACK, N },
		{ PR_SET_NO_NEW_PRIVS, N }, { PR_GET_NO_NEW_PRIVS, N },
		{ PR_SET_CHILD_SUBREAPER, N }, { PR_GET_CHILD_SUBREAPER, OUT(int) },
		{ PR_GET_SECCOMP, N }, { PR_GET_SECUREBITS, N }, { PR_CAPBSET_READ, N },
		{ PR_CAP_AMBIENT, N }, { PR_GET_THP_DISABLE, N }, { PR_GET_TSC, OUT(int) },
		{ PR_MCE_KILL_GET, N },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		struct argument is[CALLS_ARGUMENTS] = { N, known[i].is, N, N, N };

		if (known[i].number == (int)a[0])
			return passage_ask(thread, SYS_prctl, is, a);
	}
	if ((int)a[0] == PR_GET_TID_ADDRESS)
		return space_write(thread->process->space, guest_at(a[1]), &thread->clear_tid,
				   sizeof thread->clear_tid);
	return -EINVAL;
}

/* -------------------------------------------------------------------------
 * How many descriptors there may be.
 */
static int64_t set_limit(struct thread *thread, guest_addr new, guest_addr old)
{
	const struct space *space = thread->process->space;
	struct rlimit limit, before;

	if (new.v && space_read(space, &limit, new, sizeof limit))
		return -EFAULT;
	if (fds_limit(new.v ? &limit : NULL, &before))
		return -errno;
	return old.v ? space_write(space, old, &before, sizeof before) : 0;
}

/* The runner has another limit of descriptors now and then. */
int64_t call_prlimit64(struct thread *thread, const uint64_t *a)
{
	static const struct argument is[] = { N, N, IN(struct rlimit), OUT(struct rlimit), N, N };

	if ((unsigned int)a[1] == RLIMIT_NOFILE && ((pid_t)a[0] == 0 || (pid_t)a[0] == getpid()))
		return set_limit(thread, guest_at(a[2]), guest_at(a[3]));
	return passage_ask(thread, SYS_prlimit64, is, a);
}

int64_t call_getrlimit(struct thread *thread, const uint64_t *a)
{
	return call_prlimit64(thread, (const uint64_t[]){ 0, a[0], 0, a[1] });
}

int64_t call_setrlimit(struct thread *thread, const uint64_t *a)
{
	return call_prlimit64(thread, (const uint64_t[]){ 0, a[0], a[1], 0 });
}

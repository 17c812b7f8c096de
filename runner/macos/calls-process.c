/* SPDX-License-Identifier: BSD-2-Clause */
/* What processes become. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../exec.h"
#include "../guest-clone.h"
#include "calls-own.h"
#include "linux-files.h"
#include "linux-process.h"
#include "linux-signal.h"
#include "thread.h"

/* What is shared among threads stays so. */
int64_t call_unshare(struct thread *thread, const uint64_t *a)
{
	const uint64_t alone = GUEST_CLONE_FS | GUEST_CLONE_FILES | GUEST_CLONE_SIGHAND |
			       GUEST_CLONE_THREAD | GUEST_CLONE_VM;

	if (thread->process->threads == 1 && !(a[0] & ~alone))
		return 0;
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
	char name[LINUX_PATH_MAX];
	int failed = space_read_string(space, name, guest_at(a[0]), sizeof name);

	exec_look_up_for(thread);
	if (!failed)
		failed = exec_read_arguments(exec, space, guest_at(a[1]), guest_at(a[2]));
	if (!failed)
		failed = exec_open(exec, folder, name, flags, process->path);
	if (!failed)
		failed = exec_check(exec, process->vm);
	return failed ? failed : exec_become(exec, thread);
}

static int64_t exec_from(struct thread *thread, int folder, const uint64_t *a, int flags)
{
	struct exec *exec = exec_create();
	int64_t result;

	if (!exec)
		return -ENOMEM;
	result = do_exec(thread, exec, folder, a, flags);
	if (exec->program >= 0)
		close(exec->program);
	exec_free(exec);
	return result;
}

int64_t call_execve(struct thread *thread, const uint64_t *a)
{
	return exec_from(thread, AT_FDCWD, a, 0);
}

int64_t call_execveat(struct thread *thread, const uint64_t *a)
{
	const int flags = (int)a[4], folder = (int)a[0];

	if (flags & ~(LINUX_AT_EMPTY_PATH | LINUX_AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	return exec_from(thread, folder == LINUX_AT_FDCWD ? AT_FDCWD : folder, a + 1,
			 (flags & LINUX_AT_EMPTY_PATH ? EXEC_EMPTY_PATH : 0) |
			 (flags & LINUX_AT_SYMLINK_NOFOLLOW ? EXEC_NO_LINK : 0));
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads and processes: how they begin, and what they become. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../exec.h"
#include "calls-own.h"
#include "linux-files.h"
#include "linux-process.h"
#include "linux-signal.h"
#include "thread.h"

/* -------------------------------------------------------------------------
 * clone(). What a set of flags asks for is done whole, or not at all.
 */
#define THREAD_NEEDS (LINUX_CLONE_VM | LINUX_CLONE_FS | LINUX_CLONE_FILES | LINUX_CLONE_SIGHAND | \
		      LINUX_CLONE_THREAD)
#define THREAD_MAY (LINUX_CLONE_SYSVSEM | LINUX_CLONE_IO | LINUX_CLONE_DETACHED | \
		    LINUX_CLONE_UNTRACED | OWN)
#define PROCESS_MAY (LINUX_CLONE_CLEAR_SIGHAND | LINUX_CLONE_IO | LINUX_CLONE_UNTRACED | OWN)
#define VFORK_NEEDS (LINUX_CLONE_VM | LINUX_CLONE_VFORK)
/* What a new one has of its own. */
#define OWN (LINUX_CLONE_SETTLS | LINUX_CLONE_PARENT_SETTID | LINUX_CLONE_CHILD_SETTID | \
	     LINUX_CLONE_CHILD_CLEARTID)
#define NAMESPACES (LINUX_CLONE_NEWNS | LINUX_CLONE_NEWCGROUP | LINUX_CLONE_NEWUTS | \
		    LINUX_CLONE_NEWIPC | LINUX_CLONE_NEWUSER | LINUX_CLONE_NEWPID | \
		    LINUX_CLONE_NEWNET)

static bool has_only(uint64_t flags, uint64_t needed, uint64_t allowed)
{
	return (flags & needed) == needed && !(flags & ~(needed | allowed));
}

/* What Linux refuses. */
static int check(const struct linux_clone_args *r)
{
	const uint64_t flags = r->flags;

	if (flags & LINUX_CLONE_THREAD && !(flags & LINUX_CLONE_SIGHAND))
		return -EINVAL;
	if (flags & LINUX_CLONE_SIGHAND && !(flags & LINUX_CLONE_VM))
		return -EINVAL;
	if (flags & LINUX_CLONE_SIGHAND && flags & LINUX_CLONE_CLEAR_SIGHAND)
		return -EINVAL;
	return flags & NAMESPACES ? -EPERM : 0;
}

static guest_addr if_asked(const struct linux_clone_args *r, uint64_t flag, uint64_t at)
{
	return guest_at(r->flags & flag ? at : 0);
}

static int64_t do_clone(struct thread *thread, const struct linux_clone_args *r)
{
	const struct process_start start = {
		.has_thread_pointer = r->flags & LINUX_CLONE_SETTLS,
		.thread_pointer = r->tls,
		.stack = guest_at(r->stack + r->stack_size),
		.parent_tid = if_asked(r, LINUX_CLONE_PARENT_SETTID, r->parent_tid),
		.child_tid = if_asked(r, LINUX_CLONE_CHILD_SETTID, r->child_tid),
		.clear_tid = if_asked(r, LINUX_CLONE_CHILD_CLEARTID, r->child_tid),
		.signal = (int)r->exit_signal,
		.handlers_default = r->flags & LINUX_CLONE_CLEAR_SIGHAND,
	};
	int failed = check(r);

	if (failed)
		return failed;
	if (has_only(r->flags, THREAD_NEEDS, THREAD_MAY))
		return process_clone(thread, &start);
	if (r->exit_signal == LINUX_SIGCHLD && has_only(r->flags, VFORK_NEEDS, PROCESS_MAY))
		return process_vfork(thread, &start);
	if (r->exit_signal == LINUX_SIGCHLD && has_only(r->flags, 0, PROCESS_MAY))
		return process_fork(thread, &start);
	calls_miss(thread, "clone: flags", r->flags);
	return -EINVAL;
}

/* arm64 has Linux's CONFIG_CLONE_BACKWARDS: the thread pointer before the child's word. */
int64_t call_clone(struct thread *thread, const uint64_t *a)
{
	const uint64_t flags = (uint32_t)a[0];
	const struct linux_clone_args r = {
		.flags = flags & ~(uint64_t)LINUX_CSIGNAL, .exit_signal = flags & LINUX_CSIGNAL,
		.stack = a[1], .parent_tid = a[2], .tls = a[3], .child_tid = a[4],
	};

	return do_clone(thread, &r);
}

static bool is_zero(struct thread *thread, uint64_t at, uint64_t end)
{
	for (uint8_t byte = 0; at < end; at++)
		if (calls_read(thread, &byte, at, 1) || byte)
			return false;
	return true;
}

/* The fields of later versions are 0. */
int64_t call_clone3(struct thread *thread, const uint64_t *a)
{
	struct linux_clone_args r = { 0 };
	const uint64_t size = a[1];

	if (size < LINUX_CLONE_ARGS_FIRST)
		return -EINVAL;
	if (size > VM_PAGE)
		return -E2BIG;
	if (calls_read(thread, &r, a[0], size < sizeof r ? size : sizeof r))
		return -EFAULT;
	if (size > sizeof r && !is_zero(thread, a[0] + sizeof r, a[0] + size))
		return -E2BIG;
	if (r.flags & (LINUX_CLONE_DETACHED | LINUX_CSIGNAL) || r.exit_signal > LINUX_SIGRTMAX)
		return -EINVAL;
	if (r.flags & (LINUX_CLONE_THREAD | LINUX_CLONE_PARENT) && r.exit_signal)
		return -EINVAL;
	if (!r.stack != !r.stack_size || r.stack + r.stack_size < r.stack)
		return -EINVAL;
	if (r.set_tid || r.set_tid_size)
		return -EINVAL;
	return do_clone(thread, &r);
}

/* What is shared among threads stays so. */
int64_t call_unshare(struct thread *thread, const uint64_t *a)
{
	const uint64_t alone = LINUX_CLONE_FS | LINUX_CLONE_FILES | LINUX_CLONE_SIGHAND |
			       LINUX_CLONE_THREAD | LINUX_CLONE_VM;

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

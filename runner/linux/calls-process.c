/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads and processes: how they begin, and what they become. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
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
 * clone(). What a set of flags asks for is done whole, or not at all.
 */
#define THREAD_NEEDS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define THREAD_MAY (THREAD_NEEDS | CLONE_SYSVSEM | CLONE_IO | CLONE_DETACHED | CLONE_UNTRACED | OWN)
#define PROCESS_MAY (CLONE_PIDFD | CLONE_CLEAR_SIGHAND | CLONE_IO | CLONE_UNTRACED | OWN)
#define VFORK_NEEDS (CLONE_VM | CLONE_VFORK)
/* What a new one has of its own. */
#define OWN (CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)
#define NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
		    CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME)

/* As clone3() has it, whose structure is this one's beginning in all versions. */
typedef struct clone_args request;

static bool has_only(uint64_t flags, uint64_t needed, uint64_t allowed)
{
	return (flags & needed) == needed && !(flags & ~(needed | allowed));
}

/* What Linux refuses. */
static int check(const request *r)
{
	const uint64_t flags = r->flags;

	if (flags & CLONE_THREAD && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if (flags & CLONE_SIGHAND && !(flags & CLONE_VM))
		return -EINVAL;
	if (flags & CLONE_SIGHAND && flags & CLONE_CLEAR_SIGHAND)
		return -EINVAL;
	if (flags & CLONE_PIDFD && flags & CLONE_DETACHED)
		return -EINVAL;
	return flags & NAMESPACES ? -EPERM : 0;
}

static int64_t refuse(const struct thread *thread, const request *r)
{
	static bool told;

	if (thread->process->verbose && !told)
		fprintf(stderr, "vdsorun: clone with flags %#llx and signal %llu is not there\n",
			(unsigned long long)r->flags, (unsigned long long)r->exit_signal);
	told = true;
	return -EINVAL;
}

static guest_addr if_asked(const request *r, uint64_t flag, uint64_t at)
{
	return guest_at(r->flags & flag ? at : 0);
}

/* The thread pointer is a segment's base on x86_64, elsewhere any number. */
static bool may_point(const struct thread *thread, uint64_t thread_pointer)
{
#if defined __x86_64__
	return thread_pointer < vm_user_range(thread->process->vm).end.v;
#else
	(void)thread;
	(void)thread_pointer;
	return true;
#endif
}

static int64_t do_clone(struct thread *thread, const request *r)
{
	const struct process_start start = {
		.has_thread_pointer = r->flags & CLONE_SETTLS,
		.thread_pointer = r->tls,
		.stack = guest_at(r->stack + r->stack_size),
		.parent_tid = if_asked(r, CLONE_PARENT_SETTID, r->parent_tid),
		.child_tid = if_asked(r, CLONE_CHILD_SETTID, r->child_tid),
		.clear_tid = if_asked(r, CLONE_CHILD_CLEARTID, r->child_tid),
		.pidfd = if_asked(r, CLONE_PIDFD, r->pidfd),
		.signal = (int)r->exit_signal,
		.handlers_default = r->flags & CLONE_CLEAR_SIGHAND,
	};
	int failed = check(r);

	if (failed)
		return failed;
	if (start.has_thread_pointer && !may_point(thread, r->tls))
		return -EPERM;
	if (has_only(r->flags, THREAD_NEEDS, THREAD_MAY))
		return process_clone(thread, &start);
	if (has_only(r->flags, VFORK_NEEDS, PROCESS_MAY))
		return process_vfork(thread, &start);
	if (has_only(r->flags, 0, PROCESS_MAY) && r->exit_signal == SIGCHLD)
		return process_fork(thread, &start);
	return refuse(thread, r);
}

/* The order of the last two is the processor's: Linux's CONFIG_CLONE_BACKWARDS. */
int64_t call_clone(struct thread *thread, const uint64_t *a)
{
#if defined __x86_64__
	const uint64_t child_tid = a[3], tls = a[4];
#else
	const uint64_t child_tid = a[4], tls = a[3];
#endif
	const uint64_t flags = (uint32_t)a[0];
	const request r = {
		.flags = flags & ~(uint64_t)CSIGNAL, .exit_signal = flags & CSIGNAL, .stack = a[1],
		.parent_tid = a[2], .pidfd = a[2], .child_tid = child_tid, .tls = tls,
	};

	if (flags & CLONE_PIDFD && flags & CLONE_PARENT_SETTID)
		return -EINVAL;
	return do_clone(thread, &r);
}

static bool is_zero(const struct space *space, uint64_t at, uint64_t end)
{
	for (uint8_t byte = 0; at < end; at++)
		if (space_read(space, &byte, guest_at(at), 1) || byte)
			return false;
	return true;
}

/* The fields of later versions are 0. */
int64_t call_clone3(struct thread *thread, const uint64_t *a)
{
	const uint64_t size = a[1];
	const struct space *space = thread->process->space;
	request r = { 0 };

	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	if (size > VM_PAGE)
		return -E2BIG;
	if (space_read(space, &r, guest_at(a[0]), size < sizeof r ? size : sizeof r))
		return -EFAULT;
	if (size > sizeof r && !is_zero(space, a[0] + sizeof r, a[0] + size))
		return -E2BIG;
	if (r.flags & (CLONE_DETACHED | CSIGNAL) || r.exit_signal >= _NSIG)
		return -EINVAL;
	if (r.flags & (CLONE_THREAD | CLONE_PARENT) && r.exit_signal)
		return -EINVAL;
	if (!r.stack != !r.stack_size || r.stack + r.stack_size < r.stack)
		return -EINVAL;
	if (r.set_tid || r.set_tid_size)
		return -EINVAL;
	return do_clone(thread, &r);
}

#ifdef SYS_fork
int64_t call_fork(struct thread *thread, const uint64_t *a)
{
	const request r = { .exit_signal = SIGCHLD };

	(void)a;
	return do_clone(thread, &r);
}

int64_t call_vfork(struct thread *thread, const uint64_t *a)
{
	const request r = { .flags = VFORK_NEEDS, .exit_signal = SIGCHLD };

	(void)a;
	return do_clone(thread, &r);
}
#endif

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

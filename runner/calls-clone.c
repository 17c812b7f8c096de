/* SPDX-License-Identifier: BSD-2-Clause */
/* How threads and processes begin. */
#include <errno.h>
#include <stdio.h>

#include "calls-both.h"
#include "guest-clone.h"
#include "guest-signals.h"

/* What a set of flags asks for is done whole, or not at all. */
#define THREAD_NEEDS (GUEST_CLONE_VM | GUEST_CLONE_FS | GUEST_CLONE_FILES | GUEST_CLONE_SIGHAND | \
		      GUEST_CLONE_THREAD)
#define THREAD_MAY (GUEST_CLONE_SYSVSEM | GUEST_CLONE_DETACHED | MAY)
#define PROCESS_MAY (GUEST_CLONE_PIDFD | GUEST_CLONE_CLEAR_SIGHAND | MAY)
#define VFORK_NEEDS (GUEST_CLONE_VM | GUEST_CLONE_VFORK)
/* What a new one has of its own, and what makes no difference. */
#define MAY (GUEST_CLONE_SETTLS | GUEST_CLONE_PARENT_SETTID | GUEST_CLONE_CHILD_SETTID | \
	     GUEST_CLONE_CHILD_CLEARTID | GUEST_CLONE_IO | GUEST_CLONE_UNTRACED)
#define NAMESPACES (GUEST_CLONE_NEWNS | GUEST_CLONE_NEWCGROUP | GUEST_CLONE_NEWUTS | \
		    GUEST_CLONE_NEWIPC | GUEST_CLONE_NEWUSER | GUEST_CLONE_NEWPID | \
		    GUEST_CLONE_NEWNET | GUEST_CLONE_NEWTIME)

/* As clone3() has it, whose structure is this one's beginning in all versions. */
typedef struct guest_clone_args request;

static bool has_only(uint64_t flags, uint64_t needed, uint64_t allowed)
{
	return (flags & needed) == needed && !(flags & ~(needed | allowed));
}

/* What Linux refuses. */
static int check(const request *r)
{
	const uint64_t flags = r->flags;

	if (flags & GUEST_CLONE_THREAD && !(flags & GUEST_CLONE_SIGHAND))
		return -EINVAL;
	if (flags & GUEST_CLONE_SIGHAND && !(flags & GUEST_CLONE_VM))
		return -EINVAL;
	if (flags & GUEST_CLONE_SIGHAND && flags & GUEST_CLONE_CLEAR_SIGHAND)
		return -EINVAL;
	if (flags & GUEST_CLONE_PIDFD && flags & GUEST_CLONE_DETACHED)
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
		.has_thread_pointer = r->flags & GUEST_CLONE_SETTLS,
		.thread_pointer = r->tls,
		.stack = guest_at(r->stack + r->stack_size),
		.parent_tid = if_asked(r, GUEST_CLONE_PARENT_SETTID, r->parent_tid),
		.child_tid = if_asked(r, GUEST_CLONE_CHILD_SETTID, r->child_tid),
		.clear_tid = if_asked(r, GUEST_CLONE_CHILD_CLEARTID, r->child_tid),
		.pidfd = if_asked(r, GUEST_CLONE_PIDFD, r->pidfd),
		.signal = (int)r->exit_signal,
		.handlers_default = r->flags & GUEST_CLONE_CLEAR_SIGHAND,
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
	if (has_only(r->flags, 0, PROCESS_MAY) && r->exit_signal == GUEST_SIGCHLD)
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
		.flags = flags & ~(uint64_t)GUEST_CSIGNAL, .exit_signal = flags & GUEST_CSIGNAL,
		.stack = a[1], .parent_tid = a[2], .pidfd = a[2], .child_tid = child_tid,
		.tls = tls,
	};

	if (flags & GUEST_CLONE_PIDFD && flags & GUEST_CLONE_PARENT_SETTID)
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

	if (size < GUEST_CLONE_ARGS_FIRST)
		return -EINVAL;
	if (size > VM_PAGE)
		return -E2BIG;
	if (space_read(space, &r, guest_at(a[0]), size < sizeof r ? size : sizeof r))
		return -EFAULT;
	if (size > sizeof r && !is_zero(space, a[0] + sizeof r, a[0] + size))
		return -E2BIG;
	if (r.flags & (GUEST_CLONE_DETACHED | GUEST_CSIGNAL) || r.exit_signal > SIGNALS_MAX)
		return -EINVAL;
	if (r.flags & (GUEST_CLONE_THREAD | GUEST_CLONE_PARENT) && r.exit_signal)
		return -EINVAL;
	if (!r.stack != !r.stack_size || r.stack + r.stack_size < r.stack)
		return -EINVAL;
	if (r.set_tid || r.set_tid_size)
		return -EINVAL;
	return do_clone(thread, &r);
}

/* Calls of old, which newer processors have not. */
#if defined __x86_64__
int64_t call_fork(struct thread *thread, const uint64_t *a)
{
	const request r = { .exit_signal = GUEST_SIGCHLD };

	(void)a;
	return do_clone(thread, &r);
}

int64_t call_vfork(struct thread *thread, const uint64_t *a)
{
	const request r = { .flags = VFORK_NEEDS, .exit_signal = GUEST_SIGCHLD };

	(void)a;
	return do_clone(thread, &r);
}
#endif

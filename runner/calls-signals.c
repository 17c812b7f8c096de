/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be wrong with arguments is found in the kernel's order: kernel/signal.c. */
#include <errno.h>

#include "calls-both.h"
#include "frame.h"
#include "guest-signals.h"

int calls_read_set(const struct thread *thread, uint64_t *set, uint64_t at, uint64_t size)
{
	if (size != sizeof *set)
		return -EINVAL;
	return calls_read(thread, set, at, sizeof *set);
}

int64_t call_rt_sigaction(struct thread *thread, const uint64_t *a)
{
	struct kernel_sigaction new, old;
	int failed = 0;

	if (a[3] != sizeof new.mask)
		return -EINVAL;
	if (a[1])
		failed = calls_read(thread, &new, a[1], sizeof new);
	if (!failed)
		failed = signals_act(thread, (int)a[0], a[1] ? &new : NULL, &old);
	return failed ? failed : calls_write_if(thread, a[2], &old, sizeof old);
}

static int change_mask(struct thread *thread, int how, uint64_t set)
{
	switch (how) {
	case GUEST_SIG_BLOCK:
		signals_set_blocked(thread, thread->blocked | set);
		return 0;
	case GUEST_SIG_UNBLOCK:
		signals_set_blocked(thread, thread->blocked & ~set);
		return 0;
	case GUEST_SIG_SETMASK:
		signals_set_blocked(thread, set);
		return 0;
	default:
		return -EINVAL;
	}
}

int64_t call_rt_sigprocmask(struct thread *thread, const uint64_t *a)
{
	uint64_t old = thread->blocked, set;
	int failed = 0;

	if (a[3] != sizeof set)
		return -EINVAL;
	if (a[1])
		failed = calls_read_set(thread, &set, a[1], a[3]);
	if (a[1] && !failed)
		failed = change_mask(thread, (int)a[0], set);
	return failed ? failed : calls_write_if(thread, a[2], &old, sizeof old);
}

/* The alternate stack comes back first: a handler that is still on it cannot change it. */
int64_t call_rt_sigreturn(struct thread *thread, const uint64_t *a)
{
	const uint64_t sp = vcpu_get(thread->vcpu, VM_SP);
	struct kernel_stack alternate;
	uint64_t blocked;

	(void)a;
	if (frame_pop(thread, &blocked, &alternate)) {
		signals_force(thread, GUEST_SIGSEGV);
		return CALLS_DONE;
	}
	signals_set_blocked(thread, blocked);
	/* one that cannot be is not taken, and nobody is told */
	signals_alternate(thread, sp, &alternate, NULL);
	return CALLS_DONE;
}

int64_t call_sigaltstack(struct thread *thread, const uint64_t *a)
{
	struct kernel_stack new, old;
	int failed = 0;

	if (a[0])
		failed = calls_read(thread, &new, a[0], sizeof new);
	if (!failed)
		failed = signals_alternate(thread, vcpu_get(thread->vcpu, VM_SP),
					   a[0] ? &new : NULL, &old);
	return failed ? failed : calls_write_if(thread, a[1], &old, sizeof old);
}

int64_t call_rt_sigpending(struct thread *thread, const uint64_t *a)
{
	uint64_t pending = signals_pending(thread);

	return a[1] > sizeof pending ? -EINVAL : calls_write(thread, a[0], &pending, a[1]);
}

/* No call of a guest is in the middle: it is made again from its beginning, or has ended. */
int64_t call_restart_syscall(struct thread *thread, const uint64_t *a)
{
	(void)thread;
	(void)a;
	return -EINTR;
}

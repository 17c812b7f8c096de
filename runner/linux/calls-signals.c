/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be wrong with arguments is found in the kernel's order: kernel/signal.c. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "calls-own.h"
#include "frame.h"

static int read_set(struct thread *thread, uint64_t *set, uint64_t at, uint64_t size)
{
	if (size != sizeof *set)
		return -EINVAL;
	return space_read(thread->process->space, set, guest_at(at), sizeof *set);
}

int64_t call_rt_sigaction(struct thread *thread, const uint64_t *a)
{
	struct kernel_sigaction new, old;
	int failed = 0;

	if (a[3] != sizeof new.mask)
		return -EINVAL;
	if (a[1])
		failed = space_read(thread->process->space, &new, guest_at(a[1]), sizeof new);
	if (!failed)
		failed = signals_act(thread, (int)a[0], a[1] ? &new : NULL, &old);
	if (failed || !a[2])
		return failed;
	return space_write(thread->process->space, guest_at(a[2]), &old, sizeof old);
}

static int change_mask(struct thread *thread, int how, uint64_t set)
{
	switch (how) {
	case SIG_BLOCK:
		signals_set_blocked(thread, thread->blocked | set);
		return 0;
	case SIG_UNBLOCK:
		signals_set_blocked(thread, thread->blocked & ~set);
		return 0;
	case SIG_SETMASK:
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
		failed = read_set(thread, &set, a[1], a[3]);
	if (a[1] && !failed)
		failed = change_mask(thread, (int)a[0], set);
	if (failed || !a[2])
		return failed;
	return space_write(thread->process->space, guest_at(a[2]), &old, sizeof old);
}

/* The alternate stack comes back first: a handler that is still on it cannot change it. */
int64_t call_rt_sigreturn(struct thread *thread, const uint64_t *a)
{
	const uint64_t sp = vcpu_get(thread->vcpu, VM_SP);
	struct kernel_stack alternate;
	uint64_t blocked;

	(void)a;
	if (frame_pop(thread, &blocked, &alternate)) {
		signals_force(thread, SIGSEGV);
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
		failed = space_read(thread->process->space, &new, guest_at(a[0]), sizeof new);
	if (!failed)
		failed = signals_alternate(thread, vcpu_get(thread->vcpu, VM_SP),
					   a[0] ? &new : NULL, &old);
	if (failed || !a[1])
		return failed;
	return space_write(thread->process->space, guest_at(a[1]), &old, sizeof old);
}

int64_t call_rt_sigpending(struct thread *thread, const uint64_t *a)
{
	uint64_t pending = signals_pending(thread);

	if (a[1] > sizeof pending)
		return -EINVAL;
	return space_write(thread->process->space, guest_at(a[0]), &pending, a[1]);
}

/* No call of a guest is in the middle: it is made again from its beginning, or has ended. */
int64_t call_restart_syscall(struct thread *thread, const uint64_t *a)
{
	(void)thread;
	(void)a;
	return -EINTR;
}

/* -------------------------------------------------------------------------
 * To wait for a signal, with a mask that the host has only in the call.
 */
static int64_t suspend(struct thread *thread, uint64_t blocked)
{
	uint64_t host = blocked | signals_bit(SIGNALS_KICK);
	long result = syscall(SYS_rt_sigsuspend, &host, sizeof host);

	if (thread->signal.taken.signo)
		signals_lend_blocked(thread, blocked);
	return result ? -errno : 0;
}

int64_t call_rt_sigsuspend(struct thread *thread, const uint64_t *a)
{
	uint64_t blocked;
	int failed = read_set(thread, &blocked, a[0], a[1]);

	return failed ? failed : suspend(thread, blocked);
}

int64_t call_pause(struct thread *thread, const uint64_t *a)
{
	(void)a;
	return suspend(thread, thread->blocked);
}

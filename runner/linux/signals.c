/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "signals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "frame.h"
#include "guest-signals.h"
#include "window.h"

#define NEVER_BLOCKED (signals_bit(SIGKILL) | signals_bit(SIGSTOP))

static __thread struct thread *who;

_Static_assert(sizeof(siginfo_t) == sizeof(struct kernel_siginfo) &&
	       offsetof(siginfo_t, si_signo) == offsetof(struct kernel_siginfo, signo) &&
	       offsetof(siginfo_t, si_code) == offsetof(struct kernel_siginfo, code) &&
	       offsetof(siginfo_t, si_addr) == offsetof(struct kernel_siginfo, fault), "the host's");

/* -------------------------------------------------------------------------
 * The host. The C library keeps signals 32 and 33 for itself, and these are the guest's.
 */
static uint64_t host_mask(uint64_t blocked)
{
	uint64_t before = 0;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, &before, sizeof before);
	return before;
}

uint64_t signals_block_all(void)
{
	return host_mask(UINT64_MAX);
}

void signals_be(struct thread *thread)
{
	signals_block_all();
	who = thread;
}

static uint64_t host_pending(void)
{
	uint64_t pending = 0;

	syscall(SYS_rt_sigpending, &pending, sizeof pending);
	return pending;
}

void signals_send(const struct thread *thread, int number)
{
	syscall(SYS_tgkill, getpid(), thread->tid, number);
}

/* One of them, if it is pending. */
static bool host_take(uint64_t signals, struct kernel_siginfo *info)
{
	const struct timespec none = { 0 };

	return signals && syscall(SYS_rt_sigtimedwait, &signals, info, &none, sizeof signals) > 0;
}

/* What the host does to a process, or what it ignores, it does when it may for a moment. */
static void let_loose(uint64_t signals)
{
	host_mask(host_mask(~signals));
}

/*
 * In a call that waits. Only one is taken: what it interrupted goes on with all of them
 * blocked. The C library lets its own through in a thread that begins: they are for others.
 */
static void on_signal(int number, siginfo_t *info, void *context)
{
	const uint64_t all = UINT64_MAX;

	if (who) {
		memcpy(&who->signal.taken, info, sizeof who->signal.taken);
		window_leave(context, CALLS_AGAIN);
	} else {
		syscall(SYS_rt_sigqueueinfo, getpid(), number, info);
	}
	memcpy(&((ucontext_t *)context)->uc_sigmask, &all, sizeof all);
}

/*
 * SA_RESTART is as the guest has it: which call a signal ends with EINTR, and which is made
 * again behind its handler, the host knows.
 */
static int host_act(int number, const struct kernel_sigaction *action)
{
	const uint64_t kept = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_RESTART;
	struct kernel_sigaction host = {
		.handler = (uintptr_t)on_signal,
		.flags = SA_SIGINFO | SA_RESTORER | (action->flags & kept),
		.restorer = (uintptr_t)window_restorer,
		.mask = { UINT64_MAX },
	};

	if (action->handler <= (uintptr_t)SIG_IGN)
		host = *action;
	return syscall(SYS_rt_sigaction, number, &host, NULL, sizeof host.mask) ? -errno : 0;
}

/* -------------------------------------------------------------------------
 * A process' actions.
 */
struct signals *signals_create(void)
{
	struct signals *signals = calloc(1, sizeof *signals);

	if (!signals)
		return NULL;
	pthread_mutex_init(&signals->lock, NULL);
	for (int i = 0; i < SIGNALS_MAX; i++) {
		struct kernel_sigaction host = { 0 };

		syscall(SYS_rt_sigaction, i + 1, NULL, &host, sizeof host.mask);
		if (host.handler == (uintptr_t)SIG_IGN)
			signals->action[i] = host;
	}
	return signals;
}

static uint64_t caught(const struct thread *thread)
{
	return __atomic_load_n(&thread->process->signals->caught, __ATOMIC_RELAXED);
}

/* With the lock. */
static int set_action(struct signals *signals, int number, const struct kernel_sigaction *new)
{
	uint64_t now = signals->caught & ~signals_bit(number);
	int failed = host_act(number, new);

	if (failed)
		return failed;
	if (new->handler > (uintptr_t)SIG_IGN)
		now |= signals_bit(number);
	__atomic_store_n(&signals->caught, now, __ATOMIC_RELAXED);
	signals->action[number - 1] = *new;
	return 0;
}

/* What Linux keeps of it: the rest reads as zeros, so that programs see what there is. */
#define FLAGS_KNOWN (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | \
		     SA_NODEFER | SA_RESETHAND | SA_RESTORER | SA_EXPOSE_TAGBITS)

int signals_act(struct thread *thread, int number, const struct kernel_sigaction *new,
		struct kernel_sigaction *old)
{
	struct signals *signals = thread->process->signals;
	int failed = 0;

	if (number < 1 || number > SIGNALS_MAX || number == SIGNALS_KICK ||
	    (new && (NEVER_BLOCKED & signals_bit(number))))
		return -EINVAL;
	/* what came when it was ignored is not for a handler */
	if (new)
		signals_discard(thread);
	signals_lock(signals);
	if (old)
		*old = signals->action[number - 1];
	if (new) {
		struct kernel_sigaction kept = *new;

		kept.flags &= (uint64_t)(unsigned int)FLAGS_KNOWN;
		kept.mask.bits &= ~NEVER_BLOCKED;
		failed = set_action(signals, number, &kept);
	}
	signals_unlock(signals);
	return failed;
}

/* What is done about it now; a handler that is for one time is not there any more. */
static struct kernel_sigaction use_action(struct thread *thread, int number)
{
	struct signals *signals = thread->process->signals;
	struct kernel_sigaction action;

	signals_lock(signals);
	action = signals->action[number - 1];
	if (action.handler > (uintptr_t)SIG_IGN && (action.flags & SA_RESETHAND)) {
		struct kernel_sigaction reset = action;

		reset.handler = (uintptr_t)SIG_DFL;
		set_action(signals, number, &reset);
	}
	signals_unlock(signals);
	return action;
}

/* -------------------------------------------------------------------------
 * Delivery.
 */
/* What it is when no call lends another. */
static uint64_t own_blocked(const struct thread *thread)
{
	return thread->signal.lent ? thread->signal.before : thread->blocked;
}

/* -errno: there is no stack for it. */
static int call_handler(struct thread *thread, const struct kernel_siginfo *info,
			const struct kernel_sigaction *action)
{
	const struct frame frame = { .info = info, .action = action,
				     .blocked = own_blocked(thread) };
	uint64_t blocked = action->mask.bits;
	int failed;

	failed = frame_push(thread, &frame);
	if (failed)
		return failed;
	thread->signal.lent = false;
	if (!(action->flags & SA_NODEFER))
		blocked |= signals_bit(info->signo);
	signals_set_blocked(thread, thread->blocked | blocked);
	if ((unsigned int)thread->signal.alternate.flags & GUEST_SS_AUTODISARM)
		thread->signal.alternate = (struct kernel_stack){ .flags = GUEST_SS_DISABLE };
	return 0;
}

static void give_back(struct kernel_siginfo *info)
{
	syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), info->signo, info);
}

/* That is a SIGSEGV, which may have a handler with another stack. */
static void no_stack(struct thread *thread, int number)
{
	if (number == SIGSEGV)
		thread->signal.killed_by = number;
	else
		signals_force(thread, SIGSEGV);
}

/* One that cannot be put off. */
static void force(struct thread *thread, const struct kernel_siginfo *info)
{
	const int number = info->signo;
	struct kernel_sigaction action = { 0 };

	if (!(thread->blocked & signals_bit(number)))
		action = use_action(thread, number);
	if (action.handler <= (uintptr_t)SIG_IGN)
		thread->signal.killed_by = number;
	else if (call_handler(thread, info, &action))
		no_stack(thread, number);
}

void signals_force(struct thread *thread, int number)
{
	struct kernel_siginfo info;

	memset(&info, 0, sizeof info);
	info.signo = number;
	info.code = SI_KERNEL;
	force(thread, &info);
}

/* Meanwhile it may have been blocked, by a handler that came first, or have lost its own. */
static void deliver(struct thread *thread, struct kernel_siginfo *info)
{
	const int number = info->signo;
	struct kernel_sigaction action;

	if (thread->blocked & signals_bit(number)) {
		give_back(info);
		return;
	}
	action = use_action(thread, number);
	if (action.handler <= (uintptr_t)SIG_IGN) {
		give_back(info);
		let_loose(signals_bit(number));
	} else if (call_handler(thread, info, &action)) {
		no_stack(thread, number);
	}
}

void signals_discard(struct thread *thread)
{
	uint64_t loose = host_pending() & ~thread->blocked & ~caught(thread);

	if (loose)
		let_loose(loose);
}

/* The next one that has a handler and is not blocked. */
static bool next(struct thread *thread, struct kernel_siginfo *info)
{
	struct kernel_siginfo *taken = &thread->signal.taken;

	if (!taken->signo)
		return host_take(~thread->blocked & caught(thread), info);
	*info = *taken;
	taken->signo = 0;
	return true;
}

void signals_take(struct thread *thread)
{
	struct kernel_siginfo info;

	signals_discard(thread);
	while (!thread->signal.killed_by && next(thread, &info))
		deliver(thread, &info);
}

void signals_after_call(struct thread *thread, int64_t result)
{
	struct signals_thread *signal = &thread->signal;

	if (result == CALLS_AGAIN)
		vcpu_repeat(thread->vcpu);
	if (!signal->taken.signo && !signal->lent)
		return;
	signals_take(thread);
	signals_set_blocked(thread, own_blocked(thread));
	signal->lent = false;
}

void signals_fault(struct thread *thread, const struct vm_fault *fault)
{
	struct kernel_siginfo info;

	memset(&info, 0, sizeof info);
	info.signo = fault->signal;
	info.code = fault->code;
	info.fault.address = fault->address.v;
	frame_note_fault(thread, fault);
	force(thread, &info);
}

void signals_lend_blocked(struct thread *thread, uint64_t blocked)
{
	thread->signal.lent = true;
	thread->signal.before = thread->blocked;
	thread->blocked = blocked & ~NEVER_BLOCKED;
}

uint64_t signals_pending(const struct thread *thread)
{
	return host_pending() & thread->blocked;
}

void signals_set_blocked(struct thread *thread, uint64_t blocked)
{
	blocked &= ~NEVER_BLOCKED;
	/* what is ignored until now must not be found pending */
	if (blocked & ~thread->blocked)
		signals_discard(thread);
	thread->blocked = blocked;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's signals, all of them the runner's own: what is pending for a thread and for its
 * process, what is blocked, what is done about each. What comes from the host, and goes there,
 * is deliver.c.
 *
 * Who sends one puts it to what is pending, and then looks for a thread that has it not
 * blocked. Who blocks or unblocks one writes the mask, and then looks at what is pending. One
 * of the two sees the other: all these are sequentially consistent.
 *
 * The lane of attention is set behind what is pending, and cleared in front of the look at it.
 * So a lane that is cleared is one whose signal is seen, and one that is set behind that look
 * stays, and ends the next run at once.
 */
#include "../signals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../calls.h"
#include "../frame.h"
#include "../guest-signals.h"
#include "deliver.h"
#include "linux-errno.h"
#include "wait.h"

#define BIT(number) (1ull << ((number) - 1))
#define NEVER_BLOCKED (BIT(LINUX_SIGKILL) | BIT(LINUX_SIGSTOP))
#define STOPS (BIT(LINUX_SIGSTOP) | BIT(LINUX_SIGTSTP) | BIT(LINUX_SIGTTIN) | BIT(LINUX_SIGTTOU))
/* signal(7): what is done about them is nothing */
#define IGNORED_BY_DEFAULT (BIT(LINUX_SIGCHLD) | BIT(LINUX_SIGCONT) | BIT(LINUX_SIGURG) | \
			    BIT(LINUX_SIGWINCH))

/* -------------------------------------------------------------------------
 * A process' actions.
 */
struct signals *signals_create(void)
{
	struct signals *signals = calloc(1, sizeof *signals);

	if (!signals)
		return NULL;
	pthread_mutex_init(&signals->lock, NULL);
	for (int i = 1; i <= LINUX_SIGRTMAX; i++) {
		struct sigaction host;
		const int number = deliver_host_number(i);

		if (number && !sigaction(number, NULL, &host) && host.sa_handler == SIG_IGN)
			signals->action[i - 1].handler = LINUX_SIG_IGN;
	}
	return signals;
}

static struct kernel_sigaction action_of(struct signals *signals, int number)
{
	struct kernel_sigaction action;

	signals_lock(signals);
	action = signals->action[number - 1];
	signals_unlock(signals);
	return action;
}

static bool is_ignored(const struct kernel_sigaction *action, int number)
{
	return action->handler == LINUX_SIG_IGN ||
	       (action->handler == LINUX_SIG_DFL && IGNORED_BY_DEFAULT & BIT(number));
}

bool signals_ignores(struct signals *signals, int number)
{
	const struct kernel_sigaction action = action_of(signals, number);

	return is_ignored(&action, number);
}

/* With the lock. */
static void set_action(struct signals *signals, int number, const struct kernel_sigaction *new)
{
	uint64_t now = signals->caught & ~BIT(number);

	if (new->handler > LINUX_SIG_IGN)
		now |= BIT(number);
	__atomic_store_n(&signals->caught, now, __ATOMIC_RELAXED);
	signals->action[number - 1] = *new;
}

/* What Linux keeps of it: the rest reads as zeros, so that programs see what there is. */
#define FLAGS_KNOWN (LINUX_SA_NOCLDSTOP | LINUX_SA_NOCLDWAIT | LINUX_SA_SIGINFO | \
		     LINUX_SA_ONSTACK | LINUX_SA_RESTART | LINUX_SA_NODEFER | \
		     LINUX_SA_RESETHAND | LINUX_SA_RESTORER | LINUX_SA_EXPOSE_TAGBITS)

static void drop_pending(struct process *process, uint64_t set)
{
	pthread_mutex_lock(&process->lock);
	pending_drop(&process->host->pending, set);
	for (struct thread *thread = process->first; thread; thread = thread->next)
		pending_drop(&thread->host->pending, set);
	pthread_mutex_unlock(&process->lock);
}

int signals_act(struct thread *thread, int number, const struct kernel_sigaction *new,
		struct kernel_sigaction *old)
{
	struct signals *signals = thread->process->signals;
	struct kernel_sigaction kept;

	if (number < 1 || number > LINUX_SIGRTMAX || (new && NEVER_BLOCKED & BIT(number)))
		return -EINVAL;
	signals_lock(signals);
	if (old)
		*old = signals->action[number - 1];
	if (new) {
		kept = *new;
		kept.flags &= FLAGS_KNOWN;
		kept.mask.bits &= ~NEVER_BLOCKED;
		set_action(signals, number, &kept);
	}
	signals_unlock(signals);
	if (new && is_ignored(&kept, number))
		drop_pending(thread->process, BIT(number));
	if (new && number == LINUX_SIGCHLD)
		deliver_children(kept.handler == LINUX_SIG_IGN || kept.flags & LINUX_SA_NOCLDWAIT,
				 kept.flags & LINUX_SA_NOCLDSTOP);
	return 0;
}

/* What is done about it now; a handler that is for one time is not there any more. */
static struct kernel_sigaction use_action(struct thread *thread, int number)
{
	struct signals *signals = thread->process->signals;
	struct kernel_sigaction action;

	signals_lock(signals);
	action = signals->action[number - 1];
	if (action.handler > LINUX_SIG_IGN && action.flags & LINUX_SA_RESETHAND) {
		struct kernel_sigaction reset = action;

		reset.handler = LINUX_SIG_DFL;
		set_action(signals, number, &reset);
	}
	signals_unlock(signals);
	return action;
}

/* -------------------------------------------------------------------------
 * Who gets one.
 */
static uint64_t blocked_of(const struct thread *thread)
{
	return __atomic_load_n(&thread->blocked, __ATOMIC_SEQ_CST);
}

static bool wants(const struct thread *thread, int number)
{
	return !thread->ended &&
	       (!(blocked_of(thread) & BIT(number)) ||
		atomic_load(&thread->host->awaited) & BIT(number));
}

/* In the process's lock. */
static void tell_somebody(struct process *process, int number)
{
	for (struct thread *thread = process->first; thread; thread = thread->next)
		if (wants(thread, number)) {
			wait_interrupt(thread);
			return;
		}
}

static void tell_others(struct process *process, uint64_t set)
{
	set &= atomic_load(&process->host->pending.set);
	for (; set; set &= set - 1)
		tell_somebody(process, __builtin_ctzll(set) + 1);
}

void deliver_leave(struct process *process)
{
	tell_others(process, UINT64_MAX);
}

void (*deliver_told)(int number);

static void tell_watchers(int number)
{
	if (deliver_told)
		deliver_told(number);
}

/* Those that stop it and those that let it go on take each other back. */
static void take_back(struct process *process, int number)
{
	const uint64_t gone = number == LINUX_SIGCONT ? STOPS :
			      STOPS & BIT(number) ? BIT(LINUX_SIGCONT) : 0;

	if (!gone)
		return;
	pending_drop(&process->host->pending, gone);
	for (struct thread *thread = process->first; thread; thread = thread->next)
		pending_drop(&thread->host->pending, gone);
}

/* What is ignored is kept where it is blocked: a handler may come. */
static bool is_kept(struct process *process, const struct thread *thread, int number)
{
	return (blocked_of(thread) | atomic_load(&thread->host->awaited)) & BIT(number) ||
	       !signals_ignores(process->signals, number);
}

int deliver_to_process(struct process *process, const struct linux_siginfo *info)
{
	int failed;

	take_back(process, info->signo);
	if (process->first && !is_kept(process, process->first, info->signo))
		return 0;
	failed = pending_add(&process->host->pending, info);
	if (failed)
		return failed;
	tell_somebody(process, info->signo);
	tell_watchers(info->signo);
	return 0;
}

int deliver_to_thread(struct thread *thread, const struct linux_siginfo *info)
{
	int failed;

	take_back(thread->process, info->signo);
	if (!is_kept(thread->process, thread, info->signo))
		return 0;
	failed = pending_add(&thread->host->pending, info);
	if (failed)
		return failed;
	if (wants(thread, info->signo))
		wait_interrupt(thread);
	tell_watchers(info->signo);
	return 0;
}

/* It may have ended since. */
void signals_send(const struct thread *thread, int number)
{
	const struct linux_siginfo info = { .signo = number, .code = LINUX_SI_TKILL };
	struct process *process = thread->process;

	pthread_mutex_lock(&process->lock);
	for (struct thread *one = process->first; one; one = one->next)
		if (one == thread) {
			deliver_to_thread(one, &info);
			break;
		}
	pthread_mutex_unlock(&process->lock);
}

void deliver_to_self(struct thread *thread, int number)
{
	const struct linux_siginfo info = { .signo = number, .code = LINUX_SI_KERNEL };

	pthread_mutex_lock(&thread->process->lock);
	deliver_to_thread(thread, &info);
	pthread_mutex_unlock(&thread->process->lock);
}

/* -------------------------------------------------------------------------
 * What is there for a thread.
 */
static uint64_t pending_of(const struct thread *thread)
{
	return atomic_load(&thread->host->pending.set) |
	       atomic_load(&thread->process->host->pending.set);
}

uint64_t deliver_pending(const struct thread *thread)
{
	return pending_of(thread);
}

bool deliver_wanted(const struct thread *thread)
{
	return pending_of(thread) & (~blocked_of(thread) | atomic_load(&thread->host->awaited)) ||
	       atomic_load(&thread->host->noted) || thread->signal.killed_by;
}

bool deliver_take(struct thread *thread, uint64_t set, struct linux_siginfo *info)
{
	return pending_take(&thread->host->pending, set, info) ||
	       pending_take(&thread->process->host->pending, set, info);
}

void deliver_await(struct thread *thread, uint64_t set)
{
	atomic_store(&thread->host->awaited, set & ~NEVER_BLOCKED);
}

uint64_t signals_pending(const struct thread *thread)
{
	return pending_of(thread) & thread->blocked;
}

/* What others would have taken from this thread, they are told now. */
static void set_blocked(struct thread *thread, uint64_t blocked)
{
	const uint64_t more = blocked & ~thread->blocked;
	struct process *process = thread->process;

	__atomic_store_n(&thread->blocked, blocked & ~NEVER_BLOCKED, __ATOMIC_SEQ_CST);
	if (!(more & atomic_load(&process->host->pending.set)))
		return;
	pthread_mutex_lock(&process->lock);
	tell_others(process, more);
	pthread_mutex_unlock(&process->lock);
}

void signals_set_blocked(struct thread *thread, uint64_t blocked)
{
	set_blocked(thread, blocked);
}

void signals_lend_blocked(struct thread *thread, uint64_t blocked)
{
	thread->signal.lent = true;
	thread->signal.before = thread->blocked;
	set_blocked(thread, blocked);
}

/* What has no handler has its effect when it is taken. */
void signals_discard(struct thread *thread)
{
	(void)thread;
}

/* -------------------------------------------------------------------------
 * Delivery.
 */
/* A call that a signal ended has its result now, or is made once more. */
static void finish_call(struct thread *thread, bool handled, bool restarts)
{
	const int64_t unfinished = thread->signal.unfinished;
	const bool again = unfinished == CALLS_AGAIN || !handled ||
			   (restarts && !thread->host->handled_is_end);

	thread->signal.unfinished = 0;
	if (!unfinished)
		return;
	if (!again) {
		vcpu_set(thread->vcpu, VM_RESULT, (uint64_t)-LINUX_EINTR);
		return;
	}
	thread->host->repeats = !handled;
	vcpu_repeat(thread->vcpu);
}

/* What it is when no call lends another. */
static uint64_t own_blocked(const struct thread *thread)
{
	return thread->signal.lent ? thread->signal.before : thread->blocked;
}

/* -errno: there is no stack for it. */
static int call_handler(struct thread *thread, const struct linux_siginfo *info,
			const struct kernel_sigaction *action)
{
	const struct frame frame = { .info = info, .action = action,
				     .blocked = own_blocked(thread) };
	uint64_t blocked = action->mask.bits;
	int failed;

	finish_call(thread, true, action->flags & LINUX_SA_RESTART);
	failed = frame_push(thread, &frame);
	if (failed)
		return failed;
	thread->signal.lent = false;
	if (!(action->flags & LINUX_SA_NODEFER))
		blocked |= BIT(info->signo);
	set_blocked(thread, thread->blocked | blocked);
	if ((unsigned int)thread->signal.alternate.flags & GUEST_SS_AUTODISARM)
		thread->signal.alternate = (struct kernel_stack){ .flags = GUEST_SS_DISABLE };
	return 0;
}

/* That is a SIGSEGV, which may have a handler with another stack. */
static void no_stack(struct thread *thread, int number)
{
	if (number == LINUX_SIGSEGV)
		thread->signal.killed_by = number;
	else
		signals_force(thread, LINUX_SIGSEGV);
}

/* One that cannot be put off. */
static void force(struct thread *thread, const struct linux_siginfo *info)
{
	struct kernel_sigaction action = { 0 };

	if (!(thread->blocked & BIT(info->signo)))
		action = use_action(thread, info->signo);
	if (action.handler <= LINUX_SIG_IGN)
		thread->signal.killed_by = info->signo;
	else if (call_handler(thread, info, &action))
		no_stack(thread, info->signo);
}

void signals_force(struct thread *thread, int number)
{
	const struct linux_siginfo info = { .signo = number, .code = LINUX_SI_KERNEL };

	force(thread, &info);
}

void signals_fault(struct thread *thread, const struct vm_fault *fault)
{
	struct linux_siginfo info = { .signo = fault->signal, .code = fault->code };

	info.fault.address = fault->address.v;
	frame_note_fault(thread, fault);
	force(thread, &info);
}

static void deliver(struct thread *thread, const struct linux_siginfo *info)
{
	const struct kernel_sigaction action = use_action(thread, info->signo);

	if (is_ignored(&action, info->signo))
		return;
	if (action.handler != LINUX_SIG_DFL) {
		if (call_handler(thread, info, &action))
			no_stack(thread, info->signo);
	} else if (STOPS & BIT(info->signo)) {
		deliver_stop(info->signo);
		thread->host->open = 0;
	} else {
		thread->signal.killed_by = info->signo;
	}
}

/* The lane first: see above. */
void signals_take(struct thread *thread)
{
	struct linux_siginfo info;

	vcpu_attention(thread->vcpu, 0, VM_ATTENTION_SIGNAL);
	if (atomic_load(&thread->host->noted))
		deliver_noted(thread);
	while (!thread->signal.killed_by && deliver_take(thread, ~thread->blocked, &info))
		deliver(thread, &info);
}

void signals_after_call(struct thread *thread, int64_t result)
{
	struct signals_thread *signal = &thread->signal;

	signal->unfinished = result == CALLS_AGAIN || result == CALLS_INTERRUPTED ? result : 0;
	if (!signal->unfinished && !signal->lent && !deliver_wanted(thread))
		return;
	signals_take(thread);
	finish_call(thread, false, false);
	if (signal->lent)
		set_blocked(thread, own_blocked(thread));
	signal->lent = false;
	if (deliver_wanted(thread))
		signals_take(thread);
}

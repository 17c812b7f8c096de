/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the guest's signals meet the host's. */
#define _GNU_SOURCE
#include "deliver.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "darwin.h"
#include "signal-numbers.h"
#include "wait.h"

/*
 * Those that are the host's alone to deal with: what nobody can catch, and what says that the
 * runner itself is at fault.
 */
static bool is_caught(int host)
{
	switch (host) {
	case SIGKILL:
	case SIGSTOP:
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGFPE:
	case SIGTRAP:
	case SIGSYS:
	case SIGABRT:
		return false;
	default:
		return deliver_guest_number(host);
	}
}

/* Runs each time with one that is caught. */
static void each_caught(void (*act)(int host))
{
	for (size_t i = 0; i < signal_numbers.count; i++)
		if (is_caught((int)signal_numbers.pair[i].host))
			act((int)signal_numbers.pair[i].host);
}

/* -------------------------------------------------------------------------
 * In the runner's threads everything is blocked but the kick and faults of the runner's own.
 */
static void fill_blocked(sigset_t *set)
{
	sigfillset(set);
	sigdelset(set, darwin_kick());
	for (size_t i = 0; i < signal_numbers.count; i++)
		if (!is_caught((int)signal_numbers.pair[i].host))
			sigdelset(set, (int)signal_numbers.pair[i].host);
}

uint64_t signals_block_all(void)
{
	sigset_t all, before;
	uint64_t guest = 0;

	fill_blocked(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (size_t i = 0; i < signal_numbers.count; i++)
		if (sigismember(&before, (int)signal_numbers.pair[i].host) == 1)
			guest |= 1ull << (signal_numbers.pair[i].guest - 1);
	return guest;
}

/* The thread of this one of the host's, for a handler that comes in the middle of anything. */
static __thread struct thread *who;

void signals_be(struct thread *thread)
{
	signals_block_all();
	who = thread;
}

/* -------------------------------------------------------------------------
 * One thread of the host's is there for all that comes from the host. It waits with nothing
 * blocked, and is in no other function when a handler begins: so that may do whatever a thread
 * may.
 */
static struct process *receiver_of;

void deliver_child(struct linux_siginfo *to, const siginfo_t *from)
{
	*to = (struct linux_siginfo){ .signo = LINUX_SIGCHLD };
	to->pid = from->si_pid;
	to->uid = from->si_uid;
	to->child.status = from->si_status;
	switch (from->si_code) {
	case CLD_EXITED:
		to->code = LINUX_CLD_EXITED;
		return;
	case CLD_KILLED:
	case CLD_DUMPED:
		to->code = from->si_code == CLD_KILLED ? LINUX_CLD_KILLED : LINUX_CLD_DUMPED;
		break;
	case CLD_STOPPED:
		to->code = LINUX_CLD_STOPPED;
		break;
	case CLD_TRAPPED:
		to->code = LINUX_CLD_TRAPPED;
		break;
	case CLD_CONTINUED:
		to->code = LINUX_CLD_CONTINUED;
		break;
	default:
		to->code = LINUX_SI_USER;
		return;
	}
	to->child.status = deliver_guest_number(from->si_status);
}

/* In a thread of the guest's little may be done here. */
static bool note(int number)
{
	if (!who)
		return false;
	atomic_fetch_or(&who->host->noted, 1ull << (deliver_guest_number(number) - 1));
	vcpu_kick(who->vcpu);
	return true;
}

/*
 * Who writes to nobody is told by EPIPE, and the program by the thread that got it. Others that
 * send it have numbers of their own.
 */
static bool is_broken_pipe(int number, const siginfo_t *from)
{
	return number == SIGPIPE && (!from->si_pid || from->si_pid == getpid());
}

static void on_signal(int number, siginfo_t *from, void *context)
{
	struct linux_siginfo info = { .signo = deliver_guest_number(number) };
	struct process *process = receiver_of;
	const int error = errno;

	(void)context;
	if (is_broken_pipe(number, from) || note(number))
		return;
	if (number == SIGCHLD) {
		deliver_child(&info, from);
	} else if (from->si_code == SI_USER || from->si_code == SI_QUEUE || from->si_code <= 0) {
		info.pid = from->si_pid;
		info.uid = from->si_uid;
	} else {
		info.code = LINUX_SI_KERNEL;
	}
	pthread_mutex_lock(&process->lock);
	deliver_to_process(process, &info);
	pthread_mutex_unlock(&process->lock);
	errno = error;
}

static void catch(int number)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	action.sa_sigaction = on_signal;
	sigfillset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

static sigset_t received;

static void receive_too(int number)
{
	sigdelset(&received, number);
}

static void *receive(void *unused)
{
	(void)unused;
	for (;;)
		sigsuspend(&received);
	return NULL;	/* not reached: it ends with the process */
}

static int start_receiver(struct process *process)
{
	pthread_t receiver;
	int failed;

	receiver_of = process;
	signals_block_all();
	fill_blocked(&received);
	each_caught(receive_too);
	failed = pthread_create(&receiver, NULL, receive, NULL);
	if (!failed)
		pthread_detach(receiver);
	return -failed;
}

/* SIGCHLD as the program has it, since it says what becomes of children. */
static void catch_all(struct process *process)
{
	each_caught(catch);
	if (process->signals->action[LINUX_SIGCHLD - 1].handler == LINUX_SIG_IGN)
		deliver_children(true, false);
}

/* Of what this program was before execve(). */
static struct pending before = { .lock = PTHREAD_MUTEX_INITIALIZER, .last = &before.first };

static void take_over(struct process *process)
{
	struct linux_siginfo info;

	while (pending_take(&before, UINT64_MAX, &info))
		pending_add(&process->host->pending, &info);
}

int deliver_begin(struct process *process)
{
	take_over(process);
	wait_catch_kicks();
	catch_all(process);
	return start_receiver(process);
}

int deliver_forked(struct process *process)
{
	wait_forked();
	return start_receiver(process);
}

#define BIT(number) (1ull << ((number) - 1))
#define OF_TERMINALS (BIT(LINUX_SIGTTIN) | BIT(LINUX_SIGTTOU))

static uint64_t not_ignored(struct signals *signals, uint64_t set)
{
	for (uint64_t left = set; left; left &= left - 1) {
		const int number = __builtin_ctzll(left) + 1;

		if (signals_ignores(signals, number))
			set &= ~BIT(number);
	}
	return set;
}

static void set_open(struct thread *thread, uint64_t open)
{
	sigset_t blocked;

	fill_blocked(&blocked);
	if (open & BIT(LINUX_SIGTTIN))
		sigdelset(&blocked, SIGTTIN);
	if (open & BIT(LINUX_SIGTTOU))
		sigdelset(&blocked, SIGTTOU);
	pthread_sigmask(SIG_SETMASK, &blocked, NULL);
	thread->host->open = open;
}

void deliver_open_terminals(struct thread *thread)
{
	const uint64_t open = not_ignored(thread->process->signals,
					  OF_TERMINALS & ~thread->blocked);

	if (open != thread->host->open)
		set_open(thread, open);
}

void deliver_close_terminals(struct thread *thread)
{
	if (thread->host->open)
		set_open(thread, 0);
}


void deliver_noted(struct thread *thread)
{
	uint64_t noted = atomic_exchange(&thread->host->noted, 0);
	struct linux_siginfo info = { .code = LINUX_SI_KERNEL };

	pthread_mutex_lock(&thread->process->lock);
	for (; noted; noted &= noted - 1) {
		info.signo = __builtin_ctzll(noted) + 1;
		deliver_to_process(thread->process, &info);
	}
	pthread_mutex_unlock(&thread->process->lock);
}

/* Children that nobody waits for; and whether those that stop are told. */
void deliver_children(bool unwanted, bool ends_alone)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	action.sa_sigaction = on_signal;
	sigfillset(&action.sa_mask);
	if (unwanted)
		action.sa_flags |= SA_NOCLDWAIT;
	if (ends_alone)
		action.sa_flags |= SA_NOCLDSTOP;
	sigaction(SIGCHLD, &action, NULL);
}

/* execve() makes the host's handlers none, and leaves what is ignored ignored. */
void deliver_hand_over(struct process *process)
{
	for (size_t i = 0; i < signal_numbers.count; i++) {
		const int guest = (int)signal_numbers.pair[i].guest, host = (int)signal_numbers.pair[i].host;

		if (process->signals->action[guest - 1].handler == LINUX_SIG_IGN)
			signal(host, SIG_IGN);
	}
}

void deliver_take_back(struct process *process)
{
	catch_all(process);
}

int deliver_save(const struct thread *thread, int file)
{
	const int copy = dup(file);
	FILE *to = copy < 0 ? NULL : fdopen(copy, "w");
	int failed;

	if (!to) {
		failed = -errno;
		if (copy >= 0)
			close(copy);
		return failed;
	}
	pending_save(&thread->host->pending, to);
	pending_save(&thread->process->host->pending, to);
	return fclose(to) ? -errno : 0;
}

/* Nothing is read that is not of it: what follows is for others. */
int deliver_restore(int file)
{
	const int copy = dup(file);
	FILE *from = copy < 0 ? NULL : fdopen(copy, "r");
	int failed;

	if (!from)
		return -errno;	/* and there is no program */
	setvbuf(from, NULL, _IONBF, 0);
	failed = pending_restore(&before, from);
	if (!failed)
		failed = pending_restore(&before, from);
	fclose(from);
	return failed;
}

/* -------------------------------------------------------------------------
 * What only the host can do to a process.
 */
static void let_loose(int number)
{
	sigset_t one;

	signal(number, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, number);
	pthread_kill(pthread_self(), number);
	pthread_sigmask(SIG_UNBLOCK, &one, NULL);
}

/* As SIGTSTP does: an orphaned process group is not stopped. */
void deliver_stop(int number)
{
	const int host = deliver_host_number(number);

	if (number == LINUX_SIGSTOP) {
		kill(getpid(), SIGSTOP);
		return;
	}
	let_loose(host);
	signals_block_all();
	catch(host);
}

/* One that the host has no number for ends it as shells tell of it. No core of the runner's. */
void deliver_die(int number)
{
	const struct rlimit none = { 0 };
	const int host = deliver_host_number(number), shells = 128;

	setrlimit(RLIMIT_CORE, &none);
	if (host)
		let_loose(host);
	_exit(shells + number);
}

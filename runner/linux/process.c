/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "exec.h"
#include "gdb.h"
#include "guest-signals.h"
#include "identity.h"
#include "loop.h"
#include "process-fork.h"
#include "process-threads.h"
#include "registers.h"
#include "robust.h"

enum { STACK_SIZE = 256 << 10, STACK_GUARD = VM_PAGE }; /* of the runner's own code */

/* -------------------------------------------------------------------------
 * The end of all.
 */
/*
 * The same end for whoever waits for this process, and no core of the runner's. raise()
 * would take a child of vfork for its parent.
 */
static void die(int signal_number)
{
	const struct rlimit none = { 0 };
	sigset_t one;

	setrlimit(RLIMIT_CORE, &none);
	signal(signal_number, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, signal_number);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	syscall(SYS_tgkill, getpid(), gettid(), signal_number);
}

/*
 * Who comes second finds the lock held. _exit() would be the same, but sanitizers take its
 * call from a stack that they do not know for a mistake; and that of this function, if a loop
 * around the last call told the compiler that it does not come back.
 */
void process_end(struct process *process, const struct loop_end *end)
{
	pthread_mutex_lock(&process->lock);
	for (struct thread *thread = process->first; thread; thread = thread->next)
		robust_end(thread);
	if (process->stats)
		stats_print(process);
	gdb_end(process, end->failed ? EXIT_FAILURE : process->status, end->signal);
	if (end->failed)
		fprintf(stderr, "vdsorun: %s: %s\n", process->path, end->text);
	if (end->signal)
		die(end->signal);
	syscall(SYS_exit_group, end->failed || end->signal ? EXIT_FAILURE : process->status);
}

/* -------------------------------------------------------------------------
 * Threads.
 */
void process_begin(struct process *process, struct thread *thread)
{
	pthread_mutex_init(&process->lock, NULL);
	process->first = NULL;
	process->threads = 0;
	threads_link(process, thread);
	thread->tid = gettid();
}

/* The first of a process stays, without work: the host shows a process by it. */
static void end_thread(struct thread *thread)
{
	struct process *process = thread->process;
	const guest_addr word = thread->clear_tid;
	const bool is_main = thread->tid == getpid();

	robust_end(thread);
	pthread_mutex_lock(&process->lock);
	if (process->threads == 1) {
		process->status = thread->status;
		pthread_mutex_unlock(&process->lock);
		process_end(process, &(struct loop_end){ 0 });
	}
	threads_unlink(process, thread);
	vcpu_release(thread->vcpu);
	pthread_mutex_unlock(&process->lock);
	free(thread);
	threads_clear_tid(process, word);
	while (is_main)
		pause();
}

void process_run(struct thread *thread)
{
	struct process *process = thread->process;
	struct loop_end end;

	identity_tell(thread);
	gdb_thread_begin(thread);
	loop_run(thread, &end);
	gdb_thread_end(thread);
	if (end.failed || end.signal || process->ended)
		process_end(process, &end);
	end_thread(thread);
}

/* -------------------------------------------------------------------------
 * A new thread.
 */
struct beginning {
	struct thread *thread;
	const struct process_start *start;
	sem_t begun;
	pid_t tid;
};

static void *begin_thread(void *argument)
{
	struct beginning *beginning = argument;
	struct thread *thread = beginning->thread;

	signals_block_all();
	thread->tid = beginning->tid = gettid();
	threads_tell_number(thread->process, beginning->start->parent_tid, thread->tid);
	threads_tell_number(thread->process, beginning->start->child_tid, thread->tid);
	sem_post(&beginning->begun);
	process_run(thread);
	return NULL;
}

static int begin(struct beginning *beginning)
{
	pthread_attr_t attributes;
	pthread_t unused;
	int failed;

	sem_init(&beginning->begun, 0, 0);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	failed = pthread_create(&unused, &attributes, begin_thread, beginning);
	pthread_attr_destroy(&attributes);
	while (!failed && sem_wait(&beginning->begun))
		;
	return failed;
}

/* A copy of its parent with a vCPU of its own, known to all. */
static struct thread *make_thread(struct thread *parent, const struct process_start *start)
{
	struct process *process = parent->process;
	struct vm_registers registers;
	struct runner_error error;
	struct thread *thread = malloc(sizeof *thread);
	int failed;

	if (!thread || vcpu_save(parent->vcpu, &registers)) {
		free(thread);
		return NULL;
	}
	*thread = *parent;
	threads_start_own(thread, start);
	thread->signal.alternate = (struct kernel_stack){ .flags = GUEST_SS_DISABLE };
	pthread_mutex_lock(&process->lock);
	failed = threads_make_vcpu(process, &thread->vcpu, &registers, start, &error);
	if (!failed)
		threads_link(process, thread);
	pthread_mutex_unlock(&process->lock);
	if (!failed)
		return thread;
	if (process->verbose)
		fprintf(stderr, "vdsorun: no thread: %s\n", error.text);
	free(thread);
	return NULL;
}

static void unmake_thread(struct thread *thread)
{
	struct process *process = thread->process;

	pthread_mutex_lock(&process->lock);
	threads_unlink(process, thread);
	vcpu_release(thread->vcpu);
	pthread_mutex_unlock(&process->lock);
	free(thread);
}

int64_t process_clone(struct thread *thread, const struct process_start *start)
{
	struct beginning beginning = { .start = start };

	/* its descriptors of vCPUs would be none of its parent's */
	if (thread->process->lender)
		return -EAGAIN;
	beginning.thread = make_thread(thread, start);
	if (!beginning.thread)
		return -EAGAIN;
	if (begin(&beginning)) {
		unmake_thread(beginning.thread);
		return -EAGAIN;
	}
	return beginning.tid;
}

/* -------------------------------------------------------------------------
 * A new process: process-fork.h.
 */

/* What a child of vfork() borrows has its parent's lock, and so its machine's. */
void fork_prepare(struct process *process)
{
	if (process->lender)
		pthread_mutex_lock(&process->lender->lock);
}

void fork_parent(struct process *process)
{
	if (process->lender)
		pthread_mutex_unlock(&process->lender->lock);
}

void fork_child(struct thread *thread)
{
	thread->process->lender = NULL;
}

int fork_child_end(struct process *process)
{
	(void)process;
	return 0;
}

int64_t fork_pidfd(pid_t child)
{
	const int fd = pidfd_open(child, 0);

	return fd < 0 ? -errno : fd;
}

/* -------------------------------------------------------------------------
 * A new process that borrows its parent's memory: the same machine runs it.
 */
struct borrower {
	struct process process;
	struct thread *thread;
	const struct process_start *start;
	uint8_t *stack;	/* of the host's code */
	int pidfd;
};

static int run_borrower(void *argument)
{
	struct borrower *borrower = argument;
	struct thread *thread = borrower->thread;
	const struct process_start *start = borrower->start;

	thread->tid = gettid();
	threads_tell_number(&borrower->process, start->parent_tid, thread->tid);
	threads_tell_number(&borrower->process, start->child_tid, thread->tid);
	threads_tell_number(&borrower->process, start->pidfd, borrower->pidfd);
	threads_forget_handlers(thread, start);
	process_run(thread);
	return 0;
}

static bool make_stack(struct borrower *borrower)
{
	borrower->stack = aligned_alloc(STACK_GUARD, STACK_SIZE);
	return borrower->stack && !mprotect(borrower->stack, STACK_GUARD, PROT_NONE);
}

static void free_stack(const struct borrower *borrower)
{
	if (borrower->stack)
		mprotect(borrower->stack, STACK_GUARD, PROT_READ | PROT_WRITE);
	free(borrower->stack);
}

/* What it did not live to give back, as one that a signal or exec ended, is given back here. */
static void give_back(struct process *process, struct borrower *borrower)
{
	if (borrower->thread && borrower->thread->vcpu) {
		pthread_mutex_lock(&process->lock);
		vcpu_release(borrower->thread->vcpu);
		pthread_mutex_unlock(&process->lock);
	}
	exec_free(borrower->process.exec);
	signals_destroy(borrower->process.signals);
	free_stack(borrower);
	free(borrower->thread);
	free(borrower);
}

static void fill_borrower(struct borrower *borrower, const struct thread *parent,
			  const struct process_start *start)
{
	struct process *process = &borrower->process;

	borrower->start = start;
	*process = *parent->process;
	process->lender = parent->process;
	process->exec = NULL;
	process->signals = signals_copy(parent->process->signals);
	process->gdb = NULL;
	stats_forked(&process->counts, true);
	*borrower->thread = *parent;
	borrower->thread->vcpu = NULL;
	process_begin(process, borrower->thread);
	threads_start_own(borrower->thread, start);
}

static struct borrower *make_borrower(struct thread *parent, const struct process_start *start)
{
	struct process *process = parent->process;
	struct borrower *borrower = calloc(1, sizeof *borrower);
	struct vm_registers registers;
	struct runner_error error;
	int failed = -ENOMEM;

	if (!borrower)
		return NULL;
	borrower->thread = calloc(1, sizeof *borrower->thread);
	if (borrower->thread && make_stack(borrower) && !vcpu_save(parent->vcpu, &registers)) {
		fill_borrower(borrower, parent, start);
		pthread_mutex_lock(&process->lock);
		failed = threads_make_vcpu(process, &borrower->thread->vcpu, &registers, start,
					   &error);
		pthread_mutex_unlock(&process->lock);
	}
	if (!failed && borrower->process.signals)
		return borrower;
	give_back(process, borrower);
	return NULL;
}

int64_t process_vfork(struct thread *thread, const struct process_start *start)
{
	const int flags = CLONE_VM | CLONE_VFORK | (start->pidfd.v ? CLONE_PIDFD : 0);
	struct process *process = thread->process;
	struct borrower *borrower;
	int64_t result;

	/* it has no vCPUs to lend */
	if (process->lender)
		return process_fork(thread, start);
	borrower = make_borrower(thread, start);
	if (!borrower)
		return -EAGAIN;
	result = clone(run_borrower, borrower->stack + STACK_SIZE, flags | start->signal, borrower,
		       &borrower->pidfd);
	if (result < 0)
		result = -errno;
	else
		threads_clear_tid(process, start->clear_tid);
	signals_be(thread);
	give_back(process, borrower);
	return result;
}

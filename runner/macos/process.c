/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "../process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../calls.h"
#include "../exec.h"
#include "../fds.h"
#include "../gdb.h"
#include "../guest-signals.h"
#include "../identity.h"
#include "../loop.h"
#include "../process-fork.h"
#include "../process-threads.h"
#include "../robust.h"
#include "darwin.h"
#include "deliver.h"
#include "descriptors.h"
#include "futexes.h"
#include "lent.h"
#include "timers.h"
#include "wait.h"
#include "registers.h"

enum { STACK_SIZE = 512 << 10 };	/* of the runner's own code */

/* -------------------------------------------------------------------------
 * What this host has besides.
 */
/*
 * Above all numbers of processes, which are less than 100000 on macOS, and no other process's:
 * a word that a lock's owner is written to has 30 bits for it.
 */
enum { PID_BITS = 17, THREAD_COUNT = 1 << (30 - PID_BITS) };

static bool is_taken(const struct process *process, pid_t number)
{
	for (const struct thread *thread = process->first; thread; thread = thread->next)
		if (thread->tid == number)
			return true;
	return false;
}

/* With the lock. */
pid_t thread_number(struct process *process)
{
	pid_t number;

	do {
		process->host->tids = process->host->tids % (THREAD_COUNT - 1) + 1;
		number = (pid_t)(process->host->tids << PID_BITS) |
			 (getpid() & ((1 << PID_BITS) - 1));
	} while (is_taken(process, number));
	return number;
}

struct thread_host *thread_host_create(void)
{
	struct thread_host *host = calloc(1, sizeof *host);

	if (!host)
		return NULL;
	pthread_mutex_init(&host->lock, NULL);
	darwin_condition_begin(&host->woken);
	pending_begin(&host->pending);
	host->self = pthread_self();
	return host;
}

void thread_host_free(struct thread_host *host)
{
	pending_end(&host->pending);
	pthread_cond_destroy(&host->woken);
	pthread_mutex_destroy(&host->lock);
	free(host);
}

/* -------------------------------------------------------------------------
 * The end of all. Who comes second finds the lock held.
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
	lent_tell(process);
	if (end->signal)
		deliver_die(end->signal);
	_exit(end->failed ? EXIT_FAILURE : process->status);
}

/* -------------------------------------------------------------------------
 * Threads.
 */
/* Also of a child, whose first thread it is now. */
void process_begin(struct process *process, struct thread *thread)
{
	pthread_mutex_init(&process->lock, NULL);
	process->first = NULL;
	process->threads = 0;
	if (!process->host) {
		process->host = calloc(1, sizeof *process->host);
		thread->host = thread_host_create();
		if (!process->host || !thread->host)
			abort();	/* it is the runner's beginning, and there is no memory */
		pending_begin(&process->host->pending);
	}
	threads_link(process, thread);
	thread->tid = getpid();
}

/* The first of a process stays, without work: it is the one that the host began it with. */
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
	deliver_leave(process);
	pthread_mutex_unlock(&process->lock);
	threads_clear_tid(process, word);
	thread_host_free(thread->host);
	free(thread);
	while (is_main)
		pause();
}

/* When all that is asked for to run the first thread is there. */
static void begin_process(struct thread *thread)
{
	struct process *process = thread->process;

	if (process->host->begun)
		return;
	process->host->begun = true;
	/* what platform_name_thread() made it: a script's, for one */
	pthread_getname_np(pthread_self(), thread->host->name, sizeof thread->host->name);
	descriptors_machine(process->vm);
	if (deliver_begin(process))
		process_end(process, &(struct loop_end){ .failed = true,
							 .text = "no thread for signals" });
}

void process_run(struct thread *thread)
{
	struct process *process = thread->process;
	struct loop_end end;

	begin_process(thread);
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
static void *begin_thread(void *argument)
{
	struct thread *thread = argument;

	signals_block_all();
	thread->host->self = pthread_self();
	process_run(thread);
	return NULL;
}

static int begin(struct thread *thread)
{
	pthread_attr_t attributes;
	pthread_t unused;
	int failed;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	failed = pthread_create(&unused, &attributes, begin_thread, thread);
	pthread_attr_destroy(&attributes);
	return failed;
}

static struct thread *copy_thread(const struct thread *parent, const struct process_start *start)
{
	struct thread *thread = malloc(sizeof *thread);

	if (!thread)
		return NULL;
	*thread = *parent;
	threads_start_own(thread, start);
	thread->signal.alternate = (struct kernel_stack){ .flags = GUEST_SS_DISABLE };
	thread->host = thread_host_create();
	if (!thread->host) {
		free(thread);
		return NULL;
	}
	memcpy(thread->host->name, parent->host->name, sizeof thread->host->name);
	return thread;
}

static void free_thread(struct thread *thread)
{
	thread_host_free(thread->host);
	free(thread);
}

/* A copy of its parent with a vCPU of its own, known to all. */
static struct thread *make_thread(struct thread *parent, const struct process_start *start)
{
	struct process *process = parent->process;
	struct vm_registers registers;
	struct runner_error error;
	struct thread *thread;
	int failed;

	if (vcpu_save(parent->vcpu, &registers))
		return NULL;
	thread = copy_thread(parent, start);
	if (!thread)
		return NULL;
	pthread_mutex_lock(&process->lock);
	failed = threads_make_vcpu(process, &thread->vcpu, &registers, start, &error);
	if (!failed) {
		thread->tid = thread_number(process);
		threads_link(process, thread);
	}
	pthread_mutex_unlock(&process->lock);
	if (!failed)
		return thread;
	if (process->verbose)
		fprintf(stderr, "vdsorun: no thread: %s\n", error.text);
	free_thread(thread);
	return NULL;
}

static void unmake_thread(struct thread *thread)
{
	struct process *process = thread->process;

	pthread_mutex_lock(&process->lock);
	threads_unlink(process, thread);
	vcpu_release(thread->vcpu);
	pthread_mutex_unlock(&process->lock);
	free_thread(thread);
}

int64_t process_clone(struct thread *thread, const struct process_start *start)
{
	struct thread *new = make_thread(thread, start);
	pid_t number;

	if (!new)
		return -EAGAIN;
	number = new->tid;
	threads_tell_number(thread->process, start->parent_tid, number);
	threads_tell_number(thread->process, start->child_tid, number);
	if (begin(new)) {
		unmake_thread(new);
		return -EAGAIN;
	}
	return number;
}

/* -------------------------------------------------------------------------
 * A new process: process-fork.h.
 */
void fork_prepare(struct process *process)
{
	(void)process;
	descriptors_fork_begin();
}

void fork_parent(struct process *process)
{
	(void)process;
	descriptors_fork_parent();
}

/* What waited for the parent does not wait for its child. */
static void renew_host(struct process *process, struct thread *thread)
{
	struct thread_host *host = thread->host;

	pending_forget(&process->host->pending);
	pending_forget(&host->pending);
	pthread_mutex_init(&host->lock, NULL);
	darwin_condition_begin(&host->woken);
	host->waits = host->kicked = false;
	host->noted = 0;
	host->awaited = 0;
	host->self = pthread_self();
}

void fork_child(struct thread *thread)
{
	futexes_forked();
	timers_forked();
	renew_host(thread->process, thread);
	lent_forget(thread->process);
}

int fork_child_end(struct process *process)
{
	descriptors_fork_child();
	return deliver_forked(process);
}

/*
 * A child that borrows its parent's memory is one with a copy here: of what it writes before it
 * becomes another program, its parent sees what is on its own stack (lent.h). The parent waits
 * until the child's end of a pipe is closed, by execve() or the child's end.
 */
int64_t process_vfork(struct thread *thread, const struct process_start *start)
{
	struct process *process = thread->process;
	const guest_addr sp = guest_at(vcpu_get(thread->vcpu, VM_SP));
	int end[2];
	int64_t pid;

	/* fork() has one signal for parents */
	if (start->signal != GUEST_SIGCHLD)
		return -EINVAL;
	if (pipe(end))
		return -errno;
	end[0] = fds_hide(end[0]);
	end[1] = fds_hide(end[1]);
	if (end[0] < 0 || end[1] < 0)
		pid = -EMFILE;
	else
		pid = process_fork(thread, start);
	if (pid == 0) {
		lent_begin(process, sp, end[1]);
		fds_close(end[0]);
		return 0;
	}
	fds_close(end[1]);
	if (pid > 0)
		lent_wait(process, end[0]);
	fds_close(end[0]);
	return pid;
}

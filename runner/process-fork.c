/* SPDX-License-Identifier: BSD-2-Clause */
/* fork() on all hosts: every lock is held over it, and the child makes its machine anew. */
#define _GNU_SOURCE
#include "process-fork.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fds.h"
#include "gdb.h"
#include "identity.h"
#include "loop.h"
#include "process-threads.h"
#include "random.h"
#include "registers.h"

static void lock_all(struct process *process)
{
	fflush(stdout);
	fork_prepare(process);
	pthread_mutex_lock(&process->lock);
	signals_lock(process->signals);
	space_lock(process->space);
	if (process->clock)
		clock_lock(process->clock);
	fds_begin();
}

static void unlock_all(struct process *process)
{
	fds_end();
	if (process->clock)
		clock_unlock(process->clock);
	space_unlock(process->space);
	signals_unlock(process->signals);
	pthread_mutex_unlock(&process->lock);
	fork_parent(process);
}

static void forget_others(struct process *process, struct thread *thread)
{
	while (process->first) {
		struct thread *other = process->first;

		process->first = other->next;
		if (other != thread)
			free(other);
	}
	process_begin(process, thread);
}

/* In the child: memory is a copy, the machine is made anew. */
static int become_child(struct thread *thread, const struct vm_registers *registers,
			const struct process_start *start, struct runner_error *error)
{
	struct process *process = thread->process;
	int failed;

	fds_again();
	space_after_fork(process->space);
	gdb_forked(thread);
	random_forked(process);
	signals_unlock(process->signals);
	forget_others(process, thread);
	fork_child(thread);
	stats_forked(&process->counts, true);
	threads_start_own(thread, start);
	threads_tell_number(process, start->child_tid, thread->tid);
	threads_forget_handlers(thread, start);
	failed = vm_after_fork(process->vm, error);
	if (!failed)
		failed = threads_make_vcpu(process, &thread->vcpu, registers, start, error);
	if (!failed && process->clock)
		failed = clock_after_fork(process->clock, process->vm, error);
	fds_end();
	if (fork_child_end(process) && !failed)
		failed = runner_error(error, EAGAIN, "no thread for signals");
	return failed;
}

static void fail_to_begin(struct process *process, const struct runner_error *error)
{
	struct loop_end end = { .failed = true };

	snprintf(end.text, sizeof end.text, "a new process: %.100s", error->text);
	process_end(process, &end);
}

int64_t process_fork(struct thread *thread, const struct process_start *start)
{
	struct process *process = thread->process;
	struct vm_registers registers;
	struct runner_error error;
	int number;
	pid_t pid;

	if (vcpu_save(thread->vcpu, &registers))
		return -EAGAIN;
	lock_all(process);
	pid = fork();
	number = errno;
	if (pid == 0) {
		if (become_child(thread, &registers, start, &error))
			fail_to_begin(process, &error);
		identity_tell(thread);
		return 0;
	}
	unlock_all(process);
	if (pid < 0)
		return -number;
	stats_forked(&process->counts, false);
	threads_tell_number(process, start->parent_tid, pid);
	return start->pidfd.v ? threads_tell_pidfd(process, start->pidfd, pid, fork_pidfd(pid)) :
				pid;
}

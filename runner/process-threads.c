/* SPDX-License-Identifier: BSD-2-Clause */
#include "process-threads.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "fds.h"
#include "futex.h"
#include "registers.h"

void threads_link(struct process *process, struct thread *thread)
{
	thread->process = process;
	thread->next = process->first;
	process->first = thread;
	process->threads++;
}

void threads_unlink(struct process *process, const struct thread *thread)
{
	struct thread **at = &process->first;

	while (*at != thread)
		at = &(*at)->next;
	*at = thread->next;
	process->threads--;
}

int threads_make_vcpu(struct process *process, struct vcpu **vcpu,
		      const struct vm_registers *registers, const struct process_start *start,
		      struct runner_error *error)
{
	int failed;

	fds_begin();
	space_lock(process->space); /* page tables are taken from one place */
	failed = vcpu_create(vcpu, process->vm, guest_at(0), guest_at(0), error);
	space_unlock(process->space);
	fds_end();
	if (failed)
		return failed;
	if (vcpu_load(*vcpu, registers)) {
		vcpu_release(*vcpu);
		return runner_error(error, EAGAIN, "a vCPU does not take its registers");
	}
	vcpu_set(*vcpu, VM_RESULT, 0);
	if (start->stack.v)
		vcpu_set(*vcpu, VM_SP, start->stack.v);
	if (start->has_thread_pointer)
		vcpu_set(*vcpu, VM_THREAD_POINTER, start->thread_pointer);
	return 0;
}

void threads_tell_number(const struct process *process, guest_addr at, int32_t number)
{
	if (at.v)
		space_write(process->space, at, &number, sizeof number);
}

int64_t threads_tell_pidfd(const struct process *process, guest_addr at, pid_t child, int64_t fd)
{
	if (fd < 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		return fd;
	}
	threads_tell_number(process, at, (int32_t)fd);
	return child;
}

void threads_clear_tid(const struct process *process, guest_addr at)
{
	if (!at.v)
		return;
	threads_tell_number(process, at, 0);
	futex_wake_one(process, at);
}

void threads_start_own(struct thread *thread, const struct process_start *start)
{
	thread->clear_tid = start->clear_tid;
	thread->robust_list = guest_at(0);
	thread->gdb = NULL;
}

void threads_forget_handlers(struct thread *thread, const struct process_start *start)
{
	const struct kernel_sigaction none = { 0 };

	for (int i = 1; start->handlers_default && i <= SIGNALS_MAX; i++)
		if (thread->process->signals->caught & signals_bit(i))
			signals_act(thread, i, &none, NULL);
}

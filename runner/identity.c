/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "identity.h"

#include <unistd.h>

/*
 * getppid is left to the host: a parent ends when it likes, and nobody could tell in
 * time. So are process groups and sessions, which others may change.
 */
void identity_tell(struct thread *thread)
{
	const struct process *process = thread->process;
	const struct vm_answers answers = {
		.pid = (uint32_t)getpid(), .tid = (uint32_t)thread->tid,
		.uid = getuid(), .euid = geteuid(), .gid = getgid(), .egid = getegid(),
	};

	vcpu_attention(thread->vcpu, (process->trace ? VM_ATTENTION_TRACE : 0) |
				     (process->slow || process->lender ? VM_ATTENTION_OFF : 0), 0);
	vcpu_answer(thread->vcpu, &answers);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* For each host's process.c: what is alike in them. */
#ifndef PROCESS_THREADS_H
#define PROCESS_THREADS_H

#include "process.h"

/* Of its process, of which all are known. Needs the lock, but for the first. */
void threads_link(struct process *process, struct thread *thread);
void threads_unlink(struct process *process, const struct thread *thread);

/* It is to go on where `registers` are. Needs the lock. */
int threads_make_vcpu(struct process *process, struct vcpu **vcpu,
		      const struct vm_registers *registers, const struct process_start *start,
		      struct runner_error *error);

/* As Linux: what cannot be written is not. Where @at is 0, nothing is. */
void threads_tell_number(const struct process *process, guest_addr at, int32_t number);
/*
 * The child's descriptor, or why there is none: then there is no child either. It has not been
 * waited for. Its number, or -errno.
 */
int64_t threads_tell_pidfd(const struct process *process, guest_addr at, pid_t child, int64_t fd);
/* 0 for the thread's number, and who waits for that is woken. */
void threads_clear_tid(const struct process *process, guest_addr at);

/* What a copy of its parent has not from it. */
void threads_start_own(struct thread *thread, const struct process_start *start);
/* CLONE_CLEAR_SIGHAND: what is ignored stays ignored. */
void threads_forget_handlers(struct thread *thread, const struct process_start *start);

#endif

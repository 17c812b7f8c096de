/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls that are the runner's own on all hosts: calls-SUBJECT.c here, not the host's. */
#ifndef CALLS_BOTH_H
#define CALLS_BOTH_H

#include "calls.h"

/* The result or -errno. */
typedef int64_t call_fn(struct thread *thread, const uint64_t *argument);

/* memory */
call_fn call_brk, call_munmap, call_mprotect, call_mremap, call_madvise, call_mincore, call_msync;
call_fn call_mlock, call_mlock2, call_munlock, call_mlockall, call_munlockall;
/* threads and processes */
call_fn call_clone, call_clone3, call_fork, call_vfork;
call_fn call_exit, call_exit_group, call_set_tid_address;
call_fn call_set_robust_list, call_get_robust_list;
/* signals */
call_fn call_rt_sigaction, call_rt_sigprocmask, call_rt_sigreturn, call_sigaltstack;
call_fn call_rt_sigpending, call_restart_syscall;

/* The program's memory: 0 or -EFAULT. */
static inline int calls_read(const struct thread *thread, void *to, uint64_t from, size_t size)
{
	return space_read(thread->process->space, to, guest_at(from), size);
}

static inline int calls_write(const struct thread *thread, uint64_t to, const void *from,
			      size_t size)
{
	return space_write(thread->process->space, guest_at(to), from, size);
}

/* Where a pointer of 0 says that nothing is wanted. */
static inline int calls_write_if(const struct thread *thread, uint64_t to, const void *from,
				 size_t size)
{
	return to ? calls_write(thread, to, from, size) : 0;
}

/* A set of signals, of a size that is right. */
int calls_read_set(const struct thread *thread, uint64_t *set, uint64_t at, uint64_t size);

/* With --verbose: a call that is not there, at the first of so many times. */
void calls_name_missing(const struct thread *thread, uint64_t number, uint64_t times);

/* What get_robust_list() says of a number that is no thread of this process: the host's. */
int64_t calls_robust_list_of(pid_t number);

#endif

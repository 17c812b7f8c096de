/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls that are the runner's own on all hosts: calls-SUBJECT.c here, not the host's. */
#ifndef CALLS_BOTH_H
#define CALLS_BOTH_H

#include "calls.h"

/* The result or -errno. */
typedef int64_t call_fn(struct thread *thread, const uint64_t *argument);

/* threads */
call_fn call_exit, call_exit_group, call_set_tid_address;
call_fn call_set_robust_list, call_get_robust_list;

/* What get_robust_list() says of a number that is no thread of this process: the host's. */
int64_t calls_robust_list_of(pid_t number);

#endif

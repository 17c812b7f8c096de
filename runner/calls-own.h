/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls with a function of their own, in calls-*.c by subject. */
#ifndef CALLS_OWN_H
#define CALLS_OWN_H

#include "passage.h"

/* The result or -errno. */
typedef int64_t call_fn(struct thread *thread, const uint64_t *argument);

/* memory */
call_fn call_brk, call_mmap, call_munmap, call_mprotect;
call_fn call_mremap, call_madvise, call_mincore, call_msync;
call_fn call_mlock, call_mlock2, call_munlock, call_mlockall, call_munlockall;
/* threads and processes */
call_fn call_arch_prctl, call_exit, call_exit_group, call_set_tid_address;
call_fn call_futex;
call_fn call_clone, call_clone3, call_fork, call_vfork, call_unshare, call_setns;
call_fn call_execve, call_execveat;
call_fn call_prctl, call_prlimit64, call_getrlimit, call_setrlimit;
call_fn call_set_robust_list, call_get_robust_list;
call_fn call_setuid, call_setgid, call_setreuid, call_setregid, call_setresuid, call_setresgid;
/* signals */
call_fn call_rt_sigaction, call_rt_sigprocmask, call_rt_sigreturn, call_sigaltstack;
call_fn call_rt_sigpending, call_restart_syscall, call_pause, call_rt_sigsuspend;
/* time */
call_fn call_clock_gettime;
/* files */
call_fn call_close, call_close_range, call_dup2, call_dup3;
call_fn call_ioctl, call_fcntl, call_readlink, call_readlinkat;

#endif

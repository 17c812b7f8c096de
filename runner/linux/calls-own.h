/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls with a function of their own, in calls-*.c by subject; more are in ../calls-both.h. */
#ifndef CALLS_OWN_H
#define CALLS_OWN_H

#include "calls-both.h"
#include "passage.h"

/* memory */
call_fn call_mmap;
/* threads and processes */
call_fn call_arch_prctl, call_futex;
call_fn call_unshare, call_setns;
call_fn call_execve, call_execveat;
call_fn call_prctl, call_prlimit64, call_getrlimit, call_setrlimit;
call_fn call_setuid, call_setgid, call_setreuid, call_setregid, call_setresuid, call_setresgid;
/* signals */
call_fn call_pause, call_rt_sigsuspend;
/* time */
call_fn call_clock_gettime, call_clock_getres, call_gettimeofday, call_time;
/* descriptors and files */
call_fn call_close, call_close_range, call_dup2, call_dup3;
call_fn call_ioctl, call_fcntl, call_vmsplice;
call_fn call_poll, call_ppoll, call_select, call_pselect6;
call_fn call_open, call_creat, call_openat, call_openat2, call_getdents64;
call_fn call_readlink, call_readlinkat, call_fsconfig;
/* sockets */
call_fn call_setsockopt, call_getsockopt, call_sendto, call_recvfrom;
call_fn call_sendmsg, call_recvmsg, call_sendmmsg, call_recvmmsg;
/* messages and semaphores */
call_fn call_msgsnd, call_msgrcv, call_msgctl, call_semctl, call_mq_notify;

#endif

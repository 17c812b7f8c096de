/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls, by subject: CALL(name, how many arguments it has) where there is a
 * call_NAME(), NONE() for ENOSYS on purpose; what is not here is ENOSYS, too. Included where
 * these two are defined.
 */

/* --- core: calls-memory, -process, -thread, -identity, -time, -signals, -system -------------- */
CALL(brk, 1) CALL(mmap, 6) CALL(munmap, 2) CALL(mprotect, 3) CALL(mremap, 5) CALL(madvise, 3)
CALL(mincore, 3) CALL(msync, 3) CALL(mlock, 2) CALL(mlock2, 3) CALL(munlock, 2) CALL(mlockall, 1)
CALL(munlockall, 0)

CALL(clone, 5) CALL(clone3, 2) CALL(unshare, 1) CALL(execve, 3) CALL(execveat, 5)
CALL(wait4, 4) CALL(waitid, 5)
CALL(exit, 1) CALL(exit_group, 1) CALL(set_tid_address, 1) CALL(set_robust_list, 2)
CALL(get_robust_list, 3) CALL(futex, 6)

CALL(getpid, 0) CALL(getppid, 0) CALL(gettid, 0) CALL(getuid, 0) CALL(geteuid, 0) CALL(getgid, 0)
CALL(getegid, 0) CALL(getpgid, 1) CALL(setpgid, 2) CALL(getsid, 1) CALL(setsid, 0)
CALL(setuid, 1) CALL(setgid, 1) CALL(setreuid, 2) CALL(setregid, 2) CALL(setresuid, 3)
CALL(setresgid, 3) CALL(getresuid, 3) CALL(getresgid, 3) CALL(setfsuid, 1) CALL(setfsgid, 1)
CALL(getgroups, 2) CALL(setgroups, 2)

CALL(uname, 1) CALL(sysinfo, 1) CALL(umask, 1) CALL(personality, 1) CALL(getrandom, 3)
CALL(prctl, 5) CALL(prlimit64, 4) CALL(getrlimit, 2) CALL(setrlimit, 2) CALL(getrusage, 2)
CALL(sched_getaffinity, 3) CALL(sched_setaffinity, 3) CALL(sched_yield, 0)
CALL(sched_getscheduler, 1) CALL(sched_setscheduler, 3) CALL(sched_getparam, 2)
CALL(sched_setparam, 2) CALL(sched_get_priority_max, 1) CALL(sched_get_priority_min, 1)
CALL(getpriority, 2) CALL(setpriority, 3) CALL(getcpu, 3)

CALL(clock_gettime, 2) CALL(clock_getres, 2) CALL(clock_settime, 2) CALL(gettimeofday, 2)
CALL(settimeofday, 2) CALL(times, 1) CALL(nanosleep, 2) CALL(clock_nanosleep, 4)
CALL(getitimer, 2) CALL(setitimer, 3) CALL(timer_create, 3) CALL(timer_delete, 1)
CALL(timer_settime, 4) CALL(timer_gettime, 2) CALL(timer_getoverrun, 1)

CALL(rt_sigaction, 4) CALL(rt_sigprocmask, 4) CALL(rt_sigreturn, 0) CALL(sigaltstack, 2)
CALL(rt_sigpending, 2) CALL(restart_syscall, 0) CALL(rt_sigsuspend, 2) CALL(rt_sigtimedwait, 4)
CALL(kill, 2) CALL(tkill, 2) CALL(tgkill, 3) CALL(rt_sigqueueinfo, 3) CALL(rt_tgsigqueueinfo, 4)

/* programs do without, once they have asked */
NONE(rseq, 4) NONE(membarrier, 3) NONE(futex_waitv, 5) NONE(sched_getattr, 4)
NONE(sched_setattr, 3) NONE(seccomp, 3) NONE(setns, 2) NONE(adjtimex, 1) NONE(clock_adjtime, 2)
NONE(capget, 2) NONE(capset, 2) NONE(get_mempolicy, 5) NONE(mbind, 6) NONE(set_mempolicy, 3)
NONE(remap_file_pages, 5) NONE(ptrace, 4) NONE(process_vm_readv, 6) NONE(process_vm_writev, 6)

/* --- files: names, attributes, folders ------------------------------------------------------ */

/* --- descriptors: what is open, sockets, polling -------------------------------------------- */

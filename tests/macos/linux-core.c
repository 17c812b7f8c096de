/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Not run: compiled for arm64 Linux. What its own headers say against runner/macos's: calls,
 * errors, signals, processes and time.
 */
#ifdef __linux__
#define _GNU_SOURCE
#define _SIGNAL_H 1	/* not the C library's, which has its own */
#include <asm/errno.h>
#include <asm/unistd.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/sysinfo.h>
#include <linux/time.h>
#include <linux/utsname.h>
#include <linux/wait.h>
#include <stddef.h>

/* which only the C library has a name for: uapi/linux/sched.h */
#define SCHED_OTHER SCHED_NORMAL

#include "guest-signals.h"
#include "macos/linux-errno.h"
#include "macos/linux-futex.h"
#include "macos/linux-numbers.h"
#include "macos/linux-process.h"
#include "macos/linux-signal.h"
#include "macos/linux-time.h"

#define SAME(name) _Static_assert((long long)LINUX_##name == (long long)(name), #name)
#define GUEST_SAME(name) \
	_Static_assert((long long)GUEST_##name == (long long)(name), #name)
#define CALLED(name) _Static_assert((int)LINUX_NR_##name == __NR_##name, #name)
#define PLACED(one, field, other, its) \
	_Static_assert(offsetof(struct one, field) == offsetof(struct other, its) && \
		       sizeof ((struct one *)0)->field == sizeof ((struct other *)0)->its, #its)

CALLED(io_setup); CALLED(io_destroy); CALLED(io_submit); CALLED(io_cancel);
CALLED(io_getevents); CALLED(setxattr); CALLED(lsetxattr); CALLED(fsetxattr); CALLED(getxattr);
CALLED(lgetxattr); CALLED(fgetxattr); CALLED(listxattr); CALLED(llistxattr);
CALLED(flistxattr); CALLED(removexattr); CALLED(lremovexattr); CALLED(fremovexattr);
CALLED(getcwd); CALLED(lookup_dcookie); CALLED(eventfd2); CALLED(epoll_create1);
CALLED(epoll_ctl); CALLED(epoll_pwait); CALLED(dup); CALLED(dup3); CALLED(fcntl);
CALLED(inotify_init1); CALLED(inotify_add_watch); CALLED(inotify_rm_watch); CALLED(ioctl);
CALLED(ioprio_set); CALLED(ioprio_get); CALLED(flock); CALLED(mknodat); CALLED(mkdirat);
CALLED(unlinkat); CALLED(symlinkat); CALLED(linkat); CALLED(renameat); CALLED(umount2);
CALLED(mount); CALLED(pivot_root); CALLED(nfsservctl); CALLED(statfs); CALLED(fstatfs);
CALLED(truncate); CALLED(ftruncate); CALLED(fallocate); CALLED(faccessat); CALLED(chdir);
CALLED(fchdir); CALLED(chroot); CALLED(fchmod); CALLED(fchmodat); CALLED(fchownat);
CALLED(fchown); CALLED(openat); CALLED(close); CALLED(vhangup); CALLED(pipe2);
CALLED(quotactl); CALLED(getdents64); CALLED(lseek); CALLED(read); CALLED(write);
CALLED(readv); CALLED(writev); CALLED(pread64); CALLED(pwrite64); CALLED(preadv);
CALLED(pwritev); CALLED(sendfile); CALLED(pselect6); CALLED(ppoll); CALLED(signalfd4);
CALLED(vmsplice); CALLED(splice); CALLED(tee); CALLED(readlinkat); CALLED(newfstatat);
CALLED(fstat); CALLED(sync); CALLED(fsync); CALLED(fdatasync); CALLED(sync_file_range);
CALLED(timerfd_create); CALLED(timerfd_settime); CALLED(timerfd_gettime); CALLED(utimensat);
CALLED(acct); CALLED(capget); CALLED(capset); CALLED(personality); CALLED(exit);
CALLED(exit_group); CALLED(waitid); CALLED(set_tid_address); CALLED(unshare); CALLED(futex);
CALLED(set_robust_list); CALLED(get_robust_list); CALLED(nanosleep); CALLED(getitimer);
CALLED(setitimer); CALLED(kexec_load); CALLED(init_module); CALLED(delete_module);
CALLED(timer_create); CALLED(timer_gettime); CALLED(timer_getoverrun); CALLED(timer_settime);
CALLED(timer_delete); CALLED(clock_settime); CALLED(clock_gettime); CALLED(clock_getres);
CALLED(clock_nanosleep); CALLED(syslog); CALLED(ptrace); CALLED(sched_setparam);
CALLED(sched_setscheduler); CALLED(sched_getscheduler); CALLED(sched_getparam);
CALLED(sched_setaffinity); CALLED(sched_getaffinity); CALLED(sched_yield);
CALLED(sched_get_priority_max); CALLED(sched_get_priority_min); CALLED(sched_rr_get_interval);
CALLED(restart_syscall); CALLED(kill); CALLED(tkill); CALLED(tgkill); CALLED(sigaltstack);
CALLED(rt_sigsuspend); CALLED(rt_sigaction); CALLED(rt_sigprocmask); CALLED(rt_sigpending);
CALLED(rt_sigtimedwait); CALLED(rt_sigqueueinfo); CALLED(rt_sigreturn); CALLED(setpriority);
CALLED(getpriority); CALLED(reboot); CALLED(setregid); CALLED(setgid); CALLED(setreuid);
CALLED(setuid); CALLED(setresuid); CALLED(getresuid); CALLED(setresgid); CALLED(getresgid);
CALLED(setfsuid); CALLED(setfsgid); CALLED(times); CALLED(setpgid); CALLED(getpgid);
CALLED(getsid); CALLED(setsid); CALLED(getgroups); CALLED(setgroups); CALLED(uname);
CALLED(sethostname); CALLED(setdomainname); CALLED(getrlimit); CALLED(setrlimit);
CALLED(getrusage); CALLED(umask); CALLED(prctl); CALLED(getcpu); CALLED(gettimeofday);
CALLED(settimeofday); CALLED(adjtimex); CALLED(getpid); CALLED(getppid); CALLED(getuid);
CALLED(geteuid); CALLED(getgid); CALLED(getegid); CALLED(gettid); CALLED(sysinfo);
CALLED(mq_open); CALLED(mq_unlink); CALLED(mq_timedsend); CALLED(mq_timedreceive);
CALLED(mq_notify); CALLED(mq_getsetattr); CALLED(msgget); CALLED(msgctl); CALLED(msgrcv);
CALLED(msgsnd); CALLED(semget); CALLED(semctl); CALLED(semtimedop); CALLED(semop);
CALLED(shmget); CALLED(shmctl); CALLED(shmat); CALLED(shmdt); CALLED(socket);
CALLED(socketpair); CALLED(bind); CALLED(listen); CALLED(accept); CALLED(connect);
CALLED(getsockname); CALLED(getpeername); CALLED(sendto); CALLED(recvfrom); CALLED(setsockopt);
CALLED(getsockopt); CALLED(shutdown); CALLED(sendmsg); CALLED(recvmsg); CALLED(readahead);
CALLED(brk); CALLED(munmap); CALLED(mremap); CALLED(add_key); CALLED(request_key);
CALLED(keyctl); CALLED(clone); CALLED(execve); CALLED(mmap); CALLED(fadvise64); CALLED(swapon);
CALLED(swapoff); CALLED(mprotect); CALLED(msync); CALLED(mlock); CALLED(munlock);
CALLED(mlockall); CALLED(munlockall); CALLED(mincore); CALLED(madvise);
CALLED(remap_file_pages); CALLED(mbind); CALLED(get_mempolicy); CALLED(set_mempolicy);
CALLED(migrate_pages); CALLED(move_pages); CALLED(rt_tgsigqueueinfo); CALLED(perf_event_open);
CALLED(accept4); CALLED(recvmmsg); CALLED(wait4); CALLED(prlimit64); CALLED(fanotify_init);
CALLED(fanotify_mark); CALLED(name_to_handle_at); CALLED(open_by_handle_at);
CALLED(clock_adjtime); CALLED(syncfs); CALLED(setns); CALLED(sendmmsg);
CALLED(process_vm_readv); CALLED(process_vm_writev); CALLED(kcmp); CALLED(finit_module);
CALLED(sched_setattr); CALLED(sched_getattr); CALLED(renameat2); CALLED(seccomp);
CALLED(getrandom); CALLED(memfd_create); CALLED(bpf); CALLED(execveat); CALLED(userfaultfd);
CALLED(membarrier); CALLED(mlock2); CALLED(copy_file_range); CALLED(preadv2); CALLED(pwritev2);
CALLED(pkey_mprotect); CALLED(pkey_alloc); CALLED(pkey_free); CALLED(statx);
CALLED(io_pgetevents); CALLED(rseq); CALLED(kexec_file_load); CALLED(pidfd_send_signal);
CALLED(io_uring_setup); CALLED(io_uring_enter); CALLED(io_uring_register); CALLED(open_tree);
CALLED(move_mount); CALLED(fsopen); CALLED(fsconfig); CALLED(fsmount); CALLED(fspick);
CALLED(pidfd_open); CALLED(clone3); CALLED(close_range); CALLED(openat2); CALLED(pidfd_getfd);
CALLED(faccessat2); CALLED(process_madvise); CALLED(epoll_pwait2); CALLED(mount_setattr);
CALLED(quotactl_fd); CALLED(landlock_create_ruleset); CALLED(landlock_add_rule);
CALLED(landlock_restrict_self); CALLED(memfd_secret); CALLED(process_mrelease);
CALLED(futex_waitv); CALLED(set_mempolicy_home_node);

SAME(EPERM); SAME(ENOENT); SAME(ESRCH); SAME(EINTR); SAME(EIO); SAME(ENXIO); SAME(E2BIG);
SAME(ENOEXEC); SAME(EBADF); SAME(ECHILD); SAME(EAGAIN); SAME(ENOMEM); SAME(EACCES);
SAME(EFAULT); SAME(ENOTBLK); SAME(EBUSY); SAME(EEXIST); SAME(EXDEV); SAME(ENODEV);
SAME(ENOTDIR); SAME(EISDIR); SAME(EINVAL); SAME(ENFILE); SAME(EMFILE); SAME(ENOTTY);
SAME(ETXTBSY); SAME(EFBIG); SAME(ENOSPC); SAME(ESPIPE); SAME(EROFS); SAME(EMLINK); SAME(EPIPE);
SAME(EDOM); SAME(ERANGE); SAME(EDEADLK); SAME(ENAMETOOLONG); SAME(ENOLCK); SAME(ENOSYS);
SAME(ENOTEMPTY); SAME(ELOOP); SAME(ENOMSG); SAME(EIDRM); SAME(ECHRNG); SAME(EL2NSYNC);
SAME(EL3HLT); SAME(EL3RST); SAME(ELNRNG); SAME(EUNATCH); SAME(ENOCSI); SAME(EL2HLT);
SAME(EBADE); SAME(EBADR); SAME(EXFULL); SAME(ENOANO); SAME(EBADRQC); SAME(EBADSLT);
SAME(EBFONT); SAME(ENOSTR); SAME(ENODATA); SAME(ETIME); SAME(ENOSR); SAME(ENONET);
SAME(ENOPKG); SAME(EREMOTE); SAME(ENOLINK); SAME(EADV); SAME(ESRMNT); SAME(ECOMM);
SAME(EPROTO); SAME(EMULTIHOP); SAME(EDOTDOT); SAME(EBADMSG); SAME(EOVERFLOW); SAME(ENOTUNIQ);
SAME(EBADFD); SAME(EREMCHG); SAME(ELIBACC); SAME(ELIBBAD); SAME(ELIBSCN); SAME(ELIBMAX);
SAME(ELIBEXEC); SAME(EILSEQ); SAME(ERESTART); SAME(ESTRPIPE); SAME(EUSERS); SAME(ENOTSOCK);
SAME(EDESTADDRREQ); SAME(EMSGSIZE); SAME(EPROTOTYPE); SAME(ENOPROTOOPT); SAME(EPROTONOSUPPORT);
SAME(ESOCKTNOSUPPORT); SAME(EOPNOTSUPP); SAME(EPFNOSUPPORT); SAME(EAFNOSUPPORT);
SAME(EADDRINUSE); SAME(EADDRNOTAVAIL); SAME(ENETDOWN); SAME(ENETUNREACH); SAME(ENETRESET);
SAME(ECONNABORTED); SAME(ECONNRESET); SAME(ENOBUFS); SAME(EISCONN); SAME(ENOTCONN);
SAME(ESHUTDOWN); SAME(ETOOMANYREFS); SAME(ETIMEDOUT); SAME(ECONNREFUSED); SAME(EHOSTDOWN);
SAME(EHOSTUNREACH); SAME(EALREADY); SAME(EINPROGRESS); SAME(ESTALE); SAME(EUCLEAN);
SAME(ENOTNAM); SAME(ENAVAIL); SAME(EISNAM); SAME(EREMOTEIO); SAME(EDQUOT); SAME(ENOMEDIUM);
SAME(EMEDIUMTYPE); SAME(ECANCELED); SAME(ENOKEY); SAME(EKEYEXPIRED); SAME(EKEYREVOKED);
SAME(EKEYREJECTED); SAME(EOWNERDEAD); SAME(ENOTRECOVERABLE); SAME(ERFKILL); SAME(EHWPOISON);

SAME(SIGHUP); SAME(SIGINT); SAME(SIGQUIT); SAME(SIGILL); SAME(SIGTRAP); SAME(SIGABRT);
SAME(SIGBUS); SAME(SIGFPE); SAME(SIGKILL); SAME(SIGUSR1); SAME(SIGSEGV); SAME(SIGUSR2);
SAME(SIGPIPE); SAME(SIGALRM); SAME(SIGTERM); SAME(SIGSTKFLT); SAME(SIGCHLD); SAME(SIGCONT);
SAME(SIGSTOP); SAME(SIGTSTP); SAME(SIGTTIN); SAME(SIGTTOU); SAME(SIGURG); SAME(SIGXCPU);
SAME(SIGXFSZ); SAME(SIGVTALRM); SAME(SIGPROF); SAME(SIGWINCH); SAME(SIGIO); SAME(SIGPWR);
SAME(SIGSYS); SAME(SIGRTMIN); GUEST_SAME(SIG_BLOCK);
GUEST_SAME(SIG_UNBLOCK); GUEST_SAME(SIG_SETMASK);
SAME(SA_NOCLDSTOP); SAME(SA_NOCLDWAIT); SAME(SA_SIGINFO); SAME(SA_EXPOSE_TAGBITS);
SAME(SA_RESTORER); SAME(SA_ONSTACK); SAME(SA_RESTART); SAME(SA_NODEFER); SAME(SA_RESETHAND);
 GUEST_SAME(SS_AUTODISARM); SAME(SI_USER); SAME(SI_KERNEL);
SAME(SI_QUEUE); SAME(SI_TIMER); SAME(SI_TKILL); SAME(CLD_EXITED); SAME(CLD_KILLED);
SAME(CLD_DUMPED); SAME(CLD_TRAPPED); SAME(CLD_STOPPED); SAME(CLD_CONTINUED);
SAME(SIGEV_SIGNAL); SAME(SIGEV_NONE); SAME(SIGEV_THREAD); SAME(SIGEV_THREAD_ID);
SAME(WNOHANG); SAME(WUNTRACED); SAME(WEXITED); SAME(WCONTINUED); SAME(WNOWAIT);
SAME(P_ALL); SAME(P_PID); SAME(P_PGID); SAME(P_PIDFD);
SAME(PR_SET_PDEATHSIG); SAME(PR_GET_PDEATHSIG); SAME(PR_GET_DUMPABLE); SAME(PR_SET_DUMPABLE);
SAME(PR_GET_KEEPCAPS); SAME(PR_SET_NAME); SAME(PR_GET_NAME); SAME(PR_GET_SECCOMP);
SAME(PR_CAPBSET_READ); SAME(PR_SET_TIMERSLACK); SAME(PR_GET_TIMERSLACK);
SAME(PR_SET_CHILD_SUBREAPER); SAME(PR_GET_CHILD_SUBREAPER); SAME(PR_SET_NO_NEW_PRIVS);
SAME(PR_GET_NO_NEW_PRIVS); SAME(PR_GET_TID_ADDRESS); SAME(RLIMIT_CPU); SAME(RLIMIT_FSIZE);
SAME(RLIMIT_DATA); SAME(RLIMIT_STACK); SAME(RLIMIT_CORE); SAME(RLIMIT_RSS); SAME(RLIMIT_NPROC);
SAME(RLIMIT_NOFILE); SAME(RLIMIT_MEMLOCK); SAME(RLIMIT_AS); SAME(RLIMIT_LOCKS);
SAME(RLIMIT_SIGPENDING); SAME(RLIMIT_MSGQUEUE); SAME(RLIMIT_NICE); SAME(RLIMIT_RTPRIO);
SAME(RLIMIT_RTTIME); SAME(RUSAGE_SELF); SAME(RUSAGE_CHILDREN); SAME(RUSAGE_THREAD);
 SAME(SCHED_FIFO); SAME(SCHED_RR); SAME(SCHED_BATCH); SAME(SCHED_IDLE);

SAME(FUTEX_WAIT); SAME(FUTEX_WAKE); SAME(FUTEX_REQUEUE); SAME(FUTEX_CMP_REQUEUE);
SAME(FUTEX_WAKE_OP); SAME(FUTEX_LOCK_PI); SAME(FUTEX_UNLOCK_PI); SAME(FUTEX_TRYLOCK_PI);
SAME(FUTEX_LOCK_PI2); SAME(FUTEX_WAIT_BITSET); SAME(FUTEX_WAKE_BITSET);
SAME(FUTEX_PRIVATE_FLAG); SAME(FUTEX_CLOCK_REALTIME); SAME(FUTEX_OP_SET); SAME(FUTEX_OP_ADD);
SAME(FUTEX_OP_OR); SAME(FUTEX_OP_ANDN); SAME(FUTEX_OP_XOR); SAME(FUTEX_OP_CMP_EQ);
SAME(FUTEX_OP_CMP_NE); SAME(FUTEX_OP_CMP_LT); SAME(FUTEX_OP_CMP_LE); SAME(FUTEX_OP_CMP_GT);
SAME(FUTEX_OP_CMP_GE); SAME(FUTEX_BITSET_MATCH_ANY);

SAME(CLOCK_REALTIME); SAME(CLOCK_MONOTONIC); SAME(CLOCK_PROCESS_CPUTIME_ID);
SAME(CLOCK_THREAD_CPUTIME_ID); SAME(CLOCK_MONOTONIC_RAW); SAME(CLOCK_REALTIME_COARSE);
SAME(CLOCK_MONOTONIC_COARSE); SAME(CLOCK_BOOTTIME); SAME(CLOCK_REALTIME_ALARM);
SAME(CLOCK_BOOTTIME_ALARM); SAME(CLOCK_TAI); SAME(TIMER_ABSTIME); SAME(ITIMER_REAL);
SAME(ITIMER_VIRTUAL); SAME(ITIMER_PROF);

_Static_assert(LINUX_FUTEX_OP_ARG_SHIFT == FUTEX_OP_OPARG_SHIFT, "a shift");
_Static_assert((unsigned int)LINUX_WNOTHREAD == __WNOTHREAD && LINUX_WALL == __WALL &&
	       LINUX_WCLONE == __WCLONE, "wait4()");
_Static_assert(LINUX_RLIMITS == RLIM_NLIMITS, "counts");
_Static_assert(sizeof(struct linux_siginfo) == sizeof(siginfo_t), "siginfo_t");
_Static_assert(offsetof(struct linux_siginfo, code) == offsetof(siginfo_t, si_code), "si_code");
_Static_assert(offsetof(struct linux_siginfo, pid) == offsetof(siginfo_t, si_pid), "si_pid");
_Static_assert(offsetof(struct linux_siginfo, value) == offsetof(siginfo_t, si_value), "si_value");
_Static_assert(offsetof(struct linux_siginfo, child.status) == offsetof(siginfo_t, si_status),
	       "si_status");
_Static_assert(offsetof(struct linux_siginfo, timer.overrun) == offsetof(siginfo_t, si_overrun),
	       "si_overrun");
_Static_assert(offsetof(struct linux_siginfo, fault.address) == offsetof(siginfo_t, si_addr),
	       "si_addr");
_Static_assert(sizeof(struct linux_sigevent) == sizeof(struct sigevent), "sigevent");
GUEST_SAME(SS_ONSTACK); GUEST_SAME(SS_DISABLE); SAME(SCHED_OTHER);
PLACED(linux_sigevent, signo, sigevent, sigev_signo);
PLACED(linux_sigevent, notify, sigevent, sigev_notify);
PLACED(linux_sigevent, tid, sigevent, _sigev_un._tid);
PLACED(kernel_sigaction, handler, sigaction, sa_handler);
PLACED(kernel_sigaction, flags, sigaction, sa_flags);
PLACED(kernel_sigaction, restorer, sigaction, sa_restorer);
PLACED(kernel_sigaction, mask, sigaction, sa_mask);
PLACED(linux_rusage, maxrss, rusage, ru_maxrss);
PLACED(linux_rusage, nivcsw, rusage, ru_nivcsw);
PLACED(linux_rlimit64, maximum, rlimit64, rlim_max);
PLACED(linux_sysinfo, loads, sysinfo, loads);
PLACED(linux_sysinfo, procs, sysinfo, procs);
PLACED(linux_sysinfo, mem_unit, sysinfo, mem_unit);
PLACED(linux_utsname, machine, new_utsname, machine);
PLACED(linux_utsname, domainname, new_utsname, domainname);
#endif

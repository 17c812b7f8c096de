/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A call of the table goes to the host, or to a function of its own. Which calls there
 * are is the list that the table is; the rest is ENOSYS.
 */
#define _GNU_SOURCE
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <time.h>
#include <utime.h>

#include "calls-own.h"
#include "kernel.h"

struct call {
	const char *name;
	call_fn *own;		/* NULL: the host's */
	bool waits;		/* where signals interrupt it */
	struct argument argument[CALLS_ARGUMENTS];
};

#define HOST(number, ...) [SYS_##number] = { #number, NULL, false, { __VA_ARGS__ } }
#define WAITS(number, ...) [SYS_##number] = { #number, NULL, true, { __VA_ARGS__ } }
#define OWN(number, ...) [SYS_##number] = { #number, call_##number, false, { __VA_ARGS__ } }
#define NONE(number) [SYS_##number] = { #number, none, false, { N, N, N, N, N, N } }

static int64_t none(struct thread *thread, const uint64_t *argument)
{
	(void)thread;
	(void)argument;
	return -ENOSYS;
}

static const struct call calls[CALLS_MAX] = {
	/* memory */
	OWN(brk, N), OWN(mmap, N, N, N, N, N, N), OWN(munmap, N, N), OWN(mprotect, N, N, N),
	OWN(mremap, N, N, N, N, N), OWN(madvise, N, N, N), OWN(mincore, N, N, N),
	OWN(msync, N, N, N), OWN(mlock, N, N), OWN(mlock2, N, N, N), OWN(munlock, N, N),
	OWN(mlockall, N), OWN(munlockall),
	/* threads and processes */
	OWN(clone, N, N, N, N, N), OWN(clone3, N, N), OWN(unshare, N),
	OWN(setns, FD, N),
	OWN(execve, N, N, N), OWN(execveat, N, N, N, N, N), OWN(prctl, N, N, N, N, N),
	WAITS(wait4, N, OUT(int), N, OUT(struct rusage)),
	WAITS(waitid, N, N, OUT(siginfo_t), N, OUT(struct rusage)), HOST(setsid),
	HOST(pidfd_open, N, N), HOST(pidfd_send_signal, FD, N, IN(siginfo_t), N),
	OWN(close_range, N, N, N), OWN(prlimit64, N, N, N, N), OWN(getrlimit, N, N),
	OWN(setrlimit, N, N), OWN(set_robust_list, N, N), OWN(get_robust_list, N, N, N),
	HOST(membarrier, N, N, N), HOST(setpriority, N, N, N),
	HOST(sched_setaffinity, N, N, IN_BY(char, 1)), HOST(sched_getparam, N, OUT(int)),
	HOST(sched_setparam, N, IN(int)), HOST(sched_getscheduler, N),
	HOST(sched_setscheduler, N, N, IN(int)), HOST(sched_get_priority_max, N),
	HOST(sched_get_priority_min, N), HOST(sched_rr_get_interval, N, OUT(struct timespec)),

	/* what a process is */
	OWN(exit, N), OWN(exit_group, N), OWN(set_tid_address, N),
	OWN(futex, N, N, N, N, N, N), HOST(sched_getaffinity, N, N, OUT_BY_INT(char, 1)),
	HOST(sched_yield),
	HOST(getpriority, N, N), HOST(getrusage, N, OUT(struct rusage)),
	HOST(getpid), HOST(getppid), HOST(gettid), HOST(getuid), HOST(geteuid), HOST(getgid),
	HOST(getegid), HOST(getpgid, N), HOST(setpgid, N, N), HOST(getsid, N),
	HOST(getgroups, N, OUT_BY_INT(gid_t, 0)),
	HOST(setgroups, N, IN_BY_INT(gid_t, 0)),
	HOST(getresuid, OUT(uid_t), OUT(uid_t), OUT(uid_t)),
	HOST(getresgid, OUT(gid_t), OUT(gid_t), OUT(gid_t)),
	OWN(setuid, N), OWN(setgid, N), OWN(setreuid, N, N), OWN(setregid, N, N),
	OWN(setresuid, N, N, N), OWN(setresgid, N, N, N),
	HOST(setfsuid, N), HOST(setfsgid, N),
	HOST(capget, OUT(struct __user_cap_header_struct), OUT(struct __user_cap_data_struct[2])),
	HOST(capset, OUT(struct __user_cap_header_struct), IN(struct __user_cap_data_struct[2])),
	HOST(umask, N),
	HOST(personality, N),
	HOST(ioprio_get, N, N), HOST(ioprio_set, N, N, N),
	HOST(pidfd_getfd, FD, FD, N),

	/* signals and timers */
	OWN(rt_sigaction, N, N, N, N), OWN(rt_sigprocmask, N, N, N, N), OWN(rt_sigreturn),
	OWN(sigaltstack, N, N), OWN(rt_sigpending, N, N), OWN(restart_syscall),
	OWN(rt_sigsuspend, N, N),
	HOST(kill, N, N), HOST(tkill, N, N), HOST(tgkill, N, N, N),
	HOST(rt_sigqueueinfo, N, N, IN(siginfo_t)), HOST(rt_tgsigqueueinfo, N, N, N, IN(siginfo_t)),
	WAITS(rt_sigtimedwait, IN(uint64_t), OUT(siginfo_t), IN(struct timespec), N),
	HOST(signalfd4, FD, IN(uint64_t), N, N),
	HOST(getitimer, N, OUT(struct itimerval)),
	HOST(setitimer, N, IN(struct itimerval), OUT(struct itimerval)),
	HOST(timer_create, N, IN(struct sigevent), OUT(int)), HOST(timer_delete, N),
	HOST(timer_settime, N, N, IN(struct itimerspec), OUT(struct itimerspec)),
	HOST(timer_gettime, N, OUT(struct itimerspec)), HOST(timer_getoverrun, N),

	/* the system */
	HOST(uname, OUT(struct utsname)),
	HOST(sysinfo, OUT(struct sysinfo)),
	HOST(sethostname, IN_BY_INT(char, 1), N),
	HOST(setdomainname, IN_BY_INT(char, 1), N),
	HOST(syslog, N, OUT_BY_INT(char, 2), N),
	HOST(getrandom, OUT_BY(char, 1), N, N),
	HOST(getcpu, OUT(unsigned int), OUT(unsigned int), N),
	HOST(acct, STR),
	HOST(swapon, STR, N), HOST(swapoff, STR),
	HOST(reboot, N, N, N, STR),
	HOST(vhangup),

	/* time */
	OWN(clock_gettime, N, N),
	OWN(clock_getres, N, N),
	HOST(clock_settime, N, IN(struct timespec)),
	HOST(clock_adjtime, N, OUT(struct timex)),
	WAITS(clock_nanosleep, N, N, IN(struct timespec), OUT(struct timespec)),
	WAITS(nanosleep, IN(struct timespec), OUT(struct timespec)),
	OWN(gettimeofday, N, N),
	HOST(settimeofday, IN(struct timeval), IN(struct timezone)),
	HOST(adjtimex, OUT(struct timex)),
	HOST(times, OUT(struct tms)),
	HOST(timerfd_create, N, N),
	HOST(timerfd_settime, FD, N, IN(struct itimerspec), OUT(struct itimerspec)),
	HOST(timerfd_gettime, FD, OUT(struct itimerspec)),

	/* descriptors */
	WAITS(read, FD, OUT_BY(char, 2), N),
	WAITS(write, FD, IN_BY(char, 2), N),
	HOST(pread64, FD, OUT_BY(char, 2), N, N),
	HOST(pwrite64, FD, IN_BY(char, 2), N, N),
	WAITS(readv, FD, VECTOR_OUT, N),
	WAITS(writev, FD, VECTOR_IN, N),
	HOST(preadv, FD, VECTOR_OUT, N, N, N),
	HOST(pwritev, FD, VECTOR_IN, N, N, N),
	HOST(preadv2, FD, VECTOR_OUT, N, N, N, N),
	HOST(pwritev2, FD, VECTOR_IN, N, N, N, N),
	OWN(close, N),
	HOST(lseek, FD, N, N),
	HOST(dup, FD),
	OWN(dup3, N, N, N),
	HOST(pipe2, OUT(int[2]), N),
	OWN(ioctl, N, N, N),
	OWN(fcntl, N, N, N),
	WAITS(flock, FD, N),
	WAITS(sendfile, FD, FD, OUT(off_t), N),
	WAITS(splice, FD, OUT(off_t), FD, OUT(off_t), N, N),
	WAITS(tee, FD, FD, N, N),
	OWN(vmsplice, N, N, N, N),
	WAITS(copy_file_range, FD, OUT(off_t), FD, OUT(off_t), N, N),
	HOST(memfd_create, TXT, N),
	HOST(eventfd2, N, N),
	HOST(inotify_init1, N),
	HOST(inotify_add_watch, FD, STR, N),
	HOST(inotify_rm_watch, FD, N),

	/* which of them are ready */
	OWN(ppoll, N, N, N, N, N),
	OWN(pselect6, N, N, N, N, N, N),
	HOST(epoll_create1, N),
	HOST(epoll_ctl, FD, N, FD, IN(struct epoll_event)),
	HOST(epoll_pwait, FD, OUT_BY_INT(struct epoll_event, 2), N, N, MASK, N),
	HOST(epoll_pwait2, FD, OUT_BY_INT(struct epoll_event, 2), N, IN(struct timespec),
	     MASK, N),

	/* files that are open */
	HOST(fstat, FD, OUT(struct stat)),
	HOST(fstatfs, FD, OUT(struct statfs)),
	HOST(fsync, FD), HOST(fdatasync, FD), HOST(syncfs, FD), HOST(sync),
	HOST(sync_file_range, FD, N, N, N),
	HOST(ftruncate, FD, N),
	HOST(fallocate, FD, N, N, N),
	HOST(fadvise64, FD, N, N, N),
	HOST(readahead, FD, N, N),
	HOST(cachestat, FD, IN(uint64_t[2]), OUT(uint64_t[5]), N),
	HOST(fchmod, FD, N),
	HOST(fchown, FD, N, N),
	HOST(fchdir, FD),
	OWN(getdents64, N, N, N),

	/* files with a name */
	OWN(openat, N, N, N, N),
	OWN(openat2, N, N, N, N),
	HOST(newfstatat, FD, STR, OUT(struct stat), N),
	HOST(statx, FD, STR, N, N, OUT(struct statx)),
	HOST(statfs, STR, OUT(struct statfs)),
	HOST(faccessat, FD, STR, N),
	HOST(faccessat2, FD, STR, N, N),
	OWN(readlinkat, N, N, N, N),
	HOST(getcwd, OUT_BY(char, 1), N),
	HOST(chdir, STR),
	HOST(chroot, STR),
	HOST(mkdirat, FD, STR, N),
	HOST(mknodat, FD, STR, N, N),
	HOST(unlinkat, FD, STR, N),
	HOST(renameat, FD, STR, FD, STR),
	HOST(renameat2, FD, STR, FD, STR, N),
	HOST(linkat, FD, STR, FD, STR, N),
	HOST(symlinkat, TXT, FD, STR),
	HOST(fchmodat, FD, STR, N),
	HOST(fchmodat2, FD, STR, N, N),
	HOST(fchownat, FD, STR, N, N, N),
	HOST(truncate, STR, N),
	HOST(utimensat, FD, STR, IN(struct timespec[2]), N),
	HOST(name_to_handle_at, FD, STR, OUT(struct kernel_handle), OUT(int), N),
	HOST(open_by_handle_at, FD, IN(struct kernel_handle), N),

	/* their attributes */
	HOST(setxattr, STR, TXT, IN_BY(char, 3), N, N),
	HOST(lsetxattr, STR, TXT, IN_BY(char, 3), N, N),
	HOST(fsetxattr, FD, TXT, IN_BY(char, 3), N, N),
	HOST(getxattr, STR, TXT, OUT_BY(char, 3), N),
	HOST(lgetxattr, STR, TXT, OUT_BY(char, 3), N),
	HOST(fgetxattr, FD, TXT, OUT_BY(char, 3), N),
	HOST(listxattr, STR, OUT_BY(char, 2), N),
	HOST(llistxattr, STR, OUT_BY(char, 2), N),
	HOST(flistxattr, FD, OUT_BY(char, 2), N),
	HOST(removexattr, STR, TXT),
	HOST(lremovexattr, STR, TXT),
	HOST(fremovexattr, FD, TXT),

	/* file systems */
	HOST(mount, STR, STR, TXT, N, IN(char[VM_PAGE])),
	HOST(umount2, STR, N),
	HOST(pivot_root, STR, STR),
	HOST(open_tree, FD, STR, N),
	HOST(move_mount, FD, STR, FD, STR, N),
	HOST(fsopen, TXT, N),
	OWN(fsconfig, N, N, N, N, N),
	HOST(fsmount, FD, N, N),
	HOST(fspick, FD, STR, N),
	HOST(mount_setattr, FD, STR, N, IN_BY(char, 4), N),

	/* sockets */
	HOST(socket, N, N, N),
	HOST(socketpair, N, N, N, OUT(int[2])),
	HOST(bind, FD, IN_BY_INT(char, 2), N),
	WAITS(connect, FD, IN_BY_INT(char, 2), N),
	HOST(listen, FD, N),
	WAITS(accept, FD, OUT_LENGTH(2), LEN),
	WAITS(accept4, FD, OUT_LENGTH(2), LEN, N),
	HOST(getsockname, FD, OUT_LENGTH(2), LEN),
	HOST(getpeername, FD, OUT_LENGTH(2), LEN),
	OWN(setsockopt, N, N, N, N, N),
	OWN(getsockopt, N, N, N, N, N),
	HOST(shutdown, FD, N),
	OWN(sendto, N, N, N, N, N, N),
	OWN(recvfrom, N, N, N, N, N, N),
	OWN(sendmsg, N, N, N),
	OWN(recvmsg, N, N, N),
	OWN(sendmmsg, N, N, N, N),
	OWN(recvmmsg, N, N, N, N, N),

	/* messages and semaphores between processes */
	HOST(msgget, N, N),
	OWN(msgsnd, N, N, N, N),
	OWN(msgrcv, N, N, N, N, N),
	OWN(msgctl, N, N, N),
	HOST(semget, N, N, N),
	WAITS(semop, N, IN_BY_INT(struct sembuf, 2), N),
	WAITS(semtimedop, N, IN_BY_INT(struct sembuf, 2), N, IN(struct timespec)),
	OWN(semctl, N, N, N, N),
	HOST(mq_open, TXT, N, N, IN(struct mq_attr)),
	HOST(mq_unlink, TXT),
	WAITS(mq_timedsend, FD, IN_BY(char, 2), N, N, IN(struct timespec)),
	WAITS(mq_timedreceive, FD, OUT_BY(char, 2), N, OUT(unsigned int), IN(struct timespec)),
	HOST(mq_getsetattr, FD, IN(struct mq_attr), OUT(struct mq_attr)),
	OWN(mq_notify, N, N),

#ifdef SYS_open
	/* older ones, which processors of today have no number for */
	OWN(fork),
	OWN(vfork),
	HOST(getpgrp),
	OWN(pause),
	HOST(alarm, N),
	HOST(signalfd, FD, IN(uint64_t), N),
	OWN(time, N),
	OWN(open, N, N, N),
	OWN(creat, N, N),
	HOST(stat, STR, OUT(struct stat)),
	HOST(lstat, STR, OUT(struct stat)),
	HOST(access, STR, N),
	OWN(readlink, N, N, N),
	HOST(mkdir, STR, N),
	HOST(mknod, STR, N, N),
	HOST(rmdir, STR),
	HOST(unlink, STR),
	HOST(rename, STR, STR),
	HOST(link, STR, STR),
	HOST(symlink, TXT, STR),
	HOST(chmod, STR, N),
	HOST(chown, STR, N, N),
	HOST(lchown, STR, N, N),
	HOST(utime, STR, IN(struct utimbuf)),
	HOST(utimes, STR, IN(struct timeval[2])),
	HOST(futimesat, FD, STR, IN(struct timeval[2])),
	HOST(getdents, FD, OUT_BY_INT(char, 2), N),
	OWN(dup2, N, N),
	HOST(pipe, OUT(int[2])),
	OWN(poll, N, N, N),
	OWN(select, N, N, N, N, N),
	HOST(epoll_create, N),
	WAITS(epoll_wait, FD, OUT_BY_INT(struct epoll_event, 2), N, N),
	HOST(eventfd, N),
	HOST(inotify_init),
#endif
#ifdef SYS_arch_prctl
	OWN(arch_prctl, N, N),
#endif

	/* would have the host map or look at memory by itself, or change the runner */
	NONE(shmget), NONE(shmat), NONE(shmctl), NONE(shmdt),
	NONE(io_setup), NONE(io_destroy), NONE(io_submit), NONE(io_cancel), NONE(io_getevents),
	NONE(io_uring_setup), NONE(io_uring_enter), NONE(io_uring_register),
	NONE(process_vm_readv), NONE(process_vm_writev), NONE(ptrace), NONE(kcmp),
	NONE(userfaultfd), NONE(memfd_secret), NONE(perf_event_open), NONE(bpf),
	NONE(landlock_create_ruleset), NONE(landlock_add_rule), NONE(landlock_restrict_self),
	NONE(seccomp), NONE(rseq), NONE(process_madvise), NONE(process_mrelease),
	NONE(io_pgetevents), NONE(get_mempolicy), NONE(set_mempolicy), NONE(mbind),
	NONE(move_pages), NONE(migrate_pages),
	NONE(pkey_alloc), NONE(pkey_free), NONE(pkey_mprotect), NONE(remap_file_pages),
	NONE(futex_waitv), NONE(sched_getattr), NONE(sched_setattr),
	/* nobody misses them */
	NONE(add_key), NONE(request_key), NONE(keyctl), NONE(fanotify_init), NONE(fanotify_mark),
	NONE(quotactl), NONE(quotactl_fd), NONE(lookup_dcookie), NONE(nfsservctl),
	NONE(init_module), NONE(finit_module), NONE(delete_module), NONE(kexec_load),
};

static const struct call *find(uint64_t number)
{
	return number < CALLS_MAX && calls[number].name ? &calls[number] : NULL;
}

const char *calls_name(uint64_t number)
{
	const struct call *call = find(number);

	return call ? call->name : NULL;
}

unsigned int calls_arguments(uint64_t number)
{
	const struct call *call = find(number);
	unsigned int n = 0;

	while (call && n < CALLS_ARGUMENTS && call->argument[n].kind != NOTHING)
		n++;
	return call ? n : CALLS_ARGUMENTS;
}

int64_t calls_do(struct thread *thread, uint64_t number, const uint64_t *argument)
{
	const struct call *call = find(number);
	const uint64_t times = stats_call(thread, number, argument);

	if (!call || call->own == none) {
		calls_name_missing(thread, number, times);
		return -ENOSYS;
	}
	if (call->own)
		return call->own(thread, argument);
	return (call->waits ? passage_wait : passage_ask)(thread, (long)number, call->argument,
							  argument);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A call of the table goes to the host, or to a function of its own. Which calls there
 * are is the list that the table is; the rest is ENOSYS.
 */
#define _GNU_SOURCE
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <time.h>

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

static const struct call calls[CALLS_MAX] = {
	/* memory */
	OWN(brk, N), OWN(mmap, N, N, N, N, N, N), OWN(munmap, N, N), OWN(mprotect, N, N, N),
	OWN(mremap, N, N, N, N, N), OWN(madvise, N, N, N), OWN(mincore, N, N, N), OWN(msync, N, N, N),
	OWN(mlock, N, N), OWN(mlock2, N, N, N), OWN(munlock, N, N), OWN(mlockall, N), OWN(munlockall),
	/* threads and processes */
	OWN(clone, N, N, N, N, N), OWN(clone3, N, N), OWN(fork), OWN(vfork), OWN(unshare, N), OWN(setns, FD, N),
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
	OWN(arch_prctl, N, N), OWN(exit, N), OWN(exit_group, N),
	OWN(set_tid_address, N),
	HOST(getpid), HOST(getppid), HOST(gettid), HOST(getuid), HOST(geteuid), HOST(getgid),
	HOST(getegid), HOST(getpgrp), HOST(getpgid, N), HOST(setpgid, N, N), HOST(getsid, N),
	HOST(getgroups, N, OUT_BY(gid_t, 0)), HOST(umask, N), HOST(sched_yield),
	HOST(getresuid, OUT(uid_t), OUT(uid_t), OUT(uid_t)),
	HOST(getresgid, OUT(gid_t), OUT(gid_t), OUT(gid_t)),
	OWN(setuid, N), OWN(setgid, N), OWN(setreuid, N, N), OWN(setregid, N, N),
	OWN(setresuid, N, N, N), OWN(setresgid, N, N, N), HOST(setgroups, N, IN_BY(gid_t, 0)),
	HOST(getpriority, N, N), HOST(getrusage, N, OUT(struct rusage)),
	HOST(uname, OUT(struct utsname)),
	HOST(sysinfo, OUT(struct sysinfo)), HOST(times, OUT(struct tms)),
	HOST(getrandom, OUT_BY(char, 1), N, N),
	OWN(futex, N, N, N, N, N, N), HOST(sched_getaffinity, N, N, OUT_BY(char, 1)),
	HOST(getcpu, OUT(unsigned int), OUT(unsigned int), N),
	/* signals and timers */
	OWN(rt_sigaction, N, N, N, N), OWN(rt_sigprocmask, N, N, N, N), OWN(rt_sigreturn),
	OWN(sigaltstack, N, N), OWN(rt_sigpending, N, N), OWN(restart_syscall), OWN(pause),
	OWN(rt_sigsuspend, N, N),
	HOST(kill, N, N), HOST(tkill, N, N), HOST(tgkill, N, N, N),
	HOST(rt_sigqueueinfo, N, N, IN(siginfo_t)), HOST(rt_tgsigqueueinfo, N, N, N, IN(siginfo_t)),
	WAITS(rt_sigtimedwait, IN(uint64_t), OUT(siginfo_t), IN(struct timespec), N),
	HOST(signalfd, FD, IN(uint64_t), N), HOST(signalfd4, FD, IN(uint64_t), N, N),
	HOST(alarm, N), HOST(getitimer, N, OUT(struct itimerval)),
	HOST(setitimer, N, IN(struct itimerval), OUT(struct itimerval)),
	HOST(timer_create, N, IN(struct sigevent), OUT(int)), HOST(timer_delete, N),
	HOST(timer_settime, N, N, IN(struct itimerspec), OUT(struct itimerspec)),
	HOST(timer_gettime, N, OUT(struct itimerspec)), HOST(timer_getoverrun, N),
	/* time */
	OWN(clock_gettime, N, N), HOST(clock_getres, N, OUT(struct timespec)),
	HOST(gettimeofday, OUT(struct timeval), OUT(struct timezone)), HOST(time, OUT(time_t)),
	WAITS(nanosleep, IN(struct timespec), OUT(struct timespec)),
	WAITS(clock_nanosleep, N, N, IN(struct timespec), OUT(struct timespec)),
	/* descriptors */
	WAITS(read, FD, OUT_BY(char, 2), N), WAITS(write, FD, IN_BY(char, 2), N),
	HOST(pread64, FD, OUT_BY(char, 2), N, N), HOST(pwrite64, FD, IN_BY(char, 2), N, N),
	WAITS(readv, FD, VECTOR_OUT, N), WAITS(writev, FD, VECTOR_IN, N),
	WAITS(open, STR, N, N), WAITS(openat, FD, STR, N, N), OWN(close, FD),
	HOST(lseek, FD, N, N), HOST(dup, FD), OWN(dup2, FD, FD), OWN(dup3, FD, FD, N),
	HOST(pipe, OUT(int[2])), HOST(pipe2, OUT(int[2]), N), OWN(ioctl, N, N, N),
	OWN(fcntl, N, N, N), WAITS(flock, FD, N), HOST(fsync, FD), HOST(fdatasync, FD),
	HOST(ftruncate, FD, N), HOST(fadvise64, FD, N, N, N),
	WAITS(poll, OUT_BY(struct pollfd, 1), N, N),
	HOST(ppoll, OUT_BY(struct pollfd, 1), N, OUT(struct timespec), MASK, N),
	WAITS(select, N, FD_BITS, FD_BITS, FD_BITS, OUT(struct timeval)),
	HOST(pselect6, N, FD_BITS, FD_BITS, FD_BITS, OUT(struct timespec), MASK_PAIR),
	HOST(epoll_create, N), HOST(epoll_create1, N),
	HOST(epoll_ctl, FD, N, FD, IN(struct epoll_event)),
	WAITS(epoll_wait, FD, OUT_BY(struct epoll_event, 2), N, N),
	HOST(epoll_pwait, FD, OUT_BY(struct epoll_event, 2), N, N, MASK, N),
	HOST(epoll_pwait2, FD, OUT_BY(struct epoll_event, 2), N, IN(struct timespec), MASK, N),
	WAITS(copy_file_range, FD, OUT(uint64_t), FD, OUT(uint64_t), N, N),
	WAITS(sendfile, FD, FD, OUT(uint64_t), N),
	/* files */
	HOST(stat, STR, OUT(struct stat)), HOST(lstat, STR, OUT(struct stat)),
	HOST(fstat, FD, OUT(struct stat)), HOST(newfstatat, FD, STR, OUT(struct stat), N),
	HOST(statx, FD, STR, N, N, OUT(struct statx)), HOST(statfs, STR, OUT(struct statfs)),
	HOST(fstatfs, FD, OUT(struct statfs)), HOST(access, STR, N), HOST(faccessat, FD, STR, N),
	HOST(faccessat2, FD, STR, N, N), OWN(readlink, N, N, N), OWN(readlinkat, N, N, N, N),
	HOST(getdents64, FD, OUT_BY(char, 2), N), HOST(getcwd, OUT_BY(char, 1), N),
	HOST(chdir, STR), HOST(fchdir, FD), HOST(mkdir, STR, N), HOST(mkdirat, FD, STR, N),
	HOST(rmdir, STR), HOST(unlink, STR), HOST(unlinkat, FD, STR, N), HOST(rename, STR, STR),
	HOST(renameat, FD, STR, FD, STR), HOST(renameat2, FD, STR, FD, STR, N),
	HOST(link, STR, STR), HOST(linkat, FD, STR, FD, STR, N), HOST(symlink, STR, STR),
	HOST(symlinkat, STR, FD, STR), HOST(chmod, STR, N), HOST(fchmod, FD, N),
	HOST(fchmodat, FD, STR, N), HOST(chown, STR, N, N), HOST(lchown, STR, N, N),
	HOST(fchown, FD, N, N), HOST(fchownat, FD, STR, N, N, N), HOST(truncate, STR, N),
	HOST(utimensat, FD, STR, IN(struct timespec[2]), N), HOST(sync),
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

static void name_missing(const struct thread *thread, uint64_t number, uint64_t times)
{
	if (thread->process->verbose && times == 1)
		fprintf(stderr, "vdsorun: system call %llu is not there\n", (unsigned long long)number);
}

int64_t calls_do(struct thread *thread, uint64_t number, const uint64_t *argument)
{
	const struct call *call = find(number);
	const uint64_t times = stats_call(thread, number, argument);

	if (!call) {
		name_missing(thread, number, times);
		return -ENOSYS;
	}
	if (call->own)
		return call->own(thread, argument);
	return (call->waits ? passage_wait : passage_ask)(thread, (long)number, call->argument,
							  argument);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A call of the table goes to the host with its arguments translated: what is a pointer
 * into the guest becomes one into the host, through space.h alone. The others have a
 * function. Which calls there are is the list that the table is; the rest is ENOSYS.
 */
#define _GNU_SOURCE
#include "calls.h"

#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "fds.h"

/* -------------------------------------------------------------------------
 * What an argument is.
 */
enum kind {
	NOTHING,
	NUMBER,		/* goes as it is */
	DESCRIPTOR,
	STRING,
	MEMORY,		/* `size` bytes, times argument `by` */
	VECTOR,		/* struct iovec, as many as the next argument says */
};

struct argument {
	uint8_t kind;
	uint8_t prot;		/* what the host does with it: GUEST_READ, GUEST_WRITE */
	uint8_t by;		/* 1 + the number of the argument that counts; 0: none */
	uint16_t size;
};

typedef int64_t call_fn(struct program *program, const uint64_t *argument);

struct call {
	const char *name;
	call_fn *own;		/* NULL: the host's */
	struct argument argument[CALLS_ARGUMENTS];
};

#define N { .kind = NUMBER }
#define FD { .kind = DESCRIPTOR }
#define STR { .kind = STRING }
#define IN(type) { .kind = MEMORY, .prot = GUEST_READ, .size = sizeof(type) }
#define OUT(type) { .kind = MEMORY, .prot = GUEST_WRITE, .size = sizeof(type) }
#define IN_BY(type, number) { .kind = MEMORY, .prot = GUEST_READ, .size = sizeof(type), .by = 1 + (number) }
#define OUT_BY(type, number) { .kind = MEMORY, .prot = GUEST_WRITE, .size = sizeof(type), .by = 1 + (number) }
#define VECTOR_IN { .kind = VECTOR, .prot = GUEST_READ }
#define VECTOR_OUT { .kind = VECTOR, .prot = GUEST_WRITE }

/* As the kernel has them, where the C library has others. */
struct kernel_sigset {
	uint64_t bits;
};

struct kernel_sigaction {
	uint64_t handler, flags, restorer;
	struct kernel_sigset mask;
};

struct kernel_termios {
	uint32_t flags[4];
	uint8_t line, control[19];
};

/* -------------------------------------------------------------------------
 * A call on its way to the host, and what it has borrowed.
 */
enum { PARTS = IOV_MAX };

struct passage {
	struct program *program;
	const struct argument *is;
	uint64_t guest[CALLS_ARGUMENTS];
	long host[CALLS_ARGUMENTS];
	void *copy[CALLS_ARGUMENTS];	/* to be freed; of memory that is in pieces */
	size_t copied[CALLS_ARGUMENTS];	/* to be written back */
};

static int pass_string(struct passage *passage, int i)
{
	char *string = malloc(PATH_MAX);

	if (!string)
		return -ENOMEM;
	passage->copy[i] = string;
	passage->host[i] = (long)string;
	return space_read_string(passage->program->space, string, guest_at(passage->guest[i]),
				 PATH_MAX);
}

/* How much of it can be used so: the host itself would find out where that ends. */
static size_t usable(const struct space *space, uint64_t at, size_t size, unsigned int prot)
{
	size_t good = 0;

	while (good < size) {
		size_t follow;

		if (!space_at(space, guest_at(at + good), prot, &follow))
			return good;
		good += follow;
	}
	return size;
}

static int pass_in_pieces(struct passage *passage, int i, size_t size)
{
	passage->copy[i] = malloc(size);
	if (!passage->copy[i])
		return -ENOMEM;
	passage->host[i] = (long)passage->copy[i];
	if (passage->is[i].prot & GUEST_WRITE)
		passage->copied[i] = size;
	return space_read(passage->program->space, passage->copy[i], guest_at(passage->guest[i]),
			  size);
}

/* Where an argument counts, the host is told how much can be used, if that is some. */
static int pass_memory(struct passage *passage, int i)
{
	const struct argument *is = &passage->is[i];
	const struct space *space = passage->program->space;
	uint64_t count = is->by ? passage->guest[is->by - 1] : 1;
	size_t size, good, follow;
	void *host;

	if (count > INT_MAX / is->size)
		count = INT_MAX / is->size;
	size = count * is->size;
	if (!size)
		return 0;	/* NULL will do */
	good = usable(space, passage->guest[i], size, is->prot);
	if (good < is->size)
		return -EFAULT;
	if (is->by) {
		count = good / is->size;
		size = count * is->size;
		passage->host[is->by - 1] = (long)count;
	}
	host = space_at(space, guest_at(passage->guest[i]), is->prot, &follow);
	if (follow < size)
		return pass_in_pieces(passage, i, size);
	passage->host[i] = (long)host;
	return 0;
}

static size_t sum(const struct iovec *part, int parts)
{
	size_t size = 0;

	while (parts-- > 0)
		size += part[parts].iov_len;
	return size;
}

/* One of the guest's may be several of the host's. What comes too late is a short count. */
static int pass_vector(struct passage *passage, int i)
{
	const struct space *space = passage->program->space;
	uint64_t at = passage->guest[i], count = passage->guest[i + 1];
	struct iovec *part;
	int parts = 0;

	if (count > IOV_MAX)
		return -EINVAL;
	part = malloc(PARTS * sizeof *part);
	if (!part)
		return -ENOMEM;
	passage->copy[i] = part;
	for (; count > 0 && parts < PARTS; count--, at += sizeof *part) {
		struct iovec one;
		int more = space_read(space, &one, guest_at(at), sizeof one);

		if (!more)
			more = space_parts(space, guest_at((uintptr_t)one.iov_base), one.iov_len,
					   passage->is[i].prot, part + parts, PARTS - parts);
		if (more < 0 && parts == 0)
			return more;
		if (more < 0)
			break;
		parts += more;
		if (sum(part + parts - more, more) < one.iov_len)
			break;
	}
	passage->host[i] = (long)part;
	passage->host[i + 1] = parts;
	return 0;
}

static int pass(struct passage *passage, int i)
{
	uint64_t value = passage->guest[i];

	switch ((enum kind)passage->is[i].kind) {
	case DESCRIPTOR:
		return fds_hidden(value) ? -EBADF : 0;
	case STRING:
		return value ? pass_string(passage, i) : 0;
	case MEMORY:
		passage->host[i] = 0;
		return value ? pass_memory(passage, i) : 0;
	case VECTOR:
		return pass_vector(passage, i);
	default:
		return 0;
	}
}

static void come_back(struct passage *passage)
{
	for (int i = 0; i < CALLS_ARGUMENTS; i++) {
		if (passage->copied[i])
			space_write(passage->program->space, guest_at(passage->guest[i]),
				    passage->copy[i], passage->copied[i]);
		free(passage->copy[i]);
	}
}

static int64_t ask_host(struct program *program, long number, const struct argument *is,
			const uint64_t *argument)
{
	struct passage passage = { .program = program, .is = is };
	const long *a = passage.host;
	int64_t result = 0;

	memcpy(passage.guest, argument, sizeof passage.guest);
	memcpy(passage.host, argument, sizeof passage.host);
	for (int i = 0; i < CALLS_ARGUMENTS && !result; i++)
		result = pass(&passage, i);
	if (!result) {
		result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
		if (result == -1)
			result = -errno;
	}
	come_back(&passage);
	return result;
}

/* -------------------------------------------------------------------------
 * Calls with a function: memory.
 */
static int64_t call_brk(struct program *program, const uint64_t *a)
{
	return (int64_t)space_brk(program->space, guest_at(a[0]));
}

static int64_t call_mmap(struct program *program, const uint64_t *a)
{
	int flags = (int)a[3];

	if (!(flags & MAP_ANONYMOUS) && fds_hidden(a[4]))
		return -EBADF;
	return space_mmap(program->space, guest_at(a[0]), a[1], (int)a[2], flags, (int)a[4], a[5]);
}

static int64_t call_munmap(struct program *program, const uint64_t *a)
{
	return space_munmap(program->space, guest_at(a[0]), a[1]);
}

static int64_t call_mprotect(struct program *program, const uint64_t *a)
{
	return space_mprotect(program->space, guest_at(a[0]), a[1], (int)a[2]);
}

/* -------------------------------------------------------------------------
 * The thread.
 */
static int64_t call_arch_prctl(struct program *program, const uint64_t *a)
{
	uint64_t base;

	switch (a[0]) {
	case ARCH_SET_FS:
		if (a[1] >= vm_user_range(program->vm).end.v)
			return -EPERM;
		vcpu_set(program->vcpu, VM_THREAD_POINTER, a[1]);
		return 0;
	case ARCH_GET_FS:
		base = vcpu_get(program->vcpu, VM_THREAD_POINTER);
		return space_write(program->space, guest_at(a[1]), &base, sizeof base);
	default:
		return -EINVAL;
	}
}

static int64_t call_exit(struct program *program, const uint64_t *a)
{
	program->ended = true;
	program->status = (int)a[0] & 0xff;
	return 0;
}

/* Nobody else waits for this thread or looks at its list: there is no other. */
static int64_t call_set_tid_address(struct program *program, const uint64_t *a)
{
	(void)program;
	(void)a;
	return syscall(SYS_gettid);
}

/*
 * To ignore a signal and not to is the host's; no handler can be called yet.
 */
static int64_t call_rt_sigaction(struct program *program, const uint64_t *a)
{
	struct kernel_sigaction new = { 0 }, old;
	int failed = 0;

	if (a[1])
		failed = space_read(program->space, &new, guest_at(a[1]), sizeof new);
	if (failed)
		return failed;
	if (new.handler > (uintptr_t)SIG_IGN || (int)a[0] == SIGRTMAX)
		return -ENOSYS;
	if (syscall(SYS_rt_sigaction, (int)a[0], a[1] ? &new : NULL, &old, a[3]))
		return -errno;
	return a[2] ? space_write(program->space, guest_at(a[2]), &old, sizeof old) : 0;
}

/* The host's own, on the host's address of the word, which no other page of the guest has. */
static int64_t call_futex(struct program *program, const uint64_t *a)
{
	struct argument is[CALLS_ARGUMENTS] = { OUT(uint32_t), N, N };

	switch ((int)a[1] & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		is[3] = (struct argument)IN(struct timespec);
		break;
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
		break;
	default:
		return -ENOSYS;
	}
	return ask_host(program, SYS_futex, is, a);
}

/* -------------------------------------------------------------------------
 * Time: what the page does not answer, the host answers as the page would.
 */
static int64_t call_clock_gettime(struct program *program, const uint64_t *a)
{
	struct timespec now;

	if ((!program->clock || !clock_read(program->clock, (clockid_t)a[0], &now)) &&
	    clock_gettime((clockid_t)a[0], &now))
		return -errno;
	return space_write(program->space, guest_at(a[1]), &now, sizeof now);
}

/* -------------------------------------------------------------------------
 * Descriptors.
 */
static int64_t call_ioctl(struct program *program, const uint64_t *a)
{
	static const struct {
		unsigned int number;
		struct argument is;
	} known[] = {
		{ TCGETS, OUT(struct kernel_termios) }, { TCSETS, IN(struct kernel_termios) },
		{ TCSETSW, IN(struct kernel_termios) }, { TCSETSF, IN(struct kernel_termios) },
		{ TIOCGWINSZ, OUT(struct winsize) },	{ TIOCSWINSZ, IN(struct winsize) },
		{ TIOCGPGRP, OUT(int) },		{ TIOCSPGRP, IN(int) },
		{ TIOCGSID, OUT(int) },			{ FIONREAD, OUT(int) },
		{ TIOCOUTQ, OUT(int) },			{ FIONBIO, IN(int) },
		{ FIOCLEX, N },				{ FIONCLEX, N },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		struct argument is[CALLS_ARGUMENTS] = { FD, N, known[i].is };

		if (known[i].number == (unsigned int)a[1])
			return ask_host(program, SYS_ioctl, is, a);
	}
	if (program->verbose)
		fprintf(stderr, "vdsorun: ioctl %#x is not there\n", (unsigned int)a[1]);
	return fds_hidden(a[0]) ? -EBADF : -ENOTTY;
}

static int64_t call_fcntl(struct program *program, const uint64_t *a)
{
	struct argument is[CALLS_ARGUMENTS] = { FD, N, N };

	switch ((int)a[1]) {
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		is[2] = (struct argument)OUT(struct flock);
		break;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_GETFD:
	case F_SETFD:
	case F_GETFL:
	case F_SETFL:
	case F_GETPIPE_SZ:
	case F_SETPIPE_SZ:
		break;
	default:
		return -EINVAL;
	}
	return ask_host(program, SYS_fcntl, is, a);
}

/* The program, not the runner. */
static int64_t call_readlink(struct program *program, const uint64_t *a)
{
	static const struct argument is[CALLS_ARGUMENTS] = { STR, OUT_BY(char, 2), N };
	char name[sizeof "/proc/self/exe"];
	size_t length = strlen(program->path);

	if (space_read_string(program->space, name, guest_at(a[0]), sizeof name) ||
	    strcmp(name, "/proc/self/exe") != 0)
		return ask_host(program, SYS_readlink, is, a);
	if (length > a[2])
		length = a[2];
	if (space_write(program->space, guest_at(a[1]), program->path, length))
		return -EFAULT;
	return (int64_t)length;
}

static int64_t call_readlinkat(struct program *program, const uint64_t *a)
{
	static const struct argument is[CALLS_ARGUMENTS] = { FD, STR, OUT_BY(char, 3), N };
	char name[2];

	/* an absolute name needs no folder */
	if (!space_read(program->space, name, guest_at(a[1]), 1) && name[0] == '/')
		return call_readlink(program, a + 1);
	return ask_host(program, SYS_readlinkat, is, a);
}

/* -------------------------------------------------------------------------
 * The table.
 */
#define HOST(number, ...) [SYS_##number] = { #number, NULL, { __VA_ARGS__ } }
#define OWN(number, ...) [SYS_##number] = { #number, call_##number, { __VA_ARGS__ } }

static const struct call calls[CALLS_MAX] = {
	/* memory */
	OWN(brk, N), OWN(mmap, N, N, N, N, N, N), OWN(munmap, N, N), OWN(mprotect, N, N, N),
	/* the process and its only thread */
	OWN(arch_prctl, N, N), OWN(exit, N), [SYS_exit_group] = { "exit_group", call_exit, { N } },
	OWN(set_tid_address, N), OWN(rt_sigaction, N, N, N, N),
	HOST(rt_sigprocmask, N, IN(struct kernel_sigset), OUT(struct kernel_sigset), N),
	HOST(kill, N, N), HOST(tkill, N, N), HOST(tgkill, N, N, N),
	HOST(getpid), HOST(getppid), HOST(gettid), HOST(getuid), HOST(geteuid), HOST(getgid),
	HOST(getegid), HOST(getpgrp), HOST(getpgid, N), HOST(setpgid, N, N), HOST(getsid, N),
	HOST(getgroups, N, OUT_BY(gid_t, 0)), HOST(umask, N), HOST(sched_yield),
	HOST(getresuid, OUT(uid_t), OUT(uid_t), OUT(uid_t)),
	HOST(getresgid, OUT(gid_t), OUT(gid_t), OUT(gid_t)),
	HOST(getpriority, N, N), HOST(getrusage, N, OUT(struct rusage)),
	HOST(prlimit64, N, N, IN(struct rlimit), OUT(struct rlimit)),
	HOST(getrlimit, N, OUT(struct rlimit)), HOST(uname, OUT(struct utsname)),
	HOST(sysinfo, OUT(struct sysinfo)), HOST(times, OUT(struct tms)),
	HOST(getrandom, OUT_BY(char, 1), N, N),
	OWN(futex, N, N, N, N, N, N), HOST(sched_getaffinity, N, N, OUT_BY(char, 1)),
	HOST(getcpu, OUT(unsigned int), OUT(unsigned int), N),
	/* time */
	OWN(clock_gettime, N, N), HOST(clock_getres, N, OUT(struct timespec)),
	HOST(gettimeofday, OUT(struct timeval), OUT(struct timezone)), HOST(time, OUT(time_t)),
	HOST(nanosleep, IN(struct timespec), OUT(struct timespec)),
	HOST(clock_nanosleep, N, N, IN(struct timespec), OUT(struct timespec)),
	/* descriptors */
	HOST(read, FD, OUT_BY(char, 2), N), HOST(write, FD, IN_BY(char, 2), N),
	HOST(pread64, FD, OUT_BY(char, 2), N, N), HOST(pwrite64, FD, IN_BY(char, 2), N, N),
	HOST(readv, FD, VECTOR_OUT, N), HOST(writev, FD, VECTOR_IN, N),
	HOST(open, STR, N, N), HOST(openat, FD, STR, N, N), HOST(close, FD),
	HOST(lseek, FD, N, N), HOST(dup, FD), HOST(dup2, FD, FD), HOST(dup3, FD, FD, N),
	HOST(pipe, OUT(int[2])), HOST(pipe2, OUT(int[2]), N), OWN(ioctl, N, N, N),
	OWN(fcntl, N, N, N), HOST(flock, FD, N), HOST(fsync, FD), HOST(fdatasync, FD),
	HOST(ftruncate, FD, N), HOST(fadvise64, FD, N, N, N),
	HOST(poll, OUT_BY(struct pollfd, 1), N, N),
	HOST(copy_file_range, FD, OUT(uint64_t), FD, OUT(uint64_t), N, N),
	HOST(sendfile, FD, FD, OUT(uint64_t), N),
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

static void name_missing(const struct program *program, uint64_t number)
{
	const uint64_t times = program->asked[number < CALLS_MAX ? number : CALLS_MAX - 1];

	if (program->verbose && times == 1)
		fprintf(stderr, "vdsorun: system call %llu is not there\n", (unsigned long long)number);
}

int64_t calls_do(struct program *program, uint64_t number, const uint64_t *argument)
{
	const struct call *call = find(number);

	program->asked[number < CALLS_MAX ? number : CALLS_MAX - 1]++;
	if (!call) {
		name_missing(program, number);
		return -ENOSYS;
	}
	return call->own ? call->own(program, argument) :
			   ask_host(program, (long)number, call->argument, argument);
}

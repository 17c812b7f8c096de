/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracee.h"
#include "vdsogen.h"

/* -------------------------------------------------------------------------
 * Registers, the only part that depends on the architecture.
 */
#define ARGUMENTS 6

#if defined __x86_64__

typedef struct user_regs_struct registers;

#define THIS_ARCH AUDIT_ARCH_X86_64
#define REPLACES_KERNELS true
static const unsigned char syscall_code[] = { 0x0f, 0x05 };	/* syscall */

static void set_pc(registers *r, uint64_t pc) { r->rip = pc; }
static uint64_t get_sp(const registers *r) { return r->rsp; }
static long get_number(const registers *r) { return (long)r->orig_rax; }
static long get_result(const registers *r) { return (long)r->rax; }
static uint64_t get_first(const registers *r) { return r->rdi; }
static uint64_t get_second(const registers *r) { return r->rsi; }

static void set_call(registers *r, long number, const uint64_t a[ARGUMENTS])
{
	r->orig_rax = UINT64_MAX;	/* not in a call that could be restarted */
	r->rax = (uint64_t)number;
	r->rdi = a[0];
	r->rsi = a[1];
	r->rdx = a[2];
	r->r10 = a[3];
	r->r8 = a[4];
	r->r9 = a[5];
}

static void set_result(pid_t tid, registers *r, long result)
{
	(void)tid;
	r->orig_rax = UINT64_MAX;
	r->rax = (uint64_t)result;
}

#elif defined __aarch64__

typedef struct user_regs_struct registers;

#define THIS_ARCH AUDIT_ARCH_AARCH64
/* The kernel returns from signal handlers through its own vDSO, at the place where it put it. */
#define REPLACES_KERNELS false
static const unsigned char syscall_code[] = { 0x01, 0x00, 0x00, 0xd4 };	/* svc #0 */

enum { NUMBER = 8 };

static void set_pc(registers *r, uint64_t pc) { r->pc = pc; }
static uint64_t get_sp(const registers *r) { return r->sp; }
static long get_number(const registers *r) { return (long)r->regs[NUMBER]; }
static long get_result(const registers *r) { return (long)r->regs[0]; }
static uint64_t get_first(const registers *r) { return r->regs[0]; }
static uint64_t get_second(const registers *r) { return r->regs[1]; }

static void set_call(registers *r, long number, const uint64_t a[ARGUMENTS])
{
	memcpy(r->regs, a, ARGUMENTS * sizeof *a);
	r->regs[NUMBER] = (uint64_t)number;
}

static void set_result(pid_t tid, registers *r, long result)
{
	int none = -1;
	struct iovec io = { &none, sizeof none };

	ptrace(PTRACE_SETREGSET, tid, (void *)NT_ARM_SYSTEM_CALL, &io);
	r->regs[0] = (uint64_t)result;
}

#else
#error "no registers known for this architecture: add them here"
#endif

/* 0, or errno; EINVAL for a 32-bit program, which has fewer. */
static int get_registers(pid_t tid, registers *r)
{
	struct iovec io = { r, sizeof *r };

	if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &io) < 0)
		return errno;
	return io.iov_len == sizeof *r ? 0 : EINVAL;
}

static int set_registers(pid_t tid, registers *r)
{
	struct iovec io = { r, sizeof *r };

	return ptrace(PTRACE_SETREGSET, tid, (void *)NT_PRSTATUS, &io) < 0 ? errno : 0;
}

/* -------------------------------------------------------------------------
 * Attaching, and stopped system calls.
 */
int tracee_seize(pid_t pid)
{
	const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC |
			     PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACESECCOMP;

	return ptrace(PTRACE_SEIZE, pid, NULL, (void *)options) < 0 ? errno : 0;
}

bool tracee_get_call(pid_t tid, struct tracee_call *call)
{
	registers r;

	if (get_registers(tid, &r))
		return false;
	*call = (struct tracee_call){ get_number(&r), { get_first(&r), get_second(&r) } };
	return true;
}

void tracee_answer(pid_t tid, long result)
{
	registers r;

	if (get_registers(tid, &r))
		return;
	set_result(tid, &r, result);
	set_registers(tid, &r);
}

bool tracee_write(pid_t tid, uint64_t to, const void *bytes, size_t size)
{
	struct iovec local = { (void *)(uintptr_t)bytes, size };
	struct iovec remote = { (void *)(uintptr_t)to, size };

	return process_vm_writev(tid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

int tracee_filter(const int *numbers, size_t count)
{
	enum { NUMBERS_MAX = 16, FIXED = 5 };
	struct sock_filter code[FIXED + NUMBERS_MAX], *c = code;
	struct sock_fprog program = { .filter = code };

	if (count > NUMBERS_MAX)
		return E2BIG;
	*c++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    offsetof(struct seccomp_data, arch));
	*c++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 0,
					    (uint8_t)(count + 1));
	*c++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++)
		*c++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)numbers[i],
						    (uint8_t)(count - i), 0);
	*c++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	*c++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	program.len = (unsigned short)(c - code);

	/* Who may not do it so must promise to gain no privilege by exec. */
	if (!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 0;
	if (errno != EACCES)
		return errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return errno;
	return 0;
}

/* -------------------------------------------------------------------------
 * System calls on behalf of a tracee, before the first instruction of a new
 * program. Its code is left alone: there is a system call instruction in the
 * kernel's vDSO, and then one in the image.
 */
struct injection {
	pid_t tid;
	registers saved;
	uint64_t trap;		/* address of a system call instruction */
	uint64_t mask;		/* of signals */
	bool gone;
	bool stopped;		/* a SIGSTOP has come and is to be sent again */
	char *why;
};

static bool fail(struct injection *in, const char *what, int error)
{
	if (error == ESRCH)
		in->gone = true;
	snprintf(in->why, TRACEE_WHY_ROOM, "%s: %s", what, strerror(error));
	return false;
}

/* Its death is left for others to wait for. */
static bool wait_stop(struct injection *in, int *status)
{
	siginfo_t info;

	while (waitid(P_PID, (id_t)in->tid, &info, WEXITED | WSTOPPED | WNOWAIT | __WALL))
		if (errno != EINTR)
			return fail(in, "waitid", errno);
	if (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED)
		return fail(in, "killed", ESRCH);
	while (waitpid(in->tid, status, __WALL) < 0)
		if (errno != EINTR)
			return fail(in, "waitpid", errno);
	return true;
}

/* To the next entry into or return from a system call. */
static bool step(struct injection *in)
{
	int status;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, in->tid, NULL, NULL) < 0)
			return fail(in, "PTRACE_SYSCALL", errno);
		if (!wait_stop(in, &status))
			return false;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			return true;
		if (WSTOPSIG(status) == SIGSTOP && !(status >> 16))
			in->stopped = true;	/* no mask holds this one back */
	}
}

static bool inject(struct injection *in, long *result, long number,
		   const uint64_t argument[ARGUMENTS])
{
	registers r = in->saved;
	int error;

	set_call(&r, number, argument);
	set_pc(&r, in->trap);
	error = set_registers(in->tid, &r);
	if (error)
		return fail(in, "PTRACE_SETREGSET", error);
	if (!step(in) || !step(in))
		return false;
	error = get_registers(in->tid, &r);
	if (error)
		return fail(in, "PTRACE_GETREGSET", error);
	*result = get_result(&r);
	return true;
}

#define INJECT(in, result, number, ...) \
	inject(in, result, number, (const uint64_t[ARGUMENTS]){ __VA_ARGS__ })

/* What it returned as a system call: -errno from -4095 on. */
static bool is_error(long result)
{
	return result < 0 && result >= -4095;
}

/* Out of execve(), which would overwrite the result, to a place where a call can be made. */
static bool begin(struct injection *in)
{
	const uint64_t all = UINT64_MAX;
	int error;

	if (ptrace(PTRACE_SETSIGMASK, in->tid, (void *)sizeof all, &all) < 0)
		return fail(in, "PTRACE_SETSIGMASK", errno);
	if (!step(in))
		return false;
	error = get_registers(in->tid, &in->saved);
	return error ? fail(in, "PTRACE_GETREGSET", error) : true;
}

/* Whether the signal waits to be delivered, to the thread or to its process. */
static bool is_pending(pid_t tid, int number)
{
	char path[64], line[128];
	bool found = false;
	uint64_t set;
	FILE *status;

	snprintf(path, sizeof path, "/proc/%d/status", tid);
	status = fopen(path, "re");
	while (status && !found && fgets(line, sizeof line, status))
		if (sscanf(line, "SigPnd: %" SCNx64, &set) == 1 ||
		    sscanf(line, "ShdPnd: %" SCNx64, &set) == 1)
			found = set >> (number - 1) & 1;
	if (status)
		fclose(status);
	return found;
}

/*
 * A SIGSTOP that was kept is sent again, unless a SIGCONT has come after it: a
 * new SIGSTOP would discard that one, and nobody would send another.
 */
static void end(struct injection *in, bool begun)
{
	if (begun)
		set_registers(in->tid, &in->saved);
	if (in->stopped && !is_pending(in->tid, SIGCONT))
		syscall(SYS_tgkill, in->tid, in->tid, SIGSTOP);
	ptrace(PTRACE_SETSIGMASK, in->tid, (void *)sizeof in->mask, &in->mask);
}

/* -------------------------------------------------------------------------
 * The auxiliary vector on a new program's stack.
 */
struct auxv {
	uint64_t at, end;	/* addresses */
	uint64_t entry;		/* AT_SYSINFO_EHDR's address, or 0 */
	uint64_t vdso;		/* its value, 0 if it is not there */
};

/* One word after the other, by blocks. */
struct words {
	int fd;
	uint64_t at;		/* of the next word */
	size_t have, next;
	uint64_t block[512];
};

static bool next_word(struct words *w, uint64_t *word)
{
	if (w->next == w->have) {
		ssize_t done = pread(w->fd, w->block, sizeof w->block, (off_t)w->at);

		if (done < (ssize_t)sizeof *w->block)
			return false;
		w->have = (size_t)done / sizeof *w->block;
		w->next = 0;
	}
	*word = w->block[w->next++];
	w->at += sizeof *word;
	return true;
}

/* argc, argv and NULL, envp and NULL, then pairs up to AT_NULL. */
static bool scan_stack(struct words *w, struct auxv *auxv)
{
	uint64_t word, value;

	if (!next_word(w, &word))
		return false;
	for (unsigned int nulls = 0; nulls < 2; nulls += !word)
		if (!next_word(w, &word))
			return false;
	auxv->at = w->at;
	do {
		uint64_t at = w->at;

		if (!next_word(w, &word) || !next_word(w, &value))
			return false;
		if (word == AT_SYSINFO_EHDR) {
			auxv->vdso = value;
			auxv->entry = at;
		}
	} while (word != AT_NULL);
	auxv->end = w->at;
	return true;
}

static bool find_auxv(struct injection *in, struct auxv *auxv)
{
	struct words words = { .at = get_sp(&in->saved) };
	char path[64];
	bool good;

	snprintf(path, sizeof path, "/proc/%d/mem", in->tid);
	words.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (words.fd < 0)
		return fail(in, path, errno);
	good = scan_stack(&words, auxv);
	close(words.fd);
	if (!good)
		snprintf(in->why, TRACEE_WHY_ROOM, "its auxiliary vector cannot be read");
	return good;
}

/* Where the kernel's vDSO ends. */
static uint64_t vdso_end(pid_t tid, uint64_t vdso)
{
	char path[64], line[512];
	uint64_t from, to, found = 0;
	FILE *maps;

	snprintf(path, sizeof path, "/proc/%d/maps", tid);
	maps = fopen(path, "re");
	if (!maps)
		return 0;
	while (!found && fgets(line, sizeof line, maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) == 2 && from == vdso)
			found = to;
	fclose(maps);
	return found;
}

/* The kernel's vDSO has fallbacks, too. */
static bool find_trap(struct injection *in, uint64_t vdso, uint64_t end)
{
	unsigned char *code = vdso && end > vdso ? malloc(end - vdso) : NULL, *found = NULL;
	struct iovec local = { code, end - vdso };
	struct iovec remote = { (void *)(uintptr_t)vdso, end - vdso };

	if (code && process_vm_readv(in->tid, &local, 1, &remote, 1, 0) == (ssize_t)(end - vdso))
		found = memmem(code, end - vdso, syscall_code, sizeof syscall_code);
	if (found)
		in->trap = vdso + (uint64_t)(found - code);
	else
		snprintf(in->why, TRACEE_WHY_ROOM, vdso ?
			 "the kernel's vDSO has no system call instruction to borrow" :
			 "the kernel gives it no vDSO to replace (vdso=0?)");
	free(code);
	return found;
}

/* -------------------------------------------------------------------------
 * The image in a new program.
 */

/* What is below the stack pointer nobody needs yet. */
enum { BELOW_STACK = 1024 };

/*
 * Opens the memory file in the tracee. In another PID namespace the path may
 * lead to something else, in another root to nothing.
 */
static bool open_there(struct injection *in, const struct tracee_image *image, long *fd)
{
	uint64_t room = get_sp(&in->saved) - BELOW_STACK;
	char path[64], there[64];
	struct stat ours, theirs;
	long unused;

	snprintf(path, sizeof path, "/proc/%d/fd/%d", getpid(), image->fd);
	if (!tracee_write(in->tid, room, path, strlen(path) + 1))
		return fail(in, "process_vm_writev", errno);
	if (!INJECT(in, fd, SYS_openat, (uint64_t)AT_FDCWD, room, O_RDONLY | O_CLOEXEC))
		return false;
	if (is_error(*fd)) {
		snprintf(in->why, TRACEE_WHY_ROOM, "it cannot open %s: %s", path,
			 strerror((int)-*fd));
		return false;
	}
	snprintf(there, sizeof there, "/proc/%d/fd/%ld", in->tid, *fd);
	if (!fstat(image->fd, &ours) && !stat(there, &theirs) && ours.st_dev == theirs.st_dev &&
	    ours.st_ino == theirs.st_ino)
		return true;
	INJECT(in, &unused, SYS_close, (uint64_t)*fd);
	snprintf(in->why, TRACEE_WHY_ROOM, "%s is another file there: a PID namespace?", path);
	return false;
}

/* An image from a file may say so and have something else there. */
static bool has_trap(const struct tracee_image *image)
{
	unsigned char code[sizeof syscall_code];

	return pread(image->fd, code, sizeof code, (off_t)image->trap) == sizeof code &&
	       !memcmp(code, syscall_code, sizeof code);
}

/* The image is at `base`; its data page in a place that is free, or the kernel's vDSO's. */
static bool map_data(struct injection *in, const struct tracee_image *image, long fd, uint64_t base)
{
	long result;

	if (!image->data)
		return true;
	if (!INJECT(in, &result, SYS_mmap, base + (uint64_t)image->data, VDSOGEN_PAGE, PROT_READ,
		    MAP_SHARED | MAP_FIXED, (uint64_t)fd, image->size))
		return false;
	return !is_error(result) || fail(in, "mmap of the data page", (int)-result);
}

/* Beside the kernel's vDSO there are its own data pages, and nothing else of the program's. */
static bool is_near(const struct tracee_image *image)
{
	return !image->data || image->data == -VDSOGEN_PAGE || image->data == (int64_t)image->size;
}

/*
 * All addresses stay right then, also those that the kernel remembers. The
 * kernel's mapping can be replaced only as a whole. Newer kernels may seal it.
 */
static bool map_in_place(struct injection *in, const struct tracee_image *image, long fd,
			 uint64_t vdso, uint64_t to)
{
	long result;

	if (to < vdso + image->size + (image->data > 0 ? VDSOGEN_PAGE : 0) || !is_near(image) ||
	    !has_trap(image))
		return false;
	if (!INJECT(in, &result, SYS_mmap, vdso, to - vdso, PROT_READ | PROT_EXEC,
		    MAP_SHARED | MAP_FIXED, (uint64_t)fd, 0) || result != (long)vdso)
		return false;
	in->trap = vdso + image->trap;	/* the old one is gone */
	if (to > vdso + image->size)	/* past the end of the file */
		INJECT(in, &result, SYS_munmap, vdso + image->size, to - vdso - image->size);
	return map_data(in, image, fd, vdso);
}

/* An image and its data page need places at a fixed distance: room for both, and between. */
static bool map_apart(struct injection *in, const struct tracee_image *image, long fd, long *base)
{
	int64_t low = image->data < 0 ? image->data : 0;
	int64_t high = image->data > 0 ? image->data + VDSOGEN_PAGE : (int64_t)image->size;

	if (!INJECT(in, base, SYS_mmap, 0, (uint64_t)(high - low), PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0))
		return false;
	if (is_error(*base))
		return true;
	if (!INJECT(in, base, SYS_mmap, (uint64_t)(*base - low), image->size, PROT_READ | PROT_EXEC,
		    MAP_SHARED | MAP_FIXED, (uint64_t)fd, 0))
		return false;
	return is_error(*base) || map_data(in, image, fd, (uint64_t)*base);
}

static bool map_elsewhere(struct injection *in, const struct tracee_image *image, long fd,
			  const struct auxv *auxv)
{
	uint64_t entry[2] = { AT_SYSINFO_EHDR };
	long result;

	if (image->data ? !map_apart(in, image, fd, &result) :
	    !INJECT(in, &result, SYS_mmap, 0, image->size, PROT_READ | PROT_EXEC, MAP_SHARED,
		    (uint64_t)fd, 0))
		return false;
	if (is_error(result))
		return fail(in, "mmap of the image", (int)-result);
	entry[1] = (uint64_t)result;
	if (!tracee_write(in->tid, auxv->entry, entry, sizeof entry))
		return fail(in, "process_vm_writev", errno);
	/* For readers of /proc/PID/auxv; it takes CAP_SYS_RESOURCE, and C libraries do without. */
	return INJECT(in, &result, SYS_prctl, PR_SET_MM, PR_SET_MM_AUXV, auxv->at,
		      auxv->end - auxv->at);
}

static bool give(struct injection *in, const struct tracee_image *image)
{
	struct auxv auxv = { 0 };
	uint64_t vdso_ends;
	long fd, unused;
	bool good = false;

	if (!find_auxv(in, &auxv))
		return false;
	vdso_ends = auxv.vdso ? vdso_end(in->tid, auxv.vdso) : 0;
	if (!find_trap(in, auxv.vdso, vdso_ends) || !open_there(in, image, &fd))
		return false;
	if (REPLACES_KERNELS && !image->elsewhere)
		good = map_in_place(in, image, fd, auxv.vdso, vdso_ends);
	if (!good && !in->gone)
		good = map_elsewhere(in, image, fd, &auxv);
	if (!in->gone)
		INJECT(in, &unused, SYS_close, (uint64_t)fd);
	return good;
}

enum tracee_result tracee_install(pid_t tid, const struct tracee_image *image,
				  char why[TRACEE_WHY_ROOM])
{
	struct injection in = { .tid = tid, .why = why };
	bool begun, good = false;
	int error = get_registers(tid, &in.saved);

	if (error == EINVAL)
		return TRACEE_32BIT;
	if (error) {
		fail(&in, "PTRACE_GETREGSET", error);
		return in.gone ? TRACEE_GONE : TRACEE_REFUSED;
	}
	if (ptrace(PTRACE_GETSIGMASK, tid, (void *)sizeof in.mask, &in.mask) < 0) {
		fail(&in, "PTRACE_GETSIGMASK", errno);
		return in.gone ? TRACEE_GONE : TRACEE_REFUSED;
	}
	begun = begin(&in);
	if (begun)
		good = give(&in, image);
	if (!in.gone)
		end(&in, begun);
	if (in.gone)
		return TRACEE_GONE;
	return good ? TRACEE_INSTALLED : TRACEE_REFUSED;
}

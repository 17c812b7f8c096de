/* SPDX-License-Identifier: BSD-2-Clause */
/* A tracee's registers: all of the tracing that depends on the architecture. */
#ifndef TRACEE_REGISTERS_H
#define TRACEE_REGISTERS_H

#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>

#define ARGUMENTS 6

#if defined __x86_64__

typedef struct user_regs_struct registers;

#define THIS_ARCH AUDIT_ARCH_X86_64
#define REPLACES_KERNELS true
static const unsigned char syscall_code[] = { 0x0f, 0x05 };	/* syscall */

static inline void set_pc(registers *r, uint64_t pc) { r->rip = pc; }
static inline uint64_t get_sp(const registers *r) { return r->rsp; }
static inline long get_number(const registers *r) { return (long)r->orig_rax; }
static inline long get_result(const registers *r) { return (long)r->rax; }
static inline uint64_t get_first(const registers *r) { return r->rdi; }
static inline uint64_t get_second(const registers *r) { return r->rsi; }

static inline void set_call(registers *r, long number, const uint64_t a[ARGUMENTS])
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

static inline void set_result(pid_t tid, registers *r, long result)
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

static inline void set_pc(registers *r, uint64_t pc) { r->pc = pc; }
static inline uint64_t get_sp(const registers *r) { return r->sp; }
static inline long get_number(const registers *r) { return (long)r->regs[NUMBER]; }
static inline long get_result(const registers *r) { return (long)r->regs[0]; }
static inline uint64_t get_first(const registers *r) { return r->regs[0]; }
static inline uint64_t get_second(const registers *r) { return r->regs[1]; }

static inline void set_call(registers *r, long number, const uint64_t a[ARGUMENTS])
{
	memcpy(r->regs, a, ARGUMENTS * sizeof *a);
	r->regs[NUMBER] = (uint64_t)number;
}

static inline void set_result(pid_t tid, registers *r, long result)
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
static inline int get_registers(pid_t tid, registers *r)
{
	struct iovec io = { r, sizeof *r };

	if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &io) < 0)
		return errno;
	return io.iov_len == sizeof *r ? 0 : EINVAL;
}

static inline int set_registers(pid_t tid, registers *r)
{
	struct iovec io = { r, sizeof *r };

	return ptrace(PTRACE_SETREGSET, tid, (void *)NT_PRSTATUS, &io) < 0 ? errno : 0;
}

#endif

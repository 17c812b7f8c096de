/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All that the runner knows of a hypervisor. One back end is linked: kvm*.c, or
 * tests/runner-fake.c, which plays a script.
 *
 * A back end gives a machine whose user code runs in the processor's user mode, with
 * nothing of a kernel but what hands system calls and faults to the host. It has
 * memory of its own for that (page tables and so on), which no function below gives
 * away and no user code can reach. Registers have the names of what they are for, so
 * that who uses this knows no processor.
 *
 * Functions that can fail return 0, or -errno with a text.
 *
 * Who changes mappings, adds memory or makes a vCPU is one thread at a time, while others
 * may run. What is said to be for any thread needs no lock, and is safe beside all else.
 */
#ifndef VM_H
#define VM_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "guest.h"

struct vm;
struct vcpu;

enum { VM_PAGE = 4096 };

int vm_create(struct vm **vm, struct runner_error *error);
/*
 * A descriptor by which what this process becomes by execve() can create a machine, too,
 * where it no longer has the right to open one; -1: nothing is needed.
 */
int vm_device(const struct vm *vm);
/* Before vm_create(): it is open, and the machine's from now on. */
void vm_use_device(int fd);
/* With its vCPUs, none of which runs. Memory that it was given stays its owner's. */
void vm_destroy(struct vm *vm);
/*
 * In a child of fork(), where memory is a copy and the machine is not: a machine as it
 * was, without vCPUs. Who calls it has saved registers before.
 */
int vm_after_fork(struct vm *vm, struct runner_error *error);

/* The addresses that user code can have: whole pages, of which the first is not at 0. */
struct guest_range vm_user_range(const struct vm *vm);
/* Above these, what the machine has for itself. */
struct guest_range vm_own_range(const struct vm *vm);
/* What the guest's AT_HWCAP (word 0) and AT_HWCAP2 (word 1) are. */
uint64_t vm_hwcap(const struct vm *vm, unsigned int word);

/*
 * What the host adds to its own counter to have the guest's. ENOTSUP: the two cannot
 * be compared, and no clock can be told to the guest.
 */
int vm_counter_distance(const struct vm *vm, uint64_t *distance);
/* Of the guest's counter, in Hz, if the hypervisor knows; 0: it has to be measured. */
uint64_t vm_counter_hz(const struct vm *vm);

/* -------------------------------------------------------------------------
 * Memory. All sizes, in bytes, and addresses are multiples of VM_PAGE.
 */

/* Physical addresses that vm_add_memory() may be given, without the end. */
void vm_physical_range(const struct vm *vm, uint64_t *start, uint64_t *end);
/*
 * It stays the caller's, who unmaps it when the machine is gone. What the host has mapped
 * there may change: vm_memory_changed() tells.
 */
int vm_add_memory(struct vm *vm, uint64_t physical, void *host, size_t size,
		  struct runner_error *error);
/*
 * What the host has mapped at memory that the machine was given, from `physical` on, is not what
 * it was: a file's pages, others, or zeros. It may be mapped for user code, and vCPUs may run.
 * When this returns they use what is there now; memory around it is never missing meanwhile. For
 * who follows the host's mappings by itself there is nothing to do, nor in the child of a fork()
 * before vm_after_fork(), which finds what is there then.
 */
void vm_memory_changed(struct vm *vm, uint64_t physical, size_t size);

/*
 * User code sees the memory from `physical` on at `at`, as enum guest_prot says. What
 * was mapped there is not any more. When these return, no vCPU uses the old mapping.
 */
int vm_map(struct vm *vm, guest_addr at, uint64_t physical, size_t size, unsigned int prot,
	   struct runner_error *error);
/* Likewise: no vCPU uses them then. Returns how many pages were mapped there. */
size_t vm_unmap(struct vm *vm, guest_addr at, size_t size);

/* -------------------------------------------------------------------------
 * A vCPU. What is not said to be for any thread is for the one that runs it, between runs.
 */

/* At the start of a program: other registers are what Linux gives one. */
int vcpu_create(struct vcpu **vcpu, struct vm *vm, guest_addr pc, guest_addr sp,
		struct runner_error *error);
/* The last use of it here: another thread may get it from vcpu_create(). */
void vcpu_release(struct vcpu *vcpu);

/*
 * All of user code's registers: what they are is the processor's (NAME/registers.h).
 * Values that user code cannot have are refused, -EINVAL, or become ones that it can.
 */
struct vm_registers;
int vcpu_save(const struct vcpu *vcpu, struct vm_registers *registers);
int vcpu_load(struct vcpu *vcpu, const struct vm_registers *registers);
/* Those parts of the vector registers' state that there are, a bit for each. */
uint64_t vm_vectors(const struct vm *vm);

enum vm_why {
	VM_CALL,	/* a system call: VM_NUMBER, VM_ARGUMENT; it waits for VM_RESULT */
	VM_FAULT,	/* an instruction that could not be: `fault`; VM_PC is where */
	VM_INTERRUPTED,	/* kicked, or a signal is pending */
	VM_OFF,		/* it cannot go on; `text` says why */
};

struct vm_fault {
	/*
	 * As Linux would tell: SIGSEGV, SEGV_MAPERR ... But SIGBUS of a page that is
	 * mapped, and that the host has no memory for, has no address: whoever
	 * unmaps the page gets it in the next run.
	 */
	int signal, code;
	guest_addr address;	/* si_addr */
	unsigned int prot;	/* of a page: what it was to be used for, an enum guest_prot */
	uint64_t number, error;	/* the processor's own: a signal's frame shows them */
};

struct vm_exit {
	enum vm_why why;
	struct vm_fault fault;
	bool kicked;		/* what interrupted it was vcpu_kick() */
	char text[128];		/* of VM_OFF */
};

/*
 * `blocked` is the thread's signal mask meanwhile, bit n - 1 for signal n. Any other that
 * is pending or comes ends the run. Whether a handler of the host has been called for it
 * when this returns is not said: it is not, where the thread has it blocked all the time.
 */
void vcpu_run(struct vcpu *vcpu, uint64_t blocked, struct vm_exit *exit);

/*
 * Calls that the machine answers itself, for the thread that runs on this vCPU, without an
 * exit: getpid, gettid, getuid, geteuid, getgid, getegid. Each thread has its own
 * (on Linux credentials are a thread's), so nobody reads what another is about to change:
 * they are told between runs. Nothing is answered while `attention` has a lane set.
 */
struct vm_answers {
	uint32_t pid, tid, uid, euid, gid, egid;
};
void vcpu_answer(struct vcpu *vcpu, const struct vm_answers *answers);

/*
 * How often the machine has answered itself, or has been asked and has not, on all vCPUs since
 * they were created: false, where there is no such number. Where nothing may count, none is.
 */
bool vm_answered(struct vm *vm, unsigned int number, const char **name, uint64_t *count);

/* Each lane has one owner, who sets and clears no other. */
enum vm_attention {
	VM_ATTENTION_SIGNAL = 1 << 0,	/* something waits for the thread to leave */
	VM_ATTENTION_ANSWERS = 1 << 1,	/* there are none, or they change: the back end's own */
	VM_ATTENTION_TRACE = 1 << 2,	/* who asks is to be seen */
	VM_ATTENTION_OFF = 1 << 3,	/* no answers are wanted */
};
/* Sets, then clears lanes; for any thread. */
void vcpu_attention(struct vcpu *vcpu, uint32_t set, uint32_t clear);

/*
 * Random bytes that the machine gives out itself, each once: to getrandom() without flags
 * or with GRND_NONBLOCK, and to read() of descriptors that were named. How many bytes this
 * vCPU has room for; 0: it is full, or has none. Then exactly that many.
 */
enum { VM_RANDOM_FDS = 1024 };
size_t vcpu_random_room(const struct vcpu *vcpu);
void vcpu_random_fill(struct vcpu *vcpu, const void *bytes);
/* Whether a descriptor below VM_RANDOM_FDS is /dev/urandom, and readable; for any thread. */
void vm_random_fd(struct vm *vm, unsigned int fd, bool is);

/* After VM_CALL, instead of a result: the program makes the call once more. */
void vcpu_repeat(struct vcpu *vcpu);

/*
 * For any thread or signal handler: a run that is under way returns VM_INTERRUPTED, or
 * else the next one does, at once. Where a call or a fault comes first it is told, and the
 * next run returns.
 */
void vcpu_kick(struct vcpu *vcpu);

enum vm_register {
	VM_NUMBER,		/* of the system call: read only */
	VM_ARGUMENT,		/* the first of six */
	VM_RESULT = VM_ARGUMENT + 6,
	VM_PC,
	VM_SP,
	VM_THREAD_POINTER,
};

/*
 * For debuggers: the next run ends behind one instruction of the program, with a VM_FAULT
 * of SIGTRAP and TRAP_TRACE; or it does not any more.
 */
void vcpu_step(struct vcpu *vcpu, bool on);

uint64_t vcpu_get(const struct vcpu *vcpu, enum vm_register which);
void vcpu_set(struct vcpu *vcpu, enum vm_register which, uint64_t value);

#endif

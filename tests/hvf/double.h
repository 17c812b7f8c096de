/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypervisor.framework over KVM on arm64 Linux, for tests of who uses the framework. It keeps
 * to the framework's rules, and where these are not known to be kept to by a Mac, it is the
 * stricter of the two:
 *
 * - a process has one machine, and its child by fork() none, until it creates one;
 * - addresses and sizes are multiples of 16 KiB, also where the host's pages are of 4 KiB;
 * - a vCPU's functions are for the thread that created it, and a thread has one vCPU;
 * - an access to what is not mapped ends the run with the PC on the instruction; nothing has been
 *   done about it, and hv_vcpu_exit_t has what there is in ESR_EL2;
 * - address translation begins by an instruction of the guest's;
 * - signals of the host have their handlers called, and do not end a run.
 *
 * What KVM cannot show: what memory may not be read or executed; an instruction fetched from
 * where nothing is mapped (the guest gets that); the virtual address of an access (all ones).
 * KVM before Linux 6.4 keeps HVC to itself, and sets the counter only nearly.
 */
#ifndef HVF_DOUBLE_H
#define HVF_DOUBLE_H

#include <Hypervisor/Hypervisor.h>

#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <sys/types.h>

enum {
	DOUBLE_PAGE = 16384,
	DOUBLE_IPA_BITS = 36,	/* of a machine that asks for nothing else */
	DOUBLE_VCPUS = 64,	/* of a machine at once */
	DOUBLE_SLOTS = 1024,	/* pieces of memory */
};

/* -------------------------------------------------------------------------
 * Not the framework's: what tests can ask for.
 */
/*
 * A host whose guest's signals are its own: from now on a run of this thread's vCPU has this
 * mask, bit n - 1 for signal n, and one that is pending and not in it ends the run as
 * hv_vcpus_exit() does. It stays pending. NULL: signals do not matter any more.
 */
void double_run_with(const uint64_t *blocked);
/*
 * hv_vcpus_exit() of a vCPU that is not running is to have its next run end at once. true: not so,
 * as if that were not kept; then the time before some runs is long, for others to come. So it is in
 * a process that has HVF_DOUBLE_FORGETS in its environment.
 */
void double_forget_idle_exits(bool forget);

/* -------------------------------------------------------------------------
 * Between its files.
 */
struct double_slot {
	uint64_t ipa, size;	/* size 0: unused */
	uint8_t *host;
	hv_memory_flags_t flags;
};

/* Registers, between runs: KVM is slow to tell one, and slow to take one. */
enum { DOUBLE_GENERAL = HV_REG_CPSR + 1, DOUBLE_VECTORS = HV_SIMD_FP_REG_Q31 + 1 };
struct double_cache {
	uint64_t general[DOUBLE_GENERAL];
	hv_simd_fp_uchar16_t vector[DOUBLE_VECTORS];
	bool general_valid[DOUBLE_GENERAL], general_dirty[DOUBLE_GENERAL];
	bool vector_valid[DOUBLE_VECTORS], vector_dirty[DOUBLE_VECTORS];
};

/* KVM takes no vCPU back: one that was destroyed is used again. */
struct double_vcpu {
	int fd;
	struct kvm_run *run;
	bool made, used;
	bool lost;		/* a child of vfork() made it: not to be used again */
	pid_t owner;		/* a thread */
	hv_vcpu_exit_t exit;
	struct double_cache cache;
	int canceled;		/* hv_vcpus_exit() was called */
	int entered;		/* hv_vcpu_run() is at work */
	int running;		/* so is KVM_RUN */
	bool traps_debug, vtimer_masked;
	bool interrupt[2];
	bool masked;		/* KVM has this mask: */
	uint64_t blocked;
	uint32_t debug;		/* likewise */
	uint64_t vtimer_offset;
};

struct double_vm {
	int kvm, fd;
	size_t run_size;
	struct double_slot slot[DOUBLE_SLOTS];
	pid_t process;	/* whose it is; a child of vfork() shares it, and not its descriptors */
	struct double_vcpu vcpu[DOUBLE_VCPUS];
	uint64_t vtimer_offset;	/* KVM has one for all vCPUs */
	bool has_offset;	/* and has been told this */
	bool forwards_hvc;
};

/* This process' machine; NULL: none. */
struct double_vm *double_vm(void);
/* Takes vCPUs of threads that have ended. */
void double_bury(struct double_vm *vm);
/* The calling thread's vCPU of that number; NULL: it has none. */
struct double_vcpu *double_own(hv_vcpu_t number);

/* KVM_RUN is made between these. Between the others it is not, by any vCPU. */
void double_enter(struct double_vcpu *vcpu);
void double_leave(struct double_vcpu *vcpu);
void double_stop_all(void);
void double_go_on(void);
/* Ends a KVM_RUN, now or next. */
void double_interrupt(struct double_vcpu *vcpu);

/* What the guest's physical address is in this process; NULL: nothing. */
void *double_at(const struct double_vm *vm, uint64_t ipa);

/* One of KVM's registers: 0, or -1. */
int double_get(const struct double_vcpu *vcpu, uint64_t id, void *value);
int double_set(const struct double_vcpu *vcpu, uint64_t id, const void *value);
/* What is to be KVM's is, and what was KVM's may change. */
void double_write_back(struct double_vcpu *vcpu);
uint64_t double_reg_id(hv_reg_t reg);
uint64_t double_sys_reg_id(hv_sys_reg_t reg);
uint64_t double_reg(const struct double_vcpu *vcpu, hv_reg_t reg);
uint64_t double_sys_reg(const struct double_vcpu *vcpu, hv_sys_reg_t reg);


/* The instruction at the guest's virtual address; false: nothing is there. */
bool double_instruction(const struct double_vm *vm, const struct double_vcpu *vcpu, uint64_t at,
			uint32_t *instruction);
/* Where a virtual address leads by the guest's own tables. */
bool double_walk(const struct double_vm *vm, const struct double_vcpu *vcpu, uint64_t at,
		 uint64_t *ipa);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files kvm-aarch64*.c know of one another. */
#ifndef KVM_AARCH64_H
#define KVM_AARCH64_H

#include "kvm.h"

struct kvm_processor {
	bool held;	/* user code's registers are in the shim's frame */
	bool stepping;
};

enum { KVM_ARM_TIMES = 16 };

struct kvm_arm_times {
	int64_t ticks[KVM_ARM_TIMES];	/* the last ones */
	unsigned int count;
};

struct kvm_machine {
	struct kvm_vcpu_init init;
	unsigned int physical_bits;
	uint64_t key[SHIM_KEYS];	/* of pointer authentication: a process's */
	bool has_keys;
	uint64_t hwcap[2];
	bool started;		/* a vCPU may have run, and a processor have something of tables */
	struct vcpu *flusher;	/* runs for threads that have none of their own */
	bool has_counter;	/* and it is the host's */
	struct kvm_arm_times times;	/* of writes to it */
};

/* -------------------------------------------------------------------------
 * kvm-aarch64-registers.c: KVM's registers, by its numbers; and user code's.
 */
uint64_t kvm_arm_get(const struct vcpu *vcpu, uint64_t id);
bool kvm_arm_set(const struct vcpu *vcpu, uint64_t id, uint64_t value);
/* By the shim's numbers. */
uint64_t kvm_arm_get_system(const struct vcpu *vcpu, uint16_t number);
bool kvm_arm_set_system(const struct vcpu *vcpu, uint16_t number, uint64_t value);
uint64_t kvm_arm_pc(const struct vcpu *vcpu);
/* It goes on at EL1, there. */
bool kvm_arm_go(const struct vcpu *vcpu, uint64_t pc);
/* From now on, until it runs, user code's registers are in the frame. */
void kvm_arm_hold(const struct vcpu *vcpu);

/* -------------------------------------------------------------------------
 * kvm-aarch64-start.c: how a vCPU begins.
 */
/* The machine is what its first vCPU is. */
int kvm_arm_learn(struct vm *vm, struct runner_error *error);
int kvm_arm_start(struct vcpu *vcpu, uint64_t pc, uint64_t sp, struct runner_error *error);

/* -------------------------------------------------------------------------
 * kvm-aarch64-counter.c: the guest's counter.
 */
/* For a machine without vCPUs. */
void kvm_arm_begin_counter(struct vm *vm);
/*
 * When it has another: all have the host's counter. `runner` is one that this thread can run.
 * What was so before and cannot be any more is an error.
 */
int kvm_arm_set_counter(struct vcpu *vcpu, struct vcpu *runner, struct runner_error *error);

/* -------------------------------------------------------------------------
 * kvm-aarch64-run.c
 */
/* Whether the vCPU was left for a store to that place of the doorbell. */
bool kvm_arm_rang(const struct vcpu *vcpu, enum shim_bell bell);

#endif

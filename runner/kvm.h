/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between kvm.c, which knows KVM and no processor, and kvm-NAME.c, which knows how KVM
 * tells of one processor.
 */
#ifndef KVM_H
#define KVM_H

#include <linux/kvm.h>
#include <pthread.h>

#include "vm.h"

enum { KVM_SLOTS = 128 };

struct kvm_slot {
	uint64_t physical;
	uint8_t *host;
	size_t size;
};

struct vm {
	int kvm, fd;
	size_t run_size;
	struct kvm_slot slot[KVM_SLOTS];
	unsigned int slots;
	struct vcpu *vcpus;	/* all of them, to be destroyed */
	unsigned long created;	/* how many there have been: the next one's number */
	struct vcpu *spare;	/* one that was tried, for the first that is asked for */
	struct kvm_machine *machine;
};

struct vcpu {
	struct vm *vm;
	struct vcpu *next;
	int fd;
	struct kvm_run *run;
	pthread_t thread;	/* that runs it, when `running` */
	int running;
};

/* An error of this errno: "KVM: WHAT: why". */
int kvm_fails(struct runner_error *error, const char *what);

/* Before there is a vCPU, and after the last is gone. */
int kvm_machine_create(struct vm *vm, struct runner_error *error);
void kvm_machine_destroy(struct vm *vm);

/* Once for each vCPU: what it is. */
int kvm_machine_describe(struct vcpu *vcpu, struct runner_error *error);
/* It gets its first registers. */
int kvm_machine_start(struct vcpu *vcpu, guest_addr pc, guest_addr sp, struct runner_error *error);
/* After KVM_RUN, whose result was 0 or -errno. *exit is VM_INTERRUPTED at first. */
void kvm_machine_leave(struct vcpu *vcpu, struct vm_exit *exit, int result);

/* The page at `physical` is not where it was in the guest: no processor uses that any more. */
void kvm_forget(struct vm *vm, uint64_t physical, size_t size);

/* A new vCPU, without registers. */
int kvm_vcpu_create(struct vcpu **vcpu, struct vm *vm, struct runner_error *error);
void kvm_vcpu_destroy(struct vcpu *vcpu);
/* KVM_RUN, once: 0, or -errno. */
int kvm_vcpu_run(struct vcpu *vcpu);

#endif

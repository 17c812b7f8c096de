/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between kvm.c, which knows KVM and no processor, and kvm-NAME.c, which knows how KVM
 * tells of one processor. "shim.h" is the processor's.
 */
#ifndef KVM_H
#define KVM_H

#include <linux/kvm.h>
#include <pthread.h>
#include <sys/types.h>

#include "shim.h"
#include "vm.h"

enum { KVM_SLOTS = 128 };	/* pieces of memory */

/* The machine's own memory, for tables and the shim, of which only what is used exists. */
#define KVM_OWN_PHYSICAL (1ull << 20)
#define KVM_OWN_SIZE (64ull << 20)
/* Above the holes of a PC, and all that is of the machine's own. */
#define KVM_MEMORY_PHYSICAL (4ull << 30)

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
	uint8_t *own;		/* KVM_OWN_SIZE bytes, or NULL */
	struct pages pages;
	struct shim shim;
	pthread_mutex_t lock;	/* of what is between here and `machine` */
	struct vcpu *vcpus;	/* all of them, to be destroyed */
	unsigned int created;	/* how many there have been: the next one's number */
	bool disturbs;		/* those that run must not while there is a new one */
	int stopped;		/* they do not */
	struct vcpu *spare;	/* those that nobody uses: KVM cannot take them back */
	struct kvm_machine *machine;	/* kvm-NAME.c's: from calloc(), or NULL */
};

struct vcpu {
	unsigned int number;	/* from 0 on */
	struct vm *vm;
	struct vcpu *next, *next_spare;
	struct shim_cpu shim;
	int fd;
	bool masked;
	uint64_t blocked;	/* as KVM was told, if `masked` */
	struct kvm_run *run;
	pid_t thread;		/* that ran it last, and does when `running`; 0: none */
	int running;
	struct kvm_processor *processor;	/* as `machine` */
};

/* An error of this errno: "KVM: WHAT: why". */
int kvm_fails(struct runner_error *error, const char *what);

/* What KVM_CREATE_VM is told. */
unsigned long kvm_machine_type(int kvm);
/* Before there is a vCPU: `machine`, `pages` and `shim` are created. After the last is gone. */
int kvm_machine_create(struct vm *vm, struct runner_error *error);
void kvm_machine_destroy(struct vm *vm);
/* In a machine that is made again, whose memory is there. */
void kvm_machine_again(struct vm *vm);

/* Once for each vCPU: what it is, and what it needs. */
int kvm_machine_describe(struct vcpu *vcpu, struct runner_error *error);
/* It gets its first registers. */
int kvm_machine_start(struct vcpu *vcpu, guest_addr pc, guest_addr sp, struct runner_error *error);
/*
 * After KVM_RUN, whose result was 0 or -errno. *exit is VM_INTERRUPTED at first. false: the
 * vCPU was interrupted where it cannot be left yet, and has to run on.
 */
bool kvm_machine_leave(struct vcpu *vcpu, struct vm_exit *exit, int result);

/* vm->own is there, and zeros. */
int kvm_add_own(struct vm *vm, struct runner_error *error);

/*
 * The pages from `physical` on are not where they were in the guest, or not for all that they
 * were for: no processor uses them so any more. They are of one mapping of the host's, or of
 * mappings of one kind, and stay usable for the host meanwhile.
 */
void kvm_forget(struct vm *vm, uint64_t physical, size_t size);

/* A new vCPU, without registers. */
int kvm_vcpu_create(struct vcpu **vcpu, struct vm *vm, struct runner_error *error);
void kvm_vcpu_destroy(struct vcpu *vcpu);
/* KVM_RUN, once: 0, or -errno. */
int kvm_vcpu_run(struct vcpu *vcpu);
/*
 * The same until it is left for something else than a signal, none of which is lost. This thread
 * runs it, or nobody does.
 */
int kvm_vcpu_finish(struct vcpu *vcpu);

#endif

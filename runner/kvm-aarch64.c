/* SPDX-License-Identifier: BSD-2-Clause */
/* KVM on aarch64. It tells of user code by a store to a page without memory (aarch64/shim.h). */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "kvm-aarch64.h"
#include "startup.h"

#define DOORBELL_PHYSICAL 0ull		/* no memory */
enum { ADDRESS_BITS = 40, ADDRESS_BITS_MOST = 48 };	/* where KVM does not say; of our tables */

/* -------------------------------------------------------------------------
 * Old entries of the tables.
 *
 * That the host's mapping changes, which is what kvm_forget() does, would have KVM flush
 * all of the machine's entries where stage 2 had one for the page (arch/arm64/kvm/hyp/vhe/tlb.c:
 * tlbi ipas2e1is, then vmalle1is, as Arm's D8.13.5 wants it for entries of both stages). But a
 * processor may have an entry of stage 1 alone, of a page that stage 2 never had: then KVM has
 * nothing to flush, and that entry goes on. Nor has it a reason to when the page stays.
 *
 * So EL1 does it: a vCPU runs for as long as it takes to execute the instruction, which is for
 * all processors that run this machine, now or later: those have its number (VMID), and KVM never
 * gives a number to another machine with entries left. This thread's vCPU is best, because it is
 * not running: KVM waits long (synchronize_rcu()) where another thread runs a vCPU than before.
 */
static struct vcpu *find_own(struct vm *vm)
{
	const pid_t thread = gettid();
	struct vcpu *vcpu = vm->vcpus;

	while (vcpu && vcpu->thread != thread)
		vcpu = vcpu->next;
	return vcpu;
}

static struct vcpu *find_flusher(struct vm *vm)
{
	struct kvm_machine *machine = vm->machine;
	struct runner_error error;
	int failed = 0;

	if (!machine->flusher) {
		pthread_mutex_lock(&vm->lock);
		failed = kvm_vcpu_create(&machine->flusher, vm, &error);
		pthread_mutex_unlock(&vm->lock);
		if (!failed)
			failed = kvm_arm_start(machine->flusher, 0, 0, &error);
	}
	return failed ? NULL : machine->flusher;
}

static bool flush(struct vcpu *vcpu)
{
	if (!vcpu)
		return false;
	kvm_arm_hold(vcpu);
	vcpu->shim.data->flush = 1;
	return !kvm_vcpu_finish(vcpu) && kvm_arm_rang(vcpu, SHIM_FLUSHED);
}

static void end_uses(void *context)
{
	struct vm *vm = context;
	struct vcpu *own;

	if (!vm->machine->started)
		return;
	pthread_mutex_lock(&vm->lock);
	own = find_own(vm);
	pthread_mutex_unlock(&vm->lock);
	if (flush(own ? own : find_flusher(vm)))
		return;
	/* to go on would leave the guest with what it must not have */
	fprintf(stderr, "vdsorun: memory that a program gave up cannot be taken from it: KVM: %s\n",
		strerror(errno));
	abort();
}

/*
 * KVM cleans the data cache and invalidates the instruction cache when stage 2 gets a page, and
 * when it is first executed there. So it shall be new there.
 */
static void begin_code(void *context, uint64_t physical, size_t size)
{
	kvm_forget(context, physical, size);
}

int vm_map(struct vm *vm, guest_addr at, uint64_t physical, size_t size, unsigned int prot,
	   struct runner_error *error)
{
	if (!prot) {
		vm_unmap(vm, at, size);
		return 0;
	}
	if (!pages_map(&vm->pages, at.v, physical, size, prot))
		return runner_error(error, ENOMEM, "no room for page tables");
	return 0;
}

size_t vm_unmap(struct vm *vm, guest_addr at, size_t size)
{
	return pages_unmap(&vm->pages, at.v, size);
}

/* -------------------------------------------------------------------------
 * The machine.
 */
static unsigned int address_bits(int kvm)
{
	int bits = ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);

	if (bits <= 0)
		return ADDRESS_BITS;
	return bits < ADDRESS_BITS_MOST ? (unsigned int)bits : ADDRESS_BITS_MOST;
}

unsigned long kvm_machine_type(int kvm)
{
	unsigned int bits = address_bits(kvm);

	return bits == ADDRESS_BITS ? 0 : KVM_VM_TYPE_ARM_IPA_SIZE(bits);
}

static int create_memory(struct vm *vm, struct runner_error *error)
{
	const struct pages_uses uses = { end_uses, begin_code, vm };
	int failed = kvm_add_own(vm, error);

	if (failed)
		return failed;
	if (!pages_create(&vm->pages, vm->own, KVM_OWN_PHYSICAL, KVM_OWN_SIZE, &uses) ||
	    !shim_create(&vm->shim, &vm->pages, DOORBELL_PHYSICAL))
		return runner_error(error, ENOMEM, "no room for page tables");
	return 0;
}

/* The first one says what all are, and is somebody's then. */
static int create_first(struct vm *vm, struct runner_error *error)
{
	struct vcpu *vcpu;
	int failed = kvm_vcpu_create(&vcpu, vm, error);

	if (!failed)
		failed = kvm_arm_learn(vm, error);
	if (failed)
		return failed;
	vcpu_release(vcpu);
	return 0;
}

static int choose_features(struct vm *vm, struct runner_error *error)
{
	struct kvm_machine *machine = vm->machine;

	if (ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &machine->init))
		return kvm_fails(error, "a kind of processor");
	machine->has_keys = ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_PTRAUTH_ADDRESS) > 0 &&
			    ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_PTRAUTH_GENERIC) > 0;
	if (!machine->has_keys)
		return 0;
	machine->init.features[0] |= 1u << KVM_ARM_VCPU_PTRAUTH_ADDRESS |
				     1u << KVM_ARM_VCPU_PTRAUTH_GENERIC;
	if (getentropy(machine->key, sizeof machine->key))
		return kvm_fails(error, "random keys");
	return 0;
}

int kvm_machine_create(struct vm *vm, struct runner_error *error)
{
	int failed;

	vm->machine = calloc(1, sizeof *vm->machine);
	if (!vm->machine)
		return runner_error(error, ENOMEM, "no memory for a virtual machine");
	if (ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_IMMEDIATE_EXIT) <= 0)
		return runner_error(error, ENOTSUP, "KVM: older than Linux 4.13");
	vm->machine->physical_bits = address_bits(vm->kvm);
	failed = choose_features(vm, error);
	startup_step("machine: features");
	if (!failed)
		failed = create_memory(vm, error);
	startup_step("machine: tables and shim");
	if (failed)
		return failed;
	kvm_arm_begin_counter(vm);
	failed = create_first(vm, error);
	startup_step("machine: a vCPU");
	return failed;
}

void kvm_machine_again(struct vm *vm)
{
	vm->machine->started = false;
	vm->machine->flusher = NULL;
	pages_forked(&vm->pages);
	kvm_arm_begin_counter(vm);
}

void kvm_machine_destroy(struct vm *vm)
{
	if (vm->pages.tables.host)
		pages_destroy(&vm->pages);
}

int kvm_machine_describe(struct vcpu *vcpu, struct runner_error *error)
{
	struct vcpu *runner;
	int failed;

	if (ioctl(vcpu->fd, KVM_ARM_VCPU_INIT, &vcpu->vm->machine->init))
		return kvm_fails(error, "a vCPU's features");
	vcpu->processor = calloc(1, sizeof *vcpu->processor);
	if (!vcpu->processor)
		return runner_error(error, ENOMEM, "no memory for a vCPU");
	runner = find_own(vcpu->vm);
	failed = kvm_arm_start(vcpu, 0, 0, error);
	return failed ? failed : kvm_arm_set_counter(vcpu, runner ? runner : vcpu, error);
}

void vm_physical_range(const struct vm *vm, uint64_t *start, uint64_t *end)
{
	*start = KVM_MEMORY_PHYSICAL;
	*end = 1ull << vm->machine->physical_bits;
}

uint64_t vm_hwcap(const struct vm *vm, unsigned int word)
{
	return vm->machine->hwcap[word];
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The back end for Linux's KVM: Documentation/virt/kvm/api.rst. What depends on the processor: kvm-NAME.c. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fds.h"
#include "kvm.h"

#define DEVICE "/dev/kvm"
#define KICK_SIGNAL SIGRTMAX

int kvm_fails(struct runner_error *error, const char *what)
{
	int number = errno;

	return runner_error(error, number, "KVM: %s: %s", what, strerror(number));
}

/* -------------------------------------------------------------------------
 * The machine.
 */
static int open_device(struct vm *vm, struct runner_error *error)
{
	int version;

	vm->kvm = fds_hide(open(DEVICE, O_RDWR | O_CLOEXEC));
	if (vm->kvm < 0)
		return runner_error(error, errno,
				    DEVICE ": %s: a Linux machine with KVM is needed, and the right to use it",
				    strerror(errno));
	version = ioctl(vm->kvm, KVM_GET_API_VERSION, 0);
	if (version != KVM_API_VERSION)
		return runner_error(error, ENOTSUP, DEVICE ": version %d, not %d", version,
				    KVM_API_VERSION);
	return 0;
}

static void on_kick(int signal)
{
	(void)signal;	/* it is there to interrupt KVM_RUN */
}

static void catch_kicks(void)
{
	struct sigaction action = { .sa_handler = on_kick };

	sigfillset(&action.sa_mask);
	sigaction(KICK_SIGNAL, &action, NULL);
}

int vm_create(struct vm **result, struct runner_error *error)
{
	struct vm *vm = calloc(1, sizeof *vm);
	int size, failed;

	if (!vm)
		return runner_error(error, ENOMEM, "no memory for a virtual machine");
	vm->kvm = vm->fd = -1;
	failed = open_device(vm, error);
	if (failed)
		goto out;
	size = ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	vm->fd = fds_hide(ioctl(vm->kvm, KVM_CREATE_VM, 0));
	if (size < 0 || vm->fd < 0) {
		failed = kvm_fails(error, "a virtual machine");
		goto out;
	}
	vm->run_size = (size_t)size;
	catch_kicks();
	failed = kvm_machine_create(vm, error);
	if (failed)
		goto out;
	*result = vm;
	return 0;
out:
	vm_destroy(vm);
	return failed;
}

void vm_destroy(struct vm *vm)
{
	while (vm->vcpus) {
		struct vcpu *vcpu = vm->vcpus;

		vm->vcpus = vcpu->next;
		kvm_vcpu_destroy(vcpu);
	}
	kvm_machine_destroy(vm);
	if (vm->fd >= 0)
		close(vm->fd);
	if (vm->kvm >= 0)
		close(vm->kvm);
	free(vm);
}

/* -------------------------------------------------------------------------
 * Memory.
 */
int vm_add_memory(struct vm *vm, uint64_t physical, void *host, size_t size,
		  struct runner_error *error)
{
	struct kvm_userspace_memory_region region = {
		.slot = vm->slots, .guest_phys_addr = physical, .memory_size = size,
		.userspace_addr = (uintptr_t)host
	};

	if (vm->slots == KVM_SLOTS)
		return runner_error(error, ENOMEM, "more than %d pieces of memory", KVM_SLOTS);
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
		return kvm_fails(error, "memory");
	vm->slot[vm->slots++] = (struct kvm_slot){ physical, host, size };
	return 0;
}

/*
 * A processor keeps translations, and KVM shadow tables where there is no nesting, and
 * neither looks at the tables again because the host wrote to them. What ends the use of
 * a page on all of them, in every vCPU, is that the host's own mapping of it changes.
 */
static void forget(uint8_t *host, size_t size)
{
	mprotect(host, size, PROT_NONE);
	mprotect(host, size, PROT_READ | PROT_WRITE);
}

void kvm_forget(struct vm *vm, uint64_t physical, size_t size)
{
	for (unsigned int i = 0; i < vm->slots; i++) {
		const struct kvm_slot *slot = &vm->slot[i];

		if (physical >= slot->physical && physical - slot->physical < slot->size)
			forget(slot->host + (physical - slot->physical), size);
	}
}

/* -------------------------------------------------------------------------
 * vCPUs.
 */
int kvm_vcpu_create(struct vcpu **result, struct vm *vm, struct runner_error *error)
{
	struct vcpu *vcpu = calloc(1, sizeof *vcpu);

	if (!vcpu)
		return runner_error(error, ENOMEM, "no memory for a vCPU");
	vcpu->vm = vm;
	vcpu->fd = fds_hide(ioctl(vm->fd, KVM_CREATE_VCPU, vm->created));
	if (vcpu->fd < 0) {
		free(vcpu);
		return kvm_fails(error, "a vCPU");
	}
	vcpu->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		int failed = kvm_fails(error, "a vCPU's registers");

		close(vcpu->fd);
		free(vcpu);
		return failed;
	}
	vm->created++;
	vcpu->next = vm->vcpus;
	vm->vcpus = vcpu;
	*result = vcpu;
	return kvm_machine_describe(vcpu, error);
}

void kvm_vcpu_destroy(struct vcpu *vcpu)
{
	munmap(vcpu->run, vcpu->vm->run_size);
	close(vcpu->fd);
	free(vcpu);
}

int vcpu_create(struct vcpu **vcpu, struct vm *vm, guest_addr pc, guest_addr sp,
		struct runner_error *error)
{
	int failed = 0;

	*vcpu = vm->spare;
	vm->spare = NULL;
	if (!*vcpu)
		failed = kvm_vcpu_create(vcpu, vm, error);
	return failed ? failed : kvm_machine_start(*vcpu, pc, sp, error);
}

int kvm_vcpu_run(struct vcpu *vcpu)
{
	return ioctl(vcpu->fd, KVM_RUN, 0) < 0 ? -errno : 0;
}

/*
 * A kick before KVM_RUN is seen by `immediate_exit`, one during it by the signal. Who
 * kicks sets the first and then looks for somebody to send the second to.
 */
void vcpu_run(struct vcpu *vcpu, struct vm_exit *exit)
{
	int result;

	vcpu->thread = pthread_self();
	__atomic_store_n(&vcpu->running, 1, __ATOMIC_SEQ_CST);
	result = kvm_vcpu_run(vcpu);
	__atomic_store_n(&vcpu->running, 0, __ATOMIC_SEQ_CST);
	*exit = (struct vm_exit){ .why = VM_INTERRUPTED };
	if (result == -EINTR)
		__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
	kvm_machine_leave(vcpu, exit, result);
}

void vcpu_kick(struct vcpu *vcpu)
{
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&vcpu->running, __ATOMIC_SEQ_CST))
		pthread_kill(vcpu->thread, KICK_SIGNAL);
}

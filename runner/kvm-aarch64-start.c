/* SPDX-License-Identifier: BSD-2-Clause */
/* How a vCPU begins, and what its processor is. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/ioctl.h>

#include "kvm-aarch64.h"

/* Arm ARM D23.2.78: ID_AA64MMFR0_EL1 says whether there are pages of 4 KiB. */
enum { ID_AA64MMFR0 = SHIM_REGISTER(3, 0, 0, 7, 0), TGRAN4_SHIFT = 28, TGRAN4_NONE = 15 };

static uint64_t read_id(void *vcpu, uint16_t number)
{
	return kvm_arm_get_system(vcpu, number);
}

int kvm_arm_learn(struct vm *vm, struct runner_error *error)
{
	struct kvm_machine *machine = vm->machine;

	if ((read_id(vm->vcpus, ID_AA64MMFR0) >> TGRAN4_SHIFT & TGRAN4_NONE) == TGRAN4_NONE)
		return runner_error(error, ENOTSUP, "KVM: a processor without pages of 4 KiB");
	for (unsigned int word = 0; word < 2; word++)
		machine->hwcap[word] = shim_hwcap(read_id, vm->vcpus, word);
	return 0;
}

static bool set_keys(const struct vcpu *vcpu)
{
	const struct kvm_machine *machine = vcpu->vm->machine;

	for (unsigned int i = 0; machine->has_keys && i < SHIM_KEYS; i++)
		if (!kvm_arm_set_system(vcpu, shim_keys[i], machine->key[i]))
			return false;
	return true;
}

static bool set_registers(const struct vcpu *vcpu)
{
	const struct vm *vm = vcpu->vm;
	struct shim_register registers[SHIM_REGISTERS];
	unsigned int many = shim_registers(&vm->shim, &vm->pages, &vcpu->shim,
					   vm->machine->physical_bits, registers);

	for (unsigned int i = 0; i < many; i++)
		if (!kvm_arm_set_system(vcpu, registers[i].number, registers[i].value))
			return false;
	return true;
}

/* A vCPU that was somebody else's is reset: nothing is left of that, its vectors neither. */
int kvm_arm_start(struct vcpu *vcpu, uint64_t pc, uint64_t sp, struct runner_error *error)
{
	struct vm *vm = vcpu->vm;

	if (ioctl(vcpu->fd, KVM_ARM_VCPU_INIT, &vm->machine->init))
		return kvm_fails(error, "a vCPU's reset");
	shim_begin(&vcpu->shim, pc, sp);
	if (!set_registers(vcpu) || !set_keys(vcpu) || !kvm_arm_go(vcpu, shim_resume(&vm->shim)))
		return kvm_fails(error, "a vCPU's first registers");
	vcpu->processor->held = true;
	vcpu->processor->stepping = false;
	return 0;
}

int kvm_machine_start(struct vcpu *vcpu, guest_addr pc, guest_addr sp, struct runner_error *error)
{
	vcpu->vm->machine->started = true;
	return kvm_arm_start(vcpu, pc.v, sp.v, error);
}

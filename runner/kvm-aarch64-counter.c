/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/ioctl.h>

#include "kvm-aarch64.h"

/* Linux 6.4. */
#ifndef KVM_CAP_COUNTER_OFFSET
#define KVM_CAP_COUNTER_OFFSET 227
struct kvm_arm_counter_offset {
	__u64 counter_offset, reserved;
};
#define KVM_ARM_SET_COUNTER_OFFSET _IOW(KVMIO, 0xb5, struct kvm_arm_counter_offset)
#endif

static uint64_t host_counter(void)
{
	uint64_t value;

	__asm__ volatile("isb\n	mrs %0, cntvct_el0" : "=r"(value) : : "memory");
	return value;
}

void kvm_arm_begin_counter(struct vm *vm)
{
	struct kvm_arm_counter_offset none = { 0 };

	vm->machine->has_counter = ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_COUNTER_OFFSET) > 0 &&
				   !ioctl(vm->fd, KVM_ARM_SET_COUNTER_OFFSET, &none);
}

void kvm_arm_learn_counter(const struct vcpu *vcpu)
{
	struct kvm_machine *machine = vcpu->vm->machine;
	uint64_t before = host_counter(), told, after;

	told = kvm_arm_get(vcpu, KVM_REG_ARM_TIMER_CNT);
	after = host_counter();
	machine->has_counter &= told >= before && told <= after;
}

int vm_counter_distance(const struct vm *vm, uint64_t *distance)
{
	*distance = vm->machine->counter_distance;
	return vm->machine->has_counter ? 0 : -ENOTSUP;
}

uint64_t vm_counter_hz(const struct vm *vm)
{
	uint64_t hz;

	(void)vm;
	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	return hz;
}

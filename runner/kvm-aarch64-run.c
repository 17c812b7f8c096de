/* SPDX-License-Identifier: BSD-2-Clause */
/* What a run of a vCPU ended with. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "guest-signals.h"
#include "kvm-aarch64.h"

bool kvm_arm_rang(const struct vcpu *vcpu, enum shim_bell bell)
{
	const struct kvm_run *run = vcpu->run;

	return run->exit_reason == KVM_EXIT_MMIO && run->mmio.is_write &&
	       run->mmio.phys_addr == vcpu->vm->shim.doorbell + bell;
}

static void tell_off(struct vm_exit *exit, const char *what, const struct vcpu *vcpu)
{
	exit->why = VM_OFF;
	snprintf(exit->text, sizeof exit->text, "%s (KVM exit %u, pc %#llx, esr %#llx)", what,
		 vcpu->run->exit_reason, (unsigned long long)kvm_arm_pc(vcpu),
		 (unsigned long long)kvm_arm_get_system(vcpu, SHIM_ESR_EL1));
}

/*
 * In the middle of the shim's code: a fault has to be told first. What else it is about to do,
 * it does not: registers are the program's again, as they were.
 */
static bool leave_interrupted(struct vcpu *vcpu)
{
	const struct shim_frame *frame = &vcpu->shim.data->frame;
	enum shim_place place = shim_place(&vcpu->vm->shim, kvm_arm_pc(vcpu));

	if (shim_has_to_tell(place, place == SHIM_SAVED ? frame->syndrome :
							  kvm_arm_get_system(vcpu, SHIM_ESR_EL1)))
		return false;
	if (place != SHIM_ELSEWHERE)
		kvm_arm_hold(vcpu);
	return true;
}

/* Of memory that the host cannot have: behind the end of a file. KVM does not say where. */
static bool leave_nothing_there(struct vcpu *vcpu, struct vm_exit *exit)
{
	uint64_t failed = shim_copy_failed(&vcpu->vm->shim, kvm_arm_pc(vcpu));

	if (failed) {
		kvm_arm_go(vcpu, failed);
		return false;
	}
	exit->why = VM_FAULT;
	exit->fault.signal = GUEST_SIGBUS;
	exit->fault.code = GUEST_BUS_ADRERR;
	return true;
}

static void leave_told(struct vcpu *vcpu, struct vm_exit *exit)
{
	vcpu->processor->held = true;
	switch (shim_told(&vcpu->vm->pages, &vcpu->shim, &exit->fault)) {
	case SHIM_CALL:
		exit->why = VM_CALL;
		break;
	case SHIM_FAULT:
		exit->why = VM_FAULT;
		break;
	case SHIM_AGAIN:
		break;
	}
}

bool kvm_machine_leave(struct vcpu *vcpu, struct vm_exit *exit, int result)
{
	vcpu->processor->held = false;
	if (result == -EINTR || result == -EAGAIN)
		return leave_interrupted(vcpu);
	if (result == -EFAULT)
		return leave_nothing_there(vcpu, exit);
	if (result)
		tell_off(exit, strerror(-result), vcpu);
	else if (kvm_arm_rang(vcpu, SHIM_TELLS))
		leave_told(vcpu, exit);
	else if (kvm_arm_rang(vcpu, SHIM_TROUBLE))
		tell_off(exit, "an exception in the runner's own code", vcpu);
	else
		tell_off(exit, "the virtual machine stopped", vcpu);
	return true;
}

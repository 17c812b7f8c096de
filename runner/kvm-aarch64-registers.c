/* SPDX-License-Identifier: BSD-2-Clause */
/* KVM's registers, Documentation/virt/kvm/api.rst 4.68; and user code's, which are in the frame. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/ioctl.h>

#include "kvm-aarch64.h"

/* Words of four bytes, of struct kvm_regs. */
#define CORE(size, field) (KVM_REG_ARM64 | (size) | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(field))
#define CORE_X(n) (CORE(KVM_REG_SIZE_U64, regs.regs[0]) + (n) * sizeof(uint64_t) / sizeof(uint32_t))
#define CORE_V(n) \
	(CORE(KVM_REG_SIZE_U128, fp_regs.vregs[0]) + (n) * sizeof(__uint128_t) / sizeof(uint32_t))
#define SYSTEM(number) (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM64_SYSREG | (number))

static int get(const struct vcpu *vcpu, uint64_t id, void *value)
{
	struct kvm_one_reg reg = { id, (uintptr_t)value };

	return ioctl(vcpu->fd, KVM_GET_ONE_REG, &reg);
}

static int set(const struct vcpu *vcpu, uint64_t id, const void *value)
{
	struct kvm_one_reg reg = { id, (uintptr_t)value };

	return ioctl(vcpu->fd, KVM_SET_ONE_REG, &reg);
}

uint64_t kvm_arm_get(const struct vcpu *vcpu, uint64_t id)
{
	uint64_t value = 0;

	get(vcpu, id, &value);
	return value;
}

bool kvm_arm_set(const struct vcpu *vcpu, uint64_t id, uint64_t value)
{
	return !set(vcpu, id, &value);
}

/* Some that have a number are elsewhere. */
static uint64_t id_of(uint16_t number)
{
	switch (number) {
	case SHIM_SP_EL0:
		return CORE(KVM_REG_SIZE_U64, regs.sp);
	case SHIM_SP_EL1:
		return CORE(KVM_REG_SIZE_U64, sp_el1);
	case SHIM_ELR_EL1:
		return CORE(KVM_REG_SIZE_U64, elr_el1);
	case SHIM_SPSR_EL1:
		return CORE(KVM_REG_SIZE_U64, spsr[KVM_SPSR_EL1]);
	default:
		return SYSTEM(number);
	}
}

uint64_t kvm_arm_get_system(const struct vcpu *vcpu, uint16_t number)
{
	return kvm_arm_get(vcpu, id_of(number));
}

bool kvm_arm_set_system(const struct vcpu *vcpu, uint16_t number, uint64_t value)
{
	return kvm_arm_set(vcpu, id_of(number), value);
}

uint64_t kvm_arm_pc(const struct vcpu *vcpu)
{
	return kvm_arm_get(vcpu, CORE(KVM_REG_SIZE_U64, regs.pc));
}

bool kvm_arm_go(const struct vcpu *vcpu, uint64_t pc)
{
	return kvm_arm_set(vcpu, CORE(KVM_REG_SIZE_U64, regs.pc), pc) &&
	       kvm_arm_set(vcpu, CORE(KVM_REG_SIZE_U64, regs.pstate), SHIM_PSTATE);
}

/* -------------------------------------------------------------------------
 * User code's.
 */
static void read_now(const struct vcpu *vcpu, enum shim_place place, struct shim_now *now)
{
	const bool in_user = place == SHIM_ELSEWHERE;

	for (unsigned int i = 0; i < sizeof now->x / sizeof *now->x; i++)
		now->x[i] = kvm_arm_get(vcpu, CORE_X(i));
	now->sp = kvm_arm_get_system(vcpu, SHIM_SP_EL0);
	now->thread = kvm_arm_get_system(vcpu, SHIM_TPIDR_EL0);
	now->pc = in_user ? kvm_arm_pc(vcpu) : kvm_arm_get_system(vcpu, SHIM_ELR_EL1);
	now->pstate = in_user ? kvm_arm_get(vcpu, CORE(KVM_REG_SIZE_U64, regs.pstate)) :
				kvm_arm_get_system(vcpu, SHIM_SPSR_EL1);
}

void kvm_arm_hold(const struct vcpu *vcpu)
{
	struct kvm_processor *processor = vcpu->processor;
	const struct shim *shim = &vcpu->vm->shim;
	enum shim_place place;
	struct shim_now now;

	if (processor->held)
		return;
	processor->held = true;
	place = shim_place(shim, kvm_arm_pc(vcpu));
	if (place != SHIM_TOLD) {
		read_now(vcpu, place, &now);
		shim_complete(&vcpu->shim, place, &now, processor->stepping);
	}
	/* on its way back, too: some registers are loaded already, and the frame may change */
	kvm_arm_go(vcpu, shim_resume(shim));
}

static struct shim_frame *frame_of(const struct vcpu *vcpu)
{
	kvm_arm_hold(vcpu);
	return &vcpu->shim.data->frame;
}

uint64_t vcpu_get(const struct vcpu *vcpu, enum vm_register which)
{
	return *shim_register_of(frame_of(vcpu), which);
}

void vcpu_set(struct vcpu *vcpu, enum vm_register which, uint64_t value)
{
	*shim_register_of(frame_of(vcpu), which) = value;
}

void vcpu_repeat(struct vcpu *vcpu)
{
	frame_of(vcpu)->pc -= SHIM_SVC;
}

enum { VECTORS = 32 };

int vcpu_save(const struct vcpu *vcpu, struct vm_registers *to)
{
	shim_save(frame_of(vcpu), to);
	for (unsigned int i = 0; i < VECTORS; i++)
		if (get(vcpu, CORE_V(i), &to->v[i]))
			return -errno;
	if (get(vcpu, CORE(KVM_REG_SIZE_U32, fp_regs.fpsr), &to->fpsr) ||
	    get(vcpu, CORE(KVM_REG_SIZE_U32, fp_regs.fpcr), &to->fpcr))
		return -errno;
	return 0;
}

int vcpu_load(struct vcpu *vcpu, const struct vm_registers *from)
{
	shim_load(frame_of(vcpu), from, vcpu->processor->stepping);
	for (unsigned int i = 0; i < VECTORS; i++)
		if (set(vcpu, CORE_V(i), &from->v[i]))
			return -errno;
	if (set(vcpu, CORE(KVM_REG_SIZE_U32, fp_regs.fpsr), &from->fpsr) ||
	    set(vcpu, CORE(KVM_REG_SIZE_U32, fp_regs.fpcr), &from->fpcr))
		return -errno;
	return 0;
}

/*
 * Software step, Arm ARM D2.12: what the program does at EL0 with PSTATE.SS ends in an exception
 * that is told as any fault; EL1 is never stepped.
 */
void vcpu_step(struct vcpu *vcpu, bool on)
{
	struct kvm_processor *processor = vcpu->processor;
	struct shim_frame *frame = frame_of(vcpu);

	frame->pstate = on ? frame->pstate | PSTATE_SS : frame->pstate & ~PSTATE_SS;
	if (processor->stepping != on)
		kvm_arm_set_system(vcpu, SHIM_MDSCR_EL1, shim_debug_control(on));
	processor->stepping = on;
}

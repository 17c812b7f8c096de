/* SPDX-License-Identifier: BSD-2-Clause */
/* User code's registers. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/ioctl.h>

#include "kvm-x86_64.h"
#include "x86_64/registers.h"

/* Where user code's registers are now. The way back may have begun already: sysretq, iretq. */
enum registers_at kvm_x86_where(const struct vcpu *vcpu)
{
	const struct shim *shim = &vcpu->vm->shim;
	uint64_t rip = kvm_x86_registers(vcpu)->rip;

	if (shim_place(shim, &vcpu->shim, rip) != SHIM_ELSEWHERE)
		return shim->in_ring3 ? AT_USER_CALL : AT_CALL;
	if (rip >= shim->fault && rip < shim->fault_end)
		return AT_FAULT;
	return PLAIN;
}

/* -------------------------------------------------------------------------
 * Registers by what they are for: System V ABI for x86-64, A.2.1.
 */
static __u64 *argument(const struct vcpu *vcpu, unsigned int number)
{
	struct kvm_regs *regs = kvm_x86_registers(vcpu);
	__u64 *const arguments[] = { &regs->rdi, &regs->rsi, &regs->rdx,
				     &regs->r10, &regs->r8,  &regs->r9 };

	return arguments[number];
}

/* The program's `rip`, which is also where it is in the middle of a call. */
static __u64 *place_of_pc(const struct vcpu *vcpu)
{
	struct kvm_regs *regs = kvm_x86_registers(vcpu);

	switch (kvm_x86_where(vcpu)) {
	case AT_CALL:
		return &regs->rcx;
	case AT_USER_CALL:
		return regs->rip == kvm_x86_call_entry(vcpu) ? &regs->rcx : &regs->r11;
	case AT_FAULT:
		return (__u64 *)&shim_frame(&vcpu->shim)->rip;
	default:
		return &regs->rip;
	}
}

/* The thread pointer is not here: it has an instruction, so KVM is asked. */
static uint64_t *place_of(const struct vcpu *vcpu, enum vm_register which)
{
	struct kvm_regs *regs = kvm_x86_registers(vcpu);

	switch (which) {
	case VM_NUMBER:
	case VM_RESULT:
		return (uint64_t *)&regs->rax;
	case VM_PC:
		return (uint64_t *)place_of_pc(vcpu);
	case VM_SP:
		return kvm_x86_where(vcpu) == AT_FAULT ?
			       &shim_frame(&vcpu->shim)->rsp :
			       (uint64_t *)&regs->rsp;
	default:
		return (uint64_t *)argument(vcpu, which - VM_ARGUMENT);
	}
}

static uint64_t thread_pointer(const struct vcpu *vcpu)
{
	struct kvm_sregs sregs;

	return ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) ? 0 : sregs.fs.base;
}

uint64_t vcpu_get(const struct vcpu *vcpu, enum vm_register which)
{
	return which == VM_THREAD_POINTER ? thread_pointer(vcpu) : *place_of(vcpu, which);
}

/*
 * The program has what Linux gives it at an address that no program has: a fault there.
 * `sysretq` to one would fault in ring 0.
 */
static uint64_t user_address(uint64_t address)
{
	return address < SHIM_USER_END ? address : 0;
}

void vcpu_set(struct vcpu *vcpu, enum vm_register which, uint64_t value)
{
	if (which == VM_THREAD_POINTER) {
		kvm_x86_set_msr(vcpu, MSR_FS_BASE, value);
		return;
	}
	*place_of(vcpu, which) = which == VM_PC ? user_address(value) : value;
	vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
}

/* -------------------------------------------------------------------------
 * All registers.
 */
_Static_assert(sizeof(struct kvm_xsave) == VECTORS_MAX, "the state of XSAVE");

static uint64_t flags(const struct vcpu *vcpu)
{
	const struct kvm_regs *regs = kvm_x86_registers(vcpu);

	switch (kvm_x86_where(vcpu)) {
	case AT_CALL:
		return regs->r11;
	case AT_FAULT:
		return shim_frame(&vcpu->shim)->rflags;
	default:
		return regs->rflags;
	}
}

int vcpu_save(const struct vcpu *vcpu, struct vm_registers *to)
{
	const struct kvm_regs *r = kvm_x86_registers(vcpu);
	struct kvm_sregs sregs;

	if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) || ioctl(vcpu->fd, KVM_GET_XSAVE, to->vectors))
		return -errno;
	to->r8 = r->r8, to->r9 = r->r9, to->r10 = r->r10, to->r11 = r->r11;
	to->r12 = r->r12, to->r13 = r->r13, to->r14 = r->r14, to->r15 = r->r15;
	to->rdi = r->rdi, to->rsi = r->rsi, to->rbp = r->rbp, to->rbx = r->rbx;
	to->rdx = r->rdx, to->rax = r->rax, to->rcx = r->rcx;
	to->rsp = *place_of(vcpu, VM_SP);
	to->rip = *place_of(vcpu, VM_PC);
	to->rflags = flags(vcpu);
	to->fs_base = sregs.fs.base;
	to->gs_base = sregs.gs.base;
	return 0;
}

int vcpu_load(struct vcpu *vcpu, const struct vm_registers *from)
{
	if (ioctl(vcpu->fd, KVM_SET_XSAVE, from->vectors) ||
	    kvm_x86_set_user(vcpu, user_address(from->fs_base), user_address(from->gs_base)))
		return -errno;
	*kvm_x86_registers(vcpu) = (struct kvm_regs){
		.r8 = from->r8, .r9 = from->r9, .r10 = from->r10, .r11 = from->r11,
		.r12 = from->r12, .r13 = from->r13, .r14 = from->r14, .r15 = from->r15,
		.rdi = from->rdi, .rsi = from->rsi, .rbp = from->rbp, .rbx = from->rbx,
		.rdx = from->rdx, .rax = from->rax, .rcx = from->rcx, .rsp = from->rsp,
		.rip = user_address(from->rip),
		.rflags = (from->rflags & FLAGS_USER) | FLAG_ONE | FLAG_IF,
	};
	vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	return 0;
}

#define FLAG_TRAP (1u << 8)

/*
 * From registers as they are in ring 3: what `sysretq` does with this flag, processors
 * do not agree on.
 */
void vcpu_step(struct vcpu *vcpu, bool on)
{
	struct vm_registers all;

	if (vcpu_save(vcpu, &all))
		return;
	all.rflags = on ? all.rflags | FLAG_TRAP : all.rflags & ~(uint64_t)FLAG_TRAP;
	vcpu_load(vcpu, &all);
}

void vcpu_repeat(struct vcpu *vcpu)
{
	vcpu_set(vcpu, VM_PC, vcpu_get(vcpu, VM_PC) - KVM_X86_SYSCALL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What a run of a vCPU ended with. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kvm-x86_64.h"
#include "x86_64/registers.h"

static void tell_off(struct vm_exit *exit, const char *what, const struct vcpu *vcpu)
{
	exit->why = VM_OFF;
	snprintf(exit->text, sizeof exit->text, "%s (KVM exit %u, rip %#llx)", what,
		 vcpu->run->exit_reason, (unsigned long long)kvm_x86_registers(vcpu)->rip);
}

static void tell_fault(struct vm_exit *exit, struct shim_signal signal)
{
	exit->why = VM_FAULT;
	exit->fault.signal = signal.signal;
	exit->fault.code = signal.code;
	exit->fault.address = guest_at(signal.address);
	exit->fault.prot = signal.prot;
}

/*
 * A call in the middle of the shim's code is one that the program makes, with `back` bytes
 * to go back to. Random bytes that were on their way are not given out again.
 */
static void leave_shim(struct vcpu *vcpu, struct vm_exit *exit, enum shim_place place,
		       uint64_t back)
{
	const struct shim_cpu *cpu = &vcpu->shim;
	const struct shim_saved *saved = &cpu->data->saved;
	struct vm_registers all;
	bool good = !vcpu_save(vcpu, &all);

	if (place == SHIM_BORROWED) {
		all.rax = saved->rax, all.rdx = saved->rdx, all.rsi = saved->rsi;
		all.rdi = saved->rdi, all.rcx = all.rip = saved->rcx;
		all.rflags = all.r11;
		memset(cpu->pool->byte, 0, cpu->pool->next);
	}
	all.rip -= back;
	if (!good || vcpu_load(vcpu, &all))
		tell_off(exit, "registers are lost", vcpu);
}

/* A step of a debugger's: to it, a system call is one instruction. */
static bool steps_in_call(const struct vcpu *vcpu)
{
	const struct shim_cpu *cpu = &vcpu->shim;
	const struct shim_frame *frame = shim_frame(cpu);

	return kvm_x86_where(vcpu) == AT_FAULT && frame->vector == SHIM_DEBUG &&
	       shim_place(&vcpu->vm->shim, cpu, frame->rip) != SHIM_ELSEWHERE;
}

/* An exception that is on its way to ring 0: KVM keeps it, and other registers would get it. */
static bool is_raised(const struct vcpu *vcpu)
{
	struct kvm_vcpu_events events;

	return !ioctl(vcpu->fd, KVM_GET_VCPU_EVENTS, &events) &&
	       (events.exception.injected || events.exception.pending);
}

/*
 * Ring 0 has to come to where it tells, with its frame whole; behind that it is on its
 * way back, and kvm_x86_where() knows.
 */
static bool leave_interrupted(struct vcpu *vcpu, struct vm_exit *exit)
{
	const struct shim *shim = &vcpu->vm->shim;
	uint64_t rip = kvm_x86_registers(vcpu)->rip;
	enum shim_place place = shim_place(shim, &vcpu->shim, rip);

	if (is_raised(vcpu))
		return false;
	if (place == SHIM_ASKED || place == SHIM_BORROWED)
		leave_shim(vcpu, exit, place, KVM_X86_SYSCALL);
	return (rip < shim->fault || rip >= shim->fault_told) && !steps_in_call(vcpu);
}

/* Where the bytes should go there is no memory, or not yet: the host looks. */
static void leave_copy(struct vcpu *vcpu, struct vm_exit *exit)
{
	exit->why = VM_CALL;
	leave_shim(vcpu, exit, SHIM_BORROWED, 0);
}

static void leave_fault(struct vcpu *vcpu, struct vm_exit *exit)
{
	const struct shim_cpu *cpu = &vcpu->shim;
	const struct shim_frame *frame = shim_frame(cpu);
	const bool at_fault = kvm_x86_where(vcpu) == AT_FAULT;
	struct kvm_sregs sregs;

	if (at_fault && frame->cs == SHIM_KERNEL_CS &&
	    shim_place(&vcpu->vm->shim, cpu, frame->rip) == SHIM_BORROWED) {
		leave_copy(vcpu, exit);
		return;
	}
	if (!at_fault || frame->cs != SHIM_USER_CS ||
	    ioctl(vcpu->fd, KVM_GET_SREGS, &sregs))
		tell_off(exit, "an exception in the runner's own code", vcpu);
	else
		tell_fault(exit, shim_signal(frame, sregs.cr2));
	exit->fault.number = frame->vector;
	exit->fault.error = frame->error;
}

/* Of user code that does what the processor alone may: what `out` is where the port is shut. */
static const struct shim_signal forbidden = { SIGSEGV, SI_KERNEL, 0, 0 };

/* Of memory that the host cannot have: behind the end of a file. Not every KVM says where. */
static const struct shim_signal nothing_there = { SIGBUS, BUS_ADRERR, 0, 0 };

/*
 * In ring 3 nothing may be believed: anybody can jump to the stub, or write to its port.
 * From ring 0 the way back is `sysretq`.
 */
static void leave_call(struct vcpu *vcpu, struct vm_exit *exit)
{
	struct kvm_regs *regs = kvm_x86_registers(vcpu);

	exit->why = VM_CALL;
	if (!vcpu->vm->shim.in_ring3)
		return;
	if (kvm_x86_where(vcpu) != AT_USER_CALL || regs->r11 >= SHIM_USER_END) {
		tell_fault(exit, forbidden);
		return;
	}
	/* as the instruction leaves them */
	regs->rip = regs->rcx = regs->r11;
	regs->r11 = regs->rflags;
	vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
}

bool kvm_machine_leave(struct vcpu *vcpu, struct vm_exit *exit, int result)
{
	if (result == -EINTR || result == -EAGAIN)
		return leave_interrupted(vcpu, exit);
	if (result == -EFAULT && kvm_x86_where(vcpu) == AT_CALL)
		leave_copy(vcpu, exit);
	else if (result == -EFAULT)
		tell_fault(exit, nothing_there);
	else if (result)
		tell_off(exit, strerror(-result), vcpu);
	else if (kvm_x86_is_port(vcpu->run, SHIM_PORT_CALL))
		leave_call(vcpu, exit);
	else if (kvm_x86_is_port(vcpu->run, SHIM_PORT_FAULT) && steps_in_call(vcpu))
		return false;
	else if (kvm_x86_is_port(vcpu->run, SHIM_PORT_FAULT))
		leave_fault(vcpu, exit);
	else
		tell_off(exit, "the virtual machine stopped", vcpu);
	return true;
}

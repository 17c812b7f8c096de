/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files kvm-x86_64*.c know of one another. */
#ifndef KVM_X86_64_H
#define KVM_X86_64_H

#include "kvm.h"

struct kvm_machine {
	struct kvm_cpuid2 *cpuid;
	struct kvm_sregs user;		/* of a vCPU that begins */
	bool has_counter;
	uint64_t counter_hz;		/* 0: not known */
	uint64_t physical_end;
};

/* SDM volume 1, 3.4.3; volume 4. */
#define FLAG_ONE (1u << 1)		/* always set */
#define FLAG_IF (1u << 9)
/* CF PF AF ZF SF TF DF OF RF AC ID: what a program may have as it likes. */
#define FLAGS_USER 0x250dd5u
#define MSR_FS_BASE 0xc0000100

#define CPUID_7_FSGSBASE (1u << 0)	/* ebx */
/* What CPUID says to the program: zeros, where it has no such leaf. */
const struct kvm_cpuid_entry2 *kvm_x86_cpuid(const struct kvm_machine *machine, uint32_t leaf,
					     uint32_t index);

/* -------------------------------------------------------------------------
 * kvm-x86_64-start.c: how a vCPU begins.
 */
/* The first one tries what `syscall` does, and what the counter is. */
int kvm_x86_try(struct vm *vm, struct runner_error *error);
/* In ring 3, with these bases of segments. */
int kvm_x86_set_user(const struct vcpu *vcpu, uint64_t fs_base, uint64_t gs_base);
bool kvm_x86_set_msr(const struct vcpu *vcpu, uint32_t index, uint64_t value);
/* Where `syscall` leads to. */
uint64_t kvm_x86_call_entry(const struct vcpu *vcpu);
/* Whether it wrote to that port. */
bool kvm_x86_is_port(const struct kvm_run *run, uint16_t port);

/* -------------------------------------------------------------------------
 * kvm-x86_64-registers.c: where user code's registers are, when a run has ended.
 */
enum registers_at {
	PLAIN,		/* as in struct kvm_regs */
	AT_CALL,	/* rip and rflags are in rcx and r11 */
	AT_USER_CALL,	/* rip is in r11; at the first instruction, in rcx */
	AT_FAULT,	/* rip, rflags and rsp are in a frame of the shim */
};
/* The way back may have begun already: sysretq, iretq. */
enum registers_at kvm_x86_where(const struct vcpu *vcpu);

enum { KVM_X86_SYSCALL = 2 };	/* bytes of the instruction */

static inline struct kvm_regs *kvm_x86_registers(const struct vcpu *vcpu)
{
	return &vcpu->run->s.regs.regs;
}

#endif

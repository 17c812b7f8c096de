/* SPDX-License-Identifier: BSD-2-Clause */
/* How a vCPU begins, and what the machine does with it: it is tried. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/ioctl.h>

#include "kvm-x86_64.h"
#include "startup.h"

#define CPUID_1_XSAVE (1u << 26)	/* ecx */

/* -------------------------------------------------------------------------
 * Registers to begin with. SDM volume 3: 2.5 control registers, 2.2.1 EFER.
 */
#define CR0_PE (1u << 0)
#define CR0_MP (1u << 1)
#define CR0_ET (1u << 4)
#define CR0_NE (1u << 5)
#define CR0_WP (1u << 16)
#define CR0_AM (1u << 18)
#define CR0_PG (1u << 31)
#define CR4_PAE (1u << 5)
#define CR4_OSFXSR (1u << 9)
#define CR4_OSXMMEXCPT (1u << 10)
#define CR4_FSGSBASE (1u << 16)
#define CR4_OSXSAVE (1u << 18)
#define EFER_SCE (1u << 0)
#define EFER_LME (1u << 8)
#define EFER_LMA (1u << 10)
#define EFER_NXE (1u << 11)
#define FLAGS_CLEARED 0x47700u		/* on `syscall`: AC NT IOPL DF IF TF */

#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_SYSCALL_MASK 0xc0000084

#define TYPE_CODE 11
#define TYPE_DATA 3
#define TYPE_TASK 11

static struct kvm_segment segment(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){
		.limit = UINT32_MAX, .selector = selector, .type = type, .present = 1,
		.dpl = selector & 3, .s = 1, .g = 1, .l = type == TYPE_CODE,
		.db = type == TYPE_DATA,
	};
}

static void make_user(struct kvm_sregs *sregs)
{
	sregs->cs = segment(SHIM_USER_CS, TYPE_CODE);
	sregs->ss = segment(SHIM_USER_SS, TYPE_DATA);
}

static int first_registers(struct vcpu *vcpu, struct runner_error *error)
{
	struct kvm_machine *machine = vcpu->vm->machine;
	const struct shim *shim = &vcpu->vm->shim;
	struct kvm_sregs *sregs = &machine->user;

	if (ioctl(vcpu->fd, KVM_GET_SREGS, sregs))
		return kvm_fails(error, "a vCPU's registers");
	sregs->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG;
	sregs->cr3 = vcpu->vm->pages.root;
	sregs->cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	if (kvm_x86_cpuid(machine, 1, 0)->ecx & CPUID_1_XSAVE)
		sregs->cr4 |= CR4_OSXSAVE;
	if (kvm_x86_cpuid(machine, 7, 0)->ebx & CPUID_7_FSGSBASE)
		sregs->cr4 |= CR4_FSGSBASE;
	sregs->efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
	sregs->gdt = (struct kvm_dtable){ .base = shim->gdt, .limit = shim->gdt_limit };
	sregs->idt = (struct kvm_dtable){ .base = shim->idt, .limit = shim->idt_limit };
	make_user(sregs);
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss;
	return 0;
}

bool kvm_x86_set_msr(const struct vcpu *vcpu, uint32_t index, uint64_t value)
{
	union {
		struct kvm_msrs msrs;
		char room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
	} one = { .msrs = { .nmsrs = 1 } };

	one.msrs.entries[0] = (struct kvm_msr_entry){ .index = index, .data = value };
	return ioctl(vcpu->fd, KVM_SET_MSRS, &one) == 1;
}

/* `sysretq` loads CS and SS from STAR's selector + 16 and + 8; `syscall`, + 0 and + 8. */
#define STAR ((uint64_t)(SHIM_USER_SS - 8) << 48 | (uint64_t)SHIM_KERNEL_CS << 32)
_Static_assert(SHIM_USER_CS == SHIM_USER_SS + 8 && SHIM_KERNEL_SS == SHIM_KERNEL_CS + 8, "STAR");

static bool set_call(const struct vcpu *vcpu, uint64_t entry)
{
	return kvm_x86_set_msr(vcpu, MSR_STAR, STAR) && kvm_x86_set_msr(vcpu, MSR_LSTAR, entry) &&
	       kvm_x86_set_msr(vcpu, MSR_SYSCALL_MASK,
		       vcpu->vm->shim.in_ring3 ? 0 : FLAGS_CLEARED);
}

/*
 * What Linux gives a new program: x87 and SSE exceptions masked, all state enabled, and
 * what XSAVE's header does not name in its initial state. SDM volume 1, 13.4.
 */
#define XSAVE_FCW 0		/* offsets in words of four bytes */
#define XSAVE_MXCSR (24 / 4)
#define XSAVE_STATES (512 / 4)
#define STATE_X87_SSE 3

static bool set_vectors(const struct vcpu *vcpu)
{
	const struct kvm_cpuid_entry2 *state = kvm_x86_cpuid(vcpu->vm->machine, 0xd, 0);
	struct kvm_xcrs xcrs = { .nr_xcrs = 1 };
	struct kvm_xsave xsave = { 0 };

	xsave.region[XSAVE_FCW] = 0x37f;
	xsave.region[XSAVE_MXCSR] = 0x1f80;
	xsave.region[XSAVE_STATES] = STATE_X87_SSE;
	if (vcpu->vm->machine->user.cr4 & CR4_OSXSAVE) {
		xcrs.xcrs[0].value = (uint64_t)state->edx << 32 | state->eax;
		if (ioctl(vcpu->fd, KVM_SET_XCRS, &xcrs))
			return false;
	}
	return !ioctl(vcpu->fd, KVM_SET_XSAVE, &xsave);
}

/* The guest's counter is the host's, if KVM can be told; whether it is, is tried. */
static void set_counter(const struct vcpu *vcpu)
{
	uint64_t offset = 0;
	struct kvm_device_attr attribute = { .group = KVM_VCPU_TSC_CTRL,
					     .attr = KVM_VCPU_TSC_OFFSET,
					     .addr = (uintptr_t)&offset };

	ioctl(vcpu->fd, KVM_SET_DEVICE_ATTR, &attribute);
}

/* In ring 3, with these bases of segments. */
int kvm_x86_set_user(const struct vcpu *vcpu, uint64_t fs_base, uint64_t gs_base)
{
	struct kvm_sregs sregs = vcpu->vm->machine->user;

	sregs.tr = (struct kvm_segment){ .base = vcpu->shim.tss,
					 .limit = vcpu->vm->shim.tss_limit,
					 .selector = SHIM_TASK, .type = TYPE_TASK, .present = 1 };
	sregs.fs.base = fs_base;
	sregs.gs.base = gs_base;
	return ioctl(vcpu->fd, KVM_SET_SREGS, &sregs);
}

static int set_up(struct vcpu *vcpu, uint64_t entry, struct runner_error *error)
{
	struct kvm_machine *machine = vcpu->vm->machine;

	if (!machine->user.cr3) {
		int failed = first_registers(vcpu, error);

		if (failed)
			return failed;
	}
	if (kvm_x86_set_user(vcpu, 0, 0) || !set_call(vcpu, entry) ||
	    !set_vectors(vcpu))
		return kvm_fails(error, "a vCPU's first registers");
	set_counter(vcpu);
	return 0;
}

static int set_start(struct vcpu *vcpu, uint64_t pc, uint64_t sp, struct runner_error *error)
{
	struct kvm_regs regs = { .rip = pc, .rsp = sp, .rflags = FLAG_ONE | FLAG_IF };

	if (ioctl(vcpu->fd, KVM_SET_REGS, &regs))
		return kvm_fails(error, "a vCPU's start");
	vcpu->run->s.regs.regs = regs;
	vcpu->run->kvm_valid_regs = KVM_SYNC_X86_REGS;
	return 0;
}

uint64_t vm_vectors(const struct vm *vm)
{
	const struct kvm_cpuid_entry2 *state = kvm_x86_cpuid(vm->machine, 0xd, 0);

	return ((uint64_t)state->edx << 32 | state->eax) | STATE_X87_SSE;
}

/* -------------------------------------------------------------------------
 * How the machine does it.
 */
bool kvm_x86_is_port(const struct kvm_run *run, uint16_t port)
{
	return run->exit_reason == KVM_EXIT_IO && run->io.direction == KVM_EXIT_IO_OUT &&
	       run->io.port == port;
}

static inline uint64_t counter(void)
{
	return __builtin_ia32_rdtsc();
}

static int probe(struct vm *vm, struct vcpu *vcpu, struct runner_error *error)
{
	struct kvm_machine *machine = vm->machine;
	struct kvm_sregs sregs;
	uint64_t before, told, after;
	int failed, khz;

	failed = set_up(vcpu, vcpu->shim.user_call, error);
	if (!failed)
		failed = set_start(vcpu, shim_probe(&vcpu->shim), 0, error);
	if (failed)
		return failed;
	before = counter();
	do
		failed = kvm_vcpu_run(vcpu);
	while (failed == -EINTR);
	after = counter();
	if (failed || ioctl(vcpu->fd, KVM_GET_SREGS, &sregs))
		return kvm_fails(error, "the first run");
	if (!kvm_x86_is_port(vcpu->run, SHIM_PORT_CALL))
		return runner_error(error, ENOTSUP,
				    "KVM: `syscall` does not lead to LSTAR here (exit %u, rip %#llx)",
				    vcpu->run->exit_reason,
				    (unsigned long long)vcpu->run->s.regs.regs.rip);
	told = vcpu->run->s.regs.regs.rax;
	vm->shim.in_ring3 = (sregs.cs.selector & 3) == 3;
	machine->has_counter = told >= before && told <= after;
	khz = ioctl(vcpu->fd, KVM_GET_TSC_KHZ);
	machine->counter_hz = khz > 0 ? khz * 1000ull : 0;
	return 0;
}

/* Ring 3 has what it needs for the trial, and only keeps it where it has to. */
int kvm_x86_try(struct vm *vm, struct runner_error *error)
{
	struct vcpu *vcpu;
	int failed = kvm_vcpu_create(&vcpu, vm, error);

	if (failed)
		return failed;
	vcpu_release(vcpu);
	startup_step("machine: a vCPU");
	shim_open(&vm->shim, &vm->pages, vcpu->number, true);
	failed = probe(vm, vcpu, error);
	startup_step("machine: probe of `syscall`");
	shim_open(&vm->shim, &vm->pages, vcpu->number, vm->shim.in_ring3);
	return failed;
}

uint64_t kvm_x86_call_entry(const struct vcpu *vcpu)
{
	const struct shim_cpu *cpu = &vcpu->shim;

	return vcpu->vm->shim.in_ring3 ? cpu->user_call : cpu->call;
}

int kvm_machine_start(struct vcpu *vcpu, guest_addr pc, guest_addr sp, struct runner_error *error)
{
	int failed = set_up(vcpu, kvm_x86_call_entry(vcpu), error);

	shim_renew(&vcpu->shim);
	return failed ? failed : set_start(vcpu, pc.v, sp.v, error);
}

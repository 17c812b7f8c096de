/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KVM on x86_64. `syscall` should enter ring 0 at LSTAR; under a KVM that runs without
 * the processor's help (pvm) it goes to LSTAR and stays in ring 3. Which it is, is tried.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kvm.h"
#include "startup.h"
#include "x86_64/pages.h"
#include "x86_64/registers.h"
#include "x86_64/shim.h"

#define GIB (1ull << 30)
#define TABLES_PHYSICAL 0x100000ull	/* the machine's own memory */
#define TABLES_SIZE (64ull << 20)	/* of which only what is used exists */
#define MEMORY_PHYSICAL (4 * GIB)	/* above the holes of a PC */
/* Three pages and one that Intel's KVM wants for itself; in a hole of a PC. */
#define KVM_TASK 0xfffbd000ul
#define KVM_IDENTITY 0xfffbc000ull

#define CPUID_ENTRIES 256
#define SYSCALL_SIZE 2	/* bytes of the instruction */

enum registers_at {
	PLAIN,		/* as in struct kvm_regs */
	AT_CALL,	/* rip and rflags are in rcx and r11 */
	AT_USER_CALL,	/* rip is in r11; at the first instruction, in rcx */
	AT_FAULT,	/* rip, rflags and rsp are in a frame of the shim */
};

struct kvm_processor {
	struct shim_cpu shim;
};

struct kvm_machine {
	struct pages pages;
	struct shim shim;
	struct kvm_cpuid2 *cpuid;
	struct kvm_sregs user;		/* of a vCPU that begins */
	bool has_counter;
	uint64_t counter_hz;		/* 0: not known */
	uint64_t physical_end;
};

/* -------------------------------------------------------------------------
 * Its features: all that KVM has for guests.
 */
static const struct kvm_cpuid_entry2 *cpuid(const struct kvm_machine *machine, uint32_t leaf,
					    uint32_t index)
{
	static const struct kvm_cpuid_entry2 none;

	for (uint32_t i = 0; i < machine->cpuid->nent; i++) {
		const struct kvm_cpuid_entry2 *entry = &machine->cpuid->entries[i];

		if (entry->function == leaf && entry->index == index)
			return entry;
	}
	return &none;
}

#define CPUID_1_XSAVE (1u << 26)	/* ecx */
#define CPUID_7_FSGSBASE (1u << 0)	/* ebx */

#define CPUID_7_AMX (1u << 22 | 1u << 24 | 1u << 25)	/* edx: BF16, TILE, INT8 */
#define XSTATE_AMX (1u << 17 | 1u << 18)

/* Its tiles do not fit in what KVM_GET_XSAVE gives, and Linux has programs ask for them. */
static void hide_tiles(struct kvm_cpuid2 *cpuid)
{
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function == 7 && entry->index == 0)
			entry->edx &= ~CPUID_7_AMX;
		if (entry->function == 0xd && entry->index == 0)
			entry->eax &= ~XSTATE_AMX;
	}
}

static int learn_features(struct vm *vm, struct runner_error *error)
{
	struct kvm_machine *machine = vm->machine;
	uint32_t bits;	/* of a physical address */

	machine->cpuid = calloc(1, sizeof *machine->cpuid +
					   CPUID_ENTRIES * sizeof machine->cpuid->entries[0]);
	if (!machine->cpuid)
		return runner_error(error, ENOMEM, "no memory for a virtual machine");
	machine->cpuid->nent = CPUID_ENTRIES;
	if (ioctl(vm->kvm, KVM_GET_SUPPORTED_CPUID, machine->cpuid))
		return kvm_fails(error, "the processor's features");
	hide_tiles(machine->cpuid);
	bits = cpuid(machine, 0x80000008, 0)->eax & 0xff;
	machine->physical_end = 1ull << (bits >= 36 && bits <= 52 ? bits : 36);
	return 0;
}

int kvm_machine_describe(struct vcpu *vcpu, struct runner_error *error)
{
	struct kvm_machine *machine = vcpu->vm->machine;

	if (ioctl(vcpu->fd, KVM_SET_CPUID2, machine->cpuid))
		return kvm_fails(error, "a vCPU's features");
	vcpu->processor = calloc(1, sizeof *vcpu->processor);
	if (!vcpu->processor ||
	    !shim_add_cpu(&machine->shim, &machine->pages, vcpu->number, &vcpu->processor->shim))
		return runner_error(error, ENOMEM, "no memory for a vCPU");
	memset(vcpu->processor->shim.data->given, 0, sizeof vcpu->processor->shim.data->given);
	return 0;
}

void kvm_machine_forget(struct vcpu *vcpu)
{
	free(vcpu->processor);
}

uint64_t vm_hwcap(const struct vm *vm, unsigned int word)
{
	const uint64_t hwcap2_fsgsbase = 2;	/* Linux arch/x86/include/uapi/asm/hwcap2.h */

	if (word == 0)
		return cpuid(vm->machine, 1, 0)->edx;
	return cpuid(vm->machine, 7, 0)->ebx & CPUID_7_FSGSBASE ? hwcap2_fsgsbase : 0;
}

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
#define FLAG_ONE (1u << 1)		/* always set */
#define FLAG_IF (1u << 9)
#define FLAGS_CLEARED 0x47700u		/* on `syscall`: AC NT IOPL DF IF TF */
/* CF PF AF ZF SF TF DF OF RF AC ID: what a program may have as it likes. */
#define FLAGS_USER 0x250dd5u

#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_SYSCALL_MASK 0xc0000084
#define MSR_FS_BASE 0xc0000100

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
	const struct shim *shim = &machine->shim;
	struct kvm_sregs *sregs = &machine->user;

	if (ioctl(vcpu->fd, KVM_GET_SREGS, sregs))
		return kvm_fails(error, "a vCPU's registers");
	sregs->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG;
	sregs->cr3 = machine->pages.root;
	sregs->cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	if (cpuid(machine, 1, 0)->ecx & CPUID_1_XSAVE)
		sregs->cr4 |= CR4_OSXSAVE;
	if (cpuid(machine, 7, 0)->ebx & CPUID_7_FSGSBASE)
		sregs->cr4 |= CR4_FSGSBASE;
	sregs->efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
	sregs->gdt = (struct kvm_dtable){ .base = shim->gdt, .limit = shim->gdt_limit };
	sregs->idt = (struct kvm_dtable){ .base = shim->idt, .limit = shim->idt_limit };
	make_user(sregs);
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss;
	return 0;
}

static bool set_msr(const struct vcpu *vcpu, uint32_t index, uint64_t value)
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
	return set_msr(vcpu, MSR_STAR, STAR) && set_msr(vcpu, MSR_LSTAR, entry) &&
	       set_msr(vcpu, MSR_SYSCALL_MASK,
		       vcpu->vm->machine->shim.in_ring3 ? 0 : FLAGS_CLEARED);
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
	const struct kvm_cpuid_entry2 *state = cpuid(vcpu->vm->machine, 0xd, 0);
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
static int set_user(const struct vcpu *vcpu, uint64_t fs_base, uint64_t gs_base)
{
	struct kvm_sregs sregs = vcpu->vm->machine->user;

	sregs.tr = (struct kvm_segment){ .base = vcpu->processor->shim.tss,
					 .limit = vcpu->vm->machine->shim.tss_limit,
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
	if (set_user(vcpu, 0, 0) || !set_call(vcpu, entry) ||
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

/* -------------------------------------------------------------------------
 * How the machine does it.
 */
static bool is_port(const struct kvm_run *run, uint16_t port)
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

	failed = set_up(vcpu, vcpu->processor->shim.user_call, error);
	if (!failed)
		failed = set_start(vcpu, shim_probe(&vcpu->processor->shim), 0, error);
	if (failed)
		return failed;
	before = counter();
	do
		failed = kvm_vcpu_run(vcpu);
	while (failed == -EINTR);
	after = counter();
	if (failed || ioctl(vcpu->fd, KVM_GET_SREGS, &sregs))
		return kvm_fails(error, "the first run");
	if (!is_port(vcpu->run, SHIM_PORT_CALL))
		return runner_error(error, ENOTSUP,
				    "KVM: `syscall` does not lead to LSTAR here (exit %u, rip %#llx)",
				    vcpu->run->exit_reason,
				    (unsigned long long)vcpu->run->s.regs.regs.rip);
	told = vcpu->run->s.regs.regs.rax;
	machine->shim.in_ring3 = (sregs.cs.selector & 3) == 3;
	machine->has_counter = told >= before && told <= after;
	khz = ioctl(vcpu->fd, KVM_GET_TSC_KHZ);
	machine->counter_hz = khz > 0 ? khz * 1000ull : 0;
	return 0;
}

/* Ring 3 has what it needs for the trial, and only keeps it where it has to. */
static int try_call(struct vm *vm, struct runner_error *error)
{
	struct kvm_machine *machine = vm->machine;
	struct vcpu *vcpu;
	int failed = kvm_vcpu_create(&vcpu, vm, error);

	if (failed)
		return failed;
	vcpu_release(vcpu);
	startup_step("machine: a vCPU");
	shim_open(&machine->shim, &machine->pages, vcpu->number, true);
	failed = probe(vm, vcpu, error);
	startup_step("machine: probe of `syscall`");
	shim_open(&machine->shim, &machine->pages, vcpu->number, machine->shim.in_ring3);
	return failed;
}

/* -------------------------------------------------------------------------
 * The machine.
 */
static int create_memory(struct vm *vm, struct runner_error *error)
{
	struct pages *pages = &vm->machine->pages;
	void *host = mmap(NULL, TABLES_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int failed;

	if (host == MAP_FAILED)
		return kvm_fails(error, "memory for page tables");
	pages->host = host;
	pages->physical = TABLES_PHYSICAL;
	pages->size = TABLES_SIZE;
	failed = vm_add_memory(vm, TABLES_PHYSICAL, host, TABLES_SIZE, error);
	if (failed)
		return failed;
	pages->root = pages_take(pages);
	if (!shim_create(&vm->machine->shim, pages))
		return runner_error(error, ENOMEM, "no room for page tables");
	return 0;
}

/* Only some KVMs need and have these. */
static void set_places(const struct vm *vm)
{
	uint64_t identity = KVM_IDENTITY;

	ioctl(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity);
	ioctl(vm->fd, KVM_SET_TSS_ADDR, KVM_TASK);
}

int kvm_machine_create(struct vm *vm, struct runner_error *error)
{
	int failed;

	vm->machine = calloc(1, sizeof *vm->machine);
	if (!vm->machine)
		return runner_error(error, ENOMEM, "no memory for a virtual machine");
	if (ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS) <= 0 ||
	    ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_IMMEDIATE_EXIT) <= 0)
		return runner_error(error, ENOTSUP, "KVM: older than Linux 4.17");
	set_places(vm);
	failed = learn_features(vm, error);
	startup_step("machine: features");
	if (!failed)
		failed = create_memory(vm, error);
	startup_step("machine: tables and shim");
	return failed ? failed : try_call(vm, error);
}

int kvm_machine_again(struct vm *vm, struct runner_error *error)
{
	(void)error;
	set_places(vm);
	return 0;
}

void kvm_machine_destroy(struct vm *vm)
{
	struct kvm_machine *machine = vm->machine;

	if (!machine)
		return;
	if (machine->pages.host)
		munmap(machine->pages.host, machine->pages.size);
	free(machine->cpuid);
	free(machine);
}

struct guest_range vm_user_range(const struct vm *vm)
{
	(void)vm;
	return (struct guest_range){ guest_at(VM_PAGE), guest_at(SHIM_USER_END) };
}

struct guest_range vm_own_range(const struct vm *vm)
{
	(void)vm;
	return (struct guest_range){ guest_at(SHIM_USER_END), guest_at(SHIM_TOP) };
}

void vm_physical_range(const struct vm *vm, uint64_t *start, uint64_t *end)
{
	*start = MEMORY_PHYSICAL;
	*end = vm->machine->physical_end;
}

int vm_counter_distance(const struct vm *vm, uint64_t *distance)
{
	*distance = 0;
	return vm->machine->has_counter ? 0 : -ENOTSUP;
}

uint64_t vm_counter_hz(const struct vm *vm)
{
	return vm->machine->counter_hz;
}

/* -------------------------------------------------------------------------
 * Pages of user code. Pages that are not used as they were any more are gathered.
 */
struct run_of_pages {
	uint64_t start, size;
};

static void forget_run(struct vm *vm, struct run_of_pages *run)
{
	if (run->size)
		kvm_forget(vm, run->start, run->size);
	run->size = 0;
}

static void gather(struct vm *vm, struct run_of_pages *run, uint64_t page)
{
	if (!page)
		return;
	if (page != run->start + run->size)
		forget_run(vm, run);
	if (!run->size)
		run->start = page;
	run->size += VM_PAGE;
}

/* This processor reads what it may execute or write, and its tables cannot say otherwise. */
static unsigned int page_flags(unsigned int prot)
{
	return PAGE_USER | (prot & GUEST_WRITE ? PAGE_WRITE : 0) |
	       (prot & GUEST_EXEC ? PAGE_EXEC : 0);
}

int vm_map(struct vm *vm, guest_addr at, uint64_t physical, size_t size, unsigned int prot,
	   struct runner_error *error)
{
	struct pages *pages = &vm->machine->pages;
	struct run_of_pages run = { 0 };

	if (!prot) {
		vm_unmap(vm, at, size);
		return 0;
	}
	if (!pages_prepare(pages, at.v, size))
		return runner_error(error, ENOMEM, "no room for page tables");
	for (size_t o = 0; o < size; o += VM_PAGE)
		gather(vm, &run,
		       pages_set(pages, at.v + o, physical + o, page_flags(prot)));
	forget_run(vm, &run);
	return 0;
}

size_t vm_unmap(struct vm *vm, guest_addr at, size_t size)
{
	const struct pages *pages = &vm->machine->pages;
	struct run_of_pages run = { 0 };
	size_t there = 0;

	for (uint64_t next = pages_next(pages, at.v), end = at.v + size; next < end;
	     next = pages_next(pages, next + VM_PAGE)) {
		uint64_t page = pages_clear(&vm->machine->pages, next);

		there += page != 0;
		gather(vm, &run, page);
	}
	forget_run(vm, &run);
	return there;
}

/* -------------------------------------------------------------------------
 * A run.
 */
static struct kvm_regs *registers(const struct vcpu *vcpu)
{
	return &vcpu->run->s.regs.regs;
}

static uint64_t call_entry(const struct vcpu *vcpu)
{
	const struct shim_cpu *cpu = &vcpu->processor->shim;

	return vcpu->vm->machine->shim.in_ring3 ? cpu->user_call : cpu->call;
}

int kvm_machine_start(struct vcpu *vcpu, guest_addr pc, guest_addr sp, struct runner_error *error)
{
	int failed = set_up(vcpu, call_entry(vcpu), error);

	vcpu_attention(vcpu, VM_ATTENTION_ANSWERS, (uint32_t)~VM_ATTENTION_ANSWERS);
	memset(vcpu->processor->shim.pool, 0, sizeof(struct shim_pool));
	vcpu->processor->shim.pool->next = SHIM_POOL;
	return failed ? failed : set_start(vcpu, pc.v, sp.v, error);
}

/* Where user code's registers are now. The way back may have begun already: sysretq, iretq. */
static enum registers_at where(const struct vcpu *vcpu)
{
	const struct shim *shim = &vcpu->vm->machine->shim;
	uint64_t rip = registers(vcpu)->rip;

	if (shim_place(shim, &vcpu->processor->shim, rip) != SHIM_ELSEWHERE)
		return shim->in_ring3 ? AT_USER_CALL : AT_CALL;
	if (rip >= shim->fault && rip < shim->fault_end)
		return AT_FAULT;
	return PLAIN;
}

static void tell_off(struct vm_exit *exit, const char *what, const struct vcpu *vcpu)
{
	exit->why = VM_OFF;
	snprintf(exit->text, sizeof exit->text, "%s (KVM exit %u, rip %#llx)", what,
		 vcpu->run->exit_reason, (unsigned long long)registers(vcpu)->rip);
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
static void leave_shim(struct vcpu *vcpu, struct vm_exit *exit, enum shim_place place, uint64_t back)
{
	const struct shim_cpu *cpu = &vcpu->processor->shim;
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
	const struct shim_cpu *cpu = &vcpu->processor->shim;
	const struct shim_frame *frame = shim_frame(cpu);

	return where(vcpu) == AT_FAULT && frame->vector == SHIM_DEBUG &&
	       shim_place(&vcpu->vm->machine->shim, cpu, frame->rip) != SHIM_ELSEWHERE;
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
 * way back, and where() knows.
 */
static bool leave_interrupted(struct vcpu *vcpu, struct vm_exit *exit)
{
	const struct shim *shim = &vcpu->vm->machine->shim;
	uint64_t rip = registers(vcpu)->rip;
	enum shim_place place = shim_place(shim, &vcpu->processor->shim, rip);

	if (is_raised(vcpu))
		return false;
	if (place == SHIM_ASKED || place == SHIM_BORROWED)
		leave_shim(vcpu, exit, place, SYSCALL_SIZE);
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
	const struct shim_cpu *cpu = &vcpu->processor->shim;
	const struct shim_frame *frame = shim_frame(cpu);
	struct kvm_sregs sregs;

	if (where(vcpu) == AT_FAULT && frame->cs == SHIM_KERNEL_CS &&
	    shim_place(&vcpu->vm->machine->shim, cpu, frame->rip) == SHIM_BORROWED) {
		leave_copy(vcpu, exit);
		return;
	}
	if (where(vcpu) != AT_FAULT || frame->cs != SHIM_USER_CS ||
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
	struct kvm_regs *regs = registers(vcpu);

	exit->why = VM_CALL;
	if (!vcpu->vm->machine->shim.in_ring3)
		return;
	if (where(vcpu) != AT_USER_CALL || regs->r11 >= SHIM_USER_END) {
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
	if (result == -EFAULT && where(vcpu) == AT_CALL)
		leave_copy(vcpu, exit);
	else if (result == -EFAULT)
		tell_fault(exit, nothing_there);
	else if (result)
		tell_off(exit, strerror(-result), vcpu);
	else if (is_port(vcpu->run, SHIM_PORT_CALL))
		leave_call(vcpu, exit);
	else if (is_port(vcpu->run, SHIM_PORT_FAULT) && steps_in_call(vcpu))
		return false;
	else if (is_port(vcpu->run, SHIM_PORT_FAULT))
		leave_fault(vcpu, exit);
	else
		tell_off(exit, "the virtual machine stopped", vcpu);
	return true;
}

/* -------------------------------------------------------------------------
 * Registers by what they are for: System V ABI for x86-64, A.2.1.
 */
static __u64 *argument(const struct vcpu *vcpu, unsigned int number)
{
	struct kvm_regs *regs = registers(vcpu);
	__u64 *const arguments[] = { &regs->rdi, &regs->rsi, &regs->rdx,
				     &regs->r10, &regs->r8,  &regs->r9 };

	return arguments[number];
}

/* The program's `rip`, which is also where it is in the middle of a call. */
static __u64 *place_of_pc(const struct vcpu *vcpu, enum registers_at at)
{
	struct kvm_regs *regs = registers(vcpu);

	switch (at) {
	case AT_CALL:
		return &regs->rcx;
	case AT_USER_CALL:
		return regs->rip == call_entry(vcpu) ? &regs->rcx : &regs->r11;
	case AT_FAULT:
		return (__u64 *)&shim_frame(&vcpu->processor->shim)->rip;
	default:
		return &regs->rip;
	}
}

/* The thread pointer is not here: it has an instruction, so KVM is asked. */
static uint64_t *place_of(const struct vcpu *vcpu, enum vm_register which)
{
	struct kvm_regs *regs = registers(vcpu);
	enum registers_at at = where(vcpu);

	switch (which) {
	case VM_NUMBER:
	case VM_RESULT:
		return (uint64_t *)&regs->rax;
	case VM_PC:
		return (uint64_t *)place_of_pc(vcpu, at);
	case VM_SP:
		return at == AT_FAULT ? &shim_frame(&vcpu->processor->shim)->rsp :
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

void vcpu_set(struct vcpu *vcpu, enum vm_register which, uint64_t value)
{
	if (which == VM_THREAD_POINTER) {
		set_msr(vcpu, MSR_FS_BASE, value);
		return;
	}
	/* `sysretq` to an address that is none faults in ring 0, with the program's stack */
	if (which == VM_PC && value >= SHIM_USER_END)
		value = 0;
	*place_of(vcpu, which) = value;
	vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
}

/* -------------------------------------------------------------------------
 * All registers.
 */
_Static_assert(sizeof(struct kvm_xsave) == VECTORS_MAX, "the state of XSAVE");

/* The program has what Linux gives it at an address that no program has: a fault there. */
static uint64_t user_address(uint64_t address)
{
	return address < SHIM_USER_END ? address : 0;
}

static uint64_t flags(const struct vcpu *vcpu)
{
	const struct kvm_regs *regs = registers(vcpu);

	switch (where(vcpu)) {
	case AT_CALL:
		return regs->r11;
	case AT_FAULT:
		return shim_frame(&vcpu->processor->shim)->rflags;
	default:
		return regs->rflags;
	}
}

int vcpu_save(const struct vcpu *vcpu, struct vm_registers *to)
{
	const struct kvm_regs *r = registers(vcpu);
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
	    set_user(vcpu, user_address(from->fs_base), user_address(from->gs_base)))
		return -errno;
	*registers(vcpu) = (struct kvm_regs){
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

uint64_t vm_vectors(const struct vm *vm)
{
	const struct kvm_cpuid_entry2 *state = cpuid(vm->machine, 0xd, 0);

	return ((uint64_t)state->edx << 32 | state->eax) | STATE_X87_SSE;
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
	vcpu_set(vcpu, VM_PC, vcpu_get(vcpu, VM_PC) - SYSCALL_SIZE);
}

/* -------------------------------------------------------------------------
 * What the shim answers. The vCPU's own thread writes it between runs, so that no read
 * is under way; other threads only set and clear lanes.
 */
void vcpu_attention(struct vcpu *vcpu, uint32_t set, uint32_t clear)
{
	uint32_t *attention = &vcpu->processor->shim.data->attention;

	__atomic_or_fetch(attention, set, __ATOMIC_SEQ_CST);
	__atomic_and_fetch(attention, ~clear, __ATOMIC_RELEASE);
}

void vcpu_answer(struct vcpu *vcpu, const struct vm_answers *answers)
{
	vcpu->processor->shim.data->answers = *answers;
	vcpu_attention(vcpu, 0, VM_ATTENTION_ANSWERS);
}

/* In ring 3 there is no place that the program could not read. */
size_t vcpu_random_room(const struct vcpu *vcpu)
{
	return vcpu->vm->machine->shim.in_ring3 ? 0 : vcpu->processor->shim.pool->next;
}

void vcpu_random_fill(struct vcpu *vcpu, const void *bytes)
{
	struct shim_pool *pool = vcpu->processor->shim.pool;

	memcpy(pool->byte, bytes, pool->next);
	pool->next = 0;
}

void vm_random_fd(struct vm *vm, unsigned int fd, bool is)
{
	uint32_t *word = &vm->machine->shim.shared->random[fd / 32], bit = 1u << fd % 32;

	if (is)
		__atomic_or_fetch(word, bit, __ATOMIC_SEQ_CST);
	else
		__atomic_and_fetch(word, ~bit, __ATOMIC_SEQ_CST);
}

bool vm_answered(struct vm *vm, unsigned int number, const char **name, uint64_t *count)
{
	if (vm->machine->shim.in_ring3 || number >= SHIM_ANSWERS)
		return false;
	*name = shim_answer_name(number);
	*count = 0;
	pthread_mutex_lock(&vm->lock);
	for (const struct vcpu *vcpu = vm->vcpus; vcpu; vcpu = vcpu->next)
		*count += __atomic_load_n(&vcpu->processor->shim.data->given[number],
					  __ATOMIC_RELAXED);
	pthread_mutex_unlock(&vm->lock);
	return true;
}

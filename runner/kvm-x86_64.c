/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KVM on x86_64. `syscall` should enter ring 0 at LSTAR; under a KVM that runs without
 * the processor's help (pvm) it goes to LSTAR and stays in ring 3. Which it is, is tried.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "kvm-x86_64.h"
#include "startup.h"

/* Three pages and one that Intel's KVM wants for itself; in a hole of a PC. */
#define KVM_TASK 0xfffbd000ul
#define KVM_IDENTITY 0xfffbc000ull
#define CPUID_ENTRIES 256

/* -------------------------------------------------------------------------
 * Its features: all that KVM has for guests.
 */
const struct kvm_cpuid_entry2 *kvm_x86_cpuid(const struct kvm_machine *machine, uint32_t leaf,
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
	bits = kvm_x86_cpuid(machine, 0x80000008, 0)->eax & 0xff;
	machine->physical_end = 1ull << (bits >= 36 && bits <= 52 ? bits : 36);
	return 0;
}

int kvm_machine_describe(struct vcpu *vcpu, struct runner_error *error)
{
	if (ioctl(vcpu->fd, KVM_SET_CPUID2, vcpu->vm->machine->cpuid))
		return kvm_fails(error, "a vCPU's features");
	return 0;
}

uint64_t vm_hwcap(const struct vm *vm, unsigned int word)
{
	const uint64_t hwcap2_fsgsbase = 2;	/* Linux arch/x86/include/uapi/asm/hwcap2.h */

	if (word == 0)
		return kvm_x86_cpuid(vm->machine, 1, 0)->edx;
	return kvm_x86_cpuid(vm->machine, 7, 0)->ebx & CPUID_7_FSGSBASE ? hwcap2_fsgsbase : 0;
}

/* -------------------------------------------------------------------------
 * The machine.
 */
static int create_memory(struct vm *vm, struct runner_error *error)
{
	int failed = kvm_add_own(vm, error);

	if (failed)
		return failed;
	if (!pages_create(&vm->pages, vm->own, KVM_OWN_PHYSICAL, KVM_OWN_SIZE) ||
	    !shim_create(&vm->shim, &vm->pages))
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

unsigned long kvm_machine_type(int kvm)
{
	(void)kvm;
	return 0;
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
	return failed ? failed : kvm_x86_try(vm, error);
}

void kvm_machine_again(struct vm *vm)
{
	set_places(vm);
}

void kvm_machine_destroy(struct vm *vm)
{
	if (vm->machine)
		free(vm->machine->cpuid);
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
	*start = KVM_MEMORY_PHYSICAL;
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
	struct pages *pages = &vm->pages;
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
	const struct pages *pages = &vm->pages;
	struct run_of_pages run = { 0 };
	size_t there = 0;

	for (uint64_t next = pages_next(pages, at.v), end = at.v + size; next < end;
	     next = pages_next(pages, next + VM_PAGE)) {
		uint64_t page = pages_clear(&vm->pages, next);

		there += page != 0;
		gather(vm, &run, page);
	}
	forget_run(vm, &run);
	return there;
}

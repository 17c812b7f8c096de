/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine of vm.h. Intel SDM volume 3: 4.5 paging, 3.4 segments, 6.14 exceptions, 7.7 TSS. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "vm.h"

/* -------------------------------------------------------------------------
 * Guest code. Each piece tells its end by a byte to a port; so does each exception.
 */
#define PORT_END 0x41
#define PORT_VECTORS 0x80
#define VECTORS 32
#define TEXT_(macro) #macro
#define TEXT(macro) TEXT_(macro)

extern const uint8_t vm_code[], vm_code_end[], vm_code_call[], vm_code_counter[];
extern const uint8_t vm_code_vmcall[], vm_code_vmmcall[], vm_code_vectors[];

__asm__(".pushsection .rodata\n"
	".macro end\n"
	"	out %al, $" TEXT(PORT_END) "\n"
	"	jmp .\n"
	".endm\n"
	"vm_code:\n"
	"vm_code_call:	call *%rbx\n	end\n"
	"vm_code_counter:\n"
	"	rdtsc\n	shl $32, %rdx\n	or %rdx, %rax\n	end\n"
	"vm_code_vmcall:	vmcall\n	end\n"
	"vm_code_vmmcall:	vmmcall\n	end\n"
	"vm_code_vectors:\n"
	"	.set vector, 0\n"
	"	.rept " TEXT(VECTORS) "\n"
	"	out %al, $" TEXT(PORT_VECTORS) " + vector\n"
	"	jmp .\n"
	"	.set vector, vector + 1\n"
	"	.endr\n"
	"vm_code_end:\n"
	".purgem end\n"
	".popsection\n");
#define VECTOR_SIZE 4	/* out and jmp, of two bytes each */

/* -------------------------------------------------------------------------
 * Memory: one table of pages, which begins at 0 in both worlds; the image alone is
 * somewhere else for the guest.
 */
enum {
	PML4 = 0x1000, PDPT = 0x2000, PD = 0x3000, PT = 0x4000,
	GDT = 0x5000, IDT = 0x6000, TSS = 0x7000,	/* and its I/O map: three pages */
	KERNEL_STACK = 0xb000, CODE = 0x10000, WRITABLE_CODE = 0x11000, STACK = 0x30000, IMAGE = 0x80000,
	MEMORY = 0x100000, PAGE = 0x1000
};

#define PTE_PRESENT 1ull
#define PTE_WRITE 2ull
#define PTE_USER 4ull
#define PTE_NX (1ull << 63)
#define PTE_TABLE (PTE_PRESENT | PTE_WRITE | PTE_USER)

static void map(struct vm *vm, uint64_t virtual, uint64_t physical, uint64_t flags)
{
	((uint64_t *)(vm->memory + PT))[virtual / PAGE] = physical | PTE_PRESENT | flags;
}

static void map_all(struct vm *vm)
{
	*(uint64_t *)(vm->memory + PML4) = PDPT | PTE_TABLE;
	*(uint64_t *)(vm->memory + PDPT) = PD | PTE_TABLE;
	*(uint64_t *)(vm->memory + PD) = PT | PTE_TABLE;
	for (uint64_t at = GDT; at <= KERNEL_STACK; at += PAGE)
		map(vm, at, at, PTE_WRITE | PTE_NX);
	map(vm, CODE, CODE, PTE_USER);
	map(vm, WRITABLE_CODE, CODE, PTE_USER | PTE_WRITE);
	map(vm, VM_DATA, VM_DATA, PTE_USER | PTE_WRITE | PTE_NX);
	map(vm, STACK, STACK, PTE_USER | PTE_WRITE | PTE_NX);
	for (uint64_t at = 0; at < VM_IMAGE_PAGES * PAGE; at += PAGE) {
		map(vm, VM_IMAGE + at, IMAGE + at, PTE_USER);
		map(vm, VM_WRITABLE + at, IMAGE + at, PTE_USER | PTE_WRITE);
	}
}

/* -------------------------------------------------------------------------
 * Segments and gates.
 */
enum { KERNEL_CS = 0x08, KERNEL_SS = 0x10, USER_SS = 0x18 | 3, USER_CS = 0x20 | 3, TASK = 0x28 };
enum { TYPE_CODE = 11, TYPE_DATA = 3, TYPE_TSS = 11, TYPE_GATE = 14 };
enum { TSS_RSP0 = 4, TSS_MAP_BASE = 102, TSS_SIZE = 104, IO_MAP = 65536 / 8 };

static struct kvm_segment segment(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){
		.limit = UINT32_MAX, .selector = selector, .type = type, .present = 1,
		.dpl = selector & 3, .s = 1, .g = 1, .l = type == TYPE_CODE,
		.db = type == TYPE_DATA,
	};
}

/* As the processor reads it from memory. */
static uint64_t descriptor(const struct kvm_segment *s)
{
	uint64_t limit = s->g ? s->limit >> 12 : s->limit, base = s->base;
	uint64_t rights = s->type | (uint64_t)s->s << 4 | (uint64_t)s->dpl << 5 |
			  (uint64_t)s->present << 7 | (uint64_t)s->l << 13 |
			  (uint64_t)s->db << 14 | (uint64_t)s->g << 15;

	return (limit & 0xffff) | (base & 0xffffff) << 16 | rights << 40 |
	       (limit >> 16 & 15) << 48 | (base >> 24 & 0xff) << 56;
}

static void fill_tables(struct vm *vm, struct kvm_sregs *kernel, struct kvm_sregs *user)
{
	uint64_t *gdt = (uint64_t *)(vm->memory + GDT), *idt = (uint64_t *)(vm->memory + IDT);
	uint8_t *tss = vm->memory + TSS;
	const uint64_t stack = KERNEL_STACK + PAGE;
	const uint16_t map_base = TSS_SIZE;

	/* every port is open to ring 3: zeros; behind the last there is a byte of ones */
	memcpy(tss + TSS_RSP0, &stack, sizeof stack);
	memcpy(tss + TSS_MAP_BASE, &map_base, sizeof map_base);
	tss[TSS_SIZE + IO_MAP] = 0xff;

	gdt[KERNEL_CS / 8] = descriptor(&kernel->cs);
	gdt[KERNEL_SS / 8] = descriptor(&kernel->ss);
	gdt[USER_CS / 8] = descriptor(&user->cs);
	gdt[USER_SS / 8] = descriptor(&user->ss);
	gdt[TASK / 8] = descriptor(&kernel->tr);
	for (unsigned int v = 0; v < VECTORS; v++) {
		uint64_t at = CODE + (uint64_t)(vm_code_vectors - vm_code) + v * VECTOR_SIZE;

		idt[2 * v] = (at & 0xffff) | KERNEL_CS << 16 | (uint64_t)(0x80 | TYPE_GATE) << 40 |
			     at >> 16 << 48;
	}
}

#define CR0_PE (1u << 0)
#define CR0_MP (1u << 1)
#define CR0_ET (1u << 4)
#define CR0_NE (1u << 5)
#define CR0_WP (1u << 16)
#define CR0_PG (1u << 31)
#define CR4_PAE (1u << 5)
#define CR4_OSFXSR (1u << 9)
#define EFER_LME (1u << 8)
#define EFER_LMA (1u << 10)
#define EFER_NXE (1u << 11)

static void set_up(struct vm *vm, struct kvm_sregs *fresh)
{
	struct kvm_sregs *kernel = &vm->sregs[VM_RING_0], *user = &vm->sregs[VM_RING_3];

	*kernel = *fresh;
	kernel->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
	kernel->cr3 = PML4;
	kernel->cr4 = CR4_PAE | CR4_OSFXSR;
	kernel->efer = EFER_LME | EFER_LMA | EFER_NXE;
	kernel->gdt = (struct kvm_dtable){ .base = GDT, .limit = TASK + 2 * 8 - 1 };
	kernel->idt = (struct kvm_dtable){ .base = IDT, .limit = VECTORS * 16 - 1 };
	kernel->tr = (struct kvm_segment){ .base = TSS, .limit = TSS_SIZE + IO_MAP, .present = 1,
					   .selector = TASK, .type = TYPE_TSS };
	kernel->cs = segment(KERNEL_CS, TYPE_CODE);
	kernel->ss = segment(KERNEL_SS, TYPE_DATA);
	*user = *kernel;
	user->cs = segment(USER_CS, TYPE_CODE);
	user->ss = segment(USER_SS, TYPE_DATA);
	kernel->ds = kernel->es = kernel->fs = kernel->gs = kernel->ss;
	user->ds = user->es = user->fs = user->gs = user->ss;
	fill_tables(vm, kernel, user);
}

/* -------------------------------------------------------------------------
 * KVM.
 */
#define CPUID_ENTRIES 256

static bool give_cpuid(int kvm, int vcpu)
{
	size_t size = sizeof(struct kvm_cpuid2) + CPUID_ENTRIES * sizeof(struct kvm_cpuid_entry2);
	struct kvm_cpuid2 *cpuid = calloc(1, size);
	bool good;

	if (!cpuid)
		return false;
	cpuid->nent = CPUID_ENTRIES;
	good = !ioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid) && !ioctl(vcpu, KVM_SET_CPUID2, cpuid);
	free(cpuid);
	return good;
}

static bool cannot(struct vm *vm, const char *what)
{
	vm->why = what;
	return false;
}

bool vm_open(struct vm *vm)
{
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY };
	struct kvm_sregs fresh;
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), size;

	memset(vm, 0, sizeof *vm);
	if (kvm < 0)
		return cannot(vm, "/dev/kvm");
	if (ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return cannot(vm, "KVM_GET_API_VERSION");
	vm->vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm->vm < 0)
		return cannot(vm, "KVM_CREATE_VM");
	vm->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (vm->memory == MAP_FAILED)
		return cannot(vm, "mmap");
	region.userspace_addr = (uintptr_t)vm->memory;
	if (ioctl(vm->vm, KVM_SET_USER_MEMORY_REGION, &region))
		return cannot(vm, "KVM_SET_USER_MEMORY_REGION");
	vm->vcpu = ioctl(vm->vm, KVM_CREATE_VCPU, 0);
	if (vm->vcpu < 0)
		return cannot(vm, "KVM_CREATE_VCPU");
	if (!give_cpuid(kvm, vm->vcpu))
		return cannot(vm, "KVM_SET_CPUID2");
	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < (int)sizeof *vm->run)
		return cannot(vm, "KVM_GET_VCPU_MMAP_SIZE");
	vm->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu, 0);
	if (vm->run == MAP_FAILED)
		return cannot(vm, "mmap of the vcpu");
	if (ioctl(vm->vcpu, KVM_GET_SREGS, &fresh))
		return cannot(vm, "KVM_GET_SREGS");
	map_all(vm);
	set_up(vm, &fresh);
	return true;
}

uint8_t *vm_image(const struct vm *vm)
{
	return vm->memory + IMAGE;
}

uint8_t *vm_data(const struct vm *vm)
{
	return vm->memory + VM_DATA;
}

uint64_t vm_image_address(const struct vm *vm)
{
	return vm->writable ? VM_WRITABLE : VM_IMAGE;
}

uint64_t vm_address(const struct vm *vm, enum vm_code code)
{
	static const uint8_t *const codes[] = {
		[VM_CALL] = vm_code_call, [VM_COUNTER] = vm_code_counter,
		[VM_VMCALL] = vm_code_vmcall, [VM_VMMCALL] = vm_code_vmmcall,
	};

	return (vm->writable ? WRITABLE_CODE : CODE) + (uint64_t)(codes[code] - vm_code);
}

static void demand(bool good, const char *what)
{
	if (good)
		return;
	printf("FAIL: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Whatever the last exit has left to be done is done before registers are set. */
void vm_begin(struct vm *vm, enum vm_ring ring, enum vm_code code, const struct kvm_regs *regs)
{
	struct kvm_regs set = *regs;

	vm->run->immediate_exit = 1;
	ioctl(vm->vcpu, KVM_RUN, 0);
	vm->run->immediate_exit = 0;
	/* as it was before KVM or the guest patched it */
	memcpy(vm->memory + CODE, vm_code, (size_t)(vm_code_end - vm_code));
	set.rip = vm_address(vm, code);
	set.rsp = STACK + PAGE;
	set.rflags = 1 << 1;	/* which is always set */
	demand(!ioctl(vm->vcpu, KVM_SET_SREGS, &vm->sregs[ring]), "KVM_SET_SREGS");
	demand(!ioctl(vm->vcpu, KVM_SET_REGS, &set), "KVM_SET_REGS");
}

/* Vectors whose frame begins with an error code: 8, 10..14, 17, 21. */
#define WITH_ERROR_CODE (1u << 8 | 0x1fu << 10 | 1u << 17 | 1u << 21)

static void take_exception(const struct vm *vm, struct vm_exit *exit)
{
	uint64_t frame = exit->regs.rsp;

	exit->end = VM_EXCEPTION;
	exit->vector = vm->run->io.port - PORT_VECTORS;
	if (WITH_ERROR_CODE >> exit->vector & 1)
		frame += sizeof(uint64_t);
	if (frame <= MEMORY - sizeof exit->rip)
		memcpy(&exit->rip, vm->memory + frame, sizeof exit->rip);
}

static void on_alarm(int signal_number)
{
	(void)signal_number;	/* it interrupts KVM_RUN, that is all */
}

/* More than one, for the case that the first comes before KVM_RUN. */
static void wake_after(unsigned int seconds)
{
	const struct itimerval timer = { .it_value.tv_sec = seconds,
					 .it_interval.tv_usec = seconds ? 100000 : 0 };
	const struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

struct vm_exit vm_run(struct vm *vm)
{
	struct vm_exit exit = { .end = VM_STOPPED };
	const struct kvm_run *run = vm->run;
	int error;

	wake_after(vm->patience);
	do
		error = ioctl(vm->vcpu, KVM_RUN, 0) ? errno : 0;
	while (error == EINTR && !vm->patience);
	wake_after(0);
	demand(!error || error == EINTR, "KVM_RUN");
	demand(!ioctl(vm->vcpu, KVM_GET_REGS, &exit.regs), "KVM_GET_REGS");
	if (error) {
		exit.end = VM_ENDLESS;
		return exit;
	}
	if (run->exit_reason != KVM_EXIT_IO || run->io.direction != KVM_EXIT_IO_OUT ||
	    run->io.count != 1)
		return exit;
	exit.port = run->io.port;
	if (run->io.size == sizeof exit.data) {
		exit.end = VM_ASKS;
		memcpy(&exit.data, (const uint8_t *)run + run->io.data_offset, sizeof exit.data);
	} else if (run->io.size == 1 && run->io.port == PORT_END) {
		exit.end = VM_RETURNED;
	} else if (run->io.size == 1 && run->io.port >= PORT_VECTORS &&
		   run->io.port < PORT_VECTORS + VECTORS) {
		take_exception(vm, &exit);
	}
	return exit;
}

void vm_answer(struct vm *vm, struct vm_exit *exit, uint64_t rax)
{
	exit->regs.rax = rax;
	demand(!ioctl(vm->vcpu, KVM_SET_REGS, &exit->regs), "KVM_SET_REGS");
}

const char *vm_describe(const struct vm *vm, const struct vm_exit *exit)
{
	static char text[128];

	switch (exit->end) {
	case VM_RETURNED:
		snprintf(text, sizeof text, "%#llx", (unsigned long long)exit->regs.rax);
		break;
	case VM_ASKS:
		snprintf(text, sizeof text, "%#x to port %#x", exit->data, exit->port);
		break;
	case VM_EXCEPTION:
		snprintf(text, sizeof text, "exception %u at %#llx", exit->vector,
			 (unsigned long long)exit->rip);
		break;
	case VM_ENDLESS:
		snprintf(text, sizeof text, "no end");
		break;
	case VM_STOPPED:
		snprintf(text, sizeof text, "KVM's exit %u at %#llx", vm->run->exit_reason,
			 (unsigned long long)exit->regs.rip);
		break;
	}
	return text;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The least that a virtual machine can be, for bench/start-up.sh: one processor, one page of
 * memory, one OUT. What a runner takes to start above this is its own.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, PORT = 0x41, FLAGS = 2 /* a bit that is always set */ };

/* The same in each mode of the processor; it starts in the oldest. */
__asm__(".pushsection .rodata\n"
	"guest_code:\n"
	"	outb %al, $0x41\n"
	"guest_end:\n"
	".popsection\n");
extern const char guest_code[], guest_end[];

static int fail(const char *what)
{
	perror(what);
	return 1;
}

/* Real mode; the page is at address 0. */
static int set_registers(int vcpu)
{
	struct kvm_regs regs = { .rflags = FLAGS };
	struct kvm_sregs sregs;

	if (ioctl(vcpu, KVM_GET_SREGS, &sregs))
		return -1;
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	return ioctl(vcpu, KVM_SET_SREGS, &sregs) ? -1 : ioctl(vcpu, KVM_SET_REGS, &regs);
}

int main(void)
{
	struct kvm_userspace_memory_region region = { .memory_size = PAGE };
	struct kvm_run *run;
	int kvm, vm, vcpu, size;
	void *page;

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		return fail("/dev/kvm");
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (vm < 0 || page == MAP_FAILED)
		return fail("a machine");
	memcpy(page, guest_code, (size_t)(guest_end - guest_code));
	region.userspace_addr = (uintptr_t)page;
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		return fail("its memory");
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (vcpu < 0 || size < (int)sizeof *run)
		return fail("its processor");
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED || set_registers(vcpu))
		return fail("its registers");
	if (ioctl(vcpu, KVM_RUN, 0))
		return fail("KVM_RUN");
	if (run->exit_reason != KVM_EXIT_IO || run->io.port != PORT) {
		fprintf(stderr, "the guest ended by exit %u\n", run->exit_reason);
		return 1;
	}
	return 0;
}

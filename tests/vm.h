/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual machine of one processor on KVM, as small as one can be that runs an
 * image in ring 3 and ring 0 of 64-bit mode. No guest kernel: the program that
 * owns it sets the registers and calls one function at a time.
 */
#ifndef VM_H
#define VM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VM_IMAGE = 0x180000 };	/* where the guest sees its image, readable and executable */
enum { VM_WRITABLE = 0x1a0000 };	/* and where it sees it once more, if vm.writable */
enum { VM_DATA = 0x20000 };	/* a page that it may write */
enum { VM_IMAGE_PAGES = 16 };

enum vm_ring { VM_RING_0, VM_RING_3, VM_RINGS };

struct vm {
	int vm, vcpu;
	struct kvm_run *run;
	uint8_t *memory;
	struct kvm_sregs sregs[VM_RINGS];
	unsigned int patience;	/* seconds of a run; 0: for ever */
	bool writable;		/* the code to come is where the guest could write it */
	const char *why;	/* what vm_open() could not do; NULL: all is well */
};

/* Pieces of guest code, besides the image. */
enum vm_code {
	VM_CALL,		/* calls rbx */
	VM_COUNTER,		/* rax = the counter */
	VM_VMCALL, VM_VMMCALL,	/* the bare instruction */
	VM_CODES
};

bool vm_open(struct vm *vm);
/* The image as the host sees it: VM_IMAGE_PAGES to write to. */
uint8_t *vm_image(const struct vm *vm);
uint8_t *vm_data(const struct vm *vm);
/* Where that piece is in the guest. */
uint64_t vm_address(const struct vm *vm, enum vm_code code);
/* Where the image is: VM_IMAGE or VM_WRITABLE. */
uint64_t vm_image_address(const struct vm *vm);

/* Registers for a piece of code to begin with: what `regs` says, rip and the stack apart. */
void vm_begin(struct vm *vm, enum vm_ring ring, enum vm_code code, const struct kvm_regs *regs);

enum vm_end {
	VM_RETURNED,		/* the piece of code is at its end */
	VM_ASKS,		/* out, eax to a port */
	VM_EXCEPTION,		/* vector and rip are below */
	VM_ENDLESS,		/* nothing, for as long as vm.patience says */
	VM_STOPPED		/* an exit that this does not know: run->exit_reason */
};

struct vm_exit {
	enum vm_end end;
	struct kvm_regs regs;
	uint16_t port;
	uint32_t data;
	unsigned int vector;
	uint64_t rip;		/* of the exception */
};

/* Until something happens. Registers may be changed with vm_answer() before it goes on. */
struct vm_exit vm_run(struct vm *vm);
void vm_answer(struct vm *vm, struct vm_exit *exit, uint64_t rax);

/* "exception 6", for messages. */
const char *vm_describe(const struct vm *vm, const struct vm_exit *exit);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both sides of a hypercall on a bare machine that starts at EL2: EL2 keeps the
 * vectors, what runs is at EL1, with the MMU off. Arm ARM, D1.
 */
#define HCR_EL2_RW (1 << 31)		/* EL1 is AArch64 */
#define SPSR_EL1H 0x3c5			/* EL1 with its own stack pointer, all masked */
#define REGISTERS 31
#define FRAME ((REGISTERS + 3) / 2 * 16)
#define STACK 65536

	.text
	.globl _start
_start:
	adrp x0, el2_stack + STACK
	add x0, x0, :lo12:el2_stack + STACK
	mov sp, x0
	adrp x0, el1_stack + STACK
	add x0, x0, :lo12:el1_stack + STACK
	msr sp_el1, x0
	adrp x0, el2_vectors
	add x0, x0, :lo12:el2_vectors
	msr vbar_el2, x0
	adrp x0, el1_vectors
	add x0, x0, :lo12:el1_vectors
	msr vbar_el1, x0
	mov x0, #HCR_EL2_RW
	msr hcr_el2, x0
	msr cntvoff_el2, xzr
	mov x0, #SPSR_EL1H
	msr spsr_el2, x0
	adr x0, at_el1
	msr elr_el2, x0
	isb
	eret

at_el1:
	bl guest
	bl finish
	b .

/*
 * long call(fn, a, b, c, saved): as C, with the registers that a call keeps and the
 * stack pointer stored to `saved`, ten and one, before and after.
 */
	.globl call
call:
	stp x29, x30, [sp, #-32]!
	str x4, [sp, #16]
	mov x16, x0
	mov x0, x1
	mov x1, x2
	mov x2, x3
	mov x17, sp
	stp x19, x20, [x4]
	stp x21, x22, [x4, #16]
	stp x23, x24, [x4, #32]
	stp x25, x26, [x4, #48]
	stp x27, x28, [x4, #64]
	str x17, [x4, #80]
	mov x9, #-1
	blr x16
	mov x17, sp
	ldr x4, [sp, #16]
	stp x19, x20, [x4, #88]
	stp x21, x22, [x4, #104]
	stp x23, x24, [x4, #120]
	stp x25, x26, [x4, #136]
	stp x27, x28, [x4, #152]
	str x17, [x4, #168]
	ldp x29, x30, [sp], #32
	ret

/* long semihost(number, argument): Arm's semihosting, 64-bit */
	.globl semihost
semihost:
	hlt #0xf000
	ret

/* An exception at EL1, or one that is not from there: not expected. */
unexpected_1:
	mrs x0, esr_el1
	mrs x1, elr_el1
	mov x2, #1
	bl unexpected
	b .
unexpected_2:
	mrs x0, esr_el2
	mrs x1, elr_el2
	mov x2, #2
	bl unexpected
	b .

/* Everything but x0, which hypervisor() sets, is as it was. */
from_el1:
	sub sp, sp, #FRAME
	.irp n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28
	str x\n, [sp, #\n * 8]
	.endr
	.irp n, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29
	str x\n, [sp, #\n * 8]
	.endr
	mrs x0, elr_el2
	str x30, [sp, #30 * 8]
	str x0, [sp, #REGISTERS * 8]
	mrs x0, esr_el2
	str x0, [sp, #(REGISTERS + 1) * 8]
	mov x0, sp
	bl hypervisor
	ldr x0, [sp, #REGISTERS * 8]
	msr elr_el2, x0
	.irp n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
	ldr x\n, [sp, #\n * 8]
	.endr
	.irp n, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29
	ldr x\n, [sp, #\n * 8]
	.endr
	add sp, sp, #FRAME
	eret

/* Sixteen entries of 128 bytes; the ninth is a synchronous one from a lower level. */
	.balign 2048
el2_vectors:
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7
	b unexpected_2
	.balign 128
	.endr
	b from_el1
	.balign 128
	.irp n, 9, 10, 11, 12, 13, 14, 15
	b unexpected_2
	.balign 128
	.endr

	.balign 2048
el1_vectors:
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	b unexpected_1
	.balign 128
	.endr

	.bss
	.balign 16
el1_stack:
	.skip STACK
el2_stack:
	.skip STACK

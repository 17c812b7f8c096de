/* SPDX-License-Identifier: BSD-2-Clause */
/* check_vm's guest code on aarch64. */
#include "runner/aarch64/registers.h"

__asm__(".pushsection .rodata\n"
	".balign 8\n"
	"guest_code:\n"
	"guest_load:	ldr x1, [x0]\n	mov x8, #1\n	svc #0\n	b guest_load\n"
	"guest_store:	str x1, [x0]\n	mov x8, #2\n	svc #0\n	b guest_store\n"
	"guest_call:	mov x8, #3\n	svc #0\n	mov x8, #4\n	svc #0\n	b guest_call\n"
	"guest_loop:	ldr x1, [x0]\n	add x1, x1, #1\n	str x1, [x0]\n	b guest_loop\n"
	/* a call that the machine may answer, one that the host does, and a fault */
	"guest_storm:	mov x8, #172\n	svc #0\n"
	"guest_storm_asked:	mov x1, x0\n	mov x8, #5\n	svc #0\n"
	"guest_storm_told:	ldr x3, [x2]\n	b guest_storm\n"
	"guest_storm_end:\n"
	"guest_steps:	mov x9, x0\n	ldr x10, [x9]\n	add x10, x10, #1\n	str x10, [x9]\n"
	"	mov x8, #5\n	svc #0\n	nop\n	mov x0, x9\n	b guest_steps\n"
	"guest_code_end:\n"
	".popsection\n");

/* Where each step of guest_steps ends; that which stores, and the call. */
static const uint64_t steps_at[] = { 0, 4, 8, 12, 16, 20, 24, 28, 32 };
enum { STEP_FIRST = 1, STEP_STORED = 4, STEP_CALL = 6 };

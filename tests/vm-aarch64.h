/* SPDX-License-Identifier: BSD-2-Clause */
/* check_vm's guest code on aarch64, and what is this processor's alone. */
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
	/* the call of that number; the next says whether all registers but x0 are as they were */
	"guest_any:	mov x8, x4\n"
	"	fmov d1, x1\n	fmov d2, x2\n	fmov d3, x3\n	fmov d4, x4\n	fmov d5, x5\n"
	"	.irp n, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30\n"
	"	mov x\\n, #0x100 + \\n\n"
	"	.endr\n"
	"	cmp xzr, xzr\n"
	"	svc #0\n"
	"	b.ne 1f\n"
	"	.irp n, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30\n"
	"	cmp x\\n, #0x100 + \\n\n"
	"	b.ne 1f\n"
	"	.endr\n"
	"	cmp x8, x4\n	b.ne 1f\n"
	"	.irp n, 1, 2, 3, 4, 5\n"
	"	fmov x6, d\\n\n	cmp x6, x\\n\n	b.ne 1f\n"
	"	.endr\n"
	"	mov x1, x0\n	mov x8, #6\n	svc #0\n"
	"1:	mov x8, #7\n	svc #0\n"
	/* the counter only goes on; x0 counts that */
	"guest_counter:	mrs x2, cntvct_el0\n"
	"2:	isb\n	mrs x3, cntvct_el0\n	cmp x3, x2\n	b.lo 3f\n	mov x2, x3\n"
	"	ldr x1, [x0]\n	add x1, x1, #1\n	str x1, [x0]\n	b 2b\n"
	"3:	mov x8, #8\n	svc #0\n"
	"guest_read_counter:	isb\n	mrs x1, cntvct_el0\n	mov x8, #9\n	svc #0\n"
	/* instructions that end in a signal */
	"guest_brk:	brk #0x123\n"
	"guest_udf:	.inst 0\n"
	"guest_mrs:	mrs x1, midr_el1\n"
	"guest_msr:	msr vbar_el1, x1\n"
	"guest_hvc:	hvc #0\n"
	"guest_smc:	smc #0\n"
	"guest_tlbi:	tlbi vmalle1\n"
	"guest_eret:	eret\n"
	"guest_timer:	mrs x1, cntv_ctl_el0\n"
	"guest_exclusive:	ldxr x1, [x0]\n"
	"guest_branch:	br x0\n"
	/* those that do not, then a call */
	"guest_good:	wfi\n	wfe\n	yield\n	mrs x2, cntfrq_el0\n	mrs x2, cntpct_el0\n"
	"	mrs x2, ctr_el0\n	dc cvau, x0\n	ic ivau, x0\n	dc civac, x0\n	dc zva, x0\n"
	"	mrs x2, tpidrro_el0\n	cbnz x2, 1b\n"
	"	mov x8, #6\n	svc #0xffff\n"
	"guest_both:	isb\n	mrs x1, cntvct_el0\n	isb\n	mrs x2, cntpct_el0\n	isb\n"
	"	mrs x3, cntvct_el0\n	mov x8, #6\n	svc #0\n"
	"guest_code_end:\n"
	".popsection\n");

/* Where each step of guest_steps ends; that which stores, and the call. */
static const uint64_t steps_at[] = { 0, 4, 8, 12, 16, 20, 24, 28, 32 };
enum { STEP_FIRST = 1, STEP_STORED = 4, STEP_CALL = 6 };

#pragma GCC visibility push(hidden)
extern const uint8_t guest_brk[], guest_udf[], guest_mrs[], guest_msr[], guest_hvc[], guest_smc[];
extern const uint8_t guest_tlbi[], guest_eret[], guest_timer[], guest_exclusive[], guest_branch[];
extern const uint8_t guest_good[], guest_both[];
#pragma GCC visibility pop

/* Above user code's half, where the machine has its own pages: the first of code, and of data. */
#define KERNEL_CODE 0xffff000000000000ull
#define KERNEL_DATA 0xffff000000001000ull

struct wrong {
	const char *what;
	const uint8_t *code;
	uint64_t argument;
	int signal, signal_code;
	uint64_t address;	/* 0: of the instruction */
	unsigned int prot;
};

static bool goes_wrong(const struct wrong *wrong)
{
	struct vm_exit exit = run(wrong->code, wrong->argument, 0);
	uint64_t address = wrong->address;

	if (!address)
		address = CODE + (uint64_t)(wrong->code - guest_code);
	if (exit.why == VM_FAULT && exit.fault.signal == wrong->signal &&
	    exit.fault.code == wrong->signal_code && exit.fault.address.v == address &&
	    exit.fault.prot == wrong->prot)
		return true;
	printf("why %d, signal %d, code %d, address %#lx, prot %u, error %#lx: %s\n", exit.why,
	       exit.fault.signal, exit.fault.code, (unsigned long)exit.fault.address.v,
	       exit.fault.prot, (unsigned long)exit.fault.error, exit.text);
	return false;
}

/* qemu has no check of the stack pointer's alignment: that signal nobody tries. */
static void signals(void)
{
	const struct wrong wrongs[] = {
		{ "brk", guest_brk, 0, SIGTRAP, TRAP_BRKPT, 0, 0 },
		{ "no instruction", guest_udf, 0, SIGILL, ILL_ILLOPC, 0, 0 },
		{ "an ID register", guest_mrs, 0, SIGILL, ILL_ILLOPC, 0, 0 },
		{ "a register of EL1", guest_msr, 0, SIGILL, ILL_ILLOPC, 0, 0 },
		{ "hvc", guest_hvc, 0, SIGILL, ILL_ILLOPC, 0, 0 },
		{ "smc", guest_smc, 0, SIGILL, ILL_ILLOPC, 0, 0 },
		{ "tlbi", guest_tlbi, 0, SIGILL, ILL_ILLOPC, 0, 0 },
		{ "eret", guest_eret, 0, SIGILL, ILL_ILLOPC, 0, 0 },
		{ "the timer", guest_timer, 0, SIGILL, ILL_ILLOPC, 0, 0 },
		{ "an exclusive load that is not aligned", guest_exclusive, DATA + 1, SIGBUS,
		  BUS_ADRALN, DATA + 1, 0 },
		{ "a branch to no instruction", guest_branch, CODE + 2, SIGBUS, BUS_ADRALN, CODE + 2, 0 },
		{ "a branch to data", guest_branch, DATA, SIGSEGV, SEGV_ACCERR, DATA, GUEST_EXEC },
		{ "a branch to EL1's code", guest_branch, KERNEL_CODE, SIGSEGV, SEGV_MAPERR, KERNEL_CODE,
		  GUEST_EXEC },
		{ "a load of EL1's code", guest_load, KERNEL_CODE, SIGSEGV, SEGV_MAPERR, KERNEL_CODE,
		  GUEST_READ },
		{ "a load of EL1's data", guest_load, KERNEL_DATA, SIGSEGV, SEGV_MAPERR, KERNEL_DATA,
		  GUEST_READ },
		{ "a store to EL1's data", guest_store, KERNEL_DATA, SIGSEGV, SEGV_MAPERR, KERNEL_DATA,
		  GUEST_WRITE },
		{ "a load with a tag of no page", guest_load, 0x5aull << 56 | (DATA + 4 * VM_PAGE),
		  SIGSEGV, SEGV_MAPERR, DATA + 4 * VM_PAGE, GUEST_READ },
	};

	map(DATA, 22, 1, GUEST_READ | GUEST_WRITE);
	for (unsigned int i = 0; i < sizeof wrongs / sizeof *wrongs; i++)
		check(goes_wrong(&wrongs[i]), wrongs[i].what);
}

/*
 * If the virtual counter is the host's, so is the physical one: both are read after the host's
 * before the run, and before that after it, however long the run took.
 */
static bool is_one_counter(void)
{
	uint64_t distance, before, after;
	bool good = true;

	for (int i = 0; i < 200 && good && !vm_counter_distance(vm, &distance) && !distance; i++) {
		before = host_ordered_counter();
		run(guest_both, 0, 0);
		after = host_ordered_counter();
		for (int j = 1; j <= 3; j++) {
			uint64_t told = vcpu_get(vcpu, VM_ARGUMENT + j);

			good = good && told >= before && told <= after;
		}
	}
	return good;
}

static void processor(void)
{
	uint64_t *page = (uint64_t *)(memory + 22 * VM_PAGE);
	struct vm_exit exit;

	signals();
	check(is_one_counter(), "the two counters");
	page[0] = 1234;
	check(loads(0x5aull << 56 | DATA, 1234), "a load with a tag");
	exit = run(guest_good, DATA, 0);
	check(exit.why == VM_CALL && vcpu_get(vcpu, VM_NUMBER) == 6 && page[0] == 0,
	      "what user code may do");
}

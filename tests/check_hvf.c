/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules of Hypervisor.framework that runner/hvf*.c counts on, on the double of tests/hvf/.
 * A guest is a few instructions at EL1, without address translation.
 */
#define _GNU_SOURCE
#include <Hypervisor/Hypervisor.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hvf/double.h"

enum { PATIENCE = 60 };	/* seconds */
enum { CODE = 0x10000, DATA = 0x20000, NOWHERE = 0x9000000, PIECE = DOUBLE_PAGE };
#define EL1H_MASKED 0x3c5u	/* PSTATE: EL1 with its own stack, no interrupts */
#define EL1H_OPEN 0x5u
#define PSTATE_SS (1u << 21)
#define MDSCR_SS 1u
#define READ_WRITE (HV_MEMORY_READ | HV_MEMORY_WRITE)
#define ALL (READ_WRITE | HV_MEMORY_EXEC)

/* Hidden: no compiler looks for them in a table, which assemblers fill wrongly for local names. */
#pragma GCC visibility push(hidden)
extern const uint8_t guest_code[], guest_end[], guest_store[], guest_load[], guest_pair[];
extern const uint8_t guest_loop[], guest_counter[], guest_brk[], guest_vectors[], guest_irq[];
extern const uint8_t guest_half[], guest_hvc[];
#pragma GCC visibility pop

__asm__(".pushsection .rodata\n"
	".balign 2048\n"
	"guest_code:\n"
	"guest_vectors:\n"
	"	.space 0x280\n"			/* IRQ of EL1 with its own stack */
	"guest_irq:	str x2, [x0]\n	b .\n"
	"guest_store:	str x2, [x0, #8]\n	b guest_store\n"
	"guest_half:	ldrh w7, [x0]\n	b guest_half\n"
	"guest_load:	ldr x7, [x0]\n	str x7, [x0, #16]\n	b guest_load\n"
	"guest_pair:	stp x2, x3, [x0]\n	b guest_pair\n"
	"guest_loop:	ldr x2, [x1]\n	add x2, x2, #1\n	str x2, [x1]\n	b guest_loop\n"
	"guest_counter:	isb\n	mrs x2, cntvct_el0\n	str x2, [x0]\n	b guest_counter\n"
	"guest_brk:	brk #7\n"
	"guest_hvc:	hvc #9\n	str x2, [x4]\n	b .\n"
	"guest_end:\n"
	".popsection\n");

static uint8_t *memory;
static hv_vcpu_t vcpu;
static hv_vcpu_exit_t *exit_of;
static int checks, failures;

static void check(bool good, const char *what)
{
	checks++;
	if (!good) {
		failures++;
		printf("FAIL: %s\n", what);
	}
}

static void must(hv_return_t result, const char *what)
{
	if (result == HV_SUCCESS)
		return;
	printf("FAIL: %s: %#x\n", what, (unsigned int)result);
	exit(EXIT_FAILURE);
}

/* -------------------------------------------------------------------------
 * The guest.
 */
static uint64_t place(const uint8_t *code)
{
	return CODE + (uint64_t)(code - guest_code);
}

static uint64_t reg(hv_reg_t number)
{
	uint64_t value = 0;

	must(hv_vcpu_get_reg(vcpu, number, &value), "a register");
	return value;
}

static void set(hv_reg_t number, uint64_t value)
{
	must(hv_vcpu_set_reg(vcpu, number, value), "setting a register");
}

static void begin(const uint8_t *code, uint64_t x0, uint64_t x1)
{
	set(HV_REG_PC, place(code));
	set(HV_REG_CPSR, EL1H_MASKED);
	set(HV_REG_X0, x0);
	set(HV_REG_X0 + 1, x1);
}

static void run(void)
{
	must(hv_vcpu_run(vcpu), "a run");
}

static unsigned int class(void)
{
	return exit_of->reason == HV_EXIT_REASON_EXCEPTION ?
		       (unsigned int)(exit_of->exception.syndrome >> 26) & 0x3f : 0;
}

static unsigned int field(unsigned int low, unsigned int bits)
{
	return (unsigned int)(exit_of->exception.syndrome >> low) & ((1u << bits) - 1);
}

static bool at(const uint8_t *code)
{
	return reg(HV_REG_PC) == place(code);
}

/* -------------------------------------------------------------------------
 * What there is one of.
 */
static void machine(void)
{
	hv_vcpu_t second;
	hv_vcpu_exit_t *unused;

	check(hv_vm_map(memory, CODE, PIECE, ALL) != HV_SUCCESS, "memory without a machine");
	must(hv_vm_create(NULL), "a machine");
	check(hv_vm_create(NULL) == HV_BUSY, "a second machine");
	must(hv_vm_map(memory, CODE, PIECE, ALL), "memory");
	must(hv_vcpu_create(&vcpu, &exit_of, NULL), "a vCPU");
	check(hv_vcpu_create(&second, &unused, NULL) == HV_BUSY, "a second vCPU of a thread");
	check(hv_vm_destroy() == HV_BUSY, "the end of a machine that has a vCPU");
	memcpy(memory, guest_code, (size_t)(guest_end - guest_code));
}

static void alignment(void)
{
	check(hv_vm_map(memory + 4096, DATA, PIECE, ALL) == HV_BAD_ARGUMENT, "an address of 4 KiB");
	check(hv_vm_map(memory, DATA + 4096, PIECE, ALL) == HV_BAD_ARGUMENT, "a place of 4 KiB");
	check(hv_vm_map(memory, DATA, 4096, ALL) == HV_BAD_ARGUMENT, "a size of 4 KiB");
	check(hv_vm_map(memory, 1ull << DOUBLE_IPA_BITS, PIECE, ALL) == HV_BAD_ARGUMENT, "a far place");
	check(hv_vm_map(memory, CODE, PIECE, ALL) == HV_ERROR, "a place that is taken");
	check(hv_vm_unmap(DATA, PIECE) == HV_ERROR, "a place that is free");
}

/* -------------------------------------------------------------------------
 * Threads.
 */
static void *meddle(void *result)
{
	uint64_t value;

	*(bool *)result = hv_vcpu_get_reg(vcpu, HV_REG_X0, &value) == HV_BAD_ARGUMENT &&
			  hv_vcpu_set_reg(vcpu, HV_REG_X0, 1) == HV_BAD_ARGUMENT &&
			  hv_vcpu_set_sys_reg(vcpu, HV_SYS_REG_TPIDR_EL0, 1) == HV_BAD_ARGUMENT &&
			  hv_vcpu_run(vcpu) == HV_BAD_ARGUMENT &&
			  hv_vcpu_destroy(vcpu) == HV_BAD_ARGUMENT;
	return NULL;
}

static void *other(void *result)
{
	hv_vcpu_exit_t *exit;
	hv_vcpu_t own;

	*(bool *)result = hv_vcpu_create(&own, &exit, NULL) == HV_SUCCESS && own != vcpu &&
			  hv_vcpu_set_vtimer_offset(own, 0) == HV_SUCCESS &&
			  hv_vcpu_destroy(own) == HV_SUCCESS &&
			  hv_vcpu_destroy(own) == HV_BAD_ARGUMENT;
	return NULL;
}

static bool in_thread(void *(*what)(void *))
{
	pthread_t thread;
	bool result = false;

	if (pthread_create(&thread, NULL, what, &result))
		return false;
	pthread_join(thread, NULL);
	return result;
}

static void threads(void)
{
	check(in_thread(meddle), "a vCPU in another thread");
	check(in_thread(other) && in_thread(other), "a vCPU of another thread's own");
}

static int child(void)
{
	hv_vcpu_exit_t *exit;
	uint64_t value;
	hv_vcpu_t own;

	if (hv_vcpu_get_reg(vcpu, HV_REG_X0, &value) == HV_SUCCESS ||
	    hv_vm_map(memory, DATA, PIECE, ALL) == HV_SUCCESS ||
	    hv_vcpu_create(&own, &exit, NULL) == HV_SUCCESS || hv_vm_destroy() == HV_SUCCESS)
		return 1;
	must(hv_vm_create(NULL), "a child's machine");
	must(hv_vm_map(memory, CODE, PIECE, ALL), "a child's memory");
	must(hv_vcpu_create(&vcpu, &exit_of, NULL), "a child's vCPU");
	begin(guest_store, NOWHERE, 0);
	run();
	return class() == 0x24 && at(guest_store) ? 0 : 2;
}

static void forks(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(child());
	check(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "a child");
	check(WEXITSTATUS(status) != 1, "a child that has its parent's machine");
	check(WEXITSTATUS(status) == 0, "a child's own machine");
	begin(guest_store, NOWHERE, 0);
	run();
	check(class() == 0x24, "the parent's machine");
}

/* -------------------------------------------------------------------------
 * Accesses to what is not mapped.
 */
static void accesses(void)
{
	begin(guest_store, NOWHERE, 0);
	run();
	check(class() == 0x24 && field(24, 1), "a store to nothing");
	check(field(22, 2) == 3 && field(16, 5) == 2 && field(6, 1), "its size, register and direction");
	check(exit_of->exception.physical_address == NOWHERE + 8, "its place");
	check(at(guest_store), "the PC on it");
	run();
	check(class() == 0x24 && at(guest_store), "the same again");
	set(HV_REG_PC, reg(HV_REG_PC) + 4);
	run();
	check(class() == 0x24 && at(guest_store), "the next one");

	begin(guest_half, NOWHERE, 0);
	run();
	check(class() == 0x24 && field(24, 1) && field(22, 2) == 1 && field(16, 5) == 7 && !field(6, 1),
	      "a load of two bytes");
	begin(guest_load, NOWHERE, 0);
	set(HV_REG_X0 + 7, 77);
	run();
	check(class() == 0x24 && at(guest_load) && reg(HV_REG_X0 + 7) == 77, "a load from nothing");
	set(HV_REG_X0 + 7, 78);
	set(HV_REG_PC, reg(HV_REG_PC) + 4);
	run();
	check(class() == 0x24 && field(16, 5) == 7 && reg(HV_REG_X0 + 7) == 78, "what it was given");
	begin(guest_pair, NOWHERE, 0);
	run();
	check(class() == 0x24 && !field(24, 1) && at(guest_pair), "one that is not taken apart");
}

static void changes(void)
{
	uint8_t *page = memory + PIECE;
	uint64_t one = 1;

	memcpy(page, &one, sizeof one);
	must(hv_vm_map(page, DATA, 2 * PIECE, READ_WRITE), "two pages");
	begin(guest_load, DATA, 0);
	set(HV_REG_X0 + 7, 0);
	must(hv_vm_unmap(DATA + PIECE, PIECE), "less one");
	begin(guest_store, DATA + PIECE, 0);
	run();
	check(class() == 0x24 && exit_of->exception.physical_address == DATA + PIECE + 8, "one that is gone");
	must(hv_vm_map(page, DATA + PIECE, PIECE, READ_WRITE), "the other in its place");
	begin(guest_load, DATA + PIECE, 0);
	set(HV_REG_X0 + 2, 0);
	must(hv_vm_protect(DATA + PIECE, PIECE, HV_MEMORY_READ), "one to be read");
	run();
	check(class() == 0x24 && field(6, 1) && field(0, 6) == 0xf, "a store to what may be read");
	check(reg(HV_REG_X0 + 7) == 1, "what is read there");
	must(hv_vm_unmap(DATA, 2 * PIECE), "both");
	begin(guest_store, DATA, 0);
	run();
	check(class() == 0x24 && field(0, 6) == 7, "nothing any more");
}

/* -------------------------------------------------------------------------
 * Exits that are asked for.
 */
static uint64_t *loops;

static void *end_soon(void *unused)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	while (!__atomic_load_n(loops, __ATOMIC_RELAXED))
		nanosleep(&pause, NULL);
	must(hv_vcpus_exit(&vcpu, 1), "an exit");
	return unused;
}

static void begin_loop(void)
{
	*loops = 0;
	begin(guest_loop, 0, DATA);
}

static void exits(void)
{
	pthread_t thread;

	loops = (uint64_t *)(memory + PIECE);
	must(hv_vm_map(loops, DATA, PIECE, READ_WRITE), "a page");
	begin_loop();
	must(hv_vcpus_exit(&vcpu, 1), "an exit before the run");
	run();
	check(exit_of->reason == HV_EXIT_REASON_CANCELED && *loops == 0, "an exit before the run");
	if (pthread_create(&thread, NULL, end_soon, NULL))
		exit(EXIT_FAILURE);
	run();
	check(exit_of->reason == HV_EXIT_REASON_CANCELED && *loops > 0, "an exit in the middle of a run");
	pthread_join(thread, NULL);

	double_forget_idle_exits(true);
	begin(guest_store, NOWHERE, 0);
	must(hv_vcpus_exit(&vcpu, 1), "an exit that is forgotten");
	run();
	check(class() == 0x24, "an exit that is forgotten");
	double_forget_idle_exits(false);
	run();
	check(class() == 0x24, "the run after that");
}

/* -------------------------------------------------------------------------
 * Signals: they have their handlers called, and the run goes on.
 */
static int handled;
static pthread_t runs;

static void handle(int number)
{
	(void)number;
	__atomic_store_n(&handled, 1, __ATOMIC_SEQ_CST);
}

static bool go_on(void)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	uint64_t before = __atomic_load_n(loops, __ATOMIC_RELAXED);

	nanosleep(&pause, NULL);
	return __atomic_load_n(loops, __ATOMIC_RELAXED) != before;
}

static void *send_one(void *result)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	while (!__atomic_load_n(loops, __ATOMIC_RELAXED))
		nanosleep(&pause, NULL);
	pthread_kill(runs, SIGUSR1);
	while (!__atomic_load_n(&handled, __ATOMIC_SEQ_CST))
		nanosleep(&pause, NULL);
	*(bool *)result = go_on();
	hv_vcpus_exit(&vcpu, 1);
	return NULL;
}

static void signals(void)
{
	struct sigaction action = { .sa_handler = handle };
	bool goes_on = false;
	sigset_t one, pending;
	pthread_t thread;
	uint64_t blocked;

	sigaction(SIGUSR1, &action, NULL);
	begin_loop();
	runs = pthread_self();
	if (pthread_create(&thread, NULL, send_one, &goes_on))
		exit(EXIT_FAILURE);
	run();
	pthread_join(thread, NULL);
	check(handled && goes_on, "a signal in the middle of a run");

	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &one, NULL);
	blocked = ~(1ull << (SIGUSR1 - 1));
	double_run_with(&blocked);
	raise(SIGUSR1);
	begin_loop();
	run();
	sigpending(&pending);
	check(exit_of->reason == HV_EXIT_REASON_CANCELED && sigismember(&pending, SIGUSR1),
	      "a signal that is waited for");
	double_run_with(NULL);
	handled = 0;
	pthread_sigmask(SIG_UNBLOCK, &one, NULL);
	check(handled, "its handler, then");
}

/* -------------------------------------------------------------------------
 * The counter, registers, and what else is told.
 */
static uint64_t counter(void)
{
	uint64_t value;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value) : : "memory");
	return value;
}

/* The guest's, between two of the host's, give or take what KVM can be told. */
static bool counts_from(uint64_t offset)
{
	uint64_t before = counter() - offset, hz, told;

	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	begin(guest_counter, NOWHERE, 0);
	run();
	told = reg(HV_REG_X0 + 2);
	return told >= before - hz / 1000 && told <= counter() - offset;
}

static void counters(void)
{
	const uint64_t hour = 3600ull * 62500000;

	must(hv_vcpu_set_vtimer_offset(vcpu, hour), "an offset");
	check(counts_from(hour), "the counter less an hour");
	must(hv_vcpu_set_vtimer_offset(vcpu, 0), "no offset");
	check(counts_from(0), "the host's counter");
	check(in_thread(other) && counts_from(0), "the counter when there is another vCPU");
}

static void registers(void)
{
	hv_simd_fp_uchar16_t vector = { 1, 2, 3, 16 }, got;
	uint64_t value;

	must(hv_vcpu_set_simd_fp_reg(vcpu, HV_SIMD_FP_REG_Q31, vector), "a vector");
	must(hv_vcpu_get_simd_fp_reg(vcpu, HV_SIMD_FP_REG_Q31, &got), "that vector");
	check(!memcmp(&vector, &got, sizeof got), "a vector");
	check(hv_vcpu_set_simd_fp_reg(vcpu, HV_SIMD_FP_REG_Q31 + 1, vector), "a vector that is not there");
	set(HV_REG_FPSR, 0x1f);
	check(reg(HV_REG_FPSR) == 0x1f, "FPSR");
	for (unsigned int i = 0; i < 2; i++) {
		static const hv_sys_reg_t some[] = { HV_SYS_REG_TPIDR_EL0, HV_SYS_REG_SP_EL0 };

		must(hv_vcpu_set_sys_reg(vcpu, some[i], 0x123456789), "a system register");
		must(hv_vcpu_get_sys_reg(vcpu, some[i], &value), "that register");
		check(value == 0x123456789, "a system register");
	}
	must(hv_vcpu_get_sys_reg(vcpu, HV_SYS_REG_SCTLR_EL1, &value), "SCTLR");
	check(hv_vcpu_set_sys_reg(vcpu, HV_SYS_REG_SCTLR_EL1, value | 1) != HV_SUCCESS,
	      "address translation from outside");
	check(hv_vcpu_get_sys_reg(vcpu, 0xc70a, &value) != HV_SUCCESS, "one that nobody declared");
	check(hv_vcpu_get_reg(vcpu, HV_REG_CPSR + 1, &value) != HV_SUCCESS, "a register that is not there");
}

static void debugging(void)
{
	must(hv_vcpu_set_trap_debug_exceptions(vcpu, true), "debug exceptions");
	must(hv_vcpu_set_sys_reg(vcpu, HV_SYS_REG_MDSCR_EL1, MDSCR_SS), "steps");
	begin_loop();
	set(HV_REG_CPSR, EL1H_MASKED | PSTATE_SS);
	run();
	check(class() == 0x32 && reg(HV_REG_PC) == place(guest_loop) + 4, "a step");
	run();
	check(class() == 0x32 && reg(HV_REG_PC) == place(guest_loop) + 4, "no step without PSTATE.SS");
	set(HV_REG_CPSR, EL1H_MASKED | PSTATE_SS);
	run();
	check(class() == 0x32 && reg(HV_REG_PC) == place(guest_loop) + 8, "the next");
	must(hv_vcpu_set_sys_reg(vcpu, HV_SYS_REG_MDSCR_EL1, 0), "no steps");
	begin(guest_brk, 0, 0);
	run();
	check(class() == 0x3c && field(0, 16) == 7 && at(guest_brk), "BRK");
	must(hv_vcpu_set_trap_debug_exceptions(vcpu, false), "no debug exceptions");
}

static void interrupts(void)
{
	must(hv_vcpu_set_sys_reg(vcpu, HV_SYS_REG_VBAR_EL1, CODE), "vectors");
	begin_loop();
	set(HV_REG_X0, NOWHERE);
	set(HV_REG_CPSR, EL1H_OPEN);
	must(hv_vcpu_set_pending_interrupt(vcpu, HV_INTERRUPT_TYPE_IRQ, true), "an interrupt");
	run();
	check(class() == 0x24 && at(guest_irq), "an interrupt");
	begin(guest_store, NOWHERE, 0);
	set(HV_REG_CPSR, EL1H_OPEN);
	run();
	check(class() == 0x24 && at(guest_store), "an interrupt that is forgotten");
}

/* KVM has a way to give these to user space since Linux 6.4. */
static void hypercalls(void)
{
	begin(guest_hvc, NOWHERE, 0);
	set(HV_REG_X0, 0x12345);
	set(HV_REG_X0 + 4, NOWHERE);
	run();
	if (class() == 0x16)
		check(field(0, 16) == 9 && reg(HV_REG_PC) == place(guest_hvc) + 4, "HVC, with the PC behind");
	else
		puts("note: this KVM keeps HVC to itself");
}

int main(void)
{
	if (access("/dev/kvm", R_OK | W_OK)) {
		puts("SKIP: no /dev/kvm that can be used");
		return 77;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(PATIENCE);
	memory = mmap(NULL, 4 * PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return EXIT_FAILURE;
	memory += -(uintptr_t)memory & (PIECE - 1);
	machine();
	alignment();
	threads();
	accesses();
	changes();
	forks();
	exits();
	signals();
	counters();
	registers();
	debugging();
	interrupts();
	hypercalls();
	must(hv_vcpu_destroy(vcpu), "the vCPU's end");
	must(hv_vm_destroy(), "the machine's end");
	must(hv_vm_create(NULL), "another machine");
	must(hv_vm_destroy(), "its end");
	printf("%d of %d passed\n", checks - failures, checks);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

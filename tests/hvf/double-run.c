/* SPDX-License-Identifier: BSD-2-Clause */
/* The double's runs, and what they end with. */
#define _GNU_SOURCE
#include "double.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static __thread bool has_mask;
static __thread uint64_t mask;
static bool forgets;

void double_run_with(const uint64_t *blocked)
{
	has_mask = blocked;
	mask = blocked ? *blocked : 0;
}

void double_forget_idle_exits(bool forget)
{
	__atomic_store_n(&forgets, forget, __ATOMIC_SEQ_CST);
}

/* -------------------------------------------------------------------------
 * Signals, as the kernel has them. SIGRTMAX is double_interrupt()'s.
 */
#define INTERRUPT (1ull << (SIGRTMAX - 1))

static uint64_t blocked_now(void)
{
	uint64_t now = 0;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &now, sizeof now);
	return now;
}

static bool signal_waits(void)
{
	uint64_t pending = 0;

	if (!has_mask)
		return false;
	syscall(SYS_rt_sigpending, &pending, sizeof pending);
	return pending & ~mask & ~INTERRUPT;
}

static void set_mask(struct double_vcpu *vcpu)
{
	const uint64_t blocked = (has_mask ? mask : blocked_now()) & ~INTERRUPT;
	union {
		struct kvm_signal_mask mask;
		uint8_t bytes[sizeof(struct kvm_signal_mask) + sizeof blocked];
	} set = { .mask = { .len = sizeof blocked } };

	if (vcpu->masked && vcpu->blocked == blocked)
		return;
	memcpy(set.mask.sigset, &blocked, sizeof blocked);
	ioctl(vcpu->fd, KVM_SET_SIGNAL_MASK, &set);
	vcpu->masked = true;
	vcpu->blocked = blocked;
}

/* One that is pending would end all that comes. */
static void take_interrupt(void)
{
	const uint64_t interrupt = INTERRUPT;
	const struct timespec none = { 0 };

	syscall(SYS_rt_sigtimedwait, &interrupt, NULL, &none, sizeof interrupt);
}

/* -------------------------------------------------------------------------
 * The guest's memory, by its own tables: ARM DDI 0487, D8.2, with pages of 4 KiB.
 */
#define PAGE_BITS 12
#define TABLE_BITS 9
#define SCTLR_M 1u
#define TCR_SIZE 0x3fu
#define TCR_SIZE1_SHIFT 16
#define ENTRY_VALID 1u
#define ENTRY_TABLE 2u
#define ADDRESS_MASK 0xfffffffff000ull
#define UPPER_BIT 55

bool double_walk(const struct double_vm *vm, const struct double_vcpu *vcpu, uint64_t at,
		 uint64_t *ipa)
{
	const bool upper = at >> UPPER_BIT & 1;
	const uint64_t tcr = double_sys_reg(vcpu, HV_SYS_REG_TCR_EL1);
	const unsigned int bits = 64 - (unsigned int)(tcr >> (upper ? TCR_SIZE1_SHIFT : 0) & TCR_SIZE);
	uint64_t table = double_sys_reg(vcpu, upper ? HV_SYS_REG_TTBR1_EL1 : HV_SYS_REG_TTBR0_EL1);
	int level = (int)((bits - PAGE_BITS + TABLE_BITS - 1) / TABLE_BITS) - 1;

	*ipa = at;
	if (!(double_sys_reg(vcpu, HV_SYS_REG_SCTLR_EL1) & SCTLR_M))
		return true;
	for (; level >= 0; level--) {
		const unsigned int shift = PAGE_BITS + (unsigned int)level * TABLE_BITS;
		const uint64_t *entries = double_at(vm, table & ADDRESS_MASK);
		uint64_t entry = entries ? entries[at >> shift & ((1u << TABLE_BITS) - 1)] : 0;

		if (!(entry & ENTRY_VALID))
			return false;
		if (level == 0 || !(entry & ENTRY_TABLE)) {
			*ipa = (entry & ADDRESS_MASK & ~((1ull << shift) - 1)) |
			       (at & ((1ull << shift) - 1));
			return true;
		}
		table = entry;
	}
	return false;
}

/* The host may have no memory for it. */
static bool read_host(const void *at, void *to, size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)at, size };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

bool double_instruction(const struct double_vm *vm, const struct double_vcpu *vcpu, uint64_t at,
			uint32_t *instruction)
{
	const void *host;
	uint64_t ipa;

	if (!double_walk(vm, vcpu, at, &ipa))
		return false;
	host = double_at(vm, ipa);
	return host && read_host(host, instruction, sizeof *instruction);
}

/* -------------------------------------------------------------------------
 * Syndromes: ARM DDI 0487, D19.2.40, ESR_EL2.
 */
enum { EC_HVC = 0x16, EC_FETCH_LOWER = 0x20, EC_DATA_LOWER = 0x24, EC_STEP_LOWER = 0x32 };
#define EC_SHIFT 26
#define IL (1u << 25)
#define ISV (1u << 24)
#define SAS_SHIFT 22
#define SRT_SHIFT 16
#define SF (1u << 15)
#define WNR (1u << 6)
#define TRANSLATION_3 0x07u
#define PERMISSION_3 0x0fu
#define STEP_STATUS 0x22u
#define ANYWHERE UINT64_MAX	/* of addresses that KVM does not tell */

static void tell(struct double_vcpu *vcpu, unsigned int class, uint64_t syndrome, uint64_t ipa)
{
	vcpu->exit.reason = HV_EXIT_REASON_EXCEPTION;
	vcpu->exit.exception.syndrome = (uint64_t)class << EC_SHIFT | IL | syndrome;
	vcpu->exit.exception.virtual_address = ANYWHERE;
	vcpu->exit.exception.physical_address = ipa;
}

static uint64_t status(const struct double_vm *vm, uint64_t ipa)
{
	return double_at(vm, ipa) ? PERMISSION_3 : TRANSLATION_3;
}

/* C4.1.88, loads and stores of one general register: size, V, opc and Rt. */
static uint64_t decoded(uint32_t instruction)
{
	const uint32_t size = instruction >> 30, target = instruction & 31;

	return ISV | size << SAS_SHIFT | target << SRT_SHIFT | (size == 3 ? SF : 0);
}

/* KVM does the access when it runs again. Here it has not been done, and is the client's. */
static void leave_access(struct double_vm *vm, struct double_vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;
	const bool is_write = run->mmio.is_write;
	const uint64_t ipa = run->mmio.phys_addr, pc = double_reg(vcpu, HV_REG_PC);
	uint64_t registers[HV_REG_X30 + 1], syndrome = status(vm, ipa) | (is_write ? WNR : 0);
	uint32_t instruction;

	for (hv_reg_t reg = 0; !is_write && reg <= HV_REG_X30; reg++)
		registers[reg] = double_reg(vcpu, reg);
	if (double_instruction(vm, vcpu, pc, &instruction))
		syndrome |= decoded(instruction);
	vcpu->run->immediate_exit = 1;
	ioctl(vcpu->fd, KVM_RUN, 0);
	for (hv_reg_t reg = 0; !is_write && reg <= HV_REG_X30; reg++)
		double_set(vcpu, double_reg_id(reg), &registers[reg]);
	double_set(vcpu, double_reg_id(HV_REG_PC), &pc);
	tell(vcpu, EC_DATA_LOWER, syndrome, ipa);
}

static void leave_undecoded(struct double_vm *vm, struct double_vcpu *vcpu)
{
	const uint64_t ipa = vcpu->run->arm_nisv.fault_ipa;

	tell(vcpu, EC_DATA_LOWER, (vcpu->run->arm_nisv.esr_iss & WNR) | status(vm, ipa), ipa);
}

/*
 * Memory that the host cannot have. KVM does not say which: it is the instruction's, or else what
 * its base register points at, as far as can be seen.
 */
static void leave_nothing_there(struct double_vm *vm, struct double_vcpu *vcpu)
{
	const uint64_t pc = double_reg(vcpu, HV_REG_PC);
	uint64_t ipa = 0, base;
	uint32_t instruction;

	if (!double_instruction(vm, vcpu, pc, &instruction)) {
		double_walk(vm, vcpu, pc, &ipa);
		tell(vcpu, EC_FETCH_LOWER, TRANSLATION_3, ipa);
		return;
	}
	base = instruction >> 5 & 31;
	base = base <= HV_REG_X30 ? double_reg(vcpu, (hv_reg_t)base) :
				    double_sys_reg(vcpu, HV_SYS_REG_SP_EL0);
	double_walk(vm, vcpu, base, &ipa);
	tell(vcpu, EC_DATA_LOWER, TRANSLATION_3, ipa);
}

static void leave_hvc(struct double_vm *vm, struct double_vcpu *vcpu)
{
	uint32_t instruction = 0;

	double_instruction(vm, vcpu, double_reg(vcpu, HV_REG_PC) - sizeof instruction, &instruction);
	tell(vcpu, EC_HVC, instruction >> 5 & UINT16_MAX, 0);
}

/* -------------------------------------------------------------------------
 * Debug exceptions.
 */
#define MDSCR_SS 1u
#define PSTATE_SS (1u << 21)

static bool steps(const struct double_vcpu *vcpu)
{
	return vcpu->traps_debug && (double_sys_reg(vcpu, HV_SYS_REG_MDSCR_EL1) & MDSCR_SS);
}

static void set_debug(struct double_vcpu *vcpu)
{
	struct kvm_guest_debug debug = { 0 };

	if (vcpu->traps_debug)
		debug.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP;
	if (steps(vcpu))
		debug.control |= KVM_GUESTDBG_SINGLESTEP;
	if (vcpu->debug != debug.control)
		ioctl(vcpu->fd, KVM_SET_GUEST_DEBUG, &debug);
	vcpu->debug = debug.control;
}

/* An instruction was run, and the next is pending: that state is PSTATE's. */
static void leave_debug(struct double_vcpu *vcpu)
{
	const uint32_t syndrome = vcpu->run->debug.arch.hsr;
	uint64_t pstate = double_reg(vcpu, HV_REG_CPSR);

	tell(vcpu, syndrome >> EC_SHIFT, syndrome & (IL - 1), 0);
	if (syndrome >> EC_SHIFT != EC_STEP_LOWER)
		return;
	pstate &= ~(uint64_t)PSTATE_SS;
	double_set(vcpu, double_reg_id(HV_REG_CPSR), &pstate);
}

/* -------------------------------------------------------------------------
 * Interrupts: both lines, until the run is over.
 */
static void set_lines(struct double_vm *vm, struct double_vcpu *vcpu, bool on)
{
	const uint32_t number = (uint32_t)(vcpu - vm->vcpu) << KVM_ARM_IRQ_VCPU_SHIFT;

	for (unsigned int type = 0; type < 2; type++) {
		struct kvm_irq_level line = {
			.irq = KVM_ARM_IRQ_TYPE_CPU << KVM_ARM_IRQ_TYPE_SHIFT | number |
			       (type == HV_INTERRUPT_TYPE_IRQ ? KVM_ARM_IRQ_CPU_IRQ :
								KVM_ARM_IRQ_CPU_FIQ),
			.level = on,
		};

		if (vcpu->interrupt[type])
			ioctl(vm->fd, KVM_IRQ_LINE, &line);
		vcpu->interrupt[type] &= on;
	}
}

/* -------------------------------------------------------------------------
 * The run.
 */
static void leave(struct double_vm *vm, struct double_vcpu *vcpu)
{
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_MMIO:
		leave_access(vm, vcpu);
		break;
	case KVM_EXIT_ARM_NISV:
		leave_undecoded(vm, vcpu);
		break;
	case KVM_EXIT_HYPERCALL:
		leave_hvc(vm, vcpu);
		break;
	case KVM_EXIT_DEBUG:
		leave_debug(vcpu);
		break;
	default:
		vcpu->exit.reason = HV_EXIT_REASON_UNKNOWN;
		vcpu->exit.exception.syndrome = vcpu->run->exit_reason;
		break;
	}
}

/* It was to be ended, or a signal is to end it. */
static bool ends(struct double_vcpu *vcpu)
{
	__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
	return __atomic_exchange_n(&vcpu->canceled, 0, __ATOMIC_SEQ_CST) || signal_waits();
}

static int run_once(struct double_vcpu *vcpu)
{
	int result;

	double_enter(vcpu);
	result = ioctl(vcpu->fd, KVM_RUN, 0) ? errno : 0;
	double_leave(vcpu);
	return result;
}

static hv_return_t run(struct double_vm *vm, struct double_vcpu *vcpu)
{
	for (;;) {
		int failed;

		if (ends(vcpu)) {
			vcpu->exit.reason = HV_EXIT_REASON_CANCELED;
			return HV_SUCCESS;
		}
		failed = run_once(vcpu);
		if (failed == EINTR || failed == EAGAIN) {
			take_interrupt();
			continue;
		}
		if (failed == EFAULT)
			leave_nothing_there(vm, vcpu);
		else if (!failed)
			leave(vm, vcpu);
		return failed && failed != EFAULT ? HV_ERROR : HV_SUCCESS;
	}
}

/* Not each time: who is kicked without end has to get on. */
static void dawdle(void)
{
	enum { SELDOM = 8 };
	static __thread unsigned int runs;
	const struct timespec pause = { .tv_nsec = 200000 };

	if (runs++ % SELDOM == 0)
		nanosleep(&pause, NULL);
}

hv_return_t hv_vcpu_run(hv_vcpu_t number)
{
	struct double_vm *vm = double_vm();
	struct double_vcpu *vcpu = double_own(number);
	hv_return_t result;

	if (!vcpu)
		return HV_BAD_ARGUMENT;
	if (__atomic_load_n(&forgets, __ATOMIC_SEQ_CST)) {
		dawdle();
		__atomic_store_n(&vcpu->canceled, 0, __ATOMIC_SEQ_CST);
	}
	__atomic_store_n(&vcpu->entered, 1, __ATOMIC_SEQ_CST);
	memset(&vcpu->exit, 0, sizeof vcpu->exit);
	double_write_back(vcpu);
	set_mask(vcpu);
	set_debug(vcpu);
	set_lines(vm, vcpu, true);
	if (steps(vcpu) && !(double_reg(vcpu, HV_REG_CPSR) & PSTATE_SS)) {
		tell(vcpu, EC_STEP_LOWER, STEP_STATUS, 0);	/* that step is over already */
		result = HV_SUCCESS;
	} else {
		result = run(vm, vcpu);
	}
	set_lines(vm, vcpu, false);
	__atomic_store_n(&vcpu->entered, 0, __ATOMIC_SEQ_CST);
	return result;
}

hv_return_t hv_vcpus_exit(hv_vcpu_t *vcpus, uint32_t count)
{
	struct double_vm *vm = double_vm();

	for (uint32_t i = 0; i < count; i++) {
		struct double_vcpu *vcpu = vm && vcpus[i] < DOUBLE_VCPUS ? &vm->vcpu[vcpus[i]] : NULL;

		if (!vcpu || !vcpu->used || !vcpu->made)
			return HV_BAD_ARGUMENT;
		if (__atomic_load_n(&forgets, __ATOMIC_SEQ_CST) &&
		    !__atomic_load_n(&vcpu->entered, __ATOMIC_SEQ_CST))
			continue;
		__atomic_store_n(&vcpu->canceled, 1, __ATOMIC_SEQ_CST);
		double_interrupt(vcpu);
	}
	return HV_SUCCESS;
}

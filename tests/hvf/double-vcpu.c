/* SPDX-License-Identifier: BSD-2-Clause */
/* The double's vCPUs and their registers: between runs, and their thread's alone. */
#define _GNU_SOURCE
#include "double.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((weak)) int fds_hide(int fd);

/* KVM's, newer than some headers: Linux 6.4, Documentation/virt/kvm/api.rst. */
struct counter_offset {
	uint64_t offset, reserved;
};
#define SET_COUNTER_OFFSET _IOW(KVMIO, 0xb5, struct counter_offset)

static hv_return_t told(int failed)
{
	return failed ? HV_BAD_ARGUMENT : HV_SUCCESS;
}

struct double_vcpu *double_own(hv_vcpu_t number)
{
	struct double_vm *vm = double_vm();

	if (!vm || number >= DOUBLE_VCPUS || !vm->vcpu[number].used ||
	    vm->vcpu[number].owner != gettid())
		return NULL;
	return &vm->vcpu[number];
}

/* -------------------------------------------------------------------------
 * The counter. To say what it is now is to say its offset, less the time that takes.
 */
static uint64_t counter(void)
{
	uint64_t value;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value) : : "memory");
	return value;
}

/* One that is nearly as quick as the quickest is nearly right; a busy machine has few. */
enum { TRIES = 32, MOST_TRIES = 100 * TRIES };

static int set_counter(const struct double_vcpu *vcpu, uint64_t offset)
{
	uint64_t quickest = UINT64_MAX;

	for (unsigned int i = 0; i < MOST_TRIES; i++) {
		uint64_t before = counter(), value = before - offset, took;

		if (double_set(vcpu, KVM_REG_ARM_TIMER_CNT, &value))
			return -1;
		took = counter() - before;
		if (i >= TRIES && took <= quickest + quickest / 8)
			break;
		quickest = took < quickest ? took : quickest;
	}
	return 0;
}

static hv_return_t set_offset(struct double_vm *vm, struct double_vcpu *vcpu, uint64_t offset)
{
	struct counter_offset exact = { .offset = offset };
	int failed;

	if (vm->has_offset && vm->vtimer_offset == offset)
		return HV_SUCCESS;
	double_stop_all();
	failed = ioctl(vm->fd, SET_COUNTER_OFFSET, &exact) && set_counter(vcpu, offset);
	vm->has_offset = !failed;
	vm->vtimer_offset = offset;
	double_go_on();
	return told(failed);
}

/* -------------------------------------------------------------------------
 * To begin and to end.
 */
static bool make(struct double_vm *vm, struct double_vcpu *vcpu)
{
	vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)(vcpu - vm->vcpu));
	vcpu->fd = fds_hide ? fds_hide(vcpu->fd) : vcpu->fd;
	if (vcpu->fd < 0)
		return false;
	vcpu->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	vcpu->made = vcpu->run != MAP_FAILED;
	vcpu->lost = getpid() != vm->process;
	return vcpu->made;
}

/* Apple's processors have pointer authentication, and guests may use it. */
static bool reset(const struct double_vm *vm, const struct double_vcpu *vcpu)
{
	struct kvm_vcpu_init init;

	if (ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init))
		return false;
	if (ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_PTRAUTH_ADDRESS) > 0 &&
	    ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_PTRAUTH_GENERIC) > 0)
		init.features[0] |= 1u << KVM_ARM_VCPU_PTRAUTH_ADDRESS |
				    1u << KVM_ARM_VCPU_PTRAUTH_GENERIC;
	return !ioctl(vcpu->fd, KVM_ARM_VCPU_INIT, &init);
}

/* What general registers are then is not said. */
static void fill(struct double_vcpu *vcpu)
{
	struct double_cache *cache = &vcpu->cache;

	memset(cache, 0, sizeof *cache);
	for (hv_reg_t reg = HV_REG_X0; reg <= HV_REG_X30; reg++) {
		cache->general[reg] = 0xa5a5a5a5a5a5a5a5;
		cache->general_valid[reg] = cache->general_dirty[reg] = true;
	}
}

/* A thread that has ended has taken its vCPU with it. */
void double_bury(struct double_vm *vm)
{
	for (unsigned int i = 0; i < DOUBLE_VCPUS; i++) {
		struct double_vcpu *vcpu = &vm->vcpu[i];

		if (vcpu->used && !vcpu->lost && syscall(SYS_tkill, vcpu->owner, 0) && errno == ESRCH)
			vcpu->used = false;
	}
}

static struct double_vcpu *take(struct double_vm *vm, pid_t owner)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct double_vcpu *found = NULL;

	pthread_mutex_lock(&lock);
	double_bury(vm);
	for (unsigned int i = 0; i < DOUBLE_VCPUS; i++) {
		struct double_vcpu *vcpu = &vm->vcpu[i];

		if (vcpu->used || (found && (found->made || !vcpu->made)))
			continue;
		found = vcpu;
	}
	if (found) {
		found->owner = owner;
		found->used = true;
	}
	pthread_mutex_unlock(&lock);
	return found;
}

/* Whether there is one that is made, and nobody's. */
static bool has_spare(const struct double_vm *vm)
{
	for (unsigned int i = 0; i < DOUBLE_VCPUS; i++)
		if (vm->vcpu[i].made && !vm->vcpu[i].used)
			return true;
	return false;
}

/*
 * KVM takes a new vCPU for a reason to begin all counters again: the others may not run until
 * that is undone. A spare one is made for a child of vfork(): what that makes itself has a
 * descriptor of the child's, and is lost when it ends.
 */
static bool make_unnoticed(struct double_vm *vm, struct double_vcpu *vcpu)
{
	const bool had_offset = vm->has_offset;
	struct double_vcpu *other = getpid() == vm->process ? take(vm, gettid()) : NULL;
	bool good;

	double_stop_all();
	good = (vcpu->made || make(vm, vcpu)) && reset(vm, vcpu);
	if (other) {
		if (!other->made)
			make(vm, other);
		other->used = false;
	}
	if (good && had_offset) {
		struct counter_offset exact = { .offset = vm->vtimer_offset };

		good = !ioctl(vm->fd, SET_COUNTER_OFFSET, &exact) ||
		       !set_counter(vcpu, vm->vtimer_offset);
	}
	double_go_on();
	return good;
}

static bool has_one(const struct double_vm *vm, pid_t thread)
{
	for (unsigned int i = 0; i < DOUBLE_VCPUS; i++)
		if (vm->vcpu[i].used && vm->vcpu[i].owner == thread)
			return true;
	return false;
}

hv_return_t hv_vcpu_create(hv_vcpu_t *number, hv_vcpu_exit_t **exit, hv_vcpu_config_t config)
{
	struct double_vm *vm = double_vm();
	struct double_vcpu *vcpu;

	if (!vm)
		return HV_NO_DEVICE;
	if (config)
		return HV_UNSUPPORTED;
	if (has_one(vm, gettid()))
		return HV_BUSY;
	vcpu = take(vm, gettid());
	if (!vcpu)
		return HV_NO_RESOURCES;
	if (vcpu->made && (has_spare(vm) || getpid() != vm->process) ? !reset(vm, vcpu) :
								       !make_unnoticed(vm, vcpu)) {
		vcpu->used = false;
		return HV_ERROR;
	}
	vcpu->canceled = vcpu->entered = 0;
	vcpu->traps_debug = false;
	vcpu->vtimer_masked = false;
	fill(vcpu);
	*number = (hv_vcpu_t)(vcpu - vm->vcpu);
	*exit = &vcpu->exit;
	return HV_SUCCESS;
}

hv_return_t hv_vcpu_destroy(hv_vcpu_t number)
{
	struct double_vcpu *vcpu = double_own(number);

	if (!vcpu)
		return HV_BAD_ARGUMENT;
	vcpu->owner = 0;
	vcpu->used = vcpu->lost;
	return HV_SUCCESS;
}

/* -------------------------------------------------------------------------
 * Registers, as KVM names them: Documentation/virt/kvm/api.rst, KVM_SET_ONE_REG.
 */
#define CORE(size, field) (KVM_REG_ARM64 | (size) | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(field))
#define CORE64(field) CORE(KVM_REG_SIZE_U64, field)

int double_get(const struct double_vcpu *vcpu, uint64_t id, void *value)
{
	struct kvm_one_reg reg = { id, (uintptr_t)value };

	return ioctl(vcpu->fd, KVM_GET_ONE_REG, &reg);
}

int double_set(const struct double_vcpu *vcpu, uint64_t id, const void *value)
{
	struct kvm_one_reg reg = { id, (uintptr_t)value };

	return ioctl(vcpu->fd, KVM_SET_ONE_REG, &reg);
}

/* 0: there is none. */
uint64_t double_reg_id(hv_reg_t reg)
{
	if (reg <= HV_REG_X30)
		return CORE64(regs.regs[0]) + reg * (CORE64(regs.regs[1]) - CORE64(regs.regs[0]));
	switch (reg) {
	case HV_REG_PC:
		return CORE64(regs.pc);
	case HV_REG_CPSR:
		return CORE64(regs.pstate);
	case HV_REG_FPSR:
		return CORE(KVM_REG_SIZE_U32, fp_regs.fpsr);
	case HV_REG_FPCR:
		return CORE(KVM_REG_SIZE_U32, fp_regs.fpcr);
	default:
		return 0;
	}
}

static bool is_declared(hv_sys_reg_t reg)
{
	static const hv_sys_reg_t all[] = {
		HV_SYS_REG_MDSCR_EL1, HV_SYS_REG_MPIDR_EL1, HV_SYS_REG_ID_AA64PFR0_EL1,
		HV_SYS_REG_ID_AA64PFR1_EL1, HV_SYS_REG_ID_AA64DFR0_EL1, HV_SYS_REG_ID_AA64DFR1_EL1,
		HV_SYS_REG_ID_AA64ISAR0_EL1, HV_SYS_REG_ID_AA64ISAR1_EL1,
		HV_SYS_REG_ID_AA64MMFR0_EL1, HV_SYS_REG_ID_AA64MMFR1_EL1,
		HV_SYS_REG_ID_AA64MMFR2_EL1, HV_SYS_REG_SCTLR_EL1, HV_SYS_REG_CPACR_EL1,
		HV_SYS_REG_APIAKEYLO_EL1, HV_SYS_REG_APIAKEYHI_EL1, HV_SYS_REG_APIBKEYLO_EL1,
		HV_SYS_REG_APIBKEYHI_EL1, HV_SYS_REG_APDAKEYLO_EL1, HV_SYS_REG_APDAKEYHI_EL1,
		HV_SYS_REG_APDBKEYLO_EL1, HV_SYS_REG_APDBKEYHI_EL1, HV_SYS_REG_APGAKEYLO_EL1,
		HV_SYS_REG_APGAKEYHI_EL1,
		HV_SYS_REG_TTBR0_EL1, HV_SYS_REG_TTBR1_EL1, HV_SYS_REG_TCR_EL1,
		HV_SYS_REG_ESR_EL1, HV_SYS_REG_FAR_EL1, HV_SYS_REG_PAR_EL1, HV_SYS_REG_MAIR_EL1,
		HV_SYS_REG_AMAIR_EL1,
		HV_SYS_REG_VBAR_EL1, HV_SYS_REG_CONTEXTIDR_EL1, HV_SYS_REG_TPIDR_EL1,
		HV_SYS_REG_CNTKCTL_EL1, HV_SYS_REG_TPIDR_EL0, HV_SYS_REG_TPIDRRO_EL0,
	};

	for (unsigned int i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i] == reg)
			return true;
	return false;
}

uint64_t double_sys_reg_id(hv_sys_reg_t reg)
{
	switch (reg) {
	case HV_SYS_REG_SP_EL0:
		return CORE64(regs.sp);
	case HV_SYS_REG_SP_EL1:
		return CORE64(sp_el1);
	case HV_SYS_REG_ELR_EL1:
		return CORE64(elr_el1);
	case HV_SYS_REG_SPSR_EL1:
		return CORE64(spsr[KVM_SPSR_EL1]);
	default:
		return is_declared(reg) ?
			       KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM64_SYSREG | reg : 0;
	}
}

uint64_t double_reg(const struct double_vcpu *vcpu, hv_reg_t reg)
{
	uint64_t value = 0;

	double_get(vcpu, double_reg_id(reg), &value);
	return value;
}

uint64_t double_sys_reg(const struct double_vcpu *vcpu, hv_sys_reg_t reg)
{
	uint64_t value = 0;

	double_get(vcpu, double_sys_reg_id(reg), &value);
	return value;
}

hv_return_t hv_vcpu_get_reg(hv_vcpu_t number, hv_reg_t reg, uint64_t *value)
{
	struct double_vcpu *vcpu = double_own(number);
	struct double_cache *cache;

	if (!vcpu || reg >= DOUBLE_GENERAL)
		return HV_BAD_ARGUMENT;
	cache = &vcpu->cache;
	if (!cache->general_valid[reg]) {
		cache->general[reg] = double_reg(vcpu, reg);
		cache->general_valid[reg] = true;
	}
	*value = cache->general[reg];
	return HV_SUCCESS;
}

hv_return_t hv_vcpu_set_reg(hv_vcpu_t number, hv_reg_t reg, uint64_t value)
{
	struct double_vcpu *vcpu = double_own(number);
	struct double_cache *cache;

	if (!vcpu || reg >= DOUBLE_GENERAL)
		return HV_BAD_ARGUMENT;
	cache = &vcpu->cache;
	cache->general_dirty[reg] |= !cache->general_valid[reg] || cache->general[reg] != value;
	cache->general_valid[reg] = true;
	cache->general[reg] = value;
	return HV_SUCCESS;
}

hv_return_t hv_vcpu_get_sys_reg(hv_vcpu_t number, hv_sys_reg_t reg, uint64_t *value)
{
	const struct double_vcpu *vcpu = double_own(number);
	const uint64_t id = double_sys_reg_id(reg);

	return told(!vcpu || !id || double_get(vcpu, id, value));
}

/* Address translation does not begin from outside. */
static bool begins_translation(const struct double_vcpu *vcpu, hv_sys_reg_t reg, uint64_t value)
{
	const uint64_t sctlr_m = 1;

	return reg == HV_SYS_REG_SCTLR_EL1 && value & ~double_sys_reg(vcpu, reg) & sctlr_m;
}

hv_return_t hv_vcpu_set_sys_reg(hv_vcpu_t number, hv_sys_reg_t reg, uint64_t value)
{
	const struct double_vcpu *vcpu = double_own(number);
	const uint64_t id = double_sys_reg_id(reg);

	if (vcpu && begins_translation(vcpu, reg, value))
		return HV_UNSUPPORTED;
	return told(!vcpu || !id || double_set(vcpu, id, &value));
}

static uint64_t vector_id(hv_simd_fp_reg_t reg)
{
	const uint64_t first = CORE(KVM_REG_SIZE_U128, fp_regs.vregs[0]);

	return first + reg * (CORE(KVM_REG_SIZE_U128, fp_regs.vregs[1]) - first);
}

hv_return_t hv_vcpu_get_simd_fp_reg(hv_vcpu_t number, hv_simd_fp_reg_t reg,
				    hv_simd_fp_uchar16_t *value)
{
	struct double_vcpu *vcpu = double_own(number);
	struct double_cache *cache;

	if (!vcpu || reg >= DOUBLE_VECTORS)
		return HV_BAD_ARGUMENT;
	cache = &vcpu->cache;
	if (!cache->vector_valid[reg] && double_get(vcpu, vector_id(reg), &cache->vector[reg]))
		return HV_ERROR;
	cache->vector_valid[reg] = true;
	*value = cache->vector[reg];
	return HV_SUCCESS;
}

hv_return_t hv_vcpu_set_simd_fp_reg(hv_vcpu_t number, hv_simd_fp_reg_t reg,
				    hv_simd_fp_uchar16_t value)
{
	struct double_vcpu *vcpu = double_own(number);
	struct double_cache *cache;

	if (!vcpu || reg >= DOUBLE_VECTORS)
		return HV_BAD_ARGUMENT;
	cache = &vcpu->cache;
	cache->vector_dirty[reg] |= !cache->vector_valid[reg] ||
				    memcmp(&cache->vector[reg], &value, sizeof value);
	cache->vector_valid[reg] = true;
	cache->vector[reg] = value;
	return HV_SUCCESS;
}

/* The first four bytes of a number are its low half: KVM has some of that size. */
void double_write_back(struct double_vcpu *vcpu)
{
	struct double_cache *cache = &vcpu->cache;

	for (hv_reg_t reg = 0; reg < DOUBLE_GENERAL; reg++)
		if (cache->general_dirty[reg])
			double_set(vcpu, double_reg_id(reg), &cache->general[reg]);
	for (hv_simd_fp_reg_t reg = 0; reg < DOUBLE_VECTORS; reg++)
		if (cache->vector_dirty[reg])
			double_set(vcpu, vector_id(reg), &cache->vector[reg]);
	memset(cache->general_valid, 0, sizeof cache->general_valid);
	memset(cache->general_dirty, 0, sizeof cache->general_dirty);
	memset(cache->vector_valid, 0, sizeof cache->vector_valid);
	memset(cache->vector_dirty, 0, sizeof cache->vector_dirty);
}

/* -------------------------------------------------------------------------
 * The rest.
 */
hv_return_t hv_vcpu_set_pending_interrupt(hv_vcpu_t number, hv_interrupt_type_t type, bool pending)
{
	struct double_vcpu *vcpu = double_own(number);

	if (!vcpu || type > HV_INTERRUPT_TYPE_FIQ)
		return HV_BAD_ARGUMENT;
	vcpu->interrupt[type] = pending;
	return HV_SUCCESS;
}

hv_return_t hv_vcpu_get_vtimer_mask(hv_vcpu_t number, bool *masked)
{
	const struct double_vcpu *vcpu = double_own(number);

	if (vcpu)
		*masked = vcpu->vtimer_masked;
	return told(!vcpu);
}

/* Its timer is nobody's here: EL0 may not have it. */
hv_return_t hv_vcpu_set_vtimer_mask(hv_vcpu_t number, bool masked)
{
	struct double_vcpu *vcpu = double_own(number);

	if (vcpu)
		vcpu->vtimer_masked = masked;
	return told(!vcpu);
}

hv_return_t hv_vcpu_get_vtimer_offset(hv_vcpu_t number, uint64_t *offset)
{
	const struct double_vcpu *vcpu = double_own(number);

	if (vcpu)
		*offset = vcpu->vtimer_offset;
	return told(!vcpu);
}

hv_return_t hv_vcpu_set_vtimer_offset(hv_vcpu_t number, uint64_t offset)
{
	struct double_vcpu *vcpu = double_own(number);

	if (!vcpu)
		return HV_BAD_ARGUMENT;
	vcpu->vtimer_offset = offset;
	return set_offset(double_vm(), vcpu, offset);
}

hv_return_t hv_vcpu_set_trap_debug_exceptions(hv_vcpu_t number, bool enable)
{
	struct double_vcpu *vcpu = double_own(number);

	if (vcpu)
		vcpu->traps_debug = enable;
	return told(!vcpu);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What runner/hvf*.c uses of Apple's Hypervisor.framework on arm64, declared for where there
 * is no Mac: to compile against, and for the double beside this. On a Mac Apple's own header
 * is found instead. Names, types and numbers are the framework's.
 */
#ifndef HYPERVISOR_HYPERVISOR_H
#define HYPERVISOR_HYPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int32_t hv_return_t;	/* as mach/error.h makes them: system 0x3e, subsystem 0xba5 */
#define HV_SUCCESS		0
#define HV_ERROR		((hv_return_t)0xfae94001)
#define HV_BUSY			((hv_return_t)0xfae94002)
#define HV_BAD_ARGUMENT		((hv_return_t)0xfae94003)
#define HV_ILLEGAL_GUEST_STATE	((hv_return_t)0xfae94004)
#define HV_NO_RESOURCES		((hv_return_t)0xfae94005)
#define HV_NO_DEVICE		((hv_return_t)0xfae94006)
#define HV_DENIED		((hv_return_t)0xfae94007)
#define HV_UNSUPPORTED		((hv_return_t)0xfae9400f)

/* -------------------------------------------------------------------------
 * The machine: one for each process. What is mapped is whole pages of the host.
 */
typedef struct hv_vm_config_s *hv_vm_config_t;	/* NULL: as usual */
typedef uint64_t hv_ipa_t;
typedef uint64_t hv_memory_flags_t;
#define HV_MEMORY_READ	(1ull << 0)
#define HV_MEMORY_WRITE	(1ull << 1)
#define HV_MEMORY_EXEC	(1ull << 2)

hv_return_t hv_vm_create(hv_vm_config_t config);
hv_return_t hv_vm_destroy(void);
hv_return_t hv_vm_get_max_vcpu_count(uint32_t *count);
hv_return_t hv_vm_map(void *addr, hv_ipa_t ipa, size_t size, hv_memory_flags_t flags);
hv_return_t hv_vm_unmap(hv_ipa_t ipa, size_t size);
hv_return_t hv_vm_protect(hv_ipa_t ipa, size_t size, hv_memory_flags_t flags);

/* -------------------------------------------------------------------------
 * vCPUs. A vCPU is its creating thread's: only hv_vcpus_exit() is for any thread.
 */
typedef uint64_t hv_vcpu_t;
typedef struct hv_vcpu_config_s *hv_vcpu_config_t;	/* NULL: as usual */

typedef uint32_t hv_exit_reason_t;
enum {
	HV_EXIT_REASON_CANCELED,
	HV_EXIT_REASON_EXCEPTION,
	HV_EXIT_REASON_VTIMER_ACTIVATED,
	HV_EXIT_REASON_UNKNOWN,
};

typedef uint64_t hv_exception_syndrome_t;	/* as ESR_EL2 */
typedef uint64_t hv_exception_address_t;

typedef struct {
	hv_exception_syndrome_t syndrome;
	hv_exception_address_t virtual_address;
	hv_ipa_t physical_address;
} hv_vcpu_exit_exception_t;

typedef struct {
	hv_exit_reason_t reason;
	hv_vcpu_exit_exception_t exception;
} hv_vcpu_exit_t;

hv_return_t hv_vcpu_create(hv_vcpu_t *vcpu, hv_vcpu_exit_t **exit, hv_vcpu_config_t config);
hv_return_t hv_vcpu_destroy(hv_vcpu_t vcpu);
hv_return_t hv_vcpu_run(hv_vcpu_t vcpu);
hv_return_t hv_vcpus_exit(hv_vcpu_t *vcpus, uint32_t count);

typedef uint32_t hv_reg_t;
enum {
	HV_REG_X0,	/* and so on to X30 */
	HV_REG_X30 = 30,
	HV_REG_PC,
	HV_REG_FPCR,
	HV_REG_FPSR,
	HV_REG_CPSR,
};

typedef uint32_t hv_simd_fp_reg_t;
enum {
	HV_SIMD_FP_REG_Q0,	/* and so on to Q31 */
	HV_SIMD_FP_REG_Q31 = 31,
};
typedef uint8_t hv_simd_fp_uchar16_t __attribute__((vector_size(16)));

/* op0, op1, CRn, CRm and op2, as an MRS instruction has them. */
typedef uint16_t hv_sys_reg_t;
enum {
	HV_SYS_REG_MDSCR_EL1 = 0x8012,
	HV_SYS_REG_MPIDR_EL1 = 0xc005,
	HV_SYS_REG_ID_AA64PFR0_EL1 = 0xc020,
	HV_SYS_REG_ID_AA64PFR1_EL1 = 0xc021,
	HV_SYS_REG_ID_AA64DFR0_EL1 = 0xc028,
	HV_SYS_REG_ID_AA64DFR1_EL1 = 0xc029,
	HV_SYS_REG_ID_AA64ISAR0_EL1 = 0xc030,
	HV_SYS_REG_ID_AA64ISAR1_EL1 = 0xc031,
	HV_SYS_REG_ID_AA64MMFR0_EL1 = 0xc038,
	HV_SYS_REG_ID_AA64MMFR1_EL1 = 0xc039,
	HV_SYS_REG_ID_AA64MMFR2_EL1 = 0xc03a,
	HV_SYS_REG_SCTLR_EL1 = 0xc080,
	HV_SYS_REG_CPACR_EL1 = 0xc082,
	HV_SYS_REG_TTBR0_EL1 = 0xc100,
	HV_SYS_REG_TTBR1_EL1 = 0xc101,
	HV_SYS_REG_TCR_EL1 = 0xc102,
	HV_SYS_REG_APIAKEYLO_EL1 = 0xc108,
	HV_SYS_REG_APIAKEYHI_EL1 = 0xc109,
	HV_SYS_REG_APIBKEYLO_EL1 = 0xc10a,
	HV_SYS_REG_APIBKEYHI_EL1 = 0xc10b,
	HV_SYS_REG_APDAKEYLO_EL1 = 0xc110,
	HV_SYS_REG_APDAKEYHI_EL1 = 0xc111,
	HV_SYS_REG_APDBKEYLO_EL1 = 0xc112,
	HV_SYS_REG_APDBKEYHI_EL1 = 0xc113,
	HV_SYS_REG_APGAKEYLO_EL1 = 0xc118,
	HV_SYS_REG_APGAKEYHI_EL1 = 0xc119,
	HV_SYS_REG_SPSR_EL1 = 0xc200,
	HV_SYS_REG_ELR_EL1 = 0xc201,
	HV_SYS_REG_SP_EL0 = 0xc208,
	HV_SYS_REG_ESR_EL1 = 0xc290,
	HV_SYS_REG_FAR_EL1 = 0xc300,
	HV_SYS_REG_PAR_EL1 = 0xc3a0,
	HV_SYS_REG_MAIR_EL1 = 0xc510,
	HV_SYS_REG_AMAIR_EL1 = 0xc518,
	HV_SYS_REG_VBAR_EL1 = 0xc600,
	HV_SYS_REG_CONTEXTIDR_EL1 = 0xc681,
	HV_SYS_REG_TPIDR_EL1 = 0xc684,
	HV_SYS_REG_CNTKCTL_EL1 = 0xc708,
	HV_SYS_REG_TPIDR_EL0 = 0xde82,
	HV_SYS_REG_TPIDRRO_EL0 = 0xde83,
	HV_SYS_REG_SP_EL1 = 0xe208,
};

hv_return_t hv_vcpu_get_reg(hv_vcpu_t vcpu, hv_reg_t reg, uint64_t *value);
hv_return_t hv_vcpu_set_reg(hv_vcpu_t vcpu, hv_reg_t reg, uint64_t value);
hv_return_t hv_vcpu_get_sys_reg(hv_vcpu_t vcpu, hv_sys_reg_t reg, uint64_t *value);
hv_return_t hv_vcpu_set_sys_reg(hv_vcpu_t vcpu, hv_sys_reg_t reg, uint64_t value);
hv_return_t hv_vcpu_get_simd_fp_reg(hv_vcpu_t vcpu, hv_simd_fp_reg_t reg,
				    hv_simd_fp_uchar16_t *value);
hv_return_t hv_vcpu_set_simd_fp_reg(hv_vcpu_t vcpu, hv_simd_fp_reg_t reg,
				    hv_simd_fp_uchar16_t value);

/* Forgotten by each run. */
typedef uint32_t hv_interrupt_type_t;
enum { HV_INTERRUPT_TYPE_IRQ, HV_INTERRUPT_TYPE_FIQ };
hv_return_t hv_vcpu_set_pending_interrupt(hv_vcpu_t vcpu, hv_interrupt_type_t type, bool pending);

/* The guest's CNTVCT is mach_absolute_time() less the offset. */
hv_return_t hv_vcpu_get_vtimer_mask(hv_vcpu_t vcpu, bool *masked);
hv_return_t hv_vcpu_set_vtimer_mask(hv_vcpu_t vcpu, bool masked);
hv_return_t hv_vcpu_get_vtimer_offset(hv_vcpu_t vcpu, uint64_t *offset);
hv_return_t hv_vcpu_set_vtimer_offset(hv_vcpu_t vcpu, uint64_t offset);

/* Debug exceptions leave the guest: steps, breakpoints, BRK. */
hv_return_t hv_vcpu_set_trap_debug_exceptions(hv_vcpu_t vcpu, bool enable);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* User code's registers: between runs, all are in the shim's frame, but the vectors. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "hvf.h"

uint64_t vcpu_get(const struct vcpu *vcpu, enum vm_register which)
{
	return *shim_register_of(&vcpu->shim.data->frame, which);
}

void vcpu_set(struct vcpu *vcpu, enum vm_register which, uint64_t value)
{
	*shim_register_of(&vcpu->shim.data->frame, which) = value;
}

void vcpu_repeat(struct vcpu *vcpu)
{
	vcpu->shim.data->frame.pc -= SHIM_SVC;
}

/* EL1 has the step's exception as user code's others: MDSCR_EL1 is set by the next run. */
void vcpu_step(struct vcpu *vcpu, bool on)
{
	uint64_t *pstate = &vcpu->shim.data->frame.pstate;

	vcpu->stepping = on;
	*pstate = on ? *pstate | PSTATE_SS : *pstate & ~PSTATE_SS;
}

/* -------------------------------------------------------------------------
 * The framework's.
 */
hv_return_t hvf_take_vectors(const struct vcpu *vcpu, struct hvf_vectors *vectors)
{
	hv_return_t result = hv_vcpu_get_reg(vcpu->hv, HV_REG_FPSR, &vectors->fpsr);

	if (result == HV_SUCCESS)
		result = hv_vcpu_get_reg(vcpu->hv, HV_REG_FPCR, &vectors->fpcr);
	for (unsigned int i = 0; i < 32 && result == HV_SUCCESS; i++)
		result = hv_vcpu_get_simd_fp_reg(vcpu->hv, (hv_simd_fp_reg_t)(HV_SIMD_FP_REG_Q0 + i),
						 &vectors->v[i]);
	return result;
}

hv_return_t hvf_give_vectors(const struct vcpu *vcpu, const struct hvf_vectors *vectors)
{
	hv_return_t result = hv_vcpu_set_reg(vcpu->hv, HV_REG_FPSR, vectors->fpsr);

	if (result == HV_SUCCESS)
		result = hv_vcpu_set_reg(vcpu->hv, HV_REG_FPCR, vectors->fpcr);
	for (unsigned int i = 0; i < 32 && result == HV_SUCCESS; i++)
		result = hv_vcpu_set_simd_fp_reg(vcpu->hv, (hv_simd_fp_reg_t)(HV_SIMD_FP_REG_Q0 + i),
						 vectors->v[i]);
	return result;
}

/* Where EL1 has been interrupted, the program's PC and PSTATE are what it would go back to. */
hv_return_t hvf_now(const struct vcpu *vcpu, enum shim_place place, struct shim_now *now)
{
	const bool at_user = place == SHIM_ELSEWHERE;
	hv_return_t result = HV_SUCCESS;

	for (unsigned int i = 0; i <= 30 && result == HV_SUCCESS; i++)
		result = hv_vcpu_get_reg(vcpu->hv, (hv_reg_t)(HV_REG_X0 + i), &now->x[i]);
	if (result == HV_SUCCESS)
		result = at_user ? hv_vcpu_get_reg(vcpu->hv, HV_REG_PC, &now->pc) :
				   hv_vcpu_get_sys_reg(vcpu->hv, HV_SYS_REG_ELR_EL1, &now->pc);
	if (result == HV_SUCCESS)
		result = at_user ? hv_vcpu_get_reg(vcpu->hv, HV_REG_CPSR, &now->pstate) :
				   hv_vcpu_get_sys_reg(vcpu->hv, HV_SYS_REG_SPSR_EL1, &now->pstate);
	if (result == HV_SUCCESS)
		result = hv_vcpu_get_sys_reg(vcpu->hv, HV_SYS_REG_SP_EL0, &now->sp);
	if (result == HV_SUCCESS)
		result = hv_vcpu_get_sys_reg(vcpu->hv, HV_SYS_REG_TPIDR_EL0, &now->thread);
	return result;
}

/* -------------------------------------------------------------------------
 * All registers.
 */
_Static_assert(sizeof((struct vm_registers *)0)->v == sizeof((struct hvf_vectors *)0)->v, "vectors");

int vcpu_save(const struct vcpu *vcpu, struct vm_registers *to)
{
	struct hvf_vectors vectors = vcpu->vectors;

	if (vcpu->bound && hvf_take_vectors(vcpu, &vectors) != HV_SUCCESS)
		return -EIO;
	shim_save(&vcpu->shim.data->frame, to);
	to->fpsr = (uint32_t)vectors.fpsr;
	to->fpcr = (uint32_t)vectors.fpcr;
	memcpy(to->v, vectors.v, sizeof to->v);
	return 0;
}

int vcpu_load(struct vcpu *vcpu, const struct vm_registers *from)
{
	vcpu->vectors.fpsr = from->fpsr;
	vcpu->vectors.fpcr = from->fpcr;
	memcpy(vcpu->vectors.v, from->v, sizeof from->v);
	if (vcpu->bound && hvf_give_vectors(vcpu, &vcpu->vectors) != HV_SUCCESS)
		return -EIO;
	shim_load(&vcpu->shim.data->frame, from, vcpu->stepping);
	return 0;
}

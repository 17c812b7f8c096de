/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs, and what they end with.
 *
 * User code is entered by the shim, from its frame, and each entry looks at `flush` on its way: if
 * that is set, it rings instead, and looks again. So who wants a vCPU to leave sets it, and then
 * has the framework end the run. If the shim looked before, the vCPU was running then, and is
 * ended; else the shim has seen it. Nothing depends on what the framework does about a vCPU that is
 * about to run.
 */
#define _GNU_SOURCE
#include <stdio.h>

#include "guest-signals.h"
#include "hvf.h"

/* Arm ARM (ARM DDI 0487), D23.2.40, ESR_EL2: classes of exceptions. */
enum { CLASS_SHIFT = 26, CLASS_MASK = 0x3f };
enum { CLASS_WAIT = 0x01, CLASS_FETCH = 0x20, CLASS_DATA = 0x24 };

static void tell_off(struct vm_exit *exit, const char *what, uint64_t number)
{
	exit->why = VM_OFF;
	snprintf(exit->text, sizeof exit->text, "Hypervisor.framework: %s (%#llx)", what,
		 (unsigned long long)number);
}

/* -------------------------------------------------------------------------
 * One entry.
 */
static uint64_t reg(const struct vcpu *vcpu, hv_reg_t number)
{
	uint64_t value = 0;

	hv_vcpu_get_reg(vcpu->hv, number, &value);
	return value;
}

static hv_return_t enter(struct vcpu *vcpu)
{
	hv_return_t result = HV_SUCCESS;

	if (!vcpu->in_between) {
		result = hv_vcpu_set_reg(vcpu->hv, HV_REG_PC,
					 vcpu->starts ? HVF_START : shim_resume(&vcpu->vm->shim));
		if (result == HV_SUCCESS)
			result = hv_vcpu_set_reg(vcpu->hv, HV_REG_CPSR, SHIM_PSTATE);
		if (result == HV_SUCCESS && vcpu->starts)
			result = hvf_start_enter(vcpu);
	}
	if (result == HV_SUCCESS)
		result = hv_vcpu_run(vcpu->hv);
	if (vcpu->starts)
		vcpu->starts = !hvf_start_is_over(reg(vcpu, HV_REG_PC));
	return result;
}

static unsigned int class_of(const struct vcpu *vcpu)
{
	return (unsigned int)(vcpu->exit->exception.syndrome >> CLASS_SHIFT) & CLASS_MASK;
}

/* Whether it rang, and how. */
static bool rang(const struct vcpu *vcpu, uint64_t *bell)
{
	*bell = vcpu->exit->exception.physical_address - vcpu->vm->shim.doorbell;
	return vcpu->exit->reason == HV_EXIT_REASON_EXCEPTION && class_of(vcpu) == CLASS_DATA &&
	       *bell < VM_PAGE;
}

static void set_flush(struct vcpu *vcpu, uint32_t value)
{
	__atomic_store_n(&vcpu->shim.data->flush, value, __ATOMIC_SEQ_CST);
}

bool hvf_flush(struct vcpu *vcpu)
{
	uint64_t bell;

	do {
		set_flush(vcpu, 1);
		if (enter(vcpu) != HV_SUCCESS)
			return false;
	} while (vcpu->exit->reason == HV_EXIT_REASON_CANCELED);
	return rang(vcpu, &bell) && bell == SHIM_FLUSHED;
}

/* -------------------------------------------------------------------------
 * After a run. What returns true says that vcpu_run() is over.
 */
/* All registers are brought to the frame, and it goes on from there. */
static bool complete(struct vcpu *vcpu, enum shim_place place, struct vm_exit *exit)
{
	struct shim_now now = { 0 };
	hv_return_t result = hvf_now(vcpu, place, &now);

	vcpu->in_between = false;
	if (result == HV_SUCCESS) {
		shim_complete(&vcpu->shim, place, &now, vcpu->stepping);
		return false;
	}
	tell_off(exit, "registers are lost", (uint32_t)result);
	return true;
}

static uint64_t syndrome(const struct vcpu *vcpu)
{
	uint64_t value = 0;

	hv_vcpu_get_sys_reg(vcpu->hv, HV_SYS_REG_ESR_EL1, &value);
	return value;
}

static bool leave_interrupted(struct vcpu *vcpu, struct vm_exit *exit)
{
	const struct shim_frame *frame = &vcpu->shim.data->frame;
	const enum shim_place place = shim_place(&vcpu->vm->shim, reg(vcpu, HV_REG_PC));

	if (vcpu->starts)
		return false;
	vcpu->in_between = shim_has_to_tell(place, place == SHIM_SAVED ? frame->syndrome :
									 syndrome(vcpu));
	return !vcpu->in_between && complete(vcpu, place, exit);
}

static bool leave_told(struct vcpu *vcpu, struct vm_exit *exit)
{
	switch (shim_told(&vcpu->vm->pages, &vcpu->shim, &exit->fault)) {
	case SHIM_CALL:
		exit->why = VM_CALL;
		return true;
	case SHIM_FAULT:
		exit->why = VM_FAULT;
		return true;
	default:
		return false;
	}
}

static bool leave_bell(struct vcpu *vcpu, uint64_t bell, struct vm_exit *exit)
{
	vcpu->in_between = false;
	if (bell == SHIM_TELLS)
		return leave_told(vcpu, exit);
	if (bell == SHIM_FLUSHED)
		return false;
	tell_off(exit, "an exception in the runner's own code", syndrome(vcpu));
	return true;
}

/* Memory has been mapped again since, and was missing for a moment. */
static bool was_changing(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	bool changed;

	pthread_mutex_lock(&vm->changing);
	changed = vm->changes != vcpu->changes;
	pthread_mutex_unlock(&vm->changing);
	return changed;
}

/* Memory that the host cannot have: behind the end of a file. */
static bool leave_abort(struct vcpu *vcpu, struct vm_exit *exit)
{
	const struct shim *shim = &vcpu->vm->shim;
	const uint64_t ipa = vcpu->exit->exception.physical_address, pc = reg(vcpu, HV_REG_PC);
	const uint64_t failed = shim_copy_failed(shim, pc);
	const enum shim_place place = shim_place(shim, pc);

	if (!hvf_piece_at(vcpu->vm, ipa)) {
		tell_off(exit, "an access to what is not there", ipa);
		return true;
	}
	if (was_changing(vcpu))
		return complete(vcpu, place, exit);
	if (failed) {
		vcpu->in_between = true;
		return hv_vcpu_set_reg(vcpu->hv, HV_REG_PC, failed) != HV_SUCCESS;
	}
	if (place != SHIM_ELSEWHERE) {
		tell_off(exit, "no memory for the runner's own code", ipa);
		return true;
	}
	if (!complete(vcpu, place, exit)) {
		exit->why = VM_FAULT;
		exit->fault.signal = GUEST_SIGBUS;
		exit->fault.code = GUEST_BUS_ADRERR;
	}
	return true;
}

/* An instruction that waits for an event, where the host has it told. */
static bool leave_wait(struct vcpu *vcpu, struct vm_exit *exit)
{
	if (complete(vcpu, shim_place(&vcpu->vm->shim, reg(vcpu, HV_REG_PC)), exit))
		return true;
	vcpu->shim.data->frame.pc += SHIM_SVC;
	return false;
}

static bool leave_exception(struct vcpu *vcpu, struct vm_exit *exit)
{
	uint64_t bell;

	if (rang(vcpu, &bell))
		return leave_bell(vcpu, bell, exit);
	switch (class_of(vcpu)) {
	case CLASS_DATA:
	case CLASS_FETCH:
		return leave_abort(vcpu, exit);
	case CLASS_WAIT:
		return leave_wait(vcpu, exit);
	default:
		tell_off(exit, "an exception that cannot be", vcpu->exit->exception.syndrome);
		return true;
	}
}

static bool leave(struct vcpu *vcpu, struct vm_exit *exit)
{
	switch (vcpu->exit->reason) {
	case HV_EXIT_REASON_EXCEPTION:
		return leave_exception(vcpu, exit);
	case HV_EXIT_REASON_CANCELED:
	case HV_EXIT_REASON_VTIMER_ACTIVATED:	/* nobody has it */
		return leave_interrupted(vcpu, exit);
	default:
		tell_off(exit, "the virtual machine stopped", vcpu->exit->reason);
		return true;
	}
}

/* -------------------------------------------------------------------------
 * The run.
 */
/* What the shim would see of this kick, it need not: in this order, for there may be another. */
static bool take_kick(struct vcpu *vcpu)
{
	if (!__atomic_load_n(&vcpu->kicked, __ATOMIC_SEQ_CST))
		return false;
	set_flush(vcpu, 0);
	return __atomic_exchange_n(&vcpu->kicked, 0, __ATOMIC_SEQ_CST);
}

/*
 * What has to be told first is not ended by kicks and signals, however many come: none is passed
 * on.
 */
static bool is_over(struct vcpu *vcpu, uint64_t blocked, struct vm_exit *exit)
{
	hvf_signals_begin(vcpu->in_between ? UINT64_MAX : blocked);
	if (vcpu->in_between)
		return false;
	__atomic_store_n(&vcpu->running, 1, __ATOMIC_SEQ_CST);
	exit->kicked = take_kick(vcpu);
	return exit->kicked || hvf_signals_wait();
}

static hv_return_t set_steps(struct vcpu *vcpu)
{
	if (vcpu->steps == vcpu->stepping)
		return HV_SUCCESS;
	vcpu->steps = vcpu->stepping;
	return hv_vcpu_set_sys_reg(vcpu->hv, HV_SYS_REG_MDSCR_EL1, shim_debug_control(vcpu->steps));
}

static bool prepare(struct vcpu *vcpu, struct vm_exit *exit)
{
	hv_return_t result = hvf_bind(vcpu);

	if (result == HV_SUCCESS)
		result = set_steps(vcpu);
	if (result != HV_SUCCESS) {
		tell_off(exit, "a vCPU", (uint32_t)result);
		return false;
	}
	__atomic_store_n(&vcpu->vm->used, true, __ATOMIC_SEQ_CST);
	return true;
}

void vcpu_run(struct vcpu *vcpu, uint64_t blocked, struct vm_exit *exit)
{
	hv_return_t result;
	bool over = false;

	*exit = (struct vm_exit){ .why = VM_INTERRUPTED };
	if (!prepare(vcpu, exit))
		return;
	while (!over && !is_over(vcpu, blocked, exit)) {
		vcpu->changes = __atomic_load_n(&vcpu->vm->changes, __ATOMIC_SEQ_CST);
		result = enter(vcpu);
		__atomic_store_n(&vcpu->running, 0, __ATOMIC_SEQ_CST);
		if (result == HV_SUCCESS) {
			over = leave(vcpu, exit);
		} else {
			tell_off(exit, "a run", (uint32_t)result);
			over = true;
		}
	}
	__atomic_store_n(&vcpu->running, 0, __ATOMIC_SEQ_CST);
}

/* Three stores and a call of the framework's: signal handlers may do this. */
void vcpu_kick(struct vcpu *vcpu)
{
	__atomic_store_n(&vcpu->kicked, 1, __ATOMIC_SEQ_CST);
	set_flush(vcpu, 1);
	if (__atomic_load_n(&vcpu->running, __ATOMIC_SEQ_CST))
		hv_vcpus_exit(&vcpu->hv, 1);
}

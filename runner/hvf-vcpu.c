/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs: which thread has one of the framework's, and what it begins with. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hvf.h"

static __thread struct vcpu *bound;

struct vcpu *hvf_bound(void)
{
	return bound;
}

/* -------------------------------------------------------------------------
 * The framework's.
 */
static hv_return_t give_registers(struct vcpu *vcpu)
{
	hv_return_t result = hvf_start_prepare(vcpu);

	for (unsigned int i = 0; vcpu->vm->has_keys && i < SHIM_KEYS && result == HV_SUCCESS; i++)
		result = hv_vcpu_set_sys_reg(vcpu->hv, shim_keys[i], vcpu->vm->key[i]);
	if (result == HV_SUCCESS)
		result = hvf_give_vectors(vcpu, &vcpu->vectors);
	return result;
}

/* User code cannot have its timer; its counter is mach_absolute_time(). */
static hv_return_t give_counter(const struct vcpu *vcpu)
{
	hv_return_t result = hv_vcpu_set_vtimer_offset(vcpu->hv, 0);

	return result == HV_SUCCESS ? hv_vcpu_set_vtimer_mask(vcpu->hv, true) : result;
}

static void drop(struct vcpu *vcpu)
{
	hv_vcpu_destroy(vcpu->hv);
	vcpu->bound = false;
	if (bound == vcpu)
		bound = NULL;
}

/* A thread has one. A child of vfork() has its parent's variables, and not its vCPU. */
static void unbind_other(void)
{
	uint64_t pc;

	if (bound && hv_vcpu_get_reg(bound->hv, HV_REG_PC, &pc) == HV_SUCCESS)
		hvf_unbind(bound);
}

hv_return_t hvf_bind(struct vcpu *vcpu)
{
	hv_return_t result;

	if (!vcpu->bound) {
		unbind_other();
		result = hv_vcpu_create(&vcpu->hv, &vcpu->exit, NULL);
		if (result != HV_SUCCESS)
			return result;
		vcpu->bound = true;
		vcpu->steps = false;
		result = give_registers(vcpu);
		if (result == HV_SUCCESS)
			result = give_counter(vcpu);
		if (result != HV_SUCCESS) {
			drop(vcpu);
			return result;
		}
	}
	bound = vcpu;
	return HV_SUCCESS;
}

void hvf_unbind(struct vcpu *vcpu)
{
	if (!vcpu->bound)
		return;
	hvf_take_vectors(vcpu, &vcpu->vectors);
	drop(vcpu);
}

/* -------------------------------------------------------------------------
 * Ours.
 */
int hvf_vcpu_create(struct vcpu **result, struct vm *vm, struct runner_error *error)
{
	struct vcpu *vcpu = calloc(1, sizeof *vcpu);

	if (!vcpu || !shim_add_cpu(&vm->shim, &vm->pages, vm->numbers, &vcpu->shim)) {
		free(vcpu);
		return runner_error(error, ENOMEM, "no memory for a vCPU");
	}
	memset(vcpu->shim.data->given, 0, sizeof vcpu->shim.data->given);
	vcpu->vm = vm;
	vcpu->number = vm->numbers++;
	vcpu->next = vm->vcpus;
	vm->vcpus = vcpu;
	*result = vcpu;
	return 0;
}

void hvf_vcpus_forget(struct vm *vm)
{
	if (bound && bound->vm == vm)
		bound = NULL;
	while (vm->vcpus) {
		struct vcpu *vcpu = vm->vcpus;

		vm->vcpus = vcpu->next;
		free(vcpu);
	}
	vm->spare = vm->flusher = NULL;
	vm->numbers = vm->live = 0;
}

/* As Linux begins a program. What was kicked was another's. */
static void start(struct vcpu *vcpu, uint64_t pc, uint64_t sp)
{
	shim_begin(&vcpu->shim, pc, sp);
	vcpu->shim.data->flush = 0;
	memset(&vcpu->vectors, 0, sizeof vcpu->vectors);
	vcpu->stepping = vcpu->in_between = false;
	vcpu->kicked = vcpu->running = 0;
}

int vcpu_create(struct vcpu **vcpu, struct vm *vm, guest_addr pc, guest_addr sp,
		struct runner_error *error)
{
	int failed = 0;

	pthread_mutex_lock(&vm->lock);
	*vcpu = vm->spare;
	if (vm->live == vm->vcpus_max)
		failed = runner_error(error, EAGAIN, "more than %u threads: Hypervisor.framework "
				      "has no more vCPUs", vm->vcpus_max);
	else if (*vcpu)
		vm->spare = (*vcpu)->next_spare;
	else
		failed = hvf_vcpu_create(vcpu, vm, error);
	vm->live += !failed;
	pthread_mutex_unlock(&vm->lock);
	if (!failed)
		start(*vcpu, pc.v, sp.v);
	return failed;
}

/*
 * Of another thread's, that has ended without this, the framework's vCPU has ended with it (no
 * Mac has shown that).
 */
void vcpu_release(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	if (vcpu->bound)
		drop(vcpu);
	pthread_mutex_lock(&vm->lock);
	vcpu->next_spare = vm->spare;
	vm->spare = vcpu;
	vm->live--;
	pthread_mutex_unlock(&vm->lock);
}

/* -------------------------------------------------------------------------
 * What the shim answers. The vCPU's own thread writes it between runs, so that no read
 * is under way; other threads only set and clear lanes.
 */
void vcpu_attention(struct vcpu *vcpu, uint32_t set, uint32_t clear)
{
	shim_attention(&vcpu->shim, set, clear);
}

void vcpu_answer(struct vcpu *vcpu, const struct vm_answers *answers)
{
	shim_answer(&vcpu->shim, answers);
}

size_t vcpu_random_room(const struct vcpu *vcpu)
{
	return vcpu->shim.pool->next;
}

void vcpu_random_fill(struct vcpu *vcpu, const void *bytes)
{
	shim_random_fill(&vcpu->shim, bytes);
}

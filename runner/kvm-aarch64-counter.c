/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's virtual counter is the host's.
 *
 * Linux 6.4 can be told so, once and for all. Older ones (arch/arm64/kvm/arch_timer.c) give the
 * whole machine a new offset, the counter's value at that moment, with each vCPU that is made; and
 * another one, exactly the value less what is wanted, when a vCPU's counter is written. What the
 * value is at that moment can only be guessed, so: guess until it was right. That is seen by the
 * processor itself, which reads both counters in turn; the physical one has no offset there. The
 * offset is between `least` and `most` of what it reads, and 0 is: on hardware no other number is,
 * where a tick is longer than a read of a register.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kvm-aarch64.h"

/* Linux 6.4. */
#ifndef KVM_CAP_COUNTER_OFFSET
#define KVM_CAP_COUNTER_OFFSET 227
struct kvm_arm_counter_offset {
	__u64 counter_offset, reserved;
};
#define KVM_ARM_SET_COUNTER_OFFSET _IOW(KVMIO, 0xb5, struct kvm_arm_counter_offset)
#endif

enum { GUESSES = 20000 };

static uint64_t host_counter(void)
{
	uint64_t value;

	__asm__ volatile("isb\n	mrs %0, cntvct_el0" : "=r"(value) : : "memory");
	return value;
}

void kvm_arm_begin_counter(struct vm *vm)
{
	struct kvm_arm_counter_offset none = { 0 };

	vm->disturbs = ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_COUNTER_OFFSET) <= 0 ||
		       ioctl(vm->fd, KVM_ARM_SET_COUNTER_OFFSET, &none);
}

/*
 * How far the physical counter may be ahead of the virtual one. 0: it is not the host's, or was
 * moved meanwhile; -1: the machine does not run.
 */
static int measure(struct vcpu *runner, struct shim_measured *measured)
{
	uint64_t before = host_counter();

	kvm_arm_hold(runner);
	if (!kvm_arm_go(runner, shim_measure(&runner->vm->shim)) ||
	    kvm_vcpu_finish(runner) || !kvm_arm_rang(runner, SHIM_FLUSHED))
		return -1;
	*measured = runner->shim.data->measured;
	return measured->counter >= before && measured->counter <= host_counter();
}

static bool is_right(const struct shim_measured *measured)
{
	return measured->least <= 0 && measured->most >= 0;
}

/*
 * How long KVM took, in ticks, the last times. Mostly it is little more than the least, and now
 * and then much more: a low value is the likeliest.
 */
enum { LIKELY = 3 };	/* the lowest but so many, of all */

static int by_size(const void *a, const void *b)
{
	const int64_t *first = a, *second = b;

	return (*first > *second) - (*first < *second);
}

static int64_t likely(const struct kvm_arm_times *times)
{
	unsigned int many = times->count < KVM_ARM_TIMES ? times->count : KVM_ARM_TIMES;
	int64_t sorted[KVM_ARM_TIMES];

	if (!many)
		return 0;
	memcpy(sorted, times->ticks, many * sizeof *sorted);
	qsort(sorted, many, sizeof *sorted, by_size);
	return sorted[many * LIKELY / KVM_ARM_TIMES];
}

/* Without an end where others run, and read a page that is of this counter. */
static bool guess(struct vcpu *vcpu, struct vcpu *runner)
{
	struct kvm_arm_times *times = &vcpu->vm->machine->times;
	const bool first = vcpu->number == 0;
	struct shim_measured measured;

	for (unsigned int i = 0; i < GUESSES || !first; i++) {
		int64_t late = likely(times);
		int good;

		kvm_arm_set(vcpu, KVM_REG_ARM_TIMER_CNT, host_counter() + (uint64_t)late);
		good = measure(runner, &measured);
		if (good < 0)
			return false;
		if (!good)
			continue;
		if (is_right(&measured))
			return true;
		times->ticks[times->count++ % KVM_ARM_TIMES] =
			late + (measured.least + measured.most) / 2;
	}
	return false;
}

int kvm_arm_set_counter(struct vcpu *vcpu, struct vcpu *runner, struct runner_error *error)
{
	struct kvm_machine *machine = vcpu->vm->machine;
	const bool first = vcpu->number == 0;
	struct shim_measured measured;

	if (!first && !(vcpu->vm->disturbs && machine->has_counter))
		return 0;
	if (vcpu->vm->disturbs)
		machine->has_counter = guess(vcpu, runner);
	else
		machine->has_counter = measure(runner, &measured) > 0 && is_right(&measured);
	if (!first && !machine->has_counter)
		return runner_error(error, EAGAIN, "KVM: a vCPU's counter cannot be set");
	return 0;
}

int vm_counter_distance(const struct vm *vm, uint64_t *distance)
{
	*distance = 0;
	return vm->machine->has_counter ? 0 : -ENOTSUP;
}

uint64_t vm_counter_hz(const struct vm *vm)
{
	uint64_t hz;

	(void)vm;
	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	return hz;
}

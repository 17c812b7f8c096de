/* SPDX-License-Identifier: BSD-2-Clause */
#include "runner-fake.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES = 65536, CHANGES = 1024 };

struct vm {
	int unused;
};

struct vcpu {
	uint64_t pc, sp, thread_pointer;
	int kicked;
};

static struct fake_step *script;
static unsigned int script_steps, runs;
static struct page {
	uint64_t at, physical;
	unsigned int prot;
} page[PAGES];
static size_t pages;
static struct change {
	uint64_t physical;
	size_t size;
} change[CHANGES];
static size_t changes; /* that were told, of which the last ones are known */

void fake_play(struct fake_step *step, unsigned int steps)
{
	script = step;
	script_steps = steps;
	runs = 0;
}

unsigned int fake_runs(void)
{
	return runs;
}

size_t fake_pages(void)
{
	return pages;
}

static struct page *find(uint64_t at)
{
	for (size_t i = 0; i < pages; i++)
		if (page[i].at == at)
			return &page[i];
	return NULL;
}

int fake_page(guest_addr at, uint64_t *physical, unsigned int *prot)
{
	const struct page *p = find(at.v);

	if (!p)
		return 0;
	*physical = p->physical;
	*prot = p->prot;
	return 1;
}

int vm_create(struct vm **vm, struct runner_error *error)
{
	*vm = calloc(1, sizeof **vm);
	pages = 0;
	changes = 0;
	return *vm ? 0 : runner_error(error, ENOMEM, "no memory");
}

void vm_destroy(struct vm *vm)
{
	free(vm);
}

int vm_device(const struct vm *vm)
{
	(void)vm;
	return -1;
}

struct guest_range vm_user_range(const struct vm *vm)
{
	(void)vm;
	return (struct guest_range){ guest_at(VM_PAGE), guest_at(0x7ffffffff000) };
}

struct guest_range vm_own_range(const struct vm *vm)
{
	(void)vm;
	return (struct guest_range){ guest_at(0x7ffffffff000), guest_at(0x7ffffffff000) };
}

uint64_t vm_counter_hz(const struct vm *vm)
{
	(void)vm;
	return 0;
}

uint64_t vm_hwcap(const struct vm *vm, unsigned int word)
{
	(void)vm;
	return word;
}

bool fake_has_counter = true;

int vm_counter_distance(const struct vm *vm, uint64_t *distance)
{
	(void)vm;
	*distance = 0;
	return fake_has_counter ? 0 : -ENOTSUP;
}

void vm_physical_range(const struct vm *vm, uint64_t *start, uint64_t *end)
{
	(void)vm;
	*start = 1ull << 32;
	*end = 1ull << 36;
}

int vm_add_memory(struct vm *vm, uint64_t physical, void *host, size_t size,
		  struct runner_error *error)
{
	(void)vm;
	(void)physical;
	(void)host;
	return size ? 0 : runner_error(error, EINVAL, "no memory");
}

void vm_memory_changed(struct vm *vm, uint64_t physical, size_t size)
{
	(void)vm;
	change[changes++ % CHANGES] = (struct change){ physical, size };
}

unsigned int fake_changes(uint64_t physical, size_t size)
{
	unsigned int told = 0;

	for (size_t i = 0; i < changes && i < CHANGES; i++)
		told += change[i].physical <= physical &&
			physical + size <= change[i].physical + change[i].size;
	return told;
}

int vm_map(struct vm *vm, guest_addr at, uint64_t physical, size_t size, unsigned int prot,
	   struct runner_error *error)
{
	vm_unmap(vm, at, size);
	for (size_t o = 0; o < size && prot; o += VM_PAGE) {
		if (pages == PAGES)
			return runner_error(error, ENOMEM, "too many pages");
		page[pages++] = (struct page){ at.v + o, physical + o, prot };
	}
	return 0;
}

size_t vm_unmap(struct vm *vm, guest_addr at, size_t size)
{
	size_t there = pages;

	(void)vm;
	for (size_t i = pages; i-- > 0;)
		if (page[i].at - at.v < size)
			page[i] = page[--pages];
	return there - pages;
}

int vcpu_create(struct vcpu **vcpu, struct vm *vm, guest_addr pc, guest_addr sp,
		struct runner_error *error)
{
	(void)vm;
	*vcpu = calloc(1, sizeof **vcpu);
	if (!*vcpu)
		return runner_error(error, ENOMEM, "no memory");
	(*vcpu)->pc = pc.v;
	(*vcpu)->sp = sp.v;
	return 0;
}

void vcpu_release(struct vcpu *vcpu)
{
	(void)vcpu;
}

int vm_after_fork(struct vm *vm, struct runner_error *error)
{
	(void)vm;
	(void)error;
	return 0;
}

int vcpu_save(const struct vcpu *vcpu, struct vm_registers *registers)
{
	(void)vcpu;
	(void)registers;
	return -ENOSYS;
}

int vcpu_load(struct vcpu *vcpu, const struct vm_registers *registers)
{
	(void)vcpu;
	(void)registers;
	return -ENOSYS;
}

uint64_t vm_vectors(const struct vm *vm)
{
	(void)vm;
	return 3;
}

void vcpu_step(struct vcpu *vcpu, bool on)
{
	(void)vcpu;
	(void)on;
}

void vcpu_repeat(struct vcpu *vcpu)
{
	script[runs - 1].repeated = 1;
	(void)vcpu;
}

void vcpu_run(struct vcpu *vcpu, uint64_t blocked, struct vm_exit *exit)
{
	(void)blocked;
	if (runs > 0 && runs <= script_steps)
		script[runs - 1].resumed = 1;
	memset(exit, 0, sizeof *exit);
	exit->why = VM_INTERRUPTED;
	if (vcpu->kicked) {
		vcpu->kicked = 0;
		exit->kicked = true;
		return;
	}
	if (runs < script_steps) {
		*exit = script[runs].exit;
	} else {
		exit->why = VM_OFF;
		snprintf(exit->text, sizeof exit->text, "the script is at its end");
	}
	runs++;
}

void vcpu_kick(struct vcpu *vcpu)
{
	vcpu->kicked = 1;
}

uint64_t vcpu_get(const struct vcpu *vcpu, enum vm_register which)
{
	const struct fake_step *step = &script[runs - 1];

	switch (which) {
	case VM_NUMBER:
		return step->number;
	case VM_RESULT:
		return step->result;
	case VM_PC:
		return vcpu->pc;
	case VM_SP:
		return vcpu->sp;
	case VM_THREAD_POINTER:
		return vcpu->thread_pointer;
	default:
		return step->argument[which - VM_ARGUMENT];
	}
}

void vcpu_set(struct vcpu *vcpu, enum vm_register which, uint64_t value)
{
	if (which == VM_RESULT)
		script[runs - 1].result = value;
	else if (which == VM_THREAD_POINTER)
		vcpu->thread_pointer = value;
	else if (which == VM_PC)
		vcpu->pc = value;
}

void vcpu_answer(struct vcpu *vcpu, const struct vm_answers *answers)
{
	(void)vcpu;
	(void)answers;
}

void vcpu_attention(struct vcpu *vcpu, uint32_t set, uint32_t clear)
{
	(void)vcpu;
	(void)set;
	(void)clear;
}

size_t vcpu_random_room(const struct vcpu *vcpu)
{
	(void)vcpu;
	return 0;
}

void vcpu_random_fill(struct vcpu *vcpu, const void *bytes)
{
	(void)vcpu;
	(void)bytes;
}

void vm_random_fd(struct vm *vm, unsigned int fd, bool is)
{
	(void)vm;
	(void)fd;
	(void)is;
}

bool vm_answered(struct vm *vm, unsigned int number, const char **name, uint64_t *count)
{
	static const struct {
		const char *name;
		uint64_t count;
	} answered[] = { { "getpid", 12 }, { "never", 0 }, { "futex", 3 } };

	(void)vm;
	if (number >= sizeof answered / sizeof answered[0])
		return false;
	*name = answered[number].name;
	*count = answered[number].count;
	return true;
}

/* -------------------------------------------------------------------------
 * What runs on it.
 */
void fake_process_begin(struct process *process, struct thread *thread)
{
	struct runner_error error;

	memset(process, 0, sizeof *process);
	*thread = (struct thread){ .process = process };
	ck_assert_int_eq(vm_create(&process->vm, &error), 0);
	process->space = space_create(process->vm);
	process->signals = signals_create();
	ck_assert_ptr_nonnull(process->space);
	ck_assert_ptr_nonnull(process->signals);
	ck_assert_int_eq(vcpu_create(&thread->vcpu, process->vm, guest_at(0x400000), guest_at(0),
				     &error), 0);
}

void fake_process_end(struct process *process, struct thread *thread)
{
	free(thread->vcpu);
	space_destroy(process->space);
	signals_destroy(process->signals);
	vm_destroy(process->vm);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kick at every instruction of a call: KVM steps through user code and the shim, and where it
 * stands the run is left as an interrupted one is. Whatever that was, the call's end is the same.
 */
int check_vm(void);
#define main check_vm
#include "check_vm.c"
#undef main

#include <sys/ioctl.h>

#include "runner/kvm-aarch64.h"

enum { MOST_STEPS = 1000 };

static void debug(uint32_t control)
{
	struct kvm_guest_debug debug = { .control = control };

	if (ioctl(vcpu->fd, KVM_SET_GUEST_DEBUG, &debug)) {
		perror("FAIL: KVM_SET_GUEST_DEBUG");
		exit(EXIT_FAILURE);
	}
}

/* Whether it got so far; or it was told before. */
static bool step(unsigned int steps, struct vm_exit *exit)
{
	bool good = true;

	debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP);
	for (unsigned int i = 0; i < steps && good; i++)
		good = !kvm_vcpu_run(vcpu) && vcpu->run->exit_reason == KVM_EXIT_DEBUG;
	debug(0);
	*exit = (struct vm_exit){ .why = VM_INTERRUPTED };
	return good;
}

/* What no guest code of these uses, and a handler may change: another value each time. */
static uint64_t marked;

static void set_marks(struct vm_registers *all)
{
	marked += 16;
	all->sp = STACK - marked % VM_PAGE;
	all->tpidr = marked;
}

static bool has_marks(void)
{
	return vcpu_get(vcpu, VM_SP) == STACK - marked % VM_PAGE &&
	       vcpu_get(vcpu, VM_THREAD_POINTER) == marked;
}

/* What a signal's handler is for the program: registers are saved, changed, and others come back. */
static bool interrupt(struct vm_exit *exit)
{
	struct vm_registers all, none = { 0 };
	uint64_t offset;

	while (!kvm_machine_leave(vcpu, exit, -EINTR))
		if (kvm_vcpu_run(vcpu) || kvm_machine_leave(vcpu, exit, 0))
			return exit->why == VM_FAULT;
	offset = vcpu_get(vcpu, VM_PC) - CODE;
	if (offset >= (uint64_t)(guest_code_end - guest_code) || vcpu_save(vcpu, &all) ||
	    vcpu_load(vcpu, &none))
		return false;
	set_marks(&all);
	return !vcpu_load(vcpu, &all);
}

struct call {
	const char *what;
	const uint8_t *code;
	uint64_t number, argument[3];
	bool asks;
	uint64_t result;
};

/* After something else, so that the frame has other registers. */
static void begin(const struct call *call)
{
	static const uint8_t pool[SHIM_POOL];

	run(guest_call, 0, 0);
	vcpu->run->immediate_exit = 1;	/* which completes the doorbell's store */
	kvm_vcpu_run(vcpu);
	vcpu->run->immediate_exit = 0;
	vcpu_set(vcpu, VM_PC, CODE + (uint64_t)(call->code - guest_code));
	for (unsigned int i = 0; i < sizeof call->argument / sizeof *call->argument; i++)
		vcpu_set(vcpu, VM_ARGUMENT + i, call->argument[i]);
	vcpu_set(vcpu, VM_ARGUMENT + 4, call->number);
	if (vcpu_random_room(vcpu) > SHIM_POOL / 2)
		vcpu_random_fill(vcpu, pool);
}

static bool ends(const struct call *call, struct vm_exit *exit)
{
	while (exit->why == VM_INTERRUPTED)
		vcpu_run(vcpu, 0, exit);
	if (call->code == guest_load)
		return exit->why == VM_FAULT && exit->fault.address.v == call->argument[0] &&
		       is_at(guest_load);
	if (exit->why != VM_CALL)
		return false;
	if (call->asks)
		return vcpu_get(vcpu, VM_NUMBER) == call->number &&
		       vcpu_get(vcpu, VM_ARGUMENT) == call->argument[0] &&
		       vcpu_get(vcpu, VM_ARGUMENT + 2) == call->argument[2] && goes_on(call->result);
	return has_got(call->result);
}

static void steps_of(const struct call *call)
{
	unsigned int steps = 0, places[SHIM_DONE + 1] = { 0 };
	struct vm_exit exit;
	bool inside = true, good = true, changed;

	for (; inside && good && steps < MOST_STEPS; steps++) {
		begin(call);
		inside = step(steps, &exit);
		if (!inside)
			break;
		places[shim_place(&vm->shim, kvm_arm_pc(vcpu))]++;
		good = interrupt(&exit);
		changed = exit.why == VM_INTERRUPTED;
		good = good && ends(call, &exit) && (!changed || has_marks());
	}
	check(good && steps > 10, call->what);
	printf("%s: %u steps; user %u, entered %u, borrowed %u, saved %u, told %u, done %u\n",
	       call->what, steps, places[0], places[1], places[2], places[3], places[4], places[5]);
}

int main(void)
{
	const struct vm_answers answers = { 21, 22, 23, 24, 25, 26 };
	const struct call calls[] = {
		{ "a call for the host", guest_any, 1000, { 1, 2, 3 }, true, 44 },
		{ "an answer", guest_any, SYS_getpid, { 1, 2, 3 }, false, 21 },
		{ "random bytes", guest_any, SYS_getrandom, { DATA, 4, 0 }, false, 4 },
		{ "random bytes for nowhere", guest_any, SYS_getrandom,
		  { DATA + VM_PAGE - 2, 4, 0 }, true, 9 },
		{ "a fault", guest_load, 0, { DATA + VM_PAGE, 0, 0 }, false, 0 },
	};
	struct runner_error error;
	uint64_t end;

	if (access("/dev/kvm", R_OK | W_OK)) {
		puts("SKIP: no /dev/kvm that can be used");
		return 77;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	must(vm_create(&vm, &error), &error);
	vm_physical_range(vm, &physical, &end);
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(vm_add_memory(vm, physical, memory, MEMORY, &error), &error);
	memcpy(memory, guest_code, (size_t)(guest_code_end - guest_code));
	map(CODE, 0, 1, GUEST_READ | GUEST_EXEC);
	map(DATA, 8, 1, GUEST_READ | GUEST_WRITE);
	must(vcpu_create(&vcpu, vm, guest_at(CODE), guest_at(STACK), &error), &error);
	vcpu_answer(vcpu, &answers);
	for (unsigned int i = 0; i < sizeof calls / sizeof *calls; i++)
		steps_of(&calls[i]);
	printf("%d of %d passed\n", checks - failures, checks);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The back end for Linux's KVM: Documentation/virt/kvm/api.rst. What depends on the processor: kvm-NAME.c. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fds.h"
#include "kvm.h"
#include "signals.h"
#include "startup.h"

#define DEVICE "/dev/kvm"

int kvm_fails(struct runner_error *error, const char *what)
{
	int number = errno;

	return runner_error(error, number, "KVM: %s: %s", what, strerror(number));
}

/* -------------------------------------------------------------------------
 * The machine.
 */
static int device = -1;	/* open already; -1: not */

int vm_device(const struct vm *vm)
{
	return vm->kvm;
}

void vm_use_device(int fd)
{
	device = fd;
}

static int open_device(struct vm *vm, struct runner_error *error)
{
	int version;

	vm->kvm = fds_hide(device >= 0 ? device : open(DEVICE, O_RDWR | O_CLOEXEC));
	device = -1;
	if (vm->kvm < 0)
		return runner_error(error, errno,
				    DEVICE ": %s: a Linux machine with KVM is needed, and the right to use it",
				    strerror(errno));
	version = ioctl(vm->kvm, KVM_GET_API_VERSION, 0);
	if (version != KVM_API_VERSION)
		return runner_error(error, ENOTSUP, DEVICE ": version %d, not %d", version,
				    KVM_API_VERSION);
	return 0;
}

static void on_kick(int signal)
{
	(void)signal;	/* it is there to interrupt KVM_RUN */
}

static void catch_kicks(void)
{
	struct sigaction action = { .sa_handler = on_kick };

	sigfillset(&action.sa_mask);
	sigaction(SIGNALS_KICK, &action, NULL);
}

/* Who is stopped meanwhile and goes on has EINTR from it: nobody can block SIGSTOP. */
static int create_machine(const struct vm *vm)
{
	int fd;

	do
		fd = ioctl(vm->kvm, KVM_CREATE_VM, kvm_machine_type(vm->kvm));
	while (fd < 0 && errno == EINTR);
	return fds_hide(fd);
}

int vm_create(struct vm **result, struct runner_error *error)
{
	struct vm *vm = calloc(1, sizeof *vm);
	int size, failed;

	if (!vm)
		return runner_error(error, ENOMEM, "no memory for a virtual machine");
	vm->kvm = vm->fd = -1;
	pthread_mutex_init(&vm->lock, NULL);
	failed = open_device(vm, error);
	if (failed)
		goto out;
	startup_step("machine: device");
	size = ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	vm->fd = create_machine(vm);
	if (size < 0 || vm->fd < 0) {
		failed = kvm_fails(error, "a virtual machine");
		goto out;
	}
	vm->run_size = (size_t)size;
	startup_step("machine: created");
	catch_kicks();
	failed = kvm_machine_create(vm, error);
	if (failed)
		goto out;
	*result = vm;
	return 0;
out:
	vm_destroy(vm);
	return failed;
}

static void destroy_vcpus(struct vm *vm)
{
	while (vm->vcpus) {
		struct vcpu *vcpu = vm->vcpus;

		vm->vcpus = vcpu->next;
		kvm_vcpu_destroy(vcpu);
	}
	vm->spare = NULL;
	vm->created = 0;
}

void vm_destroy(struct vm *vm)
{
	destroy_vcpus(vm);
	kvm_machine_destroy(vm);
	free(vm->machine);
	if (vm->own)
		munmap(vm->own, KVM_OWN_SIZE);
	if (vm->fd >= 0)
		fds_close(vm->fd);
	if (vm->kvm >= 0)
		fds_close(vm->kvm);
	pthread_mutex_destroy(&vm->lock);
	free(vm);
}

/* -------------------------------------------------------------------------
 * Memory.
 */
static int set_slot(const struct vm *vm, unsigned int number, const struct kvm_slot *slot)
{
	struct kvm_userspace_memory_region region = {
		.slot = number, .guest_phys_addr = slot->physical, .memory_size = slot->size,
		.userspace_addr = (uintptr_t)slot->host
	};

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

int vm_add_memory(struct vm *vm, uint64_t physical, void *host, size_t size,
		  struct runner_error *error)
{
	struct kvm_slot *slot = &vm->slot[vm->slots];

	if (vm->slots == KVM_SLOTS)
		return runner_error(error, ENOMEM, "more than %d pieces of memory", KVM_SLOTS);
	*slot = (struct kvm_slot){ physical, host, size };
	if (set_slot(vm, vm->slots, slot))
		return kvm_fails(error, "memory");
	vm->slots++;
	return 0;
}

int kvm_add_own(struct vm *vm, struct runner_error *error)
{
	void *host = mmap(NULL, KVM_OWN_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (host == MAP_FAILED)
		return kvm_fails(error, "memory for page tables");
	vm->own = host;
	return vm_add_memory(vm, KVM_OWN_PHYSICAL, host, KVM_OWN_SIZE, error);
}

/* KVM is told by the host's kernel: Linux, mmu_notifier. */
void vm_memory_changed(struct vm *vm, uint64_t physical, size_t size)
{
	(void)vm;
	(void)physical;
	(void)size;
}

int vm_after_fork(struct vm *vm, struct runner_error *error)
{
	/* another thread may have been at it */
	pthread_mutex_init(&vm->lock, NULL);
	vm->stopped = 0;
	destroy_vcpus(vm);
	fds_close(vm->fd);
	vm->fd = create_machine(vm);
	if (vm->fd < 0)
		return kvm_fails(error, "a virtual machine");
	for (unsigned int i = 0; i < vm->slots; i++)
		if (set_slot(vm, i, &vm->slot[i]))
			return kvm_fails(error, "memory");
	kvm_machine_again(vm);
	return 0;
}

static bool set(uint8_t *host, size_t size, int prot)
{
	return !mprotect(host, size, prot);
}

/*
 * A processor keeps translations, and KVM shadow tables where there is no nesting, and
 * neither looks at the tables again because the host wrote to them. What ends the use of
 * a page on all of them, in every vCPU, is that the host's own mapping of it changes.
 *
 * To be executable for a moment is a change that nobody notices: other threads may be in
 * system calls that use these pages, or others of the range. Where it is forbidden, not to
 * be writable is next. A mapping that cannot be writable, of a file, stays as it is.
 */
static void forget(uint8_t *host, size_t size)
{
	const int both = PROT_READ | PROT_WRITE;

	if (set(host, size, both | PROT_EXEC) && set(host, size, both))
		return;
	if (set(host, size, PROT_READ | PROT_EXEC) && (set(host, size, both) || set(host, size, PROT_READ)))
		return;
	if (set(host, size, PROT_READ) && set(host, size, both))
		return;
	if (set(host, size, PROT_NONE) && (set(host, size, both) || set(host, size, PROT_READ)))
		return;
	/* to go on would leave the guest with what it must not have */
	fprintf(stderr, "vdsorun: memory that a program gave up cannot be taken from it: %s\n",
		strerror(errno));
	abort();
}

void kvm_forget(struct vm *vm, uint64_t physical, size_t size)
{
	for (unsigned int i = 0; i < vm->slots; i++) {
		const struct kvm_slot *slot = &vm->slot[i];

		if (physical >= slot->physical && physical - slot->physical < slot->size)
			forget(slot->host + (physical - slot->physical), size);
	}
}

/* -------------------------------------------------------------------------
 * vCPUs.
 */

static void wait_a_bit(void)
{
	const struct timespec pause = { .tv_nsec = 20000 };

	nanosleep(&pause, NULL);
}

/*
 * Those that run are left, as by a signal; who wants to run waits. One signal may be early, before
 * KVM_RUN, so there are more; but not whenever the last one's handler ends, for then a thread
 * has no time to say that it was left.
 */
static void stop_all(struct vm *vm)
{
	__atomic_store_n(&vm->stopped, 1, __ATOMIC_SEQ_CST);
	for (const struct vcpu *vcpu = vm->vcpus; vcpu; vcpu = vcpu->next)
		while (__atomic_load_n(&vcpu->running, __ATOMIC_SEQ_CST)) {
			syscall(SYS_tkill, vcpu->thread, SIGNALS_KICK);
			wait_a_bit();
		}
}

static void begin_run(struct vcpu *vcpu)
{
	for (;;) {
		__atomic_store_n(&vcpu->running, 1, __ATOMIC_SEQ_CST);
		if (!__atomic_load_n(&vcpu->vm->stopped, __ATOMIC_SEQ_CST))
			return;
		__atomic_store_n(&vcpu->running, 0, __ATOMIC_SEQ_CST);
		wait_a_bit();
	}
}

static int make_vcpu(struct vcpu **result, struct vm *vm, struct runner_error *error)
{
	struct vcpu *vcpu = calloc(1, sizeof *vcpu);

	if (!vcpu || !shim_add_cpu(&vm->shim, &vm->pages, vm->created, &vcpu->shim)) {
		free(vcpu);
		return runner_error(error, ENOMEM, "no memory for a vCPU");
	}
	memset(vcpu->shim.data->given, 0, sizeof vcpu->shim.data->given);
	vcpu->vm = vm;
	vcpu->number = vm->created;
	vcpu->fd = fds_hide(ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)vm->created));
	if (vcpu->fd < 0) {
		free(vcpu);
		return kvm_fails(error, "a vCPU");
	}
	vcpu->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		int failed = kvm_fails(error, "a vCPU's registers");

		fds_close(vcpu->fd);
		free(vcpu);
		return failed;
	}
	vm->created++;
	vcpu->next = vm->vcpus;
	vm->vcpus = vcpu;
	*result = vcpu;
	return kvm_machine_describe(vcpu, error);
}

int kvm_vcpu_create(struct vcpu **vcpu, struct vm *vm, struct runner_error *error)
{
	int failed;

	if (vm->disturbs)
		stop_all(vm);
	failed = make_vcpu(vcpu, vm, error);
	__atomic_store_n(&vm->stopped, 0, __ATOMIC_SEQ_CST);
	return failed;
}

void kvm_vcpu_destroy(struct vcpu *vcpu)
{
	free(vcpu->processor);
	munmap(vcpu->run, vcpu->vm->run_size);
	fds_close(vcpu->fd);
	free(vcpu);
}

static struct vcpu *take_spare(struct vm *vm)
{
	struct vcpu *vcpu = vm->spare;

	if (vcpu)
		vm->spare = vcpu->next_spare;
	return vcpu;
}

int vcpu_create(struct vcpu **vcpu, struct vm *vm, guest_addr pc, guest_addr sp,
		struct runner_error *error)
{
	int failed = 0;

	pthread_mutex_lock(&vm->lock);
	*vcpu = take_spare(vm);
	if (!*vcpu)
		failed = kvm_vcpu_create(vcpu, vm, error);
	pthread_mutex_unlock(&vm->lock);
	return failed ? failed : kvm_machine_start(*vcpu, pc, sp, error);
}

void vcpu_release(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	pthread_mutex_lock(&vm->lock);
	vcpu->thread = 0;
	vcpu->next_spare = vm->spare;
	vm->spare = vcpu;
	pthread_mutex_unlock(&vm->lock);
}

int kvm_vcpu_run(struct vcpu *vcpu)
{
	return ioctl(vcpu->fd, KVM_RUN, 0) < 0 ? -errno : 0;
}

/* KVM has this mask during KVM_RUN: what it lets through ends that, and stays pending. */
static void set_mask(struct vcpu *vcpu, uint64_t blocked)
{
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

/* A kick that is pending would interrupt all that comes. */
static void take_kick(void)
{
	const struct timespec none = { 0 };
	sigset_t kick;

	sigemptyset(&kick);
	sigaddset(&kick, SIGNALS_KICK);
	sigtimedwait(&kick, NULL, &none);
}

static bool take_immediate_exit(const struct vcpu *vcpu)
{
	return __atomic_exchange_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
}

int kvm_vcpu_finish(struct vcpu *vcpu)
{
	bool kicked = false;
	int result;

	while ((result = kvm_vcpu_run(vcpu)) == -EINTR) {
		kicked |= take_immediate_exit(vcpu);
		set_mask(vcpu, ~0ull);
	}
	if (kicked)
		__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	return result;
}

/*
 * A kick before KVM_RUN is seen by `immediate_exit`, one during it by the signal. Who
 * kicks sets the first and then looks for somebody to send the second to.
 */
void vcpu_run(struct vcpu *vcpu, uint64_t blocked, struct vm_exit *exit)
{
	int result;

	set_mask(vcpu, blocked & ~signals_bit(SIGNALS_KICK));
	vcpu->thread = gettid();
	begin_run(vcpu);
	result = kvm_vcpu_run(vcpu);
	__atomic_store_n(&vcpu->running, 0, __ATOMIC_SEQ_CST);
	*exit = (struct vm_exit){ .why = VM_INTERRUPTED };
	if (result == -EINTR) {
		exit->kicked = take_immediate_exit(vcpu);
		take_kick();
	}
	while (!kvm_machine_leave(vcpu, exit, result)) {
		set_mask(vcpu, ~0ull);
		exit->kicked |= take_immediate_exit(vcpu);
		result = kvm_vcpu_run(vcpu);
	}
	/* something else came first, and the next run is to see it */
	if (exit->kicked && exit->why != VM_INTERRUPTED)
		__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
}

void vcpu_kick(struct vcpu *vcpu)
{
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&vcpu->running, __ATOMIC_SEQ_CST))
		tgkill(getpid(), vcpu->thread, SIGNALS_KICK);
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
	return shim_writes(&vcpu->vm->shim) ? vcpu->shim.pool->next : 0;
}

void vcpu_random_fill(struct vcpu *vcpu, const void *bytes)
{
	shim_random_fill(&vcpu->shim, bytes);
}

void vm_random_fd(struct vm *vm, unsigned int fd, bool is)
{
	shim_random_fd(&vm->shim, fd, is);
}

bool vm_answered(struct vm *vm, unsigned int number, const char **name, uint64_t *count)
{
	if (!shim_writes(&vm->shim) || number >= SHIM_ANSWERS)
		return false;
	*name = shim_answer_name(number);
	*count = 0;
	pthread_mutex_lock(&vm->lock);
	for (const struct vcpu *vcpu = vm->vcpus; vcpu; vcpu = vcpu->next)
		*count += __atomic_load_n(&vcpu->shim.data->given[number], __ATOMIC_RELAXED);
	pthread_mutex_unlock(&vm->lock);
	return true;
}

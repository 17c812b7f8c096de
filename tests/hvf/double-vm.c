/* SPDX-License-Identifier: BSD-2-Clause */
/* The double's machine and its memory. */
#define _GNU_SOURCE
#include "double.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of runner/fds.h, if they are linked: then a guest is told nothing of these descriptors. */
__attribute__((weak)) int fds_hide(int fd);
__attribute__((weak)) void fds_close(int fd);

/* KVM's SMCCC filter: Linux 6.4, newer than some headers. api.rst and devices/vm.rst. */
#define SMCCC_CONTROL 0
#define SMCCC_FILTER 0
#define SMCCC_TO_USER 2
struct smccc_filter {
	uint32_t base, functions;
	uint8_t action, pad[15];
};

static struct double_vm machine = { .kvm = -1, .fd = -1 };
/* Not 0: there is one. A child of fork() finds a 0 here; one that shares memory does not. */
static int *exists;

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_moved = PTHREAD_COND_INITIALIZER;
static bool gate_closed;
static unsigned int inside;

static int hide(int fd)
{
	return fds_hide ? fds_hide(fd) : fd;
}

static void close_hidden(int fd)
{
	if (fd < 0)
		return;
	if (fds_close)
		fds_close(fd);
	else
		close(fd);
}

struct double_vm *double_vm(void)
{
	return exists && *exists ? &machine : NULL;
}

/* -------------------------------------------------------------------------
 * Who runs, and who waits for nobody to.
 */
void double_enter(struct double_vcpu *vcpu)
{
	pthread_mutex_lock(&gate);
	while (gate_closed)
		pthread_cond_wait(&gate_moved, &gate);
	inside++;
	__atomic_store_n(&vcpu->running, 1, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&gate);
}

void double_leave(struct double_vcpu *vcpu)
{
	pthread_mutex_lock(&gate);
	inside--;
	__atomic_store_n(&vcpu->running, 0, __ATOMIC_SEQ_CST);
	pthread_cond_broadcast(&gate_moved);
	pthread_mutex_unlock(&gate);
}

/* `immediate_exit` ends a KVM_RUN that is to come, the signal one that has begun. */
void double_interrupt(struct double_vcpu *vcpu)
{
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&vcpu->running, __ATOMIC_SEQ_CST))
		syscall(SYS_tkill, vcpu->owner, SIGRTMAX);
}

void double_stop_all(void)
{
	pthread_mutex_lock(&gate);
	while (gate_closed)
		pthread_cond_wait(&gate_moved, &gate);
	gate_closed = true;
	for (unsigned int i = 0; i < DOUBLE_VCPUS; i++)
		if (machine.vcpu[i].made)
			double_interrupt(&machine.vcpu[i]);
	while (inside)
		pthread_cond_wait(&gate_moved, &gate);
	pthread_mutex_unlock(&gate);
}

void double_go_on(void)
{
	pthread_mutex_lock(&gate);
	gate_closed = false;
	pthread_cond_broadcast(&gate_moved);
	pthread_mutex_unlock(&gate);
}

/* -------------------------------------------------------------------------
 * The machine.
 */
static void on_interrupt(int number)
{
	(void)number;	/* it is there to end KVM_RUN */
}

static void catch_interrupts(void)
{
	struct sigaction action = { .sa_handler = on_interrupt };

	sigfillset(&action.sa_mask);
	sigaction(SIGRTMAX, &action, NULL);
}

/* All functions that are not the kernel's own to user space, where KVM can. */
static bool forward_hvc(int fd)
{
	static const struct smccc_filter filters[] = {
		{ 0, 0x80000000u, SMCCC_TO_USER, { 0 } },
		{ 0x80010000u, 0x3fff0000u, SMCCC_TO_USER, { 0 } },
		{ 0xc0010000u, 0x3fff0000u, SMCCC_TO_USER, { 0 } },
	};

	for (unsigned int i = 0; i < sizeof filters / sizeof *filters; i++) {
		struct kvm_device_attr attribute = { .group = SMCCC_CONTROL, .attr = SMCCC_FILTER,
						     .addr = (uintptr_t)&filters[i] };

		if (ioctl(fd, KVM_SET_DEVICE_ATTR, &attribute))
			return false;
	}
	return true;
}

/* Accesses by instructions that the processor does not take apart are for user space, too. */
static void ask_for_all(int fd)
{
	struct kvm_enable_cap undecoded = { .cap = KVM_CAP_ARM_NISV_TO_USER };

	ioctl(fd, KVM_ENABLE_CAP, &undecoded);
}

static void dispose(void)
{
	for (unsigned int i = 0; i < DOUBLE_VCPUS; i++) {
		struct double_vcpu *vcpu = &machine.vcpu[i];

		if (!vcpu->made)
			continue;
		munmap(vcpu->run, machine.run_size);
		if (!vcpu->lost)
			close_hidden(vcpu->fd);
	}
	close_hidden(machine.fd);
	close_hidden(machine.kvm);
	memset(&machine, 0, sizeof machine);
	machine.kvm = machine.fd = -1;
}

static void *page_of_this_process(void)
{
	const size_t size = (size_t)sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED || madvise(page, size, MADV_WIPEONFORK) ? NULL : page;
}

/* In a child: what its parent had is not its own, and who held the gate is not here. */
static void forget_parent(void)
{
	dispose();
	pthread_mutex_init(&gate, NULL);
	pthread_cond_init(&gate_moved, NULL);
	gate_closed = false;
	inside = 0;
}

hv_return_t hv_vm_create(hv_vm_config_t config)
{
	int size;

	if (config)
		return HV_UNSUPPORTED;
	if (double_vm())
		return HV_BUSY;
	forget_parent();
	if (!exists)
		exists = page_of_this_process();
	if (!exists)
		return HV_NO_RESOURCES;
	machine.kvm = hide(open("/dev/kvm", O_RDWR | O_CLOEXEC));
	if (machine.kvm < 0)
		return HV_NO_DEVICE;
	size = ioctl(machine.kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	do
		machine.fd = ioctl(machine.kvm, KVM_CREATE_VM, 0);
	while (machine.fd < 0 && errno == EINTR);
	machine.fd = hide(machine.fd);
	if (size < 0 || machine.fd < 0) {
		dispose();
		return HV_NO_RESOURCES;
	}
	machine.process = getpid();
	machine.run_size = (size_t)size;
	machine.forwards_hvc = forward_hvc(machine.fd);
	ask_for_all(machine.fd);
	catch_interrupts();
	if (getenv("HVF_DOUBLE_FORGETS"))
		double_forget_idle_exits(true);
	*exists = 1;
	return HV_SUCCESS;
}

hv_return_t hv_vm_destroy(void)
{
	if (!double_vm())
		return HV_NO_DEVICE;
	double_bury(&machine);
	for (unsigned int i = 0; i < DOUBLE_VCPUS; i++)
		if (machine.vcpu[i].used && !machine.vcpu[i].lost)
			return HV_BUSY;
	*exists = 0;
	dispose();
	return HV_SUCCESS;
}

hv_return_t hv_vm_get_max_vcpu_count(uint32_t *count)
{
	*count = DOUBLE_VCPUS;
	return HV_SUCCESS;
}

/* -------------------------------------------------------------------------
 * Memory. Pieces that follow one another here and there are one for KVM.
 */
static bool aligned(uint64_t ipa, size_t size)
{
	const uint64_t end = 1ull << DOUBLE_IPA_BITS;

	return !((ipa | size) & (DOUBLE_PAGE - 1)) && size && ipa < end && size <= end - ipa;
}

static bool set_slot(const struct double_slot *slot, uint64_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = (uint32_t)(slot - machine.slot),
		.flags = slot->flags & HV_MEMORY_WRITE ? 0 : KVM_MEM_READONLY,
		.guest_phys_addr = slot->ipa, .memory_size = size,
		.userspace_addr = (uintptr_t)slot->host,
	};

	return !ioctl(machine.fd, KVM_SET_USER_MEMORY_REGION, &region);
}

static struct double_slot drop(struct double_slot *slot)
{
	struct double_slot old = *slot;

	set_slot(slot, 0);
	slot->size = 0;
	return old;
}

static struct double_slot *overlapping(uint64_t ipa, uint64_t size)
{
	for (unsigned int i = 0; i < DOUBLE_SLOTS; i++) {
		struct double_slot *slot = &machine.slot[i];

		if (slot->size && ipa < slot->ipa + slot->size && slot->ipa < ipa + size)
			return slot;
	}
	return NULL;
}

static bool follows(const struct double_slot *first, const struct double_slot *second)
{
	return first->size && first->ipa + first->size == second->ipa &&
	       first->host + first->size == second->host && first->flags == second->flags;
}

static struct double_slot join(struct double_slot piece)
{
	for (unsigned int i = 0; i < DOUBLE_SLOTS; i++) {
		struct double_slot *slot = &machine.slot[i];

		if (slot->size && follows(slot, &piece)) {
			piece.ipa = slot->ipa;
			piece.host = slot->host;
			piece.size += drop(slot).size;
		} else if (slot->size && follows(&piece, slot)) {
			piece.size += drop(slot).size;
		}
	}
	return piece;
}

static bool put(struct double_slot piece)
{
	if (!piece.size)
		return true;
	piece = join(piece);
	for (unsigned int i = 0; i < DOUBLE_SLOTS; i++) {
		struct double_slot *slot = &machine.slot[i];

		if (slot->size)
			continue;
		*slot = piece;
		if (set_slot(slot, piece.size))
			return true;
		slot->size = 0;
		return false;
	}
	return false;
}

/* The part of a piece that is in a range. */
static struct double_slot part(struct double_slot slot, uint64_t start, uint64_t end)
{
	const uint64_t slot_end = slot.ipa + slot.size;

	start = start > slot.ipa ? start : slot.ipa;
	end = end < slot_end ? end : slot_end;
	slot.size = end > start ? end - start : 0;
	slot.host += start - slot.ipa;
	slot.ipa = start;
	return slot;
}

/* What is there has other flags then, or is gone. */
static bool change(uint64_t ipa, uint64_t size, bool gone, hv_memory_flags_t flags)
{
	struct double_slot *slot;
	bool good = true;

	for (uint64_t at = ipa, end = ipa + size; at < end;) {
		struct double_slot old, middle;

		slot = overlapping(at, end - at);
		if (!slot)
			break;
		old = drop(slot);
		middle = part(old, ipa, end);
		middle.flags = flags;
		good &= put(part(old, 0, ipa)) && put(part(old, end, UINT64_MAX));
		if (!gone)
			good &= put(middle);
		at = gone ? at : middle.ipa + middle.size;
	}
	return good;
}

static bool all_mapped(uint64_t ipa, uint64_t size)
{
	for (uint64_t at = ipa; at < ipa + size; at += DOUBLE_PAGE)
		if (!overlapping(at, DOUBLE_PAGE))
			return false;
	return true;
}

void *double_at(const struct double_vm *vm, uint64_t ipa)
{
	for (unsigned int i = 0; i < DOUBLE_SLOTS; i++)
		if (ipa - vm->slot[i].ipa < vm->slot[i].size)
			return vm->slot[i].host + (ipa - vm->slot[i].ipa);
	return NULL;
}

hv_return_t hv_vm_map(void *addr, hv_ipa_t ipa, size_t size, hv_memory_flags_t flags)
{
	const struct double_slot piece = { ipa, size, addr, flags };
	bool good;

	if (!double_vm())
		return HV_NO_DEVICE;
	if (!aligned(ipa, size) || (uintptr_t)addr & (DOUBLE_PAGE - 1))
		return HV_BAD_ARGUMENT;
	double_stop_all();
	good = !overlapping(ipa, size) && put(piece);
	double_go_on();
	return good ? HV_SUCCESS : HV_ERROR;
}

static hv_return_t change_mapped(uint64_t ipa, uint64_t size, bool gone, hv_memory_flags_t flags)
{
	bool good;

	if (!double_vm())
		return HV_NO_DEVICE;
	if (!aligned(ipa, size))
		return HV_BAD_ARGUMENT;
	double_stop_all();
	good = all_mapped(ipa, size) && change(ipa, size, gone, flags);
	double_go_on();
	return good ? HV_SUCCESS : HV_ERROR;
}

hv_return_t hv_vm_unmap(hv_ipa_t ipa, size_t size)
{
	return change_mapped(ipa, size, true, 0);
}

hv_return_t hv_vm_protect(hv_ipa_t ipa, size_t size, hv_memory_flags_t flags)
{
	return change_mapped(ipa, size, false, flags);
}

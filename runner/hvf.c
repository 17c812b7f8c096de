/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The back end for macOS on arm64: Apple's Hypervisor.framework. Its rules, which are a Mac's
 * to show and are tried here on a double over KVM (tests/hvf/):
 *
 * - One machine for each process. A child of fork() has none, and makes its own (vm_after_fork).
 * - Memory is mapped in pages of the host's, and what the host maps there later is not noticed:
 *   vm_memory_changed() maps it again.
 * - A vCPU is its thread's, so it is made by the thread that runs it (hvf-vcpu.c).
 * - No call is the host's as it is KVM's: a store to where no memory is leaves the guest.
 *
 * Nothing here is a processor's but what runner/aarch64/ has for all back ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>
#if defined __APPLE__
#include <libkern/OSCacheControl.h>
#include <mach/mach_time.h>
#endif

#include "host-memory.h"
#include "hvf.h"
#include "startup.h"

#define GIB (1ull << 30)
#define BELL_PHYSICAL 0x10000ull	/* no memory is there */
#define TABLES_PHYSICAL 0x100000ull	/* the machine's own memory */
#define TABLES_SIZE (64ull << 20)	/* of which only what is used exists */
#define MEMORY_PHYSICAL (4 * GIB)
#define MEMORY_END (1ull << HVF_IPA_BITS)
#define HWCAP_KEYS (1u << 30 | 1u << 31)	/* Linux's HWCAP_PACA and HWCAP_PACG */
/* A piece may be this much further up than it was given for, for each that was before. */
#define PIECE_SKEW (2ull * HVF_PAGE)

int hvf_fails(struct runner_error *error, const char *what, hv_return_t result)
{
	static const struct {
		hv_return_t result;
		int number;
		const char *text;
	} known[] = {
		{ HV_BUSY, EBUSY, "busy" },
		{ HV_BAD_ARGUMENT, EINVAL, "a bad argument" },
		{ HV_ILLEGAL_GUEST_STATE, EIO, "a state that cannot be" },
		{ HV_NO_RESOURCES, ENOMEM, "no resources" },
		{ HV_NO_DEVICE, ENODEV, "this machine has no virtualization (sysctl kern.hv_support)" },
		{ HV_DENIED, EPERM, "denied: the program has to be signed with the entitlement "
				    "com.apple.security.hypervisor (make vdsorun signs it)" },
		{ HV_UNSUPPORTED, ENOTSUP, "not on this machine (sysctl kern.hv_support)" },
	};

	for (unsigned int i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].result == result)
			return runner_error(error, known[i].number, "Hypervisor.framework: %s: %s",
					    what, known[i].text);
	return runner_error(error, EIO, "Hypervisor.framework: %s: error %#x", what,
			    (unsigned int)result);
}

/* -------------------------------------------------------------------------
 * The host's memory.
 */
static uint64_t down(uint64_t at)
{
	return at & ~(uint64_t)(HVF_PAGE - 1);
}

static uint64_t up(uint64_t at)
{
	return down(at + HVF_PAGE - 1);
}

static void begin_code(void *context, uint64_t ipa, size_t size)
{
	const struct hvf_piece *piece = hvf_piece_at(context, ipa);
	uint8_t *host = piece->host + (ipa - piece->ipa);

	/* of what is not there, behind the end of a file, a cache has nothing */
	for (size_t o = 0; o < size; o += VM_PAGE) {
		uint8_t byte;

		if (host_copy(&byte, host + o, sizeof byte) != sizeof byte)
			continue;
#if defined __APPLE__
		sys_dcache_flush(host + o, VM_PAGE);
		sys_icache_invalidate(host + o, VM_PAGE);
#else
		__builtin___clear_cache((char *)host + o, (char *)host + o + VM_PAGE);
#endif
	}
}

/*
 * No vCPU uses an old entry when the instruction that this has one of them run is done: TLBI
 * VMALLE1IS and DSB (shim.c) are for all processors that run this machine, as kernels count on
 * that have several of them. No other vCPU needs to leave.
 */
static void end_uses(void *context)
{
	struct vm *vm = context;
	struct vcpu *vcpu = hvf_bound();
	bool done;

	if (!__atomic_load_n(&vm->used, __ATOMIC_SEQ_CST) || (vcpu && hvf_flush(vcpu)))
		return;
	done = hvf_bind(vm->flusher) == HV_SUCCESS && hvf_flush(vm->flusher);
	hvf_unbind(vm->flusher);
	if (done)
		return;
	/* to go on would leave the guest with what it must not have */
	fprintf(stderr, "vdsorun: memory that a program gave up cannot be taken from it\n");
	abort();
}

/* -------------------------------------------------------------------------
 * Pieces of memory.
 */
const struct hvf_piece *hvf_piece_at(const struct vm *vm, uint64_t ipa)
{
	for (unsigned int i = 0; i < vm->pieces; i++)
		if (ipa - vm->piece[i].ipa < vm->piece[i].size)
			return &vm->piece[i];
	return NULL;
}

static const struct hvf_piece *piece_of(const struct vm *vm, uint64_t physical)
{
	for (unsigned int i = 0; i < vm->pieces; i++)
		if (physical - vm->piece[i].physical < vm->piece[i].size)
			return &vm->piece[i];
	abort();	/* the caller's mistake: it never was added */
}

/* What the host may not write it does not give to be written, where the framework minds. */
static hv_return_t map(uint64_t ipa, uint8_t *host, size_t size)
{
	static const hv_memory_flags_t flags[] = {
		HV_MEMORY_READ | HV_MEMORY_WRITE | HV_MEMORY_EXEC,
		HV_MEMORY_READ | HV_MEMORY_EXEC,
		HV_MEMORY_READ,
	};
	hv_return_t result = HV_ERROR;

	for (unsigned int i = 0; i < sizeof flags / sizeof *flags && result != HV_SUCCESS; i++)
		result = hv_vm_map(host, ipa, size, flags[i]);
	return result;
}

static hv_return_t map_piece(const struct hvf_piece *piece)
{
	const uint64_t start = down(piece->ipa);

	return map(start, piece->host - (piece->ipa - start), up(piece->ipa + piece->size) - start);
}

static int add_piece(struct vm *vm, uint64_t physical, uint64_t ipa, void *host, size_t size,
		     struct runner_error *error)
{
	struct hvf_piece *piece = &vm->piece[vm->pieces];
	hv_return_t result;

	*piece = (struct hvf_piece){ physical, ipa, host, size };
	result = map_piece(piece);
	if (result != HV_SUCCESS)
		return hvf_fails(error, "memory", result);
	__atomic_store_n(&vm->pieces, vm->pieces + 1, __ATOMIC_RELEASE);
	return 0;
}

int vm_add_memory(struct vm *vm, uint64_t physical, void *host, size_t size,
		  struct runner_error *error)
{
	const uint64_t ipa = vm->next_ipa + (uintptr_t)host % HVF_PAGE;
	int failed;

	if (vm->pieces == HVF_PIECES)
		return runner_error(error, ENOMEM, "more than %d pieces of memory", HVF_PIECES);
	failed = add_piece(vm, physical, ipa, host, size, error);
	if (!failed)
		vm->next_ipa = up(ipa + size);
	return failed;
}

/*
 * In pages of the host's. What is around may be missing for a moment: who comes there meanwhile
 * is told, and tries again when `changes` is another (hvf-run.c).
 */
static bool map_again(struct vm *vm, const struct hvf_piece *piece, uint64_t ipa, size_t size)
{
	const uint64_t start = down(ipa), end = up(ipa + size);
	bool good;

	pthread_mutex_lock(&vm->changing);
	good = hv_vm_unmap(start, end - start) == HV_SUCCESS &&
	       map(start, piece->host - (piece->ipa - start), end - start) == HV_SUCCESS;
	__atomic_add_fetch(&vm->changes, 1, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&vm->changing);
	return good;
}

/* What cannot be mapped again is not there: a program that comes there has a SIGBUS. */
void vm_memory_changed(struct vm *vm, uint64_t physical, size_t size)
{
	const struct hvf_piece *piece = piece_of(vm, physical);

	if (!map_again(vm, piece, piece->ipa + (physical - piece->physical), size))
		fprintf(stderr, "vdsorun: Hypervisor.framework cannot map memory again\n");
}

/* -------------------------------------------------------------------------
 * The counter: vCPUs have an offset of 0 from what mach_absolute_time() reads.
 */
static uint64_t own_counter(void)
{
	uint64_t value;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value) : : "memory");
	return value;
}

static uint64_t guest_counter(void)
{
#if defined __APPLE__
	return mach_absolute_time();
#else
	return own_counter();
#endif
}

/* The nearest of some tries: mostly there is one with no tick in it. */
static uint64_t measure_distance(void)
{
	enum { TRIES = 1000 };
	uint64_t nearest = UINT64_MAX, distance = 0;

	for (unsigned int i = 0; i < TRIES && nearest; i++) {
		uint64_t before = own_counter(), guest = guest_counter(), took = own_counter() - before;

		if (took >= nearest)
			continue;
		nearest = took;
		distance = guest - before;
	}
	return nearest ? 0 : distance;
}

/* A vCPU reads it when it starts. */
static bool learn_counter(struct vm *vm)
{
	uint64_t before = guest_counter(), told;

	vm->counter_distance = measure_distance();
	if (!hvf_flush(vm->flusher))
		return false;
	told = vm->flusher->shim.data->measured.counter;
	vm->has_counter = told >= before && told <= guest_counter();
	return true;
}

int vm_counter_distance(const struct vm *vm, uint64_t *distance)
{
	*distance = vm->counter_distance;
	return vm->has_counter ? 0 : -ENOTSUP;
}

uint64_t vm_counter_hz(const struct vm *vm)
{
	uint64_t hz;

	(void)vm;
	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	return hz;
}

/* -------------------------------------------------------------------------
 * The machine.
 */
int vm_device(const struct vm *vm)
{
	(void)vm;
	return -1;
}

void vm_use_device(int fd)
{
	(void)fd;
}

static int create_tables(struct vm *vm, struct runner_error *error)
{
	const struct pages_uses uses = { end_uses, begin_code, vm };
	const size_t size = HVF_PAGE + TABLES_SIZE;
	uint8_t *host = mmap(NULL, size + HVF_PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint8_t *tables;
	int failed;

	if (host == MAP_FAILED)
		return runner_error(error, errno, "memory for page tables: %s", strerror(errno));
	vm->own = (uint8_t *)up((uintptr_t)host);
	munmap(host, (size_t)(vm->own - host));
	munmap(vm->own + size, HVF_PAGE - (size_t)(vm->own - host));
	tables = vm->own + HVF_PAGE;
	failed = add_piece(vm, HVF_START, HVF_START, vm->own, HVF_PAGE, error);
	if (!failed)
		failed = add_piece(vm, TABLES_PHYSICAL, TABLES_PHYSICAL, tables, TABLES_SIZE, error);
	if (failed)
		return failed;
	if (!pages_create(&vm->pages, tables, TABLES_PHYSICAL, TABLES_SIZE, &uses) ||
	    !shim_create(&vm->shim, &vm->pages, BELL_PHYSICAL) ||
	    !hvf_start_create(vm, vm->own))
		return runner_error(error, ENOMEM, "no room for page tables");
	begin_code(vm, HVF_START, VM_PAGE);
	return 0;
}

static uint64_t id_register(void *context, uint16_t number)
{
	const struct vcpu *vcpu = context;
	uint64_t value = 0;

	return hv_vcpu_get_sys_reg(vcpu->hv, number, &value) == HV_SUCCESS ? value : 0;
}

/* A vCPU tells, and is kept for what others need one for. */
static int learn(struct vm *vm, struct runner_error *error)
{
	int failed = hvf_vcpu_create(&vm->flusher, vm, error);
	hv_return_t result;

	if (failed)
		return failed;
	result = hvf_bind(vm->flusher);
	if (result != HV_SUCCESS)
		return hvf_fails(error, "a vCPU", result);
	for (unsigned int word = 0; word < 2; word++)
		vm->hwcap[word] = shim_hwcap(id_register, vm->flusher, word);
	if (!learn_counter(vm))
		return runner_error(error, EIO, "Hypervisor.framework: a vCPU does not run");
	hvf_unbind(vm->flusher);
	vm->has_keys = vm->hwcap[0] & HWCAP_KEYS;
	if (vm->has_keys && getentropy(vm->key, sizeof vm->key))
		return runner_error(error, errno, "random keys: %s", strerror(errno));
	return 0;
}

static int create(struct vm *vm, struct runner_error *error)
{
	hv_return_t result = hv_vm_create(NULL);

	if (result != HV_SUCCESS)
		return hvf_fails(error, "a virtual machine", result);
	vm->created = true;
	if (hv_vm_get_max_vcpu_count(&vm->vcpus_max) != HV_SUCCESS)
		vm->vcpus_max = 1;
	return 0;
}

int vm_create(struct vm **result, struct runner_error *error)
{
	struct vm *vm = calloc(1, sizeof *vm);
	int failed;

	if (!vm)
		return runner_error(error, ENOMEM, "no memory for a virtual machine");
	pthread_mutex_init(&vm->lock, NULL);
	pthread_mutex_init(&vm->changing, NULL);
	vm->next_ipa = MEMORY_PHYSICAL;
	failed = create(vm, error);
	startup_step("machine: created");
	if (!failed)
		failed = create_tables(vm, error);
	startup_step("machine: tables and shim");
	if (!failed)
		failed = learn(vm, error);
	startup_step("machine: a vCPU");
	if (failed) {
		vm_destroy(vm);
		return failed;
	}
	*result = vm;
	return 0;
}

void vm_destroy(struct vm *vm)
{
	struct vcpu *own = hvf_bound();

	if (own && own->vm == vm)
		hvf_unbind(own);
	hvf_vcpus_forget(vm);
	if (vm->created)
		hv_vm_destroy();
	if (vm->own) {
		pages_destroy(&vm->pages);
		munmap(vm->own, HVF_PAGE + TABLES_SIZE);
	}
	pthread_mutex_destroy(&vm->lock);
	pthread_mutex_destroy(&vm->changing);
	free(vm);
}

/*
 * No Mac has run this yet. What it counts on: the machine is the task's, so a child of fork()
 * has none in the kernel, and hv_vm_destroy() makes the framework's own code there forget what
 * was its parent's; and pages that parent and child share are copied for the guest of either as
 * they are for the host's code. tests/runner/forks.c shows when that is not so.
 */
int vm_after_fork(struct vm *vm, struct runner_error *error)
{
	int failed;

	pthread_mutex_init(&vm->lock, NULL);
	pthread_mutex_init(&vm->changing, NULL);
	pages_forked(&vm->pages);
	hvf_vcpus_forget(vm);
	hv_vm_destroy();
	vm->created = vm->used = false;
	failed = create(vm, error);
	if (failed)
		return failed;
	for (unsigned int i = 0; i < vm->pieces; i++) {
		hv_return_t result = map_piece(&vm->piece[i]);

		if (result != HV_SUCCESS)
			return hvf_fails(error, "memory", result);
	}
	return hvf_vcpu_create(&vm->flusher, vm, error);
}

uint64_t vm_hwcap(const struct vm *vm, unsigned int word)
{
	return vm->hwcap[word];
}

void vm_physical_range(const struct vm *vm, uint64_t *start, uint64_t *end)
{
	(void)vm;
	*start = MEMORY_PHYSICAL;
	*end = MEMORY_END - HVF_PIECES * PIECE_SKEW;
}

/* -------------------------------------------------------------------------
 * Pages of user code.
 */
int vm_map(struct vm *vm, guest_addr at, uint64_t physical, size_t size, unsigned int prot,
	   struct runner_error *error)
{
	const struct hvf_piece *piece = piece_of(vm, physical);

	if (!prot)
		vm_unmap(vm, at, size);
	else if (!pages_map(&vm->pages, at.v, piece->ipa + (physical - piece->physical), size, prot))
		return runner_error(error, ENOMEM, "no room for page tables");
	return 0;
}

size_t vm_unmap(struct vm *vm, guest_addr at, size_t size)
{
	return pages_unmap(&vm->pages, at.v, size);
}

void vm_random_fd(struct vm *vm, unsigned int fd, bool is)
{
	shim_random_fd(&vm->shim, fd, is);
}

bool vm_answered(struct vm *vm, unsigned int number, const char **name, uint64_t *count)
{
	if (number >= SHIM_ANSWERS)
		return false;
	*name = shim_answer_name(number);
	*count = 0;
	pthread_mutex_lock(&vm->lock);
	for (const struct vcpu *vcpu = vm->vcpus; vcpu; vcpu = vcpu->next)
		*count += __atomic_load_n(&vcpu->shim.data->given[number], __ATOMIC_RELAXED);
	pthread_mutex_unlock(&vm->lock);
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fallbacks that reach a hypervisor: OUT, VMCALL and VMMCALL, in a machine on KVM
 * (vm.h), from ring 3 as from ring 0. What this KVM cannot do is said and left out.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "host.h"
#include "vdsogen.h"
#include "vm.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SKIPPED 77
#define NSEC_PER_SEC 1000000000
#define TOLERANCE 1000000	/* ns between the guest's clock and the host's */
#define LINES_MAX 50

static struct vm vm;
static struct vdsogen_image image;
static enum vm_ring ring;
static unsigned int passed, failed;

static bool check(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool check(bool good, const char *format, ...)
{
	va_list args;

	if (good) {
		passed++;
		return true;
	}
	if (failed++ < LINES_MAX) {
		printf("FAIL: ring %d, fallback %u: ", ring == VM_RING_3 ? 3 : 0, image.config.fallback);
		va_start(args, format);
		vprintf(format, args);
		va_end(args);
		putchar('\n');
	}
	return false;
}

/* -------------------------------------------------------------------------
 * What is called, with arguments that no function answers itself before it is told to.
 */
static const struct call {
	unsigned int function;
	uint32_t number;
	unsigned int arguments;
	uint64_t rdi;
} calls[] = {
	{ VDSOGEN_CLOCK_GETTIME, SYS_clock_gettime, 2, VDSOGEN_MONOTONIC },
	{ VDSOGEN_CLOCK_GETTIME, SYS_clock_gettime, 2, 2 },
	{ VDSOGEN_CLOCK_GETTIME, SYS_clock_gettime, 2, (uint64_t)-1 },
	{ VDSOGEN_GETTIMEOFDAY, SYS_gettimeofday, 2, VM_DATA },
	{ VDSOGEN_TIME, SYS_time, 1, VM_DATA },
	{ VDSOGEN_CLOCK_GETRES, SYS_clock_getres, 2, VDSOGEN_MONOTONIC },
	{ VDSOGEN_GETCPU, SYS_getcpu, 3, VM_DATA },
	{ VDSOGEN_GETPID, SYS_getpid, 0, 0 },
	{ VDSOGEN_GETPPID, SYS_getppid, 0, 0 },
	{ VDSOGEN_GETTID, SYS_gettid, 0, 0 },
	{ VDSOGEN_GETPGID, SYS_getpgid, 1, 12345 },
	{ VDSOGEN_GETSID, SYS_getsid, 1, 0 },
	{ VDSOGEN_GETPRIORITY, SYS_getpriority, 2, 1 },
	{ VDSOGEN_GETUID, SYS_getuid, 0, 0 },
	{ VDSOGEN_GETEUID, SYS_geteuid, 0, 0 },
	{ VDSOGEN_GETGID, SYS_getgid, 0, 0 },
	{ VDSOGEN_GETEGID, SYS_getegid, 0, 0 },
	{ VDSOGEN_UNAME, SYS_uname, 1, VM_DATA },
	{ VDSOGEN_GETRANDOM, SYS_getrandom, 3, VM_DATA },
};

#define RSI 0x1111222233334444
#define RDX 0x5555666677778888
#define KEPT 0xabcd000000000000	/* in the registers that a call keeps */
#define POISON 0xa5

/* getrandom's state begins with a batch of output, then the key: Linux include/vdso/getrandom.h. */
enum { STATE_SIZE = 144, STATE_KEY = 96, KEY = 32, OUTPUT_AT = 1024, OUTPUT = 16 };

static bool has(const struct call *call)
{
	return image.config.functions >> call->function & 1;
}

static struct vdsogen_clock *guest_clock(void)
{
	return (struct vdsogen_clock *)(vm_image(&vm) + image.clock);
}

static bool build(const struct vdsogen_config *wanted)
{
	struct vdsogen_config config = *wanted;
	size_t size = (size_t)VM_IMAGE_PAGES * VDSOGEN_PAGE;
	int error;

	config.functions = vdsogen_arch_functions(vdsogen_arch_x86_64());
	config.options |= VDSOGEN_GUARD;
	error = vdsogen_build(vdsogen_arch_x86_64(), &config, vm_image(&vm), &size);
	if (!error)
		error = vdsogen_open(vm_image(&vm), size, &image);
	memset(vm_data(&vm), POISON, VDSOGEN_PAGE);
	return check(!error, "port %#llx: %s", (unsigned long long)config.fallback_at,
		     vdsogen_strerror(error));
}

/* The fourth and fifth argument are a state of getrandom's. */
static struct kvm_regs arguments(unsigned int function, uint64_t rdi, uint64_t rsi, uint64_t rdx)
{
	return (struct kvm_regs){
		.rbx = vm_image_address(&vm) + image.function[function].at, .rdi = rdi, .rsi = rsi, .rdx = rdx,
		.rax = UINT64_MAX, .rcx = VM_DATA, .r8 = STATE_SIZE, .r9 = UINT64_MAX,
		.r10 = UINT64_MAX, .r11 = UINT64_MAX, .rbp = KEPT, .r12 = KEPT + 12,
		.r13 = KEPT + 13, .r14 = KEPT + 14, .r15 = KEPT + 15,
	};
}

static struct vm_exit begin(const struct call *call)
{
	const struct kvm_regs regs = arguments(call->function, call->rdi, RSI, RDX);

	vm_begin(&vm, ring, VM_CALL, &regs);
	return vm_run(&vm);
}

/* That pc is where the image says that this function asks. */
static void check_place(const struct call *call, uint64_t pc)
{
	const struct vdsogen_entry *entry = &image.function[call->function];
	unsigned int function = VDSOGEN_FUNCTIONS;

	pc -= vm_image_address(&vm);
	check(pc == entry->trap || pc == entry->resume, "%s: asks at %#llx, not at %#x or %#x",
	      vdsogen_function_name(call->function), (unsigned long long)pc, entry->trap,
	      entry->resume);
	check(!vdsogen_fallback_at(&image, pc, &function) && function == call->function,
	      "%s: vdsogen_fallback_at() finds function %u",
	      vdsogen_function_name(call->function), function);
}

static void check_kept(const struct call *call, const struct kvm_regs *r)
{
	check(r->rbp == KEPT && r->r12 == KEPT + 12 && r->r13 == KEPT + 13 &&
	      r->r14 == KEPT + 14 && r->r15 == KEPT + 15 &&
	      r->rbx == vm_image_address(&vm) + image.function[call->function].at,
	      "%s changes a register that is its caller's", vdsogen_function_name(call->function));
}

/* -------------------------------------------------------------------------
 * OUT.
 */
static uint64_t counter_of(const struct kvm_regs *r)
{
	const uint64_t by_number[] = {
		r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi, r->rdi,
		r->r8, r->r9, r->r10, r->r11, r->r12, r->r13, r->r14, r->r15,
	};

	return by_number[image.counter_register % COUNT(by_number)];
}

static void check_out(const struct call *call, const struct vm_exit *exit)
{
	const char *name = vdsogen_function_name(call->function);
	const struct kvm_regs *r = &exit->regs;

	check(exit->port == image.config.fallback_at && exit->data == call->number,
	      "%s asks: %s, not %#x to port %#llx", name, vm_describe(&vm, exit), call->number,
	      (unsigned long long)image.config.fallback_at);
	check_place(call, r->rip);
	check(call->arguments < 1 || r->rdi == call->rdi, "%s: rdi is %#llx", name,
	      (unsigned long long)r->rdi);
	check(call->arguments < 2 || r->rsi == RSI, "%s: rsi is %#llx", name,
	      (unsigned long long)r->rsi);
	check(call->arguments < 3 || r->r8 == RDX, "%s: r8 is %#llx", name,
	      (unsigned long long)r->r8);
	if (call->function == VDSOGEN_CLOCK_GETTIME || call->function == VDSOGEN_GETTIMEOFDAY)
		check(!counter_of(r), "%s: counter %#llx, and none was read", name,
		      (unsigned long long)counter_of(r));
}

static void check_out_calls(void)
{
	static const uint64_t answers[] = { 0, (uint64_t)-22, 0x123456789abcdef };

	for (size_t i = 0; i < COUNT(calls); i++)
		for (size_t j = 0; j < COUNT(answers) && has(&calls[i]); j++) {
			struct vm_exit exit = begin(&calls[i]);
			const char *name = vdsogen_function_name(calls[i].function);

			if (!check(exit.end == VM_ASKS, "%s: %s", name, vm_describe(&vm, &exit)))
				return;
			check_out(&calls[i], &exit);
			vm_answer(&vm, &exit, answers[j]);
			exit = vm_run(&vm);
			check(exit.end == VM_RETURNED && exit.regs.rax == answers[j],
			      "%s: %s, answered with %#llx", name, vm_describe(&vm, &exit),
			      (unsigned long long)answers[j]);
			check_kept(&calls[i], &exit.regs);
		}
	for (size_t i = 0; i < VDSOGEN_PAGE; i++)
		if (!check(vm_data(&vm)[i] == POISON, "byte %zu of the guest's data is written", i))
			return;
}

/*
 * 0x7e: KVM has a quirk for that port, and its exit shows another rip. The last ones: four
 * bytes go past the end of a task's I/O map, which forbids that to ring 3.
 */
#define LAST_IN_MAP (0x10000 - sizeof(uint32_t))

static void check_ports(void)
{
	static const uint16_t ports[] = { 0, 0x41, 0x7e, 0x80, 0x3f8, 0x5658, LAST_IN_MAP, 0xffff };

	for (size_t i = 0; i < COUNT(ports); i++) {
		const struct vdsogen_config config = {
			.fallback = VDSOGEN_FALLBACK_OUT, .fallback_at = ports[i],
			.landing_pads = i % 2 ? VDSOGEN_LANDING_PADS_ON : VDSOGEN_LANDING_PADS_OFF,
		};

		if ((ring == VM_RING_0 || ports[i] <= LAST_IN_MAP) && build(&config))
			check_out_calls();
	}
}

/* A KVM that emulates ring 0 has not all instructions: no fault of the image's. */
static bool not_emulated(const struct vm_exit *exit, const char *function)
{
	if (ring != VM_RING_0 || exit->end != VM_STOPPED ||
	    vm.run->exit_reason != KVM_EXIT_INTERNAL_ERROR)
		return false;
	printf("note: ring 0: %s is not tested: this KVM cannot emulate what is at %#llx of the image\n",
	       function, (unsigned long long)(exit->regs.rip - vm_image_address(&vm)));
	return true;
}

/* -------------------------------------------------------------------------
 * The guest's clock. Its counter is the host's and a distance, if KVM has one.
 */
static bool sees(uint64_t distance)
{
	const struct kvm_regs none = { 0 };
	uint64_t before = host_counter(NULL) + distance, after;
	struct vm_exit exit;

	vm_begin(&vm, ring, VM_COUNTER, &none);
	exit = vm_run(&vm);
	after = host_counter(NULL) + distance;
	return exit.end == VM_RETURNED && exit.regs.rax - before <= after - before;
}

/* Told by KVM: exactly. Not every KVM that tells keeps to it. */
static bool find_distance(uint64_t *distance)
{
	struct kvm_device_attr attribute = {
		.group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)distance,
	};

	if (!ioctl(vm.vcpu, KVM_GET_DEVICE_ATTR, &attribute) && sees(*distance))
		return true;
	*distance = 0;
	return sees(0);
}

static int64_t nsec_now(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

static void publish(uint64_t distance, uint64_t max_age)
{
	const struct vdsogen_source source = { .hz = host_counter_hz(), .max_age = max_age };
	struct vdsogen_sample sample;
	int error;

	host_sample(&sample);
	sample.before += distance;
	sample.after += distance;
	error = vdsogen_clock_start(guest_clock(), &source, &sample);
	check(!error, "vdsogen_clock_start: %s", vdsogen_strerror(error));
}

/* One run, and it is over: the guest asked nobody. */
static bool check_clock(int id, uint64_t distance)
{
	const struct kvm_regs regs = arguments(VDSOGEN_CLOCK_GETTIME, (uint64_t)id, VM_DATA, 0);
	int64_t before, after, got;
	struct timespec time;
	struct vm_exit exit;

	publish(distance, 0);
	before = nsec_now(id);
	vm_begin(&vm, ring, VM_CALL, &regs);
	exit = vm_run(&vm);
	after = nsec_now(id);
	if (not_emulated(&exit, "clock_gettime"))
		return false;
	memcpy(&time, vm_data(&vm), sizeof time);
	got = (int64_t)time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
	check(exit.end == VM_RETURNED && !exit.regs.rax, "clock %d: %s", id, vm_describe(&vm, &exit));
	check(before - TOLERANCE <= got && got <= after + TOLERANCE,
	      "clock %d: %lld, the host's before it %lld, after it %lld", id, (long long)got,
	      (long long)before, (long long)after);
	return true;
}

/* A line that is too old: the counter that was read is told, and may be believed. */
static void check_counter(uint64_t distance)
{
	const struct kvm_regs regs = arguments(VDSOGEN_CLOCK_GETTIME, VDSOGEN_REALTIME, VM_DATA, 0);
	uint64_t before;
	struct vdsogen_trap trap = { .clock_id = VDSOGEN_REALTIME };
	struct vm_exit exit;

	publish(distance, 1);
	before = host_counter(NULL) + distance;
	vm_begin(&vm, ring, VM_CALL, &regs);
	exit = vm_run(&vm);
	trap.now = host_counter(NULL) + distance;
	trap.window = trap.now - before;
	trap.pc = exit.regs.rip - VM_IMAGE;
	trap.counter = counter_of(&exit.regs);
	check(exit.end == VM_ASKS && exit.data == SYS_clock_gettime, "an old clock: %s",
	      vm_describe(&vm, &exit));
	check(before <= trap.counter && trap.counter <= trap.now,
	      "an old clock: counter %#llx not in %#llx..%#llx", (unsigned long long)trap.counter,
	      (unsigned long long)before, (unsigned long long)trap.now);
	check(!vdsogen_may_anchor(&image, &trap), "an old clock: may not anchor");
}

static void check_clocks(void)
{
	const struct vdsogen_config config = { .fallback = VDSOGEN_FALLBACK_OUT, .fallback_at = 1 };
	static const int ids[] = { VDSOGEN_REALTIME, VDSOGEN_MONOTONIC, VDSOGEN_BOOTTIME };
	uint64_t distance;

	if (!build(&config))
		return;
	if (!find_distance(&distance)) {
		printf("note: ring %d: no clock is read: this KVM does not say how far the guest's "
		       "counter is from the host's\n", ring == VM_RING_3 ? 3 : 0);
		return;
	}
	for (size_t i = 0; i < COUNT(ids); i++)
		if (!check_clock(ids[i], distance))
			return;
	check_counter(distance);
	publish(distance, 0);
	vdsogen_clock_attention(guest_clock(), 1, 0);
	memset(vm_data(&vm), POISON, VDSOGEN_PAGE);
	check_out_calls();
}

/* -------------------------------------------------------------------------
 * getrandom asks for its key in the middle, and goes on: registers and stack are as they were.
 */
static bool run_random(uint8_t key, uint8_t output[OUTPUT])
{
	const struct kvm_regs regs = arguments(VDSOGEN_GETRANDOM, VM_DATA + OUTPUT_AT, OUTPUT, 0);
	const struct call call = { VDSOGEN_GETRANDOM, SYS_getrandom, 3, 0 };
	struct vm_exit exit;

	memset(vm_data(&vm), 0, STATE_SIZE);
	vm_begin(&vm, ring, VM_CALL, &regs);
	exit = vm_run(&vm);
	if (not_emulated(&exit, "getrandom's key"))
		return false;
	check(exit.end == VM_ASKS && exit.data == SYS_getrandom &&
	      exit.regs.rdi == VM_DATA + STATE_KEY && exit.regs.rsi == KEY && exit.regs.r8 == 0,
	      "a key: %s, (%#llx, %#llx, %#llx)", vm_describe(&vm, &exit),
	      (unsigned long long)exit.regs.rdi, (unsigned long long)exit.regs.rsi,
	      (unsigned long long)exit.regs.r8);
	check_place(&call, exit.regs.rip);
	memset(vm_data(&vm) + STATE_KEY, key, KEY);
	vm_answer(&vm, &exit, KEY);
	exit = vm_run(&vm);
	if (not_emulated(&exit, "getrandom's output"))
		return false;
	check(exit.end == VM_RETURNED && exit.regs.rax == OUTPUT, "getrandom: %s",
	      vm_describe(&vm, &exit));
	check_kept(&call, &exit.regs);
	check(vm_data(&vm)[STATE_KEY] != key || vm_data(&vm)[STATE_KEY + 1] != key,
	      "getrandom keeps the key");
	memcpy(output, vm_data(&vm) + OUTPUT_AT, OUTPUT);
	return true;
}

/* Its output is of its key alone; exec-random.c compares it with the standard's. */
static void check_random(void)
{
	const struct vdsogen_config config = { .fallback = VDSOGEN_FALLBACK_OUT, .fallback_at = 2 };
	uint8_t output[3][OUTPUT] = { { 0 } };

	if (!build(&config) || !(image.config.functions >> VDSOGEN_GETRANDOM & 1))
		return;
	vdsogen_random_start((struct vdsogen_random *)(vm_image(&vm) + image.random), 0, 0);
	if (!run_random(1, output[0]) || !run_random(1, output[1]) || !run_random(2, output[2]))
		return;
	check(!memcmp(output[0], output[1], OUTPUT), "two outputs of one key");
	check(memcmp(output[0], output[2], OUTPUT), "one output of two keys");
}

/* -------------------------------------------------------------------------
 * VMCALL and VMMCALL. KVM answers system calls' numbers itself, as it does every
 * hypercall that it has not: -1000 to ring 0, -1 to ring 3 (Linux include/uapi/linux/
 * kvm_para.h). The instruction of the other vendor it refuses, or patches, if the guest
 * could write to that page. Whatever it does with the bare one is right.
 */
#define HC_ENOSYS (-1000)
#define HC_EPERM (-1)
#define PATIENCE 2	/* s: a KVM that emulates ring 0 patches, and patches again */

static bool same(const struct vm_exit *a, const struct vm_exit *b)
{
	if (a->end != b->end)
		return false;
	if (a->end == VM_RETURNED)
		return a->regs.rax == b->regs.rax;
	return a->end == VM_EXCEPTION && a->vector == b->vector;
}

static bool is_known(const struct vm_exit *bare)
{
	int64_t value = (int64_t)bare->regs.rax;

	return bare->end == VM_EXCEPTION ||
	       (bare->end == VM_RETURNED && (value == HC_ENOSYS || value == HC_EPERM));
}

static struct vm_exit run_bare(enum vm_code code, uint32_t number)
{
	const struct kvm_regs regs = { .rax = number };
	struct vm_exit exit;

	vm.patience = PATIENCE;
	vm_begin(&vm, ring, code, &regs);
	exit = vm_run(&vm);
	vm.patience = 0;
	return exit;
}

static void check_hypercall(uint32_t fallback, enum vm_code code)
{
	const struct vdsogen_config config = { .fallback = fallback };
	const char *name = fallback == VDSOGEN_FALLBACK_VMCALL ? "vmcall" : "vmmcall";
	struct vm_exit bare = run_bare(code, SYS_getpid);

	printf("note: ring %d: %s in %s memory: %s\n", ring == VM_RING_3 ? 3 : 0, name,
	       vm.writable ? "writable" : "read-only", vm_describe(&vm, &bare));
	if (!is_known(&bare)) {
		printf("note: ring %d: %s is not tested so: that is no answer of KVM's\n",
		       ring == VM_RING_3 ? 3 : 0, name);
		return;
	}
	if (!build(&config))
		return;
	for (size_t i = 0; i < COUNT(calls); i++) {
		const char *function = vdsogen_function_name(calls[i].function);
		struct vm_exit exit;

		if (!has(&calls[i]))
			continue;
		bare = run_bare(code, calls[i].number);
		exit = begin(&calls[i]);
		check(same(&bare, &exit), "%s: %s, which is not what the bare one does", function,
		      vm_describe(&vm, &exit));
		if (exit.end == VM_EXCEPTION)
			check_place(&calls[i], exit.rip);
		else
			check_kept(&calls[i], &exit.regs);
	}
}

static void check_hypercalls(void)
{
	for (int writable = false; writable <= true; writable++) {
		vm.writable = writable;
		check_hypercall(VDSOGEN_FALLBACK_VMCALL, VM_VMCALL);
		check_hypercall(VDSOGEN_FALLBACK_VMMCALL, VM_VMMCALL);
	}
	vm.writable = false;
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!vm_open(&vm)) {
		printf("SKIP: no virtual machine: %s: %s\n", vm.why, strerror(errno));
		return SKIPPED;
	}
	for (ring = VM_RING_0; ring < VM_RINGS; ring++) {
		check_ports();
		check_clocks();
		check_random();
		check_hypercalls();
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}

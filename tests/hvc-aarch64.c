/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fallbacks by HVC, on a machine without an operating system: guest() at EL1 builds
 * images and calls their functions, hypervisor() at EL2 answers and remembers what
 * it was asked. The assembly beside it (hvc-aarch64.S) joins the two.
 */
#include <stdarg.h>
#include <stdbool.h>

#include "env.h"
#include "vdsogen.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NSEC_PER_SEC 1000000000u

enum { SYS_CLOCK_GETTIME = 113, SYS_RT_SIGRETURN = 139, SYS_GETRANDOM = 278 };

/* -------------------------------------------------------------------------
 * The machine: semihosting, which is what the emulator has instead of a C library.
 */
enum { SYS_WRITE0 = 0x04, SYS_EXIT = 0x18 };
#define APPLICATION_EXIT 0x20026	/* ADP_Stopped_ApplicationExit */

long semihost(long number, const void *argument);

static void print(const char *text)
{
	semihost(SYS_WRITE0, text);
}

static void print_number(uint64_t number)
{
	char text[2 + 16 + 1] = "0x";
	char *end = text + 2;

	for (int shift = 60; shift >= 0; shift -= 4)
		if (number >> shift || !shift)
			*end++ = "0123456789abcdef"[number >> shift & 15];
	*end = 0;
	print(text);
}

static unsigned int checks, failures;

/* What a check is about: the image and the function. */
static uint64_t about_immediate;
static unsigned int about_function;

static void check(bool good, const char *what, uint64_t got, uint64_t want)
{
	checks++;
	if (good)
		return;
	failures++;
	print("FAIL: hvc #");
	print_number(about_immediate);
	print(", ");
	print(vdsogen_function_name(about_function));
	print(": ");
	print(what);
	print(" is ");
	print_number(got);
	print(", not ");
	print_number(want);
	print("\n");
}

static void equal(const char *what, uint64_t got, uint64_t want)
{
	check(got == want, what, got, want);
}

void finish(void);
void finish(void)
{
	const uint64_t end[] = { APPLICATION_EXIT, failures || !checks };

	print_number(checks);
	print(" checks, ");
	print_number(failures);
	print(" failures\n");
	semihost(SYS_EXIT, end);
}

void unexpected(uint64_t esr, uint64_t elr, unsigned int level);
void unexpected(uint64_t esr, uint64_t elr, unsigned int level)
{
	failures++;
	print(level == 1 ? "FAIL: exception at EL1: ESR " : "FAIL: exception at EL2: ESR ");
	print_number(esr);
	print(" at ");
	print_number(elr);
	print("\n");
	finish();
}

/* -------------------------------------------------------------------------
 * EL2.
 */
#define EC_HVC 0x16	/* Arm ARM D17.2.37: ESR_ELx.EC, HVC by AArch64; the ISS is its immediate */
#define ESR_EC(esr) ((esr) >> 26 & 0x3f)
#define ESR_IMMEDIATE(esr) ((esr) & 0xffff)

struct frame {
	uint64_t x[31], elr, esr;
};

static struct frame trap;
static unsigned int traps;
static bool made_up;
static uint64_t made_up_value;

/* An answer that tells what was asked. */
static uint64_t answer(uint64_t number, uint64_t immediate)
{
	return made_up ? made_up_value : 0x1234000000000000 | number << 16 | immediate;
}

void hypervisor(struct frame *frame);
void hypervisor(struct frame *frame)
{
	trap = *frame;
	traps++;
	if (ESR_EC(frame->esr) != EC_HVC)
		unexpected(frame->esr, frame->elr, 2);
	if (frame->x[8] == SYS_RT_SIGRETURN)
		frame->elr = frame->x[30];	/* what a signal's frame would say */
	frame->x[0] = answer(frame->x[8], ESR_IMMEDIATE(frame->esr));
}

/* -------------------------------------------------------------------------
 * EL1: the guest.
 */
#define KEPT 11		/* x19..x28 and the stack pointer */

struct saved {
	uint64_t before[KEPT], after[KEPT];
};

typedef long fn(uint64_t a, uint64_t b, uint64_t c);
long call(fn *fn, uint64_t a, uint64_t b, uint64_t c, struct saved *saved);

static _Alignas(VDSOGEN_PAGE) uint8_t code[8 * VDSOGEN_PAGE];
static struct vdsogen_image image;

/* System call numbers: Linux include/uapi/asm-generic/unistd.h. And how many arguments they have. */
static const struct { uint16_t number, arguments; } calls[] = {
	[VDSOGEN_CLOCK_GETTIME] = { SYS_CLOCK_GETTIME, 2 },
	[VDSOGEN_GETTIMEOFDAY] = { 169, 2 },
	[VDSOGEN_TIME] = { SYS_CLOCK_GETTIME, 0 },	/* those are not the caller's */
	[VDSOGEN_CLOCK_GETRES] = { 114, 2 },
	[VDSOGEN_GETCPU] = { 168, 3 },
	[VDSOGEN_RT_SIGRETURN] = { SYS_RT_SIGRETURN, 0 },
	[VDSOGEN_GETPID] = { 172, 0 },
	[VDSOGEN_GETPPID] = { 173, 0 },
	[VDSOGEN_GETTID] = { 178, 0 },
	[VDSOGEN_GETPGID] = { 155, 1 },
	[VDSOGEN_GETSID] = { 156, 1 },
	[VDSOGEN_GETPRIORITY] = { 141, 2 },
	[VDSOGEN_GETUID] = { 174, 0 },
	[VDSOGEN_GETEUID] = { 175, 0 },
	[VDSOGEN_GETGID] = { 176, 0 },
	[VDSOGEN_GETEGID] = { 177, 0 },
	[VDSOGEN_UNAME] = { 160, 1 },
	[VDSOGEN_GETRANDOM] = { SYS_GETRANDOM, 3 },
};

static uint64_t counter(void)
{
	uint64_t value;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value) : : "memory");
	return value;
}

static uint64_t hz(void)
{
	uint64_t value;

	__asm__("mrs %0, cntfrq_el0" : "=r"(value));
	return value;
}

static void build(uint64_t immediate, uint32_t pads)
{
	const struct vdsogen_arch *arch = vdsogen_arch_aarch64();
	const struct vdsogen_config config = {
		.functions = vdsogen_arch_functions(arch),
		.fallback = VDSOGEN_FALLBACK_HVC, .fallback_at = immediate,
		.landing_pads = pads, .options = VDSOGEN_GUARD,
	};
	size_t size = sizeof code;

	about_immediate = immediate;
	about_function = VDSOGEN_CLOCK_GETTIME;
	equal("vdsogen_build()", (uint64_t)vdsogen_build(arch, &config, code, &size), 0);
	equal("vdsogen_open()", (uint64_t)vdsogen_open(code, size, &image), 0);
	equal("fallback_at", image.config.fallback_at, immediate);
	__asm__ volatile("dsb sy\n\tic iallu\n\tdsb sy\n\tisb" : : : "memory");
}

static uint64_t run(unsigned int function, uint64_t a, uint64_t b, uint64_t c)
{
	struct saved saved;
	uint64_t value;

	about_function = function;
	value = (uint64_t)call((fn *)(uintptr_t)(code + image.function[function].at), a, b, c,
			       &saved);
	for (unsigned int i = 0; i < KEPT; i++)
		equal("a register that a call keeps", saved.after[i], saved.before[i]);
	return value;
}

/* The trap is the one that the image describes. */
static void check_trap(unsigned int function)
{
	unsigned int found = VDSOGEN_FUNCTIONS;

	equal("traps", traps, 1);
	equal("the immediate", ESR_IMMEDIATE(trap.esr), about_immediate);
	equal("the system call", trap.x[8], calls[function].number);
	equal("ELR_EL2", trap.elr - (uintptr_t)code, image.function[function].resume);
	equal("vdsogen_fallback_at()",
	      (uint64_t)vdsogen_fallback_at(&image, trap.elr - (uintptr_t)code, &found), 0);
	equal("the function at the trap", found, function);
}

/* No function answers these itself before its clock is started; time() has its own. */
static const uint64_t arguments[] = {
	VDSOGEN_MONOTONIC, 0x2222222222222222, 0x3333333333333333
};

static void check_function(unsigned int function)
{
	static const int64_t values[] = { -22, -1, 0x123456789abcdef };
	bool time = function == VDSOGEN_TIME;
	uint64_t value, seconds = 0, a = time ? (uintptr_t)&seconds : arguments[0];

	traps = 0;
	value = run(function, a, arguments[1], arguments[2]);
	check_trap(function);
	equal("the answer", value, answer(calls[function].number, about_immediate));
	if (time)
		equal("the clock that is asked for", trap.x[0], VDSOGEN_REALTIME_COARSE);
	for (unsigned int i = 0; i < calls[function].arguments; i++)
		equal("an argument", trap.x[i], arguments[i]);
	if (function == VDSOGEN_CLOCK_GETTIME || function == VDSOGEN_GETTIMEOFDAY)
		equal("the counter that was not read", trap.x[image.counter_register], 0);
	made_up = true;
	for (unsigned int i = 0; i < COUNT(values); i++) {
		made_up_value = (uint64_t)values[i];
		equal("an answer", run(function, a, arguments[1], arguments[2]), made_up_value);
	}
	made_up = false;
	equal("what time() stores of an error", seconds, 0);
}

static void check_every_function(void)
{
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++)
		if (image.config.functions >> f & 1)
			check_function(f);
}

static void start(struct vdsogen_clock *clock, uint64_t max_age)
{
	const struct vdsogen_source source = { .hz = hz(), .max_age = max_age };
	struct vdsogen_sample sample = {
		.realtime = { 1000, 1 }, .monotonic = { 2000, 2 }, .boottime = { 3000, 3 },
		.raw = { 4000, 4 },
	};

	sample.before = sample.after = counter();
	equal("vdsogen_clock_start()", (uint64_t)vdsogen_clock_start(clock, &source, &sample), 0);
}

/* A started clock needs no hypervisor; with attention, everything does. */
static void check_started(struct vdsogen_clock *clock)
{
	uint64_t time[2] = { 0, 0 };

	start(clock, 0);
	traps = 0;
	equal("the answer", run(VDSOGEN_CLOCK_GETTIME, VDSOGEN_MONOTONIC, (uintptr_t)time, 0), 0);
	equal("traps", traps, 0);
	check(time[0] - 2000 < 1000, "the second", time[0], 2000);
	check(time[1] < NSEC_PER_SEC, "nanoseconds", time[1], 0);
	vdsogen_clock_attention(clock, 1, 0);
	check_every_function();
	vdsogen_clock_attention(clock, 0, 1);
}

/* An old line: the trap tells the counter that was read, and that one may anchor. */
static void check_counter(struct vdsogen_clock *clock)
{
	uint64_t before, time[2];
	struct vdsogen_trap said = { .clock_id = VDSOGEN_MONOTONIC };

	start(clock, 1);
	before = counter();
	while (counter() == before)
		;
	traps = 0;
	run(VDSOGEN_CLOCK_GETTIME, VDSOGEN_MONOTONIC, (uintptr_t)time, 0);
	check_trap(VDSOGEN_CLOCK_GETTIME);
	said.pc = trap.elr - (uintptr_t)code;
	said.counter = trap.x[image.counter_register];
	said.now = counter();
	said.window = said.now - before;
	check(said.counter >= before && said.counter <= said.now, "the counter", said.counter, before);
	equal("vdsogen_may_anchor()", (uint64_t)vdsogen_may_anchor(&image, &said), 0);
	said.pc = image.function[VDSOGEN_GETCPU].resume;
	equal("vdsogen_may_anchor() elsewhere", (uint64_t)vdsogen_may_anchor(&image, &said),
	      (uint64_t)-VDSOGEN_ERR_UNTRUSTED);
}

void guest(void);
void guest(void)
{
	static const uint16_t immediates[] = { 0, 1, 0x1234, 0xffff };

	for (unsigned int i = 0; i < COUNT(immediates); i++)
		for (uint32_t pads = VDSOGEN_LANDING_PADS_OFF; pads <= VDSOGEN_LANDING_PADS_ON; pads++) {
			struct vdsogen_clock *clock;

			build(immediates[i], pads);
			clock = (struct vdsogen_clock *)(code + image.clock);
			check_every_function();
			check_started(clock);
			check_counter(clock);
		}
}

/* -------------------------------------------------------------------------
 * What the library needs from outside.
 */
void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	return memmove(to, from, size);
}

void *memmove(void *to, const void *from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if (t <= f)
		for (size_t i = 0; i < size; i++)
			t[i] = f[i];
	else
		while (size--)
			t[size] = f[size];
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)to)[i] = (uint8_t)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < size; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

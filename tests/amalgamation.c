/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program without a C library, of the one pair of files and this one: builds
 * the image of this machine's architecture, writes it to standard output, then
 * starts its clock and calls its clock_gettime between two readings of the
 * counter. The exit status says how far it came: 0 is all the way.
 */
#include "vdsogen.h"

enum { GOOD, BUILD, ROOM, OUTPUT, OPEN, START, PROTECT, CALL, BEFORE, AFTER, BACKWARDS, CLOCKS };

enum { PROT_READ = 1, PROT_EXEC = 4, STDOUT = 1, CALLS = 1000, PAGES = 4 };

/* ---- what a kernel has anyway ------------------------------------------- */

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
_Noreturn void start(void);

/* Through volatile, so that the loop is not made a call of the function itself. */
void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	volatile unsigned char *at = to;

	for (size_t i = 0; i < size; i++)
		at[i] = ((const unsigned char *)from)[i];
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	volatile unsigned char *at = to;

	if ((uintptr_t)to <= (uintptr_t)from)
		return memcpy(to, from, size);
	while (size-- > 0)
		at[size] = ((const unsigned char *)from)[size];
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	volatile unsigned char *at = to;

	for (size_t i = 0; i < size; i++)
		at[i] = (unsigned char)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const volatile unsigned char *x = a, *y = b;

	for (size_t i = 0; i < size; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

/* ---- the machine ---------------------------------------------------------- */

#if defined(__x86_64__)
enum { SYS_WRITE = 1, SYS_MPROTECT = 10, SYS_EXIT = 60 };

__asm__(".globl _start\n_start: xor %ebp, %ebp; and $-16, %rsp; call start");

static long system_call(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "0"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

static uint64_t counter(void *unused)
{
	uint32_t low, high;

	(void)unused;
	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

#define THIS_MACHINE vdsogen_arch_x86_64
#elif defined(__aarch64__)
enum { SYS_WRITE = 64, SYS_EXIT = 93, SYS_MPROTECT = 226 };

__asm__(".globl _start\n_start: mov x29, #0; mov x30, #0; bl start");

static long system_call(long number, long a, long b, long c)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
}

static uint64_t counter(void *unused)
{
	uint64_t value;

	(void)unused;
	__asm__ volatile("dsb ish; isb; mrs %0, cntvct_el0; isb" : "=r"(value) : : "memory");
	return value;
}

#define THIS_MACHINE vdsogen_arch_aarch64
#else
#error "this test does not know the system calls of this architecture"
#endif

/* ---- the test ------------------------------------------------------------- */

struct timespec {
	int64_t sec, nsec;
};

static _Alignas(VDSOGEN_PAGE) unsigned char page[PAGES * VDSOGEN_PAGE];

static int compare(const struct vdsogen_time *a, const struct timespec *b)
{
	if (a->sec != b->sec)
		return a->sec < b->sec ? -1 : 1;
	return (a->nsec > b->nsec) - (a->nsec < b->nsec);
}

/* What the guest reads is between what the library reads at the counter before and behind. */
static int ask(const struct vdsogen_image *image, const struct vdsogen_clock *clock, int id)
{
	int (*gettime)(int id, struct timespec *time) = (int (*)(int, struct timespec *))(uintptr_t)
		(page + image->function[VDSOGEN_CLOCK_GETTIME].at);
	struct vdsogen_time earliest, latest;
	struct timespec time, last = { 0, 0 };

	for (int i = 0; i < CALLS; i++) {
		uint64_t before = counter(NULL);

		if (gettime(id, &time))
			return CALL;
		if (vdsogen_clock_read(clock, id, before, &earliest) ||
		    vdsogen_clock_read(clock, id, counter(NULL), &latest))
			return CLOCKS;
		if (compare(&earliest, &time) > 0)
			return BEFORE;
		if (compare(&latest, &time) < 0)
			return AFTER;
		if (time.sec < last.sec || (time.sec == last.sec && time.nsec < last.nsec))
			return BACKWARDS;
		last = time;
	}
	return GOOD;
}

static int test(void)
{
	/* Any frequency will do: nothing here is compared with other clocks. */
	const struct vdsogen_source source = { .hz = 1000000000 };
	struct vdsogen_sample sample = {
		.realtime = { 1700000000, 999999999 }, .monotonic = { 5, 0 }, .tai_offset = 37,
	};
	struct vdsogen_image image;
	struct vdsogen_clock *clock;
	size_t size = 0;
	int status;

	if (vdsogen_build(THIS_MACHINE(), NULL, page, &size) != -VDSOGEN_ERR_NOSPACE ||
	    !size || size > sizeof page)
		return ROOM;
	size = sizeof page;
	if (vdsogen_build(THIS_MACHINE(), NULL, page, &size))
		return BUILD;
	if (system_call(SYS_WRITE, STDOUT, (long)page, (long)size) != (long)size)
		return OUTPUT;
	if (vdsogen_open(page, size, &image))
		return OPEN;
	clock = (struct vdsogen_clock *)(page + image.clock);
	sample.before = sample.after = counter(NULL);
	if (vdsogen_clock_start(clock, &source, &sample))
		return START;
	sample.before = sample.after = counter(NULL);
	if (vdsogen_clock_update(clock, &sample, counter, NULL))
		return START;
	if (system_call(SYS_MPROTECT, (long)page, sizeof page, PROT_READ | PROT_EXEC))
		return PROTECT;
	status = ask(&image, clock, VDSOGEN_REALTIME);
	return status ? status : ask(&image, clock, VDSOGEN_MONOTONIC);
}

_Noreturn void start(void)
{
	int status = test();

	for (;;)
		system_call(SYS_EXIT, status, 0, 0);
}

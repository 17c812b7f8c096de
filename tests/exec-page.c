/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

#include "exec.h"
#include "host.h"

#define SKIPPED 77

long ask(long number, uintptr_t a, uintptr_t b, uintptr_t c)
{
	long value = syscall(number, a, b, c);

	return value == -1 ? -errno : value;
}

/* -------------------------------------------------------------------------
 * Mapping. A file has the image and, behind it, the pages of data that are outside of it:
 * one mapping of all of it is the publisher's, and the guest's has each at its distance from
 * the image, in room that is kept free for them.
 */
struct layout page_layout;

#define FAR (VDSOGEN_DISTANCE_MAX + VDSOGEN_PAGE)

static size_t room_of(const struct page *page)
{
	return page->size + 2 * FAR;
}

static size_t data_of(const struct page *page)
{
	return page->size + PAGE_OUTSIDE * VDSOGEN_PAGE;
}

static void cannot_map(void)
{
	printf("SKIP: cannot map memory of a file as executable: %s\n", strerror(errno));
	exit(SKIPPED);
}

static void *map(void *where, size_t size, int protection, int fd, size_t offset)
{
	void *memory = mmap(where, size, protection, MAP_SHARED | (where ? MAP_FIXED : 0), fd,
			    (off_t)offset);

	if (memory == MAP_FAILED)
		cannot_map();
	return memory;
}

/* Where the publisher finds what the guest sees so far from the image. */
static void *behind(struct page *page, int32_t at)
{
	int32_t start = at & -VDSOGEN_PAGE;
	unsigned int i = 0;

	if (at >= 0 && (size_t)at < page->size)
		return page->data + at;
	while (i < page->outsides && page->outside[i] != start)
		i++;
	CHECK(i < PAGE_OUTSIDE, "more pages outside than this test has room for");
	if (i == page->outsides)
		page->outside[page->outsides++] = start;
	return page->data + page->size + i * VDSOGEN_PAGE + (at - start);
}

/* As a guest sees it, in that room or anywhere. */
static void show_guest(struct page *page, void *room)
{
	page->code = room;
	if (!room) {
		page->code = mmap(NULL, room_of(page), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (page->code == MAP_FAILED)
			cannot_map();
	}
	page->code += FAR;
	map(page->code, page->size, PROT_READ | PROT_EXEC, page->fd, 0);
	for (unsigned int i = 0; i < page->outsides; i++)
		map(page->code + page->outside[i], VDSOGEN_PAGE, PROT_READ, page->fd,
		    page->size + i * VDSOGEN_PAGE);
	__builtin___clear_cache((char *)page->code, (char *)page->code + page->size);
}

/* As its publisher does: the file, empty. */
static void show_publisher(struct page *page)
{
	page->fd = memfd_create("exec", MFD_CLOEXEC);
	if (page->fd < 0 || ftruncate(page->fd, (off_t)data_of(page)))
		cannot_map();
	page->data = map(NULL, data_of(page), PROT_READ | PROT_WRITE, page->fd, 0);
}

static void find_data(struct page *page)
{
	const struct vdsogen_config *config = &page->image.config;

	page->clock = behind(page, page->image.clock);
	if (page->image.process)
		page->process = behind(page, page->image.process);
	if (config->getcpu == VDSOGEN_GETCPU_WORD)
		page->cpu_word = behind(page, config->getcpu_at);
}

void page_make(struct page *page, const struct vdsogen_config *wanted, enum page_traps traps)
{
	struct vdsogen_config config = wanted ? *wanted : (struct vdsogen_config){ 0 };
	int error;

	config.data = page_layout.data;
	config.distance = page_layout.distance;
	config.process = page_layout.process;
	config.process_distance = page_layout.process_distance;

	memset(page, 0, sizeof *page);
	error = vdsogen_build(host_arch(), &config, NULL, &page->size);
	CHECK(!error, "vdsogen_build: %s", vdsogen_strerror(error));
	show_publisher(page);
	error = vdsogen_build(host_arch(), &config, page->data, &page->size);
	CHECK(!error, "vdsogen_build: %s", vdsogen_strerror(error));
	error = vdsogen_open(page->data, page->size, &page->image);
	CHECK(!error, "vdsogen_open: %s", vdsogen_strerror(error));
	find_data(page);
	if (page->image.config.data != VDSOGEN_DATA_INSIDE) {
		error = vdsogen_clock_init(page->clock, &page->image);
		CHECK(!error, "vdsogen_clock_init: %s", vdsogen_strerror(error));
	}
	page->counts = traps == PAGE_COUNTS;
	if (page->counts)
		trap_patch(page);
	trap_watch(page);
	show_guest(page, NULL);
}

void page_clone(struct page *clone, const struct page *page)
{
	*clone = *page;
	show_publisher(clone);
	memcpy(clone->data, page->data, data_of(page));
	clone->image.base = clone->data;
	find_data(clone);
	show_guest(clone, NULL);
}

void page_replace(struct page *page, const struct page *by)
{
	uint8_t *room = page->code - FAR;

	*page = *by;
	show_guest(page, room);
}

size_t page_bytes(const struct page *page)
{
	return data_of(page);
}

void page_free(struct page *page)
{
	munmap(page->code - FAR, room_of(page));
	munmap(page->data, data_of(page));
	close(page->fd);
	memset(page, 0, sizeof *page);
}

/* -------------------------------------------------------------------------
 * The processor.
 */
#if defined __x86_64__
#define LINUX_CPU_SELECTOR 0x7bu	/* __CPUNODE_SEG: Linux arch/x86/include/asm/segment.h */

static bool has_rdtscp(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid(0x80000001, &a, &b, &c, &d) && d >> 27 & 1;	/* SDM volume 2, CPUID */
}

static bool has_rdpid(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && c >> 22 & 1;
}

bool counter_works(uint32_t counter)
{
	return counter != VDSOGEN_COUNTER_SELF_FENCED || has_rdtscp();
}

/* Linux's segment has a limit; a selector that names no segment would leave ZF clear. */
static bool has_cpu_segment(void)
{
	uint32_t limit;
	bool good;

	__asm__("lsl %2, %1" : "=@ccz"(good), "=r"(limit) : "r"(LINUX_CPU_SELECTOR));
	return good;
}

bool getcpu_works(uint32_t getcpu)
{
	return getcpu == VDSOGEN_GETCPU_FALLBACK || getcpu == VDSOGEN_GETCPU_ZERO ||
	       (getcpu == VDSOGEN_GETCPU_LSL && has_cpu_segment()) ||
	       (getcpu == VDSOGEN_GETCPU_RDTSCP && has_rdtscp()) ||
	       (getcpu == VDSOGEN_GETCPU_RDPID && has_rdpid());
}
#elif defined __aarch64__
#ifndef HWCAP2_ECV
#define HWCAP2_ECV (1 << 19)	/* Linux arch/arm64/include/uapi/asm/hwcap.h */
#endif

bool counter_works(uint32_t counter)
{
	return counter != VDSOGEN_COUNTER_SELF_FENCED || getauxval(AT_HWCAP2) & HWCAP2_ECV;
}

/* Linux keeps TPIDRRO_EL0 at 0 for 64-bit programs. */
bool getcpu_works(uint32_t getcpu)
{
	return getcpu == VDSOGEN_GETCPU_FALLBACK || getcpu == VDSOGEN_GETCPU_ZERO ||
	       getcpu == VDSOGEN_GETCPU_TPIDRRO;
}
#endif

/* -------------------------------------------------------------------------
 * Publishing.
 */
static void read_floor(struct timespec floor[2])
{
	ask(SYS_clock_gettime, CLOCK_REALTIME, (uintptr_t)&floor[0], 0);
	ask(SYS_clock_gettime, CLOCK_MONOTONIC, (uintptr_t)&floor[1], 0);
}

void page_start(struct page *page)
{
	static uint64_t hz;
	struct vdsogen_sample sample;
	int zone[2] = { 0, 0 }, error;

	if (!hz)
		hz = host_counter_hz();
	ask(SYS_gettimeofday, 0, (uintptr_t)zone, 0);
	page->source.hz = hz;
	page->source.minutes_west = zone[0];
	page->source.dst = zone[1];
	page->source.res_coarse = host_res_coarse();
	/*
	 * A latch jumps ahead as its rate falls. Samples under an emulator are
	 * so bad, and here so many, that it would be far from the system's time.
	 */
	if (page->image.config.options & VDSOGEN_LATCH)
		page->source.slew_ppm = 1;
	read_floor(page->floor);
	host_sample(&sample);
	error = vdsogen_clock_start(page->clock, &page->source, &sample);
	CHECK(!error, "vdsogen_clock_start: %s", vdsogen_strerror(error));
}

int page_update(struct page *page)
{
	struct vdsogen_sample sample;
	struct timespec floor[2];
	int error;

	read_floor(floor);
	host_sample(&sample);
	error = vdsogen_clock_update(page->clock, &sample, host_counter, NULL);
	if (!error)
		memcpy(page->floor, floor, sizeof floor);
	return error;
}

/* -------------------------------------------------------------------------
 * Calling. The assembly fills the preserved registers, calls, and hands back
 * what they hold then.
 */
#if defined __x86_64__
enum { RBX, RBP, R12, R13, R14, R15, PRESERVED };
#define FLAGS_DF (1u << 10)

__asm__(".text\n"
	".type exec_call, @function\n"
	"exec_call:\n"
	"	push %rbx\n	push %rbp\n	push %r12\n"
	"	push %r13\n	push %r14\n	push %r15\n"
	"	push %r8\n"			/* and the stack is aligned to 16 */
	"	mov %rdi, %rax\n	mov %rsi, %rdi\n"
	"	mov %rdx, %rsi\n	mov %rcx, %rdx\n"
	"	mov 0(%r8), %rbx\n	mov 8(%r8), %rbp\n	mov 16(%r8), %r12\n"
	"	mov 24(%r8), %r13\n	mov 32(%r8), %r14\n	mov 40(%r8), %r15\n"
	"	mov $-2, %rcx\n		mov $-3, %r8\n		mov $-4, %r9\n"
	"	mov $-5, %r10\n		mov $-6, %r11\n"
	"	call *%rax\n"
	"	pop %r8\n"
	"	mov %rbx, 48(%r8)\n	mov %rbp, 56(%r8)\n	mov %r12, 64(%r8)\n"
	"	mov %r13, 72(%r8)\n	mov %r14, 80(%r8)\n	mov %r15, 88(%r8)\n"
	"	pushf\n	pop 96(%r8)\n	cld\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n"
	"	pop %r12\n	pop %rbp\n	pop %rbx\n"
	"	ret\n"
	".size exec_call, . - exec_call\n");

#elif defined __aarch64__
enum { X18, X19, X20, X21, X22, X23, X24, X25, X26, X27, X28, X29, PRESERVED };
#define FLAGS_DF 0u

/* x30 is the link; x28 keeps where the registers go and must come back as well. */
__asm__(".text\n"
	".type exec_call, %function\n"
	"exec_call:\n"
	"	stp x29, x30, [sp, #-112]!\n"
	"	stp x19, x20, [sp, #16]\n	stp x21, x22, [sp, #32]\n"
	"	stp x23, x24, [sp, #48]\n	stp x25, x26, [sp, #64]\n"
	"	stp x27, x28, [sp, #80]\n	stp x18, x4, [sp, #96]\n"
	"	mov x16, x0\n	mov x0, x1\n	mov x1, x2\n	mov x2, x3\n"
	"	ldp x18, x19, [x4]\n		ldp x20, x21, [x4, #16]\n"
	"	ldp x22, x23, [x4, #32]\n	ldp x24, x25, [x4, #48]\n"
	"	ldp x26, x27, [x4, #64]\n	ldp x28, x29, [x4, #80]\n"
	"	mov x3, #-2\n	mov x4, #-3\n	mov x5, #-4\n	mov x6, #-5\n"
	"	mov x7, #-6\n	mov x8, #-7\n	mov x9, #-8\n"
	"	blr x16\n"
	"	ldr x4, [sp, #104]\n"
	"	stp x18, x19, [x4, #96]\n	stp x20, x21, [x4, #112]\n"
	"	stp x22, x23, [x4, #128]\n	stp x24, x25, [x4, #144]\n"
	"	stp x26, x27, [x4, #160]\n	stp x28, x29, [x4, #176]\n"
	"	str xzr, [x4, #192]\n"
	"	ldp x27, x28, [sp, #80]\n	ldr x18, [sp, #96]\n"
	"	ldp x25, x26, [sp, #64]\n	ldp x23, x24, [sp, #48]\n"
	"	ldp x21, x22, [sp, #32]\n	ldp x19, x20, [sp, #16]\n"
	"	ldp x29, x30, [sp], #112\n"
	"	ret\n"
	".size exec_call, . - exec_call\n");
#else
#error "no calling convention known for this architecture: add it here"
#endif

struct registers {
	uint64_t before[PRESERVED], after[PRESERVED], flags;
};

long exec_call(page_fn *fn, uintptr_t a, uintptr_t b, uintptr_t c, struct registers *registers);

page_fn *page_function(const struct page *page, unsigned int function)
{
	return (page_fn *)(uintptr_t)(page->code + page->image.function[function].at);
}

page_fn *page_slot(const struct page *page, unsigned int function)
{
	return (page_fn *)(uintptr_t)(page->code + VDSOGEN_SLOT(function));
}

/* `function` only names it. */
static long call(page_fn *fn, unsigned int function, uintptr_t a, uintptr_t b, uintptr_t c)
{
	struct registers registers;
	long value;

	for (unsigned int i = 0; i < PRESERVED; i++)
		registers.before[i] = 0x5a5a000000000000u + i;
	value = exec_call(fn, a, b, c, &registers);
	CHECK(!memcmp(registers.before, registers.after, sizeof registers.before),
	      "%s changes a register that is its caller's", vdsogen_function_name(function));
	CHECK(!(registers.flags & FLAGS_DF), "%s sets the direction flag",
	      vdsogen_function_name(function));
	return value;
}

long page_call(const struct page *page, unsigned int function, uintptr_t a, uintptr_t b,
	       uintptr_t c)
{
	return call(page_function(page, function), function, a, b, c);
}

long page_call_slot(const struct page *page, unsigned int function, uintptr_t a, uintptr_t b,
		    uintptr_t c)
{
	return call(page_slot(page, function), function, a, b, c);
}

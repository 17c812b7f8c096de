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
		page->code = mmap(NULL, room_of(page), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
				  -1, 0);
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
	if (!CHECK(!error, "vdsogen_build: %s", vdsogen_strerror(error)))
		exit(EXIT_FAILURE);	/* without an image there is nothing to map: no reason to skip */
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
 * Calling. The assembly fills the preserved registers and the vector registers,
 * calls, and hands back what they hold then.
 */
#if defined __x86_64__
enum { RBX, RBP, R12, R13, R14, R15, PRESERVED };
#define FLAGS_DF (1u << 10)
#define VECTORS 16

struct registers {
	uint64_t before[PRESERVED], after[PRESERVED], flags, pad;
	uint64_t vector[VECTORS][2];
};

/* psABI x86-64, 3.2.1: no vector register is preserved */
static bool vectors_preserved(const struct registers *registers)
{
	(void)registers;
	return true;
}

__asm__(".text\n"
	".type exec_call, @function\n"
	"exec_call:\n"
	"	push %rbx\n	push %rbp\n	push %r12\n"
	"	push %r13\n	push %r14\n	push %r15\n"
	"	push %rdx\n"			/* and the stack is aligned to 16 */
	"	mov %rdi, %rax\n	mov %rsi, %r10\n	mov %rdx, %r11\n"
	"	mov 0(%r11), %rbx\n	mov 8(%r11), %rbp\n	mov 16(%r11), %r12\n"
	"	mov 24(%r11), %r13\n	mov 32(%r11), %r14\n	mov 40(%r11), %r15\n"
	"	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
	"	movups (%r11), %xmm\\n\n"
	"	.endr\n"
	"	mov 0(%r10), %rdi\n	mov 8(%r10), %rsi\n	mov 16(%r10), %rdx\n"
	"	mov 24(%r10), %rcx\n	mov 32(%r10), %r8\n"
	"	mov $-4, %r9\n		mov $-5, %r10\n	mov $-6, %r11\n"
	"	call *%rax\n"
	"	pop %r8\n"
	"	mov %rbx, 48(%r8)\n	mov %rbp, 56(%r8)\n	mov %r12, 64(%r8)\n"
	"	mov %r13, 72(%r8)\n	mov %r14, 80(%r8)\n	mov %r15, 88(%r8)\n"
	"	pushf\n	pop 96(%r8)\n	cld\n"
	"	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
	"	movups %xmm\\n, 112 + 16 * \\n(%r8)\n"
	"	.endr\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n"
	"	pop %r12\n	pop %rbp\n	pop %rbx\n"
	"	ret\n"
	".size exec_call, . - exec_call\n");

#elif defined __aarch64__
enum { X18, X19, X20, X21, X22, X23, X24, X25, X26, X27, X28, X29, PRESERVED };
#define FLAGS_DF 0u
#define VECTORS 32

struct registers {
	uint64_t before[PRESERVED], after[PRESERVED], flags, pad;
	uint64_t vector[VECTORS][2];
};

/* AAPCS64, 6.1.2: the lower halves of v8 to v15, which all begin with before[0] */
static bool vectors_preserved(const struct registers *registers)
{
	for (unsigned int i = 8; i < 16; i++)
		if (registers->vector[i][0] != registers->before[0])
			return false;
	return true;
}

/* x30 is the link; x28 keeps where the registers go and must come back as well. */
__asm__(".text\n"
	".type exec_call, %function\n"
	"exec_call:\n"
	"	stp x29, x30, [sp, #-176]!\n"
	"	stp x19, x20, [sp, #16]\n	stp x21, x22, [sp, #32]\n"
	"	stp x23, x24, [sp, #48]\n	stp x25, x26, [sp, #64]\n"
	"	stp x27, x28, [sp, #80]\n	stp x18, x2, [sp, #96]\n"
	"	stp d8, d9, [sp, #112]\n	stp d10, d11, [sp, #128]\n"
	"	stp d12, d13, [sp, #144]\n	stp d14, d15, [sp, #160]\n"
	"	mov x16, x0\n	mov x17, x1\n	mov x9, x2\n"
	"	ldp x18, x19, [x9]\n		ldp x20, x21, [x9, #16]\n"
	"	ldp x22, x23, [x9, #32]\n	ldp x24, x25, [x9, #48]\n"
	"	ldp x26, x27, [x9, #64]\n	ldp x28, x29, [x9, #80]\n"
	"	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
	"	ldr q\\n, [x9]\n"
	"	.endr\n"
	"	.irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
	"	ldr q\\n, [x9]\n"
	"	.endr\n"
	"	ldp x0, x1, [x17]\n	ldp x2, x3, [x17, #16]\n	ldr x4, [x17, #32]\n"
	"	mov x5, #-4\n	mov x6, #-5\n"
	"	mov x7, #-6\n	mov x8, #-7\n	mov x9, #-8\n"
	"	blr x16\n"
	"	ldr x9, [sp, #104]\n"
	"	stp x18, x19, [x9, #96]\n	stp x20, x21, [x9, #112]\n"
	"	stp x22, x23, [x9, #128]\n	stp x24, x25, [x9, #144]\n"
	"	stp x26, x27, [x9, #160]\n	stp x28, x29, [x9, #176]\n"
	"	str xzr, [x9, #192]\n"
	"	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
	"	str q\\n, [x9, #208 + 16 * \\n]\n"
	"	.endr\n"
	"	.irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
	"	str q\\n, [x9, #208 + 16 * \\n]\n"
	"	.endr\n"
	"	ldp d8, d9, [sp, #112]\n	ldp d10, d11, [sp, #128]\n"
	"	ldp d12, d13, [sp, #144]\n	ldp d14, d15, [sp, #160]\n"
	"	ldp x27, x28, [sp, #80]\n	ldr x18, [sp, #96]\n"
	"	ldp x25, x26, [sp, #64]\n	ldp x23, x24, [sp, #48]\n"
	"	ldp x21, x22, [sp, #32]\n	ldp x19, x20, [sp, #16]\n"
	"	ldp x29, x30, [sp], #176\n"
	"	ret\n"
	".size exec_call, . - exec_call\n");
#else
#error "no calling convention known for this architecture: add it here"
#endif

/* What the assembly's numbers say. */
_Static_assert(offsetof(struct registers, after) == PRESERVED * sizeof(uint64_t) &&
	       offsetof(struct registers, flags) == 2 * PRESERVED * sizeof(uint64_t) &&
	       offsetof(struct registers, vector) == (2 * PRESERVED + 2) * sizeof(uint64_t),
	       "exec_call's offsets");

long exec_call(page_fn *fn, const uintptr_t arguments[PAGE_ARGUMENTS],
	       struct registers *registers);

page_fn *page_function(const struct page *page, unsigned int function)
{
	return (page_fn *)(uintptr_t)(page->code + page->image.function[function].at);
}

page_fn *page_slot(const struct page *page, unsigned int function)
{
	return (page_fn *)(uintptr_t)(page->code + VDSOGEN_SLOT(function));
}

/* Words of memory that are in a vector register, which 4 bytes at random hardly are. */
static bool is_in_vectors(const struct registers *registers, const struct secret *secret)
{
	uint32_t vector[sizeof registers->vector / sizeof(uint32_t)], word;

	memcpy(vector, registers->vector, sizeof vector);
	for (size_t at = 0; at + sizeof word <= secret->size; at += sizeof word) {
		memcpy(&word, (const uint8_t *)secret->bytes + at, sizeof word);
		for (size_t i = 0; i < sizeof vector / sizeof *vector && word; i++)
			if (vector[i] == word)
				return true;
	}
	return false;
}

/* `function` only names it. */
static long call(page_fn *fn, unsigned int function, const uintptr_t arguments[PAGE_ARGUMENTS],
		 const struct secret *secret)
{
	struct registers registers;
	long value;

	for (unsigned int i = 0; i < PRESERVED; i++)
		registers.before[i] = 0x5a5a000000000000u + i;
	value = exec_call(fn, arguments, &registers);
	CHECK(!memcmp(registers.before, registers.after, sizeof registers.before) &&
	      vectors_preserved(&registers),
	      "%s changes a register that is its caller's", vdsogen_function_name(function));
	CHECK(!(registers.flags & FLAGS_DF), "%s sets the direction flag",
	      vdsogen_function_name(function));
	for (; secret && secret->size; secret++)
		CHECK(!is_in_vectors(&registers, secret), "%s leaves %s in a vector register",
		      vdsogen_function_name(function), secret->name);
	return value;
}

long page_call_all(const struct page *page, unsigned int function,
		   const uintptr_t arguments[PAGE_ARGUMENTS], const struct secret *secret)
{
	return call(page_function(page, function), function, arguments, secret);
}

long page_call(const struct page *page, unsigned int function, uintptr_t a, uintptr_t b,
	       uintptr_t c)
{
	const uintptr_t arguments[PAGE_ARGUMENTS] = { a, b, c, (uintptr_t)-2, (uintptr_t)-3 };

	return call(page_function(page, function), function, arguments, NULL);
}

long page_call_slot(const struct page *page, unsigned int function,
		    const uintptr_t arguments[PAGE_ARGUMENTS])
{
	return call(page_slot(page, function), function, arguments, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fallbacks that are code of the host: JUMP, to an address, and THREAD, to one that
 * each thread has for itself. The handlers leave nothing as it was that a C function
 * need not, and die if they are not called as one.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#ifdef __x86_64__
#include <asm/prctl.h>
#endif

#include "exec.h"
#include "host.h"

#define TEXT_(macro) #macro
#define TEXT(macro) TEXT_(macro)

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ARGUMENTS 3

/* -------------------------------------------------------------------------
 * The handlers. Two that count in the thread that calls them, by way of C; and one
 * that uses neither the stack nor the thread pointer, and is told apart by its count.
 */
void exec_handler(void);
void exec_other_handler(void);
void exec_bare_handler(void);
/* fn(a, b) with another thread pointer. */
long exec_call_elsewhere(page_fn *fn, uintptr_t a, uintptr_t b, uintptr_t thread_pointer);

uint64_t exec_bare_count;

enum { FIRST, OTHER, HANDLERS };

static _Thread_local struct asked {
	unsigned long count;
	long number;
	uintptr_t argument[ARGUMENTS];
	uint64_t counter;
} asked[HANDLERS];

#if defined __x86_64__
/* An aligned store faults unless the stack is as a call leaves it: psABI x86-64, 3.2.2. */
__asm__(".text\n"
	".globl exec_handler\n"
	".type exec_handler, @function\n"
	"exec_handler:\n"
	"	endbr64\n"
	"	xor %r9d, %r9d\n"
	"	jmp 1f\n"
	".size exec_handler, . - exec_handler\n"
	".globl exec_other_handler\n"
	".type exec_other_handler, @function\n"
	"exec_other_handler:\n"
	"	endbr64\n"
	"	mov $1, %r9d\n"
	"1:	sub $24, %rsp\n"
	"	movaps %xmm0, (%rsp)\n"
	"	mov %eax, %ecx\n"
	"	mov %r10, %r8\n"
	"	call exec_answer\n"
	"	add $24, %rsp\n"
	"	mov $-1, %rcx\n		mov %rcx, %rdx\n	mov %rcx, %rsi\n"
	"	mov %rcx, %rdi\n	mov %rcx, %r8\n		mov %rcx, %r9\n"
	"	mov %rcx, %r10\n	mov %rcx, %r11\n"
	"	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
	"	pcmpeqd %xmm\\n, %xmm\\n\n"
	"	.endr\n"
	"	ret\n"
	".size exec_other_handler, . - exec_other_handler\n"

	".globl exec_bare_handler\n"
	".type exec_bare_handler, @function\n"
	"exec_bare_handler:\n"
	"	endbr64\n"
	"	lock incq exec_bare_count(%rip)\n"
	"	syscall\n"
	"	ret\n"
	".size exec_bare_handler, . - exec_bare_handler\n"

	".globl exec_call_elsewhere\n"
	".type exec_call_elsewhere, @function\n"
	"exec_call_elsewhere:\n"
	"	push %rbx\n	push %rbp\n	push %r12\n"
	"	sub $16, %rsp\n"
	"	mov %fs:0, %rax\n"		/* psABI, 3.4.6: it points to itself */
	"	mov %rax, (%rsp)\n"
	"	mov %rdi, %rbx\n	mov %rsi, %rbp\n	mov %rdx, %r12\n"
	"	mov $" TEXT(SYS_arch_prctl) ", %eax\n"
	"	mov $" TEXT(ARCH_SET_FS) ", %edi\n"
	"	mov %rcx, %rsi\n"
	"	syscall\n"
	"	mov %rbp, %rdi\n	mov %r12, %rsi\n"
	"	call *%rbx\n"
	"	mov %rax, %rbx\n"
	"	mov $" TEXT(SYS_arch_prctl) ", %eax\n"
	"	mov $" TEXT(ARCH_SET_FS) ", %edi\n"
	"	mov (%rsp), %rsi\n"
	"	syscall\n"
	"	mov %rbx, %rax\n"
	"	add $16, %rsp\n"
	"	pop %r12\n	pop %rbp\n	pop %rbx\n"
	"	ret\n"
	".size exec_call_elsewhere, . - exec_call_elsewhere\n");

/* Displacements are signed: psABI x86-64, 3.4.6 has a program's variables below the pointer. */
static const int64_t distances[] = { 0, 8, -8, 4096, -4096, INT32_MAX, INT32_MIN };

static uintptr_t thread_pointer(void)
{
	uintptr_t pointer;

	__asm__("mov %%fs:0, %0" : "=r"(pointer));
	return pointer;
}

#elif defined __aarch64__
/* rt_sigreturn is no function: its handler is the system call, with the stack as it is. */
__asm__(".text\n"
	".globl exec_handler\n"
	".type exec_handler, %function\n"
	"exec_handler:\n"
	"	hint #34\n"			/* bti c */
	"	mov x5, #0\n"
	"	b 1f\n"
	".size exec_handler, . - exec_handler\n"
	".globl exec_other_handler\n"
	".type exec_other_handler, %function\n"
	"exec_other_handler:\n"
	"	hint #34\n"
	"	mov x5, #1\n"
	"1:	cmp w8, #" TEXT(__NR_rt_sigreturn) "\n"
	"	b.eq exec_bare_handler\n"
	"	mov x10, sp\n"
	"	tst x10, #15\n"			/* AAPCS64, 6.4.5.1 */
	"	b.eq 2f\n"
	"	brk #0\n"
	"2:	mov w3, w8\n"
	"	mov x4, x9\n"
	"	stp x29, x30, [sp, #-16]!\n"
	"	bl exec_answer\n"
	"	ldp x29, x30, [sp], #16\n"
	"	.irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17\n"
	"	mov x\\n, #-1\n"
	"	.endr\n"
	"	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,"
	" 29, 30, 31\n"
	"	movi v\\n\\().2d, #-1\n"
	"	.endr\n"
	"	ret\n"
	".size exec_other_handler, . - exec_other_handler\n"

	".globl exec_bare_handler\n"
	".type exec_bare_handler, %function\n"
	"exec_bare_handler:\n"
	"	hint #34\n"
	"	adrp x16, exec_bare_count\n"
	"	add x16, x16, :lo12:exec_bare_count\n"
	"	ldr x17, [x16]\n"
	"	add x17, x17, #1\n"
	"	str x17, [x16]\n"
	"	svc #0\n"
	"	ret\n"
	".size exec_bare_handler, . - exec_bare_handler\n"

	".globl exec_call_elsewhere\n"
	".type exec_call_elsewhere, %function\n"
	"exec_call_elsewhere:\n"
	"	stp x29, x30, [sp, #-32]!\n"
	"	mrs x9, tpidr_el0\n"
	"	str x9, [sp, #16]\n"
	"	msr tpidr_el0, x3\n"
	"	mov x16, x0\n	mov x0, x1\n	mov x1, x2\n"
	"	blr x16\n"
	"	ldr x9, [sp, #16]\n"
	"	msr tpidr_el0, x9\n"
	"	ldp x29, x30, [sp], #32\n"
	"	ret\n"
	".size exec_call_elsewhere, . - exec_call_elsewhere\n");

/* ldr's offset: 12 bits, in units of 8 bytes. */
static const int64_t distances[] = { 0, 8, 16, 4096, ((1 << 12) - 1) * 8 };

static uintptr_t thread_pointer(void)
{
	uintptr_t pointer;

	__asm__("mrs %0, tpidr_el0" : "=r"(pointer));
	return pointer;
}
#endif

static _Thread_local struct {
	bool made_up;
	long value;
} answer;

/* Called by the handlers. */
long exec_answer(uintptr_t a, uintptr_t b, uintptr_t c, uint32_t number, uint64_t counter,
		 unsigned int handler);
long exec_answer(uintptr_t a, uintptr_t b, uintptr_t c, uint32_t number, uint64_t counter,
		 unsigned int handler)
{
	asked[handler] = (struct asked){ .count = asked[handler].count + 1, .number = number,
					 .argument = { a, b, c }, .counter = counter };
	return answer.made_up ? answer.value : ask(number, a, b, c);
}

/* -------------------------------------------------------------------------
 * What is asked: every function. Each call as the system call that it falls back to.
 */
#ifndef SYS_time
#define SYS_time SYS_clock_gettime	/* aarch64 has no such system call */
#define TIME_ASKS_A_CLOCK true
#else
#define TIME_ASKS_A_CLOCK false
#endif
#define OWN_MEMORY 1	/* as an argument: memory of the caller's own */
#define MORE_MEMORY 2

struct question {
	unsigned int function;
	long number;
	unsigned int arguments;
	uintptr_t argument[ARGUMENTS];	/* the first `arguments`: a number, or .. */
	uint8_t memory[ARGUMENTS];	/* .. memory */
	bool moves;			/* its answer is another one each time */
};

static const struct question questions[] = {
#define CLOCK(f, id) { VDSOGEN_CLOCK_##f, SYS_clock_##f, 2, { (uintptr_t)(id) }, { 0, OWN_MEMORY }
#define SYS_clock_GETTIME SYS_clock_gettime
#define SYS_clock_GETRES SYS_clock_getres
	CLOCK(GETTIME, CLOCK_REALTIME), true },
	CLOCK(GETTIME, CLOCK_MONOTONIC), true },
	CLOCK(GETTIME, CLOCK_MONOTONIC_COARSE), true },
	CLOCK(GETTIME, CLOCK_PROCESS_CPUTIME_ID), true },
	CLOCK(GETTIME, VDSOGEN_CLOCK_IDS), false },
	CLOCK(GETTIME, -1), false },
	CLOCK(GETRES, CLOCK_MONOTONIC), false },
	CLOCK(GETRES, CLOCK_REALTIME_COARSE), false },
	CLOCK(GETRES, 1000), false },
#undef CLOCK
	{ VDSOGEN_CLOCK_GETRES, SYS_clock_getres, 2, { CLOCK_BOOTTIME, 0 }, { 0 }, false },
	{ VDSOGEN_GETTIMEOFDAY, SYS_gettimeofday, 2, { 0 }, { OWN_MEMORY, MORE_MEMORY }, true },
	{ VDSOGEN_GETTIMEOFDAY, SYS_gettimeofday, 2, { 0 }, { 0, OWN_MEMORY }, false },
	{ VDSOGEN_TIME, SYS_time, 1, { 0 }, { 0 }, true },
	{ VDSOGEN_TIME, SYS_time, 1, { 0 }, { OWN_MEMORY }, true },
	{ VDSOGEN_GETCPU, SYS_getcpu, 3, { 0 }, { OWN_MEMORY, MORE_MEMORY }, true },
	{ VDSOGEN_GETPID, SYS_getpid, 0, { 0 }, { 0 }, false },
	{ VDSOGEN_GETPPID, SYS_getppid, 0, { 0 }, { 0 }, false },
	{ VDSOGEN_GETTID, SYS_gettid, 0, { 0 }, { 0 }, false },
	{ VDSOGEN_GETPGID, SYS_getpgid, 1, { 0 }, { 0 }, false },
	{ VDSOGEN_GETPGID, SYS_getpgid, 1, { 0x7fffffff }, { 0 }, false },
	{ VDSOGEN_GETSID, SYS_getsid, 1, { 0 }, { 0 }, false },
	{ VDSOGEN_GETSID, SYS_getsid, 1, { (uintptr_t)-1 }, { 0 }, false },
	{ VDSOGEN_GETPRIORITY, SYS_getpriority, 2, { PRIO_PROCESS, 0 }, { 0 }, false },
	{ VDSOGEN_GETPRIORITY, SYS_getpriority, 2, { PRIO_USER, 0 }, { 0 }, false },
	{ VDSOGEN_GETPRIORITY, SYS_getpriority, 2, { 1000, 0 }, { 0 }, false },
	{ VDSOGEN_GETUID, SYS_getuid, 0, { 0 }, { 0 }, false },
	{ VDSOGEN_GETEUID, SYS_geteuid, 0, { 0 }, { 0 }, false },
	{ VDSOGEN_GETGID, SYS_getgid, 0, { 0 }, { 0 }, false },
	{ VDSOGEN_GETEGID, SYS_getegid, 0, { 0 }, { 0 }, false },
	{ VDSOGEN_UNAME, SYS_uname, 1, { 0 }, { OWN_MEMORY }, false },
	{ VDSOGEN_UNAME, SYS_uname, 1, { 8 }, { 0 }, false },
};

struct memory {
	_Alignas(8) uint8_t own[sizeof(struct utsname)], more[16];
};

/* What stands for the argument; `memory` is filled with what nobody writes. */
static void arguments_of(const struct question *q, struct memory *memory,
			 uintptr_t argument[ARGUMENTS])
{
	memset(memory, 0xa5, sizeof *memory);
	for (unsigned int i = 0; i < ARGUMENTS; i++) {
		argument[i] = q->argument[i];
		if (q->memory[i] == OWN_MEMORY)
			argument[i] = (uintptr_t)memory->own;
		else if (q->memory[i] == MORE_MEMORY)
			argument[i] = (uintptr_t)memory->more;
	}
}

/* Exactly this system call, exactly once. */
static void check_asked(const struct question *q, const struct asked *was,
			const uintptr_t argument[ARGUMENTS])
{
	const char *name = vdsogen_function_name(q->function);

	CHECK(was->count == 1, "%s: %lu fallbacks", name, was->count);
	CHECK(was->number == q->number, "%s asks for system call %ld, not %ld", name, was->number,
	      q->number);
	if (q->function == VDSOGEN_TIME && TIME_ASKS_A_CLOCK) {
		CHECK(was->argument[0] == CLOCK_REALTIME_COARSE, "time asks for clock %#lx",
		      (unsigned long)was->argument[0]);
		return;
	}
	for (unsigned int i = 0; i < q->arguments; i++)
		CHECK(was->argument[i] == argument[i], "%s: argument %u is %#lx, not %#lx", name, i,
		      (unsigned long)was->argument[i], (unsigned long)argument[i]);
}

static void check_made_up(const struct page *page, const struct question *q, unsigned int handler)
{
	static const long values[] = { -22, -1, 1, 0x123456789abcdef };
	struct memory memory, before;
	uintptr_t argument[ARGUMENTS];

	for (size_t i = 0; i < COUNT(values); i++) {
		long value;

		arguments_of(q, &memory, argument);
		before = memory;
		asked[handler].count = 0;
		answer.made_up = true;
		answer.value = values[i];
		value = page_call(page, q->function, argument[0], argument[1], argument[2]);
		answer.made_up = false;
		CHECK(value == values[i], "%s = %#lx, the handler %#lx",
		      vdsogen_function_name(q->function), (unsigned long)value,
		      (unsigned long)values[i]);
		CHECK(!memcmp(&memory, &before, sizeof memory), "%s writes beside its handler",
		      vdsogen_function_name(q->function));
		check_asked(q, &asked[handler], argument);
	}
}

/* The system call by the handler, and before and after it without. */
static void check_real(const struct page *page, const struct question *q, unsigned int handler)
{
	struct memory memory, want_memory;
	uintptr_t argument[ARGUMENTS], want_argument[ARGUMENTS];
	const char *name = vdsogen_function_name(q->function);
	struct timespec seconds;
	long value, want;

	arguments_of(q, &want_memory, want_argument);
	arguments_of(q, &memory, argument);
	ask(SYS_clock_gettime, CLOCK_REALTIME_COARSE, (uintptr_t)&seconds, 0);
	want = q->function == VDSOGEN_TIME ? seconds.tv_sec :
	       ask(q->number, want_argument[0], want_argument[1], want_argument[2]);
	asked[handler].count = 0;
	value = page_call(page, q->function, argument[0], argument[1], argument[2]);
	check_asked(q, &asked[handler], argument);
	if (q->function == VDSOGEN_TIME) {
		ask(SYS_clock_gettime, CLOCK_REALTIME_COARSE, (uintptr_t)&seconds, 0);
		CHECK(value >= want && value <= seconds.tv_sec, "time() = %ld, not %ld..%ld", value,
		      want, (long)seconds.tv_sec);
		if (q->memory[0])
			CHECK(!memcmp(&value, memory.own, sizeof value), "time() stores not %ld", value);
		return;
	}
	CHECK(value == want, "%s = %ld, the system call %ld", name, value, want);
	if (!q->moves)
		CHECK(!memcmp(&memory, &want_memory, sizeof memory), "%s writes something else",
		      name);
	else
		CHECK(memory.own[0] != 0xa5 || memory.own[1] != 0xa5 || memory.own[2] != 0xa5,
		      "%s writes nothing", name);
}

static void check_questions(const struct page *page, unsigned int handler)
{
	for (size_t i = 0; i < COUNT(questions); i++)
		if (page->image.config.functions >> questions[i].function & 1) {
			check_made_up(page, &questions[i], handler);
			check_real(page, &questions[i], handler);
		}
}

/* A started clock asks for nothing that it serves, and for all else. */
static void check_started(struct page *page, unsigned int handler)
{
	static const struct question cpu = {
		VDSOGEN_CLOCK_GETTIME, SYS_clock_gettime, 2, { CLOCK_PROCESS_CPUTIME_ID },
		{ 0, OWN_MEMORY }, true
	};
	struct timespec now;

	page_start(page);
	asked[handler].count = 0;
	for (int id = 0; id < VDSOGEN_CLOCK_IDS; id++)
		if (ALL_CLOCKS >> id & 1) {
			page_call(page, VDSOGEN_CLOCK_GETTIME, (uintptr_t)id, (uintptr_t)&now, 0);
			page_call(page, VDSOGEN_CLOCK_GETRES, (uintptr_t)id, (uintptr_t)&now, 0);
		}
	page_call(page, VDSOGEN_GETTIMEOFDAY, (uintptr_t)&now, 0, 0);
	page_call(page, VDSOGEN_TIME, 0, 0, 0);
	CHECK(!asked[handler].count, "%lu fallbacks of a started clock", asked[handler].count);
	check_made_up(page, &cpu, handler);
	check_real(page, &cpu, handler);
	CHECK(!asked[handler].counter, "counter %#llx of a clock that has none",
	      (unsigned long long)asked[handler].counter);
	vdsogen_clock_attention(page->clock, 1, 0);
	check_questions(page, handler);
}

/* A line past its age limit: what the reader read is in the counter's register still. */
static void check_counter(struct page *page, unsigned int handler)
{
	static const unsigned int functions[] = { VDSOGEN_CLOCK_GETTIME, VDSOGEN_GETTIMEOFDAY };
	struct timespec now;

	page->source.max_age = 1;
	page_start(page);
	for (size_t i = 0; i < COUNT(functions); i++) {
		bool gettime = functions[i] == VDSOGEN_CLOCK_GETTIME;
		uint64_t before, after, counter;

		asked[handler].count = 0;
		before = host_counter(NULL);
		page_call(page, functions[i], gettime ? CLOCK_MONOTONIC : (uintptr_t)&now,
			  gettime ? (uintptr_t)&now : 0, 0);
		after = host_counter(NULL);
		counter = asked[handler].counter;
		CHECK(asked[handler].count == 1, "%s: an old line, and no fallback",
		      vdsogen_function_name(functions[i]));
		CHECK(before <= counter && counter <= after, "%s: counter %#llx not in %#llx..%#llx",
		      vdsogen_function_name(functions[i]), (unsigned long long)counter,
		      (unsigned long long)before, (unsigned long long)after);
	}
}

static struct vdsogen_config all_functions(uint32_t fallback, uint64_t at, uint32_t pads)
{
	return (struct vdsogen_config){
		.functions = vdsogen_arch_functions(host_arch()) & ~(1u << VDSOGEN_GETRANDOM),
		.fallback = fallback, .fallback_at = at, .landing_pads = pads,
		.options = VDSOGEN_GUARD,
	};
}

static void check_page(const struct vdsogen_config *config, unsigned int handler)
{
	struct page page;

	page_make(&page, config, PAGE_ASKS);
	check_questions(&page, handler);
	check_started(&page, handler);
	vdsogen_clock_attention(page.clock, 0, 1);
	check_counter(&page, handler);
	if (page.image.function[VDSOGEN_RT_SIGRETURN].at)
		check_sigreturn(page_function(&page, VDSOGEN_RT_SIGRETURN));
	page_free(&page);
}

static void check_jump(void)
{
	for (uint32_t pads = VDSOGEN_LANDING_PADS_OFF; pads <= VDSOGEN_LANDING_PADS_ON; pads++) {
		const struct vdsogen_config config = all_functions(VDSOGEN_FALLBACK_JUMP,
								   (uintptr_t)exec_handler, pads);

		check_about("jump, landing pads %u", pads);
		check_page(&config, FIRST);
	}
}

/* -------------------------------------------------------------------------
 * Each thread's own handler. The slot is where the linker put it: as far from the
 * thread pointer in every thread.
 */
#define CALLS 20000

/* The compiler does not know who reads it. */
static _Thread_local void (*volatile slot)(void) __attribute__((tls_model("initial-exec")));

static uint64_t slot_distance(void)
{
	return (uintptr_t)&slot - thread_pointer();
}

static void call_often(const struct page *page, unsigned int handler)
{
	memset(asked, 0, sizeof asked);
	for (unsigned long i = 1; i <= CALLS; i++) {
		long tid = page_function(page, VDSOGEN_GETTID)(0, 0, 0);

		if (!CHECK(asked[handler].count == i && tid == ask(SYS_gettid, 0, 0, 0),
			   "handler %u was called %lu times, not %lu, and says %ld", handler,
			   asked[handler].count, i, tid))
			break;
	}
	CHECK(!asked[!handler].count, "another thread's handler was called %lu times",
	      asked[!handler].count);
}

static void *run_thread(void *page)
{
	slot = exec_other_handler;
	call_often(page, OTHER);
	check_questions(page, OTHER);
	return NULL;
}

static void check_two_threads(const struct vdsogen_config *config)
{
	pthread_t thread;
	struct page page;

	page_make(&page, config, PAGE_ASKS);
	CHECK(!pthread_create(&thread, NULL, run_thread, &page), "pthread_create");
	call_often(&page, FIRST);
	pthread_join(thread, NULL);
	page_free(&page);
}

static void check_thread(void)
{
	slot = exec_handler;
	for (uint32_t pads = VDSOGEN_LANDING_PADS_OFF; pads <= VDSOGEN_LANDING_PADS_ON; pads++) {
		const struct vdsogen_config config = all_functions(VDSOGEN_FALLBACK_THREAD,
								   slot_distance(), pads);

		check_about("thread, landing pads %u", pads);
		check_page(&config, FIRST);
		check_two_threads(&config);
	}
}

/* Every distance that there is: not the slot moves, but the thread pointer. */
static void check_distances(void)
{
	static void (*const volatile place)(void) = exec_bare_handler;

	for (size_t i = 0; i < COUNT(distances); i++) {
		const struct vdsogen_config config = all_functions(VDSOGEN_FALLBACK_THREAD,
								   (uint64_t)distances[i], 0);
		uintptr_t pointer = (uintptr_t)&place - (uintptr_t)distances[i];
		struct timespec res = { 0 }, want = { 0 };
		struct page page;
		long value;

		check_about("thread, slot at %lld", (long long)distances[i]);
		page_make(&page, &config, PAGE_ASKS);
		exec_bare_count = 0;
		value = exec_call_elsewhere(page_function(&page, VDSOGEN_GETPID), 0, 0, pointer);
		CHECK(value == getpid(), "getpid() = %ld", value);
		value = exec_call_elsewhere(page_function(&page, VDSOGEN_CLOCK_GETRES),
					    CLOCK_MONOTONIC, (uintptr_t)&res, pointer);
		ask(SYS_clock_getres, CLOCK_MONOTONIC, (uintptr_t)&want, 0);
		CHECK(!value && !memcmp(&res, &want, sizeof res), "clock_getres() = %ld", value);
		CHECK(exec_bare_count == 2, "the handler was called %llu times",
		      (unsigned long long)exec_bare_count);
		page_free(&page);
	}
}

void exec_fallback(void)
{
	check_jump();
	check_thread();
	check_distances();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From every instruction of a page that a call passes, and from every store that
 * faults, libgcc's unwinder must find the caller, and main behind it. Signals
 * return through the page's rt_sigreturn where there is one.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

#include "unwind-page.h"

#define SKIPPED 77
#define DEEPEST 64	/* more frames are an endless loop */
#define KERNEL_SA_RESTORER 0x04000000ul	/* Linux include/uapi/asm-generic/signal-defs.h */
#define BETWEEN_STORES sizeof(uint64_t)

static struct page page;
static uintptr_t in_main;	/* an address there, which every backtrace must reach */
static const char *about;
static unsigned long steps, places, faults, signals, failures;
static bool seen[4 * VDSOGEN_PAGE];	/* by offset: a step was there */
static sigjmp_buf out;

void skip(const char *why)
{
	printf("SKIP: %s\n", why);
	exit(SKIPPED);
}

void fail(const char *format, ...)
{
	enum { MOST = 10 };
	va_list args;

	if (failures++ >= MOST)
		return;
	printf("FAIL: %s: ", about);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* -------------------------------------------------------------------------
 * The walk.
 */
struct walk {
	uintptr_t ip[DEEPEST];
	int count;
};

static _Unwind_Reason_Code add_frame(struct _Unwind_Context *context, void *walk_)
{
	struct walk *walk = walk_;

	if (walk->count == DEEPEST)
		return _URC_NORMAL_STOP;
	walk->ip[walk->count++] = _Unwind_GetIP(context);
	return _URC_NO_REASON;
}

static int find(const struct walk *walk, uintptr_t ip, int from)
{
	int i = from;

	while (i < walk->count && walk->ip[i] != ip)
		i++;
	return i;
}

/* From the handler that calls this, to `pc`, its caller and main. */
static void check_walk(uintptr_t pc, uintptr_t caller)
{
	unsigned int f = page_function_at(&page, pc);
	const char *name = f < VDSOGEN_FUNCTIONS ? vdsogen_function_name(f) : "outside";
	uintptr_t at = f < VDSOGEN_FUNCTIONS ? pc - (uintptr_t)page.code : 0;
	struct walk walk = { .count = 0 };
	_Unwind_Reason_Code end = _Unwind_Backtrace(add_frame, &walk);
	int frame = find(&walk, pc, 0);

	if (end != _URC_END_OF_STACK)
		fail("%s, %#lx: the way out ends with %d after %d frames", name, (unsigned long)at, end,
		     walk.count);
	else if (frame == walk.count)
		fail("%s, %#lx: no such frame among %d", name, (unsigned long)at, walk.count);
	else if (caller && (frame + 1 == walk.count || walk.ip[frame + 1] != caller))
		fail("%s, %#lx: its caller is not the next frame", name, (unsigned long)at);
	else if (caller && find(&walk, caller, frame + 2) < walk.count)
		fail("%s, %#lx: its caller is there twice", name, (unsigned long)at);
	else if (find(&walk, in_main, frame) == walk.count)
		fail("%s, %#lx: main is not among the %d frames", name, (unsigned long)at, walk.count);
}

/* -------------------------------------------------------------------------
 * Signals.
 */
static const void *trampoline(void)
{
	const struct vdsogen_entry *e = &page.image.function[VDSOGEN_RT_SIGRETURN];

	return e->at ? page.code + e->at : NULL;
}

static void check_trampoline(const void *returns_to)
{
	if (trampoline() && returns_to != trampoline())
		fail("the handler does not return through the page's rt_sigreturn");
}

static void on_step(int number, siginfo_t *info, void *context)
{
	uintptr_t pc = context_pc(context);

	(void)info;
	if (page_function_at(&page, pc) == VDSOGEN_FUNCTIONS) {
		if (number != SIGTRAP)	/* nobody steps there */
			abort();
		return;
	}
	check_trampoline(__builtin_return_address(0));
	check_walk(pc, (uintptr_t)page_return);
	seen[pc - (uintptr_t)page.code] = true;
	steps++;
	steps_go_on(&page, pc);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	uintptr_t pc = context_pc(context);

	(void)number, (void)info;
	if (page_function_at(&page, pc) == VDSOGEN_FUNCTIONS)
		abort();
	check_trampoline(__builtin_return_address(0));
	check_walk(pc, (uintptr_t)page_return);
	faults++;
	siglongjmp(out, 1);
}

/* Sent by kill(): where it comes from is known by what the context says. */
static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info;
	check_trampoline(__builtin_return_address(0));
	check_walk(context_pc(context), 0);
	signals++;
}

typedef void handler_fn(int, siginfo_t *, void *);

/* The kernel's own struct sigaction, to name the place that the handler returns to. */
static void handle(int number, handler_fn *handler)
{
	const struct { handler_fn *handler; unsigned long flags; const void *restorer, *mask; }
		action = { handler, SA_SIGINFO | KERNEL_SA_RESTORER, trampoline(), NULL };
	const struct sigaction usual = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	if (trampoline() ? syscall(SYS_rt_sigaction, number, &action, NULL, sizeof action.mask) :
	    sigaction(number, &usual, NULL))
		fail("sigaction");
}

/* -------------------------------------------------------------------------
 * Calls.
 */
static long call(unsigned int function, uintptr_t a, uintptr_t b, bool stepped)
{
	const struct vdsogen_entry *e = &page.image.function[function];

	return e->at ? page_call((page_fn *)(uintptr_t)(page.code + e->at), a, b, 0,
				 stepped ? step_flag : 0) : 0;
}

static void call_all(void)
{
	static const int ids[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 16, -1 };
	uint64_t first[2], second[2];
	uintptr_t a = (uintptr_t)first, b = (uintptr_t)second;

	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		call(VDSOGEN_CLOCK_GETTIME, (uintptr_t)ids[i], a, true);
		call(VDSOGEN_CLOCK_GETRES, (uintptr_t)ids[i], a, true);
		call(VDSOGEN_CLOCK_GETRES, (uintptr_t)ids[i], 0, true);
	}
	for (int given = 3; given >= 0; given--) {
		call(VDSOGEN_GETTIMEOFDAY, given & 1 ? a : 0, given & 2 ? b : 0, true);
		call(VDSOGEN_GETCPU, given & 1 ? a : 0, given & 2 ? b : 0, true);
	}
	call(VDSOGEN_TIME, a, 0, true);
	call(VDSOGEN_TIME, 0, 0, true);
}

static void step_all(const char *what)
{
	about = what;
	steps_begin(&page);
	call_all();
	steps_end(&page);
}

/* A store faults, or another one behind it. */
static void fault_at(unsigned int function, uintptr_t a, uintptr_t b)
{
	unsigned long before = faults;

	if (!sigsetjmp(out, 1))
		call(function, a, b, false);
	if (faults == before)
		fail("%s(%#lx, %#lx) does not fault", vdsogen_function_name(function),
		     (unsigned long)a, (unsigned long)b);
}

static void fault_all(void)
{
	static const int ids[] = { 0, 1, 4, 5, 6, 7, 11 };
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *good = mmap(NULL, 3 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			     0), *bad = good + size;
	const uintptr_t at[] = {
		(uintptr_t)bad, (uintptr_t)(bad - BETWEEN_STORES),
		(uintptr_t)(bad + size - BETWEEN_STORES)
	};

	about = "a fault";
	if (good == MAP_FAILED || mprotect(bad, size, PROT_NONE)) {
		fail("mmap");
		return;
	}
	for (size_t p = 0; p < sizeof at / sizeof *at; p++) {
		for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
			fault_at(VDSOGEN_CLOCK_GETTIME, (uintptr_t)ids[i], at[p]);
		fault_at(VDSOGEN_CLOCK_GETRES, 1, at[p]);
		fault_at(VDSOGEN_CLOCK_GETRES, 5, at[p]);
		fault_at(VDSOGEN_GETTIMEOFDAY, at[p], 0);
	}
	fault_at(VDSOGEN_GETTIMEOFDAY, 0, *at);
	fault_at(VDSOGEN_GETTIMEOFDAY, (uintptr_t)good, *at);
	fault_at(VDSOGEN_TIME, *at, 0);
	if (page.image.config.getcpu == VDSOGEN_GETCPU_ZERO) {
		fault_at(VDSOGEN_GETCPU, *at, 0);
		fault_at(VDSOGEN_GETCPU, 0, *at);
	}
	munmap(good, 3 * size);
}

/* -------------------------------------------------------------------------
 * Everything.
 */
static void publish_for_ever(void)
{
	struct vdsogen_clock *clock = (struct vdsogen_clock *)(page.code + page.image.clock);

	for (unsigned int i = 0; i < VDSOGEN_LINES; i++)
		clock->line[i].seq |= 1;
}

/* Behind a system call the processor's flag lets one instruction pass. */
static void check_seen(void)
{
	for (unsigned int f = 0; f < VDSOGEN_RT_SIGRETURN; f++) {
		const struct vdsogen_entry *e = &page.image.function[f];
		bool falls_back = page.ours && f != VDSOGEN_GETCPU;

		if (!e->at)
			continue;
		for (uint32_t at = e->at; at < e->at + e->size; at++)
			places += seen[at];
		if (!seen[e->at] || (falls_back && !seen[e->trap]) ||
		    (falls_back && !step_flag && !seen[e->resume]))
			fail("no step at the start or the fallback of %s", vdsogen_function_name(f));
	}
}

static void unwind_page(void)
{
	about = "a signal";
	handle(SIGUSR1, on_signal);
	handle(step_signal, on_step);
	handle(SIGSEGV, on_fault);
	kill(getpid(), SIGUSR1);
	memset(seen, 0, sizeof seen);
	if (page.ours && steps_are_possible(&page))
		step_all("an unseeded page");
	if (page.ours)
		page_start(&page);
	if (steps_are_possible(&page))
		step_all("a started page");
	fault_all();
	if (page.ours && steps_are_possible(&page)) {
		publish_for_ever();
		step_all("a page whose publisher died");
	}
	if (steps_are_possible(&page))
		check_seen();
}

static __attribute__((noinline)) void unwind_pages(uint32_t options, bool by_header)
{
	in_main = (uintptr_t)__builtin_return_address(0);
	page_find(&page, options);
	page_register(&page, by_header);
	unwind_page();
	signal(step_signal, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
	page_unregister(&page);
	page_forget(&page);
}

int main(void)
{
	static const uint32_t options[] = { 0, VDSOGEN_GUARD, VDSOGEN_LATCH };
	const bool by_header = page_can_be_found_by_header();
	unsigned int pages = 0;

	for (size_t i = 0; i < sizeof options / sizeof *options && (!i || page.ours); i++)
		for (int header = 0; !header || (page.ours && header <= by_header); header++) {
			unwind_pages(options[i], header);
			pages++;
		}
	if (page.ours && by_header && !page_lookups())
		fail("libgcc does not ask _dl_find_object: .eh_frame_hdr was not tried");
	if (signals != pages)
		fail("%lu signals of %u", signals, pages);
	printf("%u page(s) %s: %lu steps at %lu instructions, %lu faults, %lu failed\n", pages,
	       page.ours ? "of its own" : "that it was given", steps, places, faults, failures);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

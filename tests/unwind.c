/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From every instruction of a page that a call passes, and from every store that
 * faults, libgcc's unwinder must find the caller, and main behind it. Where a
 * function calls its own fallback, it is its own caller first. Signals
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
static unsigned long own_calls[VDSOGEN_FUNCTIONS]; /* found at the trap of one */
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

static bool is_in_page(uintptr_t pc)
{
	return page_function_at(&page, pc) < VDSOGEN_FUNCTIONS || page_is_slot(&page, pc);
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

static const char *name_of(uintptr_t pc)
{
	unsigned int f = page_function_at(&page, pc);

	return f < VDSOGEN_FUNCTIONS ? vdsogen_function_name(f) :
	       page_is_slot(&page, pc) ? "a slot" : "outside";
}

/* A function may call its own fallback: then the way out leads through it once more. */
static int skip_own_call(const struct walk *walk, int frame)
{
	unsigned int f = page_function_at(&page, walk->ip[frame]);
	int next = frame + 1;

	if (f == VDSOGEN_FUNCTIONS || next == walk->count ||
	    page_function_at(&page, walk->ip[next]) != f)
		return frame;
	if (walk->ip[frame] == (uintptr_t)page.code + page.image.function[f].trap)
		own_calls[f]++;
	return next;
}

/* From the handler that calls this, to `pc`, its caller and main. */
static void check_walk(uintptr_t pc, uintptr_t caller)
{
	const char *name = name_of(pc);
	uintptr_t at = is_in_page(pc) ? pc - (uintptr_t)page.code : 0;
	struct walk walk = { .count = 0 };
	_Unwind_Reason_Code end = _Unwind_Backtrace(add_frame, &walk);
	int frame = find(&walk, pc, 0);

	if (caller && frame < walk.count)
		frame = skip_own_call(&walk, frame);
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
	if (!is_in_page(pc)) {
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
	if (!is_in_page(pc))
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
static void call(unsigned int function, const uintptr_t args[PAGE_ARGUMENTS], bool stepped)
{
	const struct vdsogen_entry *e = &page.image.function[function];

	if (e->at)
		page_call(page.code + e->at, args, stepped ? step_flag : 0);
}

/* The same by the function's slot, if there are any; one that is empty says so. */
#define STEP(function, ...) step_call(function, (const uintptr_t[PAGE_ARGUMENTS]){ __VA_ARGS__ })

static void step_call(unsigned int function, const uintptr_t args[PAGE_ARGUMENTS])
{
	call(function, args, true);
	if (page_has_slots(&page) && function != VDSOGEN_RT_SIGRETURN)
		page_call(page.code + VDSOGEN_SLOT(function), args, step_flag);
}

static void call_time(void)
{
	static const int ids[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 16, -1 };
	uint64_t first[2], second[2];
	uintptr_t a = (uintptr_t)first, b = (uintptr_t)second;

	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		STEP(VDSOGEN_CLOCK_GETTIME, (uintptr_t)ids[i], a);
		STEP(VDSOGEN_CLOCK_GETRES, (uintptr_t)ids[i], a);
		STEP(VDSOGEN_CLOCK_GETRES, (uintptr_t)ids[i], 0);
	}
	for (int given = 3; given >= 0; given--) {
		STEP(VDSOGEN_GETTIMEOFDAY, given & 1 ? a : 0, given & 2 ? b : 0);
		STEP(VDSOGEN_GETCPU, given & 1 ? a : 0, given & 2 ? b : 0);
	}
	STEP(VDSOGEN_TIME, a);
	STEP(VDSOGEN_TIME, 0);
}

static void call_identity(void)
{
	struct vdsogen_utsname uts;

	for (unsigned int f = VDSOGEN_GETPID; f < VDSOGEN_UNAME; f++) {
		STEP(f, 0, 0);
		STEP(f, 1, 0);
		STEP(f, 0, 1);
	}
	STEP(VDSOGEN_UNAME, (uintptr_t)&uts);
}

/* getrandom's states are in one page. */
#define STATE_SIZE 144
static _Alignas(VDSOGEN_PAGE) uint8_t states[VDSOGEN_PAGE];
static uint8_t output[4 * 64 + 96 + 31];	/* some of all that it is made of */

static void call_random(void)
{
	uintptr_t to = (uintptr_t)output, state = (uintptr_t)states;

	memset(states, 0, sizeof states);
	STEP(VDSOGEN_GETRANDOM, to, sizeof output, 0, state, STATE_SIZE);	/* asks for a key */
	STEP(VDSOGEN_GETRANDOM, to, 1, 0, state, STATE_SIZE);
	STEP(VDSOGEN_GETRANDOM, to, 0, 0, state, STATE_SIZE);
	STEP(VDSOGEN_GETRANDOM, to, 1, 8, state, STATE_SIZE);
	STEP(VDSOGEN_GETRANDOM, to, 1, 0, state, 1);
	STEP(VDSOGEN_GETRANDOM, to, 1, 0, state + VDSOGEN_PAGE - 1, STATE_SIZE);
	STEP(VDSOGEN_GETRANDOM, 0, 0, 0, state, UINTPTR_MAX);	/* what are states like? */
}

static void call_all(void)
{
	call_time();
	call_identity();
	call_random();
}

static void step_all(const char *what)
{
	about = what;
	steps_begin(&page);
	call_all();
	steps_end(&page);
}

/* A store faults, or another one behind it; or a load. */
#define FAULT(function, ...) fault_at(function, (const uintptr_t[PAGE_ARGUMENTS]){ __VA_ARGS__ })

static void fault_at(unsigned int function, const uintptr_t args[PAGE_ARGUMENTS])
{
	unsigned long before = faults;

	if (!page.image.function[function].at)
		return;
	if (!sigsetjmp(out, 1))
		call(function, args, false);
	if (faults == before)
		fail("%s(%#lx, %#lx) does not fault", vdsogen_function_name(function),
		     (unsigned long)args[0], (unsigned long)args[1]);
}

/* Behind a batch, or what is left of one, and behind whole blocks. */
static void fault_random(uintptr_t bad)
{
	for (uintptr_t most = 0; most < sizeof output; most += 37) {
		memset(states, 0, sizeof states);
		FAULT(VDSOGEN_GETRANDOM, bad - most, sizeof output, 0, (uintptr_t)states, STATE_SIZE);
	}
	FAULT(VDSOGEN_GETRANDOM, (uintptr_t)output, 1, 0, bad, STATE_SIZE);
	FAULT(VDSOGEN_GETRANDOM, 0, 0, 0, bad, UINTPTR_MAX);
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
			FAULT(VDSOGEN_CLOCK_GETTIME, (uintptr_t)ids[i], at[p]);
		FAULT(VDSOGEN_CLOCK_GETRES, 1, at[p]);
		FAULT(VDSOGEN_CLOCK_GETRES, 5, at[p]);
		FAULT(VDSOGEN_GETTIMEOFDAY, at[p], 0);
	}
	FAULT(VDSOGEN_UNAME, *at);
	FAULT(VDSOGEN_UNAME, *at - BETWEEN_STORES);
	fault_random(*at);
	FAULT(VDSOGEN_GETTIMEOFDAY, 0, *at);
	FAULT(VDSOGEN_GETTIMEOFDAY, (uintptr_t)good, *at);
	FAULT(VDSOGEN_TIME, *at, 0);
	if (page.image.config.getcpu == VDSOGEN_GETCPU_ZERO) {
		FAULT(VDSOGEN_GETCPU, *at, 0);
		FAULT(VDSOGEN_GETCPU, 0, *at);
	}
	munmap(good, 3 * size);
}

/* -------------------------------------------------------------------------
 * Everything.
 */
static void publish_for_ever(void)
{
	struct vdsogen_clock *clock = (struct vdsogen_clock *)(page.code + page.image.clock);
	struct vdsogen_process *process = (struct vdsogen_process *)(page.code + page.image.process);

	for (unsigned int i = 0; i < VDSOGEN_LINES; i++)
		clock->line[i].seq |= 1;
	process->seq |= 1;
}

/* Behind a system call the processor's flag lets one instruction pass. */
static void check_seen_of(unsigned int f, const struct vdsogen_entry *e)
{
	bool falls_back = page.ours && f != VDSOGEN_GETCPU;

	for (uint32_t at = e->at; at < e->at + e->size; at++)
		places += seen[at];
	if (!seen[e->at] || (falls_back && !seen[e->trap]) ||
	    (falls_back && !step_flag && !seen[e->resume]))
		fail("no step at the start or the fallback of %s", vdsogen_function_name(f));
	if (page_has_slots(&page) && !seen[VDSOGEN_SLOT(f)])
		fail("no step in the slot of %s", vdsogen_function_name(f));
}

static void check_seen(void)
{
	const struct vdsogen_entry *random = &page.image.function[VDSOGEN_GETRANDOM];

	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++)
		if (f != VDSOGEN_RT_SIGRETURN && page.image.function[f].at)
			check_seen_of(f, &page.image.function[f]);
	if (page.ours && random->at && !own_calls[VDSOGEN_GETRANDOM])
		fail("no step where getrandom asks for a key");
}

static void unwind_page(void)
{
	about = "a signal";
	handle(SIGUSR1, on_signal);
	handle(step_signal, on_step);
	handle(SIGSEGV, on_fault);
	kill(getpid(), SIGUSR1);
	memset(seen, 0, sizeof seen);
	memset(own_calls, 0, sizeof own_calls);
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
	static const uint32_t options[] = { 0, VDSOGEN_GUARD | VDSOGEN_SLOTS, VDSOGEN_LATCH };
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

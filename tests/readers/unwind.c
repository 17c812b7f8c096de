/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Backtraces from inside the page: at every instruction of every function, by
 * the trap flag, or, with the argument "timer", where a timer's signals come.
 * Each must have, in this order, the interrupted instruction, the two functions
 * that have led to it and main; and before, on aarch64, the page's rt_sigreturn,
 * through which the handler returns.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "page.h"
#include "walk.h"

#define NOINLINE __attribute__((noinline, noclone))

enum { FRAMES = 64, TIMER_HITS = 20, COMPLAINTS = 5 };

#if defined __x86_64__
#define PREFIX "__vdso_"
static uintptr_t pc_of(const ucontext_t *u) { return (uintptr_t)u->uc_mcontext.gregs[REG_RIP]; }
static uintptr_t sp_of(const ucontext_t *u) { return (uintptr_t)u->uc_mcontext.gregs[REG_RSP]; }

static void saved_of(const ucontext_t *u, uintptr_t saved[WALK_SAVED])
{
	static const int numbers[WALK_SAVED] = { REG_RBX, REG_RBP, REG_R12, REG_R13, REG_R14,
						 REG_R15 };

	for (unsigned int i = 0; i < WALK_SAVED; i++)
		saved[i] = (uintptr_t)u->uc_mcontext.gregs[numbers[i]];
}

#define STEP 1
#define STEP_BEGIN() __asm__ volatile("pushf; orl $0x100, (%%rsp); popf" : : : "memory", "cc")
#define STEP_END() __asm__ volatile("pushf; andl $~0x100, (%%rsp); popf" : : : "memory", "cc")
#elif defined __aarch64__
#define PREFIX "__kernel_"
static uintptr_t pc_of(const ucontext_t *u) { return u->uc_mcontext.pc; }
#define STEP 0
#define STEP_BEGIN() ((void)0)
#define STEP_END() ((void)0)
#endif

/* Of the call that is under way. */
static struct {
	const char *name;
	uintptr_t entry;		/* the function's address */
	struct walk_frame caller;	/* pc 0: not known */
	uintptr_t in_outer, in_main;	/* return addresses */
} now;

static uintptr_t returner;		/* rt_sigreturn in the page, or 0 */
static unsigned int traces, bad, deepest;
static volatile bool timed, hit;

/* What is wrong with the backtrace, or NULL. */
static const char *judge(uintptr_t pc, const struct walk_frame *f, unsigned int count)
{
	const uintptr_t none[WALK_SAVED] = { 0 };
	unsigned int i;

	for (i = 0; i < count && f[i].pc != pc; i++)
		;
	if (i == count)
		return "the interrupted instruction is missing";
	if (returner && (!i || f[i - 1].pc != returner))
		return "rt_sigreturn is missing";
	/* a function may have called its own fallback: once, with the way on behind it */
	if (i + 1 < count && page_has(f[i + 1].pc))
		i++;
	if (i + 1 >= count)
		return "it ends in the page";
	if (now.caller.pc && f[i + 1].pc != now.caller.pc)
		return "not the return address";
	if (now.caller.sp && f[i + 1].sp && f[i + 1].sp != now.caller.sp)
		return "not the caller's stack pointer";
	if (now.caller.sp && memcmp(f[i + 1].saved, none, sizeof none) &&
	    memcmp(f[i + 1].saved, now.caller.saved, sizeof none))
		return "not the caller's registers";
	if (i + 3 >= count || f[i + 2].pc != now.in_outer || f[i + 3].pc != now.in_main)
		return "main is not reached";
	return NULL;
}

static void look(ucontext_t *context)
{
	struct walk_frame frames[FRAMES];
	uintptr_t pc = pc_of(context);
	unsigned int count;
	const char *wrong;

#if STEP
	if (!timed && pc == now.entry) {
		now.caller.pc = *(uintptr_t *)sp_of(context);
		now.caller.sp = sp_of(context) + sizeof now.caller.pc;
		saved_of(context, now.caller.saved);
	}
#endif
	count = walk(context, frames, FRAMES);
	wrong = judge(pc, frames, count);
	hit = true;
	traces++;
	deepest = count > deepest ? count : deepest;
	if (wrong && bad++ < COMPLAINTS)
		printf("%s+%#" PRIxPTR ": %s (%u frames)\n", now.name, pc - now.entry, wrong, count);
}

/* Once more from now on: handlers slower than the timer would be all that runs. */
static void set_timer(void)
{
	const struct itimerval millisecond = { .it_value = { 0, 1000 } };

	setitimer(ITIMER_REAL, &millisecond, NULL);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info;
	if (page_has(pc_of(context)))
		look(context);
	if (timed)
		set_timer();
}

#if defined __aarch64__
/* As musl does it, but with the page's rt_sigreturn: C libraries do not let choose it. */
static void install(int number)
{
	enum { RESTORER = 0x04000000 };	/* SA_RESTORER, which the headers do not have */
	const struct {
		void (*handler)(int, siginfo_t *, void *);
		unsigned long flags;
		uintptr_t restorer;
		uint64_t mask;
	} action = {
		on_signal, SA_SIGINFO | RESTORER,
		returner = (uintptr_t)page_symbol(PREFIX "rt_sigreturn"), 0
	};

	if (!returner || syscall(SYS_rt_sigaction, number, &action, NULL, sizeof action.mask))
		puts("no handler");
}
#else
static void install(int number)
{
	const struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };

	sigaction(number, &action, NULL);
}
#endif

/* -------------------------------------------------------------------------
 * The calls, from main by way of two functions.
 */
/* Behind the first two: flags, and getrandom's state, which a new call finds fresh. */
typedef long function(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t);

static _Alignas(256) uint8_t state[144];	/* in one page */

static NOINLINE long call(function *f, uintptr_t first, uintptr_t second)
{
	volatile long result;	/* no tail call */

	now.in_outer = (uintptr_t)__builtin_return_address(0);
	if (!timed)
		STEP_BEGIN();
	memset(state, 0, sizeof state);
	result = f(first, second, 0, (uintptr_t)state, sizeof state);
	if (!timed)
		STEP_END();
	return result;
}

static NOINLINE long outer(function *f, uintptr_t first, uintptr_t second)
{
	volatile long result;

	now.in_main = (uintptr_t)__builtin_return_address(0);
	result = call(f, first, second);
	return result;
}

static struct timespec ts;
static struct timeval tv;
static struct timezone tz;
static unsigned int cpu, node;
static struct utsname uts;

static const struct {
	const char *name;
	uintptr_t first, second;
	int ids;		/* as first argument, from 0 */
	bool often;		/* with a timer, until it has come some times */
} calls[] = {
	{ "clock_gettime", 0, (uintptr_t)&ts, 13, true },
	{ "clock_gettime", (uintptr_t)-1, (uintptr_t)&ts, 0, false },
	{ "clock_getres", 0, (uintptr_t)&ts, 13, true },
	{ "clock_getres", 1, 0, 0, false },
	{ "gettimeofday", (uintptr_t)&tv, (uintptr_t)&tz, 0, true },
	{ "gettimeofday", (uintptr_t)&tv, 0, 0, false },
	{ "gettimeofday", 0, 0, 0, false },
	{ "time", (uintptr_t)&ts, 0, 0, true },
	{ "time", 0, 0, 0, false },
	{ "getcpu", (uintptr_t)&cpu, (uintptr_t)&node, 0, true },
	{ "getcpu", 0, 0, 0, false },
	/* where the image has them: by their fallbacks, nobody tells who the process is */
	{ "getpid", 0, 0, 0, true },
	{ "getpgid", 0, 0, 2, true },
	{ "getpriority", 0, 0, 2, true },
	{ "getuid", 0, 0, 0, true },
	{ "uname", (uintptr_t)&uts, 0, 0, true },
	{ "getrandom", (uintptr_t)&uts, sizeof uts, 0, true },
};

int main(int argc, char **argv)
{
	struct walk_frame first[FRAMES];
	ucontext_t here;
	char name[64];

	timed = argc > 1 && !strcmp(argv[1], "timer");
	if (!page_find() || (!STEP && !timed)) {
		puts("no page, or no way to step");
		return 2;
	}
	getcontext(&here);
	walk(&here, first, FRAMES);	/* may load and allocate: not in the handler */
	install(timed ? SIGALRM : SIGTRAP);
	if (timed)
		set_timer();
	for (unsigned int i = 0; i < sizeof calls / sizeof *calls; i++) {
		void *found;

		snprintf(name, sizeof name, PREFIX "%s", calls[i].name);
		found = page_symbol(name);
		if (!found)
			continue;
		now.name = name;
		now.entry = (uintptr_t)found;
		for (int id = 0; id < calls[i].ids || !id; id++) {
			unsigned int before = traces;
			uintptr_t argument = calls[i].first + (unsigned int)id;

			memset(&now.caller, 0, sizeof now.caller);
			do
				outer((function *)found, argument, calls[i].second);
			while (timed && calls[i].often && !id && traces < before + TIMER_HITS);
			if (!timed && traces == before) {
				printf("%s: not stepped\n", name);
				bad++;
			}
		}
	}
	printf("%u backtraces, %u bad, deepest %u: %s\n", traces, bad, deepest, walk_name());
	return bad || !hit;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Slots: whatever the image, a call at VDSOGEN_SLOT(f) is one of f, and of a
 * function that the image lacks -ENOSYS. Whose code a slot leads to is told by
 * the trap of its fallback, and what comes out by a clock that stands still.
 */
#include <errno.h>
#include <string.h>

#include "exec.h"
#include "host.h"

#define POISON 0xa5
#define MARK 0x7a57	/* what the host answers */
#define ARGUMENT(i) (0x1230000004560u + (i))
/* getrandom looks at where its state is before it asks whether it is ready */
static const uintptr_t some[PAGE_ARGUMENTS] = { ARGUMENT(0), ARGUMENT(1), ARGUMENT(2) };
#define RESULT_MAX 512	/* bytes that a function stores at most, and more */

/*
 * How many arguments the system call has, and for a call that is served what they are.
 * Numbers have 32 bits. aarch64 has no system call of time's: it asks another way.
 */
enum argument { NONE, NUMBER, POINTER, MONOTONIC };
struct call {
	unsigned int count;
	enum argument first, second;
};
static const struct call calls[VDSOGEN_FUNCTIONS] = {
	[VDSOGEN_CLOCK_GETTIME] = { 2, MONOTONIC, POINTER },
	[VDSOGEN_GETTIMEOFDAY] = { 2, POINTER, POINTER },
	[VDSOGEN_TIME] = { 0, POINTER, NONE },
	[VDSOGEN_CLOCK_GETRES] = { 2, MONOTONIC, POINTER },
	[VDSOGEN_GETCPU] = { 2, POINTER, POINTER },
	[VDSOGEN_GETPGID] = { 1, NUMBER, NONE },
	[VDSOGEN_GETSID] = { 1, NUMBER, NONE },
	[VDSOGEN_GETPRIORITY] = { 2, NUMBER, NUMBER },
	[VDSOGEN_UNAME] = { 1, POINTER, NONE },
	[VDSOGEN_GETRANDOM] = { 2, POINTER, POINTER },	/* never ready here */
};

static enum argument kind_of(unsigned int function, unsigned int i)
{
	return i ? calls[function].second : calls[function].first;
}

/* -------------------------------------------------------------------------
 * Where a slot leads
 */
static uintptr_t asked[2];

static long answer(long number, uintptr_t a, uintptr_t b, uintptr_t c)
{
	(void)number;
	(void)c;
	asked[0] = a;
	asked[1] = b;
	return MARK;
}

/* Nothing is published: every function comes to the host, with the arguments of the call. */
static void check_leads(const struct page *page, unsigned int function)
{
	const char *name = vdsogen_function_name(function);
	long value;

	memset(&trap, 0, sizeof trap);
	trap_answer_with(answer);
	value = page_call_slot(page, function, some);
	trap_answer_with(ask);
	CHECK(trap.count == 1 && trap.function == function, "%s's slot: %lu fallbacks, of %s", name,
	      trap.count, vdsogen_function_name(trap.function));
	CHECK(value == MARK, "%s's slot: %#lx, not the host's %#x", name, value, MARK);
	for (unsigned int i = 0; i < calls[function].count; i++)
		CHECK((uint32_t)asked[i] == (uint32_t)ARGUMENT(i) &&
		      (asked[i] == ARGUMENT(i) || kind_of(function, i) != POINTER),
		      "%s's slot: argument %u is %#lx", name, i, (long)asked[i]);
}

static void check_absent(const struct page *page, unsigned int function)
{
	const char *name = vdsogen_function_name(function);
	long value;

	trap.count = 0;
	value = page_call_slot(page, function, some);
	CHECK(value == -ENOSYS, "%s's slot = %ld, not %d", name, value, -ENOSYS);
	CHECK(trap.count == 0, "%s's slot asks the host", name);
}

/* -------------------------------------------------------------------------
 * What comes out
 */
struct result {
	uint64_t memory[2][RESULT_MAX / sizeof(uint64_t)];
	long value;
};

static uintptr_t argument(struct result *result, unsigned int function, unsigned int i)
{
	enum argument kind = kind_of(function, i);

	if (kind == POINTER)
		return (uintptr_t)result->memory[i];
	return kind == MONOTONIC ? VDSOGEN_MONOTONIC : 0;
}

static void call(const struct page *page, unsigned int function, bool slot, struct result *result)
{
	const uintptr_t arguments[PAGE_ARGUMENTS] = {
		argument(result, function, 0), argument(result, function, 1),
	};

	memset(result, POISON, sizeof *result);
	result->value = slot ? page_call_slot(page, function, arguments) :
			       page_call_all(page, function, arguments, NULL);
}

static void check_same(const struct page *page, unsigned int function)
{
	const char *name = vdsogen_function_name(function);
	struct result by_symbol, by_slot;

	trap.count = 0;
	call(page, function, false, &by_symbol);
	call(page, function, true, &by_slot);
	CHECK(by_slot.value == by_symbol.value, "%s's slot = %#lx, the function %#lx", name,
	      by_slot.value, by_symbol.value);
	CHECK(!memcmp(by_slot.memory, by_symbol.memory, sizeof by_slot.memory),
	      "%s's slot stores something else", name);
	CHECK(trap.count == 0, "%s: %lu fallbacks", name, trap.count);
}

/* -------------------------------------------------------------------------
 * The configurations
 */
static void publish(struct page *page)
{
	struct vdsogen_identity self;

	page->source.scale = 0;		/* time stands still */
	page->source.unit = 1;
	page_start(page);
	identify(&self);
	if (page->process)
		CHECK(!vdsogen_process_set(page->process, &self), "vdsogen_process_set");
}

static void check_slots(const struct page *page, bool published)
{
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		if (!(page->image.config.functions >> f & 1))
			check_absent(page, f);
		else if (f == VDSOGEN_RT_SIGRETURN)
			continue;	/* returns to no caller */
		else if (published && f != VDSOGEN_GETRANDOM)
			check_same(page, f);
		else
			check_leads(page, f);
	}
}

static void check_config(uint32_t functions, uint32_t options, uint32_t landing_pads)
{
	struct vdsogen_config config = {
		.functions = functions, .options = VDSOGEN_SLOTS | options,
		.landing_pads = landing_pads,
	};
	struct page page;

	check_about("slots, functions %#x options %#x landing pads %u", functions, options,
		    landing_pads);
	page_make(&page, &config, PAGE_COUNTS);
	check_slots(&page, false);
	page_free(&page);

	config.getcpu = VDSOGEN_GETCPU_ZERO;
	page_make(&page, &config, PAGE_COUNTS);
	publish(&page);
	check_slots(&page, true);
	page_free(&page);

	page_make(&page, &config, PAGE_ASKS);
	if (page.image.function[VDSOGEN_RT_SIGRETURN].at)
		check_sigreturn(page_slot(&page, VDSOGEN_RT_SIGRETURN));
	page_free(&page);
}

void exec_slots(void)
{
	static const uint32_t options[] = {
		0, VDSOGEN_GUARD, VDSOGEN_LATCH, VDSOGEN_OMIT_HASH | VDSOGEN_OMIT_UNWIND,
		VDSOGEN_OPTIONS & ~VDSOGEN_OMIT_GNU_HASH,
	};
	const uint32_t all = vdsogen_arch_functions(host_arch());

	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		check_config(all, options[i], VDSOGEN_LANDING_PADS_ON);
		check_config(all, options[i], VDSOGEN_LANDING_PADS_OFF);
	}
	check_config(0, 0, VDSOGEN_LANDING_PADS_DEFAULT);
	check_config(VDSOGEN_IDENTITY_FUNCTIONS, 0, VDSOGEN_LANDING_PADS_DEFAULT);
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++)
		if (all >> f & 1)
			check_config(1u << f, 0, VDSOGEN_LANDING_PADS_DEFAULT);
}

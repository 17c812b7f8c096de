/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trampolines' instructions, path by path: see flow.h. Every function of
 * every configuration that changes code is walked with every clock id that
 * matters and with every pointer given and not given; the rules are in
 * flow-rules.c, what a call should read and store is here.
 */
#include "suites.h"

#ifdef HAVE_CAPSTONE
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ROOM (4 * VDSOGEN_PAGE)
#define TIMESPEC (2 * sizeof(uint64_t))	/* and timeval */

static const struct flow_machine *const machines[] = { &flow_x86_64, &flow_aarch64 };

static _Alignas(VDSOGEN_PAGE) unsigned char buffer[ROOM];

static void build(const struct flow_machine *m, const struct vdsogen_config *config,
		  struct vdsogen_image *image)
{
	size_t size = sizeof buffer;

	ck_assert_int_eq(vdsogen_build(vdsogen_arch_find(m->name), config, buffer, &size), 0);
	ck_assert_int_eq(vdsogen_open(buffer, size, image), 0);
}

/* -------------------------------------------------------------------------
 * Calls: arguments, and what may be stored through them.
 */
static void give_pointer(struct flow *f, unsigned int argument, unsigned int i, uint32_t size)
{
	f->pointer[i].at = size ? FLOW_POINTER(i) : 0;
	f->pointer[i].size = size;
	f->argument[argument] = value_of(f->pointer[i].at);
}

/* Through a pointer that is not given, nothing can be stored. */
static void give_pointers(struct flow *f, unsigned int given, uint32_t size)
{
	if (f->function == VDSOGEN_GETCPU)
		f->argument[2] = value_of(FLOW_POINTER(FLOW_POINTERS)); /* passed on */
	for (unsigned int i = 0; i < FLOW_POINTERS; i++)
		give_pointer(f, i, i, given >> i & 1 ? size : 0);
}

/* The upper half of an int's register is anything. */
static void give_clock(struct flow *f, int id)
{
	f->argument[0] = (struct value){ .bits = (uint32_t)id, .known = UINT32_MAX };
}

static void expect_clock(struct flow *f, int id)
{
	bool served = id >= 0 && id < VDSOGEN_CLOCK_IDS && f->image->config.clocks >> id & 1;
	uint64_t block = FLOW_IMAGE + f->image->clock, base;

	f->expect_line = f->expect_base = 0;
	f->coarse = served && VG_COARSE_CLOCKS >> id & 1;
	if (!served)
		return;
	base = vg_base_unit((unsigned int)id) * sizeof(struct vdsogen_base);
	f->expect_base = block + base;
	f->expect_line = block + base / sizeof(struct vdsogen_line) * sizeof(struct vdsogen_line);
}

static const int clock_ids[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	16, 31, 32, 64, -1, -6 /* a process's own */, INT_MAX, INT_MIN
};

static void walk_clocks(struct flow *f, bool may_be_null)
{
	for (size_t i = 0; i < COUNT(clock_ids); i++)
		for (unsigned int given = may_be_null ? 0 : 1; given < 2; given++) {
			snprintf(f->call, sizeof f->call, "(%d, %s)", clock_ids[i], given ? "p" : "NULL");
			give_pointers(f, 0, 0);
			give_clock(f, clock_ids[i]);
			give_pointer(f, 1, 0, given ? TIMESPEC : 0);
			if (f->function == VDSOGEN_CLOCK_GETTIME)
				expect_clock(f, clock_ids[i]);
			flow_walk(f);
		}
}

static void walk_pointers(struct flow *f, unsigned int pointers, uint32_t first, uint32_t second)
{
	for (unsigned int given = 0; given < 1u << pointers; given++) {
		snprintf(f->call, sizeof f->call, "(%s, %s)", given & 1 ? "p" : "NULL",
			 given & 2 ? "p" : "NULL");
		give_pointers(f, given, first);
		give_pointer(f, 1, 1, given & 2 ? second : 0);
		if (f->function == VDSOGEN_GETTIMEOFDAY)
			expect_clock(f, VDSOGEN_REALTIME);
		flow_walk(f);
	}
}

/* Who the process is: the caller's own, and others'. */
static void walk_identity(struct flow *f)
{
	const struct value own = { .known = UINT32_MAX }, other = { .bits = 1, .known = UINT32_MAX };
	unsigned int arguments = vg_id_arguments(f->function);

	f->expect_line = vg_is_credential(f->function) ? FLOW_IMAGE + (uint32_t)f->image->process : 0;
	for (unsigned int others = 0; others < 1u << arguments; others++) {
		snprintf(f->call, sizeof f->call, "(other: %u)", others);
		give_pointers(f, 0, 0);
		for (unsigned int i = 0; i < arguments; i++)
			f->argument[i] = others >> i & 1 ? other : own;
		flow_walk(f);
	}
}

/* uname() copies before it rechecks: the loop is walked with all that decides known. */
static void walk_uname(struct flow *f)
{
	static const struct { uint32_t seq, recheck, shown; } cases[] = {
		{ 2, 2, 1 }, { 2, 4, 1 }, { 1, 1, 1 }, { 2, 2, 0 }
	};

	f->exact = true;
	f->expect_line = FLOW_IMAGE + (uint32_t)f->image->process;
	give_pointers(f, 0, 0);
	give_pointer(f, 0, 0, sizeof(struct vdsogen_utsname));
	for (size_t i = 0; i < COUNT(cases); i++) {
		f->seq = cases[i].seq;
		f->recheck = cases[i].recheck;
		f->shown = cases[i].shown;
		snprintf(f->call, sizeof f->call, "(p) at counts %u, %u, shown %u", f->seq,
			 f->recheck, f->shown);
		flow_walk(f);
		if (f->traps != (i != 0))
			flow_fail(f, "%u traps", f->traps);
	}
	f->exact = false;
}

/* -------------------------------------------------------------------------
 * getrandom: what decides is known, so each scene is one path.
 */
enum {
	STATE = sizeof(struct vg_random_state), KEY = 32, BATCH = 96, QUERY = 64, LONGEST = 400
};

static const struct scene {
	const char *what;
	uint64_t len, flags, at, size;	/* arguments; `at` from the state's start */
	struct flow_scene scene;
	unsigned int asked;	/* the host, for a key */
} scenes[] = {
#define STARTED .ready = 1, .flags = 0x28
#define SEEDED STARTED, .generation = FLOW_GENERATION
#define SERVES(bytes) .answers = true, .result = bytes
	{ "a batch", 15, 7, 0, STATE, { SEEDED, SERVES(15) }, 0 },
	{ "all of it", BATCH, 0, 0, STATE, { SEEDED, SERVES(BATCH) }, 0 },
	{ "a part, and blocks", LONGEST, 0, 0, STATE, { SEEDED, .pos = 50, SERVES(LONGEST) }, 0 },
	{ "an even number of blocks", 256, 0, 0, STATE, { SEEDED, .pos = BATCH, SERVES(256) }, 0 },
	{ "blocks", 192, 0, 0, STATE, { SEEDED, .pos = BATCH, SERVES(192) }, 0 },
	{ "one byte", 1, 0, 0, STATE, { SEEDED, .pos = BATCH - 1, SERVES(1) }, 0 },
	{ "31 bytes", 31, 0, 0, STATE, { SEEDED, .pos = BATCH - 1, SERVES(31) }, 0 },
	{ "a new state", 40, 0, 0, STATE, { STARTED, SERVES(40) }, 1 },
	{ "an old state", 40, 0, 0, STATE, { SEEDED, .changes = 1, SERVES(40) }, 1 },
	{ "a change", 40, 0, 0, STATE, { SEEDED, .changes = 2, SERVES(40) }, 1 },
	{ "a change at once", 140, 1, 0, STATE, { STARTED, .changes = 2, SERVES(140) }, 2 },
	{ "changes", 140, 1, 0, STATE, { STARTED, .changes = 0xff }, 2 },
	{ "changes later", 140, 3, 0, STATE, { SEEDED, .changes = 0xfe }, 1 },
	{ "no key", 40, 0, 0, STATE, { SEEDED, .changes = 1, .key_result = -11 }, 1 },
	{ "half a key", 40, 2, 0, STATE, { STARTED, .changes = 1, .key_result = KEY / 2 }, 1 },
	{ "no key again", 40, 0, 0, STATE, { SEEDED, .changes = 2, .key_result = -4 }, 1 },
	{ "nothing", 0, 0, 0, STATE, { SEEDED, SERVES(0) }, 0 },
	{ "a call within a call", 8, 0, 0, STATE, { SEEDED, .in_use = 1 }, 0 },
	{ "a strange flag", 8, 8, 0, STATE, { SEEDED }, 0 },
	{ "no generator", 8, 0, 0, STATE, { .pos = 0 }, 0 },
	{ "a small state", 8, 0, 0, 1, { SEEDED }, 0 },
	{ "two pages", 8, 0, VDSOGEN_PAGE - 1, STATE, { SEEDED, SERVES(-VG_EFAULT) }, 0 },
	{ "the query", 0, 0, 0, UINT64_MAX, { SEEDED, SERVES(0) }, 0 },
	{ "the query, never started", 0, 0, 0, UINT64_MAX, { SERVES(-VG_ENOSYS) }, 0 },
	{ "no query: a length", 1, 0, 0, UINT64_MAX, { SEEDED }, 0 },
	{ "no query: flags", 0, 1, 0, UINT64_MAX, { SEEDED }, 0 },
	{ "no query, two pages", 1, 0, VDSOGEN_PAGE - 1, UINT64_MAX,
	  { SEEDED, SERVES(-VG_EFAULT) }, 0 },
};

static bool is_query(const struct scene *s)
{
	return s->size == UINT64_MAX && !s->len && !s->flags;
}

static void give_scene(struct flow *f, const struct scene *s)
{
	bool answered = is_query(s) && s->scene.result == 0, served = s->scene.result >= 0;

	snprintf(f->call, sizeof f->call, "(%s)", s->what);
	f->scene = s->scene;
	if (!f->scene.key_result)
		f->scene.key_result = KEY;
	give_pointer(f, 0, 0, served ? (uint32_t)s->len : 0);
	give_pointer(f, 3, 1, answered ? QUERY : 0);
	f->argument[0] = value_of(is_query(s) ? 0 : FLOW_POINTER(0));
	f->argument[1] = value_of(s->len);
	f->argument[2] = (struct value){ .bits = s->flags, .known = UINT32_MAX };
	f->argument[3] = value_of(answered ? FLOW_POINTER(1) : FLOW_STATE + s->at);
	f->argument[4] = value_of(s->size);
}

static void walk_scene(struct flow *f, const struct scene *s)
{
	give_scene(f, s);
	flow_walk(f);
	if (f->traps != s->asked + !s->scene.answers)
		flow_fail(f, "the host is asked %u times", f->traps);
}

static void walk_random(struct flow *f)
{
	f->exact = true;
	f->attention = 0;
	for (size_t i = 0; i < COUNT(scenes); i++)
		walk_scene(f, &scenes[i]);
	f->exact = false;
}

static void walk_calls(struct flow *f)
{
	const uint32_t timezone = 2 * sizeof(uint32_t);

	if (f->function == VDSOGEN_UNAME || f->function == VDSOGEN_GETRANDOM) {
		f->function == VDSOGEN_UNAME ? walk_uname(f) : walk_random(f);
		f->call[0] = 0;
		return;
	}
	if (VDSOGEN_IDENTITY_FUNCTIONS >> f->function & 1) {
		walk_identity(f);
		f->call[0] = 0;
		return;
	}
	switch (f->function) {
	case VDSOGEN_CLOCK_GETTIME: walk_clocks(f, false); break;
	case VDSOGEN_CLOCK_GETRES: walk_clocks(f, true); break;
	case VDSOGEN_GETTIMEOFDAY: walk_pointers(f, 2, TIMESPEC, timezone); break;
	case VDSOGEN_TIME: walk_pointers(f, 1, sizeof(uint64_t), 0); break;
	case VDSOGEN_GETCPU: walk_pointers(f, 2, sizeof(uint32_t), sizeof(uint32_t)); break;
	default: walk_pointers(f, 0, 0, 0); break;
	}
	f->call[0] = 0;
}

/* -------------------------------------------------------------------------
 * Images.
 */
static struct flow begin(const struct flow_machine *m, const struct vdsogen_image *image,
			 unsigned int function)
{
	const struct value none = value_from(FROM_CALLER, IS_ANYTHING);
	struct flow f = { .machine = m, .image = image, .function = function,
			  .argument = { none, none, none, none, none } };

	flow_decode(&f);
	return f;
}

struct flow flow_function(const struct flow_machine *m, const struct vdsogen_image *image,
			  unsigned int function)
{
	struct flow f = begin(m, image, function);

	walk_calls(&f);
	f.odd = true;
	if (image->config.options & VDSOGEN_LATCH)
		walk_calls(&f);
	return f;
}

static void walk_function(const struct flow_machine *m, const struct vdsogen_image *image,
			  unsigned int function)
{
	struct flow f = flow_function(m, image, function);

	if (image->config.clocks == VG_CLOCKS)	/* with fewer, some of it is for none */
		for (f.at = 0; f.at < f.count; f.at++)
			if (!f.walked[f.at])
				flow_fail(&f, "no call comes here");
	flow_forget(&f);
}

static void walk_image(const struct flow_machine *m, const struct vdsogen_config *config)
{
	struct vdsogen_image image;

	build(m, config, &image);
	for (unsigned int i = 0; i < VDSOGEN_FUNCTIONS; i++)
		if (image.function[i].at)
			walk_function(m, &image, i);
}

static const uint32_t clock_sets[] = {
	VG_CLOCKS, VG_HRES_CLOCKS, VG_COARSE_CLOCKS,
	VG_CLOCKS & ~(1u << VDSOGEN_REALTIME | 1u << VDSOGEN_MONOTONIC),
	VG_CLOCKS & ~(1u << VDSOGEN_REALTIME), VG_CLOCKS & ~(1u << VDSOGEN_MONOTONIC),
	1u << VDSOGEN_REALTIME, 1u << VDSOGEN_MONOTONIC, 1u << VDSOGEN_MONOTONIC_RAW,
	1u << VDSOGEN_BOOTTIME, 1u << VDSOGEN_TAI, 1u << VDSOGEN_REALTIME_COARSE,
	1u << VDSOGEN_MONOTONIC_COARSE,
};

static const uint32_t guards[] = {
	0, VDSOGEN_GUARD, VDSOGEN_LATCH, VDSOGEN_GUARD | VDSOGEN_LATCH
};

START_TEST(flow_every_path_keeps_the_rules)
{
	for (uint32_t counter = 0; counter < VDSOGEN_COUNTERS; counter++)
		for (size_t g = 0; g < COUNT(guards); g++)
			for (size_t c = 0; c < COUNT(clock_sets); c++)
				walk_image(machines[_i], &(struct vdsogen_config){
					.counter = counter, .options = guards[g],
					.clocks = clock_sets[c] });
}
END_TEST

/* A form that the architecture has not is refused. */
START_TEST(flow_every_getcpu_keeps_the_rules)
{
	const struct vdsogen_arch *arch = vdsogen_arch_find(machines[_i]->name);

	for (uint32_t form = 0; form < VDSOGEN_GETCPUS; form++)
		for (size_t g = 0; g < COUNT(guards); g++) {
			struct vdsogen_config config = { .getcpu = form, .options = guards[g],
							 .landing_pads = VDSOGEN_LANDING_PADS_ON };

			if (form == VDSOGEN_GETCPU_WORD)
				config.getcpu_at = -(int32_t)sizeof(uint32_t);
			if (arch->getcpus >> form & 1)
				walk_image(machines[_i], &config);
		}
}
END_TEST

START_TEST(flow_identity_keeps_the_rules)
{
	for (size_t g = 0; g < COUNT(guards); g++)
		walk_image(machines[_i], &(struct vdsogen_config){
			.options = guards[g], .functions = VDSOGEN_IDENTITY_FUNCTIONS });
}
END_TEST

START_TEST(flow_getrandom_keeps_the_rules)
{
	const uint32_t guard[] = { 0, VDSOGEN_GUARD };

	for (size_t g = 0; g < COUNT(guard); g++)
		walk_image(machines[_i], &(struct vdsogen_config){
			.options = guard[g], .functions = 1u << VDSOGEN_GETRANDOM });
}
END_TEST

/* Every function by every way to the host that the architecture has. */
START_TEST(flow_every_fallback_keeps_the_rules)
{
	static const uint64_t at[VDSOGEN_FALLBACKS] = {
		[VDSOGEN_FALLBACK_HVC] = 0x4d2, [VDSOGEN_FALLBACK_OUT] = 0x5ee,
		[VDSOGEN_FALLBACK_JUMP] = 0x123456789abc, [VDSOGEN_FALLBACK_THREAD] = 0x7ff8,
	};
	const struct vdsogen_arch *arch = vdsogen_arch_find(machines[_i]->name);

	for (uint32_t form = 0; form < VDSOGEN_FALLBACKS; form++)
		if (arch->fallbacks >> form & 1)
			walk_image(machines[_i], &(struct vdsogen_config){
				.functions = vdsogen_arch_functions(arch), .options = VDSOGEN_GUARD,
				.fallback = form, .fallback_at = at[form] });
}
END_TEST

/* That what it copied is not newer than the recheck no test shows that runs on x86. */
START_TEST(flow_uname_orders_its_loads)
{
	const struct vdsogen_config config = { .functions = 1u << VDSOGEN_UNAME };
	/* count, whether known, the copy's loop, its last word; barrier, count */
	static const char *const order[] = {
		"ldar", "ldr", "ldr", "str", "ldr", "str", "dmb", "ldr",
	};
	struct vdsogen_image image;
	size_t found = 0;
	struct flow f;

	build(&flow_aarch64, &config, &image);
	f = begin(&flow_aarch64, &image, VDSOGEN_UNAME);
	for (size_t i = 0; i < f.count; i++) {
		const char *name = f.insn[i].mnemonic;

		if (strncmp(name, "ld", 2) && strncmp(name, "st", 2) && strcmp(name, "dmb"))
			continue;
		ck_assert_uint_lt(found, COUNT(order));
		ck_assert_str_eq(name, order[found]);
		if (!strcmp(name, "dmb"))
			ck_assert_str_eq(f.insn[i].op_str, "ishld");
		found++;
	}
	ck_assert_uint_eq(found, COUNT(order));
	flow_forget(&f);
}
END_TEST

/* Between two functions there is padding, and nothing that runs on. */
static void check_gap(const struct flow_machine *m, uint32_t from, uint32_t to)
{
	cs_insn *insn;
	size_t count, size = 0;
	csh handle;

	if (from == to)
		return;
	ck_assert_int_eq(cs_open(m->arch, m->mode, &handle), CS_ERR_OK);
	count = cs_disasm(handle, buffer + from, to - from, from, 0, &insn);
	cs_close(&handle);
	for (size_t i = 0; i < count; size += insn[i++].size)
		ck_assert_msg(m->is_padding(&insn[i]), "%s: %s at %#x is no padding", m->name,
			      insn[i].mnemonic, (unsigned int)insn[i].address);
	ck_assert_uint_eq(size, to - from);
	cs_free(insn, count);
}

START_TEST(flow_between_functions_is_padding)
{
	struct vdsogen_image image;

	build(machines[_i], NULL, &image);
	for (unsigned int i = 0; i < VDSOGEN_FUNCTIONS; i++) {
		const struct vdsogen_entry *e = &image.function[i];
		uint32_t next = UINT32_MAX;

		for (unsigned int n = 0; n < VDSOGEN_FUNCTIONS; n++)
			if (image.function[n].at > e->at && image.function[n].at < next)
				next = image.function[n].at;
		if (e->at && next != UINT32_MAX)
			check_gap(machines[_i], e->at + e->size, next);
	}
}
END_TEST

/* Straight through: no retry, no carry, nothing amiss. */
static void walk_hot(const struct flow_machine *m, const struct vdsogen_image *image, int id,
		     unsigned int longest)
{
	struct flow f = begin(m, image, VDSOGEN_CLOCK_GETTIME);

	f.hot = true;
	give_clock(&f, id);
	give_pointer(&f, 1, 0, TIMESPEC);
	expect_clock(&f, id);
	flow_walk(&f);
	ck_assert_msg(f.steps <= longest, "%s: %u instructions, more than %u", m->name, f.steps,
		      longest);
	ck_assert_uint_eq(f.fences, image->config.counter == VDSOGEN_COUNTER_FENCED);
	ck_assert_uint_eq(f.traps, 0);
	flow_forget(&f);
}

START_TEST(flow_hot_path_is_short)
{
	static const unsigned int longest[] = { 36, 34 };	/* as machines[] */
	static const unsigned int other[] = { 13, 0 };		/* where the line is looked up */

	for (uint32_t counter = 0; counter < VDSOGEN_COUNTERS; counter++) {
		struct vdsogen_config config = { .counter = counter };
		struct vdsogen_image image;

		build(machines[_i], &config, &image);
		for (int id = 0; id < VDSOGEN_CLOCK_IDS; id++)
			if (VG_HRES_CLOCKS >> id & 1)
				walk_hot(machines[_i], &image, id,
					 longest[_i] + (id > VDSOGEN_MONOTONIC ? other[_i] : 0));
	}
}
END_TEST

/* The sequence count when a try begins and when it ends, and what must come of it. */
static const struct {
	uint32_t seq, recheck;
	unsigned int tries, traps;
} counts[] = {
	{ 0, 0, 1, 1 },				/* never started */
	{ 1, 1, 1u << VG_TRIES_LOG2, 1 },	/* a publisher that died */
	{ 2, 4, 1u << VG_TRIES_LOG2, 1 },	/* one that is always faster */
	{ 2, 2, 1, 0 },
};

static void try_counts(struct flow *f, unsigned int looks)
{
	f->hot = f->exact = true;
	for (size_t i = 0; i < COUNT(counts); i++) {
		f->seq = counts[i].seq;
		f->recheck = counts[i].recheck;
		flow_walk(f);
		ck_assert_msg(f->traps == counts[i].traps &&
			      f->tries == counts[i].tries + (f->seq ? looks : 0),
			      "%s %s: counts %u and %u: %u tries, %u traps", f->machine->name,
			      vdsogen_function_name(f->function), f->seq, f->recheck, f->tries,
			      f->traps);
	}
}

START_TEST(flow_tries_come_to_an_end)
{
	struct vdsogen_config config = { .options = VDSOGEN_GUARD };
	struct vdsogen_image image;
	struct flow f;

	build(machines[_i], &config, &image);
	f = begin(machines[_i], &image, VDSOGEN_CLOCK_GETTIME);
	give_pointer(&f, 1, 0, TIMESPEC);
	for (int id = 0; id < VDSOGEN_CLOCK_IDS; id++) {
		give_clock(&f, id);
		expect_clock(&f, id);
		if (f.expect_line)
			try_counts(&f, 0);
	}
	flow_forget(&f);
	f = begin(machines[_i], &image, VDSOGEN_GETTIMEOFDAY);
	give_pointers(&f, 1, TIMESPEC);
	expect_clock(&f, VDSOGEN_REALTIME);
	try_counts(&f, 1);	/* it looks at the count before it tries */
	flow_forget(&f);
}
END_TEST

/* The attention word alone decides, in all that could answer by itself. */
static void give_good_arguments(struct flow *f)
{
	give_pointers(f, 3, TIMESPEC);
	if (VDSOGEN_IDENTITY_FUNCTIONS >> f->function & 1)
		give_pointers(f, 0, 0);
	if (f->function == VDSOGEN_UNAME)
		give_pointer(f, 0, 0, sizeof(struct vdsogen_utsname));
	if (f->function == VDSOGEN_GETRANDOM)
		give_scene(f, &scenes[0]);
	if (f->function == VDSOGEN_CLOCK_GETTIME || f->function == VDSOGEN_CLOCK_GETRES) {
		give_pointer(f, 1, 0, TIMESPEC);
		give_clock(f, VDSOGEN_MONOTONIC);
	}
}

static void attend(struct flow *f)
{
	f->hot = f->exact = true;
	f->attention = 1;
	give_good_arguments(f);
	flow_walk(f);
	ck_assert_msg(f->traps == 1 && !f->tries, "%s %s: attention, but %u traps, %u tries",
		      f->machine->name, vdsogen_function_name(f->function), f->traps, f->tries);
}

START_TEST(flow_attention_leads_to_the_fallback)
{
	const struct vdsogen_config config = {
		.functions = vdsogen_arch_functions(vdsogen_arch_find(machines[_i]->name)),
		.options = VDSOGEN_GUARD, .getcpu = VDSOGEN_GETCPU_ZERO
	};
	struct vdsogen_image image;

	build(machines[_i], &config, &image);
	for (unsigned int i = 0; i < VDSOGEN_FUNCTIONS; i++) {
		struct flow f;

		if (i == VDSOGEN_RT_SIGRETURN || !image.function[i].at)
			continue;
		f = begin(machines[_i], &image, i);
		attend(&f);
		flow_forget(&f);
	}
}
END_TEST

Suite *flow_suite(void)
{
	Suite *s = suite_create("flow");
	TCase *t = tcase_create("flow");

	tcase_add_loop_test(t, flow_every_path_keeps_the_rules, 0, COUNT(machines));
	tcase_add_loop_test(t, flow_every_getcpu_keeps_the_rules, 0, COUNT(machines));
	tcase_add_loop_test(t, flow_identity_keeps_the_rules, 0, COUNT(machines));
	tcase_add_test(t, flow_uname_orders_its_loads);
	tcase_add_loop_test(t, flow_getrandom_keeps_the_rules, 0, COUNT(machines));
	tcase_add_loop_test(t, flow_every_fallback_keeps_the_rules, 0, COUNT(machines));
	tcase_add_loop_test(t, flow_between_functions_is_padding, 0, COUNT(machines));
	tcase_add_loop_test(t, flow_tries_come_to_an_end, 0, COUNT(machines));
	tcase_add_loop_test(t, flow_attention_leads_to_the_fallback, 0, COUNT(machines));
	tcase_add_loop_test(t, flow_hot_path_is_short, 0, COUNT(machines));
	suite_add_tcase(s, t);
	return s;
}
#else
#include <stdio.h>

Suite *flow_suite(void)
{
	puts("flow: not compiled: configure found no libcapstone (install libcapstone-dev)");
	return suite_create("flow (not compiled)");
}
#endif

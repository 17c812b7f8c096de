/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where getcpu finds its answer: the forms that read what Linux keeps for it, on
 * every processor, and the word that the host of a vCPU keeps.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

#include "exec.h"

#define CPU_BITS 12
#define CPU_MAX ((1u << CPU_BITS) - 1)
#define NODE_MAX (UINT32_MAX >> CPU_BITS)
#define WORD(cpu, node) ((uint32_t)(node) << CPU_BITS | (uint32_t)(cpu))
#define POISON 0xa5a5a5a5u
#define LINUX_SELECTOR 0x7b	/* __CPUNODE_SEG: Linux arch/x86/include/asm/segment.h */
#define READINGS 200000
#define WRITES_MIN 100

/* With each combination of pointers; nothing beside what they point to. */
static void check_one(const struct page *page, unsigned int want_cpu, unsigned int want_node,
		      bool fast)
{
	for (unsigned int with = 0; with < 4; with++) {
		bool with_cpu = with & 1, with_node = with & 2;
		unsigned int cpu[2] = { POISON, POISON }, node[2] = { POISON, POISON };
		long value;

		trap.count = 0;
		value = page_call(page, VDSOGEN_GETCPU, with_cpu ? (uintptr_t)cpu : 0,
				  with_node ? (uintptr_t)node : 0, 1);
		CHECK(value == 0, "getcpu = %ld", value);
		CHECK(trap.count == !fast, "getcpu: %lu fallbacks, %d expected", trap.count, !fast);
		CHECK(cpu[0] == (with_cpu ? want_cpu : POISON), "cpu %u, not %u", cpu[0], want_cpu);
		CHECK(node[0] == (with_node ? want_node : POISON), "node %u, not %u", node[0],
		      want_node);
		CHECK(cpu[1] == POISON && node[1] == POISON, "getcpu stores too much");
	}
}

/* -------------------------------------------------------------------------
 * What Linux keeps
 */
static void check_on(const struct page *page, int on, bool fast)
{
	unsigned int cpu = POISON, node = POISON;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(on, &one);
	if (!CHECK(!sched_setaffinity(0, sizeof one, &one), "cannot go to processor %d", on))
		return;
	ask(SYS_getcpu, (uintptr_t)&cpu, (uintptr_t)&node, 0);
	CHECK((int)cpu == on && sched_getcpu() == on, "the system says %u on processor %d", cpu,
	      on);
	check_one(page, cpu, node, fast);
}

static void check_everywhere(const struct page *page, bool fast)
{
	cpu_set_t all;

	sched_getaffinity(0, sizeof all, &all);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all))
			check_on(page, cpu, fast);
	sched_setaffinity(0, sizeof all, &all);
}

static void check_kept(const struct vdsogen_config *config, bool fast)
{
	struct page page;

	check_about("getcpu form %u at %#x", config->getcpu, (unsigned int)config->getcpu_at);
	page_make(&page, config, PAGE_COUNTS);
	check_everywhere(&page, fast);
	page_free(&page);
}

/* No segment, one of the kernel alone, one of code, past the table's end: the fallback. */
static void check_segments(void)
{
#ifdef __x86_64__
	static const int32_t none[] = { 3, 8, 0x10, 0xffff, 0xfff8, 0x7f };

	if (!getcpu_works(VDSOGEN_GETCPU_LSL))
		return;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		check_kept(&(struct vdsogen_config){
			.getcpu = VDSOGEN_GETCPU_LSL, .getcpu_at = none[i] }, false);
	check_kept(&(struct vdsogen_config){
		.getcpu = VDSOGEN_GETCPU_LSL, .getcpu_at = LINUX_SELECTOR }, true);
#endif
}

/* -------------------------------------------------------------------------
 * The word
 */
static void check_word(int32_t at, uint32_t options)
{
	static const uint32_t cpus[] = { 0, 1, 2, 255, CPU_MAX - 1, CPU_MAX };
	static const uint32_t nodes[] = { 0, 1, 7, NODE_MAX - 1, NODE_MAX };
	const struct vdsogen_config config = {
		.getcpu = VDSOGEN_GETCPU_WORD, .getcpu_at = at, .options = options,
	};
	struct page page;

	check_about("getcpu's word at %d, options %#x", at, options);
	page_make(&page, &config, PAGE_COUNTS);
	check_one(&page, 0, 0, true);
	for (size_t i = 0; i < sizeof cpus / sizeof *cpus; i++)
		for (size_t j = 0; j < sizeof nodes / sizeof *nodes; j++) {
			*page.cpu_word = WORD(cpus[i], nodes[j]);
			check_one(&page, cpus[i], nodes[j], true);
		}
	if (options & VDSOGEN_GUARD) {
		vdsogen_clock_attention(page.clock, 1, 0);
		check_everywhere(&page, false);
	}
	page_free(&page);
}

static bool stop;
static unsigned long writes;

/* cpu and node are the same number: a reading of two words shows. */
static void *change_word(void *word)
{
	for (uint32_t n = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); n++, writes++)
		__atomic_store_n((uint32_t *)word, WORD(n & CPU_MAX, n & CPU_MAX),
				 __ATOMIC_RELAXED);
	return NULL;
}

static void check_word_changes(void)
{
	const struct vdsogen_config config = {
		.getcpu = VDSOGEN_GETCPU_WORD, .getcpu_at = -VDSOGEN_PAGE / 2,
	};
	unsigned int torn = 0, changes = 0, last = 0;
	struct page page;
	pthread_t thread;

	check_about("getcpu's word while it changes");
	page_make(&page, &config, PAGE_COUNTS);
	stop = false;
	writes = 0;
	trap.count = 0;
	pthread_create(&thread, NULL, change_word, page.cpu_word);
	while (__atomic_load_n(page.cpu_word, __ATOMIC_RELAXED) == 0)
		sched_yield();
	for (unsigned int i = 0; i < READINGS; i++) {
		unsigned int cpu = POISON, node = POISON;

		page_function(&page, VDSOGEN_GETCPU)((uintptr_t)&cpu, (uintptr_t)&node, 0);
		torn += cpu != node;
		changes += cpu != last;
		last = cpu;
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	CHECK(!torn, "%u readings are torn", torn);
	CHECK(!trap.count, "%lu fallbacks", trap.count);
	CHECK(changes && writes > WRITES_MIN, "%u readings of %lu words", changes, writes);
	page_free(&page);
}

void exec_getcpu(void)
{
	/* where no layout has data */
	static const int32_t places[] = {
		-4, -VDSOGEN_PAGE / 2, -VDSOGEN_PAGE - 4, -VDSOGEN_DISTANCE_MAX + VDSOGEN_PAGE - 4,
		16 * VDSOGEN_PAGE, 16 * VDSOGEN_PAGE - 4, VDSOGEN_DISTANCE_MAX - 4,
	};
	static const uint32_t kept[] = {
		VDSOGEN_GETCPU_FALLBACK, VDSOGEN_GETCPU_RDPID, VDSOGEN_GETCPU_RDTSCP,
		VDSOGEN_GETCPU_LSL,
	};

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (getcpu_works(kept[i]))
			check_kept(&(struct vdsogen_config){ .getcpu = kept[i] },
				   kept[i] != VDSOGEN_GETCPU_FALLBACK);
	check_segments();
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		check_word(places[i], 0);
		check_word(places[i], VDSOGEN_GUARD);
	}
	check_word_changes();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any configuration: an error that says so, or an image that opens and tells
 * what it was built from; and that every reader accepts, if nothing was left out.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define CHECK(fact) do { if (!(fact)) fail(#fact, __LINE__); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vdsogen_config config;	/* under way, for the report */
static const char *name;

static void fail(const char *fact, int line)
{
	fprintf(stderr, "fuzz_build: line %d: not so: %s\n%s, functions %#x, clocks %#x, counter %u, "
		"getcpu %u at %d, fallback %u at %#llx, landing pads %u, data %u, distance %u, "
		"process %u, distance %u, options %#x, version %#x\n", line, fact, name,
		config.functions, config.clocks, config.counter, config.getcpu, config.getcpu_at,
		config.fallback, (unsigned long long)config.fallback_at, config.landing_pads,
		config.data, config.distance, config.process, config.process_distance,
		config.options, config.kernel_version);
	abort();
}

static uint32_t next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;	/* Knuth's MMIX */
	return (uint32_t)(*state >> 33);
}

/* As often one that is good as any other. */
static uint32_t random_distance(uint64_t *state, uint32_t data)
{
	return !data || next(state) % 2 ? 0 : next(state) % 130 * VDSOGEN_PAGE + !(next(state) % 32);
}

/* An immediate, a port, an address, a distance, and what is none of them. */
static uint64_t random_place(uint64_t *state, uint32_t fallback)
{
	if (fallback == VDSOGEN_FALLBACK_JUMP || next(state) % 8 == 0)
		return (uint64_t)next(state) << 33 | next(state);
	if (fallback == VDSOGEN_FALLBACK_THREAD)
		return next(state) % 2 ? next(state) % 4097 * 8 : (uint64_t)-(int64_t)(next(state) % 9000);
	return fallback ? next(state) % 0x10100 : 0;
}

static void random_cpu(uint64_t *state, struct vdsogen_config *c)
{
	c->getcpu = next(state) % (VDSOGEN_GETCPUS + 1);
	if (c->getcpu == VDSOGEN_GETCPU_WORD)
		c->getcpu_at = ((int32_t)(next(state) % 0x100000) - 0x80000) * 4 + !(next(state) % 32);
	else if (next(state) % 4 == 0)
		c->getcpu_at = (int32_t)(next(state) % 0x20000);
}

/* All, some, or the default ones with some others. */
static uint32_t random_functions(uint64_t *state, const struct vdsogen_arch *arch)
{
	uint32_t all = vdsogen_arch_functions(arch), some = next(state);

	switch (next(state) % 5) {
	case 0: return 0;
	case 1: return all;
	case 2: return some % (1u << VDSOGEN_FUNCTIONS);
	case 3: return all & some;
	default: return all & (some | VDSOGEN_DEFAULT_FUNCTIONS);
	}
}

/* Mostly what there is, and a little of what there is not. */
static struct vdsogen_config random_config(uint64_t *state, const struct vdsogen_arch *arch)
{
	struct vdsogen_config c = {
		.functions = random_functions(state, arch),
		.counter = next(state) % (VDSOGEN_COUNTERS + 1),
		.fallback = next(state) % 2 ? next(state) % (VDSOGEN_FALLBACKS + 1) : 0,
		.landing_pads = next(state) % VDSOGEN_LANDING_PADS,
		.data = next(state) % VDSOGEN_DATA,
		.process = next(state) % (VDSOGEN_DATA + !(next(state) % 8)),
		.options = next(state) % (VDSOGEN_OPTIONS + 2),
	};

	random_cpu(state, &c);
	c.fallback_at = random_place(state, c.fallback);
	if (next(state) % 2)
		c.clocks = next(state) % (1u << VDSOGEN_CLOCK_IDS) & 0x8f3;
	c.distance = random_distance(state, c.data);
	c.process_distance = next(state) % 4 ? random_distance(state, c.process) : c.distance;
	if (next(state) % 2)
		c.kernel_version = next(state) % 0x1000000;
	if (next(state) % 8 == 0)
		c.options = next(state) % 2 ? VDSOGEN_SLOTS : 0;
	return c;
}

/* What vdsogen_open() has to tell: the same, with the defaults of vdsogen.h. */
static struct vdsogen_config with_defaults(const struct vdsogen_arch *arch)
{
	struct vdsogen_config c = config;

	if (!c.functions)
		c.functions = vdsogen_arch_functions(arch) & VDSOGEN_DEFAULT_FUNCTIONS;
	if (!c.clocks)
		c.clocks = 0x8f3;
	if (!c.kernel_version)
		c.kernel_version = 6 << 16 | 1 << 8;
	if (!c.landing_pads)
		c.landing_pads = strcmp(name, "x86_64") ? VDSOGEN_LANDING_PADS_OFF :
							   VDSOGEN_LANDING_PADS_ON;
	if (c.getcpu == VDSOGEN_GETCPU_LSL && !c.getcpu_at)
		c.getcpu_at = 0x7b;	/* Linux's __CPUNODE_SEG, ring 3 */
	if (c.data == VDSOGEN_DATA_BEFORE && !c.distance)
		c.distance = VDSOGEN_PAGE;
	if (c.process == VDSOGEN_DATA_BEFORE && !c.process_distance)
		c.process_distance = VDSOGEN_PAGE;
	return c;
}

#define SAME(field) CHECK(told->field == given.field)

static void check_told(const struct vdsogen_arch *arch, const struct vdsogen_config *told)
{
	const struct vdsogen_config given = with_defaults(arch);

	SAME(functions);
	SAME(clocks);
	SAME(counter);
	SAME(getcpu);
	SAME(getcpu_at);
	SAME(fallback);
	SAME(fallback_at);
	SAME(landing_pads);
	SAME(data);
	SAME(distance);
	SAME(process);
	SAME(process_distance);
	SAME(options);
	SAME(kernel_version);
}

static bool in_image(const struct vdsogen_image *image, int32_t at, size_t size)
{
	return at > 0 && (uint32_t)at + size <= image->size;
}

/* Blocks that are not outside are inside, and nothing that none has is anywhere. */
static void check_blocks(const struct vdsogen_image *image)
{
	const struct vdsogen_config *c = &image->config;

	CHECK(!(c->functions >> VDSOGEN_GETRANDOM & 1) == !image->random);
	CHECK(!(c->functions & VDSOGEN_IDENTITY_FUNCTIONS) == !image->process);
	CHECK((c->data != VDSOGEN_DATA_INSIDE) !=
	      in_image(image, image->clock, sizeof(struct vdsogen_clock)));
	CHECK(!image->random || (c->data != VDSOGEN_DATA_INSIDE) !=
	      in_image(image, image->random, sizeof(struct vdsogen_random)));
	CHECK(!image->process || (c->process != VDSOGEN_DATA_INSIDE) !=
	      in_image(image, image->process, sizeof(struct vdsogen_process)));
}

static bool is_refusal(int error)
{
	return error == -VDSOGEN_ERR_FUNCTION || error == -VDSOGEN_ERR_CLOCK ||
	       error == -VDSOGEN_ERR_OPTION;
}

/* What readers may miss is what was left out, and system calls where others stand for them. */
static bool is_whole(const struct vdsogen_arch *arch, const struct vdsogen_image *image)
{
	const uint32_t usual = vdsogen_arch_functions(arch) & VDSOGEN_DEFAULT_FUNCTIONS;
	const uint32_t parts = VDSOGEN_OMIT_HASH | VDSOGEN_OMIT_GNU_HASH | VDSOGEN_OMIT_VERSIONS |
			       VDSOGEN_OMIT_SECTIONS | VDSOGEN_OMIT_UNWIND;

	return !(usual & ~image->config.functions) && !(image->config.options & parts) &&
	       config.fallback == VDSOGEN_FALLBACK_SYSCALL &&
	       (!config.kernel_version || config.kernel_version >> 16 >= 3);
}

static void judge(const uint8_t *bytes, size_t size)
{
	struct source source = { .name = "image", .bytes = (uint8_t *)bytes, .size = size };
	static struct check check;
	struct image image;

	image_open(&image, &source);
	check_judge(&check, &image);
	for (unsigned int i = 0; i < check_reader_count; i++) {
		enum verdict verdict = check_verdict(&check, &check_readers[i]);

		if (verdict != ACCEPTED && verdict != NOT_FOR_THIS_MACHINE) {
			fprintf(stderr, "%s: verdict %d\n", check_readers[i].name, (int)verdict);
			CHECK(verdict == ACCEPTED);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(VDSOGEN_ALIGN) uint8_t buffer[4 * VDSOGEN_PAGE];
	uint64_t state = 14695981039346656037u;	/* FNV-1a, by its authors' page */
	const struct vdsogen_arch *arch;
	struct vdsogen_image image;
	size_t need = 0, room = sizeof buffer;
	int error;

	for (size_t i = 0; i < size; i++)
		state = (state ^ data[i]) * 1099511628211u;
	arch = vdsogen_arch_at(next(&state) % 2);
	arch = arch ? arch : vdsogen_arch_at(0);
	name = vdsogen_arch_name(arch);
	config = random_config(&state, arch);
	error = vdsogen_build(arch, &config, NULL, &need);
	CHECK(!error || is_refusal(error));
	memset(buffer, 0xa5, sizeof buffer);
	CHECK(vdsogen_build(arch, &config, buffer, &room) == error);
	if (error) {
		for (size_t i = 0; i < sizeof buffer; i++)
			CHECK(buffer[i] == 0xa5);
		return 0;
	}
	CHECK(need == room);
	CHECK(!vdsogen_open(buffer, room, &image));
	check_told(arch, &image.config);
	check_blocks(&image);
	if (is_whole(arch, &image))
		judge(buffer, room);
	return 0;
}

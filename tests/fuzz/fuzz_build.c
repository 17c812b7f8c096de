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
		"getcpu %u, landing pads %u, data %u, distance %u, options %#x, version %#x\n", line,
		fact, name, config.functions, config.clocks, config.counter, config.getcpu,
		config.landing_pads, config.data, config.distance, config.options,
		config.kernel_version);
	abort();
}

static uint32_t next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;	/* Knuth's MMIX */
	return (uint32_t)(*state >> 33);
}

/* Mostly what there is, and a little of what there is not. */
static struct vdsogen_config random_config(uint64_t *state)
{
	struct vdsogen_config c = {
		.counter = next(state) % (VDSOGEN_COUNTERS + 1),
		.getcpu = next(state) % VDSOGEN_GETCPUS,
		.landing_pads = next(state) % VDSOGEN_LANDING_PADS,
		.data = next(state) % VDSOGEN_DATA,
		.options = next(state) % (VDSOGEN_OPTIONS + 2),
	};

	if (next(state) % 2)
		c.functions = next(state) % (1u << VDSOGEN_FUNCTIONS);
	if (next(state) % 2)
		c.clocks = next(state) % (1u << VDSOGEN_CLOCK_IDS) & 0x8f3;
	if (c.data && next(state) % 2)
		c.distance = next(state) % 130 * VDSOGEN_PAGE;
	if (next(state) % 2)
		c.kernel_version = next(state) % 0x1000000;
	if (next(state) % 8 == 0)
		c.options = 0;
	return c;
}

static bool is_refusal(int error)
{
	return error == -VDSOGEN_ERR_FUNCTION || error == -VDSOGEN_ERR_CLOCK ||
	       error == -VDSOGEN_ERR_OPTION;
}

/* What readers may miss is what was left out. */
static bool is_whole(const struct vdsogen_image *image)
{
	const uint32_t parts = VDSOGEN_OMIT_HASH | VDSOGEN_OMIT_GNU_HASH | VDSOGEN_OMIT_VERSIONS |
			       VDSOGEN_OMIT_SECTIONS | VDSOGEN_OMIT_UNWIND;

	return !config.functions && !(image->config.options & parts) &&
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
	config = random_config(&state);
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
	CHECK(image.config.data == config.data && image.config.options == config.options);
	if (is_whole(&image))
		judge(buffer, room);
	return 0;
}

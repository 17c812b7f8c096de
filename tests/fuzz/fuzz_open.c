/* SPDX-License-Identifier: BSD-2-Clause */
/* vdsogen_open() and vdsogen_symbol() on any bytes. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vdsogen.h"

#define CHECK(fact) do { if (!(fact)) fail(#fact, __LINE__); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *fact, int line)
{
	fprintf(stderr, "fuzz_open: line %d: not so: %s\n", line, fact);
	abort();
}

static bool inside(uint64_t at, uint64_t size, uint64_t all)
{
	return at <= all && size <= all - at;
}

/* Reads every byte that the view says is there: a sanitizer sees one too many. */
static unsigned int touch(const struct vdsogen_image *image, uint64_t at, uint64_t size)
{
	const uint8_t *bytes = image->base;
	unsigned int sum = 0;

	CHECK(inside(at, size, image->size));
	for (uint64_t i = 0; i < size; i++)
		sum += bytes[at + i];
	return sum;
}

/* A block of data, if it is in the image. */
static unsigned int touch_block(const struct vdsogen_image *image, uint32_t data, int32_t at,
				size_t size)
{
	return at && data == VDSOGEN_DATA_INSIDE ? touch(image, (uint64_t)(int64_t)at, size) : 0;
}

static unsigned int use(const struct vdsogen_image *image)
{
	enum { ELF_SYMBOL = 24 };
	const struct vdsogen_config *c = &image->config;
	unsigned int sum =
		touch_block(image, c->data, image->clock, sizeof(struct vdsogen_clock)) +
		touch_block(image, c->data, image->random, sizeof(struct vdsogen_random)) +
		touch_block(image, c->process, image->process, sizeof(struct vdsogen_process)) +
		touch(image, image->symtab, (uint64_t)image->symbols * ELF_SYMBOL) +
		touch(image, image->strtab, image->strsz) + touch(image, 0, image->used);

	CHECK(image->clock);
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		const struct vdsogen_entry *e = &image->function[f];

		CHECK(!e->at == !(image->config.functions >> f & 1));
		if (!e->at)
			continue;
		sum += touch(image, e->at, e->size);
		CHECK(e->at <= e->trap && e->trap < e->resume && e->resume <= e->at + e->size);
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
		"__vdso_clock_gettime", "__kernel_getcpu", "time", ""
	};
	struct vdsogen_image image, untouched;
	struct vdsogen_symbol symbol;
	volatile unsigned int sink;
	int error;

	memset(&image, 0x5a, sizeof image);
	untouched = image;
	error = vdsogen_open(data, size, &image);
	CHECK(error <= 0 && error > -VDSOGEN_ERR_MAX);
	if (error) {
		CHECK(!memcmp(&image, &untouched, sizeof image));
		return 0;
	}
	CHECK(image.base == data && image.size <= size);
	sink = use(&image);
	(void)sink;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		error = vdsogen_symbol(&image, names[i], &symbol);
		CHECK(error == 0 || error == -VDSOGEN_ERR_NOSYMBOL ||
		      error == -VDSOGEN_ERR_DAMAGED);
		CHECK(error || (symbol.value <= image.size &&
				symbol.size <= image.size - symbol.value));
	}
	return 0;
}

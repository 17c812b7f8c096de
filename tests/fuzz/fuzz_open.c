/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vdsogen_open() and vdsogen_symbol() on any bytes. With libFuzzer this is its
 * target; with -DSTANDALONE it has a main of its own: fuzz_open [SECONDS [SEED]].
 * Both start from images of the library itself.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vdsogen.h"

#define CHECK(fact) do { if (!(fact)) fail(#fact, __LINE__); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);

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

static unsigned int use(const struct vdsogen_image *image)
{
	enum { ELF_SYMBOL = 24 };
	bool inside = image->config.data == VDSOGEN_DATA_INSIDE;
	unsigned int sum = (inside ? touch(image, (uint64_t)(int64_t)image->clock,
					   sizeof(struct vdsogen_clock)) : 0) +
			   touch(image, image->symtab, (uint64_t)image->symbols * ELF_SYMBOL) +
			   touch(image, image->strtab, image->strsz) + touch(image, 0, image->used);

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

/* ------------------------------------------------------------- the corpus -- */

static uint64_t next(uint64_t *state)
{
	/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators" */
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d;
}

enum { IMAGE_MAX = 4 * VDSOGEN_PAGE };

/* A good image of some configuration; its size, or 0 if it does not fit. */
static size_t fresh(uint8_t *data, size_t room, uint64_t *state)
{
	static _Alignas(VDSOGEN_ALIGN) uint8_t image[IMAGE_MAX];
	const struct vdsogen_config config = { .options = next(state) % (VDSOGEN_OPTIONS + 1) };
	const struct vdsogen_arch *arch = vdsogen_arch_at(next(state) % 2);
	size_t size = sizeof image;

	if (vdsogen_build(arch ? arch : vdsogen_arch_at(0), &config, image, &size) || size > room)
		return 0;
	memcpy(data, image, size);
	return size;
}

/* One change of the kinds that hurt a reader of offsets and sizes. */
static size_t damage(uint8_t *data, size_t size, uint64_t *state)
{
	static const uint64_t extremes[] = {
		0, 1, 63, 64, VDSOGEN_PAGE - 1, VDSOGEN_PAGE, INT32_MAX, UINT32_MAX, 1ull << 32,
		INT64_MAX, UINT64_MAX - 15, UINT64_MAX
	};
	uint64_t word = extremes[next(state) % (sizeof extremes / sizeof *extremes)];
	/* most of what is read lies in the headers, the notes and the dynamic section */
	size_t reach = next(state) % 2 && size > 512 ? 512 : size;
	size_t at = next(state) % reach;
	size_t width = (size_t)1 << next(state) % 4;

	switch (next(state) % 8) {
	case 0:
		return next(state) % size + 1;
	case 1:
	case 2:
		data[at] ^= (uint8_t)(1u << next(state) % 8);
		return size;
	case 3:
		data[at] = (uint8_t)next(state);
		return size;
	case 4:
		word = next(state) % (2 * VDSOGEN_PAGE);
		break;
	}
	at -= at % width;
	memcpy(data + at, &word, width < size - at ? width : size - at);
	return size;
}

#ifndef STANDALONE
/* Without a corpus libFuzzer would never get past the magic. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned int seed)
{
	uint64_t state = seed + 1ull;
	size_t made;

	if (size < VDSOGEN_PAGE && room >= VDSOGEN_PAGE && next(&state) % 2) {
		made = fresh(data, room, &state);
		if (made)
			return made;
	}
	if (size && next(&state) % 4)
		return damage(data, size, &state);
	return LLVMFuzzerMutate(data, size, room);
}
#else
#include <time.h>

enum { ROUNDS_A_LOOK = 256, CHANGES_MAX = 6, DEFAULT_SECONDS = 10 };

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : DEFAULT_SECONDS);
	uint64_t state = argc > 2 ? strtoull(argv[2], NULL, 0) | 1 : 1, runs = 0;
	uint8_t *good = malloc(IMAGE_MAX);

	if (!good)
		return 99;
	do {
		for (unsigned int i = 0; i < ROUNDS_A_LOOK; i++, runs++) {
			size_t size = fresh(good, IMAGE_MAX, &state);
			uint8_t *exact;

			for (uint64_t n = next(&state) % (CHANGES_MAX + 1); n && size; n--)
				size = damage(good, size, &state);
			/* a block of just that size: valgrind and sanitizers know its end */
			exact = malloc(size ? size : 1);
			if (!exact)
				return 99;
			memcpy(exact, good, size);
			LLVMFuzzerTestOneInput(exact, size);
			free(exact);
		}
	} while (time(NULL) < end);
	free(good);
	printf("fuzz_open: %llu inputs\n", (unsigned long long)runs);
	return 0;
}
#endif

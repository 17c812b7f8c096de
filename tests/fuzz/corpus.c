/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every fuzz target gets for its bytes: images of the library itself, and
 * damage to them. With libFuzzer this is its mutator; with -DSTANDALONE it is a
 * main: TARGET [SECONDS [SEED]], or TARGET --every FILE.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vdsogen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);

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
	const struct vdsogen_arch *arch = vdsogen_arch_at(next(state) % 2);
	struct vdsogen_config config = { .options = next(state) % (VDSOGEN_OPTIONS + 1) };
	size_t size = sizeof image;

	arch = arch ? arch : vdsogen_arch_at(0);
	if (next(state) % 2) {	/* identity, getrandom, or all */
		config.functions = vdsogen_arch_functions(arch) & (uint32_t)(next(state) | next(state));
		config.data = next(state) % VDSOGEN_DATA;
		config.process = next(state) % VDSOGEN_DATA;
		config.process_distance = config.process ? VDSOGEN_PAGE * (next(state) % 4) : 0;
		config.fallback = next(state) % 2 ? VDSOGEN_FALLBACK_JUMP : VDSOGEN_FALLBACK_SYSCALL;
	}
	if (vdsogen_build(arch, &config, image, &size) || size > room)
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

/* A block of just that size: valgrind and sanitizers know its end. */
static void try(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);

	if (!exact)
		exit(99);
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

/* Each length of the file, and each of its bytes turned over in several ways. */
static int every(const char *path)
{
	static const uint8_t ways[] = { 0x01, 0x80, 0xff };
	static uint8_t data[IMAGE_MAX];
	FILE *file = fopen(path, "rb");
	size_t size = file ? fread(data, 1, sizeof data, file) : 0;

	if (!size) {
		perror(path);
		return 99;
	}
	fclose(file);
	for (size_t length = 0; length <= size; length++)
		try(data, length);
	for (size_t i = 0; i < size; i++)
		for (unsigned int way = 0; way < sizeof ways; way++) {
			data[i] ^= ways[way];
			try(data, size);
			data[i] ^= ways[way];
		}
	printf("%zu lengths, %zu bytes turned over in %zu ways\n", size + 1, size, sizeof ways);
	return 0;
}

static int fuzz(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : DEFAULT_SECONDS);
	uint64_t state = argc > 2 ? strtoull(argv[2], NULL, 0) | 1 : 1, runs = 0;
	uint8_t *good = malloc(IMAGE_MAX);

	if (!good)
		return 99;
	do {
		for (unsigned int i = 0; i < ROUNDS_A_LOOK; i++, runs++) {
			size_t size = fresh(good, IMAGE_MAX, &state);

			for (uint64_t n = next(&state) % (CHANGES_MAX + 1); n && size; n--)
				size = damage(good, size, &state);
			try(good, size);
		}
	} while (time(NULL) < end);
	free(good);
	printf("%llu inputs\n", (unsigned long long)runs);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "--every"))
		return every(argv[2]);
	return fuzz(argc, argv);
}
#endif

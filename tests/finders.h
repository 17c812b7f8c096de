/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Symbol finders that ask of an image what real programs ask, each with the
 * demands and the blind spots of its model. They share no code with the
 * library: images are read by <elf.h>'s structures.
 */
#ifndef FINDERS_H
#define FINDERS_H

#include <stddef.h>
#include <stdint.h>

enum found {
	FOUND,
	ABSENT,		/* the program would make system calls instead */
	CRASH		/* the program would not survive this image */
};

enum finder_needs {
	NEEDS_HASH = 1,		/* DT_HASH */
	NEEDS_GNU_HASH = 2,	/* DT_GNU_HASH */
	NEEDS_EITHER_HASH = 4,
	NEEDS_VERSIONS = 8,	/* crashes without */
	NEEDS_SECTIONS = 16,
	IGNORES_VERSION = 32
};

struct finder {
	const char *name;
	unsigned int needs;
	enum found (*find)(const void *image, size_t size, const char *name, const char *version,
			   uint64_t *value);
};

/* Ended by one without a name. */
extern const struct finder finders[];

/* The gABI's hash of a version's name: what verdef entries hold. */
uint32_t finder_sysv_hash(const char *name);
uint32_t finder_gnu_hash(const char *name);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a processor's registers are to GDB, in tables: NAME/gdb-registers.c has them, and
 * gdb-description.c makes target.xml of them (GDB's manual, appendix G "Target Descriptions").
 */
#ifndef GDB_DESCRIPTION_H
#define GDB_DESCRIPTION_H

#include <stdint.h>

#define GDB_COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct gdb_place {
	const char *name, *type;
	uint8_t size;	/* in bytes */
	/* The processor's own: where it is, and how many bytes are there. */
	uint8_t stored, source;
	int16_t at;
};

/* A bit of a register, which GDB shows by its name; or by none. */
struct gdb_bit {
	const char *name;
	unsigned int number;
};

/* Registers that come together. */
struct gdb_feature {
	const char *name;
	const struct gdb_place *place;
	unsigned int places;
	/* Types of theirs, in XML, and one of 32 bits that have names; NULL: none. */
	const char *types, *flags;
	const struct gdb_bit *bit;
	unsigned int bits;
};

struct gdb_processor {
	const char *architecture;
	const struct gdb_feature *feature;
	unsigned int features;
};

/* This one: the processor's own. */
const struct gdb_processor *gdb_processor(void);

/* The register of that number; NULL: there is none. */
const struct gdb_place *gdb_place(unsigned int number);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vendor note: how an image describes itself. Owner "vdsogen", type 0x100
 * (GNU readelf calls 1 NT_VERSION, whoever the owner is). The descriptor is
 * little-endian 32-bit words: those below, in this order, then at, size, trap and
 * resume of each function that the image has, by its number.
 */
#ifndef VG_NOTE_H
#define VG_NOTE_H

#include "vdsogen.h"

#define VG_NOTE_OWNER "vdsogen"
#define VG_NOTE_TYPE 0x100
#define VG_LAYOUT 2

enum {
	VG_NOTE_LAYOUT, VG_NOTE_FUNCTIONS, VG_NOTE_CLOCKS,
	VG_NOTE_CODE,		/* a byte each: counter, getcpu, fallback, landing pads */
	VG_NOTE_PLACES,		/* a byte each: data, process, 0, 0 */
	VG_NOTE_GETCPU_AT, VG_NOTE_FALLBACK_LOW, VG_NOTE_FALLBACK_HIGH, VG_NOTE_DISTANCE,
	VG_NOTE_PROCESS_DISTANCE, VG_NOTE_OPTIONS, VG_NOTE_KERNEL_VERSION, VG_NOTE_CLOCK_AT,
	VG_NOTE_RANDOM_AT, VG_NOTE_PROCESS_AT, VG_NOTE_COUNTER_REGISTER, VG_NOTE_SYMBOLS,
	VG_NOTE_USED, VG_NOTE_ENTRIES
};

/* Choices, each below 256, as one word, and back. */
static inline uint32_t vg_pack(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	return a | b << 8 | c << 16 | d << 24;
}

static inline uint32_t vg_packed(uint32_t word, unsigned int i)
{
	return word >> 8 * i & 0xff;
}

#define VG_NOTE_ENTRY_WORDS (sizeof(struct vdsogen_entry) / sizeof(uint32_t))

static inline uint32_t vg_note_words(uint32_t functions)
{
	uint32_t words = VG_NOTE_ENTRIES;

	for (; functions; functions &= functions - 1)
		words += VG_NOTE_ENTRY_WORDS;
	return words;
}

#endif

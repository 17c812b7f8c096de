/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vendor note: how an image describes itself. Owner "vdsogen", type 0x100
 * (GNU readelf calls 1 NT_VERSION, whoever the owner is). The
 * descriptor is VG_NOTE_WORDS little-endian 32-bit words, in this order, then
 * at, size, trap and resume of each function.
 */
#ifndef VG_NOTE_H
#define VG_NOTE_H

#include "vdsogen.h"

#define VG_NOTE_OWNER "vdsogen"
#define VG_NOTE_TYPE 0x100
#define VG_LAYOUT 1

enum {
	VG_NOTE_LAYOUT, VG_NOTE_FUNCTIONS, VG_NOTE_CLOCKS, VG_NOTE_COUNTER, VG_NOTE_GETCPU,
	VG_NOTE_LANDING_PADS, VG_NOTE_DATA, VG_NOTE_DISTANCE, VG_NOTE_OPTIONS, VG_NOTE_KERNEL_VERSION, VG_NOTE_CLOCK, VG_NOTE_COUNTER_REGISTER,
	VG_NOTE_SYMBOLS, VG_NOTE_USED, VG_NOTE_ENTRIES
};

#define VG_NOTE_WORDS (VG_NOTE_ENTRIES + \
		       VDSOGEN_FUNCTIONS * sizeof(struct vdsogen_entry) / sizeof(uint32_t))

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* An image as one program for the assembler. */
#ifndef VG_IMAGE_H
#define VG_IMAGE_H

#include "symbols.h"

/* The parts between the program headers and the section headers, in order. */
enum vg_part {
	VG_SLOTS, VG_NOTES, VG_TEXT, VG_EH_FRAME_HDR, VG_EH_FRAME, VG_HASH, VG_GNU_HASH, VG_DYNSYM, VG_DYNSTR,
	VG_VERSYM, VG_VERDEF, VG_DYNAMIC, VG_PARTS
};

enum {
	VG_SHDRS = VG_FIRST_PART_LABEL + 2 * VG_PARTS, VG_BUILD_ID, VG_PROPERTY, VG_CIE,
	VG_SLOTS_FDE, VG_SECTION_NAMES, VG_USED, VG_IMAGE_END, VG_IMAGE_LABELS
};

#define VG_BUILD_ID_SIZE 20

/* The ends of a part. */
static inline vg_label vg_start_of(enum vg_part part)
{
	return VG_FIRST_PART_LABEL + 2 * part;
}

static inline vg_label vg_end_of(enum vg_part part)
{
	return VG_FIRST_PART_LABEL + 2 * part + 1;
}

struct vg_image {
	struct vg_asm *a;
	const struct vdsogen_arch *arch;
	const struct vdsogen_config *config;	/* with no defaults left */
	struct vg_symbols symbols;
	uint8_t section[VG_PARTS + 1];	/* of a part; 0: left out, like that of VG_PARTS */
	uint8_t sections;		/* with the null section */
	struct vg_frame frame[VDSOGEN_FUNCTIONS];
};

/* Once, before the passes. */
void vg_sections(struct vg_image *image);
void vg_put_image(struct vg_image *image);

#endif

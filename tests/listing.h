/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions with their text in an assembler's language. arch/NAME/NAME.lst
 * has the bytes of each; check_arch.c compares the encoders with it, and
 * listing.sh compares it with what an independent assembler makes of the text.
 */
#ifndef LISTING_H
#define LISTING_H

#include "arch.h"

/* Labels so many bytes behind the start of the instruction. */
enum { NEAR, FAR, LABELS };
#define NEAR_AT 64
#define FAR_AT 512

struct listing {
	struct vg_asm a;
	uint8_t code[FAR_AT];
	void (*each)(struct listing *l, const char *text, size_t size);
	void *arg;
};

/* An assembly of one instruction: its first pass, then its second, then NULL. */
struct vg_asm *listing_begin(struct listing *l);
struct vg_asm *listing_next(struct listing *l, const char *text);

#define I(text, call) \
	for (struct vg_asm *a = listing_begin(l); a; a = listing_next(l, text)) \
		call

void listing_x86_64(struct listing *l);
void listing_aarch64(struct listing *l);

#endif

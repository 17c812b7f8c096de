/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * .eh_frame and .eh_frame_hdr: the way from any instruction of a function to
 * its caller. Formats: LSB core specification 5.0, chapter 10.6; the rules for
 * registers: DWARF 4, 6.4.
 *
 * No function saves a register, and few move the stack pointer, so the rules
 * that hold at its entry are most of what there is to say.
 */
#include "unwind.h"

enum {
	CIE_ID = 0, CIE_VERSION = 1, HDR_VERSION = 1,

	PTR_UDATA4 = 0x03, PTR_SDATA4 = 0x0b, PTR_PCREL = 0x10, PTR_DATAREL = 0x30,

	CFA_NOP = 0x00, CFA_ADVANCE_LOC1 = 0x02, CFA_ADVANCE_LOC2 = 0x03, CFA_DEF_CFA = 0x0c,
	CFA_DEF_CFA_OFFSET = 0x0e,
	CFA_OFFSET = 0x80, CFA_RESTORE = 0xc0,	/* and the register in the low six bits */

	LEB_BITS = 7,
	WORD = 8,		/* bytes that a saved register takes */
	RECORD_ALIGN = 4
};

static const struct vg_reach word32 = { .bits = 32, .scale = 0 };

/* Numbers of one byte are all that is needed. */
static void put_uleb(struct vg_asm *a, uint32_t v)
{
	if (!vg_fits_unsigned(v, LEB_BITS))
		vg_fail(a, -VDSOGEN_ERR_INTERNAL);
	vg_put8(a, (uint8_t)v);
}

static void put_sleb(struct vg_asm *a, int32_t v)
{
	if (!vg_fits_signed(v, LEB_BITS))
		vg_fail(a, -VDSOGEN_ERR_INTERNAL);
	vg_put8(a, (uint8_t)v & ((1 << LEB_BITS) - 1));
}

/* label - base, or - here for a pointer relative to its own place */
static void put_distance(struct vg_asm *a, vg_label label, uint32_t base)
{
	vg_put32(a, vg_distance(a, label, 0, base, &word32));
}

/* A record's length counts what is behind it. */
static void begin_record(struct vg_asm *a, vg_label start, vg_label end)
{
	vg_align(a, sizeof(uint32_t));
	vg_bind(a, start);
	put_distance(a, end, a->at + (uint32_t)sizeof(uint32_t));
}

static void end_record(struct vg_asm *a, vg_label end)
{
	while (a->at & (RECORD_ALIGN - 1))
		vg_put8(a, CFA_NOP);
	vg_bind(a, end);
}

/* What holds at the entry of each function. */
static void put_cie(struct vg_image *image)
{
	const struct vg_unwind *u = &image->arch->unwind;
	struct vg_asm *a = image->a;
	vg_label end = vg_new(a);

	begin_record(a, VG_CIE, end);
	vg_put32(a, CIE_ID);
	vg_put8(a, CIE_VERSION);
	vg_bytes(a, "zR", sizeof "zR");
	put_uleb(a, u->unit);
	put_sleb(a, -WORD);
	vg_put8(a, u->return_address);
	put_uleb(a, sizeof(uint8_t));		/* of the augmentation: how FDEs name code */
	vg_put8(a, PTR_PCREL | PTR_SDATA4);
	vg_put8(a, CFA_DEF_CFA);
	put_uleb(a, u->stack_pointer);
	put_uleb(a, u->pushed);
	if (u->pushed) {			/* by the call: the return address */
		vg_put8(a, CFA_OFFSET | u->return_address);
		put_uleb(a, u->pushed / WORD);
	}
	end_record(a, end);
}

/* Code comes before this section: its distances are known in both passes. */
static void put_advance(struct vg_image *image, vg_label from, vg_label to)
{
	struct vg_asm *a = image->a;
	uint32_t units = (vg_where(a, to) - vg_where(a, from)) / image->arch->unwind.unit;

	if (vg_fits_unsigned(units, 8)) {
		vg_put8(a, CFA_ADVANCE_LOC1);
		vg_put8(a, (uint8_t)units);
		return;
	}
	if (!vg_fits_unsigned(units, 16))
		vg_fail(a, -VDSOGEN_ERR_INTERNAL);
	vg_put8(a, CFA_ADVANCE_LOC2);
	vg_put16(a, (uint16_t)units);
}

static void put_cfa_offset(struct vg_asm *a, uint32_t offset)
{
	vg_put8(a, CFA_DEF_CFA_OFFSET);
	put_uleb(a, offset);
}

/* A function's stack between its push and its pop. */
static void put_frame(struct vg_image *image, unsigned int function)
{
	vg_label start = vg_function(function, VG_START), push = vg_function(function, VG_PUSH),
		 pop = vg_function(function, VG_POP);
	const struct vg_unwind *u = &image->arch->unwind;
	const struct vg_frame *frame = &image->frame[function];
	struct vg_asm *a = image->a;

	if (!frame->bytes)
		return;
	put_advance(image, start, push);
	put_cfa_offset(a, u->pushed + frame->bytes);
	if (frame->link) {
		vg_put8(a, CFA_OFFSET | u->return_address);
		put_uleb(a, (u->pushed + frame->bytes) / WORD);
	}
	put_advance(image, push, pop);
	put_cfa_offset(a, u->pushed);
	if (frame->link)
		vg_put8(a, CFA_RESTORE | u->return_address);
}

static void begin_fde(struct vg_asm *a, vg_label fde, vg_label fde_end, vg_label start,
		      vg_label end)
{
	begin_record(a, fde, fde_end);
	vg_put32(a, a->at - vg_where(a, VG_CIE));
	put_distance(a, start, a->at);
	vg_put32(a, vg_where(a, end) - vg_where(a, start));
	put_uleb(a, 0);				/* nothing in the augmentation */
}

static void put_fde(struct vg_image *image, unsigned int function)
{
	vg_label end = vg_new(image->a);

	begin_fde(image->a, vg_function(function, VG_FDE), end, vg_function(function, VG_START),
		  vg_function(function, VG_END));
	put_frame(image, function);
	end_record(image->a, end);
}

static bool has_slots(const struct vg_image *image)
{
	return image->section[VG_SLOTS];
}

static void put_slots_fde(struct vg_image *image)
{
	vg_label end = vg_new(image->a);

	begin_fde(image->a, VG_SLOTS_FDE, end, vg_start_of(VG_SLOTS), vg_end_of(VG_SLOTS));
	end_record(image->a, end);
}

/* Unwinders know a signal trampoline by its instructions, and must find nothing there. */
static bool has_fde(const struct vg_image *image, unsigned int function)
{
	return image->config->functions >> function & 1 && function != VDSOGEN_RT_SIGRETURN;
}

void vg_put_eh_frame(struct vg_image *image)
{
	put_cie(image);
	if (has_slots(image))
		put_slots_fde(image);
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++)
		if (has_fde(image, f))
			put_fde(image, f);
	vg_put32(image->a, 0);			/* a record of no length ends the section */
}

/* The table for a binary search, by address: slots, then functions in their order. */
void vg_put_eh_frame_hdr(struct vg_image *image)
{
	struct vg_asm *a = image->a;
	uint32_t header = a->at, count = has_slots(image);

	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++)
		count += has_fde(image, f);
	vg_put8(a, HDR_VERSION);
	vg_put8(a, PTR_PCREL | PTR_SDATA4);	/* of the pointer to .eh_frame, */
	vg_put8(a, PTR_UDATA4);			/* of the count, */
	vg_put8(a, PTR_DATAREL | PTR_SDATA4);	/* of the table: from this header */
	put_distance(a, VG_CIE, a->at);
	vg_put32(a, count);
	if (has_slots(image)) {
		put_distance(a, vg_start_of(VG_SLOTS), header);
		put_distance(a, VG_SLOTS_FDE, header);
	}
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		if (!has_fde(image, f))
			continue;
		put_distance(a, vg_function(f, VG_START), header);
		put_distance(a, vg_function(f, VG_FDE), header);
	}
}

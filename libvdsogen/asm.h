/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A very small assembler: bytes, labels and one checked distance.
 *
 * The whole image, headers and tables included, is one program that is
 * assembled twice. The first pass writes nothing and finds where every label
 * is; the second writes. So any place may name any other, an instruction's
 * size is known when it is emitted, and nothing is patched afterwards.
 *
 * The first error sticks; emitters return nothing and go on.
 */
#ifndef VG_ASM_H
#define VG_ASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vdsogen.h"

#define VG_LABELS 384
#define VG_UNBOUND UINT32_MAX	/* what a label that was not bound yet holds */

typedef unsigned int vg_label;

struct vg_asm {
	uint8_t *out;		/* NULL in the first pass */
	size_t room;		/* bytes at out; 0 in the first pass */
	size_t at;		/* offset of the next byte in the image */
	int error;		/* the first one: 0 or -VDSOGEN_ERR_x */
	vg_label fixed;		/* labels below this have names of their own */
	vg_label next;		/* the next label vg_new() gives */
	uint32_t label[VG_LABELS];
};

/* A distance an instruction can hold: `bits` bits, signed, in units of 1 << scale bytes. */
struct vg_reach {
	uint8_t bits;
	uint8_t scale;
};

/* First pass, with labels 0..fixed-1 reserved for the caller's own numbering. */
void vg_begin(struct vg_asm *a, vg_label fixed);
/*
 * Second pass: the same calls again. What the first pass counted must fit into
 * the room; a pass that goes beyond it writes nothing there, and the next label
 * is not where it was.
 */
void vg_again(struct vg_asm *a, void *out, uint32_t room);

void vg_fail(struct vg_asm *a, int error);

/* The next `size` bytes of the image, or NULL in the first pass and past the room. */
static inline uint8_t *vg_take(struct vg_asm *a, size_t size)
{
	size_t at = a->at;

	a->at = at + size;
	return a->at <= a->room ? a->out + at : NULL;
}

/* To and from little-endian, whatever the host is. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define VG_LE32(v) (v)
#define VG_LE64(v) (v)
#else
#define VG_LE32(v) __builtin_bswap32(v)
#define VG_LE64(v) __builtin_bswap64(v)
#endif

/* The low bytes of v, the lowest first. Laid out for the second pass, which has more to do. */
static inline void vg_put(struct vg_asm *a, uint64_t v, unsigned int size)
{
	size_t at = a->at;

	v = VG_LE64(v);
	a->at = at + size;
	if (__builtin_expect(a->at <= a->room, 1))
		__builtin_memcpy(a->out + at, &v, size); /* one store: no call */
}

/*
 * The same for a size that the compiler does not know. What is behind is yet to
 * be written, so a whole word is stored where there is room for one.
 */
static inline void vg_put_some(struct vg_asm *a, uint64_t v, unsigned int size)
{
	size_t at = a->at;

	v = VG_LE64(v);
	a->at = at + size;
	if (__builtin_expect(at + sizeof v <= a->room, 1))
		__builtin_memcpy(a->out + at, &v, sizeof v);
	else if (at + size <= a->room)
		__builtin_memcpy(a->out + at, &v, size);
}

static inline void vg_put8(struct vg_asm *a, uint8_t v)
{
	vg_put(a, v, 1);
}

static inline void vg_put16(struct vg_asm *a, uint16_t v)
{
	vg_put(a, v, 2);
}

static inline void vg_put32(struct vg_asm *a, uint32_t v)
{
	vg_put(a, v, 4);
}

static inline void vg_put64(struct vg_asm *a, uint64_t v)
{
	vg_put(a, v, 8);
}

void vg_zero(struct vg_asm *a, uint32_t size);
void vg_bytes(struct vg_asm *a, const void *bytes, uint32_t size);
/* Zero bytes up to a multiple of align, a power of two. */
void vg_align(struct vg_asm *a, uint32_t align);

static inline vg_label vg_new(struct vg_asm *a)
{
	if (a->next < VG_LABELS)
		return a->next++;
	vg_fail(a, -VDSOGEN_ERR_INTERNAL);
	return VG_LABELS - 1;
}


void vg_bind(struct vg_asm *a, vg_label label);
/* The same somewhere else, outside of the image perhaps: before it, modulo 2^32. */
void vg_bind_at(struct vg_asm *a, vg_label label, uint32_t at);
/* The label's offset in the image; 0 in the first pass when it is still ahead. */
static inline uint32_t vg_where(const struct vg_asm *a, vg_label label)
{
	return label < VG_LABELS && a->label[label] != VG_UNBOUND ? a->label[label] : 0;
}

/*
 * The distance from `origin` to label + addend as a field of reach->bits bits.
 * The one place where distances are checked.
 */
uint32_t vg_distance(struct vg_asm *a, vg_label label, int32_t addend, uint32_t origin,
		     const struct vg_reach *reach);

static inline bool vg_fits_signed(int64_t v, unsigned int bits)
{
	return v >= -((int64_t)1 << (bits - 1)) && v < (int64_t)1 << (bits - 1);
}

static inline bool vg_fits_unsigned(uint64_t v, unsigned int bits)
{
	return bits >= 64 || v >> bits == 0;
}

#endif

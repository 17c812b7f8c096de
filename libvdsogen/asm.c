/* SPDX-License-Identifier: BSD-2-Clause */
#include "asm.h"
#include "env.h"

void vg_begin(struct vg_asm *a, vg_label fixed)
{
	a->out = NULL;
	a->room = 0;
	a->at = 0;
	a->error = 0;
	a->fixed = fixed;
	a->next = fixed;
	memset(a->label, 0xff, sizeof a->label);	/* VG_UNBOUND, all of them */
	if (fixed > VG_LABELS)
		vg_fail(a, -VDSOGEN_ERR_INTERNAL);
}

void vg_again(struct vg_asm *a, void *out, uint32_t room)
{
	if (room < a->at)
		vg_fail(a, -VDSOGEN_ERR_INTERNAL);
	a->out = out;
	a->room = room;
	a->at = 0;
	a->next = a->fixed;
}

void vg_fail(struct vg_asm *a, int error)
{
	if (!a->error)
		a->error = error;
}

void vg_zero(struct vg_asm *a, uint32_t size)
{
	uint8_t *to = vg_take(a, size);

	if (to)
		memset(to, 0, size);
}

void vg_bytes(struct vg_asm *a, const void *bytes, uint32_t size)
{
	uint8_t *to = vg_take(a, size);

	if (to)
		memcpy(to, bytes, size);
}

void vg_align(struct vg_asm *a, uint32_t align)
{
	vg_zero(a, -a->at & (align - 1));
}

/* In the second pass a label must be where the first pass found it. */
void vg_bind_at(struct vg_asm *a, vg_label label, uint32_t at)
{
	if (label >= VG_LABELS || a->label[label] != (a->out ? at : VG_UNBOUND))
		vg_fail(a, -VDSOGEN_ERR_INTERNAL);
	else
		a->label[label] = at;
}

void vg_bind(struct vg_asm *a, vg_label label)
{
	vg_bind_at(a, label, a->at);
}

uint32_t vg_distance(struct vg_asm *a, vg_label label, int32_t addend, uint32_t origin,
		     const struct vg_reach *reach)
{
	int64_t distance, unit = (int64_t)1 << reach->scale;

	if (!a->out)
		return 0;	/* labels ahead are not known yet */
	/* signed: a label can be before the image */
	distance = (int64_t)(int32_t)vg_where(a, label) + addend - (int32_t)origin;
	if (label >= VG_LABELS || a->label[label] == VG_UNBOUND || distance & (unit - 1) ||
	    !vg_fits_signed(distance, reach->bits + reach->scale)) {
		vg_fail(a, -VDSOGEN_ERR_INTERNAL);
		return 0;
	}
	return (uint32_t)((uint64_t)distance >> reach->scale) &
	       (uint32_t)(((uint64_t)1 << reach->bits) - 1);
}

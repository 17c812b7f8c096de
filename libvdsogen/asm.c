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
	for (vg_label l = 0; l < VG_LABELS; l++)
		a->label[l] = VG_UNBOUND;
	if (fixed > VG_LABELS)
		vg_fail(a, -VDSOGEN_ERR_INTERNAL);
}

void vg_again(struct vg_asm *a, void *out, uint32_t room)
{
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

void vg_chars(struct vg_asm *a, const char *s)
{
	while (*s)
		vg_put8(a, (uint8_t)*s++);
}

void vg_string(struct vg_asm *a, const char *s)
{
	vg_chars(a, s);
	vg_put8(a, 0);
}

void vg_align(struct vg_asm *a, uint32_t align)
{
	vg_zero(a, -a->at & (align - 1));
}

vg_label vg_new(struct vg_asm *a)
{
	if (a->next < VG_LABELS)
		return a->next++;
	vg_fail(a, -VDSOGEN_ERR_INTERNAL);
	return VG_LABELS - 1;
}

/* In the second pass a label must be where the first pass found it. */
void vg_bind(struct vg_asm *a, vg_label label)
{
	if (label >= VG_LABELS || a->label[label] != (a->out ? a->at : VG_UNBOUND))
		vg_fail(a, -VDSOGEN_ERR_INTERNAL);
	else
		a->label[label] = a->at;
}

uint32_t vg_distance(struct vg_asm *a, vg_label label, int32_t addend, uint32_t origin,
		     const struct vg_reach *reach)
{
	int64_t distance = (int64_t)vg_where(a, label) + addend - origin;
	int64_t unit = (int64_t)1 << reach->scale;

	if (!a->out)
		return 0;	/* labels ahead are not known yet */
	if (label >= VG_LABELS || a->label[label] == VG_UNBOUND || distance % unit ||
	    !vg_fits_signed(distance / unit, reach->bits)) {
		vg_fail(a, -VDSOGEN_ERR_INTERNAL);
		return 0;
	}
	return (uint32_t)(distance / unit) & (uint32_t)(((uint64_t)1 << reach->bits) - 1);
}

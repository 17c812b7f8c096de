/* SPDX-License-Identifier: BSD-2-Clause */
/* Unwind information, made of what the emitters say with vg_push() and vg_pop(). */
#ifndef VG_UNWIND_H
#define VG_UNWIND_H

#include "image.h"

void vg_put_eh_frame(struct vg_image *image);
void vg_put_eh_frame_hdr(struct vg_image *image);

#endif

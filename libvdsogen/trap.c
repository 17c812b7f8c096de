/* SPDX-License-Identifier: BSD-2-Clause */
/* What a trap proves, and what not. */
#include "arch.h"

int vdsogen_fallback_at(const struct vdsogen_image *image, uint64_t pc, unsigned int *function)
{
	bool returns = !vg_fallback_jumps(&image->config);

	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		const struct vdsogen_entry *e = &image->function[f];

		if (e->at && (pc == e->trap || (pc == e->resume && returns))) {
			*function = f;
			return 0;
		}
	}
	return -VDSOGEN_ERR_NOSYMBOL;
}

/* Whether that function, called so, reads the counter. */
static bool reads_counter(const struct vdsogen_image *image, unsigned int function,
			  int32_t clock_id)
{
	if (function == VDSOGEN_GETTIMEOFDAY)
		clock_id = VDSOGEN_REALTIME;
	else if (function != VDSOGEN_CLOCK_GETTIME)
		return false;
	return clock_id >= 0 && clock_id < VDSOGEN_CLOCK_IDS &&
	       VG_HRES_CLOCKS & image->config.clocks & 1u << clock_id;
}

/* 0 in the counter's register says that it was not read. */
int vdsogen_may_anchor(const struct vdsogen_image *image, const struct vdsogen_trap *trap)
{
	unsigned int function;

	if (vdsogen_fallback_at(image, trap->pc, &function) ||
	    !reads_counter(image, function, trap->clock_id) || !trap->counter ||
	    trap->counter > trap->now || trap->now - trap->counter > trap->window)
		return -VDSOGEN_ERR_UNTRUSTED;
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "env.h"
#include "image.h"

#define DEFAULT_KERNEL_VERSION (6 << 16 | 1 << 8 | 0)
#define KERNEL_VERSION_MAX 0xffffff

static uint32_t functions_of(const struct vdsogen_arch *arch)
{
	uint32_t functions = 0;

	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++)
		if (arch->emit[f])
			functions |= 1u << f;
	return functions;
}

static bool within(uint32_t choice, uint32_t choices)
{
	return choice < 32 && choices >> choice & 1;
}

/* The configuration with its defaults filled in, or what is wrong with it. */
static int resolve(const struct vdsogen_arch *arch, const struct vdsogen_config *config,
		   struct vdsogen_config *out)
{
	if (!arch)
		return -VDSOGEN_ERR_ARCH;
	*out = config ? *config : (struct vdsogen_config){ 0 };
	if (!out->functions)
		out->functions = functions_of(arch);
	if (out->functions & ~functions_of(arch))
		return -VDSOGEN_ERR_FUNCTION;
	if (!out->clocks)
		out->clocks = VG_CLOCKS;
	if (out->clocks & ~VG_CLOCKS)
		return -VDSOGEN_ERR_CLOCK;
	if (!out->kernel_version)
		out->kernel_version = DEFAULT_KERNEL_VERSION;
	if (!out->landing_pads)
		out->landing_pads = arch->landing_pads;
	if (!within(out->counter, arch->counters) || !within(out->getcpu, arch->getcpus) ||
	    out->landing_pads >= VDSOGEN_LANDING_PADS ||
	    out->options & ~VDSOGEN_OPTIONS || out->kernel_version > KERNEL_VERSION_MAX)
		return -VDSOGEN_ERR_OPTION;
	return 0;
}

static uint64_t rotate(uint64_t v, unsigned int by)
{
	return v << by | v >> (64 - by);
}

/*
 * The build-id is a hash of all other bytes: equal images have equal ids. It
 * guards against mixing images up, not against anybody's malice; two lanes of
 * multiply and rotate (odd constants of the golden ratio and of pi) are enough.
 */
static void sign(const struct vg_asm *a)
{
	const uint64_t golden = 0x9e3779b97f4a7c15, pi = 0x243f6a8885a308d3;
	uint64_t h[3] = { golden, pi, golden ^ pi };

	for (uint32_t at = 0; at < vg_where(a, VG_USED); at += sizeof(uint64_t)) {
		uint64_t word;

		__builtin_memcpy(&word, a->out + at, sizeof word);
		word = VG_LE64(word);
		h[0] = rotate((h[0] ^ word) * golden, 29);
		h[1] = rotate((h[1] + word) * pi, 37);
	}
	h[2] = (h[2] ^ rotate(h[0], 17)) * golden + h[1];
	for (unsigned int lane = 0; lane < 3; lane++)
		h[lane] = (h[lane] ^ h[lane] >> 31) * golden;
	for (unsigned int i = 0; i < VG_BUILD_ID_SIZE; i++)
		a->out[vg_where(a, VG_BUILD_ID) + i] = (uint8_t)(h[i / 8] >> 8 * (i % 8));
}

int vdsogen_build(const struct vdsogen_arch *arch, const struct vdsogen_config *config, void *buf,
		  size_t *size)
{
	struct vg_asm a;
	struct vdsogen_config resolved;
	struct vg_image image = { .a = &a, .arch = arch, .config = &resolved };
	size_t room = *size;
	int error = resolve(arch, config, &resolved);

	if (error)
		return error;
	if ((uintptr_t)buf % VDSOGEN_ALIGN)
		return -VDSOGEN_ERR_ALIGN;

	vg_symbols(&image.symbols, arch, resolved.functions);
	vg_sections(&image);
	vg_begin(&a, VG_IMAGE_LABELS);
	vg_put_image(&image);
	*size = a.at;
	if (a.error || !buf)
		return a.error;
	if (room < a.at)
		return -VDSOGEN_ERR_NOSPACE;

	vg_again(&a, buf, a.at);
	vg_put_image(&image);
	if (a.error)
		memset(buf, 0, a.at);
	else
		sign(&a);
	return a.error;
}

const char *vdsogen_arch_name(const struct vdsogen_arch *arch)
{
	return arch ? arch->name : "none";
}

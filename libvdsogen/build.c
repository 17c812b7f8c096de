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
	if (out->data == VDSOGEN_DATA_BEFORE && !out->distance)
		out->distance = VDSOGEN_PAGE;
	if (out->data >= VDSOGEN_DATA || out->distance % VDSOGEN_PAGE ||
	    out->distance > (out->data == VDSOGEN_DATA_INSIDE ? 0 : VDSOGEN_DISTANCE_MAX))
		return -VDSOGEN_ERR_OPTION;
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
 * guards against mixing images up, not against anybody's malice: four lanes of
 * multiply and rotate, which do not wait for each other, by an odd constant of
 * the golden ratio. Any one word that differs makes its lane differ.
 */
enum { LANES = 4 };
_Static_assert(VDSOGEN_ALIGN % (LANES * sizeof(uint64_t)) == 0, "the clock block ends the hash");

static void sign(const struct vg_asm *a)
{
	const uint64_t golden = 0x9e3779b97f4a7c15;
	uint64_t h[LANES] = { 1, 2, 3, 4 };
	uint32_t used = vg_where(a, VG_USED);

	for (uint32_t at = 0; at < used; at += sizeof h) {
		uint64_t word[LANES];

		__builtin_memcpy(word, a->out + at, sizeof word);
#pragma GCC unroll 4
		for (unsigned int lane = 0; lane < LANES; lane++)
			h[lane] = rotate((h[lane] ^ VG_LE64(word[lane])) * golden, 29);
	}
	h[0] ^= rotate(h[1], 17);
	h[1] = h[2] ^ rotate(h[3], 17);
	h[2] = h[0] * golden + h[1];
	for (unsigned int i = 0; i < 3; i++)
		h[i] = (h[i] ^ h[i] >> 31) * golden;
	for (unsigned int i = 0; i < VG_BUILD_ID_SIZE; i++)
		a->out[vg_where(a, VG_BUILD_ID) + i] = (uint8_t)(h[i / 8] >> 8 * (i % 8));
}

/* A block behind the start of the image has to be behind its end, too. */
static bool overlaps(const struct vg_image *image)
{
	const struct vdsogen_config *c = image->config;

	return c->data == VDSOGEN_DATA_AFTER && c->distance && c->distance < image->a->at;
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
	if (!a.error && overlaps(&image))
		return -VDSOGEN_ERR_OPTION;
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

/* SPDX-License-Identifier: BSD-2-Clause */
#include "env.h"
#include "image.h"

#define DEFAULT_KERNEL_VERSION (6 << 16 | 1 << 8 | 0)
#define KERNEL_VERSION_MAX 0xffffff
/* __CPUNODE_SEG: entry 15 of the GDT, ring 3; Linux arch/x86/include/asm/segment.h. */
#define LINUX_CPU_SELECTOR (15 << 3 | 3)

uint32_t vdsogen_arch_functions(const struct vdsogen_arch *arch)
{
	uint32_t functions = 0;

	for (unsigned int f = 0; arch && f < VDSOGEN_FUNCTIONS; f++)
		if (arch->emit[f])
			functions |= 1u << f;
	return functions;
}

static bool within(uint32_t choice, uint32_t choices)
{
	return choice < 32 && choices >> choice & 1;
}

/* Where data are that a configuration has outside of the image, with the default filled in. */
static bool resolve_place(uint32_t data, uint32_t *distance)
{
	if (data == VDSOGEN_DATA_BEFORE && !*distance)
		*distance = VDSOGEN_PAGE;
	return data < VDSOGEN_DATA && *distance % VDSOGEN_PAGE == 0 &&
	       *distance <= (data == VDSOGEN_DATA_INSIDE ? 0 : VDSOGEN_DISTANCE_MAX);
}

/* The configuration with its defaults filled in, or what is wrong with it. */
static int resolve(const struct vdsogen_arch *arch, const struct vdsogen_config *config,
		   struct vdsogen_config *out)
{
	if (!arch)
		return -VDSOGEN_ERR_ARCH;
	*out = config ? *config : (struct vdsogen_config){ 0 };
	if (!out->functions)
		out->functions = vdsogen_arch_functions(arch) & VDSOGEN_DEFAULT_FUNCTIONS;
	if (out->functions & ~vdsogen_arch_functions(arch))
		return -VDSOGEN_ERR_FUNCTION;
	if (!out->clocks)
		out->clocks = VG_CLOCKS;
	if (out->clocks & ~VG_CLOCKS)
		return -VDSOGEN_ERR_CLOCK;
	if (!out->kernel_version)
		out->kernel_version = DEFAULT_KERNEL_VERSION;
	if (!out->landing_pads)
		out->landing_pads = arch->landing_pads;
	if (out->getcpu == VDSOGEN_GETCPU_LSL && !out->getcpu_at)
		out->getcpu_at = LINUX_CPU_SELECTOR;
	if (!resolve_place(out->data, &out->distance) ||
	    !resolve_place(out->process, &out->process_distance) ||
	    !within(out->counter, arch->counters) || !within(out->getcpu, arch->getcpus) ||
	    !within(out->fallback, arch->fallbacks) || !vg_numbers_fit(out) ||
	    (out->fallback == VDSOGEN_FALLBACK_THREAD && !arch->thread_fits(out->fallback_at)) ||
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

/* Whether getcpu's word is in the block there. A block that does not exist has no place: 0. */
static bool has_word(const struct vg_image *image, vg_label label, size_t size)
{
	uint32_t at = vg_where(image->a, label);

	return at && (uint32_t)image->config->getcpu_at - at < size;
}

/* Getcpu's word is where no part of the image and of its data is. */
static bool good_word(const struct vg_image *image)
{
	return (uint32_t)image->config->getcpu_at >= image->a->at &&
	       !has_word(image, VG_CLOCK, sizeof(struct vdsogen_clock)) &&
	       !has_word(image, VG_RANDOM, sizeof(struct vdsogen_random)) &&
	       !has_word(image, VG_PROCESS, sizeof(struct vdsogen_process));
}

/* Whether anything that is to be outside of the image is not, or is in another's page. */
static bool overlaps(const struct vg_image *image)
{
	const struct vdsogen_config *c = image->config;
	uint32_t clock = vg_where(image->a, VG_CLOCK), process = vg_where(image->a, VG_PROCESS);
	size_t size = image->a->at;

	return (c->data == VDSOGEN_DATA_AFTER && clock < size) ||
	       (c->process == VDSOGEN_DATA_AFTER && process && process < size) ||
	       (process && !vg_process_follows_clock(c) &&
		process / VDSOGEN_PAGE == clock / VDSOGEN_PAGE) ||
	       (c->getcpu == VDSOGEN_GETCPU_WORD && !good_word(image));
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

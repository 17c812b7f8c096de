/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules about DT_VERDEF and DT_VERSYM. */
#include <elf.h>
#include <inttypes.h>

#include "check.h"

/* Bit 15 of an entry of DT_VERSYM: not the default version. */
enum { HIDDEN = 0x8000 };

static enum outcome given(const struct image *image, enum tag tag, const char *name,
			  struct finding *f)
{
	if (!image->dynamic_inside)
		return MOOT;
	return image->tag[tag].given ? HOLDS : failed(f, "there is no %s", name);
}

enum outcome check_verdef(const struct image *image, struct finding *f)
{
	return given(image, TAG_VERDEF, "DT_VERDEF", f);
}

enum outcome check_versym(const struct image *image, struct finding *f)
{
	return given(image, TAG_VERSYM, "DT_VERSYM", f);
}

enum outcome check_verdefnum(const struct image *image, struct finding *f)
{
	return given(image, TAG_VERDEFNUM, "DT_VERDEFNUM", f);
}

enum outcome check_verdef_versym(const struct image *image, struct finding *f)
{
	if (!image->tag[TAG_VERDEF].given)
		return MOOT;
	return image->tag[TAG_VERSYM].given ? HOLDS :
	       failed(f, "there is DT_VERDEF without DT_VERSYM");
}

/* ------------------------------------------------------ the definitions -- */

enum outcome check_verdef_sound(const struct image *image, struct finding *f)
{
	const struct tag_value *table = &image->tag[TAG_VERDEF];
	struct verdef v = { .count = 0 };

	if (!table->given)
		return MOOT;
	if (!table->inside)
		return failed(f, "DT_VERDEF is 0x%" PRIx64 ", outside of the image (%zu bytes)",
			      table->value, image->source->size);
	while (image_verdef(image, &v)) {
		if (!v.whole)
			return failed(f,
				      "version definition %zu, at 0x%" PRIx64
				      ", ends outside of the "
				      "image (%zu bytes)",
				      v.count, v.at, image->source->size);
		if (image->strsz && v.name >= image->strsz)
			return failed(
				f,
				"the name of version definition %zu is at 0x%x of a string table "
				"of 0x%" PRIx64,
				v.count, v.name, image->strsz);
	}
	if (image->tag[TAG_VERDEFNUM].given && v.count < image->tag[TAG_VERDEFNUM].value)
		return failed(f,
			      "DT_VERDEFNUM is %" PRIu64 ", but there are %zu version definitions",
			      image->tag[TAG_VERDEFNUM].value, v.count);
	return HOLDS;
}

enum outcome check_verdef_format(const struct image *image, struct finding *f)
{
	struct verdef v = { .count = 0 };

	while (image_verdef(image, &v) && v.whole) {
		if (v.def.vd_version != VER_DEF_CURRENT)
			return failed(f, "vd_version of version definition %zu is %u, not %u",
				      v.count, v.def.vd_version, VER_DEF_CURRENT);
		if (!v.def.vd_cnt)
			return failed(f, "vd_cnt of version definition %zu is 0", v.count);
	}
	return v.count ? HOLDS : MOOT;
}

enum outcome check_verdef_order(const struct image *image, struct finding *f)
{
	struct verdef v = { .count = 0 };
	unsigned int last = 0;

	for (; image_verdef(image, &v) && v.whole; last = v.def.vd_ndx)
		if (v.def.vd_ndx <= last)
			return failed(f, "vd_ndx of version definition %zu is %u, after %u",
				      v.count, v.def.vd_ndx, last);
	return v.count ? HOLDS : MOOT;
}

static enum outcome indices_up_to(const struct image *image, uint64_t limit, const char *why,
				  struct finding *f)
{
	struct verdef v = { .count = 0 };

	while (image_verdef(image, &v) && v.whole)
		if (v.def.vd_ndx > limit)
			return failed(f, "vd_ndx of version definition %zu is %u, but %s %" PRIu64,
				      v.count, v.def.vd_ndx, why, limit);
	return v.count ? HOLDS : MOOT;
}

enum outcome check_verdef_base(const struct image *image, struct finding *f)
{
	if (!image->tag[TAG_VERDEFNUM].given)
		return MOOT;
	return indices_up_to(image, image->tag[TAG_VERDEFNUM].value,
			     "(a BASE definition is missing?) DT_VERDEFNUM is", f);
}

enum outcome check_verdef_small(const struct image *image, struct finding *f)
{
	enum { MOST = 9 };

	return indices_up_to(image, MOST, "the limit is", f);
}

enum outcome check_verdef_aux(const struct image *image, struct finding *f)
{
	struct verdef v = { .count = 0 };

	while (image_verdef(image, &v) && v.whole) {
		if (v.def.vd_aux != sizeof v.def)
			return failed(f, "vd_aux of version definition %zu is %u, not %zu", v.count,
				      v.def.vd_aux, sizeof v.def);
		if (v.def.vd_cnt != 1 && v.def.vd_cnt != 2)
			return failed(f, "vd_cnt of version definition %zu is %u, neither 1 nor 2",
				      v.count, v.def.vd_cnt);
	}
	return v.count ? HOLDS : MOOT;
}

enum outcome check_verdef_aligned(const struct image *image, struct finding *f)
{
	struct verdef v = { .count = 0 };

	while (image_verdef(image, &v) && v.whole)
		if (v.at % sizeof(Elf64_Word))
			return failed(f, "version definition %zu is at 0x%" PRIx64
				      ", not a multiple of %zu", v.count, v.at, sizeof(Elf64_Word));
	return v.count ? HOLDS : MOOT;
}

/* ---------------------------------------------------------- the symbols -- */

enum outcome check_versym_sound(const struct image *image, struct finding *f)
{
	const struct tag_value *table = &image->tag[TAG_VERSYM];

	if (!table->given)
		return MOOT;
	return table->inside && image_inside(image, table->at, image->symbols * sizeof(Elf64_Half))
		       ? HOLDS
		       : failed(f,
				"DT_VERSYM is 0x%" PRIx64 ", with %zu symbols outside of the image "
				"(%zu bytes)",
				table->value, image->symbols, image->source->size);
}

enum outcome check_versym_aligned(const struct image *image, struct finding *f)
{
	uint64_t address = image->tag[TAG_VERSYM].value;

	if (!image->tag[TAG_VERSYM].inside)
		return MOOT;
	return !(address % sizeof(Elf64_Half)) ? HOLDS :
	       failed(f, "DT_VERSYM is 0x%" PRIx64 ", an odd number", address);
}

static bool find_index(const struct image *image, unsigned int index, struct verdef *v)
{
	*v = (struct verdef){ .count = 0 };
	while (image_verdef(image, v) && v->whole)
		if (v->def.vd_ndx == index && !(v->def.vd_flags & VER_FLG_BASE))
			return true;
	return false;
}

static bool versioned(const struct image *image)
{
	return image->machine && image->tag[TAG_VERDEF].inside && image->tag[TAG_VERSYM].inside;
}

enum outcome check_version_name(const struct image *image, struct finding *f)
{
	char symbol[MACHINE_NAME_SIZE], quote[QUOTE_SIZE];

	if (!versioned(image))
		return MOOT;
	for (unsigned int i = 0; i < VDSOGEN_FUNCTIONS; i++) {
		const struct wanted *w = &image->function[i];
		unsigned int index = (unsigned int)image_word(image, image->tag[TAG_VERSYM].at +
			w->index * sizeof(Elf64_Half), sizeof(Elf64_Half)) & ~(unsigned int)HIDDEN;
		struct verdef v;

		if (!w->found)
			continue;
		if (!find_index(image, index, &v))
			return failed(f, "%s has version index %u, which is not defined",
				      machine_symbol(image->machine, i, symbol), index);
		if (!image_is(image, image->strtab + v.name, image->machine->version))
			return failed(f, "%s has version '%s', not %s",
				      machine_symbol(image->machine, i, symbol),
				      image_quote(image, image->strtab + v.name, quote),
				      image->machine->version);
	}
	return HOLDS;
}

/* By the name there is, so that a wrong one is reported once. */
enum outcome check_version_hash(const struct image *image, struct finding *f)
{
	const char *name;
	struct verdef v = { .count = 0 };

	if (!image->machine)
		return MOOT;
	name = image->machine->version;
	while (image_verdef(image, &v) && v.whole)
		if (image_is(image, image->strtab + v.name, name) &&
		    v.def.vd_hash != elf_hash(name))
			return failed(f, "vd_hash of %s is 0x%x, not 0x%lx", name, v.def.vd_hash,
				      elf_hash(name));
	return v.count ? HOLDS : MOOT;
}

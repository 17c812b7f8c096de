/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules about the dynamic segment and its string and symbol tables. */
#include <elf.h>
#include <inttypes.h>

#include "check.h"

enum outcome check_dynamic_present(const struct image *image, struct finding *f)
{
	if (!image->loads)
		return MOOT;
	return image->dynamics ? HOLDS
			       : failed(f, "none of the %zu program headers is a PT_DYNAMIC",
					image->segments);
}

enum outcome check_dynamic_inside(const struct image *image, struct finding *f)
{
	if (!image->loads || !image->dynamics)
		return MOOT;
	return image->dynamic_inside ? HOLDS :
	       failed(f, "p_vaddr of PT_DYNAMIC is 0x%" PRIx64 ", p_memsz 0x%" PRIx64
		      "; that is not in the image (%zu bytes)", (uint64_t)image->dynamic.p_vaddr,
		      (uint64_t)image->dynamic.p_memsz, image->source->size);
}

enum outcome check_dynamic_one(const struct image *image, struct finding *f)
{
	if (!image->dynamics)
		return MOOT;
	return image->dynamics == 1 ? HOLDS :
	       failed(f, "there are %zu PT_DYNAMIC", image->dynamics);
}

enum outcome check_dynamic_readonly(const struct image *image, struct finding *f)
{
	if (!image->dynamics)
		return MOOT;
	return !(image->dynamic.p_flags & PF_W) ? HOLDS :
	       failed(f, "p_flags of PT_DYNAMIC has PF_W: 0x%x", image->dynamic.p_flags);
}

enum outcome check_dynamic_place(const struct image *image, struct finding *f)
{
	const Elf64_Phdr *d = &image->dynamic;

	if (!image->loads || !image->dynamics)
		return MOOT;
	return d->p_vaddr - image->load.p_vaddr == d->p_offset - image->load.p_offset ? HOLDS :
	       failed(f, "PT_DYNAMIC has p_offset 0x%" PRIx64 " and p_vaddr 0x%" PRIx64,
		      (uint64_t)d->p_offset, (uint64_t)d->p_vaddr);
}

enum outcome check_dynamic_behind(const struct image *image, struct finding *f)
{
	uint64_t at = image->dynamic.p_offset;

	if (!image->dynamics)
		return MOOT;
	return at >= sizeof(Elf64_Ehdr) ? HOLDS :
	       failed(f, "p_offset of PT_DYNAMIC is 0x%" PRIx64 ", within the ELF header", at);
}

static enum outcome aligned(uint64_t address, unsigned int to, const char *what, struct finding *f)
{
	return !(address % to)
		       ? HOLDS
		       : failed(f, "the address of %s is 0x%" PRIx64 ", not a multiple of %u", what,
				address, to);
}

enum outcome check_dynamic_aligned(const struct image *image, struct finding *f)
{
	if (!image->dynamics)
		return MOOT;
	return aligned(image->dynamic.p_vaddr, sizeof(uint64_t), "PT_DYNAMIC", f);
}

enum outcome check_dynamic_ends(const struct image *image, struct finding *f)
{
	if (!image->dynamic_inside)
		return MOOT;
	return image->ends ? HOLDS : failed(f, "there is no DT_NULL in 0x%" PRIx64 " bytes",
					    (uint64_t)image->dynamic.p_memsz);
}

/* -------------------------------------------------------------- tables -- */

static enum outcome given(const struct image *image, enum tag tag, const char *name,
			  struct finding *f)
{
	if (!image->dynamic_inside)
		return MOOT;
	return image->tag[tag].given ? HOLDS : failed(f, "there is no %s", name);
}

enum outcome check_tables_inside(const struct image *image, struct finding *f)
{
	static const struct { enum tag tag; const char *name; } tables[] = {
		{ TAG_STRTAB, "DT_STRTAB" }, { TAG_SYMTAB, "DT_SYMTAB" }
	};

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		const struct tag_value *t = &image->tag[tables[i].tag];

		if (t->given && !t->inside)
			return failed(f, "%s is 0x%" PRIx64 ", outside of the image (%zu bytes)",
				      tables[i].name, t->value, image->source->size);
	}
	return image->dynamic_inside ? HOLDS : MOOT;
}

enum outcome check_strtab(const struct image *image, struct finding *f)
{
	return given(image, TAG_STRTAB, "DT_STRTAB", f);
}

enum outcome check_strsz(const struct image *image, struct finding *f)
{
	const struct tag_value *size = &image->tag[TAG_STRSZ], *table = &image->tag[TAG_STRTAB];

	if (!table->inside)
		return MOOT;
	if (!size->given)
		return failed(f, "there is no DT_STRSZ");
	return size->value && image_inside(image, table->at, size->value)
		       ? HOLDS
		       : failed(f, "DT_STRSZ is 0x%" PRIx64 ", with a string table at 0x%" PRIx64,
				size->value, table->value);
}

enum outcome check_strtab_ends(const struct image *image, struct finding *f)
{
	const struct tag_value *table = &image->tag[TAG_STRTAB];
	uint64_t size = image->tag[TAG_STRSZ].value;

	if (!table->inside || !size || !image_inside(image, table->at, size))
		return MOOT;
	return !image_word(image, table->at + size - 1, 1) ? HOLDS :
	       failed(f, "the last byte of the string table is 0x%" PRIx64 ", not 0",
		      image_word(image, table->at + size - 1, 1));
}

enum outcome check_symtab(const struct image *image, struct finding *f)
{
	return given(image, TAG_SYMTAB, "DT_SYMTAB", f);
}

enum outcome check_symtab_aligned(const struct image *image, struct finding *f)
{
	if (!image->tag[TAG_SYMTAB].inside)
		return MOOT;
	return aligned(image->tag[TAG_SYMTAB].value, sizeof(uint64_t), "the symbol table", f);
}

enum outcome check_syment(const struct image *image, struct finding *f)
{
	return given(image, TAG_SYMENT, "DT_SYMENT", f);
}

enum outcome check_syment_size(const struct image *image, struct finding *f)
{
	const struct tag_value *size = &image->tag[TAG_SYMENT];

	if (!size->given)
		return MOOT;
	return size->value == sizeof(Elf64_Sym) ? HOLDS :
	       failed(f, "DT_SYMENT is %" PRIu64 ", not %zu", size->value, sizeof(Elf64_Sym));
}

enum outcome check_soname(const struct image *image, struct finding *f)
{
	const struct tag_value *table = &image->tag[TAG_STRTAB], *name = &image->tag[TAG_SONAME];

	if (!image->dynamic_inside || !table->inside)
		return MOOT;
	if (!name->given)
		return failed(f, "there is no DT_SONAME");
	return name->value < image->source->size && image_word(image, table->at + name->value, 1) ?
	       HOLDS : failed(f, "DT_SONAME is 0x%" PRIx64 ", where there is no name", name->value);
}

/* --------------------------------------------------------- relocations -- */

enum outcome check_no_textrel(const struct image *image, struct finding *f)
{
	if (!image->dynamic_inside)
		return MOOT;
	return image->tag[TAG_TEXTREL].given ? failed(f, "there is a DT_TEXTREL") : HOLDS;
}

enum outcome check_no_rel(const struct image *image, struct finding *f)
{
	if (!image->dynamic_inside)
		return MOOT;
	return image->tag[TAG_REL].given ? failed(f, "there is a DT_REL: 0x%" PRIx64,
						  image->tag[TAG_REL].value) : HOLDS;
}

enum outcome check_relaent(const struct image *image, struct finding *f)
{
	const struct tag_value *size = &image->tag[TAG_RELAENT];

	if (!image->tag[TAG_RELA].given)
		return image->dynamic_inside ? HOLDS : MOOT;
	if (!size->given)
		return failed(f, "there is DT_RELA without DT_RELAENT");
	return size->value == sizeof(Elf64_Rela) ? HOLDS :
	       failed(f, "DT_RELAENT is %" PRIu64 ", not %zu", size->value, sizeof(Elf64_Rela));
}

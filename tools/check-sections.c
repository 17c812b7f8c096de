/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules about section headers, which few readers of a vDSO need. */
#include <elf.h>
#include <inttypes.h>

#include "check.h"

enum outcome check_sections(const struct image *image, struct finding *f)
{
	const Elf64_Ehdr *h = &image->header;

	return h->e_shoff && h->e_shnum ? HOLDS : failed(f, "there are no section headers");
}

enum outcome check_sections_inside(const struct image *image, struct finding *f)
{
	const Elf64_Ehdr *h = &image->header;

	if (!h->e_shoff || !h->e_shnum)
		return MOOT;
	if (h->e_shentsize != sizeof(Elf64_Shdr))
		return failed(f, "e_shentsize is %u, not %zu", h->e_shentsize, sizeof(Elf64_Shdr));
	return image->sections ? HOLDS :
	       failed(f, "%u section headers at 0x%" PRIx64 " end outside of the image (%zu bytes)",
		      h->e_shnum, h->e_shoff, image->source->size);
}

enum outcome check_sections_dynsym(const struct image *image, struct finding *f)
{
	uint64_t wanted = image->symbols * sizeof(Elf64_Sym);
	Elf64_Shdr s;

	if (!image->sections)
		return MOOT;
	for (size_t i = 0; image_section(image, i, &s); i++) {
		if (s.sh_type != SHT_DYNSYM)
			continue;
		return s.sh_size >= wanted && image_inside(image, s.sh_offset, s.sh_size) ? HOLDS :
		       failed(f, "section %zu, SHT_DYNSYM, is 0x%" PRIx64 " bytes at 0x%" PRIx64
			      ", for %zu symbols", i, (uint64_t)s.sh_size, (uint64_t)s.sh_offset,
			      image->symbols);
	}
	return failed(f, "no section header is a SHT_DYNSYM");
}

enum outcome check_sections_dynstr(const struct image *image, struct finding *f)
{
	Elf64_Shdr s;

	if (!image->sections)
		return MOOT;
	for (size_t i = 0; image_section(image, i, &s); i++) {
		if (s.sh_type != SHT_STRTAB || !(s.sh_flags & SHF_ALLOC))
			continue;
		return s.sh_offset == image->strtab
			       ? HOLDS
			       : failed(f,
					"section %zu, the first allocated SHT_STRTAB, is at "
					"0x%" PRIx64 ", the strings of the symbols at 0x%" PRIx64,
					i, (uint64_t)s.sh_offset, image->strtab);
	}
	return failed(f, "no section header is an allocated SHT_STRTAB");
}

enum outcome check_sections_symbol(const struct image *image, struct finding *f)
{
	char name[MACHINE_NAME_SIZE];
	Elf64_Shdr s;

	if (!image->sections || !image->machine)
		return MOOT;
	for (unsigned int i = 0; i < VDSOGEN_FUNCTIONS; i++) {
		const Elf64_Sym *symbol = &image->function[i].symbol;

		if (!image->function[i].found)
			continue;
		if (!image_section(image, symbol->st_shndx, &s))
			return failed(f, "%s has st_shndx %u, of %zu sections",
				      machine_symbol(image->machine, i, name), symbol->st_shndx,
				      image->sections);
		if (!span_inside(symbol->st_value - s.sh_addr, symbol->st_size, s.sh_size) ||
		    s.sh_addr - s.sh_offset != image->load.p_vaddr - image->load.p_offset)
			return failed(f,
				      "%s at 0x%" PRIx64 " is not in its section, %u, 0x%" PRIx64
				      " bytes at 0x%" PRIx64,
				      machine_symbol(image->machine, i, name),
				      (uint64_t)symbol->st_value, symbol->st_shndx,
				      (uint64_t)s.sh_size, (uint64_t)s.sh_addr);
	}
	return HOLDS;
}

enum outcome check_sections_named(const struct image *image, struct finding *f)
{
	static const char *const names[] = {
		".dynsym", ".dynstr", ".gnu.version", ".gnu.version_d", ".dynamic", ".text"
	};
	Elf64_Shdr s;

	if (!image->sections)
		return MOOT;
	if (!image->section_names.sh_type)
		return failed(f, "e_shstrndx is %u, which is no string table",
			      image->header.e_shstrndx);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!image_find_section(image, names[i], &s))
			return failed(f, "there is no section %s", names[i]);
	return HOLDS;
}

enum outcome check_sections_agree(const struct image *image, struct finding *f)
{
	static const struct { uint32_t type; enum tag tag; const char *name; } pairs[] = {
		{ SHT_DYNSYM, TAG_SYMTAB, "DT_SYMTAB" }, { SHT_HASH, TAG_HASH, "DT_HASH" },
		{ SHT_GNU_HASH, TAG_GNU_HASH, "DT_GNU_HASH" },
		{ SHT_GNU_versym, TAG_VERSYM, "DT_VERSYM" },
		{ SHT_GNU_verdef, TAG_VERDEF, "DT_VERDEF" },
	};
	Elf64_Shdr s;

	if (!image->sections || !image->dynamic_inside)
		return MOOT;
	for (size_t i = 0; image_section(image, i, &s); i++)
		for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++) {
			const struct tag_value *tag = &image->tag[pairs[p].tag];

			if (s.sh_type == pairs[p].type && tag->given && s.sh_addr != tag->value)
				return failed(f,
					      "section %zu is at 0x%" PRIx64 ", %s is 0x%" PRIx64,
					      i, (uint64_t)s.sh_addr, pairs[p].name, tag->value);
		}
	return HOLDS;
}

enum outcome check_sections_eh_frame(const struct image *image, struct finding *f)
{
	Elf64_Shdr s;

	if (!image->sections || !image->section_names.sh_type)
		return MOOT;
	return image_find_section(image, ".eh_frame", &s) ? HOLDS :
	       failed(f, "there is no section .eh_frame");
}

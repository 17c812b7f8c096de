/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules about program headers, but for PT_DYNAMIC's. */
#include <elf.h>
#include <inttypes.h>

#include "check.h"

enum outcome check_load_present(const struct image *image, struct finding *f)
{
	if (!image->segments)
		return MOOT;
	return image->loads ? HOLDS : failed(f, "none of the %zu program headers is a PT_LOAD",
					     image->segments);
}

enum outcome check_load_one(const struct image *image, struct finding *f)
{
	if (!image->loads)
		return MOOT;
	return image->loads == 1 ? HOLDS :
	       failed(f, "there are %zu PT_LOAD; the last is mapped at 0x%" PRIx64, image->loads,
		      (uint64_t)image->last_load.p_vaddr);
}

enum outcome check_load_bias(const struct image *image, struct finding *f)
{
	uint64_t bias = image->load.p_vaddr - image->load.p_offset;
	Elf64_Phdr p;

	for (size_t i = 0; image_segment(image, i, &p); i++)
		if (p.p_type == PT_LOAD && p.p_vaddr - p.p_offset != bias)
			return failed(
				f,
				"PT_LOAD of program header %zu has p_vaddr - p_offset = 0x%" PRIx64
				", the first 0x%" PRIx64,
				i, (uint64_t)(p.p_vaddr - p.p_offset), bias);
	return image->loads ? HOLDS : MOOT;
}

enum outcome check_load_offset(const struct image *image, struct finding *f)
{
	if (!image->loads)
		return MOOT;
	return !image->load.p_offset ? HOLDS :
	       failed(f, "p_offset of the first PT_LOAD is 0x%" PRIx64 ", not 0",
		      (uint64_t)image->load.p_offset);
}

enum outcome check_load_align(const struct image *image, struct finding *f)
{
	uint64_t bias = image->load.p_vaddr - image->load.p_offset;

	if (!image->loads)
		return MOOT;
	return !(bias % VDSOGEN_PAGE) ? HOLDS :
	       failed(f, "p_vaddr - p_offset of the first PT_LOAD is 0x%" PRIx64, bias);
}

enum outcome check_load_flags(const struct image *image, struct finding *f)
{
	unsigned int flags = image->load.p_flags;

	if (!image->loads)
		return MOOT;
	return flags & PF_R && flags & PF_X ? HOLDS :
	       failed(f, "p_flags of the first PT_LOAD is 0x%x, without %s", flags,
		      flags & PF_R ? "PF_X" : "PF_R");
}

enum outcome check_load_sizes(const struct image *image, struct finding *f)
{
	Elf64_Phdr p;

	for (size_t i = 0; image_segment(image, i, &p); i++)
		if (p.p_type == PT_LOAD && p.p_filesz != p.p_memsz)
			return failed(f, "p_filesz is 0x%" PRIx64 ", p_memsz 0x%" PRIx64,
				      (uint64_t)p.p_filesz, (uint64_t)p.p_memsz);
	return image->loads ? HOLDS : MOOT;
}

enum outcome check_load_inside(const struct image *image, struct finding *f)
{
	Elf64_Phdr p;

	for (size_t i = 0; image_segment(image, i, &p); i++)
		if (p.p_type == PT_LOAD && !image_inside(image, p.p_offset, p.p_filesz))
			return failed(f, "PT_LOAD of 0x%" PRIx64 " bytes at 0x%" PRIx64
				      " ends outside of the image (%zu bytes)",
				      (uint64_t)p.p_filesz, (uint64_t)p.p_offset,
				      image->source->size);
	return image->loads ? HOLDS : MOOT;
}

enum outcome check_load_headers(const struct image *image, struct finding *f)
{
	const Elf64_Ehdr *h = &image->header;
	uint64_t size = image->segments * sizeof(Elf64_Phdr);

	if (!image->loads)
		return MOOT;
	return !image->load.p_offset && span_inside(h->e_phoff, size, image->load.p_filesz)
		       ? HOLDS
		       : failed(f,
				"the program headers end at 0x%" PRIx64
				", the first PT_LOAD is 0x%" PRIx64 " bytes at 0x%" PRIx64,
				h->e_phoff + size, (uint64_t)image->load.p_filesz,
				(uint64_t)image->load.p_offset);
}

enum outcome check_load_order(const struct image *image, struct finding *f)
{
	uint64_t end = 0;
	Elf64_Phdr p;

	for (size_t i = 0; image_segment(image, i, &p); i++) {
		if (p.p_type != PT_LOAD)
			continue;
		if (end && p.p_vaddr / VDSOGEN_PAGE <= (end - 1) / VDSOGEN_PAGE)
			return failed(f,
				      "PT_LOAD at 0x%" PRIx64
				      " begins in or before the last page of "
				      "the one before it, which ends at 0x%" PRIx64,
				      (uint64_t)p.p_vaddr, end);
		end = p.p_vaddr + p.p_memsz;
	}
	return image->loads ? HOLDS : MOOT;
}

static enum outcome absent(const struct image *image, uint32_t type, const char *name,
			   struct finding *f)
{
	Elf64_Phdr p;

	if (!image->segments)
		return MOOT;
	return !image_find_segment(image, type, &p) ? HOLDS :
	       failed(f, "there is a %s at 0x%" PRIx64, name, (uint64_t)p.p_vaddr);
}

enum outcome check_no_interp(const struct image *image, struct finding *f)
{
	return absent(image, PT_INTERP, "PT_INTERP", f);
}

enum outcome check_no_relro(const struct image *image, struct finding *f)
{
	return absent(image, PT_GNU_RELRO, "PT_GNU_RELRO", f);
}

enum outcome check_no_tls(const struct image *image, struct finding *f)
{
	return absent(image, PT_TLS, "PT_TLS", f);
}

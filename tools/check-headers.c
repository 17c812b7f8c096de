/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules about the ELF header. */
#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "check.h"

enum outcome check_elf_wide(const struct image *image, struct finding *f)
{
	const struct source *s = image->source;

	if (image->wide)
		return HOLDS;
	if (s->size >= sizeof(Elf32_Ehdr) && s->bytes[EI_CLASS] == ELFCLASS32)
		return failed(f,
			      "not a 64-bit image: EI_CLASS is %u; 32-bit ones cannot be checked",
			      s->bytes[EI_CLASS]);
	return failed(f, "%zu bytes are no ELF header, which has %zu", s->size,
		      sizeof image->header);
}

enum outcome check_elf_machine(const struct image *image, struct finding *f)
{
	return image->machine ? HOLDS
			      : failed(f, "e_machine is %u, of which no functions are known",
				       image->header.e_machine);
}

enum outcome check_elf_magic(const struct image *image, struct finding *f)
{
	const unsigned char *ident = image->header.e_ident;

	return !memcmp(ident, ELFMAG, SELFMAG) ? HOLDS :
	       failed(f, "the first bytes are %02x %02x %02x %02x, not those of ELF", ident[0],
		      ident[1], ident[2], ident[3]);
}

enum outcome check_elf_class(const struct image *image, struct finding *f)
{
	unsigned int class = image->header.e_ident[EI_CLASS];

	return class == ELFCLASS64 ? HOLDS : failed(f, "EI_CLASS is %u, not %u", class, ELFCLASS64);
}

/* PowerPC has both. */
enum outcome check_elf_data(const struct image *image, struct finding *f)
{
	unsigned int data = image->header.e_ident[EI_DATA];
	unsigned int right = image->machine ? image->machine->encoding : 0;

	if (right ? data == right : data == ELFDATA2LSB || data == ELFDATA2MSB)
		return HOLDS;
	return failed(f, "EI_DATA is %u, not %s", data, right == ELFDATA2LSB ? "1 (little endian)" :
		      right ? "2 (big endian)" : "1 or 2");
}

enum outcome check_elf_version(const struct image *image, struct finding *f)
{
	unsigned int version = image->header.e_ident[EI_VERSION];

	return version == EV_CURRENT ? HOLDS :
	       failed(f, "EI_VERSION is %u, not %u", version, EV_CURRENT);
}

enum outcome check_elf_osabi(const struct image *image, struct finding *f)
{
	unsigned int abi = image->header.e_ident[EI_OSABI];

	return abi == ELFOSABI_NONE || abi == ELFOSABI_LINUX ? HOLDS :
	       failed(f, "EI_OSABI is %u, neither %u nor %u", abi, ELFOSABI_NONE, ELFOSABI_LINUX);
}

enum outcome check_elf_abiversion(const struct image *image, struct finding *f)
{
	unsigned int version = image->header.e_ident[EI_ABIVERSION];

	return version ? failed(f, "EI_ABIVERSION is %u, not 0", version) : HOLDS;
}

enum outcome check_elf_type(const struct image *image, struct finding *f)
{
	unsigned int type = image->header.e_type;

	return type == ET_DYN ? HOLDS : failed(f, "e_type is %u, not %u (ET_DYN)", type, ET_DYN);
}

enum outcome check_elf_ehsize(const struct image *image, struct finding *f)
{
	unsigned int size = image->header.e_ehsize;

	return size == sizeof(Elf64_Ehdr) ? HOLDS :
	       failed(f, "e_ehsize is %u, not %zu", size, sizeof(Elf64_Ehdr));
}

enum outcome check_elf_phoff(const struct image *image, struct finding *f)
{
	uint64_t at = image->header.e_phoff;

	return at >= sizeof(Elf64_Ehdr) ? HOLDS :
	       failed(f, "e_phoff is %" PRIu64 ", within the ELF header (%zu bytes)", at,
		      sizeof(Elf64_Ehdr));
}

enum outcome check_elf_phentsize(const struct image *image, struct finding *f)
{
	unsigned int size = image->header.e_phentsize;

	return size == sizeof(Elf64_Phdr) ? HOLDS :
	       failed(f, "e_phentsize is %u, not %zu", size, sizeof(Elf64_Phdr));
}

enum outcome check_elf_phnum(const struct image *image, struct finding *f)
{
	const Elf64_Ehdr *h = &image->header;

	if (image->segments)
		return HOLDS;
	if (!h->e_phnum || h->e_phnum == PN_XNUM)
		return failed(f, "e_phnum is %u", h->e_phnum);
	return failed(f, "%u program headers at 0x%" PRIx64 " end outside of the image (%zu bytes)",
		      h->e_phnum, h->e_phoff, image->source->size);
}

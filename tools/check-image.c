/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decodes an image that may be broken anywhere: what cannot be read counts as
 * not there, and the rules say so. libelf translates; it never sees the image
 * as a whole, which it would refuse or tidy up.
 */
#include <elf.h>
#include <string.h>

#include "check.h"

/* ------------------------------------------------------------- reading -- */

bool image_inside(const struct image *image, uint64_t at, uint64_t size)
{
	return span_inside(at, size, image->source->size);
}

bool image_read(const struct image *image, uint64_t at, Elf_Type type, void *to, size_t size)
{
	Elf_Data from = { .d_type = type, .d_version = EV_CURRENT, .d_size = size };
	Elf_Data into = { .d_buf = to, .d_type = type, .d_version = EV_CURRENT, .d_size = size };

	if (!image_inside(image, at, size))
		return false;
	from.d_buf = image->source->bytes + at;
	return elf64_xlatetom(&into, &from, image->encoding);
}

uint64_t image_word(const struct image *image, uint64_t at, unsigned int bytes)
{
	bool big = image->encoding == ELFDATA2MSB;
	uint64_t value = 0;

	if (!image_inside(image, at, bytes))
		return 0;
	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint64_t)image->source->bytes[at + i] << 8 * (big ? bytes - 1 - i : i);
	return value;
}

bool image_is(const struct image *image, uint64_t at, const char *string)
{
	size_t size = strlen(string) + 1;

	return image_inside(image, at, size) && !memcmp(image->source->bytes + at, string, size);
}

const char *image_quote(const struct image *image, uint64_t at, char *quote)
{
	size_t length = 0;

	for (; length < QUOTE_SIZE - 1 && image_inside(image, at, 1); at++) {
		unsigned char c = image->source->bytes[at];

		if (!c)
			break;
		quote[length++] = c >= ' ' && c <= '~' && c != '\'' ? (char)c : '?';
	}
	quote[length] = '\0';
	return quote;
}

bool image_offset(const struct image *image, uint64_t address, uint64_t *at)
{
	*at = address - image->load.p_vaddr + image->load.p_offset;
	return image->loads && image_inside(image, *at, 1);
}

/* -------------------------------------------------------------- tables -- */

bool image_segment(const struct image *image, size_t i, Elf64_Phdr *segment)
{
	return i < image->segments &&
	       image_read(image, image->header.e_phoff + i * sizeof *segment, ELF_T_PHDR, segment,
			  sizeof *segment);
}

bool image_find_segment(const struct image *image, uint32_t type, Elf64_Phdr *segment)
{
	for (size_t i = 0; image_segment(image, i, segment); i++)
		if (segment->p_type == type)
			return true;
	return false;
}

bool image_section(const struct image *image, size_t i, Elf64_Shdr *section)
{
	return i < image->sections &&
	       image_read(image, image->header.e_shoff + i * sizeof *section, ELF_T_SHDR, section,
			  sizeof *section);
}

bool image_find_section(const struct image *image, const char *name, Elf64_Shdr *section)
{
	const Elf64_Shdr *names = &image->section_names;

	for (size_t i = 0; names->sh_type && image_section(image, i, section); i++)
		if (section->sh_name < names->sh_size &&
		    image_is(image, names->sh_offset + section->sh_name, name))
			return true;
	return false;
}

bool image_symbol(const struct image *image, size_t i, Elf64_Sym *symbol)
{
	return i < image->symbols && image_read(image, image->symtab + i * sizeof *symbol,
						ELF_T_SYM, symbol, sizeof *symbol);
}

/* Onward to the next PT_NOTE, if this one is over. */
static bool note_segment(const struct image *image, struct note *note)
{
	Elf64_Phdr segment;

	while (note->next >= note->end) {
		if (!image_segment(image, note->segment++, &segment))
			return false;
		if (segment.p_type != PT_NOTE ||
		    !image_inside(image, segment.p_offset, segment.p_filesz))
			continue;
		note->next = segment.p_offset;
		note->end = segment.p_offset + segment.p_filesz;
	}
	return true;
}

bool image_note(const struct image *image, struct note *note)
{
	enum { ALIGN = 4 };
	Elf64_Nhdr header = { 0, 0, 0 };

	/* segments that overlap could be walked for ever, nearly */
	if (!note_segment(image, note) || note->seen++ > image->source->size / sizeof header)
		return false;
	note->whole = span_inside(note->next, sizeof header, note->end) &&
		      image_read(image, note->next, ELF_T_WORD, &header, sizeof header);
	note->name = note->next + sizeof header;
	note->desc = note->name + (((uint64_t)header.n_namesz + ALIGN - 1) & -ALIGN);
	note->namesz = header.n_namesz;
	note->descsz = header.n_descsz;
	note->type = header.n_type;
	note->whole = note->whole && span_inside(note->desc, header.n_descsz, note->end);
	note->next = note->whole ? note->desc + (((uint64_t)header.n_descsz + ALIGN - 1) & -ALIGN) :
		     note->end;
	return true;
}

bool image_verdef(const struct image *image, struct verdef *v)
{
	const struct tag_value *table = &image->tag[TAG_VERDEF],
			       *number = &image->tag[TAG_VERDEFNUM];

	if (!table->inside || (v->count && (!v->whole || !v->def.vd_next)) ||
	    (number->given && v->count >= number->value) ||
	    v->count > image->source->size / sizeof v->def) /* they overlap */
		return false;
	v->at = v->count ? v->at + v->def.vd_next : table->at;
	v->count++;
	/* not ELF_T_VDEF, which libelf follows from one to the next */
	v->whole = image_read(image, v->at, ELF_T_BYTE, &v->def, sizeof v->def);
	if (!v->whole)
		return true;
#define FIELD(name) \
	(v->def.name = image_word(image, v->at + offsetof(Elf64_Verdef, name), sizeof v->def.name))
	FIELD(vd_version), FIELD(vd_flags), FIELD(vd_ndx), FIELD(vd_cnt), FIELD(vd_hash);
	FIELD(vd_aux), FIELD(vd_next);
#undef FIELD
	v->aux = v->at + v->def.vd_aux;
	v->whole = image_inside(image, v->aux, sizeof(Elf64_Verdaux));
	v->name = (uint32_t)image_word(image, v->aux, sizeof v->name);
	return true;
}

/* ------------------------------------------------------------- opening -- */

static void read_segments(struct image *image)
{
	uint64_t size = (uint64_t)image->header.e_phnum * sizeof(Elf64_Phdr);
	Elf64_Phdr p;

	if (image->header.e_phnum == PN_XNUM || !image_inside(image, image->header.e_phoff, size))
		return;
	image->segments = image->header.e_phnum;
	for (size_t i = 0; image_segment(image, i, &p); i++) {
		if (p.p_type == PT_LOAD) {
			image->load = image->loads++ ? image->load : p;
			image->last_load = p;
		}
		if (p.p_type == PT_DYNAMIC) {
			image->dynamics++;
			image->dynamic = p;
		}
	}
}

static void set_tag(struct image *image, const Elf64_Dyn *d)
{
	static const struct { Elf64_Sxword number; bool address; } known[TAGS] = {
		[TAG_HASH] = { DT_HASH, true }, [TAG_STRTAB] = { DT_STRTAB, true },
		[TAG_SYMTAB] = { DT_SYMTAB, true }, [TAG_RELA] = { DT_RELA, true },
		[TAG_RELAENT] = { DT_RELAENT, false }, [TAG_STRSZ] = { DT_STRSZ, false },
		[TAG_SYMENT] = { DT_SYMENT, false }, [TAG_SONAME] = { DT_SONAME, false },
		[TAG_REL] = { DT_REL, true }, [TAG_TEXTREL] = { DT_TEXTREL, false },
		[TAG_GNU_HASH] = { DT_GNU_HASH, true }, [TAG_VERSYM] = { DT_VERSYM, true },
		[TAG_VERDEF] = { DT_VERDEF, true }, [TAG_VERDEFNUM] = { DT_VERDEFNUM, false },
	};

	for (unsigned int i = 0; i < TAGS; i++) {
		struct tag_value *tag = &image->tag[i];

		if (d->d_tag != known[i].number)
			continue;
		tag->given = true;
		tag->value = d->d_un.d_val;
		tag->inside = known[i].address && image_offset(image, tag->value, &tag->at);
	}
}

/* Where most readers find it: by its address. */
static void read_dynamic(struct image *image)
{
	uint64_t at;
	Elf64_Dyn d;

	if (!image->dynamics || !image_offset(image, image->dynamic.p_vaddr, &at))
		return;
	for (uint64_t i = 0; i < image->dynamic.p_memsz / sizeof d && !image->ends; i++) {
		if (!image_read(image, at + i * sizeof d, ELF_T_DYN, &d, sizeof d))
			return;
		image->dynamic_inside = true;
		image->ends = d.d_tag == DT_NULL;
		set_tag(image, &d);
	}
}

static void read_sections(struct image *image)
{
	const Elf64_Ehdr *h = &image->header;
	Elf64_Shdr *names = &image->section_names;

	if (!h->e_shoff || h->e_shentsize != sizeof *names ||
	    !image_inside(image, h->e_shoff, (uint64_t)h->e_shnum * sizeof *names))
		return;
	image->sections = h->e_shnum;
	if (!image_section(image, h->e_shstrndx, names) || names->sh_type != SHT_STRTAB ||
	    !image_inside(image, names->sh_offset, names->sh_size))
		names->sh_type = SHT_NULL;
}

/* How many symbols there are is written nowhere: the chains of DT_GNU_HASH end with the last. */
static uint64_t count_by_gnu_hash(const struct image *image)
{
	enum { WORD = 4, HEADER = 4 * WORD, MASK = 8 };
	uint64_t at = image->tag[TAG_GNU_HASH].at;
	uint64_t buckets = image_word(image, at, WORD), first = image_word(image, at + WORD, WORD);
	uint64_t bucket = at + HEADER + image_word(image, at + 2 * WORD, WORD) * MASK, last = 0;
	uint64_t chain = bucket + buckets * WORD;

	if (!image_inside(image, bucket, buckets * WORD))
		return 0;
	for (uint64_t i = 0; i < buckets; i++)
		if (image_word(image, bucket + i * WORD, WORD) > last)
			last = image_word(image, bucket + i * WORD, WORD);
	if (last < first)
		return first;
	for (;; last++) {
		if (!image_inside(image, chain + (last - first) * WORD, WORD))
			return 0;
		if (image_word(image, chain + (last - first) * WORD, WORD) & 1)
			return last + 1;
	}
}

static uint64_t count_by_section(struct image *image)
{
	Elf64_Shdr s, strings;

	for (size_t i = 0; image_section(image, i, &s); i++) {
		if (s.sh_type != SHT_DYNSYM)
			continue;
		if (!image->tag[TAG_SYMTAB].inside) {
			image->symtab = s.sh_offset;
			if (image_section(image, s.sh_link, &strings)) {
				image->strtab = strings.sh_offset;
				image->strsz = strings.sh_size;
			}
		}
		return s.sh_size / sizeof(Elf64_Sym);
	}
	return 0;
}

static void read_symbols(struct image *image)
{
	const struct tag_value *tag = image->tag;
	unsigned int word = image->machine ? image->machine->hash_word : sizeof(Elf64_Word);
	uint64_t count = 0, room;

	image->symtab = tag[TAG_SYMTAB].at;
	image->strtab = tag[TAG_STRTAB].at;
	image->strsz = tag[TAG_STRTAB].inside ? tag[TAG_STRSZ].value : 0;
	if (tag[TAG_HASH].inside)
		count = image_word(image, tag[TAG_HASH].at + word, word);
	if (tag[TAG_GNU_HASH].inside && !count)
		count = count_by_gnu_hash(image);
	if (!count || !tag[TAG_SYMTAB].inside)
		count = count_by_section(image);
	room = image_inside(image, image->symtab, 0) ?
	       (image->source->size - image->symtab) / sizeof(Elf64_Sym) : 0;
	image->symbols = count < room ? count : room;
}

static void find_functions(struct image *image)
{
	const struct machine *machine = image->machine;
	char buffer[VDSOGEN_FUNCTIONS][MACHINE_NAME_SIZE];
	const char *name[VDSOGEN_FUNCTIONS];
	Elf64_Sym symbol;

	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++)
		name[f] = machine_symbol(machine, f, buffer[f]);
	for (size_t i = 0; image_symbol(image, i, &symbol); i++)
		for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++)
			if (!image->function[f].found && symbol.st_shndx != SHN_UNDEF &&
			    image_is(image, image->strtab + symbol.st_name, name[f]))
				image->function[f] = (struct wanted){ true, i, symbol };
}

void image_open(struct image *image, const struct source *source)
{
	const unsigned char *ident = source->bytes;

	*image = (struct image){ .source = source, .encoding = ELFDATA2LSB };
	elf_version(EV_CURRENT);
	if (source->size < sizeof image->header ||
	    (!memcmp(ident, ELFMAG, SELFMAG) && ident[EI_CLASS] == ELFCLASS32))
		return;
	if (ident[EI_DATA] == ELFDATA2MSB)
		image->encoding = ELFDATA2MSB;
	image->wide = image_read(image, 0, ELF_T_EHDR, &image->header, sizeof image->header);
	if (!image->wide)
		return;
	image->machine = machine_of(image->header.e_machine);
	read_segments(image);
	read_dynamic(image);
	read_sections(image);
	read_symbols(image);
	if (image->machine)
		find_functions(image);
}

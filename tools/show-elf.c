/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A view of an ELF image by what its loader sees: program headers, and the
 * dynamic segment (show-dynamic.c). Section headers are only described. libelf
 * decodes, any class, any byte order; that a table lies in the image is checked
 * here first.
 */
#include <stdlib.h>
#include <string.h>

#include "show.h"

int view_bad(const struct view *v, const char *what)
{
	tool_error("%s: %s", v->source->name, what);
	return EXIT_FAILURE;
}

int view_outside(const struct view *v, const char *what, uint64_t at, uint64_t size)
{
	tool_error("%s: truncated or damaged: %s, %llu bytes at 0x%llx, ends outside of the image "
		   "(%zu bytes)", v->source->name, what, (unsigned long long)size,
		   (unsigned long long)at, v->source->size);
	return EXIT_FAILURE;
}

/* ------------------------------------------------------------- reading -- */

uint64_t view_word(const struct view *v, uint64_t at, unsigned int bytes)
{
	bool big = v->header.e_ident[EI_DATA] == ELFDATA2MSB;
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint64_t)v->source->bytes[at + i] << 8 * (big ? bytes - 1 - i : i);
	return value;
}

Elf_Data *view_data(const struct view *v, struct span span, Elf_Type type)
{
	if (!span.size || !span_inside(span.at, span.size, v->source->size))
		return NULL;
	return elf_getdata_rawchunk(v->elf, (int64_t)span.at, span.size, type);
}

const char *view_string(const struct view *v, struct span table, uint64_t offset)
{
	const char *s = (const char *)v->source->bytes + table.at;

	if (offset >= table.size || !memchr(s + offset, '\0', table.size - offset))
		return NULL;
	return s + offset;
}

bool view_offset(const struct view *v, uint64_t address, uint64_t size, uint64_t *at)
{
	for (size_t i = 0; i < v->segments; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(v->elf, (int)i, &p) || p.p_type != PT_LOAD ||
		    address < p.p_vaddr || !span_inside(address - p.p_vaddr, size, p.p_filesz))
			continue;
		*at = p.p_offset + (address - p.p_vaddr);
		return span_inside(*at, size, v->source->size);
	}
	return false;
}

bool view_symbol(const struct view *v, size_t i, GElf_Sym *symbol, const char **name)
{
	uint64_t entry = gelf_fsize(v->elf, ELF_T_SYM, 1, EV_CURRENT);
	struct span one = { v->symtab + i * entry, entry };
	Elf_Data *data = i < v->symbols ? view_data(v, one, ELF_T_SYM) : NULL;

	if (!data || !gelf_getsym(data, 0, symbol))
		return false;
	*name = view_string(v, v->strings, symbol->st_name);
	if (!*name)
		*name = "";
	return true;
}

/* ------------------------------------------------------------- headers -- */

static int read_header(struct view *v)
{
	const unsigned char *bytes = v->source->bytes;
	size_t size = v->source->size;

	if (size < SELFMAG || memcmp(bytes, ELFMAG, SELFMAG))
		return view_bad(v, "not an ELF file");
	if (size < EI_NIDENT)
		return view_bad(v, "truncated: it ends within the ELF header");
	if (bytes[EI_CLASS] != ELFCLASS32 && bytes[EI_CLASS] != ELFCLASS64)
		return view_bad(v, "damaged: its ELF class is neither 32 nor 64 bits");
	if (bytes[EI_DATA] != ELFDATA2LSB && bytes[EI_DATA] != ELFDATA2MSB)
		return view_bad(v, "damaged: its byte order is neither little nor big endian");
	if (size < (bytes[EI_CLASS] == ELFCLASS32 ? sizeof(Elf32_Ehdr) : sizeof(Elf64_Ehdr)))
		return view_bad(v, "truncated: it ends within the ELF header");
	v->elf = elf_memory((char *)v->source->bytes, size);
	if (!v->elf || elf_kind(v->elf) != ELF_K_ELF || !gelf_getehdr(v->elf, &v->header)) {
		tool_error("%s: not readable as ELF: %s", v->source->name, elf_errmsg(-1));
		return EXIT_FAILURE;
	}
	if (v->header.e_type != ET_DYN)
		return view_bad(v, "an ELF file, but not a shared object (ET_DYN), so it is no vDSO");
	return 0;
}

static int read_segments(struct view *v)
{
	size_t entry = gelf_fsize(v->elf, ELF_T_PHDR, 1, EV_CURRENT);
	bool loads = false;

	v->segments = v->header.e_phnum;
	if (!v->segments)
		return view_bad(v, "it has no program headers, so it cannot be mapped: no vDSO");
	if (v->header.e_phentsize != entry || v->segments == PN_XNUM)
		return view_bad(v, "damaged: the size or the number of its program headers is wrong");
	if (!span_inside(v->header.e_phoff, v->segments * entry, v->source->size))
		return view_outside(v, "the program header table", v->header.e_phoff,
				 v->segments * entry);
	for (size_t i = 0; i < v->segments; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(v->elf, (int)i, &p))
			return view_bad(v, elf_errmsg(-1));
		if (p.p_type == PT_NULL)
			continue;
		if (!span_inside(p.p_offset, p.p_filesz, v->source->size))
			return view_outside(v, p.p_type == PT_LOAD ? "a PT_LOAD segment" :
					 p.p_type == PT_DYNAMIC ? "the PT_DYNAMIC segment" :
					 p.p_type == PT_NOTE ? "a PT_NOTE segment" : "a segment",
					 p.p_offset, p.p_filesz);
		loads |= p.p_type == PT_LOAD;
		if (p.p_type == PT_DYNAMIC)
			v->dynamic = (struct span){ p.p_offset, p.p_filesz };
	}
	return loads ? 0 : view_bad(v, "it has no PT_LOAD segment, so it cannot be mapped: no vDSO");
}

/* Never fatal: no reader of a vDSO needs them. */
static void read_sections(struct view *v)
{
	size_t entry = gelf_fsize(v->elf, ELF_T_SHDR, 1, EV_CURRENT), count = v->header.e_shnum;
	GElf_Shdr names;

	if (!v->header.e_shoff || !count)
		v->section_remark = "no section headers";
	else if (v->header.e_shentsize != entry)
		v->section_remark = "section headers of a wrong size: left aside";
	else if (!span_inside(v->header.e_shoff, count * entry, v->source->size))
		v->section_remark = "the section headers are outside of the image";
	else if (!elf_getscn(v->elf, count - 1))
		v->section_remark = "section headers that libelf cannot read: left aside";
	if (v->section_remark)
		return;
	v->sections = count;
	if (v->header.e_shstrndx < count &&
	    gelf_getshdr(elf_getscn(v->elf, v->header.e_shstrndx), &names) &&
	    span_inside(names.sh_offset, names.sh_size, v->source->size))
		v->section_names = (struct span){ names.sh_offset, names.sh_size };
}

/* ---------------------------------------------------------------- ours -- */

static int read_ours(struct view *v)
{
	int error = vdsogen_open(v->source->bytes, v->source->size, &v->image);

	v->ours = !error;
	if (v->ours)
		v->arch = tool_arch_of(v->image.machine);
	if (!error || error == -VDSOGEN_ERR_FOREIGN || error == -VDSOGEN_ERR_LAYOUT ||
	    error == -VDSOGEN_ERR_NOTELF)	/* 32 bits or big endian */
		return 0;
	return view_bad(v, vdsogen_strerror(error));
}

int view_open(struct view *v, const struct source *source)
{
	int error;

	*v = (struct view){ .source = source };
	elf_version(EV_CURRENT);
	error = read_header(v);
	if (!error)
		error = read_segments(v);
	if (!error)
		error = read_ours(v);
	if (!error) {
		read_sections(v);
		error = view_dynamic(v);
	}
	if (error)
		view_close(v);
	return error ? EXIT_FAILURE : EXIT_SUCCESS;
}

void view_close(struct view *v)
{
	elf_end(v->elf);
	v->elf = NULL;
}

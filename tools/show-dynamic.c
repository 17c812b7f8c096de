/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables that the dynamic segment names, their places and sizes checked. */
#include <stddef.h>

#include "show.h"

/* The same for both classes. */
enum {
	VERDEF_INDEX = offsetof(Elf64_Verdef, vd_ndx), VERDEF_AUX = offsetof(Elf64_Verdef, vd_aux),
	VERDEF_NEXT = offsetof(Elf64_Verdef, vd_next), VERDEF_SIZE = sizeof(Elf64_Verdef),
	VERDAUX_SIZE = sizeof(Elf64_Verdaux)
};

/* From an address to the end of what is mapped there. */
static struct span rest_at(const struct view *v, uint64_t address)
{
	struct span found = { 0, 0 };
	uint64_t at;

	if (!address || !view_offset(v, address, 1, &at))
		return found;
	found.at = at;
	found.size = v->source->size - at;
	return found;
}

struct addresses {
	uint64_t strings, strings_size, symtab, symbol_size, hash, gnu_hash, versym, verdef;
};

static void read_entry(struct view *v, struct addresses *a, const GElf_Dyn *d)
{
	switch (d->d_tag) {
	case DT_STRTAB: a->strings = d->d_un.d_ptr; break;
	case DT_STRSZ: a->strings_size = d->d_un.d_val; break;
	case DT_SYMTAB: a->symtab = d->d_un.d_ptr; break;
	case DT_SYMENT: a->symbol_size = d->d_un.d_val; break;
	case DT_HASH: a->hash = d->d_un.d_ptr; break;
	case DT_GNU_HASH: a->gnu_hash = d->d_un.d_ptr; break;
	case DT_VERSYM: a->versym = d->d_un.d_ptr; break;
	case DT_VERDEF: a->verdef = d->d_un.d_ptr; break;
	case DT_VERDEFNUM: v->verdefs = d->d_un.d_val; break;
	case DT_SONAME: v->soname = d->d_un.d_val; break;
	}
}

/* The number of symbols is written nowhere; the hash tables imply it. */
static uint64_t count_by_hash(struct view *v)
{
	/* ELF for S/390 (64 bits) and Alpha: words of 8 bytes. */
	bool wide = gelf_getclass(v->elf) == ELFCLASS64 &&
		    (v->header.e_machine == EM_S390 || v->header.e_machine == EM_ALPHA);
	unsigned int word = wide ? 8 : 4;
	uint64_t buckets, chains, words;

	if (v->hash.size < 2 * word)
		return 0;
	buckets = view_word(v, v->hash.at, word);
	chains = view_word(v, v->hash.at + word, word);
	words = v->hash.size / word - 2;
	if (buckets > words || chains > words - buckets)
		return 0;
	v->hash.size = (2 + buckets + chains) * word;
	return chains;
}

static uint64_t count_by_gnu_hash(struct view *v)
{
	enum { WORD = 4, HEADER = 4 * WORD };
	unsigned int mask_size = gelf_getclass(v->elf) == ELFCLASS64 ? 8 : 4;
	uint64_t at = v->gnu_hash.at, end = at + v->gnu_hash.size, buckets, first, last = 0, chains;

	if (v->gnu_hash.size < HEADER)
		return 0;
	buckets = view_word(v, at, WORD);
	first = view_word(v, at + WORD, WORD);
	at += HEADER + view_word(v, at + 2 * WORD, WORD) * mask_size;
	if (!span_inside(at, buckets * WORD, end))
		return 0;
	for (uint64_t i = 0; i < buckets; i++, at += WORD)
		if (view_word(v, at, WORD) > last)
			last = view_word(v, at, WORD);
	chains = at;
	if (last >= first) {
		at += (last - first) * WORD;
		do {
			if (!span_inside(at, WORD, end))
				return 0;
			at += WORD;
			last++;
		} while (!(view_word(v, at - WORD, WORD) & 1));
	} else {
		last = first;
	}
	v->gnu_hash.size = (at > chains ? at : chains) - v->gnu_hash.at;
	return last;
}

static uint64_t count_by_section(const struct view *v, uint64_t entry)
{
	for (size_t i = 0; i < v->sections; i++) {
		GElf_Shdr s;

		if (gelf_getshdr(elf_getscn(v->elf, i), &s) && s.sh_type == SHT_DYNSYM &&
		    s.sh_offset == v->symtab)
			return s.sh_size / entry;
	}
	return v->ours ? v->image.symbols : 0;
}

/* Finds where the last definition ends; each is at a higher offset than the one before. */
static bool measure_verdefs(struct view *v)
{
	uint64_t at = v->verdef.at, limit = at + v->verdef.size, end = at, next = 0;

	for (size_t i = 0; i < v->verdefs && (!i || next); i++) {
		uint64_t aux;

		at += next;
		if (!span_inside(at, VERDEF_SIZE, limit))
			return false;
		aux = at + view_word(v, at + VERDEF_AUX, sizeof(uint32_t));
		next = view_word(v, at + VERDEF_NEXT, sizeof(uint32_t));
		if (!span_inside(aux, VERDAUX_SIZE, limit))
			return false;
		end = aux + VERDAUX_SIZE > end ? aux + VERDAUX_SIZE : end;
	}
	v->verdef.size = end - v->verdef.at;
	return true;
}

/* By its index, as DT_VERSYM has it; NULL if there is none. */
const char *view_version(const struct view *v, size_t i)
{
	enum { HIDDEN = 0x8000 };
	uint64_t at = v->verdef.at, index, next = 0;

	if (!v->versym.size || !v->verdef.size || i >= v->symbols)
		return NULL;
	index = view_word(v, v->versym.at + i * sizeof(uint16_t), sizeof(uint16_t)) & ~HIDDEN;
	for (size_t def = 0; def < v->verdefs && (!def || next); def++) {
		at += next;
		next = view_word(v, at + VERDEF_NEXT, sizeof(uint32_t));
		if (index > VER_NDX_GLOBAL &&
		    view_word(v, at + VERDEF_INDEX, sizeof(uint16_t)) == index) {
			at += view_word(v, at + VERDEF_AUX, sizeof(uint32_t));
			return view_string(v, v->strings,
					   view_word(v, at, sizeof(uint32_t)));
		}
	}
	return NULL;
}

static int read_tables(struct view *v, const struct addresses *a)
{
	uint64_t entry = gelf_fsize(v->elf, ELF_T_SYM, 1, EV_CURRENT), count;
	uint64_t half = gelf_fsize(v->elf, ELF_T_HALF, 1, EV_CURRENT);

	if (a->symbol_size && a->symbol_size != entry)
		return view_bad(v, "damaged: its symbols have a wrong size (DT_SYMENT)");
	if (a->strings && !view_offset(v, a->strings, a->strings_size, &v->strings.at))
		return view_outside(v, "the string table (DT_STRTAB, DT_STRSZ)", a->strings,
				 a->strings_size);
	v->strings.size = a->strings ? a->strings_size : 0;
	if (a->symtab && !view_offset(v, a->symtab, entry, &v->symtab))
		return view_outside(v, "the symbol table (DT_SYMTAB)", a->symtab, entry);
	v->hash = rest_at(v, a->hash);
	v->gnu_hash = rest_at(v, a->gnu_hash);
	count = count_by_hash(v);
	if (a->hash && !count)
		return view_outside(v, "the hash table (DT_HASH)", a->hash, v->hash.size);
	if (a->gnu_hash) {
		uint64_t gnu = count_by_gnu_hash(v);

		if (!gnu)
			return view_outside(v, "the hash table (DT_GNU_HASH)", a->gnu_hash,
					 v->gnu_hash.size);
		count = count ? count : gnu;
	}
	count = count ? count : count_by_section(v, entry);
	if (a->symtab && !span_inside(v->symtab, count * entry, v->source->size))
		return view_outside(v, "the symbol table (DT_SYMTAB)", a->symtab, count * entry);
	v->symbols = a->symtab ? count : 0;
	v->versym = rest_at(v, a->versym);
	if (a->versym && (v->versym.size < v->symbols * half))
		return view_outside(v, "the version table (DT_VERSYM)", a->versym, v->symbols * half);
	v->versym.size = a->versym ? v->symbols * half : 0;
	v->verdef = rest_at(v, a->verdef);
	if (a->verdef && (!v->verdef.size || !measure_verdefs(v)))
		return view_outside(v, "the version definitions (DT_VERDEF)", a->verdef, 0);
	return 0;
}

int view_dynamic(struct view *v)
{
	struct addresses a = { 0 };
	Elf_Data *data = view_data(v, v->dynamic, ELF_T_DYN);
	GElf_Dyn d;

	for (int i = 0; data && gelf_getdyn(data, i, &d) && d.d_tag != DT_NULL; i++)
		read_entry(v, &a, &d);
	return read_tables(v, &a);
}

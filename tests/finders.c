/* SPDX-License-Identifier: BSD-2-Clause */
#include "finders.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

#define VERSYM_INDEX 0x7fff	/* the bit above hides a symbol */

/* An image as mapped at its link address 0. Reading outside sets `bad` and gives zeros. */
struct view {
	const uint8_t *base;
	size_t size;
	bool bad;
	bool dynamic_writable;
	uint64_t bias;		/* added to every address to get an offset */
	uint64_t strtab, symtab, hash, gnu_hash, versym, verdef;
};

static const void *at(struct view *v, uint64_t offset, size_t size)
{
	static const uint64_t zeros[8];

	if (offset <= v->size && size <= v->size - offset && size <= sizeof zeros)
		return v->base + offset;
	v->bad = true;
	return zeros;
}

static uint32_t word(struct view *v, uint64_t offset)
{
	uint32_t value;

	memcpy(&value, at(v, offset, sizeof value), sizeof value);
	return value;
}

static uint16_t half(struct view *v, uint64_t offset)
{
	uint16_t value;

	memcpy(&value, at(v, offset, sizeof value), sizeof value);
	return value;
}

static Elf64_Sym symbol_at(struct view *v, uint32_t index)
{
	Elf64_Sym sym;

	memcpy(&sym, at(v, v->symtab + (uint64_t)index * sizeof sym, sizeof sym), sizeof sym);
	return sym;
}

static bool same(struct view *v, uint64_t string, const char *name)
{
	size_t size = strlen(name) + 1;

	if (string > v->size || size > v->size - string)
		return false;
	return !memcmp(v->base + string, name, size);
}

static uint64_t offset_of(struct view *v, uint64_t address)
{
	return address - v->bias;
}

uint32_t finder_sysv_hash(const char *name)
{
	uint32_t h = 0, top;

	while (*name) {
		h = (h << 4) + (unsigned char)*name++;
		top = h & 0xf0000000;
		if (top)
			h ^= top >> 24;
		h &= ~top;
	}
	return h;
}

uint32_t finder_gnu_hash(const char *name)
{
	uint32_t h = 5381;

	while (*name)
		h = (h << 5) + h + (unsigned char)*name++;
	return h;
}

/* ---------------------------------------------------------- what is where -- */

static void read_dynamic(struct view *v, const Elf64_Phdr *ph)
{
	for (uint64_t i = 0; i < ph->p_memsz / sizeof(Elf64_Dyn); i++) {
		Elf64_Dyn dyn;
		uint64_t value;

		memcpy(&dyn, at(v, ph->p_vaddr - v->bias + i * sizeof dyn, sizeof dyn), sizeof dyn);
		value = offset_of(v, dyn.d_un.d_ptr);
		switch (dyn.d_tag) {
		case DT_NULL: return;
		case DT_STRTAB: v->strtab = value; break;
		case DT_SYMTAB: v->symtab = value; break;
		case DT_HASH: v->hash = value; break;
		case DT_GNU_HASH: v->gnu_hash = value; break;
		case DT_VERSYM: v->versym = value; break;
		case DT_VERDEF: v->verdef = value; break;
		}
	}
}

static void look(struct view *v, const void *image, size_t size)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	bool loaded = false;

	*v = (struct view){ .base = image, .size = size };
	memcpy(&eh, at(v, 0, sizeof eh), sizeof eh);
	for (unsigned int pass = 0; pass < 2; pass++)
		for (unsigned int i = 0; i < eh.e_phnum; i++) {
			memcpy(&ph, at(v, eh.e_phoff + i * (uint64_t)sizeof ph, sizeof ph),
			       sizeof ph);
			if (pass == 0 && ph.p_type == PT_LOAD && !loaded) {
				v->bias = ph.p_vaddr - ph.p_offset;
				loaded = true;
			} else if (pass == 1 && ph.p_type == PT_DYNAMIC) {
				v->dynamic_writable = ph.p_flags & PF_W;
				read_dynamic(v, &ph);
			}
		}
}

/* ---------------------------------------------------------------- hashes -- */

typedef bool accept_fn(struct view *v, uint32_t index, const char *name, const char *version);

/* By DT_HASH's chain. */
static uint32_t by_hash(struct view *v, const char *name, const char *version, accept_fn *accept)
{
	uint32_t buckets = word(v, v->hash), chains = word(v, v->hash + 4), steps = 0;
	uint64_t bucket = v->hash + 8, chain = bucket + 4 * (uint64_t)buckets;
	uint32_t i;

	if (!buckets)
		return 0;
	for (i = word(v, bucket + 4 * (uint64_t)(finder_sysv_hash(name) % buckets));
	     i && !v->bad; i = word(v, chain + 4 * (uint64_t)i)) {
		if (i >= chains || steps++ > chains) {
			v->bad = true;
			return 0;
		}
		if (accept(v, i, name, version))
			return i;
	}
	return 0;
}

struct gnu_table {
	uint32_t buckets, first, words, shift;
	uint64_t bloom, bucket, hash;	/* offsets */
};

static struct gnu_table gnu_table(struct view *v)
{
	struct gnu_table t = {
		.buckets = word(v, v->gnu_hash), .first = word(v, v->gnu_hash + 4),
		.words = word(v, v->gnu_hash + 8), .shift = word(v, v->gnu_hash + 12),
	};

	t.bloom = v->gnu_hash + 16;
	t.bucket = t.bloom + 8 * (uint64_t)t.words;
	t.hash = t.bucket + 4 * (uint64_t)t.buckets;
	return t;
}

static bool bloom_passes(struct view *v, const struct gnu_table *t, uint32_t hash)
{
	uint64_t mask, bits = 1ull << hash % 64 | 1ull << (hash >> t->shift) % 64;

	if (!t->words || t->words & (t->words - 1)) {
		v->bad = true;	/* glibc asserts */
		return false;
	}
	memcpy(&mask, at(v, t->bloom + 8 * (uint64_t)(hash / 64 & (t->words - 1)), sizeof mask),
	       sizeof mask);
	return (mask & bits) == bits;
}

static uint32_t by_gnu_hash(struct view *v, const char *name, const char *version,
			    accept_fn *accept, bool bloom)
{
	struct gnu_table t = gnu_table(v);
	uint32_t hash = finder_gnu_hash(name), i;

	if ((bloom && !bloom_passes(v, &t, hash)) || !t.buckets)
		return 0;
	i = word(v, t.bucket + 4 * (uint64_t)(hash % t.buckets));
	if (i < t.first)
		return 0;
	for (;; i++) {
		uint32_t entry = word(v, t.hash + 4 * (uint64_t)(i - t.first));

		if (v->bad)
			return 0;
		if ((entry | 1) == (hash | 1) && accept(v, i, name, version))
			return i;
		if (entry & 1)
			return 0;
	}
}

/* How many symbols DT_GNU_HASH reaches: the end of the longest-reaching bucket. */
static uint32_t gnu_count(struct view *v)
{
	struct gnu_table t = gnu_table(v);
	uint32_t count = 0;

	for (uint32_t b = 0; b < t.buckets && !v->bad; b++) {
		uint32_t i = word(v, t.bucket + 4 * (uint64_t)b);

		while (i >= t.first && !v->bad &&
		       !(word(v, t.hash + 4 * (uint64_t)(i - t.first)) & 1))
			i++;
		if (i >= t.first && i + 1 > count)
			count = i + 1;
	}
	return count;
}

/* -------------------------------------------------------------- versions -- */

enum match { BY_NAME = 1, BY_HASH = 2, NOT_BASE = 4 };

/* The index of a version definition, or 0. */
static uint16_t verdef_index(struct view *v, const char *version, unsigned int match)
{
	uint64_t def = v->verdef;
	uint32_t next;

	do {
		uint64_t aux = def + word(v, def + offsetof(Elf64_Verdef, vd_aux));
		uint16_t flags = half(v, def + offsetof(Elf64_Verdef, vd_flags));
		uint32_t hash = word(v, def + offsetof(Elf64_Verdef, vd_hash));
		uint64_t name = v->strtab + word(v, aux + offsetof(Elf64_Verdaux, vda_name));

		if ((!(match & NOT_BASE) || !(flags & VER_FLG_BASE)) &&
		    (!(match & BY_HASH) || hash == finder_sysv_hash(version)) &&
		    (!(match & BY_NAME) || same(v, name, version)))
			return half(v, def + offsetof(Elf64_Verdef, vd_ndx)) & VERSYM_INDEX;
		next = word(v, def + offsetof(Elf64_Verdef, vd_next));
		def += next;
	} while (next && !v->bad);
	return 0;
}

static bool version_is(struct view *v, uint32_t symbol, const char *version, unsigned int match)
{
	uint16_t index;

	if (!v->versym || !v->verdef)
		return true;
	index = verdef_index(v, version, match);
	return index && (half(v, v->versym + 2 * (uint64_t)symbol) & VERSYM_INDEX) == index;
}

/* --------------------------------------------------------------- finders -- */

static bool is_type(const Elf64_Sym *sym, bool notype)
{
	unsigned int type = ELF64_ST_TYPE(sym->st_info), bind = ELF64_ST_BIND(sym->st_info);

	return sym->st_shndx != SHN_UNDEF && (type == STT_FUNC || (notype && type == STT_NOTYPE)) &&
	       (bind == STB_GLOBAL || bind == STB_WEAK);
}

static bool accept_unversioned(struct view *v, uint32_t index, const char *name,
			       const char *version)
{
	Elf64_Sym sym = symbol_at(v, index);

	(void)version;
	return is_type(&sym, true) && sym.st_value && same(v, v->strtab + sym.st_name, name);
}

static bool accept_glibc(struct view *v, uint32_t index, const char *name, const char *version)
{
	return accept_unversioned(v, index, name, version) &&
	       version_is(v, index, version, BY_NAME | BY_HASH);
}

static bool accept_musl(struct view *v, uint32_t index, const char *name, const char *version)
{
	return accept_unversioned(v, index, name, version) &&
	       version_is(v, index, version, BY_NAME | NOT_BASE);
}

static bool accept_go(struct view *v, uint32_t index, const char *name, const char *version)
{
	return accept_unversioned(v, index, name, version) &&
	       version_is(v, index, version, BY_NAME | BY_HASH | NOT_BASE);
}

static bool accept_function(struct view *v, uint32_t index, const char *name, const char *version)
{
	Elf64_Sym sym = symbol_at(v, index);

	return is_type(&sym, false) && accept_go(v, index, name, version);
}

static enum found result(struct view *v, uint32_t index, uint64_t *value)
{
	if (v->bad)
		return CRASH;
	if (!index)
		return ABSENT;
	*value = symbol_at(v, index).st_value;
	return v->bad ? CRASH : FOUND;
}

static enum found prefer_gnu(struct view *v, const char *name, const char *version,
			     uint64_t *value, accept_fn *accept, bool bloom)
{
	if (v->gnu_hash)
		return result(v, by_gnu_hash(v, name, version, accept, bloom), value);
	if (v->hash)
		return result(v, by_hash(v, name, version, accept), value);
	return ABSENT;
}

/* glibc relocates a writable PT_DYNAMIC in place and uses VERSYM wherever there is VERDEF. */
static bool glibc_dies(const struct view *v)
{
	return v->dynamic_writable || (v->verdef && !v->versym);
}

static enum found find_glibc(const void *image, size_t size, const char *name, const char *version,
			     uint64_t *value)
{
	struct view v;

	look(&v, image, size);
	if (glibc_dies(&v))
		return CRASH;
	return prefer_gnu(&v, name, version, value, accept_glibc, true);
}

static enum found find_glibc_early(const void *image, size_t size, const char *name,
				   const char *version, uint64_t *value)
{
	struct view v;

	look(&v, image, size);
	if (glibc_dies(&v))
		return CRASH;
	return prefer_gnu(&v, name, version, value, accept_unversioned, true);
}

static enum found find_in_order(struct view *v, uint32_t count, const char *name,
				const char *version, uint64_t *value)
{
	for (uint32_t i = 0; i < count && !v->bad; i++)
		if (accept_musl(v, i, name, version))
			return result(v, i, value);
	return result(v, 0, value);
}

static enum found find_musl(const void *image, size_t size, const char *name, const char *version,
			    uint64_t *value)
{
	struct view v;

	look(&v, image, size);
	if (!v.strtab || !v.symtab || !v.hash)
		return ABSENT;
	return find_in_order(&v, word(&v, v.hash + 4), name, version, value);
}

static enum found find_by_buckets(const void *image, size_t size, const char *name,
				  const char *version, uint64_t *value)
{
	struct view v;

	look(&v, image, size);
	if (!v.strtab || !v.symtab || !v.gnu_hash)
		return ABSENT;
	return find_in_order(&v, gnu_count(&v), name, version, value);
}

static enum found find_go(const void *image, size_t size, const char *name, const char *version,
			  uint64_t *value)
{
	struct view v;

	look(&v, image, size);
	if (!v.verdef)
		return CRASH;
	return prefer_gnu(&v, name, version, value, accept_go, false);
}

static enum found find_selftest(const void *image, size_t size, const char *name,
				const char *version, uint64_t *value)
{
	struct view v;

	look(&v, image, size);
	if (!v.strtab || !v.symtab || !v.hash)
		return ABSENT;
	return result(&v, by_hash(&v, name, version, accept_function), value);
}

/* By section headers alone, as bionic, dietlibc and older gdb read it. */
static enum found find_by_sections(const void *image, size_t size, const char *name,
				   const char *version, uint64_t *value)
{
	struct view v;
	Elf64_Ehdr eh;
	Elf64_Shdr sh = { 0 }, strings;

	(void)version;
	look(&v, image, size);
	memcpy(&eh, at(&v, 0, sizeof eh), sizeof eh);
	for (unsigned int i = 0; i < eh.e_shnum && sh.sh_type != SHT_DYNSYM; i++)
		memcpy(&sh, at(&v, eh.e_shoff + i * (uint64_t)sizeof sh, sizeof sh), sizeof sh);
	if (sh.sh_type != SHT_DYNSYM || v.bad)
		return v.bad ? CRASH : ABSENT;
	memcpy(&strings, at(&v, eh.e_shoff + sh.sh_link * (uint64_t)sizeof sh, sizeof sh),
	       sizeof strings);
	v.symtab = offset_of(&v, sh.sh_addr);
	v.strtab = offset_of(&v, strings.sh_addr);
	for (uint32_t i = 1; i < sh.sh_size / sizeof(Elf64_Sym) && !v.bad; i++) {
		if (!accept_unversioned(&v, i, name, NULL))
			continue;
		return symbol_at(&v, i).st_shndx < eh.e_shnum ? result(&v, i, value) : CRASH;
	}
	return result(&v, 0, value);
}

const struct finder finders[] = {
	{ "glibc", NEEDS_EITHER_HASH, find_glibc },
	{ "glibc, early", NEEDS_EITHER_HASH | IGNORES_VERSION, find_glibc_early },
	{ "musl", NEEDS_HASH, find_musl },
	{ "GNU hash, bucket by bucket", NEEDS_GNU_HASH, find_by_buckets },
	{ "Go", NEEDS_EITHER_HASH | NEEDS_VERSIONS, find_go },
	{ "kernel selftest", NEEDS_HASH, find_selftest },
	{ "sections", NEEDS_SECTIONS | IGNORES_VERSION, find_by_sections },
	{ NULL, 0, NULL }
};

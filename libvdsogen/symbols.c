/* SPDX-License-Identifier: BSD-2-Clause */
#include "elf-abi.h"
#include "symbols.h"

static const char *const names[VDSOGEN_FUNCTIONS] = {
	[VDSOGEN_CLOCK_GETTIME] = "clock_gettime",
	[VDSOGEN_GETTIMEOFDAY] = "gettimeofday",
	[VDSOGEN_TIME] = "time",
	[VDSOGEN_CLOCK_GETRES] = "clock_getres",
	[VDSOGEN_GETCPU] = "getcpu",
	[VDSOGEN_RT_SIGRETURN] = "rt_sigreturn",
};

const char *vdsogen_function_name(unsigned int function)
{
	return function < VDSOGEN_FUNCTIONS ? names[function] : NULL;
}

static uint32_t length(const char *s)
{
	uint32_t n = 0;

	while (s[n])
		n++;
	return n;
}

/* The gABI's hash, chapter 5, "Hash Table". Continues from h. */
static uint32_t sysv_hash(uint32_t h, const char *s)
{
	for (; *s; s++) {
		h = (h << 4) + (uint8_t)*s;
		h ^= h >> 24 & 0xf0;
		h &= 0x0fffffff;
	}
	return h;
}

/* Daniel J. Bernstein's h * 33 + c, as glibc has it: elf/dl-new-hash.h. */
static uint32_t gnu_hash(uint32_t h, const char *s)
{
	for (; *s; s++)
		h = h * 33 + (uint8_t)*s;
	return h;
}
#define GNU_HASH_START 5381

uint32_t vg_sysv_hash(const char *name)
{
	return sysv_hash(0, name);
}

static void add(struct vg_symbols *s, unsigned int function, const char *prefix, uint32_t name)
{
	s->symbol[s->count++] = (struct vg_symbol){
		.name = name,
		.sysv = sysv_hash(sysv_hash(0, prefix), names[function]),
		.gnu = gnu_hash(gnu_hash(GNU_HASH_START, prefix), names[function]),
		.function = (uint8_t)function,
		.weak = prefix != s->arch->prefix,
	};
}

static void sort_by_bucket(struct vg_symbols *s)
{
	for (unsigned int i = 1; i < s->count; i++) {
		struct vg_symbol moved = s->symbol[i];
		unsigned int to = i;

		for (; to && s->symbol[to - 1].gnu % s->buckets > moved.gnu % s->buckets; to--)
			s->symbol[to] = s->symbol[to - 1];
		s->symbol[to] = moved;
	}
}

/* A bare name is the tail of the prefixed one: it takes no room of its own. */
void vg_symbols(struct vg_symbols *s, const struct vdsogen_arch *arch, uint32_t functions)
{
	uint32_t at = 1, prefix = length(arch->prefix);

	s->arch = arch;
	s->functions = functions;
	s->count = 0;
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		if (!(functions >> f & 1))
			continue;
		add(s, f, arch->prefix, at);
		if (arch->bare_names)
			add(s, f, "", at + prefix);
		at += prefix + length(names[f]) + 1;
	}
	s->soname = at;
	s->version = at + length(VG_SONAME) + 1;
	s->buckets = s->count | 1;	/* about one symbol each; odd mixes better */
	sort_by_bucket(s);
}

void vg_put_strings(struct vg_asm *a, const struct vg_symbols *s)
{
	vg_put8(a, 0);
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++)
		if (s->functions >> f & 1) {
			vg_chars(a, s->arch->prefix);
			vg_string(a, names[f]);
		}
	vg_string(a, VG_SONAME);
	vg_string(a, s->arch->version);
}

void vg_put_symbols(struct vg_asm *a, const struct vg_symbols *s, unsigned int text_section)
{
	vg_zero(a, ELF_SYM_SIZE);
	for (unsigned int i = 0; i < s->count; i++) {
		uint32_t start = vg_where(a, vg_function(s->symbol[i].function, VG_START));
		uint32_t end = vg_where(a, vg_function(s->symbol[i].function, VG_END));

		vg_put32(a, s->symbol[i].name);
		vg_put8(a, s->symbol[i].weak ? SYM_WEAK_FUNC : SYM_GLOBAL_FUNC);
		vg_put8(a, 0);			/* default visibility */
		vg_put16(a, (uint16_t)text_section);
		vg_put64(a, start);
		vg_put64(a, end - start);
	}
}

/* nbucket, nchain, buckets, chains (gABI chapter 5). A chain runs downwards. */
void vg_put_hash(struct vg_asm *a, const struct vg_symbols *s)
{
	uint32_t chain[2 * VDSOGEN_FUNCTIONS + 1] = { 0 };

	vg_put32(a, s->buckets);
	vg_put32(a, s->count + 1);
	for (uint32_t bucket = 0; bucket < s->buckets; bucket++) {
		uint32_t head = 0;

		for (unsigned int i = 0; i < s->count; i++)
			if (s->symbol[i].sysv % s->buckets == bucket) {
				chain[i + 1] = head;
				head = i + 1;
			}
		vg_put32(a, head);
	}
	for (unsigned int i = 0; i <= s->count; i++)
		vg_put32(a, chain[i]);
}

/*
 * nbuckets, first symbol, mask words, shift; one 64-bit mask word; buckets;
 * one hash a symbol, its low bit set at the end of a chain (glibc
 * elf/dl-lookup.c and dl-setup_hash.c).
 */
void vg_put_gnu_hash(struct vg_asm *a, const struct vg_symbols *s)
{
	enum { FIRST = 1, MASK_WORDS = 1, MASK_BITS = 64, SHIFT = 6 };
	uint64_t bloom = 0;
	unsigned int i = 0;

	for (i = 0; i < s->count; i++)
		bloom |= 1ull << s->symbol[i].gnu % MASK_BITS |
			 1ull << (s->symbol[i].gnu >> SHIFT) % MASK_BITS;
	vg_put32(a, s->buckets);
	vg_put32(a, FIRST);
	vg_put32(a, MASK_WORDS);
	vg_put32(a, SHIFT);
	vg_put64(a, bloom);
	i = 0;
	for (uint32_t bucket = 0; bucket < s->buckets; bucket++) {
		unsigned int head = i;

		while (i < s->count && s->symbol[i].gnu % s->buckets == bucket)
			i++;
		vg_put32(a, i > head ? head + FIRST : 0);
	}
	for (i = 0; i < s->count; i++) {
		bool last = i + 1 == s->count ||
			    s->symbol[i + 1].gnu % s->buckets != s->symbol[i].gnu % s->buckets;

		vg_put32(a, (s->symbol[i].gnu & ~1u) | last);
	}
}

/* Version indices: 0 local, 1 the base definition, 2 ours. */
enum { VERSION_LOCAL, VERSION_BASE, VERSION_OURS };

void vg_put_versym(struct vg_asm *a, const struct vg_symbols *s)
{
	vg_put16(a, VERSION_LOCAL);
	for (unsigned int i = 0; i < s->count; i++)
		vg_put16(a, VERSION_OURS);
}

static void put_verdef(struct vg_asm *a, uint16_t flags, uint16_t index, const char *name,
		       uint32_t name_at, uint32_t next)
{
	vg_put16(a, VERDEF_VERSION);
	vg_put16(a, flags);
	vg_put16(a, index);
	vg_put16(a, 1);			/* one auxiliary entry, right behind */
	vg_put32(a, vg_sysv_hash(name));
	vg_put32(a, VERDEF_SIZE);
	vg_put32(a, next);
	vg_put32(a, name_at);
	vg_put32(a, 0);
}

void vg_put_verdef(struct vg_asm *a, const struct vg_symbols *s)
{
	put_verdef(a, VERDEF_BASE, VERSION_BASE, VG_SONAME, s->soname, VERDEF_SIZE + VERDAUX_SIZE);
	put_verdef(a, 0, VERSION_OURS, s->arch->version, s->version, 0);
}

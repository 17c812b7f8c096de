/* SPDX-License-Identifier: BSD-2-Clause */
#include "elf-abi.h"
#include "symbols.h"

#define NAME(s) { s, sizeof s }

static const struct {
	const char *s;
	uint32_t size;		/* with the terminating zero */
} names[VDSOGEN_FUNCTIONS] = {
	[VDSOGEN_CLOCK_GETTIME] = NAME("clock_gettime"),
	[VDSOGEN_GETTIMEOFDAY] = NAME("gettimeofday"),
	[VDSOGEN_TIME] = NAME("time"),
	[VDSOGEN_CLOCK_GETRES] = NAME("clock_getres"),
	[VDSOGEN_GETCPU] = NAME("getcpu"),
	[VDSOGEN_RT_SIGRETURN] = NAME("rt_sigreturn"),
	[VDSOGEN_GETPID] = NAME("getpid"),
	[VDSOGEN_GETPPID] = NAME("getppid"),
	[VDSOGEN_GETTID] = NAME("gettid"),
	[VDSOGEN_GETPGID] = NAME("getpgid"),
	[VDSOGEN_GETSID] = NAME("getsid"),
	[VDSOGEN_GETPRIORITY] = NAME("getpriority"),
	[VDSOGEN_GETUID] = NAME("getuid"),
	[VDSOGEN_GETEUID] = NAME("geteuid"),
	[VDSOGEN_GETGID] = NAME("getgid"),
	[VDSOGEN_GETEGID] = NAME("getegid"),
	[VDSOGEN_UNAME] = NAME("uname"),
	[VDSOGEN_GETRANDOM] = NAME("getrandom"),
};

const char *vdsogen_function_name(unsigned int function)
{
	return function < VDSOGEN_FUNCTIONS ? names[function].s : NULL;
}

static uint32_t length(const char *s)
{
	uint32_t n = 0;

	while (s[n])
		n++;
	return n;
}

/*
 * The gABI's hash, chapter 5, "Hash Table". Continues from h. The upper four
 * bits are shifted out by the next character, so they are cleared once.
 */
static uint32_t sysv_hash(uint32_t h, const char *s)
{
	for (; *s; s++) {
		h = (h << 4) + (uint8_t)*s;
		h ^= h >> 24 & 0xf0;
	}
	return h & 0x0fffffff;
}

/* Daniel J. Bernstein's h * 33 + c, as glibc has it: elf/dl-new-hash.h. */
static uint32_t gnu_hash(uint32_t h, const char *s)
{
	for (; *s; s++)
		h = h * 33 + (uint8_t)*s;
	return h;
}
#define GNU_HASH_START 5381

/* What a name's hashes continue from: those of what is before it. */
struct start {
	uint32_t sysv, gnu;
};

static void add(struct vg_symbols *s, unsigned int function, struct start start, uint32_t name,
		bool weak)
{
	s->symbol[s->count++] = (struct vg_symbol){
		.name = name,
		.sysv = sysv_hash(start.sysv, names[function].s),
		.gnu = gnu_hash(start.gnu, names[function].s),
		.function = (uint8_t)function,
		.weak = weak,
	};
}

static void sort_by_bucket(struct vg_symbols *s)
{
	s->buckets = s->count | 1;	/* about one symbol each; odd mixes better */
	for (unsigned int i = 0; i < s->count; i++) {
		struct vg_symbol moved = s->symbol[i];
		unsigned int to = i;

		moved.sysv_bucket = (uint8_t)(moved.sysv % s->buckets);
		moved.gnu_bucket = (uint8_t)(moved.gnu % s->buckets);
		for (; to && s->symbol[to - 1].gnu_bucket > moved.gnu_bucket; to--)
			s->symbol[to] = s->symbol[to - 1];
		s->symbol[to] = moved;
	}
}

/* A bare name is the tail of the prefixed one: it takes no room of its own. */
void vg_symbols(struct vg_symbols *s, const struct vdsogen_arch *arch, uint32_t functions)
{
	const struct start bare = { 0, GNU_HASH_START };
	const struct start prefixed = { sysv_hash(bare.sysv, arch->prefix),
					gnu_hash(bare.gnu, arch->prefix) };
	uint32_t at = 1;

	s->arch = arch;
	s->prefix_length = length(arch->prefix);
	s->version_length = length(arch->version);
	s->functions = functions;
	s->count = 0;
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		if (!(functions >> f & 1))
			continue;
		add(s, f, prefixed, at, false);
		at += s->prefix_length;
		if (arch->bare_names >> f & 1)
			add(s, f, bare, at, true);
		at += names[f].size;
	}
	s->soname = at;
	s->version = at + sizeof VG_SONAME;
	s->soname_hash = sysv_hash(0, VG_SONAME);
	s->version_hash = sysv_hash(0, arch->version);
	sort_by_bucket(s);
}

void vg_put_strings(struct vg_asm *a, const struct vg_symbols *s)
{
	vg_put8(a, 0);
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++)
		if (s->functions >> f & 1) {
			vg_bytes(a, s->arch->prefix, s->prefix_length);
			vg_bytes(a, names[f].s, names[f].size);
		}
	vg_bytes(a, VG_SONAME, sizeof VG_SONAME);
	vg_bytes(a, s->arch->version, s->version_length + 1);
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
	uint32_t bucket[2 * VDSOGEN_FUNCTIONS + 1] = { 0 };
	uint32_t chain[2 * VDSOGEN_FUNCTIONS + 1] = { 0 };

	for (unsigned int i = 0; i < s->count; i++) {
		uint32_t *head = &bucket[s->symbol[i].sysv_bucket];

		chain[i + 1] = *head;
		*head = i + 1;
	}
	vg_put32(a, s->buckets);
	vg_put32(a, s->count + 1);
	for (unsigned int i = 0; i < s->buckets; i++)
		vg_put32(a, bucket[i]);
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

		while (i < s->count && s->symbol[i].gnu_bucket == bucket)
			i++;
		vg_put32(a, i > head ? head + FIRST : 0);
	}
	for (i = 0; i < s->count; i++) {
		bool last = i + 1 == s->count || s->symbol[i + 1].gnu_bucket != s->symbol[i].gnu_bucket;

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

static void put_verdef(struct vg_asm *a, uint16_t flags, uint16_t index, uint32_t hash,
		       uint32_t name, uint32_t next)
{
	vg_put16(a, VERDEF_VERSION);
	vg_put16(a, flags);
	vg_put16(a, index);
	vg_put16(a, 1);			/* one auxiliary entry, right behind */
	vg_put32(a, hash);
	vg_put32(a, VERDEF_SIZE);
	vg_put32(a, next);
	vg_put32(a, name);
	vg_put32(a, 0);
}

void vg_put_verdef(struct vg_asm *a, const struct vg_symbols *s)
{
	put_verdef(a, VERDEF_BASE, VERSION_BASE, s->soname_hash, s->soname,
		   VERDEF_SIZE + VERDAUX_SIZE);
	put_verdef(a, 0, VERSION_OURS, s->version_hash, s->version, 0);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds a function in the vDSO of the running process, by name and version.
 * C libraries look up the few names that they know; this finds any, such as
 * __vdso_getpid in an image of libvdsogen:
 *
 *	void *found = vdsogen_resolve_prefixed(vdsogen_vdso(), "getpid");
 *	pid_t pid = found ? ((pid_t (*)(void))found)() : (pid_t)syscall(SYS_getpid);
 *
 * This file is all of it: no library, no C library, C11 or C++11 as gcc and
 * clang know them. It reads the image of its own process, so one of the
 * process's own word size and byte order.
 *
 * Keep the system call: an image may lack the function, another kernel's has
 * other ones, and a process may have no vDSO at all.
 *
 * Every function may be called from any thread and from signal handlers, at
 * the same time and before main(): nothing is written, nothing is kept (but
 * where there is no vDSO, vdsogen_vdso() may set errno, as getauxval() does). A
 * search walks the headers and one chain of a hash table; that is some hundred
 * instructions, so search once and keep the pointer. It is good for as long as
 * the mapping is: until execve(), a munmap() or mremap() of the vDSO, or a
 * restore of the process from a checkpoint, which may bring another kernel's.
 *
 * The image may be damaged. Nothing is read outside of its PT_LOAD segment, and
 * every search ends; but the addresses that its symbols give are believed.
 *
 * Sources: System V gABI, chapters 4 and 5 (headers, symbols, DT_HASH); LSB core
 * specification, "Symbol Versioning"; glibc elf/dl-lookup.c (DT_GNU_HASH) and
 * elf/get-dynamic-info.h (tables relocated in place); Linux
 * Documentation/ABI/stable/vdso and arch/.../vdso.lds.S (names, versions).
 */
#ifndef VDSOGEN_RESOLVE_H
#define VDSOGEN_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__linux__) && __STDC_HOSTED__ && defined(__has_include)
#if __has_include(<sys/auxv.h>)
#include <sys/auxv.h>
#define VDSOGEN_HAS_AUXV
#endif
#endif

#ifdef __cplusplus
extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#endif

/* -------------------------------------------------------------------------
 * ELF. What begins with vdsogen_elf_ is not for callers.
 *
 * An image may be damaged, so its structures may lie anywhere: they are packed.
 */
#define VDSOGEN_ELF_ANYWHERE __attribute__((packed, may_alias))

enum {
	VDSOGEN_ELF_IDENT = 16, VDSOGEN_ELF_CLASS = 4, VDSOGEN_ELF_DATA = 5,
	VDSOGEN_ELF_LOAD = 1, VDSOGEN_ELF_DYNAMIC = 2,
	VDSOGEN_ELF_DT_NULL = 0, VDSOGEN_ELF_DT_HASH = 4, VDSOGEN_ELF_DT_STRTAB = 5,
	VDSOGEN_ELF_DT_SYMTAB = 6, VDSOGEN_ELF_DT_STRSZ = 10,
	VDSOGEN_ELF_DT_GNU_HASH = 0x6ffffef5, VDSOGEN_ELF_DT_VERSYM = 0x6ffffff0,
	VDSOGEN_ELF_DT_VERDEF = 0x6ffffffc,
	VDSOGEN_ELF_NOTYPE = 0, VDSOGEN_ELF_FUNC = 2, VDSOGEN_ELF_GLOBAL = 1, VDSOGEN_ELF_WEAK = 2,
	VDSOGEN_ELF_UNDEF = 0, VDSOGEN_ELF_LORESERVE = 0xff00, /* SHN_ABS and the like */
	VDSOGEN_ELF_VERDEF = 1, VDSOGEN_ELF_VER_BASE = 1,
	VDSOGEN_ELF_VER_INDEX = 0x7fff,	/* the bit above hides a symbol from the linker */
	VDSOGEN_ELF_AT_NULL = 0, VDSOGEN_ELF_AT_SYSINFO_EHDR = 33,
	VDSOGEN_ELF_PAGE = 4096		/* the smallest: of so much a mapping has at least */
};

struct VDSOGEN_ELF_ANYWHERE vdsogen_elf_ehdr {
	unsigned char ident[VDSOGEN_ELF_IDENT];
	uint16_t type, machine;
	uint32_t version;
	uintptr_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct VDSOGEN_ELF_ANYWHERE vdsogen_elf_phdr {
	uint32_t type;
#if UINTPTR_MAX > UINT32_MAX
	uint32_t flags;
	uintptr_t offset, vaddr, paddr, filesz, memsz;
#else
	uintptr_t offset, vaddr, paddr, filesz, memsz;
	uint32_t flags;
#endif
	uintptr_t align;
};

struct VDSOGEN_ELF_ANYWHERE vdsogen_elf_sym {
	uint32_t name;
#if UINTPTR_MAX > UINT32_MAX
	uint8_t info, other;
	uint16_t shndx;
	uintptr_t value, size;
#else
	uintptr_t value, size;
	uint8_t info, other;
	uint16_t shndx;
#endif
};

struct VDSOGEN_ELF_ANYWHERE vdsogen_elf_dyn {
	uintptr_t tag, value;
};

struct VDSOGEN_ELF_ANYWHERE vdsogen_elf_verdef {
	uint16_t version, flags, index, count;
	uint32_t hash, aux, next;
};

struct VDSOGEN_ELF_ANYWHERE vdsogen_elf_verdaux {
	uint32_t name, next;
};

struct VDSOGEN_ELF_ANYWHERE vdsogen_elf_gnu_hash {
	uint32_t buckets, first, words, shift;	/* then so many words of a Bloom filter */
};

struct VDSOGEN_ELF_ANYWHERE vdsogen_elf_half {
	uint16_t value;
};

struct VDSOGEN_ELF_ANYWHERE vdsogen_elf_word {
	uint32_t value;
};

/* An entry of DT_HASH: s390x alone has wide ones (its ABI supplement, "Hash Table"). */
#ifdef __s390x__
typedef uint64_t vdsogen_elf_index;
#else
typedef uint32_t vdsogen_elf_index;
#endif
struct VDSOGEN_ELF_ANYWHERE vdsogen_elf_entry {
	vdsogen_elf_index value;
};

#undef VDSOGEN_ELF_ANYWHERE

/* An image, and the offsets of its tables; 0, where the ELF header is: there is none. */
struct vdsogen_elf {
	const unsigned char *base;
	size_t size;
	uintptr_t link;		/* the address that it was linked for */
	uint64_t symtab, strtab, strend, hash, gnu_hash, versym, verdef;
};

/* Field by field: an initializer of all would be a call of memset() to some compilers. */
static inline void vdsogen_elf_begin(struct vdsogen_elf *elf, const void *base, size_t size)
{
	elf->base = (const unsigned char *)base;
	elf->size = size;
	elf->link = 0;
	elf->symtab = elf->strtab = elf->strend = 0;
	elf->hash = elf->gnu_hash = 0;
	elf->versym = elf->verdef = 0;
}

/* What is searched for: the name in two parts, so that nobody has to join them. */
struct vdsogen_elf_wanted {
	const char *prefix, *name;
	unsigned int version;	/* as VERSYM has it; 0: any */
};

static inline const void *vdsogen_elf_at(const struct vdsogen_elf *elf, uint64_t offset,
					 size_t size)
{
	if (offset > elf->size || size > elf->size - offset)
		return NULL;
	return elf->base + offset;
}

/* The struct at an offset, or NULL where the image does not have all of it. */
#define VDSOGEN_ELF_AT(elf, type, offset) \
	((const struct type *)vdsogen_elf_at(elf, offset, sizeof(struct type)))

static inline bool vdsogen_elf_is_native(const struct vdsogen_elf_ehdr *eh)
{
	const unsigned char class_here = sizeof(void *) == sizeof(uint64_t) ? 2 : 1;
	const unsigned char data_here = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 1 : 2;

	return eh->ident[0] == 0x7f && eh->ident[1] == 'E' && eh->ident[2] == 'L' &&
	       eh->ident[3] == 'F' && eh->ident[VDSOGEN_ELF_CLASS] == class_here &&
	       eh->ident[VDSOGEN_ELF_DATA] == data_here &&
	       eh->phentsize == sizeof(struct vdsogen_elf_phdr);
}

/* The first segment of a type; of PT_LOAD, the one that begins with the ELF header. */
static inline const struct vdsogen_elf_phdr *vdsogen_elf_segment(const struct vdsogen_elf *elf,
								 uint32_t type)
{
	const struct vdsogen_elf_ehdr *eh = VDSOGEN_ELF_AT(elf, vdsogen_elf_ehdr, 0);

	if (!eh || !vdsogen_elf_is_native(eh))
		return NULL;
	for (unsigned int i = 0; i < eh->phnum; i++) {
		const struct vdsogen_elf_phdr *ph =
			VDSOGEN_ELF_AT(elf, vdsogen_elf_phdr,
				       (uint64_t)eh->phoff + i * sizeof(struct vdsogen_elf_phdr));

		if (ph && ph->type == type && (type != VDSOGEN_ELF_LOAD || !ph->offset))
			return ph;
	}
	return NULL;
}

/*
 * An address of the dynamic section: as linked, or, where a C library has taken
 * the section for writable (PF_W) and relocated it in place, as mapped.
 */
static inline bool vdsogen_elf_table(const struct vdsogen_elf *elf, uintptr_t address,
				     uint64_t *offset)
{
	uintptr_t linked = address - elf->link, mapped = address - (uintptr_t)elf->base;

	*offset = linked < elf->size ? linked : mapped;
	return *offset < elf->size;
}

static inline bool vdsogen_elf_tag(struct vdsogen_elf *elf, const struct vdsogen_elf_dyn *dyn,
				   uint64_t *strsz)
{
	switch (dyn->tag) {
	case VDSOGEN_ELF_DT_HASH:
		return vdsogen_elf_table(elf, dyn->value, &elf->hash);
	case VDSOGEN_ELF_DT_GNU_HASH:
		return vdsogen_elf_table(elf, dyn->value, &elf->gnu_hash);
	case VDSOGEN_ELF_DT_STRTAB:
		return vdsogen_elf_table(elf, dyn->value, &elf->strtab);
	case VDSOGEN_ELF_DT_SYMTAB:
		return vdsogen_elf_table(elf, dyn->value, &elf->symtab);
	case VDSOGEN_ELF_DT_VERSYM:
		return vdsogen_elf_table(elf, dyn->value, &elf->versym);
	case VDSOGEN_ELF_DT_VERDEF:
		return vdsogen_elf_table(elf, dyn->value, &elf->verdef);
	case VDSOGEN_ELF_DT_STRSZ:
		*strsz = dyn->value;
	}
	return true;
}

static inline bool vdsogen_elf_dynamic(struct vdsogen_elf *elf)
{
	const struct vdsogen_elf_phdr *ph = vdsogen_elf_segment(elf, VDSOGEN_ELF_DYNAMIC);
	uint64_t at, end, strsz = elf->size;

	if (!ph || !vdsogen_elf_table(elf, ph->vaddr, &at))
		return false;
	for (end = at + ph->memsz; at < end; at += sizeof(struct vdsogen_elf_dyn)) {
		const struct vdsogen_elf_dyn *dyn = VDSOGEN_ELF_AT(elf, vdsogen_elf_dyn, at);

		if (!dyn || !vdsogen_elf_tag(elf, dyn, &strsz))
			return false;
		if (dyn->tag == VDSOGEN_ELF_DT_NULL)
			break;
	}
	elf->strend = strsz < elf->size - elf->strtab ? elf->strtab + strsz : elf->size;
	return elf->symtab && elf->strtab;
}

/* Whether there is `text` at *at, within the string table; moves behind it. */
static inline bool vdsogen_elf_reads(const struct vdsogen_elf *elf, uint64_t *at, const char *text)
{
	for (; *text; text++, ++*at)
		if (*at >= elf->strend || elf->base[*at] != (unsigned char)*text)
			return false;
	return true;
}

static inline bool vdsogen_elf_same(const struct vdsogen_elf *elf, uint32_t string,
				    const char *prefix, const char *name)
{
	uint64_t at = elf->strtab + string;

	return vdsogen_elf_reads(elf, &at, prefix) && vdsogen_elf_reads(elf, &at, name) &&
	       at < elf->strend && !elf->base[at];
}

/*
 * The index of a version, 0 if the image does not define it. The base definition
 * is the name of the file. Only names are compared: vd_hash says nothing more.
 */
static inline unsigned int vdsogen_elf_version(const struct vdsogen_elf *elf, const char *version)
{
	uint64_t at = elf->verdef;

	for (;;) {
		const struct vdsogen_elf_verdef *def = VDSOGEN_ELF_AT(elf, vdsogen_elf_verdef, at);
		const struct vdsogen_elf_verdaux *aux;

		if (!def || def->version != VDSOGEN_ELF_VERDEF)
			return 0;
		aux = VDSOGEN_ELF_AT(elf, vdsogen_elf_verdaux, at + def->aux);
		if (aux && !(def->flags & VDSOGEN_ELF_VER_BASE) &&
		    vdsogen_elf_same(elf, aux->name, "", version))
			return def->index & VDSOGEN_ELF_VER_INDEX;
		if (!def->next)
			return 0;
		at += def->next;
	}
}

static inline bool vdsogen_elf_has_version(const struct vdsogen_elf *elf, uint64_t symbol,
					   unsigned int version)
{
	const struct vdsogen_elf_half *versym =
		VDSOGEN_ELF_AT(elf, vdsogen_elf_half,
			       elf->versym + symbol * sizeof(struct vdsogen_elf_half));

	return !version || (versym && (versym->value & VDSOGEN_ELF_VER_INDEX) == version);
}

/*
 * The function of symbol i, if that is it. Assembler functions may be NOTYPE, as
 * Linux's __kernel_rt_sigreturn is; the version itself is an OBJECT in SHN_ABS.
 */
static inline void *vdsogen_elf_function(const struct vdsogen_elf *elf, uint64_t i,
					 const struct vdsogen_elf_wanted *wanted)
{
	const struct vdsogen_elf_sym *sym =
		VDSOGEN_ELF_AT(elf, vdsogen_elf_sym,
			       elf->symtab + i * sizeof(struct vdsogen_elf_sym));
	unsigned int type, bind;
	uintptr_t at;

	if (!sym || sym->shndx == VDSOGEN_ELF_UNDEF || sym->shndx >= VDSOGEN_ELF_LORESERVE)
		return NULL;
	type = sym->info & 0xf;
	bind = sym->info >> 4;
	at = sym->value - elf->link;
	if ((type != VDSOGEN_ELF_FUNC && type != VDSOGEN_ELF_NOTYPE) ||
	    (bind != VDSOGEN_ELF_GLOBAL && bind != VDSOGEN_ELF_WEAK) || !at || at >= elf->size ||
	    !vdsogen_elf_same(elf, sym->name, wanted->prefix, wanted->name) ||
	    !vdsogen_elf_has_version(elf, i, wanted->version))
		return NULL;
	return (void *)((uintptr_t)elf->base + at);
}

static inline uint32_t vdsogen_elf_sysv_hash(uint32_t hash, const char *text)
{
	const uint32_t top = 0xf0000000;

	for (; *text; text++) {
		hash = (hash << 4) + (unsigned char)*text;
		hash ^= (hash & top) >> 24;
		hash &= ~top;
	}
	return hash;
}

/* Entry i of DT_HASH; 0, which ends every chain, outside of the image. */
static inline vdsogen_elf_index vdsogen_elf_hash_entry(const struct vdsogen_elf *elf,
						       uint64_t i)
{
	const struct vdsogen_elf_entry *entry =
		VDSOGEN_ELF_AT(elf, vdsogen_elf_entry,
			       elf->hash + i * sizeof(struct vdsogen_elf_entry));

	return entry ? entry->value : 0;
}

/* DT_HASH: the numbers of buckets and chains, the buckets, the chains. */
static inline void *vdsogen_elf_by_hash(const struct vdsogen_elf *elf,
					const struct vdsogen_elf_wanted *wanted)
{
	const uint64_t head = 2;
	size_t left = elf->size / sizeof(struct vdsogen_elf_sym); /* a chain may be a circle */
	vdsogen_elf_index buckets = vdsogen_elf_hash_entry(elf, 0), i;
	uint32_t hash = vdsogen_elf_sysv_hash(vdsogen_elf_sysv_hash(0, wanted->prefix),
					      wanted->name);

	if (!buckets)
		return NULL;
	for (i = vdsogen_elf_hash_entry(elf, head + hash % buckets); i && left; left--) {
		void *function = vdsogen_elf_function(elf, i, wanted);

		if (function)
			return function;
		i = vdsogen_elf_hash_entry(elf, head + buckets + i);
	}
	return NULL;
}

static inline uint32_t vdsogen_elf_gnu_name_hash(uint32_t hash, const char *text)
{
	for (; *text; text++)
		hash = hash * 33 + (unsigned char)*text;
	return hash;
}

/*
 * DT_GNU_HASH: a head, a Bloom filter, which one search can do without, buckets,
 * and the hashes of the symbols from `first` on, bit 0 set in the last of a bucket.
 */
static inline void *vdsogen_elf_by_gnu_hash(const struct vdsogen_elf *elf,
					    const struct vdsogen_elf_wanted *wanted)
{
	const uint32_t seed = 5381;
	const struct vdsogen_elf_gnu_hash *head =
		VDSOGEN_ELF_AT(elf, vdsogen_elf_gnu_hash, elf->gnu_hash);
	const struct vdsogen_elf_word *word;
	uint32_t hash = vdsogen_elf_gnu_name_hash(vdsogen_elf_gnu_name_hash(seed, wanted->prefix),
						  wanted->name);
	uint64_t bucket, buckets, hashes, i;

	if (!head || !head->buckets)
		return NULL;
	bucket = hash % head->buckets;
	buckets = elf->gnu_hash + sizeof *head + (uint64_t)head->words * sizeof(uintptr_t);
	hashes = buckets + (uint64_t)head->buckets * sizeof *word;
	word = VDSOGEN_ELF_AT(elf, vdsogen_elf_word, buckets + bucket * sizeof *word);
	if (!word || word->value < head->first)
		return NULL;
	for (i = word->value;; i++) {
		void *function = NULL;

		word = VDSOGEN_ELF_AT(elf, vdsogen_elf_word,
				      hashes + (i - head->first) * sizeof *word);
		if (word && (word->value | 1) == (hash | 1))
			function = vdsogen_elf_function(elf, i, wanted);
		if (function || !word || word->value & 1)
			return function;
	}
}

static inline void *vdsogen_elf_find(const void *base, size_t size, const char *prefix,
				     const char *name, const char *version)
{
	struct vdsogen_elf_wanted wanted = { prefix, name, 0 };
	const struct vdsogen_elf_phdr *load;
	struct vdsogen_elf elf;

	vdsogen_elf_begin(&elf, base, size);
	load = vdsogen_elf_segment(&elf, VDSOGEN_ELF_LOAD);
	if (!load)
		return NULL;
	elf.link = load->vaddr;
	if (load->memsz < size)
		elf.size = load->memsz;
	if (!vdsogen_elf_dynamic(&elf))
		return NULL;
	if (version && (elf.versym || elf.verdef)) {
		wanted.version = elf.versym && elf.verdef ? vdsogen_elf_version(&elf, version) : 0;
		if (!wanted.version)
			return NULL;
	}
	if (elf.gnu_hash)
		return vdsogen_elf_by_gnu_hash(&elf, &wanted);
	return elf.hash ? vdsogen_elf_by_hash(&elf, &wanted) : NULL;
}

/* How much of the image is mapped, from its headers; 0: it is no image. */
static inline size_t vdsogen_elf_mapped(const void *vdso)
{
	const struct vdsogen_elf_phdr *load;
	struct vdsogen_elf elf;

	vdsogen_elf_begin(&elf, vdso, vdso ? VDSOGEN_ELF_PAGE : 0);
	load = vdsogen_elf_segment(&elf, VDSOGEN_ELF_LOAD);
	return load && load->memsz <= UINTPTR_MAX - (uintptr_t)vdso ? load->memsz : 0;
}

#undef VDSOGEN_ELF_AT

/* -------------------------------------------------------------------------
 * Where the vDSO is.
 */

/* From the auxiliary vector, as it lies on the first stack. NULL: there is no vDSO. */
static inline const void *vdsogen_vdso_from_auxv(const unsigned long *auxv)
{
	for (; auxv[0] != VDSOGEN_ELF_AT_NULL; auxv += 2)
		if (auxv[0] == VDSOGEN_ELF_AT_SYSINFO_EHDR)
			return (const void *)auxv[1];
	return NULL;
}

/*
 * The same for the environment as it lies on the first stack, with the auxiliary
 * vector behind it; not for an `environ` that setenv() may have moved.
 */
static inline const void *vdsogen_vdso_from_envp(const char *const *envp)
{
	while (*envp)
		envp++;
	return vdsogen_vdso_from_auxv((const unsigned long *)(const void *)(envp + 1));
}

#ifdef VDSOGEN_HAS_AUXV
/* From the C library. Not there with -ffreestanding. NULL: there is no vDSO. */
static inline const void *vdsogen_vdso(void)
{
	return (const void *)getauxval(VDSOGEN_ELF_AT_SYSINFO_EHDR);
}
#endif
#undef VDSOGEN_HAS_AUXV

/* -------------------------------------------------------------------------
 * Finding a function. NULL: the image has none such; make the system call.
 */

/*
 * The function called `name` ("__vdso_getpid") with `version` ("LINUX_2.6"), or
 * any if that is NULL. An image without versions has every version, as dynamic
 * linkers see it; in one that has them the name must be the same. `vdso` is the
 * address of the ELF header, or NULL.
 */
static inline void *vdsogen_resolve(const void *vdso, const char *name, const char *version)
{
	return vdsogen_elf_find(vdso, vdsogen_elf_mapped(vdso), "", name, version);
}

/* The same for `size` bytes that may be anything: an image in a buffer. */
static inline void *vdsogen_resolve_within(const void *image, size_t size, const char *name,
					   const char *version)
{
	return vdsogen_elf_find(image, size, "", name, version);
}

/*
 * The function called `name` ("getpid") with the prefix and the version of the
 * architecture's own kernel. NULL also if those are not known. On PowerPC the
 * function is not one of C: it has no descriptor and reports errors in CR0.SO.
 */
#if defined(__aarch64__)
#define VDSOGEN_ELF_PREFIX "__kernel_"
#define VDSOGEN_ELF_VERSION "LINUX_2.6.39"
#elif defined(__s390__)
#define VDSOGEN_ELF_PREFIX "__kernel_"
#define VDSOGEN_ELF_VERSION "LINUX_2.6.29"
#elif defined(__powerpc__)
#define VDSOGEN_ELF_PREFIX "__kernel_"
#define VDSOGEN_ELF_VERSION "LINUX_2.6.15"
#elif defined(__riscv)
#define VDSOGEN_ELF_PREFIX "__vdso_"
#define VDSOGEN_ELF_VERSION "LINUX_4.15"
#elif defined(__loongarch__)
#define VDSOGEN_ELF_PREFIX "__vdso_"
#define VDSOGEN_ELF_VERSION "LINUX_5.10"
#elif defined(__x86_64__) || defined(__i386__) || defined(__arm__) || defined(__mips__) || \
	defined(__sparc__)
#define VDSOGEN_ELF_PREFIX "__vdso_"
#define VDSOGEN_ELF_VERSION "LINUX_2.6"
#else
#define VDSOGEN_ELF_PREFIX NULL
#define VDSOGEN_ELF_VERSION NULL
#endif

static inline void *vdsogen_resolve_prefixed(const void *vdso, const char *name)
{
	const char *prefix = VDSOGEN_ELF_PREFIX;

	return prefix ? vdsogen_elf_find(vdso, vdsogen_elf_mapped(vdso), prefix, name,
					 VDSOGEN_ELF_VERSION)
		      : NULL;
}

#undef VDSOGEN_ELF_PREFIX
#undef VDSOGEN_ELF_VERSION

#ifdef __cplusplus
#pragma GCC diagnostic pop
}
#endif

#endif

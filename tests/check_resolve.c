/* SPDX-License-Identifier: BSD-2-Clause */
/* vdsogen-resolve.h on the running kernel's vDSO, on own images of every layout, on damage. */
#define _GNU_SOURCE
#include <check.h>
#include <elf.h>
#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "damage.h"
#include "suites.h"
#include "vdsogen-resolve.h"
#include "vdsogen.h"

#define ROOM (8 * VDSOGEN_PAGE)
#define NAME_ROOM 64
#define SYMBOL_INDEX 0x7fff
#define ALL_OMITTED (VDSOGEN_OMIT_HASH | VDSOGEN_OMIT_GNU_HASH | VDSOGEN_OMIT_VERSIONS | \
		     VDSOGEN_OMIT_SECTIONS | VDSOGEN_OMIT_UNWIND)

static _Alignas(VDSOGEN_PAGE) unsigned char buffer[ROOM];

static const struct {
	const char *name, *prefix, *version;
} dialects[] = {
	{ "x86_64", "__vdso_", "LINUX_2.6" },
	{ "aarch64", "__kernel_", "LINUX_2.6.39" },
};
#define DIALECTS ((int)(sizeof dialects / sizeof *dialects))

/* Names that no image has: parts of names, a version, the null symbol's. */
static const char *const absent[] = {
	"", "_", "__vdso_", "__kernel_", "__vdso_clock_gettim", "__kernel_clock_gettimee",
	"vdso_time", "clock_gettim", "LINUX_2.6", "LINUX_2.6.39", "linux-vdso.so.1"
};
#define ABSENT (sizeof absent / sizeof *absent)

/* Versions that no image has; the last is the base definition's name. */
static const char *const foreign[] = {
	"", "LINUX", "LINUX_2.", "LINUX_2.6.3", "LINUX_2.6.390", "LINUX_2.66", "linux-vdso.so.1"
};
#define FOREIGN (sizeof foreign / sizeof *foreign)

static size_t build_with(int dialect, uint32_t options)
{
	const struct vdsogen_config config = { .options = options };
	const struct vdsogen_arch *arch = vdsogen_arch_find(dialects[dialect].name);
	size_t size = sizeof buffer;

	ck_assert_ptr_nonnull(arch);
	ck_assert_int_eq(vdsogen_build(arch, &config, buffer, &size), 0);
	return size;
}

static void *find(size_t size, const char *name, const char *version)
{
	return vdsogen_resolve_within(buffer, size, name, version);
}

static const char *full_name(int dialect, unsigned int function)
{
	static char name[NAME_ROOM];

	snprintf(name, sizeof name, "%s%s", dialects[dialect].prefix,
		 vdsogen_function_name(function));
	return name;
}

/* A function that every image has. */
static const char *some_name(int dialect)
{
	return full_name(dialect, VDSOGEN_CLOCK_GETTIME);
}

/* ------------------------------------------------------------ own images -- */

/* As vdsogen_symbol() says, with its version, with none given, and not with others. */
static void is_found(size_t size, const struct vdsogen_image *image, const char *name, int dialect)
{
	bool versions = !(image->config.options & VDSOGEN_OMIT_VERSIONS);
	struct vdsogen_symbol symbol;
	unsigned char *there;

	ck_assert_int_eq(vdsogen_symbol(image, name, &symbol), 0);
	there = buffer + symbol.value;
	ck_assert_ptr_eq(find(size, name, NULL), there);
	ck_assert_ptr_eq(find(size, name, dialects[dialect].version), there);
	for (size_t i = 0; i < FOREIGN; i++)
		ck_assert_ptr_eq(find(size, name, foreign[i]), versions ? NULL : there);
	/* the public function takes the size from the headers */
	ck_assert_ptr_eq(vdsogen_resolve(buffer, name, dialects[dialect].version), there);
}

static void is_read_rightly(int dialect, uint32_t options)
{
	bool hash = (options & (VDSOGEN_OMIT_HASH | VDSOGEN_OMIT_GNU_HASH)) !=
		    (VDSOGEN_OMIT_HASH | VDSOGEN_OMIT_GNU_HASH);
	size_t size = build_with(dialect, options);
	struct vdsogen_image image;
	struct vdsogen_symbol symbol;
	unsigned int found = 0;

	ck_assert_int_eq(vdsogen_open(buffer, size, &image), 0);
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		if (!image.function[f].at || !hash) {
			ck_assert_ptr_null(find(size, full_name(dialect, f), NULL));
			continue;
		}
		is_found(size, &image, full_name(dialect, f), dialect);
		/* an alias without the prefix, if it has one */
		if (!vdsogen_symbol(&image, vdsogen_function_name(f), &symbol))
			is_found(size, &image, vdsogen_function_name(f), dialect);
		else
			ck_assert_ptr_null(find(size, vdsogen_function_name(f), NULL));
		found++;
	}
	ck_assert(!hash || found > 1);
	for (size_t i = 0; i < ABSENT; i++) {
		ck_assert_ptr_null(find(size, absent[i], NULL));
		ck_assert_ptr_null(find(size, absent[i], dialects[dialect].version));
	}
}

START_TEST(resolve_reads_every_layout)
{
	for (uint32_t options = 0; options <= VDSOGEN_OPTIONS; options++)
		if (!(options & ~(uint32_t)ALL_OMITTED))
			is_read_rightly(_i, options);
}
END_TEST

START_TEST(resolve_needs_no_alignment)
{
	size_t size = build_with(_i, 0);
	unsigned char *there = find(size, some_name(_i), dialects[_i].version);
	unsigned char *odd = buffer + 1;

	memmove(odd, buffer, size);
	ck_assert_ptr_eq(vdsogen_resolve_within(odd, size, some_name(_i), dialects[_i].version),
			 there + 1);
}
END_TEST

START_TEST(resolve_prefixed_knows_this_machine)
{
	static const char here[] =
#if defined(__x86_64__)
		"x86_64";
#elif defined(__aarch64__)
		"aarch64";
#else
		"";
#endif

	for (int i = 0; i < DIALECTS; i++) {
		void *there = NULL;
		size_t size = build_with(i, 0);

		if (!strcmp(dialects[i].name, here))
			there = find(size, some_name(i), dialects[i].version);
		ck_assert_int_eq(!there, !!strcmp(dialects[i].name, here));
		ck_assert_ptr_eq(vdsogen_resolve_prefixed(buffer, "clock_gettime"), there);
		ck_assert_ptr_null(vdsogen_resolve_prefixed(buffer, "getpi"));
		ck_assert_ptr_null(vdsogen_resolve_prefixed(buffer, some_name(i)));
	}
	ck_assert_ptr_null(vdsogen_resolve_prefixed(NULL, "clock_gettime"));
	ck_assert_ptr_null(vdsogen_resolve(NULL, "clock_gettime", NULL));
}
END_TEST

/* ---------------------------------------------------- images of others --- */

static Elf64_Phdr *segment(uint32_t type)
{
	Elf64_Ehdr *eh = (Elf64_Ehdr *)buffer;
	Elf64_Phdr *ph = (Elf64_Phdr *)(buffer + eh->e_phoff);

	for (unsigned int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == type)
			return &ph[i];
	ck_abort_msg("no program header of type %u", type);
}

static Elf64_Dyn *tag(int64_t wanted)
{
	Elf64_Dyn *dyn = (Elf64_Dyn *)(buffer + segment(PT_DYNAMIC)->p_offset);

	while (dyn->d_tag != wanted) {
		ck_assert_int_ne(dyn->d_tag, DT_NULL);
		dyn++;
	}
	return dyn;
}

/* A table of the image as it was built, linked at 0. */
static void *table(int64_t wanted)
{
	return buffer + tag(wanted)->d_un.d_ptr;
}

static Elf64_Sym *symbol_called(const char *name)
{
	const uint32_t *hash = table(DT_HASH);
	const char *strings = table(DT_STRTAB);
	Elf64_Sym *sym = table(DT_SYMTAB);

	for (uint32_t i = 1; i < hash[1]; i++)
		if (!strcmp(strings + sym[i].st_name, name))
			return &sym[i];
	ck_abort_msg("no symbol %s", name);
}

static void move_tables(uint64_t by)
{
	static const int64_t tables[] = {
		DT_HASH, DT_GNU_HASH, DT_STRTAB, DT_SYMTAB, DT_VERSYM, DT_VERDEF
	};

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		tag(tables[i])->d_un.d_ptr += by;
}

/* Linked at another address; every p_vaddr, address of a table and st_value says so. */
static void link_at(uint64_t address)
{
	Elf64_Ehdr *eh = (Elf64_Ehdr *)buffer;
	Elf64_Phdr *ph = (Elf64_Phdr *)(buffer + eh->e_phoff);
	const uint32_t *hash = table(DT_HASH);
	Elf64_Sym *sym = table(DT_SYMTAB);

	for (uint32_t i = 1; i < hash[1]; i++)
		sym[i].st_value += address;
	for (unsigned int i = 0; i < eh->e_phnum; i++)
		ph[i].p_vaddr += address;
	move_tables(address);
}

/* gVisor's and old x86_64 kernels' address; 32-bit PowerPC's; where it lies. */
START_TEST(resolve_reads_linked_and_relocated_images)
{
	const uint64_t addresses[] = {
		0, 0xffffffffff700000, 0x100000, (uintptr_t)buffer, (uintptr_t)buffer - VDSOGEN_PAGE
	};

	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		size_t size = build_with(_i, 0);
		unsigned char *there = find(size, some_name(_i), NULL);

		ck_assert_ptr_nonnull(there);
		link_at(addresses[i]);
		ck_assert_ptr_eq(find(size, some_name(_i), dialects[_i].version), there);
		/* as glibc relocates a writable dynamic section */
		move_tables((uintptr_t)buffer - addresses[i]);
		ck_assert_ptr_eq(find(size, some_name(_i), dialects[_i].version), there);
		ck_assert_ptr_eq(vdsogen_resolve(buffer, some_name(_i), NULL), there);
		ck_assert_ptr_null(find(size, some_name(_i), "LINUX_2"));
	}
}
END_TEST

START_TEST(resolve_takes_functions_only)
{
	static const struct {
		unsigned char info;
		uint16_t section;
		bool taken;
	} kinds[] = {
		{ ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 1, true },
		{ ELF64_ST_INFO(STB_WEAK, STT_FUNC), 1, true },
		{ ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), 1, true },
		{ ELF64_ST_INFO(STB_LOCAL, STT_FUNC), 1, false },
		{ ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 1, false },
		{ ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), SHN_UNDEF, false },
		{ ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), SHN_ABS, false },
	};
	size_t size = build_with(_i, 0);
	Elf64_Sym *sym = symbol_called(some_name(_i));
	unsigned char *there = buffer + sym->st_value;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		sym->st_info = kinds[i].info;
		sym->st_shndx = kinds[i].section;
		ck_assert_ptr_eq(find(size, some_name(_i), dialects[_i].version),
				 kinds[i].taken ? there : NULL);
	}
	build_with(_i, 0);
	sym->st_value = 0;
	ck_assert_ptr_null(find(size, some_name(_i), NULL));
	sym->st_value = segment(PT_LOAD)->p_memsz;
	ck_assert_ptr_null(find(size, some_name(_i), NULL));
}
END_TEST

START_TEST(resolve_compares_versions_by_index)
{
	size_t size = build_with(_i, 0);
	Elf64_Sym *sym = symbol_called(some_name(_i)), *first = table(DT_SYMTAB);
	uint16_t *versym = (uint16_t *)table(DT_VERSYM) + (sym - first);
	const char *version = dialects[_i].version;
	unsigned char *there = buffer + sym->st_value;

	*versym |= 0x8000;	/* hidden, but asked for by its version */
	ck_assert_ptr_eq(find(size, some_name(_i), version), there);
	*versym = VER_NDX_GLOBAL;
	ck_assert_ptr_null(find(size, some_name(_i), version));
	ck_assert_ptr_null(find(size, some_name(_i), "linux-vdso.so.1"));
	ck_assert_ptr_eq(find(size, some_name(_i), NULL), there);
	/* a definition of a later revision */
	build_with(_i, 0);
	((Elf64_Verdef *)table(DT_VERDEF))->vd_version++;
	ck_assert_ptr_null(find(size, some_name(_i), version));
	/* half of the tables: nobody can tell */
	build_with(_i, 0);
	tag(DT_VERDEF)->d_tag = DT_DEBUG;
	ck_assert_ptr_null(find(size, some_name(_i), version));
	ck_assert_ptr_eq(find(size, some_name(_i), NULL), there);
	build_with(_i, 0);
	tag(DT_VERSYM)->d_tag = DT_DEBUG;
	ck_assert_ptr_null(find(size, some_name(_i), version));
}
END_TEST

/* Nothing but what the search needs. */
START_TEST(resolve_needs_few_tags)
{
	static const int64_t spare[] = {
		DT_STRSZ, DT_SYMENT, DT_SONAME, DT_VERDEFNUM, DT_GNU_HASH
	};
	size_t size = build_with(_i, 0);
	void *there = find(size, some_name(_i), dialects[_i].version);

	for (size_t i = 0; i < sizeof spare / sizeof *spare; i++)
		tag(spare[i])->d_tag = DT_DEBUG;
	ck_assert_ptr_eq(find(size, some_name(_i), dialects[_i].version), there);
	tag(DT_STRTAB)->d_tag = DT_DEBUG;
	ck_assert_ptr_null(find(size, some_name(_i), NULL));
}
END_TEST

START_TEST(resolve_stays_within_what_is_said)
{
	size_t size = build_with(_i, 0);
	Elf64_Sym *sym = symbol_called(some_name(_i));
	void *there = buffer + sym->st_value;
	uint64_t end = sym->st_name + strlen(some_name(_i));

	tag(DT_STRSZ)->d_un.d_val = end;	/* without the NUL */
	ck_assert_ptr_null(find(size, some_name(_i), NULL));
	tag(DT_STRSZ)->d_un.d_val = end + 1;
	ck_assert_ptr_eq(find(size, some_name(_i), NULL), there);
	/* a function in the last byte */
	sym->st_value = size - 1;
	segment(PT_LOAD)->p_memsz = size - 1;
	ck_assert_ptr_null(find(size, some_name(_i), NULL));
	segment(PT_LOAD)->p_memsz = size;
	ck_assert_ptr_eq(find(size, some_name(_i), NULL), buffer + size - 1);
}
END_TEST

START_TEST(resolve_refuses_what_is_no_image)
{
	static const size_t at[] = { EI_MAG0, EI_MAG1, EI_MAG2, EI_MAG3, EI_CLASS, EI_DATA };
	size_t size = build_with(_i, 0);

	for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
		buffer[at[i]] ^= 3;
		ck_assert_ptr_null(find(size, some_name(_i), NULL));
		ck_assert_ptr_null(vdsogen_resolve(buffer, some_name(_i), NULL));
		buffer[at[i]] ^= 3;
	}
	((Elf64_Ehdr *)buffer)->e_phentsize--;
	ck_assert_ptr_null(find(size, some_name(_i), NULL));
	((Elf64_Ehdr *)buffer)->e_phentsize++;
	segment(PT_LOAD)->p_memsz = UINT64_MAX;
	ck_assert_ptr_null(vdsogen_resolve(buffer, some_name(_i), NULL));
	segment(PT_LOAD)->p_offset = VDSOGEN_PAGE;
	ck_assert_ptr_null(find(size, some_name(_i), NULL));
}
END_TEST

/* ---------------------------------------------------------------- damage -- */

/* An answer, and none that lies outside. */
static void ask_safely(const unsigned char *image, size_t size, int dialect)
{
	const char *const names[] = { some_name(dialect), "" };
	const char *const versions[] = { NULL, dialects[dialect].version };

	for (size_t n = 0; n < sizeof names / sizeof *names; n++)
		for (size_t v = 0; v < sizeof versions / sizeof *versions; v++) {
			const unsigned char *there =
				vdsogen_resolve_within(image, size, names[n], versions[v]);

			ck_assert(!there || (there > image && there < image + size));
		}
}

/* With both tables, each alone: DT_GNU_HASH is preferred. */
static const uint32_t layouts[] = { 0, VDSOGEN_OMIT_GNU_HASH };
#define LAYOUTS (sizeof layouts / sizeof *layouts)

START_TEST(resolve_survives_every_length)
{
	for (size_t l = 0; l < LAYOUTS; l++) {
		size_t size = build_with(_i, layouts[l]);

		for (size_t cut = 0; cut < size; cut++) {
			unsigned char *edge = at_the_edge(buffer, cut);

			ask_safely(edge, cut, _i);
			let_go(edge, cut);
		}
	}
}
END_TEST

START_TEST(resolve_survives_every_changed_byte)
{
	for (size_t l = 0; l < LAYOUTS; l++) {
		size_t size = build_with(_i, layouts[l]);

		change_each_byte(buffer, size, ask_safely, _i);
	}
}
END_TEST

START_TEST(resolve_survives_every_extreme_word)
{
	for (size_t l = 0; l < LAYOUTS; l++) {
		size_t size = build_with(_i, layouts[l]);

		change_each_word(buffer, size, ask_safely, _i);
	}
}
END_TEST

/* Every chain of DT_HASH a circle, and a name that is in none. */
START_TEST(resolve_leaves_circles)
{
	size_t size = build_with(_i, VDSOGEN_OMIT_GNU_HASH);
	uint32_t *hash = table(DT_HASH), buckets = hash[0], chains = hash[1];

	for (uint32_t i = 0; i < buckets + chains; i++)
		hash[2 + i] = 1;
	hash[1] = UINT32_MAX;
	ck_assert_ptr_null(find(size, "nowhere", NULL));
}
END_TEST

/* ------------------------------------------------------------ this process -- */

/* What of the vDSO can be read: its line in the maps, which also holds its section headers. */
static size_t readable(const void *vdso)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long low, high, size = 0;
	char line[512];

	while (maps && fgets(line, sizeof line, maps))
		if (sscanf(line, "%lx-%lx", &low, &high) == 2 && low == (uintptr_t)vdso)
			size = high - low;
	if (maps)
		fclose(maps);
	return size;
}

static Elf_Scn *section(Elf *elf, uint32_t type, GElf_Shdr *sh)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, sh) && sh->sh_type == type)
			return scn;
	return NULL;
}

/* The name of a version, as libelf reads it; NULL for the base's and for no version. */
static const char *version_called(Elf *elf, unsigned int index)
{
	GElf_Shdr sh;
	Elf_Scn *scn = section(elf, SHT_GNU_verdef, &sh);
	Elf_Data *data = scn ? elf_getdata(scn, NULL) : NULL;
	GElf_Verdef def;
	GElf_Verdaux aux;

	for (int at = 0; data && gelf_getverdef(data, at, &def); at += (int)def.vd_next) {
		if (def.vd_ndx == index && !(def.vd_flags & VER_FLG_BASE) &&
		    gelf_getverdaux(data, at + (int)def.vd_aux, &aux))
			return elf_strptr(elf, sh.sh_link, aux.vda_name);
		if (!def.vd_next)
			break;
	}
	return NULL;
}

/* One symbol, by every version that there is or is not. */
static void agrees(Elf *elf, const unsigned char *vdso, uint64_t link, const GElf_Sym *sym,
		   const char *name, const char *version)
{
	unsigned int type = GELF_ST_TYPE(sym->st_info);
	bool function = (type == STT_FUNC || type == STT_NOTYPE) && sym->st_shndx != SHN_UNDEF;
	const unsigned char *there = function ? vdso + (sym->st_value - link) : NULL;

	ck_assert_ptr_eq(vdsogen_resolve(vdso, name, NULL), there);
	if (version)
		ck_assert_ptr_eq(vdsogen_resolve(vdso, name, version), there);
	for (size_t i = 0; i < FOREIGN && section(elf, SHT_GNU_verdef, &(GElf_Shdr){ 0 }); i++)
		ck_assert_ptr_null(vdsogen_resolve(vdso, name, foreign[i]));
}

START_TEST(resolve_agrees_with_libelf_on_the_kernels)
{
	const unsigned char *vdso = vdsogen_vdso();
	GElf_Shdr sh, versions_sh;
	GElf_Phdr ph = { 0 };
	Elf_Scn *symbols, *versions;
	Elf *elf;
	size_t count;

	if (!vdso) {
		printf("this process has no vDSO: not compared\n");
		return;
	}
	elf_version(EV_CURRENT);
	elf = elf_memory((char *)(uintptr_t)vdso, readable(vdso));
	ck_assert_ptr_nonnull(elf);
	for (int i = 0; gelf_getphdr(elf, i, &ph) && ph.p_type != PT_LOAD; i++)
		;
	symbols = section(elf, SHT_DYNSYM, &sh);
	versions = section(elf, SHT_GNU_versym, &versions_sh);
	if (!symbols) {
		printf("this vDSO has no section headers: not compared\n");
		elf_end(elf);
		return;
	}
	count = sh.sh_size / sh.sh_entsize;
	ck_assert_uint_gt(count, 1);
	for (int i = 1; i < (int)count; i++) {
		const char *version = NULL;
		GElf_Versym versym;
		GElf_Sym sym;

		ck_assert_ptr_nonnull(gelf_getsym(elf_getdata(symbols, NULL), i, &sym));
		if (versions && gelf_getversym(elf_getdata(versions, NULL), i, &versym))
			version = version_called(elf, versym & SYMBOL_INDEX);
		agrees(elf, vdso, ph.p_vaddr, &sym, elf_strptr(elf, sh.sh_link, sym.st_name),
		       version);
	}
	elf_end(elf);
}
END_TEST

START_TEST(resolve_finds_the_vdso_in_the_vector)
{
	const unsigned long none[] = { AT_PAGESZ, VDSOGEN_PAGE, AT_NULL, 0 };
	const unsigned long some[] = {
		AT_PAGESZ, AT_SYSINFO_EHDR, AT_SYSINFO_EHDR, 0x7000, AT_NULL, 0
	};
	/* the environment, NULL, and the vector right behind it */
	const void *stack[] = {
		"A=1", "B=2", NULL, (void *)AT_SYSINFO_EHDR, (void *)0x7000, (void *)AT_NULL, NULL
	};

	ck_assert_ptr_null(vdsogen_vdso_from_auxv(none));
	ck_assert_ptr_eq(vdsogen_vdso_from_auxv(some), (void *)0x7000);
	ck_assert_ptr_eq(vdsogen_vdso_from_envp((const char *const *)stack), (void *)0x7000);
}
END_TEST

Suite *resolve_suite(void)
{
	Suite *suite = suite_create("resolve");
	TCase *own = tcase_create("own"), *others = tcase_create("others");
	TCase *damage = tcase_create("damage"), *process = tcase_create("process");

	tcase_add_loop_test(own, resolve_reads_every_layout, 0, DIALECTS);
	tcase_add_loop_test(own, resolve_needs_no_alignment, 0, DIALECTS);
	tcase_add_test(own, resolve_prefixed_knows_this_machine);
	suite_add_tcase(suite, own);
	tcase_add_loop_test(others, resolve_reads_linked_and_relocated_images, 0, DIALECTS);
	tcase_add_loop_test(others, resolve_takes_functions_only, 0, DIALECTS);
	tcase_add_loop_test(others, resolve_compares_versions_by_index, 0, DIALECTS);
	tcase_add_loop_test(others, resolve_needs_few_tags, 0, DIALECTS);
	tcase_add_loop_test(others, resolve_stays_within_what_is_said, 0, DIALECTS);
	tcase_add_loop_test(others, resolve_refuses_what_is_no_image, 0, DIALECTS);
	suite_add_tcase(suite, others);
	tcase_add_loop_test(damage, resolve_survives_every_length, 0, DIALECTS);
	tcase_add_loop_test(damage, resolve_survives_every_changed_byte, 0, DIALECTS);
	tcase_add_loop_test(damage, resolve_survives_every_extreme_word, 0, DIALECTS);
	tcase_add_loop_test(damage, resolve_leaves_circles, 0, DIALECTS);
	suite_add_tcase(suite, damage);
	tcase_add_test(process, resolve_agrees_with_libelf_on_the_kernels);
	tcase_add_test(process, resolve_finds_the_vdso_in_the_vector);
	suite_add_tcase(suite, process);
	return suite;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What is in an image, by <elf.h> and by the symbol finders of real programs. */
#define _GNU_SOURCE
#include <check.h>
#include <elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "finders.h"
#include "suites.h"
#include "vdsogen.h"

#define ROOM (8 * VDSOGEN_PAGE)
#define SONAME "linux-vdso.so.1"
#define FAR 128			/* two cache lines: the adjacent-line prefetcher's reach */
#define CRIU_PATCH 16		/* bytes that CRIU writes over a function */
#define CRIU_NAME 31		/* bytes that CRIU reads from the start of a name */
#define LINUX_2_6 61765110	/* vd_hash, as glibc has it in its VDSO_HASH */
#define LINUX_2_6_39 123718537
#define BASE_INDEX 1
#define OUR_INDEX 2

/* What a test knows of an architecture from outside the library. */
struct facts {
	const char *name, *prefix, *version, *other_prefix;
	uint32_t vd_hash;
	uint16_t machine;
	bool bare_names;
	uint32_t functions;
};

static const struct facts known[] = {
	{ "x86_64", "__vdso_", "LINUX_2.6", "__kernel_", LINUX_2_6, EM_X86_64, true, 0x1f },
	{ "aarch64", "__kernel_", "LINUX_2.6.39", "__vdso_", LINUX_2_6_39, EM_AARCH64, false,
	  0x3f },
};

static _Alignas(VDSOGEN_PAGE) unsigned char buffer[ROOM], other[ROOM];

struct test {
	const struct vdsogen_arch *arch;
	const struct facts *facts;
	struct vdsogen_config config;
	size_t size;
	struct vdsogen_image image;
};

static void build(struct test *t, int arch, struct vdsogen_config config)
{
	*t = (struct test){ .arch = vdsogen_arch_at((unsigned int)arch), .config = config,
			    .size = sizeof buffer };
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(known[i].name, vdsogen_arch_name(t->arch)))
			t->facts = &known[i];
	ck_assert_msg(t->facts, "no facts about %s: add them to known[]",
		      vdsogen_arch_name(t->arch));
	ck_assert_int_eq(vdsogen_build(t->arch, &config, buffer, &t->size), 0);
	ck_assert_int_eq(vdsogen_open(buffer, t->size, &t->image), 0);
}

static bool has(const struct test *t, uint32_t omit)
{
	return !(t->config.options & omit);
}

static bool has_landing_pads(const struct test *t)
{
	return t->image.config.landing_pads == VDSOGEN_LANDING_PADS_ON;
}

static bool has_data(const struct test *t)
{
	return t->config.data == VDSOGEN_DATA_INSIDE;
}

/*
 * Every set of options with all functions, and with each function alone; and
 * the data in each place.
 */
typedef void image_test_fn(struct test *t);

static void each_image(int arch, image_test_fn *fn)
{
	struct test t;

	for (uint32_t options = 0; options <= VDSOGEN_OPTIONS; options++)
		for (uint32_t f = 0; f <= VDSOGEN_FUNCTIONS; f++) {
			struct vdsogen_config config = { .options = options };

			build(&t, arch, (struct vdsogen_config){ 0 });
			if (f < VDSOGEN_FUNCTIONS)
				config.functions = 1u << f;
			if (config.functions & ~t.facts->functions)
				continue;
			config.data = options % VDSOGEN_DATA;
			for (unsigned int turn = 0; turn < 2; turn++) {
				build(&t, arch, config);
				fn(&t);
				config.data = (options + 1) % VDSOGEN_DATA;
			}
		}
}

/* ----------------------------------------------------------- <elf.h> view -- */

static Elf64_Ehdr *header(void)
{
	return (Elf64_Ehdr *)buffer;
}

static Elf64_Phdr *segment(uint32_t type)
{
	Elf64_Phdr *ph = (Elf64_Phdr *)(buffer + header()->e_phoff), *found = NULL;

	for (unsigned int i = 0; i < header()->e_phnum; i++)
		if (ph[i].p_type == type) {
			ck_assert_msg(!found, "two segments of type %u", type);
			found = &ph[i];
		}
	return found;
}

static Elf64_Dyn *dynamic(int64_t tag)
{
	Elf64_Phdr *ph = segment(PT_DYNAMIC);
	Elf64_Dyn *dyn = (Elf64_Dyn *)(buffer + ph->p_vaddr);
	Elf64_Dyn *end = dyn + ph->p_memsz / sizeof *dyn;

	for (; dyn < end; dyn++)
		if (dyn->d_tag == tag)
			return dyn;
	return NULL;
}

static const char *string(uint32_t at)
{
	ck_assert_uint_lt(at, dynamic(DT_STRSZ)->d_un.d_val);
	return (const char *)buffer + dynamic(DT_STRTAB)->d_un.d_ptr + at;
}

static Elf64_Sym *symbols(void)
{
	return (Elf64_Sym *)(buffer + dynamic(DT_SYMTAB)->d_un.d_ptr);
}

static Elf64_Shdr *section(const char *name)
{
	Elf64_Shdr *sh = (Elf64_Shdr *)(buffer + header()->e_shoff);
	const char *names;

	if (!header()->e_shnum)
		return NULL;
	names = (const char *)buffer + sh[header()->e_shstrndx].sh_offset;
	for (unsigned int i = 1; i < header()->e_shnum; i++)
		if (!strcmp(names + sh[i].sh_name, name))
			return &sh[i];
	return NULL;
}

/* --------------------------------------------------------------- headers -- */

static void check_file_header(struct test *t)
{
	Elf64_Ehdr *eh = header();

	ck_assert_mem_eq(eh->e_ident, ELFMAG, SELFMAG);
	ck_assert_uint_eq(eh->e_ident[EI_CLASS], ELFCLASS64);
	ck_assert_uint_eq(eh->e_ident[EI_DATA], ELFDATA2LSB);
	ck_assert_uint_eq(eh->e_ident[EI_VERSION], EV_CURRENT);
	ck_assert_uint_eq(eh->e_ident[EI_OSABI], ELFOSABI_NONE);
	ck_assert_uint_eq(eh->e_ident[EI_ABIVERSION], 0);
	ck_assert_uint_eq(eh->e_type, ET_DYN);
	ck_assert_uint_eq(eh->e_machine, t->facts->machine);
	ck_assert_uint_eq(eh->e_version, EV_CURRENT);
	ck_assert_uint_eq(eh->e_ehsize, sizeof(Elf64_Ehdr));
	ck_assert_uint_eq(eh->e_phentsize, sizeof(Elf64_Phdr));
	ck_assert_uint_ge(eh->e_phoff, sizeof *eh);
	ck_assert_uint_eq(eh->e_phnum, 3 + has(t, VDSOGEN_OMIT_UNWIND) + has_landing_pads(t));
	ck_assert_int_eq(eh->e_shnum != 0, has(t, VDSOGEN_OMIT_SECTIONS));
	ck_assert_int_eq(eh->e_shoff != 0, has(t, VDSOGEN_OMIT_SECTIONS));
	if (eh->e_shnum) {
		ck_assert_uint_eq(eh->e_shentsize, sizeof(Elf64_Shdr));
		ck_assert_uint_lt(eh->e_shstrndx, eh->e_shnum);
	}
}

START_TEST(image_file_header)
{
	each_image(_i, check_file_header);
}
END_TEST

static void check_segments(struct test *t)
{
	Elf64_Phdr *first = (Elf64_Phdr *)(buffer + header()->e_phoff);
	Elf64_Phdr *load = segment(PT_LOAD), *dyn = segment(PT_DYNAMIC), *note = segment(PT_NOTE);

	ck_assert_ptr_eq(load, first);
	ck_assert_uint_eq(load->p_flags, PF_R | PF_X);
	ck_assert_uint_eq(load->p_offset, 0);
	ck_assert_uint_eq(load->p_vaddr, 0);
	ck_assert_uint_eq(load->p_filesz, t->size);
	ck_assert_uint_eq(load->p_memsz, t->size);
	ck_assert_uint_eq(load->p_align, VDSOGEN_PAGE);
	ck_assert_ptr_nonnull(dyn);
	ck_assert_uint_eq(dyn->p_flags, PF_R);
	ck_assert_uint_eq(dyn->p_vaddr, dyn->p_offset);
	ck_assert_uint_eq(dyn->p_filesz, dyn->p_memsz);
	ck_assert_uint_eq(dyn->p_memsz % sizeof(Elf64_Dyn), 0);
	ck_assert_uint_ge(dyn->p_offset, sizeof(Elf64_Ehdr));
	ck_assert_ptr_nonnull(note);
	ck_assert_uint_eq(note->p_flags, PF_R);
	ck_assert_uint_eq(note->p_vaddr, note->p_offset);
	ck_assert_uint_eq(note->p_align, 4);
	for (unsigned int i = 0; i < header()->e_phnum; i++) {
		ck_assert_uint_eq(first[i].p_vaddr % first[i].p_align, 0);
		ck_assert_uint_le(first[i].p_offset + first[i].p_filesz, t->size);
	}
}

START_TEST(image_segments)
{
	each_image(_i, check_segments);
}
END_TEST

/* ---------------------------------------------------------------- layout -- */

struct interval {
	const char *name;
	uint64_t at, end;
};

enum { INTERVALS = 40 };

static int by_start(const void *a, const void *b)
{
	const struct interval *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static void check_parts_apart(struct test *t)
{
	struct interval all[INTERVALS] = {
		{ "file header", 0, sizeof(Elf64_Ehdr) },
		{ "program headers", header()->e_phoff,
		  header()->e_phoff + header()->e_phnum * sizeof(Elf64_Phdr) },
		{ "section headers", header()->e_shoff,
		  header()->e_shoff + header()->e_shnum * sizeof(Elf64_Shdr) },
	};
	Elf64_Shdr *sh = (Elf64_Shdr *)(buffer + header()->e_shoff);
	size_t n = 3;

	if (has_data(t))
		all[n++] = (struct interval){ "clock block", (uint64_t)(int64_t)t->image.clock,
					      (uint64_t)(int64_t)t->image.clock +
					      sizeof(struct vdsogen_clock) };
	ck_assert_uint_lt(header()->e_shnum, INTERVALS - n);
	for (unsigned int i = 1; i < header()->e_shnum; i++) {
		const char *names = (const char *)buffer + sh[header()->e_shstrndx].sh_offset;

		ck_assert_msg(sh[i].sh_size, "%s is empty", names + sh[i].sh_name);
		ck_assert_msg(sh[i].sh_offset % sh[i].sh_addralign == 0, "%s is not aligned",
			      names + sh[i].sh_name);
		if (sh[i].sh_flags & SHF_ALLOC)
			ck_assert_uint_eq(sh[i].sh_addr, sh[i].sh_offset);
		ck_assert_msg(!(sh[i].sh_flags & SHF_WRITE), "%s is writable",
			      names + sh[i].sh_name);
		all[n++] = (struct interval){ names + sh[i].sh_name, sh[i].sh_offset,
					      sh[i].sh_offset + sh[i].sh_size };
	}
	qsort(all, n, sizeof *all, by_start);
	for (size_t i = 0; i + 1 < n; i++)
		ck_assert_msg(all[i].end <= all[i + 1].at, "%s ends at %#llx, %s starts at %#llx",
			      all[i].name, (unsigned long long)all[i].end, all[i + 1].name,
			      (unsigned long long)all[i + 1].at);
	ck_assert_uint_eq(all[n - 1].end, t->image.used);
	ck_assert_uint_le(t->image.used, t->size);
	for (size_t at = t->image.used; at < t->size; at++)
		ck_assert_uint_eq(buffer[at], 0);
}

START_TEST(image_parts_do_not_overlap)
{
	struct test t;

	for (uint32_t options = 0; options <= VDSOGEN_OPTIONS; options++)
		if (!(options & VDSOGEN_OMIT_SECTIONS)) {
			build(&t, _i, (struct vdsogen_config){ .options = options });
			check_parts_apart(&t);
		}
}
END_TEST

/* Without section headers, the same parts must be where the dynamic section says. */
static void check_tables_aligned(struct test *t)
{
	static const struct { int64_t tag; unsigned int align; } tables[] = {
		{ DT_SYMTAB, 8 }, { DT_HASH, 4 }, { DT_GNU_HASH, 8 }, { DT_VERSYM, 2 },
		{ DT_VERDEF, 4 }, { DT_STRTAB, 1 },
	};

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		Elf64_Dyn *dyn = dynamic(tables[i].tag);

		if (!dyn)
			continue;
		ck_assert_uint_eq(dyn->d_un.d_ptr % tables[i].align, 0);
		ck_assert_uint_ge(dyn->d_un.d_ptr, sizeof(Elf64_Ehdr));
		ck_assert_uint_lt(dyn->d_un.d_ptr, t->size);
	}
	ck_assert_uint_eq(segment(PT_DYNAMIC)->p_offset % 8, 0);
}

START_TEST(image_tables_are_aligned)
{
	each_image(_i, check_tables_aligned);
}
END_TEST

static void check_code_far_from_clock(struct test *t)
{
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		const struct vdsogen_entry *e = &t->image.function[f];
		int64_t clock = t->image.clock, end = clock + (int64_t)sizeof(struct vdsogen_clock);

		if (e->at)
			ck_assert_msg(e->at + e->size + FAR <= clock || end + FAR <= e->at,
				      "%s ends %lld bytes before the clock block",
				      vdsogen_function_name(f),
				      (long long)(clock - e->at - e->size));
	}
}

/* It is in the image, or where the configuration says: never under the PT_LOAD then. */
static void check_clock_place(struct test *t)
{
	const struct vdsogen_config *c = &t->image.config;
	int64_t clock = t->image.clock;

	ck_assert_uint_eq(c->data, t->config.data);
	if (has_data(t))
		return;
	ck_assert_int_eq(clock % VDSOGEN_PAGE, 0);
	if (c->data == VDSOGEN_DATA_BEFORE)
		ck_assert_int_eq(clock, t->config.distance ? -(int64_t)t->config.distance : -4096);
	else
		ck_assert_int_eq(clock, t->config.distance ? t->config.distance : t->size);
	ck_assert(clock < 0 || clock >= (int64_t)segment(PT_LOAD)->p_memsz);
}

START_TEST(image_clock_is_where_it_should_be)
{
	static const uint32_t distances[] = { 0, 8192, 65536, VDSOGEN_DISTANCE_MAX };
	struct vdsogen_clock clock, never = { .max_age = UINT64_MAX };
	struct test t;

	each_image(_i, check_clock_place);
	for (uint32_t data = VDSOGEN_DATA_BEFORE; data < VDSOGEN_DATA; data++)
		for (size_t d = 0; d < sizeof distances / sizeof *distances; d++) {
			build(&t, _i, (struct vdsogen_config){ .data = data, .distance = distances[d],
							       .options = VDSOGEN_LATCH });
			check_clock_place(&t);
		}
	/* what vdsogen_clock_init() makes is what an image has inside */
	never.clocks = t.image.config.clocks;
	never.options = VDSOGEN_LATCH;
	memset(&clock, 1, sizeof clock);
	ck_assert_int_eq(vdsogen_clock_init(&clock, &t.image), 0);
	ck_assert_mem_eq(&clock, &never, sizeof clock);
	build(&t, _i, (struct vdsogen_config){ .options = VDSOGEN_LATCH });
	ck_assert_mem_eq(buffer + t.image.clock, &never, sizeof never);
	ck_assert_int_eq(vdsogen_clock_init((void *)((char *)&clock + 8), &t.image),
			 -VDSOGEN_ERR_ALIGN);
}
END_TEST

START_TEST(image_code_is_far_from_the_clock_block)
{
	each_image(_i, check_code_far_from_clock);
}
END_TEST

/* Patchers write so much over an entry: nothing but the function and padding is there. */
static void check_room(struct test *t)
{
	Elf64_Shdr *text = section(".text");

	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		const struct vdsogen_entry *e = &t->image.function[f];

		if (!e->at)
			continue;
		ck_assert_uint_eq(e->at % CRIU_PATCH, 0);
		ck_assert(!text || e->at + CRIU_PATCH <= text->sh_offset + text->sh_size);
		for (unsigned int g = 0; g < VDSOGEN_FUNCTIONS; g++) {
			const struct vdsogen_entry *o = &t->image.function[g];

			if (o->at > e->at) {
				ck_assert_uint_ge(o->at, e->at + e->size);
				ck_assert_uint_ge(o->at, e->at + CRIU_PATCH);
			}
		}
	}
}

START_TEST(image_functions_are_apart)
{
	each_image(_i, check_room);
}
END_TEST

START_TEST(image_code_size_does_not_depend_on_tables)
{
	const uint32_t tables = VDSOGEN_OMIT_HASH | VDSOGEN_OMIT_GNU_HASH | VDSOGEN_OMIT_VERSIONS |
				VDSOGEN_OMIT_SECTIONS;
	struct test whole, bare, one;

	build(&whole, _i, (struct vdsogen_config){ 0 });
	build(&bare, _i, (struct vdsogen_config){ .options = tables });
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		if (!whole.image.function[f].at)
			continue;
		ck_assert_uint_eq(whole.image.function[f].size, bare.image.function[f].size);
		build(&one, _i, (struct vdsogen_config){ .functions = 1u << f });
		ck_assert_uint_eq(whole.image.function[f].size, one.image.function[f].size);
		ck_assert_uint_eq(one.image.function[f].trap - one.image.function[f].at,
				  whole.image.function[f].trap - whole.image.function[f].at);
	}
}
END_TEST

/* ----------------------------------------------------------- clock block -- */

START_TEST(image_clock_block_is_unseeded)
{
	const uint32_t some = 1u << VDSOGEN_TAI | 1u << VDSOGEN_MONOTONIC;
	struct vdsogen_clock zero = { .clocks = some, .max_age = UINT64_MAX };
	struct test t;

	build(&t, _i, (struct vdsogen_config){ .clocks = some });
	ck_assert_mem_eq(buffer + t.image.clock, &zero, sizeof zero);
}
END_TEST

START_TEST(image_clone_differs_only_in_its_clock_block)
{
	const struct vdsogen_source source = { .hz = 1000000000 };
	const struct vdsogen_sample sample = {
		.before = 1000, .after = 1010,
		.realtime = { 1700000000, 5 }, .monotonic = { 77, 6 }, .boottime = { 78, 7 },
		.raw = { 76, 8 }, .tai_offset = 37
	};
	struct vdsogen_image image;
	struct test t;
	uint32_t end;

	build(&t, _i, (struct vdsogen_config){ 0 });
	memcpy(other, buffer, t.size);
	ck_assert_int_eq(vdsogen_open(other, t.size, &image), 0);
	ck_assert_int_eq(vdsogen_clock_start((struct vdsogen_clock *)(other + image.clock), &source,
					     &sample), 0);
	end = image.clock + (uint32_t)sizeof(struct vdsogen_clock);
	ck_assert_mem_eq(other, buffer, image.clock);
	ck_assert_mem_eq(other + end, buffer + end, t.size - end);
	ck_assert_mem_ne(other + image.clock, buffer + image.clock, sizeof(struct vdsogen_clock));
	ck_assert_int_eq(vdsogen_open(other, t.size, &image), 0);
}
END_TEST

/* ----------------------------------------------------------------- notes -- */

struct note {
	const Elf64_Nhdr *header;
	const char *owner;
	const uint32_t *desc;
};

enum { NOTES_MAX = 8 };

static size_t read_notes(struct note *notes)
{
	Elf64_Phdr *ph = segment(PT_NOTE);
	uint64_t at = ph->p_offset, end = at + ph->p_filesz;
	size_t n = 0;

	for (; at < end; n++) {
		const Elf64_Nhdr *h = (const Elf64_Nhdr *)(buffer + at);

		ck_assert_uint_lt(n, NOTES_MAX);
		at += sizeof *h;
		notes[n] = (struct note){ h, (const char *)buffer + at, NULL };
		at += (h->n_namesz + 3) & ~3u;
		notes[n].desc = (const uint32_t *)(buffer + at);
		at += (h->n_descsz + 3) & ~3u;
		ck_assert_uint_eq(strlen(notes[n].owner) + 1, h->n_namesz);
	}
	ck_assert_uint_eq(at, end);
	return n;
}

static const struct note *find_note(const struct note *notes, size_t n, const char *owner,
				    uint32_t type)
{
	const struct note *found = NULL;

	for (size_t i = 0; i < n; i++)
		if (!strcmp(notes[i].owner, owner) && notes[i].header->n_type == type) {
			ck_assert_msg(!found, "two notes '%s' of type %u", owner, type);
			found = &notes[i];
		}
	ck_assert_msg(found, "no note '%s' of type %u", owner, type);
	return found;
}

static void check_notes(struct test *t)
{
	static const uint32_t abi[] = { ELF_NOTE_OS_LINUX, 2, 6, 39 };
	struct note notes[NOTES_MAX];
	size_t n = read_notes(notes);
	const struct note *note = find_note(notes, n, ELF_NOTE_GNU, NT_GNU_ABI_TAG);

	ck_assert_uint_eq(n, 4 + has_landing_pads(t));
	ck_assert_uint_eq(note->header->n_descsz, sizeof abi);
	ck_assert_mem_eq(note->desc, abi, sizeof abi);
	note = find_note(notes, n, "Linux", 0);
	ck_assert_uint_eq(note->header->n_descsz, sizeof(uint32_t));
	ck_assert_uint_eq(note->desc[0], t->image.config.kernel_version);
	note = find_note(notes, n, ELF_NOTE_GNU, NT_GNU_BUILD_ID);
	ck_assert_uint_eq(note->header->n_descsz, 20);
	note = find_note(notes, n, "vdsogen", 0x100);
	ck_assert_uint_eq(note->desc[0], t->image.layout);
}

/* Each entry but rt_sigreturn's begins with one, and the property says so. */
static void check_landing_pads(struct test *t)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa }, bti_c[] = { 0x5f, 0x24, 0x03, 0xd5 };
	bool x86 = t->facts->machine == EM_X86_64, wanted = has_landing_pads(t);
	const uint32_t property[] = { x86 ? 0xc0000002 : 0xc0000000, 4, x86 ? 3 : 1, 0 };
	Elf64_Phdr *ph = segment(PT_GNU_PROPERTY);

	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++)
		if (t->image.function[f].at)
			ck_assert_int_eq(!memcmp(buffer + t->image.function[f].at,
						 x86 ? endbr64 : bti_c, sizeof bti_c),
					 wanted && f != VDSOGEN_RT_SIGRETURN);
	ck_assert_int_eq(ph != NULL, wanted);
	if (wanted) {
		struct note notes[NOTES_MAX];
		const struct note *note = find_note(notes, read_notes(notes), ELF_NOTE_GNU,
						    NT_GNU_PROPERTY_TYPE_0);

		ck_assert_uint_eq(note->header->n_descsz, sizeof property);
		ck_assert_mem_eq(note->desc, property, sizeof property);
		ck_assert_ptr_eq(note->header, buffer + ph->p_offset);
		ck_assert_uint_eq(ph->p_filesz, sizeof *note->header + 4 + sizeof property);
		ck_assert_uint_eq(ph->p_align, 8);
	}
}

START_TEST(image_landing_pads)
{
	struct test t;

	each_image(_i, check_landing_pads);
	for (uint32_t pads = VDSOGEN_LANDING_PADS_OFF; pads < VDSOGEN_LANDING_PADS; pads++) {
		build(&t, _i, (struct vdsogen_config){ .landing_pads = pads });
		ck_assert_uint_eq(t.image.config.landing_pads, pads);
		check_landing_pads(&t);
	}
	build(&t, _i, (struct vdsogen_config){ 0 });	/* free on x86_64 */
	ck_assert_int_eq(has_landing_pads(&t), t.facts->machine == EM_X86_64);
}
END_TEST

START_TEST(image_notes)
{
	struct test t;

	each_image(_i, check_notes);
	build(&t, _i, (struct vdsogen_config){ .kernel_version = 5 << 16 | 10 << 8 | 3 });
	ck_assert_uint_eq(t.image.config.kernel_version, 5 << 16 | 10 << 8 | 3);
	check_notes(&t);
}
END_TEST

static void build_id(int arch, struct vdsogen_config config, unsigned char id[20])
{
	struct note notes[NOTES_MAX];
	struct test t;

	build(&t, arch, config);
	memcpy(id, find_note(notes, read_notes(notes), ELF_NOTE_GNU, NT_GNU_BUILD_ID)->desc, 20);
}

START_TEST(image_build_ids_differ)
{
	enum { IDS = 2 * (VDSOGEN_OPTIONS + 1) };
	unsigned char id[IDS][20], again[20];

	for (uint32_t i = 0; i < IDS; i++)
		build_id(_i, (struct vdsogen_config){ .options = i / 2,
			 .kernel_version = 6 << 16 | i % 2 << 8 }, id[i]);
	for (unsigned int i = 0; i < IDS; i++)
		for (unsigned int k = 0; k < i; k++)
			ck_assert_mem_ne(id[i], id[k], 20);
	build_id(_i, (struct vdsogen_config){ .kernel_version = 6 << 16 }, again);
	ck_assert_mem_eq(again, id[0], 20);
}
END_TEST

/* --------------------------------------------------------------- dynamic -- */

static void check_dynamic(struct test *t)
{
	Elf64_Phdr *ph = segment(PT_DYNAMIC);
	static const int64_t never[] = {
		DT_REL, DT_RELA, DT_JMPREL, DT_TEXTREL, DT_NEEDED, DT_INIT, DT_FINI, DT_PLTGOT,
		DT_VERNEED, DT_FLAGS, DT_INIT_ARRAY, DT_RPATH, DT_RUNPATH
	};

	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		ck_assert_ptr_null(dynamic(never[i]));
	ck_assert_str_eq(string((uint32_t)dynamic(DT_SONAME)->d_un.d_val), SONAME);
	ck_assert_uint_eq(dynamic(DT_SYMENT)->d_un.d_val, sizeof(Elf64_Sym));
	ck_assert_int_eq(!!dynamic(DT_HASH), has(t, VDSOGEN_OMIT_HASH));
	ck_assert_int_eq(!!dynamic(DT_GNU_HASH), has(t, VDSOGEN_OMIT_GNU_HASH));
	ck_assert_int_eq(!!dynamic(DT_VERSYM), has(t, VDSOGEN_OMIT_VERSIONS));
	ck_assert_int_eq(!!dynamic(DT_VERDEF), has(t, VDSOGEN_OMIT_VERSIONS));
	ck_assert_int_eq(!!dynamic(DT_VERDEFNUM), has(t, VDSOGEN_OMIT_VERSIONS));
	/* DT_NULL is the last entry of the segment */
	ck_assert_ptr_eq(dynamic(DT_NULL),
			 (Elf64_Dyn *)(buffer + ph->p_vaddr + ph->p_memsz) - 1);
	ck_assert_uint_eq(t->image.strsz, dynamic(DT_STRSZ)->d_un.d_val);
	ck_assert_uint_eq(t->image.strtab, dynamic(DT_STRTAB)->d_un.d_ptr);
	ck_assert_uint_eq(t->image.symtab, dynamic(DT_SYMTAB)->d_un.d_ptr);
}

START_TEST(image_dynamic_section)
{
	each_image(_i, check_dynamic);
}
END_TEST

static void check_verdef(const Elf64_Verdef *def, uint16_t flags, uint16_t index, const char *name)
{
	const Elf64_Verdaux *aux = (const Elf64_Verdaux *)((const char *)def + def->vd_aux);

	ck_assert_uint_eq(def->vd_version, VER_DEF_CURRENT);
	ck_assert_uint_eq(def->vd_flags, flags);
	ck_assert_uint_eq(def->vd_ndx, index);
	ck_assert_uint_eq(def->vd_cnt, 1);
	ck_assert_uint_eq(def->vd_hash, finder_sysv_hash(name));
	ck_assert_uint_eq(def->vd_aux, sizeof *def);	/* abseil takes it to be right behind */
	ck_assert_str_eq(string(aux->vda_name), name);
	ck_assert_uint_eq(aux->vda_next, 0);
}

static void check_versions(struct test *t)
{
	const uint16_t *versym;
	const Elf64_Verdef *def;

	if (!has(t, VDSOGEN_OMIT_VERSIONS))
		return;
	def = (const Elf64_Verdef *)(buffer + dynamic(DT_VERDEF)->d_un.d_ptr);
	ck_assert_uint_eq(dynamic(DT_VERDEFNUM)->d_un.d_val, 2);
	check_verdef(def, VER_FLG_BASE, BASE_INDEX, SONAME);
	ck_assert_uint_eq(def->vd_next, sizeof *def + sizeof(Elf64_Verdaux));
	def = (const Elf64_Verdef *)((const char *)def + def->vd_next);
	check_verdef(def, 0, OUR_INDEX, t->facts->version);
	ck_assert_uint_eq(def->vd_hash, t->facts->vd_hash);
	ck_assert_uint_eq(def->vd_next, 0);
	versym = (const uint16_t *)(buffer + dynamic(DT_VERSYM)->d_un.d_ptr);
	ck_assert_uint_eq(versym[0], 0);
	for (uint32_t i = 1; i < t->image.symbols; i++)
		ck_assert_uint_eq(versym[i], OUR_INDEX);
}

START_TEST(image_versions)
{
	each_image(_i, check_versions);
}
END_TEST

/* --------------------------------------------------------------- symbols -- */

static void check_symbol(struct test *t, const Elf64_Sym *sym)
{
	const char *name = string(sym->st_name), *bare = name;
	size_t prefix = strlen(t->facts->prefix);
	bool weak = strncmp(name, t->facts->prefix, prefix) != 0;

	if (!weak)
		bare += prefix;
	ck_assert(!weak || t->facts->bare_names);
	ck_assert_uint_eq(sym->st_info, ELF64_ST_INFO(weak ? STB_WEAK : STB_GLOBAL, STT_FUNC));
	ck_assert_uint_eq(sym->st_other, STV_DEFAULT);
	ck_assert_uint_ne(sym->st_shndx, SHN_UNDEF);
	ck_assert_uint_le((uint64_t)((const unsigned char *)name - buffer) + CRIU_NAME, t->size);
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++)
		if (!strcmp(vdsogen_function_name(f), bare)) {
			ck_assert_uint_eq(sym->st_value, t->image.function[f].at);
			ck_assert_uint_eq(sym->st_size, t->image.function[f].size);
			return;
		}
	ck_abort_msg("unexpected symbol '%s'", name);
}

static void check_symbols(struct test *t)
{
	static const Elf64_Sym null;
	unsigned int functions = (unsigned int)__builtin_popcount(t->image.config.functions);
	Elf64_Shdr *sections = (Elf64_Shdr *)(buffer + header()->e_shoff), *text = section(".text");

	ck_assert_mem_eq(symbols(), &null, sizeof null);
	ck_assert_uint_eq(t->image.symbols, 1 + functions * (t->facts->bare_names ? 2 : 1));
	for (uint32_t i = 1; i < t->image.symbols; i++) {
		const Elf64_Sym *sym = &symbols()[i];

		check_symbol(t, sym);
		for (uint32_t k = 1; k < i; k++)
			ck_assert_str_ne(string(sym->st_name), string(symbols()[k].st_name));
		if (text) {
			ck_assert_ptr_eq(sections + sym->st_shndx, text);
			ck_assert_uint_ge(sym->st_value, text->sh_addr);
			ck_assert_uint_le(sym->st_value + sym->st_size,
					  text->sh_addr + text->sh_size);
		}
	}
}

START_TEST(image_symbols)
{
	each_image(_i, check_symbols);
}
END_TEST

/* libgcc, libunwind and gdb know the signal trampoline by its bytes. */
START_TEST(image_sigreturn_is_the_known_pattern)
{
	static const uint32_t pattern[] = { 0xd2801168, 0xd4000001 }; /* mov x8, #139; svc #0 */
	static const uint32_t nop = 0xd503201f;
	const struct vdsogen_entry *e;
	struct test t;

	build(&t, _i, (struct vdsogen_config){ 0 });
	e = &t.image.function[VDSOGEN_RT_SIGRETURN];
	if (!e->at) {
		ck_assert_str_eq(t.facts->name, "x86_64");
		return;
	}
	ck_assert_mem_eq(buffer + e->at, pattern, sizeof pattern);
	ck_assert_mem_eq(buffer + e->at - sizeof nop, &nop, sizeof nop);
}
END_TEST

/* --------------------------------------------------------------- finders -- */

static enum found expected(const struct test *t, const struct finder *finder, bool right_version)
{
	bool hash = has(t, VDSOGEN_OMIT_HASH), gnu = has(t, VDSOGEN_OMIT_GNU_HASH);
	bool versions = has(t, VDSOGEN_OMIT_VERSIONS);

	if (finder->needs & NEEDS_VERSIONS && !versions)
		return CRASH;
	if ((finder->needs & NEEDS_HASH && !hash) || (finder->needs & NEEDS_GNU_HASH && !gnu) ||
	    (finder->needs & NEEDS_EITHER_HASH && !hash && !gnu) ||
	    (finder->needs & NEEDS_SECTIONS && !has(t, VDSOGEN_OMIT_SECTIONS)))
		return ABSENT;
	return right_version || finder->needs & IGNORES_VERSION || !versions ? FOUND : ABSENT;
}

static void find(const struct test *t, const struct finder *finder, const char *name,
		 const char *version, enum found result, uint64_t where)
{
	uint64_t value = 0;
	enum found found = finder->find(buffer, t->size, name, version, &value);

	ck_assert_msg(found == result, "%s, options %#x, %s@%s: %d, not %d", finder->name,
		      t->config.options, name, version, found, result);
	if (found == FOUND)
		ck_assert_uint_eq(value, where);
}

static void find_absent(const struct test *t, const struct finder *finder)
{
	static const char *const absent[] = {
		"", "time_", "__vdso_getrandom", "__vdso_clock_gettim", "LINUX_2.6", SONAME, "main"
	};
	enum found result = expected(t, finder, true) == CRASH ? CRASH : ABSENT;
	char name[64];

	for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
		find(t, finder, absent[i], t->facts->version, result, 0);
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		snprintf(name, sizeof name, "%s%s", t->facts->other_prefix,
			 vdsogen_function_name(f));
		find(t, finder, name, t->facts->version, result, 0);
	}
}

static void check_finders(struct test *t)
{
	char name[64];

	for (const struct finder *finder = finders; finder->name; finder++) {
		for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
			const struct vdsogen_entry *e = &t->image.function[f];
			bool in = e->at;

			for (int bare = 0; bare <= t->facts->bare_names; bare++) {
				enum found good = expected(t, finder, true);
				enum found wrong = expected(t, finder, false);

				snprintf(name, sizeof name, "%s%s", bare ? "" : t->facts->prefix,
					 vdsogen_function_name(f));
				find(t, finder, name, t->facts->version,
				     in || good == CRASH ? good : ABSENT, e->at);
				find(t, finder, name, "LINUX_9.9",
				     in || wrong == CRASH ? wrong : ABSENT, e->at);
				find(t, finder, name, SONAME,
				     in || wrong == CRASH ? wrong : ABSENT, e->at);
			}
		}
		find_absent(t, finder);
	}
}

START_TEST(image_finders_find_what_is_there)
{
	each_image(_i, check_finders);
}
END_TEST

START_TEST(image_finders_depend_on_what_they_say)
{
	uint64_t value;
	struct test t;
	char name[64];
	Elf64_Verdef *def;

	build(&t, _i, (struct vdsogen_config){ 0 });
	snprintf(name, sizeof name, "%sclock_gettime", t.facts->prefix);
	def = (Elf64_Verdef *)(buffer + dynamic(DT_VERDEF)->d_un.d_ptr);
	def = (Elf64_Verdef *)((char *)def + def->vd_next);
	def->vd_hash ^= 1;
	for (const struct finder *finder = finders; finder->name; finder++) {
		bool by_hash = !strcmp(finder->name, "glibc") || !strcmp(finder->name, "Go") ||
			       !strcmp(finder->name, "kernel selftest");

		find(&t, finder, name, t.facts->version, by_hash ? ABSENT : FOUND,
		     t.image.function[VDSOGEN_CLOCK_GETTIME].at);
	}
	def->vd_hash ^= 1;
	segment(PT_DYNAMIC)->p_flags |= PF_W;
	ck_assert_int_eq(finders[0].find(buffer, t.size, name, t.facts->version, &value), CRASH);
	segment(PT_DYNAMIC)->p_flags = PF_R;
	ck_assert_int_eq(finders[0].find(buffer, t.size, name, t.facts->version, &value), FOUND);
	dynamic(DT_VERSYM)->d_tag = DT_DEBUG;
	ck_assert_int_eq(finders[0].find(buffer, t.size, name, t.facts->version, &value), CRASH);
}
END_TEST

/* The models are worth something only if they read the kernel's own image, too. */
START_TEST(image_finders_read_the_kernels_vdso)
{
#ifdef __x86_64__
	static const char name[] = "__vdso_clock_gettime", version[] = "LINUX_2.6";
#else
	static const char name[] = "__kernel_clock_gettime", version[] = "LINUX_2.6.39";
#endif
	const unsigned char *vdso = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);
	Elf64_Ehdr eh;
	Elf64_Phdr load = { 0 };
	uint64_t value, first = 0;
	int found = 0;

	if (!vdso)
		return;
	memcpy(&eh, vdso, sizeof eh);
	if (eh.e_machine != EM_X86_64 && eh.e_machine != EM_AARCH64)
		return;
	for (unsigned int i = 0; i < eh.e_phnum && load.p_type != PT_LOAD; i++)
		memcpy(&load, vdso + eh.e_phoff + i * sizeof load, sizeof load);
	for (const struct finder *finder = finders; finder->name; finder++) {
		if (finder->needs & NEEDS_SECTIONS ||
		    finder->find(vdso, load.p_memsz, name, version, &value) != FOUND)
			continue;
		ck_assert_uint_lt(value, load.p_memsz);
		if (found++)
			ck_assert_uint_eq(value, first);
		first = value;
		ck_assert_int_eq(finder->find(vdso, load.p_memsz, "__vdso_nothing", version,
					      &value), ABSENT);
	}
	ck_assert_int_ge(found, 3);
}
END_TEST

/* -------------------------------------------------------------- sections -- */

START_TEST(image_sections_say_what_the_dynamic_section_says)
{
	static const struct { const char *name; int64_t tag; uint32_t type; } same[] = {
		{ ".hash", DT_HASH, SHT_HASH }, { ".gnu.hash", DT_GNU_HASH, SHT_GNU_HASH },
		{ ".dynsym", DT_SYMTAB, SHT_DYNSYM }, { ".dynstr", DT_STRTAB, SHT_STRTAB },
		{ ".gnu.version", DT_VERSYM, SHT_GNU_versym },
		{ ".gnu.version_d", DT_VERDEF, SHT_GNU_verdef },
	};
	struct test t;

	for (uint32_t options = 0; options <= VDSOGEN_OPTIONS; options++) {
		build(&t, _i, (struct vdsogen_config){ .options = options });
		for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
			Elf64_Shdr *sh = section(same[i].name);

			if (!has(&t, VDSOGEN_OMIT_SECTIONS)) {
				ck_assert_ptr_null(sh);
				continue;
			}
			ck_assert_int_eq(!!sh, !!dynamic(same[i].tag));
			if (!sh)
				continue;
			ck_assert_uint_eq(sh->sh_type, same[i].type);
			ck_assert_uint_eq(sh->sh_addr, dynamic(same[i].tag)->d_un.d_ptr);
		}
		if (!has(&t, VDSOGEN_OMIT_SECTIONS))
			continue;
		ck_assert_uint_eq(section(".dynamic")->sh_addr, segment(PT_DYNAMIC)->p_vaddr);
		ck_assert_uint_eq(section(".dynamic")->sh_size, segment(PT_DYNAMIC)->p_memsz);
		ck_assert_uint_eq(section(".note")->sh_addr, segment(PT_NOTE)->p_vaddr);
		ck_assert_uint_eq(section(".dynsym")->sh_size, t.image.symbols * sizeof(Elf64_Sym));
		ck_assert_uint_eq(section(".dynstr")->sh_size, t.image.strsz);
	}
}
END_TEST

Suite *image_suite(void)
{
	Suite *suite = suite_create("image");
	TCase *tc = tcase_create("image");
	int n = 0;

	while (vdsogen_arch_at((unsigned int)n))
		n++;
	tcase_add_loop_test(tc, image_file_header, 0, n);
	tcase_add_loop_test(tc, image_segments, 0, n);
	tcase_add_loop_test(tc, image_parts_do_not_overlap, 0, n);
	tcase_add_loop_test(tc, image_tables_are_aligned, 0, n);
	tcase_add_loop_test(tc, image_code_is_far_from_the_clock_block, 0, n);
	tcase_add_loop_test(tc, image_clock_is_where_it_should_be, 0, n);
	tcase_add_loop_test(tc, image_functions_are_apart, 0, n);
	tcase_add_loop_test(tc, image_code_size_does_not_depend_on_tables, 0, n);
	tcase_add_loop_test(tc, image_clock_block_is_unseeded, 0, n);
	tcase_add_loop_test(tc, image_clone_differs_only_in_its_clock_block, 0, n);
	tcase_add_loop_test(tc, image_notes, 0, n);
	tcase_add_loop_test(tc, image_landing_pads, 0, n);
	tcase_add_loop_test(tc, image_build_ids_differ, 0, n);
	tcase_add_loop_test(tc, image_dynamic_section, 0, n);
	tcase_add_loop_test(tc, image_versions, 0, n);
	tcase_add_loop_test(tc, image_symbols, 0, n);
	tcase_add_loop_test(tc, image_sigreturn_is_the_known_pattern, 0, n);
	tcase_add_loop_test(tc, image_finders_find_what_is_there, 0, n);
	tcase_add_loop_test(tc, image_finders_depend_on_what_they_say, 0, n);
	tcase_add_test(tc, image_finders_read_the_kernels_vdso);
	tcase_add_loop_test(tc, image_sections_say_what_the_dynamic_section_says, 0, n);
	suite_add_tcase(suite, tc);
	return suite;
}

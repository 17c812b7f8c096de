/* SPDX-License-Identifier: BSD-2-Clause */
/* vdsogen_open() and vdsogen_symbol(): own images described rightly, all others refused safely. */
#define _GNU_SOURCE
#include <check.h>
#include <elf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "damage.h"
#include "suites.h"
#include "vdsogen.h"

#define ROOM (8 * VDSOGEN_PAGE)
#define ALL_CLOCKS 0x8f3	/* the bits of enum vdsogen_clock_id */
#define EM_X64 62
#define EM_A64 183
#define OWNER "vdsogen"

static _Alignas(VDSOGEN_PAGE) unsigned char buffer[ROOM];

static const struct vdsogen_arch *arch_of(int i)
{
	const struct vdsogen_arch *arch = vdsogen_arch_at((unsigned int)i);

	ck_assert_ptr_nonnull(arch);
	return arch;
}

static size_t build(int arch, const struct vdsogen_config *config)
{
	size_t size = sizeof buffer;

	ck_assert_int_eq(vdsogen_build(arch_of(arch), config, buffer, &size), 0);
	return size;
}

static bool inside(uint64_t at, uint64_t size, uint64_t all)
{
	return at <= all && size <= all - at;
}

static bool good_entry(const struct vdsogen_entry *e, size_t size)
{
	if (!e->at)
		return !e->size && !e->trap && !e->resume;
	return e->size && inside(e->at, e->size, size) && e->trap >= e->at &&
	       e->trap < e->resume && e->resume <= (uint64_t)e->at + e->size;
}

/* A block of data that is inside of the image, or outside of it, as it should be. */
static bool is_placed(const struct vdsogen_image *image, int32_t at, size_t size, uint32_t data)
{
	return data < VDSOGEN_DATA && at % VDSOGEN_ALIGN == 0 &&
	       inside((uint64_t)(int64_t)at, size, image->size) == (data == VDSOGEN_DATA_INSIDE);
}

/* Nothing of the view leads outside [base, base+size). */
static bool is_safe(const struct vdsogen_image *image, const void *base, size_t size)
{
	bool safe = image->base == base && image->size <= size && image->used <= image->size &&
		    image->config.distance <= VDSOGEN_DISTANCE_MAX &&
		    image->config.process_distance <= VDSOGEN_DISTANCE_MAX &&
		    image->config.fallback < VDSOGEN_FALLBACKS &&
		    is_placed(image, image->clock, sizeof(struct vdsogen_clock),
			      image->config.data) &&
		    (!image->random || is_placed(image, image->random, sizeof(struct vdsogen_random),
						 image->config.data)) &&
		    (!image->process || is_placed(image, image->process,
						  sizeof(struct vdsogen_process),
						  image->config.process)) &&
		    inside(image->symtab, (uint64_t)image->symbols * sizeof(Elf64_Sym),
			   image->size) &&
		    image->strsz && inside(image->strtab, image->strsz, image->size) &&
		    !((const char *)base)[image->strtab + image->strsz - 1] &&
		    image->layout == 2 && image->counter_register < 32 &&
		    image->config.counter < VDSOGEN_COUNTERS &&
		    image->config.getcpu < VDSOGEN_GETCPUS &&
		    image->config.landing_pads && image->config.landing_pads < VDSOGEN_LANDING_PADS &&
		    !(image->config.options & ~VDSOGEN_OPTIONS) &&
		    !(image->config.clocks & ~(uint32_t)ALL_CLOCKS);

	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++)
		safe = safe && good_entry(&image->function[f], image->size);
	return safe;
}

/* Whatever is in the bytes: an answer, and a harmless one. */
static int open_safely(const void *base, size_t size)
{
	struct vdsogen_image image, before;
	struct vdsogen_symbol symbol;
	int error;

	memset(&image, 0xa5, sizeof image);
	before = image;
	error = vdsogen_open(base, size, &image);
	if (error) {
		ck_assert_int_lt(error, 0);
		ck_assert_int_gt(error, -VDSOGEN_ERR_MAX);
		ck_assert_mem_eq(&image, &before, sizeof image);
		return -error;
	}
	ck_assert(is_safe(&image, base, size));
	vdsogen_symbol(&image, "__vdso_clock_gettime", &symbol);
	vdsogen_symbol(&image, "", &symbol);
	return 0;
}

/* ------------------------------------------------------------ own images -- */

static bool is_system_call(const struct vdsogen_image *image, const struct vdsogen_entry *e)
{
	static const unsigned char syscall[] = { 0x0f, 0x05 }, svc[] = { 0x01, 0, 0, 0xd4 };
	const unsigned char *code = (const unsigned char *)image->base + e->trap;

	if (image->machine == EM_X64)
		return e->resume - e->trap == sizeof syscall &&
		       !memcmp(code, syscall, sizeof syscall);
	return e->resume - e->trap == sizeof svc && !memcmp(code, svc, sizeof svc);
}

static void describes(int arch, const struct vdsogen_config *config)
{
	size_t size = build(arch, config);
	bool aarch64 = !strcmp(vdsogen_arch_name(arch_of(arch)), "aarch64");
	uint32_t functions = config->functions ? config->functions
			     : vdsogen_arch_functions(arch_of(arch)) & VDSOGEN_DEFAULT_FUNCTIONS;
	struct vdsogen_image image;

	ck_assert_int_eq(vdsogen_open(buffer, size, &image), 0);
	ck_assert(is_safe(&image, buffer, size));
	ck_assert_uint_eq(image.size, size);
	ck_assert_uint_eq(image.machine, aarch64 ? EM_A64 : EM_X64);
	ck_assert_uint_eq(image.config.functions, functions);
	ck_assert_uint_eq(image.config.clocks, config->clocks ? config->clocks : ALL_CLOCKS);
	ck_assert_uint_eq(image.config.counter, config->counter);
	ck_assert_uint_eq(image.config.getcpu, config->getcpu);
	if (config->landing_pads)
		ck_assert_uint_eq(image.config.landing_pads, config->landing_pads);
	ck_assert_uint_eq(image.config.options, config->options);
	ck_assert_uint_eq(image.config.kernel_version,
			  config->kernel_version ? config->kernel_version : 0x60100);
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		ck_assert_int_eq(!!image.function[f].at, functions >> f & 1);
		if (image.function[f].at)
			ck_assert_msg(is_system_call(&image, &image.function[f]),
				      "%s: no system call at trap", vdsogen_function_name(f));
	}
}

START_TEST(open_describes_every_option_set)
{
	for (uint32_t options = 0; options <= VDSOGEN_OPTIONS; options++)
		for (uint32_t counter = 0; counter < VDSOGEN_COUNTERS; counter++) {
			const struct vdsogen_config config = { .options = options,
							       .counter = counter };

			describes(_i, &config);
		}
}
END_TEST

/* All sets of the first functions, beside each of the others, none and all. */
START_TEST(open_describes_every_function_set)
{
	const uint32_t has = vdsogen_arch_functions(arch_of(_i));

	for (unsigned int f = VDSOGEN_RT_SIGRETURN; f <= VDSOGEN_FUNCTIONS; f++)
		for (uint32_t set = 0; set <= VDSOGEN_DEFAULT_FUNCTIONS; set++) {
			struct vdsogen_config config = { .kernel_version = 1 + set,
							 .getcpu = VDSOGEN_GETCPU_ZERO };

			config.functions = has & (set | (f < VDSOGEN_FUNCTIONS ? 1u << f :
							 ~VDSOGEN_DEFAULT_FUNCTIONS));
			if (config.functions)
				describes(_i, &config);
		}
}
END_TEST

START_TEST(open_describes_every_clock_set)
{
	for (uint32_t set = ALL_CLOCKS; set; set = (set - 1) & ALL_CLOCKS) {
		const struct vdsogen_config config = { .clocks = set };

		describes(_i, &config);
	}
}
END_TEST

START_TEST(open_needs_no_alignment)
{
	size_t size = build(_i, NULL);
	struct vdsogen_image image;

	for (size_t shift = 1; shift < VDSOGEN_ALIGN; shift++) {
		memmove(buffer + shift, buffer + shift - 1, size);
		ck_assert_int_eq(vdsogen_open(buffer + shift, size, &image), 0);
		ck_assert(is_safe(&image, buffer + shift, size));
	}
}
END_TEST

START_TEST(open_ignores_what_follows_the_image)
{
	size_t size = build(_i, NULL);
	struct vdsogen_image image;

	memset(buffer + size, 0xa5, sizeof buffer - size);
	ck_assert_int_eq(vdsogen_open(buffer, sizeof buffer, &image), 0);
	ck_assert_uint_eq(image.size, size);
}
END_TEST

START_TEST(open_symbols_are_where_the_functions_are)
{
	bool x64 = !strcmp(vdsogen_arch_name(arch_of(_i)), "x86_64");
	struct vdsogen_image image;
	size_t size = build(_i, NULL);

	ck_assert_int_eq(vdsogen_open(buffer, size, &image), 0);
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		char name[40] = "__kernel_";
		struct vdsogen_symbol symbol;

		if (!image.function[f].at)
			continue;
		strcat(strcpy(name, x64 ? "__vdso_" : "__kernel_"), vdsogen_function_name(f));
		ck_assert_int_eq(vdsogen_symbol(&image, name, &symbol), 0);
		ck_assert_uint_eq(symbol.value, image.function[f].at);
		ck_assert_uint_eq(symbol.size, image.function[f].size);
		ck_assert_int_eq(vdsogen_symbol(&image, vdsogen_function_name(f), &symbol),
				 x64 ? 0 : -VDSOGEN_ERR_NOSYMBOL);
	}
}
END_TEST

START_TEST(open_absent_symbols_are_not_found)
{
	static const char *const names[] = {
		"", "_", "clock_gettim", "clock_gettimee", "__vdso_", "vdso_time", "LINUX_2.6",
		"linux-vdso.so.1", "__vdso_rt_sigreturn", "rt_sigreturn"
	};
	struct vdsogen_image image;
	struct vdsogen_symbol symbol = { 1, 2 };
	size_t size = build(_i, NULL);

	ck_assert_int_eq(vdsogen_open(buffer, size, &image), 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ck_assert_int_eq(vdsogen_symbol(&image, names[i], &symbol), -VDSOGEN_ERR_NOSYMBOL);
	ck_assert_uint_eq(symbol.value, 1);
	ck_assert_uint_eq(symbol.size, 2);
}
END_TEST

/* ---------------------------------------------------------------- damage -- */

START_TEST(open_every_truncation_is_refused)
{
	size_t size = build(_i, NULL);

	for (size_t cut = 0; cut < size; cut++) {
		unsigned char *edge = at_the_edge(buffer, cut);
		int error = open_safely(edge, cut);

		ck_assert_msg(error == VDSOGEN_ERR_TRUNCATED ||
			      (error == VDSOGEN_ERR_NOTELF && cut < sizeof(Elf64_Ehdr)),
			      "cut at %zu: %s", cut, vdsogen_strerror(error));
		let_go(edge, cut);
	}
}
END_TEST

static void open_damaged(const unsigned char *image, size_t size, int arch)
{
	(void)arch;
	open_safely(image, size);
}

START_TEST(open_every_changed_byte_is_survived)
{
	const struct vdsogen_config bare = { .options = VDSOGEN_OMIT_SECTIONS | VDSOGEN_OMIT_HASH };
	size_t size = build(_i, NULL);

	change_each_byte(buffer, size, open_damaged, _i);
	ck_assert_uint_eq(build(_i, &bare), size);
	change_each_byte(buffer, size, open_damaged, _i);
}
END_TEST

START_TEST(open_every_extreme_word_is_survived)
{
	size_t size = build(_i, NULL);

	change_each_word(buffer, size, open_damaged, _i);
}
END_TEST

/* ---------------------------------------------------------------- errors -- */

static int error_of(size_t size)
{
	return open_safely(buffer, size);
}

static Elf64_Phdr *program_header(uint32_t type)
{
	Elf64_Ehdr *eh = (Elf64_Ehdr *)buffer;
	Elf64_Phdr *ph = (Elf64_Phdr *)(buffer + eh->e_phoff);

	for (unsigned int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == type)
			return &ph[i];
	ck_abort_msg("no program header of type %u", type);
}

/* The descriptor of the library's own note, and its header. */
static uint32_t *own_note(Elf64_Nhdr **header)
{
	Elf64_Phdr *ph = program_header(PT_NOTE);
	unsigned char *p = buffer + ph->p_offset, *end = p + ph->p_filesz;

	while (p < end) {
		Elf64_Nhdr *n = (Elf64_Nhdr *)p;
		unsigned char *owner = p + sizeof *n, *desc = owner + ((n->n_namesz + 3) & ~3u);

		*header = n;
		if (!strcmp((char *)owner, OWNER))
			return (uint32_t *)desc;
		p = desc + ((n->n_descsz + 3) & ~3u);
	}
	ck_abort_msg("no note of %s", OWNER);
}

START_TEST(open_refuses_what_is_no_elf)
{
	Elf64_Ehdr *eh = (Elf64_Ehdr *)buffer;
	size_t size = build(_i, NULL);

	eh->e_type = ET_EXEC;
	ck_assert_int_eq(error_of(size), VDSOGEN_ERR_NOTELF);
	build(_i, NULL);
	eh->e_ident[EI_CLASS] = ELFCLASS32;
	ck_assert_int_eq(error_of(size), VDSOGEN_ERR_NOTELF);
	build(_i, NULL);
	eh->e_ident[EI_DATA] = ELFDATA2MSB;
	ck_assert_int_eq(error_of(size), VDSOGEN_ERR_NOTELF);
	build(_i, NULL);
	eh->e_ident[EI_MAG0] = 0;
	ck_assert_int_eq(error_of(size), VDSOGEN_ERR_NOTELF);
	memset(buffer, 0, sizeof buffer);
	ck_assert_int_eq(error_of(sizeof buffer), VDSOGEN_ERR_NOTELF);
	ck_assert_int_eq(error_of(0), VDSOGEN_ERR_NOTELF);
}
END_TEST

START_TEST(open_refuses_headers_that_point_outside)
{
	Elf64_Ehdr *eh = (Elf64_Ehdr *)buffer;
	size_t size = build(_i, NULL);

	eh->e_phoff = size - sizeof(Elf64_Phdr);
	ck_assert_int_eq(error_of(size), VDSOGEN_ERR_TRUNCATED);
	build(_i, NULL);
	program_header(PT_LOAD)->p_filesz = size + 1;
	ck_assert_int_eq(error_of(size), VDSOGEN_ERR_TRUNCATED);
	build(_i, NULL);
	program_header(PT_NOTE)->p_offset = UINT64_MAX;
	ck_assert_int_eq(error_of(size), VDSOGEN_ERR_TRUNCATED);
}
END_TEST

START_TEST(open_refuses_images_without_our_note)
{
	Elf64_Nhdr *note;
	size_t size = build(_i, NULL);

	own_note(&note);
	note->n_type++;
	ck_assert_int_eq(error_of(size), VDSOGEN_ERR_FOREIGN);
	build(_i, NULL);
	program_header(PT_NOTE)->p_type = PT_NULL;
	ck_assert_int_eq(error_of(size), VDSOGEN_ERR_FOREIGN);
	build(_i, NULL);
	own_note(&note);
	((char *)(note + 1))[0] ^= 1;
	ck_assert_int_eq(error_of(size), VDSOGEN_ERR_FOREIGN);
}
END_TEST

/* Our note's start at the very end of the image, its descriptor outside. */
START_TEST(open_refuses_a_note_that_leaves_its_segment)
{
	Elf64_Nhdr *note;
	size_t size = build(_i, NULL);
	unsigned char *edge = at_the_edge(buffer, size);

	own_note(&note);
	for (size_t part = 0; part < 64; part += 4) {
		Elf64_Phdr *ph;

		build(_i, NULL);
		ph = program_header(PT_NOTE);
		memmove(buffer + size - part, note, part);
		ph->p_offset = size - part;
		ph->p_filesz = part;
		memcpy(edge, buffer, size);
		ck_assert_int_eq(open_safely(edge, size), VDSOGEN_ERR_FOREIGN);
	}
	let_go(edge, size);
}
END_TEST

START_TEST(open_refuses_other_layouts)
{
	Elf64_Nhdr *note;
	size_t size = build(_i, NULL);

	own_note(&note)[0]++;
	ck_assert_int_eq(error_of(size), VDSOGEN_ERR_LAYOUT);
	own_note(&note)[0] = 0;
	ck_assert_int_eq(error_of(size), VDSOGEN_ERR_LAYOUT);
}
END_TEST

START_TEST(open_refuses_a_note_with_a_lie_in_any_word)
{
	Elf64_Nhdr *note;
	size_t size = build(_i, NULL);
	size_t words, refused = 0;

	own_note(&note);
	words = note->n_descsz / sizeof(uint32_t);
	for (size_t i = 1; i < words; i++) {
		build(_i, NULL);
		own_note(&note)[i] = UINT32_MAX;
		refused += error_of(size) == VDSOGEN_ERR_DAMAGED;
	}
	/* any number is a kernel version */
	ck_assert_uint_ge(refused, words - 2);
}
END_TEST

/* Two blocks outside of the image, moved to one place in all that is said of them. */
START_TEST(open_refuses_blocks_that_meet)
{
	const struct vdsogen_config config = {
		.functions = vdsogen_arch_functions(arch_of(_i)), .data = VDSOGEN_DATA_AFTER,
		.process = VDSOGEN_DATA_AFTER, .process_distance = VDSOGEN_DISTANCE_MAX,
	};
	Elf64_Nhdr *note;
	size_t size = build(_i, &config), moved = 0;
	uint32_t *word = own_note(&note);

	for (size_t i = 0; i < note->n_descsz / sizeof *word; i++)
		if (word[i] == VDSOGEN_DISTANCE_MAX) {
			word[i] = (uint32_t)size;
			moved++;
		}
	ck_assert_uint_eq(moved, 2);
	ck_assert_int_eq(error_of(size), VDSOGEN_ERR_DAMAGED);
}
END_TEST

START_TEST(open_refuses_contradictions)
{
	Elf64_Ehdr *eh = (Elf64_Ehdr *)buffer;
	size_t size = build(_i, NULL);

	program_header(PT_DYNAMIC)->p_type = PT_NULL;
	ck_assert_int_eq(error_of(size), VDSOGEN_ERR_DAMAGED);
	build(_i, NULL);
	program_header(PT_LOAD)->p_type = PT_NULL;
	ck_assert_int_eq(error_of(size), VDSOGEN_ERR_DAMAGED);
	build(_i, NULL);
	eh->e_phentsize--;
	ck_assert_int_eq(error_of(size), VDSOGEN_ERR_DAMAGED);
	build(_i, NULL);
	program_header(PT_LOAD)->p_filesz -= 1;
	ck_assert_int_eq(error_of(size), VDSOGEN_ERR_DAMAGED);
}
END_TEST

START_TEST(open_calls_the_kernels_vdso_foreign)
{
	const unsigned char *vdso = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)vdso;
	uint64_t size = 0;

	if (!vdso)
		return;
	for (unsigned int i = 0; i < eh->e_phnum; i++) {
		Elf64_Phdr ph;

		memcpy(&ph, vdso + eh->e_phoff + i * sizeof ph, sizeof ph);
		if (ph.p_type == PT_LOAD)
			size = ph.p_offset + ph.p_filesz;
	}
	ck_assert_int_eq(open_safely(vdso, (size_t)size), VDSOGEN_ERR_FOREIGN);
}
END_TEST

Suite *open_suite(void)
{
	Suite *suite = suite_create("open");
	TCase *own = tcase_create("own"), *damage = tcase_create("damage");
	TCase *errors = tcase_create("errors");
	int n = 0;

	while (vdsogen_arch_at((unsigned int)n))
		n++;
	tcase_add_loop_test(own, open_describes_every_option_set, 0, n);
	tcase_add_loop_test(own, open_describes_every_function_set, 0, n);
	tcase_add_loop_test(own, open_describes_every_clock_set, 0, n);
	tcase_add_loop_test(own, open_needs_no_alignment, 0, n);
	tcase_add_loop_test(own, open_ignores_what_follows_the_image, 0, n);
	tcase_add_loop_test(own, open_symbols_are_where_the_functions_are, 0, n);
	tcase_add_loop_test(own, open_absent_symbols_are_not_found, 0, n);
	suite_add_tcase(suite, own);
	tcase_add_loop_test(damage, open_every_truncation_is_refused, 0, n);
	tcase_add_loop_test(damage, open_every_changed_byte_is_survived, 0, n);
	tcase_add_loop_test(damage, open_every_extreme_word_is_survived, 0, n);
	tcase_set_timeout(damage, 60);
	suite_add_tcase(suite, damage);
	tcase_add_loop_test(errors, open_refuses_what_is_no_elf, 0, n);
	tcase_add_loop_test(errors, open_refuses_headers_that_point_outside, 0, n);
	tcase_add_loop_test(errors, open_refuses_images_without_our_note, 0, n);
	tcase_add_loop_test(errors, open_refuses_a_note_that_leaves_its_segment, 0, n);
	tcase_add_loop_test(errors, open_refuses_other_layouts, 0, n);
	tcase_add_loop_test(errors, open_refuses_a_note_with_a_lie_in_any_word, 0, n);
	tcase_add_loop_test(errors, open_refuses_blocks_that_meet, 0, n);
	tcase_add_loop_test(errors, open_refuses_contradictions, 0, n);
	tcase_add_test(errors, open_calls_the_kernels_vdso_foreign);
	suite_add_tcase(suite, errors);
	return suite;
}

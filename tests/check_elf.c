/* SPDX-License-Identifier: BSD-2-Clause */
/* The loader's reading of programs: crafted ones that break one rule each, and real ones. */
#define _GNU_SOURCE
#include <check.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf.h"
#include "runner-suites.h"

#define PAGE 0x1000u
#define TEXT 0x400000u
#define DATA 0x402000u
#define LIMIT 0x7ffffffff000u
#define COUNT(array) (sizeof (array) / sizeof *(array))

static const struct elf_machine x86_64 = { .number = EM_X86_64, .name = "x86_64", .page = PAGE };
static const struct elf_machine aarch64 = { .number = EM_AARCH64, .name = "aarch64", .page = PAGE };
static const struct elf_room everywhere = { .limit = { LIMIT } };

/* -------------------------------------------------- a file to be spoiled -- */

enum { INTERP, FIRST, SECOND, STACK, SPARE, HEADERS = 8, PAGES = 3 };

struct crafted {
	Elf64_Ehdr file;
	Elf64_Phdr header[HEADERS];
	char path[32];
	uint8_t rest[PAGES * PAGE - sizeof(Elf64_Ehdr) - HEADERS * sizeof(Elf64_Phdr) - 32];
};

static const char interpreter[] = "/lib/ld.so";

/* Code and headers, data with a bss, an interpreter: what a linker makes. */
static struct crafted good_file(void)
{
	struct crafted c = {
		.file = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			.e_entry = TEXT + 0x800, .e_phoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = HEADERS,
		},
		.header = {
			[INTERP] = { .p_type = PT_INTERP, .p_offset = offsetof(struct crafted, path),
				     .p_filesz = sizeof interpreter },
			[FIRST] = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = TEXT,
				    .p_filesz = PAGE, .p_memsz = PAGE, .p_align = PAGE },
			[SECOND] = { .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = PAGE + 8,
				     .p_vaddr = DATA + 8, .p_filesz = PAGE - 8,
				     .p_memsz = PAGE + 100, .p_align = PAGE },
			[STACK] = { .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W },
		},
	};

	memcpy(c.path, interpreter, sizeof interpreter);
	return c;
}

/* A block of just that size: valgrind and sanitizers know its end. */
static int read_exact(struct elf *elf, const void *bytes, size_t size,
		      struct runner_error *error)
{
	uint8_t *exact = malloc(size ? size : 1);
	struct elf_source source = { .bytes = exact, .size = size };
	int status;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, bytes, size);
	status = elf_read(elf, &source, &x86_64, error);
	free(exact);
	return status;
}

static int read_descriptor(struct elf *elf, const void *bytes, size_t size,
			   struct runner_error *error)
{
	struct elf_source source = { .fd = memfd_create("crafted", MFD_CLOEXEC) };
	int status;

	ck_assert_int_ge(source.fd, 0);
	ck_assert_int_eq(write(source.fd, bytes, size), (ssize_t)size);
	status = elf_read(elf, &source, &x86_64, error);
	close(source.fd);
	return status;
}

/* A text that says something, of which nothing was cut off. */
static void expect_text(const struct runner_error *error, const char *part)
{
	ck_assert_msg(strstr(error->text, part), "'%s' is not in '%s'", part, error->text);
	ck_assert_uint_lt(strlen(error->text), sizeof error->text - 1);
	ck_assert_msg(strchr(error->text, ':'), "no way out in '%s'", error->text);
}

/* From bytes and from a descriptor the same. */
static void expect_refusal(const struct crafted *c, size_t size, int number, const char *part)
{
	struct runner_error from_bytes, from_fd;
	static struct elf elf;

	ck_assert_int_eq(read_exact(&elf, c, size, &from_bytes), -number);
	ck_assert_int_eq(from_bytes.number, number);
	expect_text(&from_bytes, part);
	ck_assert_int_eq(read_descriptor(&elf, c, size, &from_fd), -number);
	ck_assert_str_eq(from_fd.text, from_bytes.text);
}

static struct elf *expect_good(const struct crafted *c)
{
	static struct elf elf, again;
	struct runner_error error = { .number = 0 };

	memset(&again, 0x5a, sizeof again);
	ck_assert_msg(!read_exact(&elf, c, sizeof *c, &error), "%s", error.text);
	ck_assert_int_eq(read_descriptor(&again, c, sizeof *c, &error), 0);
	ck_assert_mem_eq(&elf, &again, sizeof elf);
	return &elf;
}

START_TEST(elf_good_file_is_read)
{
	struct crafted c = good_file();
	const struct elf *elf = expect_good(&c);

	ck_assert(!elf->movable && !elf->exec_stack && elf->has_interpreter);
	ck_assert_str_eq(elf->interpreter, interpreter);
	ck_assert_uint_eq(elf->headers, HEADERS);
	ck_assert_uint_eq(elf->loads, 2);
	ck_assert_uint_eq(elf->align, PAGE);
	ck_assert_uint_eq(elf->low, TEXT);
	ck_assert_uint_eq(elf->high, DATA + 2 * PAGE);
	ck_assert_uint_eq(elf->entry, TEXT + 0x800);
	ck_assert_uint_eq(elf->phdr, TEXT + sizeof(Elf64_Ehdr));
	ck_assert_uint_eq(elf->load[0].prot, GUEST_READ | GUEST_EXEC);
	ck_assert_uint_eq(elf->load[1].prot, GUEST_READ | GUEST_WRITE);
	ck_assert_uint_eq(elf->load[1].offset, PAGE + 8);
	ck_assert_uint_eq(elf->load[1].filesz, PAGE - 8);
	ck_assert_uint_eq(elf->load[1].memsz, PAGE + 100);
	ck_assert_uint_eq(elf->load[1].header, SECOND);
}
END_TEST

/* ------------------------------------------------------------- guards -- */

#define SPOIL(name, ...) static void name(struct crafted *c) { __VA_ARGS__; }
SPOIL(bad_magic, c->file.e_ident[EI_MAG2] = 'l')
SPOIL(is_32_bit, c->file.e_ident[EI_CLASS] = ELFCLASS32)
SPOIL(no_class, c->file.e_ident[EI_CLASS] = ELFCLASSNONE)
SPOIL(big_endian, c->file.e_ident[EI_DATA] = ELFDATA2MSB)
SPOIL(other_machine, c->file.e_machine = EM_AARCH64)
SPOIL(object_file, c->file.e_type = ET_REL)
SPOIL(core_file, c->file.e_type = ET_CORE)
SPOIL(header_size, c->file.e_phentsize = sizeof(Elf64_Phdr) + 8)
SPOIL(no_headers, c->file.e_phnum = 0)
SPOIL(many_headers, c->file.e_phnum = ELF_HEADERS_MAX + 1)
SPOIL(extended_headers, c->file.e_phnum = PN_XNUM)
SPOIL(headers_at_end, c->file.e_phoff = sizeof *c - HEADERS * sizeof(Elf64_Phdr) + 1)
SPOIL(headers_beyond, c->file.e_phoff = sizeof *c + 1)
SPOIL(headers_overflow, c->file.e_phoff = UINT64_MAX - 63)
SPOIL(nothing_to_load, c->header[FIRST].p_type = c->header[SECOND].p_type = PT_NULL)
SPOIL(all_empty, c->header[FIRST].p_filesz = c->header[FIRST].p_memsz = 0;
      c->header[SECOND].p_filesz = c->header[SECOND].p_memsz = 0)
SPOIL(shrinks, c->header[SECOND].p_memsz = c->header[SECOND].p_filesz - 1)
SPOIL(shrinks_to_nothing, c->header[SECOND].p_memsz = 0)
SPOIL(file_cut, c->header[SECOND].p_offset += PAGE; c->header[SECOND].p_filesz += 1)
SPOIL(file_beyond, c->header[SECOND].p_offset = sizeof *c + PAGE + 8)
SPOIL(file_overflow, c->header[SECOND].p_offset = UINT64_MAX - PAGE + 9)
SPOIL(memory_overflow, c->header[SECOND].p_memsz = UINT64_MAX - DATA)
SPOIL(memory_at_end, c->header[SECOND].p_memsz = UINT64_MAX - DATA - 8 - 100)
SPOIL(address_at_end, c->header[SECOND].p_vaddr = UINT64_MAX - PAGE + 9)
SPOIL(align_no_power, c->header[FIRST].p_align = 3 * PAGE)
SPOIL(align_huge, c->header[FIRST].p_align = 2ull * ELF_ALIGN_MAX)
SPOIL(align_top, c->header[FIRST].p_align = 1ull << 63)
SPOIL(not_congruent, c->header[SECOND].p_vaddr += 8)
SPOIL(share_page, c->header[SECOND].p_vaddr = TEXT + PAGE - 8 - 100;
      c->header[SECOND].p_offset = PAGE - 8 - 100)
SPOIL(bss_shares_page, c->header[FIRST].p_memsz = DATA - TEXT + 1)
SPOIL(same_place, c->header[SPARE] = c->header[FIRST])
SPOIL(inside, c->header[FIRST].p_memsz = 16 * PAGE)
SPOIL(path_short, c->header[INTERP].p_filesz = 1)
SPOIL(path_none, c->header[INTERP].p_filesz = 0)
SPOIL(path_long, c->header[INTERP].p_filesz = ELF_INTERPRETER_MAX + 1)
SPOIL(path_beyond, c->header[INTERP].p_offset = sizeof *c - sizeof interpreter + 1)
SPOIL(path_overflow, c->header[INTERP].p_offset = UINT64_MAX - 1)
SPOIL(path_unended, c->header[INTERP].p_filesz--)
SPOIL(entry_outside, c->file.e_entry = TEXT + PAGE)
SPOIL(entry_before, c->file.e_entry = TEXT - 1)
SPOIL(entry_in_data, c->file.e_entry = DATA + 8)
SPOIL(entry_nowhere, c->file.e_entry = 0)

static const struct {
	void (*spoil)(struct crafted *c);
	int number;
	const char *text;
} guards[] = {
	{ bad_magic, ENOEXEC, "not an ELF file" },
	{ is_32_bit, ENOEXEC, "32-bit program" },
	{ no_class, ENOEXEC, "class is 0" },
	{ big_endian, ENOEXEC, "byte order is 2" },
	{ other_machine, ENOEXEC, "machine 183, and the guest is x86_64 (62)" },
	{ object_file, ENOEXEC, "link it first" },
	{ core_file, ENOEXEC, "type is 4" },
	{ header_size, EINVAL, "has 64 bytes, not 56" },
	{ no_headers, ENOEXEC, "no program headers" },
	{ many_headers, EINVAL, "1171 program headers, and no more than 1170" },
	{ extended_headers, EINVAL, "65535 program headers" },
	{ headers_at_end, EINVAL, "8 program headers from 0x2e41" },
	{ headers_beyond, EINVAL, "8 program headers from 0x3001" },
	{ headers_overflow, EINVAL, "8 program headers from 0xffffffffffffffc0" },
	{ nothing_to_load, EINVAL, "none is of a segment" },
	{ all_empty, EINVAL, "none is of a segment" },
	{ shrinks, EINVAL, "header 2 has 0xff8 bytes in the file and 0xff7 in memory" },
	{ shrinks_to_nothing, EINVAL, "0xff8 bytes in the file and 0x0 in memory" },
	{ file_cut, EINVAL, "header 2 is 0xff9 bytes from 0x2008, and the file has 0x3000" },
	{ file_beyond, EINVAL, "from 0x4008, and the file has 0x3000" },
	{ file_overflow, EINVAL, "from 0xfffffffffffff008" },
	{ memory_overflow, EINVAL, "beyond the last address" },
	{ memory_at_end, EINVAL, "beyond the last address" },
	{ address_at_end, EINVAL, "at 0xfffffffffffff008, beyond the last address" },
	{ align_no_power, EINVAL, "aligned to 0x3000" },
	{ align_huge, EINVAL, "aligned to 0x80000000" },
	{ align_top, EINVAL, "aligned to 0x8000000000000000" },
	{ not_congruent, EINVAL, "from 0x1008 to 0x402010" },
	{ share_page, EINVAL, "1 and 2 overlap in the page at 0x400000" },
	{ bss_shares_page, EINVAL, "1 and 2 overlap in the page at 0x402000" },
	{ same_place, EINVAL, "1 and 4 overlap" },
	{ inside, EINVAL, "1 and 2 overlap" },
	{ path_short, EINVAL, "has 0x1 bytes, not 2 to 4096" },
	{ path_none, EINVAL, "has 0x0 bytes" },
	{ path_long, EINVAL, "has 0x1001 bytes" },
	{ path_beyond, EINVAL, "header 0 is 0xb bytes at 0x2ff6, and the file has 0x3000" },
	{ path_overflow, EINVAL, "at 0xfffffffffffffffe" },
	{ path_unended, EINVAL, "does not end in a NUL" },
	{ entry_outside, EINVAL, "would be at 0x401000" },
	{ entry_before, EINVAL, "would be at 0x3fffff" },
	{ entry_in_data, EINVAL, "would be at 0x402008" },
	{ entry_nowhere, EINVAL, "would be at 0x0" },
};

START_TEST(elf_every_guard_refuses)
{
	struct crafted c = good_file();

	guards[_i].spoil(&c);
	expect_refusal(&c, sizeof c, guards[_i].number, guards[_i].text);
}
END_TEST

/* Wherever it ends: never good, since its data ends with the file. */
START_TEST(elf_every_shorter_file_is_refused)
{
	struct crafted c = good_file();
	struct runner_error error;
	static struct elf elf;
	size_t end = 2 * PAGE;	/* of its data */

	ck_assert_int_eq(read_exact(&elf, &c, end, &error), 0);
	for (size_t size = 0; size < end; size++) {
		ck_assert_int_lt(read_exact(&elf, &c, size, &error), 0);
		ck_assert_int_eq(error.number, size < sizeof c.file ? ENOEXEC : EINVAL);
	}
}
END_TEST

START_TEST(elf_too_many_segments_are_refused)
{
	static struct {
		struct crafted c;
		Elf64_Phdr header[ELF_SEGMENTS_MAX + 1];
	} big;
	struct elf_source source = { .bytes = &big, .size = sizeof big };
	struct runner_error error;
	static struct elf elf;

	big.c = good_file();
	big.c.file.e_phoff = offsetof(__typeof__(big), header);
	big.c.file.e_phnum = ELF_SEGMENTS_MAX;
	for (unsigned int i = 0; i <= ELF_SEGMENTS_MAX; i++)
		big.header[i] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X,
					      .p_vaddr = TEXT + i * PAGE, .p_memsz = 1 };
	big.c.file.e_entry = TEXT;
	ck_assert_msg(!elf_read(&elf, &source, &x86_64, &error), "%s", error.text);
	ck_assert_uint_eq(elf.loads, ELF_SEGMENTS_MAX);
	big.c.file.e_phnum++;
	ck_assert_int_eq(elf_read(&elf, &source, &x86_64, &error), -EINVAL);
	expect_text(&error, "more than 128 segments");
}
END_TEST

START_TEST(elf_descriptor_must_be_of_a_file)
{
	struct elf_source source = { .fd = open("/", O_RDONLY | O_CLOEXEC) };
	struct runner_error error;
	static struct elf elf;

	ck_assert_int_eq(elf_read(&elf, &source, &x86_64, &error), -EACCES);
	expect_text(&error, "not a regular file");
	close(source.fd);
	ck_assert_int_eq(elf_read(&elf, &source, &x86_64, &error), -EBADF);
	source.fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	ck_assert_int_eq(elf_read(&elf, &source, &x86_64, &error), -EBADF);
	expect_text(&error, "reading at 0x0");
	close(source.fd);
}
END_TEST

/* ------------------------------------------------- what is allowed -- */

START_TEST(elf_empty_segment_is_ignored)
{
	struct crafted c = good_file();
	const struct elf *elf;

	c.header[SPARE] = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_vaddr = UINT64_MAX, .p_offset = UINT64_MAX, .p_align = 3,
	};
	elf = expect_good(&c);
	ck_assert_uint_eq(elf->loads, 2);
	ck_assert_uint_eq(elf->high, DATA + 2 * PAGE);
}
END_TEST

START_TEST(elf_order_of_headers_is_free)
{
	struct crafted c = good_file();
	Elf64_Phdr first = c.header[FIRST];
	const struct elf *elf;

	c.header[FIRST] = c.header[SECOND];
	c.header[SECOND] = first;
	c.header[SPARE] = first;
	c.header[SPARE].p_vaddr = DATA - PAGE;
	elf = expect_good(&c);
	ck_assert_uint_eq(elf->loads, 3);
	ck_assert_uint_eq(elf->load[0].address, TEXT);
	ck_assert_uint_eq(elf->load[0].header, SECOND);
	ck_assert_uint_eq(elf->load[1].address, DATA - PAGE);
	ck_assert_uint_eq(elf->load[2].address, DATA + 8);
	ck_assert_uint_eq(elf->phdr, DATA - PAGE + sizeof c.file);	/* of both, the last header's */
	ck_assert_uint_eq(elf->low, TEXT);
	ck_assert_uint_eq(elf->high, DATA + 2 * PAGE);
}
END_TEST

/* As of a linker script: all of it is memory, and its place in the file means nothing. */
START_TEST(elf_bss_alone_needs_no_file)
{
	struct crafted c = good_file();
	const struct elf *elf;

	c.header[SECOND].p_filesz = 0;
	c.header[SECOND].p_offset = UINT64_MAX - 3;
	elf = expect_good(&c);
	ck_assert_uint_eq(elf->loads, 2);
	ck_assert_uint_eq(elf->load[1].memsz, PAGE + 100);
}
END_TEST

START_TEST(elf_stack_is_executable_if_asked)
{
	struct crafted c = good_file();

	c.header[STACK].p_flags |= PF_X;
	ck_assert(expect_good(&c)->exec_stack);
	c.header[STACK].p_type = PT_NULL;
	ck_assert(!expect_good(&c)->exec_stack);
}
END_TEST

START_TEST(elf_first_interpreter_counts)
{
	struct crafted c = good_file();

	c.header[SPARE] = c.header[INTERP];
	c.header[SPARE].p_offset++;
	c.header[SPARE].p_filesz--;
	ck_assert_str_eq(expect_good(&c)->interpreter, interpreter);
	c.header[INTERP].p_type = c.header[SPARE].p_type = PT_NULL;
	ck_assert(!expect_good(&c)->has_interpreter);
	ck_assert_str_eq(expect_good(&c)->interpreter, "");
}
END_TEST

static struct elf_plan *expect_place(const struct elf *elf, guest_addr start,
				     const struct elf_room *room)
{
	static struct elf_plan plan;
	struct runner_error error = { .number = 0 };

	memset(&plan, 0x5a, sizeof plan);
	ck_assert_msg(!elf_place(elf, start, room, &plan, &error), "%s", error.text);
	return &plan;
}

/* Headers that no segment holds, or not all of them, are not for the program to see. */
START_TEST(elf_headers_may_be_in_no_segment)
{
	struct crafted c = good_file();

	c.header[FIRST].p_filesz = sizeof c.file + sizeof c.header;
	ck_assert_uint_eq(expect_good(&c)->phdr, TEXT + sizeof c.file);
	c.header[FIRST].p_filesz--;
	ck_assert_uint_eq(expect_good(&c)->phdr, 0);
	c.header[FIRST].p_filesz = sizeof c.file - 1;
	ck_assert_uint_eq(expect_good(&c)->phdr, 0);
	c.file.e_type = ET_DYN;
	ck_assert_uint_eq(expect_place(expect_good(&c), guest_at(DATA), &everywhere)->phdr.v, 0);
}
END_TEST

/* -------------------------------------------------------------- plans -- */

static void expect_no_place(const struct elf *elf, guest_addr start, const struct elf_room *room,
			    int number, const char *part)
{
	static struct elf_plan plan;
	struct runner_error error;

	ck_assert_int_eq(elf_place(elf, start, room, &plan, &error), -number);
	ck_assert_int_eq(error.number, number);
	expect_text(&error, part);
}

START_TEST(elf_fixed_program_has_one_place)
{
	struct crafted c = good_file();
	const struct elf *elf = expect_good(&c);
	const struct elf_plan *plan = expect_place(elf, guest_at(TEXT), &everywhere);

	ck_assert_uint_eq(elf_start(elf, guest_at(0x123456789)).v, TEXT);
	ck_assert_uint_eq(plan->bias, 0);
	ck_assert_uint_eq(plan->segments, 2);
	ck_assert_uint_eq(plan->entry.v, TEXT + 0x800);
	ck_assert_uint_eq(plan->phdr.v, TEXT + sizeof c.file);
	ck_assert_uint_eq(plan->pages.start.v, TEXT);
	ck_assert_uint_eq(plan->pages.end.v, DATA + 2 * PAGE);
	ck_assert_uint_eq(plan->segment[1].pages.start.v, DATA);
	ck_assert_uint_eq(plan->segment[1].pages.end.v, DATA + 2 * PAGE);
	ck_assert_uint_eq(plan->segment[1].at.v, DATA + 8);
	expect_no_place(elf, guest_at(TEXT + PAGE), &everywhere, EINVAL, "0x400000 only");
}
END_TEST

/* Also down from an address far up: the bias is then negative. */
START_TEST(elf_movable_program_moves)
{
	static const uint64_t firsts[] = { 0, TEXT, LIMIT - 16 * PAGE, UINT64_MAX - 16 * PAGE + 1 };
	struct crafted c = good_file();
	const struct elf_plan *plan;
	const struct elf *elf;
	uint64_t first = firsts[_i];
	guest_addr start;

	c.file.e_type = ET_DYN;
	c.file.e_entry = first + 0x800;
	c.header[FIRST].p_vaddr = first;
	c.header[FIRST].p_align = 2 << 20;
	c.header[SECOND].p_vaddr = first + DATA - TEXT + 8;
	elf = expect_good(&c);
	ck_assert_uint_eq(elf->align, 2 << 20);
	start = elf_start(elf, guest_at(0x555555554001));
	ck_assert_uint_ge(start.v, 0x555555554001);
	ck_assert_uint_lt(start.v, 0x555555554001 + (2 << 20));
	plan = expect_place(elf, start, &everywhere);
	ck_assert_uint_eq(plan->bias % (2 << 20), 0);
	ck_assert_uint_eq(plan->bias + first, start.v);
	ck_assert_uint_eq(plan->entry.v, start.v + 0x800);
	ck_assert_uint_eq(plan->phdr.v, start.v + sizeof c.file);
	ck_assert_uint_eq(plan->segment[1].at.v, start.v + DATA - TEXT + 8);
	ck_assert_uint_eq(plan->pages.end.v, start.v + DATA - TEXT + 2 * PAGE);
	expect_no_place(elf, guest_at(start.v + PAGE), &everywhere, EINVAL, "alignment is 0x200000");
	start = elf_start(elf, guest_at(UINT64_MAX - 1));
	expect_no_place(elf, start, &everywhere, EINVAL, "cannot start");
}
END_TEST

START_TEST(elf_plan_ends_before_the_limit)
{
	struct crafted c = good_file();
	struct elf_room room = { .limit = { DATA + 2 * PAGE } };
	const struct elf *elf = expect_good(&c);

	expect_place(elf, guest_at(TEXT), &room);
	room.limit.v--;
	expect_no_place(elf, guest_at(TEXT), &room, ENOMEM, "link it with -pie");
	room.limit.v = PAGE;
	expect_no_place(elf, guest_at(TEXT), &room, ENOMEM, "beyond 0x1000");
	c.file.e_type = ET_DYN;
	elf = expect_good(&c);
	room.limit.v = UINT64_MAX;
	expect_place(elf, guest_at(UINT64_MAX - 4 * PAGE + 1 - PAGE), &room);
	expect_no_place(elf, guest_at(UINT64_MAX - 4 * PAGE + 1), &room, ENOMEM, "link it smaller");
}
END_TEST

/* Each page of the program and its neighbours, as the only forbidden one. */
START_TEST(elf_forbidden_pages_are_refused)
{
	static const struct {
		uint64_t page;
		bool free;
	} pages[] = {
		{ TEXT - PAGE, true }, { TEXT, false }, { TEXT + PAGE, true }, { DATA, false },
		{ DATA + PAGE, false },	/* the end of its bss, rounded */
		{ DATA + 2 * PAGE, true },
	};
	struct crafted c = good_file();
	const struct elf *elf = expect_good(&c);

	for (size_t i = 0; i < COUNT(pages); i++) {
		struct guest_range forbidden[] = {
			{ guest_at(0), guest_at(PAGE) },
			{ guest_at(TEXT), guest_at(TEXT) },	/* empty: forbids nothing */
			{ guest_at(pages[i].page + PAGE - 1), guest_at(pages[i].page + PAGE) },
		};
		struct elf_room room = { { LIMIT }, forbidden, COUNT(forbidden) };

		if (pages[i].free)
			expect_place(elf, guest_at(TEXT), &room);
		else
			expect_no_place(elf, guest_at(TEXT), &room, ENOMEM, "not for programs");
	}
}
END_TEST

/* ------------------------------------------------------ real programs -- */

static const struct elf_load *find_load(const struct elf *elf, size_t header)
{
	for (unsigned int i = 0; i < elf->loads; i++)
		if (elf->load[i].header == header)
			return &elf->load[i];
	return NULL;
}

static unsigned int same_header(const struct elf *elf, size_t i, const GElf_Phdr *p, Elf *by)
{
	const struct elf_load *load = find_load(elf, i);

	if (p->p_type == PT_GNU_STACK)
		ck_assert_int_eq(elf->exec_stack, !!(p->p_flags & PF_X));
	if (p->p_type == PT_PHDR)
		ck_assert_uint_eq(elf->phdr, p->p_vaddr);
	if (p->p_type == PT_INTERP)
		ck_assert_str_eq(elf->interpreter, elf_rawfile(by, NULL) + p->p_offset);
	if (p->p_type != PT_LOAD || !p->p_memsz) {
		ck_assert_ptr_null(load);
		return 0;
	}
	ck_assert_ptr_nonnull(load);
	ck_assert_uint_eq(load->address, p->p_vaddr);
	ck_assert_uint_eq(load->offset, p->p_offset);
	ck_assert_uint_eq(load->filesz, p->p_filesz);
	ck_assert_uint_eq(load->memsz, p->p_memsz);
	ck_assert_uint_eq(load->prot, (p->p_flags & PF_R ? GUEST_READ : 0u) |
			  (p->p_flags & PF_W ? GUEST_WRITE : 0u) |
			  (p->p_flags & PF_X ? GUEST_EXEC : 0u));
	return 1;
}

static void same_as_libelf(const struct elf *elf, int fd)
{
	unsigned int loads = 0;
	GElf_Ehdr file;
	GElf_Phdr p;
	size_t count;
	Elf *by;

	ck_assert_uint_ne(elf_version(EV_CURRENT), EV_NONE);
	by = elf_begin(fd, ELF_C_READ, NULL);
	ck_assert_ptr_nonnull(by);
	ck_assert_ptr_nonnull(gelf_getehdr(by, &file));
	ck_assert_int_eq(elf_getphdrnum(by, &count), 0);
	ck_assert_uint_eq(elf->headers, count);
	ck_assert_uint_eq(elf->entry, file.e_entry);
	ck_assert_int_eq(elf->movable, file.e_type == ET_DYN);
	for (size_t i = 0; i < count; i++) {
		ck_assert_ptr_nonnull(gelf_getphdr(by, (int)i, &p));
		loads += same_header(elf, i, &p, by);
	}
	ck_assert_uint_eq(elf->loads, loads);
	elf_end(by);
}

/* Its pages are disjoint, in order, and all its bytes are in the file. */
static void plan_is_sound(const struct elf_plan *plan, int fd)
{
	uint64_t last = plan->pages.start.v;
	struct stat status;

	ck_assert_int_eq(fstat(fd, &status), 0);
	for (unsigned int i = 0; i < plan->segments; i++) {
		const struct elf_segment *s = &plan->segment[i];

		ck_assert_uint_ge(s->pages.start.v, last);
		ck_assert_uint_eq(s->pages.start.v, s->at.v & ~(PAGE - 1ull));
		ck_assert_uint_eq(s->pages.end.v, (s->at.v + s->memsz + PAGE - 1) & ~(PAGE - 1ull));
		ck_assert_uint_le(s->offset + s->filesz, (uint64_t)status.st_size);
		last = s->pages.end.v;
	}
	ck_assert_uint_eq(last, plan->pages.end.v);
}

static struct elf *expect_real(const char *path, const struct elf_machine *machine)
{
	struct elf_source source = { .fd = open(path, O_RDONLY | O_CLOEXEC) };
	struct runner_error error;
	static struct elf elf;

	ck_assert_msg(source.fd >= 0, "%s: %s", path, strerror(errno));
	ck_assert_msg(!elf_read(&elf, &source, machine, &error), "%s: %s", path, error.text);
	same_as_libelf(&elf, source.fd);
	plan_is_sound(expect_place(&elf, elf_start(&elf, guest_at(0x555555554000)), &everywhere),
		      source.fd);
	close(source.fd);
	return &elf;
}

static const struct elf_machine *native(void)
{
#ifdef __aarch64__
	return &aarch64;
#else
	return &x86_64;
#endif
}

/* And the interpreter, which is a program of its own. */
START_TEST(elf_reads_programs_of_this_system)
{
	static const char *const paths[] = { "/bin/true", "/bin/sh", "/usr/bin/env" };
	const char *vdsogen = getenv("VDSOGEN");
	char path[ELF_INTERPRETER_MAX];

	for (size_t i = 0; i < COUNT(paths); i++) {
		const struct elf *elf = expect_real(paths[i], native());

		if (!elf->has_interpreter)
			continue;
		snprintf(path, sizeof path, "%s", elf->interpreter);
		ck_assert(!expect_real(path, native())->has_interpreter);
	}
	if (vdsogen)
		expect_real(vdsogen, native());
}
END_TEST

/* This very process: the plan for where it is has what Linux told it. */
START_TEST(elf_agrees_with_linux)
{
	const struct elf *elf = expect_real("/proc/self/exe", native());
	uint64_t bias = getauxval(AT_ENTRY) - elf->entry;
	const struct elf_plan *plan = expect_place(elf, guest_at(elf->low + bias), &everywhere);

	ck_assert_uint_eq(plan->bias, bias);
	ck_assert_uint_eq(plan->entry.v, getauxval(AT_ENTRY));
	ck_assert_uint_eq(plan->phdr.v, getauxval(AT_PHDR));
	ck_assert_uint_eq(elf->headers, getauxval(AT_PHNUM));
}
END_TEST

/* Compiled on the spot; false, and why, if there is no such compiler. */
static bool compiled(const char *dir, const char *compiler, const char *flags, char *out,
		     size_t room)
{
	char command[1024];

	snprintf(out, room, "%s/program", dir);
	snprintf(command, sizeof command, "echo 'int main(void) { return 0; }' | "
		 "%s %s -x c -o '%s' - 2>/dev/null", compiler, flags, out);
	if (system(command) == 0)
		return true;
	printf("not tried: %s cannot compile with %s\n", compiler, flags);
	return false;
}

START_TEST(elf_reads_what_compilers_make)
{
	static const struct {
		const char *flags;
		bool movable, interpreter, exec_stack;
	} ways[] = {
		{ "-static", false, false, false },
		{ "-static-pie", true, false, false },
		{ "-no-pie", false, true, false },
		{ "-pie -fPIE", true, true, false },
		{ "-pie -fPIE -z execstack", true, true, true },
		{ "-static -Wl,-z,max-page-size=0x10000", false, false, false },
		{ "-static -Wl,-z,noseparate-code", false, false, false },
	};
	static const struct {
		const char *name;
		const struct elf_machine *machine;
	} compilers[] = { { NULL, NULL }, { "aarch64-linux-gnu-gcc", &aarch64 } };
	const char *name = compilers[_i].name ? compilers[_i].name : getenv("CC");
	char dir[] = "/tmp/check_elf-XXXXXX", program[64];

	ck_assert_ptr_nonnull(mkdtemp(dir));
	for (size_t i = 0; i < COUNT(ways); i++) {
		const struct elf *elf;

		if (!compiled(dir, name ? name : "cc", ways[i].flags, program, sizeof program))
			continue;
		elf = expect_real(program, _i ? compilers[_i].machine : native());
		ck_assert_int_eq(elf->movable, ways[i].movable);
		ck_assert_int_eq(elf->has_interpreter, ways[i].interpreter);
		ck_assert_int_eq(elf->exec_stack, ways[i].exec_stack);
		unlink(program);
	}
	rmdir(dir);
}
END_TEST

Suite *elf_suite(void)
{
	Suite *suite = suite_create("elf");
	TCase *files = tcase_create("files"), *plans = tcase_create("plans"),
	      *real = tcase_create("real");

	tcase_add_test(files, elf_good_file_is_read);
	tcase_add_loop_test(files, elf_every_guard_refuses, 0, COUNT(guards));
	tcase_add_test(files, elf_every_shorter_file_is_refused);
	tcase_add_test(files, elf_too_many_segments_are_refused);
	tcase_add_test(files, elf_descriptor_must_be_of_a_file);
	tcase_add_test(files, elf_empty_segment_is_ignored);
	tcase_add_test(files, elf_order_of_headers_is_free);
	tcase_add_test(files, elf_bss_alone_needs_no_file);
	tcase_add_test(files, elf_stack_is_executable_if_asked);
	tcase_add_test(files, elf_first_interpreter_counts);
	tcase_add_test(files, elf_headers_may_be_in_no_segment);
	suite_add_tcase(suite, files);
	tcase_add_test(plans, elf_fixed_program_has_one_place);
	tcase_add_loop_test(plans, elf_movable_program_moves, 0, 4);
	tcase_add_test(plans, elf_plan_ends_before_the_limit);
	tcase_add_test(plans, elf_forbidden_pages_are_refused);
	suite_add_tcase(suite, plans);
	tcase_add_test(real, elf_reads_programs_of_this_system);
	tcase_add_test(real, elf_agrees_with_linux);
	tcase_add_loop_test(real, elf_reads_what_compilers_make, 0, 2);
	suite_add_tcase(suite, real);
	return suite;
}

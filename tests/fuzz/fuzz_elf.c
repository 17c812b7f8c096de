/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf_read() and elf_place() on any bytes, and on headers made of them that are
 * nearly good: an error that says so, or a plan that keeps its promises.
 */
#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf.h"

#define CHECK(fact) do { if (!(fact)) fail(#fact, __LINE__); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAGE = 4096, LIMIT_BITS = 47 };

static void fail(const char *fact, int line)
{
	fprintf(stderr, "fuzz_elf: line %d: not so: %s\n", line, fact);
	abort();
}

static void check_error(int status, const struct runner_error *error)
{
	size_t length = strnlen(error->text, sizeof error->text);

	CHECK(status < 0 && status == -error->number);
	CHECK(length && length < sizeof error->text - 1);	/* and nothing was cut off */
}

/* Reads every byte that the plan says is there: a sanitizer sees one too many. */
static void check_segment(const struct elf_segment *s, const uint8_t *data, size_t size)
{
	volatile uint8_t sink;

	CHECK(s->memsz && s->filesz <= s->memsz);
	CHECK(s->pages.start.v <= s->at.v && s->at.v - s->pages.start.v < PAGE);
	CHECK(s->at.v + s->memsz <= s->pages.end.v);
	CHECK(s->pages.end.v - (s->at.v + s->memsz) < PAGE);
	if (!s->filesz)
		return;
	CHECK(s->offset % PAGE == s->at.v % PAGE);
	CHECK(s->offset <= size && s->filesz <= size - s->offset);
	for (uint64_t i = 0; i < s->filesz; i++)
		sink = data[s->offset + i];
	(void)sink;
}

static void check_plan(const struct elf_plan *plan, const struct elf_room *room,
		       const uint8_t *data, size_t size)
{
	guest_addr last = plan->pages.start;

	CHECK(plan->segments && plan->segments <= ELF_SEGMENTS_MAX);
	CHECK(plan->segment[0].pages.start.v == last.v);
	for (unsigned int i = 0; i < plan->segments; i++) {
		const struct elf_segment *s = &plan->segment[i];

		check_segment(s, data, size);
		CHECK(s->pages.start.v >= last.v && s->pages.start.v < s->pages.end.v);
		CHECK(s->pages.start.v % PAGE == 0 && s->pages.end.v % PAGE == 0);
		for (size_t f = 0; f < room->forbiddens; f++)
			CHECK(s->pages.end.v <= room->forbidden[f].start.v ||
			      s->pages.start.v >= room->forbidden[f].end.v);
		last = s->pages.end;
	}
	CHECK(last.v == plan->pages.end.v && last.v <= room->limit.v);
	CHECK(plan->entry.v >= plan->pages.start.v && plan->entry.v < last.v);
	CHECK(!plan->phdr.v || (plan->phdr.v >= plan->pages.start.v && plan->phdr.v < last.v));
}

static void run(const uint8_t *data, size_t size, uint16_t number)
{
	static const struct guest_range forbidden[] = {
		{ { 0 }, { PAGE } }, { { 0x10003000 }, { 0x10005000 } },
	};
	struct elf_room room = { { 1ull << LIMIT_BITS }, forbidden, 2 };
	struct elf_machine machine = { .number = number, .name = "this", .page = PAGE };
	struct elf_source source = { .bytes = data, .size = size };
	struct runner_error error;
	static struct elf_plan plan;
	static struct elf elf;
	int status = elf_read(&elf, &source, &machine, &error);

	if (status) {
		check_error(status, &error);
		return;
	}
	CHECK(memchr(elf.interpreter, 0, sizeof elf.interpreter));
	status = elf_place(&elf, elf_start(&elf, guest_at(0x10000000)), &room, &plan, &error);
	if (status)
		check_error(status, &error);
	else
		check_plan(&plan, &room, data, size);
}

/* ------------------------------------------------------- nearly good -- */

/* Mostly a number that fits, sometimes one of those that hurt. */
static uint64_t number(const uint8_t *b, uint64_t unit)
{
	static const uint64_t extremes[] = {
		0, 1, PAGE - 1, PAGE, 1ull << 47, 1ull << 63, UINT64_MAX - PAGE, UINT64_MAX,
	};

	return *b < 0xf0 ? *b % 12 * unit : extremes[*b % (sizeof extremes / sizeof *extremes)];
}

enum { BYTES_A_HEADER = 8, HEADERS = 6 };

struct shaped {
	Elf64_Ehdr file;
	Elf64_Phdr header[HEADERS];
	uint8_t rest[4 * PAGE];
};

static Elf64_Phdr header_of(const uint8_t *b)
{
	static const uint32_t types[] = { PT_LOAD, PT_LOAD, PT_LOAD, PT_INTERP, PT_GNU_STACK, PT_NULL };
	uint64_t within = b[1] % 4 ? 0 : b[1];

	return (Elf64_Phdr){
		.p_type = types[b[0] % (sizeof types / sizeof *types)], .p_flags = b[0] >> 4,
		.p_offset = number(b + 2, PAGE / 2) + within,
		.p_vaddr = number(b + 3, PAGE / 2) + within,
		.p_filesz = number(b + 4, PAGE / 8), .p_memsz = number(b + 5, PAGE / 4),
		.p_align = b[6] % 4 ? PAGE : number(b + 6, PAGE),
	};
}

/* On the heap, in just that size. */
static void run_shaped(const uint8_t *data, size_t size)
{
	struct shaped *s;

	if (size < HEADERS * BYTES_A_HEADER + 1)
		return;
	s = calloc(1, sizeof *s);
	if (!s)
		exit(99);
	memcpy(s->file.e_ident, ELFMAG, SELFMAG);
	s->file.e_ident[EI_CLASS] = ELFCLASS64;
	s->file.e_ident[EI_DATA] = ELFDATA2LSB;
	s->file.e_type = data[0] % 2 ? ET_EXEC : ET_DYN;
	s->file.e_machine = EM_X86_64;
	s->file.e_phoff = offsetof(struct shaped, header);
	s->file.e_phentsize = sizeof(Elf64_Phdr);
	s->file.e_phnum = HEADERS;
	for (unsigned int i = 0; i < HEADERS; i++)
		s->header[i] = header_of(data + 1 + i * BYTES_A_HEADER);
	s->header[data[0] % HEADERS].p_flags |= PF_X;
	s->file.e_entry = s->header[data[0] % HEADERS].p_vaddr;
	run((const uint8_t *)s, sizeof *s, EM_X86_64);
	free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	run(data, size, EM_X86_64);
	run(data, size, EM_AARCH64);
	run_shaped(data, size);
	for (size_t at = 64; at < size && at < 1024; at += 64)	/* more of one image's bytes */
		run_shaped(data + at, size - at);
	return 0;
}

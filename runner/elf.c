/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formats: System V gABI, chapters 4 "Object Files" and 5 "Program Loading".
 * Where it leaves room or programs are careless, as Linux does it
 * (fs/binfmt_elf.c, load_elf_binary()).
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "headers are read as they are");
_Static_assert(ELF_HEADERS_MAX == 65536 / sizeof(Elf64_Phdr), "Linux's limit");

#define X64 "0x%" PRIx64
#define DAMAGED "the file is damaged: copy or link it again"

/* A file under way. */
struct reading {
	const struct elf_source *source;
	const struct elf_machine *machine;
	uint64_t size;			/* of the file */
	Elf64_Ehdr file;
	struct elf *elf;
	struct runner_error *error;
};

static bool adds_up(uint64_t a, uint64_t b)
{
	return a <= UINT64_MAX - b;
}

static uint64_t round_down(uint64_t v, uint64_t page)
{
	return v & ~(page - 1);
}

/* The caller knows that there is a page's room above. */
static uint64_t round_up(uint64_t v, uint64_t page)
{
	return round_down(v + page - 1, page);
}

/* ------------------------------------------------------------- bytes -- */

static int read_fd(const struct reading *r, uint64_t at, uint8_t *to, size_t size)
{
	while (size) {
		ssize_t done = pread(r->source->fd, to, size, (off_t)at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return runner_error(r->error, errno, "reading at " X64 ": %s", at,
					    strerror(errno));
		if (!done)
			return runner_error(r->error, EINVAL, "the file ends at " X64
					    ", and had %" PRIu64 " bytes before: something "
					    "rewrites it; try again", at, r->size);
		at += (uint64_t)done;
		to += done;
		size -= (size_t)done;
	}
	return 0;
}

/* The caller knows that they are in the file. */
static int read_bytes(const struct reading *r, uint64_t at, void *to, size_t size)
{
	if (!r->source->bytes)
		return read_fd(r, at, to, size);
	memcpy(to, (const uint8_t *)r->source->bytes + at, size);
	return 0;
}

static int read_size(struct reading *r)
{
	struct stat status;

	r->size = r->source->size;
	if (r->source->bytes)
		return 0;
	if (fstat(r->source->fd, &status))
		return runner_error(r->error, errno, "its size: %s", strerror(errno));
	if (!S_ISREG(status.st_mode))
		return runner_error(r->error, EACCES, "not a regular file: a program is one");
	r->size = (uint64_t)status.st_size;
	return 0;
}

static bool in_file(const struct reading *r, uint64_t at, uint64_t size)
{
	return at <= r->size && size <= r->size - at;
}

/* ------------------------------------------------------- file header -- */

static int check_ident(const struct reading *r)
{
	const unsigned char *ident = r->file.e_ident;

	if (memcmp(ident, ELFMAG, SELFMAG))
		return runner_error(r->error, ENOEXEC, "not an ELF file: a script needs its "
				    "interpreter before it on the command line");
	if (ident[EI_CLASS] != ELFCLASS64)
		return runner_error(r->error, ENOEXEC, "ELF class is %u, of a %s program, and only "
				    "64-bit ones run: build it for %s", ident[EI_CLASS],
				    ident[EI_CLASS] == ELFCLASS32 ? "32-bit" : "strange",
				    r->machine->name);
	if (ident[EI_DATA] != ELFDATA2LSB)
		return runner_error(r->error, ENOEXEC, "ELF byte order is %u, and only little-endian "
				    "(%u) runs: build it for %s", ident[EI_DATA], ELFDATA2LSB,
				    r->machine->name);
	return 0;
}

static int check_type(const struct reading *r)
{
	const Elf64_Ehdr *file = &r->file;

	if (file->e_machine != r->machine->number)
		return runner_error(r->error, ENOEXEC, "built for machine %u, and the guest is %s "
				    "(%u): build it for that", file->e_machine, r->machine->name,
				    r->machine->number);
	if (file->e_type != ET_EXEC && file->e_type != ET_DYN)
		return runner_error(r->error, ENOEXEC, "ELF type is %u, and a program has %u or %u: "
				    "%s", file->e_type, ET_EXEC, ET_DYN,
				    file->e_type == ET_REL ? "link it first" : "run another file");
	return 0;
}

static int check_headers(const struct reading *r)
{
	const Elf64_Ehdr *file = &r->file;
	uint64_t size = (uint64_t)file->e_phnum * sizeof(Elf64_Phdr);

	if (file->e_phentsize != sizeof(Elf64_Phdr))
		return runner_error(r->error, EINVAL, "a program header has %u bytes, not %zu: "
				    DAMAGED, file->e_phentsize, sizeof(Elf64_Phdr));
	if (!file->e_phnum)
		return runner_error(r->error, ENOEXEC, "no program headers: link it as a program");
	if (file->e_phnum > ELF_HEADERS_MAX)
		return runner_error(r->error, EINVAL, "%u program headers, and no more than %u are "
				    "read, by Linux, too: link it with fewer", file->e_phnum,
				    ELF_HEADERS_MAX);
	if (!in_file(r, file->e_phoff, size))
		return runner_error(r->error, EINVAL, "%u program headers from " X64 ", and the file "
				    "has " X64 " bytes: " DAMAGED, file->e_phnum,
				    (uint64_t)file->e_phoff, r->size);
	return 0;
}

static int read_file_header(struct reading *r)
{
	int error;

	if (!in_file(r, 0, sizeof r->file))
		return runner_error(r->error, ENOEXEC, "not an ELF file: it has only %" PRIu64
				    " bytes", r->size);
	error = read_bytes(r, 0, &r->file, sizeof r->file);
	error = error ? error : check_ident(r);
	error = error ? error : check_type(r);
	return error ? error : check_headers(r);
}

/* --------------------------------------------------- program headers -- */

static unsigned int prot_of(uint32_t flags)
{
	return (flags & PF_R ? GUEST_READ : 0u) | (flags & PF_W ? GUEST_WRITE : 0u) |
	       (flags & PF_X ? GUEST_EXEC : 0u);
}

static int check_extent(const struct reading *r, unsigned int i, const Elf64_Phdr *p)
{
	/* nothing may be anywhere */
	if (p->p_filesz && !in_file(r, p->p_offset, p->p_filesz))
		return runner_error(r->error, EINVAL, "segment of program header %u is " X64
				    " bytes from " X64 ", and the file has " X64 ": it is "
				    "truncated; copy or link it again", i, (uint64_t)p->p_filesz,
				    (uint64_t)p->p_offset, r->size);
	if (!adds_up(p->p_vaddr, p->p_memsz) ||
	    !adds_up(p->p_vaddr + p->p_memsz, r->machine->page))
		return runner_error(r->error, EINVAL, "segment of program header %u is " X64
				    " bytes at " X64 ", beyond the last address: " DAMAGED, i,
				    (uint64_t)p->p_memsz, (uint64_t)p->p_vaddr);
	return 0;
}

static int check_align(const struct reading *r, unsigned int i, const Elf64_Phdr *p)
{
	uint64_t page = r->machine->page;

	/* 0 and 1: none */
	if (p->p_align & (p->p_align - 1) || p->p_align > ELF_ALIGN_MAX)
		return runner_error(r->error, EINVAL, "segment of program header %u is aligned to "
				    X64 ", and that is no power of two up to 0x%x: " DAMAGED, i,
				    (uint64_t)p->p_align, ELF_ALIGN_MAX);
	if (p->p_filesz && (p->p_vaddr ^ p->p_offset) & (page - 1))
		return runner_error(r->error, EINVAL, "segment of program header %u cannot be mapped "
				    "from " X64 " to " X64 ": they differ within a page of " X64
				    "; link it with -z max-page-size=" X64, i,
				    (uint64_t)p->p_offset, (uint64_t)p->p_vaddr, page, page);
	return 0;
}

/*
 * The whole table lies in one segment's part of the file, or the program cannot see it.
 * Of several such segments the last header's counts, as for Linux.
 */
static void find_phdr(const struct reading *r, const Elf64_Phdr *p)
{
	uint64_t size = (uint64_t)r->file.e_phnum * sizeof(Elf64_Phdr), at;

	if (r->file.e_phoff < p->p_offset)
		return;
	at = r->file.e_phoff - p->p_offset;
	if (at <= p->p_filesz && size <= p->p_filesz - at)
		r->elf->phdr = p->p_vaddr + at;
}

/* Into its place by address: the gABI wants them so, and Linux does not. */
static void insert(struct elf *elf, struct elf_load load)
{
	unsigned int i = elf->loads++;

	for (; i && elf->load[i - 1].address > load.address; i--)
		elf->load[i] = elf->load[i - 1];
	elf->load[i] = load;
}

static int add_load(struct reading *r, unsigned int i, const Elf64_Phdr *p)
{
	struct elf *elf = r->elf;
	int error;

	if (p->p_filesz > p->p_memsz)
		return runner_error(r->error, EINVAL, "segment of program header %u has " X64
				    " bytes in the file and " X64 " in memory, which is less: "
				    DAMAGED, i, (uint64_t)p->p_filesz, (uint64_t)p->p_memsz);
	if (!p->p_memsz)
		return 0;
	error = check_extent(r, i, p);
	error = error ? error : check_align(r, i, p);
	if (error)
		return error;
	if (elf->loads == ELF_SEGMENTS_MAX)
		return runner_error(r->error, EINVAL, "more than %u segments to load, the most that "
				    "are kept: link it with fewer", ELF_SEGMENTS_MAX);
	insert(elf, (struct elf_load){
		.header = i, .prot = prot_of(p->p_flags), .address = p->p_vaddr,
		.offset = p->p_offset, .filesz = p->p_filesz, .memsz = p->p_memsz,
	});
	if (p->p_align > elf->align)
		elf->align = p->p_align;
	find_phdr(r, p);
	return 0;
}

/* The first counts, as for Linux. */
static int set_interpreter(struct reading *r, unsigned int i, const Elf64_Phdr *p)
{
	struct elf *elf = r->elf;
	int error;

	if (elf->has_interpreter)
		return 0;
	if (p->p_filesz < 2 || p->p_filesz > sizeof elf->interpreter)
		return runner_error(r->error, EINVAL, "the interpreter's path of program header %u "
				    "has " X64 " bytes, not 2 to %zu: " DAMAGED, i,
				    (uint64_t)p->p_filesz, sizeof elf->interpreter);
	if (!in_file(r, p->p_offset, p->p_filesz))
		return runner_error(r->error, EINVAL, "the interpreter's path of program header %u "
				    "is " X64 " bytes at " X64 ", and the file has " X64 ": it is "
				    "truncated; copy or link it again", i, (uint64_t)p->p_filesz,
				    (uint64_t)p->p_offset, r->size);
	error = read_bytes(r, p->p_offset, elf->interpreter, p->p_filesz);
	if (error)
		return error;
	if (elf->interpreter[p->p_filesz - 1])
		return runner_error(r->error, EINVAL, "the interpreter's path of program header %u "
				    "does not end in a NUL: " DAMAGED, i);
	elf->has_interpreter = true;
	return 0;
}

static int take_header(struct reading *r, unsigned int i)
{
	Elf64_Phdr p;
	int error = read_bytes(r, r->file.e_phoff + i * sizeof p, &p, sizeof p);

	if (error)
		return error;
	switch (p.p_type) {
	case PT_LOAD:
		return add_load(r, i, &p);
	case PT_INTERP:
		return set_interpreter(r, i, &p);
	case PT_GNU_STACK:
		r->elf->exec_stack = p.p_flags & PF_X;
	}
	return 0;
}

/* -------------------------------------------------------- the program -- */

/* Two in one page: it could have the protection of one only. */
static int check_disjoint(const struct reading *r)
{
	const struct elf *elf = r->elf;

	for (unsigned int i = 1; i < elf->loads; i++) {
		const struct elf_load *a = &elf->load[i - 1], *b = &elf->load[i];

		if (round_up(a->address + a->memsz, elf->page) > round_down(b->address, elf->page))
			return runner_error(r->error, EINVAL, "segments of program headers %u and %u "
					    "overlap in the page at " X64 " (a page is " X64
					    "): link it with -z max-page-size=" X64, a->header,
					    b->header, round_down(b->address, elf->page),
					    elf->page, elf->page);
	}
	return 0;
}

static int check_entry(const struct reading *r)
{
	const struct elf *elf = r->elf;

	for (unsigned int i = 0; i < elf->loads; i++) {
		const struct elf_load *load = &elf->load[i];

		if (load->prot & GUEST_EXEC && elf->entry >= load->address &&
		    elf->entry - load->address < load->memsz)
			return 0;
	}
	return runner_error(r->error, EINVAL, "its first instruction would be at " X64 ", in no "
			    "segment that may be executed: a shared library is no program",
			    elf->entry);
}

static int check_loads(const struct reading *r)
{
	struct elf *elf = r->elf;
	const struct elf_load *last;
	int error;

	if (!elf->loads)
		return runner_error(r->error, EINVAL, "%u program headers, and none is of a segment "
				    "to load: link it as a program", elf->headers);
	error = check_disjoint(r);
	error = error ? error : check_entry(r);
	last = &elf->load[elf->loads - 1];
	elf->low = round_down(elf->load[0].address, elf->page);
	elf->high = round_up(last->address + last->memsz, elf->page);
	return error;
}

int elf_read(struct elf *elf, const struct elf_source *source, const struct elf_machine *machine,
	     struct runner_error *error)
{
	struct reading r = { .source = source, .machine = machine, .elf = elf, .error = error };
	int status = read_size(&r);

	status = status ? status : read_file_header(&r);
	if (status)
		return status;
	memset(elf, 0, sizeof *elf);
	elf->movable = r.file.e_type == ET_DYN;
	elf->headers = r.file.e_phnum;
	elf->entry = r.file.e_entry;
	elf->page = elf->align = machine->page;
	for (unsigned int i = 0; i < elf->headers && !status; i++)
		status = take_header(&r, i);
	return status ? status : check_loads(&r);
}

/* ----------------------------------------------------------- the plan -- */

guest_addr elf_start(const struct elf *elf, guest_addr near)
{
	/* start - low is a multiple of the alignment; subtractions wrap, and that is right */
	uint64_t ahead = (elf->low - near.v) & (elf->align - 1);

	if (!elf->movable)
		return guest_at(elf->low);
	/* nothing is aligned so: elf_place() refuses it */
	return guest_at(adds_up(near.v, ahead) ? near.v + ahead : UINT64_MAX);
}

static int check_start(const struct elf *elf, guest_addr start, const struct elf_room *room,
		       struct runner_error *error)
{
	uint64_t size = elf->high - elf->low;

	if (!elf->movable && start.v != elf->low)
		return runner_error(error, EINVAL, "it runs at " X64 " only, not at " X64
				    ": link it with -pie", elf->low, start.v);
	if ((start.v - elf->low) & (elf->align - 1))
		return runner_error(error, EINVAL, "cannot start at " X64 ": its alignment is " X64,
				    start.v, elf->align);
	if (start.v > room->limit.v || size > room->limit.v - start.v)
		return runner_error(error, ENOMEM, X64 " bytes at " X64 " are beyond " X64 ", where "
				    "the guest's memory ends: %s", size, start.v, room->limit.v,
				    elf->movable ? "link it smaller" : "link it with -pie");
	return 0;
}

static int check_room(const struct elf *elf, const struct elf_load *load,
		      const struct elf_segment *segment, const struct elf_room *room,
		      struct runner_error *error)
{
	for (size_t i = 0; i < room->forbiddens; i++) {
		struct guest_range range = room->forbidden[i];

		if (guest_overlap(segment->pages, range))
			return runner_error(error, ENOMEM, "segment of program header %u would take "
					    X64 " to " X64 ", and " X64 " to " X64 " is not for "
					    "programs: link it %s", load->header,
					    segment->pages.start.v, segment->pages.end.v,
					    range.start.v, range.end.v,
					    elf->movable ? "smaller" : "with -pie");
	}
	return 0;
}

/* Sums with the bias wrap, but what comes out is between start and limit. */
static struct elf_segment segment_of(const struct elf *elf, const struct elf_load *load,
				     uint64_t bias)
{
	uint64_t end = round_up(load->address + load->memsz, elf->page);

	return (struct elf_segment){
		.pages = { guest_at(round_down(load->address, elf->page) + bias),
			   guest_at(end + bias) },
		.at = guest_at(load->address + bias),
		.offset = load->offset, .filesz = load->filesz, .memsz = load->memsz,
		.prot = load->prot,
	};
}

int elf_place(const struct elf *elf, guest_addr start, const struct elf_room *room,
	      struct elf_plan *plan, struct runner_error *error)
{
	uint64_t bias = start.v - elf->low;
	int status = check_start(elf, start, room, error);

	for (unsigned int i = 0; i < elf->loads && !status; i++) {
		plan->segment[i] = segment_of(elf, &elf->load[i], bias);
		status = check_room(elf, &elf->load[i], &plan->segment[i], room, error);
	}
	if (status)
		return status;
	plan->segments = elf->loads;
	plan->bias = bias;
	plan->pages = (struct guest_range){ start, guest_at(elf->high + bias) };
	plan->entry = guest_at(elf->entry + bias);
	plan->phdr = guest_at(elf->phdr ? elf->phdr + bias : 0);
	return 0;
}

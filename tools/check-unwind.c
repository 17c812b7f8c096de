/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules about unwind information, and about the code that unwinders know by heart. */
#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "check.h"

/* DWARF pointer encodings, as linkers choose them for .eh_frame_hdr and .eh_frame. */
enum { PCREL_SDATA4 = 0x1b, UDATA4 = 0x03, DATAREL_SDATA4 = 0x3b };

/* .eh_frame_hdr: these four bytes, the address of .eh_frame, the number of entries, entries. */
enum {
	VERSION_AT = 0, FRAME_ENCODING_AT = 1, COUNT_ENCODING_AT = 2, TABLE_ENCODING_AT = 3,
	COUNT_AT = 8, TABLE_AT = 12, HEADER_VERSION = 1
};

struct unwind {
	const struct image *image;
	uint64_t at, address, size, count;
};

/* An entry of the search table, and the range of its FDE. */
struct entry {
	uint64_t start, fde;	/* address and offset */
	uint64_t begin, length;
};

static uint64_t sdata4(const struct image *image, uint64_t at)
{
	return (uint64_t)(int64_t)(int32_t)image_word(image, at, sizeof(int32_t));
}

static bool find_header(const struct image *image, struct unwind *u)
{
	Elf64_Phdr p;

	*u = (struct unwind){ .image = image };
	if (!image_find_segment(image, PT_GNU_EH_FRAME, &p))
		return false;
	u->address = p.p_vaddr;
	u->size = p.p_filesz;
	return image_offset(image, p.p_vaddr, &u->at) && image_inside(image, u->at, u->size) &&
	       u->size >= COUNT_AT;
}

/* With a table to search, in the encoding that all linkers use. */
static bool find_table(const struct image *image, struct unwind *u)
{
	if (!find_header(image, u) ||
	    image_word(image, u->at + COUNT_ENCODING_AT, 1) != UDATA4 ||
	    image_word(image, u->at + TABLE_ENCODING_AT, 1) != DATAREL_SDATA4)
		return false;
	u->count = image_word(image, u->at + COUNT_AT, sizeof(uint32_t));
	return true;
}

/*
 * False if the entry or its FDE is not in the image, or if the FDE's range is
 * encoded in another way than linkers do for position-independent code.
 */
static bool read_entry(const struct unwind *u, uint64_t i, struct entry *e)
{
	enum { ENTRY = 8, CIE_AT = 4, BEGIN_AT = 8, LENGTH_AT = 12, FDE_MIN = 16 };
	uint64_t at = u->at + TABLE_AT + i * ENTRY;

	if (!span_inside(TABLE_AT + i * ENTRY, ENTRY, u->size) ||
	    !image_inside(u->image, at, ENTRY))
		return false;
	e->start = u->address + sdata4(u->image, at);
	if (!image_offset(u->image, u->address + sdata4(u->image, at + sizeof(int32_t)), &e->fde) ||
	    !image_inside(u->image, e->fde, FDE_MIN) ||
	    !image_word(u->image, e->fde + CIE_AT, sizeof(uint32_t)))
		return false;
	e->begin = u->address + (e->fde + BEGIN_AT - u->at) + sdata4(u->image, e->fde + BEGIN_AT);
	e->length = image_word(u->image, e->fde + LENGTH_AT, sizeof(uint32_t));
	return true;
}

enum outcome check_unwind_header(const struct image *image, struct finding *f)
{
	struct unwind u;
	Elf64_Phdr p;

	if (!image->loads)
		return MOOT;
	if (!image_find_segment(image, PT_GNU_EH_FRAME, &p))
		return failed(f, "there is no PT_GNU_EH_FRAME");
	if (!find_header(image, &u))
		return failed(f,
			      "PT_GNU_EH_FRAME is 0x%" PRIx64 " bytes at 0x%" PRIx64
			      ", too short or outside of the image (%zu bytes)",
			      (uint64_t)p.p_filesz, (uint64_t)p.p_vaddr, image->source->size);
	return image_word(image, u.at + VERSION_AT, 1) == HEADER_VERSION ? HOLDS :
	       failed(f, "the version of PT_GNU_EH_FRAME is %" PRIu64 ", not %u",
		      image_word(image, u.at + VERSION_AT, 1), HEADER_VERSION);
}

enum outcome check_unwind_table(const struct image *image, struct finding *f)
{
	uint64_t last = 0;
	struct unwind u;
	struct entry e;

	if (!find_header(image, &u))
		return MOOT;
	if (!find_table(image, &u))
		return failed(f,
			      "PT_GNU_EH_FRAME has no table to search: its encodings are 0x%" PRIx64
			      " and 0x%" PRIx64,
			      image_word(image, u.at + COUNT_ENCODING_AT, 1),
			      image_word(image, u.at + TABLE_ENCODING_AT, 1));
	for (uint64_t i = 0; i < u.count; i++) {
		if (!read_entry(&u, i, &e))
			return failed(f,
				      "entry %" PRIu64 " of %" PRIu64
				      " of PT_GNU_EH_FRAME, or its FDE, "
				      "is outside",
				      i, u.count);
		if (i && e.start <= last)
			return failed(f, "entry %" PRIu64 " of PT_GNU_EH_FRAME is 0x%" PRIx64
				      ", after 0x%" PRIx64, i, e.start, last);
		if (e.begin != e.start)
			return failed(f, "entry %" PRIu64 " of PT_GNU_EH_FRAME is for 0x%" PRIx64
				      ", its FDE for 0x%" PRIx64, i, e.start, e.begin);
		last = e.start;
	}
	return HOLDS;
}

/* By the last entry that begins at or before it, as unwinders search. */
static bool covered(const struct unwind *u, uint64_t address, uint64_t size)
{
	struct entry e, last = { .length = 0 };

	for (uint64_t i = 0; i < u->count && read_entry(u, i, &e) && e.start <= address; i++)
		last = e;
	return last.length && span_inside(address - last.begin, size, last.length);
}

/* But for rt_sigreturn, which unwinders know by its instructions. */
enum outcome check_unwind_functions(const struct image *image, struct finding *f)
{
	char name[MACHINE_NAME_SIZE];
	struct unwind u;

	if (!find_table(image, &u))
		return MOOT;
	for (unsigned int i = 0; i < VDSOGEN_FUNCTIONS; i++) {
		const Elf64_Sym *symbol = &image->function[i].symbol;

		if (image->function[i].found && i != VDSOGEN_RT_SIGRETURN &&
		    !covered(&u, symbol->st_value, symbol->st_size))
			return failed(f, "%s, 0x%" PRIx64 " bytes at 0x%" PRIx64
				      ", has no or not enough unwind information",
				      machine_symbol(image->machine, i, name),
				      (uint64_t)symbol->st_size, (uint64_t)symbol->st_value);
	}
	return HOLDS;
}

/* Where sigreturn is known by its bytes; libgcc looks for RA - 1 first. */
static const struct wanted *known_sigreturn(const struct image *image)
{
	const struct wanted *w = &image->function[VDSOGEN_RT_SIGRETURN];

	return image->machine && image->machine->sigreturn_size && w->found ? w : NULL;
}

enum outcome check_unwind_gap(const struct image *image, struct finding *f)
{
	const struct wanted *w = known_sigreturn(image);
	struct unwind u;

	if (!w || !find_table(image, &u))
		return MOOT;
	return !covered(&u, w->symbol.st_value - 1, 1) ? HOLDS :
	       failed(f, "unwind information covers 0x%" PRIx64 ", the byte before rt_sigreturn",
		      (uint64_t)w->symbol.st_value - 1);
}

enum outcome check_sigreturn_code(const struct image *image, struct finding *f)
{
	const struct wanted *w = known_sigreturn(image);
	const struct machine *machine = image->machine;
	uint64_t at;

	if (!w || !image_offset(image, w->symbol.st_value, &at))
		return MOOT;
	return image_inside(image, at, machine->sigreturn_size) &&
			       !memcmp(image->source->bytes + at, machine->sigreturn_code,
				       machine->sigreturn_size)
		       ? HOLDS
		       : failed(f,
				"the instructions of rt_sigreturn at 0x%" PRIx64
				" begin with 0x%08" PRIx64 " 0x%08" PRIx64,
				(uint64_t)w->symbol.st_value,
				image_word(image, at, sizeof(uint32_t)),
				image_word(image, at + sizeof(uint32_t), sizeof(uint32_t)));
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unwind information: PT_GNU_EH_FRAME leads to .eh_frame_hdr, that to .eh_frame,
 * and where there is no such segment, a section header does. Formats: LSB core
 * specification 5.0, 10.5 and 10.6.
 */
#include <inttypes.h>
#include <string.h>

#include "show-unwind.h"

enum {
	FORMAT = 0x0f, ABSOLUTE = 0x00, ULEB = 0x01, UDATA2 = 0x02, UDATA4 = 0x03, UDATA8 = 0x04,
	SLEB = 0x09, SDATA2 = 0x0a, SDATA4 = 0x0b, SDATA8 = 0x0c,
	RELATIVE = 0xf0, PCREL = 0x10, DATAREL = 0x30,
	OMITTED = 0xff,

	CIE_ID = 0, LONG_RECORD = 0xfffffff0,	/* and above: not of 32 bits */
	LEB_BITS = 7, LEB_MORE = 0x80, LEB_SIGN = 0x40, BITS = 64,

	/* far more than any vDSO has */
	RECORDS_MAX = 1024, RECORD_MAX = 4096
};

/* -------------------------------------------------------------------------
 * Reading.
 */
void cursor_skip(struct cursor *c, uint64_t bytes)
{
	if (c->bad || bytes > c->end - c->at)
		c->bad = true;
	else
		c->at += bytes;
}

uint64_t cursor_word(struct cursor *c, unsigned int bytes)
{
	uint64_t at = c->at;

	cursor_skip(c, bytes);
	return c->bad ? 0 : view_word(c->view, at, bytes);
}

/* Bits beyond 64 are dropped. */
static uint64_t read_leb(struct cursor *c, bool is_signed)
{
	uint64_t value = 0, byte;
	unsigned int shift = 0;

	do {
		byte = cursor_word(c, 1);
		if (shift < BITS)
			value |= (byte & (LEB_MORE - 1)) << shift;
		shift += LEB_BITS;
	} while (byte & LEB_MORE && shift < 2 * BITS);
	if (byte & LEB_MORE)
		c->bad = true;
	if (is_signed && byte & LEB_SIGN && shift < BITS)
		value |= UINT64_MAX << shift;
	return c->bad ? 0 : value;
}

uint64_t cursor_uleb(struct cursor *c)
{
	return read_leb(c, false);
}

int64_t cursor_sleb(struct cursor *c)
{
	return (int64_t)read_leb(c, true);
}

static uint64_t read_signed(struct cursor *c, unsigned int bytes)
{
	uint64_t value = cursor_word(c, bytes), sign = UINT64_C(1) << (8 * bytes - 1);

	return (value ^ sign) - sign;
}

static uint64_t read_value(struct cursor *c, uint8_t format)
{
	bool wide = c->view->header.e_ident[EI_CLASS] == ELFCLASS64;

	switch (format) {
	case ABSOLUTE: return cursor_word(c, wide ? sizeof(uint64_t) : sizeof(uint32_t));
	case ULEB: return cursor_uleb(c);
	case UDATA2: return cursor_word(c, sizeof(uint16_t));
	case UDATA4: return cursor_word(c, sizeof(uint32_t));
	case UDATA8: return cursor_word(c, sizeof(uint64_t));
	case SLEB: return (uint64_t)cursor_sleb(c);
	case SDATA2: return read_signed(c, sizeof(uint16_t));
	case SDATA4: return read_signed(c, sizeof(uint32_t));
	case SDATA8: return cursor_word(c, sizeof(uint64_t));
	}
	c->bad = true;
	return 0;
}

uint64_t cursor_pointer(struct cursor *c, uint8_t encoding)
{
	uint64_t here = c->linked + c->at, value = read_value(c, encoding & FORMAT);

	switch (encoding & RELATIVE) {
	case ABSOLUTE: break;
	case PCREL: value += here; break;
	case DATAREL: value += c->data; break;
	default: c->bad = true;
	}
	if (c->view->header.e_ident[EI_CLASS] == ELFCLASS32)
		value = (uint32_t)value;
	return c->bad ? 0 : value;
}

/* -------------------------------------------------------------------------
 * Where it is.
 */
static bool find_segment(const struct view *v, struct cursor *c)
{
	for (size_t i = 0; i < v->segments; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(v->elf, (int)i, &p) || p.p_type != PT_GNU_EH_FRAME || !p.p_filesz)
			continue;
		*c = (struct cursor){ .view = v, .at = p.p_offset, .end = p.p_offset + p.p_filesz,
				      .linked = p.p_vaddr - p.p_offset, .data = p.p_vaddr };
		return true;
	}
	return false;
}

static bool find_section(const struct view *v, struct cursor *c)
{
	for (size_t i = 1; i < v->sections; i++) {
		const char *name;
		GElf_Shdr s;

		if (!gelf_getshdr(elf_getscn(v->elf, i), &s) || s.sh_type == SHT_NOBITS ||
		    !span_inside(s.sh_offset, s.sh_size, v->source->size))
			continue;
		name = view_string(v, v->section_names, s.sh_name);
		if (!name || strcmp(name, ".eh_frame"))
			continue;
		*c = (struct cursor){ .view = v, .at = s.sh_offset, .end = s.sh_offset + s.sh_size,
				      .linked = s.sh_addr - s.sh_offset };
		return true;
	}
	return false;
}

/* The records that the header names: up to one of no length, or the image's end. */
static bool find_frames(const struct cursor *header, uint64_t address, struct cursor *frames)
{
	*frames = *header;
	frames->end = header->view->source->size;
	if (!view_offset(header->view, address, sizeof(uint32_t), &frames->at))
		return false;
	frames->linked = address - frames->at;
	return true;
}

static void print_table(struct cursor *c, uint64_t count, uint8_t encoding)
{
	uint64_t last = 0, size = c->end - c->at, entries = 0;
	bool sorted = true;

	for (; entries < count && c->at < c->end; entries++) {
		uint64_t start = cursor_pointer(c, encoding);

		cursor_pointer(c, encoding);
		if (c->bad)
			break;
		sorted &= !entries || start > last;
		last = start;
	}
	printf("  search table of %" PRIu64 " entries%s", count, sorted ? "" : ", not sorted");
	if (entries < count)
		printf(", but there is room for %" PRIu64 " in its %" PRIu64 " bytes", entries, size);
	putchar('\n');
}

/* Prints what the header says. False: it leads nowhere. */
static bool read_header(struct cursor *c, struct cursor *frames)
{
	uint8_t version = (uint8_t)cursor_word(c, 1), frame = (uint8_t)cursor_word(c, 1);
	uint8_t count = (uint8_t)cursor_word(c, 1), table = (uint8_t)cursor_word(c, 1);
	uint64_t address = cursor_pointer(c, frame), entries = 0;

	if (c->bad || version != 1 || !find_frames(c, address, frames))
		return false;
	if (count != OMITTED)
		entries = cursor_pointer(c, count);
	if (count == OMITTED || table == OMITTED)
		puts("  no search table");
	else
		print_table(c, entries, table);
	return true;
}

/* -------------------------------------------------------------------------
 * Records.
 */
static bool read_record(struct cursor *frames, struct cursor *record)
{
	uint64_t length = cursor_word(frames, sizeof(uint32_t));

	*record = *frames;
	if (!length)
		return false;
	if (length >= LONG_RECORD || length > RECORD_MAX)
		frames->bad = true;
	cursor_skip(frames, length);
	record->end = frames->at;
	return !frames->bad;
}

static void read_augmentation(struct cursor *c, struct cie *cie, const char *letters)
{
	uint64_t size = cursor_uleb(c), end = c->at + size;
	struct cursor data = *c;

	cursor_skip(c, size);
	if (c->bad)
		return;
	data.end = end;
	for (; *letters && !data.bad; letters++)
		switch (*letters) {
		case 'R': cie->encoding = (uint8_t)cursor_word(&data, 1); break;
		case 'L': cursor_skip(&data, 1); break;
		case 'P': cursor_pointer(&data, (uint8_t)cursor_word(&data, 1) & FORMAT); break;
		case 'S': cie->signal = true; break;
		}
	c->bad |= data.bad;
}

/* Behind the CIE's id. */
static bool read_cie(struct cursor c, struct cie *cie)
{
	enum { VERSION_1 = 1, VERSION_3 = 3 };	/* in which the register is a byte; is not */
	uint64_t version = cursor_word(&c, 1), at = c.at;
	const char *letters = view_string(c.view, (struct span){ 0, c.end }, at);

	*cie = (struct cie){ .encoding = ABSOLUTE };
	if (c.bad || !letters || (version != VERSION_1 && version != VERSION_3))
		return false;
	cursor_skip(&c, strlen(letters) + 1);
	cie->augmented = *letters == 'z';
	if (*letters && !cie->augmented)
		return false;
	cie->code_unit = cursor_uleb(&c);
	cie->data_unit = cursor_sleb(&c);
	cie->return_address = version == VERSION_1 ? cursor_word(&c, 1) : cursor_uleb(&c);
	if (cie->augmented)
		read_augmentation(&c, cie, letters + 1);
	cie->program = c;
	return !c.bad;
}

static const char *name_of(const struct view *v, uint64_t address)
{
	for (size_t i = 1; i < v->symbols; i++) {
		const char *name;
		GElf_Sym s;

		if (view_symbol(v, i, &s, &name) && s.st_value == address && *name &&
		    s.st_shndx != SHN_UNDEF && GELF_ST_TYPE(s.st_info) <= STT_FUNC)
			return name;
	}
	if (view_has_slots(v) && address == VDSOGEN_SLOTS_AT)
		return "(slots)";
	return "-";
}

/* `all` are the records from the first one on; `back` is how far before c its CIE is. */
static bool read_fde(struct cursor c, uint64_t back, struct cursor all, struct fde *fde)
{
	struct cursor record;
	uint64_t at = c.at - sizeof(uint32_t);

	if (back > at || at - back < all.at)
		return false;
	all.at = at - back;
	if (!read_record(&all, &record) || cursor_word(&record, sizeof(uint32_t)) != CIE_ID ||
	    !read_cie(record, &fde->cie))
		return false;
	fde->start = cursor_pointer(&c, fde->cie.encoding);
	fde->size = read_value(&c, fde->cie.encoding & FORMAT);
	if (fde->cie.augmented)
		cursor_skip(&c, cursor_uleb(&c));
	fde->program = c;
	fde->name = name_of(c.view, fde->start);
	return !c.bad;
}

static void print_cie(const struct view *v, const struct cie *cie, uint64_t address, uint64_t size)
{
	printf("  0x%06" PRIx64 " %8" PRIu64 "  %-*s  return address in ", address, size, UNWIND_NAME,
	       "(common part)");
	print_register(v, cie->return_address);
	printf("; units of %" PRIu64 " and %" PRId64 " bytes\n", cie->code_unit, cie->data_unit);
}

static bool show_record(struct cursor record, const struct cursor *all)
{
	uint64_t start = record.at - sizeof(uint32_t), id = cursor_word(&record, sizeof(uint32_t));
	struct fde fde;

	if (record.bad)
		return false;
	if (id != CIE_ID)
		return read_fde(record, id, *all, &fde) && show_rows(&fde);
	if (!read_cie(record, &fde.cie))
		return false;
	print_cie(all->view, &fde.cie, all->linked + start, record.end - start);
	return true;
}

static void show_records(struct cursor frames)
{
	struct cursor all = frames, record;
	unsigned int left = RECORDS_MAX;

	while (frames.at < frames.end && left-- && read_record(&frames, &record))
		if (!show_record(record, &all))
			printf("  0x%06" PRIx64 "  a record that makes no sense here: left aside\n",
			       record.at - sizeof(uint32_t));
	if (frames.bad || (frames.at < frames.end && left > RECORDS_MAX))
		puts("  and more, which is left aside");
}

void show_unwind(const struct view *v)
{
	struct cursor header, frames;

	puts("\nUnwinding");
	if (find_segment(v, &header)) {
		if (!read_header(&header, &frames)) {
			puts("  a header (PT_GNU_EH_FRAME) that leads nowhere");
			return;
		}
	} else if (find_section(v, &frames)) {
		puts("  no search table: no PT_GNU_EH_FRAME");
	} else {
		puts("  none");
		return;
	}
	puts("  offset      bytes  function                frame and saved registers");
	show_records(frames);
}

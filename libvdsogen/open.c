/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads an image back. Every number in it may be a lie until it is checked. */
#include <stdbool.h>

#include "arch.h"
#include "elf-abi.h"
#include "env.h"
#include "note.h"

struct span {
	uint64_t at, size;
};

struct reading {
	const uint8_t *base;
	uint64_t size;
	struct span load, dynamic, note;
};

static bool inside(uint64_t at, uint64_t size, uint64_t all)
{
	return at <= all && size <= all - at;
}

static uint64_t get(const uint8_t *p, unsigned int bytes)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < bytes; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)get(p, 2);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get(p, 4);
}

static uint64_t get64(const uint8_t *p)
{
	return get(p, 8);
}

static int read_headers(struct reading *r, struct vdsogen_image *image)
{
	static const uint8_t magic[] = { 0x7f, 'E', 'L', 'F', ELF_CLASS64, ELF_LSB, ELF_VERSION };
	uint64_t phoff, count;

	if (r->size < sizeof magic || memcmp(r->base, magic, sizeof magic))
		return -VDSOGEN_ERR_NOTELF;
	if (r->size < ELF_EHDR_SIZE)
		return -VDSOGEN_ERR_TRUNCATED;
	if (get16(r->base + EHDR_TYPE) != ELF_DYN)
		return -VDSOGEN_ERR_NOTELF;
	image->machine = get16(r->base + EHDR_MACHINE);
	phoff = get64(r->base + EHDR_PHOFF);
	count = get16(r->base + EHDR_PHNUM);
	if (get16(r->base + EHDR_PHENTSIZE) != ELF_PHDR_SIZE)
		return -VDSOGEN_ERR_DAMAGED;
	if (!inside(phoff, count * ELF_PHDR_SIZE, r->size))
		return -VDSOGEN_ERR_TRUNCATED;
	while (count--) {
		const uint8_t *ph = r->base + phoff + count * ELF_PHDR_SIZE;
		struct span span = { get64(ph + PHDR_OFFSET), get64(ph + PHDR_FILESZ) };
		uint32_t type = get32(ph + PHDR_TYPE);

		if (!inside(span.at, span.size, r->size))
			return -VDSOGEN_ERR_TRUNCATED;
		if (type == PHDR_LOAD)
			r->load = span;
		else if (type == PHDR_DYNAMIC)
			r->dynamic = span;
		else if (type == PHDR_NOTE)
			r->note = span;
	}
	return r->load.size ? 0 : -VDSOGEN_ERR_DAMAGED;
}

static uint64_t note_padded(uint64_t size)
{
	return (size + NOTE_ALIGN - 1) & ~(uint64_t)(NOTE_ALIGN - 1);
}

/* The vendor note's descriptor, or NULL. Of a layout that is known, *words are all there. */
static const uint8_t *find_note(const struct reading *r, uint32_t *words)
{
	uint64_t at = r->note.at, end = r->note.at + r->note.size;

	while (inside(at, NOTE_HEADER_SIZE, end)) {
		uint64_t owner = get32(r->base + at), size = get32(r->base + at + 4);
		uint64_t desc = at + NOTE_HEADER_SIZE + note_padded(owner);

		if (!inside(desc, size, end))
			break;
		if (owner == sizeof VG_NOTE_OWNER && get32(r->base + at + 8) == VG_NOTE_TYPE &&
		    !memcmp(r->base + at + NOTE_HEADER_SIZE, VG_NOTE_OWNER, owner) &&
		    size >= sizeof(uint32_t) && size % sizeof(uint32_t) == 0) {
			*words = (uint32_t)(size / sizeof(uint32_t));
			return get32(r->base + desc) != VG_LAYOUT || *words >= VG_NOTE_ENTRIES ?
			       r->base + desc : NULL;
		}
		at = desc + note_padded(size);
	}
	return NULL;
}

static bool good_entry(const struct vdsogen_entry *e, uint64_t size)
{
	return e->at && e->size && inside(e->at, e->size, size) && e->trap >= e->at &&
	       e->resume > e->trap && e->resume <= e->at + e->size;
}

/* One of the data blocks: where it says it is, its size, and where the configuration puts it. */
struct block {
	int32_t at;
	uint32_t size, data, distance;
};

static bool good_block(const struct vdsogen_image *image, const struct block *b)
{
	if (b->distance % VDSOGEN_PAGE || b->distance > VDSOGEN_DISTANCE_MAX)
		return false;
	switch (b->data) {
	case VDSOGEN_DATA_INSIDE:
		return !b->distance && b->at > 0 && b->at % VDSOGEN_ALIGN == 0 &&
		       inside((uint32_t)b->at, b->size, image->used);
	case VDSOGEN_DATA_BEFORE:
		return b->distance && b->at == -(int32_t)b->distance;
	case VDSOGEN_DATA_AFTER:
		return b->at >= 0 && (size_t)b->at >= image->size &&
		       (uint32_t)b->at == (b->distance ? b->distance : image->size);
	}
	return false;
}

/* A block that follows another. */
static bool follows(const struct vdsogen_image *image, int32_t at, int32_t end, uint32_t size)
{
	return at == end && (image->config.data != VDSOGEN_DATA_INSIDE ||
			     inside((uint32_t)end, size, image->used));
}

/* Whether the data blocks are where the configuration says. */
static bool good_blocks(const struct vdsogen_image *image)
{
	const struct vdsogen_config *c = &image->config;
	struct block clock = { image->clock, sizeof(struct vdsogen_clock), c->data, c->distance };
	struct block process = { image->process, sizeof(struct vdsogen_process), c->process,
				 c->process_distance };
	bool random = c->functions >> VDSOGEN_GETRANDOM & 1;
	int32_t end;

	if (!good_block(image, &clock))
		return false;
	end = image->clock + (int32_t)sizeof(struct vdsogen_clock);
	if (random && !follows(image, image->random, end, sizeof(struct vdsogen_random)))
		return false;
	if (random)
		end += (int32_t)sizeof(struct vdsogen_random);
	else if (image->random)
		return false;
	if (!(c->functions & VDSOGEN_IDENTITY_FUNCTIONS))
		return !image->process;
	if (vg_process_follows_clock(c))
		return follows(image, image->process, end, sizeof(struct vdsogen_process));
	return good_block(image, &process) &&
	       (uint32_t)image->process / VDSOGEN_PAGE != (uint32_t)image->clock / VDSOGEN_PAGE;
}

/* Code is before the data that are in the image. */
static uint32_t code_end(const struct vdsogen_image *image)
{
	const struct vdsogen_config *c = &image->config;

	if (c->data == VDSOGEN_DATA_INSIDE)
		return (uint32_t)image->clock;
	if (c->process == VDSOGEN_DATA_INSIDE && image->process)
		return (uint32_t)image->process;
	return image->used;
}

/* What each choice may be; whether the architecture has it is for who builds an image. */
static bool good_choices(const struct vdsogen_config *c)
{
	return c->functions && !(c->functions >> VDSOGEN_FUNCTIONS) && c->clocks &&
	       !(c->clocks & ~VG_CLOCKS) && c->counter < VDSOGEN_COUNTERS &&
	       c->getcpu < VDSOGEN_GETCPUS && c->fallback < VDSOGEN_FALLBACKS && vg_numbers_fit(c) &&
	       c->landing_pads && c->landing_pads < VDSOGEN_LANDING_PADS &&
	       c->process < VDSOGEN_DATA && c->process_distance % VDSOGEN_PAGE == 0 &&
	       c->process_distance <= VDSOGEN_DISTANCE_MAX && !(c->options & ~VDSOGEN_OPTIONS);
}

/* The functions' entries, behind the words of the note. */
static int read_entries(const uint8_t *p, struct vdsogen_image *image)
{
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		struct vdsogen_entry *e = &image->function[f];

		if (!(image->config.functions >> f & 1))
			continue;
		*e = (struct vdsogen_entry){ get32(p), get32(p + 4), get32(p + 8), get32(p + 12) };
		if (!good_entry(e, code_end(image)))
			return -VDSOGEN_ERR_DAMAGED;
		p += sizeof *e;
	}
	return 0;
}

static int read_note(const struct reading *r, const uint8_t *note, uint32_t words,
		     struct vdsogen_image *image)
{
	uint32_t word[VG_NOTE_ENTRIES];

	for (unsigned int i = 0; i < VG_NOTE_ENTRIES; i++)
		word[i] = get32(note + sizeof(uint32_t) * i);
	image->layout = VG_LAYOUT;
	image->size = (size_t)r->load.size;
	image->clock = (int32_t)word[VG_NOTE_CLOCK_AT];
	image->random = (int32_t)word[VG_NOTE_RANDOM_AT];
	image->process = (int32_t)word[VG_NOTE_PROCESS_AT];
	image->counter_register = word[VG_NOTE_COUNTER_REGISTER];
	image->symbols = word[VG_NOTE_SYMBOLS];
	image->used = word[VG_NOTE_USED];
	image->config = (struct vdsogen_config){
		.functions = word[VG_NOTE_FUNCTIONS], .clocks = word[VG_NOTE_CLOCKS],
		.counter = vg_packed(word[VG_NOTE_CODE], 0),
		.getcpu = vg_packed(word[VG_NOTE_CODE], 1),
		.getcpu_at = (int32_t)word[VG_NOTE_GETCPU_AT],
		.fallback = vg_packed(word[VG_NOTE_CODE], 2),
		.fallback_at = word[VG_NOTE_FALLBACK_LOW] |
			       (uint64_t)word[VG_NOTE_FALLBACK_HIGH] << 32,
		.landing_pads = vg_packed(word[VG_NOTE_CODE], 3),
		.data = vg_packed(word[VG_NOTE_PLACES], 0), .distance = word[VG_NOTE_DISTANCE],
		.process = vg_packed(word[VG_NOTE_PLACES], 1),
		.process_distance = word[VG_NOTE_PROCESS_DISTANCE],
		.options = word[VG_NOTE_OPTIONS], .kernel_version = word[VG_NOTE_KERNEL_VERSION],
	};
	if (!good_choices(&image->config) || image->counter_register > 31 ||
	    image->used > r->load.size || !good_blocks(image) ||
	    words != vg_note_words(image->config.functions))
		return -VDSOGEN_ERR_DAMAGED;
	return read_entries(note + sizeof(uint32_t) * VG_NOTE_ENTRIES, image);
}

static int read_dynamic(const struct reading *r, struct vdsogen_image *image)
{
	uint64_t symtab = 0, strtab = 0, strsz = 0, at = r->dynamic.at;

	for (; inside(at + ELF_DYN_SIZE, 0, r->dynamic.at + r->dynamic.size); at += ELF_DYN_SIZE) {
		uint64_t value = get64(r->base + at + 8);

		switch (get64(r->base + at)) {
		case DYN_SYMTAB: symtab = value; break;
		case DYN_STRTAB: strtab = value; break;
		case DYN_STRSZ: strsz = value; break;
		}
	}
	if (!symtab || !strtab || !strsz ||
	    !inside(symtab, (uint64_t)image->symbols * ELF_SYM_SIZE, r->load.size) ||
	    !inside(strtab, strsz, r->load.size) || r->base[strtab + strsz - 1])
		return -VDSOGEN_ERR_DAMAGED;
	image->symtab = (uint32_t)symtab;
	image->strtab = (uint32_t)strtab;
	image->strsz = (uint32_t)strsz;
	return 0;
}

int vdsogen_open(const void *base, size_t size, struct vdsogen_image *image)
{
	struct vdsogen_image found = { .base = base };
	struct reading r = { .base = base, .size = size };
	const uint8_t *note;
	uint32_t words;
	int error = read_headers(&r, &found);

	if (error)
		return error;
	note = find_note(&r, &words);
	if (!note)
		return -VDSOGEN_ERR_FOREIGN;
	if (get32(note) != VG_LAYOUT)
		return -VDSOGEN_ERR_LAYOUT;
	if (r.load.at || r.load.size % VDSOGEN_PAGE || r.load.size > UINT32_MAX)
		return -VDSOGEN_ERR_DAMAGED;
	error = read_note(&r, note, words, &found);
	if (!error)
		error = read_dynamic(&r, &found);
	if (!error)
		*image = found;
	return error;
}

static bool same_name(const struct vdsogen_image *image, uint32_t at, const char *name)
{
	const char *s = (const char *)image->base + image->strtab;

	for (; at < image->strsz && s[at] == *name; at++, name++)
		if (!*name)
			return true;
	return false;
}

int vdsogen_symbol(const struct vdsogen_image *image, const char *name,
		   struct vdsogen_symbol *symbol)
{
	const uint8_t *sym = (const uint8_t *)image->base + image->symtab;

	for (uint32_t i = 1; i < image->symbols; i++) {
		const uint8_t *s = sym + (size_t)i * ELF_SYM_SIZE;

		struct vdsogen_symbol found = { get64(s + SYM_VALUE), get64(s + SYM_SIZE) };

		if (!same_name(image, get32(s + SYM_NAME), name))
			continue;
		if (!inside(found.value, found.size, image->size))
			return -VDSOGEN_ERR_DAMAGED;
		*symbol = found;
		return 0;
	}
	return -VDSOGEN_ERR_NOSYMBOL;
}

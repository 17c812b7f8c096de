/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules about the functions that an image exports, and about its other symbols. */
#include <elf.h>
#include <gelf.h>
#include <inttypes.h>
#include <string.h>

#include "check.h"

/* Only what the machine's kernel has is missed by anybody. */
static enum outcome present(const struct image *image, unsigned int function, struct finding *f)
{
	char name[MACHINE_NAME_SIZE];
	bool counted =
		image->symbols || image->tag[TAG_HASH].given || image->tag[TAG_GNU_HASH].given;

	if (!image->machine || !(image->machine->functions >> function & 1) || !counted)
		return MOOT;
	return image->function[function].found ? HOLDS :
	       failed(f, "there is no %s", machine_symbol(image->machine, function, name));
}

enum outcome check_clock_gettime(const struct image *image, struct finding *f)
{
	return present(image, VDSOGEN_CLOCK_GETTIME, f);
}

enum outcome check_gettimeofday(const struct image *image, struct finding *f)
{
	return present(image, VDSOGEN_GETTIMEOFDAY, f);
}

enum outcome check_time(const struct image *image, struct finding *f)
{
	return present(image, VDSOGEN_TIME, f);
}

enum outcome check_clock_getres(const struct image *image, struct finding *f)
{
	return present(image, VDSOGEN_CLOCK_GETRES, f);
}

enum outcome check_getcpu(const struct image *image, struct finding *f)
{
	return present(image, VDSOGEN_GETCPU, f);
}

enum outcome check_rt_sigreturn(const struct image *image, struct finding *f)
{
	return present(image, VDSOGEN_RT_SIGRETURN, f);
}

/* ----------------------------------------------- rules for each function -- */

/* The next function from *i on, and its name. */
static const struct wanted *each(const struct image *image, unsigned int *i, const char **name,
				 char *buffer)
{
	for (; image->machine && *i < VDSOGEN_FUNCTIONS; (*i)++)
		if (image->function[*i].found) {
			*name = machine_symbol(image->machine, *i, buffer);
			return &image->function[*i];
		}
	return NULL;
}

#define FOR_EACH_FUNCTION(image) \
	char buffer[MACHINE_NAME_SIZE]; \
	const struct wanted *w; \
	const char *name; \
	for (unsigned int i = 0; (w = each(image, &i, &name, buffer)); i++)

static bool any(const struct image *image)
{
	for (unsigned int i = 0; i < VDSOGEN_FUNCTIONS; i++)
		if (image->function[i].found)
			return true;
	return false;
}

static enum outcome all(const struct image *image)
{
	return any(image) ? HOLDS : MOOT;
}

enum outcome check_symbol_places(const struct image *image, struct finding *f)
{
	FOR_EACH_FUNCTION(image) {
		uint64_t at;

		if (!image->loads)
			return MOOT;
		if (!image_offset(image, w->symbol.st_value, &at) ||
		    !image_inside(image, at, w->symbol.st_size))
			return failed(f, "%s is 0x%" PRIx64 " bytes at 0x%" PRIx64
				      ", not in the image (%zu bytes)", name,
				      (uint64_t)w->symbol.st_size, (uint64_t)w->symbol.st_value,
				      image->source->size);
	}
	return all(image);
}

enum outcome check_symbol_load(const struct image *image, struct finding *f)
{
	const Elf64_Phdr *load = &image->load;

	if (!image->loads)
		return MOOT;
	FOR_EACH_FUNCTION(image) {
		const Elf64_Sym *symbol = &w->symbol;

		if (!span_inside(symbol->st_value - load->p_vaddr, symbol->st_size, load->p_memsz))
			return failed(f, "%s is 0x%" PRIx64 " bytes at 0x%" PRIx64
				      ", the first PT_LOAD 0x%" PRIx64 " at 0x%" PRIx64, name,
				      (uint64_t)symbol->st_size, (uint64_t)symbol->st_value,
				      (uint64_t)load->p_memsz, (uint64_t)load->p_vaddr);
	}
	return all(image);
}

enum outcome check_symbol_bind(const struct image *image, struct finding *f)
{
	FOR_EACH_FUNCTION(image) {
		unsigned int bind = GELF_ST_BIND(w->symbol.st_info);

		if (bind != STB_GLOBAL && bind != STB_WEAK)
			return failed(f, "%s has binding %u, neither global nor weak", name, bind);
	}
	return all(image);
}

enum outcome check_symbol_kind(const struct image *image, struct finding *f)
{
	FOR_EACH_FUNCTION(image) {
		unsigned int type = GELF_ST_TYPE(w->symbol.st_info);

		if (type != STT_FUNC && type != STT_NOTYPE)
			return failed(f, "%s has type %u, neither STT_FUNC nor STT_NOTYPE", name,
				      type);
	}
	return all(image);
}

/* But for rt_sigreturn, which is no function: aarch64's own has STT_NOTYPE. */
enum outcome check_symbol_func(const struct image *image, struct finding *f)
{
	FOR_EACH_FUNCTION(image) {
		unsigned int type = GELF_ST_TYPE(w->symbol.st_info);

		if (type != STT_FUNC && i != VDSOGEN_RT_SIGRETURN)
			return failed(f, "%s has type %u, not %u (STT_FUNC)", name, type, STT_FUNC);
	}
	return all(image);
}

enum outcome check_name_room(const struct image *image, struct finding *f)
{
	enum { ROOM = 31 };
	uint64_t pages = (image->source->size + VDSOGEN_PAGE - 1) & -(uint64_t)VDSOGEN_PAGE;

	FOR_EACH_FUNCTION(image) {
		uint64_t at = image->strtab + w->symbol.st_name;

		if (!span_inside(at, ROOM, pages))
			return failed(f,
				      "the name %s is at 0x%" PRIx64
				      ", less than %u bytes before the "
				      "end of the mapping",
				      name, at, ROOM);
	}
	return all(image);
}

/* ------------------------------------------------------ room at an entry -- */

/* Lowers *end to an address that is above start. */
static void stop_at(uint64_t address, uint64_t start, uint64_t *end)
{
	if (address > start && address < *end)
		*end = address;
}

/* Where something else begins: a symbol, a table, a section. */
static uint64_t room_at(const struct image *image, uint64_t start)
{
	uint64_t end = image->load.p_vaddr + image->load.p_memsz;
	Elf64_Phdr p;
	Elf64_Shdr s;
	Elf64_Sym symbol;

	for (size_t i = 0; image_symbol(image, i, &symbol); i++)
		if (symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS)
			stop_at(symbol.st_value, start, &end);
	for (size_t i = 0; image_segment(image, i, &p); i++)
		stop_at(p.p_vaddr, start, &end);
	for (size_t i = 0; image_section(image, i, &s); i++)
		if (s.sh_flags & SHF_ALLOC)
			stop_at(s.sh_addr, start, &end);
	for (unsigned int i = 0; i < TAGS; i++)
		if (image->tag[i].inside)
			stop_at(image->tag[i].value, start, &end);
	return end > start ? end - start : 0;
}

enum outcome check_entry_room(const struct image *image, struct finding *f)
{
	enum { ROOM = 16 };

	if (!image->loads)
		return MOOT;
	FOR_EACH_FUNCTION(image) {
		uint64_t room = room_at(image, w->symbol.st_value);

		if (room < ROOM)
			return failed(f, "%s at 0x%" PRIx64 " has %" PRIu64 " bytes, fewer than %u",
				      name, (uint64_t)w->symbol.st_value, room, ROOM);
	}
	return all(image);
}

/* --------------------------------------------------- all of the symbols -- */

enum outcome check_symbol_names(const struct image *image, struct finding *f)
{
	Elf64_Sym symbol;

	if (!image->symbols || !image->strsz)
		return MOOT;
	for (size_t i = 0; image_symbol(image, i, &symbol); i++)
		if (symbol.st_name >= image->strsz)
			return failed(
				f,
				"the name of symbol %zu is at 0x%x of a string table of 0x%" PRIx64,
				i, symbol.st_name, image->strsz);
	return HOLDS;
}

enum outcome check_symbol_above(const struct image *image, struct finding *f)
{
	Elf64_Sym symbol;

	for (size_t i = 0; image_symbol(image, i, &symbol); i++)
		if (symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS &&
		    symbol.st_value <= image->load.p_vaddr)
			return failed(
				f, "st_value of symbol %zu is 0x%" PRIx64 ", not above 0x%" PRIx64,
				i, (uint64_t)symbol.st_value, (uint64_t)image->load.p_vaddr);
	return image->symbols ? HOLDS : MOOT;
}

/* ------------------------------------------------------------- the code -- */

/* In the whole of a function, which may be data to someone else. */
static bool has_trap(const struct image *image, const Elf64_Sym *symbol)
{
	const struct machine *machine = image->machine;
	uint64_t at;

	if (!image_offset(image, symbol->st_value, &at) ||
	    !image_inside(image, at, symbol->st_size))
		return false;
	for (uint64_t i = 0; span_inside(i, machine->trap_size, symbol->st_size); i++)
		if (!memcmp(image->source->bytes + at + i, machine->trap, machine->trap_size))
			return true;
	return false;
}

enum outcome check_trap(const struct image *image, struct finding *f)
{
	if (!image->machine || !image->machine->trap_size || !image->loads)
		return MOOT;
	FOR_EACH_FUNCTION(image)
		if (has_trap(image, &w->symbol))
			return HOLDS;
	return any(image) ? failed(f, "no function enters the kernel by itself") : MOOT;
}

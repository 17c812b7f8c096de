/* SPDX-License-Identifier: BSD-2-Clause */
/* What lies where in an image, and what is free. */
#include <inttypes.h>
#include <stdlib.h>

#include "show.h"

struct part {
	struct span span;
	const char *name;
	const char *kind;	/* behind the name, or NULL */
};

struct map {
	struct part *part;
	size_t count, room;
};

static void add(struct map *map, uint64_t at, uint64_t size, const char *name, const char *kind)
{
	if (size && map->count < map->room)
		map->part[map->count++] = (struct part){ { at, size }, name, kind };
}

static void add_span(struct map *map, struct span span, const char *name)
{
	add(map, span.at, span.size, name, NULL);
}

static void add_headers(struct map *map, const struct view *v)
{
	add(map, 0, v->header.e_ehsize, "ELF header", NULL);
	add(map, v->header.e_phoff, v->segments * v->header.e_phentsize, "program headers", NULL);
	add(map, v->header.e_shoff, v->sections * v->header.e_shentsize, "section headers", NULL);
}

static void add_blocks(struct map *map, const struct view *v)
{
	struct block blocks[BLOCKS];

	view_blocks(v, blocks);
	for (unsigned int b = 0; b < BLOCKS; b++)
		if (blocks[b].inside)
			add(map, (uint64_t)blocks[b].at, blocks[b].size, blocks[b].name, NULL);
}

static void add_sections(struct map *map, const struct view *v, size_t *outside)
{
	for (size_t i = 0; i < v->sections; i++) {
		const char *name;
		GElf_Shdr s;

		if (!gelf_getshdr(elf_getscn(v->elf, i), &s) || s.sh_type == SHT_NULL ||
		    s.sh_type == SHT_NOBITS)
			continue;
		if (!span_inside(s.sh_offset, s.sh_size, v->source->size)) {
			++*outside;
			continue;
		}
		name = view_string(v, v->section_names, s.sh_name);
		add(map, s.sh_offset, s.sh_size, name ? name : "(section without a name)", NULL);
	}
}

/* What program headers and the dynamic segment tell. */
static void add_tables(struct map *map, const struct view *v)
{
	uint64_t symbol_size = gelf_fsize(v->elf, ELF_T_SYM, 1, EV_CURRENT);

	for (size_t i = 0; i < v->segments; i++) {
		GElf_Phdr p;

		if (gelf_getphdr(v->elf, (int)i, &p) && p.p_type == PT_NOTE)
			add(map, p.p_offset, p.p_filesz, "notes", "PT_NOTE");
	}
	add_span(map, v->dynamic, "dynamic segment");
	add_span(map, v->hash, "hash table");
	add_span(map, v->gnu_hash, "GNU hash table");
	add(map, v->symtab, v->symbols * symbol_size, "symbols", NULL);
	add_span(map, v->strings, "strings");
	add_span(map, v->versym, "versions of symbols");
	add_span(map, v->verdef, "version definitions");
}

/* Code that only symbols tell of; aliases once. */
static void add_functions(struct map *map, const struct view *v)
{
	for (size_t i = 1; i < v->symbols; i++) {
		const char *name;
		uint64_t at;
		GElf_Sym s;
		size_t seen = 0;

		if (!view_symbol(v, i, &s, &name) || GELF_ST_TYPE(s.st_info) != STT_FUNC ||
		    !view_offset(v, s.st_value, s.st_size, &at))
			continue;
		while (seen < map->count && map->part[seen].span.at != at)
			seen++;
		if (seen == map->count)
			add(map, at, s.st_size, name, "code");
	}
}

static int by_place(const void *a, const void *b)
{
	const struct part *l = a, *r = b;

	if (l->span.at != r->span.at)
		return l->span.at < r->span.at ? -1 : 1;
	return l->span.size > r->span.size ? -1 : l->span.size < r->span.size;
}

static void print_row(uint64_t at, uint64_t size, const char *name, const char *kind, bool overlaps)
{
	printf("  0x%06" PRIx64 " %8" PRIu64 "  ", at, size);
	print_name(name);
	if (kind)
		printf(" (%s)", kind);
	puts(overlaps ? "  overlaps the part before it" : "");
}

static void print_parts(const struct map *map, uint64_t all)
{
	uint64_t end = 0, used = 0, gaps = 0;

	for (size_t i = 0; i < map->count; i++) {
		const struct part *p = &map->part[i];
		uint64_t after = p->span.at + p->span.size;
		bool overlaps = p->span.at < end;

		if (p->span.at > end) {
			print_row(end, p->span.at - end, "-", NULL, false);
			gaps += p->span.at - end;
		}
		print_row(p->span.at, p->span.size, p->name, p->kind, overlaps);
		if (after > end) {
			used += after - (overlaps ? end : p->span.at);
			end = after;
		}
	}
	if (end < all)
		print_row(end, all - end, "free", NULL, false);
	printf("  %" PRIu64 " bytes: %" PRIu64 " used, %" PRIu64 " between the parts, %" PRIu64
	       " free\n", all, used, gaps, all - end);
}

void show_map(const struct view *v)
{
	enum { HEADERS = 3, TABLES = 8, SLOTS = 1 };
	struct map map = { .room = HEADERS + TABLES + SLOTS + BLOCKS + v->sections + v->segments + v->symbols };
	size_t outside = 0;

	map.part = calloc(map.room, sizeof *map.part);
	if (!map.part) {
		tool_error("%s: out of memory", v->source->name);
		return;
	}
	add_headers(&map, v);
	add_blocks(&map, v);
	if (v->sections) {
		add_sections(&map, v, &outside);
	} else {
		add_tables(&map, v);
		if (view_has_slots(v))
			add(&map, VDSOGEN_SLOTS_AT, VDSOGEN_FUNCTIONS * VDSOGEN_SLOT_SIZE, "slots",
			    NULL);
		add_functions(&map, v);
	}
	qsort(map.part, map.count, sizeof *map.part, by_place);
	puts("\nMap\n  offset      bytes  part");
	print_parts(&map, v->source->size);
	if (v->section_remark)
		printf("  %s; by the program headers and the symbols\n", v->section_remark);
	if (outside)
		printf("  %zu section(s) outside of the image: left aside\n", outside);
	free(map.part);
}

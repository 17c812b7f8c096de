/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vdsogen show: a view of one image, whose bytes are not trusted. Everything in
 * struct view was checked to lie in the image when view_open() has succeeded.
 */
#ifndef SHOW_H
#define SHOW_H

#include <gelf.h>

#include "source.h"

struct span {
	uint64_t at, size;	/* size 0: there is none */
};

struct view {
	const struct source *source;
	Elf *elf;
	GElf_Ehdr header;
	size_t segments, sections;	/* counts; no sections: see section_remark */
	const char *section_remark;
	struct span section_names;

	/* from the dynamic segment */
	struct span dynamic, strings, hash, gnu_hash, versym, verdef;
	uint64_t symtab, soname;	/* offsets in the image and in `strings` */
	size_t symbols;			/* with the null symbol */
	size_t verdefs;			/* checked: all in `verdef` */

	bool ours;
	struct vdsogen_image image;	/* if ours */
	const struct vdsogen_arch *arch; /* if ours and built in */
};

/* Reports what is wrong and returns EXIT_FAILURE. close is needed after success only. */
int view_open(struct view *view, const struct source *source);
void view_close(struct view *view);

/* Both report and return EXIT_FAILURE: what is wrong; which table is not in the image. */
int view_bad(const struct view *view, const char *what);
int view_outside(const struct view *view, const char *what, uint64_t at, uint64_t size);

/* One of the data blocks of an image of ours. */
struct block {
	const char *name;
	int64_t at;		/* from the start of the image */
	uint64_t size;
	bool inside;
};

enum { CLOCK_BLOCK, RANDOM_BLOCK, PROCESS_BLOCK, BLOCKS };

/* Those that it has not are of size 0: all three, if it is not ours. */
void view_blocks(const struct view *view, struct block blocks[BLOCKS]);
/* A copy of a block that is inside. */
void view_copy_block(const struct view *view, const struct block *block, void *to);

/* Whether its functions jump to the host, and nothing traps. */
static inline bool view_jumps(const struct view *view)
{
	return view->image.config.fallback == VDSOGEN_FALLBACK_JUMP ||
	       view->image.config.fallback == VDSOGEN_FALLBACK_THREAD;
}

static inline bool view_has_slots(const struct view *view)
{
	return view->ours && view->image.config.options & VDSOGEN_SLOTS;
}

/* The part of view_open() that reads the dynamic segment. */
int view_dynamic(struct view *view);

/* Decodes [at, at+size) of the image, which must lie in it; NULL if libelf cannot. */
Elf_Data *view_data(const struct view *view, struct span span, Elf_Type type);

/* A string of the image, or NULL if it does not end within the table. */
const char *view_string(const struct view *view, struct span table, uint64_t offset);

/* The i-th symbol and its name ("" if bad). False if there is none. */
bool view_symbol(const struct view *view, size_t i, GElf_Sym *symbol, const char **name);

/* The i-th symbol's version, or NULL. */
const char *view_version(const struct view *view, size_t i);

/* The offset in the image of [address, address+size), by the program headers. */
bool view_offset(const struct view *view, uint64_t address, uint64_t size, uint64_t *at);

/* Fields of a table that libelf has no decoder for, in the image's byte order. */
uint64_t view_word(const struct view *view, uint64_t at, unsigned int bytes);

/* A name from the image: what a terminal would obey is written as \ooo. */
void print_name(const char *name);

/* "x86_64" for 62, or NULL. */
const char *machine_name(const struct view *view);

/* The chapters of the output. */
void show_map(const struct view *view);
void show_symbols(const struct view *view);
void show_notes(const struct view *view);
void show_config(const struct view *view);
void show_data(const struct view *view);
void show_entries(const struct view *view);

/* What show_data() shows. */
void show_clock(const struct view *view, const struct vdsogen_clock *clock);
void show_random(const struct vdsogen_random *random);
void show_process(const struct vdsogen_process *process);
void show_unwind(const struct view *view);
void show_code(const struct view *view);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vdsogen check: what the known readers of a vDSO make of an image.
 *
 *   check-rules.def	the rules: one line for each, and one function in check-THEME.c
 *   check-readers.c	the readers: what each demands, and what it costs if it is not so
 *   check-image.c	decodes the image once; its bytes are not trusted
 *   check-report.c	the verdicts, for people; check-json.c: for programs
 */
#ifndef CHECK_H
#define CHECK_H

#include <libelf.h>

#include "source.h"

/* ------------------------------------------------------------ the image -- */

/* The dynamic tags that any reader looks at. */
enum tag {
	TAG_HASH, TAG_STRTAB, TAG_SYMTAB, TAG_RELA, TAG_RELAENT, TAG_STRSZ, TAG_SYMENT, TAG_SONAME,
	TAG_REL, TAG_TEXTREL, TAG_GNU_HASH, TAG_VERSYM, TAG_VERDEF, TAG_VERDEFNUM,
	TAGS
};

/* One of them: its value and, if that is the address of a table, where in the image it is. */
struct tag_value {
	bool given, inside;	/* inside: at least its first byte is in the image */
	uint64_t value, at;
};

/* What images for this machine are like; a function's name is prefix + name. */
struct machine {
	const char *name, *prefix, *version;
	uint16_t number;
	uint8_t encoding;	/* ELFDATA2LSB, ELFDATA2MSB */
	unsigned int functions;	/* that the kernel's image has: bits by enum vdsogen_function */
	const char *sigreturn;	/* the function's name, if it has another */
	unsigned int hash_word;	/* bytes of a word of DT_HASH */
	unsigned int trap_size;	/* the instruction that enters the kernel */
	uint8_t trap[4];
	unsigned int sigreturn_size; /* unwinders know sigreturn by these bytes; 0: they do not */
	uint8_t sigreturn_code[8];
};

struct wanted {
	bool found;
	size_t index;
	Elf64_Sym symbol;
};

/*
 * Decoded as far as it can be. Offsets in here are not trusted: they are read
 * through image_read() and image_word() only.
 */
struct image {
	const struct source *source;
	bool wide;		/* a 64-bit image, header and all; else nothing below is set */
	Elf64_Ehdr header;
	uint8_t encoding;	/* EI_DATA, or little endian if that is neither */
	const struct machine *machine; /* NULL: unknown */
	size_t segments;	/* 0 if their table is not in the image */
	size_t loads, dynamics;
	Elf64_Phdr load, last_load, dynamic;	/* the first and the last PT_LOAD; PT_DYNAMIC */
	bool dynamic_inside;	/* some of the dynamic segment is in the image */
	bool ends;		/* it, by DT_NULL */
	struct tag_value tag[TAGS];
	size_t sections;	/* 0 if there are none, or not in the image */
	Elf64_Shdr section_names; /* SHT_NULL: none */

	uint64_t symtab;	/* by DT_SYMTAB, or else by the section headers */
	uint64_t strtab, strsz;
	size_t symbols;		/* how many lie in the image; with the null symbol */
	struct wanted function[VDSOGEN_FUNCTIONS];
};

void image_open(struct image *image, const struct source *source);

const struct machine *machine_of(uint16_t number);

/* "__vdso_time" and so on, into a buffer of at least MACHINE_NAME_SIZE. */
enum { MACHINE_NAME_SIZE = 64 };
const char *machine_symbol(const struct machine *machine, unsigned int function, char *name);

/*
 * The only ways to the image's bytes. image_read() decodes by libelf; false,
 * and `to` untouched, if they are not all in the image. image_word() is 0 then.
 */
bool image_read(const struct image *image, uint64_t at, Elf_Type type, void *to, size_t size);
uint64_t image_word(const struct image *image, uint64_t at, unsigned int bytes);
bool image_inside(const struct image *image, uint64_t at, uint64_t size);

/* Whether that string, with its end, is there. */
bool image_is(const struct image *image, uint64_t at, const char *string);

/* The offset of an address, by the first PT_LOAD. */
bool image_offset(const struct image *image, uint64_t address, uint64_t *at);

bool image_segment(const struct image *image, size_t i, Elf64_Phdr *segment);
bool image_find_segment(const struct image *image, uint32_t type, Elf64_Phdr *segment);
bool image_section(const struct image *image, size_t i, Elf64_Shdr *section);
bool image_find_section(const struct image *image, const char *name, Elf64_Shdr *section);
bool image_symbol(const struct image *image, size_t i, Elf64_Sym *symbol);

/* Bytes from the image for a message: printable, with an end, never too long. */
enum { QUOTE_SIZE = 40 };
const char *image_quote(const struct image *image, uint64_t at, char *quote);

/* The notes of all PT_NOTE; a walk begins with { 0 }. False past the last. */
struct note {
	uint64_t name, desc;
	uint32_t namesz, descsz, type;
	bool whole;		/* all of it is in its segment */
	size_t segment, seen;	/* of the walk */
	uint64_t next, end;
};
bool image_note(const struct image *image, struct note *note);

/* The version definitions; a walk begins with { 0 }. False past the last. */
struct verdef {
	Elf64_Verdef def;
	uint64_t at, aux;
	uint32_t name;		/* its place in the string table */
	bool whole;		/* the definition and its name's entry are in the image */
	size_t count;		/* of the walk: how many, with this one */
};
bool image_verdef(const struct image *image, struct verdef *verdef);

/* ------------------------------------------------------------ the rules -- */

/* MOOT: what it is about is not there, or another rule has said that it is broken. */
enum outcome { HOLDS, FAILS, MOOT };

/* The offending value, in words. */
struct finding {
	enum outcome outcome;
	char found[200];
};

enum rule_number {
#define RULE(name, demand) RULE_##name,
#include "check-rules.def"
#undef RULE
	RULES
};

struct rule {
	const char *name;
	const char *demand;	/* in words, what holds if it does */
	enum outcome (*judge)(const struct image *image, struct finding *finding);
};

extern const struct rule check_rules[RULES];

#define RULE(name, demand) \
	enum outcome check_##name(const struct image *image, struct finding *finding);
#include "check-rules.def"
#undef RULE

/* FAILS, with the reason. */
enum outcome failed(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---------------------------------------------------------- the readers -- */

enum verdict { ACCEPTED, DEGRADED, REJECTED, NOT_FOR_THIS_MACHINE };

/* Restricts a demand to images that do without the table this reader would rather use. */
enum condition { ALWAYS, WITHOUT_HASH, WITHOUT_GNU_HASH };

struct demand {
	enum rule_number rule;
	enum verdict consequence; /* DEGRADED or REJECTED */
	const char *cost;	/* what happens then */
	const char *source;	/* where the reader says so; NULL: where most of it does */
	uint16_t machine;	/* only there; 0: everywhere */
	enum condition when;
};

enum { DEMAND_LISTS = 8 };

struct reader {
	const char *name;
	const char *what;	/* which program, which versions */
	const char *source;
	const struct demand *demands[DEMAND_LISTS]; /* each ends with a cost of NULL */
	uint16_t machine;	/* it exists only there; 0: everywhere */
	const char *remark;	/* true of any image */
};

enum { CHECK_READERS_MAX = 64 };
extern const struct reader check_readers[];
extern const unsigned int check_reader_count;

/* ---------------------------------------------------------- the verdict -- */

struct check {
	const struct image *image;
	struct finding finding[RULES];
};

void check_judge(struct check *check, const struct image *image);

/* Whether the demand is made of this image. */
bool check_applies(const struct check *check, const struct demand *demand);

enum verdict check_verdict(const struct check *check, const struct reader *reader);

/* chosen: a flag for each reader. */
void check_print(FILE *out, const struct check *check, const bool *chosen, bool verbose);
void check_print_json(FILE *out, const struct check *check, const bool *chosen, bool verbose);
const char *check_verdict_name(enum verdict verdict);

#endif

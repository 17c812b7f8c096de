/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a Linux executable, in two steps, and maps nothing:
 *
 *	elf_read()	what the file says, checked as far as the file alone goes;
 *	elf_place()	the plan: what to map where, checked against the guest.
 *
 * The file is not trusted. In a plan no sum overflows, segments are in the order
 * of their addresses and share no page, all they take from the file was in it,
 * and they are clear of what was forbidden. The file may still change after it
 * was read: who copies from it checks what it gets.
 */
#ifndef RUNNER_ELF_H
#define RUNNER_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "guest.h"

enum {
	/* Linux's own limit, 64 KiB of them: fs/binfmt_elf.c, load_elf_phdrs(). */
	ELF_HEADERS_MAX = 65536 / 56,
	ELF_SEGMENTS_MAX = 128,
	ELF_INTERPRETER_MAX = 4096,	/* Linux's PATH_MAX, with the NUL */
	ELF_ALIGN_MAX = 1 << 30,	/* the largest page of any processor */
};

/* Where a file is: size bytes in memory, or an open descriptor. */
struct elf_source {
	const void *bytes;	/* NULL: fd */
	uint64_t size;
	int fd;
};

/* What the guest runs. */
struct elf_machine {
	uint16_t number;	/* EM_X86_64, ... */
	const char *name;	/* for messages */
	uint64_t page;		/* its page size, a power of two */
};

/* A PT_LOAD that is not empty, as the file has it. */
struct elf_load {
	unsigned int header;	/* its number among the program headers */
	unsigned int prot;	/* of enum guest_prot */
	uint64_t address, offset, filesz, memsz;
};

/* Addresses here are the file's: elf_place() makes the guest's of them. */
struct elf {
	bool movable;		/* ET_DYN */
	bool exec_stack;	/* PT_GNU_STACK asks for one; without it, there is none */
	bool has_interpreter;
	unsigned int headers;	/* AT_PHNUM */
	unsigned int loads;
	uint64_t page;
	uint64_t align;		/* of the largest p_align, at least a page */
	uint64_t low, high;	/* whole pages of all segments */
	uint64_t entry;
	uint64_t phdr;		/* of the program headers, 0: in no segment */
	struct elf_load load[ELF_SEGMENTS_MAX];
	char interpreter[ELF_INTERPRETER_MAX];
};

/*
 * 0, or -errno with a text: ENOEXEC for a file that is not such a program (it
 * may be a script), EINVAL for one that is damaged or asks for too much, EACCES
 * for what is no regular file, and any error of reading. Then *elf is undefined.
 */
int elf_read(struct elf *elf, const struct elf_source *source, const struct elf_machine *machine,
	     struct runner_error *error);

/*
 * At `at`, filesz bytes of the file's `offset`, then zeros up to memsz; at and
 * offset are the same within a page. Linux maps whole pages of the file: a
 * program may see its file's bytes before `at` and, if memsz is filesz, behind.
 */
struct elf_segment {
	struct guest_range pages;
	guest_addr at;
	uint64_t offset, filesz, memsz;
	unsigned int prot;	/* of enum guest_prot */
};

struct elf_plan {
	struct guest_range pages;	/* from the first to the last segment; the heap follows */
	guest_addr entry;		/* AT_ENTRY */
	guest_addr phdr;		/* AT_PHDR; 0: in no segment */
	uint64_t bias;			/* of each address of the file, modulo 2^64 */
	unsigned int segments;
	struct elf_segment segment[ELF_SEGMENTS_MAX];
};

/* What the guest has room for. */
struct elf_room {
	guest_addr limit;	/* the first address that user code cannot have */
	const struct guest_range *forbidden;	/* that no page of a segment may touch */
	size_t forbiddens;
};

/* Where its first page may go: the next place from `near` on, or its own if it cannot move. */
guest_addr elf_start(const struct elf *elf, guest_addr near);

/*
 * The plan with its first page at `start`. 0, or -errno with a text: EINVAL for
 * a start it cannot have, ENOMEM for an address that the guest cannot give.
 */
int elf_place(const struct elf *elf, guest_addr start, const struct elf_room *room,
	      struct elf_plan *plan, struct runner_error *error);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* A program's file into an address space, and the stack that it begins with. */
#ifndef LOAD_H
#define LOAD_H

#include <stddef.h>

#include "space.h"

/* What arguments, environment and the vectors to them may take. */
extern const size_t load_strings_max;

struct load {
	/* given */
	struct vm *vm;
	struct space *space;
	int program;		/* a descriptor of its file */
	const char *name;	/* as it was called */
	char *const *arguments, *const *environment;	/* each ends with NULL */
	guest_addr vdso;	/* 0: none */
	/* found */
	guest_addr pc, sp;
};

/*
 * Whether a file would be one that can be loaded, with its interpreter, in a space that has
 * nothing in it: 0, or -errno as execve() has it.
 */
int load_check(const struct vm *vm, int program, struct runner_error *error);

int load_program(struct load *load, struct runner_error *error);

#endif

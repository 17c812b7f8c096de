/* SPDX-License-Identifier: BSD-2-Clause */
/* A program's file into an address space, and the stack that it begins with. */
#ifndef LOAD_H
#define LOAD_H

#include "space.h"

struct load {
	/* given */
	struct vm *vm;
	struct space *space;
	const char *path, *name;	/* of its file, for the host and as it was called */
	char *const *arguments, *const *environment;	/* each ends with NULL */
	guest_addr vdso;	/* 0: none */
	/* found */
	guest_addr pc, sp;
};

int load_program(struct load *load, struct runner_error *error);

#endif

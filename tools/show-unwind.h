/* SPDX-License-Identifier: BSD-2-Clause */
/* What show-unwind.c and show-cfa.c share: unwind information, whose bytes are not trusted. */
#ifndef SHOW_UNWIND_H
#define SHOW_UNWIND_H

#include "show.h"

/* Reads on until the end, or until something is wrong: then `bad`, and every answer is 0. */
struct cursor {
	const struct view *view;
	uint64_t at, end;	/* offsets in the image */
	uint64_t linked;	/* address of offset 0 */
	uint64_t data;		/* address that DW_EH_PE_datarel counts from */
	bool bad;
};

uint64_t cursor_word(struct cursor *c, unsigned int bytes);
uint64_t cursor_uleb(struct cursor *c);
int64_t cursor_sleb(struct cursor *c);
void cursor_skip(struct cursor *c, uint64_t bytes);
uint64_t cursor_pointer(struct cursor *c, uint8_t encoding); /* an address */

struct cie {
	struct cursor program;	/* what holds at the entry of a function */
	uint64_t code_unit;
	int64_t data_unit;
	uint64_t return_address; /* register */
	uint8_t encoding;	/* of its FDEs' addresses */
	bool augmented;		/* 'z' */
	bool signal;		/* 'S' */
};

struct fde {
	struct cie cie;
	struct cursor program;
	uint64_t start, size;	/* address */
	const char *name;
};

enum { UNWIND_NAME = 22 };	/* width of the names' column */

void print_register(const struct view *view, uint64_t number);

/* Prints the rows of a function's table; false: there is more, but it makes no sense. */
bool show_rows(const struct fde *fde);

#endif

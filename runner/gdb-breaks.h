/* SPDX-License-Identifier: BSD-2-Clause */
/* Breakpoints in a guest's memory, which reads and writes through here know nothing of. */
#ifndef GDB_BREAKS_H
#define GDB_BREAKS_H

#include <stdbool.h>

#include "gdb-registers.h"
#include "space.h"

enum { GDB_BREAKS = 256 };

struct gdb_breaks {
	struct gdb_break {
		guest_addr at;
		uint8_t was[GDB_BREAK_MAX];	/* what the program has there */
	} list[GDB_BREAKS];
	size_t count;
};

/* false: nothing can be there, or no more. One that is there is there already. */
bool gdb_breaks_set(struct gdb_breaks *breaks, struct space *space, guest_addr at);
void gdb_breaks_clear(struct gdb_breaks *breaks, struct space *space, guest_addr at);
void gdb_breaks_clear_all(struct gdb_breaks *breaks, struct space *space);
bool gdb_breaks_has(const struct gdb_breaks *breaks, guest_addr at);

/* As many bytes as there are, up to `size`: to a page's end. */
size_t gdb_breaks_read(const struct gdb_breaks *breaks, const struct space *space, void *to,
		       guest_addr from, size_t size);
/* All or nothing, also where the program may not write. */
bool gdb_breaks_write(struct gdb_breaks *breaks, struct space *space, guest_addr to,
		      const void *from, size_t size);

#endif

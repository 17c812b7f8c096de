/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watched memory. Not every machine has debug registers that work, nor do those see what a
 * system call writes: so threads go by steps, and what was there is compared.
 */
#ifndef GDB_WATCHES_H
#define GDB_WATCHES_H

#include <stdbool.h>

#include "space.h"

enum { GDB_WATCHES = 16, GDB_WATCH_MAX = 64 };

struct gdb_watches {
	struct gdb_watch {
		guest_addr at;
		uint64_t size;
		uint8_t was[GDB_WATCH_MAX];
	} list[GDB_WATCHES];
	size_t count;
};

/* false: too many, too long, or nothing is there. */
bool gdb_watches_set(struct gdb_watches *watches, const struct space *space, guest_addr at,
		     uint64_t size);
void gdb_watches_clear(struct gdb_watches *watches, guest_addr at, uint64_t size);

/* From now on it is changed when it is not as it is now. */
void gdb_watches_begin(struct gdb_watches *watches, const struct space *space);
/* The first that is; false: none. */
bool gdb_watches_changed(const struct gdb_watches *watches, const struct space *space,
			 guest_addr *at);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "gdb-watches.h"

#include <string.h>

bool gdb_watches_set(struct gdb_watches *watches, const struct space *space, guest_addr at,
		     uint64_t size)
{
	struct gdb_watch *new = &watches->list[watches->count];

	if (watches->count == GDB_WATCHES || !size || size > GDB_WATCH_MAX ||
	    space_read(space, new->was, at, size))
		return false;
	new->at = at;
	new->size = size;
	watches->count++;
	return true;
}

void gdb_watches_clear(struct gdb_watches *watches, guest_addr at, uint64_t size)
{
	for (size_t i = 0; i < watches->count; i++)
		if (watches->list[i].at.v == at.v && watches->list[i].size == size) {
			watches->list[i] = watches->list[--watches->count];
			return;
		}
}

void gdb_watches_begin(struct gdb_watches *watches, const struct space *space)
{
	for (size_t i = 0; i < watches->count; i++) {
		struct gdb_watch *one = &watches->list[i];

		if (space_read(space, one->was, one->at, one->size))
			memset(one->was, 0, sizeof one->was);
	}
}

/* Memory that is there no more has not changed. */
bool gdb_watches_changed(const struct gdb_watches *watches, const struct space *space,
			 guest_addr *at)
{
	uint8_t is[GDB_WATCH_MAX];

	for (size_t i = 0; i < watches->count; i++) {
		const struct gdb_watch *one = &watches->list[i];

		if (space_read(space, is, one->at, one->size) || !memcmp(is, one->was, one->size))
			continue;
		*at = one->at;
		return true;
	}
	return false;
}

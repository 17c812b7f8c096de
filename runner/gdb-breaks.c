/* SPDX-License-Identifier: BSD-2-Clause */
#include "gdb-breaks.h"

#include <string.h>

#include "gdb-registers.h"

static struct gdb_break *find(const struct gdb_breaks *breaks, guest_addr at)
{
	for (size_t i = 0; i < breaks->count; i++)
		if (breaks->list[i].at.v == at.v)
			return (struct gdb_break *)&breaks->list[i];
	return NULL;
}

bool gdb_breaks_has(const struct gdb_breaks *breaks, guest_addr at)
{
	return find(breaks, at);
}

bool gdb_breaks_set(struct gdb_breaks *breaks, struct space *space, guest_addr at)
{
	struct gdb_break *new = &breaks->list[breaks->count];

	if (find(breaks, at))
		return true;
	if (breaks->count == GDB_BREAKS || space_read(space, new->was, at, gdb_break_size) ||
	    space_fill(space, at, gdb_break_code, gdb_break_size))
		return false;
	new->at = at;
	breaks->count++;
	return true;
}

/* Memory that has been mapped anew since then has none. */
static bool is_in(const struct gdb_break *one, const struct space *space)
{
	uint8_t is[GDB_BREAK_MAX];

	return !space_read(space, is, one->at, gdb_break_size) &&
	       !memcmp(is, gdb_break_code, gdb_break_size);
}

static void take_out(const struct gdb_break *old, struct space *space)
{
	if (is_in(old, space))
		space_fill(space, old->at, old->was, gdb_break_size);
}

void gdb_breaks_clear(struct gdb_breaks *breaks, struct space *space, guest_addr at)
{
	struct gdb_break *old = find(breaks, at);

	if (!old)
		return;
	take_out(old, space);
	*old = breaks->list[--breaks->count];
}

void gdb_breaks_clear_all(struct gdb_breaks *breaks, struct space *space)
{
	while (breaks->count)
		take_out(&breaks->list[--breaks->count], space);
}

/* Copies what a breakpoint covers of a range, either way. */
static void cover(struct gdb_break *one, guest_addr at, uint8_t *bytes, size_t size, bool keep)
{
	for (size_t i = 0; i < gdb_break_size; i++) {
		uint64_t offset = one->at.v + i - at.v;

		if (offset >= size)
			continue;
		if (keep)
			one->was[i] = bytes[offset];
		else
			bytes[offset] = one->was[i];
	}
}

size_t gdb_breaks_read(const struct gdb_breaks *breaks, const struct space *space, void *to,
		       guest_addr from, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t page = VM_PAGE - (from.v + done) % VM_PAGE;
		size_t some = page < size - done ? page : size - done;

		if (space_read(space, (uint8_t *)to + done, guest_at(from.v + done), some))
			break;
		done += some;
	}
	for (size_t i = 0; i < breaks->count; i++)
		if (is_in(&breaks->list[i], space))
			cover((struct gdb_break *)&breaks->list[i], from, to, done, false);
	return done;
}

/* Whether it can be written shows only where it can be read. */
static bool is_there(const struct space *space, guest_addr at, size_t size)
{
	uint8_t bytes[256];

	while (size) {
		size_t some = size < sizeof bytes ? size : sizeof bytes;

		if (space_read(space, bytes, at, some))
			return false;
		at.v += some;
		size -= some;
	}
	return true;
}

bool gdb_breaks_write(struct gdb_breaks *breaks, struct space *space, guest_addr to,
		      const void *from, size_t size)
{
	if (!is_there(space, to, size) || space_fill(space, to, from, size))
		return false;
	for (size_t i = 0; i < breaks->count; i++) {
		struct gdb_break *one = &breaks->list[i];

		if (one->at.v - to.v < size || to.v - one->at.v < gdb_break_size) {
			cover(one, to, (uint8_t *)from, size, true);
			space_fill(space, one->at, gdb_break_code, gdb_break_size);
		}
	}
	return true;
}

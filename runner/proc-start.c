/* SPDX-License-Identifier: BSD-2-Clause */
#include "proc-start.h"

#include <elf.h>

static uint64_t word_at(const struct space *space, uint64_t at)
{
	uint64_t word = 0;

	return space_read(space, &word, guest_at(at), sizeof word) ? 0 : word;
}

void proc_start_read(const struct space *space, uint64_t sp, struct proc_start *start)
{
	const size_t word = sizeof(uint64_t);
	uint64_t count = word_at(space, sp), at = sp + word;

	*start = (struct proc_start){ .arguments = word_at(space, at) };
	at += (count + 1) * word;
	start->environment = word_at(space, at);
	while (word_at(space, at))
		at += word;
	start->vector = at + word;
	for (at = start->vector; word_at(space, at) != AT_NULL; at += 2 * word)
		if (word_at(space, at) == AT_EXECFN)
			start->path = word_at(space, at + word);
	start->vector_size = at + 2 * word - start->vector;
	if (!start->environment)
		start->environment = start->path;
	if (!start->arguments)
		start->arguments = start->environment;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "lent.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "../fds.h"
#include "thread.h"

/* The frames of who called, and of some that called those. */
enum { PAGES = 16, WORDS = PAGES * VM_PAGE / sizeof(uint32_t) };

/* Less than a pipe takes in one piece. */
struct change {
	uint64_t at;
	uint32_t value, unused;
};

struct lent {
	uint64_t at;
	int to;
	size_t words;
	uint32_t before[WORDS];
};

/* As much as there is, below the stack's end. */
static size_t read_words(const struct space *space, uint64_t at, uint32_t *word)
{
	const size_t of_page = VM_PAGE / sizeof *word;
	size_t words = 0;

	/* pages of its own: the stack's beginning is in the middle of one */
	while (words < WORDS) {
		const uint64_t from = at + words * sizeof *word;
		size_t more = of_page - from % VM_PAGE / sizeof *word;

		if (more > WORDS - words)
			more = WORDS - words;
		if (space_read(space, word + words, guest_at(from), more * sizeof *word))
			break;
		words += more;
	}
	return words;
}

/* Without memory for it, the parent is only told that it may go on. */
void lent_begin(struct process *process, guest_addr sp, int to)
{
	struct lent *lent = malloc(sizeof *lent);

	process->host->released_by = to;	/* when it is gone */
	process->host->lent = lent;
	if (!lent)
		return;
	lent->at = sp.v & ~(uint64_t)(sizeof *lent->before - 1);
	lent->to = to;
	lent->words = read_words(process->space, lent->at, lent->before);
}

/* A parent that is not there any more is told nothing: SIGPIPE is blocked. */
static void tell(struct lent *lent, size_t i, uint32_t now)
{
	const struct change change = { lent->at + i * sizeof now, now, 0 };
	ssize_t written;

	do
		written = write(lent->to, &change, sizeof change);
	while (written < 0 && errno == EINTR);
	lent->before[i] = now;
}

void lent_tell(struct process *process)
{
	struct lent *lent = process->host->lent;
	static uint32_t now[WORDS];
	size_t words;

	if (!lent)
		return;
	words = read_words(process->space, lent->at, now);
	for (size_t i = 0; i < words && i < lent->words; i++)
		if (now[i] != lent->before[i])
			tell(lent, i, now[i]);
}

void lent_forget(struct process *process)
{
	if (process->host->released_by)
		fds_close(process->host->released_by);
	process->host->released_by = 0;
	free(process->host->lent);
	process->host->lent = NULL;
}

/* Only what has changed: other threads may use the rest meanwhile. */
void lent_wait(const struct process *process, int from)
{
	struct change change;
	ssize_t got;

	do {
		got = read(from, &change, sizeof change);
		if (got == sizeof change)
			space_write(process->space, guest_at(change.at), &change.value,
				    sizeof change.value);
	} while (got > 0 || (got < 0 && errno == EINTR));
}

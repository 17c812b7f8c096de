/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where vdsogen bench writes. A load whose address is that of an earlier store
 * modulo 4096 waits for it on some processors: results, or a return address,
 * at the offset of the clock's data would be a cost that comes and goes with
 * the randomised addresses of a run. So results, the stack and the table of
 * the other work get offsets in a page that nothing has which is read. (On
 * the machine of bench/RESULTS.md no offset makes a difference.)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"

#define LINE 64
#define LINES_OF(bytes) (((bytes) + LINE - 1) / LINE)

/* The kernel's time data is at the beginning of one of its pages. */
#define KERNEL_DATA 1024

/* One bit for each line of a page. */
static uint64_t lines(size_t at, size_t size)
{
	uint64_t mask = 0;

	for (size_t line = at / LINE; line < LINES_OF(at + size); line++)
		mask |= (uint64_t)1 << line % (VDSOGEN_PAGE / LINE);
	return mask;
}

static size_t take(uint64_t *taken, size_t size)
{
	for (size_t at = 0; at + size <= VDSOGEN_PAGE; at += LINE)
		if (!(*taken & lines(at, size))) {
			*taken |= lines(at, size);
			return at;
		}
	return 0;
}

/* What a call may read of the page, and of the kernel's. */
static uint64_t lines_of_data(const struct vdsogen_image *image)
{
	uint64_t taken = lines(0, KERNEL_DATA) |
			 lines(image->clock % VDSOGEN_PAGE, sizeof(struct vdsogen_clock));

	if (image->process)
		taken |= lines(image->process % VDSOGEN_PAGE, sizeof(struct vdsogen_process));
	if (image->random)
		taken |= lines(image->random % VDSOGEN_PAGE, sizeof(struct vdsogen_random));
	return taken;
}

bool bench_make_places(struct bench *b)
{
	enum { NAMES = sizeof(struct vdsogen_utsname) };	/* longer results go through all lines */
	enum { STATE = 4 * LINE };
	uint64_t taken = lines_of_data(&b->image);
	char *room = mmap(NULL, 2 * VDSOGEN_PAGE + BENCH_BUFFER, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED) {
		tool_error("bench: memory for the results: %s", strerror(errno));
		return false;
	}
	b->stack = take(&taken, BENCH_STACK) + BENCH_STACK;
	b->result = (uint64_t *)(void *)(room + take(&taken, LINE));
	b->table = (uint64_t *)(void *)(room + take(&taken, BENCH_TABLE * sizeof *b->table));
	b->state = take(&taken, STATE);
	b->buffer = room + VDSOGEN_PAGE + take(&taken, NAMES);
	for (unsigned int i = 0; i < BENCH_TABLE; i++)	/* a cycle through all words */
		b->table[i] = (i + 7) % BENCH_TABLE;
	return true;
}

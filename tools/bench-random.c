/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * States of getrandom for vdsogen bench: one for the page and one for the kernel's
 * vDSO, each in memory that was mapped as its own query says, at the same offset
 * in a page. Linux: lib/vdso/getrandom.c, include/uapi/linux/random.h.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "bench.h"

struct params {
	uint32_t size, prot, flags, reserved[13];
};

static struct bench_state make_state(const struct bench *b, bench_fn *getrandom)
{
	const struct bench_state none = { NULL, 0 };
	struct params params = { .size = 0 };
	char *page;

	if (getrandom(0, 0, 0, (long)&params, -1) || !params.size ||
	    b->state + params.size > VDSOGEN_PAGE)
		return none;
	page = mmap(NULL, VDSOGEN_PAGE, (int)params.prot, (int)params.flags, -1, 0);
	return page == MAP_FAILED ? none : (struct bench_state){ page + b->state, params.size };
}

/* Linux before 6.11 maps nothing with the flags that are the default. */
struct bench_state bench_page_state(const struct bench *b, bench_fn *getrandom)
{
	struct bench_state state = make_state(b, getrandom);

	if (!state.size && !vdsogen_random_start(b->random, 0, MAP_PRIVATE | MAP_ANONYMOUS))
		state = make_state(b, getrandom);
	return state;
}

struct bench_state bench_kernel_state(const struct bench *b, bench_fn *getrandom)
{
	return make_state(b, getrandom);
}

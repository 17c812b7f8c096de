/* SPDX-License-Identifier: BSD-2-Clause */
/* The generated page, for vdsogen bench: mapped as a guest has it, its clock running. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "host.h"

static char *map(int fd, size_t size, int protection)
{
	void *memory = mmap(NULL, size, protection, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* Two mappings of one memory file: the publisher's, and the guest's. */
static char *map_both(size_t size, const char **code)
{
	int fd = memfd_create("vdsogen-bench", MFD_CLOEXEC);
	char *page = fd < 0 || ftruncate(fd, (off_t)size) ? NULL :
		     map(fd, size, PROT_READ | PROT_WRITE);

	*code = page ? map(fd, size, PROT_READ | PROT_EXEC) : NULL;
	if (!*code)
		tool_error("bench: memory for the page: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return *code ? page : NULL;
}

static bool failed(int error)
{
	if (error)
		tool_error("bench: %s: %s", vdsogen_arch_name(host_arch()), vdsogen_strerror(error));
	return error;
}

/*
 * What is flushed before a cold call: always both, the page's and the
 * kernel's, so that every variant begins in the same state, whichever it is.
 * The page's code and data share a page but no line.
 */
static void add_spans(struct bench *b)
{
	uintptr_t page = (uintptr_t)b->code, data = page + b->image.clock;

	b->data.span[b->data.count++] =
		(struct bench_span){ data, data + sizeof(struct vdsogen_clock) };
	b->text.span[b->text.count++] = (struct bench_span){ page, page + b->image.size };
}

bool bench_make_page(struct bench *b)
{
	struct vdsogen_config config = { .getcpu = host_getcpu() };
	struct vdsogen_source source = { .res_coarse = host_res_coarse() };
	struct vdsogen_sample sample;
	size_t size = 0;
	char *page;

	if (failed(vdsogen_build(host_arch(), &config, NULL, &size)))
		return false;
	page = map_both(size, &b->code);
	if (!page || failed(vdsogen_build(host_arch(), &config, page, &size)) ||
	    failed(vdsogen_open(page, size, &b->image)))
		return false;
	add_spans(b);
	__builtin___clear_cache((char *)(uintptr_t)b->code, (char *)(uintptr_t)b->code + size);
	b->clock = (struct vdsogen_clock *)(void *)(page + b->image.clock);
	b->hz = source.hz = host_counter_hz();
	host_sample(&sample);
	return !failed(vdsogen_clock_start(b->clock, &source, &sample));
}

/*
 * Without it, the anchor grows old: once a clock has passed the end of a second,
 * every call carries, and takes an eighth longer, if it happens in that run.
 */
void bench_publish(struct bench *b)
{
	struct vdsogen_sample sample;

	host_sample(&sample);
	vdsogen_clock_update(b->clock, &sample, host_counter, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What the library's own calls cost: building an image, publishing, reading. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "host.h"

enum { TIMES = 201 };

static double nanoseconds(const struct bench *b, double *ticks)
{
	return bench_quantile(ticks, TIMES, 50) * 1e9 / (double)b->hz;
}

/* Into memory that is mapped and warm. 0: it cannot be built. */
static double build_time(const struct bench *b, const struct vdsogen_arch *arch,
			 const struct vdsogen_config *config)
{
	double ticks[TIMES];
	size_t size = 0;
	int error = vdsogen_build(arch, config, NULL, &size);
	void *image = error ? NULL : aligned_alloc(VDSOGEN_PAGE, size);

	for (unsigned int i = 0; image && !error && i < TIMES; i++) {
		uint64_t start = host_ordered_counter();

		error = vdsogen_build(arch, config, image, &size);
		ticks[i] = (double)(host_ordered_counter() - start);
	}
	free(image);
	return !image || error ? 0 : nanoseconds(b, ticks);
}

/* Without taking the sample: that is the host's affair. */
static double update_time(const struct bench *b)
{
	double ticks[TIMES];

	for (unsigned int i = 0; i < TIMES; i++) {
		struct vdsogen_sample sample;
		uint64_t start;

		host_sample(&sample);
		start = host_ordered_counter();
		vdsogen_clock_update(b->clock, &sample, host_counter, NULL);
		ticks[i] = (double)(host_ordered_counter() - start);
	}
	return nanoseconds(b, ticks);
}

/* With the ordered reading of the counter that an answer to a fallback needs. */
static double read_time(const struct bench *b)
{
	enum { CALLS = 100 };
	double ticks[TIMES];

	for (unsigned int i = 0; i < TIMES; i++) {
		uint64_t start = host_ordered_counter();
		struct vdsogen_time time;

		for (unsigned int n = 0; n < CALLS; n++)
			vdsogen_clock_read(b->clock, VDSOGEN_MONOTONIC, host_ordered_counter(), &time);
		ticks[i] = (double)(host_ordered_counter() - start) / CALLS;
	}
	return nanoseconds(b, ticks);
}

/* -------------------------------------------------------------------------
 * The process block.
 */
struct blocks {
	struct vdsogen_identity identity;	/* all is known, and names are as long as they can be */
	struct vdsogen_process parent, child;
};

typedef int process_fn(struct blocks *blocks, unsigned int n);

static int process_set(struct blocks *p, unsigned int n)
{
	p->identity.pid = n;
	return vdsogen_process_set(&p->parent, &p->identity);
}

static int process_change(struct blocks *p, unsigned int n)
{
	p->identity.euid = n;
	return vdsogen_process_change(&p->parent, 1u << VDSOGEN_EUID, &p->identity);
}

static int process_fork(struct blocks *p, unsigned int n)
{
	return vdsogen_process_fork(&p->child, &p->parent, n + 1, n);
}

/* 0: it cannot be done. */
static double process_time(const struct bench *b, struct blocks *blocks, process_fn *call)
{
	enum { CALLS = 20 };
	double ticks[TIMES];
	int error = 0;

	for (unsigned int i = 0; i < TIMES; i++) {
		uint64_t start = host_ordered_counter();

		for (unsigned int n = 1; n <= CALLS; n++)
			error |= call(blocks, n);
		ticks[i] = (double)(host_ordered_counter() - start) / CALLS;
	}
	return error ? 0 : nanoseconds(b, ticks);
}

static void process_times(const struct bench *b, struct bench_report *report)
{
	static struct blocks blocks;
	struct vdsogen_utsname *uts = &blocks.identity.uts;

	blocks.identity.known = (1u << VDSOGEN_FIELDS) - 1;
	memset(uts, 'x', sizeof *uts);
	uts->sysname[VDSOGEN_UTS_SIZE - 1] = uts->nodename[VDSOGEN_UTS_SIZE - 1] = 0;
	uts->release[VDSOGEN_UTS_SIZE - 1] = uts->version[VDSOGEN_UTS_SIZE - 1] = 0;
	uts->machine[VDSOGEN_UTS_SIZE - 1] = uts->domainname[VDSOGEN_UTS_SIZE - 1] = 0;
	report->set_ns = process_time(b, &blocks, process_set);
	report->change_ns = process_time(b, &blocks, process_change);
	report->fork_ns = process_time(b, &blocks, process_fork);
}

void bench_library(struct bench *b, struct bench_report *report)
{
	const struct vdsogen_arch *arch;

	for (unsigned int i = 0; i < BENCH_ARCHS && (arch = vdsogen_arch_at(i)); i++) {
		const struct vdsogen_config all = { .functions = vdsogen_arch_functions(arch) };

		report->build_ns[i] = build_time(b, arch, NULL);
		report->build_all_ns[i] = build_time(b, arch, &all);
	}
	report->update_ns = update_time(b);
	report->read_ns = read_time(b);
	process_times(b, report);
}

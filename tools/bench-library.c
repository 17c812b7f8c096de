/* SPDX-License-Identifier: BSD-2-Clause */
/* What the library's own calls cost: building an image, publishing, reading. */
#include <stdlib.h>

#include "bench.h"
#include "host.h"

enum { TIMES = 201 };

static double nanoseconds(const struct bench *b, double *ticks)
{
	return bench_quantile(ticks, TIMES, 50) * 1e9 / (double)b->hz;
}

/* Into memory that is mapped and warm. 0: it cannot be built. */
static double build_time(const struct bench *b, const struct vdsogen_arch *arch)
{
	double ticks[TIMES];
	size_t size = 0;
	int error = vdsogen_build(arch, NULL, NULL, &size);
	void *image = error ? NULL : aligned_alloc(VDSOGEN_PAGE, size);

	for (unsigned int i = 0; image && !error && i < TIMES; i++) {
		uint64_t start = host_ordered_counter();

		error = vdsogen_build(arch, NULL, image, &size);
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

void bench_library(struct bench *b, struct bench_report *report)
{
	const struct vdsogen_arch *arch;

	for (unsigned int i = 0; i < BENCH_ARCHS && (arch = vdsogen_arch_at(i)); i++)
		report->build_ns[i] = build_time(b, arch);
	report->update_ns = update_time(b);
	report->read_ns = read_time(b);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chooses what an image holds, asks for the size first, and lists what came
 * out, for every architecture that was built in.
 */
#include <stdio.h>
#include <stdlib.h>
#include <vdsogen.h>

/* A guest with one vCPU that is asked for two clocks and nothing else. */
static const struct vdsogen_config config = {
	.functions = 1u << VDSOGEN_CLOCK_GETTIME | 1u << VDSOGEN_GETCPU,
	.clocks = 1u << VDSOGEN_REALTIME | 1u << VDSOGEN_MONOTONIC,
	.counter = VDSOGEN_COUNTER_UNFENCED,	/* one vCPU: nobody to be ordered with */
	.getcpu = VDSOGEN_GETCPU_ZERO,
	.options = VDSOGEN_GUARD,		/* the host can switch the fast path off */
};

static void list(const struct vdsogen_image *image)
{
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		const struct vdsogen_entry *entry = &image->function[f];

		if (entry->at)
			printf("  %-14s at 0x%03x, %3u bytes\n", vdsogen_function_name(f),
			       (unsigned int)entry->at, (unsigned int)entry->size);
	}
	printf("  %u of %zu bytes used\n", (unsigned int)image->used, image->size);
}

static int build_and_list(const struct vdsogen_arch *arch)
{
	struct vdsogen_image image;
	size_t size = 0;
	void *buf;
	int error;

	/* Without a buffer, vdsogen_build() says how large it must be. */
	error = vdsogen_build(arch, &config, NULL, &size);
	if (error)
		return error;
	buf = aligned_alloc(VDSOGEN_PAGE, size);
	if (!buf)
		return -VDSOGEN_ERR_NOSPACE;
	error = vdsogen_build(arch, &config, buf, &size);
	if (!error)
		error = vdsogen_open(buf, size, &image);
	if (!error)
		list(&image);
	free(buf);
	return error;
}

int main(void)
{
	const struct vdsogen_arch *arch;
	int failed = 0;

	for (unsigned int i = 0; (arch = vdsogen_arch_at(i)); i++) {
		int error;

		printf("%s:\n", vdsogen_arch_name(arch));
		error = build_and_list(arch);
		if (error) {
			/* Every error has a text that names the way out. */
			printf("  %s\n", vdsogen_strerror(error));
			failed = 1;
		}
	}
	return failed;
}

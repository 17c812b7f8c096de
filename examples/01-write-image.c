/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Builds an image for an architecture and writes it to a file:
 *
 *	./01-write-image FILE [ARCH]
 *
 * Any machine can build for any architecture.
 */
#include <stdio.h>
#include <vdsogen.h>

/* The caller hands the memory. One page is enough for the default image. */
static _Alignas(VDSOGEN_PAGE) unsigned char page[VDSOGEN_PAGE];

int main(int argc, char **argv)
{
	const struct vdsogen_arch *arch;
	size_t size = sizeof page;	/* in: the room; out: what the image needs */
	FILE *file;
	int error;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: %s FILE [ARCH]\n", argv[0]);
		return 2;
	}

	/* By name, or the first one that was built in. */
	arch = argc > 2 ? vdsogen_arch_find(argv[2]) : vdsogen_arch_at(0);

	/* NULL for the configuration: all functions, all clocks, nothing left out. */
	error = vdsogen_build(arch, NULL, page, &size);
	if (error) {
		fprintf(stderr, "%s: %s\n", argv[0], vdsogen_strerror(error));
		return 1;
	}

	file = fopen(argv[1], "wb");
	if (!file || fwrite(page, 1, size, file) != size || fclose(file)) {
		perror(argv[1]);
		return 1;
	}
	printf("%s: %zu bytes for %s\n", argv[1], size, vdsogen_arch_name(arch));
	return 0;
}

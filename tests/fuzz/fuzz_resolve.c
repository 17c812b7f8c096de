/* SPDX-License-Identifier: BSD-2-Clause */
/* vdsogen_resolve_within() on any bytes: what it finds is in them. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "vdsogen-resolve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
		"__vdso_clock_gettime", "__kernel_clock_gettime", "__kernel_getcpu", "time", ""
	};
	static const char *const versions[] = { NULL, "LINUX_2.6", "LINUX_2.6.39", "" };

	for (size_t n = 0; n < sizeof names / sizeof *names; n++)
		for (size_t v = 0; v < sizeof versions / sizeof *versions; v++) {
			const uint8_t *there =
				vdsogen_resolve_within(data, size, names[n], versions[v]);

			if (!there || (there > data && there < data + size))
				continue;
			fprintf(stderr, "fuzz_resolve: %s@%s: at %td of %zu bytes\n", names[n],
				versions[v] ? versions[v] : "any", there - data, size);
			abort();
		}
	return 0;
}

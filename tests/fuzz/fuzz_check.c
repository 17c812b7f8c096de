/* SPDX-License-Identifier: BSD-2-Clause */
/* vdsogen check on any bytes: all rules, all readers, both forms of the report. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"

#define CHECK(fact) do { if (!(fact)) fail(#fact, __LINE__); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *fact, int line)
{
	fprintf(stderr, "fuzz_check: line %d: not so: %s\n", line, fact);
	abort();
}

/* Bytes only appear in messages as far as a terminal may see them. */
static void look(const struct check *check)
{
	for (unsigned int i = 0; i < RULES; i++) {
		const struct finding *f = &check->finding[i];

		CHECK(f->outcome == HOLDS || f->outcome == FAILS || f->outcome == MOOT);
		CHECK((f->outcome == FAILS) == !!f->found[0]);
		for (const char *s = f->found; *s; s++)
			CHECK(*s >= ' ' && *s <= '~');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool chosen[CHECK_READERS_MAX];
	static struct check check;
	static FILE *nowhere;
	struct source source = { .name = "bytes", .bytes = (uint8_t *)data, .size = size };
	struct image image;

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	CHECK(nowhere);
	image_open(&image, &source);
	check_judge(&check, &image);
	look(&check);
	for (unsigned int i = 0; i < check_reader_count; i++) {
		enum verdict verdict = check_verdict(&check, &check_readers[i]);

		CHECK(verdict <= NOT_FOR_THIS_MACHINE);
		CHECK(image.wide || verdict == REJECTED);
		chosen[i] = true;
	}
	check_print(nowhere, &check, chosen, false);
	check_print_json(nowhere, &check, chosen, false);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mapping FILE: the rules about a mapping, for an image that is told to be
 * mapped well, in the middle of a line, under another name, or half.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static const struct {
	const char *name;
	uint64_t address, line_start;
	const char *line_name;
	bool half;
	enum rule_number broken; /* RULES: none */
} cases[] = {
	{ "a file", 0, 0, "", true, RULES },
	{ "as the kernel maps it", 0x7000, 0x7000, "[vdso]", false, RULES },
	{ "behind data", 0x7000, 0x6000, "[vdso]", false, RULE_mapping_start },
	{ "without a name", 0x7000, 0x7000, "", false, RULE_mapping_name },
	{ "as a file", 0x7000, 0x7000, "/tmp/vdso.so", false, RULE_mapping_name },
	{ "half of it", 0x7000, 0x7000, "[vdso]", true, RULE_mapping_whole },
};

static unsigned int run(struct source *source, size_t size, size_t i)
{
	static const enum rule_number rules[] = {
		RULE_mapping_start, RULE_mapping_name, RULE_mapping_whole
	};
	static struct check check;
	struct image image;
	unsigned int failures = 0;

	source->size = cases[i].half ? size / 2 : size;
	source->address = cases[i].address;
	source->line_start = cases[i].line_start;
	snprintf(source->line_name, sizeof source->line_name, "%s", cases[i].line_name);
	image_open(&image, source);
	check_judge(&check, &image);
	for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
		enum outcome wanted = !cases[i].address ? MOOT :
				      rules[r] == cases[i].broken ? FAILS : HOLDS;

		if (check.finding[rules[r]].outcome == wanted)
			continue;
		printf("FAIL: %s: %s is %u, not %u\n", cases[i].name, check_rules[rules[r]].name,
		       check.finding[rules[r]].outcome, wanted);
		failures++;
	}
	return failures;
}

int main(int argc, char **argv)
{
	static uint8_t bytes[4 * VDSOGEN_PAGE];
	struct source source = { .name = "mapping", .bytes = bytes };
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	unsigned int failures = 0;
	size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;

	if (!size)
		return 99;
	fclose(file);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		failures += run(&source, size, i);
	printf("%zu mappings, %u failed\n", sizeof cases / sizeof *cases, failures);
	return failures != 0;
}

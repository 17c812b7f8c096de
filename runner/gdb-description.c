/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "gdb-description.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdb-registers.h"
#include "registers.h"

const struct gdb_place *gdb_place(unsigned int number)
{
	const struct gdb_processor *processor = gdb_processor();

	for (unsigned int i = 0; i < processor->features; i++) {
		if (number < processor->feature[i].places)
			return &processor->feature[i].place[number];
		number -= processor->feature[i].places;
	}
	return NULL;
}

struct vm_registers *gdb_registers_create(void)
{
	void *room;

	if (posix_memalign(&room, _Alignof(struct vm_registers), sizeof(struct vm_registers)))
		return NULL;
	return memset(room, 0, sizeof(struct vm_registers));
}

unsigned int gdb_registers(void)
{
	const struct gdb_processor *processor = gdb_processor();
	unsigned int all = 0;

	for (unsigned int i = 0; i < processor->features; i++)
		all += processor->feature[i].places;
	return all;
}

size_t gdb_register_size(unsigned int number)
{
	const struct gdb_place *place = gdb_place(number);

	return place ? place->size : 0;
}

/* -------------------------------------------------------------------------
 * target.xml
 */
static void print_flags(FILE *file, const struct gdb_feature *feature)
{
	fprintf(file, "<flags id=\"%s\" size=\"4\">", feature->flags);
	for (unsigned int i = 0; i < feature->bits; i++)
		fprintf(file, "<field name=\"%s\" start=\"%u\" end=\"%u\"/>", feature->bit[i].name,
			feature->bit[i].number, feature->bit[i].number);
	fputs("</flags>", file);
}

static void print_feature(FILE *file, const struct gdb_feature *feature)
{
	fprintf(file, "<feature name=\"%s\">", feature->name);
	if (feature->types)
		fputs(feature->types, file);
	if (feature->flags)
		print_flags(file, feature);
	for (unsigned int i = 0; i < feature->places; i++)
		fprintf(file, "<reg name=\"%s\" bitsize=\"%d\" type=\"%s\"/>",
			feature->place[i].name, 8 * feature->place[i].size,
			feature->place[i].type);
	fputs("</feature>", file);
}

const char *gdb_registers_description(size_t *size)
{
	const struct gdb_processor *processor = gdb_processor();
	static char *text;
	static size_t length;

	if (!text) {
		FILE *file = open_memstream(&text, &length);

		if (!file)
			return NULL;
		fprintf(file, "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
			"<target><architecture>%s</architecture><osabi>GNU/Linux</osabi>",
			processor->architecture);
		for (unsigned int i = 0; i < processor->features; i++)
			print_feature(file, &processor->feature[i]);
		fputs("</target>", file);
		fclose(file);
	}
	*size = length;
	return text;
}

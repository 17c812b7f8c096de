/* SPDX-License-Identifier: BSD-2-Clause */
/* The symbols of an image, and its notes. */
#include <inttypes.h>
#include <string.h>

#include "show.h"

void print_name(const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name >= ' ' && *name != 0x7f && *name != '\\')
			putchar(*name);
		else
			printf("\\%03o", (unsigned char)*name);
}

static const char *binding(const GElf_Sym *s)
{
	switch (GELF_ST_BIND(s->st_info)) {
	case STB_LOCAL: return "local";
	case STB_GLOBAL: return "global";
	case STB_WEAK: return "weak";
	}
	return "other";
}

static const char *type(const GElf_Sym *s)
{
	switch (GELF_ST_TYPE(s->st_info)) {
	case STT_FUNC: return "function";
	case STT_OBJECT: return "object";
	case STT_NOTYPE: return "no type";
	case STT_SECTION: return "section";
	}
	return "other";
}

/* A section's own symbol and the like have no name: nothing to see. */
void show_symbols(const struct view *v)
{
	puts("\nSymbols");
	if (v->symbols < 2) {
		puts("  none that a hash table leads to");
		return;
	}
	puts("  offset      bytes  type      binding  version           name");
	for (size_t i = 1; i < v->symbols; i++) {
		const char *name, *version = view_version(v, i);
		GElf_Sym s;

		if (!view_symbol(v, i, &s, &name) || (!*name && !s.st_value))
			continue;
		printf("  0x%06" PRIx64 " %8" PRIu64 "  %-8s  %-7s  ", (uint64_t)s.st_value,
		       (uint64_t)s.st_size, type(&s), binding(&s));
		print_name(version ? version : "-");
		printf("%*s", 18 - (int)strnlen(version ? version : "-", 17), "");
		print_name(name);
		puts(s.st_shndx == SHN_UNDEF ? "  (undefined)" : "");
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "page.h"

static uintptr_t base, size;
static const char *strings;
static const Elf64_Sym *symbols;
static uint32_t count;

static void read_dynamic(const Elf64_Dyn *d)
{
	for (; d->d_tag != DT_NULL; d++)
		switch (d->d_tag) {
		case DT_STRTAB:
			strings = (const char *)(base + d->d_un.d_ptr);
			break;
		case DT_SYMTAB:
			symbols = (const Elf64_Sym *)(base + d->d_un.d_ptr);
			break;
		case DT_HASH:	/* buckets, then chains: as many as symbols */
			count = ((const uint32_t *)(base + d->d_un.d_ptr))[1];
			break;
		}
}

bool page_find(void)
{
	const Elf64_Ehdr *header;
	const Elf64_Phdr *segment;

	base = getauxval(AT_SYSINFO_EHDR);
	if (!base)
		return false;
	header = (const Elf64_Ehdr *)base;
	segment = (const Elf64_Phdr *)(base + header->e_phoff);
	for (unsigned int i = 0; i < header->e_phnum; i++)
		if (segment[i].p_type == PT_LOAD)
			size = segment[i].p_memsz;
		else if (segment[i].p_type == PT_DYNAMIC)
			read_dynamic((const Elf64_Dyn *)(base + segment[i].p_vaddr));
	return size && strings && symbols;
}

bool page_has(uintptr_t address)
{
	return address - base < size;
}

void *page_symbol(const char *name)
{
	for (uint32_t i = 0; i < count; i++)
		if (symbols[i].st_value && !strcmp(strings + symbols[i].st_name, name))
			return (void *)(base + symbols[i].st_value);
	return NULL;
}

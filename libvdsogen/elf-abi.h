/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ELF facts that images are made of. Numbers and structure sizes: System V
 * gABI, chapters 4 and 5; GNU ones: glibc elf/elf.h and the LSB core
 * specification, "Symbol Versioning" and "Note sections". An own list, because
 * a kernel may have no <elf.h>.
 */
#ifndef VG_ELF_ABI_H
#define VG_ELF_ABI_H

enum {
	ELF_CLASS64 = 2, ELF_LSB = 1, ELF_VERSION = 1, ELF_DYN = 3,
	ELF_EHDR_SIZE = 64, ELF_PHDR_SIZE = 56, ELF_SHDR_SIZE = 64, ELF_IDENT_SIZE = 16,
	ELF_SYM_SIZE = 24, ELF_DYN_SIZE = 16,

	/* offsets in the file header and in a program header, for reading */
	EHDR_CLASS = 4, EHDR_DATA = 5, EHDR_TYPE = 16, EHDR_MACHINE = 18, EHDR_PHOFF = 32,
	EHDR_PHENTSIZE = 54, EHDR_PHNUM = 56,
	PHDR_TYPE = 0, PHDR_OFFSET = 8, PHDR_VADDR = 16, PHDR_FILESZ = 32,
	SYM_NAME = 0, SYM_VALUE = 8, SYM_SIZE = 16,

	PHDR_LOAD = 1, PHDR_DYNAMIC = 2, PHDR_NOTE = 4, PHDR_GNU_EH_FRAME = 0x6474e550,
	PHDR_GNU_PROPERTY = 0x6474e553,
	PHDR_X = 1, PHDR_W = 2, PHDR_R = 4,

	SECT_PROGBITS = 1, SECT_STRTAB = 3, SECT_HASH = 5, SECT_DYNAMIC = 6, SECT_NOTE = 7,
	SECT_DYNSYM = 11, SECT_GNU_HASH = 0x6ffffff6, SECT_GNU_VERDEF = 0x6ffffffd,
	SECT_GNU_VERSYM = 0x6fffffff,
	SECT_ALLOC = 2, SECT_EXECINSTR = 4,

	SYM_GLOBAL_FUNC = 1 << 4 | 2, SYM_WEAK_FUNC = 2 << 4 | 2,

	DYN_NULL = 0, DYN_HASH = 4, DYN_STRTAB = 5, DYN_SYMTAB = 6, DYN_STRSZ = 10, DYN_SYMENT = 11,
	DYN_SONAME = 14, DYN_GNU_HASH = 0x6ffffef5, DYN_VERSYM = 0x6ffffff0,
	DYN_VERDEF = 0x6ffffffc, DYN_VERDEFNUM = 0x6ffffffd,

	VERDEF_VERSION = 1, VERDEF_BASE = 1, VERDEF_SIZE = 20, VERDAUX_SIZE = 8,

	NOTE_GNU_ABI_TAG = 1, NOTE_GNU_BUILD_ID = 3, NOTE_ABI_LINUX = 0,
	NOTE_LINUX_VERSION = 0,		/* owner "Linux": Linux include/linux/elfnote.h users */
	NOTE_HEADER_SIZE = 12, NOTE_ALIGN = 4,
	/* linux-abi-draft, "Program property": one, padded to 8 */
	NOTE_GNU_PROPERTY = 5, NOTE_PROPERTY_ALIGN = 8, NOTE_PROPERTY_SIZE = 16
};

#endif

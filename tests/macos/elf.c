/* SPDX-License-Identifier: BSD-2-Clause */
/* What <elf.h> says: the C library's and the one for macOS print the same. */
#include <elf.h>
#include <stddef.h>
#include <stdio.h>

#define NUMBER(name) printf("%s %llu\n", #name, (unsigned long long)(name))
#define MEMBER(type, member) \
	printf("%s.%s %zu %zu\n", #type, #member, offsetof(type, member), \
	       sizeof(((type *)0)->member))

int main(void)
{
	puts(ELFMAG);
	NUMBER(EI_CLASS);
	NUMBER(EI_DATA);
	NUMBER(EI_NIDENT);
	NUMBER(SELFMAG);
	NUMBER(ELFCLASS32);
	NUMBER(ELFCLASS64);
	NUMBER(ELFDATA2LSB);
	NUMBER(ET_REL);
	NUMBER(ET_EXEC);
	NUMBER(ET_DYN);
	NUMBER(EM_X86_64);
	NUMBER(EM_AARCH64);
	NUMBER(PT_LOAD);
	NUMBER(PT_INTERP);
	NUMBER(PT_GNU_STACK);
	NUMBER(PF_X);
	NUMBER(PF_W);
	NUMBER(PF_R);
	NUMBER(AT_NULL);
	NUMBER(AT_PHDR);
	NUMBER(AT_PHENT);
	NUMBER(AT_PHNUM);
	NUMBER(AT_PAGESZ);
	NUMBER(AT_BASE);
	NUMBER(AT_FLAGS);
	NUMBER(AT_ENTRY);
	NUMBER(AT_UID);
	NUMBER(AT_EUID);
	NUMBER(AT_GID);
	NUMBER(AT_EGID);
	NUMBER(AT_PLATFORM);
	NUMBER(AT_HWCAP);
	NUMBER(AT_CLKTCK);
	NUMBER(AT_SECURE);
	NUMBER(AT_RANDOM);
	NUMBER(AT_HWCAP2);
	NUMBER(AT_EXECFN);
	NUMBER(AT_SYSINFO_EHDR);
	NUMBER(AT_MINSIGSTKSZ);
	MEMBER(Elf64_Ehdr, e_ident);
	MEMBER(Elf64_Ehdr, e_type);
	MEMBER(Elf64_Ehdr, e_machine);
	MEMBER(Elf64_Ehdr, e_version);
	MEMBER(Elf64_Ehdr, e_entry);
	MEMBER(Elf64_Ehdr, e_phoff);
	MEMBER(Elf64_Ehdr, e_shoff);
	MEMBER(Elf64_Ehdr, e_flags);
	MEMBER(Elf64_Ehdr, e_ehsize);
	MEMBER(Elf64_Ehdr, e_phentsize);
	MEMBER(Elf64_Ehdr, e_phnum);
	MEMBER(Elf64_Ehdr, e_shentsize);
	MEMBER(Elf64_Ehdr, e_shnum);
	MEMBER(Elf64_Ehdr, e_shstrndx);
	NUMBER(sizeof(Elf64_Ehdr));
	MEMBER(Elf64_Phdr, p_type);
	MEMBER(Elf64_Phdr, p_flags);
	MEMBER(Elf64_Phdr, p_offset);
	MEMBER(Elf64_Phdr, p_vaddr);
	MEMBER(Elf64_Phdr, p_paddr);
	MEMBER(Elf64_Phdr, p_filesz);
	MEMBER(Elf64_Phdr, p_memsz);
	MEMBER(Elf64_Phdr, p_align);
	NUMBER(sizeof(Elf64_Phdr));
	MEMBER(Elf64_auxv_t, a_type);
	MEMBER(Elf64_auxv_t, a_un.a_val);
	NUMBER(sizeof(Elf64_auxv_t));
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What assembly of C files needs to know of the object's format: ELF, or Mach-O.
 *
 * Mach-O links what is behind each symbol of its own, so a piece of code has one symbol, at
 * its beginning, and local labels; C gets their distances in a table.
 */
#ifndef AARCH64_ASSEMBLY_H
#define AARCH64_ASSEMBLY_H

/*
 * What assembly defines here and C refers to: not by the table of addresses (GOT), where linkers
 * take local symbols of one section for one another.
 */
#define ASM_DEFINED __attribute__((visibility("hidden")))

#if defined __APPLE__
#define ASM_CONST ".pushsection __TEXT,__const\n"
#define ASM_SYMBOL(name) "_" name
#define L(name) "L" name
#else
#define ASM_CONST ".pushsection .rodata\n"
#define ASM_SYMBOL(name) name
#define L(name) ".L" name
#endif

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The symbols of an image, their names and their two hash tables. */
#ifndef VG_SYMBOLS_H
#define VG_SYMBOLS_H

#include "arch.h"

#define VG_SONAME "linux-vdso.so.1"	/* Linux arch/x86/entry/vdso/vdso-layout.lds.S users */

struct vg_symbol {
	uint32_t name;		/* offset in the string table */
	uint32_t sysv, gnu;	/* hashes of the name */
	uint8_t sysv_bucket, gnu_bucket;
	uint8_t function;
	bool weak;
};

struct vg_symbols {
	const struct vdsogen_arch *arch;
	uint32_t prefix_length, version_length;
	uint32_t functions;
	unsigned int count;	/* without the null symbol */
	uint32_t buckets;	/* of either hash table */
	uint32_t soname, version; /* offsets in the string table */
	uint32_t soname_hash, version_hash;
	struct vg_symbol symbol[2 * VDSOGEN_FUNCTIONS];
};

/* Symbols come in the order that DT_GNU_HASH wants: by bucket. */
void vg_symbols(struct vg_symbols *s, const struct vdsogen_arch *arch, uint32_t functions);

void vg_put_strings(struct vg_asm *a, const struct vg_symbols *s);
void vg_put_symbols(struct vg_asm *a, const struct vg_symbols *s, unsigned int text_section);
void vg_put_hash(struct vg_asm *a, const struct vg_symbols *s);
void vg_put_gnu_hash(struct vg_asm *a, const struct vg_symbols *s);
void vg_put_versym(struct vg_asm *a, const struct vg_symbols *s);
void vg_put_verdef(struct vg_asm *a, const struct vg_symbols *s);

#endif

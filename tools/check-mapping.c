/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules about where an image is mapped: moot for one in a file. */
#include <inttypes.h>
#include <string.h>

#include "check.h"

enum outcome check_mapping_start(const struct image *image, struct finding *f)
{
	const struct source *s = image->source;

	if (!s->address)
		return MOOT;
	return s->address == s->line_start
		       ? HOLDS
		       : failed(f,
				"the image is at 0x%" PRIx64 ", its mapping begins at 0x%" PRIx64,
				s->address, s->line_start);
}

enum outcome check_mapping_name(const struct image *image, struct finding *f)
{
	const struct source *s = image->source;

	if (!s->address)
		return MOOT;
	return !strcmp(s->line_name, "[vdso]") ? HOLDS :
	       failed(f, "the mapping is called '%s', not [vdso]", s->line_name);
}

enum outcome check_mapping_whole(const struct image *image, struct finding *f)
{
	const struct source *s = image->source;

	if (!s->address || !image->loads)
		return MOOT;
	return image->load.p_memsz <= s->size ? HOLDS :
	       failed(f, "the first PT_LOAD is 0x%" PRIx64 " bytes, the mapping 0x%zx",
		      (uint64_t)image->load.p_memsz, s->size);
}

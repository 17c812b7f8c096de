/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules about the notes. */
#include <elf.h>
#include <inttypes.h>

#include "check.h"

enum outcome check_note_sound(const struct image *image, struct finding *f)
{
	struct note n = { .segment = 0 };
	Elf64_Phdr p;

	for (size_t i = 0; image_segment(image, i, &p); i++)
		if (p.p_type == PT_NOTE && !image_inside(image, p.p_offset, p.p_filesz))
			return failed(f,
				      "PT_NOTE, 0x%" PRIx64 " bytes at 0x%" PRIx64
				      ", ends outside of the image (%zu bytes)",
				      (uint64_t)p.p_filesz, (uint64_t)p.p_offset,
				      image->source->size);
	while (image_note(image, &n))
		if (!n.whole)
			return failed(
				f,
				"a note of type 0x%x with a name of %u and a descriptor of %u "
				"bytes ends behind its segment",
				n.type, n.namesz, n.descsz);
	return n.seen ? HOLDS : MOOT;
}

enum outcome check_note_kernel(const struct image *image, struct finding *f)
{
	/* The oldest that glibc 2.31 to 2.35 are built for, anywhere: 3.2.0. */
	enum { MAJOR_SHIFT = 16, MINOR_SHIFT = 8, OLDEST = 3 << MAJOR_SHIFT | 2 << MINOR_SHIFT };
	struct note n = { .segment = 0 };

	while (image_note(image, &n)) {
		uint64_t version = image_word(image, n.desc, sizeof(uint32_t));

		if (!n.whole || n.type || n.descsz != sizeof(uint32_t) ||
		    !image_is(image, n.name, "Linux"))
			continue;
		return version >= OLDEST ? HOLDS :
		       failed(f, "the note \"Linux\" says kernel %" PRIu64 ".%" PRIu64 ".%" PRIu64
			      ", older than 3.2.0", version >> MAJOR_SHIFT,
			      version >> MINOR_SHIFT & UINT8_MAX, version & UINT8_MAX);
	}
	return MOOT;
}

enum outcome check_note_build_id(const struct image *image, struct finding *f)
{
	struct note n = { .segment = 0 };

	if (!image->segments)
		return MOOT;
	while (image_note(image, &n))
		if (n.whole && n.type == NT_GNU_BUILD_ID && n.descsz &&
		    image_is(image, n.name, "GNU"))
			return HOLDS;
	return failed(f, "no PT_NOTE has a build-id (\"GNU\", type %u)", NT_GNU_BUILD_ID);
}

enum outcome check_note_align(const struct image *image, struct finding *f)
{
	enum { ALIGN = 4 };
	bool any = false;
	Elf64_Shdr s;

	for (size_t i = 0; image_section(image, i, &s); i++) {
		if (s.sh_type != SHT_NOTE)
			continue;
		any = true;
		if (s.sh_addralign > ALIGN)
			return failed(f,
				      "sh_addralign of section %zu, notes, is %" PRIu64 ", not %u",
				      i, (uint64_t)s.sh_addralign, ALIGN);
	}
	return any ? HOLDS : MOOT;
}

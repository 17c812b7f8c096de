/* SPDX-License-Identifier: BSD-2-Clause */
/* The notes of an image. */
#include <inttypes.h>
#include <string.h>

#include "show.h"

/* Of owner "Linux": Linux, include/linux/elfnote.h and build-salt.h. */
enum { LINUX_VERSION = 0, LINUX_BUILD_SALT = 0x100 };
#define VENDOR "vdsogen"

struct note {
	const char *owner;	/* not longer than owner_size, which may lack the NUL */
	uint64_t owner_size, type, at, size;	/* of the descriptor */
};

static bool owned_by(const struct note *n, const char *owner)
{
	return n->owner_size == strlen(owner) + 1 && !memcmp(n->owner, owner, n->owner_size);
}

static uint32_t word(const struct view *v, const struct note *n, unsigned int i)
{
	return (uint32_t)view_word(v, n->at + i * sizeof(uint32_t), sizeof(uint32_t));
}

static void print_bytes(const struct view *v, const struct note *n)
{
	enum { MOST = 32 };

	for (uint64_t i = 0; i < n->size && i < MOST; i++)
		printf("%02x", v->source->bytes[n->at + i]);
	if (n->size > MOST)
		printf("... (%" PRIu64 " bytes)", n->size);
}

static void print_text(const struct view *v, const struct note *n)
{
	char text[128];
	size_t length = n->size < sizeof text ? n->size : sizeof text - 1;

	memcpy(text, v->source->bytes + n->at, length);
	text[length] = '\0';
	putchar('"');
	print_name(text);
	putchar('"');
}

static void print_abi_tag(const struct view *v, const struct note *n)
{
	static const char *const systems[] = { "Linux", "Hurd", "Solaris", "FreeBSD" };
	uint32_t os = word(v, n, 0);

	printf("ABI tag: %s %u.%u.%u or later",
	       os < sizeof systems / sizeof *systems ? systems[os] : "unknown system",
	       word(v, n, 1), word(v, n, 2), word(v, n, 3));
}

static void print_version(const struct view *v, const struct note *n)
{
	uint32_t version = word(v, n, 0);

	printf("kernel version %u.%u.%u", version >> 16, version >> 8 & 0xff, version & 0xff);
}

static void print_decoded(const struct view *v, const struct note *n)
{
	if (owned_by(n, ELF_NOTE_GNU) && n->type == NT_GNU_ABI_TAG && n->size == 16) {
		print_abi_tag(v, n);
	} else if (owned_by(n, ELF_NOTE_GNU) && n->type == NT_GNU_BUILD_ID) {
		printf("build-id ");
		print_bytes(v, n);
	} else if (owned_by(n, "Linux") && n->type == LINUX_VERSION && n->size == 4) {
		print_version(v, n);
	} else if (owned_by(n, "Linux") && n->type == LINUX_BUILD_SALT) {
		printf("build salt ");
		print_text(v, n);
	} else if (owned_by(n, VENDOR) && v->ours) {
		printf("libvdsogen's description, layout %u, %" PRIu64 " bytes", v->image.layout,
		       n->size);
	} else {
		print_bytes(v, n);
	}
}

static void print_note(const struct view *v, const struct note *n)
{
	char owner[32];
	size_t length = n->owner_size < sizeof owner ? n->owner_size : sizeof owner - 1;

	memcpy(owner, n->owner, length);
	owner[length] = '\0';
	printf("  0x%06" PRIx64 "  ", n->at);
	print_name(owner);
	printf("%*s 0x%-4" PRIx64 " ", 8 - (int)strnlen(owner, 8), "", n->type);
	print_decoded(v, n);
	putchar('\n');
}

static void print_segment(const struct view *v, const GElf_Phdr *p)
{
	struct span span = { p->p_offset, p->p_filesz };
	Elf_Data *data = view_data(v, span, p->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	size_t at = 0, next, name, descriptor;
	GElf_Nhdr header;

	while (data && (next = gelf_getnote(data, at, &header, &name, &descriptor)) > at) {
		struct note n = {
			.owner = (const char *)v->source->bytes + span.at + name,
			.owner_size = header.n_namesz, .type = header.n_type,
			.at = span.at + descriptor, .size = header.n_descsz,
		};

		if (!span_inside(name, n.owner_size, span.size) ||
		    !span_inside(descriptor, n.size, span.size))
			break;
		print_note(v, &n);
		at = next;
	}
	if (at < span.size)
		printf("  0x%06" PRIx64 "  %" PRIu64 " bytes that are no note\n", span.at + at,
		       span.size - at);
}

void show_notes(const struct view *v)
{
	bool any = false;

	puts("\nNotes");
	for (size_t i = 0; i < v->segments; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(v->elf, (int)i, &p) || p.p_type != PT_NOTE)
			continue;
		if (!any)
			puts("  offset    owner    type   contents");
		any = true;
		print_segment(v, &p);
	}
	if (!any)
		puts("  none");
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "elf-abi.h"
#include "image.h"
#include "note.h"
#include "unwind.h"

/*
 * Data that is written often must stay away from code that runs: a store near
 * it flushes the pipeline. So the code comes early, the clock block last, and
 * the tables lie between them.
 */

static uint32_t size_of(const struct vg_asm *a, enum vg_part part)
{
	return vg_where(a, vg_end_of(part)) - vg_where(a, vg_start_of(part));
}

/* ---------------------------------------------------------------- notes -- */

static void put_note_header(struct vg_asm *a, const char *owner, uint32_t owner_size, uint32_t type,
			    uint32_t size)
{
	vg_put32(a, owner_size);
	vg_put32(a, size);
	vg_put32(a, type);
	vg_bytes(a, owner, owner_size);
	vg_align(a, NOTE_ALIGN);
}

static void put_vendor_note(struct vg_image *image)
{
	struct vg_asm *a = image->a;
	const struct vdsogen_config *c = image->config;
	const uint32_t words[] = {
		[VG_NOTE_LAYOUT] = VG_LAYOUT,
		[VG_NOTE_FUNCTIONS] = c->functions,
		[VG_NOTE_CLOCKS] = c->clocks,
		[VG_NOTE_CODE] = vg_pack(c->counter, c->getcpu, c->fallback, c->landing_pads),
		[VG_NOTE_PLACES] = vg_pack(c->data, c->process, 0, 0),
		[VG_NOTE_GETCPU_AT] = (uint32_t)c->getcpu_at,
		[VG_NOTE_FALLBACK_LOW] = (uint32_t)c->fallback_at,
		[VG_NOTE_FALLBACK_HIGH] = (uint32_t)(c->fallback_at >> 32),
		[VG_NOTE_DISTANCE] = c->distance,
		[VG_NOTE_PROCESS_DISTANCE] = c->process_distance,
		[VG_NOTE_OPTIONS] = c->options,
		[VG_NOTE_KERNEL_VERSION] = c->kernel_version,
		[VG_NOTE_CLOCK_AT] = vg_where(a, VG_CLOCK),
		[VG_NOTE_RANDOM_AT] = vg_where(a, VG_RANDOM),
		[VG_NOTE_PROCESS_AT] = vg_where(a, VG_PROCESS),
		[VG_NOTE_COUNTER_REGISTER] = image->arch->counter_register,
		[VG_NOTE_SYMBOLS] = image->symbols.count + 1,
		[VG_NOTE_USED] = vg_where(a, VG_USED),
	};

	put_note_header(a, VG_NOTE_OWNER, sizeof VG_NOTE_OWNER, VG_NOTE_TYPE,
			vg_note_words(c->functions) * (uint32_t)sizeof(uint32_t));
	for (unsigned int i = 0; i < VG_NOTE_ENTRIES; i++)
		vg_put32(a, words[i]);
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		uint32_t start = vg_where(a, vg_function(f, VG_START));

		if (!(c->functions >> f & 1))
			continue;
		vg_put32(a, start);
		vg_put32(a, vg_where(a, vg_function(f, VG_END)) - start);
		vg_put32(a, vg_where(a, vg_function(f, VG_TRAP)));
		vg_put32(a, vg_where(a, vg_function(f, VG_RESUME)));
	}
}

static bool has_landing_pads(const struct vg_image *image)
{
	return image->config->landing_pads == VDSOGEN_LANDING_PADS_ON;
}

/*
 * First, where the alignment it needs costs nothing. It has a program header,
 * by which loaders find it, and no section of its own.
 */
static void put_property_note(struct vg_image *image)
{
	struct vg_asm *a = image->a;

	if (!has_landing_pads(image))
		return;
	vg_align(a, NOTE_PROPERTY_ALIGN);
	vg_bind(a, VG_PROPERTY);
	put_note_header(a, "GNU", sizeof "GNU", NOTE_GNU_PROPERTY, NOTE_PROPERTY_SIZE);
	vg_put32(a, image->arch->property);
	vg_put32(a, sizeof(uint32_t));
	vg_put32(a, image->arch->property_bits);
	vg_put32(a, 0);
}

static void put_notes(struct vg_image *image)
{
	struct vg_asm *a = image->a;
	uint32_t abi = image->arch->abi_version;

	put_property_note(image);
	put_note_header(a, "GNU", sizeof "GNU", NOTE_GNU_ABI_TAG, 4 * sizeof(uint32_t));
	vg_put32(a, NOTE_ABI_LINUX);
	vg_put32(a, abi >> 16);
	vg_put32(a, abi >> 8 & 0xff);
	vg_put32(a, abi & 0xff);

	put_note_header(a, "Linux", sizeof "Linux", NOTE_LINUX_VERSION, sizeof(uint32_t));
	vg_put32(a, image->config->kernel_version);

	put_note_header(a, "GNU", sizeof "GNU", NOTE_GNU_BUILD_ID, VG_BUILD_ID_SIZE);
	vg_bind(a, VG_BUILD_ID);
	vg_zero(a, VG_BUILD_ID_SIZE);

	put_vendor_note(image);
}

/* ----------------------------------------------------------------- code -- */

static bool has_function(const struct vg_image *image, unsigned int function)
{
	return image->config->functions >> function & 1;
}

/* Where they are does not depend on the configuration: the program headers have room for more. */
static void put_slots(struct vg_image *image)
{
	struct vg_asm *a = image->a;

	if (a->at != VDSOGEN_SLOTS_AT)
		vg_fail(a, -VDSOGEN_ERR_INTERNAL);
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		if (has_function(image, f))
			image->arch->slot(a, vg_function(f, VG_START));
		else
			image->arch->no_slot(a);
		if (a->at < VDSOGEN_SLOT(f + 1))
			image->arch->pad(a, VDSOGEN_SLOT_SIZE);
		if (a->at != VDSOGEN_SLOT(f + 1))
			vg_fail(a, -VDSOGEN_ERR_INTERNAL);
	}
}

/* Nothing branches to rt_sigreturn, and unwinders know it by its first words. */
static void put_text(struct vg_image *image)
{
	struct vg_code code = { .a = image->a, .config = image->config };

	vg_bind(image->a, VG_CONSTANTS);
	if (image->arch->constants)
		image->arch->constants(&code);
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		if (!has_function(image, f))
			continue;
		code.function = f;
		code.frame = &image->frame[f];
		image->arch->pad(image->a, image->arch->code_align);
		vg_bind(image->a, vg_function(f, VG_START));
		if (has_landing_pads(image) && f != VDSOGEN_RT_SIGRETURN)
			image->arch->landing_pad(image->a);
		image->arch->emit[f](&code);
		vg_bind(image->a, vg_function(f, VG_END));
	}
	image->arch->pad(image->a, image->arch->code_align);
}

/* ------------------------------------------------------------ the parts -- */

static void put_hash(struct vg_image *image)
{
	vg_put_hash(image->a, &image->symbols);
}

static void put_gnu_hash(struct vg_image *image)
{
	vg_put_gnu_hash(image->a, &image->symbols);
}

static void put_section_names(struct vg_image *image);

/* Without section headers, too, the symbols name a section: 0 would say "undefined". */
static void put_dynsym(struct vg_image *image)
{
	vg_put_symbols(image->a, &image->symbols, image->section[VG_TEXT]);
}

static void put_dynstr(struct vg_image *image)
{
	vg_put_strings(image->a, &image->symbols);
	put_section_names(image);
}

static void put_versym(struct vg_image *image)
{
	vg_put_versym(image->a, &image->symbols);
}

static void put_verdef(struct vg_image *image)
{
	vg_put_verdef(image->a, &image->symbols);
}

static void put_dynamic(struct vg_image *image);

/*
 * The data: the clock block, then struct vdsogen_random and _process if a function
 * reads them. No section header: nobody looks for them by one, and the page is full.
 */
static bool has_random(const struct vg_image *image)
{
	return has_function(image, VDSOGEN_GETRANDOM);
}

static bool has_process(const struct vg_image *image)
{
	return image->config->functions & VDSOGEN_IDENTITY_FUNCTIONS;
}

/* Blocks outside of the image, from `at` on: there is nothing to put. */
static void place_blocks(struct vg_image *image, uint32_t at, bool clock, bool process)
{
	if (clock) {
		vg_bind_at(image->a, VG_CLOCK, at);
		at += sizeof(struct vdsogen_clock);
		if (has_random(image)) {
			vg_bind_at(image->a, VG_RANDOM, at);
			at += sizeof(struct vdsogen_random);
		}
	}
	if (process && has_process(image))
		vg_bind_at(image->a, VG_PROCESS, at);
}
_Static_assert(sizeof(struct vdsogen_clock) + sizeof(struct vdsogen_random) +
	       sizeof(struct vdsogen_process) <= VDSOGEN_PAGE, "all blocks fit a page");

static uint32_t place(enum vdsogen_data data, uint32_t distance, uint32_t image_end)
{
	if (data == VDSOGEN_DATA_BEFORE)
		return -distance;
	return distance ? distance : image_end;
}

static void place_data(struct vg_image *image)
{
	const struct vdsogen_config *c = image->config;
	uint32_t image_end = image->a->at;
	bool together = vg_process_follows_clock(c);

	if (c->data != VDSOGEN_DATA_INSIDE)
		place_blocks(image, place(c->data, c->distance, image_end), true, together);
	if (c->process != VDSOGEN_DATA_INSIDE && !together)
		place_blocks(image, place(c->process, c->process_distance, image_end), false, true);
	if (c->getcpu == VDSOGEN_GETCPU_WORD)
		vg_bind_at(image->a, VG_CPU_WORD, (uint32_t)c->getcpu_at);
}

static void put_clock(struct vg_image *image)
{
	vg_align(image->a, VDSOGEN_ALIGN);
	vg_bind(image->a, VG_CLOCK);
	vg_zero(image->a, offsetof(struct vdsogen_clock, clocks));
	vg_put32(image->a, image->config->clocks);
	vg_put32(image->a, image->config->options & VDSOGEN_LATCH);
	vg_put32(image->a, 0);			/* generation */
	vg_put64(image->a, UINT64_MAX);		/* max_age: no limit */
	vg_zero(image->a, sizeof(struct vdsogen_clock) - offsetof(struct vdsogen_clock, res));
}
_Static_assert(offsetof(struct vdsogen_clock, options) ==
	       offsetof(struct vdsogen_clock, clocks) + sizeof(uint32_t) &&
	       offsetof(struct vdsogen_clock, max_age) ==
	       offsetof(struct vdsogen_clock, options) + 2 * sizeof(uint32_t) &&
	       offsetof(struct vdsogen_clock, res) ==
	       offsetof(struct vdsogen_clock, max_age) + sizeof(uint64_t), "put_clock's order");

/* Zeros: not ready, nothing known. */
static void put_zero_block(struct vg_asm *a, vg_label label, uint32_t size)
{
	vg_align(a, VDSOGEN_ALIGN);
	vg_bind(a, label);
	vg_zero(a, size);
}

static void put_data(struct vg_image *image)
{
	const struct vdsogen_config *c = image->config;

	if (c->data == VDSOGEN_DATA_INSIDE) {
		put_clock(image);
		if (has_random(image))
			put_zero_block(image->a, VG_RANDOM, sizeof(struct vdsogen_random));
	}
	if (c->process == VDSOGEN_DATA_INSIDE && has_process(image))
		put_zero_block(image->a, VG_PROCESS, sizeof(struct vdsogen_process));
}

#define NAME(s) s, sizeof s

static const struct part {
	const char *name;
	uint32_t name_size;	/* with the terminating zero */
	uint32_t type, flags, align, entsize;
	enum vg_part link;	/* section that sh_link names; VG_PARTS: none */
	uint32_t info;
	uint32_t omitted_by;	/* option */
	void (*put)(struct vg_image *image);
} parts[VG_PARTS] = {
	[VG_SLOTS] = { NAME(".slots"), SECT_PROGBITS, SECT_ALLOC | SECT_EXECINSTR, VDSOGEN_SLOTS_AT, 0,
		       VG_PARTS, 0, VDSOGEN_SLOTS, put_slots },
	[VG_NOTES] = { NAME(".note"), SECT_NOTE, SECT_ALLOC, NOTE_ALIGN, 0, VG_PARTS, 0, 0, put_notes },
	[VG_TEXT] = { NAME(".text"), SECT_PROGBITS, SECT_ALLOC | SECT_EXECINSTR, VDSOGEN_ALIGN, 0,
		      VG_PARTS, 0, 0, put_text },
	[VG_EH_FRAME_HDR] = { NAME(".eh_frame_hdr"), SECT_PROGBITS, SECT_ALLOC, 4, 0, VG_PARTS, 0,
			      VDSOGEN_OMIT_UNWIND, vg_put_eh_frame_hdr },
	[VG_EH_FRAME] = { NAME(".eh_frame"), SECT_PROGBITS, SECT_ALLOC, 8, 0, VG_PARTS, 0,
			  VDSOGEN_OMIT_UNWIND, vg_put_eh_frame },
	[VG_HASH] = { NAME(".hash"), SECT_HASH, SECT_ALLOC, 8, 4, VG_DYNSYM, 0, VDSOGEN_OMIT_HASH,
		      put_hash },
	[VG_GNU_HASH] = { NAME(".gnu.hash"), SECT_GNU_HASH, SECT_ALLOC, 8, 0, VG_DYNSYM, 0,
			  VDSOGEN_OMIT_GNU_HASH, put_gnu_hash },
	[VG_DYNSYM] = { NAME(".dynsym"), SECT_DYNSYM, SECT_ALLOC, 8, ELF_SYM_SIZE, VG_DYNSTR,
			1 /* first global symbol */, 0, put_dynsym },
	[VG_DYNSTR] = { NAME(".dynstr"), SECT_STRTAB, SECT_ALLOC, 1, 0, VG_PARTS, 0, 0, put_dynstr },
	[VG_VERSYM] = { NAME(".gnu.version"), SECT_GNU_VERSYM, SECT_ALLOC, 2, 2, VG_DYNSYM, 0,
			VDSOGEN_OMIT_VERSIONS, put_versym },
	[VG_VERDEF] = { NAME(".gnu.version_d"), SECT_GNU_VERDEF, SECT_ALLOC, 8, 0, VG_DYNSTR,
			2 /* definitions */, VDSOGEN_OMIT_VERSIONS, put_verdef },
	[VG_DYNAMIC] = { NAME(".dynamic"), SECT_DYNAMIC, SECT_ALLOC, 8, ELF_DYN_SIZE, VG_DYNSTR, 0, 0,
			 put_dynamic },
};

static bool present(const struct vg_image *image, enum vg_part part)
{
	return image->section[part];
}

/* Numbers them, behind the null section. */
void vg_sections(struct vg_image *image)
{
	/* slots are there only if asked for: without the option they are as if omitted */
	uint32_t options = image->config->options ^ VDSOGEN_SLOTS;

	image->sections = 1;
	for (unsigned int p = 0; p < VG_PARTS; p++)
		image->section[p] = options & parts[p].omitted_by ? 0 : image->sections++;
	image->section[VG_PARTS] = 0;
}

static void put_part(struct vg_image *image, enum vg_part part)
{
	struct vg_asm *a = image->a;

	if (!present(image, part))
		return;
	vg_align(a, parts[part].align);
	vg_bind(a, vg_start_of(part));
	parts[part].put(image);
	vg_bind(a, vg_end_of(part));
}

/* -------------------------------------------------------------- headers -- */

static void put_dyn(struct vg_asm *a, uint64_t tag, uint64_t value)
{
	vg_put64(a, tag);
	vg_put64(a, value);
}

static void put_dynamic(struct vg_image *image)
{
	struct vg_asm *a = image->a;

	put_dyn(a, DYN_SONAME, image->symbols.soname);
	if (present(image, VG_HASH))
		put_dyn(a, DYN_HASH, vg_where(a, vg_start_of(VG_HASH)));
	if (present(image, VG_GNU_HASH))
		put_dyn(a, DYN_GNU_HASH, vg_where(a, vg_start_of(VG_GNU_HASH)));
	put_dyn(a, DYN_STRTAB, vg_where(a, vg_start_of(VG_DYNSTR)));
	put_dyn(a, DYN_SYMTAB, vg_where(a, vg_start_of(VG_DYNSYM)));
	put_dyn(a, DYN_STRSZ, size_of(a, VG_DYNSTR));
	put_dyn(a, DYN_SYMENT, ELF_SYM_SIZE);
	if (present(image, VG_VERSYM)) {
		put_dyn(a, DYN_VERSYM, vg_where(a, vg_start_of(VG_VERSYM)));
		put_dyn(a, DYN_VERDEF, vg_where(a, vg_start_of(VG_VERDEF)));
		put_dyn(a, DYN_VERDEFNUM, parts[VG_VERDEF].info);
	}
	put_dyn(a, DYN_NULL, 0);
}

/* Behind the dynamic strings: a table of their own would take a section header more. */
static void put_section_names(struct vg_image *image)
{
	if (image->config->options & VDSOGEN_OMIT_SECTIONS)
		return;
	vg_bind(image->a, VG_SECTION_NAMES);
	for (unsigned int p = 0; p < VG_PARTS; p++)
		if (present(image, p))
			vg_bytes(image->a, parts[p].name, parts[p].name_size);
}

static void put_section_headers(struct vg_image *image)
{
	struct vg_asm *a = image->a;
	uint32_t name = vg_where(a, VG_SECTION_NAMES) - vg_where(a, vg_start_of(VG_DYNSTR));

	if (image->config->options & VDSOGEN_OMIT_SECTIONS)
		return;
	vg_align(a, sizeof(uint64_t));
	vg_bind(a, VG_SHDRS);
	vg_zero(a, ELF_SHDR_SIZE);
	for (unsigned int p = 0; p < VG_PARTS; p++) {
		uint64_t at = vg_where(a, vg_start_of(p));

		if (!present(image, p))
			continue;
		vg_put32(a, name);
		vg_put32(a, parts[p].type);
		vg_put64(a, parts[p].flags);
		vg_put64(a, parts[p].flags & SECT_ALLOC ? at : 0);
		vg_put64(a, at);
		vg_put64(a, size_of(a, p));
		vg_put32(a, image->section[parts[p].link]);
		vg_put32(a, parts[p].info);
		vg_put64(a, parts[p].align);
		vg_put64(a, parts[p].entsize);
		name += parts[p].name_size;
	}
}

static void put_program_header(struct vg_asm *a, uint32_t type, uint32_t flags, uint64_t at,
			       uint64_t size, uint64_t align)
{
	vg_put32(a, type);
	vg_put32(a, flags);
	vg_put64(a, at);
	vg_put64(a, at);	/* p_vaddr: the image is linked at 0 */
	vg_put64(a, at);
	vg_put64(a, size);
	vg_put64(a, size);
	vg_put64(a, align);
}

/*
 * PT_LOAD first, covering the image, and no other: Go, musl and CRIU each trust
 * another one of several. PT_DYNAMIC read-only: glibc relocates it in place
 * otherwise.
 */
static unsigned int program_headers(const struct vg_image *image)
{
	return 3 + present(image, VG_EH_FRAME) + has_landing_pads(image);
}

static void put_program_headers(struct vg_image *image)
{
	struct vg_asm *a = image->a;

	put_program_header(a, PHDR_LOAD, PHDR_R | PHDR_X, 0, vg_where(a, VG_IMAGE_END), VDSOGEN_PAGE);
	put_program_header(a, PHDR_DYNAMIC, PHDR_R, vg_where(a, vg_start_of(VG_DYNAMIC)),
			   size_of(a, VG_DYNAMIC), sizeof(uint64_t));
	put_program_header(a, PHDR_NOTE, PHDR_R, vg_where(a, vg_start_of(VG_NOTES)),
			   size_of(a, VG_NOTES), NOTE_ALIGN);
	if (present(image, VG_EH_FRAME))
		put_program_header(a, PHDR_GNU_EH_FRAME, PHDR_R, vg_where(a, vg_start_of(VG_EH_FRAME_HDR)),
				   size_of(a, VG_EH_FRAME_HDR), sizeof(uint32_t));
	if (has_landing_pads(image))
		put_program_header(a, PHDR_GNU_PROPERTY, PHDR_R, vg_where(a, VG_PROPERTY),
				   NOTE_HEADER_SIZE + sizeof "GNU" + NOTE_PROPERTY_SIZE,
				   NOTE_PROPERTY_ALIGN);
}

static void put_file_header(struct vg_image *image)
{
	struct vg_asm *a = image->a;
	bool sections = !(image->config->options & VDSOGEN_OMIT_SECTIONS);

	vg_put8(a, 0x7f);
	vg_bytes(a, "ELF", 3);
	vg_put8(a, ELF_CLASS64);
	vg_put8(a, ELF_LSB);
	vg_put8(a, ELF_VERSION);
	vg_align(a, ELF_IDENT_SIZE);	/* EI_OSABI 0 and the rest */
	vg_put16(a, ELF_DYN);
	vg_put16(a, image->arch->machine);
	vg_put32(a, ELF_VERSION);
	vg_put64(a, 0);			/* e_entry */
	vg_put64(a, ELF_EHDR_SIZE);	/* e_phoff: right behind */
	vg_put64(a, vg_where(a, VG_SHDRS));
	vg_put32(a, 0);			/* e_flags */
	vg_put16(a, ELF_EHDR_SIZE);
	vg_put16(a, ELF_PHDR_SIZE);
	vg_put16(a, (uint16_t)program_headers(image));
	vg_put16(a, ELF_SHDR_SIZE);
	vg_put16(a, sections ? image->sections : 0);
	vg_put16(a, sections ? image->section[VG_DYNSTR] : 0);
}

void vg_put_image(struct vg_image *image)
{
	struct vg_asm *a = image->a;

	put_file_header(image);
	put_program_headers(image);
	for (unsigned int p = 0; p < VG_PARTS; p++)
		put_part(image, p);
	put_section_headers(image);
	put_data(image);
	vg_bind(a, VG_USED);
	vg_align(a, VDSOGEN_PAGE);
	vg_bind(a, VG_IMAGE_END);
	place_data(image);
}

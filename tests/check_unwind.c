/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The unwind information, as elfutils' libdw reads it, against the stack
 * pointer that the walks of flow.h find at each instruction.
 */
#include "suites.h"

#if defined HAVE_CAPSTONE && defined HAVE_LIBDW
#include <dwarf.h>
#include <elf.h>
#include <elfutils/libdw.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ROOM (4 * VDSOGEN_PAGE)
#define WORD sizeof(uint32_t)

/* What a test knows of an architecture from outside the library; registers by DWARF's numbers. */
struct facts {
	const struct flow_machine *machine;
	int stack_pointer, return_address, registers;
	uint64_t unit;		/* of code */
	uint64_t pushed;	/* by a call: the return address; 0: it stays in its register */
};

static const struct facts known[] = {
	{	/* psABI x86-64, figure 3.36 */
		.machine = &flow_x86_64, .stack_pointer = 7, .return_address = 16, .registers = 33,
		.unit = 1, .pushed = 8,
	}, {	/* AADWARF64, 4.1 */
		.machine = &flow_aarch64, .stack_pointer = 31, .return_address = 30, .registers = 96,
		.unit = 4, .pushed = 0,
	},
};

static _Alignas(VDSOGEN_PAGE) unsigned char buffer[ROOM];

/* ---------------------------------------------------------------- images -- */

struct test {
	const struct facts *facts;
	const struct vdsogen_arch *arch;
	struct vdsogen_image image;
	Elf *elf;
	Dwarf_CFI *cfi;		/* NULL: there is none */
};

static bool has(const struct vdsogen_arch *arch, const struct vdsogen_config *config)
{
	return !(config->functions & ~vdsogen_arch_functions(arch)) &&
	       arch->getcpus >> config->getcpu & 1;
}

static bool build(struct test *t, const struct facts *facts, const struct vdsogen_config *config)
{
	size_t size = sizeof buffer;

	*t = (struct test){ .facts = facts, .arch = vdsogen_arch_find(facts->machine->name) };
	if (!has(t->arch, config))
		return false;
	ck_assert_int_eq(vdsogen_build(t->arch, config, buffer, &size), 0);
	ck_assert_int_eq(vdsogen_open(buffer, size, &t->image), 0);
	elf_version(EV_CURRENT);
	t->elf = elf_memory((char *)buffer, size);
	ck_assert_ptr_nonnull(t->elf);
	t->cfi = dwarf_getcfi_elf(t->elf);
	return true;
}

static void finish(struct test *t)
{
	if (t->cfi)
		dwarf_cfi_end(t->cfi);
	elf_end(t->elf);
}

typedef void image_test_fn(struct test *t);

static void test_image(int arch, const struct vdsogen_config *config, image_test_fn *fn)
{
	struct test t;

	if (!build(&t, &known[arch], config))
		return;
	fn(&t);
	finish(&t);
}

/* Every set of the default functions, without and with all others; every set of options. */
static void each_image(int arch, image_test_fn *fn)
{
	const uint32_t moving = VDSOGEN_GUARD | VDSOGEN_LATCH | VDSOGEN_OMIT_SECTIONS | VDSOGEN_SLOTS;
	const uint32_t all = vdsogen_arch_functions(vdsogen_arch_find(known[arch].machine->name));
	const uint32_t others[] = { 0, all & ~VDSOGEN_DEFAULT_FUNCTIONS };

	for (uint32_t options = 0; options <= VDSOGEN_OPTIONS; options++)
		for (uint32_t functions = 0; functions <= VDSOGEN_DEFAULT_FUNCTIONS; functions++)
			for (size_t i = 0; i < COUNT(others); i++)
				if (!functions || !(options & ~moving))
					test_image(arch, &(struct vdsogen_config){
						.options = options,
						.functions = functions | others[i] }, fn);
}

/* Those that unwind information speaks of. */
static bool is_spoken_of(const struct test *t, unsigned int function)
{
	return t->image.function[function].at && function != VDSOGEN_RT_SIGRETURN &&
	       !(t->image.config.options & VDSOGEN_OMIT_UNWIND);
}

/* The slots are spoken of as one function. */
static bool has_slots(const struct test *t)
{
	return t->image.config.options & VDSOGEN_SLOTS &&
	       !(t->image.config.options & VDSOGEN_OMIT_UNWIND);
}

static unsigned int count_functions(const struct test *t)
{
	unsigned int n = has_slots(t);

	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++)
		n += is_spoken_of(t, f);
	return n;
}

/* --------------------------------------------------- where the tables are -- */

static const Elf64_Phdr *segment(void)
{
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)buffer;
	const Elf64_Phdr *ph = (const Elf64_Phdr *)(buffer + eh->e_phoff);

	for (unsigned int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_GNU_EH_FRAME)
			return &ph[i];
	return NULL;
}

static const Elf64_Shdr *section(const char *name)
{
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)buffer;
	const Elf64_Shdr *sh = (const Elf64_Shdr *)(buffer + eh->e_shoff);

	for (unsigned int i = 1; i < eh->e_shnum; i++)
		if (!strcmp((const char *)buffer + sh[eh->e_shstrndx].sh_offset + sh[i].sh_name,
			    name))
			return &sh[i];
	return NULL;
}

/* .eh_frame_hdr in the one form that libgcc searches by halves (unwind-dw2-fde-dip.c). */
struct header {
	uint8_t version, frame_encoding, count_encoding, table_encoding;
	int32_t frame;		/* from here */
	uint32_t count;
	struct { int32_t start, fde; } table[];	/* from the header */
};

static const struct header *header(void)
{
	return (const struct header *)(buffer + segment()->p_offset);
}

static uint64_t frame_at(void)
{
	return segment()->p_vaddr + offsetof(struct header, frame) + (uint64_t)header()->frame;
}

static void check_places(struct test *t)
{
	const Elf64_Shdr *hdr = section(".eh_frame_hdr"), *frame = section(".eh_frame");
	const Elf64_Phdr *ph = segment();

	if (t->image.config.options & VDSOGEN_OMIT_UNWIND) {
		ck_assert(!ph && !hdr && !frame && !t->cfi);
		return;
	}
	ck_assert(ph && t->cfi);
	ck_assert_uint_eq(ph->p_flags, PF_R);
	ck_assert_uint_eq(ph->p_offset, ph->p_vaddr);
	ck_assert_uint_eq(ph->p_memsz, ph->p_filesz);
	ck_assert_uint_eq(ph->p_vaddr % WORD, 0);
	ck_assert_uint_eq(frame_at() % WORD, 0);
	ck_assert_int_eq(!!hdr && !!frame, !(t->image.config.options & VDSOGEN_OMIT_SECTIONS));
	if (!hdr)
		return;
	ck_assert_uint_eq(hdr->sh_addr, ph->p_vaddr);
	ck_assert_uint_eq(hdr->sh_size, ph->p_memsz);
	ck_assert_uint_eq(frame->sh_addr, frame_at());
}

START_TEST(unwind_segment_and_sections_agree)
{
	each_image(_i, check_places);
}
END_TEST

/* --------------------------------------------------------------- records -- */

struct fde {
	uint64_t at, start, end, cie;	/* addresses */
};

struct records {
	struct fde fde[VDSOGEN_FUNCTIONS + 2];
	unsigned int count;
	uint64_t end;		/* behind the record that ends them */
};

static const uint8_t *skip_leb(const uint8_t *p)
{
	while (*p++ & 0x80)
		;
	return p;
}

/*
 * No function saves a register, so no program has a word to say of one but the
 * return address: not "undefined" either, which looks like libdw's defaults.
 */
static void check_program(const struct test *t, const uint8_t *p, const uint8_t *end, bool cie)
{
	while (p < end) {
		uint8_t op = *p++;

		if (op == DW_CFA_nop || (!cie && (op & 0xc0) == DW_CFA_advance_loc))
			continue;
		if (cie && op == DW_CFA_def_cfa)
			p = skip_leb(skip_leb(p));
		else if (cie && op == (DW_CFA_offset | t->facts->return_address))
			p = skip_leb(p);
		else if (!cie && op == DW_CFA_advance_loc1)
			p++;
		else if (!cie && op == DW_CFA_advance_loc2)
			p += 2;
		else if (!cie && !t->facts->pushed && op == (DW_CFA_offset | t->facts->return_address))
			p = skip_leb(p);
		else if (!cie && !t->facts->pushed && op == (DW_CFA_restore | t->facts->return_address))
			continue;
		else if (!cie && op == DW_CFA_def_cfa_offset)
			p = skip_leb(p);
		else
			ck_abort_msg("%s: DW_CFA %#x, of which nothing here has need",
				     t->facts->machine->name, op);
	}
	ck_assert_ptr_eq(p, end);
}

static void check_cie(const struct test *t, const Dwarf_CIE *cie)
{
	check_program(t, cie->initial_instructions, cie->initial_instructions_end, true);
	ck_assert_str_eq(cie->augmentation, "zR");
	ck_assert_uint_eq(cie->augmentation_data_size, 1);
	ck_assert_uint_eq(cie->augmentation_data[0], DW_EH_PE_pcrel | DW_EH_PE_sdata4);
	ck_assert_uint_eq(cie->code_alignment_factor, t->facts->unit);
	ck_assert_int_eq(cie->data_alignment_factor, -8);
	ck_assert_uint_eq(cie->return_address_register, t->facts->return_address);
}

/* By the encoding that check_cie() has seen. */
static void add_fde(const struct test *t, struct records *r, const Dwarf_FDE *fde,
		    const Elf_Data *data, uint64_t offset)
{
	struct fde *f = &r->fde[r->count++];
	uint32_t size;
	int32_t start;

	ck_assert_uint_le(r->count, VDSOGEN_FUNCTIONS + 1);
	memcpy(&start, fde->start, sizeof start);
	memcpy(&size, fde->start + sizeof start, sizeof size);
	ck_assert_uint_eq(fde->start[sizeof start + sizeof size], 0);	/* no augmentation */
	check_program(t, fde->start + sizeof start + sizeof size + 1, fde->end, false);
	f->at = frame_at() + offset;
	f->start = frame_at() + (uint64_t)(fde->start - (uint8_t *)data->d_buf) + (uint64_t)start;
	f->end = f->start + size;
	f->cie = frame_at() + fde->CIE_pointer;
}

/* One after the other, without the table; the first one is the only CIE. */
static struct records read_records(const struct test *t)
{
	struct records r = { .count = 0 };
	Elf_Data *data = elf_getdata_rawchunk(t->elf, (int64_t)frame_at(), t->image.used - frame_at(),
					      ELF_T_BYTE);
	uint64_t at = 0, next;
	Dwarf_CFI_Entry entry;
	int end;

	ck_assert_ptr_nonnull(data);
	for (; !(end = dwarf_next_cfi(buffer, data, true, at, &next, &entry)); at = next) {
		ck_assert_int_eq(dwarf_cfi_cie_p(&entry), !at);
		if (at)
			add_fde(t, &r, &entry.fde, data, at);
		else
			check_cie(t, &entry.cie);
	}
	ck_assert_msg(end > 0, "%s: %s", t->facts->machine->name, dwarf_errmsg(-1));
	ck_assert_mem_eq((char *)data->d_buf + at, "\0\0\0\0", WORD);
	r.end = frame_at() + at + WORD;
	return r;
}

static void check_records(struct test *t)
{
	struct records r;
	const Elf64_Shdr *frame = section(".eh_frame");

	if (!t->cfi)
		return;
	r = read_records(t);
	ck_assert_uint_eq(r.count, count_functions(t));
	if (frame)
		ck_assert_uint_eq(frame->sh_addr + frame->sh_size, r.end);
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		const struct vdsogen_entry *e = &t->image.function[f];
		unsigned int found = 0;

		for (unsigned int i = 0; i < r.count; i++)
			found += r.fde[i].start == e->at && r.fde[i].end == e->at + e->size &&
				 r.fde[i].cie == frame_at();
		ck_assert_msg(found == is_spoken_of(t, f), "%s %s: %u records of its range",
			      t->facts->machine->name, vdsogen_function_name(f), found);
	}
}

START_TEST(unwind_records_are_of_the_functions)
{
	each_image(_i, check_records);
}
END_TEST

/* What libgcc, libunwind and libdw search instead. */
static void check_table(struct test *t)
{
	const struct header *h;
	struct records r;

	if (!t->cfi)
		return;
	r = read_records(t);
	h = header();
	ck_assert_uint_eq(h->version, 1);
	ck_assert_uint_eq(h->frame_encoding, DW_EH_PE_pcrel | DW_EH_PE_sdata4);
	ck_assert_uint_eq(h->count_encoding, DW_EH_PE_udata4);
	ck_assert_uint_eq(h->table_encoding, DW_EH_PE_datarel | DW_EH_PE_sdata4);
	ck_assert_uint_eq(h->count, r.count);
	ck_assert_uint_eq(segment()->p_memsz, sizeof *h + r.count * sizeof *h->table);
	for (unsigned int i = 0; i < h->count; i++) {
		uint64_t start = segment()->p_vaddr + (uint64_t)h->table[i].start;
		uint64_t fde = segment()->p_vaddr + (uint64_t)h->table[i].fde;
		unsigned int n = 0;

		if (i)
			ck_assert_int_gt(h->table[i].start, h->table[i - 1].start);
		while (n < r.count && r.fde[n].start != start)
			n++;
		ck_assert_msg(n < r.count, "%s: entry %u is of %#" PRIx64 ", no function's start",
			      t->facts->machine->name, i, start);
		ck_assert_uint_eq(fde, r.fde[n].at);
	}
}

START_TEST(unwind_table_is_sorted_and_complete)
{
	each_image(_i, check_table);
}
END_TEST

/* ----------------------------------------------------------------- rules --
 * Asked a hundred thousand times: every ck_assert is a system call.
 */

static Dwarf_Frame *frame_of(const struct test *t, uint64_t address)
{
	Dwarf_Frame *frame = NULL;

	if (dwarf_cfi_addrframe(t->cfi, address, &frame))
		return NULL;
	return frame;
}

/* The canonical frame address: the caller's stack pointer at its call, by all three ABIs. */
static void check_cfa(const struct flow *f, const struct facts *facts, Dwarf_Frame *frame)
{
	uint64_t want = facts->pushed + f->stack[f->at];
	Dwarf_Op *ops;
	size_t count;

	if (dwarf_frame_cfa(frame, &ops, &count) || count != 1 || ops[0].atom != DW_OP_bregx)
		flow_fail(f, "CFA is not a register and an offset");
	if (ops[0].number != (uint64_t)facts->stack_pointer || ops[0].number2 != want)
		flow_fail(f, "CFA is register %" PRIu64 " + %" PRIu64 ", not %d + %" PRIu64,
			  ops[0].number, ops[0].number2, facts->stack_pointer, want);
}

/* On the stack, or where it was at the entry. */
static void check_return_address(const struct flow *f, const struct facts *facts,
				 Dwarf_Frame *frame)
{
	/* by the call, or by the instruction that made the frame, at its lowest end */
	uint64_t saved = facts->pushed ? facts->pushed : f->stack[f->at];
	Dwarf_Op memory[3], *ops;
	size_t count;

	if (dwarf_frame_register(frame, facts->return_address, memory, &ops, &count))
		flow_fail(f, "the return address: %s", dwarf_errmsg(-1));
	if (saved ? count != 2 || ops[0].atom != DW_OP_call_frame_cfa ||
		    ops[1].atom != DW_OP_plus_uconst || ops[1].number != -saved :
	    count || ops)
		flow_fail(f, "the return address is looked for in a wrong place (%zu operations)",
			  count);
}

/* None was saved, so none is to be found anywhere else. */
static void check_registers(const struct flow *f, const struct facts *facts, Dwarf_Frame *frame)
{
	for (int r = 0; r < facts->registers; r++) {
		Dwarf_Op memory[3], *ops;
		size_t count;

		if (r == facts->return_address || r == facts->stack_pointer)
			continue;
		if (dwarf_frame_register(frame, r, memory, &ops, &count) || count)
			flow_fail(f, "a rule for register %d, which nothing saves", r);
	}
}

static void check_address(const struct test *t, const struct flow *f, uint64_t address)
{
	const struct vdsogen_entry *e = &t->image.function[f->function];
	Dwarf_Frame *frame = frame_of(t, address);
	Dwarf_Addr start, end;
	bool signal;

	if (!frame)
		flow_fail(f, "no frame: %s", dwarf_errmsg(-1));
	if (dwarf_frame_info(frame, &start, &end, &signal) != t->facts->return_address ||
	    signal || start < e->at || end > e->at + e->size || address < start || address >= end)
		flow_fail(f, "a frame of another function");
	check_cfa(f, t->facts, frame);
	check_return_address(f, t->facts, frame);
	check_registers(f, t->facts, frame);
	free(frame);
}

/* Every byte: a return address is looked up by the one before it. */
static void check_function(const struct test *t, unsigned int function)
{
	struct flow f = flow_function(t->facts->machine, &t->image, function);

	for (f.at = 0; f.at < f.count; f.at++)
		for (unsigned int i = 0; f.walked[f.at] && i < f.insn[f.at].size; i++)
			check_address(t, &f, f.insn[f.at].address - FLOW_IMAGE + i);
	flow_forget(&f);
}

static void check_rules(struct test *t)
{
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++)
		if (is_spoken_of(t, f))
			check_function(t, f);
}

START_TEST(unwind_rules_hold_at_every_instruction)
{
	const uint32_t guards[] = { 0, VDSOGEN_GUARD, VDSOGEN_LATCH, VDSOGEN_GUARD | VDSOGEN_LATCH };
	const uint32_t clocks[] = {
		0, VG_HRES_CLOCKS, VG_COARSE_CLOCKS, 1u << VDSOGEN_REALTIME, 1u << VDSOGEN_TAI
	};

	for (size_t g = 0; g < COUNT(guards); g++)
		for (size_t c = 0; c < COUNT(clocks); c++)
			for (uint32_t form = 0; form < VDSOGEN_COUNTERS; form++)
				test_image(_i, &(struct vdsogen_config){
					.options = guards[g], .clocks = clocks[c],
					.counter = form }, check_rules);
}
END_TEST

/* Those that are asked for: identity and getrandom. */
START_TEST(unwind_rules_hold_in_other_functions)
{
	const uint32_t options[] = { 0, VDSOGEN_GUARD | VDSOGEN_SLOTS };
	const uint32_t all = vdsogen_arch_functions(vdsogen_arch_find(known[_i].machine->name));
	const uint32_t others = all & ~VDSOGEN_DEFAULT_FUNCTIONS;

	for (size_t i = 0; i < COUNT(options); i++)
		test_image(_i, &(struct vdsogen_config){
			.functions = others, .options = options[i] }, check_rules);
}
END_TEST

/* Where the host is asked by a jump, what follows is another function's. */
START_TEST(unwind_rules_hold_in_every_fallback)
{
	const struct vdsogen_arch *arch = vdsogen_arch_find(known[_i].machine->name);

	for (uint32_t form = 0; form < VDSOGEN_FALLBACKS; form++)
		if (arch->fallbacks >> form & 1)
			test_image(_i, &(struct vdsogen_config){
				.functions = vdsogen_arch_functions(arch), .fallback = form,
				.fallback_at = form >= VDSOGEN_FALLBACK_JUMP ? VDSOGEN_PAGE : 0 },
				check_rules);
}
END_TEST

/* A slot is entered by a call and left by a jump: nothing is moved in between. */
static void check_slots(struct test *t)
{
	struct flow f = { .machine = t->facts->machine, .image = &t->image, .count = 1,
			  .stack = (uint64_t[]){ 0 } };

	f.insn = calloc(1, sizeof *f.insn);
	ck_assert_ptr_nonnull(f.insn);
	for (uint64_t at = VDSOGEN_SLOTS_AT; at < VDSOGEN_SLOT(VDSOGEN_FUNCTIONS); at++) {
		Dwarf_Frame *frame = frame_of(t, at);

		f.insn->address = FLOW_IMAGE + at;
		if (!frame)
			flow_fail(&f, "no frame in a slot");
		check_cfa(&f, t->facts, frame);
		check_return_address(&f, t->facts, frame);
		check_registers(&f, t->facts, frame);
		free(frame);
	}
	free(f.insn);
}

START_TEST(unwind_rules_hold_in_slots)
{
	test_image(_i, &(struct vdsogen_config){ .options = VDSOGEN_SLOTS }, check_slots);
}
END_TEST

START_TEST(unwind_rules_hold_in_every_getcpu)
{
	const uint32_t options[] = { 0, VDSOGEN_GUARD };

	for (uint32_t form = 0; form < VDSOGEN_GETCPUS; form++)
		for (size_t i = 0; i < COUNT(options); i++)
			test_image(_i, &(struct vdsogen_config){
					.options = options[i], .getcpu = form,
				.getcpu_at = form == VDSOGEN_GETCPU_WORD ? -4 : 0,
				.functions = 1u << VDSOGEN_GETCPU }, check_rules);
}
END_TEST

static bool in_function(const struct test *t, uint64_t address)
{
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		const struct vdsogen_entry *e = &t->image.function[f];

		if (is_spoken_of(t, f) && address >= e->at && address < e->at + e->size)
			return true;
	}
	return has_slots(t) && address >= VDSOGEN_SLOTS_AT &&
	       address < VDSOGEN_SLOT(VDSOGEN_FUNCTIONS);
}

static void check_rest(struct test *t)
{
	for (uint64_t at = 0; t->cfi && at < t->image.used; at++) {
		Dwarf_Frame *frame = frame_of(t, at);

		if (!!frame != in_function(t, at))
			ck_abort_msg("%s: %s frame at %#" PRIx64, t->facts->machine->name,
				     frame ? "a" : "no", at);
		free(frame);
	}
}

START_TEST(unwind_knows_nothing_but_functions)
{
	each_image(_i, check_rest);
}
END_TEST

/*
 * Unwinders know the trampoline by its words and ask only where they find no
 * frame: at its first byte, or at the byte before, which is the nop's.
 */
static void check_sigreturn(struct test *t)
{
	static const uint32_t words[] = {
		0xd503201f /* nop */, 0xd2801168 /* mov x8, #139 */, 0xd4000001 /* svc #0 */
	};
	const struct vdsogen_entry *e = &t->image.function[VDSOGEN_RT_SIGRETURN];
	uint64_t first = e->at - WORD;

	if (!e->at)
		return;
	ck_assert_uint_eq(e->size, 2 * WORD);
	ck_assert_mem_eq(buffer + first, words, sizeof words);
	for (uint64_t at = first; t->cfi && at < first + sizeof words; at++)
		ck_assert_msg(!frame_of(t, at), "%s: a frame at rt_sigreturn%+d", t->facts->machine->name,
			      (int)(at - e->at));
}

START_TEST(unwind_leaves_the_signal_trampoline_alone)
{
	each_image(_i, check_sigreturn);
}
END_TEST

Suite *unwind_suite(void)
{
	Suite *suite = suite_create("unwind");
	TCase *tc = tcase_create("unwind");

	tcase_add_loop_test(tc, unwind_segment_and_sections_agree, 0, COUNT(known));
	tcase_add_loop_test(tc, unwind_records_are_of_the_functions, 0, COUNT(known));
	tcase_add_loop_test(tc, unwind_table_is_sorted_and_complete, 0, COUNT(known));
	tcase_add_loop_test(tc, unwind_rules_hold_at_every_instruction, 0, COUNT(known));
	tcase_add_loop_test(tc, unwind_rules_hold_in_other_functions, 0, COUNT(known));
	tcase_add_loop_test(tc, unwind_rules_hold_in_every_fallback, 0, COUNT(known));
	tcase_add_loop_test(tc, unwind_rules_hold_in_slots, 0, COUNT(known));
	tcase_add_loop_test(tc, unwind_rules_hold_in_every_getcpu, 0, COUNT(known));
	tcase_add_loop_test(tc, unwind_knows_nothing_but_functions, 0, COUNT(known));
	tcase_add_loop_test(tc, unwind_leaves_the_signal_trampoline_alone, 0, COUNT(known));
	suite_add_tcase(suite, tc);
	return suite;
}
#else
#include <stdio.h>

Suite *unwind_suite(void)
{
	puts("unwind: not compiled: configure found no libdw or no libcapstone"
	     " (install libdw-dev, libcapstone-dev)");
	return suite_create("unwind (not compiled)");
}
#endif

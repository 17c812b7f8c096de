/* SPDX-License-Identifier: BSD-2-Clause */
/* Machine names, and the disassembly of an image's functions. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"

#ifdef HAVE_CAPSTONE
#include <capstone/capstone.h>
#define DISASSEMBLER(arch, mode) arch, mode
#else
#define DISASSEMBLER(arch, mode) -1, 0
#endif

/* Machines whose Linux has a vDSO; a disassembler of -1 is none. */
static const struct machine {
	uint16_t machine;
	uint8_t class, data;
	const char *name;
	int arch, mode;
} machines[] = {
	{ EM_X86_64, ELFCLASS64, ELFDATA2LSB, "x86_64", DISASSEMBLER(CS_ARCH_X86, CS_MODE_64) },
	{ EM_X86_64, ELFCLASS32, ELFDATA2LSB, "x32", DISASSEMBLER(CS_ARCH_X86, CS_MODE_64) },
	{ EM_386, ELFCLASS32, ELFDATA2LSB, "i386", DISASSEMBLER(CS_ARCH_X86, CS_MODE_32) },
	{ EM_AARCH64, ELFCLASS64, ELFDATA2LSB, "aarch64", DISASSEMBLER(CS_ARCH_ARM64, 0) },
	{ EM_ARM, ELFCLASS32, ELFDATA2LSB, "arm", DISASSEMBLER(CS_ARCH_ARM, 0) },
	{ EM_RISCV, ELFCLASS64, ELFDATA2LSB, "riscv64", -1, 0 },
	{ EM_PPC64, ELFCLASS64, ELFDATA2LSB, "ppc64le", DISASSEMBLER(CS_ARCH_PPC, CS_MODE_64) },
	{ EM_S390, ELFCLASS64, ELFDATA2MSB, "s390x",
	  DISASSEMBLER(CS_ARCH_SYSZ, (int)CS_MODE_BIG_ENDIAN) },
	{ EM_LOONGARCH, ELFCLASS64, ELFDATA2LSB, "loongarch64", -1, 0 },
};

static const struct machine *machine_of(const struct view *v)
{
	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++)
		if (machines[i].machine == v->header.e_machine &&
		    machines[i].class == v->header.e_ident[EI_CLASS] &&
		    machines[i].data == v->header.e_ident[EI_DATA])
			return &machines[i];
	return NULL;
}

const char *machine_name(const struct view *v)
{
	const struct machine *m = machine_of(v);

	return m ? m->name : NULL;
}

#ifdef HAVE_CAPSTONE
struct function {
	uint64_t address, at, size;
	const char *name;
	bool slot;	/* `name` is whose */
};

static int by_address(const void *a, const void *b)
{
	const struct function *l = a, *r = b;

	if (l->address != r->address)
		return l->address < r->address ? -1 : 1;
	return strcmp(l->name, r->name);
}

static bool same(const struct function *a, const struct function *b)
{
	return a->address == b->address && a->size == b->size;
}

/* Code with a name and a size, and slots, in the order of their addresses. */
static size_t collect(const struct view *v, struct function *functions)
{
	size_t count = 0;

	for (size_t i = 1; i < v->symbols; i++) {
		struct function f = { .slot = false };
		GElf_Sym s;

		if (!view_symbol(v, i, &s, &f.name) || !s.st_size ||
		    (GELF_ST_TYPE(s.st_info) != STT_FUNC && GELF_ST_TYPE(s.st_info) != STT_NOTYPE) ||
		    !view_offset(v, s.st_value, s.st_size, &f.at))
			continue;
		f.address = s.st_value;
		f.size = s.st_size;
		functions[count++] = f;
	}
	for (unsigned int f = 0; view_has_slots(v) && f < VDSOGEN_FUNCTIONS; f++)
		functions[count++] = (struct function){ VDSOGEN_SLOT(f), VDSOGEN_SLOT(f),
							VDSOGEN_SLOT_SIZE,
							vdsogen_function_name(f), true };
	qsort(functions, count, sizeof *functions, by_address);
	return count;
}

/* What the description says of an instruction; "" for most. */
static const char *remark(const struct view *v, uint64_t at)
{
	for (unsigned int f = 0; v->ours && f < VDSOGEN_FUNCTIONS; f++) {
		if (v->image.function[f].at && v->image.function[f].trap == at)
			return view_jumps(v) ? "    <- jump to the host" : "    <- trap";
		if (v->image.function[f].at && v->image.function[f].resume == at && !view_jumps(v))
			return "    <- resume";
	}
	return "";
}

static void print_code(const struct view *v, csh handle, const struct function *f)
{
	const uint8_t *code = v->source->bytes + f->at;
	uint64_t address = f->address;
	size_t left = f->size;
	cs_insn *insn = cs_malloc(handle);

	while (insn && cs_disasm_iter(handle, &code, &left, &address, insn)) {
		char bytes[2 * sizeof insn->bytes + 1] = "";

		for (unsigned int i = 0; i < insn->size && i < sizeof insn->bytes; i++)
			snprintf(bytes + 2 * i, 3, "%02x", insn->bytes[i]);
		printf("  %6" PRIx64 "  %-20s  %s%s%s%s\n", insn->address, bytes, insn->mnemonic,
		       *insn->op_str ? " " : "", insn->op_str,
		       remark(v, f->at + (insn->address - f->address)));
	}
	if (left)
		printf("  %6" PRIx64 "  %zu bytes that end within an instruction\n", address, left);
	if (insn)
		cs_free(insn, 1);
}

static void print_functions(const struct view *v, csh handle, struct function *functions)
{
	size_t count = collect(v, functions);

	for (size_t i = 0; i < count; i++) {
		const struct function *f = &functions[i];

		printf("%s%6" PRIx64 " <", i && same(f, f - 1) ? "" : "\n", f->address);
		if (f->slot)
			printf("slot of ");
		print_name(f->name);
		puts(">:");
		if (i + 1 == count || !same(f, f + 1))	/* after the last of its names */
			print_code(v, handle, f);
	}
}

void show_code(const struct view *v)
{
	const struct machine *m = machine_of(v);
	struct function *functions;
	csh handle;

	puts("\nDisassembly");
	if (!m || m->arch < 0 ||
	    cs_open((cs_arch)m->arch, (cs_mode)m->mode, &handle) != CS_ERR_OK) {
		puts("  libcapstone does not know this machine");
		return;
	}
	cs_option(handle, CS_OPT_SKIPDATA, CS_OPT_ON);
	functions = calloc(v->symbols + VDSOGEN_FUNCTIONS, sizeof *functions);
	if (functions)
		print_functions(v, handle, functions);
	else
		tool_error("%s: out of memory", v->source->name);
	free(functions);
	cs_close(&handle);
}
#else
void show_code(const struct view *v)
{
	(void)v;
	puts("\nno disassembly: built without libcapstone");
}
#endif

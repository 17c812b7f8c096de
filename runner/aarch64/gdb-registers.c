/* SPDX-License-Identifier: BSD-2-Clause */
/* GDB's manual, appendix G.5.1 "AArch64 Features", says which registers there are. */
#define _GNU_SOURCE
#include "gdb-registers.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aarch64/registers.h"
#include "guest-signals.h"

/* -------------------------------------------------------------------------
 * The table.
 */
struct place {
	const char *name, *type;
	uint16_t size, at;	/* in struct vm_registers */
};

#define AT(member) offsetof(struct vm_registers, member)
#define X(n) { "x" #n, "int", 8, AT(regs[n]) }
#define V(n) { "v" #n, "aarch64v", 16, AT(v[n]) }

static const struct place core[] = {
	X(0), X(1), X(2), X(3), X(4), X(5), X(6), X(7), X(8), X(9), X(10), X(11), X(12), X(13),
	X(14), X(15), X(16), X(17), X(18), X(19), X(20), X(21), X(22), X(23), X(24), X(25), X(26),
	X(27), X(28), X(29), X(30),
	{ "sp", "data_ptr", 8, AT(sp) }, { "pc", "code_ptr", 8, AT(pc) },
	{ "cpsr", "cpsr_flags", 4, AT(pstate) },
};

static const struct place fpu[] = {
	V(0), V(1), V(2), V(3), V(4), V(5), V(6), V(7), V(8), V(9), V(10), V(11), V(12), V(13),
	V(14), V(15), V(16), V(17), V(18), V(19), V(20), V(21), V(22), V(23), V(24), V(25), V(26),
	V(27), V(28), V(29), V(30), V(31),
	{ "fpsr", "int", 4, AT(fpsr) }, { "fpcr", "int", 4, AT(fpcr) },
};

static const struct place tls[] = { { "tpidr", "data_ptr", 8, AT(tpidr) } };

static const struct feature {
	const char *name;
	const struct place *place;
	unsigned int places;
} feature[] = {
#define FEATURE(name, list) { "org.gnu.gdb.aarch64." name, list, sizeof(list) / sizeof((list)[0]) }
	FEATURE("core", core), FEATURE("fpu", fpu), FEATURE("tls", tls),
};
enum { FEATURES = sizeof feature / sizeof feature[0] };

static const struct place *find(unsigned int number)
{
	for (unsigned int i = 0; i < FEATURES; i++) {
		if (number < feature[i].places)
			return &feature[i].place[number];
		number -= feature[i].places;
	}
	return NULL;
}

struct vm_registers *gdb_registers_create(void)
{
	void *room;

	if (posix_memalign(&room, _Alignof(struct vm_registers), sizeof(struct vm_registers)))
		return NULL;
	return memset(room, 0, sizeof(struct vm_registers));
}

unsigned int gdb_registers(void)
{
	unsigned int all = 0;

	for (unsigned int i = 0; i < FEATURES; i++)
		all += feature[i].places;
	return all;
}

size_t gdb_register_size(unsigned int number)
{
	const struct place *place = find(number);

	return place ? place->size : 0;
}

/* All are stored as the guest has them: both are little endian. */
void gdb_register_get(const struct vm_registers *from, unsigned int number, uint8_t *value)
{
	const struct place *place = find(number);

	memcpy(value, (const uint8_t *)from + place->at, place->size);
}

void gdb_register_set(struct vm_registers *to, unsigned int number, const uint8_t *value)
{
	const struct place *place = find(number);

	memcpy((uint8_t *)to + place->at, value, place->size);
}

/* -------------------------------------------------------------------------
 * The description.
 */
static const char vector_types[] =
	"<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
	"<vector id=\"v2u\" type=\"uint64\" count=\"2\"/>"
	"<vector id=\"v2i\" type=\"int64\" count=\"2\"/>"
	"<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
	"<vector id=\"v4u\" type=\"uint32\" count=\"4\"/>"
	"<vector id=\"v4i\" type=\"int32\" count=\"4\"/>"
	"<vector id=\"v8u\" type=\"uint16\" count=\"8\"/>"
	"<vector id=\"v8i\" type=\"int16\" count=\"8\"/>"
	"<vector id=\"v16u\" type=\"uint8\" count=\"16\"/>"
	"<vector id=\"v16i\" type=\"int8\" count=\"16\"/>"
	"<vector id=\"v1u\" type=\"uint128\" count=\"1\"/>"
	"<vector id=\"v1i\" type=\"int128\" count=\"1\"/>"
	"<union id=\"vnd\"><field name=\"f\" type=\"v2d\"/>"
	"<field name=\"u\" type=\"v2u\"/><field name=\"s\" type=\"v2i\"/></union>"
	"<union id=\"vns\"><field name=\"f\" type=\"v4f\"/>"
	"<field name=\"u\" type=\"v4u\"/><field name=\"s\" type=\"v4i\"/></union>"
	"<union id=\"vnh\"><field name=\"u\" type=\"v8u\"/><field name=\"s\" type=\"v8i\"/></union>"
	"<union id=\"vnb\"><field name=\"u\" type=\"v16u\"/><field name=\"s\" type=\"v16i\"/></union>"
	"<union id=\"vnq\"><field name=\"u\" type=\"v1u\"/><field name=\"s\" type=\"v1i\"/></union>"
	"<union id=\"aarch64v\"><field name=\"d\" type=\"vnd\"/><field name=\"s\" type=\"vns\"/>"
	"<field name=\"h\" type=\"vnh\"/><field name=\"b\" type=\"vnb\"/>"
	"<field name=\"q\" type=\"vnq\"/></union>";

/* Arm ARM, C5.2.19 "SPSR_EL1". */
static const struct bit {
	const char *name;
	unsigned int number;
} state_bits[] = {
	{ "SP", 0 }, { "F", 6 }, { "I", 7 }, { "A", 8 }, { "D", 9 }, { "SSBS", 12 }, { "IL", 20 },
	{ "SS", 21 }, { "DIT", 24 }, { "TCO", 25 }, { "V", 28 }, { "C", 29 }, { "Z", 30 }, { "N", 31 },
};

static void print_bits(FILE *file)
{
	fputs("<flags id=\"cpsr_flags\" size=\"4\">", file);
	for (unsigned int i = 0; i < sizeof state_bits / sizeof state_bits[0]; i++)
		fprintf(file, "<field name=\"%s\" start=\"%u\" end=\"%u\"/>", state_bits[i].name,
			state_bits[i].number, state_bits[i].number);
	fputs("</flags>", file);
}

static void print_feature(FILE *file, const struct feature *one)
{
	fprintf(file, "<feature name=\"%s\">", one->name);
	if (one->place == core)
		print_bits(file);
	if (one->place == fpu)
		fputs(vector_types, file);
	for (unsigned int i = 0; i < one->places; i++)
		fprintf(file, "<reg name=\"%s\" bitsize=\"%d\" type=\"%s\"/>", one->place[i].name,
			8 * one->place[i].size, one->place[i].type);
	fprintf(file, "</feature>");
}

const char *gdb_registers_description(size_t *size)
{
	static char *text;
	static size_t length;

	if (!text) {
		FILE *file = open_memstream(&text, &length);

		if (!file)
			return NULL;
		fputs("<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
		      "<architecture>aarch64</architecture><osabi>GNU/Linux</osabi>", file);
		for (unsigned int i = 0; i < FEATURES; i++)
			print_feature(file, &feature[i]);
		fputs("</target>", file);
		fclose(file);
	}
	*size = length;
	return text;
}

/* -------------------------------------------------------------------------
 * Breakpoints: brk #0, which is not run, but told of.
 */
const uint8_t gdb_break_code[] = { 0x00, 0x00, 0x20, 0xd4 };
const size_t gdb_break_size = sizeof gdb_break_code;

bool gdb_is_break(const struct vm_exit *exit)
{
	return exit->why == VM_FAULT && exit->fault.signal == GUEST_SIGTRAP &&
	       exit->fault.code != GUEST_TRAP_TRACE;
}

guest_addr gdb_break_at(const struct vm_registers *registers)
{
	return guest_at(registers->pc);
}

void gdb_break_rewind(struct vm_registers *registers)
{
	(void)registers;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* GDB's manual, appendix G.5.1 "AArch64 Features", says which registers there are. */
#define _GNU_SOURCE
#include "gdb-registers.h"

#include <string.h>

#include "gdb-description.h"
#include "aarch64/registers.h"
#include "guest-signals.h"

/* -------------------------------------------------------------------------
 * The table.
 */
#define AT(member) offsetof(struct vm_registers, member)
#define X(n) { "x" #n, "int", 8, .at = AT(regs[n]) }
#define V(n) { "v" #n, "aarch64v", 16, .at = AT(v[n]) }

static const struct gdb_place core[] = {
	X(0), X(1), X(2), X(3), X(4), X(5), X(6), X(7), X(8), X(9), X(10), X(11), X(12), X(13),
	X(14), X(15), X(16), X(17), X(18), X(19), X(20), X(21), X(22), X(23), X(24), X(25), X(26),
	X(27), X(28), X(29), X(30),
	{ "sp", "data_ptr", 8, .at = AT(sp) }, { "pc", "code_ptr", 8, .at = AT(pc) },
	{ "cpsr", "cpsr_flags", 4, .at = AT(pstate) },
};

static const struct gdb_place fpu[] = {
	V(0), V(1), V(2), V(3), V(4), V(5), V(6), V(7), V(8), V(9), V(10), V(11), V(12), V(13),
	V(14), V(15), V(16), V(17), V(18), V(19), V(20), V(21), V(22), V(23), V(24), V(25), V(26),
	V(27), V(28), V(29), V(30), V(31),
	{ "fpsr", "int", 4, .at = AT(fpsr) }, { "fpcr", "int", 4, .at = AT(fpcr) },
};

static const struct gdb_place tls[] = { { "tpidr", "data_ptr", 8, .at = AT(tpidr) } };

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
static const struct gdb_bit state_bits[] = {
	{ "SP", 0 }, { "F", 6 }, { "I", 7 }, { "A", 8 }, { "D", 9 }, { "SSBS", 12 }, { "IL", 20 },
	{ "SS", 21 }, { "DIT", 24 }, { "TCO", 25 }, { "V", 28 }, { "C", 29 }, { "Z", 30 }, { "N", 31 },
};

#define FEATURE(title, list) \
	.name = "org.gnu.gdb.aarch64." title, .place = list, .places = GDB_COUNT(list)

static const struct gdb_feature feature[] = {
	{ FEATURE("core", core), .flags = "cpsr_flags", .bit = state_bits,
	  .bits = GDB_COUNT(state_bits) },
	{ FEATURE("fpu", fpu), .types = vector_types },
	{ FEATURE("tls", tls) },
};

const struct gdb_processor *gdb_processor(void)
{
	static const struct gdb_processor processor = { "aarch64", feature, GDB_COUNT(feature) };

	return &processor;
}

/* All are stored as the guest has them: both are little endian. */
void gdb_register_get(const struct vm_registers *from, unsigned int number, uint8_t *value)
{
	const struct gdb_place *place = gdb_place(number);

	memcpy(value, (const uint8_t *)from + place->at, place->size);
}

void gdb_register_set(struct vm_registers *to, unsigned int number, const uint8_t *value)
{
	const struct gdb_place *place = gdb_place(number);

	memcpy((uint8_t *)to + place->at, value, place->size);
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

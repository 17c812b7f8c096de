/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GDB's manual, appendix G.5.8 "i386 Features", says which registers there are and in
 * which order; Intel SDM volume 1, 13.4 and table 10-2 where XSAVE has them.
 */
#define _GNU_SOURCE
#include "gdb-registers.h"

#include <signal.h>
#include <string.h>

#include "gdb-description.h"
#include "x86_64/registers.h"
#include "x86_64/shim.h"

/* -------------------------------------------------------------------------
 * The table.
 */
enum source {
	GENERAL,	/* `at` in struct vm_registers */
	X87, SSE, AVX,	/* `at` in what XSAVE wrote, if it wrote this component */
	TAGS,		/* of X87, which XSAVE has a bit each for, and GDB two */
	CONSTANT,	/* `at` is its value */
};

#define G(name) { #name, "int64", 8, 8, GENERAL, offsetof(struct vm_registers, name) }
#define ST(n) { "st" #n, "i387_ext", 10, 10, X87, 32 + 16 * (n) }
#define CONTROL(name, stored, at) { #name, "int", 4, stored, X87, at }
#define XMM(n) { "xmm" #n, "vec128", 16, 16, SSE, 160 + 16 * (n) }
#define YMMH(n) { "ymm" #n "h", "uint128", 16, 16, AVX, 576 + 16 * (n) }
#define SEGMENT(name, value) { #name, "int32", 4, 4, CONSTANT, value }

static const struct gdb_place core[] = {
	G(rax), G(rbx), G(rcx), G(rdx), G(rsi), G(rdi),
	{ "rbp", "data_ptr", 8, 8, GENERAL, offsetof(struct vm_registers, rbp) },
	{ "rsp", "data_ptr", 8, 8, GENERAL, offsetof(struct vm_registers, rsp) },
	G(r8), G(r9), G(r10), G(r11), G(r12), G(r13), G(r14), G(r15),
	{ "rip", "code_ptr", 8, 8, GENERAL, offsetof(struct vm_registers, rip) },
	{ "eflags", "flags", 4, 4, GENERAL, offsetof(struct vm_registers, rflags) },
	SEGMENT(cs, SHIM_USER_CS), SEGMENT(ss, SHIM_USER_SS), SEGMENT(ds, SHIM_USER_SS),
	SEGMENT(es, SHIM_USER_SS), SEGMENT(fs, SHIM_USER_SS), SEGMENT(gs, SHIM_USER_SS),
	ST(0), ST(1), ST(2), ST(3), ST(4), ST(5), ST(6), ST(7),
	CONTROL(fctrl, 2, 0), CONTROL(fstat, 2, 2), { "ftag", "int", 4, 1, TAGS, 4 },
	CONTROL(fiseg, 2, 12), CONTROL(fioff, 4, 8), CONTROL(foseg, 2, 20), CONTROL(fooff, 4, 16),
	CONTROL(fop, 2, 6),
};

static const struct gdb_place sse[] = {
	XMM(0), XMM(1), XMM(2), XMM(3), XMM(4), XMM(5), XMM(6), XMM(7),
	XMM(8), XMM(9), XMM(10), XMM(11), XMM(12), XMM(13), XMM(14), XMM(15),
	{ "mxcsr", "mxcsr", 4, 4, SSE, 24 },
};

/* A call is not made again for what is in here: no number of one. */
static const struct gdb_place linux_own[] = { { "orig_rax", "int", 8, 8, CONSTANT, -1 } };

static const struct gdb_place segments[] = {
	{ "fs_base", "int", 8, 8, GENERAL, offsetof(struct vm_registers, fs_base) },
	{ "gs_base", "int", 8, 8, GENERAL, offsetof(struct vm_registers, gs_base) },
};

static const struct gdb_place avx[] = {
	YMMH(0), YMMH(1), YMMH(2), YMMH(3), YMMH(4), YMMH(5), YMMH(6), YMMH(7),
	YMMH(8), YMMH(9), YMMH(10), YMMH(11), YMMH(12), YMMH(13), YMMH(14), YMMH(15),
};

static const char sse_types[] =
	"<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
	"<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
	"<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>"
	"<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
	"<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>"
	"<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
	"<union id=\"vec128\">"
	"<field name=\"v4_float\" type=\"v4f\"/><field name=\"v2_double\" type=\"v2d\"/>"
	"<field name=\"v16_int8\" type=\"v16i8\"/><field name=\"v8_int16\" type=\"v8i16\"/>"
	"<field name=\"v4_int32\" type=\"v4i32\"/><field name=\"v2_int64\" type=\"v2i64\"/>"
	"<field name=\"uint128\" type=\"uint128\"/>"
	"</union>";

/* Bits of registers, by number: SDM volume 1, 3.4.3 and 10.2.3. */
static const struct gdb_bit flag_bits[] = {
	{ "CF", 0 }, { "", 1 }, { "PF", 2 }, { "AF", 4 }, { "ZF", 6 }, { "SF", 7 }, { "TF", 8 },
	{ "IF", 9 }, { "DF", 10 }, { "OF", 11 }, { "NT", 14 }, { "RF", 16 }, { "VM", 17 },
	{ "AC", 18 }, { "VIF", 19 }, { "VIP", 20 }, { "ID", 21 },
};
static const struct gdb_bit mxcsr_bits[] = {
	{ "IE", 0 }, { "DE", 1 }, { "ZE", 2 }, { "OE", 3 }, { "UE", 4 }, { "PE", 5 }, { "DAZ", 6 },
	{ "IM", 7 }, { "DM", 8 }, { "ZM", 9 }, { "OM", 10 }, { "UM", 11 }, { "PM", 12 },
	{ "FZ", 15 },
};

#define FEATURE(title, list) \
	.name = "org.gnu.gdb.i386." title, .place = list, .places = GDB_COUNT(list)

/* The last one not every processor has. */
static const struct gdb_feature feature[] = {
	{ FEATURE("core", core), .flags = "flags", .bit = flag_bits, .bits = GDB_COUNT(flag_bits) },
	{ FEATURE("sse", sse), .types = sse_types, .flags = "mxcsr", .bit = mxcsr_bits,
	  .bits = GDB_COUNT(mxcsr_bits) },
	{ FEATURE("linux", linux_own) }, { FEATURE("segments", segments) }, { FEATURE("avx", avx) },
};

const struct gdb_processor *gdb_processor(void)
{
	static const struct gdb_processor all = { "i386:x86-64", feature, GDB_COUNT(feature) };
	static const struct gdb_processor without = { "i386:x86-64", feature,
						      GDB_COUNT(feature) - 1 };

	return __builtin_cpu_supports("avx") ? &all : &without;
}

/* -------------------------------------------------------------------------
 * The state of XSAVE: a component whose bit is clear is as at a program's start.
 */
enum { HEADER = 512, FXSAVE = 512, AVX_AT = 576, AVX_SIZE = 256 };
enum { X87_START = 0x37f, X87_END = 160, X87_CONTROL = 24, MXCSR_AT = 24 };

static uint8_t component(enum source source)
{
	return source == AVX ? 4 : source == SSE ? 2 : 1;
}

/* MXCSR is there whether the vectors are or not. */
static bool is_there(const struct vm_registers *registers, const struct gdb_place *place)
{
	return registers->vectors[HEADER] & component(place->source) ||
	       (place->source == SSE && place->at == MXCSR_AT);
}

static void make_component(struct vm_registers *registers, enum source source)
{
	const uint16_t control = X87_START;
	uint8_t *area = registers->vectors;

	if (area[HEADER] & component(source))
		return;
	area[HEADER] |= component(source);
	if (source == AVX) {
		memset(area + AVX_AT, 0, AVX_SIZE);
	} else if (source == SSE) {
		memset(area + X87_END, 0, 16 * 16);
	} else {
		memset(area, 0, X87_CONTROL);
		memset(area + X87_CONTROL + 8, 0, X87_END - X87_CONTROL - 8);
		memcpy(area, &control, sizeof control);
	}
}

/* 3 is an empty one; whether a full one is a zero is not told here. */
static uint16_t tags_of(uint8_t full)
{
	uint16_t tags = 0;

	for (unsigned int i = 0; i < 8; i++)
		if (!(full >> i & 1))
			tags |= (uint16_t)(3 << 2 * i);
	return tags;
}

static uint8_t full_of(uint16_t tags)
{
	uint8_t full = 0;

	for (unsigned int i = 0; i < 8; i++)
		if ((tags >> 2 * i & 3) != 3)
			full |= (uint8_t)(1 << i);
	return full;
}

static void get_vector(const struct vm_registers *from, const struct gdb_place *place, uint8_t *value)
{
	const uint16_t start = X87_START;
	const uint8_t *at = from->vectors + place->at;

	if (is_there(from, place))
		memcpy(value, at, place->stored);
	else if (place->source == X87 && place->at == 0)
		memcpy(value, &start, sizeof start);
}

void gdb_register_get(const struct vm_registers *from, unsigned int number, uint8_t *value)
{
	const struct gdb_place *place = gdb_place(number);
	uint16_t tags;

	memset(value, 0, place->size);
	switch ((enum source)place->source) {
	case GENERAL:
		memcpy(value, (const uint8_t *)from + place->at, place->stored);
		break;
	case X87:
	case SSE:
	case AVX:
		get_vector(from, place, value);
		break;
	case TAGS:
		tags = tags_of(is_there(from, place) ? from->vectors[place->at] : 0);
		memcpy(value, &tags, sizeof tags);
		break;
	case CONSTANT:
		memcpy(value, &(int64_t){ place->at }, place->size);
		break;
	}
}

void gdb_register_set(struct vm_registers *to, unsigned int number, const uint8_t *value)
{
	const struct gdb_place *place = gdb_place(number);
	uint16_t tags;

	switch ((enum source)place->source) {
	case GENERAL:
		memcpy((uint8_t *)to + place->at, value, place->stored);
		break;
	case X87:
	case SSE:
	case AVX:
		make_component(to, place->source);
		memcpy(to->vectors + place->at, value, place->stored);
		break;
	case TAGS:
		make_component(to, X87);
		memcpy(&tags, value, sizeof tags);
		to->vectors[place->at] = full_of(tags);
		break;
	case CONSTANT:
		break;
	}
}

/* -------------------------------------------------------------------------
 * Breakpoints: int3, which tells when it has been run.
 */
const uint8_t gdb_break_code[] = { 0xcc };
const size_t gdb_break_size = sizeof gdb_break_code;

bool gdb_is_break(const struct vm_exit *exit)
{
	return exit->why == VM_FAULT && exit->fault.signal == SIGTRAP &&
	       exit->fault.code != TRAP_TRACE;
}

guest_addr gdb_break_at(const struct vm_registers *registers)
{
	return guest_at(registers->rip - sizeof gdb_break_code);
}

void gdb_break_rewind(struct vm_registers *registers)
{
	registers->rip -= sizeof gdb_break_code;
}

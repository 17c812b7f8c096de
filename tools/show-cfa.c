/* SPDX-License-Identifier: BSD-2-Clause */
/* From call frame instructions (DWARF 4, 6.4.2) to a table of rules. */
#include <inttypes.h>
#include <string.h>

#include "show-unwind.h"

enum {
	REGISTERS = 128,	/* numbers beyond are left aside */
	REMEMBERED = 8		/* states */
};

enum {	/* DWARF 4, 7.23; the last two: AADWARF64, 5.2, and LSB core specification 5.0, 10.5 */
	CFA_PRIMARY = 0xc0,	/* these bits, and an operand in the others: */
	CFA_ADVANCE_LOC = 0x40, CFA_OFFSET = 0x80, CFA_RESTORE = 0xc0,

	CFA_NOP = 0x00, CFA_SET_LOC = 0x01, CFA_ADVANCE_LOC1 = 0x02, CFA_ADVANCE_LOC2 = 0x03,
	CFA_ADVANCE_LOC4 = 0x04, CFA_OFFSET_EXTENDED = 0x05, CFA_RESTORE_EXTENDED = 0x06,
	CFA_UNDEFINED = 0x07, CFA_SAME_VALUE = 0x08, CFA_REGISTER = 0x09,
	CFA_REMEMBER_STATE = 0x0a, CFA_RESTORE_STATE = 0x0b, CFA_DEF_CFA = 0x0c,
	CFA_DEF_CFA_REGISTER = 0x0d, CFA_DEF_CFA_OFFSET = 0x0e, CFA_DEF_CFA_EXPRESSION = 0x0f,
	CFA_EXPRESSION = 0x10, CFA_OFFSET_EXTENDED_SF = 0x11, CFA_DEF_CFA_SF = 0x12,
	CFA_DEF_CFA_OFFSET_SF = 0x13, CFA_VAL_OFFSET = 0x14, CFA_VAL_OFFSET_SF = 0x15,
	CFA_VAL_EXPRESSION = 0x16,
	CFA_NEGATE_RA_STATE = 0x2d, CFA_GNU_ARGS_SIZE = 0x2e
};

struct rule {
	enum { UNSAID, UNDEFINED, SAME, AT_CFA, IS_CFA, REGISTER, AT_EXPRESSION, IS_EXPRESSION } is;
	uint64_t number;	/* register of CFA, REGISTER */
	int64_t offset;
};

struct rules {
	struct rule cfa, of[REGISTERS];
};

struct table {
	const struct fde *fde;
	struct cursor *c;
	struct rules now, first, remembered[REMEMBERED];
	unsigned int count;	/* remembered */
	uint64_t start;		/* address of the row under way */
};

/* -------------------------------------------------------------------------
 * Output.
 */
void print_register(const struct view *v, uint64_t number)
{
	static const char *const x86_64[] = {
		"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11",
		"r12", "r13", "r14", "r15", "rip"
	};
	static const char *const i386[] = {
		"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip"
	};

	if (v->header.e_machine == EM_X86_64 && number < sizeof x86_64 / sizeof *x86_64)
		printf("%s", x86_64[number]);
	else if (v->header.e_machine == EM_386 && number < sizeof i386 / sizeof *i386)
		printf("%s", i386[number]);
	else if (v->header.e_machine == EM_AARCH64 && number == 31)
		printf("sp");
	else
		printf("%s%" PRIu64, v->header.e_machine == EM_AARCH64 && number < 31 ? "x" : "r",
		       number);
}

static void print_rule(const struct view *v, const struct rule *r)
{
	switch (r->is) {
	case UNDEFINED: printf("undefined"); break;
	case AT_CFA: printf("at CFA%+" PRId64, r->offset); break;
	case IS_CFA: printf("CFA%+" PRId64, r->offset); break;
	case REGISTER:
		print_register(v, r->number);
		if (r->offset)
			printf("%+" PRId64, r->offset);
		break;
	case AT_EXPRESSION: printf("at an expression"); break;
	case IS_EXPRESSION: printf("an expression"); break;
	default: printf("as it was"); break;
	}
}

static void print_registers(const struct view *v, const struct rules *rules)
{
	for (unsigned int i = 0; i < REGISTERS; i++) {
		if (rules->of[i].is == UNSAID || rules->of[i].is == SAME)
			continue;
		printf(", ");
		print_register(v, i);
		putchar(' ');
		print_rule(v, &rules->of[i]);
	}
}

/* From its start to `end`, unless it is empty. */
static void print_row(struct table *t, uint64_t end)
{
	const struct view *v = t->fde->program.view;
	const char *name = t->start == t->fde->start ? t->fde->name : "";

	if (end <= t->start)
		return;
	printf("  0x%06" PRIx64 " %8" PRIu64 "  ", t->start, end - t->start);
	print_name(name);
	printf("%*s  CFA ", UNWIND_NAME - (int)strnlen(name, UNWIND_NAME), "");
	print_rule(v, &t->now.cfa);
	print_registers(v, &t->now);
	puts(t->fde->cie.signal && *name ? " (signal frame)" : "");
	t->start = end;
}

/* -------------------------------------------------------------------------
 * Instructions.
 */
static void set(struct table *t, uint64_t number, struct rule rule)
{
	if (number < REGISTERS)
		t->now.of[number] = rule;
}

static void restore(struct table *t, uint64_t number)
{
	if (number < REGISTERS)
		t->now.of[number] = t->first.of[number];
}

static int64_t scaled(const struct table *t, int64_t value)
{
	return (int64_t)((uint64_t)value * (uint64_t)t->fde->cie.data_unit);
}

static int64_t offset(struct table *t)
{
	return scaled(t, (int64_t)cursor_uleb(t->c));
}

static int64_t offset_sf(struct table *t)
{
	return scaled(t, cursor_sleb(t->c));
}

static void skip_expression(struct table *t)
{
	cursor_skip(t->c, cursor_uleb(t->c));
}

/* Rows go upward, and not past the function's end. */
static void advance(struct table *t, uint64_t to)
{
	if (to < t->start || to - t->fde->start > t->fde->size)
		t->c->bad = true;
	else if (!t->c->bad)
		print_row(t, to);
}

static void advance_by(struct table *t, uint64_t units)
{
	advance(t, t->start + units * t->fde->cie.code_unit);
}

static void remember(struct table *t)
{
	if (t->count == REMEMBERED)
		t->c->bad = true;
	else
		t->remembered[t->count++] = t->now;
}

static void recall(struct table *t)
{
	if (!t->count)
		t->c->bad = true;
	else
		t->now = t->remembered[--t->count];
}

/* The frame address itself. False: op is none of these. */
static bool define_cfa(struct table *t, uint8_t op)
{
	struct rule *cfa = &t->now.cfa;

	switch (op) {
	case CFA_DEF_CFA: case CFA_DEF_CFA_SF: case CFA_DEF_CFA_REGISTER:
		cfa->is = REGISTER;
		cfa->number = cursor_uleb(t->c);
		break;
	case CFA_DEF_CFA_EXPRESSION:
		cfa->is = IS_EXPRESSION;
		skip_expression(t);
		break;
	case CFA_DEF_CFA_OFFSET: case CFA_DEF_CFA_OFFSET_SF: break;
	default: return false;
	}
	if (op == CFA_DEF_CFA || op == CFA_DEF_CFA_OFFSET)
		cfa->offset = (int64_t)cursor_uleb(t->c);
	if (op == CFA_DEF_CFA_SF || op == CFA_DEF_CFA_OFFSET_SF)
		cfa->offset = offset_sf(t);
	return true;
}

static bool define_register(struct table *t, uint8_t op)
{
	uint64_t number;

	if (op < CFA_OFFSET_EXTENDED || op > CFA_VAL_EXPRESSION || op == CFA_REMEMBER_STATE ||
	    op == CFA_RESTORE_STATE)
		return false;
	number = cursor_uleb(t->c);
	switch (op) {
	case CFA_RESTORE_EXTENDED: restore(t, number); break;
	case CFA_UNDEFINED: set(t, number, (struct rule){ .is = UNDEFINED }); break;
	case CFA_SAME_VALUE: set(t, number, (struct rule){ .is = SAME }); break;
	case CFA_REGISTER:
		set(t, number, (struct rule){ .is = REGISTER, .number = cursor_uleb(t->c) });
		break;
	case CFA_OFFSET_EXTENDED:
		set(t, number, (struct rule){ .is = AT_CFA, .offset = offset(t) });
		break;
	case CFA_OFFSET_EXTENDED_SF:
		set(t, number, (struct rule){ .is = AT_CFA, .offset = offset_sf(t) });
		break;
	case CFA_VAL_OFFSET:
		set(t, number, (struct rule){ .is = IS_CFA, .offset = offset(t) });
		break;
	case CFA_VAL_OFFSET_SF:
		set(t, number, (struct rule){ .is = IS_CFA, .offset = offset_sf(t) });
		break;
	case CFA_EXPRESSION: case CFA_VAL_EXPRESSION:
		skip_expression(t);
		set(t, number, (struct rule){ .is = op == CFA_EXPRESSION ? AT_EXPRESSION :
						    IS_EXPRESSION });
		break;
	}
	return true;
}

static void step(struct table *t)
{
	uint8_t op = (uint8_t)cursor_word(t->c, 1), low = op & ~CFA_PRIMARY;

	switch (op & CFA_PRIMARY) {
	case CFA_ADVANCE_LOC: advance_by(t, low); return;
	case CFA_OFFSET: set(t, low, (struct rule){ .is = AT_CFA, .offset = offset(t) }); return;
	case CFA_RESTORE: restore(t, low); return;
	}
	if (define_cfa(t, op) || define_register(t, op))
		return;
	switch (op) {
	case CFA_NOP: break;
	case CFA_SET_LOC: advance(t, cursor_pointer(t->c, t->fde->cie.encoding)); break;
	case CFA_ADVANCE_LOC1: advance_by(t, cursor_word(t->c, sizeof(uint8_t))); break;
	case CFA_ADVANCE_LOC2: advance_by(t, cursor_word(t->c, sizeof(uint16_t))); break;
	case CFA_ADVANCE_LOC4: advance_by(t, cursor_word(t->c, sizeof(uint32_t))); break;
	case CFA_REMEMBER_STATE: remember(t); break;
	case CFA_RESTORE_STATE: recall(t); break;
	case CFA_GNU_ARGS_SIZE: cursor_uleb(t->c); break;
	case CFA_NEGATE_RA_STATE: break;	/* a signed return address is where it was */
	default: t->c->bad = true; break;
	}
}

static bool run(struct table *t, struct cursor program)
{
	t->c = &program;
	while (program.at < program.end && !program.bad)
		step(t);
	return !program.bad;
}

bool show_rows(const struct fde *fde)
{
	struct table t = { .fde = fde, .start = fde->start };

	if (!run(&t, fde->cie.program) || t.start != fde->start)
		return false;
	t.first = t.now;
	if (!run(&t, fde->program))
		return false;
	print_row(&t, fde->start + fde->size);
	return true;
}

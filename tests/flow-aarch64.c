/* SPDX-License-Identifier: BSD-2-Clause */
/* What the aarch64 instructions of the trampolines do: Arm ARM (DDI 0487), C6. */
#ifdef HAVE_CAPSTONE
#include <string.h>

#include "flow.h"

enum { X8 = 8, X16 = 16, LINK = 30, SP = 31, ZERO = 32 };

static unsigned int number(struct flow *f, unsigned int reg)
{
	if (reg >= ARM64_REG_X0 && reg <= ARM64_REG_X28)
		return reg - ARM64_REG_X0;
	if (reg >= ARM64_REG_W0 && reg <= ARM64_REG_W30)
		return reg - ARM64_REG_W0;
	switch (reg) {
	case ARM64_REG_X29: return 29;
	case ARM64_REG_X30: return 30;
	case ARM64_REG_SP: case ARM64_REG_WSP: return SP;
	case ARM64_REG_XZR: case ARM64_REG_WZR: return ZERO;
	default: flow_fail(f, "a register that no trampoline needs");
	}
}

static unsigned int size_of(unsigned int reg)
{
	bool word = (reg >= ARM64_REG_W0 && reg <= ARM64_REG_W30) || reg == ARM64_REG_WZR ||
		    reg == ARM64_REG_WSP;

	return word ? sizeof(uint32_t) : sizeof(uint64_t);
}

static const cs_arm64_op *operand(const cs_insn *insn, unsigned int i)
{
	return &insn->detail->arm64.operands[i];
}

static unsigned int width(const cs_insn *insn)
{
	return size_of(operand(insn, 0)->reg);
}

static struct value get_reg(struct flow *f, const struct state *s, unsigned int reg)
{
	unsigned int n = number(f, reg);

	return n == ZERO ? value_of(0) : value_low(s->reg[n], size_of(reg));
}

static struct value shifted(struct flow *f, struct value v, const cs_arm64_op *op,
			    unsigned int size)
{
	if (op->ext == ARM64_EXT_UXTW)
		v = value_low(v, sizeof(uint32_t));
	else if (op->ext != ARM64_EXT_INVALID)
		flow_fail(f, "an extension the analysis does not know: teach flow-aarch64.c");
	if (!op->shift.value)
		return v;
	switch (op->shift.type) {
	case ARM64_SFT_LSL: return value_low(value_shl(v, op->shift.value), size);
	case ARM64_SFT_LSR: return value_shr(v, op->shift.value);
	case ARM64_SFT_ASR:
		if (size == sizeof(uint64_t))
			return value_sar(v, op->shift.value);
		/* fall through */
	default: flow_fail(f, "a shift the analysis does not know: teach flow-aarch64.c");
	}
}

static struct value get(struct flow *f, struct state *s, const cs_insn *insn, unsigned int i)
{
	const cs_arm64_op *op = operand(insn, i);

	if (op->type == ARM64_OP_IMM)
		return shifted(f, value_of((uint64_t)op->imm), op, sizeof(uint64_t));
	if (op->type != ARM64_OP_REG)
		flow_fail(f, "an operand the analysis does not know: teach flow-aarch64.c");
	return shifted(f, get_reg(f, s, op->reg), op, width(insn));
}

static void put(struct flow *f, struct state *s, const cs_insn *insn, unsigned int i,
		struct value v)
{
	unsigned int reg = operand(insn, i)->reg, n = number(f, reg);

	if (n != ZERO)
		flow_write(f, s, n, value_low(v, size_of(reg)));
}

/* -------------------------------------------------------------------------
 * Vectors.
 */
enum { VECTORS = 32, VECTOR_SIZE = 16, FIRST_KEPT = 8, LAST_KEPT = 15, NO_VECTOR = -1 };

static int vector_of(const cs_arm64_op *op)
{
	if (op->type != ARM64_OP_REG)
		return NO_VECTOR;
	if (op->reg >= ARM64_REG_Q0 && op->reg < ARM64_REG_Q0 + VECTORS)
		return (int)op->reg - ARM64_REG_Q0;
	if (op->reg >= ARM64_REG_V0 && op->reg < ARM64_REG_V0 + VECTORS)
		return (int)op->reg - ARM64_REG_V0;
	if (op->reg >= ARM64_REG_D0 && op->reg < ARM64_REG_D0 + VECTORS)
		return (int)op->reg - ARM64_REG_D0;
	return NO_VECTOR;
}

/* AAPCS64 6.1.2: the low halves of v8 to v15 are the caller's. */
static void put_vector(struct flow *f, struct state *s, int vector, uint32_t from)
{
	if (vector >= FIRST_KEPT && vector <= LAST_KEPT)
		flow_fail(f, "writes vector %d, which is the caller's", vector);
	flow_vector_write(s, (unsigned int)vector, from);
}

static uint32_t vector_from(struct flow *f, struct state *s, const cs_insn *insn, unsigned int i)
{
	int vector = vector_of(operand(insn, i));

	if (vector != NO_VECTOR)
		return flow_vector(s, (unsigned int)vector);
	return operand(insn, i)->type == ARM64_OP_IMM ? 0 : get(f, s, insn, i).from & FROM_SECRET;
}

/* The first operand is made of the others; a shift that inserts keeps some of its own. */
static void vector(struct flow *f, struct state *s, const cs_insn *insn)
{
	uint32_t from = 0;

	switch (insn->id) {
	case ARM64_INS_MOVI: case ARM64_INS_MOV: case ARM64_INS_ORR: case ARM64_INS_FMOV:
	case ARM64_INS_ADD: case ARM64_INS_EOR: case ARM64_INS_REV32: case ARM64_INS_TBL:
	case ARM64_INS_SHL: case ARM64_INS_SRI: case ARM64_INS_EXT:
		break;
	default:
		flow_fail(f, "no trampoline needs this instruction (or teach flow-aarch64.c)");
	}
	for (unsigned int i = insn->id != ARM64_INS_SRI; i < insn->detail->arm64.op_count; i++)
		from |= vector_from(f, s, insn, i);
	put_vector(f, s, vector_of(operand(insn, 0)), from);
}

/* -------------------------------------------------------------------------
 * Memory: ldr, ldar, ldp, str, stp; with write-back before only of the stack pointer.
 */
static void move_stack(struct flow *f, struct state *s, int64_t by)
{
	flow_write(f, s, SP, value_add(s->reg[SP], value_of((uint64_t)by), 0));
}

/* The distance by which the base moves afterwards is an operand of its own. */
static bool moves_after(const cs_insn *insn)
{
	const cs_arm64 *x = &insn->detail->arm64;

	return x->writeback && x->operands[x->op_count - 1].type == ARM64_OP_IMM;
}

static void write_back(struct flow *f, struct state *s, const cs_insn *insn)
{
	const cs_arm64 *x = &insn->detail->arm64;
	unsigned int base;

	if (!moves_after(insn))
		return;
	base = number(f, x->operands[x->op_count - 2].mem.base);
	flow_write(f, s, base, value_add(s->reg[base],
		   value_of((uint64_t)x->operands[x->op_count - 1].imm), 0));
}

static struct value address_of(struct flow *f, struct state *s, const cs_insn *insn, unsigned int i)
{
	const cs_arm64_op *op = operand(insn, i);
	struct value v;

	if (op->type == ARM64_OP_MEM && insn->detail->arm64.writeback && !moves_after(insn) &&
	    op->mem.base == ARM64_REG_SP && op->mem.index == ARM64_REG_INVALID) {
		if (insn->id == ARM64_INS_STP)		/* before it stores */
			move_stack(f, s, op->mem.disp);
		return s->reg[SP];
	}
	if (op->type != ARM64_OP_MEM || insn->detail->arm64.writeback != moves_after(insn) ||
	    i + 1 + moves_after(insn) != insn->detail->arm64.op_count)
		flow_fail(f, "an addressing mode that no trampoline needs");
	v = value_add(get_reg(f, s, op->mem.base), value_of((uint64_t)(int64_t)op->mem.disp), 0);
	if (op->mem.index != ARM64_REG_INVALID)
		v = value_add(v, shifted(f, get_reg(f, s, op->mem.index), op, sizeof(uint64_t)), 0);
	return v;
}

/* ldr by a distance from the instruction */
static struct value literal_of(const cs_insn *insn)
{
	return value_of((uint64_t)operand(insn, 1)->imm);
}

static struct value sign_extended(struct value v, unsigned int size)
{
	uint64_t sign = (value_mask(size) >> 1) + 1;

	return value_known(v, UINT64_MAX) ? value_with(v, (v.bits ^ sign) - sign, UINT64_MAX)
					  : value_with(v, 0, 0);
}

static unsigned int size_in_memory(const cs_insn *insn)
{
	switch (insn->id) {
	case ARM64_INS_LDRB: case ARM64_INS_STRB: return 1;
	case ARM64_INS_LDRH: case ARM64_INS_STRH: case ARM64_INS_LDRSH: return sizeof(uint16_t);
	default: return vector_of(operand(insn, 0)) != NO_VECTOR ? VECTOR_SIZE : width(insn);
	}
}

static void put_loaded(struct flow *f, struct state *s, const cs_insn *insn, unsigned int i,
		       struct value v)
{
	int vector = vector_of(operand(insn, i));

	if (vector != NO_VECTOR)
		put_vector(f, s, vector, v.from);
	else
		put(f, s, insn, i, insn->id == ARM64_INS_LDRSH ? sign_extended(v, sizeof(uint16_t)) : v);
}

/* Where a thread has the address of the host's code. */
static bool is_thread_word(struct flow *f, const struct state *s, const cs_insn *insn)
{
	const cs_arm64_op *op = operand(insn, 1);
	uint64_t at = f->image->config.fallback_at;

	return insn->id == ARM64_INS_LDR && op->type == ARM64_OP_MEM &&
	       get_reg(f, s, op->mem.base).is == IS_THREAD && width(insn) == sizeof(uint64_t) &&
	       op->mem.index == ARM64_REG_INVALID && (uint64_t)op->mem.disp == at;
}

static void load(struct flow *f, struct state *s, const cs_insn *insn)
{
	bool pair = insn->id == ARM64_INS_LDP;
	unsigned int size = size_in_memory(insn);
	struct value at, first;

	if (is_thread_word(f, s, insn)) {
		put(f, s, insn, 0, value_from(FROM_ELSEWHERE, IS_TARGET));
		return;
	}
	at = operand(insn, 1)->type == ARM64_OP_IMM ? literal_of(insn) :
	     address_of(f, s, insn, 1 + pair);
	first = flow_load(f, s, at, size, insn->id == ARM64_INS_LDAR);
	if (pair)
		put_loaded(f, s, insn, 1,
			   flow_load(f, s, value_add(at, value_of(size), 0), size, false));
	put_loaded(f, s, insn, 0, first);
	write_back(f, s, insn);
}

static struct value get_stored(struct flow *f, const struct state *s, const cs_insn *insn,
			       unsigned int i)
{
	int vector = vector_of(operand(insn, i));

	return vector == NO_VECTOR ? get_reg(f, s, operand(insn, i)->reg) :
	       value_from(FROM_ELSEWHERE | flow_vector(s, (unsigned int)vector), IS_ANYTHING);
}

static void store(struct flow *f, struct state *s, const cs_insn *insn)
{
	bool pair = insn->id == ARM64_INS_STP;
	unsigned int size = size_in_memory(insn);
	struct value at = address_of(f, s, insn, 1 + pair);

	flow_store(f, s, at, size, get_stored(f, s, insn, 0));
	if (pair)
		flow_store(f, s, value_add(at, value_of(size), 0), size, get_stored(f, s, insn, 1));
	write_back(f, s, insn);
}

/* -------------------------------------------------------------------------
 * Flags and conditions.
 */
static void set_flags(struct state *s, struct value result)
{
	s->flags = (struct flags){ .from = result.from, .chain = result.chain };
}

/* a - b, and what is carried is that there is nothing to borrow */
static void set_difference(struct state *s, struct value a, struct value b, unsigned int size)
{
	uint64_t difference = (a.bits - b.bits) & value_mask(size);
	uint64_t sign = UINT64_C(1) << (8 * size - 1);

	set_flags(s, value_mix(a, b));
	s->flags.known = value_known(a, UINT64_MAX) && value_known(b, UINT64_MAX);
	s->flags.zero = !difference;
	s->flags.negative = !!(difference & sign);
	s->flags.carry = a.bits >= b.bits;
	s->flags.overflow = !!((a.bits ^ b.bits) & (a.bits ^ difference) & sign);
}

static void compare(struct flow *f, struct state *s, const cs_insn *insn)
{
	struct value a = get(f, s, insn, 0), b = get(f, s, insn, 1);
	unsigned int size = width(insn);

	set_difference(s, a, b, size);
	s->flags.recheck = size == sizeof(uint32_t) &&
			   ((a.is == IS_SEQ && b.is == IS_RECHECK) ||
			    (a.is == IS_RECHECK && b.is == IS_SEQ));
}

/* cmn: only whether the sum is zero */
static void compare_sum(struct flow *f, struct state *s, const cs_insn *insn)
{
	struct value sum = value_low(value_add(get(f, s, insn, 0), get(f, s, insn, 1), 0),
				     width(insn));

	set_flags(s, sum);
	s->flags.known = value_known(sum, UINT64_MAX);
	s->flags.zero = !sum.bits;
}

static void condition(struct flow *f, const struct state *s, arm64_cc cc, struct step *step)
{
	const struct flags *g = &s->flags;
	bool taken;

	switch (cc) {
	case ARM64_CC_EQ: taken = g->zero; break;
	case ARM64_CC_NE: taken = !g->zero; break;
	case ARM64_CC_HS: taken = g->carry; break;
	case ARM64_CC_LO: taken = !g->carry; break;
	case ARM64_CC_HI: taken = g->carry && !g->zero; break;
	case ARM64_CC_LS: taken = !g->carry || g->zero; break;
	case ARM64_CC_MI: taken = g->negative; break;
	case ARM64_CC_PL: taken = !g->negative; break;
	case ARM64_CC_GE: taken = g->negative == g->overflow; break;
	case ARM64_CC_LT: taken = g->negative != g->overflow; break;
	default: flow_fail(f, "a condition the analysis does not know: teach flow-aarch64.c");
	}
	step->taken = !g->known ? BRANCH_EITHER : taken ? BRANCH_YES : BRANCH_NO;
	step->from = g->from;
	step->recheck = !g->recheck ? RECHECK_NONE : cc == ARM64_CC_EQ ? RECHECK_EQUAL :
			cc == ARM64_CC_NE ? RECHECK_UNEQUAL : RECHECK_NONE;
}

/* cbz, cbnz, tbz, tbnz */
static void test(struct flow *f, struct state *s, const cs_insn *insn, struct step *step)
{
	bool bit = insn->id == ARM64_INS_TBZ || insn->id == ARM64_INS_TBNZ;
	bool zero = insn->id == ARM64_INS_CBZ || insn->id == ARM64_INS_TBZ;
	struct value v = get(f, s, insn, 0);

	if (bit)
		v = value_and(v, value_of(UINT64_C(1) << operand(insn, 1)->imm));
	step->from = v.from;
	step->taken = v.bits ? (zero ? BRANCH_NO : BRANCH_YES) :
		      !value_known(v, UINT64_MAX) ? BRANCH_EITHER : zero ? BRANCH_YES : BRANCH_NO;
}

static void target(const cs_insn *insn, struct step *step)
{
	const cs_arm64 *x = &insn->detail->arm64;

	step->tail = insn->id == ARM64_INS_BR;
	switch (insn->id) {
	case ARM64_INS_RET: step->kind = STEP_RETURN; return;
	case ARM64_INS_SVC: case ARM64_INS_HVC: case ARM64_INS_BR: step->kind = STEP_TRAP; return;
	case ARM64_INS_BL: step->kind = STEP_CALL; break;
	case ARM64_INS_CBZ: case ARM64_INS_CBNZ: case ARM64_INS_TBZ: case ARM64_INS_TBNZ:
		step->kind = STEP_BRANCH;
		break;
	case ARM64_INS_B:
		step->kind = x->cc == ARM64_CC_INVALID || x->cc == ARM64_CC_AL ? STEP_JUMP :
			     STEP_BRANCH;
		break;
	default: return;
	}
	step->target = (uint64_t)x->operands[x->op_count - 1].imm;
}

/* -------------------------------------------------------------------------
 * Instructions.
 */
static void shift_right(struct flow *f, struct state *s, const cs_insn *insn)
{
	struct value v = get(f, s, insn, 1), count = get(f, s, insn, 2);
	uint64_t mask = 8 * width(insn) - 1;
	struct value to = value_mix(v, count);

	if (value_known(count, mask)) {
		struct value shifted = value_shr(v, (unsigned int)(count.bits & mask));

		to = value_with(to, shifted.bits, shifted.known);
	}
	put(f, s, insn, 0, to);
}

static void extract(struct flow *f, struct state *s, const cs_insn *insn)
{
	struct value v = value_shr(get(f, s, insn, 1), (unsigned int)operand(insn, 2)->imm);

	put(f, s, insn, 0, value_and(v, value_of((UINT64_C(1) << operand(insn, 3)->imm) - 1)));
}

static void move_keep(struct flow *f, struct state *s, const cs_insn *insn)
{
	const cs_arm64_op *op = operand(insn, 1);
	uint64_t field = UINT64_C(0xffff) << op->shift.value;
	struct value v = value_and(get(f, s, insn, 0), value_of(~field));

	put(f, s, insn, 0, value_or(v, value_of((uint64_t)op->imm << op->shift.value)));
}

static void move_not(struct flow *f, struct state *s, const cs_insn *insn)
{
	const cs_arm64_op *op = operand(insn, 1);

	put(f, s, insn, 0, value_of(~((uint64_t)op->imm << op->shift.value)));
}

static void multiply(struct flow *f, struct state *s, const cs_insn *insn)
{
	struct value v = value_mul(get(f, s, insn, 1), get(f, s, insn, 2));

	if (insn->id == ARM64_INS_UMULH)
		v = value_mul_high(get(f, s, insn, 1), get(f, s, insn, 2));
	else if (insn->id == ARM64_INS_MADD)
		v = value_add(get(f, s, insn, 3), v, 0);
	else if (insn->id == ARM64_INS_MSUB)
		v = value_sub(get(f, s, insn, 3), v);
	put(f, s, insn, 0, v);
}

static void arithmetic(struct flow *f, struct state *s, const cs_insn *insn)
{
	struct value a = get(f, s, insn, 1), b = get(f, s, insn, 2), v;

	switch (insn->id) {
	case ARM64_INS_ADD: v = value_add(a, b, 0); break;
	case ARM64_INS_SUB: v = value_sub(a, b); break;
	case ARM64_INS_AND: v = value_and(a, b); break;
	case ARM64_INS_BIC: v = value_and(a, value_not(b)); break;
	case ARM64_INS_ORR: v = value_or(a, b); break;
	case ARM64_INS_EOR: v = value_xor(a, b); break;
	default:	/* adc: the carry is a register like others */
		v = value_mix(a, b);
		v.from |= s->flags.from;
		v.chain |= s->flags.chain;
	}
	if (insn->detail->arm64.update_flags && insn->id == ARM64_INS_SUB)
		set_difference(s, a, b, width(insn));
	else if (insn->detail->arm64.update_flags)	/* adds and its like */
		set_flags(s, v);
	put(f, s, insn, 0, v);
}

/* csel and its like, also those with fewer operands than three */
static void pick(struct flow *f, struct state *s, const cs_insn *insn)
{
	unsigned int count = insn->detail->arm64.op_count;
	struct value a = count > 1 ? get(f, s, insn, 1) : value_of(0);
	struct value b = count > 2 ? get(f, s, insn, 2) : a;
	struct step step = { .kind = STEP_ON };
	struct value v;

	condition(f, s, insn->detail->arm64.cc, &step);
	v = value_pick(step.taken == BRANCH_NO ? b : a, step.taken == BRANCH_YES ? a : b,
		       s->flags.from);
	if (insn->id != ARM64_INS_CSEL)
		v = value_with(v, 0, 0);
	put(f, s, insn, 0, v);
}

/* Older disassemblers do not know CNTVCTSS_EL0 by its name. */
static void system_register(struct flow *f, struct state *s, const cs_insn *insn)
{
	const char *name = strchr(insn->op_str, ',');
	bool self = name && (strstr(name, "cntvctss_el0") || strstr(name, "s3_3_c14_c0_6"));

	if (name && strstr(name, "tpidrro_el0") && f->function == VDSOGEN_GETCPU) {
		put(f, s, insn, 0, value_from(FROM_ELSEWHERE, IS_ANYTHING));
		return;
	}
	if (name && strstr(name, "tpidr_el0") &&
	    f->image->config.fallback == VDSOGEN_FALLBACK_THREAD) {
		put(f, s, insn, 0, value_from(FROM_ELSEWHERE, IS_THREAD));
		return;
	}
	if (!self && !(name && strstr(name, "cntvct_el0")))
		flow_fail(f, "a system register that no trampoline needs");
	flow_counter(f, s, self);
	put(f, s, insn, 0, value_from(FROM_COUNTER, IS_COUNTER));
}

static void leave(struct flow *f, struct state *s, struct step *step)
{
	(void)f;
	step->kind = STEP_RETURN;
	if (!value_known(s->reg[LINK], UINT64_MAX))
		return;
	step->kind = STEP_JUMP;		/* of its own call */
	step->target = s->reg[LINK].bits;
	s->entry = FLOW_STACK;
}

/* The instruction that asks the host, and what that form of it needs. */
static void check_trap(struct flow *f, const struct state *s, const cs_insn *insn)
{
	const struct vdsogen_config *c = &f->image->config;
	struct value to = s->reg[X16];
	bool good;

	switch (c->fallback) {
	case VDSOGEN_FALLBACK_SYSCALL:
		good = insn->id == ARM64_INS_SVC && !operand(insn, 0)->imm;
		break;
	case VDSOGEN_FALLBACK_HVC:
		good = insn->id == ARM64_INS_HVC && (uint64_t)operand(insn, 0)->imm == c->fallback_at;
		break;
	case VDSOGEN_FALLBACK_JUMP:
		good = insn->id == ARM64_INS_BR && number(f, operand(insn, 0)->reg) == X16 &&
		       value_known(to, UINT64_MAX) && to.bits == c->fallback_at;
		break;
	default:
		good = insn->id == ARM64_INS_BR && number(f, operand(insn, 0)->reg) == X16 &&
		       to.is == IS_TARGET;
	}
	if (!good)
		flow_fail(f, "this is not the configured way to the host");
}

static void step(struct flow *f, struct state *s, const cs_insn *insn, struct step *step)
{
	if (step->kind == STEP_BRANCH && insn->id == ARM64_INS_B)
		condition(f, s, insn->detail->arm64.cc, step);
	else if (step->kind == STEP_BRANCH)
		test(f, s, insn, step);
	if (step->kind == STEP_CALL)
		flow_write(f, s, LINK, value_of(insn->address + insn->size));
	if (step->kind != STEP_ON)
		return;
	if (vector_of(operand(insn, 0)) != NO_VECTOR && operand(insn, 1)->type != ARM64_OP_MEM &&
	    insn->id != ARM64_INS_LDP && insn->id != ARM64_INS_STP) {
		vector(f, s, insn);
		return;
	}
	switch (insn->id) {
	case ARM64_INS_MOV: case ARM64_INS_MOVZ: case ARM64_INS_ADR:
		put(f, s, insn, 0, get(f, s, insn, 1));
		break;
	case ARM64_INS_MOVK: move_keep(f, s, insn); break;
	case ARM64_INS_MOVN: move_not(f, s, insn); break;
	case ARM64_INS_CMP: compare(f, s, insn); break;
	case ARM64_INS_CMN: compare_sum(f, s, insn); break;
	case ARM64_INS_ADD: case ARM64_INS_SUB: case ARM64_INS_ADC: case ARM64_INS_AND:
	case ARM64_INS_BIC: case ARM64_INS_ORR: case ARM64_INS_EOR:
		arithmetic(f, s, insn);
		break;
	case ARM64_INS_LSR: shift_right(f, s, insn); break;
	case ARM64_INS_UBFX: extract(f, s, insn); break;
	case ARM64_INS_MUL: case ARM64_INS_MADD: case ARM64_INS_MSUB: case ARM64_INS_UMULH:
		multiply(f, s, insn);
		break;
	case ARM64_INS_CSEL: case ARM64_INS_CSINC: case ARM64_INS_CSINV: case ARM64_INS_CSNEG:
	case ARM64_INS_CSET: case ARM64_INS_CSETM: case ARM64_INS_CINC: case ARM64_INS_CINV:
	case ARM64_INS_CNEG:
		pick(f, s, insn);
		break;
	case ARM64_INS_LDR: case ARM64_INS_LDAR: case ARM64_INS_LDP: case ARM64_INS_LDRSH:
	case ARM64_INS_LDRB: case ARM64_INS_LDRH:
		load(f, s, insn);
		break;
	case ARM64_INS_STR: case ARM64_INS_STP: case ARM64_INS_STRB: case ARM64_INS_STRH:
		store(f, s, insn);
		break;
	case ARM64_INS_DMB:
		if (strcmp(insn->op_str, "ishld"))
			flow_fail(f, "no trampoline needs this barrier");
		flow_load_barrier(s);
		break;
	case ARM64_INS_ISB: flow_fence(f, s); break;
	case ARM64_INS_YIELD: s->paused = 1; break;
	case ARM64_INS_HINT:
		if (operand(insn, 0)->imm != 34)	/* bti c */
			flow_fail(f, "no trampoline needs this hint");
		break;
	case ARM64_INS_MRS: system_register(f, s, insn); break;
	default: flow_fail(f, "no trampoline needs this instruction (or teach flow-aarch64.c)");
	}
}

static bool is_padding(const cs_insn *insn)
{
	return insn->id == ARM64_INS_NOP;
}

const struct flow_machine flow_aarch64 = {
	.name = "aarch64", .arch = CS_ARCH_ARM64, .mode = CS_MODE_ARM,
	.scratch = (1u << X16) - 1,	/* AAPCS64 6.1.1, without those that linkers use */
	.stack = SP, .number = X8, .result = 0, .argument = { 0, 1, 2, 3, 4 },
	.syscall = {	/* Linux include/uapi/asm-generic/unistd.h; there is no time() */
		[VDSOGEN_CLOCK_GETTIME] = 113, [VDSOGEN_GETTIMEOFDAY] = 169, [VDSOGEN_TIME] = 113,
		[VDSOGEN_CLOCK_GETRES] = 114, [VDSOGEN_GETCPU] = 168, [VDSOGEN_RT_SIGRETURN] = 139,
		[VDSOGEN_GETPID] = 172, [VDSOGEN_GETPPID] = 173, [VDSOGEN_GETTID] = 178,
		[VDSOGEN_GETPGID] = 155, [VDSOGEN_GETSID] = 156, [VDSOGEN_GETPRIORITY] = 141,
		[VDSOGEN_GETUID] = 174, [VDSOGEN_GETEUID] = 175, [VDSOGEN_GETGID] = 176,
		[VDSOGEN_GETEGID] = 177, [VDSOGEN_UNAME] = 160, [VDSOGEN_GETRANDOM] = 278,
	},
	.frame = 32, .link = LINK,	/* the link register, the argument and a struct timespec */
	.random_frame = 64,	/* the link register and seven of getrandom's own */
	.jump = X16,
	.target = target, .step = step, .leave = leave, .check_trap = check_trap,
	.is_padding = is_padding,
};
#else
typedef int flow_aarch64_without_capstone;
#endif

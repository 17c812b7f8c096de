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
 * Memory: ldr, ldar, ldp, str, stp; with write-back only of the stack pointer.
 */
static void move_stack(struct flow *f, struct state *s, int64_t by)
{
	flow_write(f, s, SP, value_add(s->reg[SP], value_of((uint64_t)by), 0));
}

static struct value address_of(struct flow *f, struct state *s, const cs_insn *insn, unsigned int i)
{
	const cs_arm64_op *op = operand(insn, i);
	struct value v;

	if (op->type == ARM64_OP_MEM && insn->detail->arm64.writeback &&
	    op->mem.base == ARM64_REG_SP && op->mem.index == ARM64_REG_INVALID) {
		if (insn->id == ARM64_INS_STP)		/* before it stores */
			move_stack(f, s, op->mem.disp);
		return s->reg[SP];
	}
	if (op->type != ARM64_OP_MEM || insn->detail->arm64.writeback ||
	    i + 1 != insn->detail->arm64.op_count)
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

static void load(struct flow *f, struct state *s, const cs_insn *insn)
{
	bool pair = insn->id == ARM64_INS_LDP, half = insn->id == ARM64_INS_LDRSH;
	unsigned int size = half ? sizeof(uint16_t) : width(insn);
	struct value at = operand(insn, 1)->type == ARM64_OP_IMM ? literal_of(insn) :
			  address_of(f, s, insn, 1 + pair), first;

	first = flow_load(f, s, at, size, insn->id == ARM64_INS_LDAR);
	if (pair)
		put(f, s, insn, 1, flow_load(f, s, value_add(at, value_of(size), 0), size, false));
	put(f, s, insn, 0, half ? sign_extended(first, size) : first);
	if (insn->detail->arm64.writeback)	/* after it has loaded */
		move_stack(f, s, operand(insn, insn->detail->arm64.op_count - 1)->imm);
}

static void store(struct flow *f, struct state *s, const cs_insn *insn)
{
	bool pair = insn->id == ARM64_INS_STP;
	unsigned int size = width(insn);
	struct value at = address_of(f, s, insn, 1 + pair);

	flow_store(f, s, at, size, get_reg(f, s, operand(insn, 0)->reg));
	if (pair)
		flow_store(f, s, value_add(at, value_of(size), 0), size,
			   get_reg(f, s, operand(insn, 1)->reg));
}

/* -------------------------------------------------------------------------
 * Flags and conditions.
 */
static void set_flags(struct state *s, struct value result)
{
	s->flags = (struct flags){ .from = result.from, .chain = result.chain };
}

static void compare(struct flow *f, struct state *s, const cs_insn *insn)
{
	struct value a = get(f, s, insn, 0), b = get(f, s, insn, 1);
	unsigned int size = width(insn);
	uint64_t difference = (a.bits - b.bits) & value_mask(size);
	uint64_t sign = UINT64_C(1) << (8 * size - 1);

	set_flags(s, value_mix(a, b));
	s->flags.known = value_known(a, UINT64_MAX) && value_known(b, UINT64_MAX);
	s->flags.zero = !difference;
	s->flags.negative = !!(difference & sign);
	s->flags.carry = a.bits >= b.bits;
	s->flags.overflow = !!((a.bits ^ b.bits) & (a.bits ^ difference) & sign);
	s->flags.recheck = size == sizeof(uint32_t) &&
			   ((a.is == IS_SEQ && b.is == IS_RECHECK) ||
			    (a.is == IS_RECHECK && b.is == IS_SEQ));
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

	switch (insn->id) {
	case ARM64_INS_RET: step->kind = STEP_RETURN; return;
	case ARM64_INS_SVC: step->kind = STEP_TRAP; return;
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
	if (insn->detail->arm64.update_flags)	/* adds and its like */
		set_flags(s, v);
	put(f, s, insn, 0, v);
}

/* csel and its like, also those with fewer operands than three */
static void pick(struct flow *f, struct state *s, const cs_insn *insn)
{
	unsigned int count = insn->detail->arm64.op_count;
	struct value a = count > 1 ? get(f, s, insn, 1) : value_of(0);
	struct value b = count > 2 ? get(f, s, insn, 2) : a;
	struct value v = value_pick(a, b, s->flags.from);

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
	if (!self && !(name && strstr(name, "cntvct_el0")))
		flow_fail(f, "a system register that no trampoline needs");
	flow_counter(f, s, self);
	put(f, s, insn, 0, value_from(FROM_COUNTER, IS_COUNTER));
}

static void step(struct flow *f, struct state *s, const cs_insn *insn, struct step *step)
{
	if (step->kind == STEP_BRANCH && insn->id == ARM64_INS_B)
		condition(f, s, insn->detail->arm64.cc, step);
	else if (step->kind == STEP_BRANCH)
		test(f, s, insn, step);
	if (step->kind == STEP_CALL)
		flow_write(f, s, LINK, value_of(insn->address + insn->size));
	if (step->kind == STEP_RETURN && value_known(s->reg[LINK], UINT64_MAX)) {
		step->kind = STEP_JUMP;		/* of its own call */
		step->target = s->reg[LINK].bits;
		s->entry = FLOW_STACK;
	}
	if (step->kind != STEP_ON)
		return;
	switch (insn->id) {
	case ARM64_INS_MOV: case ARM64_INS_MOVZ: case ARM64_INS_ADR:
		put(f, s, insn, 0, get(f, s, insn, 1));
		break;
	case ARM64_INS_MOVK: move_keep(f, s, insn); break;
	case ARM64_INS_CMP: compare(f, s, insn); break;
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
		load(f, s, insn);
		break;
	case ARM64_INS_STR: case ARM64_INS_STP: store(f, s, insn); break;
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
	.stack = SP, .number = X8, .result = 0, .argument = { 0, 1, 2 },
	.syscall = {	/* Linux include/uapi/asm-generic/unistd.h; there is no time() */
		[VDSOGEN_CLOCK_GETTIME] = 113, [VDSOGEN_GETTIMEOFDAY] = 169, [VDSOGEN_TIME] = 113,
		[VDSOGEN_CLOCK_GETRES] = 114, [VDSOGEN_GETCPU] = 168, [VDSOGEN_RT_SIGRETURN] = 139,
		[VDSOGEN_GETPID] = 172, [VDSOGEN_GETPPID] = 173, [VDSOGEN_GETTID] = 178,
		[VDSOGEN_GETPGID] = 155, [VDSOGEN_GETSID] = 156, [VDSOGEN_GETPRIORITY] = 141,
		[VDSOGEN_GETUID] = 174, [VDSOGEN_GETEUID] = 175, [VDSOGEN_GETGID] = 176,
		[VDSOGEN_GETEGID] = 177,
	},
	.frame = 32, .link = LINK,	/* the link register, the argument and a struct timespec */
	.target = target, .step = step, .is_padding = is_padding,
};
#else
typedef int flow_aarch64_without_capstone;
#endif

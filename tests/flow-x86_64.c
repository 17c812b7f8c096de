/* SPDX-License-Identifier: BSD-2-Clause */
/* What the x86_64 instructions of the trampolines do: Intel SDM, volume 2. */
#ifdef HAVE_CAPSTONE
#include "flow.h"

/* Hardware numbers (SDM volume 2, table 2-2). */
enum { AX, CX, DX, BX, SP, BP, SI, DI, R8, R11 = 11 };

#define REG(r) (1u << (r))
/* psABI x86-64, 3.2.1 */
#define SCRATCH (REG(AX) | REG(CX) | REG(DX) | REG(SI) | REG(DI) | 0xfu << R8)

static unsigned int number(struct flow *f, x86_reg reg)
{
	static const struct { x86_reg r64, r32, r8; } names[] = {
		{ X86_REG_RAX, X86_REG_EAX, X86_REG_AL }, { X86_REG_RCX, X86_REG_ECX, X86_REG_CL },
		{ X86_REG_RDX, X86_REG_EDX, X86_REG_DL }, { X86_REG_RBX, X86_REG_EBX, X86_REG_BL },
		{ X86_REG_RSP, X86_REG_ESP, X86_REG_SPL }, { X86_REG_RBP, X86_REG_EBP, X86_REG_BPL },
		{ X86_REG_RSI, X86_REG_ESI, X86_REG_SIL }, { X86_REG_RDI, X86_REG_EDI, X86_REG_DIL },
		{ X86_REG_R8, X86_REG_R8D, X86_REG_R8B }, { X86_REG_R9, X86_REG_R9D, X86_REG_R9B },
		{ X86_REG_R10, X86_REG_R10D, X86_REG_R10B },
		{ X86_REG_R11, X86_REG_R11D, X86_REG_R11B },
		{ X86_REG_R12, X86_REG_R12D, X86_REG_R12B },
		{ X86_REG_R13, X86_REG_R13D, X86_REG_R13B },
		{ X86_REG_R14, X86_REG_R14D, X86_REG_R14B },
		{ X86_REG_R15, X86_REG_R15D, X86_REG_R15B },
	};

	for (unsigned int i = 0; i < sizeof names / sizeof *names; i++)
		if (reg == names[i].r64 || reg == names[i].r32 || reg == names[i].r8)
			return i;
	flow_fail(f, "a register that no trampoline needs");
}

static struct value address_of(struct flow *f, const struct state *s, const cs_insn *insn,
			       const x86_op_mem *m)
{
	struct value v = value_of((uint64_t)m->disp);

	if (m->segment != X86_REG_INVALID)
		flow_fail(f, "a segment register");
	if (m->base == X86_REG_RIP)
		return value_add(v, value_of(insn->address + insn->size), 0);
	if (m->base != X86_REG_INVALID)
		v = value_add(v, s->reg[number(f, m->base)], 0);
	if (m->index != X86_REG_INVALID)
		v = value_add(v, value_mul(s->reg[number(f, m->index)],
					   value_of((uint64_t)m->scale)), 0);
	return v;
}

static struct value get(struct flow *f, struct state *s, const cs_insn *insn, unsigned int i)
{
	const cs_x86_op *op = &insn->detail->x86.operands[i];

	if (op->type == X86_OP_IMM)
		return value_low(value_of((uint64_t)op->imm), op->size);
	if (op->type == X86_OP_MEM)
		return flow_load(f, s, address_of(f, s, insn, &op->mem), op->size, false);
	return value_low(s->reg[number(f, op->reg)], op->size);
}

/* 32 bits zero-extend; no trampoline needs a smaller register. */
static void put(struct flow *f, struct state *s, const cs_insn *insn, unsigned int i,
		struct value v)
{
	const cs_x86_op *op = &insn->detail->x86.operands[i];

	v = value_low(v, op->size);
	if (op->type == X86_OP_MEM)
		flow_store(f, s, address_of(f, s, insn, &op->mem), op->size, v);
	else if (op->size < sizeof(uint32_t))
		flow_fail(f, "writes a part of a register");
	else
		flow_write(f, s, number(f, op->reg), v);
}

/* -------------------------------------------------------------------------
 * Flags.
 */
static void set_flags(struct state *s, struct value result, unsigned int size)
{
	result = value_low(result, size);
	s->flags = (struct flags){ .known = value_known(result, UINT64_MAX),
				   .zero = !result.bits,
				   .negative = result.bits >> (8 * size - 1) & 1,
				   .from = result.from, .chain = result.chain };
}

static void compare(struct state *s, struct value a, struct value b, unsigned int size)
{
	uint64_t sign = UINT64_C(1) << (8 * size - 1);

	set_flags(s, value_sub(a, b), size);
	s->flags.known = value_known(a, UINT64_MAX) && value_known(b, UINT64_MAX);
	s->flags.carry = a.bits < b.bits;
	s->flags.overflow = !!((a.bits ^ b.bits) & (a.bits ^ (a.bits - b.bits)) & sign);
	s->flags.recheck = size == sizeof(uint32_t) &&
			   ((a.is == IS_SEQ && b.is == IS_RECHECK) ||
			    (a.is == IS_RECHECK && b.is == IS_SEQ));
}

/* What the branches of the trampolines ask, by their names. */
static void condition(struct flow *f, const struct state *s, unsigned int id, struct step *step)
{
	const struct flags *g = &s->flags;
	bool taken;

	switch (id) {
	case X86_INS_JE: case X86_INS_CMOVE: taken = g->zero; break;
	case X86_INS_JNE: case X86_INS_CMOVNE: taken = !g->zero; break;
	case X86_INS_JB: case X86_INS_CMOVB: taken = g->carry; break;
	case X86_INS_JAE: case X86_INS_CMOVAE: taken = !g->carry; break;
	case X86_INS_JA: case X86_INS_CMOVA: taken = !g->carry && !g->zero; break;
	case X86_INS_JBE: case X86_INS_CMOVBE: taken = g->carry || g->zero; break;
	case X86_INS_JS: case X86_INS_CMOVS: taken = g->negative; break;
	case X86_INS_JNS: case X86_INS_CMOVNS: taken = !g->negative; break;
	default: flow_fail(f, "a condition the analysis does not know: teach flow-x86_64.c");
	}
	step->taken = !g->known ? BRANCH_EITHER : taken ? BRANCH_YES : BRANCH_NO;
	step->from = g->from;
	step->recheck = !g->recheck ? RECHECK_NONE : id == X86_INS_JE ? RECHECK_EQUAL :
			id == X86_INS_JNE ? RECHECK_UNEQUAL : RECHECK_NONE;
}

/* -------------------------------------------------------------------------
 * Instructions.
 */
static void arithmetic(struct flow *f, struct state *s, const cs_insn *insn)
{
	unsigned int size = insn->detail->x86.operands[0].size;
	struct value a = get(f, s, insn, 0), b = get(f, s, insn, 1), v;
	uint32_t carry = insn->id == X86_INS_ADC || insn->id == X86_INS_SBB;

	switch (insn->id) {
	case X86_INS_ADD: v = value_add(a, b, 0); break;
	case X86_INS_AND: case X86_INS_TEST: v = value_and(a, b); break;
	case X86_INS_OR: v = value_or(a, b); break;
	case X86_INS_XOR: v = value_xor(a, b); break;
	case X86_INS_SUB: case X86_INS_CMP: v = value_sub(a, b); break;
	default: v = value_mix(a, b); break;	/* with the carry */
	}
	if (carry) {
		v.from |= s->flags.from;
		v.chain |= s->flags.chain;
	}
	if (insn->id == X86_INS_CMP || insn->id == X86_INS_SUB)
		compare(s, a, b, size);
	else
		set_flags(s, v, size);
	if (carry || insn->id == X86_INS_ADD)
		s->flags.known = 0;
	if (insn->id != X86_INS_CMP && insn->id != X86_INS_TEST)
		put(f, s, insn, 0, v);
}

/* xor r, r and sub r, r: no processor waits for r. */
static bool is_zero_idiom(const cs_insn *insn)
{
	const cs_x86_op *op = insn->detail->x86.operands;

	return (insn->id == X86_INS_XOR || insn->id == X86_INS_SUB) && op[0].type == X86_OP_REG &&
	       op[1].type == X86_OP_REG && op[0].reg == op[1].reg;
}

static void shift(struct flow *f, struct state *s, const cs_insn *insn)
{
	unsigned int size = insn->detail->x86.operands[0].size, by;
	struct value v = get(f, s, insn, 0), count = get(f, s, insn, 1);

	by = (unsigned int)count.bits & (8 * size - 1);
	if (!value_known(count, 8 * size - 1))
		v = value_mix(v, count);
	else
		v = insn->id == X86_INS_SHL ? value_shl(v, by) : value_shr(v, by);
	v.from |= count.from;
	v.chain |= count.chain;
	set_flags(s, v, size);
	s->flags.known = 0;
	put(f, s, insn, 0, v);
}

/* mul rm; imul r, rm; imul r, rm, imm. Nothing here asks for their flags. */
static void multiply(struct flow *f, struct state *s, const cs_insn *insn)
{
	unsigned int count = insn->detail->x86.op_count;
	struct value b = get(f, s, insn, count - 1);
	struct value a = count == 1 ? s->reg[AX] : get(f, s, insn, count - 2);

	set_flags(s, value_mix(a, b), sizeof(uint64_t));
	s->flags.known = 0;
	if (count > 1) {
		put(f, s, insn, 0, value_mul(a, b));
		return;
	}
	if (insn->id != X86_INS_MUL || insn->detail->x86.operands[0].size != sizeof(uint64_t))
		flow_fail(f, "a product of other than 64 bits");
	flow_write(f, s, AX, value_mul(a, b));
	flow_write(f, s, DX, value_mul_high(a, b));
}

static void bit_test(struct flow *f, struct state *s, const cs_insn *insn)
{
	unsigned int bits = 8u * insn->detail->x86.operands[0].size;
	struct value v = get(f, s, insn, 0), bit = get(f, s, insn, 1);

	set_flags(s, value_mix(v, bit), sizeof(uint64_t));
	s->flags.known = value_known(v, UINT64_MAX) && value_known(bit, bits - 1);
	s->flags.carry = v.bits >> (bit.bits & (bits - 1)) & 1;
}

static void read_counter(struct flow *f, struct state *s, const cs_insn *insn)
{
	bool with_cpu = insn->id == X86_INS_RDTSCP;
	bool cpu_only = f->function == VDSOGEN_GETCPU && with_cpu;
	uint32_t from = cpu_only ? FROM_ELSEWHERE : FROM_COUNTER;

	if (!cpu_only)
		flow_counter(f, s, with_cpu);
	flow_write(f, s, AX, value_low(value_from(from, IS_COUNTER_LOW), sizeof(uint32_t)));
	flow_write(f, s, DX, value_low(value_from(from, IS_COUNTER_HIGH), sizeof(uint32_t)));
	if (with_cpu)
		flow_write(f, s, CX, value_low(value_from(FROM_ELSEWHERE, IS_ANYTHING),
					       sizeof(uint32_t)));
}

/* libcapstone 4 takes rdpid for an rdseed with a REP prefix. */
static void read_cpu(struct flow *f, struct state *s, const cs_insn *insn)
{
	if (insn->bytes[0] != X86_PREFIX_REP || f->function != VDSOGEN_GETCPU)
		flow_fail(f, "no trampoline needs this instruction");
	put(f, s, insn, 0, value_from(FROM_ELSEWHERE, IS_ANYTHING));
}

/* Whether there is such a segment is in ZF. */
static void segment_limit(struct flow *f, struct state *s, const cs_insn *insn)
{
	if (f->function != VDSOGEN_GETCPU)
		flow_fail(f, "no trampoline needs this instruction");
	set_flags(s, value_from(FROM_ELSEWHERE, IS_ANYTHING), sizeof(uint64_t));
	put(f, s, insn, 0, value_from(FROM_ELSEWHERE, IS_ANYTHING));
}

static void pick(struct flow *f, struct state *s, const cs_insn *insn)
{
	struct step step = { .kind = STEP_ON };
	struct value a = get(f, s, insn, 0), b = get(f, s, insn, 1);

	condition(f, s, insn->id, &step);
	put(f, s, insn, 0, value_pick(step.taken == BRANCH_YES ? b : a,
				      step.taken == BRANCH_NO ? a : b, step.from));
}

/* -------------------------------------------------------------------------
 * Vectors.
 */
static bool is_vector(const cs_x86_op *op)
{
	return op->type == X86_OP_REG && op->reg >= X86_REG_XMM0 && op->reg <= X86_REG_XMM15;
}

static uint32_t vector_from(struct flow *f, struct state *s, const cs_insn *insn, unsigned int i)
{
	const cs_x86_op *op = &insn->detail->x86.operands[i];

	if (is_vector(op))
		return flow_vector(s, op->reg - X86_REG_XMM0);
	return op->type == X86_OP_IMM ? 0 : get(f, s, insn, i).from & FROM_SECRET;
}

/* The first operand is made of the second, and of itself where it is not moved to. */
static void vector(struct flow *f, struct state *s, const cs_insn *insn)
{
	const cs_x86_op *op = insn->detail->x86.operands;
	uint32_t from = vector_from(f, s, insn, 1);

	switch (insn->id) {
	case X86_INS_MOVUPS: case X86_INS_MOVAPS: case X86_INS_MOVQ: case X86_INS_MOVD:
	case X86_INS_PSHUFD: case X86_INS_PSHUFLW: case X86_INS_PSHUFHW:
		break;
	case X86_INS_XORPS: case X86_INS_PXOR:
		from = op[0].reg == op[1].reg ? 0 : from | vector_from(f, s, insn, 0);
		break;
	case X86_INS_PADDD: case X86_INS_PADDQ: case X86_INS_POR: case X86_INS_PSLLD:
	case X86_INS_PSRLD: case X86_INS_PUNPCKLQDQ:
		from |= vector_from(f, s, insn, 0);
		break;
	default:
		flow_fail(f, "no trampoline needs this instruction (or teach flow-x86_64.c)");
	}
	if (is_vector(&op[0]))
		flow_vector_write(s, op[0].reg - X86_REG_XMM0, from);
	else
		put(f, s, insn, 0, value_from(FROM_ELSEWHERE | from, IS_ANYTHING));
}

/* -------------------------------------------------------------------------
 * Ways on.
 */

/* To the host, by a register or through the thread's memory. */
static bool is_tail(const cs_insn *insn)
{
	return insn->id == X86_INS_JMP && insn->detail->x86.operands[0].type != X86_OP_IMM;
}

static void target(const cs_insn *insn, struct step *step)
{
	const cs_x86_op *op = &insn->detail->x86.operands[0];

	step->tail = is_tail(insn);
	if (step->tail) {
		step->kind = STEP_TRAP;
		return;
	}
	switch (insn->id) {
	case X86_INS_RET: step->kind = STEP_RETURN; return;
	case X86_INS_SYSCALL: case X86_INS_OUT: case X86_INS_VMCALL: case X86_INS_VMMCALL:
		step->kind = STEP_TRAP;
		return;
	case X86_INS_CALL: step->kind = STEP_CALL; break;
	case X86_INS_JMP: step->kind = STEP_JUMP; break;
	case X86_INS_JE: case X86_INS_JNE: case X86_INS_JB: case X86_INS_JAE: case X86_INS_JA:
	case X86_INS_JBE: case X86_INS_JS: case X86_INS_JNS: step->kind = STEP_BRANCH; break;
	default: return;
	}
	step->target = op->type == X86_OP_IMM ? (uint64_t)op->imm : 0;
}

/* Stores the return address where no frame is. */
static void call(struct flow *f, struct state *s, const cs_insn *insn)
{
	if (flow_is_own_call(s))
		flow_fail(f, "a call within a call");
	s->return_to = insn->address + insn->size;
	s->reg[SP].bits -= sizeof(uint64_t);
}

static void leave(struct flow *f, struct state *s, struct step *step)
{
	step->kind = STEP_RETURN;
	if (!flow_is_own_call(s))
		return;
	if (s->reg[SP].bits != s->entry)
		flow_fail(f, "returns to what is no return address");
	s->reg[SP].bits += sizeof(uint64_t);
	s->entry = FLOW_STACK;
	step->kind = STEP_JUMP;
	step->target = s->return_to;
}

/* The instruction that asks the host, and what that form of it needs. */
static void check_trap(struct flow *f, const struct state *s, const cs_insn *insn)
{
	static const unsigned int instruction[VDSOGEN_FALLBACKS] = {
		[VDSOGEN_FALLBACK_SYSCALL] = X86_INS_SYSCALL, [VDSOGEN_FALLBACK_OUT] = X86_INS_OUT,
		[VDSOGEN_FALLBACK_VMCALL] = X86_INS_VMCALL,
		[VDSOGEN_FALLBACK_VMMCALL] = X86_INS_VMMCALL,
		[VDSOGEN_FALLBACK_JUMP] = X86_INS_JMP, [VDSOGEN_FALLBACK_THREAD] = X86_INS_JMP,
	};
	const struct vdsogen_config *c = &f->image->config;
	const cs_x86_op *op = &insn->detail->x86.operands[0];
	struct value port = value_low(s->reg[DX], sizeof(uint16_t)), to = s->reg[R11];
	bool good = insn->id == instruction[c->fallback];

	if (c->fallback == VDSOGEN_FALLBACK_OUT)
		good &= value_known(port, UINT64_MAX) && port.bits == c->fallback_at &&
			insn->detail->x86.operands[1].reg == X86_REG_EAX;
	if (c->fallback == VDSOGEN_FALLBACK_JUMP)
		good &= op->type == X86_OP_REG && number(f, op->reg) == R11 &&
			value_known(to, UINT64_MAX) && to.bits == c->fallback_at;
	if (c->fallback == VDSOGEN_FALLBACK_THREAD)
		good &= op->type == X86_OP_MEM && op->mem.segment == X86_REG_FS &&
			op->mem.base == X86_REG_INVALID && op->mem.index == X86_REG_INVALID &&
			(uint64_t)op->mem.disp == c->fallback_at;
	if (!good)
		flow_fail(f, "this is not the configured way to the host");
}

static void step(struct flow *f, struct state *s, const cs_insn *insn, struct step *step)
{
	const cs_x86 *x = &insn->detail->x86;

	if (step->kind == STEP_BRANCH)
		condition(f, s, insn->id, step);
	if (step->kind == STEP_CALL)
		call(f, s, insn);
	if (step->kind != STEP_ON)
		return;
	if (x->op_count > 1 && (is_vector(&x->operands[0]) || is_vector(&x->operands[1]))) {
		vector(f, s, insn);
		return;
	}
	if (is_zero_idiom(insn)) {
		set_flags(s, value_of(0), sizeof(uint64_t));
		put(f, s, insn, 0, value_of(0));
		return;
	}
	switch (insn->id) {
	case X86_INS_MOV: case X86_INS_MOVABS: case X86_INS_MOVZX:
		put(f, s, insn, 0, get(f, s, insn, 1));
		break;
	case X86_INS_LEA: put(f, s, insn, 0, address_of(f, s, insn, &x->operands[1].mem)); break;
	case X86_INS_ADD: case X86_INS_ADC: case X86_INS_SBB: case X86_INS_SUB: case X86_INS_CMP:
	case X86_INS_AND: case X86_INS_TEST: case X86_INS_OR: case X86_INS_XOR:
		arithmetic(f, s, insn);
		break;
	case X86_INS_SHL: case X86_INS_SHR: shift(f, s, insn); break;
	case X86_INS_MUL: case X86_INS_IMUL: multiply(f, s, insn); break;
	case X86_INS_BT: bit_test(f, s, insn); break;
	case X86_INS_CMOVE: case X86_INS_CMOVNE: case X86_INS_CMOVB: case X86_INS_CMOVAE:
	case X86_INS_CMOVA: case X86_INS_CMOVBE: case X86_INS_CMOVS: case X86_INS_CMOVNS:
		pick(f, s, insn);
		break;
	case X86_INS_LFENCE: flow_fence(f, s); break;
	case X86_INS_PAUSE: s->paused = 1; break;
	case X86_INS_ENDBR64: break;
	case X86_INS_RDTSC: case X86_INS_RDTSCP: read_counter(f, s, insn); break;
	case X86_INS_LSL: segment_limit(f, s, insn); break;
	case X86_INS_RDSEED: read_cpu(f, s, insn); break;
	default: flow_fail(f, "no trampoline needs this instruction (or teach flow-x86_64.c)");
	}
}

static bool is_padding(const cs_insn *insn)
{
	return insn->id == X86_INS_INT3;
}

const struct flow_machine flow_x86_64 = {
	.name = "x86_64", .arch = CS_ARCH_X86, .mode = CS_MODE_64, .tso = true,
	.scratch = SCRATCH, .stack = SP, .number = AX, .result = AX,
	.argument = { DI, SI, DX, CX, R8 },
	.third = R8, .random_frame = 40,	/* with the return address a multiple of 16 */
	.syscall = {	/* Linux arch/x86/entry/syscalls/syscall_64.tbl */
		[VDSOGEN_CLOCK_GETTIME] = 228, [VDSOGEN_GETTIMEOFDAY] = 96, [VDSOGEN_TIME] = 201,
		[VDSOGEN_CLOCK_GETRES] = 229, [VDSOGEN_GETCPU] = 309,
		[VDSOGEN_GETPID] = 39, [VDSOGEN_GETPPID] = 110, [VDSOGEN_GETTID] = 186,
		[VDSOGEN_GETPGID] = 121, [VDSOGEN_GETSID] = 124, [VDSOGEN_GETPRIORITY] = 140,
		[VDSOGEN_GETUID] = 102, [VDSOGEN_GETEUID] = 107, [VDSOGEN_GETGID] = 104,
		[VDSOGEN_GETEGID] = 108, [VDSOGEN_UNAME] = 63, [VDSOGEN_GETRANDOM] = 318,
	},
	.clobbered = REG(CX) | REG(R11),
	.target = target, .step = step, .leave = leave, .check_trap = check_trap,
	.is_padding = is_padding,
};
#else
typedef int flow_x86_64_without_capstone;
#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding, reach, and the walk: see flow.h. */
#ifdef HAVE_CAPSTONE
#include <check.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"

void flow_fail(const struct flow *f, const char *format, ...)
{
	const struct vdsogen_config *c = &f->image->config;
	char what[256], where[224] = "?";
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	if (f->at < f->count)
		snprintf(where, sizeof where, "%" PRIx64 ": %s %s",
			 f->insn[f->at].address - FLOW_IMAGE, f->insn[f->at].mnemonic,
			 f->insn[f->at].op_str);
	ck_abort_msg("%s %s%s (clocks %#x, counter %u, getcpu %u, fallback %u, options %#x) at %s: %s",
		     f->machine->name, vdsogen_function_name(f->function), f->call, c->clocks,
		     c->counter, c->getcpu, c->fallback, c->options, where, what);
}

/* The instruction at an address, or f->count. */
static size_t at_address(const struct flow *f, uint64_t address)
{
	size_t low = 0, high = f->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (f->insn[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < f->count && f->insn[low].address == address ? low : f->count;
}

static size_t land(struct flow *f, uint64_t address)
{
	size_t to = at_address(f, address);

	if (to == f->count)
		flow_fail(f, "goes to %" PRIx64 ", no instruction of the function",
			  address - FLOW_IMAGE);
	return to;
}

/* rt_sigreturn does not come back from its system call, and no jump does. */
static bool ends(const struct flow *f, const struct step *step)
{
	return step->kind == STEP_RETURN ||
	       (step->kind == STEP_TRAP && (step->tail || f->function == VDSOGEN_RT_SIGRETURN));
}

static size_t next(struct flow *f)
{
	if (f->at + 1 >= f->count)
		flow_fail(f, "falls out of the function");
	return f->at + 1;
}

static void check_trap(struct flow *f)
{
	const struct vdsogen_entry *e = &f->image->function[f->function];
	const cs_insn *insn = &f->insn[f->at];

	if (insn->address != FLOW_IMAGE + e->trap)
		flow_fail(f, "the trap is said to be at %x", e->trap);
	if (insn->address + insn->size != FLOW_IMAGE + e->resume)
		flow_fail(f, "the trap is said to resume at %x", e->resume);
}

/* Everything that some branch leads to, taken or not, decided or not. */
static void reach(struct flow *f, bool *reached, size_t from)
{
	size_t *todo = calloc(2 * f->count + 1, sizeof *todo), left = 0;

	ck_assert_ptr_nonnull(todo);
	todo[left++] = from;
	while (left) {
		struct step step = { .kind = STEP_ON };

		f->at = todo[--left];
		if (reached[f->at])
			continue;
		reached[f->at] = true;
		f->machine->target(&f->insn[f->at], &step);
		if (step.kind == STEP_TRAP)
			check_trap(f);
		if (step.kind == STEP_JUMP || step.kind == STEP_CALL || step.kind == STEP_BRANCH)
			todo[left++] = land(f, step.target);
		if (step.kind != STEP_JUMP && !ends(f, &step))
			todo[left++] = next(f);
	}
	free(todo);
}

/* Nothing makes such a getcpu fall back, but every function has its trap. */
static void reach_spare_trap(struct flow *f, bool *reached)
{
	const struct vdsogen_config *c = &f->image->config;
	size_t trap = at_address(f, FLOW_IMAGE + f->image->function[f->function].trap);

	if (f->function == VDSOGEN_GETCPU && c->getcpu != VDSOGEN_GETCPU_FALLBACK &&
	    !(c->options & VDSOGEN_GUARD) && trap && trap < f->count) {
		reach(f, reached, trap - 1);	/* with the call's number */
		reach(f, f->walked, trap - 1);
	}
}

void flow_decode(struct flow *f)
{
	const struct vdsogen_entry *e = &f->image->function[f->function];
	const uint8_t *code = (const uint8_t *)f->image->base + e->at;
	bool *reached;
	csh handle;

	ck_assert_int_eq(cs_open(f->machine->arch, f->machine->mode, &handle), CS_ERR_OK);
	cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
	f->count = cs_disasm(handle, code, e->size, FLOW_IMAGE + e->at, 0, &f->insn);
	cs_close(&handle);
	ck_assert_uint_gt(f->count, 0);
	f->at = f->count - 1;
	if (f->insn[f->at].address + f->insn[f->at].size != FLOW_IMAGE + e->at + e->size)
		flow_fail(f, "what follows does not decode");

	reached = calloc(f->count, sizeof *reached);
	f->walked = calloc(f->count, sizeof *f->walked);
	f->stack = calloc(f->count, sizeof *f->stack);
	ck_assert(reached && f->walked && f->stack);
	reach(f, reached, 0);
	reach_spare_trap(f, reached);
	for (f->at = 0; f->at < f->count; f->at++)
		if (!reached[f->at])
			flow_fail(f, "nothing leads here");
	free(reached);
}

void flow_forget(struct flow *f)
{
	free(f->walked);
	free(f->stack);
	cs_free(f->insn, f->count);
}

/* -------------------------------------------------------------------------
 * The walk. States that came to an instruction by a jump are remembered there.
 */
#define STATES_MAX 1024	/* at one instruction: far more than there are */

struct place {
	struct state *state;
	size_t count, room;
};

struct walk {
	struct flow *f;
	struct place *place;	/* of each instruction */
	struct { struct state state; size_t at; } *todo;
	size_t left, room;
};

static void *grow(void *memory, size_t count, size_t *room, size_t size)
{
	if (count == *room) {
		*room = *room ? 2 * *room : 16;
		memory = realloc(memory, *room * size);
		ck_assert_ptr_nonnull(memory);
	}
	return memory;
}

static bool same(const struct state *a, const struct state *b)
{
	return !memcmp(a, b, sizeof *a);
}

/* The same but for bits that are known. */
static bool similar(const struct state *a, const struct state *b)
{
	struct state c = *b;

	for (unsigned int r = 0; r < FLOW_REGISTERS; r++) {
		c.reg[r].bits = a->reg[r].bits;
		c.reg[r].known = a->reg[r].known;
	}
	return same(a, &c);
}

/* What both agree in; of what counts (tries), nothing from the first difference on. */
static void widen(struct state *a, const struct state *b)
{
	for (unsigned int r = 0; r < FLOW_REGISTERS; r++) {
		struct value *v = &a->reg[r];
		uint64_t differ = (v->bits ^ b->reg[r].bits) | (v->known ^ b->reg[r].known);

		v->known &= (differ & -differ) - 1;
		v->bits &= v->known;
	}
}

/* Whether a state that came here by a jump is a new one; it may be widened. */
static bool is_new(struct walk *w, size_t at, struct state *s, bool backward)
{
	struct place *p = &w->place[at];

	for (size_t i = 0; i < p->count; i++) {
		struct state *seen = &p->state[i];

		if (same(seen, s))
			return false;
		if (backward && !w->f->exact && similar(seen, s)) {
			struct state before = *seen;

			widen(seen, s);
			*s = *seen;
			return !same(&before, seen);
		}
	}
	if (p->count == STATES_MAX)
		flow_fail(w->f, "the walk does not come to an end");
	p->state = grow(p->state, p->count, &p->room, sizeof *p->state);
	p->state[p->count++] = *s;
	return true;
}

static void push(struct walk *w, size_t at, const struct state *s)
{
	w->todo = grow(w->todo, w->left, &w->room, sizeof *w->todo);
	w->todo[w->left].state = *s;
	w->todo[w->left++].at = at;
}

static void jump(struct walk *w, const struct state *from, const struct step *step)
{
	struct state s = *from;
	size_t to = land(w->f, step->target);

	if (step->kind == STEP_BRANCH)
		flow_branch(w->f, &s, step, true);
	if (is_new(w, to, &s, to <= w->f->at))
		push(w, to, &s);
}

/* The same on every way: unwind information has one rule for each instruction. */
static void note_stack(struct flow *f, const struct state *s)
{
	uint64_t depth = s->entry - s->reg[f->machine->stack].bits;

	if (f->walked[f->at] && f->stack[f->at] != depth)
		flow_fail(f, "the stack pointer is %" PRIu64 " or %" PRIu64 " bytes down",
			  f->stack[f->at], depth);
	f->stack[f->at] = depth;
	f->walked[f->at] = true;
}

/* From one instruction on, until it jumps or ends. */
static void run(struct walk *w, struct state *s, size_t at)
{
	struct flow *f = w->f;

	for (f->at = at;; f->at = next(f)) {
		struct step step = { .kind = STEP_ON };

		note_stack(f, s);
		f->steps++;
		f->machine->target(&f->insn[f->at], &step);
		f->machine->step(f, s, &f->insn[f->at], &step);
		if (step.kind == STEP_CALL) {	/* the way back is in the link register */
			step.kind = STEP_JUMP;
			s->entry = s->reg[f->machine->stack].bits;
		}
		if (step.kind == STEP_TRAP)
			flow_trap(f, s);
		if (step.kind == STEP_RETURN || (step.tail && f->function != VDSOGEN_RT_SIGRETURN))
			f->machine->leave(f, s, &step);
		if (step.kind == STEP_RETURN)
			flow_return(f, s);
		if (ends(f, &step))
			return;
		if (f->hot && step.taken == BRANCH_EITHER)
			step.taken = BRANCH_NO;
		if (step.kind == STEP_JUMP || (step.kind == STEP_BRANCH && step.taken != BRANCH_NO))
			jump(w, s, &step);
		if (step.kind == STEP_JUMP || (step.kind == STEP_BRANCH && step.taken == BRANCH_YES))
			return;
		if (step.kind == STEP_BRANCH)
			flow_branch(f, s, &step, false);
	}
}

void flow_walk(struct flow *f)
{
	struct walk w = { .f = f, .place = calloc(f->count, sizeof *w.place) };
	struct state s;

	ck_assert_ptr_nonnull(w.place);
	f->steps = f->fences = f->tries = f->traps = 0;
	flow_begin(f, &s);
	push(&w, 0, &s);
	while (w.left) {
		w.left--;
		s = w.todo[w.left].state;
		run(&w, &s, w.todo[w.left].at);
	}
	for (size_t i = 0; i < f->count; i++)
		free(w.place[i].state);
	free(w.place);
	free(w.todo);
}
#else
typedef int flow_without_capstone;
#endif

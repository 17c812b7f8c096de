/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a trampoline may do, and when. A try begins where a line's sequence count
 * is loaded; the same count loaded again, after the counter or a word of the
 * line, is the recheck; the same instruction once more begins the next try.
 */
#ifdef HAVE_CAPSTONE
#include <check.h>
#include <inttypes.h>
#include <string.h>

#include "flow.h"

#define ALL UINT64_MAX	/* bits */

static uint64_t in_block(const struct flow *f, size_t offset)
{
	return FLOW_IMAGE + f->image->clock + offset;
}

/* -------------------------------------------------------------------------
 * Registers.
 */
void flow_begin(struct flow *f, struct state *s)
{
	memset(s, 0, sizeof *s);
	for (unsigned int r = 0; r < FLOW_REGISTERS; r++)
		s->reg[r] = value_from(FROM_CALLER, IS_ANYTHING);
	for (unsigned int i = 0; i < FLOW_ARGUMENTS; i++)
		s->reg[f->machine->argument[i]] = f->argument[i];
	s->reg[f->machine->stack] = value_of(FLOW_STACK);
	s->entry = FLOW_STACK;
	s->random.pos = f->scene.pos;
	s->random.generation = f->scene.generation;
	s->random.in_use = f->scene.in_use;
}

/* Only time()'s fallback and getrandom's call of the host have a frame. */
static uint32_t frame(const struct flow *f)
{
	return f->function == VDSOGEN_TIME ? f->machine->frame :
	       f->function == VDSOGEN_GETRANDOM ? f->machine->random_frame : 0;
}

/* The function calls its own fallback. */
bool flow_is_own_call(const struct state *s)
{
	return s->entry != FLOW_STACK;
}

/* What is stored before the recheck, or before the last look, the fallback overwrites. */
static bool stores_early(const struct flow *f)
{
	return f->function == VDSOGEN_UNAME || f->function == VDSOGEN_GETRANDOM;
}

static bool jumps(const struct flow *f)
{
	return f->image->config.fallback == VDSOGEN_FALLBACK_JUMP ||
	       f->image->config.fallback == VDSOGEN_FALLBACK_THREAD;
}

void flow_write(struct flow *f, struct state *s, unsigned int reg, struct value v)
{
	if (reg == f->machine->stack && frame(f)) {
		if (!value_known(v, ALL) || (v.bits != FLOW_STACK && v.bits != FLOW_STACK - frame(f)))
			flow_fail(f, "the stack pointer leaves its frame");
	} else if (!(f->machine->scratch >> reg & 1) && !(frame(f) && reg == f->machine->link) &&
		   !(jumps(f) && f->machine->jump && reg == f->machine->jump)) {
		flow_fail(f, "writes register %u, which is the caller's", reg);
	}
	s->reg[reg] = v;
}

/* -------------------------------------------------------------------------
 * The try.
 */
static void make_old(uint32_t *set)
{
	if (*set & FROM_TRY)
		*set = (*set & ~(uint32_t)FROM_TRY) | FROM_EARLIER_TRY;
}

static void forget_try(struct state *s)
{
	for (unsigned int r = 0; r < FLOW_REGISTERS; r++) {
		struct value *v = &s->reg[r];

		make_old(&v->from);
		make_old(&v->chain);
		if (v->is == IS_SEQ || v->is == IS_RECHECK)
			v->is = IS_ANYTHING;
	}
	make_old(&s->flags.from);
	make_old(&s->flags.chain);
	s->loaded = s->recheck = s->answer = s->waited = 0;
	s->acquired = s->branched = s->fenced = s->counted = s->verified = s->paused = 0;
}

static void not_after_store(const struct flow *f, const struct state *s, const char *what)
{
	static const uint64_t nothing[FLOW_POINTERS][FLOW_STORED_WORDS];

	if (!stores_early(f) && memcmp(s->stored, nothing, sizeof nothing))
		flow_fail(f, "%s after something was stored to the caller", what);
}

static struct value loaded(const struct flow *f, uint32_t from, enum flow_is is, uint32_t bits)
{
	struct value v = value_from(from, is);

	return f->exact ? value_with(v, bits, ALL) : v;
}

static bool is_latch(const struct flow *f)
{
	return f->image->config.options & VDSOGEN_LATCH;
}

/* A latch decides by the count's parity where it reads. */
static struct value loaded_seq(const struct flow *f)
{
	struct value v = loaded(f, FROM_SEQ, IS_SEQ, f->seq);

	return is_latch(f) && !f->exact ? value_with(v, f->odd, 1) : v;
}

static struct value open_try(struct flow *f, struct state *s, bool acquire)
{
	if (s->opened_at == f->at + 1 && !s->paused)
		flow_fail(f, "tries again without a pause");
	forget_try(s);
	s->line = f->expect_line;
	s->opened_at = (uint32_t)f->at + 1;
	s->acquired = acquire;
	f->tries++;
	return loaded_seq(f);
}

/* TSO: what was loaded before it came before it. Else only what its address depends on. */
static struct value load_recheck(const struct flow *f, struct state *s, uint32_t chain)
{
	s->recheck = (chain | s->waited) & FROM_TRY;
	if (f->machine->tso)
		s->recheck |= s->loaded;
	s->verified = 0;
	return loaded(f, FROM_RECHECK, IS_RECHECK, f->recheck);
}

static struct value load_seq(struct flow *f, struct state *s, uint32_t chain, bool acquire)
{
	bool again = s->line && s->opened_at != f->at + 1 && (s->loaded || s->counted);

	not_after_store(f, s, "loads the sequence count");
	return again ? load_recheck(f, s, chain) : open_try(f, s, acquire);
}

static struct value load_word(struct flow *f, struct state *s, uint32_t from)
{
	not_after_store(f, s, "loads of the line");
	if (!s->line)
		flow_fail(f, "loads of the line before its sequence count");
	if (!f->machine->tso && !s->acquired && !s->fenced)
		flow_fail(f, "nothing keeps this load after that of the sequence count");
	s->loaded |= from;
	s->recheck &= ~from;	/* one that was before does not count */
	s->waited &= ~from;
	return value_from(from, IS_ANYTHING);
}

void flow_fence(struct flow *f, struct state *s)
{
	f->fences++;
	if (s->line)
		s->fenced = f->machine->tso || s->branched;
}

/* DMB ISHLD: what was loaded before it came before all that follows. */
void flow_load_barrier(struct state *s)
{
	s->waited = s->loaded;
	s->random.unordered = 0;
	s->random.ordered = 1;
}

void flow_counter(struct flow *f, struct state *s, bool self_fenced)
{
	uint32_t form = f->image->config.counter;

	not_after_store(f, s, "reads the counter");
	if (!s->line || f->coarse)
		flow_fail(f, "reads the counter before the sequence count, or for no line");
	if (s->counted)
		flow_fail(f, "reads the counter twice in one try");
	if (self_fenced != (form == VDSOGEN_COUNTER_SELF_FENCED))
		flow_fail(f, "this is not the configured form of the counter");
	if (form == VDSOGEN_COUNTER_FENCED && !s->fenced)
		flow_fail(f, "no fence between the sequence count and the counter");
	if (form != VDSOGEN_COUNTER_FENCED && !f->machine->tso && !s->acquired)
		flow_fail(f, "the sequence count before it was not loaded with acquire");
	for (unsigned int r = 0; r < FLOW_REGISTERS; r++)
		if (s->reg[r].is == IS_COUNTER)
			s->reg[r].is = IS_ANYTHING;
	s->counted = s->ever_counted = 1;
}

/* -------------------------------------------------------------------------
 * Memory.
 */
static const struct { uint32_t at, size, from; } rate_words[] = {
	{ VG_LINE(mult_int), sizeof(uint32_t), FROM_MULT_INT },
	{ VG_LINE(last), sizeof(uint64_t), FROM_LAST },
	{ VG_LINE(mult), sizeof(uint64_t), FROM_MULT },
	{ VG_LINE(frac), sizeof(uint64_t), FROM_FRAC },
};

static uint32_t word_at(const struct flow *f, uint64_t at, unsigned int size)
{
	if (is_latch(f) && f->odd)
		at -= f->coarse ? VG_COARSE_TO_SAVED : VG_TO_SAVED;
	for (size_t i = 0; i < sizeof rate_words / sizeof *rate_words; i++)
		if (at == f->expect_line + rate_words[i].at && size == rate_words[i].size)
			return f->coarse ? 0 : rate_words[i].from;
	if (at == f->expect_base + VG_BASE(nsec) && size == sizeof(uint64_t))
		return FROM_NSEC;
	if (at == f->expect_base + VG_BASE(sec) && size == sizeof(uint64_t))
		return FROM_SEC;
	return 0;
}

/* Words that are under no sequence count. */
static struct value load_guard(struct flow *f, size_t offset, unsigned int size, bool acquire)
{
	if (offset == VG_BLOCK(attention) && size == sizeof(uint32_t)) {
		if (!f->machine->tso && !acquire)
			flow_fail(f, "the attention word must be loaded with acquire");
		return loaded(f, FROM_ATTENTION, IS_ANYTHING, f->attention);
	}
	if (offset == VG_BLOCK(max_age) && size == sizeof(uint64_t))
		return value_from(FROM_AGE, IS_ANYTHING);
	if ((offset != VG_BLOCK(res) && offset != VG_BLOCK(res_coarse) &&
	     offset != VG_BLOCK(timezone)) || size != sizeof(uint64_t))
		flow_fail(f, "loads %u bytes at %zu of the clock block, which are not for it", size,
			  offset);
	return value_from(FROM_ELSEWHERE, IS_ANYTHING);
}

static struct value load_block(struct flow *f, struct state *s, struct value address,
			       unsigned int size, bool acquire)
{
	uint64_t at = address.bits, coarse = in_block(f, VG_BLOCK(line[VG_COARSE_LINE]));
	uint32_t word;

	if (f->function == VDSOGEN_TIME && at == coarse + VG_LINE(base[0].sec) &&
	    size == sizeof(uint64_t)) {
		if (!f->machine->tso && !acquire)
			flow_fail(f, "the second must be loaded with acquire");
		return value_from(FROM_ELSEWHERE, IS_COARSE_SECOND); /* one word: whole by itself */
	}
	word = word_at(f, at, size);
	if (word)
		return load_word(f, s, word);
	if (at >= in_block(f, sizeof(((struct vdsogen_clock *)0)->line)))
		return load_guard(f, (size_t)(at - in_block(f, 0)), size, acquire);
	if (!f->expect_line)
		flow_fail(f, "loads of a line, but this call needs none");
	if (at == f->expect_line + VG_LINE(seq) && size == sizeof(uint32_t))
		return load_seq(f, s, address.chain, acquire);
	flow_fail(f, "loads %u bytes at %" PRIu64 " of the clock block: another clock's", size,
		  at - in_block(f, 0));
}

/* Before the first function; they never change. */
static bool is_constant(const struct flow *f, uint64_t at, unsigned int size)
{
	uint64_t first = UINT32_MAX, first_constant;

	for (unsigned int i = 0; i < VDSOGEN_FUNCTIONS; i++)
		if (f->image->function[i].at && f->image->function[i].at < first)
			first = f->image->function[i].at;
	first_constant = first - VDSOGEN_ALIGN;
	if (f->image->random)
		first_constant -= VDSOGEN_ALIGN;
	return at >= FLOW_IMAGE + first_constant && at + size <= FLOW_IMAGE + first;
}

static struct value load_constant(const struct flow *f, uint64_t at, unsigned int size)
{
	uint64_t bits = 0;

	if (size > sizeof bits)		/* a vector: opaque */
		return value_from(0, IS_ANYTHING);
	memcpy(&bits, (const char *)f->image->base + (at - FLOW_IMAGE), size);
	return value_of(bits);
}

/* A word of the frame: what was stored there, or what the fallback has left. */
static struct value *frame_word(struct flow *f, struct state *s, struct value address,
				unsigned int size)
{
	uint64_t at = address.bits - (FLOW_STACK - frame(f));

	if (!frame(f) || s->reg[f->machine->stack].bits == FLOW_STACK || at + size > frame(f) ||
	    size != sizeof(uint64_t) || at % sizeof(uint64_t))
		return NULL;
	return &s->frame[at / sizeof(uint64_t)];
}

/* What tells who the process is: the function's own word, alone or under a count. */
static bool in_process(const struct flow *f, uint64_t at, unsigned int size)
{
	uint64_t block = FLOW_IMAGE + f->image->process;

	return f->image->process && at >= block && at + size <= block + sizeof(struct vdsogen_process);
}

static struct value load_process(struct flow *f, struct state *s, struct value address,
				 unsigned int size, bool acquire)
{
	uint64_t at = address.bits - (FLOW_IMAGE + f->image->process);
	bool counted = vg_is_credential(f->function) || f->function == VDSOGEN_UNAME;

	if (f->function == VDSOGEN_UNAME && at >= VG_ID(uts) && size == sizeof(uint64_t))
		return load_word(f, s, FROM_NSEC);
	if (f->function == VDSOGEN_UNAME && size == sizeof(uint32_t) && at == vg_shown(f->function)) {
		load_word(f, s, FROM_SEC);
		return loaded(f, FROM_SEC, IS_ANYTHING, f->shown);
	}
	if (size == sizeof(uint32_t) && at == vg_shown(f->function))
		return vg_is_credential(f->function) ? load_word(f, s, FROM_NSEC) :
		       value_from(FROM_ELSEWHERE, IS_ANYTHING);
	if (size != sizeof(uint32_t) || at != VG_ID(seq) || !counted)
		flow_fail(f, "loads %u bytes at %" PRIu64 " of the process block, which are not for it",
			  size, at);
	return load_seq(f, s, address.chain, acquire);
}

struct value flow_load(struct flow *f, struct state *s, struct value address, unsigned int size,
		       bool acquire)
{
	struct value v = value_from(FROM_ELSEWHERE, IS_ANYTHING);

	if (!value_known(address, ALL))
		flow_fail(f, "loads from an address that is not known");
	if (address.bits >= in_block(f, 0) &&
	    address.bits + size <= in_block(f, sizeof(struct vdsogen_clock)))
		v = load_block(f, s, address, size, acquire);
	else if (in_process(f, address.bits, size))
		v = load_process(f, s, address, size, acquire);
	else if (flow_in_random(f, address.bits, size))
		v = flow_random_load(f, s, address.bits, size, acquire);
	else if (flow_in_state(f, address.bits, size))
		v = flow_state_load(f, s, address.bits, size);
	else if (is_constant(f, address.bits, size))
		v = load_constant(f, address.bits, size);
	else if (f->function == VDSOGEN_GETCPU && size == sizeof(uint32_t) &&
		 f->image->config.getcpu == VDSOGEN_GETCPU_WORD &&
		 address.bits == FLOW_IMAGE + (uint64_t)(int64_t)f->image->config.getcpu_at)
		v = value_from(FROM_ELSEWHERE, IS_ANYTHING);
	else if (frame_word(f, s, address, size))
		return *frame_word(f, s, address, size);
	else
		flow_fail(f, "loads from %" PRIx64 ", which is nothing of its own", address.bits);
	/* the address is known: what moved it in an earlier try has moved it back */
	v.from |= address.from & ~(uint32_t)FROM_EARLIER_TRY;
	v.chain |= address.chain;
	return value_low(v, size);
}

static unsigned int pointer_of(const struct flow *f, struct value address, unsigned int size)
{
	for (unsigned int i = 0; i < FLOW_POINTERS; i++)
		if (value_known(address, ALL) && address.bits >= f->pointer[i].at &&
		    address.bits + size <= f->pointer[i].at + f->pointer[i].size)
			return i;
	flow_fail(f, "stores %u bytes to %" PRIx64 ", which the caller did not give", size,
		  address.bits);
}

enum { BITS = 64 };

static void note_stored(struct state *s, unsigned int pointer, uint64_t at, unsigned int size)
{
	for (; size; at++, size--)
		s->stored[pointer][at / BITS] |= UINT64_C(1) << at % BITS;
}

static void check_stored(struct flow *f, const struct state *s, unsigned int pointer)
{
	ck_assert_uint_le(f->pointer[pointer].size, FLOW_STORED_WORDS * BITS);
	for (uint32_t at = 0; at < FLOW_STORED_WORDS * BITS; at++)
		if ((s->stored[pointer][at / BITS] >> at % BITS & 1) != (at < f->pointer[pointer].size))
			flow_fail(f, "byte %u through pointer %u was%s stored", at, pointer,
				  at < f->pointer[pointer].size ? " not" : "");
}

void flow_store(struct flow *f, struct state *s, struct value address, unsigned int size,
		struct value v)
{
	unsigned int i;

	if (frame_word(f, s, address, size)) {
		if (v.from & FROM_SECRET)
			flow_fail(f, "leaves a secret on the stack");
		*frame_word(f, s, address, size) = v;
		return;
	}
	if (value_known(address, ALL) && flow_in_state(f, address.bits, size)) {
		flow_state_store(f, s, address.bits, size, v);
		return;
	}
	i = pointer_of(f, address, size);
	if (s->trapped && !frame(f))
		flow_fail(f, "stores after the fallback");
	if (stores_early(f)) {
		note_stored(s, i, address.bits - f->pointer[i].at, size);
		return;
	}
	if ((s->loaded || s->counted) && !s->verified)
		flow_fail(f, "stores before the recheck succeeded");
	if (v.from & (FROM_CALLER | FROM_EARLIER_TRY))
		flow_fail(f, "stores what it did not make in this try");
	if (s->counted && !(s->recheck & FROM_COUNTER))
		flow_fail(f, "the recheck's address did not depend on the counter");
	if (v.from & FROM_LINE & ~s->recheck)
		flow_fail(f, "the recheck did not wait for words %#x of the line (FROM_x)",
			  v.from & FROM_LINE & ~s->recheck);
	note_stored(s, i, address.bits - f->pointer[i].at, size);
	s->answer |= v.from;
}

/* -------------------------------------------------------------------------
 * Ways on and out.
 */
void flow_branch(struct flow *f, struct state *s, const struct step *step, bool taken)
{
	if (step->from & FROM_CALLER)
		flow_fail(f, "decided by what was in a register");
	if (step->from & FROM_SECRET)
		flow_fail(f, "decided by a secret");
	if (step->from & FROM_SEQ)
		s->branched = 1;
	s->heeded |= step->from & (FROM_ATTENTION | FROM_AGE);
	if (step->recheck == RECHECK_NONE) {
		if (!s->verified)
			s->control |= step->from & (FROM_LINE | FROM_COUNTER);
		return;
	}
	if (s->control & FROM_LINE & ~s->recheck)
		flow_fail(f, "came here by words %#x of the line that the recheck did not wait for",
			  s->control & FROM_LINE & ~s->recheck);
	s->answer |= s->control;
	s->control = 0;
	s->verified = taken == (step->recheck == RECHECK_EQUAL);
}

static void check_arguments(struct flow *f, const struct state *s)
{
	bool moved = f->image->config.fallback == VDSOGEN_FALLBACK_OUT;

	for (unsigned int i = 0; i < FLOW_PASSED_ON; i++) {
		bool third = moved && i == FLOW_PASSED_ON - 1;
		struct value v = s->reg[third ? f->machine->third : f->machine->argument[i]];
		struct value arg = f->argument[i];

		if (!arg.known)		/* it has fewer */
			continue;
		if (v.from != arg.from || !value_known(v, arg.known) || ((v.bits ^ arg.bits) & arg.known))
			flow_fail(f, "argument %u is %" PRIx64 " (known %" PRIx64 "), not the caller's %"
				  PRIx64, i, v.bits, v.known, arg.bits);
	}
}

/* time() by clock_gettime(REALTIME_COARSE) into the upper end of its frame. */
static void check_frame(struct flow *f, struct state *s)
{
	const unsigned int timespec = 2;	/* words */
	struct value id = value_low(s->reg[f->machine->argument[0]], sizeof(int));
	struct value to = s->reg[f->machine->argument[1]], sp = s->reg[f->machine->stack];

	if (!value_known(id, ALL) || id.bits != VDSOGEN_REALTIME_COARSE)
		flow_fail(f, "asks for another clock than REALTIME_COARSE");
	if (!value_known(to, ALL) || sp.bits != FLOW_STACK - frame(f) ||
	    to.bits != FLOW_STACK - timespec * sizeof(uint64_t))
		flow_fail(f, "the answer would not be in the frame");
	for (unsigned int i = 0; i < timespec; i++)
		s->frame[frame(f) / sizeof(uint64_t) - timespec + i] =
			value_from(FROM_ELSEWHERE, IS_ANYTHING);
}

static void check_counter_register(struct flow *f, const struct state *s)
{
	struct value v = s->reg[f->image->counter_register];

	if (f->function != VDSOGEN_CLOCK_GETTIME && f->function != VDSOGEN_GETTIMEOFDAY)
		return;
	if (v.is == IS_COUNTER ? !s->ever_counted :
	    s->control & FROM_COUNTER || !value_known(v, ALL) || v.bits)
		flow_fail(f, "the counter's register holds neither the counter nor 0");
}

/* By the trap: code of the host may change whatever a C function may. */
static void forget_clobbered(const struct flow *f, struct state *s)
{
	uint32_t clobbered = jumps(f) ? f->machine->scratch : f->machine->clobbered;

	for (unsigned int r = 0; r < FLOW_REGISTERS; r++)
		if (clobbered >> r & 1)
			s->reg[r] = value_from(FROM_CALLER, IS_ANYTHING);
}

void flow_trap(struct flow *f, struct state *s)
{
	struct value nr = s->reg[f->machine->number];

	if (!value_known(nr, ALL) || nr.bits != f->machine->syscall[f->function])
		flow_fail(f, "system call %" PRIu64, nr.bits);
	f->machine->check_trap(f, s, &f->insn[f->at]);
	if (f->function == VDSOGEN_GETRANDOM && flow_is_own_call(s)) {
		struct value result = flow_ask(f, s);

		forget_clobbered(f, s);
		s->reg[f->machine->result] = result;
		return;
	}
	if (f->function == VDSOGEN_TIME && frame(f))
		check_frame(f, s);
	else if (f->function != VDSOGEN_RT_SIGRETURN)
		check_arguments(f, s);
	if (f->function == VDSOGEN_GETRANDOM)
		flow_random_leave(f, s, false);
	check_counter_register(f, s);
	not_after_store(f, s, "falls back");
	if (s->trapped)
		flow_fail(f, "falls back twice");
	if (s->control & FROM_LINE && !stores_early(f))
		flow_fail(f, "the fallback is decided by words %#x of the line, not rechecked",
			  s->control);
	forget_clobbered(f, s);
	s->reg[f->machine->result] = value_from(FROM_ELSEWHERE, IS_RESULT);
	s->trapped = 1;
	f->traps++;
}

static void check_answer(struct flow *f, const struct state *s)
{
	bool time = f->expect_line && f->pointer[0].size && f->function != VDSOGEN_UNAME;
	uint32_t wanted = !time ? 0 : f->coarse ? FROM_BASE : FROM_LINE | FROM_COUNTER;

	if (wanted & ~s->answer)
		flow_fail(f, "the answer does not depend on words %#x of the line",
			  wanted & ~s->answer);
	for (unsigned int i = 0; i < FLOW_POINTERS; i++)
		check_stored(f, s, i);
	wanted = wanted & FROM_COUNTER && vg_has_age_limit(&f->image->config) ? FROM_AGE : 0;
	/* getrandom may say what no host would say otherwise */
	if (f->image->config.options & VDSOGEN_GUARD &&
	    (f->function != VDSOGEN_GETRANDOM || s->stored[0][0]))
		wanted |= FROM_ATTENTION;
	if (wanted & ~s->heeded)
		flow_fail(f, "nothing heeds attention, or the age limit");
}

void flow_return(struct flow *f, struct state *s)
{
	struct value v = s->reg[f->machine->result];
	bool good = value_known(value_low(v, sizeof(int)), ALL) && !v.bits && !v.from;

	if (s->reg[f->machine->stack].bits != FLOW_STACK)
		flow_fail(f, "the stack pointer is not where it was");
	if (frame(f) && f->machine->link && s->reg[f->machine->link].from != FROM_CALLER)
		flow_fail(f, "does not return to its caller");
	if (!s->trapped)
		check_answer(f, s);
	if (f->function == VDSOGEN_GETRANDOM)
		flow_random_leave(f, s, !s->trapped);
	if (f->function == VDSOGEN_TIME)
		good = v.is == (s->trapped ? IS_RESULT : IS_COARSE_SECOND) ||
		       (s->trapped && frame(f) && v.from == FROM_ELSEWHERE);
	else if (s->trapped)
		good = v.is == IS_RESULT;
	else if (vg_is_credential(f->function))
		good = s->verified && v.from & FROM_NSEC && s->recheck & FROM_NSEC;
	else if (f->function == VDSOGEN_GETRANDOM)
		good = value_known(v, ALL) && (int64_t)v.bits == f->scene.result && f->scene.answers;
	else if (f->function == VDSOGEN_UNAME)
		good &= s->verified && !((FROM_NSEC | FROM_SEC) & ~s->recheck);
	else if (VDSOGEN_IDENTITY_FUNCTIONS >> f->function & 1)
		good = v.from == FROM_ELSEWHERE;
	if (!good)
		flow_fail(f, "returns what is not its result");
}
#else
typedef int flow_rules_without_capstone;
#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Static analysis of a trampoline's instructions: every path is walked with
 * what can be known of the registers, until nothing new turns up.
 *
 *	flow.c		decodes, finds what can be reached, walks
 *	flow-NAME.c	what an architecture's instructions do
 *	flow-rules.c	what a trampoline may do, and when
 *	flow-random.c	what getrandom may do beside that
 *	check_flow.c	the calls and configurations that are walked
 */
#ifndef FLOW_H
#define FLOW_H

#include <capstone/capstone.h>

#include "arch.h"
#include "flow-value.h"

enum {
	FLOW_REGISTERS = 32, FLOW_ARGUMENTS = 5, FLOW_PASSED_ON = 3, FLOW_POINTERS = 2,
	FLOW_FRAME_WORDS = 8, FLOW_STORED_WORDS = 8
};

struct flags {
	uint8_t known, zero, negative, carry;	/* carry: as the architecture has it */
	uint8_t overflow;
	uint8_t recheck;	/* of a comparison of the recheck with the sequence count */
	uint8_t unused[2];
	uint32_t from, chain;
};

/* What has happened on the way here. No padding: states are compared as bytes. */
struct state {
	struct value reg[FLOW_REGISTERS];
	struct flags flags;
	struct value frame[FLOW_FRAME_WORDS]; /* of the stack, from its lowest word on */
	uint64_t entry;		/* the stack pointer when the function, or its own call, began */
	uint64_t line;		/* where the try's sequence count is; 0: no try */
	uint32_t opened_at;	/* the instruction that loaded it */
	uint32_t loaded;	/* FROM_x of the line, in this try */
	uint32_t recheck;	/* what the last recheck had waited for */
	uint32_t control;	/* what has steered this try and was not rechecked */
	uint32_t answer;	/* what was stored came from, and what steered it */
	uint32_t heeded;	/* FROM_ATTENTION, FROM_AGE */
	uint32_t waited;	/* of the line, before a barrier that orders loads */
	uint64_t stored[FLOW_POINTERS][FLOW_STORED_WORDS]; /* which bytes, through the arguments */
	struct flow_random {	/* getrandom's: the caller's state, and what has been looked at */
		uint64_t generation, pos, in_use;
		uint64_t latest;	/* the host's generation, when it was last loaded */
		uint32_t looks;		/* how often that was */
		uint32_t asked;		/* the host for a key */
		uint32_t keyed, served;	/* vectors made of the key, and of the batch */
		uint8_t looked;		/* at the host's generation, after all of the state's loads */
		uint8_t looked_own;	/* at the state's */
		uint8_t unordered;	/* loads of the state, with no barrier behind them */
		uint8_t ordered;	/* the generation's last load, by a barrier behind it */
		uint8_t flags_loaded;
		uint8_t unused[3];
	} random;
	uint64_t return_to;	/* of the function's own call, where a call stores that */
	uint8_t acquired;	/* the count was loaded with acquire */
	uint8_t branched;	/* a branch has depended on it */
	uint8_t fenced;		/* and a fence stood behind that */
	uint8_t counted;	/* the counter was read in this try */
	uint8_t ever_counted;
	uint8_t verified;	/* the recheck has succeeded */
	uint8_t paused;		/* in this try */
	uint8_t trapped;
};
_Static_assert(sizeof(struct state) == offsetof(struct state, trapped) + 1, "no padding");

/* What comes after an instruction. */
struct step {
	enum { STEP_ON, STEP_JUMP, STEP_CALL, STEP_BRANCH, STEP_RETURN, STEP_TRAP } kind;
	bool tail;		/* a trap that returns to the function's caller */
	uint64_t target;
	enum { BRANCH_NO, BRANCH_YES, BRANCH_EITHER } taken;
	uint32_t from;		/* what decides */
	enum { RECHECK_NONE, RECHECK_EQUAL, RECHECK_UNEQUAL } recheck; /* said by taking it */
};

struct flow;

struct flow_machine {
	const char *name;
	cs_arch arch;
	cs_mode mode;
	bool tso;		/* loads are performed in program order */
	uint32_t scratch;	/* registers that may be written */
	uint8_t stack, number, result;	/* registers: stack pointer, system call, its result */
	uint8_t argument[FLOW_ARGUMENTS];
	uint32_t syscall[VDSOGEN_FUNCTIONS];
	uint32_t clobbered;	/* by the system call */
	uint32_t frame;		/* bytes of stack that time()'s fallback uses */
	uint32_t random_frame;	/* and getrandom, when it asks for a key */
	uint32_t link;		/* the register of the return address, which they save there; or 0 */
	uint32_t jump;		/* a register to jump to the host by; or 0 */
	uint8_t third;		/* the third argument's, where it is not in its own */
	void (*target)(const cs_insn *insn, struct step *step); /* kind and target alone */
	void (*step)(struct flow *f, struct state *s, const cs_insn *insn, struct step *step);
	void (*leave)(struct flow *f, struct state *s, struct step *step); /* returns, or jumps */
	void (*check_trap)(struct flow *f, const struct state *s, const cs_insn *insn);
	bool (*is_padding)(const cs_insn *insn);
};

/* One function's code, and one call of it. */
struct flow {
	const struct flow_machine *machine;
	const struct vdsogen_image *image;
	unsigned int function;
	cs_insn *insn;
	size_t count;
	bool *walked;		/* of each instruction: some walk came by */
	uint64_t *stack;	/* and how many bytes the stack pointer was below its entry's */

	char call[48];		/* its arguments, to read */
	struct value argument[FLOW_ARGUMENTS];
	struct { uint64_t at; uint32_t size; } pointer[FLOW_POINTERS]; /* what may be stored to */
	uint64_t expect_line, expect_base; /* addresses; 0: none is to be read */
	bool coarse;
	bool odd;		/* a latch's sequence count is: the copy is to be read */
	bool hot;		/* what is not known is not taken: straight through */
	bool exact;		/* and these are known: */
	uint32_t seq, recheck, attention, shown;

	/* getrandom's, which is always walked with all that decides known */
	struct flow_scene {
		uint64_t pos, generation, in_use;	/* of the state */
		uint32_t ready, flags;	/* of the block, whose generation is FLOW_GENERATION */
		uint32_t changes;	/* 1u << n: before the n-th look the generation has changed */
		int64_t key_result;	/* of the host, asked for a key */
		int64_t result;		/* if it answers itself */
		bool answers;
	} scene;

	size_t at;		/* the instruction under way */
	unsigned int steps, fences, tries, traps; /* of the last walk */
};

/* Where things are in a walk's memory. */
#define FLOW_IMAGE UINT64_C(0x7e1234560000)
#define FLOW_STACK UINT64_C(0x7ffd00008000)
#define FLOW_POINTER(i) (UINT64_C(0x55aa00001000) + UINT64_C(0x100000) * (i))
#define FLOW_STATE FLOW_POINTER(FLOW_POINTERS + 1)	/* getrandom's; its page */
#define FLOW_GENERATION UINT64_C(0x123456789a)

extern const struct flow_machine flow_x86_64, flow_aarch64;

/* flow.c */
void flow_decode(struct flow *f);	/* and what can be seen without walking */
void flow_walk(struct flow *f);
void flow_forget(struct flow *f);
void flow_fail(const struct flow *f, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* check_flow.c: decodes, and walks every call; to be forgotten afterwards. */
struct flow flow_function(const struct flow_machine *m, const struct vdsogen_image *image,
			  unsigned int function);

/* flow-random.c: what getrandom may do, and when */
bool flow_in_random(const struct flow *f, uint64_t at, unsigned int size);
struct value flow_random_load(struct flow *f, struct state *s, uint64_t at, unsigned int size,
			      bool acquire);
bool flow_in_state(const struct flow *f, uint64_t at, unsigned int size);
struct value flow_state_load(struct flow *f, struct state *s, uint64_t at, unsigned int size);
void flow_state_store(struct flow *f, struct state *s, uint64_t at, unsigned int size,
		      struct value value);
struct value flow_ask(struct flow *f, struct state *s);
void flow_random_leave(struct flow *f, const struct state *s, bool answers);
/* Vector registers: nothing is known of one but what it was made of. */
uint32_t flow_vector(const struct state *s, unsigned int vector);
void flow_vector_write(struct state *s, unsigned int vector, uint32_t from);

/* flow-rules.c */
struct value flow_load(struct flow *f, struct state *s, struct value address, unsigned int size,
		       bool acquire);
void flow_store(struct flow *f, struct state *s, struct value address, unsigned int size,
		struct value value);
void flow_write(struct flow *f, struct state *s, unsigned int reg, struct value value);
void flow_counter(struct flow *f, struct state *s, bool self_fenced);
void flow_fence(struct flow *f, struct state *s);
void flow_load_barrier(struct state *s);
void flow_trap(struct flow *f, struct state *s);
bool flow_is_own_call(const struct state *s);
void flow_return(struct flow *f, struct state *s);
void flow_begin(struct flow *f, struct state *s);
/* The state of the side that was chosen. */
void flow_branch(struct flow *f, struct state *s, const struct step *step, bool taken);

#endif

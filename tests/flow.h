/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Static analysis of a trampoline's instructions: every path is walked with
 * what can be known of the registers, until nothing new turns up.
 *
 *	flow.c		decodes, finds what can be reached, walks
 *	flow-NAME.c	what an architecture's instructions do
 *	flow-rules.c	what a trampoline may do, and when
 *	check_flow.c	the calls and configurations that are walked
 */
#ifndef FLOW_H
#define FLOW_H

#include <capstone/capstone.h>

#include "arch.h"
#include "flow-value.h"

enum { FLOW_REGISTERS = 32, FLOW_ARGUMENTS = 3, FLOW_POINTERS = 2, FLOW_FRAME_WORDS = 4 };

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
	uint32_t stored[FLOW_POINTERS]; /* which bytes were stored through the arguments */
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
	uint32_t link;		/* and the register of the return address, which it saves there */
	void (*target)(const cs_insn *insn, struct step *step); /* kind and target alone */
	void (*step)(struct flow *f, struct state *s, const cs_insn *insn, struct step *step);
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
	uint32_t seq, recheck, attention;

	size_t at;		/* the instruction under way */
	unsigned int steps, fences, tries, traps; /* of the last walk */
};

/* Where things are in a walk's memory. */
#define FLOW_IMAGE UINT64_C(0x7e1234560000)
#define FLOW_STACK UINT64_C(0x7ffd00008000)
#define FLOW_POINTER(i) (UINT64_C(0x55aa00001000) + UINT64_C(0x100000) * (i))

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

/* flow-rules.c */
struct value flow_load(struct flow *f, struct state *s, struct value address, unsigned int size,
		       bool acquire);
void flow_store(struct flow *f, struct state *s, struct value address, unsigned int size,
		struct value value);
void flow_write(struct flow *f, struct state *s, unsigned int reg, struct value value);
void flow_counter(struct flow *f, struct state *s, bool self_fenced);
void flow_fence(struct flow *f, struct state *s);
void flow_trap(struct flow *f, struct state *s);
void flow_return(struct flow *f, struct state *s);
void flow_begin(struct flow *f, struct state *s);
/* The state of the side that was chosen. */
void flow_branch(struct flow *f, struct state *s, const struct step *step, bool taken);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands in for a kernel on aarch64: exception vectors at EL1, and for each vCPU the data
 * with which they answer some calls (the shim). A back end that runs aarch64 gives memory, sets
 * the system registers that shim_registers() names, and takes the exits.
 *
 * User code is at EL0. What it does that is an exception comes to EL1: a call that can be
 * answered is, all else is told. To tell, the shim puts all of user code's registers but the
 * vectors' into its frame and stores to a page that has no memory, the doorbell: that is an
 * exit. The back end changes the frame and lets the vCPU run on; the shim takes the registers
 * from the frame and goes back. So while it is there (SHIM_TOLD) registers are in memory.
 *
 * SP_EL1 is the address of the vCPU's data for ever: EL1 needs no stack.
 */
#ifndef AARCH64_SHIM_H
#define AARCH64_SHIM_H

#include <stddef.h>

#include "../shim-both.h"
#include "pages.h"
#include "registers.h"

/* User code has what is below: all of TTBR0's half, of 48 bits, but its last page. */
#define SHIM_USER_END ((1ull << 48) - VM_PAGE)

/* Distances from the doorbell's address, of what is stored to. */
enum shim_bell {
	SHIM_TELLS = 0,		/* an exception of user code: frame.syndrome says which */
	/* What `flush` asked for is done, or what shim_measure() is for; it is SHIM_TOLD, as before. */
	SHIM_FLUSHED = 8,
	SHIM_TROUBLE = 16,	/* an exception that cannot be: the vCPU is lost */
};

/* User code's registers, and why it was left. The order is struct vm_registers'. */
struct shim_frame {
	uint64_t x[31], sp, pc, pstate;
	uint64_t thread;		/* TPIDR_EL0 */
	uint64_t syndrome, address;	/* ESR_EL1; FAR_EL1, if it was not a system call */
};

/* A page, at SP_EL1. Other threads write to the first line alone. */
struct shim_data {
	uint32_t attention;	/* lanes, enum vm_attention: if any is set, every call leaves */
	/*
	 * Not 0: before the shim goes back to user code, it ends all uses of old entries of the
	 * tables, by all vCPUs of this machine, and rings SHIM_FLUSHED.
	 */
	uint32_t flush;
	struct vm_answers answers __attribute__((aligned(64)));
	uint64_t wanted;	/* random bytes, of the call that is being answered */
	struct shim_frame frame __attribute__((aligned(64)));
	uint32_t given[SHIM_ANSWERS];	/* how often, counted by EL1; they overflow */
	/*
	 * The physical counter less the virtual one is not less than `least` and not more than
	 * `most`; what the physical one was, at last.
	 */
	struct shim_measured {
		int64_t least, most;
		uint64_t counter;
	} measured;
};
_Static_assert(sizeof(struct shim_data) <= VM_PAGE, "a page");

/* One vCPU's. */
struct shim_cpu {
	uint64_t stack;		/* SP_EL1 */
	struct shim_data *data;
	struct shim_pool *pool;
};

struct shim {
	uint64_t vectors;	/* VBAR_EL1: where the code is for EL1 */
	uint64_t doorbell;	/* physical */
	uint64_t shared_page;	/* physical */
	struct shim_shared *shared;
	uint64_t cpu[SHIM_CPUS];	/* their first pages, in physical memory; 0: none yet */
};

/* Maps what all share. The doorbell is a page of physical addresses without memory. false: out of memory. */
bool shim_create(struct shim *shim, struct pages *pages, uint64_t doorbell);
/* Another thread's program begins with this pc and sp, and nothing of the one before. */
void shim_begin(const struct shim_cpu *cpu, uint64_t pc, uint64_t sp);

/* -------------------------------------------------------------------------
 * System registers.
 */

/* As the instruction has it; KVM and Hypervisor.framework number them so. */
#define SHIM_REGISTER(op0, op1, crn, crm, op2) \
	((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
enum {
	SHIM_MDSCR_EL1 = SHIM_REGISTER(2, 0, 0, 2, 2),
	SHIM_SCTLR_EL1 = SHIM_REGISTER(3, 0, 1, 0, 0),
	SHIM_CPACR_EL1 = SHIM_REGISTER(3, 0, 1, 0, 2),
	SHIM_TTBR0_EL1 = SHIM_REGISTER(3, 0, 2, 0, 0),
	SHIM_TTBR1_EL1 = SHIM_REGISTER(3, 0, 2, 0, 1),
	SHIM_TCR_EL1 = SHIM_REGISTER(3, 0, 2, 0, 2),
	SHIM_SPSR_EL1 = SHIM_REGISTER(3, 0, 4, 0, 0),
	SHIM_ELR_EL1 = SHIM_REGISTER(3, 0, 4, 0, 1),
	SHIM_SP_EL0 = SHIM_REGISTER(3, 0, 4, 1, 0),
	SHIM_ESR_EL1 = SHIM_REGISTER(3, 0, 5, 2, 0),
	SHIM_FAR_EL1 = SHIM_REGISTER(3, 0, 6, 0, 0),
	SHIM_MAIR_EL1 = SHIM_REGISTER(3, 0, 10, 2, 0),
	SHIM_AMAIR_EL1 = SHIM_REGISTER(3, 0, 10, 3, 0),
	SHIM_VBAR_EL1 = SHIM_REGISTER(3, 0, 12, 0, 0),
	SHIM_CONTEXTIDR_EL1 = SHIM_REGISTER(3, 0, 13, 0, 1),
	SHIM_CNTKCTL_EL1 = SHIM_REGISTER(3, 0, 14, 1, 0),
	SHIM_TPIDR_EL0 = SHIM_REGISTER(3, 3, 13, 0, 2),
	SHIM_TPIDRRO_EL0 = SHIM_REGISTER(3, 3, 13, 0, 3),
	SHIM_SP_EL1 = SHIM_REGISTER(3, 4, 4, 1, 0),
};

struct shim_register {
	uint16_t number;
	uint64_t value;
};

/*
 * What a vCPU has at its start, and the shim never changes; how many. `physical_bits`: of the
 * guest's physical addresses. User code's registers begin in the frame.
 */
enum { SHIM_REGISTERS = 16 };
unsigned int shim_registers(const struct shim *shim, const struct pages *pages,
			    const struct shim_cpu *cpu, unsigned int physical_bits,
			    struct shim_register registers[SHIM_REGISTERS]);

/*
 * Keys of pointer authentication, if the processor has that: a process' own, chosen at random.
 * Their registers, the halves of five.
 */
enum { SHIM_KEYS = 10 };
extern const uint16_t shim_keys[SHIM_KEYS];

/* MDSCR_EL1 while a debugger steps (the frame's pstate has PSTATE_SS then), and while not. */
uint64_t shim_debug_control(bool stepping);

/*
 * Where a vCPU starts or goes on, whatever it did: at EL1, with this PSTATE. It takes user code's
 * registers from the frame. One instruction behind it is as good: hypervisors that complete the
 * doorbell's store later step over it.
 */
uint64_t shim_resume(const struct shim *shim);
/* The same, but it measures first. */
uint64_t shim_measure(const struct shim *shim);
#define SHIM_PSTATE (PSTATE_DAIF | 5)	/* EL1, with its own stack pointer */

/* -------------------------------------------------------------------------
 * Where user code's registers are when a run has ended.
 */
enum shim_place {
	SHIM_ELSEWHERE,	/* user code: in the processor */
	SHIM_ENTERED,	/* an exception: in the processor; PC and PSTATE are ELR_EL1 and SPSR_EL1 */
	SHIM_BORROWED,	/* as that, but x0 to x3 are in the frame */
	SHIM_SAVED,	/* as that, but pc, pstate and syndrome are there, too */
	SHIM_TOLD,	/* all are in the frame: it has rung, or goes back from that */
	SHIM_DONE,	/* as SHIM_ENTERED, but the call has been answered */
};
enum shim_place shim_place(const struct shim *shim, uint64_t pc);

/*
 * Whether what was interrupted there is an exception that will be told, if it runs on, however
 * many kicks there are: a fault. A call may be answered, and its program never come back.
 */
bool shim_has_to_tell(enum shim_place place, uint64_t syndrome);

/* What the processor has, where not all is in the frame. */
struct shim_now {
	uint64_t x[31], sp, pc, pstate;	/* pc and pstate: where the program is, or ELR_EL1, SPSR_EL1 */
	uint64_t thread;
};
/*
 * The frame is as if the exception had not been, or is as it was left: to go on at
 * shim_resume(). What was not told is done again. Random bytes that were on their way are not
 * given out again.
 */
void shim_complete(const struct shim_cpu *cpu, enum shim_place place, const struct shim_now *now,
		   bool stepping);

/*
 * A page that the host has no memory for, where random bytes should go: if pc is there, where to
 * go on, at EL1, so that the call is told; else 0.
 */
uint64_t shim_copy_failed(const struct shim *shim, uint64_t pc);

/* -------------------------------------------------------------------------
 * What was told.
 */
enum { SHIM_SVC = 4 };	/* bytes of the instruction */

enum shim_told {
	SHIM_CALL,	/* a system call */
	SHIM_FAULT,	/* `fault` is filled in */
	SHIM_AGAIN,	/* nothing: it goes on (the frame may have changed) */
};
/* With the frame of SHIM_TELLS. */
enum shim_told shim_told(struct pages *pages, struct shim_cpu *cpu, struct vm_fault *fault);

/* -------------------------------------------------------------------------
 * User code's registers, in the frame. Those of vectors are not there.
 */
/* PSTATE as user code can have it. */
uint64_t shim_user_pstate(uint64_t pstate);
/* What vcpu_get() and vcpu_set() are about. */
uint64_t *shim_register_of(struct shim_frame *frame, enum vm_register which);
void shim_save(const struct shim_frame *frame, struct vm_registers *to);
void shim_load(struct shim_frame *frame, const struct vm_registers *from, bool stepping);

/* AT_HWCAP and AT_HWCAP2, from what the guest's ID registers are: `id` gives one by its number. */
uint64_t shim_hwcap(uint64_t (*id)(void *context, uint16_t number), void *context, unsigned int word);

#endif

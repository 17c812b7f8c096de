/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands in for a kernel on x86_64: descriptor tables, and for each vCPU a task state
 * segment, a stack, the code that takes system calls and exceptions (the shim) and the
 * data with which it answers some calls itself. A back end that runs x86_64 gives memory
 * and takes the exits.
 *
 * `syscall` enters ring 0 at shim_cpu.call. Where it stays in ring 3 it goes to
 * shim_cpu.user_call: the same, but ring 3 can read the data, and nothing it does there
 * is believed.
 */
#ifndef X86_64_SHIM_H
#define X86_64_SHIM_H

#include "../shim-both.h"
#include "pages.h"

/* User code has what is below; above it are the pages of the shim that ring 3 may see. */
#define SHIM_TOP 0x7ffffffff000ull
#define SHIM_USER_PAGES 2	/* of each vCPU: code and data */
#define SHIM_USER_END (SHIM_TOP - SHIM_CPUS * SHIM_USER_PAGES * VM_PAGE)

enum { SHIM_KERNEL_CS = 0x08, SHIM_KERNEL_SS = 0x10, SHIM_USER_SS = 0x18 | 3,
       SHIM_USER_CS = 0x20 | 3, SHIM_TASK = 0x28 };

/* A byte goes to one of these ports, with nothing else changed. */
enum { SHIM_PORT_CALL = 0x41, SHIM_PORT_FAULT = 0x42 };

/*
 * The page behind the code's: so code that is at several addresses finds its own. Ring 3 sees
 * nothing of those behind it.
 */
struct shim_data {
	uint32_t attention;	/* lanes, enum vm_attention: if any is set, every call leaves */
	struct vm_answers answers;
	uint32_t given[SHIM_ANSWERS];	/* how often, counted by ring 0; they overflow */
	/* The program's, while the code of ring 0 uses these registers: SHIM_BORROWED. */
	struct shim_saved {
		uint64_t rax, rcx, rdx, rsi, rdi;
	} saved;
};

/* One vCPU's. */
struct shim_cpu {
	uint64_t tss;			/* as ring 0 sees it */
	uint64_t call, user_call;	/* where its code begins */
	struct shim_data *data;
	struct shim_pool *pool;
	uint8_t *task;	/* a page: the task state segment, and the stack down from its end */
};

struct shim {
	uint64_t gdt, idt;	/* as ring 0 sees them */
	uint16_t gdt_limit, idt_limit, tss_limit;
	uint64_t code;		/* its page, in physical memory */
	uint64_t fault, fault_told, fault_end;	/* code of exceptions; from told on, its way back */
	bool in_ring3;		/* where `syscall` stays */
	uint64_t shared_page;	/* physical */
	struct shim_shared *shared;
	uint64_t cpu[SHIM_CPUS];	/* their first pages, in physical memory; 0: none yet */
};

/* Maps what all share. false: out of memory. */
bool shim_create(struct shim *shim, struct pages *pages);
/* Ring 3 may run the code at user_call, and write to SHIM_PORT_CALL; or not any more. */
void shim_open(struct shim *shim, struct pages *pages, unsigned int number, bool open);

/*
 * Where user code's registers are while its code has this vCPU. What is neither is not a
 * system call's code.
 */
enum shim_place {
	SHIM_ELSEWHERE,
	SHIM_ASKED,	/* the call has been neither told nor answered */
	SHIM_BORROWED,	/* neither, and some of them are in shim_data.saved */
	SHIM_DONE,	/* it has: what is left is the way back */
};
enum shim_place shim_place(const struct shim *shim, const struct shim_cpu *cpu, uint64_t rip);

/*
 * What an exception pushed, the vector first: SDM volume 3, figure 6-9. The order is
 * the processor's.
 */
enum { SHIM_DEBUG = 1 };	/* the vector of a step */
struct shim_frame {
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

/* Where it is: there is only one, since the code of exceptions has none. */
struct shim_frame *shim_frame(const struct shim_cpu *cpu);

/* The signal that Linux would send: arch/x86/kernel/traps.c, arch/x86/mm/fault.c. */
struct shim_signal {
	int signal, code;
	uint64_t address;
	unsigned int prot;	/* as in struct vm_fault */
};
struct shim_signal shim_signal(const struct shim_frame *frame, uint64_t cr2);

/*
 * The code that tries how the machine does it, in ring 3, behind the shim's at
 * user_call: reads the counter into rax, then `syscall`.
 */
uint64_t shim_probe(const struct shim_cpu *cpu);

#endif

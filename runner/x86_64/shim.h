/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands in for a kernel on x86_64: descriptor tables, a task state segment and
 * the few instructions of ring 0 (the shim). A back end that runs x86_64 gives it
 * memory and takes its exits.
 */
#ifndef X86_64_SHIM_H
#define X86_64_SHIM_H

#include <stdbool.h>
#include <stdint.h>

#include "../guest.h"
#include "pages.h"

/* User code has what is below; above it there is the page of SHIM_USER_CALL. */
#define SHIM_USER_END 0x7fffffffe000ull
#define SHIM_USER_CALL 0x7fffffffe000ull

enum { SHIM_KERNEL_CS = 0x08, SHIM_KERNEL_SS = 0x10, SHIM_USER_SS = 0x18 | 3,
       SHIM_USER_CS = 0x20 | 3, SHIM_TASK = 0x28 };

/* A byte goes to one of these ports, with nothing else changed. */
enum { SHIM_PORT_CALL = 0x41, SHIM_PORT_FAULT = 0x42 };

/* One vCPU's task state segment and, behind it, its stack of ring 0: a page. */
struct shim_cpu {
	uint64_t tss, stack_end;	/* as ring 0 sees them */
	uint8_t *host;
};

enum { SHIM_CPUS = 1024 };

struct shim {
	uint64_t gdt, idt;	/* as ring 0 sees them */
	uint16_t gdt_limit, idt_limit, tss_limit;
	uint64_t code;		/* its page, in physical memory */
	uint64_t call, call_end;	/* LSTAR where `syscall` enters ring 0 */
	uint64_t user_call;	/* where it does not */
	uint64_t fault, fault_end;	/* code of exceptions, with a return at its end */
	uint64_t fault_told;		/* they have been told, and the return begins */
	bool port_open;
	uint64_t cpu[SHIM_CPUS];	/* physical pages; 0: none yet */
};

/* Maps it all. false: out of memory. */
bool shim_create(struct shim *shim, struct pages *pages);
/* What the vCPU of that number has, now or already. */
bool shim_add_cpu(struct shim *shim, struct pages *pages, unsigned int number, struct shim_cpu *cpu);

/* Whether ring 3 may write to SHIM_PORT_CALL, on any vCPU: only if it has to. */
void shim_open_port(struct shim *shim, const struct pages *pages, bool open);

/*
 * What an exception pushed, the vector first: SDM volume 3, figure 6-9. The order is
 * the processor's.
 */
struct shim_frame {
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

/* Where it is: there is only one, since ring 0 takes no exception. */
struct shim_frame *shim_frame(const struct shim_cpu *cpu);

/* The signal that Linux would send: arch/x86/kernel/traps.c, arch/x86/mm/fault.c. */
struct shim_signal {
	int signal, code;
	uint64_t address;
};
struct shim_signal shim_signal(const struct shim_frame *frame, uint64_t cr2);

/*
 * The code that tries how the machine does it, in ring 3, when the shim's page is at
 * SHIM_USER_CALL: reads the counter into rax, then `syscall`.
 */
uint64_t shim_probe(void);

#endif

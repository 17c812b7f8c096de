/* SPDX-License-Identifier: BSD-2-Clause */
/* What identity.c has of the processor: all registers, before a call and after. */

/* All general registers but rax (the number), rsp, rcx and r11 (what `syscall` takes), and flags. */
struct state {
	uint64_t rbx, rdx, rsi, rdi, rbp, r8, r9, r10, r12, r13, r14, r15, flags, result;
};
enum { REGISTERS = offsetof(struct state, flags) / sizeof(uint64_t) };

static void ask(uint64_t number, const struct state *before, struct state *after)
{
	__asm__ volatile(
		"push %%rbp\n push %%rbx\n"
		"push %2\n"			/* where the state is put in the end */
		"push %%rax\n"
		"mov %1, %%rax\n"
		"push 96(%%rax)\n popfq\n"
		"mov 0(%%rax), %%rbx\n mov 8(%%rax), %%rdx\n mov 16(%%rax), %%rsi\n"
		"mov 24(%%rax), %%rdi\n mov 32(%%rax), %%rbp\n mov 40(%%rax), %%r8\n"
		"mov 48(%%rax), %%r9\n mov 56(%%rax), %%r10\n mov 64(%%rax), %%r12\n"
		"mov 72(%%rax), %%r13\n mov 80(%%rax), %%r14\n mov 88(%%rax), %%r15\n"
		"pop %%rax\n"
		"syscall\n"
		"pushfq\n"
		"mov 8(%%rsp), %%rcx\n"
		"popq 96(%%rcx)\n"
		"mov %%rbx, 0(%%rcx)\n mov %%rdx, 8(%%rcx)\n mov %%rsi, 16(%%rcx)\n"
		"mov %%rdi, 24(%%rcx)\n mov %%rbp, 32(%%rcx)\n mov %%r8, 40(%%rcx)\n"
		"mov %%r9, 48(%%rcx)\n mov %%r10, 56(%%rcx)\n mov %%r12, 64(%%rcx)\n"
		"mov %%r13, 72(%%rcx)\n mov %%r14, 80(%%rcx)\n mov %%r15, 88(%%rcx)\n"
		"mov %%rax, 104(%%rcx)\n"
		"pop %%rcx\n pop %%rbx\n pop %%rbp\n cld\n"
		: "+a"(number) : "r"(before), "r"(after)
		: "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
		  "memory", "cc");
}

#define CARRY 0x1
#define PARITY 0x4
#define ADJUST 0x10
#define ZERO 0x40
#define SIGN 0x80
#define DIRECTION 0x400
#define OVERFLOW 0x800
#define ALWAYS 0x202	/* bit 1, and interrupts are on */

static const uint64_t flags[] = { 0, CARRY, PARITY, ADJUST, ZERO, SIGN, DIRECTION, OVERFLOW,
	CARRY | PARITY | ADJUST | ZERO | SIGN | DIRECTION | OVERFLOW };

/* SPDX-License-Identifier: BSD-2-Clause */
/* What identity.c has of the processor: all registers, before a call and after. */

/* By their numbers. x0 is the result, and x8 the number. */
struct state {
	uint64_t x[31], flags, result;
};
enum { REGISTERS = 31 };

#define LOAD(n) "ldr x" #n ", [x0, #" #n "*8]\n\t"
#define STORE(n) "str x" #n ", [x0, #" #n "*8]\n\t"
#define EACH(op) \
	op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(9) op(10) op(11) op(12) op(13) op(14) op(15) \
	op(16) op(17) op(18) op(19) op(20) op(21) op(22) op(23) op(24) op(25) op(26) op(27) \
	op(28) op(29) op(30)

static void ask(uint64_t number, const struct state *before, struct state *after)
{
	register uint64_t x8 __asm__("x8") = number;
	register const struct state *x0 __asm__("x0") = before;
	register struct state *x1 __asm__("x1") = after;

	__asm__ volatile(
		"stp x29, x1, [sp, #-16]!\n\t"
		"ldr x1, [x0, %[flags]]\n\tmsr nzcv, x1\n\t" EACH(LOAD)
		"svc #0\n\t"
		"str x0, [sp, #-16]!\n\t"
		"ldr x0, [sp, #24]\n\t"			/* where the state is put */
		EACH(STORE) "mrs x1, nzcv\n\tstr x1, [x0, %[flags]]\n\t"
		"ldr x1, [sp], #16\n\tstr x1, [x0, %[result]]\n\t"
		"ldr x29, [sp], #16"
		: "+r"(x8), "+r"(x0), "+r"(x1)
		: [flags] "i"(offsetof(struct state, flags)),
		  [result] "i"(offsetof(struct state, result))
		: "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
		  "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27",
		  "x28", "x30", "memory", "cc");
}

#define ALWAYS 0

/* Arm ARM C5.2.10: NZCV is bits 31 to 28. */
static const uint64_t flags[] = { 0, 1ull << 28, 1ull << 29, 1ull << 30, 1ull << 31, 15ull << 28 };

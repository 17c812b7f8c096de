/* SPDX-License-Identifier: BSD-2-Clause */
/* What signals.c has of the processor: its registers, in frames and out of them, and its faults. */
#include <sys/auxv.h>

/* A signal to oneself, in assembly, with nothing of a library around. */
#define SIGNAL "ldr w0, %[me]\n\tldr w1, %[number]\n\tldr w8, %[call]\n\tsvc #0\n\t"
#define SIGNAL_INPUTS [me] "m"(me), [number] "m"(number), [call] "m"(call)
#define SIGNAL_CLOBBERS "x0", "x1", "x8", "memory", "cc"

/* A call with next to no stack, and the end. */
static void without_stack(long number, long a, long b)
{
	register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b;

	__asm__ volatile("mov x9, #16\n\tmov sp, x9\n\tsvc #0\n\tudf #0"
			 :: "r"(x8), "r"(x0), "r"(x1) : "x9", "memory");
}

/* The record of that kind in a frame; 0 is the last one. */
static struct _aarch64_ctx *record(ucontext_t *context, uint32_t magic)
{
	uint8_t *at = (uint8_t *)context->uc_mcontext.__reserved;

	for (;;) {
		struct _aarch64_ctx *head = (struct _aarch64_ctx *)at;

		if (head->magic == magic)
			return head;
		if (!head->magic)
			return NULL;
		at += head->size;
	}
}

static struct fpsimd_context *vectors_of(void *context)
{
	return (struct fpsimd_context *)record(context, FPSIMD_MAGIC);
}

static void show_fault(void *context, const void *at)
{
	const struct esr_context *cause = (struct esr_context *)record(context, ESR_MAGIC);
	const ucontext_t *to = context;

	printf(", cause %#llx, there %d\n", cause ? (unsigned long long)cause->esr : 0,
	       (uintptr_t)to->uc_mcontext.fault_address == (uintptr_t)at);
}

/* Goes on behind the instruction. */
static volatile int skip;

static void step_over(int number, siginfo_t *info, void *context)
{
	mcontext_t *registers = &((ucontext_t *)context)->uc_mcontext;

	printf("%d, code %d, at it %d, address %d", number, info->si_code,
	       (uintptr_t)info->si_addr == (uintptr_t)registers->pc, info->si_addr != NULL);
	/* a debugger's exception leaves what the last fault was */
	show_fault(context, info->si_addr);
	registers->pc += (unsigned int)skip;
	registers->regs[0] = 77;
}

#define INSTRUCTION(text, size) \
	do { \
		register long x0 __asm__("x0") = 0; \
		skip = size; \
		__asm__ volatile(text : "+r"(x0) :: "x1", "x2", "cc", "memory"); \
		printf("%ld\n", x0); \
	} while (0)

static void instructions(void)
{
	handle(SIGBUS, step_over, 0);
	INSTRUCTION("udf #0", 4);
	INSTRUCTION("brk #0", 4);
	INSTRUCTION("brk #1000", 4);
	INSTRUCTION("hlt #0", 4);
	INSTRUCTION("hvc #0", 4);
	INSTRUCTION("smc #0", 4);
	INSTRUCTION("mrs x1, sctlr_el1", 4);
	INSTRUCTION("msr vbar_el1, x0", 4);
	INSTRUCTION("msr daifset, #2", 4);
	INSTRUCTION("dc ivac, x0", 4);
	INSTRUCTION("tlbi vmalle1", 4);
	INSTRUCTION("eret", 4);
	INSTRUCTION("mov x1, #1\n\tlsl x1, x1, #63\n\tldr x1, [x1]", 4);
	INSTRUCTION("mov x1, #-8\n\tldr x1, [x1]", 4);
	INSTRUCTION("brk #0", 4);
	/* where nobody's memory can be, and the kernel's is; a tag is none of an address */
	INSTRUCTION("mov x1, #1 << 52\n\tldr x1, [x1]", 4);
	INSTRUCTION("mov x1, #0xffff << 48\n\tstr x1, [x1]", 4);
	INSTRUCTION("mov x1, #1 << 63\n\tstr x1, [x1]", 4);
	INSTRUCTION("udf #0", 4);
	/* what cannot be, aligned as it is */
	INSTRUCTION("add x1, sp, #1\n\tldaxr x2, [x1]", 4);
	INSTRUCTION("adr x1, 1f\n\tadd x1, x1, #2\n\tbr x1\n1:\tnop", 2);
}

enum { VECTORS = 32, VECTOR_SIZE = 16 };
static uint8_t expected[VECTORS][VECTOR_SIZE];
static volatile uint64_t handler_fpcr;

/* Arm ARM C5.2.8, C5.2.10: FPCR rounds down, FPSR has seen something inexact. */
enum { ROUNDS_DOWN = 2 << 22, INEXACT = 1 << 4 };

static uint64_t get_fpcr(void)
{
	uint64_t fpcr;

	__asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
	return fpcr;
}

/* Spoils what it may, and changes one register of the program's, in the frame. */
static void spoil(int number, siginfo_t *info, void *context)
{
	note(number, info, context);
	handler_fpcr = get_fpcr();
	__asm__ volatile("movi v0.16b, #255\n\tmovi v9.16b, #255\n\tmovi v31.16b, #255\n\t"
			 "msr fpcr, xzr\n\tmsr fpsr, xzr" ::: "v0", "v9", "v31");
	memset(&vectors_of(context)->vregs[3], 0x55, VECTOR_SIZE);
}

#define EACH_PAIR(op) \
	op(0, 1) op(2, 3) op(4, 5) op(6, 7) op(8, 9) op(10, 11) op(12, 13) op(14, 15) \
	op(16, 17) op(18, 19) op(20, 21) op(22, 23) op(24, 25) op(26, 27) op(28, 29) op(30, 31)
#define LOAD(a, b) "ldp q" #a ", q" #b ", [%0, #" #a "*16]\n\t"
#define STORE(a, b) "stp q" #a ", q" #b ", [%1, #" #a "*16]\n\t"
#define CLOBBERED(a, b) "v" #a, "v" #b,

static void vectors(void)
{
	static uint8_t found[VECTORS][VECTOR_SIZE];
	const int me = getpid(), number = SIGUSR1, call = SYS_kill;
	uint64_t fpsr, flags;

	handle(SIGUSR1, spoil, 0);
	for (int i = 0; i < VECTORS; i++)
		for (int j = 0; j < VECTOR_SIZE; j++)
			expected[i][j] = (uint8_t)(i * VECTOR_SIZE + j);
	__asm__ volatile("msr fpcr, %0\n\tmsr fpsr, %1"
			 :: "r"((uint64_t)ROUNDS_DOWN), "r"((uint64_t)INEXACT));
	__asm__ volatile(EACH_PAIR(LOAD) SIGNAL EACH_PAIR(STORE)
			 :: "r"(expected), "r"(found), SIGNAL_INPUTS
			 : EACH_PAIR(CLOBBERED) SIGNAL_CLOBBERS);
	__asm__ volatile("mrs %0, fpsr" : "=r"(fpsr));
	printf("fpcr %#llx, in the handler %#llx, fpsr %#llx\n", (unsigned long long)get_fpcr(),
	       (unsigned long long)handler_fpcr, (unsigned long long)fpsr);
	memset(expected[3], 0x55, VECTOR_SIZE);
	for (int i = 0; i < VECTORS; i++)
		if (memcmp(found[i], expected[i], VECTOR_SIZE) != 0)
			printf("%d is another\n", i);
	__asm__ volatile("msr fpcr, xzr");
	for (uint64_t nzcv = 0; nzcv < 16; nzcv++) {
		__asm__ volatile("msr nzcv, %1\n\t" SIGNAL "mrs %0, nzcv"
				 : "=&r"(flags) : "r"(nzcv << 28), SIGNAL_INPUTS : SIGNAL_CLOBBERS);
		printf("flags %#llx\n", (unsigned long long)flags);
	}
}

/* By one in each step; wrong ones if another register is lost. */
static void count_to_1000(long *a, long *b)
{
	__asm__ volatile(
		"mov x9, #1000\n\tdup v7.2d, x9\n"
		"1:\tadd %0, %0, #1\n\tadd %1, %1, #1\n\tadd v8.2d, v8.2d, v7.2d\n\t"
		"subs x9, x9, #1\n\tb.ne 1b\n\tfmov x9, d7\n\tsub x9, x9, #1000\n\tadd %0, %0, x9"
		: "+r"(*a), "+r"(*b) :: "x9", "v7", "v8", "cc");
}

/* Arm ARM C5.2.18: NZCV, and M, which is EL0. */
#define FLAGS_AND_LEVEL 0xf000001full

/* Not each record: the kernel has some for parts of a processor that a machine may be without. */
static void frame_of(int number, siginfo_t *info, void *context)
{
	ucontext_t *to = context;
	const struct fpsimd_context *fp = vectors_of(to);
	const uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);
	const uintptr_t back = (uintptr_t)__builtin_return_address(0);
	const uintptr_t *link = *(const uintptr_t **)__builtin_frame_address(0);

	(void)number;
	printf("flags %#lx, link %d\n", to->uc_flags, to->uc_link != NULL);
	printf("stack %d %#x %zu\n", to->uc_stack.ss_sp != NULL,
	       (unsigned int)to->uc_stack.ss_flags, to->uc_stack.ss_size);
	printf("vectors first %d, size %u, end %d, cause %d\n",
	       (void *)fp == (void *)to->uc_mcontext.__reserved, fp->head.size,
	       record(to, 0)->size == 0, record(to, ESR_MAGIC) != NULL);
	printf("info at %td, context at %#x\n", (char *)info - (char *)context,
	       (unsigned int)((uintptr_t)context % 16));
	printf("below %lu, state %#llx\n", (unsigned long)(to->uc_mcontext.sp - (uintptr_t)context),
	       (unsigned long long)to->uc_mcontext.pstate & FLAGS_AND_LEVEL);
	/* its own frame has where it was called from: a record of who was interrupted */
	printf("record %td above info, of its caller %d %d\n", (char *)link - (char *)info,
	       link[0] == to->uc_mcontext.regs[29], link[1] == to->uc_mcontext.regs[30]);
	printf("returns to the page %d\n", back >= vdso && back < vdso + 2 * PAGE);
	printf("blocked %d %d\n", sigismember(&to->uc_sigmask, SIGUSR1),
	       sigismember(&to->uc_sigmask, SIGHUP));
}

/* Records may go on behind the first ones: one says where, and the end is in between. */
static void move(int number, siginfo_t *info, void *context)
{
	uint8_t *at = (uint8_t *)((ucontext_t *)context)->uc_mcontext.__reserved;
	struct fpsimd_context fp = *vectors_of(context);
	struct extra_context extra = { .head = { EXTRA_MAGIC, sizeof extra } };
	const struct esr_context cause = { .head = { ESR_MAGIC, sizeof cause } };
	const uint64_t end[2] = { 0 };

	(void)number;
	(void)info;
	memset(&fp.vregs[5], 0x33, VECTOR_SIZE);
	extra.datap = (uintptr_t)at + sizeof extra + sizeof end;
	extra.size = sizeof cause + sizeof fp + sizeof end;
	at = mempcpy(at, &extra, sizeof extra);
	at = mempcpy(at, end, sizeof end);
	at = mempcpy(at, &cause, sizeof cause);
	at = mempcpy(at, &fp, sizeof fp);
	memcpy(at, end, sizeof end);
}

/* A handler may forget all records but that of the vector registers. */
static void forget(int number, siginfo_t *info, void *context)
{
	struct fpsimd_context *fp = vectors_of(context);
	struct _aarch64_ctx *end = (struct _aarch64_ctx *)(fp + 1);

	(void)number;
	(void)info;
	memset(&fp->vregs[5], 0x55, VECTOR_SIZE);
	end->magic = end->size = 0;
}

static void forgotten(void)
{
	const int me = getpid(), number = SIGUSR1, call = SYS_kill;
	uint64_t x = 0;

	for (int moved = 0; moved < 2; moved++) {
		handle(SIGUSR1, moved ? move : forget, 0);
		__asm__ volatile("movi v5.16b, #255\n\t" SIGNAL "fmov %0, d5"
				 : "=r"(x) : SIGNAL_INPUTS : "v5", SIGNAL_CLOBBERS);
		printf("%#llx\n", (unsigned long long)x);
	}
}

/* They have to be there. */
static void spoil_vectors(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	vectors_of(context)->head.magic = 1;
}

static void spoil_address(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.pc = 1ull << 63;
}

/* To go on with a kernel's rights: at EL1, with a stack of its own. */
static void spoil_state(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.pstate |= 5;
}

/* A record that is longer than it can be. */
static void spoil_records(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	vectors_of(context)->head.size += VECTOR_SIZE;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What signals.c has of the processor: its registers, in frames and out of them, and its faults. */

/* Intel SDM volume 1, 10.5: where FXSAVE has what; software's place is Linux's own. */
enum { FXSAVE_XMM = 160, FXSAVE_SOFTWARE = 464, XSAVE_USED = 512 };

/* A signal to oneself, in assembly, with nothing of a library around. */
#define SIGNAL "mov %[me], %%edi\n\tmov %[number], %%esi\n\tmov %[call], %%eax\n\tsyscall\n\t"
#define SIGNAL_INPUTS [me] "m"(me), [number] "m"(number), [call] "m"(call)
#define SIGNAL_CLOBBERS "rax", "rdi", "rsi", "rcx", "r11", "memory", "cc"

/* A call with next to no stack, and the end. */
static void without_stack(long number, long a, long b)
{
	__asm__ volatile("mov $8, %%esp\n\tsyscall\n\tud2"
			 :: "a"(number), "D"(a), "S"(b) : "memory");
}

static void show_fault(const ucontext_t *context, const void *at)
{
	const greg_t *registers = context->uc_mcontext.gregs;

	printf(", trap %d, error %#x, there %d\n", (int)registers[REG_TRAPNO],
	       (unsigned int)registers[REG_ERR], (void *)registers[REG_CR2] == at);
}

/* Goes on behind the instruction. */
static volatile int skip;

static void step_over(int number, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

	printf("%d, code %d, at it %d, trap %d, error %#x\n", number, info->si_code,
	       info->si_addr == (void *)registers[REG_RIP], (int)registers[REG_TRAPNO],
	       (unsigned int)registers[REG_ERR]);
	registers[REG_RIP] += skip;
	registers[REG_RAX] = 77;
}

#define INSTRUCTION(text, size) \
	do { \
		long rax = 0, rdx = 0; \
		skip = size; \
		__asm__ volatile(text : "+a"(rax), "+d"(rdx) : "c"(0l) : "cc"); \
		printf("%ld\n", rax); \
	} while (0)

static void instructions(void)
{
	INSTRUCTION("div %%rcx", 3);
	INSTRUCTION("ud2", 2);
	INSTRUCTION("int3", 0);
	INSTRUCTION("hlt", 1);
	INSTRUCTION("mov $1, %%eax\n\tshl $63, %%rax\n\tmov (%%rax), %%rax", 3);
	INSTRUCTION("movl $0x1f00, -4(%%rsp)\n\tldmxcsr -4(%%rsp)\n\tpxor %%xmm0, %%xmm0\n\t"
		    "divps %%xmm0, %%xmm0", 3);
	/* its exceptions are masked again, in the program, not only in handlers */
	INSTRUCTION("movl $0x1f80, -4(%%rsp)\n\tldmxcsr -4(%%rsp)", 0);
}

static int avx;
static uint8_t expected[16][32];
static volatile uint32_t handler_mxcsr;

static uint32_t get_mxcsr(void)
{
	uint32_t mxcsr;

	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	return mxcsr;
}

/* Spoils what it may, and changes one register of the program's, in the frame. */
static void spoil(int number, siginfo_t *info, void *context)
{
	uint8_t *vectors = (uint8_t *)((ucontext_t *)context)->uc_mcontext.fpregs;

	note(number, info, context);
	handler_mxcsr = get_mxcsr();
	__asm__ volatile("pcmpeqd %%xmm0, %%xmm0\n\tpcmpeqd %%xmm9, %%xmm9\n\t"
			 "pcmpeqd %%xmm15, %%xmm15" ::: "xmm0", "xmm9", "xmm15");
	if (avx)
		__asm__ volatile("vxorps %%ymm1, %%ymm1, %%ymm1\n\tvxorps %%ymm14, %%ymm14, %%ymm14"
				 ::: "xmm1", "xmm14");
	memset(vectors + FXSAVE_XMM + 3 * 16, 0x55, 16);
}

#define EACH(op) \
	op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) \
	op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15)
#define LOAD(n) "vmovdqu " #n "*32(%0), %%ymm" #n "\n\t"
#define STORE(n) "vmovdqu %%ymm" #n ", " #n "*32(%1)\n\t"
#define LOAD_SSE(n) "movdqu " #n "*32(%0), %%xmm" #n "\n\t"
#define STORE_SSE(n) "movdqu %%xmm" #n ", " #n "*32(%1)\n\t"
#define VECTORS "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", \
		"xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

static void vectors(void)
{
	static uint8_t found[16][32];
	const int me = getpid(), number = SIGUSR1, call = SYS_kill;
	uint32_t mxcsr = 0x3f80;	/* rounds down */
	long flags;

	avx = __builtin_cpu_supports("avx");
	handle(SIGUSR1, spoil, 0);
	for (int i = 0; i < 16; i++)
		for (int j = 0; j < 32; j++)
			expected[i][j] = avx || j < 16 ? (uint8_t)(i * 32 + j) : 0;
	__asm__ volatile("ldmxcsr %0" :: "m"(mxcsr));
	if (avx)
		__asm__ volatile(EACH(LOAD) SIGNAL EACH(STORE)
				 :: "r"(expected), "r"(found), SIGNAL_INPUTS
				 : VECTORS, SIGNAL_CLOBBERS);
	else
		__asm__ volatile(EACH(LOAD_SSE) SIGNAL EACH(STORE_SSE)
				 :: "r"(expected), "r"(found), SIGNAL_INPUTS
				 : VECTORS, SIGNAL_CLOBBERS);
	printf("mxcsr %#x, in the handler %#x\n", get_mxcsr() & ~0x3fu, handler_mxcsr);
	memset(expected[3], 0x55, 16);
	for (int i = 0; i < 16; i++)
		if (memcmp(found[i], expected[i], 32) != 0)
			printf("%d is another\n", i);
	mxcsr = 0x1f80;
	__asm__ volatile("ldmxcsr %0" :: "m"(mxcsr));
	/* the direction flag and what arithmetic set */
	__asm__ volatile("std\n\tstc\n\t" SIGNAL "pushfq\n\tpop %0\n\tcld"
			 : "=&r"(flags) : SIGNAL_INPUTS : SIGNAL_CLOBBERS);
	printf("flags %#lx\n", flags & 0x401);
}

/* By one in each step; wrong ones if another register is lost. */
static void count_to_1000(long *a, long *b)
{
	__asm__ volatile(
		"mov $1000, %%ecx\n\tmovq %%rcx, %%xmm7\n\tpunpcklqdq %%xmm7, %%xmm7\n\t"
		"1:\tinc %0\n\tlea 1(%1), %1\n\tpaddq %%xmm7, %%xmm8\n\tdec %%ecx\n\t"
		"jnz 1b\n\tmovq %%xmm7, %%rcx\n\tsub $1000, %%rcx\n\tadd %%rcx, %0"
		: "+r"(*a), "+r"(*b) :: "rcx", "xmm7", "xmm8", "cc");
}

static uintptr_t handler_sp;

static void frame_of(int number, siginfo_t *info, void *context)
{
	const ucontext_t *to = context;
	const uint8_t *fp = (const uint8_t *)to->uc_mcontext.fpregs;
	const uint16_t *segments = (const uint16_t *)&to->uc_mcontext.gregs[REG_CSGSFS];
	uint32_t software[5], end;
	uint64_t used;

	(void)number;
	memcpy(software, fp + FXSAVE_SOFTWARE, sizeof software);
	memcpy(&end, fp + software[4], sizeof end);
	memcpy(&used, fp + XSAVE_USED, sizeof used);
	printf("flags %#lx, link %d\n", to->uc_flags, to->uc_link != NULL);
	printf("stack %d %#x %zu\n", to->uc_stack.ss_sp != NULL,
	       (unsigned int)to->uc_stack.ss_flags, to->uc_stack.ss_size);
	printf("segments %#x %#x %#x %#x\n", segments[0], segments[1], segments[2], segments[3]);
	printf("vectors %#x, %d, %d, size %u, end %#x\n", software[0], software[1] - software[4],
	       (int)((uintptr_t)fp % 64), software[4], end);
	printf("used %d\n", (used & 3) == 3 && (used & ~(uint64_t)software[2]) == 0);
	printf("info at %td, context at %#x, vectors %d above\n", (char *)info - (char *)context,
	       (unsigned int)((uintptr_t)context % 16), (int)(fp - (uint8_t *)info) / 64);
	handler_sp = (uintptr_t)to->uc_mcontext.gregs[REG_RSP];
	printf("below %d\n", (uintptr_t)fp + software[1] <= handler_sp - 128 &&
	       (uintptr_t)fp + software[1] > handler_sp - 128 - 64);
	printf("blocked %d %d\n", sigismember(&to->uc_sigmask, SIGUSR1),
	       sigismember(&to->uc_sigmask, SIGHUP));
}

/* A handler may forget its vector registers, or have only the old part of them. */
static volatile int how_forget;

static void forget(int number, siginfo_t *info, void *context)
{
	mcontext_t *to = &((ucontext_t *)context)->uc_mcontext;

	(void)number;
	(void)info;
	if (how_forget == 0)
		to->fpregs = NULL;
	else
		memset((char *)to->fpregs + FXSAVE_SOFTWARE, 0, 4);
}

static void forgotten(void)
{
	const int me = getpid(), number = SIGUSR1, call = SYS_kill;
	uint64_t x = 0;

	handle(SIGUSR1, forget, 0);
	for (how_forget = 0; how_forget < 2; how_forget++) {
		__asm__ volatile("pcmpeqd %%xmm5, %%xmm5\n\t" SIGNAL "movq %%xmm5, %0"
				 : "=r"(x) : SIGNAL_INPUTS : "xmm5", SIGNAL_CLOBBERS);
		printf("%#llx\n", (unsigned long long)x);
	}
}

static void spoil_vectors(int number, siginfo_t *info, void *context)
{
	mcontext_t *to = &((ucontext_t *)context)->uc_mcontext;

	(void)number;
	(void)info;
	*((uint8_t *)to->fpregs + XSAVE_USED + 5) = 0xff;	/* no such parts */
}

static void spoil_address(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = (greg_t)(1ull << 63);
}

/* To go on with a kernel's rights: in ring 0's segment. */
static void spoil_state(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	((uint16_t *)&((ucontext_t *)context)->uc_mcontext.gregs[REG_CSGSFS])[0] = 0x10;
}

/* Parts of the vector registers' state are where they cannot be. */
static void spoil_records(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.fpregs = (fpregset_t)8;
}

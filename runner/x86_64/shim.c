/* SPDX-License-Identifier: BSD-2-Clause */
/* Intel SDM volume 3: 3.4 segments, 6.14 exceptions, 7.7 TSS; volume 2: SYSCALL, OUT. */
#define _GNU_SOURCE
#include "shim.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>

#define PAGE ((unsigned int)VM_PAGE)
#define VECTORS 32

/* -------------------------------------------------------------------------
 * The code. It runs at other addresses than here, so nothing in it names one; what it
 * reads is in the page behind its own.
 */
extern const uint8_t shim_code[], shim_code_call[], shim_code_call_end[], shim_code_user[];
extern const uint8_t shim_code_user_end[], shim_code_probe[], shim_code_fault[];
extern const uint8_t shim_code_fault_told[], shim_code_fault_end[], shim_code_end[];
extern const uint8_t shim_code_borrow[], shim_code_borrow_end[];
/* Where calls are done, as distances from shim_code; 0 is the end. */
extern const uint16_t shim_done[];

/*
 * Vectors that push an error code: 8, 10 to 14, 17, 21, 29, 30 (SDM volume 3, table
 * 6-1; AMD's manual volume 2, table 8-1). The others get a 0 in its place.
 */
#define PUSH_ERROR (1 << 8 | 0x1f << 10 | 1 << 17 | 1 << 21 | 1 << 29 | 1 << 30)
#define VECTOR_SIZE 16

#define LOWER_HALF_BITS 47
#define LOWER_HALF (1ull << LOWER_HALF_BITS)

/* What the assembler is told: a number, and where fields of the pages behind the code are. */
#define VALUE(name, value) __asm__ volatile(".set " #name ", %c0" : : "i"(value))
#define DATA(name, field) VALUE(name, PAGE + offsetof(struct shim_data, field))
#define ANSWERED(field, name) \
	DATA(field, answers.field); \
	DATA(given_##field, given[SHIM_##name]); \
	VALUE(nr_get##field, SYS_get##field);
#define POOL(name, field) VALUE(name, 2 * PAGE + offsetof(struct shim_pool, field))
#define SHARED(name, field) VALUE(name, 3 * PAGE + offsetof(struct shim_shared, field))

/*
 * Nobody calls it: it is there so that the assembler is told offsets by the compiler.
 *
 * In ring 0, rcx and r11 hold the way back. Flags are free: r11 has the program's.
 *
 * In ring 3 flags are the program's, and only rcx and r11 are not. So nothing is
 * compared: jrcxz tells whether what `lea` left is zero, and r11 has the way back.
 */
__attribute__((used)) static void code(void)
{
	DATA(attention, attention);
	SHIM_EACH_ANSWER(ANSWERED)
	VALUE(port_call, SHIM_PORT_CALL);
	DATA(given_random, given[SHIM_RANDOM]);
	DATA(random_left, given[SHIM_RANDOM_LEFT]);
	DATA(saved_rax, saved.rax);
	DATA(saved_rcx, saved.rcx);
	DATA(saved_rdx, saved.rdx);
	DATA(saved_rsi, saved.rsi);
	DATA(saved_rdi, saved.rdi);
	POOL(next, next);
	POOL(byte, byte);
	SHARED(random, random);
	VALUE(fds, VM_RANDOM_FDS);
	VALUE(most, SHIM_POOL_MOST);
	VALUE(pool, SHIM_POOL);
	VALUE(above_user, LOWER_HALF - SHIM_USER_END);	/* "i" has 32 bits */
	VALUE(half_bits, LOWER_HALF_BITS);
	VALUE(nonblock, GRND_NONBLOCK);
	VALUE(nr_getrandom, SYS_getrandom);
	VALUE(nr_read, SYS_read);
	VALUE(port_fault, SHIM_PORT_FAULT);
	VALUE(vectors, VECTORS);
	VALUE(vector_size, VECTOR_SIZE);
	VALUE(push_error, PUSH_ERROR);
	__asm__ volatile(
		".pushsection .rodata\n"
		".macro done\n"
		"	.pushsection .rodata.shim_done, \"a\"\n"
		"	.short .Ldone\\@ - .Lshim\n"
		"	.popsection\n"
		".Ldone\\@:\n"
		".endm\n"
		".pushsection .rodata.shim_done, \"a\"\n"
		".balign 2\n"
		"shim_done:\n"
		".popsection\n"
		".balign 16\n"
		"shim_code:\n"
		".Lshim:\n"

		".macro answer number, field, counter\n"
		"	cmp $\\number, %rax\n"
		"	jne 1f\n"
		"	incl .Lshim + \\counter(%rip)\n"
		"	mov .Lshim + \\field(%rip), %eax\n"
		"	done\n"
		"	sysretq\n"
		"1:\n"
		".endm\n"
		"shim_code_call:\n"
		"	cmpl $0, .Lshim + attention(%rip)\n"
		"	jne 5f\n"
		"	answer nr_getpid, pid, given_pid\n"
		"	answer nr_gettid, tid, given_tid\n"
		"	answer nr_getuid, uid, given_uid\n"
		"	answer nr_geteuid, euid, given_euid\n"
		"	answer nr_getgid, gid, given_gid\n"
		"	answer nr_getegid, egid, given_egid\n"
		"	cmp $nr_getrandom, %rax\n"
		"	je 6f\n"
		"	cmp $nr_read, %rax\n"
		"	je 7f\n"
		"5:\n"
		"	out %al, $port_call\n"
		"	done\n"
		"	sysretq\n"

		".macro save\n"
		"	mov %rax, .Lshim + saved_rax(%rip)\n"
		"	mov %rcx, .Lshim + saved_rcx(%rip)\n"
		"	mov %rdx, .Lshim + saved_rdx(%rip)\n"
		"	mov %rsi, .Lshim + saved_rsi(%rip)\n"
		"	mov %rdi, .Lshim + saved_rdi(%rip)\n"
		".endm\n"
		".macro restore\n"
		"	mov .Lshim + saved_rcx(%rip), %rcx\n"
		"	mov .Lshim + saved_rdx(%rip), %rdx\n"
		"	mov .Lshim + saved_rsi(%rip), %rsi\n"
		"	mov .Lshim + saved_rdi(%rip), %rdi\n"
		".endm\n"
		"6:\n"				/* getrandom(rdi, rsi, rdx) */
		"	cmp $nonblock, %rdx\n"	/* or nothing */
		"	ja 5b\n"
		"	save\n"
		"	jmp 8f\n"
		"7:\n"				/* read(rdi, rsi, rdx) */
		"	cmp $fds, %rdi\n"
		"	jae 5b\n"
		"	bt %edi, .Lshim + random(%rip)\n"
		"	jnc 5b\n"
		"	save\n"
		"shim_code_borrow:\n"
		"	mov %rsi, %rdi\n"
		"	mov %rdx, %rsi\n"
		"8:\n"				/* rsi bytes for rdi */
		"	lea -1(%rsi), %rdx\n"
		"	cmp $most - 1, %rdx\n"
		"	ja 9f\n"
		"	mov $((1 << half_bits) - above_user), %rdx\n"
		"	sub %rsi, %rdx\n"
		"	cmp %rdx, %rdi\n"
		"	ja 9f\n"
		"	mov .Lshim + next(%rip), %edx\n"
		"	lea (%rdx, %rsi), %ecx\n"
		"	cmp $pool, %ecx\n"
		"	ja 9f\n"
		"	mov %ecx, .Lshim + next(%rip)\n"
		"	mov %esi, %ecx\n"
		"	lea .Lshim + byte(%rip), %rsi\n"
		"	add %rdx, %rsi\n"
		"	rep movsb\n"		/* a fault here is the back end's */
		"	lea .Lshim + byte(%rip), %rdi\n"
		"	add %rdx, %rdi\n"
		"	mov .Lshim + next(%rip), %ecx\n"
		"	sub %edx, %ecx\n"
		"	mov %ecx, %edx\n"
		"	xor %eax, %eax\n"
		"	rep stosb\n"
		"	mov %edx, %eax\n"
		"	incl .Lshim + given_random(%rip)\n"
		"	restore\n"
		"	done\n"
		"	sysretq\n"
		"9:\n"
		"	incl .Lshim + random_left(%rip)\n"
		"	restore\n"
		"	jmp 5b\n"
		"shim_code_borrow_end:\n"
		"shim_code_call_end:\n"

		".macro ask_user number, label\n"
		"	lea -\\number(%rax), %rcx\n"
		"	jrcxz \\label\n"
		".endm\n"
		".macro answer_user label, field\n"
		"\\label:	mov .Lshim + \\field(%rip), %eax\n"
		"	done\n"
		"	jmp *%r11\n"
		".endm\n"
		".balign 16\n"
		"shim_code_user:\n"
		"	mov %rcx, %r11\n"
		"	mov .Lshim + attention(%rip), %ecx\n"
		"	jrcxz 2f\n"
		"	jmp 3f\n"
		"2:\n"
		"	ask_user nr_getpid, .Lpid\n"
		"	ask_user nr_gettid, .Ltid\n"
		"	ask_user nr_getuid, .Luid\n"
		"	ask_user nr_geteuid, .Leuid\n"
		"	ask_user nr_getgid, .Lgid\n"
		"	ask_user nr_getegid, .Legid\n"
		"3:	out %al, $port_call\n"
		"	done\n"
		"	jmp *%r11\n"
		"	answer_user .Lpid, pid\n"
		"	answer_user .Ltid, tid\n"
		"	answer_user .Luid, uid\n"
		"	answer_user .Leuid, euid\n"
		"	answer_user .Lgid, gid\n"
		"	answer_user .Legid, egid\n"
		"shim_code_user_end:\n"
		".balign 16\n"
		"shim_code_probe:\n"
		"	lfence\n	rdtsc\n"
		"	shl $32, %rdx\n"
		"	or %rdx, %rax\n"
		"	syscall\n"
		"	jmp .\n"

		".balign 16\n"
		"shim_code_fault:\n"
		"	.set vector, 0\n"
		"	.rept vectors\n"
		"	.balign vector_size\n"
		"	.if (push_error >> vector & 1) == 0\n"
		"	push $0\n"
		"	.endif\n"
		"	push $vector\n"
		"	jmp 4f\n"
		"	.set vector, vector + 1\n"
		"	.endr\n"
		"4:\n"
		"	out %al, $port_fault\n"
		"shim_code_fault_told:\n"
		"	add $16, %rsp\n"	/* vector and error code */
		"	iretq\n"
		"shim_code_fault_end:\n"
		"shim_code_end:\n"
		".pushsection .rodata.shim_done, \"a\"\n"
		"	.short 0\n"
		".popsection\n"
		".popsection\n");
}

/* -------------------------------------------------------------------------
 * Segments and gates. Ring 0 lives in the kernel's half of the addresses.
 */
#define KERNEL_BASE 0xffff800000000000ull
/* In pages: what all share, and each vCPU's, with gaps around the one with the stack. */
enum { AT_CODE, AT_GDT, AT_IDT, AT_CPUS };
enum { CPU_CODE, CPU_DATA, CPU_POOL, CPU_SHARED, CPU_TASK = CPU_SHARED + 2, CPU_PAGES = CPU_TASK + 2 };

#define SEGMENT_PRESENT (1ull << 47)
#define SEGMENT_USER (3ull << 45)
#define SEGMENT_MEMORY (1ull << 44)
#define SEGMENT_WRITE (1ull << 41)
#define SEGMENT_CODE (3ull << 43 | 1ull << 41)
#define SEGMENT_LONG (1ull << 53)
#define SEGMENT_BIG (1ull << 54)
#define SEGMENT_WHOLE (1ull << 55 | 0xfull << 48 | 0xffff)	/* 4 GiB; accessed, so nobody writes it */
#define SEGMENT_ACCESSED (1ull << 40)
#define SEGMENT_TASK (11ull << 40)
#define GATE_INTERRUPT 14ull
#define GATE_PRESENT 0x80ull
#define GATE_USER 0x60ull
#define GATE_STACK (1ull << 32)	/* the first of the task state segment's */

static uint64_t memory_segment(uint64_t flags)
{
	return SEGMENT_PRESENT | SEGMENT_MEMORY | SEGMENT_WHOLE | SEGMENT_ACCESSED | flags;
}

/* Task registers are loaded by the host: no descriptor says where their segments are. */
static void fill_gdt(uint64_t *gdt)
{
	gdt[SHIM_KERNEL_CS / 8] = memory_segment(SEGMENT_CODE | SEGMENT_LONG);
	gdt[SHIM_KERNEL_SS / 8] = memory_segment(SEGMENT_WRITE | SEGMENT_BIG);
	gdt[SHIM_USER_SS / 8] = memory_segment(SEGMENT_WRITE | SEGMENT_BIG | SEGMENT_USER);
	gdt[SHIM_USER_CS / 8] = memory_segment(SEGMENT_CODE | SEGMENT_LONG | SEGMENT_USER);
}

/*
 * int3 and into are user code's to call. All have the stack of their own: the code of
 * system calls has none, and could not push a frame where the program's is.
 */
static void fill_idt(uint64_t *idt, uint64_t code)
{
	for (unsigned int v = 0; v < VECTORS; v++) {
		uint64_t at = code + v * VECTOR_SIZE;
		uint64_t rights = GATE_PRESENT | GATE_INTERRUPT | (v == 3 || v == 4 ? GATE_USER : 0);

		idt[2 * v] = (at & 0xffff) | SHIM_KERNEL_CS << 16 | GATE_STACK | rights << 40 |
			     (at >> 16 & 0xffff) << 48;
		idt[2 * v + 1] = at >> 32;
	}
}

/*
 * The map of ports has a bit for each, and the processor reads two bytes at a time; it
 * ends behind the last port that anybody asks for. Others are behind the limit.
 */
enum { TSS_IST1 = 36, TSS_MAP_BASE = 102, TSS_MAP = 104, TSS_MAP_SIZE = SHIM_PORT_FAULT / 8 + 2,
       TSS_SIZE = TSS_MAP + TSS_MAP_SIZE };

static void open_port(uint8_t *task, bool open)
{
	uint8_t *byte = task + TSS_MAP + SHIM_PORT_CALL / 8;
	uint8_t bit = 1u << SHIM_PORT_CALL % 8;

	*byte = open ? *byte & ~bit : *byte | bit;
}

static void fill_task(uint8_t *task, uint64_t stack_end)
{
	const uint16_t map = TSS_MAP;

	memcpy(task + TSS_IST1, &stack_end, sizeof stack_end);
	memcpy(task + TSS_MAP_BASE, &map, sizeof map);
	memset(task + TSS_MAP, 0xff, TSS_MAP_SIZE);
}

/* -------------------------------------------------------------------------
 * Pages.
 */
static uint64_t place(unsigned int number)
{
	return KERNEL_BASE + number * (uint64_t)PAGE;
}

static bool map(struct pages *pages, uint64_t at, uint64_t page, unsigned int flags)
{
	if (!page || !pages_prepare(pages, at, PAGE))
		return false;
	pages_set(pages, at, page, flags);
	return true;
}

/* A page of its own there. */
static uint8_t *give(struct pages *pages, uint64_t at, unsigned int flags)
{
	uint64_t page = tables_take(&pages->tables);

	return map(pages, at, page, flags) ? tables_at(&pages->tables, page) : NULL;
}

bool shim_create(struct shim *shim, struct pages *pages)
{
	uint8_t *code, *gdt, *idt;

	code = give(pages, place(AT_CODE), PAGE_EXEC);
	gdt = give(pages, place(AT_GDT), PAGE_WRITE);
	idt = give(pages, place(AT_IDT), 0);
	shim->shared_page = tables_take(&pages->tables);
	if (!code || !gdt || !idt || !shim->shared_page)
		return false;
	shim->shared = tables_at(&pages->tables, shim->shared_page);
	memcpy(code, shim_code, (size_t)(shim_code_end - shim_code));
	shim->code = pages->tables.physical + (uint64_t)(code - pages->tables.host);

	shim->gdt = place(AT_GDT);
	shim->gdt_limit = SHIM_TASK + 2 * 8 - 1;
	shim->idt = place(AT_IDT);
	shim->idt_limit = VECTORS * 16 - 1;
	shim->tss_limit = TSS_SIZE - 1;
	shim->fault = place(AT_CODE) + (uint64_t)(shim_code_fault - shim_code);
	shim->fault_told = place(AT_CODE) + (uint64_t)(shim_code_fault_told - shim_code);
	shim->fault_end = place(AT_CODE) + (uint64_t)(shim_code_fault_end - shim_code);
	fill_gdt((uint64_t *)gdt);
	fill_idt((uint64_t *)idt, shim->fault);
	return true;
}

static uint64_t user_place(unsigned int number)
{
	return SHIM_USER_END + number * (uint64_t)(SHIM_USER_PAGES * PAGE);
}

static uint64_t cpu_place(unsigned int number)
{
	return place(AT_CPUS + number * CPU_PAGES);
}

/* Three pages, one behind the other: data, random bytes, and what the processor itself wants. */
static bool map_cpu(struct shim *shim, struct pages *pages, unsigned int number)
{
	uint64_t data = tables_take(&pages->tables), pool = tables_take(&pages->tables), task = tables_take(&pages->tables);
	uint64_t at = cpu_place(number);

	if (!task || !map(pages, at + CPU_CODE * PAGE, shim->code, PAGE_EXEC) ||
	    !map(pages, at + CPU_DATA * PAGE, data, PAGE_WRITE) ||
	    !map(pages, at + CPU_POOL * PAGE, pool, PAGE_WRITE) ||
	    !map(pages, at + CPU_SHARED * PAGE, shim->shared_page, 0) ||
	    !map(pages, at + CPU_TASK * PAGE, task, PAGE_WRITE) ||
	    !pages_prepare(pages, user_place(number), SHIM_USER_PAGES * PAGE))
		return false;
	fill_task(tables_at(&pages->tables, task), at + (CPU_TASK + 1) * PAGE);
	shim->cpu[number] = data;
	return true;
}

bool shim_add_cpu(struct shim *shim, struct pages *pages, unsigned int number, struct shim_cpu *cpu)
{
	if (number >= SHIM_CPUS || (!shim->cpu[number] && !map_cpu(shim, pages, number)))
		return false;
	cpu->data = tables_at(&pages->tables, shim->cpu[number]);
	cpu->pool = (struct shim_pool *)((uint8_t *)cpu->data + PAGE);
	cpu->task = (uint8_t *)cpu->pool + PAGE;
	cpu->tss = cpu_place(number) + CPU_TASK * PAGE;
	cpu->call = cpu_place(number) + (uint64_t)(shim_code_call - shim_code);
	cpu->user_call = user_place(number) + (uint64_t)(shim_code_user - shim_code);
	shim_open(shim, pages, number, shim->in_ring3);
	return true;
}

void shim_open(struct shim *shim, struct pages *pages, unsigned int number, bool open)
{
	uint64_t data = shim->cpu[number], at = user_place(number);

	open_port((uint8_t *)tables_at(&pages->tables, data) + 2 * PAGE, open);
	if (open) {
		pages_set(pages, at, shim->code, PAGE_USER | PAGE_EXEC);
		pages_set(pages, at + PAGE, data, PAGE_USER);
	} else {
		pages_clear(pages, at);
		pages_clear(pages, at + PAGE);
	}
}

/* -------------------------------------------------------------------------
 * System calls.
 */
uint64_t shim_probe(const struct shim_cpu *cpu)
{
	return cpu->user_call + (uint64_t)(shim_code_probe - shim_code_user);
}

/* In ring 3 there is no place that the program could not read. */
bool shim_writes(const struct shim *shim)
{
	return !shim->in_ring3;
}

static bool is_done(uint64_t distance)
{
	for (const uint16_t *done = shim_done; *done; done++)
		if (*done == distance)
			return true;
	return false;
}

enum shim_place shim_place(const struct shim *shim, const struct shim_cpu *cpu, uint64_t rip)
{
	const uint8_t *start = shim->in_ring3 ? shim_code_user : shim_code_call;
	const uint8_t *end = shim->in_ring3 ? shim_code_user_end : shim_code_call_end;
	uint64_t distance = rip - (shim->in_ring3 ? cpu->user_call : cpu->call);
	const uint8_t *at;

	if (distance >= (uint64_t)(end - start))
		return SHIM_ELSEWHERE;
	at = start + distance;
	if (is_done((uint64_t)(at - shim_code)))
		return SHIM_DONE;
	return at >= shim_code_borrow && at < shim_code_borrow_end ? SHIM_BORROWED : SHIM_ASKED;
}

/* -------------------------------------------------------------------------
 * Exceptions.
 */
struct shim_frame *shim_frame(const struct shim_cpu *cpu)
{
	return (struct shim_frame *)(cpu->task + PAGE - sizeof(struct shim_frame));
}

enum { DIVIDE = 0, DEBUG = SHIM_DEBUG, BREAKPOINT = 3, OVERFLOW = 4, BOUND = 5, INVALID = 6,
       STACK_SEGMENT = 12, PAGE_FAULT = 14, X87 = 16, ALIGNMENT = 17, SIMD = 19 };
#define PAGE_FAULT_PRESENT 1
#define PAGE_FAULT_WRITE 2
#define PAGE_FAULT_FETCH 16

static unsigned int wanted(uint64_t error)
{
	return error & PAGE_FAULT_WRITE ? GUEST_WRITE :
	       error & PAGE_FAULT_FETCH ? GUEST_EXEC :
					  GUEST_READ;
}

struct shim_signal shim_signal(const struct shim_frame *frame, uint64_t cr2)
{
	switch (frame->vector) {
	case DIVIDE:
		return (struct shim_signal){ SIGFPE, FPE_INTDIV, frame->rip, 0 };
	case X87:
	case SIMD:
		return (struct shim_signal){ SIGFPE, FPE_FLTINV, frame->rip, 0 };
	case DEBUG:
		return (struct shim_signal){ SIGTRAP, TRAP_TRACE, frame->rip, 0 };
	case BREAKPOINT:
		return (struct shim_signal){ SIGTRAP, SI_KERNEL, 0, 0 };
	case INVALID:
		return (struct shim_signal){ SIGILL, ILL_ILLOPN, frame->rip, 0 };
	case STACK_SEGMENT:
		return (struct shim_signal){ SIGBUS, SI_KERNEL, 0, 0 };
	case ALIGNMENT:
		return (struct shim_signal){ SIGBUS, BUS_ADRALN, 0, 0 };
	case PAGE_FAULT:
		return (struct shim_signal){
			SIGSEGV, frame->error & PAGE_FAULT_PRESENT ? SEGV_ACCERR : SEGV_MAPERR, cr2,
			wanted(frame->error)
		};
	default:	/* general protection and what does not come in 64-bit mode */
		return (struct shim_signal){ SIGSEGV, SI_KERNEL, 0, 0 };
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Intel SDM volume 3: 3.4 segments, 6.14 exceptions, 7.7 TSS; volume 2: SYSCALL, OUT. */
#define _GNU_SOURCE
#include "shim.h"

#include <signal.h>
#include <string.h>

#define TEXT_(macro) #macro
#define TEXT(macro) TEXT_(macro)
#define PAGE 4096u
#define VECTORS 32
#define PORT_CALL 0x41
#define PORT_FAULT 0x42
_Static_assert(PORT_CALL == SHIM_PORT_CALL && PORT_FAULT == SHIM_PORT_FAULT, "ports");

/* -------------------------------------------------------------------------
 * The code. It runs at other addresses than here, so nothing in it names one.
 */
extern const uint8_t shim_code[], shim_code_call[], shim_code_call_end[], shim_code_probe[];
extern const uint8_t shim_code_fault[], shim_code_fault_told[], shim_code_fault_end[], shim_code_end[];

/*
 * Vectors that push an error code: 8, 10 to 14, 17, 21, 29, 30 (SDM volume 3, table
 * 6-1; AMD's manual volume 2, table 8-1). The others get a 0 in its place.
 */
#define PUSH_ERROR (1 << 8 | 0x1f << 10 | 1 << 17 | 1 << 21 | 1 << 29 | 1 << 30)
#define VECTOR_SIZE 16

__asm__(".pushsection .rodata\n"
	".balign 16\n"
	"shim_code:\n"
	/* system call: rcx and r11 hold the way back */
	"shim_code_call:\n"
	"	out %al, $" TEXT(PORT_CALL) "\n"
	"	sysretq\n"
	"shim_code_call_end:\n"
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
	"	.rept " TEXT(VECTORS) "\n"
	"	.balign " TEXT(VECTOR_SIZE) "\n"
	"	.if (" TEXT(PUSH_ERROR) " >> vector & 1) == 0\n"
	"	push $0\n"
	"	.endif\n"
	"	push $vector\n"
	"	jmp shim_tell_fault\n"
	"	.set vector, vector + 1\n"
	"	.endr\n"
	"shim_tell_fault:\n"
	"	out %al, $" TEXT(PORT_FAULT) "\n"
	"shim_code_fault_told:\n"
	"	add $16, %rsp\n"	/* vector and error code */
	"	iretq\n"
	"shim_code_fault_end:\n"
	"shim_code_end:\n"
	".popsection\n");

uint64_t shim_probe(void)
{
	return SHIM_USER_CALL + (uint64_t)(shim_code_probe - shim_code);
}

/* -------------------------------------------------------------------------
 * Segments and gates. Ring 0 lives in the kernel's half of the addresses.
 */
#define KERNEL_BASE 0xffff800000000000ull
enum { AT_CODE, AT_GDT, AT_IDT, AT_CPUS = AT_IDT + 2 };	/* pages; in front of each of a vCPU is a gap */

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

/* int3 and into are user code's to call. */
static void fill_idt(uint64_t *idt, uint64_t code)
{
	for (unsigned int v = 0; v < VECTORS; v++) {
		uint64_t at = code + v * VECTOR_SIZE;
		uint64_t rights = GATE_PRESENT | GATE_INTERRUPT | (v == 3 || v == 4 ? GATE_USER : 0);

		idt[2 * v] = (at & 0xffff) | SHIM_KERNEL_CS << 16 | rights << 40 |
			     (at >> 16 & 0xffff) << 48;
		idt[2 * v + 1] = at >> 32;
	}
}

/*
 * The map of ports has a bit for each, and the processor reads two bytes at a time; it
 * ends behind the last port that anybody asks for. Others are behind the limit.
 */
enum { TSS_RSP0 = 4, TSS_MAP_BASE = 102, TSS_MAP = 104, TSS_MAP_SIZE = SHIM_PORT_FAULT / 8 + 2,
       TSS_SIZE = TSS_MAP + TSS_MAP_SIZE };

static void open_port(uint8_t *task, bool open)
{
	uint8_t *byte = task + TSS_MAP + SHIM_PORT_CALL / 8;
	uint8_t bit = 1u << SHIM_PORT_CALL % 8;

	*byte = open ? *byte & ~bit : *byte | bit;
}

static void fill_task(const struct shim_cpu *cpu, bool open)
{
	const uint16_t map = TSS_MAP;

	memcpy(cpu->host + TSS_RSP0, &cpu->stack_end, sizeof cpu->stack_end);
	memcpy(cpu->host + TSS_MAP_BASE, &map, sizeof map);
	memset(cpu->host + TSS_MAP, 0xff, TSS_MAP_SIZE);
	open_port(cpu->host, open);
}

void shim_open_port(struct shim *shim, const struct pages *pages, bool open)
{
	shim->port_open = open;
	for (unsigned int i = 0; i < SHIM_CPUS; i++)
		if (shim->cpu[i])
			open_port(pages_at(pages, shim->cpu[i]), open);
}

/* A page of its own at that place of ring 0. */
static uint8_t *give(struct pages *pages, unsigned int place, unsigned int flags)
{
	uint64_t at = KERNEL_BASE + place * (uint64_t)PAGE, page = pages_take(pages);

	if (!page || !pages_prepare(pages, at, PAGE))
		return NULL;
	pages_set(pages, at, page, flags);
	return pages_at(pages, page);
}

static uint64_t place(unsigned int number)
{
	return KERNEL_BASE + number * (uint64_t)PAGE;
}

bool shim_add_cpu(struct shim *shim, struct pages *pages, unsigned int number, struct shim_cpu *cpu)
{
	const unsigned int at = AT_CPUS + 2 * number;

	if (number >= SHIM_CPUS)
		return false;
	if (!shim->cpu[number]) {
		uint8_t *host = give(pages, at, PAGE_WRITE);

		if (!host)
			return false;
		shim->cpu[number] = pages->physical + (uint64_t)(host - pages->host);
	}
	cpu->host = pages_at(pages, shim->cpu[number]);
	cpu->tss = place(at);
	cpu->stack_end = place(at + 1);
	fill_task(cpu, shim->port_open);
	return true;
}

bool shim_create(struct shim *shim, struct pages *pages)
{
	uint8_t *code, *gdt, *idt;
	size_t size = (size_t)(shim_code_end - shim_code);

	code = give(pages, AT_CODE, PAGE_EXEC);
	gdt = give(pages, AT_GDT, PAGE_WRITE);
	idt = give(pages, AT_IDT, 0);
	if (!code || !gdt || !idt || !pages_prepare(pages, SHIM_USER_CALL, PAGE))
		return false;
	memcpy(code, shim_code, size);
	shim->code = pages->physical + (uint64_t)(code - pages->host);

	shim->gdt = place(AT_GDT);
	shim->gdt_limit = SHIM_TASK + 2 * 8 - 1;
	shim->idt = place(AT_IDT);
	shim->idt_limit = VECTORS * 16 - 1;
	shim->tss_limit = TSS_SIZE - 1;
	shim->call = place(AT_CODE) + (uint64_t)(shim_code_call - shim_code);
	shim->call_end = place(AT_CODE) + (uint64_t)(shim_code_call_end - shim_code);
	shim->user_call = SHIM_USER_CALL + (uint64_t)(shim_code_call - shim_code);
	shim->fault = place(AT_CODE) + (uint64_t)(shim_code_fault - shim_code);
	shim->fault_told = place(AT_CODE) + (uint64_t)(shim_code_fault_told - shim_code);
	shim->fault_end = place(AT_CODE) + (uint64_t)(shim_code_fault_end - shim_code);
	fill_gdt((uint64_t *)gdt);
	fill_idt((uint64_t *)idt, shim->fault);
	return true;
}

/* -------------------------------------------------------------------------
 * Exceptions.
 */
/* The processor aligns the stack to 16 bytes first, as it is already. */
struct shim_frame *shim_frame(const struct shim_cpu *cpu)
{
	return (struct shim_frame *)(cpu->host + PAGE - sizeof(struct shim_frame));
}

enum { DIVIDE = 0, DEBUG = 1, BREAKPOINT = 3, OVERFLOW = 4, BOUND = 5, INVALID = 6,
       STACK_SEGMENT = 12, PAGE_FAULT = 14, X87 = 16, ALIGNMENT = 17, SIMD = 19 };
#define PAGE_FAULT_PRESENT 1

struct shim_signal shim_signal(const struct shim_frame *frame, uint64_t cr2)
{
	switch (frame->vector) {
	case DIVIDE:
		return (struct shim_signal){ SIGFPE, FPE_INTDIV, frame->rip };
	case X87:
	case SIMD:
		return (struct shim_signal){ SIGFPE, FPE_FLTINV, frame->rip };
	case DEBUG:
		return (struct shim_signal){ SIGTRAP, TRAP_TRACE, frame->rip };
	case BREAKPOINT:
		return (struct shim_signal){ SIGTRAP, SI_KERNEL, 0 };
	case INVALID:
		return (struct shim_signal){ SIGILL, ILL_ILLOPN, frame->rip };
	case STACK_SEGMENT:
		return (struct shim_signal){ SIGBUS, SI_KERNEL, 0 };
	case ALIGNMENT:
		return (struct shim_signal){ SIGBUS, BUS_ADRALN, 0 };
	case PAGE_FAULT:
		return (struct shim_signal){
			SIGSEGV, frame->error & PAGE_FAULT_PRESENT ? SEGV_ACCERR : SEGV_MAPERR, cr2
		};
	default:	/* general protection and what does not come in 64-bit mode */
		return (struct shim_signal){ SIGSEGV, SI_KERNEL, 0 };
	}
}

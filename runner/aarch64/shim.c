/* SPDX-License-Identifier: BSD-2-Clause */
/* Arm Architecture Reference Manual (ARM DDI 0487): D1.3 exceptions, D23.2 system registers. */
#include "shim.h"

#include <string.h>

#include "../guest-signals.h"
#include "assembly.h"

#define PAGE ((unsigned int)VM_PAGE)

/* System calls of Linux's programs, whatever the host is: include/uapi/asm-generic/unistd.h. */
enum {
	LINUX_READ = 63,
	LINUX_GETPID = 172,
	LINUX_GETUID = 174,
	LINUX_GETEUID = 175,
	LINUX_GETGID = 176,
	LINUX_GETEGID = 177,
	LINUX_GETTID = 178,
	LINUX_GETRANDOM = 278,
	LINUX_GRND_NONBLOCK = 1,
};

/* D23.2.41: ESR_EL1, its classes of exceptions. */
enum { ESR_CLASS_SHIFT = 26, ESR_CLASS_BITS = 6 };
enum esr_class {
	ESR_UNKNOWN = 0x00,
	ESR_WAIT = 0x01,
	ESR_SVC = 0x15,
	ESR_PAC = 0x1c,
	ESR_FETCH = 0x20,
	ESR_PC_ALIGNMENT = 0x22,
	ESR_DATA = 0x24,
	ESR_SP_ALIGNMENT = 0x26,
	ESR_FLOAT = 0x2c,
	ESR_STEP = 0x32,
	ESR_BREAK = 0x3c,
};

/* -------------------------------------------------------------------------
 * The code: a page that begins with the 16 vectors (D1.3.1.5). EL1 is always there with its own
 * stack pointer, which is the address of the vCPU's data; the pages behind that are its pool,
 * what all share, and the doorbell.
 */
extern const uint8_t shim_code[] ASM_DEFINED;
extern const struct shim_places {
	uint16_t entered, borrowed, saved, slot_end;	/* in the vector of user code's exceptions */
	uint16_t abort, abort_end;			/* the vector of EL1's own */
	uint16_t main, store, failed, done, resume, measure, end;
} shim_places ASM_DEFINED;

enum { POOL_AT = 1, SHARED_AT, BELL_AT, CPU_PAGES = 8 };	/* pages behind the data's */

enum { MEASURE_ROUNDS = 100 };

/* What the assembler is told: a number, and where fields of the pages are. */
#define VALUE(name, value) __asm__ volatile(".set " #name ", %c0" : : "i"(value))
#define DATA(name, field) VALUE(name, offsetof(struct shim_data, field))
#define ANSWERED(field, name) \
	DATA(field, answers.field); \
	DATA(given_##field, given[SHIM_##name]); \
	VALUE(nr_get##field, LINUX_GET##name);
#define BELL(name, which) VALUE(name, BELL_AT * PAGE + (which))

/*
 * Nobody calls it: it is there so that the assembler is told offsets by the compiler.
 *
 * User code's x0 to x3 are in the frame after the first instructions, and are the shim's to use;
 * flags are in SPSR_EL1. An exception of EL1's own is only expected where a random byte goes to the
 * program: sttrb does it with the program's rights. There the frame has pc and pstate, since
 * ELR_EL1 and SPSR_EL1 get lost.
 */
__attribute__((used)) static void code(void)
{
	DATA(flush, flush);
	SHIM_EACH_ANSWER(ANSWERED)
	DATA(given_random, given[SHIM_RANDOM]);
	DATA(random_left, given[SHIM_RANDOM_LEFT]);
	DATA(wanted, wanted);
	DATA(measured, measured);
	DATA(measured_counter, measured.counter);
	VALUE(rounds, MEASURE_ROUNDS);
	DATA(frame, frame);
	DATA(frame_sp, frame.sp);
	DATA(frame_pc, frame.pc);
	DATA(frame_thread, frame.thread);
	DATA(frame_syndrome, frame.syndrome);
	DATA(frame_address, frame.address);
	VALUE(next, POOL_AT * PAGE + offsetof(struct shim_pool, next));
	VALUE(pool_page, POOL_AT * PAGE);
	VALUE(pool_byte, offsetof(struct shim_pool, byte));
	VALUE(pool, SHIM_POOL);
	VALUE(most, SHIM_POOL_MOST);
	VALUE(random, SHARED_AT * PAGE + offsetof(struct shim_shared, random));
	VALUE(fds, VM_RANDOM_FDS);
	BELL(bell_tells, SHIM_TELLS);
	BELL(bell_flushed, SHIM_FLUSHED);
	BELL(bell_trouble, SHIM_TROUBLE);
	VALUE(class_shift, ESR_CLASS_SHIFT);
	VALUE(class_svc, ESR_SVC);
	VALUE(nr_getrandom, LINUX_GETRANDOM);
	VALUE(nr_read, LINUX_READ);
	VALUE(nonblock, LINUX_GRND_NONBLOCK);
	_Static_assert(offsetof(struct shim_data, attention) == 0, "ldar has no offset");
	_Static_assert(offsetof(struct shim_frame, pstate) == offsetof(struct shim_frame, pc) + 8,
		       "a pair");
	__asm__ volatile(
		ASM_CONST
		".balign 2048\n"
		ASM_SYMBOL("shim_code") ":\n"
		L("shim") ":\n"

		".macro count counter\n"
		"	ldr w3, [sp, #\\counter]\n"
		"	add w3, w3, #1\n"
		"	str w3, [sp, #\\counter]\n"
		".endm\n"
		".macro trouble\n"
		"	.balign 128\n"
		"	str xzr, [sp, #bell_trouble]\n"
		"	b .\n"
		".endm\n"

		/* EL1's own: with user code's stack pointer, with its own */
		"	.rept 4\n"
		"	trouble\n"
		"	.endr\n"
		"	.balign 128\n"
		L("abort") ":\n"
		"	mrs x0, elr_el1\n"
		"	adr x3, " L("store") "\n"
		"	cmp x0, x3\n"
		"	b.eq " L("failed") "\n"
		"	str xzr, [sp, #bell_trouble]\n"
		"	b .\n"
		L("abort_end") ":\n"
		"	.rept 3\n"
		"	trouble\n"
		"	.endr\n"

		/* of 64-bit user code */
		"	.balign 128\n"
		L("entered") ":\n"
		"	stp x0, x1, [sp, #frame]\n"
		"	stp x2, x3, [sp, #frame + 16]\n"
		L("borrowed") ":\n"
		"	mrs x0, elr_el1\n"
		"	mrs x1, spsr_el1\n"
		"	stp x0, x1, [sp, #frame_pc]\n"
		"	mrs x0, esr_el1\n"
		"	str x0, [sp, #frame_syndrome]\n"
		L("saved") ":\n"
		"	b " L("main") "\n"
		L("slot_end") ":\n"
		/* the rest of it, and 32-bit user code, which there is none of */
		"	.rept 7\n"
		"	trouble\n"
		"	.endr\n"
		"	.balign 128\n"

		".macro answer number, field, counter\n"
		"	cmp w8, #\\number\n"
		"	b.ne 1f\n"
		"	count \\counter\n"
		"	ldr w0, [sp, #\\field]\n"
		"	b " L("answered") "\n"
		"1:\n"
		".endm\n"
		L("main") ":\n"
		"	lsr x0, x0, #class_shift\n"
		"	cmp x0, #class_svc\n"
		"	b.ne " L("fault") "\n"
		"	ldar w0, [sp]\n"
		"	cbnz w0, " L("tell") "\n"
		"	answer nr_getpid, pid, given_pid\n"
		"	answer nr_gettid, tid, given_tid\n"
		"	answer nr_getuid, uid, given_uid\n"
		"	answer nr_geteuid, euid, given_euid\n"
		"	answer nr_getgid, gid, given_gid\n"
		"	answer nr_getegid, egid, given_egid\n"
		"	cmp w8, #nr_read\n"
		"	b.eq 2f\n"
		"	cmp w8, #nr_getrandom\n"
		"	b.ne " L("tell") "\n"

		"	ldr w0, [sp, #frame + 16]\n"		/* getrandom(x0, x1, w2) */
		"	cmp w0, #nonblock\n"			/* or nothing */
		"	b.hi " L("tell") "\n"
		"	ldp x0, x1, [sp, #frame]\n"
		"	b 3f\n"
		"2:	ldr w0, [sp, #frame]\n"			/* read(w0, x1, x2) */
		"	cmp w0, #fds\n"
		"	b.hs " L("tell") "\n"
		"	lsr w1, w0, #5\n"
		"	add x2, sp, #random\n"
		"	ldr w1, [x2, w1, uxtw #2]\n"
		"	lsr w1, w1, w0\n"
		"	tbz w1, #0, " L("tell") "\n"
		"	ldp x0, x1, [sp, #frame + 8]\n"
		"3:\n"						/* x1 bytes for x0 */
		"	sub x2, x1, #1\n"
		"	cmp x2, #most - 1\n"
		"	b.hi " L("left") "\n"
		"	ldr w2, [sp, #next]\n"
		"	add w3, w2, w1\n"
		"	cmp w3, #pool\n"
		"	b.hi " L("left") "\n"
		"	str w3, [sp, #next]\n"
		"	str x1, [sp, #wanted]\n"
		"	add x3, sp, #pool_page\n"
		"	add x3, x3, #pool_byte\n"
		"	add x3, x3, x2\n"
		"	add x2, x3, x1\n"
		"	mov x1, x3\n"
		"4:	ldrb w3, [x1]\n"			/* from x1 to x0, until x2 */
		"	strb wzr, [x1], #1\n"
		L("store") ":\n"
		"	sttrb w3, [x0]\n"
		"	add x0, x0, #1\n"
		"	cmp x1, x2\n"
		"	b.ne 4b\n"
		"	count given_random\n"
		"	ldr x0, [sp, #wanted]\n"
		L("answered") ":\n"
		"	ldr x1, [sp, #frame + 8]\n"
		"	ldp x2, x3, [sp, #frame + 16]\n"
		L("done") ":\n"
		"	eret\n"

		L("failed") ":\n"				/* zeros from x1 to x2 */
		"	cmp x1, x2\n"
		"	b.eq 5f\n"
		"	strb wzr, [x1], #1\n"
		"	b " L("failed") "\n"
		"5:	ldp x0, x1, [sp, #frame_pc]\n"
		"	msr elr_el1, x0\n"
		"	msr spsr_el1, x1\n"
		L("left") ":\n"
		"	count random_left\n"
		"	b " L("tell") "\n"

		L("fault") ":\n"
		"	mrs x0, far_el1\n"
		"	str x0, [sp, #frame_address]\n"
		L("tell") ":\n"
		".macro pairs what\n"
		"	\\what x4, x5, [sp, #frame + 4 * 8]\n"
		"	\\what x6, x7, [sp, #frame + 6 * 8]\n"
		"	\\what x8, x9, [sp, #frame + 8 * 8]\n"
		"	\\what x10, x11, [sp, #frame + 10 * 8]\n"
		"	\\what x12, x13, [sp, #frame + 12 * 8]\n"
		"	\\what x14, x15, [sp, #frame + 14 * 8]\n"
		"	\\what x16, x17, [sp, #frame + 16 * 8]\n"
		"	\\what x18, x19, [sp, #frame + 18 * 8]\n"
		"	\\what x20, x21, [sp, #frame + 20 * 8]\n"
		"	\\what x22, x23, [sp, #frame + 22 * 8]\n"
		"	\\what x24, x25, [sp, #frame + 24 * 8]\n"
		"	\\what x26, x27, [sp, #frame + 26 * 8]\n"
		"	\\what x28, x29, [sp, #frame + 28 * 8]\n"
		".endm\n"
		"	pairs stp\n"
		"	str x30, [sp, #frame + 30 * 8]\n"
		"	mrs x0, sp_el0\n"
		"	str x0, [sp, #frame_sp]\n"
		"	mrs x0, tpidr_el0\n"
		"	str x0, [sp, #frame_thread]\n"
		"	str xzr, [sp, #bell_tells]\n"
		L("resume") ":\n"
		"	nop\n"
		"6:	ldr w0, [sp, #flush]\n"
		"	cbz w0, 7f\n"
		"	str wzr, [sp, #flush]\n"
		/*
		 * D8.13.5: all entries of this machine's (VMID), of all its processors (IS): when
		 * the second dsb is done, no access goes on that used one. They are of stage 1,
		 * alone or together with stage 2.
		 */
		"	dsb ishst\n"
		"	tlbi vmalle1is\n"
		"	dsb ish\n"
		"	isb\n"
		"	str xzr, [sp, #bell_flushed]\n"
		"	b 6b\n"
		"7:	ldp x0, x1, [sp, #frame_pc]\n"
		"	msr elr_el1, x0\n"
		"	msr spsr_el1, x1\n"
		"	ldr x0, [sp, #frame_sp]\n"
		"	msr sp_el0, x0\n"
		"	ldr x0, [sp, #frame_thread]\n"
		"	msr tpidr_el0, x0\n"
		"	ldr x30, [sp, #frame + 30 * 8]\n"
		"	pairs ldp\n"
		"	ldp x2, x3, [sp, #frame + 16]\n"
		"	ldp x0, x1, [sp, #frame]\n"
		"	eret\n"

		/* isb: reads are in this order */
		L("measure") ":\n"
		"	nop\n"
		"	mov x0, #1 << 63\n"			/* the least of all numbers, the most */
		"	mvn x1, x0\n"
		"	mov x2, #rounds\n"
		"8:	isb\n"
		"	mrs x3, cntvct_el0\n"
		"	isb\n"
		"	mrs x4, cntpct_el0\n"
		"	isb\n"
		"	mrs x5, cntvct_el0\n"
		"	sub x5, x4, x5\n"
		"	sub x3, x4, x3\n"
		"	cmp x5, x0\n"
		"	csel x0, x5, x0, gt\n"
		"	cmp x3, x1\n"
		"	csel x1, x3, x1, lt\n"
		"	subs x2, x2, #1\n"
		"	b.ne 8b\n"
		"	stp x0, x1, [sp, #measured]\n"
		"	str x4, [sp, #measured_counter]\n"
		"	str xzr, [sp, #bell_flushed]\n"
		"	b 6b\n"
		L("end") ":\n"

		".balign 8\n"
		ASM_SYMBOL("shim_places") ":\n"
		"	.short " L("entered") " - " L("shim") "\n"
		"	.short " L("borrowed") " - " L("shim") "\n"
		"	.short " L("saved") " - " L("shim") "\n"
		"	.short " L("slot_end") " - " L("shim") "\n"
		"	.short " L("abort") " - " L("shim") "\n"
		"	.short " L("abort_end") " - " L("shim") "\n"
		"	.short " L("main") " - " L("shim") "\n"
		"	.short " L("store") " - " L("shim") "\n"
		"	.short " L("failed") " - " L("shim") "\n"
		"	.short " L("done") " - " L("shim") "\n"
		"	.short " L("resume") " - " L("shim") "\n"
		"	.short " L("measure") " - " L("shim") "\n"
		"	.short " L("end") " - " L("shim") "\n"
		".popsection\n");
}

/* -------------------------------------------------------------------------
 * Pages.
 */
#define KERNEL_BASE 0xffff000000000000ull
enum { AT_CODE, AT_CPUS };	/* in pages */

static uint64_t place(unsigned int number)
{
	return KERNEL_BASE + number * (uint64_t)PAGE;
}

static uint64_t cpu_place(unsigned int number)
{
	return place(AT_CPUS + number * CPU_PAGES);
}

bool shim_create(struct shim *shim, struct pages *pages, uint64_t doorbell)
{
	uint64_t code = tables_take(&pages->tables);

	shim->shared_page = tables_take(&pages->tables);
	shim->doorbell = doorbell;
	if (!shim->shared_page || !pages_add(pages, place(AT_CODE), code, PAGE_EXEC))
		return false;
	shim->vectors = place(AT_CODE);
	shim->shared = tables_at(&pages->tables, shim->shared_page);
	memcpy(tables_at(&pages->tables, code), shim_code, shim_places.end);
	pages->uses.begin_code(pages->uses.context, code, PAGE);
	return true;
}

static bool map_cpu(struct shim *shim, struct pages *pages, unsigned int number)
{
	uint64_t data = tables_take(&pages->tables), pool = tables_take(&pages->tables), at = cpu_place(number);

	if (!pool || !pages_add(pages, at, data, PAGE_WRITE) ||
	    !pages_add(pages, at + POOL_AT * PAGE, pool, PAGE_WRITE) ||
	    !pages_add(pages, at + SHARED_AT * PAGE, shim->shared_page, 0) ||
	    !pages_add(pages, at + BELL_AT * PAGE, shim->doorbell, PAGE_WRITE | PAGE_DEVICE))
		return false;
	shim->cpu[number] = data;
	return true;
}

bool shim_add_cpu(struct shim *shim, struct pages *pages, unsigned int number, struct shim_cpu *cpu)
{
	if (number >= SHIM_CPUS || (!shim->cpu[number] && !map_cpu(shim, pages, number)))
		return false;
	cpu->stack = cpu_place(number);
	cpu->data = tables_at(&pages->tables, shim->cpu[number]);
	cpu->pool = (struct shim_pool *)((uint8_t *)cpu->data + POOL_AT * PAGE);
	return true;
}

bool shim_writes(const struct shim *shim)
{
	(void)shim;
	return true;
}

void shim_begin(const struct shim_cpu *cpu, uint64_t pc, uint64_t sp)
{
	cpu->data->frame = (struct shim_frame){ .pc = pc, .sp = sp };
	shim_renew(cpu);
}

/* -------------------------------------------------------------------------
 * System registers: D23.2. What is not named here is 0.
 */
#define BIT(n) (1ull << (n))

/* D23.2.145. What later architectures made of bits that were 1 in the first stays as it was. */
#define SCTLR_MMU BIT(0)
#define SCTLR_DATA_CACHE BIT(2)
#define SCTLR_SP_CHECKS (BIT(3) | BIT(4))	/* of EL1's, of user code's */
#define SCTLR_NO_32_BIT (BIT(7) | BIT(8))	/* ITD, SED */
#define SCTLR_SYNCHRONIZES (BIT(11) | BIT(22))	/* EOS, EIS: exceptions and returns do */
#define SCTLR_CODE_CACHE BIT(12)
#define SCTLR_USER_ZVA BIT(14)
#define SCTLR_USER_CTR BIT(15)
#define SCTLR_USER_WFE BIT(18)			/* but wfi comes here: nobody would wake it */
#define SCTLR_NO_SCXTNUM BIT(20)
#define SCTLR_KEEP_PAN BIT(23)			/* EL1 has no use for it */
#define SCTLR_USER_CACHE BIT(26)		/* UCI: dc cvau, ic ivau */
#define SCTLR_ORDERED_PAIRS (BIT(28) | BIT(29))	/* nTLSMD, LSMAOE */
#define SCTLR_KEYS (BIT(13) | BIT(27) | BIT(30) | BIT(31))	/* pointer authentication, if it is there */
#define SCTLR (SCTLR_MMU | SCTLR_DATA_CACHE | SCTLR_SP_CHECKS | SCTLR_NO_32_BIT | \
	       SCTLR_SYNCHRONIZES | SCTLR_CODE_CACHE | SCTLR_USER_ZVA | SCTLR_USER_CTR | \
	       SCTLR_USER_WFE | SCTLR_NO_SCXTNUM | SCTLR_KEEP_PAN | SCTLR_USER_CACHE | \
	       SCTLR_ORDERED_PAIRS | SCTLR_KEYS)

/* D23.2.165: 48 bits and 4 KiB in both halves; tables in normal memory, inner shareable. */
#define TCR_SIZES (16ull << 0 | 16ull << 16)
#define TCR_CACHED (1ull << 8 | 1ull << 10 | 1ull << 24 | 1ull << 26)
#define TCR_INNER (3ull << 12 | 3ull << 28)
#define TCR_GRANULES (2ull << 30)	/* TG1; TG0 is 0 */
#define TCR_IPS_SHIFT 32
#define TCR_TAGS BIT(37)		/* TBI0: Linux's programs have tags in their pointers */

/* D23.2.115: kinds 0 and 1, as tables have them. */
#define MAIR_NORMAL 0xffull		/* write-back */
#define MAIR_DEVICE (0x04ull << 8)	/* nGnRE */

#define CPACR_VECTORS (3ull << 20)
#define CNTKCTL_USER_COUNTERS 3ull	/* physical, virtual */
#define MDSCR_STEP BIT(0)
#define MDSCR_NO_CHANNEL BIT(12)	/* the debugger's channel is not user code's */

/* APIAKeyLo_EL1, APIAKeyHi_EL1, APIBKeyLo_EL1 ... to APGAKeyHi_EL1. */
const uint16_t shim_keys[SHIM_KEYS] = {
	SHIM_REGISTER(3, 0, 2, 1, 0), SHIM_REGISTER(3, 0, 2, 1, 1), SHIM_REGISTER(3, 0, 2, 1, 2),
	SHIM_REGISTER(3, 0, 2, 1, 3), SHIM_REGISTER(3, 0, 2, 2, 0), SHIM_REGISTER(3, 0, 2, 2, 1),
	SHIM_REGISTER(3, 0, 2, 2, 2), SHIM_REGISTER(3, 0, 2, 2, 3), SHIM_REGISTER(3, 0, 2, 3, 0),
	SHIM_REGISTER(3, 0, 2, 3, 1),
};

static uint64_t address_size(unsigned int bits)
{
	static const uint8_t sizes[] = { 32, 36, 40, 42, 44, 48 };
	uint64_t size = 0;

	while (size + 1 < sizeof sizes && sizes[size] < bits)
		size++;
	return size;
}

uint64_t shim_debug_control(bool stepping)
{
	return MDSCR_NO_CHANNEL | (stepping ? MDSCR_STEP : 0);
}

unsigned int shim_registers(const struct shim *shim, const struct pages *pages,
			    const struct shim_cpu *cpu, unsigned int physical_bits,
			    struct shim_register registers[SHIM_REGISTERS])
{
	const struct shim_register all[] = {
		{ SHIM_MAIR_EL1, MAIR_NORMAL | MAIR_DEVICE },
		{ SHIM_AMAIR_EL1, 0 },
		{ SHIM_TCR_EL1, TCR_SIZES | TCR_CACHED | TCR_INNER | TCR_GRANULES | TCR_TAGS |
					address_size(physical_bits) << TCR_IPS_SHIFT },
		{ SHIM_TTBR0_EL1, pages->user },
		{ SHIM_TTBR1_EL1, pages->kernel },
		{ SHIM_VBAR_EL1, shim->vectors },
		{ SHIM_CPACR_EL1, CPACR_VECTORS },
		{ SHIM_CNTKCTL_EL1, CNTKCTL_USER_COUNTERS },
		{ SHIM_MDSCR_EL1, shim_debug_control(false) },
		{ SHIM_CONTEXTIDR_EL1, 0 },
		{ SHIM_TPIDRRO_EL0, 0 },
		{ SHIM_SP_EL1, cpu->stack },
		{ SHIM_SCTLR_EL1, SCTLR },
	};

	_Static_assert(sizeof all <= SHIM_REGISTERS * sizeof *all, "room for all");
	memcpy(registers, all, sizeof all);
	return sizeof all / sizeof *all;
}

uint64_t shim_resume(const struct shim *shim)
{
	return shim->vectors + shim_places.resume;
}

uint64_t shim_measure(const struct shim *shim)
{
	return shim->vectors + shim_places.measure;
}

/* -------------------------------------------------------------------------
 * User code: addresses and registers.
 */
struct guest_range vm_user_range(const struct vm *vm)
{
	(void)vm;
	return (struct guest_range){ guest_at(VM_PAGE), guest_at(SHIM_USER_END) };
}

/* EL1's pages are in the kernel's half: this is what nobody has. */
struct guest_range vm_own_range(const struct vm *vm)
{
	(void)vm;
	return (struct guest_range){ guest_at(SHIM_USER_END), guest_at(SHIM_USER_END + VM_PAGE) };
}

uint64_t vm_vectors(const struct vm *vm)
{
	(void)vm;
	return 0;	/* there is nothing that some processors do not have */
}

uint64_t shim_user_pstate(uint64_t pstate)
{
	return pstate & (PSTATE_CONDITIONS | PSTATE_DIT | PSTATE_SSBS | PSTATE_BTYPE);
}

/* By what they are for: syscall(2). */
uint64_t *shim_register_of(struct shim_frame *frame, enum vm_register which)
{
	enum { NUMBER = 8 };	/* x8 */

	switch (which) {
	case VM_NUMBER:
		return &frame->x[NUMBER];
	case VM_RESULT:
		return &frame->x[0];
	case VM_PC:
		return &frame->pc;
	case VM_SP:
		return &frame->sp;
	case VM_THREAD_POINTER:
		return &frame->thread;
	default:
		return &frame->x[which - VM_ARGUMENT];
	}
}

_Static_assert(offsetof(struct vm_registers, sp) == offsetof(struct shim_frame, sp) &&
		       offsetof(struct vm_registers, pstate) == offsetof(struct shim_frame, pstate),
	       "the order of registers");

void shim_save(const struct shim_frame *frame, struct vm_registers *to)
{
	memcpy(to, frame, offsetof(struct shim_frame, pstate));
	to->pstate = shim_user_pstate(frame->pstate);
	to->tpidr = frame->thread;
}

void shim_load(struct shim_frame *frame, const struct vm_registers *from, bool stepping)
{
	memcpy(frame, from, offsetof(struct shim_frame, pstate));
	frame->pstate = shim_user_pstate(from->pstate) | (stepping ? PSTATE_SS : 0);
	frame->thread = from->tpidr;
}

/* -------------------------------------------------------------------------
 * Runs that ended in the middle.
 */
static bool is_in(uint64_t at, uint16_t start, uint16_t end)
{
	return at >= start && at < end;
}

enum shim_place shim_place(const struct shim *shim, uint64_t pc)
{
	const struct shim_places *places = &shim_places;
	const uint64_t at = pc - shim->vectors;

	if (at == places->done)
		return SHIM_DONE;
	if (is_in(at, places->entered, places->borrowed))
		return SHIM_ENTERED;
	if (is_in(at, places->borrowed, places->saved))
		return SHIM_BORROWED;
	/* before the store to the doorbell, not behind it */
	if (is_in(at, places->saved, places->slot_end) || is_in(at, places->main, places->resume) ||
	    is_in(at, places->abort, places->abort_end))
		return SHIM_SAVED;
	if (is_in(at, places->resume, places->end))
		return SHIM_TOLD;
	return SHIM_ELSEWHERE;
}

static enum esr_class class_of(uint64_t syndrome)
{
	return syndrome >> ESR_CLASS_SHIFT & (BIT(ESR_CLASS_BITS) - 1);
}

bool shim_has_to_tell(enum shim_place place, uint64_t syndrome)
{
	return (place == SHIM_ENTERED || place == SHIM_BORROWED || place == SHIM_SAVED) &&
	       class_of(syndrome) != ESR_SVC;
}

void shim_complete(const struct shim_cpu *cpu, enum shim_place place, const struct shim_now *now,
		   bool stepping)
{
	struct shim_frame *frame = &cpu->data->frame;
	unsigned int first = place == SHIM_BORROWED || place == SHIM_SAVED ? 4 : 0;

	if (place == SHIM_TOLD)
		return;
	memcpy(frame->x + first, now->x + first, sizeof frame->x - first * sizeof *frame->x);
	frame->sp = now->sp;
	frame->thread = now->thread;
	if (place != SHIM_SAVED) {
		frame->pc = now->pc;
		frame->pstate = now->pstate;
	}
	if (place == SHIM_ELSEWHERE || place == SHIM_DONE)
		return;
	frame->pc -= SHIM_SVC;
	/* it was stepped over, and is not: D2.12.5 */
	if (stepping)
		frame->pstate |= PSTATE_SS;
	memset(cpu->pool->byte, 0, cpu->pool->next);
}

uint64_t shim_copy_failed(const struct shim *shim, uint64_t pc)
{
	return pc == shim->vectors + shim_places.store ? shim->vectors + shim_places.failed : 0;
}

/* -------------------------------------------------------------------------
 * Exceptions, as Linux tells of them: arch/arm64/kernel/entry-common.c, traps.c, arch/arm64/mm/fault.c.
 */

/* D23.2.41: the syndrome of aborts. */
#define ABORT_STATUS 0x3full
#define ABORT_WRITE BIT(6)
#define ABORT_CACHE BIT(8)		/* of a cache instruction, which is said to write */
#define STATUS_LEVEL 3ull
#define STATUS_TRANSLATION 0x04ull
#define STATUS_ALIGNMENT 0x21ull
#define FLOAT_VALID BIT(23)

static uint64_t without_tag(uint64_t address)
{
	const unsigned int tag_bits = 8;

	return (uint64_t)((int64_t)(address << tag_bits) >> tag_bits);
}

static unsigned int wanted(uint64_t syndrome)
{
	if (class_of(syndrome) == ESR_FETCH)
		return GUEST_EXEC;
	return (syndrome & (ABORT_WRITE | ABORT_CACHE)) == ABORT_WRITE ? GUEST_WRITE : GUEST_READ;
}

/*
 * The kernel's half is never there for a program, whatever the tables have. Its pages and
 * those without an entry look the same, since Linux says no more.
 */
static void tell_abort(struct vm_fault *fault, const struct shim_frame *frame)
{
	const uint64_t status = frame->syndrome & ABORT_STATUS;
	const bool kernel = fault->address.v >= SHIM_USER_END + VM_PAGE;

	if (status == STATUS_ALIGNMENT) {
		fault->signal = GUEST_SIGBUS;
		fault->code = GUEST_BUS_ADRALN;
	} else {
		fault->prot = wanted(frame->syndrome);
		fault->signal = GUEST_SIGSEGV;
		fault->code = kernel || (status & ~STATUS_LEVEL) == STATUS_TRANSLATION ?
				      GUEST_SEGV_MAPERR :
				      GUEST_SEGV_ACCERR;
	}
	if (kernel)
		fault->error = (fault->error & ~ABORT_STATUS) | STATUS_TRANSLATION;
}

/* The first of these that is set: Linux has this order. */
static int float_code(uint64_t syndrome)
{
	static const int codes[] = { GUEST_FPE_FLTINV, GUEST_FPE_FLTDIV, GUEST_FPE_FLTOVF,
				     GUEST_FPE_FLTUND, GUEST_FPE_FLTRES };

	for (unsigned int i = 0; i < sizeof codes / sizeof *codes && syndrome & FLOAT_VALID; i++)
		if (syndrome & BIT(i))
			return codes[i];
	return GUEST_FPE_FLTUNK;
}

static void tell(struct vm_fault *fault, int signal, int code, uint64_t address)
{
	fault->signal = signal;
	fault->code = code;
	fault->address = guest_at(address);
}

static void tell_fault(struct vm_fault *fault, const struct shim_frame *frame)
{
	*fault = (struct vm_fault){ .number = class_of(frame->syndrome), .error = frame->syndrome };
	switch (class_of(frame->syndrome)) {
	case ESR_FETCH:
	case ESR_DATA:
		fault->address = guest_at(without_tag(frame->address));
		tell_abort(fault, frame);
		break;
	case ESR_PC_ALIGNMENT:
		tell(fault, GUEST_SIGBUS, GUEST_BUS_ADRALN, frame->address);
		break;
	case ESR_SP_ALIGNMENT:
		tell(fault, GUEST_SIGBUS, GUEST_BUS_ADRALN, frame->sp);
		break;
	case ESR_FLOAT:
		tell(fault, GUEST_SIGFPE, float_code(frame->syndrome), frame->pc);
		break;
	case ESR_STEP:
		tell(fault, GUEST_SIGTRAP, GUEST_TRAP_TRACE, frame->pc);
		break;
	case ESR_BREAK:
		tell(fault, GUEST_SIGTRAP, GUEST_TRAP_BRKPT, frame->pc);
		break;
	case ESR_PAC:
		tell(fault, GUEST_SIGILL, GUEST_ILL_ILLOPN, frame->pc);
		break;
	default:	/* what user code may not do, and what is no instruction */
		tell(fault, GUEST_SIGILL, GUEST_ILL_ILLOPC, frame->pc);
	}
}

static bool was_changing(struct pages *pages, const struct vm_fault *fault)
{
	return fault->signal == GUEST_SIGSEGV && fault->prot &&
	       pages_allow(pages, fault->address.v, fault->prot);
}

enum shim_told shim_told(struct pages *pages, struct shim_cpu *cpu, struct vm_fault *fault)
{
	struct shim_frame *frame = &cpu->data->frame;

	switch (class_of(frame->syndrome)) {
	case ESR_SVC:
		return SHIM_CALL;
	case ESR_WAIT:	/* no interrupt would end it */
		frame->pc += SHIM_SVC;
		return SHIM_AGAIN;
	default:
		tell_fault(fault, frame);
		return was_changing(pages, fault) ? SHIM_AGAIN : SHIM_FAULT;
	}
}

/* -------------------------------------------------------------------------
 * What programs are told of the processor. Fields of the ID registers, D23.2; Linux's table:
 * arch/arm64/kernel/cpufeature.c; its bits: arch/arm64/include/uapi/asm/hwcap.h. What is left
 * out needs something of the kernel that is not here: SVE and SME, tags of memory, branch
 * targets (PROT_BTI), and the kernel's emulation of reads of these registers (HWCAP_CPUID).
 */
#define ID(crm, op2) SHIM_REGISTER(3, 0, 0, crm, op2)
enum { PFR0 = ID(4, 0), PFR1 = ID(4, 1), ISAR0 = ID(6, 0), ISAR1 = ID(6, 1), ISAR2 = ID(6, 2),
       MMFR0 = ID(7, 0), MMFR2 = ID(7, 2) };

static const struct hwcap {
	uint16_t id;
	uint8_t shift, least;	/* of four bits */
	uint8_t word, bit;
	bool is_signed;		/* 15: no */
} hwcaps[] = {
	{ PFR0, 16, 0, 0, 0, true },	/* fp */
	{ PFR0, 20, 0, 0, 1, true },	/* asimd */
	{ ISAR0, 4, 1, 0, 3, false },	/* aes */
	{ ISAR0, 4, 2, 0, 4, false },	/* pmull */
	{ ISAR0, 8, 1, 0, 5, false },	/* sha1 */
	{ ISAR0, 12, 1, 0, 6, false },	/* sha2 */
	{ ISAR0, 16, 1, 0, 7, false },	/* crc32 */
	{ ISAR0, 20, 2, 0, 8, false },	/* atomics */
	{ PFR0, 16, 1, 0, 9, true },	/* fphp */
	{ PFR0, 20, 1, 0, 10, true },	/* asimdhp */
	{ ISAR0, 28, 1, 0, 12, false },	/* asimdrdm */
	{ ISAR1, 12, 1, 0, 13, false },	/* jscvt */
	{ ISAR1, 16, 1, 0, 14, false },	/* fcma */
	{ ISAR1, 20, 1, 0, 15, false },	/* lrcpc */
	{ ISAR1, 0, 1, 0, 16, false },	/* dcpop */
	{ ISAR0, 32, 1, 0, 17, false },	/* sha3 */
	{ ISAR0, 36, 1, 0, 18, false },	/* sm3 */
	{ ISAR0, 40, 1, 0, 19, false },	/* sm4 */
	{ ISAR0, 44, 1, 0, 20, false },	/* asimddp */
	{ ISAR0, 12, 2, 0, 21, false },	/* sha512 */
	{ ISAR0, 48, 1, 0, 23, false },	/* asimdfhm */
	{ PFR0, 48, 1, 0, 24, false },	/* dit */
	{ MMFR2, 32, 1, 0, 25, false },	/* uscat */
	{ ISAR1, 20, 2, 0, 26, false },	/* ilrcpc */
	{ ISAR0, 52, 1, 0, 27, false },	/* flagm */
	{ PFR1, 4, 2, 0, 28, false },	/* ssbs */
	{ ISAR1, 36, 1, 0, 29, false },	/* sb */
	{ ISAR1, 4, 1, 0, 30, false },	/* paca, of one algorithm ... */
	{ ISAR1, 8, 1, 0, 30, false },	/* of the processor's own ... */
	{ ISAR2, 12, 1, 0, 30, false },	/* or of the third */
	{ ISAR1, 24, 1, 0, 31, false },	/* pacg, likewise */
	{ ISAR1, 28, 1, 0, 31, false },
	{ ISAR2, 8, 1, 0, 31, false },
	{ ISAR1, 0, 2, 1, 0, false },	/* dcpodp */
	{ ISAR0, 52, 2, 1, 7, false },	/* flagm2 */
	{ ISAR1, 32, 1, 1, 8, false },	/* frint */
	{ ISAR1, 52, 1, 1, 13, false },	/* i8mm */
	{ ISAR1, 44, 1, 1, 14, false },	/* bf16 */
	{ ISAR1, 48, 1, 1, 15, false },	/* dgh */
	{ ISAR0, 60, 1, 1, 16, false },	/* rng */
	{ MMFR0, 60, 1, 1, 19, false },	/* ecv */
};

uint64_t shim_hwcap(uint64_t (*id)(void *context, uint16_t number), void *context, unsigned int word)
{
	const unsigned int absent = 15;
	uint64_t result = 0;

	for (unsigned int i = 0; i < sizeof hwcaps / sizeof *hwcaps; i++) {
		const struct hwcap *h = &hwcaps[i];
		unsigned int field = h->word == word ? id(context, h->id) >> h->shift & 15 : 0;

		if (h->word == word && field >= h->least && !(h->is_signed && field == absent))
			result |= BIT(h->bit);
	}
	return result;
}

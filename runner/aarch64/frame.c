/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signal frames of aarch64: Linux arch/arm64/include/uapi/asm/{sigcontext,ucontext}.h say how
 * they look, arch/arm64/kernel/signal.c where they are and what is taken back of them.
 */
#define _GNU_SOURCE
#include "../frame.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "../guest-signals.h"
#include "../process.h"
#include "../space.h"
#include "registers.h"

const uint64_t frame_stack_min = 5120;	/* arch/arm64/include/uapi/asm/signal.h */

/* -------------------------------------------------------------------------
 * How it looks.
 */
enum { ALIGNMENT = 16, RECORDS_SIZE = 4096, SIGINFO_SIZE = 128, MASK_ROOM = 1024 / 8 };
enum { LINK = 30, FRAME_POINTER = 29 };	/* AAPCS64, 6.1.1 */

struct record {
	uint32_t magic, size;
};

struct vectors_record {
	struct record head;
	uint32_t fpsr, fpcr;
	unsigned __int128 v[32];
};

struct esr_record {
	struct record head;
	uint64_t esr;
};

/* More records are behind the frame. */
struct extra_record {
	struct record head;
	uint64_t at;
	uint32_t size, reserved[3];
};

/* The last one; its magic and size are 0. */
struct end_record {
	struct record head;
	uint64_t padding;
};

/* include/uapi/asm/sigcontext.h; EXTRA_MOST is SIGFRAME_MAXSZ of asm/sigcontext.h. */
enum { MAGIC_VECTORS = 0x46508001, MAGIC_ESR = 0x45535201, MAGIC_EXTRA = 0x45585401,
       EXTRA_MOST = 64 << 10 };

struct context {
	uint64_t fault_at;
	uint64_t registers[34];	/* struct vm_registers begins with them */
	uint8_t records[RECORDS_SIZE] __attribute__((aligned(ALIGNMENT)));
};

struct signal_frame {
	uint8_t info[SIGINFO_SIZE];
	uint64_t flags, link;
	struct kernel_stack alternate;
	uint64_t blocked;
	uint8_t mask_room[MASK_ROOM - sizeof(uint64_t)];
	struct context context __attribute__((aligned(ALIGNMENT)));
};
_Static_assert(sizeof(struct context) == 4384 && sizeof(struct signal_frame) == 4688, "a frame");
_Static_assert(offsetof(struct signal_frame, context) == 304, "its context");
_Static_assert(offsetof(struct vm_registers, tpidr) == sizeof((struct context *)0)->registers,
	       "registers");
_Static_assert(sizeof(struct vectors_record) == 528, "vectors");
_Static_assert(sizeof *((struct frame *)0)->info == SIGINFO_SIZE, "siginfo");

/* Above it, so that who walks frames finds the interrupted one: AAPCS64, 6.4.6. */
struct link_record {
	uint64_t frame, link;
};

/* The frame, its link record and what alignment can cost: signal_minsigstksz. */
uint64_t frame_needs(const struct vm *vm)
{
	(void)vm;
	return sizeof(struct signal_frame) + sizeof(struct link_record) + ALIGNMENT;
}

/* -------------------------------------------------------------------------
 * What is told of faults: arch/arm64/mm/fault.c and traps.c. A debugger's exception leaves
 * that of the last one, and what is no access has no address.
 */
enum { CLASS_AT = 26, CLASSES = 64 };
enum class { POINTER_SIGNATURE = 0x1c, INSTRUCTION_ABORT = 0x20, PC_ALIGNMENT = 0x22,
	     DATA_ABORT = 0x24, STACK_ALIGNMENT = 0x26, FLOATING_POINT = 0x2c };
#define ESR_CLASS ((CLASSES - 1ull) << CLASS_AT)
#define ESR_IL (1ull << 25)	/* an instruction of 32 bits */
#define ESR_CM (1ull << 8)	/* it maintained a cache */
#define ESR_WRITE (1ull << 6)
#define ESR_LEVEL_0 4ull	/* nothing is mapped there, found in the first table */
#define USER_BITS 48

static unsigned int class_of(uint64_t esr)
{
	return (unsigned int)((esr & ESR_CLASS) >> CLASS_AT);
}

/* Of addresses that user code cannot have, nobody is told what is there. */
static uint64_t shown_esr(uint64_t esr, uint64_t address)
{
	if (!(address >> USER_BITS))
		return esr;
	if (class_of(esr) == DATA_ABORT)
		return (esr & (ESR_CLASS | ESR_IL | ESR_CM | ESR_WRITE)) | ESR_LEVEL_0;
	return (esr & (ESR_CLASS | ESR_IL)) | ESR_LEVEL_0;
}

void frame_note_fault(struct thread *thread, const struct vm_fault *fault)
{
	const unsigned int class = class_of(fault->error);

	if (fault->signal == GUEST_SIGTRAP || class == FLOATING_POINT)
		return;
	thread->signal.fault = *fault;
	thread->signal.fault_at = 0;
	switch (class) {
	case INSTRUCTION_ABORT:
	case DATA_ABORT:
		thread->signal.fault_at = fault->address.v;
		thread->signal.fault.error = shown_esr(fault->error, fault->address.v);
		break;
	case POINTER_SIGNATURE:
	case PC_ALIGNMENT:
	case STACK_ALIGNMENT:
		break;
	default:	/* an instruction that is none, or not for user code */
		thread->signal.fault.error = 0;
	}
}

/* -------------------------------------------------------------------------
 * To the guest.
 */
static uint64_t down(uint64_t value)
{
	return value - value % ALIGNMENT;
}

static void add_record(uint8_t **at, const void *record, size_t size)
{
	memcpy(*at, record, size);
	*at += size;
}

/* How much of the frame is written: Linux leaves the rest as it is. */
static size_t fill_records(struct signal_frame *to, const struct thread *thread,
			   const struct vm_registers *registers)
{
	const struct esr_record esr = { { MAGIC_ESR, sizeof esr }, thread->signal.fault.error };
	const struct end_record end = { 0 };
	struct vectors_record vectors = {
		.head = { MAGIC_VECTORS, sizeof vectors },
		.fpsr = registers->fpsr, .fpcr = registers->fpcr,
	};
	uint8_t *at = to->context.records;

	memcpy(vectors.v, registers->v, sizeof vectors.v);
	add_record(&at, &vectors, sizeof vectors);
	if (esr.esr)
		add_record(&at, &esr, sizeof esr);
	add_record(&at, &end, sizeof end.head);
	return (size_t)(at - (uint8_t *)to);
}

static size_t fill_frame(struct signal_frame *to, const struct thread *thread,
			 const struct frame *frame, const struct vm_registers *registers)
{
	to->flags = to->link = 0;
	to->alternate = thread->signal.alternate;
	to->blocked = frame->blocked;
	memset(to->mask_room, 0, sizeof to->mask_room);
	to->context.fault_at = thread->signal.fault_at;
	memcpy(to->context.registers, registers, sizeof to->context.registers);
	if (frame->action->flags & GUEST_SA_SIGINFO)
		memcpy(to->info, frame->info, sizeof to->info);
	return fill_records(to, thread, registers);
}

static uint64_t stack_top(const struct thread *thread, uint64_t sp, bool alternate)
{
	const struct kernel_stack *stack = &thread->signal.alternate;

	if (alternate && stack->size && !signals_on_alternate(thread, sp))
		return stack->base + stack->size;
	return sp;
}

/* Where a handler returns to: what it says, or the page's. */
static uint64_t restorer(const struct thread *thread, const struct kernel_sigaction *action)
{
	const struct clock *clock = thread->process->clock;

	if (action->flags & GUEST_SA_RESTORER)
		return action->restorer;
	return clock ? clock_sigreturn(clock).v : 0;
}

int frame_push(struct thread *thread, const struct frame *frame)
{
	const struct space *space = thread->process->space;
	const bool told = frame->action->flags & GUEST_SA_SIGINFO;
	const size_t begin = told ? 0 : offsetof(struct signal_frame, flags);
	struct vm_registers registers;
	struct link_record link;
	struct signal_frame to;
	uint64_t link_at, at;
	size_t end;

	if (vcpu_save(thread->vcpu, &registers))
		return -EFAULT;
	link = (struct link_record){ registers.regs[FRAME_POINTER], registers.regs[LINK] };
	link_at = down(stack_top(thread, registers.sp, frame->action->flags & GUEST_SA_ONSTACK) -
		       sizeof link);
	at = link_at - sizeof to;
	end = fill_frame(&to, thread, frame, &registers);
	if (space_write(space, guest_at(link_at), &link, sizeof link) ||
	    space_write(space, guest_at(at + begin), (uint8_t *)&to + begin, end - begin))
		return -EFAULT;
	registers.regs[0] = (uint64_t)frame->info->signo;
	if (told) {
		registers.regs[1] = at + offsetof(struct signal_frame, info);
		registers.regs[2] = at + offsetof(struct signal_frame, flags);
	}
	registers.regs[FRAME_POINTER] = link_at;
	registers.regs[LINK] = restorer(thread, frame->action);
	registers.sp = at;
	registers.pc = frame->action->handler;
	registers.pstate &= ~(PSTATE_BTYPE | PSTATE_TCO);
	return vcpu_load(thread->vcpu, &registers);
}

/* -------------------------------------------------------------------------
 * And back.
 */

/* A list of records in the guest's memory, which may change while it is read. */
struct records {
	const struct space *space;
	uint64_t at;		/* the next one */
	uint64_t left;		/* bytes */
	uint64_t frame;
	uint64_t vectors;	/* 0: not found yet */
	bool extra;		/* these are the extra ones */
};

static int read_record(const struct records *list, struct record *head)
{
	if (list->left < sizeof *head || space_read(list->space, head, guest_at(list->at),
						    sizeof *head))
		return -EFAULT;
	return head->size > list->left ? -EFAULT : 0;
}

/* They begin right behind the end record that follows it, and are the rest of the list. */
static int go_to_extra(struct records *list, const struct record *head)
{
	const uint64_t end_at = list->at + head->size;
	const uint64_t begin = end_at + sizeof(struct end_record);
	struct extra_record extra;
	struct record end;

	if (list->extra || head->size < sizeof extra ||
	    list->left - head->size < sizeof(struct end_record) ||
	    space_read(list->space, &extra, guest_at(list->at), sizeof extra) ||
	    space_read(list->space, &end, guest_at(end_at), sizeof end))
		return -EFAULT;
	if (end.magic || end.size || extra.at != begin || extra.at % ALIGNMENT ||
	    extra.size % ALIGNMENT || extra.size > list->frame + EXTRA_MOST - begin)
		return -EFAULT;
	list->extra = true;
	list->at = extra.at;
	list->left = extra.size;
	return 0;
}

/* Finds what there must be one of; anything that is not known makes it no frame. */
static int find_vectors(struct records *list)
{
	struct record head;

	for (;;) {
		int failed = list->at % ALIGNMENT ? -EFAULT : read_record(list, &head);

		if (failed)
			return failed;
		if (head.magic == 0)
			return head.size || !list->vectors ? -EFAULT : 0;
		if (head.magic == MAGIC_EXTRA) {
			failed = go_to_extra(list, &head);
			if (failed)
				return failed;
			continue;
		}
		if (head.magic == MAGIC_VECTORS && !list->vectors)
			list->vectors = list->at;
		else if (head.magic != MAGIC_ESR)
			return -EFAULT;
		if (head.size < sizeof head)
			return -EFAULT;
		list->at += head.size;
		list->left -= head.size;
	}
}

static int take_vectors(const struct space *space, uint64_t frame, struct vm_registers *to)
{
	struct records list = {
		.space = space, .frame = frame, .left = RECORDS_SIZE,
		.at = frame + offsetof(struct signal_frame, context.records),
	};
	struct vectors_record vectors;

	if (find_vectors(&list) ||
	    space_read(space, &vectors, guest_at(list.vectors), sizeof vectors) ||
	    vectors.head.magic != MAGIC_VECTORS || vectors.head.size != sizeof vectors)
		return -EFAULT;
	to->fpsr = vectors.fpsr;
	to->fpcr = vectors.fpcr;
	memcpy(to->v, vectors.v, sizeof to->v);
	return 0;
}

/* What is not user code's is refused, as valid_user_regs() of arch/arm64/kernel/ptrace.c has it. */
static int take_state(struct vm_registers *registers, uint64_t before)
{
	const uint64_t taken = PSTATE_CONDITIONS | PSTATE_TCO | PSTATE_DIT | PSTATE_SSBS |
			       PSTATE_BTYPE;

	if (registers->pstate & (PSTATE_DAIF | PSTATE_MODE))
		return -EFAULT;
	registers->pstate = (registers->pstate & taken) | (before & PSTATE_SS);
	return 0;
}

/* Where a frame begins its records and itself are 16 bytes apart: a wrong sp is no frame. */
int frame_pop(struct thread *thread, uint64_t *blocked, struct kernel_stack *alternate)
{
	const struct space *space = thread->process->space;
	const size_t size = offsetof(struct signal_frame, context.records);
	struct vm_registers registers;
	struct signal_frame frame;
	uint64_t before, at;

	if (vcpu_save(thread->vcpu, &registers) || registers.sp % ALIGNMENT)
		return -EFAULT;
	at = registers.sp;
	before = registers.pstate;
	if (space_read(space, &frame, guest_at(at), size))
		return -EFAULT;
	memcpy(&registers, frame.context.registers, sizeof frame.context.registers);
	if (take_state(&registers, before) || take_vectors(space, at, &registers) ||
	    vcpu_load(thread->vcpu, &registers))
		return -EFAULT;
	*blocked = frame.blocked;
	*alternate = frame.alternate;
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signal frames of x86_64: Linux arch/x86/include/uapi/asm/{sigcontext,ucontext}.h say how
 * they look, Intel SDM volume 1, 13.4, what is in the vector registers' part.
 */
#define _GNU_SOURCE
#include "../frame.h"

#include <cpuid.h>
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>

#include "../process.h"
#include "../space.h"
#include "registers.h"

const uint64_t frame_stack_min = 2048;	/* arch/x86/include/uapi/asm/signal.h */

/* -------------------------------------------------------------------------
 * How it looks.
 */
struct context {
	uint64_t registers[18];	/* struct vm_registers begins with them */
	uint16_t cs, gs, fs, ss;
	uint64_t error, number, blocked, address, vectors, reserved[8];
};

/* In the order in which it is pushed: the handler returns to the first. */
struct signal_frame {
	uint64_t restorer;
	uint64_t flags, link;
	struct kernel_stack alternate;
	struct context context;
	uint64_t blocked;
	struct kernel_siginfo info;
};
_Static_assert(sizeof(struct context) == 256 && sizeof(struct signal_frame) == 440, "a frame");
_Static_assert(offsetof(struct vm_registers, fs_base) == sizeof((struct context *)0)->registers,
	       "registers");

/* As Linux numbers them, whatever they are here; the others are 0. */
enum { LINUX_CS = 0x33, LINUX_SS = 0x2b };
enum { HAS_VECTORS = 1, HAS_STACK_SEGMENT = 2, STRICT_STACK_SEGMENT = 4 };
enum { RED_ZONE = 128, ALIGNMENT = 16, VECTORS_ALIGNMENT = 64 };

/* XSAVE's area: what FXSAVE writes, which has a place for software, a header, further parts. */
enum { FXSAVE_CONTROL = 0, FXSAVE_MXCSR = 24, FXSAVE_SOFTWARE = 464, FXSAVE_SIZE = 512,
       XSAVE_PARTS = 512, XSAVE_HEADER_END = 576 };
#define PARTS_OF_FXSAVE 3ull
#define CONTROL_FIRST 0x37f
#define MXCSR_FIRST 0x1f80

struct software {
	uint32_t magic, size_with_end;
	uint64_t parts;
	uint32_t size, reserved[7];
};
_Static_assert(sizeof(struct software) == FXSAVE_SIZE - FXSAVE_SOFTWARE, "software's place");
#define MAGIC 0x46505853u
#define MAGIC_END 0x46505845u

struct vectors {
	uint8_t bytes[VECTORS_MAX + sizeof(uint32_t)];
};

/* Of the area with those parts, in its standard form. */
static size_t vectors_size(uint64_t parts)
{
	const unsigned int leaf = 0xd;
	size_t size = parts == PARTS_OF_FXSAVE ? FXSAVE_SIZE : XSAVE_HEADER_END;

	for (unsigned int part = 2; part < 63; part++) {
		unsigned int part_size, at, flags, none;

		if (!(parts >> part & 1))
			continue;
		__cpuid_count(leaf, part, part_size, at, flags, none);
		if (at + part_size > size && at + part_size <= VECTORS_MAX)
			size = at + part_size;
	}
	return size;
}

/* As the host has it, which has all parts that the guest can have. */
uint64_t frame_needs(const struct vm *vm)
{
	(void)vm;
	return getauxval(AT_MINSIGSTKSZ);
}

/* As arch/x86/kernel/traps.c: all have numbers, and only what memory made an address, CR2. */
void frame_note_fault(struct thread *thread, const struct vm_fault *fault)
{
	thread->signal.fault = *fault;
	if (fault->code != SI_KERNEL && (fault->signal == SIGSEGV || fault->signal == SIGBUS))
		thread->signal.fault_at = fault->address.v;
}

/* -------------------------------------------------------------------------
 * To the guest.
 */
static uint64_t down(uint64_t value, uint64_t to)
{
	return value - value % to;
}

/* Where the frame begins, and where its vector registers are. 0: the stack is too small. */
static uint64_t place(const struct thread *thread, uint64_t sp, bool alternate, size_t size,
		      uint64_t *vectors)
{
	const struct kernel_stack *stack = &thread->signal.alternate;
	bool nested = signals_on_alternate(thread, sp), enters = false;

	sp -= RED_ZONE;
	if (alternate && stack->size && !signals_on_alternate(thread, sp)) {
		sp = stack->base + stack->size;
		enters = true;
	}
	*vectors = down(sp - size, VECTORS_ALIGNMENT);
	sp = down(*vectors - sizeof(struct signal_frame), ALIGNMENT) - sizeof(uint64_t);
	if ((nested || enters) && !(sp > stack->base && sp - stack->base <= stack->size))
		return 0;
	return sp;
}

/* Also with a header whose bits Linux sets. The size. */
static size_t fill_vectors(struct vectors *to, const struct thread *thread, const uint8_t *from)
{
	const uint64_t parts = vm_vectors(thread->process->vm);
	const size_t size = vectors_size(parts);
	const struct software software = { .magic = MAGIC, .size = (uint32_t)size,
					   .size_with_end = (uint32_t)(size + sizeof(uint32_t)),
					   .parts = parts };
	const uint32_t end = MAGIC_END;
	uint64_t used;

	memcpy(to->bytes, from, size);
	if (parts == PARTS_OF_FXSAVE)
		return size;
	memcpy(&used, to->bytes + XSAVE_PARTS, sizeof used);
	used |= PARTS_OF_FXSAVE;
	memcpy(to->bytes + XSAVE_PARTS, &used, sizeof used);
	memcpy(to->bytes + FXSAVE_SOFTWARE, &software, sizeof software);
	memcpy(to->bytes + size, &end, sizeof end);
	return size + sizeof end;
}

static void fill_frame(struct signal_frame *to, const struct thread *thread,
		       const struct frame *frame, const struct vm_registers *registers,
		       uint64_t vectors)
{
	const struct vm_fault *fault = &thread->signal.fault;

	*to = (struct signal_frame){
		.restorer = frame->action->restorer,
		.flags = HAS_STACK_SEGMENT | STRICT_STACK_SEGMENT,
		.alternate = thread->signal.alternate,
		.context = {
			.cs = LINUX_CS, .ss = LINUX_SS, .error = fault->error,
			.number = fault->number, .blocked = frame->blocked,
			.address = thread->signal.fault_at, .vectors = vectors,
		},
		.blocked = frame->blocked,
	};
	if (vm_vectors(thread->process->vm) != PARTS_OF_FXSAVE)
		to->flags |= HAS_VECTORS;
	memcpy(to->context.registers, registers, sizeof to->context.registers);
	if (frame->action->flags & SA_SIGINFO)
		to->info = *frame->info;
}

static void first_vectors(uint8_t *vectors)
{
	const uint64_t used = PARTS_OF_FXSAVE;
	const uint16_t control = CONTROL_FIRST;
	const uint32_t mxcsr = MXCSR_FIRST;

	memset(vectors, 0, VECTORS_MAX);
	memcpy(vectors + FXSAVE_CONTROL, &control, sizeof control);
	memcpy(vectors + FXSAVE_MXCSR, &mxcsr, sizeof mxcsr);
	memcpy(vectors + XSAVE_PARTS, &used, sizeof used);
}

#define FLAGS_CLEARED 0x10500u	/* TF, DF, RF: not a handler's */

int frame_push(struct thread *thread, const struct frame *frame)
{
	struct space *space = thread->process->space;
	struct vm_registers registers;
	struct signal_frame to;
	struct vectors vectors;
	uint64_t sp, vectors_at;
	size_t size;

	if (!(frame->action->flags & SA_RESTORER) || vcpu_save(thread->vcpu, &registers))
		return -EFAULT;
	size = fill_vectors(&vectors, thread, registers.vectors);
	sp = place(thread, registers.rsp, frame->action->flags & SA_ONSTACK, size, &vectors_at);
	fill_frame(&to, thread, frame, &registers, vectors_at);
	if (!sp || space_write(space, guest_at(vectors_at), &vectors, size) ||
	    space_write(space, guest_at(sp), &to, sizeof to))
		return -EFAULT;
	registers.rip = frame->action->handler;
	registers.rsp = sp;
	registers.rax = 0;
	registers.rdi = (uint64_t)frame->info->signo;
	registers.rsi = sp + offsetof(struct signal_frame, info);
	registers.rdx = sp + offsetof(struct signal_frame, flags);
	registers.rflags &= ~(uint64_t)FLAGS_CLEARED;
	first_vectors(registers.vectors);
	return vcpu_load(thread->vcpu, &registers);
}

/* -------------------------------------------------------------------------
 * And back.
 */

/* How much of the area there is, besides what FXSAVE writes: what software's place says. */
static size_t told_size(const struct thread *thread, guest_addr at, const struct software *software)
{
	uint32_t end;

	if (software->magic != MAGIC || software->size < XSAVE_HEADER_END ||
	    software->size > vectors_size(vm_vectors(thread->process->vm)) ||
	    software->size > software->size_with_end ||
	    space_read(thread->process->space, &end, guest_at(at.v + software->size), sizeof end) ||
	    end != MAGIC_END)
		return FXSAVE_SIZE;
	return software->size;
}

static int take_vectors(const struct thread *thread, guest_addr at, uint8_t *to)
{
	const struct space *space = thread->process->space;
	struct software software;
	uint64_t used;
	size_t size;

	first_vectors(to);
	if (!at.v)
		return 0;
	if (space_read(space, to, at, FXSAVE_SIZE))
		return -EFAULT;
	memcpy(&software, to + FXSAVE_SOFTWARE, sizeof software);
	memset(to + FXSAVE_SOFTWARE, 0, sizeof software);
	size = told_size(thread, at, &software);
	if (size == FXSAVE_SIZE)
		return 0;
	if (space_read(space, to + FXSAVE_SIZE, guest_at(at.v + FXSAVE_SIZE), size - FXSAVE_SIZE))
		return -EFAULT;
	memcpy(&used, to + XSAVE_PARTS, sizeof used);
	if (used & ~vm_vectors(thread->process->vm))
		return -EFAULT;		/* as XRSTOR has it */
	used &= software.parts;
	memcpy(to + XSAVE_PARTS, &used, sizeof used);
	return 0;
}

/* The processor ignores the rest of the flags; a wrong segment would be a fault. */
#define FLAGS_TAKEN 0x50dd5u	/* CF PF AF ZF SF TF DF OF RF AC */

int frame_pop(struct thread *thread, uint64_t *blocked, struct kernel_stack *alternate)
{
	struct vm_registers registers;
	struct signal_frame frame;
	uint64_t flags;

	if (vcpu_save(thread->vcpu, &registers) ||
	    space_read(thread->process->space, &frame,
		       guest_at(registers.rsp - sizeof frame.restorer), sizeof frame) ||
	    (frame.context.cs | 3) != LINUX_CS)
		return -EFAULT;
	flags = registers.rflags;
	memcpy(&registers, frame.context.registers, sizeof frame.context.registers);
	registers.rflags = (flags & ~(uint64_t)FLAGS_TAKEN) | (registers.rflags & FLAGS_TAKEN);
	if (take_vectors(thread, guest_at(frame.context.vectors), registers.vectors) ||
	    vcpu_load(thread->vcpu, &registers))
		return -EFAULT;
	*blocked = frame.blocked;
	*alternate = frame.alternate;
	return 0;
}

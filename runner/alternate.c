/* SPDX-License-Identifier: BSD-2-Clause */
/* The alternate stack of a thread's handlers. */
#include <errno.h>

#include "frame.h"
#include "guest-signals.h"
#include "process.h"

bool signals_on_alternate(const struct thread *thread, uint64_t sp)
{
	const struct kernel_stack *stack = &thread->signal.alternate;

	return !((unsigned int)stack->flags & GUEST_SS_AUTODISARM) && sp > stack->base &&
	       sp - stack->base <= stack->size;
}

static int set_alternate(struct thread *thread, const struct kernel_stack *new)
{
	const unsigned int mode = (unsigned int)new->flags & ~GUEST_SS_AUTODISARM;
	struct kernel_stack *stack = &thread->signal.alternate;

	if (mode != GUEST_SS_DISABLE && mode != GUEST_SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode != GUEST_SS_DISABLE && new->size < frame_stack_min)
		return -ENOMEM;
	*stack = *new;
	if (mode == GUEST_SS_DISABLE)
		stack->base = stack->size = 0;
	return 0;
}

int signals_alternate(struct thread *thread, uint64_t sp, const struct kernel_stack *new,
		      struct kernel_stack *old)
{
	const struct kernel_stack *stack = &thread->signal.alternate;
	const bool on = signals_on_alternate(thread, sp);

	if (old) {
		*old = *stack;
		old->flags = (int32_t)((unsigned int)stack->flags & GUEST_SS_AUTODISARM);
		old->flags |= !stack->size ? GUEST_SS_DISABLE : on ? GUEST_SS_ONSTACK : 0;
	}
	if (!new)
		return 0;
	return on ? -EPERM : set_alternate(thread, new);
}

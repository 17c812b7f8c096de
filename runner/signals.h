/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's signals are the host's: what is pending for a thread or its process is
 * pending for the host's. The runner's own code has all of them blocked. Who takes one
 * for the guest is signals_take(), between runs, or the runner's handler, in a system call
 * that waits; then it is delivered: the guest's registers become its handler's.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel.h"
#include "vm.h"

struct thread;

/* All numbers are from 1 to SIGNALS_MAX; the last is the runner's own, vcpu_kick(). */
enum { SIGNALS_MAX = 64, SIGNALS_KICK = SIGNALS_MAX };

static inline uint64_t signals_bit(int number)
{
	return 1ull << (number - 1);
}

/* What a process does about each of them. Threads share it. */
struct signals {
	pthread_mutex_t lock;
	uint64_t caught;	/* those with a handler; read without the lock */
	struct kernel_sigaction action[SIGNALS_MAX];	/* of signal n at n - 1 */
};

/* As the host has it: what it ignores, a program goes on to ignore. NULL: no memory. */
struct signals *signals_create(void);
/* For a process that shares memory and nothing else. NULL: no memory. */
struct signals *signals_copy(struct signals *signals);
void signals_destroy(struct signals *signals);
/* Around fork(), so that the child's lock is free. */
void signals_lock(struct signals *signals);
void signals_unlock(struct signals *signals);

/*
 * In a thread of the host, all of them: the C library leaves its own out, and lets them
 * through in a thread that begins. What it had blocked.
 */
uint64_t signals_block_all(void);

/* One thread's. All zeros is how it starts. */
struct signals_thread {
	struct kernel_siginfo taken;	/* by the runner's handler; signo 0: none */
	int64_t unfinished;	/* CALLS_INTERRUPTED or CALLS_AGAIN: a call; 0: none */
	bool lent;		/* `blocked` is of a call that waited, `before` what it will be */
	uint64_t before;
	struct kernel_stack alternate;
	struct vm_fault fault;	/* the last one: a frame tells of it */
	uint64_t fault_at;	/* and of the last that memory made */
	int killed_by;		/* 0: it lives */
};

/*
 * Whose signals the runner's handler takes, in this thread of the host, which has all of
 * them blocked now. A child of vfork() has its parent's memory, also this: it sets it, and
 * then sets it back.
 */
void signals_be(struct thread *thread);

/* Between runs: what is pending, and not blocked by the guest, has its effect. */
void signals_take(struct thread *thread);
/* A system call has come back with this, one of CALLS_*, or its result is set. */
void signals_after_call(struct thread *thread, int64_t result);
/* An instruction could not be. */
void signals_fault(struct thread *thread, const struct vm_fault *fault);
/* To a thread of this process, as tgkill() has it. */
void signals_send(const struct thread *thread, int number);
/* That signal, from the kernel: a thread that cannot take it now ends. */
void signals_force(struct thread *thread, int number);

/* Another mask for the guest. */
void signals_set_blocked(struct thread *thread, uint64_t blocked);
/* The same until the call that is made now has come back, and its signal been delivered. */
void signals_lend_blocked(struct thread *thread, uint64_t blocked);
/* What is pending, not blocked and has no handler has its effect: mostly none, and it is gone. */
void signals_discard(struct thread *thread);
/* What rt_sigpending() finds. */
uint64_t signals_pending(const struct thread *thread);

/* -errno, or 0: @old may be NULL, @new too. */
int signals_act(struct thread *thread, int number, const struct kernel_sigaction *new,
		struct kernel_sigaction *old);

/* sigaltstack() where the stack pointer is @sp; @new and @old may be NULL. */
int signals_alternate(struct thread *thread, uint64_t sp, const struct kernel_stack *new,
		      struct kernel_stack *old);
/* Whether @sp is on it. One that disarms itself has nobody on it. */
bool signals_on_alternate(const struct thread *thread, uint64_t sp);

#endif

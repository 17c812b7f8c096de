/* SPDX-License-Identifier: BSD-2-Clause */
/* timer_create() and its like: one thread of the host's for all of a process's timers. */
#ifndef MACOS_TIMERS_H
#define MACOS_TIMERS_H

#include "linux-time.h"
#include "thread.h"

/* What it does when it has gone off. */
struct timer_what {
	bool tells;		/* or only counts */
	int signo;
	pid_t thread;		/* 0: any */
	uint64_t value;		/* for its handler */
	bool own_value;		/* or its own number */
};

/* A number, or -errno. `clock` is one of Linux's. */
int timers_create(struct process *process, int clock, const struct timer_what *what);
int timers_delete(int number);
/* `old` may be NULL. Times of a clock are absolute where flags have LINUX_TIMER_ABSTIME. */
int timers_set(struct thread *thread, int number, int flags, const struct linux_itimerspec *new,
	       struct linux_itimerspec *old);
int timers_get(int number, struct linux_itimerspec *now);
int timers_overrun(int number);

/* In a child of fork(): it has none. */
void timers_forked(void);

#endif

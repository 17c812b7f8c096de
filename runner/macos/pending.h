/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals that wait to be taken, of a thread or a process: those below LINUX_SIGRTMIN once
 * each, the others as often as they were sent, in that order. Any thread may use one.
 */
#ifndef MACOS_PENDING_H
#define MACOS_PENDING_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "linux-signal.h"

struct pending_queued;

struct pending {
	_Atomic uint64_t set;	/* bit n - 1 is signal n; a look at it needs no lock */
	pthread_mutex_t lock;
	struct linux_siginfo once[LINUX_SIGRTMIN];	/* of signal n at n */
	struct pending_queued *first, **last;	/* of the others */
	unsigned int queued;
};

void pending_begin(struct pending *pending);
void pending_end(struct pending *pending);
/* In a child: nothing is pending, and the lock is free. */
void pending_forget(struct pending *pending);

/* -EAGAIN: too many are queued. */
int pending_add(struct pending *pending, const struct linux_siginfo *info);
/* The first of the set, in Linux's order: faults, then the lowest number. */
bool pending_take(struct pending *pending, uint64_t set, struct linux_siginfo *info);
/* Those of the set are gone. */
void pending_drop(struct pending *pending, uint64_t set);

/* execve(): all of them to a file, where they stay pending; and what was so saved, besides. */
void pending_save(struct pending *pending, FILE *to);
int pending_restore(struct pending *pending, FILE *from);

#endif

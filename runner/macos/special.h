/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The payloads of descriptors of ours: eventfd, timerfd, signalfd, pidfd. How one is read, and
 * whether it is ready, its descriptor_ops say. What makes one returns NULL, and errno says
 * why.
 */
#ifndef MACOS_SPECIAL_H
#define MACOS_SPECIAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "linux-time.h"

struct process;

void *event_create(unsigned int start, bool semaphore);

/* A clock that timerfd has no timers of: EINVAL, as Linux says it. */
void *timer_create_fd(int clock);
/* 0 or -EINVAL. `flags` of TFD_TIMER_*; `old` may be NULL. */
int timer_set(void *timer, unsigned int flags, const struct linux_itimerspec *new,
	      struct linux_itimerspec *old);
void timer_get(void *timer, struct linux_itimerspec *now);

void *signals_create_fd(uint64_t set);
void signals_set_fd(void *signals, uint64_t set);
/* A signal has become pending: deliver_told. */
void signals_told_fd(int number);

/* In a child, before all else. */
void signalfd_fork_child(void);

/* ESRCH: there is none. */
void *pidfd_create(pid_t pid);
/* Whose a descriptor is, or -EBADF: it is none of a process. */
pid_t pidfd_pid(uint64_t fd);

#endif

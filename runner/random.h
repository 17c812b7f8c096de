/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random bytes that the machine gives to the program without an exit, and descriptors of
 * /dev/urandom, of which it knows.
 *
 * A descriptor's number may be closed by one thread while another has just opened it. So
 * closing tells before and behind it, and one that is opened is only named to the machine
 * if nothing was closed since. What is not named asks the host, and is right, too.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include "process.h"

/* Between runs, by the thread itself: bytes for its vCPU, if many are gone. */
void random_refill(struct thread *thread);

/* Around what opens a descriptor. */
uint64_t random_opening(const struct process *process);
void random_opened(struct process *process, int fd, uint64_t since);

/* Around what closes descriptors, from @first to @last. */
void random_closing(struct process *process, unsigned int first, unsigned int last);
void random_closed(struct process *process);

/* In a child: nobody else closes anything there. */
void random_forked(struct process *process);

#endif

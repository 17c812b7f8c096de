/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that do the same at once. */
#ifndef THREADS_H
#define THREADS_H

/* How often `work`, in so many threads, says that it has succeeded: their sum. */
unsigned long do_at_once(unsigned int threads, unsigned long (*work)(void));

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A descriptor of the host that is readable while it rings: so what only the runner knows of
 * can be waited for beside what the host knows of. It is a kqueue with one event of ours; a
 * child does not have it.
 *
 * Who rings and hushes a bell has a lock for it.
 */
#ifndef BELL_H
#define BELL_H

#include <stdbool.h>

/* The descriptor, or -errno. */
int bell_create(void);
void bell_destroy(int bell);	/* -1: nothing */

/*
 * In a child, while what it does not inherit is cleaned up: bells are not there, and other
 * things may have their numbers.
 */
void bell_forget(bool gone);

/* Also if it rings already, who waits for another change of it is told. */
void bell_ring(int bell);
void bell_hush(int bell);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's descriptors are the runner's own, with the same numbers. What the runner
 * has open for itself is out of the guest's way, and none of its business.
 */
#ifndef FDS_H
#define FDS_H

#include <stdbool.h>
#include <stdint.h>

/* Moves a descriptor there; -1 and errno if there is no room, and -1 for -1. */
int fds_hide(int fd);

/* As a system call has it: the low half counts. */
bool fds_hidden(uint64_t fd);

#endif

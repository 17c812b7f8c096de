/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's descriptors, and the runner's own, which are out of the guest's way, and none
 * of its business. On Linux the guest's are the process's, with the same numbers.
 */
#ifndef FDS_H
#define FDS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

/*
 * At the beginning: what the guest has open is what the process has, or what is described in
 * the file that a runner that execve() made this one of has written; -1: there is none.
 * 0 or -errno.
 */
int fds_take_over(int descriptors);

/*
 * Moves a descriptor to where the guest is told nothing of it; it is closed on exec. -1 and
 * errno if there is no room, and -1 for -1. To be closed with fds_close() alone.
 */
int fds_hide(int fd);
void fds_close(int fd);

/* As a system call has it: the low half counts. */
bool fds_hidden(uint64_t fd);

/*
 * Between these, the runner can open what it needs whatever limit the guest has, and nobody
 * else is between them. They may be nested. fds_again(): in the child of a fork() there.
 */
void fds_begin(void);
void fds_end(void);
void fds_again(void);

/* The guest's own limit: as prlimit() has it, -1 and errno. */
int fds_limit(const struct rlimit *new, struct rlimit *old);

/* close_range(), of the guest's alone: 0 or -errno. */
int fds_close_range(unsigned int first, unsigned int last, unsigned int flags);

#endif

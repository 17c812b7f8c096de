/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc as the guest's process is to see itself there: the host's process is the runner's,
 * whose program, memory and own threads are not the guest's affair. Which file of /proc it
 * is, its canonical name tells, once it is open: what it was called does not matter.
 */
#ifndef PROC_H
#define PROC_H

#include <dirent.h>

#include "process.h"

/* Before a program's first instruction: its arguments and environment are shown. */
void proc_begin(const struct thread *thread);

/* The thread that calls this is the runner's own: not counted, not listed. */
void proc_hide_thread(void);

/*
 * What the host has opened by this name is for the guest: the descriptor, which may be of
 * something else now, or -errno, and it is closed.
 */
int64_t proc_opened(const struct thread *thread, int fd, int folder, const char *name,
		    uint64_t flags);

/* Whether a name, or the symbolic link of that name, means the program that runs. */
bool proc_is_program(int folder, const char *name);
bool proc_links_to_program(int folder, const char *name, const char *link, size_t size);

/* Whether a folder's list has entries that are not the guest's affair, and which these are. */
enum proc_folder { PROC_OTHER, PROC_DESCRIPTORS, PROC_THREADS };
enum proc_folder proc_folder(int fd);
bool proc_hides(enum proc_folder folder, const char *name);

#endif

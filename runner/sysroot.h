/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another root for what a program names (--sysroot): an absolute name of something that is
 * there is that; what is not there is the host's. It is for libraries of another kind,
 * and no wall: a symbolic link there with an absolute name leads to the host's files.
 */
#ifndef SYSROOT_H
#define SYSROOT_H

#include <limits.h>

/* Once, before a program is looked for. -errno, if it is no directory. */
int sysroot_set(const char *directory);

/* `name`, or one in `room`. */
const char *sysroot_find(const char *name, char room[PATH_MAX]);

/* Without a slash at its end; NULL: there is none. */
const char *sysroot_get(void);
/* What a program calls a file of that absolute name: part of it, or "/". */
const char *sysroot_strip(const char *name);

#endif

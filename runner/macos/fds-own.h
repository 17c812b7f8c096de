/* SPDX-License-Identifier: BSD-2-Clause */
/* The limit of descriptors is the guest's alone: what becomes of it, besides ../fds.h. */
#ifndef MACOS_FDS_OWN_H
#define MACOS_FDS_OWN_H

#include <stdio.h>

#include "../fds.h"

/* The registry keeps to it from now on. */
void fds_set_limit(void);
/* At execve: 0 or -EIO. */
void fds_save(FILE *to);
int fds_restore(FILE *from);

#endif

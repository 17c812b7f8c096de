/* SPDX-License-Identifier: BSD-2-Clause */
/* What proc.c knows of the process, for the texts of synthetic-process.c. */
#ifndef MACOS_PROC_OWN_H
#define MACOS_PROC_OWN_H

#include <stdint.h>

#include "../proc-start.h"

const struct proc_start *proc_own_start(void);
/* When the program began, in seconds since the machine did. */
uint64_t proc_own_age(void);
unsigned int proc_own_umask(void);
/* Those of a superuser, or none. */
uint64_t proc_own_capabilities(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Who the thread is, for the machine to answer without an exit. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "process.h"

/* By the thread itself, between runs: when it begins, and when it may have changed. */
void identity_tell(struct thread *thread);

#endif

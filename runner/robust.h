/* SPDX-License-Identifier: BSD-2-Clause */
/* What a thread leaves behind: the locks on its robust list say that their owner is no more. */
#ifndef ROBUST_H
#define ROBUST_H

#include "process.h"

/* Once for each thread; its number is still its own. */
void robust_end(struct thread *thread);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's signals are the host's: a signal for a thread is pending at its host thread. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include "process.h"

/* Between runs: what is pending, and not blocked by the guest, has its effect. */
void signals_take(struct thread *thread);

#endif

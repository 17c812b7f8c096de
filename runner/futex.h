/* SPDX-License-Identifier: BSD-2-Clause */
/* What the runner itself does with words that threads wait at: each host has its own. */
#ifndef FUTEX_H
#define FUTEX_H

#include "process.h"

/* include/uapi/linux/futex.h: what programs have in the word of a lock. */
#define FUTEX_WORD_WAITERS 0x80000000u
#define FUTEX_WORD_OWNER_DIED 0x40000000u
#define FUTEX_WORD_TID 0x3fffffffu

/* One that waits at the word, in this process or another, is woken. */
void futex_wake_one(const struct process *process, guest_addr at);

#endif

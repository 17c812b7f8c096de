/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals of the guest, besides ../signals.h: sent by it, by the host, or by the runner itself. */
#ifndef MACOS_DELIVER_H
#define MACOS_DELIVER_H

#include <signal.h>

#include "linux-signal.h"
#include "signal-numbers.h"
#include "thread.h"

/* Whether there is something for signals_take() to do: then who waits does not go on to. */
bool deliver_wanted(const struct thread *thread);

/*
 * To a process, that is this one, or to one of its threads, in the process's lock. 0, or
 * -EAGAIN: too many wait already. What is ignored is not kept.
 */
int deliver_to_process(struct process *process, const struct linux_siginfo *info);
int deliver_to_thread(struct thread *thread, const struct linux_siginfo *info);
/* The same, where nobody holds the lock, to the calling thread: SIGPIPE, for example. */
void deliver_to_self(struct thread *thread, int number);

/* In the process's lock: the thread does not take signals any more, others may. */
void deliver_leave(struct process *process);

/*
 * Signals that come from the host: for a process that begins, with a thread of the host's for
 * them; and in a child of fork().
 */
int deliver_begin(struct process *process);
int deliver_forked(struct process *process);
/* Before the host's execve(), so that what is ignored stays so; and if that has failed. */
void deliver_hand_over(struct process *process);
void deliver_take_back(struct process *process);
/*
 * What is pending stays so over execve(): written to where that file is, and read from there.
 * What was the thread's is the process's then, which has no other. 0 or -errno.
 */
int deliver_save(const struct thread *thread, int file);
int deliver_restore(int file);

/*
 * A terminal that is used from the background sends SIGTTIN and SIGTTOU to the process of the
 * thread that does, and only if that thread has them not blocked: else the call fails. So it
 * has them as the program does, from the first call that waits on. What came is noted, and told
 * to the process by signals_take(). A thread that waits in the runner itself would not hear of
 * it, and has them blocked.
 */
void deliver_open_terminals(struct thread *thread);
void deliver_close_terminals(struct thread *thread);
void deliver_noted(struct thread *thread);

/* What the host says of a child. */
void deliver_child(struct linux_siginfo *to, const siginfo_t *from);
/* Of children: nobody waits for them; those that stop are not told. */
void deliver_children(bool unwanted, bool ends_alone);
/* Stops the process as that signal of the guest's does. Returns when it goes on. */
void deliver_stop(int number);
/* Whether nothing would be done about it. */
bool signals_ignores(struct signals *signals, int number);
/* Ends the process as that signal of the guest's does, so that its parent sees it. */
_Noreturn void deliver_die(int number);

/*
 * For signalfd: called with the process's lock when a signal has become pending, with what
 * is done about it not looked at. One for the process; NULL: nobody.
 */
extern void (*deliver_told)(int number);
/* What is pending for the thread and its process, blocked or not. */
uint64_t deliver_pending(const struct thread *thread);

/*
 * rt_sigtimedwait() and signalfd's read(): takes one of @set that is pending. 0: there is none.
 * Who waits for them says so before it looks, and that it does not any more with 0.
 */
bool deliver_take(struct thread *thread, uint64_t set, struct linux_siginfo *info);
void deliver_await(struct thread *thread, uint64_t set);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is to be had on macOS alone, or is not as POSIX has it: darwin.c. Where the rest is
 * tested on Linux, tests/macos/darwin-linux.c is in its place.
 */
#ifndef MACOS_DARWIN_H
#define MACOS_DARWIN_H

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* Of the host's signals, one that the guest has no number for, and that nothing else sends. */
int darwin_kick(void);

/* pthread_cond_timedwait() for so many nanoseconds, whatever the clock is set to meanwhile. */
void darwin_condition_begin(pthread_cond_t *condition);
int darwin_condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t nanoseconds);

/* Clocks that stand still while the machine sleeps, as Linux's do, and one that does not. */
clockid_t darwin_monotonic(void);
clockid_t darwin_boottime(void);

/* The runner's own file: to be freed, or NULL. */
char *darwin_runner(void);

/* Bytes of memory that the machine has, and that nobody uses; seconds that it has been up. */
struct darwin_system {
	uint64_t memory, unused, uptime;
	double load[3];
};
void darwin_system(struct darwin_system *system);

/* A thread's processor time, in nanoseconds. */
uint64_t darwin_thread_time(pthread_t thread);

/* getresuid() and setresuid(), and of groups. Those that cannot be set are -1, EPERM. */
int darwin_get_users(uid_t *real, uid_t *effective, uid_t *saved);
int darwin_get_groups(gid_t *real, gid_t *effective, gid_t *saved);

#endif

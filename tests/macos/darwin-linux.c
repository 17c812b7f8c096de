/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux in the place of macOS, for tests: the twin of runner/macos/darwin.c. */
#define _GNU_SOURCE
#include "runner/macos/darwin.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define NSEC_PER_SEC 1000000000ull

/* A real-time one: the guest's are all emulated, and no other process sends it. */
int darwin_kick(void)
{
	return SIGRTMIN + 8;
}

void darwin_condition_begin(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

int darwin_condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t nanoseconds)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	nanoseconds += (uint64_t)until.tv_nsec;
	until.tv_sec += (time_t)(nanoseconds / NSEC_PER_SEC);
	until.tv_nsec = (long)(nanoseconds % NSEC_PER_SEC);
	return pthread_cond_timedwait(condition, lock, &until);
}

clockid_t darwin_monotonic(void)
{
	return CLOCK_MONOTONIC;
}

clockid_t darwin_boottime(void)
{
	return CLOCK_BOOTTIME;
}

char *darwin_runner(void)
{
	return realpath("/proc/self/exe", NULL);
}

void darwin_system(struct darwin_system *system)
{
	struct sysinfo info;

	*system = (struct darwin_system){ 0 };
	if (sysinfo(&info))
		return;
	system->memory = info.totalram * info.mem_unit;
	system->unused = info.freeram * info.mem_unit;
	system->uptime = (uint64_t)info.uptime;
	getloadavg(system->load, 3);
}

uint64_t darwin_thread_time(pthread_t thread)
{
	struct timespec time;
	clockid_t clock;

	if (pthread_getcpuclockid(thread, &clock) || clock_gettime(clock, &time))
		return 0;
	return (uint64_t)time.tv_sec * NSEC_PER_SEC + (uint64_t)time.tv_nsec;
}

int darwin_get_users(uid_t *real, uid_t *effective, uid_t *saved)
{
	return getresuid(real, effective, saved);
}

int darwin_get_groups(gid_t *real, gid_t *effective, gid_t *saved)
{
	return getresgid(real, effective, saved);
}

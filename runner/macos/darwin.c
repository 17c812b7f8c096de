/* SPDX-License-Identifier: BSD-2-Clause */
#include "darwin.h"

#include <mach-o/dyld.h>
#include <mach/mach.h>
#include <stdlib.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <unistd.h>

int darwin_kick(void)
{
	return SIGEMT;
}

void darwin_condition_begin(pthread_cond_t *condition)
{
	pthread_cond_init(condition, NULL);
}

int darwin_condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t nanoseconds)
{
	const uint64_t second = 1000000000;
	const struct timespec left = { .tv_sec = (time_t)(nanoseconds / second),
				       .tv_nsec = (long)(nanoseconds % second) };

	return pthread_cond_timedwait_relative_np(condition, lock, &left);
}

clockid_t darwin_monotonic(void)
{
	return CLOCK_UPTIME_RAW;
}

clockid_t darwin_boottime(void)
{
	return CLOCK_MONOTONIC;
}

char *darwin_runner(void)
{
	uint32_t size = 0;
	char *path, *real;

	_NSGetExecutablePath(NULL, &size);
	path = malloc(size);
	if (!path || _NSGetExecutablePath(path, &size)) {
		free(path);
		return NULL;
	}
	real = realpath(path, NULL);
	free(path);
	return real;
}

static uint64_t unused_memory(void)
{
	mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
	vm_statistics64_data_t pages;

	if (host_statistics64(mach_host_self(), HOST_VM_INFO64, (host_info64_t)&pages, &count))
		return 0;
	return (uint64_t)pages.free_count * vm_kernel_page_size;
}

void darwin_system(struct darwin_system *system)
{
	struct timeval booted = { 0 }, now;
	size_t size = sizeof system->memory, booted_size = sizeof booted;

	*system = (struct darwin_system){ .unused = unused_memory() };
	sysctlbyname("hw.memsize", &system->memory, &size, NULL, 0);
	if (!sysctlbyname("kern.boottime", &booted, &booted_size, NULL, 0) &&
	    !gettimeofday(&now, NULL))
		system->uptime = (uint64_t)(now.tv_sec - booted.tv_sec);
	getloadavg(system->load, 3);
}

uint64_t darwin_thread_time(pthread_t thread)
{
	const uint64_t second = 1000000000, microsecond = 1000;
	mach_msg_type_number_t count = THREAD_BASIC_INFO_COUNT;
	thread_basic_info_data_t info;

	if (thread_info(pthread_mach_thread_np(thread), THREAD_BASIC_INFO, (thread_info_t)&info,
			&count))
		return 0;
	return ((uint64_t)info.user_time.seconds + (uint64_t)info.system_time.seconds) * second +
	       ((uint64_t)info.user_time.microseconds +
		(uint64_t)info.system_time.microseconds) * microsecond;
}

/* The saved ones are not told: what it may become again is its effective one. */
int darwin_get_users(uid_t *real, uid_t *effective, uid_t *saved)
{
	*real = getuid();
	*saved = *effective = geteuid();
	return 0;
}

int darwin_get_groups(gid_t *real, gid_t *effective, gid_t *saved)
{
	*real = getgid();
	*saved = *effective = getegid();
	return 0;
}

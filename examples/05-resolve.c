/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's side alone: finds functions in the vDSO that it was started with,
 * whoever made that. Linux's own has no getpid; an image of libvdsogen may have
 * it, and no C library looks for it there. So this looks itself, once, and
 * keeps the system call for the images that lack a function.
 *
 * It needs vdsogen-resolve.h and nothing to link.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <vdsogen-resolve.h>

typedef int clock_gettime_fn(clockid_t, struct timespec *);
typedef pid_t getpid_fn(void);

/* NULL: there is none. A vDSO returns -errno, and leaves errno alone. */
static clock_gettime_fn *vdso_clock_gettime;
static getpid_fn *vdso_getpid;

static void find_functions(void)
{
	const void *vdso = vdsogen_vdso();

	vdso_clock_gettime = (clock_gettime_fn *)vdsogen_resolve_prefixed(vdso, "clock_gettime");
	vdso_getpid = (getpid_fn *)vdsogen_resolve_prefixed(vdso, "getpid");
}

static int my_clock_gettime(clockid_t id, struct timespec *time)
{
	if (vdso_clock_gettime)
		return vdso_clock_gettime(id, time);
	return syscall(SYS_clock_gettime, id, time) ? -errno : 0;
}

static pid_t my_getpid(void)
{
	return vdso_getpid ? vdso_getpid() : (pid_t)syscall(SYS_getpid);
}

static const char *by(bool found)
{
	return found ? "the vDSO" : "a system call";
}

int main(void)
{
	struct timespec time;
	int error;

	find_functions();
	error = my_clock_gettime(CLOCK_REALTIME, &time);
	if (error) {
		fprintf(stderr, "clock_gettime: %s\n", strerror(-error));
		return 1;
	}
	printf("clock_gettime by %s: %lld.%09ld\n", by(vdso_clock_gettime),
	       (long long)time.tv_sec, time.tv_nsec);
	printf("getpid by %s: %ld\n", by(vdso_getpid), (long)my_getpid());
	return 0;
}

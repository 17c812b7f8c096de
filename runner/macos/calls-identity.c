/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who a process is. What changes it tells the machine of each thread before that goes on; on
 * the host it is all the process's, as C libraries make it on Linux.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <sys/types.h>
#include <unistd.h>

#include "../identity.h"
#include "calls-own.h"
#include "darwin.h"

#define ASKS(call, expression) \
	int64_t call_##call(struct thread *thread, const uint64_t *a) \
	{ \
		(void)thread; \
		(void)a; \
		return (int64_t)(expression); \
	}

ASKS(getpid, getpid())
ASKS(getppid, getppid())
ASKS(gettid, thread->tid)
ASKS(getuid, getuid())
ASKS(geteuid, geteuid())
ASKS(getgid, getgid())
ASKS(getegid, getegid())

static int64_t result_of(int64_t result)
{
	return result < 0 ? -errno : result;
}

ASKS(getpgid, result_of(getpgid((pid_t)a[0])))
ASKS(setpgid, result_of(setpgid((pid_t)a[0], (pid_t)a[1])))
ASKS(getsid, result_of(getsid((pid_t)a[0])))
ASKS(setsid, result_of(setsid()))

static int64_t changed(struct thread *thread, int result)
{
	const int64_t told = result_of(result);

	identity_tell(thread);
	return told;
}

#define CHANGES(call, expression) \
	int64_t call_##call(struct thread *thread, const uint64_t *a) \
	{ \
		return changed(thread, expression); \
	}

CHANGES(setuid, setuid((uid_t)a[0]))
CHANGES(setgid, setgid((gid_t)a[0]))
CHANGES(setreuid, setreuid((uid_t)a[0], (uid_t)a[1]))
CHANGES(setregid, setregid((gid_t)a[0], (gid_t)a[1]))

/* The saved one is the host's to choose, as setreuid() does: what it effectively is. */
CHANGES(setresuid, setreuid((uid_t)a[0], (uid_t)a[1]))
CHANGES(setresgid, setregid((gid_t)a[0], (gid_t)a[1]))

static int tell_three(struct thread *thread, const uint64_t *at, uint32_t real, uint32_t effective,
		      uint32_t saved)
{
	if (calls_write(thread, at[0], &real, sizeof real) ||
	    calls_write(thread, at[1], &effective, sizeof effective))
		return -EFAULT;
	return calls_write(thread, at[2], &saved, sizeof saved);
}

int64_t call_getresuid(struct thread *thread, const uint64_t *a)
{
	uid_t real, effective, saved;

	if (darwin_get_users(&real, &effective, &saved))
		return -errno;
	return tell_three(thread, a, real, effective, saved);
}

int64_t call_getresgid(struct thread *thread, const uint64_t *a)
{
	gid_t real, effective, saved;

	if (darwin_get_groups(&real, &effective, &saved))
		return -errno;
	return tell_three(thread, a, real, effective, saved);
}

/* What Linux says: who it was; files are looked at with the effective ones here. */
ASKS(setfsuid, geteuid())
ASKS(setfsgid, getegid())

/* -------------------------------------------------------------------------
 * Groups.
 */
enum { GROUPS_MAX = 1024 };

int64_t call_getgroups(struct thread *thread, const uint64_t *a)
{
	gid_t host[GROUPS_MAX];
	uint32_t guest[GROUPS_MAX];
	const int room = (int)a[0], count = getgroups(GROUPS_MAX, host);

	if (room < 0)
		return -EINVAL;
	if (count < 0)
		return -errno;
	if (!room)
		return count;
	if (count > room)
		return -EINVAL;
	for (int i = 0; i < count; i++)
		guest[i] = host[i];
	if (calls_write(thread, a[1], guest, (size_t)count * sizeof *guest))
		return -EFAULT;
	return count;
}

int64_t call_setgroups(struct thread *thread, const uint64_t *a)
{
	gid_t host[GROUPS_MAX];
	uint32_t guest[GROUPS_MAX];
	const unsigned int count = (unsigned int)a[0];

	if (geteuid())
		return -EPERM;
	if (count > GROUPS_MAX)
		return -EINVAL;
	if (calls_read(thread, guest, a[1], count * sizeof *guest))
		return -EFAULT;
	for (unsigned int i = 0; i < count; i++)
		host[i] = guest[i];
	return result_of(setgroups((int)count, host));
}

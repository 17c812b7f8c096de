/* SPDX-License-Identifier: BSD-2-Clause */
/* What a process is told of the system and of itself: names, limits, processors, random bytes. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../fds.h"
#include "../platform.h"
#include "calls-own.h"
#include "darwin.h"
#include "descriptors.h"
#include "linux-process.h"
#include "linux-release.h"
#include "thread.h"
#include "translate.h"
#include "wait-status.h"

/* -------------------------------------------------------------------------
 * The system.
 */

/* A version that has what is here; programs compare it with what they need. */
int64_t call_uname(struct thread *thread, const uint64_t *a)
{
	struct linux_utsname name = {
		.sysname = "Linux", .release = LINUX_RELEASE, .version = LINUX_VERSION,
		.machine = "aarch64", .domainname = "(none)",
	};

	if (gethostname(name.nodename, sizeof name.nodename - 1))
		strcpy(name.nodename, "localhost");
	return calls_write(thread, a[0], &name, sizeof name);
}

int64_t call_sysinfo(struct thread *thread, const uint64_t *a)
{
	const double load_unit = 1 << 16;	/* SI_LOAD_SHIFT */
	struct darwin_system system;
	struct linux_sysinfo info;

	darwin_system(&system);
	info = (struct linux_sysinfo){
		.uptime = (int64_t)system.uptime, .totalram = system.memory,
		.freeram = system.unused, .procs = 1, .mem_unit = 1,
	};
	for (int i = 0; i < 3; i++)
		info.loads[i] = (uint64_t)(system.load[i] * load_unit);
	return calls_write(thread, a[0], &info, sizeof info);
}

int64_t call_umask(struct thread *thread, const uint64_t *a)
{
	const mode_t permissions = 0777;

	(void)thread;
	return umask((mode_t)a[0] & permissions);
}

/* PER_LINUX, and no other. */
int64_t call_personality(struct thread *thread, const uint64_t *a)
{
	const uint32_t ask = UINT32_MAX;

	(void)thread;
	return (uint32_t)a[0] == ask || !a[0] ? 0 : -EINVAL;
}

/* As many as arrive, from the first one on: of a page that is not there, none. */
static size_t write_random(void *context, guest_addr to, const void *from, size_t size)
{
	const struct thread *thread = context;
	size_t done = 0;

	while (done < size) {
		const size_t page = VM_PAGE - (to.v + done) % VM_PAGE;
		const size_t piece = size - done < page ? size - done : page;

		if (calls_write(thread, to.v + done, (const uint8_t *)from + done, piece))
			break;
		done += piece;
	}
	return done;
}

int64_t call_getrandom(struct thread *thread, const uint64_t *a)
{
	const struct entropy_memory memory = { write_random, thread };

	return entropy_getrandom(descriptors_entropy, guest_at(a[0]), a[1], (unsigned int)a[2],
				 &memory);
}

/* -------------------------------------------------------------------------
 * Processors. The host does not let threads choose.
 */
static unsigned int processors(void)
{
	const long count = sysconf(_SC_NPROCESSORS_ONLN);

	return count > 0 ? (unsigned int)count : 1;
}

static bool is_here(const struct thread *thread, pid_t number)
{
	struct process *process = thread->process;
	const struct thread *one;

	if (!number || number == getpid())
		return true;
	pthread_mutex_lock(&process->lock);
	for (one = process->first; one && one->tid != number; one = one->next)
		;
	pthread_mutex_unlock(&process->lock);
	return one;
}

int64_t call_sched_getaffinity(struct thread *thread, const uint64_t *a)
{
	enum { BITS = 8 * sizeof(uint64_t), WORDS = 16 };
	const unsigned int count = processors();
	const size_t words = (count + BITS - 1) / BITS, size = words * sizeof(uint64_t);
	uint64_t set[WORDS] = { 0 };

	if (!is_here(thread, (pid_t)a[0]))
		return -ESRCH;
	if ((uint32_t)a[1] < size || (uint32_t)a[1] % sizeof(uint64_t) || words > WORDS)
		return -EINVAL;
	for (unsigned int i = 0; i < count; i++)
		set[i / BITS] |= 1ull << i % BITS;
	return calls_write(thread, a[2], set, size) ? -EFAULT : (int64_t)size;
}

/* All processors are what it may choose, and any choice is as good: nothing is promised. */
int64_t call_sched_setaffinity(struct thread *thread, const uint64_t *a)
{
	uint64_t set = 0;
	const size_t size = (uint32_t)a[1] < sizeof set ? (uint32_t)a[1] : sizeof set;

	if (!is_here(thread, (pid_t)a[0]))
		return -ESRCH;
	if (calls_read(thread, &set, a[2], size))
		return -EFAULT;
	return set || (uint32_t)a[1] > sizeof set ? 0 : -EINVAL;
}

int64_t call_getcpu(struct thread *thread, const uint64_t *a)
{
	const uint32_t first = 0;

	if (calls_write_if(thread, a[0], &first, sizeof first))
		return -EFAULT;
	return calls_write_if(thread, a[1], &first, sizeof first);
}

int64_t call_sched_yield(struct thread *thread, const uint64_t *a)
{
	(void)thread;
	(void)a;
	sched_yield();
	return 0;
}

int64_t call_sched_getscheduler(struct thread *thread, const uint64_t *a)
{
	return is_here(thread, (pid_t)a[0]) ? LINUX_SCHED_OTHER : -ESRCH;
}

int64_t call_sched_setscheduler(struct thread *thread, const uint64_t *a)
{
	int32_t priority;

	if (!is_here(thread, (pid_t)a[0]))
		return -ESRCH;
	if (calls_read(thread, &priority, a[2], sizeof priority))
		return -EFAULT;
	switch ((int)a[1]) {
	case LINUX_SCHED_OTHER:
	case LINUX_SCHED_BATCH:
	case LINUX_SCHED_IDLE:
		return priority ? -EINVAL : 0;
	case LINUX_SCHED_FIFO:
	case LINUX_SCHED_RR:
		return -EPERM;
	default:
		return -EINVAL;
	}
}

int64_t call_sched_getparam(struct thread *thread, const uint64_t *a)
{
	const int32_t priority = 0;

	if (!is_here(thread, (pid_t)a[0]))
		return -ESRCH;
	return calls_write(thread, a[1], &priority, sizeof priority);
}

int64_t call_sched_setparam(struct thread *thread, const uint64_t *a)
{
	return call_sched_setscheduler(thread, (const uint64_t[]){ a[0], LINUX_SCHED_OTHER, a[1] });
}

enum { PRIORITY_MIN = 1, PRIORITY_MAX = 99 };	/* sched(7): of SCHED_FIFO and SCHED_RR */

static int64_t priority_of(int policy, int64_t real_time)
{
	switch (policy) {
	case LINUX_SCHED_FIFO:
	case LINUX_SCHED_RR:
		return real_time;
	case LINUX_SCHED_OTHER:
	case LINUX_SCHED_BATCH:
	case LINUX_SCHED_IDLE:
		return 0;
	default:
		return -EINVAL;
	}
}

int64_t call_sched_get_priority_max(struct thread *thread, const uint64_t *a)
{
	(void)thread;
	return priority_of((int)a[0], PRIORITY_MAX);
}

int64_t call_sched_get_priority_min(struct thread *thread, const uint64_t *a)
{
	(void)thread;
	return priority_of((int)a[0], PRIORITY_MIN);
}

/* PRIO_PROCESS, _PGRP and _USER have the same numbers. Linux's call returns 1 to 40. */
static bool whose_priority(const struct thread *thread, const uint64_t *a, id_t *who)
{
	*who = (id_t)a[1];
	if ((int)a[0] == PRIO_PROCESS && is_here(thread, (pid_t)a[1]))
		*who = 0;	/* threads have their process's */
	return (int)a[0] >= PRIO_PROCESS && (int)a[0] <= PRIO_USER;
}

int64_t call_getpriority(struct thread *thread, const uint64_t *a)
{
	const int lowest = 20;
	int nice;
	id_t who;

	if (!whose_priority(thread, a, &who))
		return -EINVAL;
	errno = 0;
	nice = getpriority((int)a[0], who);
	return errno ? -errno : lowest - nice;
}

int64_t call_setpriority(struct thread *thread, const uint64_t *a)
{
	id_t who;

	if (!whose_priority(thread, a, &who))
		return -EINVAL;
	return setpriority((int)a[0], who, (int)a[2]) ? -errno : 0;
}

/* -------------------------------------------------------------------------
 * Limits. Those that the host has not are not there: what is set is not kept.
 */
TRANSLATE(limits,
	{ LINUX_RLIMIT_CPU, RLIMIT_CPU }, { LINUX_RLIMIT_FSIZE, RLIMIT_FSIZE },
	{ LINUX_RLIMIT_DATA, RLIMIT_DATA }, { LINUX_RLIMIT_CORE, RLIMIT_CORE },
	{ LINUX_RLIMIT_RSS, RLIMIT_RSS }, { LINUX_RLIMIT_NPROC, RLIMIT_NPROC },
	{ LINUX_RLIMIT_MEMLOCK, RLIMIT_MEMLOCK });

/* Of the process, in its lock: its stack is the runner's to grow, and so on. */
static struct linux_rlimit64 own_limits[LINUX_RLIMITS] = {
	[LINUX_RLIMIT_STACK] = { 8 << 20, LINUX_RLIM_INFINITY },
	[LINUX_RLIMIT_AS] = { LINUX_RLIM_INFINITY, LINUX_RLIM_INFINITY },
	[LINUX_RLIMIT_LOCKS] = { LINUX_RLIM_INFINITY, LINUX_RLIM_INFINITY },
	[LINUX_RLIMIT_SIGPENDING] = { 4096, 4096 },
	[LINUX_RLIMIT_MSGQUEUE] = { 819200, 819200 },
	[LINUX_RLIMIT_RTTIME] = { LINUX_RLIM_INFINITY, LINUX_RLIM_INFINITY },
};

static uint64_t limit_to_linux(rlim_t host)
{
	return host == RLIM_INFINITY ? LINUX_RLIM_INFINITY : host;
}

static rlim_t limit_to_host(uint64_t guest)
{
	return guest >= RLIM_INFINITY ? RLIM_INFINITY : (rlim_t)guest;
}

static int host_limit(unsigned int which, const struct rlimit *new, struct rlimit *old)
{
	int64_t host;

	if (which == LINUX_RLIMIT_NOFILE)
		return fds_limit(new, old);
	translate_to_host(&limits, which, &host);
	if (getrlimit((int)host, old))
		return -1;
	return new ? setrlimit((int)host, new) : 0;
}

static int own_limit(struct process *process, unsigned int which, const struct linux_rlimit64 *new,
		     struct linux_rlimit64 *old)
{
	int failed = 0;

	pthread_mutex_lock(&process->lock);
	*old = own_limits[which];
	if (new && new->current > new->maximum)
		failed = -EINVAL;
	else if (new && new->maximum > old->maximum && geteuid())
		failed = -EPERM;
	else if (new)
		own_limits[which] = *new;
	pthread_mutex_unlock(&process->lock);
	return failed;
}

static int change_limit(struct process *process, unsigned int which,
			const struct linux_rlimit64 *new, struct linux_rlimit64 *old)
{
	struct rlimit wanted, before;
	int64_t unused;

	if (which != LINUX_RLIMIT_NOFILE && !translate_to_host(&limits, which, &unused))
		return own_limit(process, which, new, old);
	if (new)
		wanted = (struct rlimit){ limit_to_host(new->current), limit_to_host(new->maximum) };
	if (host_limit(which, new ? &wanted : NULL, &before))
		return -errno;
	*old = (struct linux_rlimit64){ limit_to_linux(before.rlim_cur),
					limit_to_linux(before.rlim_max) };
	return 0;
}

int64_t call_prlimit64(struct thread *thread, const uint64_t *a)
{
	struct linux_rlimit64 new, old;
	int failed;

	if ((uint32_t)a[1] >= LINUX_RLIMITS)
		return -EINVAL;
	if (a[2] && calls_read(thread, &new, a[2], sizeof new))
		return -EFAULT;
	if (!is_here(thread, (pid_t)a[0]))
		return -ESRCH;
	failed = change_limit(thread->process, (unsigned int)a[1], a[2] ? &new : NULL, &old);
	return failed ? failed : calls_write_if(thread, a[3], &old, sizeof old);
}

int64_t call_getrlimit(struct thread *thread, const uint64_t *a)
{
	return call_prlimit64(thread, (const uint64_t[]){ 0, a[0], 0, a[1] });
}

int64_t call_setrlimit(struct thread *thread, const uint64_t *a)
{
	return call_prlimit64(thread, (const uint64_t[]){ 0, a[0], a[1], 0 });
}

int64_t call_getrusage(struct thread *thread, const uint64_t *a)
{
	struct linux_rusage told;
	struct rusage usage;
	uint64_t time;

	switch ((int)a[0]) {
	case LINUX_RUSAGE_SELF:
	case LINUX_RUSAGE_THREAD:
		getrusage(RUSAGE_SELF, &usage);
		break;
	case LINUX_RUSAGE_CHILDREN:
		getrusage(RUSAGE_CHILDREN, &usage);
		break;
	default:
		return -EINVAL;
	}
	told = wait_usage_to_linux(&usage);
	if ((int)a[0] == LINUX_RUSAGE_THREAD) {
		time = darwin_thread_time(pthread_self());
		told.user = (struct linux_timeval){
			.sec = (int64_t)(time / LINUX_NSEC_PER_SEC),
			.usec = (int64_t)(time % LINUX_NSEC_PER_SEC / LINUX_NSEC_PER_USEC),
		};
		told.system = (struct linux_timeval){ 0 };
	}
	return calls_write(thread, a[1], &told, sizeof told);
}

/* -------------------------------------------------------------------------
 * prctl().
 */
static int64_t set_name(struct thread *thread, uint64_t at)
{
	char name[THREAD_NAME];
	int failed = space_read_string(thread->process->space, name, guest_at(at), sizeof name);

	if (failed == -EFAULT)
		return failed;
	name[sizeof name - 1] = '\0';
	memcpy(thread->host->name, name, sizeof name);
	platform_name_thread(name);
	return 0;
}

static int64_t tell_word(struct thread *thread, uint64_t at, int32_t word)
{
	return calls_write(thread, at, &word, sizeof word);
}

int64_t call_prctl(struct thread *thread, const uint64_t *a)
{
	static _Atomic int dumpable = 1, no_new_rights;
	const int64_t slack = 50000;	/* nanoseconds, which nobody keeps to here */

	switch ((int)a[0]) {
	case LINUX_PR_SET_NAME:
		return set_name(thread, a[1]);
	case LINUX_PR_GET_NAME:
		return calls_write(thread, a[1], thread->host->name, sizeof thread->host->name);
	case LINUX_PR_GET_DUMPABLE:
		return dumpable;
	case LINUX_PR_SET_DUMPABLE:
		if (a[1] > 1)
			return -EINVAL;
		dumpable = (int)a[1];
		return 0;
	case LINUX_PR_SET_NO_NEW_PRIVS:
		if (a[1] != 1)
			return -EINVAL;
		no_new_rights = 1;
		return 0;
	case LINUX_PR_GET_NO_NEW_PRIVS:
		return no_new_rights;
	case LINUX_PR_GET_PDEATHSIG:
	case LINUX_PR_GET_CHILD_SUBREAPER:
		return tell_word(thread, a[1], 0);
	case LINUX_PR_GET_KEEPCAPS:
	case LINUX_PR_GET_SECCOMP:
		return 0;
	case LINUX_PR_GET_TIMERSLACK:
		return slack;
	case LINUX_PR_SET_TIMERSLACK:
		return 0;
	case LINUX_PR_GET_TID_ADDRESS:
		return calls_write(thread, a[1], &thread->clear_tid, sizeof thread->clear_tid);
	default:
		calls_miss(thread, "prctl: operation", a[0]);
		return -EINVAL;
	}
}

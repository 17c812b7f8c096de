/* SPDX-License-Identifier: BSD-2-Clause */
/* Children: wait4() and waitid(). */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls-own.h"
#include "deliver.h"
#include "special.h"
#include "translate.h"
#include "wait-status.h"
#include "wait.h"

/* Linux include/linux/wait.h as programs see it: a stop's signal, and what says that it went on. */
enum { STATUS_CORE = 0x80, STATUS_STOPPED = 0x7f, STATUS_CONTINUED = 0xffff, STATUS_SHIFT = 8 };

/* A signal that Linux has not got ended it: as if it were the one that nobody catches. */
static int signal_of(int host)
{
	const int guest = deliver_guest_number(host);

	return guest ? guest : LINUX_SIGKILL;
}

int wait_status_to_linux(int host)
{
	if (WIFEXITED(host))
		return WEXITSTATUS(host) << STATUS_SHIFT;
	if (WIFSIGNALED(host))
		return signal_of(WTERMSIG(host)) | (WCOREDUMP(host) ? STATUS_CORE : 0);
	if (WIFSTOPPED(host))
		return signal_of(WSTOPSIG(host)) << STATUS_SHIFT | STATUS_STOPPED;
	return STATUS_CONTINUED;
}

struct linux_rusage wait_usage_to_linux(const struct rusage *host)
{
#ifdef __APPLE__
	const int64_t kibibyte = 1024;	/* macOS counts bytes */
#else
	const int64_t kibibyte = 1;
#endif
	return (struct linux_rusage){
		.user = { host->ru_utime.tv_sec, host->ru_utime.tv_usec },
		.system = { host->ru_stime.tv_sec, host->ru_stime.tv_usec },
		.maxrss = host->ru_maxrss / kibibyte,
		.ixrss = host->ru_ixrss, .idrss = host->ru_idrss, .isrss = host->ru_isrss,
		.minflt = host->ru_minflt, .majflt = host->ru_majflt, .nswap = host->ru_nswap,
		.inblock = host->ru_inblock, .oublock = host->ru_oublock,
		.msgsnd = host->ru_msgsnd, .msgrcv = host->ru_msgrcv,
		.nsignals = host->ru_nsignals, .nvcsw = host->ru_nvcsw, .nivcsw = host->ru_nivcsw,
	};
}

/* Whose children, and of which kind, nobody asks here: there is one kind, of all threads. */
TRANSLATE(wait4_options, { LINUX_WNOHANG, WNOHANG }, { LINUX_WUNTRACED, WUNTRACED },
	  { LINUX_WCONTINUED, WCONTINUED }, { LINUX_WNOTHREAD, 0 }, { LINUX_WALL, 0 },
	  { LINUX_WCLONE, 0 });
TRANSLATE(waitid_options, { LINUX_WNOHANG, WNOHANG }, { LINUX_WUNTRACED, WSTOPPED },
	  { LINUX_WEXITED, WEXITED }, { LINUX_WCONTINUED, WCONTINUED }, { LINUX_WNOWAIT, WNOWAIT },
	  { LINUX_WNOTHREAD, 0 }, { LINUX_WALL, 0 }, { LINUX_WCLONE, 0 });

struct asked {
	pid_t process;
	int options, status;
	struct rusage usage;
};

static int64_t ask(void *context)
{
	struct asked *asked = context;
	const pid_t process = wait4(asked->process, &asked->status, asked->options, &asked->usage);

	return process < 0 ? -errno : process;
}

int64_t call_wait4(struct thread *thread, const uint64_t *a)
{
	struct asked asked = { .process = (pid_t)a[0] };
	struct linux_rusage usage;
	uint64_t unknown;
	int32_t status;
	int64_t result;

	asked.options = (int)translate_flags_to_host(&wait4_options, (uint32_t)a[2], &unknown);
	if (unknown)
		return -EINVAL;
	result = wait_call(thread, ask, &asked);
	if (result <= 0)
		return result;
	status = wait_status_to_linux(asked.status);
	usage = wait_usage_to_linux(&asked.usage);
	if (calls_write_if(thread, a[1], &status, sizeof status) ||
	    calls_write_if(thread, a[3], &usage, sizeof usage))
		return -EFAULT;
	return result;
}

/* -------------------------------------------------------------------------
 * waitid().
 */
struct asked_id {
	idtype_t type;
	id_t id;
	int options;
	siginfo_t info;
};

static int64_t ask_id(void *context)
{
	struct asked_id *asked = context;

	memset(&asked->info, 0, sizeof asked->info);
	return waitid(asked->type, asked->id, &asked->info, asked->options) ? -errno : 0;
}

/* 0, or -errno. */
static int who(struct asked_id *asked, int type, uint64_t id)
{
	pid_t pid;

	asked->id = (id_t)id;
	switch (type) {
	case LINUX_P_ALL:
		asked->type = P_ALL;
		return 0;
	case LINUX_P_PID:
		asked->type = P_PID;
		return 0;
	case LINUX_P_PGID:
		asked->type = P_PGID;
		if (!asked->id)
			asked->id = (id_t)getpgrp();
		return 0;
	case LINUX_P_PIDFD:
		pid = pidfd_pid(id);
		asked->type = P_PID;
		asked->id = (id_t)pid;
		return pid < 0 ? pid : 0;
	default:
		return -EINVAL;
	}
}

int64_t call_waitid(struct thread *thread, const uint64_t *a)
{
	struct linux_siginfo info = { 0 };
	struct linux_rusage usage = { 0 };
	struct asked_id asked = { 0 };
	uint64_t unknown;
	int64_t result;

	asked.options = (int)translate_flags_to_host(&waitid_options, (uint32_t)a[3], &unknown);
	if (unknown || !(a[3] & (LINUX_WEXITED | LINUX_WUNTRACED | LINUX_WCONTINUED)))
		return -EINVAL;
	result = who(&asked, (int)a[0], a[1]);
	if (result)
		return result;
	result = wait_call(thread, ask_id, &asked);
	if (result < 0)
		return result;
	if (asked.info.si_pid)
		deliver_child(&info, &asked.info);
	if (calls_write_if(thread, a[2], &info, sizeof info) ||
	    calls_write_if(thread, a[4], &usage, sizeof usage))
		return -EFAULT;
	return 0;
}

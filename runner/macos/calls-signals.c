/* SPDX-License-Identifier: BSD-2-Clause */
/* To wait for a signal, and to send one; errors in the kernel's order: kernel/signal.c. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "calls-own.h"
#include "clocks.h"
#include "deliver.h"
#include "wait.h"

#define BIT(number) (1ull << ((number) - 1))

/* -------------------------------------------------------------------------
 * To wait for a signal.
 */
static bool never(void *unused)
{
	(void)unused;
	return false;
}

int64_t call_rt_sigsuspend(struct thread *thread, const uint64_t *a)
{
	uint64_t blocked;
	int failed = calls_read_set(thread, &blocked, a[0], a[1]);

	if (failed)
		return failed;
	signals_lend_blocked(thread, blocked);
	return wait_once(thread, wait_until(thread, never, NULL, WAIT_FOREVER));
}

struct awaited {
	struct thread *thread;
	uint64_t set;
	struct linux_siginfo info;
};

static bool has_come(void *context)
{
	struct awaited *awaited = context;

	return deliver_take(awaited->thread, awaited->set, &awaited->info);
}

/* What is awaited is taken here, and no handler is called for it: so it counts as blocked. */
static int64_t await(struct awaited *awaited, uint64_t deadline)
{
	struct thread *thread = awaited->thread;
	int64_t result;

	if (has_come(awaited))
		return awaited->info.signo;
	deliver_await(thread, awaited->set);
	result = wait_until(thread, has_come, awaited, deadline);
	deliver_await(thread, 0);
	/* it may have come when nothing was waited for any more */
	if (result && has_come(awaited))
		return awaited->info.signo;
	if (result == -ETIMEDOUT)
		return -EAGAIN;
	return result ? result : awaited->info.signo;
}

int64_t call_rt_sigtimedwait(struct thread *thread, const uint64_t *a)
{
	struct awaited awaited = { .thread = thread };
	uint64_t nanoseconds = WAIT_FOREVER;
	struct linux_timespec time;
	int64_t result;
	int failed = calls_read_set(thread, &awaited.set, a[0], a[3]);

	if (!failed && a[2]) {
		failed = calls_read(thread, &time, a[2], sizeof time);
		if (!failed && !clocks_nanoseconds(&time, &nanoseconds))
			failed = -EINVAL;
	}
	if (failed)
		return failed;
	awaited.set &= ~(BIT(LINUX_SIGKILL) | BIT(LINUX_SIGSTOP));
	result = await(&awaited, wait_deadline(thread, nanoseconds));
	if (result > 0 && a[1] && calls_write(thread, a[1], &awaited.info, sizeof awaited.info))
		return -EFAULT;
	return wait_once(thread, result);
}

/* -------------------------------------------------------------------------
 * To send one. Of other processes nothing is known but what the host says; numbers that it has
 * not cannot be sent there.
 */
static int send_to_host(const struct thread *thread, pid_t process, int number)
{
	const int host = number ? deliver_host_number(number) : 0;

	if (number && !host) {
		if (kill(process, 0))
			return -errno;
		calls_miss(thread, "to other processes, signal", (uint64_t)number);
		return -EINVAL;
	}
	return kill(process, host) ? -errno : 0;
}

static bool is_number(int number)
{
	return number >= 0 && number <= LINUX_SIGRTMAX;
}

/* Those that no program can do anything about are the host's. */
static int send_here(struct thread *thread, const struct linux_siginfo *info)
{
	struct process *process = thread->process;
	int failed;

	if (!info->signo)
		return 0;
	if (info->signo == LINUX_SIGKILL || info->signo == LINUX_SIGSTOP)
		return send_to_host(thread, getpid(), info->signo);
	pthread_mutex_lock(&process->lock);
	failed = deliver_to_process(process, info);
	pthread_mutex_unlock(&process->lock);
	return failed;
}

static struct linux_siginfo from_here(int number, int code)
{
	struct linux_siginfo info = { .signo = number, .code = code };

	info.pid = getpid();
	info.uid = getuid();
	return info;
}

/* A group that this process is in gets it by the host, and so does this process. */
int64_t call_kill(struct thread *thread, const uint64_t *a)
{
	const struct linux_siginfo info = from_here((int)a[1], LINUX_SI_USER);
	const pid_t process = (pid_t)a[0];

	if (!is_number(info.signo))
		return -EINVAL;
	if (process == getpid())
		return send_here(thread, &info);
	return send_to_host(thread, process, info.signo);
}

/* 1: there is no such thread here. */
static int send_to_thread(struct thread *thread, pid_t number, const struct linux_siginfo *info)
{
	struct process *process = thread->process;
	struct thread *to;
	int failed = 0;

	if (info->signo == LINUX_SIGKILL || info->signo == LINUX_SIGSTOP)
		return send_to_host(thread, getpid(), info->signo);
	pthread_mutex_lock(&process->lock);
	for (to = process->first; to && to->tid != number; to = to->next)
		;
	if (to && info->signo)
		failed = deliver_to_thread(to, info);
	pthread_mutex_unlock(&process->lock);
	return to ? failed : 1;
}

/* Of another process only the first thread has a number that the host knows. */
static int64_t send_thread(struct thread *thread, pid_t process, pid_t number,
			   const struct linux_siginfo *info)
{
	int failed;

	if (process <= 0 || number <= 0 || !is_number(info->signo))
		return -EINVAL;
	if (process != getpid())
		return process == number ? send_to_host(thread, process, info->signo) : -ESRCH;
	failed = send_to_thread(thread, number, info);
	return failed == 1 ? -ESRCH : failed;
}

int64_t call_tgkill(struct thread *thread, const uint64_t *a)
{
	const struct linux_siginfo info = from_here((int)a[2], LINUX_SI_TKILL);

	return send_thread(thread, (pid_t)a[0], (pid_t)a[1], &info);
}

int64_t call_tkill(struct thread *thread, const uint64_t *a)
{
	const struct linux_siginfo info = from_here((int)a[1], LINUX_SI_TKILL);
	int failed;

	if ((pid_t)a[0] <= 0 || !is_number(info.signo))
		return -EINVAL;
	failed = send_to_thread(thread, (pid_t)a[0], &info);
	return failed == 1 ? send_to_host(thread, (pid_t)a[0], info.signo) : failed;
}

/* What the kernel or tgkill() says of a signal, only they may say to others. */
static int read_info(struct thread *thread, int number, pid_t to, uint64_t at,
		     struct linux_siginfo *info)
{
	if (calls_read(thread, info, at, sizeof *info))
		return -EFAULT;
	info->signo = number;
	if ((info->code >= 0 || info->code == LINUX_SI_TKILL) && to != getpid())
		return -EPERM;
	return is_number(number) ? 0 : -EINVAL;
}

int64_t call_rt_sigqueueinfo(struct thread *thread, const uint64_t *a)
{
	struct linux_siginfo info;
	int failed = read_info(thread, (int)a[1], (pid_t)a[0], a[2], &info);

	if (failed)
		return failed;
	if ((pid_t)a[0] == getpid())
		return send_here(thread, &info);
	return send_to_host(thread, (pid_t)a[0], info.signo);
}

int64_t call_rt_tgsigqueueinfo(struct thread *thread, const uint64_t *a)
{
	struct linux_siginfo info;
	int failed = read_info(thread, (int)a[2], (pid_t)a[0], a[3], &info);

	return failed ? failed : send_thread(thread, (pid_t)a[0], (pid_t)a[1], &info);
}

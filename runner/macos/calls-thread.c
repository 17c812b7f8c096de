/* SPDX-License-Identifier: BSD-2-Clause */
/* What others leave behind, and waiting at words. */
#include <errno.h>
#include <unistd.h>

#include "calls-own.h"
#include "clocks.h"
#include "futex-locks.h"
#include "futexes.h"
#include "linux-futex.h"
#include "wait.h"

/* Of another process, nothing is known here. */
int64_t calls_robust_list_of(pid_t number)
{
	(void)number;
	return -ESRCH;
}

/* -------------------------------------------------------------------------
 * futex(): arguments are word, operation, value, time or second value, other word, third value.
 */

enum { RELATIVE = -1 };

/* A time that is absolute is of a clock. 0, or -errno. */
static int64_t read_deadline(struct thread *thread, uint64_t at, int clock, uint64_t *deadline)
{
	struct linux_timespec time;
	uint64_t nanoseconds, now;
	int64_t failed;

	*deadline = WAIT_FOREVER;
	if (!at)
		return 0;
	if (calls_read(thread, &time, at, sizeof time))
		return -EFAULT;
	if (!clocks_nanoseconds(&time, &nanoseconds))
		return -EINVAL;
	if (clock == RELATIVE) {
		*deadline = wait_deadline(thread, nanoseconds);
		return 0;
	}
	failed = clocks_read(thread, clock, &now);
	if (!failed)
		*deadline = wait_now() + (nanoseconds > now ? nanoseconds - now : 0);
	return failed;
}

static int clock_of(int operation)
{
	return operation & LINUX_FUTEX_CLOCK_REALTIME ? LINUX_CLOCK_REALTIME :
	       LINUX_CLOCK_MONOTONIC;
}

static int64_t wait_at(struct thread *thread, const uint64_t *a, uint32_t bitset, int clock)
{
	uint64_t deadline;
	int64_t result;

	if (!bitset)
		return -EINVAL;
	result = read_deadline(thread, a[3], clock, &deadline);
	if (result)
		return result;
	result = futexes_wait(thread, guest_at(a[0]), (uint32_t)a[2], bitset,
			      !(a[1] & LINUX_FUTEX_PRIVATE_FLAG), deadline);
	return a[3] ? wait_once(thread, result) : result;
}

static int64_t lock_at(struct thread *thread, const uint64_t *a, int clock)
{
	uint64_t deadline;
	int64_t failed = read_deadline(thread, a[3], clock, &deadline);

	return failed ? failed : futex_lock(thread, guest_at(a[0]), deadline);
}

static int64_t requeue(struct thread *thread, const uint64_t *a, const uint32_t *value)
{
	if ((int)a[2] < 0 || (int)a[3] < 0 || a[4] % sizeof(uint32_t))
		return -EINVAL;
	return futexes_requeue(thread, guest_at(a[0]), (unsigned int)a[2], (unsigned int)a[3],
			       guest_at(a[4]), value);
}

int64_t call_futex(struct thread *thread, const uint64_t *a)
{
	const int flags = LINUX_FUTEX_PRIVATE_FLAG | LINUX_FUTEX_CLOCK_REALTIME;
	const uint32_t value = (uint32_t)a[5];

	if (a[0] % sizeof(uint32_t))
		return -EINVAL;
	if (a[0] >= vm_user_range(thread->process->vm).end.v)
		return -EFAULT;
	switch ((int)a[1] & ~flags) {
	case LINUX_FUTEX_WAIT:
		return wait_at(thread, a, LINUX_FUTEX_BITSET_MATCH_ANY, RELATIVE);
	case LINUX_FUTEX_WAIT_BITSET:
		return wait_at(thread, a, value, clock_of((int)a[1]));
	case LINUX_FUTEX_WAKE:
		return futexes_wake(guest_at(a[0]), (uint32_t)a[2], LINUX_FUTEX_BITSET_MATCH_ANY);
	case LINUX_FUTEX_WAKE_BITSET:
		return value ? futexes_wake(guest_at(a[0]), (uint32_t)a[2], value) : -EINVAL;
	case LINUX_FUTEX_REQUEUE:
		return requeue(thread, a, NULL);
	case LINUX_FUTEX_CMP_REQUEUE:
		return requeue(thread, a, &value);
	case LINUX_FUTEX_WAKE_OP:
		return futexes_wake_op(thread, guest_at(a[0]), (uint32_t)a[2], guest_at(a[4]),
				       (uint32_t)a[3], value);
	case LINUX_FUTEX_LOCK_PI:
		return lock_at(thread, a, LINUX_CLOCK_REALTIME);
	case LINUX_FUTEX_LOCK_PI2:
		return lock_at(thread, a, clock_of((int)a[1]));
	case LINUX_FUTEX_TRYLOCK_PI:
		return futex_try_lock(thread, guest_at(a[0]));
	case LINUX_FUTEX_UNLOCK_PI:
		return futex_unlock(thread, guest_at(a[0]));
	default:
		calls_miss(thread, "futex: operation", a[1]);
		return -ENOSYS;
	}
}

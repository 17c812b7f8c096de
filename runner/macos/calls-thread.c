/* SPDX-License-Identifier: BSD-2-Clause */
/* What others leave behind, and waiting at words. */
#include <errno.h>
#include <unistd.h>

#include "calls-own.h"
#include "clocks.h"
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

/* A time that is absolute says of which clock it is. */
static int64_t wait_at(struct thread *thread, const uint64_t *a, uint32_t bitset, bool absolute)
{
	const int operation = (int)a[1];
	uint64_t nanoseconds, now, deadline = WAIT_FOREVER;
	struct linux_timespec time;
	int64_t result;

	if (!bitset)
		return -EINVAL;
	if (a[3]) {
		if (calls_read(thread, &time, a[3], sizeof time))
			return -EFAULT;
		if (!clocks_nanoseconds(&time, &nanoseconds))
			return -EINVAL;
		if (absolute) {
			result = clocks_read(thread, operation & LINUX_FUTEX_CLOCK_REALTIME ?
					     LINUX_CLOCK_REALTIME : LINUX_CLOCK_MONOTONIC, &now);
			if (result)
				return result;
			deadline = wait_now() + (nanoseconds > now ? nanoseconds - now : 0);
		} else {
			deadline = wait_deadline(thread, nanoseconds);
		}
	}
	result = futexes_wait(thread, guest_at(a[0]), (uint32_t)a[2], bitset,
			      !(operation & LINUX_FUTEX_PRIVATE_FLAG), deadline);
	return a[3] ? wait_once(thread, result) : result;
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
		return wait_at(thread, a, LINUX_FUTEX_BITSET_MATCH_ANY, false);
	case LINUX_FUTEX_WAIT_BITSET:
		return wait_at(thread, a, value, true);
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
	default:
		calls_miss(thread, "futex: operation", a[1]);
		return -ENOSYS;
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "calls-own.h"
#include "futex.h"

#ifdef SYS_arch_prctl
#include <asm/prctl.h>

int64_t call_arch_prctl(struct thread *thread, const uint64_t *a)
{
	uint64_t base;

	switch (a[0]) {
	case ARCH_SET_FS:
		if (a[1] >= vm_user_range(thread->process->vm).end.v)
			return -EPERM;
		vcpu_set(thread->vcpu, VM_THREAD_POINTER, a[1]);
		return 0;
	case ARCH_GET_FS:
		base = vcpu_get(thread->vcpu, VM_THREAD_POINTER);
		return space_write(thread->process->space, guest_at(a[1]), &base, sizeof base);
	default:
		return -EINVAL;
	}
}
#endif

/* Of another process, nothing is known here. */
int64_t calls_robust_list_of(pid_t number)
{
	return syscall(SYS_tgkill, number, number, 0) ? -ESRCH : -EPERM;
}

/* -------------------------------------------------------------------------
 * futex(): the host's own, on the host's addresses of the words.
 */
#define WORD IN(uint32_t)		/* it is looked at */
#define CHANGED OUT(uint32_t)
#define UNTIL IN(struct timespec)

static const struct futex {
	struct argument is[CALLS_ARGUMENTS];	/* none: not there */
} futexes[] = {
	[FUTEX_WAIT] = { { WORD, N, N, UNTIL, N, N } },
	[FUTEX_WAKE] = { { WORD, N, N, N, N, N } },
	[FUTEX_REQUEUE] = { { WORD, N, N, N, WORD, N } },
	[FUTEX_CMP_REQUEUE] = { { WORD, N, N, N, WORD, N } },
	[FUTEX_WAKE_OP] = { { WORD, N, N, N, CHANGED, N } },
	[FUTEX_LOCK_PI] = { { CHANGED, N, N, UNTIL, N, N } },
	[FUTEX_UNLOCK_PI] = { { CHANGED, N, N, N, N, N } },
	[FUTEX_TRYLOCK_PI] = { { CHANGED, N, N, N, N, N } },
	[FUTEX_WAIT_BITSET] = { { WORD, N, N, UNTIL, N, N } },
	[FUTEX_WAKE_BITSET] = { { WORD, N, N, N, N, N } },
	[FUTEX_WAIT_REQUEUE_PI] = { { WORD, N, N, UNTIL, CHANGED, N } },
	[FUTEX_CMP_REQUEUE_PI] = { { WORD, N, N, N, CHANGED, N } },
	[FUTEX_LOCK_PI2] = { { CHANGED, N, N, UNTIL, N, N } },
};

void futex_wake_one(const struct process *process, guest_addr at)
{
	size_t follow;
	void *word = space_at(process->space, at, GUEST_READ, &follow);

	if (word)
		syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Nobody waits where nothing is, and who wakes there is not told. */
static bool wakes_nobody(const struct thread *thread, const uint64_t *a)
{
	const int command = (int)a[1] & FUTEX_CMD_MASK;

	return (command == FUTEX_WAKE || command == FUTEX_WAKE_BITSET) &&
	       (int)a[1] & FUTEX_PRIVATE_FLAG && a[0] < vm_user_range(thread->process->vm).end.v;
}

/* A word in two pages would be a copy, which nobody changes. */
int64_t call_futex(struct thread *thread, const uint64_t *a)
{
	const unsigned int command = (unsigned int)a[1] & (unsigned int)FUTEX_CMD_MASK;
	const struct futex *futex = &futexes[command];
	int64_t result;

	if (command >= sizeof futexes / sizeof futexes[0] || futex->is[0].kind == NOTHING)
		return -ENOSYS;
	if (a[0] % sizeof(uint32_t) || (futex->is[4].kind == MEMORY && a[4] % sizeof(uint32_t)))
		return -EINVAL;
	if (!a[0] || (futex->is[4].kind == MEMORY && !a[4]))
		result = -EFAULT;
	else
		result = passage_wait(thread, SYS_futex, futex->is, a);
	return result == -EFAULT && wakes_nobody(thread, a) ? 0 : result;
}

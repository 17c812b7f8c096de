/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "calls-own.h"

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

int64_t call_exit(struct thread *thread, const uint64_t *a)
{
	thread->ended = true;
	thread->status = (int)a[0] & 0xff;
	return 0;
}

int64_t call_exit_group(struct thread *thread, const uint64_t *a)
{
	thread->process->ended = true;
	thread->process->status = (int)a[0] & 0xff;
	return call_exit(thread, a);
}

/* Nobody else waits for this thread or looks at its list: there is no other. */
int64_t call_set_tid_address(struct thread *thread, const uint64_t *a)
{
	(void)thread;
	(void)a;
	return syscall(SYS_gettid);
}

/* The host's own, on the host's address of the word, which no other page of the guest has. */
int64_t call_futex(struct thread *thread, const uint64_t *a)
{
	struct argument is[CALLS_ARGUMENTS] = { OUT(uint32_t), N, N };

	switch ((int)a[1] & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		is[3] = (struct argument)IN(struct timespec);
		break;
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
		break;
	default:
		return -ENOSYS;
	}
	return passage_wait(thread, SYS_futex, is, a);
}

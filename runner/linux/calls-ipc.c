/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages and semaphores whose arguments depend on the command, or have a head. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/syscall.h>

#include "calls-own.h"

/* A message begins with its type, which its size does not count. */
enum { HEAD = sizeof(long) };

static long pass_message(struct passage *passage, uint64_t at, uint64_t size, unsigned int prot,
			 unsigned int how)
{
	return passage_memory(passage, at, size > SIZE_MAX - HEAD ? SIZE_MAX : size + HEAD, prot,
			      how);
}

int64_t call_msgsnd(struct thread *thread, const uint64_t *a)
{
	struct passage passage = passage_begin_wait(thread);
	int64_t result = PASSAGE_CALL(&passage, SYS_msgsnd, (long)a[0],
				      pass_message(&passage, a[1], a[2], GUEST_READ, 0), (long)a[2],
				      (long)a[3]);

	passage_end(&passage, -1);
	return result;
}

int64_t call_msgrcv(struct thread *thread, const uint64_t *a)
{
	struct passage passage = passage_begin_wait(thread);
	int64_t result =
		PASSAGE_CALL(&passage, SYS_msgrcv, (long)a[0],
			     pass_message(&passage, a[1], a[2], GUEST_WRITE, PASSAGE_FILLED),
			     (long)a[2], (long)a[3], (long)a[4]);

	passage_end(&passage, result < 0 ? -1 : result + HEAD);
	return result;
}

int64_t call_msgctl(struct thread *thread, const uint64_t *a)
{
	struct argument is[CALLS_ARGUMENTS] = { N, N };

	switch ((int)a[1]) {
	case IPC_STAT:
	case MSG_STAT:
	case MSG_STAT_ANY:
		is[2] = (struct argument)OUT(struct msqid_ds);
		break;
	case IPC_SET:
		is[2] = (struct argument)IN(struct msqid_ds);
		break;
	case IPC_INFO:
	case MSG_INFO:
		is[2] = (struct argument)OUT(struct msginfo);
		break;
	}
	return passage_ask(thread, SYS_msgctl, is, a);
}

/* All semaphores of a set: if nobody tells how many these are, as many as there can be. */
static struct argument values(int set, unsigned int prot)
{
	const unsigned long most = 32000;
	struct semid_ds about = { .sem_nsems = most };

	if (syscall(SYS_semctl, set, 0, IPC_STAT, &about) || about.sem_nsems > most)
		about.sem_nsems = most;
	return (struct argument){ .kind = MEMORY,
				  .prot = (uint8_t)prot,
				  .size = (uint16_t)(about.sem_nsems * sizeof(unsigned short)) };
}

int64_t call_semctl(struct thread *thread, const uint64_t *a)
{
	struct argument is[CALLS_ARGUMENTS] = { N, N, N };

	switch ((int)a[2]) {
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		is[3] = (struct argument)OUT(struct semid_ds);
		break;
	case IPC_SET:
		is[3] = (struct argument)IN(struct semid_ds);
		break;
	case IPC_INFO:
	case SEM_INFO:
		is[3] = (struct argument)OUT(struct seminfo);
		break;
	case GETALL:
		is[3] = values((int)a[0], GUEST_WRITE);
		break;
	case SETALL:
		is[3] = values((int)a[0], GUEST_READ);
		break;
	case SETVAL:
		is[3] = (struct argument)N;
		break;
	}
	return passage_ask(thread, SYS_semctl, is, a);
}

/* Not the way by which a C library makes a thread: that has a pointer inside. */
int64_t call_mq_notify(struct thread *thread, const uint64_t *a)
{
	static const struct argument is[CALLS_ARGUMENTS] = { FD, IN(struct sigevent) };
	struct sigevent event;

	if (a[1] && !space_read(thread->process->space, &event, guest_at(a[1]), sizeof event) &&
	    event.sigev_notify == SIGEV_THREAD)
		return -ENOSYS;
	return passage_ask(thread, SYS_mq_notify, is, a);
}

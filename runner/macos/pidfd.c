/* SPDX-License-Identifier: BSD-2-Clause */
/* A process, that is told to have ended: its bell is a kqueue that waits for that. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include <sys/event.h>
#include <sys/wait.h>

#include "bell.h"
#include "descriptors.h"
#include "epoll.h"
#include "linux-descriptors.h"
#include "special.h"

struct fd {
	pid_t pid;
	int bell;
	_Atomic bool ended;
};

/*
 * A process that has ended is not found, also where nobody has waited for it yet: then it
 * rings at once.
 */
static int watch(struct fd *fd)
{
	struct kevent add;

	fd->bell = bell_create();
	if (fd->bell < 0)
		return fd->bell;
	EV_SET(&add, fd->pid, EVFILT_PROC, EV_ADD | EV_ONESHOT, NOTE_EXIT, 0, NULL);
	if (!kevent(fd->bell, &add, 1, NULL, 0, NULL))
		return 0;
	fd->ended = true;
	bell_ring(fd->bell);
	return 0;
}

/* What the kqueue tells is told once. */
static bool has_ended(struct fd *fd)
{
	static const struct timespec at_once;
	struct kevent event;

	if (!fd->ended && kevent(fd->bell, NULL, 0, &event, 1, &at_once) == 1 &&
	    event.filter == EVFILT_PROC) {
		fd->ended = true;
		bell_ring(fd->bell);
	}
	return fd->ended;
}

void *pidfd_create(pid_t pid)
{
	struct fd *fd;
	int error;

	if (kill(pid, 0) && errno != EPERM)
		return NULL;
	fd = malloc(sizeof *fd);
	if (!fd)
		return NULL;
	*fd = (struct fd){ .pid = pid };
	error = watch(fd);
	if (!error)
		return fd;
	free(fd);
	errno = -error;
	return NULL;
}

static void release(void *payload)
{
	struct fd *fd = payload;

	epoll_forget(-1, fd);
	bell_destroy(fd->bell);
	free(fd);
}

static uint32_t fd_ready(struct thread *thread, void *payload)
{
	(void)thread;
	return has_ended(payload) ? LINUX_POLLIN : 0;
}

static int fd_bell(void *payload, uint32_t events)
{
	return events & LINUX_POLLIN ? ((const struct fd *)payload)->bell : -1;
}

static int renew(void *payload)
{
	return watch(payload);
}

static void save(void *payload, FILE *to)
{
	fwrite(&((const struct fd *)payload)->pid, sizeof(pid_t), 1, to);
}

/* Whoever has ended since, and was waited for, has: its number may be another's, as with kill(). */
static void *restore(FILE *from)
{
	struct fd *fd = malloc(sizeof *fd);

	if (fd && fread(&fd->pid, sizeof fd->pid, 1, from) == 1) {
		fd->ended = false;
		if (!watch(fd))
			return fd;
	}
	free(fd);
	return NULL;
}

static const struct registry_class pidfd_class = { .name = "pidfd", .release = release };

pid_t pidfd_pid(uint64_t number)
{
	struct registry_held held;
	pid_t pid = -EBADF;

	if (descriptor_hold(number, &held))
		return pid;
	if (held.class == &pidfd_class)
		pid = ((const struct fd *)held.payload)->pid;
	descriptor_let_go(&held);
	return pid;
}

const struct descriptor_ops pidfd_ops = {
	.class = &pidfd_class,
	.link = "anon_inode:[pidfd]",
	.ready = fd_ready,
	.bell = fd_bell,
	.renew = renew,
	.save = save,
	.restore = restore,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals that are read: those that are pending for who reads, as deliver.h has them. A child
 * has what it inherits, of its own signals, as on Linux.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bell.h"
#include "deliver.h"
#include "descriptors.h"
#include "epoll.h"
#include "linux-descriptors.h"
#include "special.h"

struct fd {
	uint64_t set;
	int bell;
	struct fd *next, **link;
};

/*
 * Of all that there are, and their bells; who has it takes no other lock. The process's lock may
 * be had before, so nobody has this one over fork(): the list does not change there, as who
 * makes one is waited for (descriptors_opening()), and who cleans one up, too.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fd *first;

static uint64_t without_unblockable(uint64_t set)
{
	return set & ~(signals_bit(LINUX_SIGKILL) | signals_bit(LINUX_SIGSTOP));
}

void *signals_create_fd(uint64_t set)
{
	struct fd *fd = malloc(sizeof *fd);
	int bell = fd ? bell_create() : -ENOMEM;

	if (bell < 0) {
		free(fd);
		errno = -bell;
		return NULL;
	}
	*fd = (struct fd){ .set = without_unblockable(set), .bell = bell, .link = &first };
	descriptors_opening();
	pthread_mutex_lock(&lock);
	deliver_told = signals_told_fd;
	fd->next = first;
	if (first)
		first->link = &fd->next;
	first = fd;
	bell_ring(bell);	/* what is pending already is found by who looks */
	pthread_mutex_unlock(&lock);
	descriptors_opened();
	return fd;
}

static void release(void *payload)
{
	struct fd *fd = payload;

	epoll_forget(-1, fd);
	pthread_mutex_lock(&lock);
	*fd->link = fd->next;
	if (fd->next)
		fd->next->link = fd->link;
	pthread_mutex_unlock(&lock);
	bell_destroy(fd->bell);
	free(fd);
}

void signals_set_fd(void *payload, uint64_t set)
{
	struct fd *fd = payload;

	pthread_mutex_lock(&lock);
	fd->set = without_unblockable(set);
	bell_ring(fd->bell);
	pthread_mutex_unlock(&lock);
}

void signals_told_fd(int number)
{
	pthread_mutex_lock(&lock);
	for (struct fd *fd = first; fd; fd = fd->next)
		if (fd->set & signals_bit(number))
			bell_ring(fd->bell);
	pthread_mutex_unlock(&lock);
}

void signalfd_fork_child(void)
{
	pthread_mutex_init(&lock, NULL);
}

/* Rings as long as somebody finds something: what is added while this looks rings behind it. */
static bool is_any(struct thread *thread, struct fd *fd)
{
	bool is;

	pthread_mutex_lock(&lock);
	is = deliver_pending(thread) & fd->set;
	if (!is)
		bell_hush(fd->bell);
	pthread_mutex_unlock(&lock);
	return is;
}

/* fs/signalfd.c, signalfd_copyinfo() */
static void tell(const struct linux_siginfo *info, struct linux_signalfd_siginfo *to)
{
	memset(to, 0, sizeof *to);
	to->signo = (uint32_t)info->signo;
	to->error = info->error;
	to->code = info->code;
	switch (info->signo) {
	case LINUX_SIGILL:
	case LINUX_SIGFPE:
	case LINUX_SIGSEGV:
	case LINUX_SIGBUS:
	case LINUX_SIGTRAP:
		if (info->code > 0 && info->code != LINUX_SI_KERNEL) {
			to->address = info->fault.address;
			to->address_lsb = (uint16_t)info->fault.lsb;
			return;
		}
		break;
	case LINUX_SIGCHLD:
		if (info->code > 0) {
			to->status = info->child.status;
			to->utime = (uint64_t)info->child.utime;
			to->stime = (uint64_t)info->child.stime;
		}
		break;
	}
	if (info->code == LINUX_SI_TIMER) {
		to->tid = (uint32_t)info->timer.id;
		to->overrun = (uint32_t)info->timer.overrun;
		to->pointer = info->timer.value;
		to->integer = (int32_t)info->timer.value;
		return;
	}
	to->pid = (uint32_t)info->pid;
	to->uid = info->uid;
	if (info->code < 0) {
		to->pointer = info->value;
		to->integer = (int32_t)info->value;
	}
}

static int64_t fd_read(struct thread *thread, void *payload, void *to, size_t size)
{
	struct fd *fd = payload;
	struct linux_signalfd_siginfo one;
	size_t done = 0;

	if (size < sizeof one)
		return -EINVAL;
	for (; done + sizeof one <= size; done += sizeof one) {
		struct linux_siginfo info;

		if (!deliver_take(thread, fd->set, &info))
			break;
		tell(&info, &one);
		memcpy((char *)to + done, &one, sizeof one);
	}
	(void)is_any(thread, fd);
	return done ? (int64_t)done : -EAGAIN;
}

static uint32_t fd_ready(struct thread *thread, void *payload)
{
	return is_any(thread, payload) ? LINUX_POLLIN : 0;
}

static int fd_bell(void *payload, uint32_t events)
{
	return events & LINUX_POLLIN ? ((const struct fd *)payload)->bell : -1;
}

static int renew(void *payload)
{
	struct fd *fd = payload;

	fd->bell = bell_create();
	if (fd->bell < 0)
		return fd->bell;
	bell_ring(fd->bell);
	return 0;
}

static void save(void *payload, FILE *to)
{
	fwrite(&((const struct fd *)payload)->set, sizeof(uint64_t), 1, to);
}

static void *restore(FILE *from)
{
	uint64_t set;

	return fread(&set, sizeof set, 1, from) == 1 ? signals_create_fd(set) : NULL;
}

static const struct registry_class signal_class = { .name = "signalfd", .release = release };

const struct descriptor_ops signalfd_ops = {
	.class = &signal_class,
	.link = "anon_inode:[signalfd]",
	.read = fd_read,
	.ready = fd_ready,
	.bell = fd_bell,
	.renew = renew,
	.save = save,
	.restore = restore,
};

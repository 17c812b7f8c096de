/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A double of kqueue over epoll. A kqueue is an epoll set, so it can be polled and be in
 * another. What is in it are descriptors of the double's own: an eventfd, a timerfd, a pidfd, and
 * duplicates of what is read or written, as one epoll set knows a descriptor but once.
 *
 * As on macOS, a descriptor that is closed is gone from all kqueues, and a child has none of
 * its parent's: so close() is this file's, too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/event.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCH = 64, NANOSECONDS = 1000000000 };

struct knote {
	struct kevent event;	/* as it was added; fflags of EVFILT_USER as they are now */
	int own;		/* the descriptor that tells of it */
	bool enabled;
	struct knote *next;
};

struct queue {
	int fd;
	struct knote *knotes;
	struct queue *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct queue *queues;

/* Not close(): that is below. */
static int shut(int fd)
{
	return (int)syscall(SYS_close, fd);
}

/* -------------------------------------------------------------------------
 * Queues.
 */
static struct queue *queue_find(int fd)
{
	struct queue *queue = queues;

	while (queue && queue->fd != fd)
		queue = queue->next;
	return queue;
}

static void queue_destroy(struct queue *queue)
{
	struct queue **link = &queues;

	while (*link != queue)
		link = &(*link)->next;
	*link = queue->next;
	for (struct knote *knote = queue->knotes, *next; knote; knote = next) {
		next = knote->next;
		if (knote->own >= 0)
			shut(knote->own);
		free(knote);
	}
	free(queue);
}

static void before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void in_parent(void)
{
	pthread_mutex_unlock(&lock);
}

static void in_child(void)
{
	while (queues) {
		shut(queues->fd);
		queue_destroy(queues);
	}
	pthread_mutex_unlock(&lock);
}

static void at_start(void)
{
	pthread_atfork(before_fork, in_parent, in_child);
}

int kqueue(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct queue *queue = calloc(1, sizeof *queue);

	pthread_once(&once, at_start);
	pthread_mutex_lock(&lock);
	queue->fd = epoll_create1(0);
	queue->next = queues;
	if (queue->fd >= 0)
		queues = queue;
	pthread_mutex_unlock(&lock);
	return queue->fd;
}

/* -------------------------------------------------------------------------
 * One knote.
 */
static bool is_of_descriptor(const struct knote *knote)
{
	return knote->event.filter == EVFILT_READ || knote->event.filter == EVFILT_WRITE ||
	       knote->event.filter == EVFILT_EXCEPT;
}

static uint32_t events_of(const struct knote *knote)
{
	switch (knote->event.filter) {
	case EVFILT_READ:
		return EPOLLIN | EPOLLRDHUP;
	case EVFILT_WRITE:
		return EPOLLOUT;
	default:
		return EPOLLPRI;
	}
}

/* What the epoll set is told of it; one that is disabled is not there. */
static int arm(struct queue *queue, struct knote *knote, bool on)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = knote };

	if (is_of_descriptor(knote)) {
		event.events = events_of(knote);
		if (knote->event.flags & EV_CLEAR)
			event.events |= EPOLLET;
	}
	knote->enabled = on;
	return epoll_ctl(queue->fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, knote->own, &event) ? errno
											    : 0;
}

static struct knote **knote_link(struct queue *queue, uintptr_t ident, int filter)
{
	struct knote **link = &queue->knotes;

	while (*link && ((*link)->event.ident != ident || (*link)->event.filter != filter))
		link = &(*link)->next;
	return link;
}

static void knote_drop(struct queue *queue, struct knote **link)
{
	struct knote *knote = *link;

	if (knote->enabled)
		arm(queue, knote, false);
	if (knote->own >= 0)
		shut(knote->own);
	*link = knote->next;
	free(knote);
}

/* -------------------------------------------------------------------------
 * Filters.
 */
static int timer_set(struct knote *knote)
{
	const struct kevent *event = &knote->event;
	int64_t unit = event->fflags & NOTE_SECONDS    ? NANOSECONDS
		       : event->fflags & NOTE_USECONDS ? 1000
		       : event->fflags & NOTE_NSECONDS ? 1
						       : 1000000;
	int64_t time = event->data * unit;
	bool absolute = event->fflags & NOTE_ABSOLUTE;
	struct itimerspec spec = {
		.it_value = { time / NANOSECONDS, time % NANOSECONDS },
	};

	if (time <= 0)
		spec.it_value.tv_nsec = 1;	/* at once */
	if (!absolute && !(event->flags & EV_ONESHOT))
		spec.it_interval = spec.it_value;
	if (knote->own < 0)
		knote->own = timerfd_create(absolute ? CLOCK_REALTIME : CLOCK_MONOTONIC,
					    TFD_CLOEXEC | TFD_NONBLOCK);
	return timerfd_settime(knote->own, absolute ? TFD_TIMER_ABSTIME : 0, &spec, NULL) ? errno
											  : 0;
}

static int proc_open(struct knote *knote)
{
	siginfo_t info = { 0 };

	/* a process that has ended is not found, also if nobody has waited for it */
	if (!waitid(P_PID, (id_t)knote->event.ident, &info, WEXITED | WNOHANG | WNOWAIT) &&
	    info.si_pid)
		return ESRCH;
	knote->own = (int)syscall(SYS_pidfd_open, knote->event.ident, 0);
	return knote->own < 0 ? errno : 0;
}

static void user_change(struct knote *knote, uint32_t fflags)
{
	uint32_t *now = &knote->event.fflags, value = fflags & NOTE_FFLAGSMASK;
	const uint64_t one = 1;

	switch (fflags & NOTE_FFCTRLMASK) {
	case NOTE_FFAND:
		*now &= value;
		break;
	case NOTE_FFOR:
		*now |= value;
		break;
	case NOTE_FFCOPY:
		*now = value;
		break;
	}
	if (fflags & NOTE_TRIGGER && write(knote->own, &one, sizeof one) < 0)
		abort();
}

/* What has no way to wait: files are always ready, devices cannot be in a kqueue. */
static int watch_file(struct queue *queue, struct knote *knote)
{
	struct stat stat;

	if (fstat((int)knote->event.ident, &stat) || !S_ISREG(stat.st_mode))
		return EINVAL;
	shut(knote->own);
	knote->own = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	return epoll_ctl(queue->fd, EPOLL_CTL_ADD, knote->own,
			 &(struct epoll_event){ EPOLLIN, { .ptr = knote } })
		       ? errno
		       : 0;
}

static int watch_descriptor(struct queue *queue, struct knote *knote)
{
	int error;

	knote->own = fcntl((int)knote->event.ident, F_DUPFD_CLOEXEC, 0);
	if (knote->own < 0)
		return errno;
	error = arm(queue, knote, true);
	return error == EPERM ? watch_file(queue, knote) : error;
}

static int attach(struct queue *queue, struct knote *knote)
{
	int error = 0;

	switch (knote->event.filter) {
	case EVFILT_READ:
	case EVFILT_WRITE:
	case EVFILT_EXCEPT:
		return watch_descriptor(queue, knote);
	case EVFILT_USER:
		knote->own = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		knote->event.fflags = 0;
		break;
	case EVFILT_TIMER:
		knote->event.flags |= EV_CLEAR;
		error = timer_set(knote);
		break;
	case EVFILT_PROC:
		knote->event.flags |= EV_ONESHOT;
		error = proc_open(knote);
		break;
	default:
		error = EINVAL;
	}
	return error ? error : arm(queue, knote, true);
}

/* -------------------------------------------------------------------------
 * Changes.
 */
static int add(struct queue *queue, const struct kevent *change)
{
	struct knote *knote = calloc(1, sizeof *knote);
	int error;

	knote->event = *change;
	knote->event.flags &= EV_ONESHOT | EV_CLEAR | EV_DISPATCH;
	knote->own = -1;
	error = attach(queue, knote);
	if (error) {
		if (knote->own >= 0)
			shut(knote->own);
		free(knote);
		return error;
	}
	if (change->filter == EVFILT_USER)
		user_change(knote, change->fflags);
	if (change->flags & EV_DISABLE)
		arm(queue, knote, false);
	knote->next = queue->knotes;
	queue->knotes = knote;
	return 0;
}

static int modify(struct queue *queue, struct knote *knote, const struct kevent *change)
{
	bool enable = change->flags & (EV_ENABLE | EV_ADD) && !(change->flags & EV_DISABLE);

	if (change->flags & EV_ADD)
		knote->event.udata = change->udata;
	if (change->filter == EVFILT_USER) {
		user_change(knote, change->fflags);
	} else if (change->filter == EVFILT_TIMER && change->flags & EV_ADD) {
		knote->event.fflags = change->fflags;
		knote->event.data = change->data;
		knote->event.flags = (change->flags & EV_ONESHOT) | EV_CLEAR;
		timer_set(knote);
	} else if (change->flags & EV_ADD && knote->enabled) {
		/* looked at anew */
		arm(queue, knote, false);
		arm(queue, knote, true);
	}
	if (enable && !knote->enabled)
		return arm(queue, knote, true);
	if (change->flags & EV_DISABLE && knote->enabled)
		return arm(queue, knote, false);
	return 0;
}

static int apply(struct queue *queue, const struct kevent *change)
{
	struct knote **link = knote_link(queue, change->ident, change->filter);

	if (!*link && !(change->flags & EV_ADD))
		return ENOENT;
	if (!*link)
		return add(queue, change);
	if (change->flags & EV_DELETE) {
		knote_drop(queue, link);
		return 0;
	}
	return modify(queue, *link, change);
}

/* -------------------------------------------------------------------------
 * Events.
 */
/* An error that is pending stays so. */
static void tell_descriptor(const struct knote *knote, uint32_t events, struct kevent *to)
{
	int count = 0;

	to->fflags = 0;
	to->data = 1;
	if (knote->event.filter != EVFILT_READ) {
		if (events & (EPOLLERR | EPOLLHUP))
			to->flags |= EV_EOF;
		return;
	}
	if (events & (EPOLLRDHUP | EPOLLHUP))
		to->flags |= EV_EOF;
	/* a listening socket, or a set, has no bytes */
	if (!ioctl((int)knote->event.ident, FIONREAD, &count))
		to->data = count;
}

static void tell_own(struct knote *knote, struct kevent *to)
{
	uint64_t count = 0;

	switch (knote->event.filter) {
	case EVFILT_USER:
		if (knote->event.flags & (EV_CLEAR | EV_DISPATCH) &&
		    read(knote->own, &count, sizeof count) < 0)
			abort();
		to->data = 0;
		break;
	case EVFILT_TIMER:
		if (read(knote->own, &count, sizeof count) < 0)
			count = 0;
		to->data = (intptr_t)count;
		break;
	case EVFILT_PROC:
		to->flags |= EV_EOF;
		to->fflags = NOTE_EXIT;
		to->data = 0;
		break;
	default:
		to->data = 1;
	}
}

static void tell(struct queue *queue, struct knote **link, uint32_t events, struct kevent *to)
{
	struct knote *knote = *link;

	*to = knote->event;
	if (is_of_descriptor(knote))
		tell_descriptor(knote, events, to);
	else
		tell_own(knote, to);
	if (knote->event.flags & EV_ONESHOT)
		knote_drop(queue, link);
	else if (knote->event.flags & EV_DISPATCH)
		arm(queue, knote, false);
}

static int collect(struct queue *queue, struct kevent *events, int room)
{
	struct epoll_event ready[BATCH];
	int n = epoll_wait(queue->fd, ready, room < BATCH ? room : BATCH, 0);

	for (int i = 0; i < n; i++) {
		struct knote **link = &queue->knotes;

		while (*link != ready[i].data.ptr)
			link = &(*link)->next;
		tell(queue, link, ready[i].events, &events[i]);
	}
	return n;
}

/* -------------------------------------------------------------------------
 * The call.
 */
static int change_all(struct queue *queue, const struct kevent *changes, int nchanges,
		      struct kevent *events, int nevents)
{
	int told = 0;

	for (int i = 0; i < nchanges; i++) {
		int error = apply(queue, &changes[i]);

		if (!error && !(changes[i].flags & EV_RECEIPT))
			continue;
		if (told == nevents) {
			errno = error;
			return error ? -1 : told;
		}
		events[told] = changes[i];
		events[told].flags |= EV_ERROR;
		events[told++].data = error;
	}
	return told;
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * (int64_t)NANOSECONDS + time.tv_nsec;
}

int kevent(int kq, const struct kevent *changes, int nchanges, struct kevent *events, int nevents,
	   const struct timespec *timeout)
{
	int64_t end =
		timeout ? now() + timeout->tv_sec * (int64_t)NANOSECONDS + timeout->tv_nsec : 0;
	struct queue *queue;
	int told;

	pthread_mutex_lock(&lock);
	queue = queue_find(kq);
	told = queue ? change_all(queue, changes, nchanges, events, nevents) : -1;
	if (!queue)
		errno = EBADF;
	while (told == 0 && nevents) {
		struct pollfd fd = { kq, POLLIN, 0 };
		struct timespec left = { 0 };
		int64_t more = end - now();

		told = collect(queue, events, nevents);
		if (told || (timeout && more <= 0))
			break;
		pthread_mutex_unlock(&lock);
		left.tv_sec = more / NANOSECONDS;
		left.tv_nsec = more % NANOSECONDS;
		if (ppoll(&fd, 1, timeout ? &left : NULL, NULL) < 0)
			return -1;
		pthread_mutex_lock(&lock);
		queue = queue_find(kq);
		if (!queue) {
			told = -1;
			errno = EBADF;
		}
	}
	pthread_mutex_unlock(&lock);
	return told;
}

int close(int fd)
{
	static const int filter[] = { EVFILT_READ, EVFILT_WRITE, EVFILT_EXCEPT };
	struct queue *queue;
	int failed;

	pthread_mutex_lock(&lock);
	queue = queue_find(fd);
	if (queue)
		queue_destroy(queue);
	for (struct queue *other = queues; other; other = other->next)
		for (size_t i = 0; i < sizeof filter / sizeof filter[0]; i++) {
			struct knote **link = knote_link(other, (uintptr_t)fd, filter[i]);

			if (*link)
				knote_drop(other, link);
		}
	failed = shut(fd);
	pthread_mutex_unlock(&lock);
	return failed;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "poll.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <sys/event.h>
#include <unistd.h>

#include "calls-own.h"
#include "descriptors.h"
#include "linux-time.h"
#include "translate.h"
#include "wait.h"

enum {
	READS = LINUX_POLLIN | LINUX_POLLRDNORM,
	WRITES = LINUX_POLLOUT | LINUX_POLLWRNORM,
	NEVER_ASKED = LINUX_POLLERR | LINUX_POLLHUP | LINUX_POLLNVAL,
	NANOSECONDS_IN_MS = 1000000,
};

/* Where POLLWRNORM is POLLOUT, the first is what the host says. */
TRANSLATE(poll_events,
	{ LINUX_POLLIN, POLLIN },
	{ LINUX_POLLPRI, POLLPRI },
	{ LINUX_POLLOUT, POLLOUT },
	{ LINUX_POLLERR, POLLERR },
	{ LINUX_POLLHUP, POLLHUP },
	{ LINUX_POLLNVAL, POLLNVAL },
	{ LINUX_POLLRDNORM, POLLRDNORM },
	{ LINUX_POLLRDBAND, POLLRDBAND },
	{ LINUX_POLLWRNORM, POLLWRNORM },
	{ LINUX_POLLWRBAND, POLLWRBAND },
#ifdef POLLRDHUP
	{ LINUX_POLLRDHUP, POLLRDHUP },
#else
	{ LINUX_POLLRDHUP, POLLIN },	/* then poll_hangup() looks at it */
#endif
);

/* -------------------------------------------------------------------------
 * What the host says.
 */
bool poll_is_not_there(int host)
{
	static const char *const names[] = { "/dev/null", "/dev/zero", "/dev/urandom" };
	struct stat file, named;

	if (fstat(host, &file) || !S_ISCHR(file.st_mode))
		return false;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (!stat(names[i], &named) && named.st_rdev == file.st_rdev)
			return true;
	return false;
}

/* A queue of its own: the host's poll() is one, too. */
struct poll_ends poll_ends(int host)
{
	static const struct timespec at_once;
	struct poll_ends ends = { 0 };
	struct kevent add[2], event[2];
	struct stat file;
	int queue = kqueue(), n;

	if (!fstat(host, &file)) {
		ends.is_socket = S_ISSOCK(file.st_mode);
		ends.is_pipe = S_ISFIFO(file.st_mode);
	}
	ends.is_written = (fcntl(host, F_GETFL) & O_ACCMODE) == O_WRONLY;
	(void)ioctl(host, FIONREAD, &ends.left);
	EV_SET(&add[0], host, EVFILT_READ, EV_ADD, 0, 0, NULL);
	EV_SET(&add[1], host, EVFILT_WRITE, EV_ADD, 0, 0, NULL);
	for (int i = 0; i < 2; i++)
		(void)kevent(queue, &add[i], 1, NULL, 0, NULL);
	n = kevent(queue, NULL, 0, event, 2, &at_once);
	for (int i = 0; i < n; i++) {
		bool ended = event[i].flags & EV_EOF;

		ends.failed |= ended && event[i].fflags;	/* a socket's error */
		if (event[i].filter == EVFILT_READ)
			ends.reads_end = ended;
		else if (event[i].filter == EVFILT_WRITE)
			ends.writes_end = ended;
	}
	ends.writes_wait = true;
	for (int i = 0; i < n; i++)
		if (event[i].filter == EVFILT_WRITE)
			ends.writes_wait = false;
	if (queue >= 0)
		close(queue);
	return ends;
}

/*
 * net/ipv4/tcp.c, tcp_poll(): POLLHUP is for both directions; fs/pipe.c: the reading end hangs
 * up, the writing end has an error.
 */
uint32_t poll_hangup(uint32_t told, uint32_t events, const struct poll_ends *ends)
{
	if (ends->is_pipe) {
		told &= ~(uint32_t)(LINUX_POLLHUP | LINUX_POLLERR | LINUX_POLLRDHUP);
		if (ends->is_written && ends->writes_end)
			return (told & ~(uint32_t)READS) | LINUX_POLLERR | (events & WRITES);
		if (ends->is_written)
			return told;
		if (ends->reads_end && !ends->left)
			told &= ~(uint32_t)READS;
		return ends->reads_end ? told | LINUX_POLLHUP : told;
	}
	if (!ends->is_socket)
		return told;
	told &= ~(uint32_t)(LINUX_POLLHUP | LINUX_POLLRDHUP);
	if (ends->reads_end)
		told |= events & (READS | LINUX_POLLRDHUP);
	if (ends->reads_end && ends->writes_end)
		told |= LINUX_POLLHUP;
	if (ends->failed)
		told |= LINUX_POLLERR;
	if (!ends->writes_wait)
		told |= events & WRITES;
	return told;
}

static uint32_t from_host(int host, short revents, uint32_t events)
{
	uint64_t told = translate_flags_to_guest(&poll_events, (unsigned short)revents, NULL);

	/* macOS, poll(2): "does not support devices". Those that cannot wait are ready. */
	if (revents & POLLNVAL)
		return events & (READS | WRITES);
#ifdef POLLRDHUP
	(void)host;
#else
	if (told & LINUX_POLLHUP || (events & LINUX_POLLRDHUP && told & LINUX_POLLIN)) {
		const struct poll_ends ends = poll_ends(host);

		told = poll_hangup((uint32_t)told, events, &ends);
	}
	if (told & LINUX_POLLOUT)
		told |= LINUX_POLLWRNORM;
#endif
	return (uint32_t)told & (events | NEVER_ASKED);
}

static short to_host(uint32_t events)
{
	return (short)translate_flags_to_host(&poll_events, events & ~(uint32_t)NEVER_ASKED, NULL);
}

uint32_t poll_host(int host, uint32_t events)
{
	struct pollfd fd = { .fd = host, .events = to_host(events) };

	return poll(&fd, 1, 0) > 0 ? from_host(host, fd.revents, events) : 0;
}

uint32_t descriptor_ready(struct thread *thread, const struct registry_held *held)
{
	const struct descriptor_ops *ops = descriptor_ops(held->class);

	if (held->host >= 0)
		return poll_host(held->host, (uint16_t)~NEVER_ASKED);
	return ops->ready(thread, held->payload);
}

/* -------------------------------------------------------------------------
 * Several. Each item has at most two descriptors that are waited for.
 */
enum { BELLS = 2, FEW = 16 };

struct waiting {
	struct pollfd *fd;
	nfds_t count;
	uint64_t deadline;
};

/* Up: who waits for a moment must not look again at once. */
static int milliseconds_left(uint64_t deadline)
{
	uint64_t left = wait_left(deadline);

	if (left == WAIT_FOREVER)
		return -1;
	left = left / NANOSECONDS_IN_MS + (left % NANOSECONDS_IN_MS != 0);
	return left > INT_MAX ? INT_MAX : (int)left;
}

/* Less than a millisecond can only be waited for without descriptors. */
static int64_t host_wait(void *context)
{
	struct waiting *waiting = context;
	uint64_t left = wait_left(waiting->deadline);
	int n;

	if (!waiting->count && left != WAIT_FOREVER) {
		struct timespec sleep = { (time_t)(left / LINUX_NSEC_PER_SEC),
					  (long)(left % LINUX_NSEC_PER_SEC) };

		return nanosleep(&sleep, NULL) ? -errno : 0;
	}
	n = poll(waiting->fd, waiting->count, milliseconds_left(waiting->deadline));
	return n < 0 ? -errno : n;
}

static int64_t wait_host(struct thread *thread, struct waiting *waiting)
{
	int64_t result;

	if (thread)
		return wait_call(thread, host_wait, waiting);
	do
		result = host_wait(waiting);
	while (result == -EINTR);
	return result;
}

static uint32_t ready_now(struct thread *thread, const struct poll_item *item)
{
	const struct descriptor_ops *ops = descriptor_ops(item->held->class);

	if (item->held->host >= 0)
		return poll_host(item->held->host, item->events);
	if (!ops->ready)
		return LINUX_POLLNVAL;
	return ops->ready(thread, item->held->payload) & (item->events | NEVER_ASKED);
}

static nfds_t add_bells(const struct poll_item *item, struct pollfd *fd)
{
	static const uint32_t events[BELLS] = { READS, WRITES };
	const struct descriptor_ops *ops = descriptor_ops(item->held->class);
	nfds_t n = 0;

	if (item->held->host >= 0) {
		fd[0] = (struct pollfd){ .fd = item->held->host, .events = to_host(item->events) };
		return 1;
	}
	for (int i = 0; i < BELLS && ops->bell; i++) {
		int bell =
			item->events & events[i] ? ops->bell(item->held->payload, events[i]) : -1;

		if (bell >= 0)
			fd[n++] = (struct pollfd){ .fd = bell, .events = POLLIN };
	}
	return n;
}

static int64_t count_ready(struct thread *thread, struct poll_item *item, size_t count)
{
	int64_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (item[i].held)
			item[i].ready = ready_now(thread, &item[i]);
		n += item[i].ready != 0;
	}
	return n;
}

/* A bell may ring for what somebody else has taken since, or for another thread. */
static void nap(void)
{
	const struct timespec moment = { .tv_nsec = NANOSECONDS_IN_MS };

	nanosleep(&moment, NULL);
}

static int64_t wait_items(struct thread *thread, struct poll_item *item, size_t count,
			  uint64_t deadline, struct waiting *waiting)
{
	unsigned int false_alarms = 0;

	for (;;) {
		int64_t result, n = count_ready(thread, item, count);

		if (n)
			return n;
		waiting->count = 0;
		for (size_t i = 0; i < count; i++)
			if (item[i].held)
				waiting->count += add_bells(&item[i], waiting->fd + waiting->count);
		waiting->deadline = deadline;
		result = wait_host(thread, waiting);
		if (result < 0)
			return result;
		if (!result && !wait_left(deadline))
			return count_ready(thread, item, count);
		if (result && false_alarms++)
			nap();
	}
}

int64_t poll_items(struct thread *thread, struct poll_item *item, size_t count, uint64_t deadline)
{
	struct pollfd few[FEW * BELLS];
	struct waiting waiting = { .fd = few };
	int64_t result;

	if (count > FEW)
		waiting.fd = malloc(count * BELLS * sizeof *waiting.fd);
	if (!waiting.fd)
		return -ENOMEM;
	result = wait_items(thread, item, count, deadline, &waiting);
	if (waiting.fd != few)
		free(waiting.fd);
	return result;
}

int64_t poll_one(struct thread *thread, const struct registry_held *held, uint32_t events,
		 uint64_t deadline)
{
	struct poll_item item = { .held = held, .events = events };
	int64_t result = poll_items(thread, &item, 1, deadline);

	return result > 0 ? 0 : result ? result : -ETIMEDOUT;
}

/* -------------------------------------------------------------------------
 * Masks and times of calls.
 */
int poll_lend_mask(struct thread *thread, uint64_t at, uint64_t size)
{
	uint64_t blocked;

	if (!at)
		return 0;
	if (size != sizeof blocked)
		return -EINVAL;
	if (calls_read(thread, &blocked, at, sizeof blocked))
		return -EFAULT;
	signals_lend_blocked(thread, blocked);
	return 0;
}

int poll_deadline(struct thread *thread, uint64_t at, uint64_t *deadline)
{
	struct linux_timespec time;
	uint64_t nanoseconds = WAIT_FOREVER;

	if (at) {
		if (calls_read(thread, &time, at, sizeof time))
			return -EFAULT;
		if (time.sec < 0 || (uint64_t)time.nsec >= LINUX_NSEC_PER_SEC)
			return -EINVAL;
		if ((uint64_t)time.sec < WAIT_FOREVER / LINUX_NSEC_PER_SEC)
			nanoseconds = (uint64_t)time.sec * LINUX_NSEC_PER_SEC + (uint64_t)time.nsec;
	}
	*deadline = wait_deadline(thread, nanoseconds);
	return 0;
}

/* It cannot be written: then it stays as it is, as on Linux. */
void poll_tell_left(struct thread *thread, uint64_t at, uint64_t deadline)
{
	uint64_t left = wait_left(deadline);
	struct linux_timespec time = { (int64_t)(left / LINUX_NSEC_PER_SEC),
				       (int64_t)(left % LINUX_NSEC_PER_SEC) };

	if (at && deadline != WAIT_FOREVER)
		(void)calls_write(thread, at, &time, sizeof time);
}

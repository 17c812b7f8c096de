/* SPDX-License-Identifier: BSD-2-Clause */
/* ppoll(), pselect6(), and epoll's calls. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "calls-own.h"
#include "descriptors.h"
#include "epoll.h"
#include "fds.h"
#include "linux-files.h"
#include "poll.h"
#include "wait.h"

/* -------------------------------------------------------------------------
 * ppoll()
 */
static bool too_many(unsigned int count)
{
	struct rlimit limit;

	return fds_limit(NULL, &limit) || count > limit.rlim_cur;
}

struct polling {
	struct linux_pollfd *fd;
	struct poll_item *item;
	struct registry_held *held;
	size_t count;
};

static bool polling_begin(struct polling *polling, size_t count)
{
	*polling = (struct polling){
		.fd = calloc(count + 1, sizeof *polling->fd),
		.item = calloc(count + 1, sizeof *polling->item),
		.held = calloc(count + 1, sizeof *polling->held),
		.count = count,
	};
	return polling->fd && polling->item && polling->held;
}

static void polling_end(struct polling *polling)
{
	for (size_t i = 0; polling->held && i < polling->count; i++)
		if (polling->held[i].opened)
			descriptor_let_go(&polling->held[i]);
	free(polling->fd);
	free(polling->item);
	free(polling->held);
}

static void polling_hold(struct polling *polling)
{
	for (size_t i = 0; i < polling->count; i++) {
		struct poll_item *item = &polling->item[i];

		item->events = (uint16_t)polling->fd[i].events;
		if (polling->fd[i].fd < 0)
			continue;
		if (descriptor_hold((uint64_t)polling->fd[i].fd, &polling->held[i]))
			item->ready = LINUX_POLLNVAL;
		else if (polling->held[i].class == &path_class)
			item->ready = LINUX_POLLNVAL;
		else
			item->held = &polling->held[i];
	}
}

/* Linux writes one member of each. */
static int64_t polling_tell(struct thread *thread, const struct polling *polling, uint64_t at)
{
	for (size_t i = 0; i < polling->count; i++) {
		const int16_t ready = (int16_t)polling->item[i].ready;

		if (calls_write(thread,
				at + i * sizeof *polling->fd +
					offsetof(struct linux_pollfd, revents),
				&ready, sizeof ready))
			return -EFAULT;
	}
	return 0;
}

static int64_t do_poll(struct thread *thread, const uint64_t *a, uint64_t deadline)
{
	struct polling polling;
	int64_t result = -ENOMEM;
	unsigned int count = (unsigned int)a[1];

	if (too_many(count))
		return -EINVAL;
	if (polling_begin(&polling, count))
		result = calls_read(thread, polling.fd, a[0], count * sizeof *polling.fd);
	if (!result) {
		polling_hold(&polling);
		result = poll_items(thread, polling.item, count, deadline);
	}
	if (result >= 0 && polling_tell(thread, &polling, a[0]))
		result = -EFAULT;
	polling_end(&polling);
	return result;
}

int64_t call_ppoll(struct thread *thread, const uint64_t *a)
{
	uint64_t deadline;
	int64_t result = poll_deadline(thread, a[2], &deadline);

	if (!result)
		result = poll_lend_mask(thread, a[3], a[4]);
	if (result)
		return result;
	result = wait_once(thread, do_poll(thread, a, deadline));
	poll_tell_left(thread, a[2], deadline);
	return result;
}

/* -------------------------------------------------------------------------
 * pselect6()
 */
enum { MOMENT = 1000000 };	/* nanoseconds */
enum { SETS = 3, BITS = CHAR_BIT * sizeof(uint64_t), WORDS = REGISTRY_SIZE / BITS };

/* fs/select.c: POLLIN_SET, POLLOUT_SET, POLLEX_SET. */
static const uint32_t means[SETS] = {
	LINUX_POLLRDNORM | LINUX_POLLRDBAND | LINUX_POLLIN | LINUX_POLLHUP | LINUX_POLLERR,
	LINUX_POLLWRBAND | LINUX_POLLWRNORM | LINUX_POLLOUT | LINUX_POLLERR,
	LINUX_POLLPRI,
};

struct selecting {
	uint64_t set[SETS][WORDS];
	size_t size;	/* of each, in bytes */
	int count;
};

static bool is_in(const struct selecting *selecting, int set, int fd)
{
	return selecting->set[set][fd / (int)BITS] >> fd % (int)BITS & 1;
}

static int read_sets(struct thread *thread, const uint64_t *a, struct selecting *selecting)
{
	for (int i = 0; i < SETS; i++)
		if (a[i + 1] &&
		    calls_read(thread, selecting->set[i], a[i + 1], selecting->size))
			return -EFAULT;
	return 0;
}

static int write_sets(struct thread *thread, const uint64_t *a, const struct selecting *selecting)
{
	for (int i = 0; i < SETS; i++)
		if (calls_write_if(thread, a[i + 1], selecting->set[i], selecting->size))
			return -EFAULT;
	return 0;
}

static uint32_t asked(const struct selecting *selecting, int fd)
{
	uint32_t events = 0;

	for (int i = 0; i < SETS; i++)
		if (is_in(selecting, i, fd))
			events |= means[i];
	return events;
}

static int hold_sets(const struct selecting *selecting, struct polling *polling)
{
	for (int fd = 0; fd < selecting->count; fd++) {
		uint32_t events = asked(selecting, fd);

		if (!events)
			continue;
		if (descriptor_hold((uint64_t)fd, &polling->held[fd]) ||
		    polling->held[fd].class == &path_class)
			return -EBADF;
		polling->item[fd].held = &polling->held[fd];
		polling->item[fd].events = events;
	}
	return 0;
}

/* What is not ready is left out; how many bits are in. */
static int64_t reduce(struct selecting *selecting, const struct polling *polling)
{
	int64_t n = 0;

	for (int fd = 0; fd < selecting->count; fd++)
		for (int i = 0; i < SETS; i++) {
			if (!is_in(selecting, i, fd))
				continue;
			if (polling->item[fd].ready & means[i])
				n++;
			else
				selecting->set[i][fd / (int)BITS] &=
					~(UINT64_C(1) << fd % (int)BITS);
		}
	return n;
}

/*
 * An event that no set asks for, as POLLHUP of what is only written, wakes nobody: the others are
 * looked at each millisecond then.
 */
static int64_t wait_sets(struct thread *thread, struct selecting *selecting,
			 struct polling *polling, uint64_t deadline)
{
	struct selecting asked_for = *selecting;
	int64_t result, n;

	for (;;) {
		result = poll_items(thread, polling->item, polling->count, deadline);
		if (result < 0)
			return result;
		*selecting = asked_for;
		n = reduce(selecting, polling);
		if (!result || n || !wait_left(deadline))
			return n;
		result = poll_items(thread, NULL, 0, wait_now() + MOMENT);
		if (result < 0)
			return result;
	}
}

static int64_t do_select(struct thread *thread, const uint64_t *a, uint64_t deadline)
{
	struct selecting selecting = { .count = (int)a[0] };
	struct polling polling;
	int64_t result = -ENOMEM;

	if (selecting.count < 0)
		return -EINVAL;
	if (selecting.count > REGISTRY_SIZE)
		selecting.count = REGISTRY_SIZE;
	selecting.size = ((size_t)selecting.count + BITS - 1) / BITS * sizeof(uint64_t);
	if (polling_begin(&polling, (size_t)selecting.count))
		result = read_sets(thread, a, &selecting);
	if (!result)
		result = hold_sets(&selecting, &polling);
	if (!result)
		result = wait_sets(thread, &selecting, &polling, deadline);
	if (result >= 0 && write_sets(thread, a, &selecting))
		result = -EFAULT;
	polling_end(&polling);
	return result;
}

/* A sixth argument for two: where the mask is, and its size. */
int64_t call_pselect6(struct thread *thread, const uint64_t *a)
{
	uint64_t mask[2] = { 0 }, deadline;
	int64_t result = a[5] ? calls_read(thread, mask, a[5], sizeof mask) : 0;

	if (!result)
		result = poll_deadline(thread, a[4], &deadline);
	if (!result)
		result = poll_lend_mask(thread, mask[0], mask[1]);
	if (result)
		return result;
	result = wait_once(thread, do_select(thread, a, deadline));
	poll_tell_left(thread, a[4], deadline);
	return result;
}

/* -------------------------------------------------------------------------
 * epoll
 */
int64_t call_epoll_create1(struct thread *thread, const uint64_t *a)
{
	unsigned int flags = (unsigned int)a[0];
	struct epset *set;

	(void)thread;
	if (flags & ~(unsigned int)LINUX_O_CLOEXEC)
		return -EINVAL;
	set = epset_create();
	if (!set)
		return -errno;
	return descriptor_open_own(epoll_ops.class, set, 0, flags & LINUX_O_CLOEXEC);
}

int64_t call_epoll_ctl(struct thread *thread, const uint64_t *a)
{
	struct linux_epoll_event event = { 0 };
	struct registry_held set, target;
	int operation = (int)a[1];
	int64_t result;

	if (operation != LINUX_EPOLL_CTL_DEL && calls_read(thread, &event, a[3], sizeof event))
		return -EFAULT;
	if (descriptor_hold(a[0], &set))
		return -EBADF;
	result = descriptor_hold(a[2], &target);
	if (!result) {
		result = set.class == epoll_ops.class
				 ? epset_change(set.payload, operation, &target, &event)
				 : -EINVAL;
		descriptor_let_go(&target);
	}
	descriptor_let_go(&set);
	return result;
}

/* As many at once as there can be numbers. */
static int64_t collect(struct thread *thread, const struct registry_held *set, uint64_t at,
		       int room, uint64_t deadline)
{
	struct linux_epoll_event *events;
	int64_t n, result = 0;

	room = room < REGISTRY_SIZE ? room : REGISTRY_SIZE;
	events = malloc((size_t)room * sizeof *events);
	if (!events)
		return -ENOMEM;
	do
		n = epset_collect(thread, set->payload, events, room);
	while (!n && !(result = poll_one(thread, set, LINUX_POLLIN, deadline)));
	if (n && calls_write(thread, at, events, (size_t)n * sizeof *events))
		n = -EFAULT;
	free(events);
	if (!n && result != -ETIMEDOUT)
		return result;
	return n;
}

static int64_t do_epoll(struct thread *thread, const uint64_t *a, uint64_t deadline)
{
	struct registry_held set;
	int room = (int)a[2];
	int64_t result;

	if (room <= 0 || (uint64_t)room > INT_MAX / sizeof(struct linux_epoll_event))
		return -EINVAL;
	if (descriptor_hold(a[0], &set))
		return -EBADF;
	result = set.class == epoll_ops.class ? collect(thread, &set, a[1], room, deadline)
					      : -EINVAL;
	descriptor_let_go(&set);
	return wait_once(thread, result);
}

int64_t call_epoll_pwait(struct thread *thread, const uint64_t *a)
{
	const int milliseconds = (int)a[3];
	uint64_t wait = milliseconds < 0 ? WAIT_FOREVER : (uint64_t)milliseconds * 1000000;
	int error = poll_lend_mask(thread, a[4], a[5]);

	return error ? error : do_epoll(thread, a, wait_deadline(thread, wait));
}

int64_t call_epoll_pwait2(struct thread *thread, const uint64_t *a)
{
	uint64_t deadline;
	int error = poll_deadline(thread, a[3], &deadline);

	if (!error)
		error = poll_lend_mask(thread, a[4], a[5]);
	return error ? error : do_epoll(thread, a, deadline);
}

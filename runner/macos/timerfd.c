/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A timer: whether it has expired, and how often, is found out when somebody asks. Its bell has
 * another event, the kqueue's own timer, for the next time that it expires; it rings by
 * itself while expirations were found and not read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#include <sys/event.h>

#include "bell.h"
#include "darwin.h"
#include "descriptors.h"
#include "epoll.h"
#include "linux-descriptors.h"
#include "special.h"

struct timer {
	pthread_mutex_t lock;
	int bell;
	int clock;		/* enum linux_clock */
	uint64_t next;		/* when it expires, by that clock; 0: never */
	uint64_t interval;	/* and then again; 0: not */
	uint64_t expired;	/* how often, and not read */
};

static uint64_t now(int clock)
{
	struct timespec time;

	clock_gettime(clock == LINUX_CLOCK_REALTIME    ? CLOCK_REALTIME
		      : clock == LINUX_CLOCK_MONOTONIC ? darwin_monotonic()
						       : darwin_boottime(),
		      &time);
	return (uint64_t)time.tv_sec * LINUX_NSEC_PER_SEC + (uint64_t)time.tv_nsec;
}

/*
 * One at a time: the first may be told already, and gone, so each change has its own result.
 * What is due rings now.
 */
static void arm(struct timer *timer)
{
	uint64_t left = timer->next ? timer->next - now(timer->clock) : 0;
	struct kevent change[2], result[2];

	EV_SET(&change[0], 0, EVFILT_TIMER, EV_DELETE | EV_RECEIPT, 0, 0, NULL);
	EV_SET(&change[1], 0, EVFILT_TIMER, EV_ADD | EV_ONESHOT | EV_RECEIPT, NOTE_NSECONDS,
	       (int64_t)left > 0 ? (int64_t)left : 0, NULL);
	(void)kevent(timer->bell, change, timer->next ? 2 : 1, result, 2, NULL);
}

/* With the lock. */
static void look(struct timer *timer)
{
	uint64_t time = now(timer->clock), times = 1, before = timer->expired;

	if (!timer->next || time < timer->next)
		return;
	if (timer->interval)
		times += (time - timer->next) / timer->interval;
	timer->expired += times;
	timer->next = timer->interval ? timer->next + times * timer->interval : 0;
	if (!before)
		bell_ring(timer->bell);
	arm(timer);
}

void *timer_create_fd(int clock)
{
	struct timer *timer;
	int bell;

	if (clock != LINUX_CLOCK_REALTIME && clock != LINUX_CLOCK_MONOTONIC &&
	    clock != LINUX_CLOCK_BOOTTIME) {
		errno = clock == LINUX_CLOCK_REALTIME_ALARM || clock == LINUX_CLOCK_BOOTTIME_ALARM
				? EPERM
				: EINVAL;
		return NULL;
	}
	timer = malloc(sizeof *timer);
	bell = timer ? bell_create() : -ENOMEM;
	if (bell < 0) {
		free(timer);
		errno = -bell;
		return NULL;
	}
	*timer = (struct timer){ .bell = bell, .clock = clock };
	pthread_mutex_init(&timer->lock, NULL);
	return timer;
}

static void release(void *payload)
{
	struct timer *timer = payload;

	epoll_forget(-1, timer);
	bell_destroy(timer->bell);
	free(timer);
}

/* -------------------------------------------------------------------------
 * Setting.
 */
static bool is_time(const struct linux_timespec *time)
{
	return time->sec >= 0 && (uint64_t)time->nsec < LINUX_NSEC_PER_SEC;
}

/* As far as 64 bits go: Linux ends at the same time. */
static uint64_t nanoseconds(const struct linux_timespec *time)
{
	const uint64_t most = INT64_MAX;

	if ((uint64_t)time->sec >= most / LINUX_NSEC_PER_SEC)
		return most;
	return (uint64_t)time->sec * LINUX_NSEC_PER_SEC + (uint64_t)time->nsec;
}

static struct linux_timespec timespec_of(uint64_t time)
{
	return (struct linux_timespec){ (int64_t)(time / LINUX_NSEC_PER_SEC),
					(int64_t)(time % LINUX_NSEC_PER_SEC) };
}

/* With the lock, and up to now. What is due at this moment has something left. */
static void tell(const struct timer *timer, struct linux_itimerspec *to)
{
	uint64_t time = now(timer->clock), left = 0;

	if (timer->next)
		left = time < timer->next ? timer->next - time : 1;
	*to = (struct linux_itimerspec){ timespec_of(timer->interval), timespec_of(left) };
}

void timer_get(void *payload, struct linux_itimerspec *to)
{
	struct timer *timer = payload;

	pthread_mutex_lock(&timer->lock);
	look(timer);
	tell(timer, to);
	pthread_mutex_unlock(&timer->lock);
}

int timer_set(void *payload, unsigned int flags, const struct linux_itimerspec *new,
	      struct linux_itimerspec *old)
{
	struct timer *timer = payload;
	uint64_t value = nanoseconds(&new->value);

	if (flags & ~(unsigned int)(LINUX_TFD_TIMER_ABSTIME | LINUX_TFD_TIMER_CANCEL_ON_SET) ||
	    !is_time(&new->value) || !is_time(&new->interval))
		return -EINVAL;
	pthread_mutex_lock(&timer->lock);
	look(timer);
	if (old)
		tell(timer, old);
	timer->interval = nanoseconds(&new->interval);
	timer->next =
		value && !(flags & LINUX_TFD_TIMER_ABSTIME) ? value + now(timer->clock) : value;
	timer->expired = 0;
	bell_hush(timer->bell);
	arm(timer);
	pthread_mutex_unlock(&timer->lock);
	return 0;
}

/* -------------------------------------------------------------------------
 * As a descriptor.
 */
static int64_t timer_read(struct thread *thread, void *payload, void *to, size_t size)
{
	struct timer *timer = payload;
	uint64_t expired;

	(void)thread;
	if (size < sizeof expired)
		return -EINVAL;
	pthread_mutex_lock(&timer->lock);
	look(timer);
	expired = timer->expired;
	timer->expired = 0;
	if (expired)
		bell_hush(timer->bell);
	pthread_mutex_unlock(&timer->lock);
	if (!expired)
		return -EAGAIN;
	memcpy(to, &expired, sizeof expired);
	return sizeof expired;
}

static uint32_t timer_ready(struct thread *thread, void *payload)
{
	struct timer *timer = payload;
	bool is;

	(void)thread;
	pthread_mutex_lock(&timer->lock);
	look(timer);
	is = timer->expired;
	pthread_mutex_unlock(&timer->lock);
	return is ? LINUX_POLLIN : 0;
}

static int timer_bell(void *payload, uint32_t events)
{
	return events & LINUX_POLLIN ? ((const struct timer *)payload)->bell : -1;
}

struct state {
	int clock;
	uint64_t next, interval, expired;
};

static void save(void *payload, FILE *to)
{
	struct timer *timer = payload;
	struct state state;

	pthread_mutex_lock(&timer->lock);
	state = (struct state){ timer->clock, timer->next, timer->interval, timer->expired };
	pthread_mutex_unlock(&timer->lock);
	fwrite(&state, sizeof state, 1, to);
}

static void *restore(FILE *from)
{
	struct timer *timer;
	struct state state;

	if (fread(&state, sizeof state, 1, from) != 1)
		return NULL;
	timer = timer_create_fd(state.clock);
	if (!timer)
		return NULL;
	timer->next = state.next;
	timer->interval = state.interval;
	timer->expired = state.expired;
	if (timer->expired)
		bell_ring(timer->bell);
	arm(timer);
	return timer;
}

static const struct registry_class timer_class = {
	.name = "timerfd",
	.release = release,
	.local = true,
};

const struct descriptor_ops timerfd_ops = {
	.class = &timer_class,
	.link = "anon_inode:[timerfd]",
	.read = timer_read,
	.ready = timer_ready,
	.bell = timer_bell,
	.save = save,
	.restore = restore,
};

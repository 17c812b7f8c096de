/* SPDX-License-Identifier: BSD-2-Clause */
/* A counter with bells: one rings while it can be read, the other while there is room. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bell.h"
#include "counter.h"
#include "descriptors.h"
#include "epoll.h"
#include "special.h"

struct event {
	pthread_mutex_t lock;	/* of the bells, over what they are told of */
	struct counter *counter;
	int readable, writable;	/* the second is made when somebody wants it: -1 */
};

void *event_create(unsigned int start, bool semaphore)
{
	struct event *event = malloc(sizeof *event);
	int bell = event ? bell_create() : -ENOMEM;

	if (bell < 0) {
		free(event);
		errno = -bell;
		return NULL;
	}
	*event = (struct event){ .readable = bell, .writable = -1 };
	event->counter = counter_create(start, semaphore);
	if (!event->counter || pthread_mutex_init(&event->lock, NULL)) {
		free(event->counter);
		bell_destroy(bell);
		free(event);
		errno = ENOMEM;
		return NULL;
	}
	if (start)
		bell_ring(bell);
	return event;
}

/* A child's are no more: what has their numbers there is not theirs. */
static void release(void *payload)
{
	struct event *event = payload;

	epoll_forget(-1, event);
	bell_destroy(event->readable);
	bell_destroy(event->writable);
	counter_destroy(event->counter);
	free(event);
}

static void tell(int bell, bool rings)
{
	if (bell >= 0)
		(rings ? bell_ring : bell_hush)(bell);
}

static int64_t event_read(struct thread *thread, void *payload, void *to, size_t size)
{
	struct event *event = payload;
	uint64_t value;
	int error;

	(void)thread;
	if (size < sizeof value)
		return -EINVAL;
	pthread_mutex_lock(&event->lock);
	error = counter_read(event->counter, &value);
	if (!error) {
		if (!(counter_ready(event->counter) & COUNTER_READABLE))
			bell_hush(event->readable);
		tell(event->writable, true);
	}
	pthread_mutex_unlock(&event->lock);
	if (error)
		return error;
	memcpy(to, &value, sizeof value);
	return sizeof value;
}

static int64_t event_write(void *payload, const void *from, size_t size)
{
	struct event *event = payload;
	uint64_t value;
	int error;

	if (size < sizeof value)
		return -EINVAL;
	memcpy(&value, from, sizeof value);
	pthread_mutex_lock(&event->lock);
	error = counter_write(event->counter, value);
	if (!error) {
		unsigned int ready = counter_ready(event->counter);

		tell(event->readable, ready & COUNTER_READABLE);
		if (!(ready & COUNTER_WRITABLE))
			tell(event->writable, false);
	}
	pthread_mutex_unlock(&event->lock);
	return error ? error : (int64_t)sizeof value;
}

static uint32_t event_ready(struct thread *thread, void *payload)
{
	struct event *event = payload;
	unsigned int ready = counter_ready(event->counter);

	(void)thread;
	return (ready & COUNTER_READABLE ? LINUX_POLLIN : 0) |
	       (ready & COUNTER_WRITABLE ? LINUX_POLLOUT : 0);
}

static int event_bell(void *payload, uint32_t events)
{
	struct event *event = payload;
	int bell = event->readable;

	if (events & LINUX_POLLIN)
		return bell;
	pthread_mutex_lock(&event->lock);
	if (event->writable < 0) {
		event->writable = bell_create();
		tell(event->writable, counter_ready(event->counter) & COUNTER_WRITABLE);
	}
	bell = event->writable;
	pthread_mutex_unlock(&event->lock);
	return bell < 0 ? -1 : bell;
}

struct state {
	uint64_t value;
	bool semaphore;
};

static void save(void *payload, FILE *to)
{
	const struct event *event = payload;
	struct state state = { 0 };

	state.value = counter_value(event->counter, &state.semaphore);
	fwrite(&state, sizeof state, 1, to);
}

static void *restore(FILE *from)
{
	struct event *event;
	struct state state;

	if (fread(&state, sizeof state, 1, from) != 1)
		return NULL;
	event = event_create(0, state.semaphore);
	if (event && state.value)
		event_write(event, &state.value, sizeof state.value);
	return event;
}

static const struct registry_class event_class = {
	.name = "eventfd",
	.release = release,
	.local = true,
};

const struct descriptor_ops eventfd_ops = {
	.class = &event_class,
	.link = "anon_inode:[eventfd]",
	.read = event_read,
	.write = event_write,
	.ready = event_ready,
	.bell = event_bell,
	.save = save,
	.restore = restore,
};

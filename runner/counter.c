/* SPDX-License-Identifier: BSD-2-Clause */
#include "counter.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* The greatest value it can have: 2^64 - 1 is for an overflow that only a kernel can cause. */
#define COUNTER_MAX (UINT64_MAX - 1)

struct counter {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t value;
	bool semaphore;
};

struct counter *counter_create(unsigned int start, bool semaphore)
{
	struct counter *counter = malloc(sizeof *counter);

	if (!counter)
		return NULL;
	if (pthread_mutex_init(&counter->lock, NULL) ||
	    pthread_cond_init(&counter->changed, NULL)) {
		free(counter);
		return NULL;
	}
	counter->value = start;
	counter->semaphore = semaphore;
	return counter;
}

/*
 * The lock and the condition have nothing to give back. To destroy them may wait, in a
 * child, for threads that only the parent has.
 */
void counter_destroy(struct counter *counter)
{
	free(counter);
}

static void release(void *payload)
{
	counter_destroy(payload);
}

const struct registry_class counter_class = {
	.name = "eventfd",
	.release = release,
	.local = true,
};

int counter_read(struct counter *counter, uint64_t *value)
{
	int error = -EAGAIN;

	pthread_mutex_lock(&counter->lock);
	if (counter->value) {
		*value = counter->semaphore ? 1 : counter->value;
		counter->value -= *value;
		pthread_cond_broadcast(&counter->changed);
		error = 0;
	}
	pthread_mutex_unlock(&counter->lock);
	return error;
}

int counter_write(struct counter *counter, uint64_t value)
{
	int error = -EAGAIN;

	if (value > COUNTER_MAX)
		return -EINVAL;
	pthread_mutex_lock(&counter->lock);
	if (value <= COUNTER_MAX - counter->value) {
		counter->value += value;
		pthread_cond_broadcast(&counter->changed);
		error = 0;
	}
	pthread_mutex_unlock(&counter->lock);
	return error;
}

uint64_t counter_value(struct counter *counter, bool *semaphore)
{
	uint64_t value;

	pthread_mutex_lock(&counter->lock);
	value = counter->value;
	*semaphore = counter->semaphore;
	pthread_mutex_unlock(&counter->lock);
	return value;
}

unsigned int counter_ready(struct counter *counter)
{
	unsigned int ready;

	pthread_mutex_lock(&counter->lock);
	ready = (counter->value ? COUNTER_READABLE : 0) |
		(counter->value < COUNTER_MAX ? COUNTER_WRITABLE : 0);
	pthread_mutex_unlock(&counter->lock);
	return ready;
}

/* Until the value is in this range. */
static int await(struct counter *counter, uint64_t least, uint64_t most, counter_stop *stop,
		 void *context)
{
	int error = 0;

	pthread_mutex_lock(&counter->lock);
	while (counter->value < least || counter->value > most) {
		if (stop && stop(context)) {
			error = -EINTR;
			break;
		}
		pthread_cond_wait(&counter->changed, &counter->lock);
	}
	pthread_mutex_unlock(&counter->lock);
	return error;
}

int counter_wait_value(struct counter *counter, counter_stop *stop, void *context)
{
	return await(counter, 1, COUNTER_MAX, stop, context);
}

int counter_wait_room(struct counter *counter, uint64_t value, counter_stop *stop, void *context)
{
	if (value > COUNTER_MAX)
		return -EINVAL;
	return await(counter, 0, COUNTER_MAX - value, stop, context);
}

/* With the lock: who was about to wait has asked stop() before, or waits. */
void counter_wake(struct counter *counter)
{
	pthread_mutex_lock(&counter->lock);
	pthread_cond_broadcast(&counter->changed);
	pthread_mutex_unlock(&counter->lock);
}

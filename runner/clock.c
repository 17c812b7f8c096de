/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "signals.h"
#include "host.h"
#include "startup.h"
#include "proc.h"

/* 250 times a second, as many kernels do. */
enum { PERIOD_MS = 4, NSEC_PER_MS = 1000000 };

struct clock {
	struct guest_range image;
	guest_addr sigreturn;	/* 0: none */
	struct vdsogen_clock *block;
	uint64_t hz;		/* of the host's counter; 0: not known */
	uint64_t distance;	/* the guest's counter is ahead of the host's */
	bool started;
	pthread_mutex_t lock;	/* held while the page is written */
};

static uint64_t guest_counter(void *clock)
{
	return host_counter(NULL) + ((const struct clock *)clock)->distance;
}

static void take_sample(const struct clock *clock, struct vdsogen_sample *sample)
{
	host_sample(sample);
	sample->before += clock->distance;
	sample->after += clock->distance;
}

/* Signals are for the guest: the publisher gets none. */
static void *publish(void *argument)
{
	struct clock *clock = argument;
	const struct timespec period = { .tv_nsec = PERIOD_MS * NSEC_PER_MS };

	signals_block_all();
	proc_hide_thread();
	for (;;) {
		struct vdsogen_sample sample;

		nanosleep(&period, NULL);
		take_sample(clock, &sample);
		pthread_mutex_lock(&clock->lock);
		/* a sample that it refuses is followed by another */
		vdsogen_clock_update(clock->block, &sample, guest_counter, clock);
		pthread_mutex_unlock(&clock->lock);
	}
	return NULL;	/* not reached: it ends with the process */
}

static int start_publisher(struct clock *clock, struct runner_error *error)
{
	pthread_t publisher;
	int failed = pthread_create(&publisher, NULL, publish, clock);

	if (failed)
		return runner_error(error, failed, "a thread for the clock: %s", strerror(failed));
	pthread_detach(publisher);
	clock->started = true;
	return 0;
}

static int fails(struct runner_error *error, const char *what, int failed)
{
	return runner_error(error, EINVAL, "%s: %s", what, vdsogen_strerror(failed));
}

/* A counter that cannot be compared leaves the clock as it is: its readers ask. */
static int start(struct clock *clock, struct vm *vm, struct runner_error *error)
{
	struct vdsogen_source source = { .res_coarse = PERIOD_MS * NSEC_PER_MS };
	struct vdsogen_sample sample;
	int failed;

	if (vm_counter_distance(vm, &clock->distance) || !host_counter_is_invariant())
		return 0;
	if (!clock->hz)
		clock->hz = vm_counter_hz(vm);
	if (!clock->hz)
		clock->hz = host_counter_hz();
	source.hz = clock->hz;
	startup_step("clock: the counter's frequency");
	take_sample(clock, &sample);
	failed = vdsogen_clock_start(clock->block, &source, &sample);
	return failed ? fails(error, "the clock", failed) : start_publisher(clock, error);
}

/* In front of the stack, where Linux has its own. */
static int map_image(struct vm *vm, struct space *space, size_t size, guest_addr *at,
		     struct runner_error *error)
{
	struct guest_range range = vm_user_range(vm);
	int failed;

	range.start = guest_at(range.end.v - size);
	failed = space_make(space, range, GUEST_READ | GUEST_EXEC, true);
	*at = range.start;
	return failed ? runner_error(error, -failed, "no room for a page") : 0;
}

static guest_addr find_sigreturn(const struct vdsogen_image *image, guest_addr at)
{
	struct vdsogen_symbol symbol;

	if (vdsogen_symbol(image, "__kernel_rt_sigreturn", &symbol))
		return guest_at(0);
	return guest_at(at.v + symbol.value);
}

static int build(struct clock *clock, struct vm *vm, struct space *space, guest_addr *at,
		 struct runner_error *error)
{
	struct vdsogen_image image;
	size_t size = 0, follow;
	uint8_t *page;
	int failed = vdsogen_build(host_arch(), NULL, NULL, &size);

	if (failed)
		return fails(error, "the vDSO", failed);
	failed = map_image(vm, space, size, at, error);
	if (failed)
		return failed;
	page = space_at(space, *at, GUEST_READ, &follow);
	failed = vdsogen_build(host_arch(), NULL, page, &size);
	if (!failed)
		failed = vdsogen_open(page, size, &image);
	if (failed)
		return fails(error, "the vDSO", failed);
	clock->image = (struct guest_range){ *at, guest_at(at->v + size) };
	clock->sigreturn = find_sigreturn(&image, *at);
	if (space_set_name(space, clock->image, "[vdso]"))
		return runner_error(error, ENOMEM, "no memory for a name");
	startup_step("page");
	clock->block = (struct vdsogen_clock *)(page + image.clock);
	return start(clock, vm, error);
}

int clock_create(struct clock **result, struct vm *vm, struct space *space, uint64_t hz,
		 guest_addr *at, struct runner_error *error)
{
	struct clock *clock = calloc(1, sizeof *clock);
	int failed;

	if (!clock)
		return runner_error(error, ENOMEM, "no memory for the clock");
	clock->hz = hz;
	pthread_mutex_init(&clock->lock, NULL);
	failed = build(clock, vm, space, at, error);
	if (failed)
		free(clock);
	else
		*result = clock;
	return failed;
}

void clock_stop_readers(struct clock *clock)
{
	clock_lock(clock);
	vdsogen_clock_reset(clock->block);
	clock_unlock(clock);
}

bool clock_view(const struct clock *clock, struct clock_view *view)
{
	*view = (struct clock_view){ clock->image, clock->block, guest_counter((void *)clock) };
	return clock->started;
}

guest_addr clock_sigreturn(const struct clock *clock)
{
	return clock->sigreturn;
}

void clock_lock(struct clock *clock)
{
	pthread_mutex_lock(&clock->lock);
}

void clock_unlock(struct clock *clock)
{
	pthread_mutex_unlock(&clock->lock);
}

/* What the page says is of its parent's counter: of no use to a machine with another one. */
static bool is_same_counter(const struct clock *clock, const struct vm *vm)
{
	uint64_t distance;

	return !vm_counter_distance(vm, &distance) && distance == clock->distance;
}

int clock_after_fork(struct clock *clock, const struct vm *vm, struct runner_error *error)
{
	pthread_mutex_init(&clock->lock, NULL);
	if (!clock->started)
		return 0;
	clock->started = false;
	vdsogen_clock_recover(clock->block);	/* its parent's may have been at work */
	if (is_same_counter(clock, vm))
		return start_publisher(clock, error);
	vdsogen_clock_reset(clock->block);	/* readers ask */
	return 0;
}

uint64_t clock_hz(const struct clock *clock)
{
	return clock->hz;
}

bool clock_read(const struct clock *clock, int id, struct timespec *time)
{
	struct vdsogen_time now;

	if (!clock->started ||
	    vdsogen_clock_read(clock->block, id, guest_counter((void *)clock), &now))
		return false;
	*time = (struct timespec){ .tv_sec = now.sec, .tv_nsec = now.nsec };
	return true;
}

bool clock_resolution(const struct clock *clock, int id, struct timespec *resolution)
{
	if (!clock->started || (id != VDSOGEN_REALTIME_COARSE && id != VDSOGEN_MONOTONIC_COARSE))
		return false;
	*resolution = (struct timespec){ .tv_nsec = PERIOD_MS * NSEC_PER_MS };
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "timers.h"

#include <errno.h>

#include "clocks.h"
#include "darwin.h"
#include "deliver.h"
#include "wait.h"

enum { TIMERS_MAX = 256 };

struct timer {
	bool there, armed;
	int clock;
	struct timer_what what;
	uint64_t deadline, interval;	/* of wait_now() */
	uint64_t overrun;
};

/* The lock is not held while a signal is sent, whose locks come first. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static struct process *owner;	/* NULL: there is no thread for them */
static struct timer timers[TIMERS_MAX];

static struct timer *find(int number)
{
	return number >= 0 && number < TIMERS_MAX && timers[number].there ? &timers[number] : NULL;
}

/* -------------------------------------------------------------------------
 * Going off.
 */
static bool is_pending(const struct pending *pending, int number)
{
	return number < LINUX_SIGRTMIN && atomic_load(&pending->set) >> (number - 1) & 1;
}

static void tell(struct process *process, int number, const struct timer *timer)
{
	struct linux_siginfo info = { .signo = timer->what.signo, .code = LINUX_SI_TIMER };

	info.timer.id = number;
	info.timer.overrun = (int32_t)timer->overrun;
	info.timer.value = timer->what.own_value ? (uint64_t)number : timer->what.value;
	pthread_mutex_lock(&process->lock);
	if (!timer->what.thread) {
		if (!is_pending(&process->host->pending, timer->what.signo))
			deliver_to_process(process, &info);
	} else {
		for (struct thread *thread = process->first; thread; thread = thread->next)
			if (thread->tid == timer->what.thread)
				deliver_to_thread(thread, &info);
	}
	pthread_mutex_unlock(&process->lock);
}

/* What has been missed since is its overrun. */
static void advance(struct timer *timer, uint64_t now)
{
	timer->overrun = 0;
	if (!timer->interval) {
		timer->armed = false;
		return;
	}
	timer->overrun = (now - timer->deadline) / timer->interval;
	timer->deadline += (timer->overrun + 1) * timer->interval;
	if (timer->overrun > INT32_MAX)
		timer->overrun = INT32_MAX;
}

/* One that is due: its number, or -1, and when the next one is. */
static int find_due(uint64_t now, uint64_t *next)
{
	*next = WAIT_FOREVER;
	for (int i = 0; i < TIMERS_MAX; i++) {
		if (!timers[i].there || !timers[i].armed)
			continue;
		if (timers[i].deadline <= now)
			return i;
		if (timers[i].deadline < *next)
			*next = timers[i].deadline;
	}
	return -1;
}

static void *run(void *unused)
{
	const uint64_t day = 86400 * LINUX_NSEC_PER_SEC;

	(void)unused;
	signals_block_all();
	pthread_mutex_lock(&lock);
	for (;;) {
		uint64_t next, now = wait_now();
		int due = find_due(now, &next);
		struct timer timer;

		if (due < 0) {
			if (next == WAIT_FOREVER || next - now > day)
				next = now + day;
			darwin_condition_wait(&changed, &lock, next - now);
			continue;
		}
		advance(&timers[due], now);
		timer = timers[due];
		pthread_mutex_unlock(&lock);
		if (timer.what.tells)
			tell(owner, due, &timer);
		pthread_mutex_lock(&lock);
	}
	return NULL;	/* not reached: it ends with the process */
}

static int start(struct process *process)
{
	pthread_t thread;

	if (owner)
		return 0;
	owner = process;
	darwin_condition_begin(&changed);
	if (pthread_create(&thread, NULL, run, NULL)) {
		owner = NULL;
		return -EAGAIN;
	}
	pthread_detach(thread);
	return 0;
}

/* -------------------------------------------------------------------------
 * Calls.
 */
int timers_create(struct process *process, int clock, const struct timer_what *what)
{
	int number = 0, failed;

	pthread_mutex_lock(&lock);
	failed = start(process);
	while (number < TIMERS_MAX && timers[number].there)
		number++;
	if (!failed && number == TIMERS_MAX)
		failed = -EAGAIN;
	if (!failed)
		timers[number] = (struct timer){ .there = true, .clock = clock, .what = *what };
	pthread_mutex_unlock(&lock);
	return failed ? failed : number;
}

int timers_delete(int number)
{
	struct timer *timer;

	pthread_mutex_lock(&lock);
	timer = find(number);
	if (timer)
		timer->there = false;
	pthread_mutex_unlock(&lock);
	return timer ? 0 : -EINVAL;
}

/* With the lock. */
static struct linux_itimerspec state_of(const struct timer *timer)
{
	uint64_t left = timer->armed ? wait_left(timer->deadline) : 0;

	if (timer->armed && !left)
		left = 1;	/* 0 would say that it is not armed */
	return (struct linux_itimerspec){ clocks_timespec(timer->interval), clocks_timespec(left) };
}

/* When a value of the clock is, as wait_now() has it. */
static int find_deadline(const struct thread *thread, int clock, bool absolute, uint64_t value,
			 uint64_t *deadline)
{
	uint64_t now;
	int failed;

	*deadline = wait_now();
	if (!absolute) {
		*deadline += value;
		return 0;
	}
	failed = clocks_read(thread, clock, &now);
	if (!failed && value > now)
		*deadline += value - now;
	return failed;
}

int timers_set(struct thread *thread, int number, int flags, const struct linux_itimerspec *new,
	       struct linux_itimerspec *old)
{
	uint64_t value = 0, interval = 0, deadline = 0;
	struct timer *timer;
	int failed = 0, clock;

	clocks_nanoseconds(&new->value, &value);
	clocks_nanoseconds(&new->interval, &interval);
	pthread_mutex_lock(&lock);
	timer = find(number);
	clock = timer ? timer->clock : -1;
	pthread_mutex_unlock(&lock);
	if (!timer)
		return -EINVAL;
	if (value)
		failed = find_deadline(thread, clock, flags & LINUX_TIMER_ABSTIME, value,
				       &deadline);
	if (failed)
		return failed;
	pthread_mutex_lock(&lock);
	timer = find(number);
	if (timer) {
		*old = state_of(timer);
		timer->armed = value;
		timer->deadline = deadline;
		timer->interval = interval;
		timer->overrun = 0;
		pthread_cond_signal(&changed);
	}
	pthread_mutex_unlock(&lock);
	return timer ? 0 : -EINVAL;
}

int timers_get(int number, struct linux_itimerspec *now)
{
	const struct timer *timer;

	pthread_mutex_lock(&lock);
	timer = find(number);
	if (timer)
		*now = state_of(timer);
	pthread_mutex_unlock(&lock);
	return timer ? 0 : -EINVAL;
}

int timers_overrun(int number)
{
	const struct timer *timer;
	int overrun = -EINVAL;

	pthread_mutex_lock(&lock);
	timer = find(number);
	if (timer)
		overrun = (int)timer->overrun;
	pthread_mutex_unlock(&lock);
	return overrun;
}

void timers_forked(void)
{
	pthread_mutex_init(&lock, NULL);
	owner = NULL;
	for (int i = 0; i < TIMERS_MAX; i++)
		timers[i].there = false;
}

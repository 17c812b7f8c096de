/* SPDX-License-Identifier: BSD-2-Clause */
#include "wait.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "../calls.h"
#include "darwin.h"
#include "deliver.h"
#include "linux-time.h"

enum { KICK_MS = 1, NSEC_PER_MS = 1000000 };

/* -------------------------------------------------------------------------
 * The kick. Its handler does nothing; that there is one ends calls.
 */
static void on_kick(int number)
{
	(void)number;
}

void wait_catch_kicks(void)
{
	struct sigaction action = { .sa_handler = on_kick };

	sigfillset(&action.sa_mask);
	sigaction(darwin_kick(), &action, NULL);
}

/*
 * Who kicks again. Threads are looked for in the process's list, whose lock nobody holds who
 * has the kicker's.
 */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t wanted;
	struct process *process;
	bool is_wanted;
} kicker = { .lock = PTHREAD_MUTEX_INITIALIZER, .wanted = PTHREAD_COND_INITIALIZER };

/* In the process's lock: its thread is there. */
static bool kick(const struct thread *thread)
{
	struct thread_host *host = thread->host;

	if (!atomic_load(&host->waits) || !atomic_load(&host->kicked))
		return false;
	pthread_kill(host->self, darwin_kick());
	return true;
}

static bool kick_all(struct process *process)
{
	bool again = false;

	pthread_mutex_lock(&process->lock);
	for (const struct thread *thread = process->first; thread; thread = thread->next)
		again |= kick(thread);
	pthread_mutex_unlock(&process->lock);
	return again;
}

static void *keep_kicking(void *unused)
{
	const struct timespec pause = { .tv_nsec = KICK_MS * NSEC_PER_MS };

	(void)unused;
	signals_block_all();
	for (;;) {
		pthread_mutex_lock(&kicker.lock);
		while (!kicker.is_wanted)
			pthread_cond_wait(&kicker.wanted, &kicker.lock);
		kicker.is_wanted = false;
		pthread_mutex_unlock(&kicker.lock);
		do
			nanosleep(&pause, NULL);
		while (kick_all(kicker.process));
	}
	return NULL;	/* not reached: it ends with the process */
}

static void want_kicks(struct process *process)
{
	pthread_t unused;

	pthread_mutex_lock(&kicker.lock);
	if (!kicker.process) {
		kicker.process = process;
		if (pthread_create(&unused, NULL, keep_kicking, NULL))
			kicker.process = NULL;
		else
			pthread_detach(unused);
	}
	kicker.is_wanted = true;
	pthread_cond_signal(&kicker.wanted);
	pthread_mutex_unlock(&kicker.lock);
}

void wait_forked(void)
{
	pthread_mutex_init(&kicker.lock, NULL);
	pthread_cond_init(&kicker.wanted, NULL);
	kicker.process = NULL;
	kicker.is_wanted = false;
}

/* -------------------------------------------------------------------------
 * In calls of the host's. All atomics are sequentially consistent: see wait.h.
 */
void wait_begin(struct thread *thread)
{
	struct thread_host *host = thread->host;

	deliver_open_terminals(thread);
	atomic_store(&host->waits, true);
	if (!deliver_wanted(thread))
		return;
	atomic_store(&host->kicked, true);
	want_kicks(thread->process);
}

/* A kick that is on its way ends nothing: calls that do not wait have none to fear. */
void wait_end(struct thread *thread)
{
	struct thread_host *host = thread->host;

	atomic_store(&host->waits, false);
	atomic_store(&host->kicked, false);
}

int64_t wait_call(struct thread *thread, int64_t (*call)(void *context), void *context)
{
	int64_t result;

	do {
		wait_begin(thread);
		result = call(context);
		wait_end(thread);
		if (result == -EINTR && deliver_wanted(thread))
			return CALLS_INTERRUPTED;
	} while (result == -EINTR);
	return result;
}

int64_t wait_once(struct thread *thread, int64_t result)
{
	if (result == CALLS_INTERRUPTED)
		thread->host->handled_is_end = true;
	return result;
}

void wait_interrupt(struct thread *thread)
{
	struct thread_host *host = thread->host;

	if (thread->vcpu) {
		vcpu_attention(thread->vcpu, VM_ATTENTION_SIGNAL, 0);
		vcpu_kick(thread->vcpu);
	}
	wait_wake(host);
	atomic_store(&host->kicked, true);
	if (kick(thread))
		want_kicks(thread->process);
}

/* -------------------------------------------------------------------------
 * Time.
 */
uint64_t wait_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * LINUX_NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

uint64_t wait_deadline(struct thread *thread, uint64_t nanoseconds)
{
	struct thread_host *host = thread->host;
	uint64_t now;

	if (nanoseconds == WAIT_FOREVER)
		return WAIT_FOREVER;
	if (host->repeated)
		return host->deadline;
	now = wait_now();
	host->deadline = nanoseconds < WAIT_FOREVER - now ? now + nanoseconds : WAIT_FOREVER - 1;
	return host->deadline;
}

uint64_t wait_left(uint64_t deadline)
{
	uint64_t now;

	if (deadline == WAIT_FOREVER)
		return WAIT_FOREVER;
	now = wait_now();
	return now < deadline ? deadline - now : 0;
}

/* -------------------------------------------------------------------------
 * In the runner. Who wakes has made it so before, and has the lock when it tells.
 */
int64_t wait_until(struct thread *thread, bool (*done)(void *context), void *context,
		   uint64_t deadline)
{
	struct thread_host *host = thread->host;
	const uint64_t day = 86400 * LINUX_NSEC_PER_SEC;
	int64_t result = 0;

	deliver_close_terminals(thread);
	pthread_mutex_lock(&host->lock);
	while (!done(context)) {
		const uint64_t left = wait_left(deadline);

		if (deliver_wanted(thread))
			result = CALLS_INTERRUPTED;
		else if (!left)
			result = -ETIMEDOUT;
		if (result)
			break;
		if (left == WAIT_FOREVER)
			pthread_cond_wait(&host->woken, &host->lock);
		else
			darwin_condition_wait(&host->woken, &host->lock, left < day ? left : day);
	}
	pthread_mutex_unlock(&host->lock);
	return result;
}

void wait_wake(struct thread_host *host)
{
	pthread_mutex_lock(&host->lock);
	pthread_cond_broadcast(&host->woken);
	pthread_mutex_unlock(&host->lock);
}

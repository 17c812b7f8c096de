/* SPDX-License-Identifier: BSD-2-Clause */
#include "pending.h"

#include <errno.h>
#include <stdlib.h>

/* As much as a Linux of little memory has for RLIMIT_SIGPENDING. */
enum { QUEUED_MAX = 4096 };

/* Linux kernel/signal.c, SYNCHRONOUS_MASK. */
#define BIT(number) (1ull << ((number) - 1))
#define FAULTS (BIT(LINUX_SIGSEGV) | BIT(LINUX_SIGBUS) | BIT(LINUX_SIGILL) | BIT(LINUX_SIGTRAP) | \
		BIT(LINUX_SIGFPE) | BIT(LINUX_SIGSYS))

struct pending_queued {
	struct pending_queued *next;
	struct linux_siginfo info;
};

void pending_begin(struct pending *pending)
{
	pthread_mutex_init(&pending->lock, NULL);
	atomic_init(&pending->set, 0);
	pending->first = NULL;
	pending->last = &pending->first;
	pending->queued = 0;
}

void pending_end(struct pending *pending)
{
	pending_drop(pending, UINT64_MAX);
	pthread_mutex_destroy(&pending->lock);
}

/* The lock may be one of a thread that the child does not have. */
void pending_forget(struct pending *pending)
{
	pthread_mutex_init(&pending->lock, NULL);
	pending_drop(pending, UINT64_MAX);
}

static int queue(struct pending *pending, const struct linux_siginfo *info)
{
	struct pending_queued *queued = pending->queued < QUEUED_MAX ? malloc(sizeof *queued) : NULL;

	if (!queued)
		return -EAGAIN;
	*queued = (struct pending_queued){ .info = *info };
	*pending->last = queued;
	pending->last = &queued->next;
	pending->queued++;
	return 0;
}

int pending_add(struct pending *pending, const struct linux_siginfo *info)
{
	const uint64_t bit = BIT(info->signo);
	int failed = 0;

	pthread_mutex_lock(&pending->lock);
	if (info->signo >= LINUX_SIGRTMIN)
		failed = queue(pending, info);
	else if (!(pending->set & bit))
		pending->once[info->signo] = *info;
	if (!failed)
		atomic_fetch_or(&pending->set, bit);
	pthread_mutex_unlock(&pending->lock);
	return failed;
}

/* Takes the first of that number, and says whether there are more. */
static bool take_queued(struct pending *pending, int number, struct linux_siginfo *info)
{
	struct pending_queued **at = &pending->first, *taken = NULL;
	bool more = false;

	while (*at) {
		if ((*at)->info.signo != number) {
			at = &(*at)->next;
		} else if (!taken) {
			taken = *at;
			*at = taken->next;
		} else {
			more = true;
			at = &(*at)->next;
		}
	}
	pending->last = at;
	if (taken) {
		*info = taken->info;
		pending->queued--;
		free(taken);
	}
	return more;
}

static void take(struct pending *pending, int number, struct linux_siginfo *info)
{
	if (number < LINUX_SIGRTMIN)
		*info = pending->once[number];
	else if (take_queued(pending, number, info))
		return;
	atomic_fetch_and(&pending->set, ~BIT(number));
}

bool pending_take(struct pending *pending, uint64_t set, struct linux_siginfo *info)
{
	uint64_t there;

	if (!(atomic_load(&pending->set) & set))
		return false;
	pthread_mutex_lock(&pending->lock);
	there = pending->set & set;
	if (there & FAULTS)
		there &= FAULTS;
	if (there)
		take(pending, __builtin_ctzll(there) + 1, info);
	pthread_mutex_unlock(&pending->lock);
	return there;
}

void pending_drop(struct pending *pending, uint64_t set)
{
	struct linux_siginfo unused;

	while (pending_take(pending, set, &unused))
		;
}

/* -------------------------------------------------------------------------
 * execve(): each with what came with it, and at the end one that is none.
 */
static const struct linux_siginfo none;

void pending_save(struct pending *pending, FILE *to)
{
	pthread_mutex_lock(&pending->lock);
	for (int number = 1; number < LINUX_SIGRTMIN; number++)
		if (pending->set & BIT(number))
			fwrite(&pending->once[number], sizeof none, 1, to);
	for (const struct pending_queued *one = pending->first; one; one = one->next)
		fwrite(&one->info, sizeof none, 1, to);
	pthread_mutex_unlock(&pending->lock);
	fwrite(&none, sizeof none, 1, to);
}

int pending_restore(struct pending *pending, FILE *from)
{
	struct linux_siginfo info;

	while (fread(&info, sizeof info, 1, from) == 1) {
		if (!info.signo)
			return 0;
		if (info.signo < 0 || info.signo > LINUX_SIGRTMAX)
			return -EIO;
		pending_add(pending, &info);
	}
	return -EIO;
}

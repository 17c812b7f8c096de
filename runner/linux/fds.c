/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "fds.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <unistd.h>

/* As many as KVM has vCPUs, and some. */
enum { HIDDEN = 2048, WORD = 64 };

/*
 * They are above the guest's limit, which keeps nobody from using what is there already.
 * But not so far that a fork would copy a huge table.
 */
enum { FIRST_MAX = 16384 };

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static unsigned int depth;
static struct rlimit guest;	     /* its limit, while depth is not 0 */
static int first;		     /* fixed at the first use: the guest may change its limit */
static uint64_t ours[HIDDEN / WORD]; /* from `first` on; a bit is changed by who has that one */

/* -------------------------------------------------------------------------
 * The limit.
 */
void fds_begin(void)
{
	pthread_mutex_lock(&lock);
	if (depth++ == 0 && !getrlimit(RLIMIT_NOFILE, &guest)) {
		struct rlimit most = { guest.rlim_max, guest.rlim_max };

		setrlimit(RLIMIT_NOFILE, &most);
	}
}

void fds_end(void)
{
	if (--depth == 0)
		setrlimit(RLIMIT_NOFILE, &guest);
	pthread_mutex_unlock(&lock);
}

/* A lock knows its owner by a number that the child does not have. What has begun has yet to end. */
void fds_again(void)
{
	pthread_mutex_t fresh = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

	lock = fresh;
	pthread_mutex_lock(&lock);
}

int fds_limit(const struct rlimit *new, struct rlimit *old)
{
	int failed;

	pthread_mutex_lock(&lock);
	failed = prlimit(0, RLIMIT_NOFILE, new, old);
	pthread_mutex_unlock(&lock);
	return failed;
}

/* -------------------------------------------------------------------------
 * The runner's own.
 */

/* Who may have no more than it has gets on with its last quarter. */
static int find_first(void)
{
	int limit = guest.rlim_cur > FIRST_MAX ? FIRST_MAX : (int)guest.rlim_cur;

	return guest.rlim_max > (rlim_t)limit + HIDDEN / 2 ? limit : (int)guest.rlim_max / 4 * 3;
}

static bool is_there(int fd)
{
	return first && fd >= first && fd < first + HIDDEN;
}

static uint64_t bit_of(int fd, uint64_t **word)
{
	*word = &ours[(fd - first) / WORD];
	return 1ull << ((fd - first) % WORD);
}

static void mark(int fd, bool hidden)
{
	uint64_t *word, bit = bit_of(fd, &word);

	if (hidden)
		__atomic_fetch_or(word, bit, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(word, ~bit, __ATOMIC_RELAXED);
}

/* They are the process's, and the host keeps them. */
int fds_take_over(int descriptors)
{
	(void)descriptors;
	return 0;
}

int fds_hide(int fd)
{
	int hidden, number;

	if (fd < 0)
		return fd;
	fds_begin();
	if (!first)
		first = find_first();
	if (fd >= first && fd < first + HIDDEN && !fcntl(fd, F_SETFD, FD_CLOEXEC)) {
		hidden = fd;	/* the guest has all below: there may be no other */
		number = 0;
	} else {
		hidden = fcntl(fd, F_DUPFD_CLOEXEC, first);
		number = errno;
		close(fd);
	}
	if (hidden >= first + HIDDEN) {
		close(hidden);
		hidden = -1;
		number = EMFILE;
	}
	if (hidden >= 0)
		mark(hidden, true);
	fds_end();
	errno = number;
	return hidden;
}

void fds_close(int fd)
{
	pthread_mutex_lock(&lock);
	if (is_there(fd))
		mark(fd, false);
	close(fd);
	pthread_mutex_unlock(&lock);
}

bool fds_hidden(uint64_t fd)
{
	int number = (int)fd;
	uint64_t *word, bit;

	if (!is_there(number))
		return false;
	bit = bit_of(number, &word);
	return __atomic_load_n(word, __ATOMIC_RELAXED) & bit;
}

/* -------------------------------------------------------------------------
 * Closing what is not.
 */
int fds_close_range(unsigned int from, unsigned int last, unsigned int flags)
{
	if (from > last)
		return -EINVAL;
	for (int fd = first; first && fd < first + HIDDEN; fd++) {
		unsigned int number = (unsigned int)fd;

		if (!fds_hidden(number) || number < from || number > last)
			continue;
		if (number > from && close_range(from, number - 1, (int)flags))
			return -errno;
		if (number == last)
			return 0;
		from = number + 1;
	}
	return close_range(from, last, (int)flags) ? -errno : 0;
}

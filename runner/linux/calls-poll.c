/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for descriptors. The runner's own are none, in lists and in sets. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>

#include "calls-own.h"
#include "fds.h"

/* A number that no limit allows. */
enum { NOBODY = INT_MAX };

/* -------------------------------------------------------------------------
 * poll() and ppoll().
 */

/* Linux writes one member of each. */
static int tell_ready(const struct space *space, uint64_t at, const struct pollfd *fd, size_t count)
{
	int failed = 0;

	for (size_t i = 0; i < count && !failed; i++)
		failed = space_write(
			space, guest_at(at + i * sizeof *fd + offsetof(struct pollfd, revents)),
			&fd[i].revents, sizeof fd[i].revents);
	return failed;
}

static bool too_many(unsigned int count)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) || count > limit.rlim_cur;
}

/* What is wrong with them, if anything, and the rest of `host` is for the host to judge. */
static int64_t ask_poll(struct passage *passage, long number, const uint64_t *a, long *host)
{
	const struct space *space = passage->thread->process->space;
	unsigned int count = (unsigned int)a[1];
	struct pollfd *fd = NULL;
	int64_t result;

	host[0] = a[0] ? passage_nowhere(passage, a[0]) : 0;
	host[1] = count;
	if (count && !too_many(count))
		fd = passage_room(passage, count * sizeof *fd);
	if (fd && !space_read(space, fd, guest_at(a[0]), count * sizeof *fd))
		host[0] = (long)fd;
	for (unsigned int i = 0; fd && host[0] == (long)fd && i < count; i++)
		if (fds_hidden((uint64_t)fd[i].fd))
			fd[i].fd = NOBODY;
	result = passage_call(passage, number, host);
	if (result >= 0 && tell_ready(space, a[0], fd, count))
		result = -EFAULT;
	return result;
}

#ifdef SYS_poll
int64_t call_poll(struct thread *thread, const uint64_t *a)
{
	struct passage passage = passage_begin_wait(thread);
	long host[CALLS_ARGUMENTS] = { [2] = (long)a[2] };
	int64_t result = ask_poll(&passage, SYS_poll, a, host);

	passage_end(&passage, -1);
	return result;
}
#endif

int64_t call_ppoll(struct thread *thread, const uint64_t *a)
{
	struct passage passage = passage_begin(thread);
	long host[CALLS_ARGUMENTS] = { 0 };
	uint64_t size = a[4];
	int64_t result;

	host[2] = passage_memory(&passage, a[2], sizeof(struct timespec), GUEST_WRITE, 0);
	host[3] = passage_mask(&passage, a[3], &size);
	host[4] = (long)size;
	result = ask_poll(&passage, SYS_ppoll, a, host);
	passage_end(&passage, -1);
	return result;
}

/* -------------------------------------------------------------------------
 * select() and pselect6().
 */
enum { BITS = CHAR_BIT * sizeof(uint64_t) };

static bool has_hidden(const uint64_t *set, int count)
{
	for (int i = 0; i < count; i++)
		if (set[i / BITS] >> i % BITS & 1 && fds_hidden((uint64_t)i))
			return true;
	return false;
}

/*
 * How many there can be: Linux looks at no more than its table has room for, and that of
 * the host has more than the guest knows of.
 */
static int in_table(int count)
{
	struct rlimit limit;

	if (count < 0 || getrlimit(RLIMIT_NOFILE, &limit) || (rlim_t)count <= limit.rlim_cur)
		return count;
	return (int)limit.rlim_cur;
}

/* Three sets, and the rest of `host` is the call's other arguments. */
static int64_t ask_select(struct passage *passage, long number, const uint64_t *a, long *host)
{
	const struct space *space = passage->thread->process->space;
	int count = in_table((int)a[0]);
	size_t size = count < 0 ? 0 : ((size_t)count + BITS - 1) / BITS * sizeof(uint64_t);
	bool bad = false, hidden = false;

	host[0] = count;
	for (int i = 1; i <= 3; i++) {
		uint64_t *set = a[i] && size ? passage_room(passage, size) : NULL;

		host[i] = (long)set;
		if (set && space_read(space, set, guest_at(a[i]), size)) {
			host[i] = passage_nowhere(passage, a[i]);
			bad = true;
		} else if (set) {
			hidden |= has_hidden(set, count);
		}
	}
	return hidden && !bad ? -EBADF : passage_call(passage, number, host);
}

static int64_t tell_sets(const struct passage *passage, const uint64_t *a, const long *host,
			 int64_t result)
{
	size_t size = ((size_t)host[0] + BITS - 1) / BITS * sizeof(uint64_t);

	for (int i = 1; i <= 3 && result >= 0; i++)
		if (host[i] && space_write(passage->thread->process->space, guest_at(a[i]),
					   (const void *)host[i], size))
			result = -EFAULT;
	return result;
}

#ifdef SYS_select
int64_t call_select(struct thread *thread, const uint64_t *a)
{
	struct passage passage = passage_begin_wait(thread);
	long host[CALLS_ARGUMENTS] = { 0 };
	int64_t result;

	host[4] = passage_memory(&passage, a[4], sizeof(struct timeval), GUEST_WRITE, 0);
	result = tell_sets(&passage, a, host, ask_select(&passage, SYS_select, a, host));
	passage_end(&passage, -1);
	return result;
}
#endif

/* A sixth argument for two: where the mask is, and its size. */
int64_t call_pselect6(struct thread *thread, const uint64_t *a)
{
	struct passage passage = passage_begin(thread);
	long host[CALLS_ARGUMENTS] = { 0 };
	struct {
		uint64_t at, size;
	} mask = { 0 };
	int64_t result;

	host[4] = passage_memory(&passage, a[4], sizeof(struct timespec), GUEST_WRITE, 0);
	if (a[5] && space_read(thread->process->space, &mask, guest_at(a[5]), sizeof mask)) {
		host[5] = passage_nowhere(&passage, a[5]);
	} else {
		mask.at = (uint64_t)passage_mask(&passage, mask.at, &mask.size);
		host[5] = (long)&mask;
	}
	result = tell_sets(&passage, a, host, ask_select(&passage, SYS_pselect6, a, host));
	passage_end(&passage, -1);
	return result;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "bell.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/types.h>

#include <sys/event.h>
#include <unistd.h>

/* The event's number, in a space of its own: EVFILT_USER's. */
enum { CLAPPER = 0 };

int bell_create(void)
{
	struct kevent add;
	int bell = kqueue(), error;

	if (bell < 0)
		return -errno;
	EV_SET(&add, CLAPPER, EVFILT_USER, EV_ADD, 0, 0, NULL);
	if (!fcntl(bell, F_SETFD, FD_CLOEXEC) && !kevent(bell, &add, 1, NULL, 0, NULL))
		return bell;
	error = errno;
	close(bell);
	return -error;
}

static bool all_gone;

void bell_forget(bool gone)
{
	all_gone = gone;
}

void bell_destroy(int bell)
{
	if (bell >= 0 && !all_gone)
		close(bell);
}

/* An event that is told already is not told again: so it is another one. */
static void renew(int bell, int changes)
{
	struct kevent change[3];

	EV_SET(&change[0], CLAPPER, EVFILT_USER, EV_DELETE, 0, 0, NULL);
	EV_SET(&change[1], CLAPPER, EVFILT_USER, EV_ADD, 0, 0, NULL);
	EV_SET(&change[2], CLAPPER, EVFILT_USER, 0, NOTE_TRIGGER, 0, NULL);
	(void)kevent(bell, change, changes, NULL, 0, NULL);
}

void bell_ring(int bell)
{
	renew(bell, 3);
}

void bell_hush(int bell)
{
	renew(bell, 2);
}

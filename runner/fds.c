/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "fds.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { HIDDEN = 32 };	/* the last ones that the limit allows */

static int first;	/* fixed at the first use: the guest may change its limit */

int fds_hide(int fd)
{
	struct rlimit limit;
	int hidden, number;

	if (fd < 0)
		return fd;
	if (!first && !getrlimit(RLIMIT_NOFILE, &limit))
		first = limit.rlim_cur < 2 * HIDDEN ? HIDDEN / 2 :
			limit.rlim_cur > 1 << 20    ? (1 << 20) - HIDDEN :
						      (int)limit.rlim_cur - HIDDEN;
	hidden = fcntl(fd, F_DUPFD_CLOEXEC, first);
	number = errno;
	close(fd);
	errno = number;
	return hidden;
}

bool fds_hidden(uint64_t fd)
{
	int number = (int)fd;

	return first && number >= first && number < first + HIDDEN;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "../platform.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef __APPLE__
void platform_name_thread(const char *name)
{
	pthread_setname_np(name);
}

char *platform_path(int fd)
{
	char name[PATH_MAX];

	return fcntl(fd, F_GETPATH, name) < 0 ? NULL : strdup(name);
}

/* A signal of the host's, which the program would not understand. */
static void send_errors_only(int fd)
{
	const int yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &yes, sizeof yes);
}
#else	/* where its other parts are tried */
void platform_name_thread(const char *name)
{
	char known[16];	/* pthread_setname_np(3): no more than that */

	snprintf(known, sizeof known, "%s", name);
	pthread_setname_np(pthread_self(), known);
}

char *platform_path(int fd)
{
	char link[sizeof "/proc/self/fd/" + 3 * sizeof fd];

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return realpath(link, NULL);
}

static void send_errors_only(int fd)
{
	(void)fd;
}
#endif

static int keep(int fd)
{
	if (fd >= 0) {
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		send_errors_only(fd);
	}
	return fd;
}

static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t part = pwrite(fd, bytes + done, size - done, (off_t)done);

		if (part < 0 && errno != EINTR)
			return false;
		done += part > 0 ? (size_t)part : 0;
	}
	return true;
}

int platform_file(const void *bytes, size_t size)
{
	const char *folder = getenv("TMPDIR");
	char name[PATH_MAX];
	int fd;

	if (snprintf(name, sizeof name, "%s/vdsorun.XXXXXX", folder ? folder : "/tmp") >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkstemp(name);
	if (fd < 0)
		return -1;
	unlink(name);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (!write_all(fd, bytes, size)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int platform_socket(int family)
{
	return keep(socket(family, SOCK_STREAM, 0));
}

int platform_accept(int listener)
{
	return keep(accept(listener, NULL, NULL));
}

/* That alone is told only of both directions: what comes is read until the end. */
void platform_wait_closed(int connection, int patience)
{
	struct pollfd closed = { .fd = connection, .events = POLLIN };
	char unwanted[256];

	while (poll(&closed, 1, patience) > 0)
		if (recv(connection, unwanted, sizeof unwanted, 0) <= 0)
			break;
}

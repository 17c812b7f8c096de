/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "platform.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

void platform_name_thread(const char *name)
{
	prctl(PR_SET_NAME, name);
}

char *platform_path(int fd)
{
	char link[sizeof "/proc/self/fd/" + 3 * sizeof fd], name[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, name, sizeof name - 1);
	if (length < 0)
		return NULL;
	name[length] = '\0';
	return strdup(name);
}

int platform_file(const void *bytes, size_t size)
{
	int fd = memfd_create("vdsorun", MFD_CLOEXEC);

	if (fd >= 0 && pwrite(fd, bytes, size, 0) != (ssize_t)size) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int platform_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

int platform_accept(int listener)
{
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

void platform_wait_closed(int connection, int patience)
{
	struct pollfd closed = { .fd = connection, .events = POLLRDHUP };

	poll(&closed, 1, patience);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "nameless.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "descriptors.h"
#include "linux-files.h"

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		const ssize_t written = write(fd, bytes, size);

		if (written < 0)
			return -errno;
		bytes += written;
		size -= (size_t)written;
	}
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

static int make(char *name, size_t room)
{
	const char *folder = getenv("TMPDIR");
	int fd;

	if (!folder || folder[0] != '/')
		folder = "/tmp";
	if ((size_t)snprintf(name, room, "%s/vdsorun.XXXXXX", folder) >= room)
		return -ENAMETOOLONG;
	fd = mkstemp(name);
	return fd < 0 ? -errno : descriptors_host(fd);
}

static int open_again(int fd, const char *name)
{
	int again = open(name, O_RDONLY | O_CLOEXEC), error = errno;

	close(fd);
	return again < 0 ? -error : descriptors_host(again);
}

int nameless_open(const void *bytes, size_t size, bool read_only)
{
	char name[LINUX_PATH_MAX];
	int fd = make(name, sizeof name), failed;

	if (fd < 0)
		return fd;
	failed = write_all(fd, bytes, size);
	if (failed)
		close(fd);
	else if (read_only)
		fd = open_again(fd, name);
	unlink(name);
	return failed ? failed : fd;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "gdb-files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fds.h"
#include "platform.h"

static int open_maps(const struct space *space)
{
	size_t size;
	char *text;
	int failed = space_maps(space, &text, &size), fd;

	if (failed) {
		errno = -failed;
		return -1;
	}
	fd = platform_file(text, size);
	free(text);
	return fd;
}

/* Both names that Linux has for it. */
static bool is_maps(const char *path, pid_t process)
{
	char name[64], task[64];

	snprintf(name, sizeof name, "/proc/%d/maps", process);
	snprintf(task, sizeof task, "/proc/%d/task/%d/maps", process, process);
	return !strcmp(path, name) || !strcmp(path, task);
}

int gdb_files_open(struct gdb_files *files, const struct space *space, pid_t process,
		   const char *path)
{
	int file = 0, fd;

	while (file < GDB_FILES && files->fd[file])
		file++;
	if (file == GDB_FILES)
		return -EMFILE;
	if (is_maps(path, process))
		fd = open_maps(space);
	else /* without waiting for who writes to a pipe */
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	fd = fds_hide(fd);
	if (fd < 0)
		return -errno;
	files->fd[file] = -1 - fd;
	return file;
}

/* -1 for what is not open here. */
static int find(const struct gdb_files *files, uint64_t file)
{
	return file < GDB_FILES && files->fd[file] ? -1 - files->fd[file] : -1;
}

ssize_t gdb_files_read(const struct gdb_files *files, uint64_t file, void *to, size_t size,
		       uint64_t offset)
{
	ssize_t got = pread(find(files, file), to, size, (off_t)offset);

	return got < 0 ? -errno : got;
}

int gdb_files_stat(const struct gdb_files *files, uint64_t file, struct stat *stat)
{
	return fstat(find(files, file), stat) ? -errno : 0;
}

int gdb_files_close(struct gdb_files *files, uint64_t file)
{
	int fd = find(files, file);

	if (fd < 0)
		return -EBADF;
	files->fd[file] = 0;
	close(fd);
	return 0;
}

void gdb_files_close_all(struct gdb_files *files)
{
	for (uint64_t i = 0; i < GDB_FILES; i++)
		gdb_files_close(files, i);
}

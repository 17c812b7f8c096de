/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "gdb-files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fds.h"

/* As Linux writes /proc/PID/maps. What may not be changed is what the runner put there. */
static void print_maps(FILE *file, const struct space *space)
{
	struct space_area area;

	for (size_t i = 0; space_area(space, i, &area); i++)
		fprintf(file, "%" PRIx64 "-%" PRIx64 " %c%c%cp 00000000 00:00 0 %s\n", area.range.start.v,
			area.range.end.v, area.prot & GUEST_READ ? 'r' : '-',
			area.prot & GUEST_WRITE ? 'w' : '-', area.prot & GUEST_EXEC ? 'x' : '-',
			area.sealed ? "[vdso]" : "");
}

static int open_maps(const struct space *space)
{
	int fd = memfd_create("maps", MFD_CLOEXEC), copy = fd < 0 ? -1 : dup(fd);
	FILE *file = copy < 0 ? NULL : fdopen(copy, "w");

	if (file) {
		print_maps(file, space);
		fclose(file);
	}
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

int gdb_files_open(struct gdb_files *files, const struct space *space, pid_t process, const char *path)
{
	int file = 0, fd;

	while (file < GDB_FILES && files->fd[file])
		file++;
	if (file == GDB_FILES)
		return -EMFILE;
	if (is_maps(path, process))
		fd = open_maps(space);
	else	/* without waiting for who writes to a pipe */
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

ssize_t gdb_files_read(const struct gdb_files *files, uint64_t file, void *to, size_t size, uint64_t offset)
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

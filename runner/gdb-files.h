/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that a debugger reads through the stub, so that it need not have them: those of
 * the host, but for what /proc says of the process, which is the guest's.
 */
#ifndef GDB_FILES_H
#define GDB_FILES_H

#include <sys/stat.h>
#include <sys/types.h>

#include "space.h"

enum { GDB_FILES = 8 };

/* Zeros are a good start. */
struct gdb_files {
	int fd[GDB_FILES]; /* -1 - fd of those that are open */
};

/* A number from 0 on, or -errno. */
int gdb_files_open(struct gdb_files *files, const struct space *space, pid_t process,
		   const char *path);
/* -errno; at most `size` bytes. */
ssize_t gdb_files_read(const struct gdb_files *files, uint64_t file, void *to, size_t size,
		       uint64_t offset);
int gdb_files_stat(const struct gdb_files *files, uint64_t file, struct stat *stat);
int gdb_files_close(struct gdb_files *files, uint64_t file);
void gdb_files_close_all(struct gdb_files *files);

#endif

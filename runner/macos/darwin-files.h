/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files as macOS has them where POSIX has no call: darwin-files.c. Where the rest is tested on
 * Linux, tests/macos/darwin-files-linux.c is in its place. Functions return 0, or what is asked
 * for, or -errno of the host; -ENOTSUP where it cannot be had.
 */
#ifndef MACOS_DARWIN_FILES_H
#define MACOS_DARWIN_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* What linux-files.h has no room for in a struct stat, of either host: stat.c. */
struct timespec darwin_atime(const struct stat *status);
struct timespec darwin_mtime(const struct stat *status);
struct timespec darwin_ctime(const struct stat *status);
unsigned int darwin_major(dev_t device);
unsigned int darwin_minor(dev_t device);
dev_t darwin_device(unsigned int major, unsigned int minor);
/* False: it does not say. */
bool darwin_birth_time(const struct stat *status, struct timespec *time);

/* The name of what a descriptor stands for: its length without the NUL. */
ssize_t darwin_name_of(int fd, char *name, size_t room);
/* The flag that opens what a name means, to look at it and no more. */
int darwin_open_to_look(int folder, const char *name, int flags);

/* The terminal that is /dev/pts/`number` on Linux. */
enum { DARWIN_TERMINAL = 32 };
void darwin_terminal(int number, char name[DARWIN_TERMINAL]);

/* At most one of the flags of linux_rename. */
int darwin_rename(int from_folder, const char *from, int to_folder, const char *to,
		unsigned int flags);
int darwin_make_node(int folder, const char *name, mode_t mode, dev_t device);
int darwin_make_fifo(int folder, const char *name, mode_t mode);

/* Blocks for it, and a hole in it. */
int darwin_allocate(int fd, int64_t offset, int64_t size, bool keep_size);
int darwin_punch(int fd, int64_t offset, int64_t size);
/* As far as the medium: what fsync() is on Linux. */
int darwin_sync(int fd);
int darwin_sync_all_of(int fd);

/* Extended attributes: a file by its name, or, if that is NULL, by its descriptor. */
struct darwin_file {
	const char *name;
	int fd;
	bool link;	/* it, not what it is a link to */
};
ssize_t darwin_get_attribute(const struct darwin_file *file, const char *name, void *value,
			   size_t room);
int darwin_set_attribute(const struct darwin_file *file, const char *name, const void *value,
		       size_t size, unsigned int flags);
ssize_t darwin_list_attributes(const struct darwin_file *file, char *names, size_t room);
int darwin_remove_attribute(const struct darwin_file *file, const char *name);
/* Whether names that begin so are such as Linux has. */
bool darwin_has_attribute(const char *name);

struct darwin_volume {
	char type[32];		/* "apfs"; "": the host says `magic` */
	int64_t magic;
	uint64_t block, fragment, blocks, free, available, files, files_free;
	uint32_t id[2];
	uint64_t name_max;
	bool read_only, no_exec, no_suid, no_dev, no_atime, synchronous;
};
int darwin_volume(const char *name, int fd, struct darwin_volume *volume);

#endif

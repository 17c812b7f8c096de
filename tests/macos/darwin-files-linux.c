/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux in the place of macOS, for tests: the twin of runner/macos/darwin-files.c. */
#define _GNU_SOURCE
#include "runner/macos/darwin-files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "runner/macos/linux-files.h"

static int result(int64_t value)
{
	return value < 0 ? -errno : (int)value;
}

static ssize_t size_result(ssize_t value)
{
	return value < 0 ? -errno : value;
}

bool darwin_birth_time(const struct stat *status, struct timespec *time)
{
	(void)status;
	(void)time;
	return false;
}

/* -------------------------------------------------------------------------
 * Names.
 */
ssize_t darwin_name_of(int fd, char *name, size_t room)
{
	char link[sizeof "/proc/self/fd/" + 3 * sizeof fd];
	ssize_t length;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, name, room);
	if (length < 0)
		return -errno;
	if ((size_t)length >= room)
		return -ENAMETOOLONG;
	name[length] = 0;
	return length;
}

int darwin_open_to_look(int folder, const char *name, int flags)
{
	return result(openat(folder, name, flags | O_PATH | O_CLOEXEC));
}

void darwin_terminal(int number, char name[DARWIN_TERMINAL])
{
	snprintf(name, DARWIN_TERMINAL, "/dev/pts/%d", number);
}

int darwin_rename(int from_folder, const char *from, int to_folder, const char *to,
		unsigned int flags)
{
	return result(syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
}

int darwin_make_node(int folder, const char *name, mode_t mode, dev_t device)
{
	return result(mknodat(folder, name, mode, device));
}

int darwin_make_fifo(int folder, const char *name, mode_t mode)
{
	return result(mkfifoat(folder, name, mode));
}

/* -------------------------------------------------------------------------
 * Blocks.
 */
int darwin_allocate(int fd, int64_t offset, int64_t size, bool keep_size)
{
	return result(fallocate(fd, keep_size ? FALLOC_FL_KEEP_SIZE : 0, offset, size));
}

int darwin_punch(int fd, int64_t offset, int64_t size)
{
	return result(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, offset, size));
}

int darwin_sync(int fd)
{
	return result(fsync(fd));
}

int darwin_sync_all_of(int fd)
{
	return result(syncfs(fd));
}

/* -------------------------------------------------------------------------
 * Extended attributes.
 */
ssize_t darwin_get_attribute(const struct darwin_file *file, const char *name, void *value,
			   size_t room)
{
	if (!file->name)
		return size_result(fgetxattr(file->fd, name, value, room));
	return size_result(file->link ? lgetxattr(file->name, name, value, room)
				      : getxattr(file->name, name, value, room));
}

int darwin_set_attribute(const struct darwin_file *file, const char *name, const void *value,
		       size_t size, unsigned int flags)
{
	if (!file->name)
		return result(fsetxattr(file->fd, name, value, size, (int)flags));
	return result(file->link ? lsetxattr(file->name, name, value, size, (int)flags)
				 : setxattr(file->name, name, value, size, (int)flags));
}

ssize_t darwin_list_attributes(const struct darwin_file *file, char *names, size_t room)
{
	if (!file->name)
		return size_result(flistxattr(file->fd, names, room));
	return size_result(file->link ? llistxattr(file->name, names, room)
				      : listxattr(file->name, names, room));
}

int darwin_remove_attribute(const struct darwin_file *file, const char *name)
{
	if (!file->name)
		return result(fremovexattr(file->fd, name));
	return result(file->link ? lremovexattr(file->name, name) : removexattr(file->name, name));
}

bool darwin_has_attribute(const char *name)
{
	(void)name;
	return true;
}

/* -------------------------------------------------------------------------
 * Volumes.
 */
int darwin_volume(const char *name, int fd, struct darwin_volume *volume)
{
	struct statfs of;

	if (name ? statfs(name, &of) : fstatfs(fd, &of))
		return -errno;
	*volume = (struct darwin_volume){
		.magic = of.f_type,
		.block = (uint64_t)of.f_bsize,
		.fragment = (uint64_t)of.f_frsize,
		.blocks = of.f_blocks,
		.free = of.f_bfree,
		.available = of.f_bavail,
		.files = of.f_files,
		.files_free = of.f_ffree,
		.name_max = (uint64_t)of.f_namelen,
		.read_only = of.f_flags & LINUX_ST_RDONLY,
		.no_exec = of.f_flags & LINUX_ST_NOEXEC,
		.no_suid = of.f_flags & LINUX_ST_NOSUID,
		.no_dev = of.f_flags & LINUX_ST_NODEV,
		.no_atime = of.f_flags & LINUX_ST_NOATIME,
		.synchronous = of.f_flags & LINUX_ST_SYNCHRONOUS,
	};
	memcpy(volume->id, &of.f_fsid, sizeof volume->id);
	return 0;
}

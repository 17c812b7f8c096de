/* SPDX-License-Identifier: BSD-2-Clause */
#include "darwin-files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/param.h>
#include <unistd.h>
#if __has_include(<sys/xattr.h>)
#include <sys/xattr.h>
#else
/* getxattr(2) of macOS */
enum { XATTR_NOFOLLOW = 1, XATTR_CREATE = 2, XATTR_REPLACE = 4 };
ssize_t getxattr(const char *, const char *, void *, size_t, uint32_t, int);
ssize_t fgetxattr(int, const char *, void *, size_t, uint32_t, int);
int setxattr(const char *, const char *, const void *, size_t, uint32_t, int);
int fsetxattr(int, const char *, const void *, size_t, uint32_t, int);
ssize_t listxattr(const char *, char *, size_t, int);
ssize_t flistxattr(int, char *, size_t, int);
int removexattr(const char *, const char *, int);
int fremovexattr(int, const char *, int);
#endif

#include "linux-files.h"

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
	*time = status->st_birthtimespec;
	return true;
}

/* -------------------------------------------------------------------------
 * Names.
 */
ssize_t darwin_name_of(int fd, char *name, size_t room)
{
	char path[MAXPATHLEN];
	size_t length;

	if (fcntl(fd, F_GETPATH, path) < 0)
		return -errno;
	length = strlen(path);
	if (length >= room)
		return -ENAMETOOLONG;
	memcpy(name, path, length + 1);
	return (ssize_t)length;
}

int darwin_open_to_look(int folder, const char *name, int flags)
{
	const int link = flags & O_NOFOLLOW ? O_SYMLINK : 0;

	return result(openat(folder, name,
			     (flags & ~O_NOFOLLOW) | link | O_EVTONLY | O_NONBLOCK | O_CLOEXEC));
}

void darwin_terminal(int number, char name[DARWIN_TERMINAL])
{
	snprintf(name, DARWIN_TERMINAL, "/dev/ttys%03d", number);
}

int darwin_rename(int from_folder, const char *from, int to_folder, const char *to,
		unsigned int flags)
{
	const unsigned int how = flags & LINUX_RENAME_NOREPLACE  ? RENAME_EXCL
				 : flags & LINUX_RENAME_EXCHANGE ? RENAME_SWAP
								 : 0;

	return result(renameatx_np(from_folder, from, to_folder, to, how));
}

/* A file that is to be made in a folder, by a name for calls that know no folders. */
static const char *full_name(int folder, const char *name, char *room, size_t size)
{
	ssize_t length;

	if (folder == AT_FDCWD || name[0] == '/')
		return name;
	length = darwin_name_of(folder, room, size);
	if (length < 0) {
		errno = (int)-length;
		return NULL;
	}
	if ((size_t)snprintf(room + length, size - (size_t)length, "/%s", name) >=
	    size - (size_t)length) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	return room;
}

/* mknodat() and mkfifoat() are macOS 13's */
int darwin_make_node(int folder, const char *name, mode_t mode, dev_t device)
{
	char room[LINUX_PATH_MAX];
	const char *full = full_name(folder, name, room, sizeof room);

	return full ? result(mknod(full, mode, device)) : -errno;
}

int darwin_make_fifo(int folder, const char *name, mode_t mode)
{
	char room[LINUX_PATH_MAX];
	const char *full = full_name(folder, name, room, sizeof room);

	return full ? result(mkfifo(full, mode)) : -errno;
}

/* -------------------------------------------------------------------------
 * Blocks.
 */
/* F_PREALLOCATE adds behind what the file has. */
int darwin_allocate(int fd, int64_t offset, int64_t size, bool keep_size)
{
	struct stat status;
	fstore_t store = { .fst_flags = F_ALLOCATEALL, .fst_posmode = F_PEOFPOSMODE };

	if (fstat(fd, &status))
		return -errno;
	store.fst_length = offset + size - (int64_t)status.st_blocks * S_BLKSIZE;
	if (store.fst_length > 0 && fcntl(fd, F_PREALLOCATE, &store) < 0)
		return errno == EINVAL ? -ENOTSUP : -errno;
	if (keep_size || offset + size <= status.st_size)
		return 0;
	return result(ftruncate(fd, offset + size));
}

/* Only whole blocks become holes: what is in part of one is written over. */
static int write_zeros(int fd, int64_t from, int64_t to)
{
	static const char zeros[4096];

	while (from < to) {
		const size_t some = to - from < (int64_t)sizeof zeros ? (size_t)(to - from)
								      : sizeof zeros;
		const ssize_t written = pwrite(fd, zeros, some, from);

		if (written < 0)
			return -errno;
		from += written;
	}
	return 0;
}

int darwin_punch(int fd, int64_t offset, int64_t size)
{
	struct statfs volume;
	struct stat status;
	fpunchhole_t hole = { 0 };
	int64_t end = offset + size, block, first, last;
	int failed;

	if (fstatfs(fd, &volume) || fstat(fd, &status))
		return -errno;
	if (end > status.st_size)
		end = status.st_size;
	if (offset >= end)
		return 0;
	block = volume.f_bsize ? volume.f_bsize : 1;
	first = (offset + block - 1) / block * block;
	last = end / block * block;
	if (first >= last)
		return write_zeros(fd, offset, end);
	hole.fp_offset = first;
	hole.fp_length = last - first;
	if (fcntl(fd, F_PUNCHHOLE, &hole) < 0)
		return -errno;
	failed = write_zeros(fd, offset, first);
	return failed ? failed : write_zeros(fd, last, end);
}

/* fsync() of macOS stops in front of the drive's own memory. Not every volume has the other. */
int darwin_sync(int fd)
{
	if (fcntl(fd, F_FULLFSYNC) >= 0)
		return 0;
	return result(fsync(fd));
}

int darwin_sync_all_of(int fd)
{
	(void)fd;
	sync();
	return 0;
}

/* -------------------------------------------------------------------------
 * Extended attributes.
 */
static int options(const struct darwin_file *file)
{
	return file->link ? XATTR_NOFOLLOW : 0;
}

ssize_t darwin_get_attribute(const struct darwin_file *file, const char *name, void *value,
			   size_t room)
{
	return size_result(file->name ? getxattr(file->name, name, value, room, 0, options(file))
				      : fgetxattr(file->fd, name, value, room, 0, 0));
}

int darwin_set_attribute(const struct darwin_file *file, const char *name, const void *value,
		       size_t size, unsigned int flags)
{
	const int how = (flags & LINUX_XATTR_CREATE ? XATTR_CREATE : 0) |
			(flags & LINUX_XATTR_REPLACE ? XATTR_REPLACE : 0);

	return result(file->name ? setxattr(file->name, name, value, size, 0, how | options(file))
				 : fsetxattr(file->fd, name, value, size, 0, how));
}

ssize_t darwin_list_attributes(const struct darwin_file *file, char *names, size_t room)
{
	return size_result(file->name ? listxattr(file->name, names, room, options(file))
				      : flistxattr(file->fd, names, room, 0));
}

int darwin_remove_attribute(const struct darwin_file *file, const char *name)
{
	return result(file->name ? removexattr(file->name, name, options(file))
				 : fremovexattr(file->fd, name, 0));
}

/* Others there are macOS's own; what Linux keeps in others of its own has no meaning here. */
bool darwin_has_attribute(const char *name)
{
	static const char users[] = "user.";

	return !strncmp(name, users, sizeof users - 1);
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
		.block = of.f_bsize,
		.fragment = of.f_bsize,
		.blocks = of.f_blocks,
		.free = of.f_bfree,
		.available = of.f_bavail,
		.files = of.f_files,
		.files_free = of.f_ffree,
		.id = { (uint32_t)of.f_fsid.val[0], (uint32_t)of.f_fsid.val[1] },
		.name_max = NAME_MAX,
		.read_only = of.f_flags & MNT_RDONLY,
		.no_exec = of.f_flags & MNT_NOEXEC,
		.no_suid = of.f_flags & MNT_NOSUID,
		.no_dev = of.f_flags & MNT_NODEV,
		.no_atime = of.f_flags & MNT_NOATIME,
		.synchronous = of.f_flags & MNT_SYNCHRONOUS,
	};
	snprintf(volume->type, sizeof volume->type, "%s", of.f_fstypename);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Files by their names: opening them, and what they are. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls-own.h"
#include "files.h"
#include "folders.h"
#include "full.h"
#include "names.h"
#include "wait.h"

/* -------------------------------------------------------------------------
 * Opening.
 */
struct opening {
	const struct place *place;
	int flags;	/* the host's */
	mode_t mode;
	bool path;	/* to look at it alone */
};

static int64_t open_host(void *context)
{
	const struct opening *opening = context;
	const struct place *place = opening->place;
	int fd = opening->path ? darwin_open_to_look(place->folder, place->name, opening->flags)
			       : openat(place->folder, place->name, opening->flags | O_CLOEXEC,
					opening->mode);

	if (opening->path)
		return fd;
	return fd < 0 ? -errno : fd;
}

/* For somebody at the other end of a FIFO, or for a line. */
static bool may_wait(const struct opening *opening)
{
	struct stat status;

	if (opening->path || opening->flags & (O_NONBLOCK | O_DIRECTORY))
		return false;
	return !fstatat(opening->place->folder, opening->place->name, &status, 0) &&
	       (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode));
}

/* What waits for somebody may not keep others from fork(). */
static int64_t open_and_give(struct thread *thread, struct opening *opening, uint64_t flags)
{
	const struct registry_class *class = opening->path ? &path_class : NULL;
	const bool waits = may_wait(opening);
	int64_t fd;

	if (waits)
		fd = wait_call(thread, open_host, opening);
	descriptors_opening();
	if (!waits)
		fd = open_host(opening);
	if (fd >= 0)
		fd = descriptors_host((int)fd);
	if (fd >= 0)
		fd = descriptor_open(class, (int)fd, flags & LINUX_O_CLOEXEC);
	descriptors_opened();
	return fd;
}

static int64_t open_place(struct thread *thread, const struct place *place, uint64_t flags,
			  mode_t mode)
{
	struct opening opening = { .place = place,
				   .flags = files_open_flags(flags),
				   .mode = mode,
				   .path = flags & LINUX_O_PATH };

	if (opening.path)
		opening.flags &= O_DIRECTORY | O_NOFOLLOW;
	return open_and_give(thread, &opening, flags);
}

/* What has a text is opened as a file that has it. */
static int64_t open_text(struct thread *thread, const struct synthetic *file, uint64_t flags)
{
	int64_t fd;

	descriptors_opening();
	fd = synthetic_open(thread, file, flags);
	if (fd >= 0)
		fd = descriptor_open(NULL, (int)fd, flags & LINUX_O_CLOEXEC);
	descriptors_opened();
	return fd;
}

static int64_t open_synthetic(struct thread *thread, const struct synthetic *file, uint64_t flags)
{
	const bool changes = (flags & LINUX_O_ACCMODE) != LINUX_O_RDONLY || flags & LINUX_O_CREAT;
	const bool cloexec = flags & LINUX_O_CLOEXEC;
	const enum synthetic_kind kind = synthetic_kind(file);

	if (flags & LINUX_O_DIRECTORY && kind != SYNTHETIC_FOLDER)
		return -ENOTDIR;
	if (flags & LINUX_O_PATH)
		return folder_open_synthetic(file, true, cloexec);
	if (flags & LINUX_O_CREAT && flags & LINUX_O_EXCL)
		return -EEXIST;
	switch (kind) {
	case SYNTHETIC_FOLDER:
		return changes ? -EISDIR : folder_open_synthetic(file, false, cloexec);
	case SYNTHETIC_FULL:
		return full_open(flags & LINUX_O_NONBLOCK ? REGISTRY_NONBLOCK : 0, cloexec);
	case SYNTHETIC_TEXT:
		return open_text(thread, file, flags);
	default:
		return -ELOOP;	/* a link, with O_NOFOLLOW */
	}
}

/* /proc/self/fd/N: the file once more, if it still has its name, else the same as N. */
static int64_t open_again(struct thread *thread, struct place *place, uint64_t flags, mode_t mode)
{
	const uint64_t not_there = LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_NOFOLLOW;
	struct stat opened, named;

	if (flags & LINUX_O_CREAT && flags & LINUX_O_EXCL)
		return -EEXIST;
	if (place->held.host < 0)
		return -ENXIO;
	if (fstat(place->held.host, &opened))
		return -errno;
	if (S_ISSOCK(opened.st_mode))
		return -ENXIO;
	if (place_full_name(place) || place->name[0] != '/' || stat(place->name, &named) ||
	    named.st_dev != opened.st_dev || named.st_ino != opened.st_ino)
		return registry_dup(&descriptors, place->held.fd, 0, flags & LINUX_O_CLOEXEC);
	return open_place(thread, place, flags & ~not_there, mode);
}

static int64_t open_name(struct thread *thread, uint64_t folder, uint64_t name, uint64_t flags,
			 mode_t mode)
{
	const bool creates = flags & LINUX_O_CREAT && !(flags & LINUX_O_PATH);
	const bool link = flags & LINUX_O_NOFOLLOW || (creates && flags & LINUX_O_EXCL);
	struct place place;
	int64_t result;

	result = place_find(thread, folder, name,
			    (link ? PLACE_LINK : 0) | (creates ? PLACE_NEW : 0), &place);
	if (result)
		return result;
	if (!(flags & LINUX_O_PATH) && flags & LINUX_O_TMPFILE_ONLY)
		result = -EOPNOTSUPP;
	else if (place.kind == PLACE_SYNTHETIC)
		result = open_synthetic(thread, &place.synthetic, flags);
	else if (place.kind == PLACE_ITSELF)
		result = open_again(thread, &place, flags, mode);
	else
		result = open_place(thread, &place, flags, mode);
	place_end(&place);
	return result;
}

int64_t call_openat(struct thread *thread, const uint64_t *a)
{
	const uint32_t flags = (uint32_t)a[2];

	return open_name(thread, a[0], a[1], flags, (mode_t)(a[3] & LINUX_S_PERMISSIONS));
}

/* What one asks for with `resolve`, no other thread may undo: it cannot be had so. */
static int64_t check_how(const struct linux_open_how *how)
{
	const uint64_t resolve = LINUX_RESOLVE_NO_XDEV | LINUX_RESOLVE_NO_MAGICLINKS |
				 LINUX_RESOLVE_NO_SYMLINKS | LINUX_RESOLVE_BENEATH |
				 LINUX_RESOLVE_IN_ROOT | LINUX_RESOLVE_CACHED;
	const uint64_t flags = LINUX_O_ACCMODE | LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_NOCTTY |
			       LINUX_O_TRUNC | LINUX_O_APPEND | LINUX_O_NONBLOCK | LINUX_O_SYNC |
			       LINUX_O_ASYNC | LINUX_O_TMPFILE | LINUX_O_NOFOLLOW | LINUX_O_DIRECT |
			       LINUX_O_LARGEFILE | LINUX_O_NOATIME | LINUX_O_CLOEXEC | LINUX_O_PATH;
	const bool makes = how->flags & (LINUX_O_CREAT | LINUX_O_TMPFILE_ONLY);

	if (how->flags & ~flags || how->resolve & ~resolve || how->mode & ~(uint64_t)07777 ||
	    (how->mode && !makes))
		return -EINVAL;
	if (how->resolve & LINUX_RESOLVE_CACHED)
		return -EAGAIN;
	return how->resolve ? -ENOSYS : 0;
}

int64_t call_openat2(struct thread *thread, const uint64_t *a)
{
	struct linux_open_how how;
	uint8_t more[256];
	int64_t failed;

	if (a[3] < sizeof how)
		return -EINVAL;
	if (a[3] > VM_PAGE)
		return -E2BIG;
	if (calls_read(thread, &how, a[2], sizeof how))
		return -EFAULT;
	/* what a newer program says must be nothing */
	for (uint64_t at = sizeof how; at < a[3]; at += sizeof more) {
		const size_t size = a[3] - at < sizeof more ? a[3] - at : sizeof more;

		if (calls_read(thread, more, a[2] + at, size))
			return -EFAULT;
		for (size_t i = 0; i < size; i++)
			if (more[i])
				return -E2BIG;
	}
	failed = check_how(&how);
	return failed ? failed
		      : open_name(thread, a[0], a[1], how.flags,
				  (mode_t)(how.mode & LINUX_S_PERMISSIONS));
}

/* -------------------------------------------------------------------------
 * What it is.
 */

/* What has no file: anon_inode_getfile() in Linux fs/anon_inodes.c */
static void stat_anonymous(struct linux_stat *status)
{
	*status = (struct linux_stat){ .mode = 0600, .nlink = 1, .ino = 1, .blksize = VM_PAGE };
}

static int64_t stat_held(const struct registry_held *held, struct linux_stat *status,
			 struct stat *host)
{
	const struct synthetic *synthetic = folder_synthetic(held);

	if (synthetic)
		synthetic_stat(synthetic, status);
	else if (held->host < 0)
		full_is(held) ? full_stat(status) : stat_anonymous(status);
	else if (fstat(held->host, host))
		return -errno;
	else
		files_stat(host, status);
	return 0;
}

/* `host`: what the host says, too; zeros, if it is not asked. */
static int64_t stat_name(struct thread *thread, const uint64_t *a, uint64_t flags,
			 struct linux_stat *status, struct stat *host)
{
	const unsigned int how = (flags & LINUX_AT_SYMLINK_NOFOLLOW ? PLACE_LINK : 0) |
				 (flags & LINUX_AT_EMPTY_PATH ? PLACE_EMPTY : 0);
	struct place place;
	int64_t result = place_find(thread, a[0], a[1], how, &place);

	if (result)
		return result;
	memset(host, 0, sizeof *host);
	if (place.kind == PLACE_SYNTHETIC)
		synthetic_stat(&place.synthetic, status);
	else if (place.kind == PLACE_ITSELF)
		result = stat_held(&place.held, status, host);
	else if (fstatat(place.folder, place.name, host,
			 how & PLACE_LINK ? AT_SYMLINK_NOFOLLOW : 0))
		result = -errno;
	else
		files_stat(host, status);
	place_end(&place);
	return result;
}

int64_t call_newfstatat(struct thread *thread, const uint64_t *a)
{
	const uint32_t known = LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_NO_AUTOMOUNT |
			       LINUX_AT_EMPTY_PATH;
	struct linux_stat status;
	struct stat host;
	int64_t result;

	if ((uint32_t)a[3] & ~known)
		return -EINVAL;
	result = stat_name(thread, a, a[3], &status, &host);
	return result ? result : calls_write(thread, a[2], &status, sizeof status);
}

int64_t call_fstat(struct thread *thread, const uint64_t *a)
{
	struct registry_held held;
	struct linux_stat status;
	struct stat host;
	int64_t result = descriptor_hold(a[0], &held);

	if (result)
		return result;
	result = stat_held(&held, &status, &host);
	descriptor_let_go(&held);
	return result ? result : calls_write(thread, a[1], &status, sizeof status);
}

int64_t call_statx(struct thread *thread, const uint64_t *a)
{
	const uint32_t known = LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_NO_AUTOMOUNT |
			       LINUX_AT_EMPTY_PATH | LINUX_AT_STATX_SYNC_TYPE;
	const uint32_t flags = (uint32_t)a[2], mask = (uint32_t)a[3];
	struct linux_statx extended;
	struct linux_stat status;
	struct timespec birth;
	struct stat host;
	int64_t result;

	if (mask & (uint32_t)LINUX_STATX_RESERVED || flags & ~known ||
	    (flags & LINUX_AT_STATX_SYNC_TYPE) == LINUX_AT_STATX_SYNC_TYPE)
		return -EINVAL;
	result = stat_name(thread, a, flags, &status, &host);
	if (result)
		return result;
	files_statx(&status, &extended);
	if (host.st_mode && darwin_birth_time(&host, &birth)) {
		extended.mask |= LINUX_STATX_BTIME;
		extended.btime.tv_sec = birth.tv_sec;
		extended.btime.tv_nsec = (uint32_t)birth.tv_nsec;
	}
	return calls_write(thread, a[4], &extended, sizeof extended);
}

/* -------------------------------------------------------------------------
 * Where it is.
 */
static void statfs_synthetic(const struct synthetic *file, struct linux_statfs *status)
{
	*status = (struct linux_statfs){
		.type = !strncmp(file->name, "/proc", 5)  ? LINUX_PROC_SUPER_MAGIC
			: !strncmp(file->name, "/sys", 4) ? LINUX_SYSFS_MAGIC
							  : LINUX_TMPFS_MAGIC,
		.bsize = VM_PAGE,
		.frsize = VM_PAGE,
		.namelen = LINUX_NAME_MAX,
		.flags = LINUX_ST_VALID,
	};
}

static int64_t statfs_host(const char *name, int fd, struct linux_statfs *status)
{
	struct darwin_volume volume;
	int failed = darwin_volume(name, fd, &volume);

	if (!failed)
		files_statfs(&volume, status);
	return failed;
}

static int64_t statfs_held(const struct registry_held *held, struct linux_statfs *status)
{
	const struct synthetic *synthetic = folder_synthetic(held);

	if (!synthetic && held->host >= 0)
		return statfs_host(NULL, held->host, status);
	*status = (struct linux_statfs){ .type = LINUX_TMPFS_MAGIC, .bsize = VM_PAGE,
					 .frsize = VM_PAGE, .namelen = LINUX_NAME_MAX };
	if (synthetic)
		statfs_synthetic(synthetic, status);
	return 0;
}

int64_t call_statfs(struct thread *thread, const uint64_t *a)
{
	struct linux_statfs status;
	struct place place;
	int64_t result = place_find(thread, (uint64_t)LINUX_AT_FDCWD, a[0], 0, &place);

	if (result)
		return result;
	if (place.kind == PLACE_SYNTHETIC)
		statfs_synthetic(&place.synthetic, &status);
	else if (place.kind == PLACE_ITSELF)
		result = statfs_held(&place.held, &status);
	else
		result = place_full_name(&place);
	if (!result && place.kind == PLACE_HOST)
		result = statfs_host(place.name, -1, &status);
	place_end(&place);
	return result ? result : calls_write(thread, a[1], &status, sizeof status);
}

int64_t call_fstatfs(struct thread *thread, const uint64_t *a)
{
	struct registry_held held;
	struct linux_statfs status;
	int64_t result = descriptor_hold(a[0], &held);

	if (result)
		return result;
	result = statfs_held(&held, &status);
	descriptor_let_go(&held);
	return result ? result : calls_write(thread, a[1], &status, sizeof status);
}

/* -------------------------------------------------------------------------
 * What one may do with it.
 */
static int64_t access_synthetic(const struct synthetic *file, uint32_t mode)
{
	struct linux_stat status;
	const uint32_t bits = mode << 6 | mode << 3 | mode;

	synthetic_stat(file, &status);
	return mode && !(status.mode & bits) ? -EACCES : 0;
}

/* A link itself: anybody may, and not every host can be asked. */
static int64_t access_host(const struct place *place, int mode, uint32_t flags)
{
	struct stat status;

	if (flags & LINUX_AT_SYMLINK_NOFOLLOW) {
		if (fstatat(place->folder, place->name, &status, AT_SYMLINK_NOFOLLOW))
			return -errno;
		if (S_ISLNK(status.st_mode))
			return 0;
	}
	return faccessat(place->folder, place->name, mode,
			 flags & LINUX_AT_EACCESS ? AT_EACCESS : 0)
		       ? -errno
		       : 0;
}

static int64_t access_name(struct thread *thread, const uint64_t *a, uint32_t flags)
{
	const uint32_t mode = (uint32_t)a[2];
	const unsigned int how = (flags & LINUX_AT_SYMLINK_NOFOLLOW ? PLACE_LINK : 0) |
				 (flags & LINUX_AT_EMPTY_PATH ? PLACE_EMPTY : 0);
	const int host = (mode & LINUX_R_OK ? R_OK : 0) | (mode & LINUX_W_OK ? W_OK : 0) |
			 (mode & LINUX_X_OK ? X_OK : 0);
	struct place place;
	int64_t result;

	if (mode & ~(uint32_t)(LINUX_R_OK | LINUX_W_OK | LINUX_X_OK))
		return -EINVAL;
	result = place_find(thread, a[0], a[1], how, &place);
	if (result)
		return result;
	if (place.kind == PLACE_ITSELF)
		result = place.held.host < 0 ? 0 : place_full_name(&place);
	if (place.kind == PLACE_SYNTHETIC)
		result = access_synthetic(&place.synthetic, mode);
	/* what has no name is its opener's */
	else if (!result && (place.kind == PLACE_HOST || place.name[0] == '/'))
		result = access_host(&place, mode ? host : F_OK, flags);
	place_end(&place);
	return result;
}

int64_t call_faccessat(struct thread *thread, const uint64_t *a)
{
	return access_name(thread, a, 0);
}

int64_t call_faccessat2(struct thread *thread, const uint64_t *a)
{
	const uint32_t known = LINUX_AT_EACCESS | LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH;

	if ((uint32_t)a[3] & ~known)
		return -EINVAL;
	return access_name(thread, a, (uint32_t)a[3]);
}

/* -------------------------------------------------------------------------
 * Links.
 */
static int64_t read_link(struct thread *thread, struct place *place, char *text, size_t room)
{
	const bool itself = place->kind == PLACE_ITSELF;
	enum synthetic_kind kind;
	int64_t length = 0;

	if (place->kind == PLACE_SYNTHETIC) {
		kind = synthetic_kind(&place->synthetic);
		return kind == SYNTHETIC_LINK || kind == SYNTHETIC_OPENED
			       ? synthetic_link(thread, &place->synthetic, text, room)
			       : -EINVAL;
	}
	if (itself)
		length = place_full_name(place);
	if (length)
		return -ENOENT;
	length = readlinkat(place->folder, place->name, text, room);
	if (length < 0)
		return itself && errno == EINVAL ? -ENOENT : -errno;
	return length;
}

int64_t call_readlinkat(struct thread *thread, const uint64_t *a)
{
	char text[LINUX_PATH_MAX];
	struct place place;
	int64_t length;

	if ((int)a[3] <= 0)
		return -EINVAL;
	length = place_find(thread, a[0], a[1], PLACE_LINK | PLACE_EMPTY, &place);
	if (length)
		return length;
	length = read_link(thread, &place, text, sizeof text);
	place_end(&place);
	if (length > (int)a[3])
		length = (int)a[3];
	if (length > (int64_t)sizeof text)
		length = sizeof text;
	if (length > 0 && calls_write(thread, a[2], text, (size_t)length))
		return -EFAULT;
	return length;
}

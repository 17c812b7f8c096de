/* SPDX-License-Identifier: BSD-2-Clause */
/* What is changed of a file beside its bytes: rights, owners, times, size, attributes, locks. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls-own.h"
#include "files.h"
#include "folders.h"
#include "nameless.h"
#include "names.h"
#include "wait.h"

/* -------------------------------------------------------------------------
 * By name or descriptor.
 */

/* A descriptor of the host's that is more than a name. */
static int64_t hold(uint64_t fd, struct registry_held *held)
{
	int host = descriptor_hold_host(fd, held);

	if (host >= 0 && held->class == &path_class) {
		descriptor_let_go(held);
		host = -EBADF;
	}
	return host < 0 ? host : 0;
}

/* What a call does with such a descriptor, its first argument. */
typedef int64_t host_fn(int host, const uint64_t *a);

static int64_t with_host(const uint64_t *a, host_fn *does)
{
	struct registry_held held;
	int64_t result = hold(a[0], &held);

	if (result)
		return result;
	result = does(held.host, a);
	descriptor_let_go(&held);
	return result;
}

#define HOST_CALL(name, does) \
	int64_t call_##name(struct thread *thread, const uint64_t *a) \
	{ \
		(void)thread; \
		return with_host(a, does); \
	}

static unsigned int how_of(uint32_t flags)
{
	return (flags & LINUX_AT_SYMLINK_NOFOLLOW ? PLACE_LINK : 0) |
	       (flags & LINUX_AT_EMPTY_PATH ? PLACE_EMPTY : 0);
}

/* What is made up stays as it is. 0, and then place_end(). */
static int64_t find(struct thread *thread, uint64_t folder, uint64_t name, uint32_t flags,
		    struct place *place)
{
	int64_t failed = place_find(thread, folder, name, how_of(flags), place);

	if (!failed && (place->kind == PLACE_SYNTHETIC ||
			(place->kind == PLACE_ITSELF && place->held.host < 0))) {
		place_end(place);
		failed = -EPERM;
	}
	return failed;
}

static int at_flags(uint32_t flags)
{
	return flags & LINUX_AT_SYMLINK_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0;
}

/* -------------------------------------------------------------------------
 * Rights and owners.
 */
static int64_t change_mode(struct thread *thread, const uint64_t *a, uint32_t flags)
{
	const mode_t mode = (mode_t)(a[2] & LINUX_S_PERMISSIONS);
	struct place place;
	int64_t result = find(thread, a[0], a[1], flags, &place);

	if (result)
		return result;
	if (place.kind == PLACE_ITSELF ? fchmod(place.folder, mode)
				       : fchmodat(place.folder, place.name, mode, at_flags(flags)))
		result = -errno;
	place_end(&place);
	return result;
}

int64_t call_fchmodat(struct thread *thread, const uint64_t *a)
{
	return change_mode(thread, a, 0);
}

int64_t call_fchmodat2(struct thread *thread, const uint64_t *a)
{
	if ((uint32_t)a[3] & ~(uint32_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH))
		return -EINVAL;
	return change_mode(thread, a, (uint32_t)a[3]);
}

static int64_t change_host_mode(int host, const uint64_t *a)
{
	return fchmod(host, (mode_t)(a[1] & LINUX_S_PERMISSIONS)) ? -errno : 0;
}
HOST_CALL(fchmod, change_host_mode)

int64_t call_fchownat(struct thread *thread, const uint64_t *a)
{
	const uint32_t flags = (uint32_t)a[4];
	struct place place;
	int64_t result;

	if (flags & ~(uint32_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH))
		return -EINVAL;
	result = find(thread, a[0], a[1], flags, &place);
	if (result)
		return result;
	if (place.kind == PLACE_ITSELF
		    ? fchown(place.folder, (uid_t)a[2], (gid_t)a[3])
		    : fchownat(place.folder, place.name, (uid_t)a[2], (gid_t)a[3], at_flags(flags)))
		result = -errno;
	place_end(&place);
	return result;
}

static int64_t change_host_owner(int host, const uint64_t *a)
{
	return fchown(host, (uid_t)a[1], (gid_t)a[2]) ? -errno : 0;
}
HOST_CALL(fchown, change_host_owner)

/* -------------------------------------------------------------------------
 * Times.
 */
static int64_t set_times(const struct place *place, const struct timespec *times, uint32_t flags)
{
	int failed = place->kind == PLACE_ITSELF
			     ? futimens(place->folder, times)
			     : utimensat(place->folder, place->name, times, at_flags(flags));

	return failed ? -errno : 0;
}

/* NULL for a name: the descriptor's own file, as futimens() has it. */
static int64_t find_for_times(struct thread *thread, const uint64_t *a, uint32_t flags,
			      struct place *place)
{
	if (a[1] || (int)a[0] == LINUX_AT_FDCWD)
		return find(thread, a[0], a[1], flags, place);
	if (flags)
		return -EINVAL;
	return place_find_name(thread, a[0], "", PLACE_EMPTY, place);
}

int64_t call_utimensat(struct thread *thread, const uint64_t *a)
{
	const uint32_t flags = (uint32_t)a[3];
	struct linux_timespec times[2];
	struct timespec host[2];
	struct place place;
	int64_t result;

	if (a[2] && calls_read(thread, times, a[2], sizeof times))
		return -EFAULT;
	for (int i = 0; a[2] && i < 2; i++)
		if (files_time(&times[i], &host[i]))
			return -EINVAL;
	if (a[2] && times[0].nsec == LINUX_UTIME_OMIT && times[1].nsec == LINUX_UTIME_OMIT)
		return 0;
	if (flags & ~(uint32_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH))
		return -EINVAL;
	result = find_for_times(thread, a, flags, &place);
	if (result)
		return result;
	result = -EPERM;
	if (place.folder >= 0 || place.kind != PLACE_ITSELF)
		result = set_times(&place, a[2] ? host : NULL, flags);
	place_end(&place);
	return result;
}

/* -------------------------------------------------------------------------
 * Size and blocks.
 */
int64_t call_truncate(struct thread *thread, const uint64_t *a)
{
	struct place place;
	int64_t result;

	if ((int64_t)a[1] < 0)
		return -EINVAL;
	result = find(thread, (uint64_t)LINUX_AT_FDCWD, a[0], 0, &place);
	if (result)
		return result;
	result = place_full_name(&place);
	if (!result && truncate(place.name, (off_t)a[1]))
		result = -errno;
	place_end(&place);
	return result;
}

static int64_t truncate_host(int host, const uint64_t *a)
{
	return ftruncate(host, (off_t)a[1]) ? -errno : 0;
}

int64_t call_ftruncate(struct thread *thread, const uint64_t *a)
{
	(void)thread;
	return (int64_t)a[1] < 0 ? -EINVAL : with_host(a, truncate_host);
}

/* vfs_fallocate() in Linux fs/open.c, in that order. */
static int64_t check_allocate(int host, uint32_t mode)
{
	const uint32_t had = LINUX_FALLOC_FL_KEEP_SIZE | LINUX_FALLOC_FL_PUNCH_HOLE;
	struct stat status;

	if (mode & ~had || mode == LINUX_FALLOC_FL_PUNCH_HOLE)
		return -EOPNOTSUPP;
	if ((fcntl(host, F_GETFL) & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	if (fstat(host, &status))
		return -errno;
	if (S_ISFIFO(status.st_mode))
		return -ESPIPE;
	return S_ISREG(status.st_mode) ? 0 : S_ISDIR(status.st_mode) ? -EISDIR : -ENODEV;
}

static int64_t allocate(int host, const uint64_t *a)
{
	const int64_t offset = (int64_t)a[2], size = (int64_t)a[3];
	int64_t result;

	if (offset < 0 || size <= 0)
		return -EINVAL;
	result = check_allocate(host, (uint32_t)a[1]);
	if (result)
		return result;
	if (size > INT64_MAX - offset)
		return -EFBIG;
	result = a[1] & LINUX_FALLOC_FL_PUNCH_HOLE
			 ? darwin_punch(host, offset, size)
			 : darwin_allocate(host, offset, size, a[1] & LINUX_FALLOC_FL_KEEP_SIZE);
	return result == -ENOTSUP ? -EOPNOTSUPP : result;
}
HOST_CALL(fallocate, allocate)

static bool is_pipe(int host)
{
	struct stat status;

	return !fstat(host, &status) && S_ISFIFO(status.st_mode);
}

/* Advice, which nobody has to take. */
static int64_t advise(int host, const uint64_t *a)
{
	if (is_pipe(host))
		return -ESPIPE;
	return (int64_t)a[2] < 0 || (uint32_t)a[3] > LINUX_POSIX_FADV_NOREUSE ? -EINVAL : 0;
}
HOST_CALL(fadvise64, advise)

static int64_t read_ahead(int host, const uint64_t *a)
{
	struct stat status;

	(void)a;
	if ((fcntl(host, F_GETFL) & O_ACCMODE) == O_WRONLY)
		return -EBADF;
	if (fstat(host, &status) || !(S_ISREG(status.st_mode) || S_ISBLK(status.st_mode)))
		return -EINVAL;
	return 0;
}
HOST_CALL(readahead, read_ahead)

/* -------------------------------------------------------------------------
 * To the medium.
 */
/* A pipe or a socket has none. */
static int64_t sync_result(int result)
{
	return result == -ENOTSUP ? -EINVAL : result;
}

static int64_t sync_file(int host, const uint64_t *a)
{
	(void)a;
	return sync_result(darwin_sync(host));
}
HOST_CALL(fsync, sync_file)
HOST_CALL(fdatasync, sync_file)

static int64_t sync_volume(int host, const uint64_t *a)
{
	(void)a;
	return sync_result(darwin_sync_all_of(host));
}
HOST_CALL(syncfs, sync_volume)

int64_t call_sync(struct thread *thread, const uint64_t *a)
{
	(void)thread, (void)a;
	sync();
	return 0;
}

/* More than it was asked for: all of the file. */
int64_t call_sync_file_range(struct thread *thread, const uint64_t *a)
{
	enum { KNOWN = 7 };	/* SYNC_FILE_RANGE_*: include/uapi/linux/fs.h */

	(void)thread;
	if ((uint32_t)a[3] & ~(uint32_t)KNOWN || (int64_t)a[1] < 0 || (int64_t)a[2] < 0 ||
	    (int64_t)(a[1] + a[2]) < 0)
		return -EINVAL;
	return with_host(a, sync_file);
}

/* -------------------------------------------------------------------------
 * Locks.
 */
struct locking {
	int host, operation;
};

static int64_t lock(void *context)
{
	const struct locking *locking = context;

	return flock(locking->host, locking->operation) ? -errno : 0;
}

int64_t call_flock(struct thread *thread, const uint64_t *a)
{
	const uint32_t what = (uint32_t)a[1] & ~(uint32_t)LINUX_LOCK_NB;
	struct registry_held held;
	struct locking locking = { .operation = what == LINUX_LOCK_SH   ? LOCK_SH
						: what == LINUX_LOCK_EX ? LOCK_EX
									: LOCK_UN };
	int64_t result;

	if (what != LINUX_LOCK_SH && what != LINUX_LOCK_EX && what != LINUX_LOCK_UN)
		return -EINVAL;
	if (a[1] & LINUX_LOCK_NB)
		locking.operation |= LOCK_NB;
	result = hold(a[0], &held);
	if (result)
		return result;
	locking.host = held.host;
	result = wait_call(thread, lock, &locking);
	descriptor_let_go(&held);
	return result;
}

/* -------------------------------------------------------------------------
 * Memory that is a file. It cannot be sealed.
 */
int64_t call_memfd_create(struct thread *thread, const uint64_t *a)
{
	const uint32_t known = LINUX_MFD_CLOEXEC | LINUX_MFD_ALLOW_SEALING | LINUX_MFD_NOEXEC_SEAL |
			       LINUX_MFD_EXEC;
	char name[LINUX_MFD_NAME_MAX + 1];
	int64_t fd;

	if ((uint32_t)a[1] & ~known ||
	    (a[1] & LINUX_MFD_EXEC && a[1] & LINUX_MFD_NOEXEC_SEAL))
		return -EINVAL;
	fd = space_read_string(thread->process->space, name, guest_at(a[0]), sizeof name);
	if (fd)
		return fd == -ENAMETOOLONG ? -EINVAL : fd;
	descriptors_opening();
	fd = nameless_open(NULL, 0, false);
	if (fd >= 0)
		fd = descriptor_open(&file_class, (int)fd, a[1] & LINUX_MFD_CLOEXEC);
	descriptors_opened();
	return fd;
}

/* -------------------------------------------------------------------------
 * Extended attributes.
 */
struct attribute {
	struct darwin_file file;
	struct place place;
	struct registry_held held;
	char name[LINUX_XATTR_NAME_MAX + 1];
};

enum of { OF_NAME, OF_LINK, OF_DESCRIPTOR };

static int64_t find_file(struct thread *thread, uint64_t file, enum of of,
			 struct attribute *attribute)
{
	int64_t failed;

	attribute->file = (struct darwin_file){ .fd = -1, .link = of == OF_LINK };
	if (of == OF_DESCRIPTOR) {
		failed = hold(file, &attribute->held);
		attribute->file.fd = failed ? -1 : attribute->held.host;
		return failed;
	}
	failed = place_find(thread, (uint64_t)LINUX_AT_FDCWD, file, of == OF_LINK ? PLACE_LINK : 0,
			    &attribute->place);
	if (failed)
		return failed;
	failed = attribute->place.kind == PLACE_SYNTHETIC ? -EOPNOTSUPP
							  : place_full_name(&attribute->place);
	if (failed)
		place_end(&attribute->place);
	attribute->file.name = attribute->place.name;
	return failed;
}

static void leave_file(enum of of, struct attribute *attribute)
{
	if (of == OF_DESCRIPTOR)
		descriptor_let_go(&attribute->held);
	else
		place_end(&attribute->place);
}

/* What a call does with a file's attributes. */
typedef int64_t attribute_fn(struct thread *thread, const uint64_t *a, struct attribute *attribute);

static int64_t with_file(struct thread *thread, const uint64_t *a, enum of of, attribute_fn *does)
{
	struct attribute attribute;
	int64_t result = find_file(thread, a[0], of, &attribute);

	if (result)
		return result;
	result = does(thread, a, &attribute);
	leave_file(of, &attribute);
	return result;
}

/* Linux fs/xattr.c, import_xattr_name() */
static int64_t read_name(struct thread *thread, uint64_t name, struct attribute *attribute)
{
	int64_t failed = space_read_string(thread->process->space, attribute->name, guest_at(name),
					   sizeof attribute->name);

	if (failed)
		return failed == -ENAMETOOLONG ? -ERANGE : failed;
	return attribute->name[0] ? 0 : -ERANGE;
}

/* The same, and it may be there. */
static int64_t read_known_name(struct thread *thread, uint64_t name, struct attribute *attribute)
{
	int64_t failed = read_name(thread, name, attribute);

	if (failed)
		return failed;
	return darwin_has_attribute(attribute->name) ? 0 : -EOPNOTSUPP;
}

static int64_t get_value(struct thread *thread, const uint64_t *a, struct attribute *attribute)
{
	const size_t room = a[3] < LINUX_XATTR_SIZE_MAX ? a[3] : LINUX_XATTR_SIZE_MAX;
	void *value = room ? malloc(room) : NULL;
	int64_t size = -ENOMEM;

	if (value || !room)
		size = darwin_get_attribute(&attribute->file, attribute->name, value, room);
	if (size > 0 && room && calls_write(thread, a[2], value, (size_t)size))
		size = -EFAULT;
	free(value);
	return size;
}

static int64_t get(struct thread *thread, const uint64_t *a, struct attribute *attribute)
{
	int64_t failed = read_known_name(thread, a[1], attribute);

	return failed ? failed : get_value(thread, a, attribute);
}

static int64_t set_value(struct thread *thread, const uint64_t *a, struct attribute *attribute)
{
	void *value = malloc(a[3] ? a[3] : 1);
	int64_t result = -ENOMEM;

	if (value)
		result = calls_read(thread, value, a[2], a[3]);
	if (!result)
		result = darwin_set_attribute(&attribute->file, attribute->name, value, a[3],
					    (unsigned int)a[4]);
	free(value);
	return result;
}

static int64_t set(struct thread *thread, const uint64_t *a, struct attribute *attribute)
{
	int64_t failed;

	if ((uint32_t)a[4] & ~(uint32_t)(LINUX_XATTR_CREATE | LINUX_XATTR_REPLACE))
		return -EINVAL;
	failed = read_name(thread, a[1], attribute);
	if (failed)
		return failed;
	if (a[3] > LINUX_XATTR_SIZE_MAX)
		return -E2BIG;
	return darwin_has_attribute(attribute->name) ? set_value(thread, a, attribute) : -EOPNOTSUPP;
}

/* The host's own are left out. */
static size_t keep_known(char *names, size_t size)
{
	size_t kept = 0, length;

	for (size_t at = 0; at < size; at += length) {
		length = strnlen(names + at, size - at - 1) + 1;
		if (!darwin_has_attribute(names + at))
			continue;
		memmove(names + kept, names + at, length);
		kept += length;
	}
	return kept;
}

static int64_t list(struct thread *thread, const uint64_t *a, struct attribute *attribute)
{
	char *names = malloc(LINUX_XATTR_LIST_MAX);
	int64_t size = -ENOMEM;

	if (names)
		size = darwin_list_attributes(&attribute->file, names, LINUX_XATTR_LIST_MAX);
	if (size == -ERANGE)
		size = -E2BIG;
	if (size > 0)
		size = (int64_t)keep_known(names, (size_t)size);
	if (size > 0 && a[2] && (uint64_t)size > a[2])
		size = -ERANGE;
	if (size > 0 && a[2] && calls_write(thread, a[1], names, (size_t)size))
		size = -EFAULT;
	free(names);
	return size;
}

static int64_t take_away(struct thread *thread, const uint64_t *a, struct attribute *attribute)
{
	int64_t failed = read_known_name(thread, a[1], attribute);

	return failed ? failed : darwin_remove_attribute(&attribute->file, attribute->name);
}

#define ATTRIBUTE_CALL(name, does, of) \
	int64_t call_##name(struct thread *thread, const uint64_t *a) \
	{ \
		return with_file(thread, a, of, does); \
	}
ATTRIBUTE_CALL(getxattr, get, OF_NAME)
ATTRIBUTE_CALL(lgetxattr, get, OF_LINK)
ATTRIBUTE_CALL(fgetxattr, get, OF_DESCRIPTOR)
ATTRIBUTE_CALL(setxattr, set, OF_NAME)
ATTRIBUTE_CALL(lsetxattr, set, OF_LINK)
ATTRIBUTE_CALL(fsetxattr, set, OF_DESCRIPTOR)
ATTRIBUTE_CALL(listxattr, list, OF_NAME)
ATTRIBUTE_CALL(llistxattr, list, OF_LINK)
ATTRIBUTE_CALL(flistxattr, list, OF_DESCRIPTOR)
ATTRIBUTE_CALL(removexattr, take_away, OF_NAME)
ATTRIBUTE_CALL(lremovexattr, take_away, OF_LINK)
ATTRIBUTE_CALL(fremovexattr, take_away, OF_DESCRIPTOR)

/* SPDX-License-Identifier: BSD-2-Clause */
/* What names there are, and where the program is. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls-own.h"
#include "files.h"
#include "folders.h"
#include "names.h"

/* -------------------------------------------------------------------------
 * Lists.
 */
static int64_t list(struct thread *thread, const struct registry_held *held, uint64_t to,
		    size_t room)
{
	enum { MOST = 1 << 15 };
	const size_t size = room < MOST ? room : MOST;
	void *entries = malloc(size ? size : 1);
	int64_t result;

	if (!entries)
		return -ENOMEM;
	result = folder_read(thread, held, entries, size);
	if (result > 0 && calls_write(thread, to, entries, (size_t)result))
		result = -EFAULT;
	free(entries);
	return result;
}

int64_t call_getdents64(struct thread *thread, const uint64_t *a)
{
	struct registry_held held;
	int64_t result = descriptor_hold(a[0], &held);

	if (result)
		return result;
	if (held.class == &path_class)
		result = -EBADF;
	else if (held.class != &directory_class && held.class != &synthetic_class)
		result = -ENOTDIR;
	else
		result = list(thread, &held, a[1], (uint32_t)a[2]);
	descriptor_let_go(&held);
	return result;
}

/* -------------------------------------------------------------------------
 * Where the program is.
 */
int64_t call_getcwd(struct thread *thread, const uint64_t *a)
{
	char name[LINUX_PATH_MAX];
	int64_t size = names_folder(name, a[1] < sizeof name ? a[1] : sizeof name);

	if (size > 0 && calls_write(thread, a[0], name, (size_t)size))
		return -EFAULT;
	return size;
}

static int go_to_synthetic(const struct synthetic *file)
{
	return synthetic_kind(file) == SYNTHETIC_FOLDER ? names_set_folder(file->name) : -ENOTDIR;
}

static int64_t go_to_held(const struct registry_held *held)
{
	const struct synthetic *synthetic = folder_synthetic(held);

	if (synthetic)
		return go_to_synthetic(synthetic);
	if (held->host < 0)
		return -ENOTDIR;
	return fchdir(held->host) ? -errno : names_set_folder(NULL);
}

int64_t call_chdir(struct thread *thread, const uint64_t *a)
{
	struct place place;
	int64_t result = place_find(thread, (uint64_t)LINUX_AT_FDCWD, a[0], 0, &place);

	if (result)
		return result;
	if (place.kind == PLACE_SYNTHETIC)
		result = go_to_synthetic(&place.synthetic);
	else if (place.kind == PLACE_ITSELF)
		result = go_to_held(&place.held);
	else
		result = place_full_name(&place);
	if (!result && place.kind == PLACE_HOST)
		result = chdir(place.name) ? -errno : names_set_folder(NULL);
	place_end(&place);
	return result;
}

int64_t call_fchdir(struct thread *thread, const uint64_t *a)
{
	struct registry_held held;
	int64_t result = descriptor_hold(a[0], &held);

	(void)thread;
	if (result)
		return result;
	result = go_to_held(&held);
	descriptor_let_go(&held);
	return result;
}

/* Names are looked up here and there (names.h): another root for that is --sysroot. */
int64_t call_chroot(struct thread *thread, const uint64_t *a)
{
	struct linux_stat status;
	struct place place;
	struct stat host;
	int64_t result = place_find(thread, (uint64_t)LINUX_AT_FDCWD, a[0], 0, &place);

	if (result)
		return result;
	if (place.kind == PLACE_SYNTHETIC) {
		synthetic_stat(&place.synthetic, &status);
		result = (status.mode & LINUX_S_IFMT) == LINUX_S_IFDIR ? -EPERM : -ENOTDIR;
	} else if (place.kind == PLACE_HOST && fstatat(place.folder, place.name, &host, 0)) {
		result = -errno;
	} else {
		result = place.kind == PLACE_HOST && !S_ISDIR(host.st_mode) ? -ENOTDIR : -EPERM;
	}
	place_end(&place);
	return result;
}

/* -------------------------------------------------------------------------
 * Names that come and go.
 */

/* Where something is to be made, or its name taken away: 0, and then place_end(). */
static int find_entry(struct thread *thread, uint64_t folder, uint64_t name, unsigned int how,
		      int if_synthetic, struct place *place)
{
	int failed = place_find(thread, folder, name, PLACE_LINK | how, place);

	if (!failed && place->kind == PLACE_SYNTHETIC) {
		place_end(place);
		failed = if_synthetic;
	}
	return failed;
}

int64_t call_mkdirat(struct thread *thread, const uint64_t *a)
{
	struct place place;
	int64_t result = find_entry(thread, a[0], a[1], PLACE_NEW, -EEXIST, &place);

	if (result)
		return result;
	if (mkdirat(place.folder, place.name, (mode_t)(a[2] & LINUX_S_PERMISSIONS)))
		result = -errno;
	place_end(&place);
	return result;
}

static int64_t make_file(const struct place *place, mode_t mode)
{
	int fd = openat(place->folder, place->name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int64_t make_node(const struct place *place, uint32_t mode, uint32_t device)
{
	const mode_t permissions = mode & LINUX_S_PERMISSIONS;
	dev_t host;

	switch (mode & LINUX_S_IFMT) {
	case 0:
	case LINUX_S_IFREG:
		return make_file(place, permissions);
	case LINUX_S_IFIFO:
		return darwin_make_fifo(place->folder, place->name, permissions);
	case LINUX_S_IFSOCK:
	case LINUX_S_IFCHR:
	case LINUX_S_IFBLK:
		host = darwin_device(files_major(device), files_minor(device));
		return darwin_make_node(place->folder, place->name,
				      (mode_t)(mode & LINUX_S_IFMT) | permissions, host);
	default:
		return (mode & LINUX_S_IFMT) == LINUX_S_IFDIR ? -EPERM : -EINVAL;
	}
}

int64_t call_mknodat(struct thread *thread, const uint64_t *a)
{
	struct place place;
	int64_t result = find_entry(thread, a[0], a[1], PLACE_NEW, -EEXIST, &place);

	if (result)
		return result;
	result = make_node(&place, (uint32_t)a[2], (uint32_t)a[3]);
	place_end(&place);
	return result;
}

/* macOS and POSIX say EPERM to who unlinks a folder. */
static int64_t unlink_error(const struct place *place, int error)
{
	struct stat status;

	if (error == EPERM && !fstatat(place->folder, place->name, &status, AT_SYMLINK_NOFOLLOW) &&
	    S_ISDIR(status.st_mode))
		return -EISDIR;
	return -error;
}

int64_t call_unlinkat(struct thread *thread, const uint64_t *a)
{
	const bool folder = a[2] & LINUX_AT_REMOVEDIR;
	struct place place;
	int64_t result;

	if ((uint32_t)a[2] & ~(uint32_t)LINUX_AT_REMOVEDIR)
		return -EINVAL;
	result = find_entry(thread, a[0], a[1], 0, -EPERM, &place);
	if (result)
		return result;
	if (unlinkat(place.folder, place.name, folder ? AT_REMOVEDIR : 0))
		result = folder ? -errno : unlink_error(&place, errno);
	place_end(&place);
	return result;
}

static int64_t rename_places(const struct place *from, const struct place *to, uint32_t flags)
{
	int64_t result;

	if (!flags)
		return renameat(from->folder, from->name, to->folder, to->name) ? -errno : 0;
	result = darwin_rename(from->folder, from->name, to->folder, to->name, flags);
	return result == -ENOTSUP ? -EINVAL : result;	/* as a file system of Linux's has it */
}

static int64_t rename_names(struct thread *thread, const uint64_t *a, uint32_t flags)
{
	struct place from, to;
	int64_t result;

	/* whiteouts are for layers of file systems, which there are none of */
	if (flags & ~(uint32_t)(LINUX_RENAME_NOREPLACE | LINUX_RENAME_EXCHANGE) ||
	    flags == (LINUX_RENAME_NOREPLACE | LINUX_RENAME_EXCHANGE))
		return -EINVAL;
	result = find_entry(thread, a[0], a[1], 0, -EXDEV, &from);
	if (result)
		return result;
	result = find_entry(thread, a[2], a[3], PLACE_NEW, -EXDEV, &to);
	if (!result) {
		result = rename_places(&from, &to, flags);
		place_end(&to);
	}
	place_end(&from);
	return result;
}

int64_t call_renameat(struct thread *thread, const uint64_t *a)
{
	return rename_names(thread, a, 0);
}

int64_t call_renameat2(struct thread *thread, const uint64_t *a)
{
	return rename_names(thread, a, (uint32_t)a[4]);
}

/* What a descriptor stands for has another name where it has one. */
static int64_t link_places(struct place *from, const struct place *to, bool follow)
{
	int64_t result = from->kind == PLACE_ITSELF ? place_full_name(from) : 0;

	if (result)
		return -ENOENT;
	return linkat(from->folder, from->name, to->folder, to->name,
		      follow ? AT_SYMLINK_FOLLOW : 0)
		       ? -errno
		       : 0;
}

int64_t call_linkat(struct thread *thread, const uint64_t *a)
{
	const uint32_t flags = (uint32_t)a[4];
	const bool follow = flags & LINUX_AT_SYMLINK_FOLLOW;
	struct place from, to;
	int64_t result;

	if (flags & ~(uint32_t)(LINUX_AT_SYMLINK_FOLLOW | LINUX_AT_EMPTY_PATH))
		return -EINVAL;
	result = place_find(thread, a[0], a[1],
			    (follow ? 0 : PLACE_LINK) |
				    (flags & LINUX_AT_EMPTY_PATH ? PLACE_EMPTY : 0),
			    &from);
	if (result)
		return result;
	result = find_entry(thread, a[2], a[3], PLACE_NEW, -EEXIST, &to);
	if (!result) {
		result = from.kind == PLACE_SYNTHETIC ? -EXDEV : link_places(&from, &to, follow);
		place_end(&to);
	}
	place_end(&from);
	return result;
}

int64_t call_symlinkat(struct thread *thread, const uint64_t *a)
{
	char text[LINUX_PATH_MAX];
	struct place place;
	int64_t result = space_read_string(thread->process->space, text, guest_at(a[0]),
					   sizeof text);

	if (!result && !text[0])
		result = -ENOENT;
	if (!result)
		result = find_entry(thread, a[1], a[2], PLACE_NEW, -EEXIST, &place);
	if (result)
		return result;
	if (symlinkat(text, place.folder, place.name))
		result = -errno;
	place_end(&place);
	return result;
}

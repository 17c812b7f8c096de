/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linux-files.h"

struct folder {
	pthread_mutex_t lock;
	bool is_synthetic;
	bool path;		/* is not read */
	struct synthetic synthetic;
	DIR *host;
	uint64_t position;	/* of the next entry to be given */
	const struct dirent *next;	/* it, if it has been read already */
	bool moved;		/* `host` is not at `position` */
};

void folder_release(void *payload)
{
	struct folder *folder = payload;

	if (folder->host)
		closedir(folder->host);
	pthread_mutex_destroy(&folder->lock);
	free(folder);
}

const struct registry_class directory_class = { .name = "directory", .release = folder_release };
const struct registry_class synthetic_class = { .name = "synthetic", .release = folder_release };

const struct synthetic *folder_synthetic(const struct registry_held *held)
{
	const struct folder *folder = held->payload;

	return held->class == &synthetic_class ? &folder->synthetic : NULL;
}

/* -------------------------------------------------------------------------
 * Beginning.
 */
static struct folder *create(void)
{
	struct folder *folder = calloc(1, sizeof *folder);

	if (folder)
		pthread_mutex_init(&folder->lock, NULL);
	return folder;
}

int folder_open_synthetic(const struct synthetic *file, bool path, bool cloexec)
{
	struct folder *folder = create();

	if (!folder)
		return -ENOMEM;
	folder->is_synthetic = true;
	folder->synthetic = *file;
	folder->path = path;
	return descriptor_open_own(&synthetic_class, folder, 0, cloexec);
}

static void save(void *payload, FILE *to)
{
	const struct folder *folder = payload;

	synthetic_save(&folder->synthetic, to);
	fwrite(&folder->position, sizeof folder->position, 1, to);
	fwrite(&folder->path, sizeof folder->path, 1, to);
}

static void *restore(FILE *from)
{
	struct folder *folder = create();

	if (!folder)
		return NULL;
	folder->is_synthetic = true;
	if (synthetic_restore(&folder->synthetic, from) &&
	    fread(&folder->position, sizeof folder->position, 1, from) == 1 &&
	    fread(&folder->path, sizeof folder->path, 1, from) == 1)
		return folder;
	folder_release(folder);
	return NULL;
}

const struct descriptor_ops synthetic_ops = {
	.class = &synthetic_class,
	.link = "",	/* its name is (folder_synthetic()) */
	.save = save,
	.restore = restore,
};

/* The position is the DIR's from now on: nobody else reads or moves the descriptor. */
static int create_host(const struct registry_held *held, struct folder **made)
{
	struct folder *folder = create();
	int fd;

	if (!folder)
		return -ENOMEM;
	fd = openat(held->host, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder->host = fd < 0 ? NULL : fdopendir(fd);
	if (!folder->host) {
		const int error = errno;

		if (fd >= 0)
			close(fd);
		folder_release(folder);
		return -error;
	}
	*made = folder;
	return 0;
}

/* The payload that it has, or gets now; another thread may be faster. */
static int folder_of(const struct registry_held *held, struct folder **folder)
{
	struct registry_held again;
	int failed;

	*folder = held->payload;
	if (*folder)
		return (*folder)->path ? -EBADF : 0;
	failed = create_host(held, folder);
	if (failed)
		return failed;
	failed = registry_attach(&descriptors, held->fd, held->generation, *folder);
	if (!failed)
		return 0;
	folder_release(*folder);
	if (failed != -EEXIST || descriptor_hold((uint64_t)held->fd, &again))
		return -EBADF;
	*folder = again.payload;
	failed = again.generation == held->generation ? 0 : -EBADF;
	descriptor_let_go(&again);
	return failed;
}

/* -------------------------------------------------------------------------
 * Entries.
 */
struct item {
	uint64_t ino;
	unsigned int type;
	const char *name;
};

static void go_to_position(struct folder *folder)
{
	if (!folder->moved)
		return;
	rewinddir(folder->host);
	for (uint64_t i = 0; i < folder->position; i++)
		if (!readdir(folder->host))
			break;
	folder->moved = false;
}

/* 1, 0 at the end, or -errno. */
static int host_item(struct folder *folder, struct item *item)
{
	const struct dirent *entry = folder->next;

	if (!entry) {
		go_to_position(folder);
		errno = 0;
		entry = readdir(folder->host);
	}
	if (!entry)
		return -errno;
	folder->next = entry;
	/* of what is there: 0 says that it is not */
	*item = (struct item){ entry->d_ino ? entry->d_ino : 1, entry->d_type, entry->d_name };
	return 1;
}

static int next_item(struct thread *thread, struct folder *folder, struct item *item,
		     struct synthetic_item *made)
{
	if (!folder->is_synthetic)
		return host_item(folder, item);
	if (!synthetic_item(thread, &folder->synthetic, folder->position, made))
		return 0;
	*item = (struct item){ made->ino, made->type, made->name };
	return 1;
}

/* How long it is, or 0: there is no room for it. */
static size_t put(void *to, size_t room, const struct item *item, uint64_t position)
{
	const size_t align = _Alignof(struct linux_dirent64);
	const size_t name = strlen(item->name) + 1;
	const size_t size = offsetof(struct linux_dirent64, name) + name;
	const size_t length = (size + align - 1) / align * align;
	struct linux_dirent64 *entry = to;

	if (length > room)
		return 0;
	memset(to, 0, length);
	entry->ino = item->ino;
	entry->off = (int64_t)position;
	entry->reclen = (uint16_t)length;
	entry->type = (uint8_t)item->type;
	memcpy(entry->name, item->name, name);
	return length;
}

static int64_t read_items(struct thread *thread, struct folder *folder, char *to, size_t room)
{
	struct synthetic_item made;
	struct item item = { 0 };
	size_t have = 0, length;
	int is = 0;

	while (have < room) {
		is = next_item(thread, folder, &item, &made);
		if (is <= 0)
			break;
		length = put(to + have, room - have, &item, folder->position + 1);
		if (!length) {
			is = -EINVAL;	/* not even one */
			break;
		}
		have += length;
		folder->position++;
		folder->next = NULL;
	}
	return have ? (int64_t)have : is;
}

int64_t folder_read(struct thread *thread, const struct registry_held *held, void *to, size_t room)
{
	struct folder *folder;
	int64_t result = folder_of(held, &folder);

	if (result)
		return result;
	pthread_mutex_lock(&folder->lock);
	result = read_items(thread, folder, to, room);
	pthread_mutex_unlock(&folder->lock);
	return result;
}

int64_t folder_seek(const struct registry_held *held, int64_t offset, int whence)
{
	struct folder *folder;
	int64_t result = folder_of(held, &folder);

	if (result)
		return result;
	pthread_mutex_lock(&folder->lock);
	if (whence == LINUX_SEEK_CUR)
		offset += (int64_t)folder->position;
	if ((whence != LINUX_SEEK_SET && whence != LINUX_SEEK_CUR) || offset < 0) {
		result = -EINVAL;
	} else {
		if ((uint64_t)offset != folder->position || !offset) {
			folder->moved = true;
			folder->next = NULL;
		}
		folder->position = (uint64_t)offset;
		result = offset;
	}
	pthread_mutex_unlock(&folder->lock);
	return result;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "tests/macos/files-fixture.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptors.h"
#include "folders.h"
#include "names.h"
#include "tests/macos/guest.h"

int native_folder, guest_host_folder, guest_folder;
char native_name[64], guest_name[64];

static struct thread *program;
static size_t used;

/* -------------------------------------------------------------------------
 * Memory.
 */
void guest_room_begin(void)
{
	used = 0;
}

uint64_t guest_room(size_t size)
{
	const size_t align = sizeof(uint64_t);
	uint64_t at = GUEST_MEMORY + used;

	used += (size + align - 1) / align * align;
	ck_assert_uint_le(used, sizeof guest_word);
	return at;
}

uint64_t guest_text(const char *text)
{
	const size_t size = strlen(text) + 1;
	uint64_t at = guest_room(size);

	guest_put(at, text, size);
	return at;
}

void guest_put(uint64_t to, const void *from, size_t size)
{
	ck_assert_int_eq(space_write(NULL, guest_at(to), from, size), 0);
}

void guest_get(void *to, uint64_t from, size_t size)
{
	ck_assert_int_eq(space_read(NULL, to, guest_at(from), size), 0);
}

/* -------------------------------------------------------------------------
 * Calls and descriptors.
 */
int64_t guest_call(call_fn *call, const uint64_t *argument)
{
	thread_begin_call(program);
	return errors_result(call(program, argument));
}

void calls_miss(const struct thread *thread, const char *what, uint64_t number)
{
	(void)thread, (void)what, (void)number;
}

int64_t guest_seek(int fd, int64_t offset)
{
	struct registry_held held;
	int64_t result;

	ck_assert_int_eq(descriptor_hold((uint64_t)fd, &held), 0);
	result = folder_seek(&held, offset, LINUX_SEEK_SET);
	descriptor_let_go(&held);
	return result;
}

int guest_host(int fd)
{
	struct registry_held held;
	int host;

	host = descriptor_hold_host((uint64_t)fd, &held);
	ck_assert_int_ge(host, 0);
	descriptor_let_go(&held);
	return host;
}

int64_t guest_seek_current(int fd)
{
	return lseek(guest_host(fd), 0, SEEK_CUR);
}

void guest_close(int fd)
{
	ck_assert_int_eq(registry_close(&descriptors, fd), 0);
}

int guest_descriptor(int host)
{
	int fd = descriptor_open(&file_class, host, true);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* -------------------------------------------------------------------------
 * Folders.
 */
static int make_folder(char *name, size_t room)
{
	const char *temporary = getenv("TMPDIR");
	int fd;

	/* what is made up is no place to be */
	if (!temporary || synthetic_may_be(temporary))
		temporary = "/tmp";
	snprintf(name, room, "%s/check-files.XXXXXX", temporary);
	ck_assert_ptr_nonnull(mkdtemp(name));
	fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

void make_file(int folder, const char *name, const char *text)
{
	int fd = openat(folder, name, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

void files_begin(void)
{
	native_folder = make_folder(native_name, sizeof native_name);
	guest_host_folder = make_folder(guest_name, sizeof guest_name);
	program = guest_begin();
	program->process->path = GUEST_PROGRAM;
	ck_assert_int_eq(descriptors_begin(), 0);
	guest_room_begin();
	guest_folder = (int)GUEST_CALL(openat, 0, guest_text(guest_name),
				       LINUX_O_DIRECTORY | LINUX_O_CLOEXEC);
	ck_assert_int_ge(guest_folder, 0);
}

static int remove_one(const char *name, const struct stat *status, int type, struct FTW *where)
{
	(void)status, (void)type, (void)where;
	return remove(name);
}

void files_end(void)
{
	enum { OPEN = 16 };

	nftw(native_name, remove_one, OPEN, FTW_DEPTH | FTW_PHYS);
	nftw(guest_name, remove_one, OPEN, FTW_DEPTH | FTW_PHYS);
}

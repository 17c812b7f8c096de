/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "calls-own.h"
#include "fds.h"
#include "kernel.h"
#include "proc.h"
#include "random.h"

/* -------------------------------------------------------------------------
 * Opening.
 */

/* What comes of it may be of /proc. A name is a string if the host could open it. */
static int64_t open_file(struct thread *thread, long number, const long *host,
			 struct passage *passage, uint64_t flags)
{
	uint64_t since = random_opening(thread->process);
	int64_t result = passage_call(passage, number, host);

	if (result >= 0)
		result = proc_opened(thread, (int)result, (int)host[0], (const char *)host[1],
				     flags);
	random_opened(thread->process, (int)result, since);
	passage_end(passage, -1);
	return result;
}

static int64_t open_at(struct thread *thread, long folder, uint64_t name, uint64_t flags,
		       uint64_t mode)
{
	struct passage passage = passage_begin_wait(thread);
	const long host[CALLS_ARGUMENTS] = { folder, passage_name(&passage, name), (long)flags,
					     (long)mode };

	return open_file(thread, SYS_openat, host, &passage, flags);
}

int64_t call_open(struct thread *thread, const uint64_t *a)
{
	return open_at(thread, AT_FDCWD, a[0], a[1], a[2]);
}

int64_t call_creat(struct thread *thread, const uint64_t *a)
{
	return open_at(thread, AT_FDCWD, a[0], O_CREAT | O_WRONLY | O_TRUNC, a[1]);
}

int64_t call_openat(struct thread *thread, const uint64_t *a)
{
	return open_at(thread, passage_descriptor(a[0]), a[1], a[2], a[3]);
}

int64_t call_openat2(struct thread *thread, const uint64_t *a)
{
	struct passage passage = passage_begin_wait(thread);
	long host[CALLS_ARGUMENTS] = {
		passage_descriptor(a[0]), passage_name(&passage, a[1]),
		passage_memory(&passage, a[2], a[3], GUEST_READ, PASSAGE_PRIVATE), (long)a[3]
	};
	struct open_how how = { 0 };

	space_read(thread->process->space, &how, guest_at(a[2]), sizeof how.flags);
	return open_file(thread, SYS_openat2, host, &passage, how.flags);
}

/* -------------------------------------------------------------------------
 * Links: the program, not the runner.
 */
static int64_t read_link(struct thread *thread, long folder, uint64_t name, uint64_t to,
			 uint64_t size)
{
	struct passage passage = passage_begin(thread);
	char link[PATH_MAX];
	const char *text = link;
	long host[CALLS_ARGUMENTS] = { folder, passage_name(&passage, name), (long)link,
				       sizeof link };
	/* not the program's memory: behind the text it stays as it is, whoever is named */
	int64_t length = (int)size > 0 ? passage_call(&passage, SYS_readlinkat, host) : -EINVAL;

	if (length > 0 &&
	    proc_links_to_program((int)folder, (const char *)host[1], link, (size_t)length)) {
		text = thread->process->path;
		length = (int64_t)strlen(text);
	}
	passage_end(&passage, length);
	if (length > (int)size)
		length = (int)size;
	if (length > 0 && space_write(thread->process->space, guest_at(to), text, (size_t)length))
		return -EFAULT;
	return length;
}

int64_t call_readlink(struct thread *thread, const uint64_t *a)
{
	return read_link(thread, AT_FDCWD, a[0], a[1], a[2]);
}

int64_t call_readlinkat(struct thread *thread, const uint64_t *a)
{
	return read_link(thread, passage_descriptor(a[0]), a[1], a[2], a[3]);
}

/* -------------------------------------------------------------------------
 * Folders.
 */
struct entry {
	uint64_t number, next;
	uint16_t size;
	uint8_t type;
	char name[];
};

static size_t drop_hidden(enum proc_folder folder, uint8_t *entries, size_t size)
{
	size_t kept = 0;

	for (size_t at = 0, next; at < size; at = next) {
		const struct entry *entry = (const struct entry *)(entries + at);
		size_t length = entry->size;

		next = at + length;
		if (proc_hides(folder, entry->name))
			continue;
		memmove(entries + kept, entry, length);
		kept += length;
	}
	return kept;
}

/* Entries that are not to be seen may be all of those that the host gives. */
static int64_t list(struct thread *thread, enum proc_folder folder, const uint64_t *a)
{
	const size_t most = 1 << 15;
	struct passage passage = passage_begin(thread);
	size_t room = (unsigned int)a[2] < most ? (unsigned int)a[2] : most, kept = 0;
	uint8_t *entries = passage_room(&passage, room);
	int64_t result = -ENOMEM;

	while (entries && !kept) {
		result = PASSAGE_CALL(&passage, SYS_getdents64, (long)a[0], (long)entries,
				      (long)room);
		if (result <= 0)
			break;
		kept = drop_hidden(folder, entries, (size_t)result);
	}
	if (kept)
		result = space_write(thread->process->space, guest_at(a[1]), entries, kept)
				 ? -EFAULT
				 : (int64_t)kept;
	passage_end(&passage, -1);
	return result;
}

int64_t call_getdents64(struct thread *thread, const uint64_t *a)
{
	static const struct argument is[CALLS_ARGUMENTS] = { FD, OUT_BY_INT(char, 2), N };
	enum proc_folder folder = fds_hidden(a[0]) ? PROC_OTHER : proc_folder((int)a[0]);

	return folder == PROC_OTHER ? passage_ask(thread, SYS_getdents64, is, a)
				    : list(thread, folder, a);
}

/* -------------------------------------------------------------------------
 * Arguments that depend on another.
 */
static struct argument fcntl_argument(int command)
{
	enum { GET_OWNER_UIDS = 17, DUPFD_QUERY = 1027 };

	switch (command) {
	case F_GETLK:
	case F_OFD_GETLK:
		return (struct argument)OUT(struct flock);
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return (struct argument)IN(struct flock);
	case F_GETOWN_EX:
		return (struct argument)OUT(struct f_owner_ex);
	case F_SETOWN_EX:
		return (struct argument)IN(struct f_owner_ex);
	case GET_OWNER_UIDS:
		return (struct argument)OUT(uid_t[2]);
	case F_GET_RW_HINT:
	case F_GET_FILE_RW_HINT:
		return (struct argument)OUT(uint64_t);
	case F_SET_RW_HINT:
	case F_SET_FILE_RW_HINT:
		return (struct argument)IN(uint64_t);
	case DUPFD_QUERY:
		return (struct argument)FD;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_GETFD:
	case F_SETFD:
	case F_GETFL:
	case F_SETFL:
	case F_SETOWN:
	case F_GETOWN:
	case F_SETSIG:
	case F_GETSIG:
	case F_SETLEASE:
	case F_GETLEASE:
	case F_NOTIFY:
	case F_SETPIPE_SZ:
	case F_GETPIPE_SZ:
	case F_ADD_SEALS:
	case F_GET_SEALS:
		return (struct argument)N;
	default:
		return (struct argument){
			.kind = NOTHING
		}; /* nor has it an address, whatever it is */
	}
}

int64_t call_fcntl(struct thread *thread, const uint64_t *a)
{
	const struct argument is[CALLS_ARGUMENTS] = { FD, N, fcntl_argument((int)a[1]) };

	return passage_wait(thread, SYS_fcntl, is, a);
}

/* Into a pipe, or out of it: what its end is for. */
int64_t call_vmsplice(struct thread *thread, const uint64_t *a)
{
	static const struct argument query[CALLS_ARGUMENTS] = { FD, N };
	const uint64_t flags_of[CALLS_ARGUMENTS] = { a[0], F_GETFL };
	struct argument is[CALLS_ARGUMENTS] = { FD, VECTOR_IN, N, N };
	int64_t flags = passage_ask(thread, SYS_fcntl, query, flags_of);

	if (flags < 0)
		return flags;
	if ((flags & O_ACCMODE) == O_RDONLY)
		is[1] = (struct argument)VECTOR_OUT;
	return passage_wait(thread, SYS_vmsplice, is, a);
}

int64_t call_fsconfig(struct thread *thread, const uint64_t *a)
{
	enum { SET_STRING = 1, SET_BINARY, SET_PATH, SET_PATH_EMPTY, SET_FD };
	struct argument is[CALLS_ARGUMENTS] = { FD, N, STR, { .kind = NOTHING }, N };

	switch ((unsigned int)a[1]) {
	case SET_STRING:
		is[3] = (struct argument)STR;
		break;
	case SET_BINARY:
		is[3] = (struct argument)IN_BY_INT(char, 4);
		break;
	case SET_PATH:
	case SET_PATH_EMPTY:
		is[3] = (struct argument)STR;
		is[4] = (struct argument)FD;
		break;
	case SET_FD:
		is[4] = (struct argument)FD;
		break;
	}
	return passage_ask(thread, SYS_fsconfig, is, a);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers of descriptors, their flags, and fcntl(). */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls-own.h"
#include "descriptors.h"
#include "fds.h"
#include "linux-descriptors.h"
#include "linux-files.h"
#include "translate.h"
#include "wait.h"

int64_t call_close(struct thread *thread, const uint64_t *a)
{
	(void)thread;
	return registry_close(&descriptors, (int)a[0]);
}

int64_t call_close_range(struct thread *thread, const uint64_t *a)
{
	unsigned int flags = (unsigned int)a[2];

	/* to have a table of its own is nothing to a process with one thread */
	if (flags & LINUX_CLOSE_RANGE_UNSHARE && thread->process->threads > 1)
		return -EINVAL;
	return fds_close_range((unsigned int)a[0], (unsigned int)a[1],
			       flags & ~(unsigned int)LINUX_CLOSE_RANGE_UNSHARE);
}

int64_t call_dup(struct thread *thread, const uint64_t *a)
{
	(void)thread;
	return registry_dup(&descriptors, (int)a[0], 0, false);
}

int64_t call_dup3(struct thread *thread, const uint64_t *a)
{
	unsigned int flags = (unsigned int)a[2];

	(void)thread;
	if (flags & ~(unsigned int)LINUX_O_CLOEXEC)
		return -EINVAL;
	return registry_dup3(&descriptors, (int)a[0], (int)a[1], flags & LINUX_O_CLOEXEC);
}

/* -------------------------------------------------------------------------
 * Flags of what is open.
 */
TRANSLATE(status_flags,
	{ LINUX_O_WRONLY, O_WRONLY },
	{ LINUX_O_RDWR, O_RDWR },
	{ LINUX_O_APPEND, O_APPEND },
	{ LINUX_O_NONBLOCK, O_NONBLOCK },
	{ LINUX_O_SYNC, O_SYNC },
	{ LINUX_O_DSYNC, O_DSYNC },
	{ LINUX_O_ASYNC, O_ASYNC },
);
TRANSLATE(changing_flags,
	{ LINUX_O_APPEND, O_APPEND },
	{ LINUX_O_NONBLOCK, O_NONBLOCK },
	{ LINUX_O_ASYNC, O_ASYNC },
);

/* Linux tells O_LARGEFILE of what open() has opened: files and directories. */
static int64_t get_flags(const struct registry_held *held)
{
	struct stat file;
	int64_t flags;
	int host;

	if (held->class == &path_class)
		return LINUX_O_PATH;
	if (held->host < 0)
		return LINUX_O_RDWR | (held->flags & REGISTRY_NONBLOCK ? LINUX_O_NONBLOCK : 0);
	host = fcntl(held->host, F_GETFL);
	if (host < 0)
		return -errno;
	flags = (int64_t)translate_flags_to_guest(&status_flags, (unsigned int)host, NULL);
	if (held->class == &directory_class)
		return flags | LINUX_O_LARGEFILE | LINUX_O_DIRECTORY;
	if (!fstat(held->host, &file) && S_ISREG(file.st_mode))
		flags |= LINUX_O_LARGEFILE;
	return flags;
}

static int64_t set_flags(const struct registry_held *held, uint64_t flags)
{
	int host, changing = (int)translate_flags_to_host(&changing_flags, UINT32_MAX, NULL);

	if (held->class == &path_class)
		return -EBADF;
	if (held->host < 0)
		return registry_set_nonblock(&descriptors, held->fd, flags & LINUX_O_NONBLOCK);
	host = fcntl(held->host, F_GETFL);
	if (host < 0)
		return -errno;
	host = (host & ~changing) | (int)translate_flags_to_host(&changing_flags, flags, NULL);
	return fcntl(held->host, F_SETFL, host) ? -errno : 0;
}

/* -------------------------------------------------------------------------
 * Locks: a process of the guest's is one of the host's.
 */
TRANSLATE(lock_types,
	{ LINUX_F_RDLCK, F_RDLCK },
	{ LINUX_F_WRLCK, F_WRLCK },
	{ LINUX_F_UNLCK, F_UNLCK },
);

struct locking {
	int host, command;
	struct flock lock;
};

static int64_t lock_host(void *context)
{
	struct locking *locking = context;

	return fcntl(locking->host, locking->command, &locking->lock) ? -errno : 0;
}

static int read_lock(struct thread *thread, uint64_t at, struct flock *host)
{
	struct linux_record_lock guest;
	int64_t type;

	if (calls_read(thread, &guest, at, sizeof guest))
		return -EFAULT;
	if (!translate_to_host(&lock_types, guest.type, &type) || guest.whence < LINUX_SEEK_SET ||
	    guest.whence > LINUX_SEEK_END)
		return -EINVAL;
	*host = (struct flock){
		.l_type = (short)type,
		.l_whence = guest.whence,
		.l_start = guest.start,
		.l_len = guest.length,
	};
	return 0;
}

static int tell_lock(struct thread *thread, uint64_t at, const struct flock *host)
{
	struct linux_record_lock guest = { 0 };
	int64_t type = LINUX_F_UNLCK;

	translate_to_guest(&lock_types, host->l_type, &type);
	guest.type = (int16_t)type;
	/* what is free is told as it was asked for, with its type alone changed */
	if (type == LINUX_F_UNLCK)
		return calls_write(thread, at, &guest.type, sizeof guest.type);
	guest.whence = host->l_whence;
	guest.start = host->l_start;
	guest.length = host->l_len;
	guest.pid = host->l_pid;
	return calls_write(thread, at, &guest, sizeof guest);
}

static int64_t lock(struct thread *thread, const struct registry_held *held, int command,
		    uint64_t at)
{
	struct locking locking = { .host = held->host, .command = command };
	int64_t result = read_lock(thread, at, &locking.lock);

	if (result)
		return result;
	if (held->host < 0)
		return command == F_GETLK
			       ? tell_lock(thread, at, &(struct flock){ .l_type = F_UNLCK })
			       : 0;
	result = wait_call(thread, lock_host, &locking);
	return result || command != F_GETLK ? result : tell_lock(thread, at, &locking.lock);
}

/* -------------------------------------------------------------------------
 * fcntl()
 */
static bool is_pipe(const struct registry_held *held)
{
	struct stat file;

	return held->host >= 0 && !fstat(held->host, &file) && S_ISFIFO(file.st_mode);
}

/* Those of the host are as large, and stay so. */
static int64_t pipe_size(const struct registry_held *held, bool set, uint64_t size)
{
	if (!is_pipe(held))
		return -EBADF;
	return set && size > LINUX_PIPE_SIZE ? -EPERM : LINUX_PIPE_SIZE;
}

static int64_t owner(const struct registry_held *held, bool set, int pid)
{
	int result;

	if (held->host < 0)
		return 0;
	result = set ? fcntl(held->host, F_SETOWN, pid) : fcntl(held->host, F_GETOWN);
	/* a host that knows owners of sockets and terminals alone has none of others */
	return result < 0 && errno != ENOTTY ? -errno : result < 0 ? 0 : result;
}

static int64_t do_fcntl(struct thread *thread, const struct registry_held *held, int command,
			uint64_t argument)
{
	switch (command) {
	case LINUX_F_GETFL:
		return get_flags(held);
	case LINUX_F_SETFL:
		return set_flags(held, argument);
	case LINUX_F_GETLK:
		return lock(thread, held, F_GETLK, argument);
	case LINUX_F_SETLK:
		return lock(thread, held, F_SETLK, argument);
	case LINUX_F_SETLKW:
		return lock(thread, held, F_SETLKW, argument);
	case LINUX_F_GETPIPE_SZ:
		return pipe_size(held, false, 0);
	case LINUX_F_SETPIPE_SZ:
		return pipe_size(held, true, argument);
	case LINUX_F_GETOWN:
		return owner(held, false, 0);
	case LINUX_F_SETOWN:
		return owner(held, true, (int)argument);
	default:
		/* also locks of what is open: a host may have none */
		calls_miss(thread, "fcntl", (unsigned int)command);
		return -EINVAL;
	}
}

static bool is_for_path(int command)
{
	return command == LINUX_F_GETFL;
}

int64_t call_fcntl(struct thread *thread, const uint64_t *a)
{
	struct registry_held held;
	int fd = (int)a[0], command = (int)a[1];
	int64_t result = descriptor_hold(a[0], &held);

	if (result)
		return result;
	switch (command) {
	case LINUX_F_DUPFD:
	case LINUX_F_DUPFD_CLOEXEC:
		result = registry_dup(&descriptors, fd, a[2] > REGISTRY_SIZE ? -1 : (int)a[2],
				      command == LINUX_F_DUPFD_CLOEXEC);
		break;
	case LINUX_F_GETFD:
		result = held.cloexec ? LINUX_FD_CLOEXEC : 0;
		break;
	case LINUX_F_SETFD:
		result = registry_set_cloexec(&descriptors, fd, a[2] & LINUX_FD_CLOEXEC);
		break;
	default:
		result = held.class == &path_class && !is_for_path(command)
				 ? -EBADF
				 : do_fcntl(thread, &held, command, a[2]);
	}
	descriptor_let_go(&held);
	return result;
}

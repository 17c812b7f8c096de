/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendfile, copy_file_range, splice: bytes from one descriptor to another, by way of the
 * runner. What comes out of a pipe cannot be read again: so it is read when the other side
 * has said that it takes some, and no more than it then takes without waiting.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls-own.h"
#include "descriptors.h"
#include "io.h"
#include "linux-files.h"
#include "wait.h"

enum { AT_ONCE = 1 << 16 };

struct end {
	struct registry_held held;
	struct stat status;
	uint64_t offset_at;	/* of the program's word; 0: the descriptor has it */
	int64_t offset;		/* of a file that is read, or that has such a word */
	short events;		/* that it waits for */
};

struct copying {
	struct end in, out;
	char buffer[AT_ONCE];
	size_t size;	/* of what is in it */
	bool by_pieces;	/* until one of them would wait */
	bool now;	/* nobody waits for the first piece, either */
};

static bool is_file(const struct end *end)
{
	return S_ISREG(end->status.st_mode) || S_ISBLK(end->status.st_mode);
}

static bool is_pipe(const struct end *end)
{
	return S_ISFIFO(end->status.st_mode);
}

/* -------------------------------------------------------------------------
 * One piece.
 */
static int64_t wait_for(void *context)
{
	const struct end *end = context;
	struct pollfd one = { .fd = end->held.host, .events = end->events };

	return poll(&one, 1, -1) < 0 ? -errno : 1;
}

/* 0: it takes or has something. */
static int64_t get_ready(struct thread *thread, const struct copying *copying, struct end *end,
			 bool first)
{
	struct pollfd one = { .fd = end->held.host, .events = end->events };
	const bool waits = first && !copying->now &&
			   !(fcntl(end->held.host, F_GETFL) & O_NONBLOCK);
	int64_t ready;

	if (is_file(end))
		return 0;
	ready = waits ? wait_call(thread, wait_for, end) : poll(&one, 1, 0);
	if (ready < 0)
		return waits ? ready : -errno;
	return ready ? 0 : -EAGAIN;
}

static int64_t read_some(struct copying *copying, size_t size)
{
	struct end *in = &copying->in;
	ssize_t done = is_file(in) ? pread(in->held.host, copying->buffer, size, in->offset)
				   : read(in->held.host, copying->buffer, size);

	return done < 0 ? -errno : done;
}

static int64_t write_some(void *context)
{
	struct copying *copying = context;
	struct end *out = &copying->out;
	ssize_t done = out->offset_at ? pwrite(out->held.host, copying->buffer, copying->size,
					       out->offset)
				      : write(out->held.host, copying->buffer, copying->size);

	return done < 0 ? -errno : done;
}

/* Nobody could read the rest again. */
static int64_t write_rest(struct copying *copying, size_t done)
{
	const size_t all = copying->size;
	ssize_t some = 0;

	while (done < all && (some >= 0 || errno == EAGAIN || errno == EINTR)) {
		wait_for(&copying->out);
		some = write(copying->out.held.host, copying->buffer + done, all - done);
		done += some > 0 ? (size_t)some : 0;
	}
	return (int64_t)done;
}

static int64_t move(struct thread *thread, struct copying *copying, size_t size, bool first)
{
	int64_t done = 0;

	if (copying->by_pieces) {
		done = get_ready(thread, copying, &copying->in, first);
		if (!done)
			done = get_ready(thread, copying, &copying->out, first);
		if (done)
			return done;
		if (!is_file(&copying->out) && size > PIPE_BUF)
			size = PIPE_BUF;
	}
	done = read_some(copying, size < AT_ONCE ? size : AT_ONCE);
	if (done <= 0)
		return done;
	copying->size = (size_t)done;
	done = copying->by_pieces ? write_some(copying)
				  : wait_call(thread, write_some, copying);
	if (done > 0 && !is_file(&copying->in) && !copying->out.offset_at)
		done = write_rest(copying, (size_t)done);
	if (done > 0) {
		copying->in.offset += done;
		copying->out.offset += done;
	}
	return done;
}

/* What has been moved is told, whatever comes then. */
static int64_t move_all(struct thread *thread, struct copying *copying, uint64_t size)
{
	int64_t moved = 0, some = 0;

	if (size > LINUX_RW_MAX)
		size = LINUX_RW_MAX;
	while ((uint64_t)moved < size) {
		some = move(thread, copying, size - (uint64_t)moved, !moved);
		if (some <= 0)
			break;
		moved += some;
	}
	return moved ? moved : io_piped(thread, some);
}

/* -------------------------------------------------------------------------
 * Two ends.
 */
static int64_t begin_end(struct thread *thread, uint64_t offset_at, short events, struct end *end)
{
	const int mode = events == POLLIN ? O_RDONLY : O_WRONLY;
	int flags;

	end->offset_at = offset_at;
	end->events = events;
	if (fstat(end->held.host, &end->status))
		return -errno;
	flags = fcntl(end->held.host, F_GETFL) & O_ACCMODE;
	if (end->held.class == &path_class || (flags != mode && flags != O_RDWR))
		return -EBADF;
	if (offset_at && calls_read(thread, &end->offset, offset_at, sizeof end->offset))
		return -EFAULT;
	if (offset_at && lseek(end->held.host, 0, SEEK_CUR) < 0)
		return -ESPIPE;
	if (offset_at && end->offset < 0)
		return -EINVAL;
	if (!offset_at && is_file(end))
		end->offset = lseek(end->held.host, 0, SEEK_CUR);
	return 0;
}

static int64_t begin(struct thread *thread, struct copying *copying, uint64_t in,
		     uint64_t in_offset, uint64_t out, uint64_t out_offset)
{
	int64_t failed = descriptor_hold_host(in, &copying->in.held);

	if (failed < 0)
		return failed;
	failed = descriptor_hold_host(out, &copying->out.held);
	if (failed < 0) {
		descriptor_let_go(&copying->in.held);
		return failed;
	}
	failed = begin_end(thread, in_offset, POLLIN, &copying->in);
	if (!failed)
		failed = begin_end(thread, out_offset, POLLOUT, &copying->out);
	if (failed) {
		descriptor_let_go(&copying->in.held);
		descriptor_let_go(&copying->out.held);
	}
	return failed;
}

static int64_t end_one(struct thread *thread, const struct end *end)
{
	if (end->offset_at)
		return calls_write(thread, end->offset_at, &end->offset, sizeof end->offset);
	if (is_file(end) && end->events == POLLIN)
		lseek(end->held.host, end->offset, SEEK_SET);
	return 0;
}

static int64_t end(struct thread *thread, struct copying *copying, int64_t result)
{
	if (result > 0) {
		const bool in = !end_one(thread, &copying->in), out = !end_one(thread, &copying->out);

		result = in && out ? result : -EFAULT;
	}
	descriptor_let_go(&copying->in.held);
	descriptor_let_go(&copying->out.held);
	return result;
}

/* -------------------------------------------------------------------------
 * The calls.
 */
int64_t call_sendfile(struct thread *thread, const uint64_t *a)
{
	struct copying *copying = malloc(sizeof *copying);
	int64_t result = -ENOMEM;

	if (copying)
		result = begin(thread, copying, a[1], a[2], a[0], 0);
	if (!result) {
		copying->by_pieces = copying->now = false;
		result = is_file(&copying->in) ? move_all(thread, copying, a[3]) : -EINVAL;
		result = end(thread, copying, result);
	}
	free(copying);
	return result;
}

/* generic_copy_file_checks() in Linux fs/read_write.c */
static int64_t check_files(const struct copying *copying, uint64_t size)
{
	const struct end *in = &copying->in, *out = &copying->out;
	const bool same = in->status.st_dev == out->status.st_dev &&
			  in->status.st_ino == out->status.st_ino;

	if (S_ISDIR(in->status.st_mode) || S_ISDIR(out->status.st_mode))
		return -EISDIR;
	if (!S_ISREG(in->status.st_mode) || !S_ISREG(out->status.st_mode))
		return -EINVAL;
	if (fcntl(out->held.host, F_GETFL) & O_APPEND)
		return -EBADF;
	if ((int64_t)size < 0 || in->offset > INT64_MAX - (int64_t)size ||
	    out->offset > INT64_MAX - (int64_t)size)
		return -EOVERFLOW;
	if (same && in->offset < out->offset + (int64_t)size &&
	    out->offset < in->offset + (int64_t)size)
		return -EINVAL;
	return 0;
}

int64_t call_copy_file_range(struct thread *thread, const uint64_t *a)
{
	struct copying *copying;
	int64_t result = -ENOMEM;

	if ((uint32_t)a[5])
		return -EINVAL;
	copying = malloc(sizeof *copying);
	if (copying)
		result = begin(thread, copying, a[0], a[1], a[2], a[3]);
	if (!result) {
		copying->by_pieces = copying->now = false;
		result = check_files(copying, a[4]);
		if (!result)
			result = move_all(thread, copying, a[4]);
		result = end(thread, copying, result);
	}
	free(copying);
	return result;
}

static int64_t check_pipes(const struct copying *copying)
{
	const struct end *in = &copying->in, *out = &copying->out;

	if (!is_pipe(in) && !is_pipe(out))
		return -EINVAL;
	if ((is_pipe(in) && in->offset_at) || (is_pipe(out) && out->offset_at))
		return -ESPIPE;
	if (is_pipe(in) && is_pipe(out) && in->status.st_ino == out->status.st_ino)
		return -EINVAL;
	if ((in->offset_at && !is_file(in)) || (out->offset_at && !is_file(out)))
		return -EINVAL;
	/* where it is, others say, too: a file at whose end each writes */
	return is_file(out) && fcntl(out->held.host, F_GETFL) & O_APPEND ? -EINVAL : 0;
}

int64_t call_splice(struct thread *thread, const uint64_t *a)
{
	const uint32_t flags = (uint32_t)a[5];
	struct copying *copying;
	int64_t result = -ENOMEM;

	if (!a[4])
		return 0;
	if (flags & ~(uint32_t)(LINUX_SPLICE_F_MOVE | LINUX_SPLICE_F_NONBLOCK |
				LINUX_SPLICE_F_MORE | LINUX_SPLICE_F_GIFT))
		return -EINVAL;
	copying = malloc(sizeof *copying);
	if (copying)
		result = begin(thread, copying, a[0], a[1], a[2], a[3]);
	if (!result) {
		copying->by_pieces = true;
		copying->now = flags & LINUX_SPLICE_F_NONBLOCK;
		result = check_pipes(copying);
		if (!result)
			result = move_all(thread, copying, a[4]);
		result = end(thread, copying, result);
	}
	free(copying);
	return result;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* read(), write() and their relations. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "calls-own.h"
#include "descriptors.h"
#include "folders.h"
#include "io.h"
#include "linux-descriptors.h"
#include "linux-files.h"
#include "poll.h"
#include "wait.h"

enum direction { READ, WRITE };

/* Where there is no offset: at what is next. */
#define NOWHERE INT64_C(-1)

/* Classes of ours read and write so much at once; more is a short count. */
enum { OWN_MAX = 4096 };

/* -------------------------------------------------------------------------
 * The host's descriptors.
 */
struct transfer {
	int host;
	enum direction direction;
	int64_t at;
	int count;
	struct iovec part[IO_HOST_PARTS];
};

static int64_t host_transfer(void *context)
{
	const struct transfer *now = context;
	ssize_t n;

	if (now->at == NOWHERE)
		n = now->direction == READ ? readv(now->host, now->part, now->count)
					   : writev(now->host, now->part, now->count);
	else
		n = now->direction == READ ? preadv(now->host, now->part, now->count, now->at)
					   : pwritev(now->host, now->part, now->count, now->at);
	return n < 0 ? -errno : n;
}

/* Nothing at all is asked for, too: what is wrong with the descriptor is the host's to say. */
static int64_t transfer_host(struct thread *thread, const struct registry_held *held,
			     const struct io_parts *parts, enum direction direction, int64_t at)
{
	struct transfer transfer = { .host = held->host, .direction = direction, .at = at };
	int64_t result = io_host(thread, parts, direction == READ ? GUEST_WRITE : GUEST_READ,
				 transfer.part);

	transfer.count = result > 0 ? (int)result : 1;
	if (result >= 0)
		result = wait_call(thread, host_transfer, &transfer);
	return io_piped(thread, result);
}

/* -------------------------------------------------------------------------
 * Classes of ours.
 */
static size_t write_random(void *context, guest_addr to, const void *from, size_t size)
{
	const char *bytes = from;
	size_t done = 0;

	/* up to where the memory ends */
	while (done < size) {
		size_t n = VM_PAGE - (to.v + done) % VM_PAGE;

		n = n < size - done ? n : size - done;
		if (calls_write(context, to.v + done, bytes + done, n))
			break;
		done += n;
	}
	return done;
}

static int64_t read_random(struct thread *thread, const struct registry_held *held,
			   const struct io_parts *parts)
{
	const struct entropy_memory memory = { write_random, thread };

	return entropy_readv(held, parts->part, parts->count, &memory);
}

static int64_t own_at_once(struct thread *thread, const struct registry_held *held, void *bytes,
			   size_t size, enum direction direction)
{
	const struct descriptor_ops *ops = descriptor_ops(held->class);

	if (direction == READ)
		return ops->read ? ops->read(thread, held->payload, bytes, size) : -EINVAL;
	return ops->write ? ops->write(held->payload, bytes, size) : -EINVAL;
}

/* The flag may have changed since the call began. */
static bool waits(const struct registry_held *held)
{
	return !(held->flags & REGISTRY_NONBLOCK);
}

static int64_t transfer_own(struct thread *thread, const struct registry_held *held,
			    const struct io_parts *parts, enum direction direction)
{
	char bytes[OWN_MAX];
	size_t size = parts->size < sizeof bytes ? parts->size : sizeof bytes;
	uint32_t events = direction == READ ? LINUX_POLLIN : LINUX_POLLOUT;
	int64_t result;

	if (direction == WRITE && io_get(thread, parts, bytes, size) < size)
		return -EFAULT;
	for (;;) {
		result = own_at_once(thread, held, bytes, size, direction);
		if (result != -EAGAIN || !waits(held))
			break;
		result = poll_one(thread, held, events, WAIT_FOREVER);
		if (result)
			break;
	}
	if (direction == READ && result > 0 &&
	    io_put(thread, parts, bytes, (size_t)result) < (size_t)result)
		result = -EFAULT;
	return result;
}

/* -------------------------------------------------------------------------
 * Calls.
 */
static int64_t transfer_held(struct thread *thread, const struct registry_held *held,
			     const struct io_parts *parts, enum direction direction, int64_t at)
{
	if (!(held->flags & (direction == READ ? REGISTRY_READ : REGISTRY_WRITE)))
		return -EBADF;
	if (held->class == &entropy_class && direction == READ)
		return read_random(thread, held, parts);
	if (held->host >= 0)
		return transfer_host(thread, held, parts, direction, at);
	return at == NOWHERE ? transfer_own(thread, held, parts, direction) : -ESPIPE;
}

static int64_t transfer(struct thread *thread, uint64_t fd, const struct io_parts *parts,
			enum direction direction, int64_t at)
{
	struct registry_held held;
	int64_t result = descriptor_hold(fd, &held);

	if (result)
		return result;
	result = transfer_held(thread, &held, parts, direction, at);
	descriptor_let_go(&held);
	return result;
}

static int64_t one(struct thread *thread, const uint64_t *a, enum direction direction, int64_t at)
{
	struct io_parts parts;

	io_one(&parts, a[1], a[2]);
	return transfer(thread, a[0], &parts, direction, at);
}

static int64_t several(struct thread *thread, const uint64_t *a, enum direction direction,
		       int64_t at)
{
	struct io_parts parts;
	struct registry_held held;
	int64_t result = descriptor_hold(a[0], &held);

	if (result)
		return result;
	result = io_vector(thread, &parts, a[1], a[2]);
	if (!result)
		result = transfer_held(thread, &held, &parts, direction, at);
	descriptor_let_go(&held);
	return result;
}

int64_t call_read(struct thread *thread, const uint64_t *a)
{
	return one(thread, a, READ, NOWHERE);
}

int64_t call_write(struct thread *thread, const uint64_t *a)
{
	return one(thread, a, WRITE, NOWHERE);
}

int64_t call_readv(struct thread *thread, const uint64_t *a)
{
	return several(thread, a, READ, NOWHERE);
}

int64_t call_writev(struct thread *thread, const uint64_t *a)
{
	return several(thread, a, WRITE, NOWHERE);
}

int64_t call_pread64(struct thread *thread, const uint64_t *a)
{
	return (int64_t)a[3] < 0 ? -EINVAL : one(thread, a, READ, (int64_t)a[3]);
}

int64_t call_pwrite64(struct thread *thread, const uint64_t *a)
{
	return (int64_t)a[3] < 0 ? -EINVAL : one(thread, a, WRITE, (int64_t)a[3]);
}

/* The offset is in one argument, whatever the next one is: fs/read_write.c, pos_from_hilo(). */
int64_t call_preadv(struct thread *thread, const uint64_t *a)
{
	return (int64_t)a[3] < 0 ? -EINVAL : several(thread, a, READ, (int64_t)a[3]);
}

int64_t call_pwritev(struct thread *thread, const uint64_t *a)
{
	return (int64_t)a[3] < 0 ? -EINVAL : several(thread, a, WRITE, (int64_t)a[3]);
}

/* Flags that ask for what every write can be given, or that may be left out, are there. */
static int64_t with_flags(struct thread *thread, const uint64_t *a, enum direction direction)
{
	int64_t at = (int64_t)a[3], result;
	unsigned int flags = (unsigned int)a[5];
	struct registry_held held;

	if (flags & ~(unsigned int)(LINUX_RWF_HIPRI | LINUX_RWF_DSYNC | LINUX_RWF_SYNC))
		return -EOPNOTSUPP;
	if (at < NOWHERE)
		return -EINVAL;
	result = several(thread, a, direction, at);
	if (direction == WRITE && result > 0 && flags & (LINUX_RWF_DSYNC | LINUX_RWF_SYNC) &&
	    !descriptor_hold_host(a[0], &held)) {
		(void)fsync(held.host);
		descriptor_let_go(&held);
	}
	return result;
}

int64_t call_preadv2(struct thread *thread, const uint64_t *a)
{
	return with_flags(thread, a, READ);
}

int64_t call_pwritev2(struct thread *thread, const uint64_t *a)
{
	return with_flags(thread, a, WRITE);
}

/* -------------------------------------------------------------------------
 * lseek()
 */
static int64_t seek_host(const struct registry_held *held, int64_t offset, unsigned int whence)
{
	static const int whences[] = {
		[LINUX_SEEK_SET] = SEEK_SET, [LINUX_SEEK_CUR] = SEEK_CUR,
		[LINUX_SEEK_END] = SEEK_END, [LINUX_SEEK_DATA] = SEEK_DATA,
		[LINUX_SEEK_HOLE] = SEEK_HOLE,
	};
	off_t at;

	if (whence >= sizeof whences / sizeof whences[0])
		return -EINVAL;
	at = lseek(held->host, offset, whences[whence]);
	return at < 0 ? -errno : at;
}

int64_t call_lseek(struct thread *thread, const uint64_t *a)
{
	struct registry_held held;
	int64_t result = descriptor_hold(a[0], &held);

	(void)thread;
	if (result)
		return result;
	if (held.class == &path_class)
		result = -EBADF;
	else if (held.class == &entropy_class)
		result = 0;	/* drivers/char/random.c: noop_llseek */
	else if (held.class == &directory_class || held.class == &synthetic_class)
		result = folder_seek(&held, (int64_t)a[1], (int)a[2]);
	else
		result = held.host < 0 ? -ESPIPE
				       : seek_host(&held, (int64_t)a[1], (unsigned int)a[2]);
	descriptor_let_go(&held);
	return result;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "io.h"

#include <errno.h>

#include "calls-own.h"
#include "deliver.h"
#include "linux-descriptors.h"
#include "linux-files.h"

void io_one(struct io_parts *parts, uint64_t at, uint64_t size)
{
	parts->size = size < LINUX_RW_MAX ? size : LINUX_RW_MAX;
	parts->count = 1;
	parts->part[0] = (struct entropy_part){ guest_at(at), parts->size };
}

/* lib/iov_iter.c: sizes that are less than 0 are wrong, more than can be done is not done. */
int io_vector(struct thread *thread, struct io_parts *parts, uint64_t at, uint64_t count)
{
	parts->size = 0;
	parts->count = 0;
	if (count > LINUX_IOV_MAX)
		return -EINVAL;
	for (uint64_t i = 0; i < count; i++) {
		struct linux_iovec one;

		if (calls_read(thread, &one, at + i * sizeof one, sizeof one))
			return -EFAULT;
		if ((int64_t)one.length < 0)
			return -EINVAL;
		if (one.length > LINUX_RW_MAX - parts->size)
			one.length = LINUX_RW_MAX - parts->size;
		parts->part[parts->count++] =
			(struct entropy_part){ guest_at(one.base), one.length };
		parts->size += one.length;
	}
	return 0;
}

int io_host(struct thread *thread, const struct io_parts *parts, unsigned int prot,
	    struct iovec *host)
{
	int n = 0;

	for (size_t i = 0; i < parts->count && n < IO_HOST_PARTS; i++) {
		const struct entropy_part *part = &parts->part[i];
		uint64_t found = 0;
		int more;

		if (!part->size)
			continue;
		more = space_parts(thread->process->space, part->at, part->size, prot, host + n,
				   IO_HOST_PARTS - n);
		if (more < 0)
			return n ? n : -EFAULT;
		for (int k = n; k < n + more; k++)
			found += host[k].iov_len;
		n += more;
		if (found < part->size)
			break;	/* the next one would not follow */
	}
	return n;
}

static size_t cross(struct thread *thread, const struct io_parts *parts, char *ours, size_t size,
		    bool to_guest)
{
	size_t done = 0;

	for (size_t i = 0; i < parts->count && done < size; i++) {
		uint64_t n = parts->part[i].size < size - done ? parts->part[i].size : size - done;

		if (to_guest ? calls_write(thread, parts->part[i].at.v, ours + done, n) :
			       calls_read(thread, ours + done, parts->part[i].at.v, n))
			break;
		done += n;
	}
	return done;
}

size_t io_put(struct thread *thread, const struct io_parts *parts, const void *from, size_t size)
{
	return cross(thread, parts, (char *)(uintptr_t)from, size, true);
}

size_t io_get(struct thread *thread, const struct io_parts *parts, void *to, size_t size)
{
	return cross(thread, parts, to, size, false);
}

/* The host's own signal is ignored: deliver_begin(). */
int64_t io_piped(struct thread *thread, int64_t result)
{
	if (result == -EPIPE)
		deliver_to_self(thread, LINUX_SIGPIPE);
	return result;
}

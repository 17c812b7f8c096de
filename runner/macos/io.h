/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading and writing: the guest's parts of memory, and what a descriptor does with them. */
#ifndef MACOS_IO_H
#define MACOS_IO_H

#include <sys/uio.h>

#include "descriptors.h"

/* As the guest's memory has them, up to what can be read or written at once. */
struct io_parts {
	struct entropy_part part[ENTROPY_PARTS];
	size_t count;
	uint64_t size;
};

/* One buffer; or an array of struct linux_iovec at `at`: 0, -EFAULT or -EINVAL. */
void io_one(struct io_parts *parts, uint64_t at, uint64_t size);
int io_vector(struct thread *thread, struct io_parts *parts, uint64_t at, uint64_t count);

/*
 * As the host sees them, up to where they cannot be used as `prot` says, or to what it takes:
 * how many, or -EFAULT if the first byte cannot be.
 */
enum { IO_HOST_PARTS = 1024 };
int io_host(struct thread *thread, const struct io_parts *parts, unsigned int prot,
	    struct iovec *host);

/* To and from the guest's parts, from the first byte on: how many arrived. */
size_t io_put(struct thread *thread, const struct io_parts *parts, const void *from, size_t size);
size_t io_get(struct thread *thread, const struct io_parts *parts, void *to, size_t size);

/* A call of the host's has said EPIPE: the thread gets a signal. The result, as it was. */
int64_t io_piped(struct thread *thread, int64_t result);

#endif

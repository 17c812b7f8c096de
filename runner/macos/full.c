/* SPDX-License-Identifier: BSD-2-Clause */
#include "full.h"

#include <errno.h>
#include <string.h>

const struct registry_class full_class = { .name = "full" };

static int64_t read_full(struct thread *thread, void *payload, void *to, size_t size)
{
	(void)thread, (void)payload;
	memset(to, 0, size);
	return (int64_t)size;
}

static int64_t write_full(void *payload, const void *from, size_t size)
{
	(void)payload, (void)from, (void)size;
	return -ENOSPC;
}

/* There is nothing to be kept of it. */
static char one;

static void *restore_full(FILE *from)
{
	(void)from;
	return &one;
}

const struct descriptor_ops full_ops = {
	.class = &full_class,
	.link = "/dev/full",
	.read = read_full,
	.write = write_full,
	.restore = restore_full,
};

int full_open(unsigned int flags, bool cloexec)
{
	return descriptor_open_own(&full_class, &one, flags, cloexec);
}

bool full_is(const struct registry_held *held)
{
	return held->class == &full_class;
}

void full_stat(struct linux_stat *status)
{
	*status = (struct linux_stat){
		.mode = LINUX_S_IFCHR | 0666,
		.ino = 1,
		.nlink = 1,
		.rdev = LINUX_DEV_FULL,
		.blksize = VM_PAGE,
	};
}

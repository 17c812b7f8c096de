/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's numbers are those of a registry: the runner's own descriptors are none of them,
 * and are out of its way wherever they are.
 */
#include "fds-own.h"

#include <errno.h>
#include <unistd.h>

#include "descriptors.h"
#include "linux-descriptors.h"

/* In the registry's lock. */
static struct rlimit guest = { REGISTRY_SIZE, REGISTRY_SIZE };

int fds_hide(int fd)
{
	int hidden = descriptors_host(fd);

	if (fd < 0 || hidden >= 0)
		return hidden;
	errno = -hidden;
	return -1;
}

void fds_close(int fd)
{
	close(fd);
}

bool fds_hidden(uint64_t fd)
{
	(void)fd;
	return false;
}

/* The host's limit is far above the guest's: descriptors_begin(). */
void fds_begin(void)
{
}

void fds_end(void)
{
}

void fds_again(void)
{
}

void fds_set_limit(void)
{
	registry_set_limit(&descriptors, guest.rlim_cur);
}

/* kernel/sys.c, do_prlimit() */
static int check(const struct rlimit *new)
{
	if (new->rlim_cur > new->rlim_max)
		return EINVAL;
	return new->rlim_max > guest.rlim_max && geteuid() ? EPERM : 0;
}

int fds_limit(const struct rlimit *new, struct rlimit *old)
{
	int error;

	pthread_mutex_lock(&descriptors.lock);
	error = new ? check(new) : 0;
	if (old)
		*old = guest;
	if (new && !error)
		guest = *new;
	pthread_mutex_unlock(&descriptors.lock);
	if (new && !error)
		fds_set_limit();
	errno = error;
	return error ? -1 : 0;
}

void fds_save(FILE *to)
{
	fwrite(&guest, sizeof guest, 1, to);
}

int fds_restore(FILE *from)
{
	if (fread(&guest, sizeof guest, 1, from) != 1)
		return -EIO;
	fds_set_limit();
	return 0;
}

int fds_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	if (first > last || flags & ~(unsigned int)LINUX_CLOSE_RANGE_CLOEXEC)
		return -EINVAL;
	for (unsigned int fd = first; fd <= last && fd < REGISTRY_SIZE; fd++)
		if (flags & LINUX_CLOSE_RANGE_CLOEXEC)
			(void)registry_set_cloexec(&descriptors, (int)fd, true);
		else
			(void)registry_close(&descriptors, (int)fd);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What a struct stat says, by macOS's names; or by Linux's, where that is in its place. */
#include "darwin-files.h"

#ifndef __APPLE__
#include <sys/sysmacros.h>
#define st_atimespec st_atim
#define st_mtimespec st_mtim
#define st_ctimespec st_ctim
#endif

struct timespec darwin_atime(const struct stat *status)
{
	return status->st_atimespec;
}

struct timespec darwin_mtime(const struct stat *status)
{
	return status->st_mtimespec;
}

struct timespec darwin_ctime(const struct stat *status)
{
	return status->st_ctimespec;
}

unsigned int darwin_major(dev_t device)
{
	return (unsigned int)major(device);
}

unsigned int darwin_minor(dev_t device)
{
	return (unsigned int)minor(device);
}

dev_t darwin_device(unsigned int major_number, unsigned int minor_number)
{
	return (dev_t)makedev(major_number, minor_number);
}

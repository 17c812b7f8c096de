/* SPDX-License-Identifier: BSD-2-Clause */
/* Files as the host tells of them, and as Linux would. */
#ifndef MACOS_FILES_H
#define MACOS_FILES_H

#include <stdbool.h>
#include <sys/stat.h>

#include "darwin-files.h"
#include "linux-files.h"

/* For the host's open(); what it has nothing for is left out. O_PATH is none of them. */
int files_open_flags(uint64_t flags);
/* Of the host's fcntl(). */
uint64_t files_opened_flags(int host);

void files_stat(const struct stat *host, struct linux_stat *status);
void files_statx(const struct linux_stat *status, struct linux_statx *extended);
void files_statfs(const struct darwin_volume *volume, struct linux_statfs *status);

/* A device's number in a struct stat; new_encode_dev() in Linux include/linux/kdev_t.h. */
uint64_t files_device(unsigned int major, unsigned int minor);
unsigned int files_major(uint64_t device);
unsigned int files_minor(uint64_t device);

/* utimensat()'s, for the host. -EINVAL. */
int files_time(const struct linux_timespec *time, struct timespec *host);

#endif

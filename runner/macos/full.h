/* SPDX-License-Identifier: BSD-2-Clause */
/* /dev/full, which macOS does not have: zeros to be read, and no room for what is written. */
#ifndef MACOS_FULL_H
#define MACOS_FULL_H

#include "descriptors.h"
#include "linux-files.h"

extern const struct registry_class full_class;
extern const struct descriptor_ops full_ops;

/* A descriptor of the guest's, or -errno. */
int full_open(unsigned int flags, bool cloexec);
bool full_is(const struct registry_held *held);
void full_stat(struct linux_stat *status);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* How a process of the host ended, or was stopped, as Linux tells of it. */
#ifndef MACOS_WAIT_STATUS_H
#define MACOS_WAIT_STATUS_H

#include <sys/resource.h>
#include <sys/types.h>

#include "linux-process.h"

int wait_status_to_linux(int host);
struct linux_rusage wait_usage_to_linux(const struct rusage *host);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Which Linux programs are told that they run on: uname() and /proc say the same. */
#ifndef MACOS_LINUX_RELEASE_H
#define MACOS_LINUX_RELEASE_H

#define LINUX_RELEASE "6.1.0-vdsorun"
#define LINUX_VERSION "#1 SMP"

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Files without a name: made, and unlinked at once. */
#ifndef MACOS_NAMELESS_H
#define MACOS_NAMELESS_H

#include <stdbool.h>
#include <stddef.h>

/* With these bytes, at its beginning: a descriptor of the host's, or -errno. */
int nameless_open(const void *bytes, size_t size, bool read_only);

#endif

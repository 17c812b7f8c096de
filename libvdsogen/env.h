/* SPDX-License-Identifier: BSD-2-Clause */
/* All that the library needs from outside. A compiler may call these by itself, too. */
#ifndef VG_ENV_H
#define VG_ENV_H

#if __STDC_HOSTED__
#include <string.h>
#else
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
#endif

#endif

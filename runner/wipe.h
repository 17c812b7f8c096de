/* SPDX-License-Identifier: BSD-2-Clause */
/* Zeros over what was secret, also where nobody reads them: the compiler leaves these be. */
#ifndef WIPE_H
#define WIPE_H

#include <stddef.h>
#include <string.h>

static inline void wipe(void *at, size_t size)
{
	memset(at, 0, size);
	__asm__ volatile("" : : "r"(at) : "memory");
}

#endif

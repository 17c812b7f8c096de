/* SPDX-License-Identifier: BSD-2-Clause */
/* The page of this process, found without the C library's help. */
#ifndef READERS_PAGE_H
#define READERS_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False: there is none. */
bool page_find(void);

bool page_has(uintptr_t address);

/* A function by its name, by DT_HASH; NULL if there is none. */
void *page_symbol(const char *name);

#endif

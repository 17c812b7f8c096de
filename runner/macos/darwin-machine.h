/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What macOS says of its machine, besides darwin.h: for the texts of synthetic-machine.c. Its twin
 * for tests on Linux is tests/macos/darwin-machine-linux.c.
 */
#ifndef MACOS_DARWIN_MACHINE_H
#define MACOS_DARWIN_MACHINE_H

#include <stdint.h>

/* Is another at each start of the machine: a UUID as text with its NUL, or "". */
enum { DARWIN_BOOT_ID = 37 };
void darwin_boot_id(char id[DARWIN_BOOT_ID]);

/* In hundredths of a second, since it was started: all processors together. */
struct darwin_ticks {
	uint64_t user, nice, system, idle;
};
void darwin_ticks(struct darwin_ticks *ticks);

/* Bytes of memory that the process has at hand. */
uint64_t darwin_resident(void);

#endif

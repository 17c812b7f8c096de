/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux in the place of macOS, for tests: the twin of runner/macos/darwin-machine.c. */
#define _GNU_SOURCE
#include "runner/macos/darwin-machine.h"

#include <stdio.h>
#include <unistd.h>

void darwin_boot_id(char id[DARWIN_BOOT_ID])
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!file || !fgets(id, DARWIN_BOOT_ID, file))
		id[0] = 0;
	if (file)
		fclose(file);
}

void darwin_ticks(struct darwin_ticks *ticks)
{
	FILE *file = fopen("/proc/stat", "re");
	unsigned long long number[4] = { 0 };

	if (file) {
		if (fscanf(file, "cpu %llu %llu %llu %llu", &number[0], &number[1], &number[2],
			   &number[3]) < 0)
			number[0] = 0;
		fclose(file);
	}
	*ticks = (struct darwin_ticks){ number[0], number[1], number[2], number[3] };
}

uint64_t darwin_resident(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long long pages = 0;

	if (file) {
		if (fscanf(file, "%*u %llu", &pages) < 0)
			pages = 0;
		fclose(file);
	}
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

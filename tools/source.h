/* SPDX-License-Identifier: BSD-2-Clause */
/* The bytes of an image: a file's, or those that a process has mapped. */
#ifndef SOURCE_H
#define SOURCE_H

#include "tool.h"

/* Larger files are not vDSOs. */
#define SOURCE_SIZE_MAX (16u << 20)

/* The bytes, and how errors and headings call them. */
struct source {
	char name[300];
	uint8_t *bytes;
	size_t size;
	uint64_t address;	/* where it is mapped; 0: a file */
	uint64_t line_start;	/* the line of /proc/PID/maps that the address is in */
	char line_name[64];	/* and what it is called there */
};

/* Reads a file, or a process's vDSO. Reports what is wrong; bytes are malloc'ed. */
int source_file(const char *path, struct source *source);
int source_process(const char *pid, struct source *source);
int source_self(struct source *source);

/* By the operands of a command: exactly one of file, pid and self. */
int source_get(const char *command, const char *file, const char *pid, bool self,
	       struct source *source);

static inline bool span_inside(uint64_t at, uint64_t size, uint64_t all)
{
	return at <= all && size <= all - at;
}

#endif

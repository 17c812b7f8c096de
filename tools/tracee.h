/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traced processes and threads: what `vdsogen run` does to them by ptrace(2).
 * Nothing is kept between calls but what the kernel keeps.
 */
#ifndef TRACEE_H
#define TRACEE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The image that all of them share. */
struct tracee_image {
	int fd;			/* a memory file of this process */
	size_t size;
	int64_t data;		/* offset of a data page that is behind the image in the file; 0: none */
	uint64_t trap;		/* offset of a system call instruction in it */
	bool elsewhere;		/* never in place of the kernel's vDSO */
};

enum tracee_result {
	TRACEE_INSTALLED,
	TRACEE_REFUSED,		/* *why says it; the process goes on with the kernel's vDSO */
	TRACEE_32BIT,		/* likewise */
	TRACEE_GONE		/* killed meanwhile; its exit status is still to be waited for */
};

enum { TRACEE_WHY_ROOM = 256 };

/* Attaches to a child; its children and threads follow. 0, or errno. */
int tracee_seize(pid_t pid);

/* At the stop of PTRACE_EVENT_EXEC: gives the new program the image. */
enum tracee_result tracee_install(pid_t tid, const struct tracee_image *image,
				  char why[TRACEE_WHY_ROOM]);

/* A system call that has been stopped by tracee_filter(). */
struct tracee_call {
	long number;
	uint64_t argument[2];
};

bool tracee_get_call(pid_t tid, struct tracee_call *call);

/* The call is not made and returns this. */
void tracee_answer(pid_t tid, long result);

/* Writes where the tracee itself may write. */
bool tracee_write(pid_t tid, uint64_t to, const void *bytes, size_t size);

/*
 * In the tracee-to-be: from now on, these system calls, and no others, stop
 * for the tracer, in children, too. 0, or errno.
 */
int tracee_filter(const int *numbers, size_t count);

#endif

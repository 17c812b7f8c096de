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

/* The image: what all of them share. */
struct tracee_image {
	int fd;			/* a memory file of this process */
	size_t size;
	int64_t data;		/* offset of a data page that is behind the image in the file; 0: none */
	char *data_memory;	/* that page, writable here; its last TRACEE_PATH_ROOM are free */
	uint64_t trap;		/* offset of a system call instruction in it */
	bool elsewhere;		/* never in place of the kernel's vDSO */
};

enum tracee_result {
	TRACEE_INSTALLED,
	TRACEE_REFUSED,		/* *why says it; the process goes on with the kernel's vDSO */
	TRACEE_32BIT,		/* likewise */
	TRACEE_GONE		/* killed meanwhile; its exit status is still to be waited for */
};

enum { TRACEE_WHY_ROOM = 256, TRACEE_PATH_ROOM = 64 };

/*
 * Attaches to a child; its children and threads follow. With `exits`, they stop
 * by PTRACE_EVENT_EXIT, too, before they end. 0, or errno.
 */
int tracee_seize(pid_t pid, bool exits);

/* Until this one stops. 0, or errno: ESRCH if it ends, which is still to be waited for. */
int tracee_wait_stop(pid_t tid, int *status);

/*
 * At the stop of PTRACE_EVENT_EXEC: gives the new program the image. The code
 * comes from `file`: image->fd, or a memory file with a copy of the image.
 */
enum tracee_result tracee_install(pid_t tid, const struct tracee_image *image, int file,
				  char why[TRACEE_WHY_ROOM]);

/*
 * At the first stop of a new process, which has a copy of its parent's memory and
 * the image at `at`: maps `file` there instead. The image has a data page.
 */
enum tracee_result tracee_replace(pid_t tid, const struct tracee_image *image, int file,
				  uint64_t at, char why[TRACEE_WHY_ROOM]);

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

/*
 * At a stop: no filter of the tracee's own looks at system calls until the filters
 * are resumed. True without doing anything if it has none but tracee_filter()'s
 * and those of this process; else it takes CAP_SYS_ADMIN, and exits to stop.
 */
bool tracee_suspend_filters(pid_t tid, char why[TRACEE_WHY_ROOM]);
void tracee_resume_filters(pid_t tid);

/* A line of a file in /proc, as a number; -1 if there is none. */
long tracee_proc_number(const char *path, const char *format);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls on behalf of a tracee, at its start: before the first instruction
 * of a new program or of a new process. Its code is left alone: there is a system
 * call instruction in the kernel's vDSO, and then one in the image.
 */
#ifndef TRACEE_INJECT_H
#define TRACEE_INJECT_H

#include "tracee.h"
#include "tracee-registers.h"

struct injection {
	pid_t tid;
	registers saved;
	uint64_t trap;		/* address of a system call instruction */
	uint64_t mask;		/* of signals */
	bool begun;
	bool gone;
	bool stopped;		/* a SIGSTOP has come and is to be sent again */
	char *why;
};

enum inject_from {
	INJECT_EXEC,		/* the stop of PTRACE_EVENT_EXEC */
	INJECT_START		/* the first stop of a new process */
};

/*
 * Holds signals back. False, as from the others: *why says it, or it is gone. In any
 * case, inject_end() follows.
 */
bool inject_begin(struct injection *in, enum inject_from from);
/* All is as it was. */
void inject_end(struct injection *in);

/* Makes a call; false if it could not be made. */
bool inject_call(struct injection *in, long *result, long number,
		 const uint64_t argument[ARGUMENTS]);

#define INJECT(in, result, number, ...) \
	inject_call(in, result, number, (const uint64_t[ARGUMENTS]){ __VA_ARGS__ })

/* What it returned as a system call: -errno from -4095 on. */
static inline bool is_error(long result)
{
	return result < 0 && result >= -4095;
}

/* Says what failed; false. */
bool inject_fail(struct injection *in, const char *what, int error);

#endif

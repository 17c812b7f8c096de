/* SPDX-License-Identifier: BSD-2-Clause */
/* The one loop: runs a program until it ends. */
#ifndef LOOP_H
#define LOOP_H

#include "calls.h"

struct loop_end {
	int status;		/* if it called exit */
	int signal;		/* or what ended it; 0: nothing */
	bool failed;		/* or that it could not go on */
	char text[128];		/* and why */
};

/* `trace`: each system call goes to standard error. */
void loop_run(struct program *program, bool trace, struct loop_end *end);

#endif

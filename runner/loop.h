/* SPDX-License-Identifier: BSD-2-Clause */
/* The one loop: runs a thread until it ends. */
#ifndef LOOP_H
#define LOOP_H

#include "calls.h"

struct loop_end {
	int signal;		/* what ended its process; 0: nothing */
	bool failed;		/* or that it could not go on */
	char text[128];		/* and why */
};

void loop_run(struct thread *thread, struct loop_end *end);

#endif

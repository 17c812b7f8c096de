/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What exec.c asks the host, and how the host has the runner run once more. A folder is a
 * descriptor of the guest's.
 */
#ifndef EXEC_HOST_H
#define EXEC_HOST_H

#include "exec.h"

enum { EXEC_NUMBER = 24 };	/* a number as text, with its NUL */

/* Opens a program's file for the runner, if the guest may run it: a descriptor or -errno. */
int exec_open_file(int folder, const char *name, int flags);
/* The runner's own name for the program that it runs is not what the host says. */
bool exec_is_own(const char *name);
/* Whether that name will lead nowhere when an interpreter looks. */
bool exec_is_lost(int folder, const char *name);

/* The runner's arguments. Words live as long as the exec. */
struct exec_command {
	const char **word;
	size_t words;
	char number[8][EXEC_NUMBER];
	unsigned int numbers;
};

/* Its name and options: 0 or -ENOMEM. */
int exec_begin_command(struct exec_command *command, struct exec *exec,
		       const struct thread *thread);
void exec_put_number(struct exec_command *command, const char *option, int number);
/* The program's, which are the last. */
void exec_put_program(struct exec_command *command, const struct exec *exec);

#endif

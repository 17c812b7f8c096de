/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a process becomes by execve(): a program's file, its arguments and environment. All
 * that can be found wrong is, before the host is asked to run the runner once more with it.
 *
 * Functions return 0 or -errno, as execve() would.
 */
#ifndef EXEC_H
#define EXEC_H

#include "process.h"

struct exec_block;

struct exec {
	int program;		/* descriptor of a program, not a script; -1: none yet */
	const char *name;	/* as it was called: AT_EXECFN */
	const char **arguments;		/* each ends with NULL */
	const char **environment;
	struct exec_block *blocks;	/* all of the above */
};

/* Once, before anything else: the runner's own file. */
void exec_learn_runner(void);

struct exec *exec_create(void);
void exec_free(struct exec *exec);	/* NULL: nothing */

/* The guest's: pointers to strings, ending with 0. */
int exec_read_arguments(struct exec *exec, const struct space *space, guest_addr argv,
			guest_addr envp);
/* Strings that live as long. */
int exec_set_arguments(struct exec *exec, char *const *argv, char *const *envp);

/* Linux's AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH: include/uapi/linux/fcntl.h. */
enum exec_flags { EXEC_NO_LINK = 0x100, EXEC_EMPTY_PATH = 0x1000 };

/*
 * The file, or its interpreter if it is a script: then `arguments` change. `own`: what
 * /proc/self/exe is to the guest, or NULL. The folder may be the host's AT_FDCWD.
 */
int exec_open(struct exec *exec, int folder, const char *name, int flags, const char *own);
/* Of what is open: whether it can be loaded. */
int exec_check(const struct exec *exec, const struct vm *vm);

/* Returns only if it fails. */
int exec_become(struct exec *exec, const struct thread *thread);

/* In what it became: strings that were hidden from the runner's own C library are not any more. */
void exec_show_environment(char **environment);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stack that a Linux program starts with: argc, argv, envp and the auxiliary
 * vector, and above them what they point to. The same on every 64-bit processor.
 */
#ifndef STACK_H
#define STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "guest.h"

enum {
	STACK_STRING_MAX = 32 * 4096,	/* with the NUL: Linux's MAX_ARG_STRLEN */
	STACK_RANDOM = 16,		/* bytes at AT_RANDOM */
};

struct stack_contents {
	const char *const *argv;	/* ends in NULL; none: Linux makes it one of "" */
	const char *const *envp;	/* ends in NULL */
	const char *execfn;		/* as execve() got it */
	const char *platform;		/* "x86_64"; NULL: not told */
	uint8_t random[STACK_RANDOM];

	guest_addr phdr, entry;		/* of the program, even if its interpreter starts */
	guest_addr base;		/* of the interpreter, 0: none */
	guest_addr vdso;		/* 0: none */
	uint64_t phnum, page, flags, hwcap, clktck;
	uint64_t hwcap2, minsigstksz;	/* 0: not told */
	uint32_t uid, euid, gid, egid;
	bool secure;
};

/*
 * Builds it in buffer, whose size bytes are the guest's below top, and says where
 * the stack pointer starts: at argc, a multiple of 16. Below it, nothing is written.
 * Linux gives the program four times the room that these contents may take.
 * 0, or -errno with a text, and nothing written: E2BIG if there is not enough
 * room or a string is too long, EINVAL if there is no such top.
 */
int stack_build(const struct stack_contents *contents, guest_addr top, void *buffer, size_t size,
		guest_addr *sp, struct runner_error *error);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "steps.h"

void *shared_block(size_t size)
{
	void *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(block, MAP_FAILED);
	return block;
}

unsigned int take_steps(const struct steps *steps)
{
	unsigned int count = 0;
	char *next = steps->states;
	int status;
	pid_t child = fork();

	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(1);
		raise(SIGSTOP);
		steps->act(steps->block);
		_exit(0);
	}
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	while (WIFSTOPPED(status)) {
		if (!count || memcmp(next - steps->size, steps->block, steps->size) != 0) {
			ck_assert_uint_lt(count, steps->room);
			memcpy(next, steps->block, steps->size);
			next += steps->size;
			count++;
		}
		if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL)) {
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			return 0;
		}
		ck_assert_int_eq(waitpid(child, &status, 0), child);
	}
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status) ? 0 : count;
}

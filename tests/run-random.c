/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * getrandom of the vDSO that this process was given: no two processes get the same
 * bytes, and none of them asks the kernel but for a new key. Exit status 77: the
 * kernel has no memory for states (MAP_DROPPABLE).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vdsogen-resolve.h"

typedef ssize_t getrandom_fn(void *buf, size_t len, unsigned int flags, void *state, size_t size);

/* Linux include/vdso/getrandom.h: what the query tells of states. */
struct params {
	uint32_t size, prot, flags, reserved[13];
};

enum { BYTES = 32, CALLS = 1000, REFUSED = EDOM };

static getrandom_fn *getrandom_of_page;
static void *state;
static size_t state_size;

static ssize_t draw(unsigned char bytes[BYTES])
{
	return getrandom_of_page(bytes, BYTES, 0, state, state_size);
}

static int fail(const char *what)
{
	printf("%s\n", what);
	return 1;
}

/* What a child of this process draws; `count` is what its call returned. */
static ssize_t draw_in_child(unsigned char bytes[BYTES])
{
	int fd[2], status;
	ssize_t count = -1;
	pid_t pid;

	if (pipe(fd))
		return -1;
	pid = fork();
	if (!pid) {
		count = draw(bytes);
		_exit(write(fd[1], &count, sizeof count) != sizeof count ||
		      write(fd[1], bytes, BYTES) != BYTES);
	}
	if (waitpid(pid, &status, 0) != pid || status ||
	    read(fd[0], &count, sizeof count) != sizeof count || read(fd[0], bytes, BYTES) != BYTES)
		count = -1;
	return count;
}

/* From now on the kernel answers getrandom with an error of its own. */
static int refuse_system_call(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | REFUSED),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof filter / sizeof *filter, filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(void)
{
	unsigned char own[BYTES], child[BYTES];
	struct params params = { 0 };

	getrandom_of_page = (getrandom_fn *)vdsogen_resolve_prefixed(vdsogen_vdso(), "getrandom");
	if (!getrandom_of_page)
		return fail("the vDSO has no getrandom");
	if (getrandom_of_page(NULL, 0, 0, &params, ~(size_t)0))
		return fail("getrandom does not tell what a state is");
	state_size = params.size;
	state = mmap(NULL, state_size, (int)params.prot, (int)params.flags, -1, 0);
	if (state == MAP_FAILED)
		return errno == EINVAL ? 77 : fail("mmap of a state");
	if (draw(own) != BYTES || draw_in_child(child) != BYTES || draw(own) != BYTES)
		return fail("not as many bytes as asked for");
	if (!memcmp(own, child, BYTES))
		return fail("a child got the bytes of its parent");
	if (refuse_system_call())
		return fail("seccomp");
	for (int i = 0; i < CALLS; i++)
		if (draw(own) != BYTES)
			return fail("the kernel was asked");
	if (draw_in_child(child) != -REFUSED)
		return fail("a child did not ask for a key of its own");
	return 0;
}

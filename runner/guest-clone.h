/* SPDX-License-Identifier: BSD-2-Clause */
/* clone() and clone3() as programs make them: include/uapi/linux/sched.h. */
#ifndef GUEST_CLONE_H
#define GUEST_CLONE_H

#include <stdint.h>

enum guest_clone {
	GUEST_CSIGNAL = 0xff,
	GUEST_CLONE_VM = 0x100,
	GUEST_CLONE_FS = 0x200,
	GUEST_CLONE_FILES = 0x400,
	GUEST_CLONE_SIGHAND = 0x800,
	GUEST_CLONE_PIDFD = 0x1000,
	GUEST_CLONE_PTRACE = 0x2000,
	GUEST_CLONE_VFORK = 0x4000,
	GUEST_CLONE_PARENT = 0x8000,
	GUEST_CLONE_THREAD = 0x10000,
	GUEST_CLONE_NEWNS = 0x20000,
	GUEST_CLONE_SYSVSEM = 0x40000,
	GUEST_CLONE_SETTLS = 0x80000,
	GUEST_CLONE_PARENT_SETTID = 0x100000,
	GUEST_CLONE_CHILD_CLEARTID = 0x200000,
	GUEST_CLONE_DETACHED = 0x400000,
	GUEST_CLONE_UNTRACED = 0x800000,
	GUEST_CLONE_CHILD_SETTID = 0x1000000,
	GUEST_CLONE_NEWCGROUP = 0x2000000,
	GUEST_CLONE_NEWUTS = 0x4000000,
	GUEST_CLONE_NEWIPC = 0x8000000,
	GUEST_CLONE_NEWUSER = 0x10000000,
	GUEST_CLONE_NEWPID = 0x20000000,
	GUEST_CLONE_NEWNET = 0x40000000,
};
#define GUEST_CLONE_NEWTIME 0x80ull	/* of clone3(): in GUEST_CSIGNAL */
#define GUEST_CLONE_IO 0x80000000ull
#define GUEST_CLONE_CLEAR_SIGHAND 0x100000000ull

/* clone3()'s, as it was first, and in later versions. */
struct guest_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup;
};
enum { GUEST_CLONE_ARGS_FIRST = 64 };

#endif

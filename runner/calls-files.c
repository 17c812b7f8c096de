/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "calls-own.h"
#include "fds.h"
#include "kernel.h"

int64_t call_ioctl(struct thread *thread, const uint64_t *a)
{
	static const struct {
		unsigned int number;
		struct argument is;
	} known[] = {
		{ TCGETS, OUT(struct kernel_termios) }, { TCSETS, IN(struct kernel_termios) },
		{ TCSETSW, IN(struct kernel_termios) }, { TCSETSF, IN(struct kernel_termios) },
		{ TIOCGWINSZ, OUT(struct winsize) },	{ TIOCSWINSZ, IN(struct winsize) },
		{ TIOCGPGRP, OUT(int) },		{ TIOCSPGRP, IN(int) },
		{ TIOCGSID, OUT(int) },			{ FIONREAD, OUT(int) },
		{ TIOCOUTQ, OUT(int) },			{ FIONBIO, IN(int) },
		{ FIOCLEX, N },				{ FIONCLEX, N },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		struct argument is[CALLS_ARGUMENTS] = { FD, N, known[i].is };

		if (known[i].number == (unsigned int)a[1])
			return passage_wait(thread, SYS_ioctl, is, a);
	}
	if (thread->process->verbose)
		fprintf(stderr, "vdsorun: ioctl %#x is not there\n", (unsigned int)a[1]);
	return fds_hidden(a[0]) ? -EBADF : -ENOTTY;
}

int64_t call_fcntl(struct thread *thread, const uint64_t *a)
{
	struct argument is[CALLS_ARGUMENTS] = { FD, N, N };

	switch ((int)a[1]) {
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		is[2] = (struct argument)OUT(struct flock);
		break;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_GETFD:
	case F_SETFD:
	case F_GETFL:
	case F_SETFL:
	case F_GETPIPE_SZ:
	case F_SETPIPE_SZ:
		break;
	default:
		return -EINVAL;
	}
	return passage_wait(thread, SYS_fcntl, is, a);
}

/* The program, not the runner. */
int64_t call_readlink(struct thread *thread, const uint64_t *a)
{
	static const struct argument is[CALLS_ARGUMENTS] = { STR, OUT_BY(char, 2), N };
	char name[sizeof "/proc/self/exe"];
	size_t length = strlen(thread->process->path);

	if (space_read_string(thread->process->space, name, guest_at(a[0]), sizeof name) ||
	    strcmp(name, "/proc/self/exe") != 0)
		return passage_ask(thread, SYS_readlink, is, a);
	if (length > a[2])
		length = a[2];
	if (space_write(thread->process->space, guest_at(a[1]), thread->process->path, length))
		return -EFAULT;
	return (int64_t)length;
}

int64_t call_readlinkat(struct thread *thread, const uint64_t *a)
{
	static const struct argument is[CALLS_ARGUMENTS] = { FD, STR, OUT_BY(char, 3), N };
	char name[2];

	/* an absolute name needs no folder */
	if (!space_read(thread->process->space, name, guest_at(a[1]), 1) && name[0] == '/')
		return call_readlink(thread, a + 1);
	return passage_ask(thread, SYS_readlinkat, is, a);
}

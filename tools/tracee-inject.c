/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracee-inject.h"

bool inject_fail(struct injection *in, const char *what, int error)
{
	if (error == ESRCH)
		in->gone = true;
	snprintf(in->why, TRACEE_WHY_ROOM, "%s: %s", what, strerror(error));
	return false;
}

int tracee_wait_stop(pid_t tid, int *status)
{
	siginfo_t info;

	while (waitid(P_PID, (id_t)tid, &info, WEXITED | WSTOPPED | WNOWAIT | __WALL))
		if (errno != EINTR)
			return errno;
	if (info.si_code == CLD_TRAPPED && info.si_status >> 8 == PTRACE_EVENT_EXIT)
		return ESRCH;
	if (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED)
		return ESRCH;
	while (waitpid(tid, status, __WALL) < 0)
		if (errno != EINTR)
			return errno;
	return 0;
}

/* To the next entry into or return from a system call. */
static bool step(struct injection *in)
{
	int status, error;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, in->tid, NULL, NULL) < 0)
			return inject_fail(in, "PTRACE_SYSCALL", errno);
		error = tracee_wait_stop(in->tid, &status);
		if (error)
			return inject_fail(in, "waiting for it", error);
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			return true;
		if (WSTOPSIG(status) == SIGSTOP && !(status >> 16))
			in->stopped = true;	/* no mask holds this one back */
	}
}

bool inject_call(struct injection *in, long *result, long number,
		 const uint64_t argument[ARGUMENTS])
{
	registers r = in->saved;
	int error;

	set_call(&r, number, argument);
	set_pc(&r, in->trap);
	error = set_registers(in->tid, &r);
	if (error)
		return inject_fail(in, "PTRACE_SETREGSET", error);
	if (!step(in) || !step(in))
		return false;
	error = get_registers(in->tid, &r);
	if (error)
		return inject_fail(in, "PTRACE_GETREGSET", error);
	*result = get_result(&r);
	return true;
}

/* Leaves execve() first, which would overwrite the result of another call. */
bool inject_begin(struct injection *in, enum inject_from from)
{
	const uint64_t all = UINT64_MAX;
	int error;

	if (ptrace(PTRACE_GETSIGMASK, in->tid, (void *)sizeof in->mask, &in->mask) < 0)
		return inject_fail(in, "PTRACE_GETSIGMASK", errno);
	if (ptrace(PTRACE_SETSIGMASK, in->tid, (void *)sizeof all, &all) < 0)
		return inject_fail(in, "PTRACE_SETSIGMASK", errno);
	in->begun = true;
	if (from == INJECT_EXEC && !step(in))
		return false;
	error = get_registers(in->tid, &in->saved);
	return error ? inject_fail(in, "PTRACE_GETREGSET", error) : true;
}

/* Whether the signal waits to be delivered, to the thread or to its process. */
static bool is_pending(pid_t tid, int number)
{
	char path[64], line[128];
	bool found = false;
	uint64_t set;
	FILE *status;

	snprintf(path, sizeof path, "/proc/%d/status", tid);
	status = fopen(path, "re");
	while (status && !found && fgets(line, sizeof line, status))
		if (sscanf(line, "SigPnd: %" SCNx64, &set) == 1 ||
		    sscanf(line, "ShdPnd: %" SCNx64, &set) == 1)
			found = set >> (number - 1) & 1;
	if (status)
		fclose(status);
	return found;
}

/*
 * A SIGSTOP that was kept is sent again, unless a SIGCONT has come after it: a
 * new SIGSTOP would discard that one, and nobody would send another.
 */
void inject_end(struct injection *in)
{
	if (in->gone || !in->begun)
		return;
	set_registers(in->tid, &in->saved);
	if (in->stopped && !is_pending(in->tid, SIGCONT))
		syscall(SYS_tgkill, in->tid, in->tid, SIGSTOP);
	ptrace(PTRACE_SETSIGMASK, in->tid, (void *)sizeof in->mask, &in->mask);
}

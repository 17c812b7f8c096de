/* SPDX-License-Identifier: BSD-2-Clause */
/* Attaching, and system calls that stop. */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tracee.h"
#include "tracee-registers.h"

/* With `exits`, PTRACE_EVENT_EXIT stops, too. */
static long options_of(bool exits)
{
	return PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC |
	       PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
	       PTRACE_O_TRACESECCOMP | (exits ? PTRACE_O_TRACEEXIT : 0);
}

int tracee_seize(pid_t pid, bool exits)
{
	return ptrace(PTRACE_SEIZE, pid, NULL, (void *)options_of(exits)) < 0 ? errno : 0;
}

bool tracee_get_call(pid_t tid, struct tracee_call *call)
{
	registers r;

	if (get_registers(tid, &r))
		return false;
	*call = (struct tracee_call){ get_number(&r), { get_first(&r), get_second(&r) } };
	return true;
}

void tracee_answer(pid_t tid, long result)
{
	registers r;

	if (get_registers(tid, &r))
		return;
	set_result(tid, &r, result);
	set_registers(tid, &r);
}

bool tracee_write(pid_t tid, uint64_t to, const void *bytes, size_t size)
{
	struct iovec local = { (void *)(uintptr_t)bytes, size };
	struct iovec remote = { (void *)(uintptr_t)to, size };

	return process_vm_writev(tid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

int tracee_filter(const int *numbers, size_t count)
{
	enum { NUMBERS_MAX = 48, FIXED = 5 };
	struct sock_filter code[FIXED + NUMBERS_MAX], *c = code;
	struct sock_fprog program = { .filter = code };

	if (count > NUMBERS_MAX)
		return E2BIG;
	*c++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    offsetof(struct seccomp_data, arch));
	*c++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 0,
					    (uint8_t)(count + 1));
	*c++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++)
		*c++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)numbers[i],
						    (uint8_t)(count - i), 0);
	*c++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	*c++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	program.len = (unsigned short)(c - code);

	/* Who may not do it so must promise to gain no privilege by exec. */
	if (!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 0;
	if (errno != EACCES)
		return errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return errno;
	return 0;
}

long tracee_proc_number(const char *path, const char *format)
{
	char line[256];
	FILE *file = fopen(path, "re");
	long number = -1;

	while (file && number < 0 && fgets(line, sizeof line, file))
		if (sscanf(line, format, &number) != 1)
			number = -1;
	if (file)
		fclose(file);
	return number;
}

/* -1 before Linux 5.9. */
static long count_filters(pid_t tid)
{
	char path[TRACEE_PATH_ROOM];

	snprintf(path, sizeof path, "/proc/%d/status", tid);
	return tracee_proc_number(path, "Seccomp_filters: %ld");
}

bool tracee_suspend_filters(pid_t tid, char why[TRACEE_WHY_ROOM])
{
	long ours = count_filters(getpid());

	if (ours >= 0 && count_filters(tid) == ours + 1)
		return true;
	if (!ptrace(PTRACE_SETOPTIONS, tid, NULL,
		    (void *)(options_of(true) | PTRACE_O_SUSPEND_SECCOMP)))
		return true;
	snprintf(why, TRACEE_WHY_ROOM, "its seccomp filter cannot be suspended: %s",
		 strerror(errno));
	return false;
}

void tracee_resume_filters(pid_t tid)
{
	ptrace(PTRACE_SETOPTIONS, tid, NULL, (void *)options_of(true));
}

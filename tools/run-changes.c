/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls that change who a process is. Fields that one may change are
 * unknown from before it runs until it returns, when they are read again.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "run-identity.h"

static const struct {
	int number;
	uint32_t fields;
} calls[] = {
	{ SYS_setuid, CREDENTIALS },
	{ SYS_setgid, CREDENTIALS },
	{ SYS_setreuid, CREDENTIALS },
	{ SYS_setregid, CREDENTIALS },
	{ SYS_setresuid, CREDENTIALS },
	{ SYS_setresgid, CREDENTIALS },
	{ SYS_setpgid, FIELD(PGID) },
	{ SYS_setsid, FIELD(PGID) | FIELD(SID) },
	{ SYS_setpriority, FIELD(NICE) },
	{ SYS_sched_setattr, FIELD(NICE) },
	{ SYS_sethostname, FIELD(UTSNAME) },
	{ SYS_setdomainname, FIELD(UTSNAME) },
	{ SYS_personality, FIELD(UTSNAME) },
	{ SYS_unshare, FIELD(UTSNAME) | CREDENTIALS },	/* UTS and user namespace */
	{ SYS_setns, FIELD(UTSNAME) | CREDENTIALS },
};

#define CALLS (sizeof calls / sizeof *calls)

_Static_assert(CALLS == RUN_CHANGE_CALLS, "there is room for all");

size_t run_change_calls(int numbers[RUN_CHANGE_CALLS])
{
	for (size_t i = 0; i < CALLS; i++)
		numbers[i] = calls[i].number;
	return CALLS;
}

/* Whom the call may reach: arguments are compared as wide as the kernel takes them. */
static enum scope scope_of(const struct tracee_call *call)
{
	switch (call->number) {
	case SYS_setpgid:
		return (int)call->argument[0] ? ITS_CHILDREN : ONLY_ITSELF;
	case SYS_setpriority:
		return (int)call->argument[0] == PRIO_PROCESS && !(int)call->argument[1] ?
		       ONLY_ITSELF : EVERYONE;
	case SYS_sched_setattr:
		return (int)call->argument[0] ? EVERYONE : ONLY_ITSELF;
	case SYS_sethostname:
	case SYS_setdomainname:
		return EVERYONE;
	}
	return ONLY_ITSELF;
}

static bool reaches(const struct thread *thread, const struct process *process)
{
	return thread->process == process || thread->scope == EVERYONE ||
	       (thread->scope == ITS_CHILDREN && process->parent == thread->process->pid);
}

/* Threads that are in such a call: few, as a rule none. */
static unsigned int running;

uint32_t changing_fields(const struct process *process)
{
	uint32_t fields = 0;

	for (const struct process *p = running ? process_first() : NULL; p; p = p->next)
		for (const struct thread *t = p->threads; t; t = t->next)
			if (t->changing && reaches(t, process))
				fields |= t->changing;
	return fields;
}

static void change_begins(struct thread *thread, uint32_t fields, enum scope scope)
{
	thread->changing = fields;
	thread->scope = scope;
	running++;
	for (struct process *p = process_first(); p; p = p->next)
		if (reaches(thread, p))
			process_hide(p, fields);
}

void change_ends(struct thread *thread)
{
	uint32_t fields = thread->changing;

	if (!fields)
		return;
	thread->changing = 0;
	running--;
	for (struct process *p = process_first(); p; p = p->next)
		if (reaches(thread, p))
			process_publish(p, fields);
}

bool run_change_begins(pid_t tid)
{
	struct thread *thread = thread_find(tid);
	struct tracee_call call;

	if (!thread || !tracee_get_call(tid, &call))
		return false;
	for (size_t i = 0; i < CALLS; i++)
		if (calls[i].number == call.number) {
			change_begins(thread, calls[i].fields, scope_of(&call));
			return true;
		}
	return false;
}

void run_change_ends(pid_t tid)
{
	struct thread *thread = thread_find(tid);

	if (thread)
		change_ends(thread);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The processes of vdsogen run: their start, what happens to them, their end. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

/* What a shell returns for a program that it did not start. */
enum { EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127, EXIT_SIGNAL = 128 };

/* -------------------------------------------------------------------------
 * Signals that come here from other processes go on to the program. Those of
 * the terminal it gets by itself.
 */
static const int forwarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM,
				 SIGWINCH, SIGURG, SIGIO };

enum { FORWARDED = sizeof forwarded / sizeof *forwarded };

static volatile sig_atomic_t signal_pid;	/* the program, or 0 */

static void forward(int number, siginfo_t *info, void *unused)
{
	int error = errno;

	(void)unused;
	if (signal_pid && info->si_code != SI_KERNEL)
		kill(signal_pid, number);
	errno = error;
}

static void forward_signals(const sigset_t *set)
{
	const struct sigaction action = { .sa_sigaction = forward, .sa_mask = *set,
					  .sa_flags = SA_SIGINFO | SA_RESTART };

	for (unsigned int i = 0; i < FORWARDED; i++) {
		struct sigaction old;

		/* ignored, as by nohup, is ignored by the program, too */
		if (!sigaction(forwarded[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(forwarded[i], &action, NULL);
	}
}

void run_hold_signals(sigset_t *mask)
{
	sigset_t set;

	sigemptyset(&set);
	for (unsigned int i = 0; i < FORWARDED; i++)
		sigaddset(&set, forwarded[i]);
	sigprocmask(SIG_BLOCK, &set, mask);
	forward_signals(&set);
}

/* The program has ended: what comes now is for this process. */
static void keep_signals(void)
{
	signal_pid = 0;
	for (unsigned int i = 0; i < FORWARDED; i++) {
		struct sigaction old;

		if (!sigaction(forwarded[i], NULL, &old) && old.sa_handler != SIG_IGN)
			signal(forwarded[i], SIG_DFL);
	}
}

/* -------------------------------------------------------------------------
 * Starting the program.
 */
struct start_error {
	int error;
	bool filter;		/* it was the filter's, not exec's */
};

static _Noreturn void child(const struct run *run, int go, int errors, const sigset_t *mask,
			    const struct sigaction *sigchld)
{
	struct start_error e = { 0, false };
	char byte;

	if (read(go, &byte, 1) != 1)
		_exit(EXIT_FAILURE);
	sigaction(SIGCHLD, sigchld, NULL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	e.error = run_filter_calls(run);
	e.filter = e.error && (run->count || run->identity || run_changed(run));
	if (!e.filter)
		e.error = 0;	/* the kernel's time is nearly the page's */
	if (!e.error) {
		execvp(run->program[0], run->program);
		e.error = errno;
	}
	if (write(errors, &e, sizeof e) < 0)
		_exit(EXIT_FAILURE);
	_exit(EXIT_FAILURE);
}

static void no_ptrace(pid_t pid, int error)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	if (error != EPERM && error != EACCES)
		tool_error("run: ptrace: %s", strerror(error));
	else if (tracee_proc_number(path, "TracerPid: %ld") > 0)
		tool_error("run: ptrace: not permitted: this command is being traced itself, by "
			   "process %ld; run it without strace, a debugger or another vdsogen run",
			   tracee_proc_number(path, "TracerPid: %ld"));
	else if (tracee_proc_number("/proc/sys/kernel/yama/ptrace_scope", "%ld") >= 2)
		tool_error("run: ptrace: not permitted: /proc/sys/kernel/yama/ptrace_scope is %ld; "
			   "set it to 1 (3 stays until the next boot), or, for 2, run as root",
			   tracee_proc_number("/proc/sys/kernel/yama/ptrace_scope", "%ld"));
	else
		tool_error("run: ptrace: not permitted: a container or a security module forbids "
			   "it; allow it, such as by docker run --cap-add SYS_PTRACE");
}

bool run_start_program(struct run *run, const sigset_t *mask, const struct sigaction *sigchld)
{
	int go[2], errors[2], error;

	if (pipe2(go, O_CLOEXEC) || pipe2(errors, O_CLOEXEC))
		return run_broken("pipe");
	run->pid = fork();
	if (run->pid < 0)
		return run_broken("fork");
	if (!run->pid) {
		close(go[1]);	/* so that the read ends if we do */
		child(run, go[0], errors[1], mask, sigchld);
	}
	close(go[0]);
	close(errors[1]);
	run->exec_error = errors[0];
	error = tracee_seize(run->pid, run->identity);
	if (error) {
		no_ptrace(run->pid, error);
		kill(run->pid, SIGKILL);
		return false;
	}
	signal_pid = run->pid;
	error = write(go[1], "", 1) < 0;
	close(go[1]);
	return !error || run_broken("pipe");
}

/* The program has ended without exec. */
static void not_started(struct run *run)
{
	struct start_error e;

	if (read(run->exec_error, &e, sizeof e) != sizeof e)
		return;	/* killed */
	run->failed = EXIT_FAILURE;
	if (e.filter) {
		tool_error("run: seccomp: %s: %s needs a filter that this system does not allow",
			   strerror(e.error), run->identity ? "--identity" :
			   run->count ? "--count" : "another clock");
		return;
	}
	tool_error("run: %s: %s", run->program[0], strerror(e.error));
	run->failed = e.error == ENOENT || e.error == ENOTDIR ? EXIT_NOT_FOUND :
							       EXIT_NOT_EXECUTABLE;
}

/* -------------------------------------------------------------------------
 * What happens to the program, its children and their threads.
 */
static void name_of(pid_t tid, char *name, size_t size)
{
	char path[64];
	ssize_t length;

	snprintf(path, sizeof path, "/proc/%d/exe", tid);
	length = readlink(path, name, size - 1);
	name[length > 0 ? length : 0] = '\0';
}

static void after_exec(struct run *run, pid_t tid)
{
	char why[TRACEE_WHY_ROOM] = "", name[256];
	bool first = tid == run->pid && !run->started;

	if (tid == run->pid)
		run->started = true;
	switch (run->identity ? run_exec(run, tid, why) :
		tracee_install(tid, &run->image, run->image.fd, why)) {
	case TRACEE_INSTALLED:
	case TRACEE_GONE:
		break;
	case TRACEE_REFUSED:
		name_of(tid, name, sizeof name);
		tool_error("run: warning: %s (process %d) keeps the kernel's vDSO: %s", name, tid,
			   why);
		break;
	case TRACEE_32BIT:
		name_of(tid, name, sizeof name);
		if (first) {
			tool_error("run: %s: a 32-bit program; images are for 64-bit programs",
				   run->program[0]);
			run->failed = EXIT_FAILURE;
			kill(tid, SIGKILL);
		} else if (!run->told_32bit) {
			tool_error("run: warning: %s (process %d) is a 32-bit program and keeps "
				   "the kernel's vDSO, as others will", name, tid);
			run->told_32bit = true;
		}
		break;
	}
}

static bool is_stop_signal(int number)
{
	return number == SIGSTOP || number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

/*
 * Set by PTRACE_O_TRACESYSGOOD: no signal, but the end of a system call, an
 * injected one or one that was awaited.
 */
enum { SYSCALL_STOP = 0x80 };

static void stopped(struct run *run, pid_t tid, int status);

/*
 * A child or a thread has been made. It is waited for while its parent stands
 * still, and so has the image of which it has a copy.
 */
static void announced(struct run *run, pid_t parent)
{
	unsigned long tid;
	int status;

	if (!ptrace(PTRACE_GETEVENTMSG, parent, NULL, &tid) && !run_knows((pid_t)tid) &&
	    !tracee_wait_stop((pid_t)tid, &status))
		stopped(run, (pid_t)tid, status);
}

/* What the processes' identity depends on; true: the end of a system call is to stop. */
static bool identity_event(struct run *run, pid_t tid, int event, int number)
{
	run_born(run, tid);
	switch (event) {
	case 0:
		if (number & SYSCALL_STOP)
			run_change_ends(tid);
		break;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		announced(run, tid);
		break;
	case PTRACE_EVENT_EXIT:
		run_ending(tid);
		break;
	case PTRACE_EVENT_SECCOMP:
		return run_change_begins(tid);
	}
	return false;
}

/*
 * Killed meanwhile, it may have left its stop and stand at its end: that one is
 * still to be waited for, as its children are to be told first. Killed again
 * there, or just after this, it goes on untold.
 */
static bool is_at_end(const struct run *run, pid_t tid)
{
	const int at_end = SIGTRAP | PTRACE_EVENT_EXIT << 8;
	siginfo_t info;

	return run->identity && !ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) &&
	       info.si_signo == SIGTRAP && info.si_code == at_end;
}

/* One stop, and how to go on. */
static int handle(struct run *run, pid_t tid, int event, int number)
{
	bool awaited = run->identity && identity_event(run, tid, event, number);

	switch (event) {
	case PTRACE_EVENT_STOP:
		if (is_stop_signal(number))
			return PTRACE_LISTEN;
		break;
	case PTRACE_EVENT_EXEC:
		after_exec(run, tid);
		break;
	case PTRACE_EVENT_SECCOMP:
		if (awaited)
			return PTRACE_SYSCALL;
		run_call(run, tid);
		break;
	}
	return PTRACE_CONT;
}

/* An error means that it was killed: that will be waited for. */
static void stopped(struct run *run, pid_t tid, int status)
{
	int event = status >> 16, number = WSTOPSIG(status);
	bool is_signal = !event && !(number & SYSCALL_STOP);
	int request = handle(run, tid, event, number);

	if (event == PTRACE_EVENT_EXIT || !is_at_end(run, tid))
		ptrace(request, tid, NULL, (void *)(long)(is_signal ? number : 0));
}

static void ended(struct run *run, int status)
{
	keep_signals();
	run->status = status;
	if (!run->started)
		not_started(run);
}

/* Until the last one has ended. */
void run_tend(struct run *run)
{
	int status;
	pid_t tid;

	for (;;) {
		tid = waitpid(-1, &status, __WALL);
		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			return;
		if (WIFSTOPPED(status)) {
			stopped(run, tid, status);
			continue;
		}
		if (run->identity)
			run_ended(tid);
		if (tid == run->pid)
			ended(run, status);
	}
}

/* As the program ended, so does this one. */
int run_exit_like(const struct run *run)
{
	const struct rlimit no_core = { 0, 0 };
	sigset_t set;
	int number;

	if (run->failed)
		return run->failed;
	if (WIFEXITED(run->status))
		return WEXITSTATUS(run->status);
	number = WTERMSIG(run->status);
	setrlimit(RLIMIT_CORE, &no_core);	/* there is one of the program */
	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
	return EXIT_SIGNAL + number;
}

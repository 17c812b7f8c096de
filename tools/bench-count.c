/* SPDX-License-Identifier: BSD-2-Clause */
/* vdsogen bench --count: the instructions that a call executes, by single steps of a child. */
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static bool read_pc(pid_t pid, uintptr_t *pc)
{
	struct user_regs_struct regs;
	struct iovec to = { &regs, sizeof regs };

	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &to))
		return false;
#if defined __x86_64__
	*pc = regs.rip;
#elif defined __aarch64__
	*pc = regs.pc;
#else
#error "no program counter known for this architecture: add it here"
#endif
	return true;
}

static void call_often(const struct bench_subject *s, enum bench_variant variant)
{
	const long *a = s->argument[variant];

	for (unsigned int i = 0; i < s->period; i++)
		s->call[variant](a[0], a[1], a[2], a[3], a[4]);
}

/* Before it is counted, a state of getrandom that did not survive the fork has its key again. */
static pid_t start_child(const struct bench_subject *s, enum bench_variant variant)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(errno);
	call_often(s, variant);
	raise(SIGSTOP);
	call_often(s, variant);
	_exit(0);
}

/* The next stop: false if the child has ended, errno then says why it could not be traced. */
static bool stopped(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	if (WIFSTOPPED(status))
		return true;
	errno = WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : ECHILD;
	return false;
}

/* Counts where the program counter is in the span, until it has left so often; 0: it could not. */
static unsigned int count_in(pid_t pid, const struct bench_span *span, unsigned int often)
{
	enum { STEPS_MAX = 100000 };	/* from the stop to the last call; the calls */
	unsigned int count = 0;
	bool inside = false;
	uintptr_t pc;

	for (unsigned int i = 0; i < STEPS_MAX; i++) {
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) || !stopped(pid) || !read_pc(pid, &pc))
			return 0;
		if (inside && (pc < span->from || pc >= span->to) && !--often)
			return count;
		inside = pc >= span->from && pc < span->to;
		count += inside;
	}
	errno = 0;
	return 0;
}

static unsigned int count_once(const struct bench_subject *s, enum bench_variant variant,
			       const struct bench_span *span)
{
	pid_t pid = start_child(s, variant);
	unsigned int count = pid > 0 && stopped(pid) ? count_in(pid, span, s->period) : 0;
	int error = errno;

	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	if (!count)
		tool_error("bench: --count: %s cannot be stepped through: %s",
			   bench_subject_name(s), !error ? "it does not come to an end" :
			   error == EPERM ? "ptrace is not permitted here" : strerror(error));
	return count;
}

/*
 * The least that is seen several times: a tick, or the end of a second since the
 * anchor, makes a call longer, and the kernel's random numbers are of a new
 * generation now and then. 0: it could not.
 */
static double count_calls(struct bench *b, const struct bench_subject *s,
			  enum bench_variant variant, const struct bench_span *span)
{
	enum { TRIES = 40, OFTEN = 3 };
	unsigned int least = UINT_MAX, seen = 0;

	for (unsigned int i = 0; i < TRIES && seen < OFTEN && least; i++) {
		unsigned int count;

		bench_publish(b);
		count = count_once(s, variant, span);
		seen = count < least ? 1 : seen + (count == least);
		least = count < least ? count : least;
	}
	return (double)least / s->period;
}

/* A mean of several calls may have a fraction. */
static void print(const struct bench_subject *s, double page, double kernel, bool json, bool first)
{
	char of_kernel[16];

	snprintf(of_kernel, sizeof of_kernel, kernel > 0 ? "%.5g" : json ? "null" : "-", kernel);
	if (json)
		printf("%s\n\t{ \"call\": \"%s\", \"page\": %.5g, \"kernel\": %s }", first ? "" : ",",
		       bench_subject_name(s), page, of_kernel);
	else
		printf("%-30s %7.5g %7s\n", bench_subject_name(s), page, of_kernel);
}

int bench_count(struct bench *b, uint32_t functions, bool json)
{
	struct bench_span page = { (uintptr_t)b->code, (uintptr_t)b->code + b->image.size };
	bool first = true;

	if (json)
		printf("{ \"instructions\": [");
	else
		printf("%-30s %7s %7s\n", "instructions executed", "page", "kernel");
	for (unsigned int i = 0; i < b->subjects; i++) {
		const struct bench_subject *s = &b->subject[i];
		bench_fn *kernel = s->call[BENCH_KERNEL];
		double of_page, of_kernel = 0;

		if (!(functions >> s->function & 1) || !s->period)
			continue;
		of_page = count_calls(b, s, BENCH_PAGE, &page);
		if (of_page > 0 && kernel)
			of_kernel = count_calls(b, s, BENCH_KERNEL, &b->kernel_code);
		if (of_page <= 0 || (kernel && of_kernel <= 0))
			return EXIT_FAILURE;
		print(s, of_page, of_kernel, json, first);
		first = false;
	}
	if (json)
		printf("\n] }\n");
	return EXIT_SUCCESS;
}
